// The scalar types of MQL5 that C++ names otherwise.
#pragma once

#include <cstdint>

namespace mql5 {

using char_t = std::int8_t;
using uchar = std::uint8_t;
using ushort = std::uint16_t;
using uint = std::uint32_t;
using long_t = std::int64_t;
using ulong = std::uint64_t;
using datetime = std::int64_t;  // seconds
using color = std::uint32_t;    // 0xBBGGRR

}  // namespace mql5
