#pragma once

#include <cstdint>
#include <string>

#include "model/error.h"
#include "model/market_data.h"
#include "model/state.h"

namespace tpb {

// The market data of a session at one moment; trading_protobuf.h (TpbMarketStatusInfo) tells each.
struct MarketStatus {
  std::int64_t state_since_ms = 0;
  std::int64_t messages_received = 0;
  std::int64_t messages_unread = 0;
  std::int64_t messages_overflowed = 0;
  std::int64_t ticks_left_out = 0;
  std::int64_t frames_ignored = 0;
  std::int64_t bytes_received = 0;
  std::int64_t reconnects = 0;
  State state = State::kDisconnected;
  std::int32_t endpoint = 0;
  Code problem = Code::kOk;
  std::int32_t subscriptions = 0;
  std::int32_t refused = 0;
  Tier tier = Tier::kUnknown;

  std::string problem_text;
};

// Calls visit(name, value) for every field above, in their order, strings and enums included.
template <class S, class Visitor>
void ForEachMarketField(S& status, Visitor&& visit) {
  visit("state_since_ms", status.state_since_ms);
  visit("messages_received", status.messages_received);
  visit("messages_unread", status.messages_unread);
  visit("messages_overflowed", status.messages_overflowed);
  visit("ticks_left_out", status.ticks_left_out);
  visit("frames_ignored", status.frames_ignored);
  visit("bytes_received", status.bytes_received);
  visit("reconnects", status.reconnects);
  visit("state", status.state);
  visit("endpoint", status.endpoint);
  visit("problem", status.problem);
  visit("subscriptions", status.subscriptions);
  visit("refused", status.refused);
  visit("tier", status.tier);
  visit("problem_text", status.problem_text);
}

}  // namespace tpb
