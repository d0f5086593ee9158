#include "session/route.h"

#include <algorithm>

namespace tpb {
namespace {

constexpr milliseconds kLongestReturnWait{600'000};
constexpr milliseconds kShortestProbe{25};
constexpr milliseconds kLongestProbe{5000};

}  // namespace

bool Route::Failed(TimePoint now) {
  streams_ = false;
  probe_at_ = TimePoint::max();
  if (endpoints_ == 1) return false;
  if (endpoint_ == 0 && returned_at_) {
    const bool soon = now - *returned_at_ < return_wait_;
    return_wait_ = soon ? std::min(return_wait_ * 2, kLongestReturnWait) : return_after_;
    returned_at_.reset();
  }
  endpoint_ = 1 - endpoint_;
  ++changes_;
  ++failed_;
  return failed_ < endpoints_;
}

void Route::Streams(TimePoint now) {
  streams_ = true;
  reachable_since_.reset();
  probe_at_ = endpoint_ == 0 ? TimePoint::max() : now + ProbeInterval();
}

bool Route::Probed(bool reachable, TimePoint now) {
  if (!streams_ || endpoint_ == 0) return false;
  probe_at_ = now + ProbeInterval();
  if (!reachable) {
    reachable_since_.reset();
    return false;
  }
  if (!reachable_since_) reachable_since_ = now;
  return now - *reachable_since_ >= return_wait_;
}

void Route::Return(TimePoint now) {
  endpoint_ = 0;
  ++changes_;
  failed_ = 0;
  streams_ = false;
  probe_at_ = TimePoint::max();
  returned_at_ = now;
}

milliseconds Route::ProbeInterval() const {
  return std::clamp(return_wait_ / 4, kShortestProbe, kLongestProbe);
}

}  // namespace tpb
