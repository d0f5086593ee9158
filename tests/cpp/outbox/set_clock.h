#pragma once

#include <cstdint>

#include "platform/clock.h"

namespace tpb {

// A clock that stands until it is set.
class SetClock final : public Clock {
 public:
  TimePoint Now() const override { return now; }
  std::int64_t UnixMs() const override { return unix_ms; }

  TimePoint now{milliseconds(5'000)};
  std::int64_t unix_ms = 1'700'000'000'000;
};

}  // namespace tpb
