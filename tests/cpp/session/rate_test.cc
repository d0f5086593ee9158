#include "session/rate.h"

#include <boost/test/unit_test.hpp>

namespace tpb {
namespace {

TimePoint At(double seconds) {
  return TimePoint{} +
         std::chrono::duration_cast<TimePoint::duration>(std::chrono::duration<double>(seconds));
}

BOOST_AUTO_TEST_SUITE(rate)

BOOST_AUTO_TEST_CASE(counts_whole_seconds_of_the_last_ten) {
  Rate rate(At(0));
  BOOST_TEST(rate.PerSecond(At(0.5)) == 0.0);
  for (int second = 0; second < 30; ++second) rate.Add(20, At(second + 0.5));
  BOOST_TEST(rate.PerSecond(At(30.1)) == 20.0);
  BOOST_TEST(rate.PerSecond(At(35.0)) == 10.0);
  BOOST_TEST(rate.PerSecond(At(1000.0)) == 0.0);
}

BOOST_AUTO_TEST_CASE(is_right_in_the_first_seconds) {
  Rate rate(At(0));
  rate.Add(30, At(0.2));
  rate.Add(30, At(1.2));
  BOOST_TEST(rate.PerSecond(At(2.0)) == 30.0);
  BOOST_TEST(rate.PerSecond(At(3.0)) == 20.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
