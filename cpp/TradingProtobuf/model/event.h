#pragma once

#include <cstdint>
#include <string>

#include "model/error.h"

namespace tpb {

// The kinds and severities of trading_protobuf.h, which tells `value` of each; abi/ asserts that
// the numbers agree.
enum class EventKind : std::int32_t {
  kConnected = 1,
  kLost = 2,
  kBuffering = 3,
  kFailingOver = 4,
  kRestored = 5,
  kReturning = 6,
  kHalted = 7,
  kRecovered = 8,
  kRefusing = 9,
  kAccepting = 10,
  kDropped = 11,
  kDamaged = 12,
  kChecksum = 13,
  kForked = 14,
  kGatewayLost = 15,
  kDisk = 16,
  kQuality = 17,
  kNotice = 18,
  kMarketLive = 19,
  kMarketLost = 20,
  kMarketRefused = 21,
  kMarketOverflow = 22,
  kPairs = 23,
};

enum class Severity : std::int32_t { kInfo = 1, kWarning = 2, kError = 3 };

// Something that a person or an EA should know of.
struct EventInfo {
  std::int64_t number = 0;   // 1, 2, ... a session
  std::int64_t time_ms = 0;  // Unix
  std::int64_t value = 0;
  EventKind kind = EventKind::kNotice;
  Severity severity = Severity::kInfo;
  Code code = Code::kOk;
  std::int32_t endpoint = 0;  // index of the one it concerns
  std::string text;           // the same in a sentence

  friend bool operator==(const EventInfo&, const EventInfo&) = default;
};

// As an event log writes them.
constexpr const char* Name(EventKind kind) {
  switch (kind) {
    case EventKind::kConnected:
      return "connected";
    case EventKind::kLost:
      return "lost";
    case EventKind::kBuffering:
      return "buffering";
    case EventKind::kFailingOver:
      return "failing_over";
    case EventKind::kRestored:
      return "restored";
    case EventKind::kReturning:
      return "returning";
    case EventKind::kHalted:
      return "halted";
    case EventKind::kRecovered:
      return "recovered";
    case EventKind::kRefusing:
      return "refusing";
    case EventKind::kAccepting:
      return "accepting";
    case EventKind::kDropped:
      return "dropped";
    case EventKind::kDamaged:
      return "damaged";
    case EventKind::kChecksum:
      return "checksum";
    case EventKind::kForked:
      return "forked";
    case EventKind::kGatewayLost:
      return "gateway_lost";
    case EventKind::kDisk:
      return "disk";
    case EventKind::kQuality:
      return "quality";
    case EventKind::kNotice:
      return "notice";
    case EventKind::kMarketLive:
      return "market_live";
    case EventKind::kMarketLost:
      return "market_lost";
    case EventKind::kMarketRefused:
      return "market_refused";
    case EventKind::kMarketOverflow:
      return "market_overflow";
    case EventKind::kPairs:
      return "pairs";
  }
  return "unknown";
}

constexpr const char* Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "unknown";
}

}  // namespace tpb
