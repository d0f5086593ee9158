#include "session/backoff.h"

#include <boost/test/unit_test.hpp>
#include <set>

namespace tpb {
namespace {

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(first_is_under_a_second_and_none_above_the_limit) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(milliseconds(250), milliseconds(5000), seed);
    milliseconds longest{0};
    for (int attempt = 0; attempt < 100; ++attempt) {
      const milliseconds wait = backoff.Next();
      if (attempt == 0) BOOST_TEST(wait.count() <= 250);
      BOOST_TEST(wait.count() >= 125);
      BOOST_TEST(wait.count() <= 5000);
      longest = std::max(longest, wait);
    }
    BOOST_TEST(longest.count() > 2500);
  }
}

BOOST_AUTO_TEST_CASE(reset_begins_anew) {
  Backoff backoff(milliseconds(250), milliseconds(5000), 1);
  for (int attempt = 0; attempt < 10; ++attempt) backoff.Next();
  BOOST_TEST(backoff.Next().count() >= 2500);
  backoff.Reset();
  BOOST_TEST(backoff.Next().count() <= 250);
}

BOOST_AUTO_TEST_CASE(clients_do_not_come_back_together) {
  std::set<std::int64_t> waits;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    Backoff backoff(milliseconds(250), milliseconds(5000), seed * 7919);
    backoff.Next();
    backoff.Next();
    waits.insert(backoff.Next().count());
  }
  BOOST_TEST(waits.size() > 50u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
