#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "model/control.h"

namespace tpb::wire {

// One frame from the gateway is at most so long.
inline constexpr std::size_t kMaxControlBytes = std::size_t{1} << 20;
// Longer texts of a Notice are cut, at the end of a character.
inline constexpr std::size_t kMaxNoticeCodeBytes = 64;
inline constexpr std::size_t kMaxNoticeTextBytes = 1024;
// A ConfigChanged with more or longer sections is refused: a list cut short would hide a change.
inline constexpr std::size_t kMaxSections = 256;
inline constexpr std::size_t kMaxSectionBytes = 64;
// Of a PairSelection the first so many are read, and names that no symbol can have are left out.
inline constexpr std::size_t kMaxPairs = 1024;

// Reads one StreamControl frame; nothing when the bytes are none, or are beyond the limits above.
std::optional<Control> ReadControl(std::span<const std::byte> frame) noexcept;

}  // namespace tpb::wire
