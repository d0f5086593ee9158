#include "wire/mute_protobuf.h"

#include <absl/base/log_severity.h>
#include <absl/log/globals.h>

namespace tpb::wire {

void MuteProtobuf() {
  [[maybe_unused]] static const bool muted = [] {
    absl::SetMinLogLevel(absl::LogSeverityAtLeast::kInfinity);
    return true;
  }();
}

}  // namespace tpb::wire
