#include "wire/control_reader.h"

#include <new>

#include "tpb/stream_control.pb.h"
#include "wire/control_model.h"
#include "wire/mute_protobuf.h"

namespace tpb::wire {

std::optional<Control> ReadControl(std::span<const std::byte> frame) noexcept {
  if (frame.size() > kMaxControlBytes) return std::nullopt;
  try {
    MuteProtobuf();
    v1::StreamControl control;
    if (!control.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) return std::nullopt;
    return ToControl(control);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace tpb::wire
