#include "session/symbols.h"

#include <boost/test/unit_test.hpp>
#include <random>

namespace tpb {
namespace {

constexpr std::int64_t kTime = 1'577'898'000'000;

std::vector<std::byte> Written(const Symbols& symbols) {
  std::vector<std::byte> checkpoint;
  symbols.Write(checkpoint);
  return checkpoint;
}

void Accept(Symbols& symbols, const std::string& name, std::int64_t time_msc) {
  Symbol* const symbol = symbols.Find(name);
  BOOST_REQUIRE(symbol != nullptr);
  ++symbol->newest_sequence;
  symbol->Took(time_msc);
}

void CheckSymbol(const Symbols& symbols, const std::string& name, std::int64_t newest_sequence,
                 Cursor cursor) {
  const Symbol* const symbol = symbols.Seen(name);
  BOOST_REQUIRE(symbol != nullptr);
  BOOST_TEST(symbol->newest_sequence == newest_sequence);
  BOOST_TEST(symbol->cursor.time_msc == cursor.time_msc);
  BOOST_TEST(symbol->cursor.count == cursor.count);
}

BOOST_AUTO_TEST_SUITE(symbols)

BOOST_AUTO_TEST_CASE(found_where_it_was_and_seen_only_once_found) {
  Symbols symbols;
  BOOST_TEST(symbols.Seen("EURUSD") == nullptr);
  Symbol* const first = symbols.Find("EURUSD");
  for (int i = 0; i < 1000; ++i) symbols.Find("S" + std::to_string(i));
  BOOST_TEST(symbols.Find("EURUSD") == first);
  BOOST_TEST(symbols.Seen("EURUSD") == first);
  BOOST_TEST(symbols.Seen("EURUSDx") == nullptr);
  BOOST_TEST(symbols.size() == 1001u);
}

BOOST_AUTO_TEST_CASE(at_most_so_many) {
  Symbols symbols;
  for (std::size_t i = 0; i < Symbols::kMax; ++i) {
    BOOST_REQUIRE(symbols.Find("S" + std::to_string(i)) != nullptr);
  }
  BOOST_TEST(symbols.Find("more") == nullptr);
  BOOST_TEST(!symbols.Replay("more", 1, kTime));
  BOOST_TEST(symbols.Find("S5") != nullptr);
  const std::vector<std::byte> full = Written(symbols);
  BOOST_TEST(full.size() <= Symbols::MaxBytes(Symbols::kMax));
  Symbols read;
  BOOST_TEST(read.Read(full));
  BOOST_TEST(read.size() == Symbols::kMax);
}

BOOST_AUTO_TEST_CASE(each_has_its_limits) {
  quality::Rules rules;
  rules.spread.by_symbol = {{"XAUUSD", 100}};
  Symbols symbols(rules);
  BOOST_TEST(symbols.Find("XAUUSD")->check.limits().spread < 0.011);
  BOOST_TEST(symbols.Find("EURUSD")->check.limits().spread > 0.049);
}

BOOST_AUTO_TEST_CASE(a_cursor_counts_the_ticks_of_the_newest_millisecond) {
  Symbols symbols;
  const auto cursor_after = [&](std::int64_t time_msc) {
    symbols.Find("A")->Took(time_msc);
    return symbols.Seen("A")->cursor;
  };
  BOOST_TEST((cursor_after(kTime) == Cursor{kTime, 1}));
  BOOST_TEST((cursor_after(kTime) == Cursor{kTime, 2}));
  BOOST_TEST((cursor_after(kTime + 7) == Cursor{kTime + 7, 1}));
  BOOST_TEST((cursor_after(kTime) == Cursor{kTime + 7, 1}));  // late by little
  BOOST_TEST((cursor_after(kTime + 7) == Cursor{kTime + 7, 2}));
  BOOST_TEST((cursor_after(kTime + 7 - 1000) == Cursor{kTime + 7, 2}));
  BOOST_TEST((cursor_after(kTime + 7 - 1001) == Cursor{kTime + 7 - 1001, 1}));  // time ran back
  BOOST_TEST((cursor_after(kTime) == Cursor{kTime, 1}));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_brings_all_back) {
  Symbols symbols;
  Accept(symbols, "EURUSD", kTime);
  Accept(symbols, "EURUSD", kTime);
  Accept(symbols, std::string(64, 'x'), kTime + 1);
  symbols.Find("no tick yet");
  Symbols read;
  read.Find("GONE");
  BOOST_REQUIRE(read.Read(Written(symbols)));
  BOOST_TEST(read.size() == 3u);
  CheckSymbol(read, "EURUSD", 2, {kTime, 2});
  CheckSymbol(read, std::string(64, 'x'), 1, {kTime + 1, 1});
  CheckSymbol(read, "no tick yet", 0, {});
  BOOST_TEST(read.Find("GONE")->newest_sequence == 0);
  BOOST_TEST(read.Find("EURUSD") == read.Seen("EURUSD"));
}

BOOST_AUTO_TEST_CASE(ticks_found_again_count_once) {
  Symbols symbols;
  Accept(symbols, "A", kTime);
  Accept(symbols, "A", kTime);
  BOOST_TEST(symbols.Replay("A", 1, kTime));
  BOOST_TEST(symbols.Replay("A", 2, kTime));
  CheckSymbol(symbols, "A", 2, {kTime, 2});
  BOOST_TEST(symbols.Replay("A", 3, kTime));
  BOOST_TEST(symbols.Replay("A", 3, kTime));
  CheckSymbol(symbols, "A", 3, {kTime, 3});
  BOOST_TEST(symbols.Replay("B", 5, kTime + 1));
  CheckSymbol(symbols, "B", 5, {kTime + 1, 1});
}

BOOST_AUTO_TEST_CASE(what_is_no_tick_of_ours_is_refused) {
  Symbols symbols;
  BOOST_TEST(!symbols.Replay("", 1, kTime));
  BOOST_TEST(!symbols.Replay("A,B", 1, kTime));
  BOOST_TEST(!symbols.Replay("A", 0, kTime));
  BOOST_TEST(!symbols.Replay("A", -1, kTime));
  BOOST_TEST(!symbols.Replay("A", 1, 0));
  BOOST_TEST(!symbols.Replay("A", std::numeric_limits<std::int64_t>::max(), kTime));
  BOOST_TEST(symbols.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_cut_short_or_too_long_is_none) {
  Symbols symbols;
  Accept(symbols, "EURUSD", kTime);
  Accept(symbols, "GBPUSD", kTime);
  std::vector<std::byte> whole = Written(symbols);
  Symbols read;
  Accept(read, "KEPT", kTime);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST(!read.Read(std::span(whole).first(size)), size);
  }
  whole.push_back(std::byte{0});
  BOOST_TEST(!read.Read(whole));
  CheckSymbol(read, "KEPT", 1, {kTime, 1});
}

BOOST_AUTO_TEST_CASE(nonsense_in_a_checkpoint_is_refused) {
  Symbols symbols;
  Accept(symbols, "A", kTime);
  const std::vector<std::byte> sound = Written(symbols);
  const auto with = [&](std::size_t at, int value, std::size_t count = 1) {
    std::vector<std::byte> changed = sound;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), count, std::byte(value));
    Symbols read;
    return read.Read(changed);
  };
  BOOST_TEST(with(9, 'B'));
  BOOST_TEST(!with(0, 2));         // another version
  BOOST_TEST(!with(4, 2));         // one more symbol than there is
  BOOST_TEST(!with(4, 0xff, 4));   // more than there can be
  BOOST_TEST(!with(9, ','));       // no name
  BOOST_TEST(!with(8, 0));         // an empty one
  BOOST_TEST(!with(10, 0xff, 8));  // a sequence below 0
  BOOST_TEST(!with(10, 0, 8));     // a cursor without a tick
  BOOST_TEST(!with(18, 0xff, 8));  // a time below 0
  BOOST_TEST(!with(26, 0, 4));     // a cursor of no ticks
  std::vector<std::byte> twice = sound;
  twice.insert(twice.end(), sound.begin() + 8, sound.end());
  twice[4] = std::byte{2};
  BOOST_TEST(!Symbols().Read(twice));
}

BOOST_AUTO_TEST_CASE(random_bytes_do_no_harm) {
  std::mt19937_64 random(1);
  Symbols symbols;
  for (int i = 0; i < 20; ++i) Accept(symbols, "S" + std::to_string(i), kTime + i);
  const std::vector<std::byte> sound = Written(symbols);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = sound;
    for (int i = 0; i < 3; ++i) damaged[random() % sound.size()] = std::byte(random() & 0xff);
    Symbols read;
    if (read.Read(damaged)) {
      Accept(read, "S1", kTime);
      BOOST_TEST(Symbols().Read(Written(read)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
