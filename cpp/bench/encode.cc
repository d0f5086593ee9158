#include "encode.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "trading/market_data.pb.h"
#include "wire/batch_writer.h"

namespace tpb::bench {
namespace {

using trading::v1::MarketDataStream;
using trading::v1::TickData;
using Items = std::span<const TickStream::Item>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kFrameTicks = 1000;
constexpr std::string_view kTenant = "acme";
constexpr std::string_view kSource = "MT5";
constexpr std::int64_t kBatchSequence = 1;
constexpr std::int64_t kBatchUnixMs = 1'577'898'000'100;
constexpr std::chrono::seconds kAtLeast{4};
constexpr int kMinRounds = 7;

// Each contender turns items into a frame, which stays valid until its next one.

class Direct {
 public:
  Direct(const TickStream& stream, wire::Stamp stamp) : writer_(kTenant, stamp) {
    for (const std::string& symbol : stream.symbols) tags_.emplace_back(symbol);
  }

  std::string_view operator()(Items items) {
    writer_.Clear();
    for (const auto& [symbol, tick, sequence_number] : items) {
      writer_.Add(tags_[symbol], tick, sequence_number);
    }
    const auto frame = writer_.Close(kBatchSequence, kBatchUnixMs);
    return {reinterpret_cast<const char*>(frame.data()), frame.size()};
  }

 private:
  std::vector<wire::SymbolTag> tags_;
  wire::BatchWriter writer_;
};

class Protobuf {
 public:
  enum class Memory { kReused, kFresh, kArena };

  Protobuf(const TickStream& stream, Memory memory) : stream_(stream), memory_(memory) {}

  std::string_view operator()(Items items) {
    if (memory_ == Memory::kReused) {
      reused_.Clear();
      return Serialised(reused_, items);
    }
    if (memory_ == Memory::kFresh) {
      MarketDataStream fresh;
      return Serialised(fresh, items);
    }
    google::protobuf::Arena arena;
    return Serialised(*google::protobuf::Arena::Create<MarketDataStream>(&arena), items);
  }

 private:
  std::string_view Serialised(MarketDataStream& message, Items items) {
    for (const auto& [symbol, tick, sequence_number] : items) {
      TickData& data = *message.add_ticks();
      data.set_symbol(stream_.symbols[symbol]);
      data.set_bid(tick.bid);
      data.set_ask(tick.ask);
      data.set_last(tick.last);
      data.set_volume(static_cast<std::int64_t>(tick.volume));
      data.set_time(tick.time);
      data.set_time_msc(tick.time_msc);
      data.set_flags(static_cast<std::int32_t>(tick.flags));
      data.set_volume_real(tick.volume_real);
      data.set_tenant_id(kTenant);
      data.set_sequence_number(sequence_number);
      data.set_source(kSource);
      data.set_spread(tick.ask - tick.bid);
    }
    message.set_source(kSource);
    message.set_batch_sequence(kBatchSequence);
    message.set_batch_time(kBatchUnixMs / 1000);
    message.set_batch_time_msc(kBatchUnixMs);
    message.set_tenant_id(kTenant);
    frame_.clear();
    if (!message.AppendToString(&frame_)) throw std::runtime_error("libprotobuf refused a message");
    return frame_;
  }

  const TickStream& stream_;
  Memory memory_;
  MarketDataStream reused_;
  std::string frame_;
};

class Json {
 public:
  explicit Json(const TickStream& stream) : stream_(stream) {}

  std::string_view operator()(Items items) {
    nlohmann::json message;
    nlohmann::json& ticks = message["ticks"] = nlohmann::json::array();
    for (const auto& [symbol, tick, sequence_number] : items) {
      // Assigned one by one: an initialiser list takes four times as long. Copied, because the
      // tick is packed and JSON takes references.
      nlohmann::json& data = ticks.emplace_back(nlohmann::json::object());
      data["symbol"] = stream_.symbols[symbol];
      data["bid"] = double{tick.bid};
      data["ask"] = double{tick.ask};
      data["last"] = double{tick.last};
      data["volume"] = std::uint64_t{tick.volume};
      data["time"] = std::int64_t{tick.time};
      data["time_msc"] = std::int64_t{tick.time_msc};
      data["flags"] = std::uint32_t{tick.flags};
      data["volume_real"] = double{tick.volume_real};
      data["tenant_id"] = kTenant;
      data["sequence_number"] = std::int64_t{sequence_number};
      data["source"] = kSource;
      data["spread"] = tick.ask - tick.bid;
    }
    message["source"] = kSource;
    message["batch_sequence"] = kBatchSequence;
    message["batch_time"] = kBatchUnixMs / 1000;
    message["batch_time_msc"] = kBatchUnixMs;
    message["tenant_id"] = kTenant;
    frame_ = message.dump();
    return frame_;
  }

 private:
  const TickStream& stream_;
  std::string frame_;
};

struct Contender {
  std::string name;
  std::function<std::string_view(Items)> encode;
  double least_ns = std::numeric_limits<double>::infinity();
  std::size_t bytes = 0;
};

// Encodes all ticks, frame by frame.
void Run(Contender& contender, Items items) {
  contender.bytes = 0;
  const auto begin = SteadyClock::now();
  for (std::size_t at = 0; at < items.size(); at += kFrameTicks) {
    const std::size_t count = std::min(kFrameTicks, items.size() - at);
    contender.bytes += contender.encode(items.subspan(at, count)).size();
  }
  const std::chrono::duration<double, std::nano> taken = SteadyClock::now() - begin;
  contender.least_ns = std::min(contender.least_ns, taken.count());
}

// Times mean nothing where the bytes are wrong.
void RequireEqualFrames(Contender& a, Contender& b, Items items) {
  const Items frame = items.first(std::min(kFrameTicks, items.size()));
  if (a.encode(frame) != b.encode(frame)) {
    throw std::runtime_error(a.name + " and " + b.name + " make different bytes of the same ticks");
  }
}

}  // namespace

nlohmann::ordered_json MeasureEncoding(const TickStream& stream) {
  Direct direct(stream, wire::Stamp::kTick);
  Direct direct_stamped_on_batch(stream, wire::Stamp::kBatch);
  Protobuf reused(stream, Protobuf::Memory::kReused);
  Protobuf fresh(stream, Protobuf::Memory::kFresh);
  Protobuf arena(stream, Protobuf::Memory::kArena);
  Json json(stream);
  std::array contenders = {
      Contender{"direct", std::ref(direct)},
      Contender{"libprotobuf_reused", std::ref(reused)},
      Contender{"libprotobuf_fresh", std::ref(fresh)},
      Contender{"libprotobuf_arena", std::ref(arena)},
      Contender{"json_nlohmann", std::ref(json)},
      Contender{"direct_stamped_on_batch", std::ref(direct_stamped_on_batch)},
  };
  RequireEqualFrames(contenders[0], contenders[1], stream.items);

  int rounds = 0;
  const auto end = SteadyClock::now() + kAtLeast;
  for (; rounds < kMinRounds || SteadyClock::now() < end; ++rounds) {
    for (Contender& contender : contenders) Run(contender, stream.items);
  }

  nlohmann::ordered_json ns, bytes;
  const auto ticks = static_cast<double>(stream.items.size());
  for (const Contender& contender : contenders) {
    ns[contender.name] = contender.least_ns / ticks;
    bytes[contender.name] = static_cast<double>(contender.bytes) / ticks;
  }
  return {{"ticks", stream.items.size()},
          {"frame_ticks", kFrameTicks},
          {"rounds", rounds},
          {"ns_per_tick", ns},
          {"bytes_per_tick", bytes}};
}

}  // namespace tpb::bench
