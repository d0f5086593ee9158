#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tpb::transport {

// Writes messages as WebSocket frames of a client (RFC 6455, 5.2): one unfragmented, masked binary
// frame each. Beast's own writing costs a turn of the event loop a message, which is 4 times as
// much on Linux and far more under Wine; its control frames are whole when they are written, so the
// two may take turns.
class FrameWriter {
 public:
  // Appends one frame. All or nothing, where memory is short.
  void Append(std::span<const std::byte> payload, std::vector<std::byte>& out);

 private:
  using Mask = std::array<std::byte, 4>;

  Mask NextMask();

  // Masks must be unpredictable (5.3); drawn in bulk, because each draw has its price.
  std::array<Mask, 256> masks_{};
  std::size_t next_mask_ = masks_.size();
};

}  // namespace tpb::transport
