#include "platform/clock.h"

namespace tpb {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }

  std::int64_t UnixMs() const override {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

constinit const SystemClock system_clock;

}  // namespace

const Clock& Clock::System() { return system_clock; }

}  // namespace tpb
