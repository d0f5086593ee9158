#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/control.h"
#include "model/error.h"
#include "model/state.h"
#include "platform/clock.h"
#include "session/backoff.h"

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
};
struct Pong {};
struct AllSent {};  // what was handed to the transport is with the operating system
struct Closed {
  std::uint16_t code = 1006;
  std::string text;
};
struct TokenRenewed {};
struct CloseRequested {
  TimePoint deadline;
};
}  // namespace event

using Event = std::variant<event::Start, event::Timer, event::Connected, event::ConnectFailed,
                           event::FrameReceived, event::Pong, event::AllSent, event::Closed,
                           event::TokenRenewed, event::CloseRequested>;

// What the session shall do about it.
namespace action {
struct Connect {};
struct Disconnect {};  // at once, without a word; no event::Closed follows
struct CloseSocket {   // with the closing handshake; event::Closed follows
  std::uint16_t code = 1000;
  std::string reason;
};
struct Ping {};
struct Acknowledge {  // the gateway has stored every batch up to and with `up_to`
  std::int64_t up_to = 0;
  std::vector<std::uint32_t> crc32c;  // of the newest of them, ascending
};
struct Release {  // a gateway that does not acknowledge was given every batch up to and with it
  std::int64_t up_to = 0;
};
struct Report {  // kOk: there is no problem any more
  Error problem;
};
struct Finish {};  // nothing will follow
}  // namespace action

using Action = std::variant<action::Connect, action::Disconnect, action::CloseSocket, action::Ping,
                            action::Acknowledge, action::Release, action::Report, action::Finish>;
using Actions = std::vector<Action>;

// What of the outbox the machine decides upon.
struct OutboxView {
  std::int64_t first = 1;  // oldest batch held; `next` when none is
  std::int64_t next = 1;   // sequence that the next batch will get
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
  };

  explicit Machine(Limits limits);

  // Appends to `actions` what is to be done, in order.
  void Handle(const Event& event, OutboxView outbox, TimePoint now, Actions& actions);

  // The batch to hand to the transport now, if any; ask again after OnHanded.
  std::optional<std::int64_t> NextToSend(OutboxView outbox, TimePoint now) const;
  void OnHanded(std::int64_t sequence, TimePoint now);

  // When Handle wants an event::Timer; TimePoint::max() for never.
  TimePoint NextTimer() const;

  State state() const;
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
  void On(const event::TokenRenewed&);
  void On(const event::CloseRequested&);
  void OnControl(const Ack&);
  void OnControl(const Throttle&);
  void OnControl(const ConfigChanged&);
  void OnControl(const Notice&);
  void OnControl(const Unknown&);

  bool LinkUp() const;
  void OnResumePoint(std::int64_t stored);
  void OnProgress(const Ack& ack);
  void Stream();
  void CheckHeartbeat();
  void CheckDrained();
  void Connect();
  void Retry(milliseconds wait);
  void Halt();
  void Distrust(const std::string& reason);
  void Drop(Code code, std::string text);
  void Finish();
  void Report(Code code, std::string text);
  template <class A>
  void Do(A&& action);

  const milliseconds heartbeat_;
  Backoff backoff_;
  Phase phase_ = Phase::kIdle;
  Delivery delivery_ = Delivery::kUnknown;
  TimePoint retry_at_ = TimePoint::max();
  TimePoint close_deadline_ = TimePoint::max();
  bool closing_ = false;

  std::int64_t released_ = 0;      // newest batch the outbox was told to give up
  std::int64_t next_to_send_ = 1;  // on this connection

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
  OutboxView outbox_;
  TimePoint now_{};
  Actions* actions_ = nullptr;
};

}  // namespace tpb
