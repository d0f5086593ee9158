#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tpb {

inline constexpr std::size_t kMaxSymbolBytes = 64;

// 1 to 64 bytes, no comma, no control characters; that it is UTF-8 is checked elsewhere.
inline bool IsSymbolName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxSymbolBytes && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != ',';
  });
}

}  // namespace tpb
