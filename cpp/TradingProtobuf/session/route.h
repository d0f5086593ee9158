#pragma once

#include <cstdint>
#include <optional>

#include "platform/clock.h"

namespace tpb {

// Which endpoint a session uses: 0, the primary, or 1, the backup, while the primary fails; and
// when the primary has been well for long enough to return to it. Pure.
class Route {
 public:
  Route(int endpoints, milliseconds return_after)
      : endpoints_(endpoints), return_after_(return_after), return_wait_(return_after) {}

  int endpoint() const { return endpoint_; }
  int endpoints() const { return endpoints_; }
  std::int64_t changes() const { return changes_; }

  // The endpoint in use failed; endpoint() is now the other one, where there is one. True when it
  // is worth a try at once: not all of them have failed in turn.
  bool Failed(TimePoint now);
  // The endpoint in use streams ...
  void Streams(TimePoint now);
  // ... and has shown that it is well.
  void Works() { failed_ = 0; }

  // The way back to the primary, while the backup streams.
  TimePoint probe_at() const { return probe_at_; }
  void BeginProbe() { probe_at_ = TimePoint::max(); }
  // True when it is time to return.
  bool Probed(bool reachable, TimePoint now);
  void Return(TimePoint now);

 private:
  milliseconds ProbeInterval() const;

  const int endpoints_;
  const milliseconds return_after_;
  int endpoint_ = 0;
  int failed_ = 0;  // in turn
  std::int64_t changes_ = 0;
  bool streams_ = false;
  TimePoint probe_at_ = TimePoint::max();
  std::optional<TimePoint> reachable_since_;
  std::optional<TimePoint> returned_at_;
  milliseconds return_wait_;  // doubles when the primary fails soon after a return
};

}  // namespace tpb
