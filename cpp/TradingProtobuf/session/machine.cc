#include "session/machine.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tpb {
namespace {

// Batches under way at most: bounds what a reconnect has to send again.
constexpr std::int64_t kWindow = 4096;
// A connection that lasted so long has shown that the gateway is well.
constexpr milliseconds kSettled{5000};
constexpr std::int64_t kMaxThrottleMs = 3'600'000;
// A gateway that answers pings and acknowledges nothing for so many heartbeats does not do its
// work.
constexpr int kAckPatience = 5;
// What is under way may still be acknowledged before the backup is left.
constexpr milliseconds kLeave{500};
constexpr int kMaxForks = 3;

// Close codes: RFC 6455 section 7.4.1, and ours from 4000 on.
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kTakenOver = 4003;
constexpr std::uint16_t kOurPolicy = 4008;
constexpr std::uint16_t kVersion = 4010;

}  // namespace

Machine::Machine(Limits limits)
    : heartbeat_(limits.heartbeat),
      route_(limits.endpoints, limits.return_after),
      backoff_(limits.backoff_min, limits.backoff_max, limits.seed) {}

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
  if (hole_next_ != 0 || leave_at_ != TimePoint::max()) return std::nullopt;
  if (next_to_send_ - released_ > kWindow) return std::nullopt;
  if (now < throttled_until_ && now < send_at_) return std::nullopt;
  return next_to_send_;
}

void Machine::OnHanded(std::int64_t sequence, std::uint32_t crc32c, TimePoint now) {
  if (under_way_.empty()) progress_at_ = now;
  under_way_.push_back(crc32c);
  next_to_send_ = sequence + 1;
  if (now < throttled_until_) send_at_ = std::max(send_at_, now) + send_interval_;
}

TimePoint Machine::NextTimer() const {
  TimePoint next = close_deadline_;
  if (phase_ == Phase::kWaiting) next = std::min(next, retry_at_);
  if (LinkUp()) next = std::min({next, ping_at_, heard_at_ + heartbeat_});
  if (phase_ == Phase::kResuming) next = std::min(next, connected_at_ + heartbeat_);
  if (phase_ == Phase::kStreaming) {
    next = std::min({next, route_.probe_at(), leave_at_, AckDue()});
    // A moment that has passed needs no timer: whatever is due is sent as it comes.
    if (send_at_ > now_) next = std::min(next, send_at_);
  }
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
  } else if (outbox_.epoch != 0) {
    Do(action::Disconnect{});
    Fail({Code::kProtocol,
          "The gateway did not take the subprotocol tpb.ack.v1, which it took before; connecting "
          "anew. Is something between that strips headers?"});
  } else {
    delivery_ = Delivery::kUnacknowledged;
    Stream();
  }
}

void Machine::On(const event::ConnectFailed& failure) {
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

void Machine::On(const event::TokenRenewed&) {
  refusals_ = 0;
  if (phase_ == Phase::kHalted || phase_ == Phase::kWaiting) Connect();
}

void Machine::Connect() {
  phase_ = Phase::kConnecting;
  released_ = std::max(released_, outbox_.first - 1);
  under_way_.clear();
  hole_next_ = 0;
  leave_at_ = TimePoint::max();
  Do(action::Connect{route_.endpoint(), resend_from_});
}

// On purpose, and at once.
void Machine::Reconnect() {
  Do(action::Disconnect{});
  Connect();
}

// The connection, or the try to make one, came to nothing. `wait` is for when no other endpoint is
// worth a try at once.
void Machine::Fail(Error problem, std::optional<milliseconds> wait) {
  Lose(std::move(problem));
  if (!route_.Failed(now_)) {
    Wait(wait.value_or(backoff_.Next()));
    return;
  }
  if (!std::exchange(told_failover_, true)) {
    Tell(EventKind::kFailingOver, Severity::kWarning, 0,
         route_.endpoint() == 1 ? "Failing over to the backup endpoint."
                                : "Failing over to the primary endpoint.");
  }
  Connect();
}

void Machine::Lose(Error problem) {
  if (!lost_at_) {
    lost_at_ = now_;
    if (was_streaming_) {
      Tell(EventKind::kLost, Severity::kWarning, 0, problem.text, problem.code);
    }
    Tell(
        EventKind::kBuffering, Severity::kInfo, held(),
        "Ticks are kept until there is a connection; " + std::to_string(held()) + " batches wait.");
  }
  Do(action::Report{std::move(problem)});
}

void Machine::Wait(milliseconds wait) {
  phase_ = Phase::kWaiting;
  retry_at_ = now_ + wait;
}

void Machine::Halt(Error problem) {
  phase_ = Phase::kHalted;
  Tell(EventKind::kHalted, Severity::kError, 0, problem.text, problem.code);
  Do(action::Report{std::move(problem)});
  if (closing_) Finish();
}

// ---- What the gateway says
// -----------------------------------------------------------------------

void Machine::On(const event::FrameReceived& frame) {
  heard_at_ = now_;
  if (phase_ == Phase::kFarewell) return;
  const bool is_ack = frame.control && std::holds_alternative<Ack>(*frame.control);
  if (delivery_ != Delivery::kAcknowledged && is_ack) {
    Distrust("It acknowledges although the upgrade did not say so.");
  } else if (delivery_ != Delivery::kAcknowledged) {
    ++frames_ignored_;
  } else if (!frame.control) {
    Distrust("It sent a frame that is no StreamControl.");
  } else {
    our_crc32c_ = &frame.our_crc32c;
    std::visit([this](const auto& control) { OnControl(control); }, *frame.control);
  }
}

void Machine::OnControl(const Ack& ack) {
  if (!ack.check_ok || ack.batch_sequence < std::ssize(ack.stored_crc32c)) {
    Distrust("It sent an acknowledgement that was damaged on the way.");
  } else if (phase_ == Phase::kResuming) {
    OnResumePoint(ack);
  } else {
    OnProgress(ack);
  }
}

void Machine::OnResumePoint(const Ack& ack) {
  if (IsForeign(ack)) {
    Fork(ack);
    return;
  }
  const std::vector<std::optional<std::uint32_t>>& ours = *our_crc32c_;
  const std::int64_t before = ack.batch_sequence - static_cast<std::int64_t>(ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (ours[i].value_or(ack.stored_crc32c[i]) != ack.stored_crc32c[i]) {
      OnMismatch(before + 1 + static_cast<std::int64_t>(i));
      return;
    }
  }
  if (ack.batch_sequence >= resend_from_) resend_from_ = 0;
  const bool forgot =
      ack.batch_sequence < released_ || (outbox_.epoch != 0 && ack.epoch != outbox_.epoch);
  Do(action::Remember{ack.epoch, ack.batch_sequence});
  Acknowledge(ack.batch_sequence);
  Stream();
  if (forgot) TellForgotten(ack);
}

void Machine::TellForgotten(const Ack& ack) {
  const std::string text =
      "The gateway's store was replaced or restored from a backup: it stands at batch " +
      std::to_string(ack.batch_sequence) + " in epoch " + std::to_string(ack.epoch) +
      ". Batches that it had acknowledged may be gone; repair them from the terminal's history.";
  Tell(EventKind::kGatewayLost, Severity::kError, 0, text, Code::kProtocol);
  Do(action::Report{{Code::kProtocol, text}});
}

// The gateway knows batches of this session that this journal never gave to any gateway: the
// journal is an old copy of another one.
bool Machine::IsForeign(const Ack& ack) const {
  return ack.batch_sequence >= outbox_.next ||
         ack.batch_sequence > std::max({outbox_.handed, released_, outbox_.first - 1});
}

void Machine::Fork(const Ack& ack) {
  if (++forks_ > kMaxForks) {
    Do(action::Disconnect{});
    Halt({Code::kProtocol,
          "The gateway says that it holds " + std::to_string(ack.batch_sequence) +
              " batches of this session, of which only " + std::to_string(outbox_.next - 1) +
              " were ever made, and says so of every new session: the gateway's operator should "
              "check its store. The ticks stay in the outbox."});
    return;
  }
  Acknowledge(std::min({ack.batch_sequence, outbox_.next - 1, outbox_.handed}));
  const std::int64_t moved = outbox_.next - 1 - released_;
  Tell(EventKind::kForked, Severity::kError, moved,
       "The gateway holds batch " + std::to_string(ack.batch_sequence) +
           " of this session, which this outbox never gave to it: the journal is an old copy. The "
           "stream goes on as a new session; " +
           std::to_string(moved) + " batches move to it.",
       Code::kProtocol);
  Do(action::Fork{});
  outbox_.epoch = 0;
  Reconnect();
}

void Machine::OnProgress(const Ack& ack) {
  const std::int64_t newly_covered = ack.batch_sequence - released_;
  if (newly_covered < 0 || ack.batch_sequence >= next_to_send_) {
    Distrust("It acknowledged batch " + std::to_string(ack.batch_sequence) + " while " +
             std::to_string(released_ + 1) + " to " + std::to_string(next_to_send_ - 1) +
             " were under way.");
    return;
  }
  if (static_cast<std::int64_t>(ack.crc32c.size()) != newly_covered) {
    Distrust("It sent " + std::to_string(ack.crc32c.size()) + " checksums for " +
             std::to_string(newly_covered) + " batches.");
    return;
  }
  if (newly_covered == 0) return;
  const auto differs =
      std::mismatch(ack.crc32c.begin(), ack.crc32c.end(), under_way_.begin()).first;
  const std::int64_t right = released_ + (differs - ack.crc32c.begin());
  const bool all_right = right == ack.batch_sequence;
  Acknowledge(right);
  if (!all_right) {
    OnMismatch(right + 1);
    return;
  }
  if (ack.batch_sequence >= resend_from_) resend_from_ = 0;
  Do(action::Remember{ack.epoch, ack.batch_sequence});
  CheckHole();
}

// What the gateway stored is not what was sent: it is asked to take it again.
void Machine::OnMismatch(std::int64_t sequence) {
  ++checksum_mismatches_;
  Tell(EventKind::kChecksum, Severity::kError, sequence,
       "The gateway stored batch " + std::to_string(sequence) +
           " otherwise than it was sent; it is sent again.",
       Code::kProtocol);
  const bool again = std::exchange(resend_from_, sequence) == sequence;
  Do(action::Disconnect{});
  if (again) {
    Wait(backoff_.Next());
  } else {
    Connect();
  }
}

void Machine::Acknowledge(std::int64_t up_to) {
  if (up_to <= released_) return;
  const auto covered = std::min<std::int64_t>(up_to - released_, std::ssize(under_way_));
  under_way_.erase(under_way_.begin(), under_way_.begin() + covered);
  released_ = up_to;
  progress_at_ = now_;
  forks_ = 0;
  Works();
  Do(action::Acknowledge{up_to});
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

// Nothing here depends on server-side configuration; what does is told by a kind of its own.
void Machine::OnControl(const ConfigChanged&) {}

void Machine::OnControl(const Notice& notice) {
  const std::string text = "The gateway says: " + notice.text + " (" + notice.code + ")";
  const bool lost = notice.code == "store_restored";
  Tell(lost ? EventKind::kGatewayLost : EventKind::kNotice,
       notice.severity == Notice::Severity::kError     ? Severity::kError
       : notice.severity == Notice::Severity::kWarning ? Severity::kWarning
                                                       : Severity::kInfo,
       0, text, Code::kNotice);
  Do(action::Report{{Code::kNotice, text}});
}

void Machine::OnControl(const Pairs& pairs) { Do(action::Choose{pairs}); }

void Machine::OnControl(const Unknown&) { ++frames_ignored_; }

void Machine::Stream() {
  phase_ = Phase::kStreaming;
  next_to_send_ = released_ + 1;
  refusals_ = 0;
  told_failover_ = false;
  route_.Streams(now_);
  Do(action::Report{});
  if (!was_streaming_) {
    Tell(EventKind::kConnected, Severity::kInfo, held(), "Connected; ticks flow.");
  } else if (lost_at_) {
    const auto outage = std::chrono::duration_cast<milliseconds>(now_ - *lost_at_).count();
    Tell(EventKind::kRestored, Severity::kInfo, outage,
         "Ticks flow again after " + std::to_string(outage) + " ms.");
  }
  was_streaming_ = true;
  lost_at_.reset();
}

// The endpoint has shown that it is well: its next failure is worth a quick try again.
void Machine::Works() {
  backoff_.Reset();
  route_.Works();
}

// ---- Keeping and losing the connection
// -----------------------------------------------------------

bool Machine::LinkUp() const {
  return phase_ == Phase::kResuming || phase_ == Phase::kStreaming || phase_ == Phase::kFarewell;
}

TimePoint Machine::AckDue() const {
  const bool waits = delivery_ == Delivery::kAcknowledged && !under_way_.empty();
  return waits ? progress_at_ + kAckPatience * heartbeat_ : TimePoint::max();
}

void Machine::On(const event::Timer&) {
  if (now_ >= close_deadline_) {
    Do(action::Disconnect{});
    Finish();
  } else if (phase_ == Phase::kWaiting && now_ >= retry_at_) {
    Connect();
  } else if (LinkUp()) {
    CheckHeartbeat();
    if (phase_ == Phase::kStreaming) CheckReturn();
  }
}

void Machine::CheckHeartbeat() {
  Error problem;
  if (now_ >= heard_at_ + heartbeat_) {
    problem = {Code::kNetwork, "The gateway was silent for " + std::to_string(heartbeat_.count()) +
                                   " ms, pings included; connecting anew."};
  } else if (phase_ == Phase::kResuming && now_ >= connected_at_ + heartbeat_) {
    problem = {Code::kProtocol,
               "The gateway took the subprotocol tpb.ack.v1 but did not say where the session "
               "stands; connecting anew. Its operator should look at its log."};
  } else if (phase_ == Phase::kStreaming && now_ >= AckDue()) {
    problem = {Code::kProtocol, "The gateway answers, but has acknowledged nothing for " +
                                    std::to_string((kAckPatience * heartbeat_).count()) +
                                    " ms; connecting anew. Its operator should look at its store."};
  }
  if (problem) {
    Do(action::Disconnect{});
    Fail(std::move(problem));
    return;
  }
  if (now_ < ping_at_) return;
  pinged_at_ = now_;
  ping_at_ = now_ + heartbeat_ / 2;
  Do(action::Ping{});
  if (phase_ == Phase::kStreaming && now_ >= connected_at_ + kSettled) Works();
}

void Machine::CheckReturn() {
  if (now_ >= route_.probe_at()) {
    route_.BeginProbe();
    Do(action::Probe{});
  }
  if (leave_at_ == TimePoint::max()) return;
  if (under_way_.empty() || now_ >= leave_at_) {
    lost_at_ = now_;
    route_.Return(now_);
    Reconnect();
  }
}

void Machine::On(const event::Probed& probed) {
  const bool leaving = leave_at_ != TimePoint::max();
  if (!route_.Probed(probed.reachable, now_) || phase_ != Phase::kStreaming || leaving) return;
  Tell(EventKind::kReturning, Severity::kInfo, 0,
       "The primary endpoint is well again; returning to it.");
  leave_at_ = now_ + kLeave;
  CheckReturn();
}

// Acknowledgements of what is under way are worth waiting for: the next connection begins behind
// the hole.
void Machine::On(const event::Hole& hole) {
  hole_next_ = hole.next;
  CheckHole();
}

void Machine::CheckHole() {
  if (phase_ != Phase::kStreaming || hole_next_ == 0 || released_ + 1 != next_to_send_) return;
  Do(action::GiveUp{released_ + 1, hole_next_ - 1});
  released_ = hole_next_ - 1;
  Reconnect();
}

void Machine::On(const event::Pong&) {
  heard_at_ = now_;
  round_trip_ = std::chrono::duration_cast<std::chrono::microseconds>(now_ - pinged_at_);
}

void Machine::On(const event::AllSent&) {
  if (phase_ != Phase::kStreaming || delivery_ != Delivery::kUnacknowledged) return;
  if (next_to_send_ - 1 == released_) return;
  released_ = next_to_send_ - 1;
  under_way_.clear();
  Do(action::Release{released_});
  CheckHole();
}

void Machine::On(const event::Closed& closed) {
  if (phase_ == Phase::kFarewell && closing_ && released_ + 1 == outbox_.next) {
    Finish();
    return;
  }
  if (phase_ == Phase::kFarewell && farewell_) {
    Fail(std::exchange(farewell_, {}));
    return;
  }
  const std::string what = "The connection ended (" + std::to_string(closed.code) +
                           (closed.text.empty() ? "" : ": " + closed.text) + ")";
  switch (closed.code) {
    case kTakenOver:
      // It can be one of an earlier life, held up on its way; not so soon, in case it is not.
      Lose({Code::kProtocol, what + ": another connection has taken over this session. Is a copy "
                                    "of its journal in use elsewhere? Trying again."});
      Wait(backoff_.Longest());
      break;
    case kVersion:
      Halt({Code::kProtocol, what + ": the gateway speaks another version. Update the library."});
      break;
    case kPolicyViolation:
    case kOurPolicy:
      Fail({Code::kProtocol, what + ": the gateway's policy refuses this stream. Ask its operator; "
                                    "trying again meanwhile."},
           backoff_.Longest());
      break;
    default:
      Fail({Code::kNetwork, what + "; connecting anew."});
  }
}

// The gateway contradicts the protocol: nothing it said on this connection is believed any further.
void Machine::Distrust(const std::string& reason) {
  farewell_ = {Code::kProtocol, "The gateway broke the protocol; connecting anew. " + reason};
  Do(action::Report{farewell_});
  phase_ = Phase::kFarewell;
  Do(action::CloseSocket{kProtocolError, reason});
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

void Machine::Tell(EventKind kind, Severity severity, std::int64_t value, std::string text,
                   Code code) {
  Do(action::Tell{kind, route_.endpoint(), severity, value, code, std::move(text)});
}

template <class A>
void Machine::Do(A&& action) {
  actions_->emplace_back(std::forward<A>(action));
}

}  // namespace tpb
