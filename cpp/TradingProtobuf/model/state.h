#pragma once

#include <cstdint>

namespace tpb {

// The states and kinds of delivery of trading_protobuf.h; abi/ asserts that the values agree.
enum class State : std::int32_t {
  kDisconnected = 0,
  kConnected = 1,
  kConnecting = 2,
  kWaiting = 3,
  kHalted = 4,
  kClosing = 5,
};

enum class Delivery : std::int32_t { kUnknown = 0, kAcknowledged = 1, kUnacknowledged = 2 };

constexpr const char* Name(State state) {
  switch (state) {
    case State::kDisconnected:
      return "disconnected";
    case State::kConnected:
      return "connected";
    case State::kConnecting:
      return "connecting";
    case State::kWaiting:
      return "waiting";
    case State::kHalted:
      return "halted";
    case State::kClosing:
      return "closing";
  }
  return "unknown";
}

}  // namespace tpb
