#pragma once

#include <cstdint>
#include <random>

#include "platform/clock.h"

namespace tpb {

// Waits between connection tries: they double from try to try, up to a limit, and are drawn from
// their upper half, so that clients cut off together do not come back together.
class Backoff {
 public:
  Backoff(milliseconds min, milliseconds max, std::uint32_t seed)
      : min_(min), max_(max), random_(seed) {}

  milliseconds Next();
  milliseconds Longest() const { return max_; }
  void Reset() { tries_ = 0; }

 private:
  const milliseconds min_;
  const milliseconds max_;
  int tries_ = 0;
  std::minstd_rand random_;
};

}  // namespace tpb
