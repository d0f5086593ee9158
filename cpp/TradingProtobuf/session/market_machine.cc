#include "session/market_machine.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tpb {
namespace {

// A connection that lasted so long has shown that the gateway is well.
constexpr milliseconds kSettled{5000};
// Nothing is lost with a connection for market data: its farewell is not worth a longer wait.
constexpr milliseconds kFarewell{250};

// Close codes: RFC 6455 section 7.4.1, and ours from 4000 on.
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kOurPolicy = 4008;
constexpr std::uint16_t kVersion = 4010;

}  // namespace

MarketMachine::MarketMachine(const Machine::Limits& limits)
    : heartbeat_(limits.heartbeat),
      route_(limits.endpoints, limits.return_after),
      backoff_(limits.backoff_min, limits.backoff_max, limits.seed) {}

void MarketMachine::Handle(const MarketEvent& event, TimePoint now, MarketActions& actions) {
  now_ = now;
  actions_ = &actions;
  if (phase_ == Phase::kFinished) return;
  std::visit([this](const auto& e) { On(e); }, event);
}

State MarketMachine::state() const {
  if (phase_ == Phase::kFinished || phase_ == Phase::kIdle) return State::kDisconnected;
  if (closing_) return State::kClosing;
  switch (phase_) {
    case Phase::kConnecting:
      return State::kConnecting;
    case Phase::kLive:
      return State::kConnected;
    case Phase::kHalted:
      return State::kHalted;
    case Phase::kFarewell:
      return wanted_ ? State::kWaiting : State::kDisconnected;
    default:
      return State::kWaiting;
  }
}

TimePoint MarketMachine::NextTimer() const {
  TimePoint next = close_deadline_;
  if (phase_ == Phase::kWaiting) next = std::min(next, retry_at_);
  if (phase_ == Phase::kLive || phase_ == Phase::kFarewell) {
    next = std::min(next, heard_at_ + heartbeat_);
  }
  if (phase_ == Phase::kLive) next = std::min({next, ping_at_, route_.probe_at()});
  return next;
}

// ---- Wanted or not
// -------------------------------------------------------------------------------

void MarketMachine::On(const event::Wanted&) {
  wanted_ = true;
  if (phase_ == Phase::kIdle) Connect();
}

// The requests that end the last subscriptions leave before the closing handshake.
void MarketMachine::On(const event::Unwanted&) {
  wanted_ = false;
  if (phase_ == Phase::kLive) {
    SayFarewell(kNormal, "nothing is subscribed to");
  } else if (phase_ != Phase::kFarewell) {
    if (phase_ == Phase::kConnecting) Do(action::Disconnect{});
    phase_ = Phase::kIdle;
  }
}

void MarketMachine::On(const event::CloseRequested& request) {
  closing_ = true;
  close_deadline_ = std::min({close_deadline_, request.deadline, now_ + kFarewell});
  if (phase_ == Phase::kLive) {
    SayFarewell(kNormal, "session closed");
  } else if (phase_ != Phase::kFarewell) {
    Do(action::Disconnect{});
    Finish();
  }
}

// ---- Connecting
// ----------------------------------------------------------------------------------

void MarketMachine::Connect() {
  phase_ = Phase::kConnecting;
  farewell_ = {};
  Do(action::Connect{route_.endpoint()});
}

void MarketMachine::On(const event::Connected&) {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kLive;
  connected_at_ = heard_at_ = now_;
  ping_at_ = now_ + heartbeat_ / 2;
  refusals_ = 0;
  told_lost_ = false;
  live_ = true;
  route_.Streams(now_);
  Do(action::Report{});
  Do(action::Live{});
}

void MarketMachine::On(const event::ConnectFailed& failure) {
  if (phase_ != Phase::kConnecting) return;
  if (failure.problem.code != Code::kCredentials) {
    refusals_ = 0;
  } else if (++refusals_ == route_.endpoints()) {
    Halt(failure.problem);
    return;
  }
  const bool patient = failure.persistent && !failure.retry_after;
  std::optional<milliseconds> wait = failure.retry_after;
  if (wait) wait = std::max(*wait, backoff_.Next());
  Fail(failure.problem, patient ? backoff_.Longest() : wait);
}

void MarketMachine::On(const event::TokenRenewed&) {
  refusals_ = 0;
  if (phase_ == Phase::kHalted || phase_ == Phase::kWaiting) Connect();
}

// The connection, or the try to make one, came to nothing. `wait` is for when no other endpoint is
// worth a try at once.
void MarketMachine::Fail(const Error& problem, std::optional<milliseconds> wait) {
  Lose(problem);
  if (closing_) {
    Finish();
  } else if (!wanted_) {
    phase_ = Phase::kIdle;
  } else if (route_.Failed(now_)) {
    Connect();
  } else {
    Wait(wait.value_or(backoff_.Next()));
  }
}

void MarketMachine::Lose(const Error& problem) {
  NoLongerLive();
  if (!std::exchange(told_lost_, true)) {
    Do(action::Tell{EventKind::kMarketLost, route_.endpoint(), Severity::kWarning, 0, problem.code,
                    "There is no market data, and what is kept is stale: " + problem.text});
  }
  Do(action::Report{problem});
}

void MarketMachine::Wait(milliseconds wait) {
  phase_ = Phase::kWaiting;
  retry_at_ = now_ + wait;
}

void MarketMachine::Halt(const Error& problem) {
  NoLongerLive();
  phase_ = Phase::kHalted;
  told_lost_ = true;
  Do(action::Tell{EventKind::kMarketLost, route_.endpoint(), Severity::kError, 0, problem.code,
                  "There is no market data, and what is kept is stale: " + problem.text});
  Do(action::Report{problem});
}

void MarketMachine::NoLongerLive() {
  if (std::exchange(live_, false)) Do(action::Stale{});
}

// ---- Keeping and losing the connection
// -----------------------------------------------------------

void MarketMachine::On(const event::Heard&) { heard_at_ = now_; }

void MarketMachine::On(const event::Pong&) { heard_at_ = now_; }

void MarketMachine::On(const event::Nonsense&) {
  heard_at_ = now_;
  if (phase_ != Phase::kLive) return;
  farewell_ = {Code::kProtocol,
               "The gateway took the subprotocol tpb.market.v1 and sent a frame that is none of "
               "it; connecting anew. Its operator should look at its version."};
  SayFarewell(kProtocolError, "a frame was no MarketFrame");
}

// Nothing of this connection counts as live any more, although its end is still awaited.
void MarketMachine::SayFarewell(std::uint16_t code, const std::string& reason) {
  NoLongerLive();
  phase_ = Phase::kFarewell;
  Do(action::CloseSocket{code, reason});
}

void MarketMachine::On(const event::Timer&) {
  if (now_ >= close_deadline_) {
    Do(action::Disconnect{});
    Finish();
  } else if (phase_ == Phase::kWaiting && now_ >= retry_at_) {
    Connect();
  } else if (phase_ == Phase::kLive || phase_ == Phase::kFarewell) {
    CheckHeartbeat();
  }
}

void MarketMachine::CheckHeartbeat() {
  if (now_ >= heard_at_ + heartbeat_) {
    Do(action::Disconnect{});
    Fail({Code::kNetwork, "The gateway was silent for " + std::to_string(heartbeat_.count()) +
                              " ms, pings included; connecting anew."});
    return;
  }
  if (phase_ != Phase::kLive) return;
  if (now_ >= ping_at_) {
    ping_at_ = now_ + heartbeat_ / 2;
    Do(action::Ping{});
    if (now_ >= connected_at_ + kSettled) {
      backoff_.Reset();
      route_.Works();
    }
  }
  if (now_ >= route_.probe_at()) {
    route_.BeginProbe();
    Do(action::Probe{});
  }
}

void MarketMachine::On(const event::Probed& probed) {
  if (!route_.Probed(probed.reachable, now_) || phase_ != Phase::kLive) return;
  NoLongerLive();
  route_.Return(now_);
  Do(action::Disconnect{});
  Connect();
}

void MarketMachine::On(const event::Closed& closed) {
  if (phase_ != Phase::kLive && phase_ != Phase::kFarewell) return;
  if (closing_) {
    NoLongerLive();
    Finish();
    return;
  }
  if (phase_ == Phase::kFarewell && farewell_) {
    Fail(std::exchange(farewell_, {}), backoff_.Longest());
    return;
  }
  if (phase_ == Phase::kFarewell) {  // nothing was wanted any more
    phase_ = Phase::kIdle;
    if (wanted_) Connect();
    return;
  }
  const std::string what = "The connection for market data ended (" + std::to_string(closed.code) +
                           (closed.text.empty() ? "" : ": " + closed.text) + ")";
  switch (closed.code) {
    case kVersion:
      Halt({Code::kProtocol, what + ": the gateway speaks another version. Update the library."});
      break;
    case kPolicyViolation:
    case kOurPolicy:
      Fail({Code::kProtocol,
            what + ": the gateway's policy ended it. Has the token expired, or is too little read? "
                   "Trying again."},
           backoff_.Longest());
      break;
    default:
      Fail({Code::kNetwork, what + "; connecting anew."});
  }
}

void MarketMachine::Finish() {
  phase_ = Phase::kFinished;
  Do(action::Finish{});
}

template <class A>
void MarketMachine::Do(A&& action) {
  actions_->emplace_back(std::forward<A>(action));
}

}  // namespace tpb
