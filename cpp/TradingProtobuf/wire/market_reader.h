#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "model/control.h"
#include "model/market_data.h"

namespace tpb::v1 {
class MarketFrame;
}

namespace tpb::wire {

// One frame from /ws/market-data is at most so long.
inline constexpr std::size_t kMaxMarketBytes = std::size_t{64} << 10;
// The text of a refusal is cut there, at the end of a character.
inline constexpr std::size_t kMaxAnswerTextBytes = 512;

// What one frame says. Unknown: of a kind that is not read here.
using MarketFrame = std::variant<MarketMessage, SubscriptionAnswer, Control, Unknown>;

// Reads frames from /ws/market-data. What it returns is valid until it reads again; reading prices
// again and again allocates nothing. For one thread.
//
// A gateway of others may send 0, or nothing, for an indicator it does not have: a price that is 0
// is taken for not known, macd where ema_26 is not known, rsi where sma_20 is not.
class MarketReader {
 public:
  MarketReader();
  ~MarketReader();
  MarketReader(const MarketReader&) = delete;
  MarketReader& operator=(const MarketReader&) = delete;

  // A MarketFrame (subprotocol tpb.market.v1), or a bare ClientMarketData; nothing when the bytes
  // are none, or are beyond the limits above.
  std::optional<MarketFrame> ReadFramed(std::span<const std::byte> frame) noexcept;
  std::optional<MarketFrame> ReadBare(std::span<const std::byte> frame) noexcept;

 private:
  // Kept for the memory it holds.
  std::unique_ptr<v1::MarketFrame> frame_;
};

}  // namespace tpb::wire
