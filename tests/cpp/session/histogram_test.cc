#include "session/histogram.h"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace tpb {
namespace {

BOOST_AUTO_TEST_SUITE(histogram)

BOOST_AUTO_TEST_CASE(empty_is_zero) {
  const Histogram histogram;
  BOOST_TEST(histogram.Percentile(0.5) == 0);
  BOOST_TEST(histogram.max() == 0);
}

BOOST_AUTO_TEST_CASE(percentiles_are_within_a_sixteenth) {
  Histogram histogram;
  for (std::int64_t value = 1; value <= 100000; ++value) histogram.Record(value);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = share * 100000;
    BOOST_TEST(static_cast<double>(histogram.Percentile(share)) >= exact);
    BOOST_TEST(static_cast<double>(histogram.Percentile(share)) <= exact * 17 / 16 + 1);
  }
  BOOST_TEST(histogram.Percentile(1.0) == 100000);
}

BOOST_AUTO_TEST_CASE(extremes_and_weights) {
  Histogram histogram;
  histogram.Record(-5);
  BOOST_TEST(histogram.Percentile(0.5) == 0);
  histogram.Record(std::numeric_limits<std::int64_t>::max(), 9);
  BOOST_TEST(histogram.Percentile(0.5) == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(histogram.Percentile(0.05) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
