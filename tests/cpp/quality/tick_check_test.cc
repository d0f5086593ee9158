#include "quality/tick_check.h"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tpb::quality {
namespace {

constexpr std::int64_t kNow = 1'577'898'000'000;
constexpr std::int64_t kAhead = 1000;
constexpr std::int64_t kBehind = 10;

Limits TheLimits() {
  Rules rules;
  rules.spread = {.standard = 500, .by_symbol = {{"XAUUSD", 100}}};
  rules.jump = {.standard = 1000, .by_symbol = {{"XAUUSD", 100}}};
  rules.max_future_ms = kAhead;
  rules.max_backward_ms = kBehind;
  return rules.For("EURUSD");
}

Tick Quote(double bid, double ask, std::int64_t time_msc = kNow, double last = 0) {
  Tick tick{};
  tick.bid = bid;
  tick.ask = ask;
  tick.last = last;
  tick.time_msc = time_msc;
  return tick;
}

constexpr History kBefore{.time_msc = kNow, .bid = 1};

Flaws Judged(const Tick& tick, const History& history = kBefore) {
  return Judge(TheLimits(), history, tick, kNow);
}

std::string Names(Flaws flaws) {
  static constexpr const char* kNames[kFlawKinds] = {"not positive ", "crossed ", "spread ",
                                                     "jump ",         "future ",  "backward "};
  std::string names;
  for (std::size_t kind = 0; kind < kFlawKinds; ++kind) {
    if (flaws.has(static_cast<Flaw>(kind))) names += kNames[kind];
  }
  return names;
}

BOOST_AUTO_TEST_SUITE(tick_check)

BOOST_AUTO_TEST_CASE(each_flaw_and_its_boundary) {
  struct Case {
    Tick tick;
    const char* flaws;
  };
  const Case cases[] = {
      {Quote(1, 1.01), ""},
      {Quote(1, 1), ""},  // no spread at all
      {Quote(0, 1), "not positive "},
      {Quote(1, 0), "not positive "},
      {Quote(-1, 1), "not positive "},
      {Quote(1, -1), "not positive "},
      {Quote(-0.0, 1), "not positive "},
      {Quote(0, 0), "not positive "},
      {Quote(1, 1.01, kNow, -1), "not positive "},
      {Quote(1.01, 1), "crossed "},
      {Quote(1, 1.05), ""},
      {Quote(1, 1.0501), "spread "},
      {Quote(1.1, 1.1), ""},
      {Quote(1.1001, 1.1001), "jump "},
      {Quote(0.9, 0.9), ""},
      {Quote(0.8999, 0.8999), "jump "},
      {Quote(1, 1, kNow + kAhead), ""},
      {Quote(1, 1, kNow + kAhead + 1), "future "},
      {Quote(1, 1, std::numeric_limits<std::int64_t>::max()), "future "},
      {Quote(1, 1, kNow - kBehind), ""},
      {Quote(1, 1, kNow - kBehind - 1), "backward "},
      {Quote(3, 2, kNow - kBehind - 1), "crossed jump backward "},
  };
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT("bid " << each.tick.bid << ", ask " << each.tick.ask << ", last "
                              << each.tick.last << ", time_msc " << each.tick.time_msc) {
      BOOST_TEST(Names(Judged(each.tick)) == each.flaws);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_markets_do_is_no_flaw) {
  BOOST_TEST(!Judged(Quote(1, 1.01, kNow, 0)));  // no last price, as in foreign exchange
  BOOST_TEST(!Judged(Quote(0, 0, kNow, 1)));     // a trade while the book is empty
  BOOST_TEST(!Judged(Quote(1, 1.01, kNow, 1)));  // volume 0
  BOOST_TEST(!Judged(Quote(5, 5), History{}));   // the first tick jumps from nowhere
  BOOST_TEST(!Judged(Quote(5, 5), {kNow, 0}));   // nor after a trade without a book
}

BOOST_AUTO_TEST_CASE(equal_ticks_and_equal_times_are_sound) {
  TickCheck check(TheLimits());
  for (int i = 0; i < 5; ++i) BOOST_TEST(!check.Accept(Quote(1, 1.01), kNow));
}

BOOST_AUTO_TEST_CASE(a_trade_without_a_book_leaves_the_bid_to_compare_with) {
  TickCheck check(TheLimits());
  BOOST_TEST(!check.Accept(Quote(1, 1.01), kNow));
  BOOST_TEST(!check.Accept(Quote(0, 0, kNow, 2), kNow));
  BOOST_TEST(check.Accept(Quote(2, 2), kNow).has(Flaw::kJump));
}

BOOST_AUTO_TEST_CASE(no_limit_finds_nothing) {
  Rules rules;
  rules.spread.standard = rules.jump.standard = 0;
  BOOST_TEST(!Judge(rules.For("A"), kBefore, Quote(1e300, 1e308), kNow));
  BOOST_TEST(!Judge(rules.For("A"), {kNow, 1e308}, Quote(1e-308, 1e-308), kNow));
}

BOOST_AUTO_TEST_CASE(by_default_trade_servers_clocks_run_ahead) {
  const Limits limits = Rules().For("EURUSD");
  const std::int64_t hour = 3'600'000;
  BOOST_TEST(!Judge(limits, {}, Quote(1, 1.04, kNow + 14 * hour), kNow));
  BOOST_TEST(Judge(limits, {}, Quote(1, 1.04, kNow + 16 * hour), kNow).has(Flaw::kFuture));
  BOOST_TEST(!Judge(limits, {}, Quote(1, 1.04, kNow - 24 * hour), kNow));  // from history
}

BOOST_AUTO_TEST_CASE(prices_at_a_limit_are_not_beyond_it_whatever_doubles_make_of_them) {
  for (int pips = 1; pips < 200'000; pips += 7) {
    const double bid = pips / 100'000.0;
    const double ask = pips * 105 / 10'000'000.0;
    BOOST_TEST_REQUIRE(!Judge(TheLimits(), {}, Quote(bid, ask), kNow), bid << " " << ask);
  }
}

BOOST_AUTO_TEST_CASE(a_flagged_tick_is_what_the_next_is_compared_with) {
  TickCheck check(TheLimits());
  BOOST_TEST(!check.Accept(Quote(1, 1), kNow));
  BOOST_TEST(check.Accept(Quote(2, 2), kNow).has(Flaw::kJump));
  BOOST_TEST(!check.Accept(Quote(2, 2), kNow));
  BOOST_TEST(check.Accept(Quote(2, 2, kNow - 500), kNow).has(Flaw::kBackward));
  BOOST_TEST(!check.Accept(Quote(2, 2, kNow - 499), kNow));
}

// ---- Refusing: what is tried is accepted only where the whole call is sound ---------------------

BOOST_AUTO_TEST_CASE(a_call_is_judged_by_its_own_earlier_ticks_and_leaves_no_trace) {
  TickCheck check(TheLimits());
  BOOST_TEST(!check.Accept(Quote(1, 1), kNow));
  BOOST_TEST(!check.Try(Quote(1.08, 1.08), kNow, 1));
  BOOST_TEST(!check.Try(Quote(1.16, 1.16), kNow, 1));  // near the tick before it
  // That call was refused for another reason: nothing of it counts.
  BOOST_TEST(check.Try(Quote(1.16, 1.16), kNow, 2).has(Flaw::kJump));
}

BOOST_AUTO_TEST_CASE(what_was_tried_is_accepted_alike) {
  TickCheck check(TheLimits());
  const std::vector<Tick> call = {Quote(1, 1), Quote(1.05, 1.06, kNow + 5), Quote(1.1, 1.1)};
  for (const Tick& tick : call) BOOST_TEST(!check.Try(tick, kNow, 1));
  for (const Tick& tick : call) BOOST_TEST(!check.Accept(tick, kNow));
}

BOOST_AUTO_TEST_CASE(a_refused_tick_stays_refused_however_often_it_is_tried) {
  TickCheck check(TheLimits());
  check.Accept(Quote(1, 1), kNow);
  for (std::uint64_t call = 1; call < 5; ++call) {
    BOOST_TEST(check.Try(Quote(2, 2, kNow + 1), kNow, call).has(Flaw::kJump));
  }
}

BOOST_AUTO_TEST_CASE(a_market_that_moved_is_believed_at_its_second_tick) {
  TickCheck check(TheLimits());
  check.Accept(Quote(1, 1), kNow);
  BOOST_TEST(check.Try(Quote(2, 2, kNow + 1), kNow, 1).has(Flaw::kJump));
  BOOST_TEST(!check.Try(Quote(2.01, 2.01, kNow + 2), kNow, 2));
  BOOST_TEST(!check.Accept(Quote(2.01, 2.01, kNow + 2), kNow));
  BOOST_TEST(!check.Try(Quote(2.02, 2.02, kNow + 3), kNow, 3));
  // A clock that was set back is believed likewise.
  BOOST_TEST(check.Try(Quote(2, 2, kNow - 3'600'000), kNow, 4).has(Flaw::kBackward));
  BOOST_TEST(!check.Try(Quote(2, 2, kNow - 3'599'000), kNow, 5));
}

BOOST_AUTO_TEST_CASE(single_wrong_ticks_do_not_bear_each_other_out) {
  TickCheck check(TheLimits());
  std::int64_t time = kNow;
  std::uint64_t call = 0;
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(!check.Try(Quote(1, 1, ++time), kNow, ++call));
    BOOST_TEST(!check.Accept(Quote(1, 1, time), kNow));
    BOOST_TEST(check.Try(Quote(2, 2, ++time), kNow, ++call).has(Flaw::kJump));
  }
}

BOOST_AUTO_TEST_CASE(a_tick_wrong_in_itself_bears_nothing_out) {
  TickCheck check(TheLimits());
  check.Accept(Quote(1, 1), kNow);
  BOOST_TEST(Names(check.Try(Quote(2, 1.5, kNow + 1), kNow, 1)) == "crossed jump ");
  BOOST_TEST(check.Try(Quote(2, 2, kNow + 2), kNow, 2).has(Flaw::kJump));
  BOOST_TEST(check.Try(Quote(2.5, 2, kNow + 3), kNow, 3).has(Flaw::kCrossed));
}

// ---- Property
// ------------------------------------------------------------------------------------

// A market that walks within the limits, with faults planted at known places.
BOOST_AUTO_TEST_CASE(every_planted_fault_is_found_and_none_is_invented) {
  std::mt19937_64 random(20261123);
  const auto share = [&](double most) {
    return std::uniform_real_distribution<double>(-most, most)(random);
  };
  const Flaw kinds[] = {Flaw::kNotPositive, Flaw::kCrossed, Flaw::kSpread,
                        Flaw::kJump,        Flaw::kFuture,  Flaw::kBackward};
  FlawCounts found;
  std::int64_t planted[kFlawKinds] = {};
  TickCheck check(TheLimits());
  double bid = 1.1;
  std::int64_t now = kNow;
  for (int i = 0; i < 200'000; ++i) {
    now += static_cast<std::int64_t>(random() % 50);
    const double step = share(0.04);
    bid *= (bid < 0.001 && step < 0) || (bid > 1e6 && step > 0) ? 1 : 1 + step;
    const Tick sound =
        Quote(bid, bid * (1 + std::abs(share(0.0499))),
              now - static_cast<std::int64_t>(random() % 6), random() % 2 == 0 ? 0.0 : bid);
    Flaws expected;
    Tick tick = sound;
    if (i > 0 && random() % 20 == 0) {
      const Flaw kind = kinds[random() % kFlawKinds];
      expected = kind;
      ++planted[static_cast<std::size_t>(kind)];
      if (kind == Flaw::kNotPositive) {
        (random() % 2 == 0 ? tick.bid : tick.ask) = random() % 2 == 0 ? 0 : -bid;
      }
      if (kind == Flaw::kCrossed) tick.ask = tick.bid * 0.999;
      if (kind == Flaw::kSpread) tick.ask = tick.bid * 1.051;
      if (kind == Flaw::kJump) {
        tick.bid *= random() % 2 == 0 ? 1.2 : 0.8;
        tick.ask = tick.bid;
      }
      if (kind == Flaw::kFuture) tick.time_msc = now + kAhead + 1;
      if (kind == Flaw::kBackward) tick.time_msc = now - 1000;
    }
    TickCheck alone = check;  // a fault is not what the next tick is compared with
    const Flaws flaws = alone.Accept(tick, now);
    BOOST_TEST_REQUIRE(Names(flaws) == Names(expected), "tick " << i);
    found.Add(flaws);
    BOOST_TEST_REQUIRE(!check.Accept(sound, now), "tick " << i);
  }
  for (std::size_t kind = 0; kind < kFlawKinds; ++kind) {
    BOOST_TEST(planted[kind] > 1000);
    BOOST_TEST(found.of(static_cast<Flaw>(kind)) == planted[kind]);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb::quality
