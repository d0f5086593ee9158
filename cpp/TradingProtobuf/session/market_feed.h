#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "model/control.h"
#include "model/error.h"
#include "model/event.h"
#include "model/market_data.h"
#include "platform/clock.h"
#include "session/market_cache.h"
#include "session/market_inbox.h"
#include "session/market_machine.h"
#include "session/market_status.h"
#include "session/options.h"
#include "session/subscriptions.h"
#include "transport/web_socket.h"
#include "wire/market_reader.h"

namespace tpb {

// The session that a feed belongs to. Called from any thread, never under the feed's lock.
class FeedHost {
 public:
  virtual std::string TokenText() const = 0;
  virtual std::string SessionId() const = 0;
  virtual void Tell(EventInfo event) = 0;
  virtual void Note(const Error& problem) = 0;
  virtual void Choose(const Pairs& pairs, std::int32_t endpoint) = 0;

 protected:
  ~FeedHost() = default;
};

// Prices and indicators from a gateway, over a connection and a thread of its own, which the first
// subscription starts; without a stream of ticks, Open() does. Every public function may be called
// from any thread; only End waits.
class MarketFeed final : private transport::Listener {
 public:
  // `life` as the session says it to the gateway. What is given must outlive the feed.
  MarketFeed(const Options& options, const Clock& clock, const std::string& life, FeedHost& host);
  ~MarketFeed();
  MarketFeed(const MarketFeed&) = delete;
  MarketFeed& operator=(const MarketFeed&) = delete;

  // Connects, whatever is subscribed to: pairs and notices of the gateway come this way too.
  Error Open();

  // `timeframe` as people write it. The first one reads the cache.
  Error Subscribe(std::string_view symbol, std::string_view timeframe, std::int32_t& number);
  Error Unsubscribe(std::string_view symbol, std::string_view timeframe);

  struct How {
    std::string symbol;
    std::string_view timeframe;  // as people write it
    SubscriptionState state = SubscriptionState::kAsked;
    std::string text;  // why it was refused
  };
  Error Look(std::int32_t number, How& how) const;

  // Waits until there are messages to take; false when the time is over, or the session ends.
  bool Await(milliseconds timeout);
  // Takes the oldest messages; returns how many.
  std::size_t Poll(std::span<MarketData> data);
  // False in `found`: there is none yet.
  Error Latest(std::string_view symbol, std::string_view timeframe, MarketData& data,
               bool& found) const;
  // The newest, oldest first; as many as there are, and places.
  Error History(std::string_view symbol, std::string_view timeframe, std::span<MarketData> data,
                std::size_t& count) const;
  MarketStatus GetStatus() const;

  void OnTokenRenewed();
  // Closes the connection, by `deadline` at the latest ...
  void BeginEnd(TimePoint deadline);
  // ... and waits for that. Nothing is live any more.
  void End();

 private:
  // What is kept of a subscription.
  struct Lane {
    explicit Lane(std::size_t messages) : history(messages) {}

    MarketHistory history;
    std::size_t in_cache = MarketCache::kNoLane;
  };

  // transport::Listener, on the feed's thread.
  void OnWake() override;
  void OnTimer() override;
  void OnConnected(const transport::Connected& connected) override;
  void OnConnectFailed(const transport::ConnectFailure& failure) override;
  void OnFrame(std::span<const std::byte> payload) override;
  void OnText(std::span<const std::byte> payload) override;
  void OnPong() override;
  void OnSent() override {}
  void OnClosed(const transport::Closed& closed) override;
  void OnProbed(bool answers) override;

  // The feed's thread.
  void Run();
  void Fail(const Error& problem);
  void Handle(const MarketEvent& event);
  void Do(const action::Connect& connect);
  void Do(const action::Disconnect&);
  void Do(const action::CloseSocket& close);
  void Do(const action::Ping&);
  void Do(const action::Probe&);
  void Do(const action::Live&);
  void Do(const action::Stale&);
  void Do(const action::Tell& tell);
  void Do(const action::Report& report);
  void Do(const action::Finish&);
  void Take(const wire::MarketFrame& frame);
  void TakeIt(const MarketMessage& message);
  void TakeIt(const SubscriptionAnswer& answer);
  void TakeIt(const Control& control);
  void TakeIt(const Unknown&);
  void TellOverflow(TimePoint now);
  void SayWhatIsDue();
  void ArmTimer();
  void Publish();
  void Tell(EventKind kind, Severity severity, std::int64_t value, Code code, std::string text);
  const Endpoint& EndpointOf(int index) const;

  // Under the lock.
  Error Start();
  void OpenCache();
  void DropCache(std::error_code error);
  void MakeLane(const Subscriptions::Subscription& subscription);
  void ReadCached(const Subscriptions::Subscription& subscription, Lane& lane);
  void Keep(std::int32_t number, MarketData data, TimePoint now);
  void Give(const KeptMessage& kept, TimePoint now, MarketData& data) const;
  // Null where there is none; `error` says why.
  const Lane* FindLane(std::string_view symbol, std::string_view timeframe, Error& error) const;
  void SetState(State state);
  void TellLater(EventKind kind, Severity severity, std::int64_t value, Code code,
                 std::string text);
  Lane& LaneOf(std::int32_t number) { return lanes_[static_cast<std::size_t>(number) - 1]; }

  void TellNow();

  const Options& options_;
  const Clock& clock_;
  const std::string& life_;
  FeedHost& host_;
  const std::optional<Endpoint> backup_;

  // Guards what callers and the feed's thread share. Held for no network.
  mutable std::mutex mutex_;
  Subscriptions subscriptions_;
  std::unique_ptr<MarketInbox> inbox_;  // from the first subscription on
  std::condition_variable inbox_filled_;
  std::vector<Lane> lanes_;  // by subscription, from 1
  std::unique_ptr<MarketCache> cache_;
  std::int64_t live_connection_ = 0;  // 0 = none
  std::int64_t told_overflowed_ = 0;
  std::optional<TimePoint> told_overflow_at_;
  bool token_renewed_ = false;
  bool closing_ = false;
  std::optional<TimePoint> close_deadline_;
  bool finished_ = false;
  std::condition_variable finished_changed_;
  bool was_live_ = false;
  MarketStatus status_;  // without what GetStatus derives
  std::vector<EventInfo> to_tell_;

  // The feed's thread alone.
  MarketMachine machine_;
  bool wanted_ = false;
  bool framed_ = false;
  std::int64_t connections_ = 0;
  wire::MarketReader reader_;
  MarketActions actions_;
  TimePoint timer_ = TimePoint::max();

  std::unique_ptr<transport::WebSocket> socket_;  // from the first subscription on
  std::thread thread_;
};

}  // namespace tpb
