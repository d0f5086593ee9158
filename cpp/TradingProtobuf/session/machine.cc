#include "session/machine.h"

#include <algorithm>

namespace tpb {
namespace {

// Batches under way at most: bounds what a reconnect has to send again.
constexpr std::int64_t kWindow = 4096;
// A connection that lasted so long has shown that the gateway is well.
constexpr milliseconds kSettled{5000};
constexpr std::int64_t kMaxThrottleMs = 3'600'000;

// Close codes: RFC 6455 section 7.4.1, and ours from 4000 on.
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kTakenOver = 4003;
constexpr std::uint16_t kOurPolicy = 4008;
constexpr std::uint16_t kVersion = 4010;

}  // namespace

Machine::Machine(Limits limits)
    : heartbeat_(limits.heartbeat), backoff_(limits.backoff_min, limits.backoff_max, limits.seed) {}

void Machine::Handle(const Event& event, OutboxView outbox, TimePoint now, Actions& actions) {
  outbox_ = outbox;
  now_ = now;
  actions_ = &actions;
  if (phase_ == Phase::kFinished) return;
  std::visit([this](const auto& e) { On(e); }, event);
  CheckDrained();
}

State Machine::state() const {
  if (phase_ == Phase::kFinished || phase_ == Phase::kIdle) return State::kDisconnected;
  if (closing_) return State::kClosing;
  switch (phase_) {
    case Phase::kConnecting:
    case Phase::kResuming:
      return State::kConnecting;
    case Phase::kStreaming:
      return State::kConnected;
    case Phase::kHalted:
      return State::kHalted;
    default:
      return State::kWaiting;
  }
}

std::optional<std::int64_t> Machine::NextToSend(OutboxView outbox, TimePoint now) const {
  if (phase_ != Phase::kStreaming || next_to_send_ >= outbox.next) return std::nullopt;
  if (next_to_send_ - released_ > kWindow) return std::nullopt;
  if (now < throttled_until_ && now < send_at_) return std::nullopt;
  return next_to_send_;
}

void Machine::OnHanded(std::int64_t sequence, TimePoint now) {
  next_to_send_ = sequence + 1;
  if (now < throttled_until_) send_at_ = std::max(send_at_, now) + send_interval_;
}

TimePoint Machine::NextTimer() const {
  TimePoint next = close_deadline_;
  if (phase_ == Phase::kWaiting) next = std::min(next, retry_at_);
  if (LinkUp()) next = std::min({next, ping_at_, heard_at_ + heartbeat_});
  if (phase_ == Phase::kResuming) next = std::min(next, connected_at_ + heartbeat_);
  // A moment that has passed needs no timer: whatever is due is sent as it comes.
  if (phase_ == Phase::kStreaming && send_at_ > now_) next = std::min(next, send_at_);
  return next;
}

// ---- Connecting
// ----------------------------------------------------------------------------------

void Machine::On(const event::Start&) {
  released_ = outbox_.first - 1;
  Connect();
}

void Machine::On(const event::Connected& connected) {
  connected_at_ = heard_at_ = now_;
  ping_at_ = now_ + heartbeat_ / 2;
  throttled_until_ = send_at_ = {};
  if (connected.acknowledges) {
    delivery_ = Delivery::kAcknowledged;
    phase_ = Phase::kResuming;
  } else {
    delivery_ = Delivery::kUnacknowledged;
    Stream();
  }
}

void Machine::On(const event::ConnectFailed& failure) {
  Do(action::Report{failure.problem});
  if (failure.problem.code == Code::kCredentials) {
    Halt();
  } else if (failure.retry_after) {
    Retry(std::max(*failure.retry_after, backoff_.Next()));
  } else {
    Retry(failure.persistent ? backoff_.Longest() : backoff_.Next());
  }
}

void Machine::On(const event::TokenRenewed&) {
  if (phase_ == Phase::kHalted || phase_ == Phase::kWaiting) Connect();
}

void Machine::Connect() {
  phase_ = Phase::kConnecting;
  Do(action::Connect{});
}

void Machine::Retry(milliseconds wait) {
  phase_ = Phase::kWaiting;
  retry_at_ = now_ + wait;
}

void Machine::Halt() {
  phase_ = Phase::kHalted;
  if (closing_) Finish();
}

// ---- What the gateway says
// -----------------------------------------------------------------------

void Machine::On(const event::FrameReceived& frame) {
  heard_at_ = now_;
  if (phase_ == Phase::kFarewell) return;
  if (delivery_ != Delivery::kAcknowledged) {
    ++frames_ignored_;
  } else if (!frame.control) {
    Distrust("It sent a frame that is no StreamControl.");
  } else {
    std::visit([this](const auto& control) { OnControl(control); }, *frame.control);
  }
}

void Machine::OnControl(const Ack& ack) {
  if (phase_ == Phase::kResuming) {
    OnResumePoint(ack.batch_sequence);
  } else {
    OnProgress(ack);
  }
}

void Machine::OnResumePoint(std::int64_t stored) {
  if (stored < 0 || stored >= outbox_.next) {
    Do(action::Disconnect{});
    Report(Code::kProtocol,
           "The gateway says that it holds " + std::to_string(stored) +
               " batches of this session, of which only " + std::to_string(outbox_.next - 1) +
               " were ever made. Its store belongs to another life of the session: "
               "open a new session, and let the gateway's operator check the store.");
    Halt();
    return;
  }
  if (stored > released_) {
    backoff_.Reset();
    Do(action::Acknowledge{stored, {}});
  }
  const std::int64_t acknowledged = released_;
  released_ = std::max(released_, stored);
  Stream();
  if (stored < acknowledged) {
    Report(Code::kProtocol, "The gateway had acknowledged batch " + std::to_string(acknowledged) +
                                " and now stands at " + std::to_string(stored) +
                                ": its store was replaced or restored from a backup. Ticks between "
                                "them must be repaired from the terminal's history.");
  }
}

void Machine::OnProgress(const Ack& ack) {
  const std::int64_t newly_covered = ack.batch_sequence - released_;
  if (newly_covered < 0 || ack.batch_sequence >= next_to_send_) {
    Distrust("It acknowledged batch " + std::to_string(ack.batch_sequence) + " while " +
             std::to_string(released_ + 1) + " to " + std::to_string(next_to_send_ - 1) +
             " were under way.");
    return;
  }
  if (static_cast<std::int64_t>(ack.crc32c.size()) > newly_covered) {
    Distrust("It sent more checksums than batches.");
    return;
  }
  if (newly_covered == 0) return;
  backoff_.Reset();
  released_ = ack.batch_sequence;
  Do(action::Acknowledge{ack.batch_sequence, ack.crc32c});
}

void Machine::OnControl(const Throttle& throttle) {
  if (throttle.max_batches_per_s <= 0 || throttle.for_ms <= 0) {
    throttled_until_ = send_at_ = {};
    return;
  }
  throttled_until_ = now_ + milliseconds(std::min(throttle.for_ms, kMaxThrottleMs));
  send_interval_ = std::chrono::nanoseconds(1'000'000'000 / throttle.max_batches_per_s);
  send_at_ = std::max(send_at_, now_);
}

// Nothing here depends on server-side configuration.
void Machine::OnControl(const ConfigChanged&) { ++frames_ignored_; }

void Machine::OnControl(const Notice& notice) {
  Report(Code::kNotice, "The gateway says: " + notice.text + " (" + notice.code + ")");
}

void Machine::OnControl(const Unknown&) { ++frames_ignored_; }

void Machine::Stream() {
  phase_ = Phase::kStreaming;
  next_to_send_ = released_ + 1;
  Do(action::Report{});
}

// ---- Keeping and losing the connection
// -----------------------------------------------------------

bool Machine::LinkUp() const {
  return phase_ == Phase::kResuming || phase_ == Phase::kStreaming || phase_ == Phase::kFarewell;
}

void Machine::On(const event::Timer&) {
  if (now_ >= close_deadline_) {
    Do(action::Disconnect{});
    Finish();
  } else if (phase_ == Phase::kWaiting && now_ >= retry_at_) {
    Connect();
  } else if (LinkUp()) {
    CheckHeartbeat();
  }
}

void Machine::CheckHeartbeat() {
  if (now_ >= heard_at_ + heartbeat_) {
    Drop(Code::kNetwork, "The gateway was silent for " + std::to_string(heartbeat_.count()) +
                             " ms, pings included; connecting anew.");
  } else if (phase_ == Phase::kResuming && now_ >= connected_at_ + heartbeat_) {
    Drop(Code::kProtocol,
         "The gateway took the subprotocol tpb.ack.v1 but did not say where the session stands; "
         "connecting anew. Its operator should look at its log.");
  } else if (now_ >= ping_at_) {
    pinged_at_ = now_;
    ping_at_ = now_ + heartbeat_ / 2;
    Do(action::Ping{});
    if (phase_ == Phase::kStreaming && now_ >= connected_at_ + kSettled) backoff_.Reset();
  }
}

void Machine::On(const event::Pong&) {
  heard_at_ = now_;
  round_trip_ = std::chrono::duration_cast<std::chrono::microseconds>(now_ - pinged_at_);
}

void Machine::On(const event::AllSent&) {
  if (phase_ != Phase::kStreaming || delivery_ != Delivery::kUnacknowledged) return;
  if (next_to_send_ - 1 == released_) return;
  released_ = next_to_send_ - 1;
  Do(action::Release{released_});
}

void Machine::On(const event::Closed& closed) {
  if (phase_ == Phase::kFarewell) {
    if (closing_ && released_ + 1 == outbox_.next) {
      Finish();
    } else {
      Retry(backoff_.Next());
    }
    return;
  }
  const std::string what = "The connection ended (" + std::to_string(closed.code) +
                           (closed.text.empty() ? "" : ": " + closed.text) + ")";
  switch (closed.code) {
    case kTakenOver:
      Report(Code::kProtocol, what + ": another connection has taken over this session.");
      Halt();
      break;
    case kVersion:
      Report(Code::kProtocol, what + ": the gateway speaks another version. Update the library.");
      Halt();
      break;
    case kPolicyViolation:
    case kOurPolicy:
      Report(Code::kProtocol, what +
                                  ": the gateway's policy refuses this stream. Ask its operator; "
                                  "trying again meanwhile.");
      Retry(backoff_.Longest());
      break;
    default:
      Report(Code::kNetwork, what + "; connecting anew.");
      Retry(backoff_.Next());
  }
}

// The gateway contradicts the protocol: nothing it said on this connection is believed any further.
void Machine::Distrust(const std::string& reason) {
  Report(Code::kProtocol, "The gateway broke the protocol; connecting anew. " + reason);
  phase_ = Phase::kFarewell;
  Do(action::CloseSocket{kProtocolError, reason});
}

void Machine::Drop(Code code, std::string text) {
  Do(action::Disconnect{});
  Report(code, std::move(text));
  Retry(backoff_.Next());
}

// ---- Closing
// -------------------------------------------------------------------------------------

void Machine::On(const event::CloseRequested& request) {
  closing_ = true;
  close_deadline_ = std::min(close_deadline_, request.deadline);
  if (phase_ == Phase::kIdle || phase_ == Phase::kHalted) Finish();
}

void Machine::CheckDrained() {
  if (!closing_ || phase_ == Phase::kFinished || released_ + 1 != outbox_.next) return;
  if (phase_ == Phase::kStreaming) {
    phase_ = Phase::kFarewell;
    Do(action::CloseSocket{kNormal, "session closed"});
  } else if (phase_ != Phase::kFarewell) {
    Do(action::Disconnect{});
    Finish();
  }
}

void Machine::Finish() {
  phase_ = Phase::kFinished;
  Do(action::Finish{});
}

void Machine::Report(Code code, std::string text) {
  Do(action::Report{Error{code, std::move(text)}});
}

template <class A>
void Machine::Do(A&& action) {
  actions_->emplace_back(std::forward<A>(action));
}

}  // namespace tpb
