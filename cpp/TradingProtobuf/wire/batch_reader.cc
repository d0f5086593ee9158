#include "wire/batch_reader.h"

#include <limits>

#include "trading/market_data.pb.h"
#include "wire/mute_protobuf.h"

namespace tpb::wire {

bool ReadTicks(std::span<const std::byte> piece,
               const std::function<void(const ReadTick&)>& visit) {
  MuteProtobuf();
  if (piece.size() > std::size_t{std::numeric_limits<int>::max()}) return false;
  trading::v1::MarketDataStream stream;
  if (!stream.ParseFromArray(piece.data(), static_cast<int>(piece.size()))) return false;
  for (const trading::v1::TickData& tick : stream.ticks()) {
    visit({.symbol = tick.symbol(),
           .sequence_number = tick.sequence_number(),
           .time_msc = tick.time_msc(),
           .bid = tick.bid()});
  }
  return true;
}

}  // namespace tpb::wire
