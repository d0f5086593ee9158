#pragma once

#include <chrono>
#include <cstdint>

namespace tpb {

// For intervals: never set back.
using TimePoint = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// Both clocks of a session, behind a seam so that tests own the time.
class Clock {
 public:
  virtual TimePoint Now() const = 0;
  virtual std::int64_t UnixMs() const = 0;

  static const Clock& System();

 protected:
  ~Clock() = default;
};

}  // namespace tpb
