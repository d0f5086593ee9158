#include "quality/rules.h"

#include <boost/test/unit_test.hpp>

namespace tpb::quality {
namespace {

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(a_symbols_own_limit_comes_before_the_standard) {
  Rules rules;
  rules.spread = {.standard = 500, .by_symbol = {{"XAUUSD", 100}, {"BTCUSD", 0}}};
  rules.jump = {.standard = 0, .by_symbol = {{"XAUUSD", 20}}};
  rules.max_future_ms = 7;
  rules.max_backward_ms = 8;
  BOOST_TEST(rules.For("EURUSD").spread == 0.05, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(rules.For("EURUSD").jump == Limits::kNone);
  BOOST_TEST(rules.For("XAUUSD").spread == 0.01, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(rules.For("XAUUSD").jump == 0.002, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(rules.For("BTCUSD").spread == Limits::kNone);
  BOOST_TEST(rules.For("xauusd").spread == rules.For("EURUSD").spread);
  BOOST_TEST(rules.For("EURUSD").future_ms == 7);
  BOOST_TEST(rules.For("EURUSD").backward_ms == 8);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb::quality
