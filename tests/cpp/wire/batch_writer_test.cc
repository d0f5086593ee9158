// BatchWriter against libprotobuf: the same values must give the same bytes.
#include "wire/batch_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>

#include "platform/crc32c.h"
#include "reference_batch.h"
#include "trading/market_data.pb.h"

namespace tpb::wire {
namespace {

constexpr std::int64_t kMinInt64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxFrameBytes = std::size_t{1} << 20;

constexpr Tick kQuote{.time = 1'577'898'000,
                      .bid = 1.1212,
                      .ask = 1.12172,
                      .last = 0,
                      .volume = 0,
                      .time_msc = 1'577'898'000'065,
                      .flags = 6,
                      .volume_real = 0};
constexpr Tick kEverything{.time = 1'577'898'000,
                           .bid = 1.1212,
                           .ask = 1.12172,
                           .last = 1.1215,
                           .volume = 300,
                           .time_msc = 1'577'898'000'065,
                           .flags = 0x3fe,
                           .volume_real = 0.25};

BatchInput OneTick(const Tick& tick, Stamp stamp = Stamp::kTick) {
  return {.tenant_id = "acme",
          .stamp = stamp,
          .items = {{.symbol = "EURUSD", .tick = tick, .sequence_number = 1}},
          .batch_sequence = 1,
          .batch_unix_ms = 1'577'898'000'100};
}

std::size_t FirstDifference(const std::string& a, const std::string& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

void CheckSame(const BatchInput& input) {
  const std::string expected = SerializedByProtobuf(input);
  const std::string written = WrittenDirectly(input);
  BOOST_TEST_CONTEXT(input.items.size()
                     << " ticks, first difference at byte " << FirstDifference(written, expected)) {
    BOOST_TEST(written.size() == expected.size());
    BOOST_TEST((written == expected));
  }
}

void CheckSameWithBothStamps(BatchInput input) {
  for (const Stamp stamp : {Stamp::kTick, Stamp::kBatch}) {
    input.stamp = stamp;
    CheckSame(input);
  }
}

// Around every change of a varint's length, and the ends of the type.
std::vector<std::int64_t> EdgeIntegers() {
  std::vector<std::int64_t> edges = {0, kMinInt64, kMinInt64 + 1, kMaxInt64};
  for (int bits = 0; bits < 63; ++bits) {
    const std::int64_t power = std::int64_t{1} << bits;
    edges.insert(edges.end(), {power - 1, power, power + 1, -power, -power - 1});
  }
  return edges;
}

const std::array kEdgeDoubles = {
    0.0,
    -0.0,
    1.0,
    -1.12172,
    std::numeric_limits<double>::denorm_min(),
    std::numeric_limits<double>::min(),
    std::numeric_limits<double>::max(),
    std::numeric_limits<double>::lowest(),
    std::numeric_limits<double>::infinity(),
    -std::numeric_limits<double>::infinity(),
    std::numeric_limits<double>::quiet_NaN(),
    std::bit_cast<double>(std::uint64_t{0xfff8'0000'dead'beef}),  // a NaN with sign and payload
};

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_writer)

BOOST_AUTO_TEST_CASE(a_quote_and_a_tick_with_everything) {
  CheckSameWithBothStamps(OneTick(kQuote));
  CheckSameWithBothStamps(OneTick(kEverything));
}

BOOST_AUTO_TEST_CASE(every_combination_of_zero_fields) {
  for (unsigned set = 0; set < 1u << 11; ++set) {
    const auto has = [set](unsigned bit) { return (set >> bit & 1) != 0; };
    BatchInput input = OneTick(kEverything);
    auto& [symbol, tick, sequence_number] = input.items.front();
    if (!has(0)) symbol.clear();
    if (!has(1)) tick.bid = 0;
    if (!has(2)) tick.ask = 0;
    if (!has(3)) tick.last = 0;
    if (!has(4)) tick.volume = 0;
    if (!has(5)) tick.time = 0;
    if (!has(6)) tick.time_msc = 0;
    if (!has(7)) tick.flags = 0;
    if (!has(8)) tick.volume_real = 0;
    if (!has(9)) input.tenant_id.clear();
    if (!has(10)) sequence_number = 0;
    BOOST_TEST_CONTEXT("fields " << set) { CheckSameWithBothStamps(input); }
  }
}

BOOST_AUTO_TEST_CASE(no_spread_where_bid_and_ask_are_equal) {
  BatchInput input = OneTick(kQuote);
  input.items.front().tick.ask = kQuote.bid;
  CheckSameWithBothStamps(input);
}

BOOST_AUTO_TEST_CASE(integers_of_every_length_and_sign) {
  for (const std::int64_t value : EdgeIntegers()) {
    BOOST_TEST_CONTEXT("value " << value) {
      BatchInput input = OneTick(kQuote);
      auto& [symbol, tick, sequence_number] = input.items.front();
      tick.time = tick.time_msc = sequence_number = value;
      tick.volume = static_cast<std::uint64_t>(value);
      tick.flags = static_cast<std::uint32_t>(value);
      CheckSame(input);

      input = OneTick(kQuote);
      input.batch_sequence = input.batch_unix_ms = value;
      CheckSame(input);
    }
  }
}

BOOST_AUTO_TEST_CASE(doubles_bit_for_bit) {
  for (const double bid : kEdgeDoubles) {
    for (const double ask : kEdgeDoubles) {
      BOOST_TEST_CONTEXT("bid " << bid << ", ask " << ask) {
        BatchInput input = OneTick(kQuote);
        Tick& tick = input.items.front().tick;
        tick.bid = tick.last = bid;
        tick.ask = tick.volume_real = ask;
        CheckSame(input);
      }
    }
  }
}

// Symbol and tenant sweep the tick over 127 and 128 bytes, where its length takes a second byte,
// and each over its own 127 and 128.
BOOST_AUTO_TEST_CASE(texts_of_every_length) {
  for (std::size_t bytes = 0; bytes <= 300; ++bytes) {
    BatchInput input = OneTick(kEverything);
    input.items.front().symbol.assign(bytes, 'S');
    CheckSameWithBothStamps(input);

    input = OneTick(kEverything);
    input.tenant_id.assign(bytes, 't');
    CheckSameWithBothStamps(input);
  }
}

BOOST_AUTO_TEST_CASE(ticks_whose_length_takes_three_bytes) {
  for (std::size_t bytes = 16'200; bytes <= 16'400; ++bytes) {
    BatchInput input = OneTick(kEverything);
    input.items.front().symbol.assign(bytes, 'S');
    CheckSameWithBothStamps(input);
  }
}

BOOST_AUTO_TEST_CASE(names_beyond_ascii) {
  BatchInput input = OneTick(kQuote);
  input.tenant_id = "société-générale";
  input.items.front().symbol = "ユーロ/米ドル";
  CheckSameWithBothStamps(input);
}

BOOST_AUTO_TEST_CASE(a_batch_without_ticks) {
  BatchInput input = OneTick(kQuote);
  input.items.clear();
  CheckSameWithBothStamps(input);
}

// One writer takes tick after tick and closes after each: past 127 and 16,383 bytes, up to a frame
// of 1 MiB.
BOOST_AUTO_TEST_CASE(frames_of_every_size_up_to_the_limit) {
  const std::array<std::string, 4> symbols = {"EURUSD", "XAUUSD.m", "US500", "GER40.cash"};
  BatchInput input = OneTick(kQuote);
  input.items.clear();
  BatchWriter writer(input.tenant_id, input.stamp);
  std::size_t largest = 0;
  while (writer.bytes() + 200 < kMaxFrameBytes) {
    const auto count = static_cast<std::int64_t>(input.items.size());
    BatchInput::Item item{.symbol = symbols[input.items.size() % symbols.size()],
                          .tick = input.items.size() % 5 == 0 ? kEverything : kQuote,
                          .sequence_number = count + 1};
    item.tick.time_msc += count * 37;
    item.tick.bid += static_cast<double>(count) * 1e-5;
    writer.Add(SymbolTag(item.symbol), item.tick, item.sequence_number);
    input.items.push_back(std::move(item));

    const bool compare = count < 400 || count % 1000 == 0 || writer.bytes() + 200 >= kMaxFrameBytes;
    if (!compare) continue;
    const auto frame = writer.Close(input.batch_sequence, input.batch_unix_ms);
    largest = frame.size();
    BOOST_TEST_CONTEXT(input.items.size() << " ticks") {
      BOOST_TEST((ToString(frame) == SerializedByProtobuf(input)));
      BOOST_TEST(writer.ticks() == input.items.size());
    }
  }
  BOOST_TEST(largest > kMaxFrameBytes - 200);
  BOOST_TEST(largest <= kMaxFrameBytes);
}

BOOST_AUTO_TEST_CASE(clear_begins_the_next_batch_and_reserve_keeps_this_one) {
  BatchInput input = OneTick(kEverything);
  BatchWriter writer(input.tenant_id, input.stamp);
  for (int round = 0; round < 3; ++round) {
    AddAll(writer, input);
    writer.Reserve(writer.bytes() * 1000);
    BOOST_TEST((ToString(writer.Close(input.batch_sequence, input.batch_unix_ms)) ==
                SerializedByProtobuf(input)));
    writer.Clear();
    BOOST_TEST(writer.ticks() == 0u);
    BOOST_TEST(writer.bytes() == 0u);
    ++input.batch_sequence;
  }
}

BOOST_AUTO_TEST_CASE(bounds_hold_and_are_met) {
  constexpr Tick kLargest{.time = -1,
                          .bid = 1,
                          .ask = 2,
                          .last = 1,
                          .volume = ~std::uint64_t{0},
                          .time_msc = -1,
                          .flags = ~std::uint32_t{0},
                          .volume_real = 1};
  for (const std::size_t symbol_bytes : {1, 6, 31, 64, 127, 128, 20'000}) {
    for (const std::size_t tenant_bytes : {1, 4, 36, 127, 128, 300, 20'000}) {
      BOOST_TEST_CONTEXT("symbol " << symbol_bytes << ", tenant " << tenant_bytes) {
        BatchWriter writer(std::string(tenant_bytes, 't'), Stamp::kTick);
        const std::size_t bound = BatchWriter::MaxTickBytes(symbol_bytes, tenant_bytes);
        const SymbolTag symbol(std::string(symbol_bytes, 'S'));
        writer.Add(symbol, kLargest, -1);
        BOOST_TEST(writer.bytes() == bound);
        writer.Add(symbol, kQuote, 1);
        BOOST_TEST(writer.bytes() < 2 * bound);
        std::uint32_t crc32c = 0;
        BOOST_TEST(writer.Seal(writer.Close(-1, -1), crc32c).size() ==
                   writer.bytes() + writer.max_close_bytes());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(random_batches) {
  constexpr std::uint64_t kSeed = 20'200'101;
  std::mt19937_64 random(kSeed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  // Of any length: as likely 1 bit as 64, now and then 0 or negative.
  const auto integer = [&] {
    return static_cast<std::int64_t>(random() >> below(64)) * (below(8) != 0);
  };
  const auto price = [&] {
    switch (below(8)) {
      case 0:
        return 0.0;
      case 1:
        return kEdgeDoubles[below(kEdgeDoubles.size())];
      case 2:
        return std::bit_cast<double>(random());
      default:
        return static_cast<double>(below(2'000'000)) * 1e-5;
    }
  };
  const auto text = [&](std::uint64_t longest) {
    std::string characters(below(longest), ' ');
    for (char& c : characters) c = static_cast<char>('!' + below(94));
    return characters;
  };

  for (int round = 0; round < 20'000; ++round) {
    BatchInput input{.tenant_id = text(below(16) == 0 ? 300 : 40),
                     .stamp = below(2) == 0 ? Stamp::kTick : Stamp::kBatch,
                     .items = {},
                     .batch_sequence = integer(),
                     .batch_unix_ms = integer()};
    for (std::uint64_t ticks = below(below(50) == 0 ? 400 : 8); ticks > 0; --ticks) {
      input.items.push_back({.symbol = text(below(16) == 0 ? 300 : 12),
                             .tick = {.time = integer(),
                                      .bid = price(),
                                      .ask = price(),
                                      .last = price(),
                                      .volume = static_cast<std::uint64_t>(integer()),
                                      .time_msc = integer(),
                                      .flags = static_cast<std::uint32_t>(integer()),
                                      .volume_real = price()},
                             .sequence_number = integer()});
    }
    BOOST_TEST_CONTEXT("seed " << kSeed << ", round " << round) { CheckSame(input); }
  }
}

// The seal is the field frame_crc32c, last, over all before it.
BOOST_AUTO_TEST_CASE(a_seal_is_the_checksum_of_what_stands_before_it) {
  BatchWriter writer("acme", Stamp::kTick);
  writer.Add(SymbolTag("EURUSD"), Tick{1'577'898'000, 1.1, 1.2, 0, 0, 1'577'898'000'000, 6, 0}, 1);
  const std::span<const std::byte> closed = writer.Close(7, 1'577'898'000'123);
  const std::vector<std::byte> before(closed.begin(), closed.end());
  std::uint32_t crc32c = 0;
  const std::span<const std::byte> frame = writer.Seal(closed, crc32c);
  BOOST_TEST(crc32c == Crc32c(frame));
  trading::v1::MarketDataStream parsed;
  BOOST_REQUIRE(parsed.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  BOOST_TEST(parsed.frame_crc32c() == Crc32c(before));
  BOOST_TEST(parsed.SerializeAsString() ==
             std::string(reinterpret_cast<const char*>(frame.data()), frame.size()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
