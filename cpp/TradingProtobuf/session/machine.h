#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/control.h"
#include "model/error.h"
#include "model/event.h"
#include "model/state.h"
#include "platform/clock.h"
#include "session/backoff.h"
#include "session/route.h"

namespace tpb {

// What happens to a session.
namespace event {
struct Start {};
struct Timer {};
struct Connected {
  bool acknowledges = false;  // the gateway took the subprotocol tpb.ack.v1
};
struct ConnectFailed {
  Error problem;
  bool persistent = false;  // will not mend itself soon: wait the longest
  std::optional<milliseconds> retry_after;
};
struct FrameReceived {
  std::optional<Control> control;  // nothing: no StreamControl
  // Of our own batches, as many as the Ack's stored_crc32c and ending with it: told while
  // WantsChecksums(). Nothing stands for a batch that is not held any more.
  std::vector<std::optional<std::uint32_t>> our_crc32c;
};
struct Pong {};
struct AllSent {};  // what was handed to the transport is with the operating system
struct Closed {
  std::uint16_t code = 1006;
  std::string text;
};
struct Probed {  // the primary, while the backup serves
  bool reachable = false;
};
struct Hole {  // NextToSend cannot be read, nor what follows before `next`
  std::int64_t next = 0;
};
struct TokenRenewed {};
struct CloseRequested {
  TimePoint deadline;
};
}  // namespace event

using Event = std::variant<event::Start, event::Timer, event::Connected, event::ConnectFailed,
                           event::FrameReceived, event::Pong, event::AllSent, event::Closed,
                           event::Probed, event::Hole, event::TokenRenewed, event::CloseRequested>;

// What the session shall do about it.
namespace action {
struct Connect {
  int endpoint = 0;
  std::int64_t resend_from = 0;  // the gateway is asked to take batches from there again; 0 = no
};
struct Disconnect {};  // at once, without a word; no event::Closed follows
struct CloseSocket {   // with the closing handshake; event::Closed follows
  std::uint16_t code = 1000;
  std::string reason;
};
struct Ping {};
struct Probe {};      // tries whether the primary answers; event::Probed follows
struct Acknowledge {  // the gateway has stored every batch up to and with `up_to`
  std::int64_t up_to = 0;
};
struct Release {  // a gateway that does not acknowledge was given every batch up to and with it
  std::int64_t up_to = 0;
};
struct GiveUp {  // these cannot be read any more: the gateway shall not wait for them
  std::int64_t first = 0;
  std::int64_t last = 0;
};
struct Fork {};    // what is left goes on as a new session
struct Remember {  // what the endpoint in use has told
  std::int64_t epoch = 0;
  std::int64_t acknowledged = 0;
};
struct Tell {  // an event for people and EAs
  EventKind kind = EventKind::kNotice;
  int endpoint = 0;
  Severity severity = Severity::kInfo;
  std::int64_t value = 0;
  Code code = Code::kOk;
  std::string text;
};
struct Choose {  // the gateway has chosen these symbols for the user
  Pairs pairs;
};
struct Report {  // kOk: there is no problem any more
  Error problem;
};
struct Finish {};  // nothing will follow
}  // namespace action

using Action =
    std::variant<action::Connect, action::Disconnect, action::CloseSocket, action::Ping,
                 action::Probe, action::Acknowledge, action::Release, action::GiveUp, action::Fork,
                 action::Remember, action::Tell, action::Choose, action::Report, action::Finish>;
using Actions = std::vector<Action>;

// What of the outbox and its ledger the machine decides upon.
struct OutboxView {
  std::int64_t first = 1;   // oldest batch held; `next` when none is
  std::int64_t next = 1;    // sequence that the next batch will get
  std::int64_t handed = 0;  // newest batch that any life of this session gave to a gateway
  std::int64_t epoch = 0;   // what the endpoint in use told last; 0 = nothing yet
};

// Every decision of a session: when to connect, what to send, whom to believe, when to give up.
// Pure: no I/O, no clock of its own. Used from one thread.
class Machine {
 public:
  struct Limits {
    milliseconds heartbeat{3000};
    milliseconds backoff_min{250};
    milliseconds backoff_max{5000};
    std::uint32_t seed = 0;
    int endpoints = 1;  // 2: a primary and a backup
    milliseconds return_after{30000};
  };

  explicit Machine(Limits limits);

  // Appends to `actions` what is to be done, in order.
  void Handle(const Event& event, OutboxView outbox, TimePoint now, Actions& actions);

  // The batch to hand to the transport now, if any; ask again after OnHanded.
  std::optional<std::int64_t> NextToSend(OutboxView outbox, TimePoint now) const;
  void OnHanded(std::int64_t sequence, std::uint32_t crc32c, TimePoint now);

  // When Handle wants an event::Timer; TimePoint::max() for never.
  TimePoint NextTimer() const;

  State state() const;
  int endpoint() const { return route_.endpoint(); }
  // The next Ack is the resume point, and is compared with what we hold.
  bool WantsChecksums() const { return phase_ == Phase::kResuming; }
  std::int64_t checksum_mismatches() const { return checksum_mismatches_; }
  std::int64_t failovers() const { return route_.changes(); }
  Delivery delivery() const { return delivery_; }
  std::chrono::microseconds round_trip() const { return round_trip_; }  // of the newest ping
  std::int64_t frames_ignored() const { return frames_ignored_; }

 private:
  enum class Phase {
    kIdle,
    kConnecting,
    kResuming,
    kStreaming,
    kFarewell,
    kWaiting,
    kHalted,
    kFinished
  };

  void On(const event::Start&);
  void On(const event::Timer&);
  void On(const event::Connected&);
  void On(const event::ConnectFailed&);
  void On(const event::FrameReceived&);
  void On(const event::Pong&);
  void On(const event::AllSent&);
  void On(const event::Closed&);
  void On(const event::Probed&);
  void On(const event::Hole&);
  void On(const event::TokenRenewed&);
  void On(const event::CloseRequested&);
  void OnControl(const Ack&);
  void OnControl(const Throttle&);
  void OnControl(const ConfigChanged&);
  void OnControl(const Notice&);
  void OnControl(const Pairs&);
  void OnControl(const Unknown&);

  bool LinkUp() const;
  void OnResumePoint(const Ack& ack);
  bool IsForeign(const Ack& ack) const;
  void TellForgotten(const Ack& ack);
  void Fork(const Ack& ack);
  void OnProgress(const Ack& ack);
  void OnMismatch(std::int64_t sequence);
  void Acknowledge(std::int64_t up_to);
  void Stream();
  void Works();
  void CheckHeartbeat();
  void CheckReturn();
  void CheckHole();
  void CheckDrained();
  TimePoint AckDue() const;
  void Connect();
  void Reconnect();
  void Fail(Error problem, std::optional<milliseconds> wait = std::nullopt);
  void Lose(Error problem);
  void Wait(milliseconds wait);
  void Halt(Error problem);
  void Distrust(const std::string& reason);
  void Finish();
  void Tell(EventKind kind, Severity severity, std::int64_t value, std::string text,
            Code code = Code::kOk);
  std::int64_t held() const { return outbox_.next - outbox_.first; }
  template <class A>
  void Do(A&& action);

  const milliseconds heartbeat_;
  Route route_;
  Backoff backoff_;
  Phase phase_ = Phase::kIdle;
  Delivery delivery_ = Delivery::kUnknown;
  TimePoint retry_at_ = TimePoint::max();
  TimePoint close_deadline_ = TimePoint::max();
  bool closing_ = false;

  // How the tries since ticks last flowed went.
  int refusals_ = 0;  // of the token, in a row
  bool was_streaming_ = false;
  std::optional<TimePoint> lost_at_;
  bool told_failover_ = false;
  TimePoint leave_at_ = TimePoint::max();  // for the primary; nothing more is sent until then

  std::int64_t released_ = 0;            // newest batch the outbox was told to give up
  std::int64_t next_to_send_ = 1;        // on this connection
  std::deque<std::uint32_t> under_way_;  // checksums of the batches between these two
  TimePoint progress_at_{};              // newest acknowledgement, or first batch under way
  std::int64_t hole_next_ = 0;           // next_to_send_ cannot be read, this one can; 0 = no hole
  std::int64_t resend_from_ = 0;
  std::int64_t checksum_mismatches_ = 0;
  int forks_ = 0;   // without a batch acknowledged between
  Error farewell_;  // why the connection is being closed

  TimePoint connected_at_{};
  TimePoint heard_at_{};  // newest sign of life
  TimePoint ping_at_{};   // when the next ping is due
  TimePoint pinged_at_{};
  std::chrono::microseconds round_trip_{0};

  TimePoint throttled_until_{};
  std::chrono::nanoseconds send_interval_{0};
  TimePoint send_at_{};  // not earlier, while throttled

  std::int64_t frames_ignored_ = 0;

  // Of the event being handled.
  const std::vector<std::optional<std::uint32_t>>* our_crc32c_ = nullptr;
  OutboxView outbox_;
  TimePoint now_{};
  Actions* actions_ = nullptr;
};

}  // namespace tpb
