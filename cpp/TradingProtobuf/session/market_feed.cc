#include "session/market_feed.h"

#include <algorithm>
#include <random>
#include <utility>

#include "model/symbol_name.h"
#include "platform/text_path.h"
#include "session/state_folder.h"

namespace tpb {
namespace {

constexpr milliseconds kStopMargin{50};

Error BadSymbol() {
  return {Code::kBadSymbol,
          "That is no symbol's name: 1 to 64 bytes, no comma, no control characters. Pass the name "
          "under which the gateway gets its ticks, such as EURUSD."};
}

Error BadTimeframe() {
  return {Code::kInvalidArgument,
          "There is no such timeframe. Pass 1m, 5m, 1h or 1d, or tick for indicators of ticks."};
}

Error NotSubscribed(std::string_view symbol) {
  return {Code::kNotSubscribed, "Nothing of " + std::string(symbol.substr(0, kMaxSymbolBytes)) +
                                    " is subscribed to with that timeframe. Call TpbSubscribe "
                                    "first."};
}

std::string OwnerOf(const Options& options) {
  return options.tenant_id + "\n" + options.user_id + "\n" + options.market_endpoint.url();
}

}  // namespace

MarketFeed::MarketFeed(const Options& options, const Clock& clock, const std::string& life,
                       FeedHost& host)
    : options_(options),
      clock_(clock),
      life_(life),
      host_(host),
      backup_(options.backup_endpoint ? std::optional(MarketEndpointOf(*options.backup_endpoint))
                                      : std::nullopt),
      machine_({options.heartbeat, options.backoff_min, options.backoff_max, std::random_device()(),
                backup_ ? 2 : 1, options.return_after}) {}

MarketFeed::~MarketFeed() {
  if (socket_) socket_->Stop();
  if (thread_.joinable()) thread_.join();
}

// ---- Subscribing, on the callers' threads
// --------------------------------------------------------

Error MarketFeed::Open() {
  const std::lock_guard lock(mutex_);
  if (Error error = Start()) return error;
  socket_->Wake();
  return {};
}

Error MarketFeed::Subscribe(std::string_view symbol, std::string_view timeframe,
                            std::int32_t& number) {
  const std::optional<Timeframe> parsed = ParseTimeframe(timeframe);
  if (!IsSymbolName(symbol)) return BadSymbol();
  if (!parsed) return BadTimeframe();
  {
    const std::lock_guard lock(mutex_);
    if (Error error = Start()) return error;
    const bool there = subscriptions_.Find(symbol, *parsed) != nullptr;
    const Subscriptions::Subscription* const begun = subscriptions_.Begin(symbol, *parsed);
    if (begun == nullptr) {
      return {Code::kTooMany,
              "The session has its fill of subscriptions: " + std::to_string(Subscriptions::kMax) +
                  " at a time. End some, or open a second session."};
    }
    number = begun->number;
    if (!there) MakeLane(*begun);
    socket_->Wake();
  }
  TellNow();
  return {};
}

Error MarketFeed::Unsubscribe(std::string_view symbol, std::string_view timeframe) {
  const std::optional<Timeframe> parsed = ParseTimeframe(timeframe);
  if (!parsed) return BadTimeframe();
  const std::lock_guard lock(mutex_);
  const Subscriptions::Subscription* const ended = subscriptions_.End(symbol, *parsed);
  if (ended == nullptr) return NotSubscribed(symbol);
  Lane& lane = LaneOf(ended->number);
  const std::size_t in_cache = std::exchange(lane.in_cache, MarketCache::kNoLane);
  if (cache_ && in_cache != MarketCache::kNoLane) cache_->Leave(in_cache);
  socket_->Wake();
  return {};
}

Error MarketFeed::Start() {
  if (closing_) {
    return {Code::kBadHandle, "The session is closing and takes no more calls. Open a new one."};
  }
  if (thread_.joinable()) return {};
  if (!inbox_) {
    OpenCache();
    inbox_ = std::make_unique<MarketInbox>(options_.market_inbox);
  }
  if (!socket_)
    socket_ = std::make_unique<transport::WebSocket>(static_cast<transport::Listener&>(*this));
  thread_ = std::thread(&MarketFeed::Run, this);
  SetState(State::kConnecting);
  return {};
}

void MarketFeed::MakeLane(const Subscriptions::Subscription& subscription) {
  const auto index = static_cast<std::size_t>(subscription.number) - 1;
  if (index == lanes_.size()) lanes_.emplace_back(options_.market_history + 1);
  Lane& lane = lanes_[index];
  lane.history.Interrupt();  // of an earlier subscription to the same
  ReadCached(subscription, lane);
}

// ---- The cache, under the lock
// -------------------------------------------------------------------

// Of its files the first that no other session has.
void MarketFeed::OpenCache() {
  const CacheChoice choice = options_.market_cache_choice;
  if (choice == CacheChoice::kNone) return;
  std::error_code error;
  for (int number = 1; number <= kMaxJournalFolders; ++number) {
    std::string path = options_.market_cache;
    if (choice == CacheChoice::kFile) {
      if (number > 1) path += "-" + std::to_string(number);
    } else if (const Error none = AutomaticMarketCache(options_, number, path)) {
      TellLater(EventKind::kDisk, Severity::kWarning, 0, none.code, none.text);
      return;
    }
    cache_ = std::make_unique<MarketCache>();
    error = cache_->Open({.path = ToPath(path),
                          .owner = OwnerOf(options_),
                          .messages = options_.market_history + 1,
                          .unix_us = clock_.UnixMs() * 1000});
    if (error != std::errc::device_or_resource_busy) break;
  }
  if (error) DropCache(error);
}

void MarketFeed::DropCache(std::error_code error) {
  cache_.reset();
  for (Lane& lane : lanes_) lane.in_cache = MarketCache::kNoLane;
  TellLater(EventKind::kDisk, Severity::kWarning, 0, Code::kDisk,
            "The market data is not kept over a restart, for its file cannot be written (" +
                error.message() + "). Make room or give rights, or set market_cache= to another " +
                "file; then open the session again.");
}

// What an earlier life kept of it is its history, and stale.
void MarketFeed::ReadCached(const Subscriptions::Subscription& subscription, Lane& lane) {
  if (!cache_) return;
  std::vector<MarketData> kept;
  if (const std::error_code error =
          cache_->Take(subscription.symbol, subscription.timeframe, lane.in_cache, kept)) {
    DropCache(error);
    return;
  }
  if (lane.history.size() > 0) return;
  const TimePoint now = clock_.Now();
  const std::int64_t now_ms = clock_.UnixMs();
  for (MarketData& data : kept) {
    data.subscription = subscription.number;
    const std::int64_t age_ms = std::max<std::int64_t>(now_ms - data.received_ms, 0);
    lane.history.Push({.data = data, .received_at = now - milliseconds(age_ms)});
  }
}

// ---- Giving out
// ----------------------------------------------------------------------------------

bool MarketFeed::Await(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto has_some = [this] { return inbox_ && inbox_->size() > 0; };
  inbox_filled_.wait_for(lock, timeout, [&] { return closing_ || has_some(); });
  return has_some();
}

std::size_t MarketFeed::Poll(std::span<MarketData> data) {
  const std::lock_guard lock(mutex_);
  if (!inbox_) return 0;
  const TimePoint now = clock_.Now();
  auto place = data.begin();
  return inbox_->Take(data.size(), [&](const KeptMessage& kept) { Give(kept, now, *place++); });
}

Error MarketFeed::Latest(std::string_view symbol, std::string_view timeframe, MarketData& data,
                         bool& found) const {
  const std::lock_guard lock(mutex_);
  Error error;
  const Lane* const lane = FindLane(symbol, timeframe, error);
  if (lane == nullptr) return error;
  found = lane->history.size() > 0;
  if (found) Give(lane->history.newest(), clock_.Now(), data);
  return {};
}

Error MarketFeed::History(std::string_view symbol, std::string_view timeframe,
                          std::span<MarketData> data, std::size_t& count) const {
  const std::lock_guard lock(mutex_);
  Error error;
  const Lane* const lane = FindLane(symbol, timeframe, error);
  if (lane == nullptr) return error;
  const std::size_t held = lane->history.size();
  count = std::min({data.size(), held, options_.market_history});
  const TimePoint now = clock_.Now();
  for (std::size_t i = 0; i < count; ++i) Give(lane->history.At(held - count + i), now, data[i]);
  return {};
}

const MarketFeed::Lane* MarketFeed::FindLane(std::string_view symbol, std::string_view timeframe,
                                             Error& error) const {
  const std::optional<Timeframe> parsed = ParseTimeframe(timeframe);
  const Subscriptions::Subscription* const known =
      parsed ? subscriptions_.Find(symbol, *parsed) : nullptr;
  if (known == nullptr) {
    error = parsed ? NotSubscribed(symbol) : BadTimeframe();
    return nullptr;
  }
  return &lanes_[static_cast<std::size_t>(known->number) - 1];
}

// Live is what came over the connection there is, and would be followed by the next one.
void MarketFeed::Give(const KeptMessage& kept, TimePoint now, MarketData& data) const {
  const auto waited = std::chrono::duration_cast<milliseconds>(now - kept.received_at).count();
  const Subscriptions::Subscription* const known = subscriptions_.Of(kept.data.subscription);
  const bool flows = known != nullptr && known->state != SubscriptionState::kRefused;
  data = kept.data;
  data.age_ms += std::max<std::int64_t>(waited, 0);
  data.live = flows && kept.connection != 0 && kept.connection == live_connection_ ? 1 : 0;
}

Error MarketFeed::Look(std::int32_t number, How& how) const {
  const std::lock_guard lock(mutex_);
  const Subscriptions::Subscription* const known = subscriptions_.Of(number);
  if (known == nullptr) {
    return {Code::kNotSubscribed,
            "There is no subscription of that number. Pass what TpbSubscribe "
            "returned."};
  }
  how = {known->symbol, PeoplesName(known->timeframe), known->state, known->text};
  return {};
}

MarketStatus MarketFeed::GetStatus() const {
  const std::lock_guard lock(mutex_);
  MarketStatus status = status_;
  status.subscriptions = subscriptions_.granted();
  status.refused = subscriptions_.refused();
  if (inbox_) {
    status.messages_unread = static_cast<std::int64_t>(inbox_->size());
    status.messages_overflowed = inbox_->overflowed();
  }
  return status;
}

// ---- From the session
// ----------------------------------------------------------------------------

void MarketFeed::OnTokenRenewed() {
  const std::lock_guard lock(mutex_);
  if (!socket_) return;
  token_renewed_ = true;
  // Told at once, so that who asks next does not read the halt as the answer to the new token.
  if (status_.state == State::kHalted && !finished_) SetState(State::kConnecting);
  socket_->Wake();
}

void MarketFeed::BeginEnd(TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  close_deadline_ = deadline;
  inbox_filled_.notify_all();
  if (socket_) socket_->Wake();
}

void MarketFeed::End() {
  std::unique_lock lock(mutex_);
  if (thread_.joinable()) {
    const TimePoint deadline = close_deadline_.value_or(clock_.Now()) + kStopMargin;
    finished_changed_.wait_until(lock, deadline, [this] { return finished_; });
    lock.unlock();
    socket_->Stop();
    thread_.join();
    lock.lock();
  }
  live_connection_ = 0;
  if (status_.state != State::kDisconnected) SetState(State::kDisconnected);
}

void MarketFeed::SetState(State state) {
  status_.state = state;
  status_.state_since_ms = clock_.UnixMs();
}

// ---- Telling people
// ------------------------------------------------------------------------------

void MarketFeed::TellLater(EventKind kind, Severity severity, std::int64_t value, Code code,
                           std::string text) {
  to_tell_.push_back({.value = value,
                      .kind = kind,
                      .severity = severity,
                      .code = code,
                      .endpoint = status_.endpoint,
                      .text = std::move(text)});
}

void MarketFeed::TellNow() {
  std::vector<EventInfo> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(to_tell_);
  }
  for (EventInfo& event : events) host_.Tell(std::move(event));
}

}  // namespace tpb
