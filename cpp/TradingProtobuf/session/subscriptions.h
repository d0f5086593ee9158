#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/market_data.h"
#include "platform/clock.h"

namespace tpb {

// Reads a timeframe as people write it: "" is "1m"; nothing where it is none.
std::optional<Timeframe> ParseTimeframe(std::string_view text);

// What a session has subscribed to, what is still to be said about it to the gateway, and what the
// gateway answered. Pure. Not for several threads.
class Subscriptions {
 public:
  static constexpr std::size_t kMax = 1024;        // at a time
  static constexpr std::size_t kMaxKnown = 16384;  // ended ones as well, for their numbers stay
  static constexpr milliseconds kAskAgain{60'000};
  static constexpr milliseconds kSlowest{60'000};

  struct Subscription {
    std::int32_t number = 0;  // from 1
    std::string symbol;
    Timeframe timeframe = Timeframe::k1m;
    SubscriptionState state = SubscriptionState::kEnded;
    std::string text;                        // why it was refused
    std::string told;                        // ... and was already before the newest reconnect
    TimePoint ask_again = TimePoint::max();  // while refused
  };

  struct Request {
    std::int32_t number = 0;
    bool subscribe = true;
  };

  // Begins one. Null where there are too many. One that is there is the same; if it was refused, it
  // is asked for again. One that had ended gets its number again.
  const Subscription* Begin(std::string_view symbol, Timeframe timeframe);
  // Ends one; null where there is none.
  const Subscription* End(std::string_view symbol, Timeframe timeframe);

  // Null where there is none, or it has ended.
  const Subscription* Find(std::string_view symbol, Timeframe timeframe) const;
  // Ended ones as well. Null where that number was never given out.
  const Subscription* Of(std::int32_t number) const;
  bool any() const { return there_ > 0; }
  std::size_t there() const { return there_; }
  std::size_t size() const { return all_.size(); }
  std::int32_t granted() const { return Count(SubscriptionState::kActive); }
  std::int32_t refused() const { return Count(SubscriptionState::kRefused); }

  // A connection came: everything is asked for.
  void OnConnected();
  void OnLost();
  // The subscription, where it is refused now and that is news.
  const Subscription* OnAnswer(const SubscriptionAnswer& answer, TimePoint now);
  // The subscriptions that a message is for, by number, and zeros behind them. A gateway that
  // answers no requests answers so.
  // `timeframe` is as it stands on the wire. One without, from a gateway that counts no ticks
  // (`numbered`), is for all subscriptions of the symbol: it knows of no timeframes.
  using Numbers = std::array<std::int32_t, kTimeframes>;
  Numbers Route(std::string_view symbol, std::string_view timeframe, bool numbered);

  // What is to be said now, if anything; it then counts as said.
  std::optional<Request> NextToSay(TimePoint now);
  // When NextToSay has something although it has nothing now; max() for never.
  TimePoint NextTimer() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  Subscription* Get(std::string_view symbol, Timeframe timeframe);
  Subscription& At(std::int32_t number) { return all_[static_cast<std::size_t>(number) - 1]; }
  void Say(const Subscription& subscription);
  void Answered(std::int32_t number);
  void AskAgain(TimePoint now);
  std::int32_t Count(SubscriptionState state) const;

  std::vector<Subscription> all_;  // by number, from 1
  // By timeframe; 0 = none.
  std::unordered_map<std::string, Numbers, Hash, std::equal_to<>> by_symbol_;
  std::size_t there_ = 0;  // not ended
  bool connected_ = false;
  std::deque<std::int32_t> to_say_;  // numbers, each once
  milliseconds spacing_{0};          // between requests, after the gateway found them too many
  TimePoint say_at_{};
  TimePoint ask_again_ = TimePoint::max();  // not later than any subscription's
};

}  // namespace tpb
