#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "session/machine.h"

namespace tpb {

// What happens to the connection for market data, besides what happens to one for ticks.
namespace event {
struct Wanted {};    // something is subscribed to
struct Unwanted {};  // nothing is any more
struct Heard {};     // a frame came
struct Nonsense {};  // ... that no gateway that speaks tpb.market.v1 sends
}  // namespace event

using MarketEvent =
    std::variant<event::Wanted, event::Unwanted, event::Timer, event::Connected,
                 event::ConnectFailed, event::Heard, event::Nonsense, event::Pong, event::Closed,
                 event::Probed, event::TokenRenewed, event::CloseRequested>;

namespace action {
struct Live {};   // ask for what is subscribed to; what comes from here on is live
struct Stale {};  // what came so far is stale
}  // namespace action

using MarketAction = std::variant<action::Connect, action::Disconnect, action::CloseSocket,
                                  action::Ping, action::Probe, action::Live, action::Stale,
                                  action::Tell, action::Report, action::Finish>;
using MarketActions = std::vector<MarketAction>;

// Every decision about the connection for market data: when to make it, whom to believe, when to
// give up. Pure: no I/O, no clock of its own. Used from one thread.
class MarketMachine {
 public:
  // `return_after` as in Machine; the rest as well.
  explicit MarketMachine(const Machine::Limits& limits);

  // Appends to `actions` what is to be done, in order.
  void Handle(const MarketEvent& event, TimePoint now, MarketActions& actions);

  // When Handle wants an event::Timer; TimePoint::max() for never.
  TimePoint NextTimer() const;

  State state() const;
  int endpoint() const { return route_.endpoint(); }

 private:
  enum class Phase { kIdle, kConnecting, kLive, kFarewell, kWaiting, kHalted, kFinished };

  void On(const event::Wanted&);
  void On(const event::Unwanted&);
  void On(const event::Timer&);
  void On(const event::Connected&);
  void On(const event::ConnectFailed&);
  void On(const event::Heard&);
  void On(const event::Nonsense&);
  void On(const event::Pong&);
  void On(const event::Closed&);
  void On(const event::Probed&);
  void On(const event::TokenRenewed&);
  void On(const event::CloseRequested&);

  void Connect();
  void Fail(const Error& problem, std::optional<milliseconds> wait = std::nullopt);
  void Lose(const Error& problem);
  void Wait(milliseconds wait);
  void Halt(const Error& problem);
  void SayFarewell(std::uint16_t code, const std::string& reason);
  void NoLongerLive();
  void CheckHeartbeat();
  void Finish();
  template <class A>
  void Do(A&& action);

  const milliseconds heartbeat_;
  Route route_;
  Backoff backoff_;
  Phase phase_ = Phase::kIdle;
  bool wanted_ = false;
  TimePoint retry_at_ = TimePoint::max();
  TimePoint close_deadline_ = TimePoint::max();
  bool closing_ = false;
  int refusals_ = 0;        // of the token, in a row
  bool told_lost_ = false;  // of this outage
  bool live_ = false;
  Error farewell_;  // why the connection is being closed

  TimePoint connected_at_{};
  TimePoint heard_at_{};  // newest sign of life
  TimePoint ping_at_{};   // when the next ping is due

  // Of the event being handled.
  TimePoint now_{};
  MarketActions* actions_ = nullptr;
};

}  // namespace tpb
