#include "reference_batch.h"

#include "trading/market_data.pb.h"

namespace tpb::wire {

std::string SerializedByProtobuf(const BatchInput& input) {
  trading::v1::MarketDataStream stream;
  for (const auto& [symbol, tick, sequence_number] : input.items) {
    trading::v1::TickData& message = *stream.add_ticks();
    message.set_symbol(symbol);
    message.set_bid(tick.bid);
    message.set_ask(tick.ask);
    message.set_last(tick.last);
    message.set_volume(static_cast<std::int64_t>(tick.volume));
    message.set_time(tick.time);
    message.set_time_msc(tick.time_msc);
    message.set_flags(static_cast<std::int32_t>(tick.flags));
    message.set_volume_real(tick.volume_real);
    message.set_sequence_number(sequence_number);
    message.set_spread(tick.ask - tick.bid);
    if (input.stamp == Stamp::kTick) {
      message.set_tenant_id(input.tenant_id);
      message.set_source("MT5");
    }
  }
  stream.set_source("MT5");
  stream.set_batch_sequence(input.batch_sequence);
  const bool before_epoch = input.batch_unix_ms % 1000 < 0;
  stream.set_batch_time(input.batch_unix_ms / 1000 - (before_epoch ? 1 : 0));
  stream.set_batch_time_msc(input.batch_unix_ms);
  stream.set_tenant_id(input.tenant_id);
  return stream.SerializeAsString();
}

std::string WrittenDirectly(const BatchInput& input) {
  BatchWriter writer(input.tenant_id, input.stamp);
  AddAll(writer, input);
  return ToString(writer.Close(input.batch_sequence, input.batch_unix_ms));
}

void AddAll(BatchWriter& writer, const BatchInput& input) {
  for (const auto& [symbol, tick, sequence_number] : input.items) {
    writer.Add(SymbolTag(symbol), tick, sequence_number);
  }
}

std::string ToString(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace tpb::wire
