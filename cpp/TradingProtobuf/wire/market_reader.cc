#include "wire/market_reader.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string_view>
#include <utility>

#include "model/symbol_name.h"
#include "tpb/market_stream.pb.h"
#include "wire/control_model.h"
#include "wire/mute_protobuf.h"

namespace tpb::wire {
namespace {

constexpr std::size_t kMaxTimeframeBytes = 8;
constexpr std::size_t kMaxDataTypeBytes = 64;
// Times and counts beyond this are nonsense, and must not overflow where they are added up.
constexpr std::int64_t kMost = std::int64_t{1} << 53;

std::int64_t Sane(std::int64_t number) { return std::clamp<std::int64_t>(number, 0, kMost); }

double OrNaN(double value, bool known) { return known && std::isfinite(value) ? value : kNotKnown; }

double Price(double value) { return OrNaN(value, value != 0); }

void ReadIndicators(const trading::v1::TechnicalIndicators& from, MarketData& data) {
  data.sma_20 = Price(from.sma_20());
  data.sma_50 = Price(from.sma_50());
  data.ema_12 = Price(from.ema_12());
  data.ema_26 = Price(from.ema_26());
  const bool has_macd = !std::isnan(data.ema_26);
  data.macd_line = OrNaN(from.macd_line(), from.macd_line() != 0 || has_macd);
  data.macd_signal = OrNaN(from.macd_signal(), from.macd_signal() != 0 || has_macd);
  data.rsi = OrNaN(from.rsi(), from.rsi() != 0 || !std::isnan(data.sma_20));
  data.bollinger_upper = Price(from.bollinger_upper());
  data.bollinger_middle = Price(from.bollinger_middle());
  data.bollinger_lower = Price(from.bollinger_lower());
}

MarketSession ToModel(std::string_view name) {
  if (name == "sydney") return MarketSession::kSydney;
  if (name == "tokyo") return MarketSession::kTokyo;
  if (name == "london") return MarketSession::kLondon;
  if (name == "new_york") return MarketSession::kNewYork;
  return MarketSession::kUnknown;
}

std::optional<MarketFrame> ToModel(const trading::v1::ClientMarketData& from) {
  if (!IsSymbolName(from.symbol()) || from.timeframe().size() > kMaxTimeframeBytes) {
    return std::nullopt;
  }
  MarketMessage message{.symbol = from.symbol(), .timeframe = from.timeframe(), .data = {}};
  MarketData& data = message.data;
  data.bid = Price(from.bid());
  data.ask = Price(from.ask());
  if (from.has_indicators()) ReadIndicators(from.indicators(), data);
  data.server_time_ms = Sane(from.timestamp());
  data.time_msc = Sane(from.tick_time_msc());
  data.age_ms = Sane(from.source_age_ms());
  data.number = Sane(from.number());
  data.bar_time = Sane(from.bar_time());
  data.tier = static_cast<std::int32_t>(ToTier(from.user_tier()));
  data.market_session = static_cast<std::int32_t>(ToModel(from.session().session_name()));
  data.session_open = from.session().is_active() ? 1 : 0;
  data.shared = from.shared() ? 1 : 0;
  return message;
}

SubscriptionAnswer::Outcome ToModel(v1::SubscriptionResult::Outcome outcome) {
  using Outcome = SubscriptionAnswer::Outcome;
  switch (outcome) {
    case v1::SubscriptionResult::OUTCOME_SUBSCRIBED:
      return Outcome::kSubscribed;
    case v1::SubscriptionResult::OUTCOME_UNSUBSCRIBED:
      return Outcome::kUnsubscribed;
    case v1::SubscriptionResult::OUTCOME_OVER_TIER:
      return Outcome::kOverTier;
    case v1::SubscriptionResult::OUTCOME_OVER_RATE:
      return Outcome::kOverRate;
    case v1::SubscriptionResult::OUTCOME_INVALID:
      return Outcome::kInvalid;
    default:
      return Outcome::kUnspecified;
  }
}

std::optional<MarketFrame> ToModel(const v1::SubscriptionResult& from) {
  if (from.symbol().size() > kMaxSymbolBytes || from.data_type().size() > kMaxDataTypeBytes ||
      from.timeframe().size() > kMaxTimeframeBytes) {
    return std::nullopt;
  }
  return SubscriptionAnswer{.symbol = from.symbol(),
                            .data_type = from.data_type(),
                            .timeframe = from.timeframe(),
                            .outcome = ToModel(from.outcome()),
                            .text = Printable(from.text(), kMaxAnswerTextBytes),
                            .tier = ToTier(from.tier()),
                            .limit = std::max(from.limit(), 0),
                            .retry_after_ms = Sane(from.retry_after_ms())};
}

std::optional<MarketFrame> ToModel(const v1::MarketFrame& frame) {
  switch (frame.kind_case()) {
    case v1::MarketFrame::kData:
      return ToModel(frame.data());
    case v1::MarketFrame::kResult:
      return ToModel(frame.result());
    case v1::MarketFrame::kControl: {
      std::optional<Control> control = ToControl(frame.control());
      if (!control) return std::nullopt;
      return *std::move(control);
    }
    case v1::MarketFrame::kBar:
    case v1::MarketFrame::KIND_NOT_SET:
      return Unknown{};
  }
  return Unknown{};
}

template <class Message>
bool Parse(std::span<const std::byte> bytes, Message& message) {
  return bytes.size() <= kMaxMarketBytes &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

MarketReader::MarketReader() : frame_(std::make_unique<v1::MarketFrame>()) { MuteProtobuf(); }

MarketReader::~MarketReader() = default;

std::optional<MarketFrame> MarketReader::ReadFramed(std::span<const std::byte> frame) noexcept {
  try {
    if (!Parse(frame, *frame_)) return std::nullopt;
    return ToModel(*frame_);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

std::optional<MarketFrame> MarketReader::ReadBare(std::span<const std::byte> frame) noexcept {
  try {
    trading::v1::ClientMarketData& data = *frame_->mutable_data();
    if (!Parse(frame, data)) return std::nullopt;
    return ToModel(data);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace tpb::wire
