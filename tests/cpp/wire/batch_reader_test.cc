// ReadTicks and BatchWriter::Restore: what was written is found again.
#include "wire/batch_reader.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <vector>

#include "reference_batch.h"
#include "wire/batch_writer.h"

namespace tpb::wire {
namespace {

constexpr std::int64_t kTime = 1'577'898'000'065;

BatchInput Input(std::size_t ticks, Stamp stamp) {
  BatchInput input{.tenant_id = "acme",
                   .stamp = stamp,
                   .items = {},
                   .batch_sequence = 7,
                   .batch_unix_ms = kTime};
  for (std::size_t i = 0; i < ticks; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    Tick tick{};
    tick.bid = 1.5 + static_cast<double>(i);
    tick.ask = tick.bid + 0.25;
    tick.time_msc = kTime + n;
    input.items.push_back(
        {.symbol = i % 2 == 0 ? "EURUSD" : "GBPUSDé", .tick = tick, .sequence_number = 100 + n});
  }
  return input;
}

struct Kept {
  std::string symbol;
  std::int64_t sequence_number;
  std::int64_t time_msc;
  double bid;

  bool operator==(const Kept&) const = default;
};

std::vector<Kept> Expected(const BatchInput& input) {
  std::vector<Kept> ticks;
  for (const auto& [symbol, tick, sequence_number] : input.items) {
    ticks.push_back({symbol, sequence_number, tick.time_msc, tick.bid});
  }
  return ticks;
}

bool Read(std::span<const std::byte> piece, std::vector<Kept>& ticks) {
  return ReadTicks(piece, [&](const ReadTick& tick) {
    ticks.push_back({std::string(tick.symbol), tick.sequence_number, tick.time_msc, tick.bid});
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_reader)

BOOST_AUTO_TEST_CASE(a_frame_and_the_pieces_of_an_open_batch) {
  for (const Stamp stamp : {Stamp::kTick, Stamp::kBatch}) {
    const BatchInput input = Input(9, stamp);
    BatchWriter writer(input.tenant_id, stamp);
    std::vector<Kept> from_pieces;
    std::size_t staged = 0;
    for (const auto& [symbol, tick, sequence_number] : input.items) {
      writer.Add(SymbolTag(symbol), tick, sequence_number);
      if (sequence_number % 3 != 0) continue;
      BOOST_TEST(Read(writer.written().subspan(staged), from_pieces));
      staged = writer.bytes();
    }
    BOOST_TEST(staged == writer.bytes());
    BOOST_TEST((from_pieces == Expected(input)));
    std::vector<Kept> from_frame;
    BOOST_TEST(Read(writer.Close(input.batch_sequence, input.batch_unix_ms), from_frame));
    BOOST_TEST((from_frame == Expected(input)));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_no_tick) {
  std::vector<Kept> ticks;
  BOOST_TEST(Read({}, ticks));
  BOOST_TEST(ticks.empty());
}

BOOST_AUTO_TEST_CASE(nonsense_visits_nothing) {
  const BatchInput input = Input(3, Stamp::kTick);
  const std::string frame = WrittenDirectly(input);
  std::mt19937_64 random(5);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = frame;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    std::vector<Kept> ticks;
    const bool sound = Read(std::as_bytes(std::span(damaged)), ticks);
    BOOST_TEST((sound || ticks.empty()));
    read += sound ? 1 : 0;
  }
  BOOST_TEST(read < 20'000);
  std::vector<Kept> ticks;
  BOOST_TEST(!Read(std::as_bytes(std::span("\x0a\xff")), ticks));
}

BOOST_AUTO_TEST_CASE(a_restored_batch_goes_on_as_if_nothing_had_been) {
  for (const std::size_t ticks : {1u, 5u, 2000u}) {
    const BatchInput input = Input(ticks, Stamp::kTick);
    BatchWriter before("acme", Stamp::kTick);
    BatchWriter after("acme", Stamp::kTick);
    std::size_t staged = 0;
    for (std::size_t i = 0; i < ticks; ++i) {
      const auto& [symbol, tick, sequence_number] = input.items[i];
      if (i > ticks / 2) {
        after.Add(SymbolTag(symbol), tick, sequence_number);
        continue;
      }
      before.Add(SymbolTag(symbol), tick, sequence_number);
      after.Restore(before.written().subspan(staged), 1);
      staged = before.bytes();
    }
    BOOST_TEST(after.ticks() == ticks);
    const auto frame = after.Close(input.batch_sequence, input.batch_unix_ms);
    BOOST_TEST((ToString(frame) == SerializedByProtobuf(input)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
