// Against the formulas over the whole row, and against what TA-Lib says (tests/golden).
#include "quality/indicators.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace tpb::quality {
namespace {

constexpr double kTolerance = 1e-12;

// A walk in steps of a tick, as prices go.
std::vector<double> Walk(std::size_t count, double start, double step, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<double> values;
  double value = start;
  for (std::size_t i = 0; i < count; ++i) {
    value += step * (static_cast<int>(random() % 7) - 3);
    values.push_back(value);
  }
  return values;
}

// ---- The formulas, from the beginning for each value.

double MeanOf(std::span<const double> values, std::size_t count) {
  if (values.size() < count) return kNotKnown;
  const std::span<const double> newest = values.last(count);
  double sum = 0;
  for (const double value : newest) sum += value;
  const double mean = sum / static_cast<double>(count);
  double rest = 0;  // of the first pass
  for (const double value : newest) rest += value - mean;
  return mean + rest / static_cast<double>(count);
}

double EmaOf(std::span<const double> values, std::size_t count) {
  if (values.size() < count) return kNotKnown;
  double mean = MeanOf(values.first(count), count);
  const double weight = 2.0 / static_cast<double>(count + 1);
  for (const double value : values.subspan(count)) mean = value * weight + mean * (1 - weight);
  return mean;
}

double RsiOf(std::span<const double> values, std::size_t count) {
  if (values.size() <= count) return kNotKnown;
  double gain = 0;
  double loss = 0;
  const auto n = static_cast<double>(count);
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double change = values[i] - values[i - 1];
    const double up = std::max(change, 0.0);
    const double down = std::max(-change, 0.0);
    gain = i <= count ? gain + up / n : (gain * (n - 1) + up) / n;
    loss = i <= count ? loss + down / n : (loss * (n - 1) + down) / n;
  }
  return gain + loss < 1e-14 ? 0 : 100 * gain / (gain + loss);
}

bool IsClose(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return std::abs(a - b) <= kTolerance * std::max(1.0, std::max(std::abs(a), std::abs(b)));
}

void CheckAll(const std::vector<double>& values) {
  Indicators indicators;
  for (std::size_t i = 0; i < values.size(); ++i) {
    indicators.Add(values[i], static_cast<std::int64_t>(1000 + i));
    const std::span<const double> so_far(values.data(), i + 1);
    const IndicatorInfo info = indicators.info();
    BOOST_TEST_CONTEXT("value " << i) {
      BOOST_TEST(IsClose(info.sma_20, MeanOf(so_far, 20)));
      BOOST_TEST(IsClose(info.sma_50, MeanOf(so_far, 50)));
      BOOST_TEST(IsClose(info.ema_12, EmaOf(so_far, 12)));
      BOOST_TEST(IsClose(info.ema_26, EmaOf(so_far, 26)));
      BOOST_TEST(IsClose(info.rsi, RsiOf(so_far, 14)));
      BOOST_TEST(+info.ticks == static_cast<std::int64_t>(i + 1));
      BOOST_TEST(+info.time_msc == static_cast<std::int64_t>(1000 + i));
    }
  }
}

BOOST_AUTO_TEST_SUITE(indicators)

BOOST_AUTO_TEST_CASE(as_the_formulas_say) {
  CheckAll(Walk(400, 1.1, 1e-5));
  CheckAll(Walk(400, 150.0, 1e-3, 2));
  CheckAll(Walk(200, -30.0, 0.5, 3));        // a price may be negative
  CheckAll(std::vector<double>(120, 1.25));  // nothing moves
  std::vector<double> leaps = Walk(100, 1.1, 1e-5, 4);
  leaps[60] = 1e9;  // and is forgotten again
  CheckAll(leaps);
}

BOOST_AUTO_TEST_CASE(rising_and_falling_alone) {
  Rsi<14> rising;
  Rsi<14> falling;
  for (int i = 0; i < 30; ++i) {
    rising.Add(i);
    falling.Add(-i);
  }
  BOOST_TEST(rising.value() == 100);
  BOOST_TEST(falling.value() == 0);
}

// The sum of a mean is never older than its window: after a long row it is as exact as at first.
BOOST_AUTO_TEST_CASE(no_error_grows_with_the_row) {
  Sma<20> sma_20;
  Sma<50> sma_50;
  std::mt19937 random(7);
  std::vector<double> newest(50);
  for (std::size_t i = 0; i < 10'000'000; ++i) {
    const double value = (i % 1000 == 0 ? 1e6 : 1.0) + 1e-5 * (random() % 1000);
    newest[i % 50] = value;
    sma_20.Add(value);
    sma_50.Add(value);
  }
  std::rotate(newest.begin(), newest.begin() + 10'000'000 % 50, newest.end());
  BOOST_TEST(IsClose(sma_20.value(), MeanOf(newest, 20)));
  BOOST_TEST(IsClose(sma_50.value(), MeanOf(newest, 50)));
}

BOOST_AUTO_TEST_CASE(as_ta_lib_says) {
  std::ifstream file("golden/indicators.json", std::ios::binary);  // ctest starts in tests/
  BOOST_REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const boost::json::object golden = boost::json::parse(text).as_object();
  const auto at = [&](const char* name, std::size_t i) {
    const boost::json::value& value = golden.at(name).as_array().at(i);
    return value.is_null() ? kNotKnown : value.to_number<double>();
  };
  const auto is_equal = [](double ours, double theirs) {  // the vectors are exact to so much
    return std::isnan(theirs) ? std::isnan(ours) : std::abs(ours - theirs) <= 1e-9;
  };
  Indicators indicators;
  const std::size_t count = golden.at("values").as_array().size();
  BOOST_REQUIRE(count >= 100);
  for (std::size_t i = 0; i < count; ++i) {
    indicators.Add(at("values", i), 1);
    const IndicatorInfo info = indicators.info();
    BOOST_TEST_CONTEXT("value " << i) {
      BOOST_TEST(is_equal(info.sma_20, at("sma_20", i)));
      BOOST_TEST(is_equal(info.sma_50, at("sma_50", i)));
      BOOST_TEST(is_equal(info.ema_12, at("ema_12", i)));
      BOOST_TEST(is_equal(info.ema_26, at("ema_26", i)));
      BOOST_TEST(is_equal(info.rsi, at("rsi", i)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb::quality
