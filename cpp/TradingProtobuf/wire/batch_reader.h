#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace tpb::wire {

// What of a tick is read back. The symbol is valid during the visit.
struct ReadTick {
  std::string_view symbol;
  std::int64_t sequence_number = 0;
  std::int64_t time_msc = 0;
  double bid = 0;
};

// Reads what BatchWriter wrote, a frame or a piece of one (its ticks alone), and visits each tick
// in its order. False, with no tick visited, when the bytes are none. Throws std::bad_alloc, and
// what the visitor throws.
bool ReadTicks(std::span<const std::byte> piece, const std::function<void(const ReadTick&)>& visit);

}  // namespace tpb::wire
