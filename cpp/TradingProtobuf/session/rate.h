#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "platform/clock.h"

namespace tpb {

// How many a second, over the last ten whole seconds.
class Rate {
 public:
  explicit Rate(TimePoint start) : start_(start) {}

  void Add(std::int64_t count, TimePoint now) { counts_[Advance(now) % kSlots] += count; }

  double PerSecond(TimePoint now) {
    const std::int64_t second = Advance(now);
    std::int64_t sum = 0;
    for (std::int64_t back = 1; back < kSlots && back <= second; ++back) {
      sum += counts_[(second - back) % kSlots];
    }
    return second == 0
               ? 0.0
               : static_cast<double>(sum) / static_cast<double>(std::min(second, kSlots - 1));
  }

 private:
  static constexpr std::int64_t kSlots = 11;  // ten whole seconds and the one that runs

  // Empties the slots of the seconds since the last call; returns the current second.
  std::int64_t Advance(TimePoint now) {
    const std::int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(now - start_).count();
    for (std::int64_t s = std::max(current_ + 1, second - kSlots + 1); s <= second; ++s) {
      counts_[s % kSlots] = 0;
    }
    current_ = std::max(current_, second);
    return current_;
  }

  const TimePoint start_;
  std::int64_t current_ = 0;
  std::array<std::int64_t, kSlots> counts_{};
};

}  // namespace tpb
