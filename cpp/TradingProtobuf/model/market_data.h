#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tpb {

// The numbers of trading_protobuf.h; abi/ asserts that they agree.
enum class SubscriptionState : std::int32_t { kAsked = 0, kActive = 1, kRefused = 2, kEnded = 3 };
enum class Tier : std::int32_t { kUnknown = 0, kFree = 1, kPro = 2, kEnterprise = 3 };
enum class MarketSession : std::int32_t {
  kUnknown = 0,
  kSydney = 1,
  kTokyo = 2,
  kLondon = 3,
  kNewYork = 4,
};

// Of what a subscription's indicators are: ticks, or complete bars of so long.
enum class Timeframe : std::uint8_t { kTick = 0, k1m = 1, k5m = 2, k1h = 3, k1d = 4 };
inline constexpr std::size_t kTimeframes = 5;

// As it stands on the wire ...
constexpr std::string_view WireName(Timeframe timeframe) {
  constexpr std::string_view kNames[kTimeframes] = {"", "1m", "5m", "1h", "1d"};
  return kNames[static_cast<std::size_t>(timeframe)];
}

// ... and as people write it.
constexpr std::string_view PeoplesName(Timeframe timeframe) {
  return timeframe == Timeframe::kTick ? "tick" : WireName(timeframe);
}

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

#pragma pack(push, 1)
// A symbol's price and indicators as a gateway sent them, laid out as TpbMarketData, which tells
// each field. What is not known is NaN.
struct MarketData {
  double bid = kNotKnown;
  double ask = kNotKnown;
  double sma_20 = kNotKnown;
  double sma_50 = kNotKnown;
  double ema_12 = kNotKnown;
  double ema_26 = kNotKnown;
  double macd_line = kNotKnown;
  double macd_signal = kNotKnown;
  double rsi = kNotKnown;
  double bollinger_upper = kNotKnown;
  double bollinger_middle = kNotKnown;
  double bollinger_lower = kNotKnown;
  std::int64_t server_time_ms = 0;
  std::int64_t time_msc = 0;
  std::int64_t received_ms = 0;
  std::int64_t age_ms = 0;  // as read and as kept: what it had waited at its source
  std::int64_t number = 0;
  std::int64_t bar_time = 0;
  std::int32_t subscription = 0;
  std::int32_t live = 0;
  std::int32_t tier = 0;
  std::int32_t market_session = 0;
  std::int32_t session_open = 0;
  std::int32_t shared = 0;
};
#pragma pack(pop)

static_assert(sizeof(MarketData) == 168);

// One message of a gateway. The texts are the reader's, until it reads again.
struct MarketMessage {
  std::string_view symbol;
  std::string_view timeframe;
  MarketData data;
};

// The answer to one request.
struct SubscriptionAnswer {
  enum class Outcome : std::int32_t {
    kUnspecified = 0,
    kSubscribed = 1,
    kUnsubscribed = 2,
    kOverTier = 3,
    kOverRate = 4,
    kInvalid = 5,
  };

  std::string symbol;
  std::string data_type;
  std::string timeframe;
  Outcome outcome = Outcome::kUnspecified;
  std::string text;
  Tier tier = Tier::kUnknown;
  std::int32_t limit = 0;  // symbols that the tier allows; 0 = no limit
  std::int64_t retry_after_ms = 0;

  friend bool operator==(const SubscriptionAnswer&, const SubscriptionAnswer&) = default;
};

// Indicators of the ticks of one symbol, laid out as TpbIndicatorInfo.
#pragma pack(push, 1)
struct IndicatorInfo {
  double sma_20 = kNotKnown;
  double sma_50 = kNotKnown;
  double ema_12 = kNotKnown;
  double ema_26 = kNotKnown;
  double rsi = kNotKnown;
  std::int64_t ticks = 0;
  std::int64_t time_msc = 0;
};
#pragma pack(pop)

static_assert(sizeof(IndicatorInfo) == 56);

}  // namespace tpb
