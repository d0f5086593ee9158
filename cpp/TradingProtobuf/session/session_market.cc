// What a session is to its market data, and what it tells of it.

#include <utility>

#include "session/session.h"

namespace tpb {

// A session without ticks is as its market data is.
void Session::FollowMarket(Status& status) const {
  const MarketStatus market = market_.GetStatus();
  status.state = market.state;
  status.state_since_ms = market.state_since_ms;
  status.reconnects = market.reconnects;
  status.endpoint = market.endpoint;
  status.problem = market.problem;
  status.problem_text = market.problem_text;
}

std::string Session::StatusJson() const { return ToJson(GetStatus(), market_.GetStatus()); }

std::vector<std::string> Session::GetPairs() const {
  const std::lock_guard lock(mutex_);
  return pairs_;
}

std::string Session::TokenText() const {
  const std::lock_guard lock(mutex_);
  return token_.text;
}

std::string Session::SessionId() const {
  const std::lock_guard lock(mutex_);
  return status_.session_id;
}

void Session::Tell(EventInfo event) {
  {
    const std::lock_guard lock(mutex_);
    AddEvent(std::move(event));
  }
  if (options_.event_log.empty()) return;
  if (options_.stream_ticks) {
    socket_.Wake();
  } else {
    LogEvents();  // there is no thread of ours that would
  }
}

// The gateway says it on both connections, and after each upgrade.
void Session::Choose(const Pairs& pairs, std::int32_t endpoint) {
  {
    const std::lock_guard lock(mutex_);
    if (pairs_ == pairs.symbols) return;
    pairs_ = pairs.symbols;
  }
  const auto count = static_cast<std::int64_t>(pairs.symbols.size());
  Tell({.value = count,
        .kind = EventKind::kPairs,
        .endpoint = endpoint,
        .text = "The gateway has chosen " + std::to_string(count) + " symbols (TpbPairs)."});
}

}  // namespace tpb
