#include "quality/flaws.h"

#include <boost/test/unit_test.hpp>

namespace tpb::quality {
namespace {

constexpr Limits kLimits{.spread = 0.05, .jump = 0.1, .future_ms = 1000, .backward_ms = 10};
constexpr History kBefore{.time_msc = 1'577'898'000'500, .bid = 1.25};
constexpr std::int64_t kNow = 1'577'898'000'000;

Tick Quote(double bid, double ask, std::int64_t time_msc = kBefore.time_msc) {
  Tick tick{};
  tick.bid = bid;
  tick.ask = ask;
  tick.time_msc = time_msc;
  return tick;
}

void CheckSentence(Flaws flaws, const Tick& tick, const std::string& expected) {
  BOOST_TEST(Sentence(flaws, kLimits, kBefore, tick, kNow) == expected);
}

BOOST_AUTO_TEST_SUITE(flaws)

BOOST_AUTO_TEST_CASE(counted_by_kind_and_by_tick) {
  FlawCounts counts;
  counts.Add({});
  BOOST_TEST(counts.ticks() == 0);
  counts.Add(Flaw::kCrossed);
  counts.Add(Flaws(Flaw::kCrossed) | Flaw::kBackward);
  BOOST_TEST(counts.ticks() == 2);
  BOOST_TEST(counts.of(Flaw::kCrossed) == 2);
  BOOST_TEST(counts.of(Flaw::kBackward) == 1);
  for (const Flaw flaw : {Flaw::kNotPositive, Flaw::kSpread, Flaw::kJump, Flaw::kFuture}) {
    BOOST_TEST(counts.of(flaw) == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_sentence_names_values_limit_and_key) {
  CheckSentence(Flaw::kNotPositive, Quote(0, 1.1),
                "A price is not positive: bid 0, ask 1.1, last 0 (quality).");
  CheckSentence(Flaw::kCrossed, Quote(1.2, 1.1), "The ask 1.1 is below the bid 1.2 (quality).");
  CheckSentence(Flaw::kSpread, Quote(1, 1.06),
                "The spread from bid 1 to ask 1.06 is 600 bp, beyond the limit of 500 bp "
                "(max_spread_bp).");
  CheckSentence(Flaw::kJump, Quote(1, 1.01),
                "The bid 1 is 2000 bp away from the tick before, 1.25, beyond the limit of 1000 bp "
                "(max_jump_bp).");
  CheckSentence(Flaw::kFuture, Quote(1, 1.01, kNow + 1001),
                "The time 1577898001001 is more than 1000 ms ahead of this machine's clock, "
                "1577898000000 (max_future_ms).");
  CheckSentence(Flaw::kBackward, Quote(1, 1.01, kNow),
                "The time 1577898000000 is more than 10 ms behind the tick before, 1577898000500 "
                "(max_backward_ms).");
}

BOOST_AUTO_TEST_CASE(several_flaws_are_several_sentences) {
  CheckSentence(Flaws(Flaw::kCrossed) | Flaw::kNotPositive, Quote(1.2, -1.5),
                "A price is not positive: bid 1.2, ask -1.5, last 0 (quality). The ask -1.5 is "
                "below the bid 1.2 (quality).");
  CheckSentence({}, Quote(1, 1.01), "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb::quality
