// MarketReader and the requests: every kind, the rules for what is not known, and no frame that
// could hurt.
#include "wire/market_reader.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tpb/market_stream.pb.h"
#include "trading/market_data.pb.h"
#include "wire/subscription_writer.h"

namespace tpb::wire {
namespace {

using trading::v1::ClientMarketData;
using trading::v1::TechnicalIndicators;

const double kNaN = std::nan("");

// What is read of a message, framed and bare; both say the same.
MarketData DataOf(const ClientMarketData& data) {
  MarketReader reader;
  v1::MarketFrame frame;
  *frame.mutable_data() = data;
  const std::string framed_bytes = frame.SerializeAsString();
  const std::string bare_bytes = data.SerializeAsString();
  const auto framed = reader.ReadFramed(std::as_bytes(std::span(framed_bytes)));
  BOOST_REQUIRE(framed.has_value() && std::holds_alternative<MarketMessage>(*framed));
  const MarketData read = std::get<MarketMessage>(*framed).data;
  const auto bare = reader.ReadBare(std::as_bytes(std::span(bare_bytes)));
  BOOST_REQUIRE(bare.has_value() && std::holds_alternative<MarketMessage>(*bare));
  const MarketData again = std::get<MarketMessage>(*bare).data;
  BOOST_TEST(std::memcmp(&read, &again, sizeof(read)) == 0);
  return read;
}

ClientMarketData Message() {
  ClientMarketData data;
  data.set_symbol("EURUSD");
  data.set_bid(1.1);
  data.set_ask(1.2);
  return data;
}

template <class T>
T ReadAs(const v1::MarketFrame& frame) {
  MarketReader reader;
  const std::string bytes = frame.SerializeAsString();
  const auto read = reader.ReadFramed(std::as_bytes(std::span(bytes)));
  BOOST_REQUIRE(read.has_value() && std::holds_alternative<T>(*read));
  return std::get<T>(*read);
}

bool IsRefused(const v1::MarketFrame& frame) {
  MarketReader reader;
  const std::string bytes = frame.SerializeAsString();
  return !reader.ReadFramed(std::as_bytes(std::span(bytes))).has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(market_reader)

BOOST_AUTO_TEST_CASE(what_a_foreign_gateway_leaves_out_is_not_known) {
  const MarketData nothing = DataOf(Message());
  for (const double each :
       {nothing.sma_20, nothing.sma_50, nothing.ema_12, nothing.ema_26, nothing.macd_line,
        nothing.macd_signal, nothing.rsi, nothing.bollinger_upper, nothing.bollinger_middle,
        nothing.bollinger_lower}) {
    BOOST_TEST(std::isnan(each));
  }
  BOOST_TEST(nothing.bid == 1.1);
  BOOST_TEST(nothing.ask == 1.2);

  ClientMarketData zeros = Message();
  zeros.mutable_indicators();
  const MarketData zero = DataOf(zeros);
  BOOST_TEST(std::isnan(zero.sma_20));
  BOOST_TEST(std::isnan(zero.macd_line));
  BOOST_TEST(std::isnan(zero.rsi));

  ClientMarketData some = Message();
  some.mutable_indicators()->set_ema_26(1.15);
  some.mutable_indicators()->set_sma_20(1.16);
  const MarketData known = DataOf(some);
  BOOST_TEST(known.macd_line == 0);
  BOOST_TEST(known.macd_signal == 0);
  BOOST_TEST(known.rsi == 0);
  BOOST_TEST(std::isnan(known.sma_50));

  ClientMarketData odd = Message();
  odd.set_bid(0);
  odd.set_ask(std::numeric_limits<double>::infinity());
  odd.mutable_indicators()->set_macd_line(-0.5);  // a number is one without the others
  odd.mutable_indicators()->set_rsi(50);
  const MarketData few = DataOf(odd);
  BOOST_TEST(std::isnan(few.bid));
  BOOST_TEST(std::isnan(few.ask));
  BOOST_TEST(few.macd_line == -0.5);
  BOOST_TEST(std::isnan(few.macd_signal));
  BOOST_TEST(few.rsi == 50);
}

BOOST_AUTO_TEST_CASE(our_gateway_says_nan) {
  ClientMarketData data = Message();
  TechnicalIndicators& indicators = *data.mutable_indicators();
  indicators.set_sma_20(1.15);
  indicators.set_ema_26(kNaN);
  indicators.set_macd_line(kNaN);
  indicators.set_rsi(kNaN);
  const MarketData read = DataOf(data);
  BOOST_TEST(read.sma_20 == 1.15);
  BOOST_TEST(std::isnan(read.ema_26));
  BOOST_TEST(std::isnan(read.macd_line));
  BOOST_TEST(std::isnan(read.rsi));
}

BOOST_AUTO_TEST_CASE(numbers_that_no_clock_tells) {
  ClientMarketData data = Message();
  data.set_timestamp(-5);
  data.set_source_age_ms(std::numeric_limits<std::int64_t>::max());
  data.set_number(std::numeric_limits<std::int64_t>::min());
  data.set_user_tier(static_cast<trading::v1::SubscriptionTier>(77));
  data.mutable_session()->set_session_name("atlantis");
  const MarketData read = DataOf(data);
  BOOST_TEST(+read.server_time_ms == 0);
  BOOST_TEST(+read.age_ms == std::int64_t{1} << 53);
  BOOST_TEST(+read.number == 0);
  BOOST_TEST(+read.tier == 0);
  BOOST_TEST(+read.market_session == 0);
}

BOOST_AUTO_TEST_CASE(a_symbol_must_be_one) {
  for (const std::string& symbol :
       {std::string(), std::string("A,B"), std::string("A\nB"), std::string(65, 'A')}) {
    v1::MarketFrame frame;
    *frame.mutable_data() = Message();
    frame.mutable_data()->set_symbol(symbol);
    BOOST_TEST(IsRefused(frame));
  }
  v1::MarketFrame frame;
  *frame.mutable_data() = Message();
  frame.mutable_data()->set_symbol(std::string(64, 'A'));
  BOOST_TEST(!IsRefused(frame));
  frame.mutable_data()->set_timeframe("123456789");
  BOOST_TEST(IsRefused(frame));
}

BOOST_AUTO_TEST_CASE(answers) {
  v1::MarketFrame frame;
  v1::SubscriptionResult& result = *frame.mutable_result();
  result.set_symbol("XAUUSD");
  result.set_data_type("real_time_with_indicators");
  result.set_timeframe("5m");
  result.set_outcome(v1::SubscriptionResult::OUTCOME_OVER_TIER);
  result.set_text("no more\nthan 4");
  result.set_tier(trading::v1::SUBSCRIPTION_TIER_FREE);
  result.set_limit(4);
  result.set_retry_after_ms(-1);
  const auto answer = ReadAs<SubscriptionAnswer>(frame);
  const SubscriptionAnswer expected{.symbol = "XAUUSD",
                                    .data_type = "real_time_with_indicators",
                                    .timeframe = "5m",
                                    .outcome = SubscriptionAnswer::Outcome::kOverTier,
                                    .text = "no more than 4",
                                    .tier = Tier::kFree,
                                    .limit = 4,
                                    .retry_after_ms = 0};
  BOOST_TEST((answer == expected));
  result.set_text(std::string(511, 'a') + "\u00e4");
  BOOST_TEST(ReadAs<SubscriptionAnswer>(frame).text == std::string(511, 'a'));
  result.set_outcome(static_cast<v1::SubscriptionResult::Outcome>(99));
  BOOST_TEST(
      (ReadAs<SubscriptionAnswer>(frame).outcome == SubscriptionAnswer::Outcome::kUnspecified));
  result.set_symbol(std::string(65, 'A'));
  BOOST_TEST(IsRefused(frame));
}

BOOST_AUTO_TEST_CASE(controls_and_others) {
  v1::MarketFrame frame;
  frame.mutable_control()->mutable_notice()->set_text("hello");
  BOOST_TEST(std::get<Notice>(ReadAs<Control>(frame)).text == "hello");
  v1::PairSelection& selection = *frame.mutable_control()->mutable_pairs();
  selection.set_version(4);
  selection.set_tier(trading::v1::SUBSCRIPTION_TIER_ENTERPRISE);
  for (const char* symbol : {"EURUSD", "", "A,B", "XAUUSD"}) {
    selection.add_pairs()->set_symbol(symbol);
  }
  const Pairs expected{.version = 4, .tier = Tier::kEnterprise, .symbols = {"EURUSD", "XAUUSD"}};
  BOOST_TEST((std::get<Pairs>(ReadAs<Control>(frame)) == expected));
  for (int i = 0; i < 3000; ++i) selection.add_pairs()->set_symbol("S" + std::to_string(i));
  BOOST_TEST(std::get<Pairs>(ReadAs<Control>(frame)).symbols.size() == 1024);
  frame.mutable_bar()->set_symbol("EURUSD");
  ReadAs<Unknown>(frame);
  ReadAs<Unknown>({});
}

BOOST_AUTO_TEST_CASE(a_frame_is_bounded) {
  v1::MarketFrame frame;
  frame.mutable_result()->set_text(std::string(kMaxMarketBytes, 'a'));
  BOOST_TEST(IsRefused(frame));
  MarketReader reader;
  const std::vector<std::byte> large(kMaxMarketBytes + 1);
  BOOST_TEST(!reader.ReadBare(large).has_value());
  BOOST_TEST(!reader.ReadFramed(large).has_value());
}

// Reading goes on after nonsense, and what was read before leaves nothing behind.
BOOST_AUTO_TEST_CASE(nonsense_in_between) {
  MarketReader reader;
  v1::MarketFrame frame;
  *frame.mutable_data() = Message();
  frame.mutable_data()->mutable_indicators()->set_sma_20(5);
  const std::string full = frame.SerializeAsString();
  frame.mutable_data()->clear_indicators();
  const std::string bare = Message().SerializeAsString();
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string nonsense(random() % 200, '\0');
    for (char& each : nonsense) each = static_cast<char>(random());
    reader.ReadFramed(std::as_bytes(std::span(nonsense)));
    reader.ReadBare(std::as_bytes(std::span(nonsense)));
    BOOST_TEST(reader.ReadFramed(std::as_bytes(std::span(full))).has_value());
    const auto read = reader.ReadBare(std::as_bytes(std::span(bare)));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(std::isnan(std::get<MarketMessage>(*read).data.sma_20));
    BOOST_TEST(std::get<MarketMessage>(*read).symbol == "EURUSD");
  }
}

BOOST_AUTO_TEST_CASE(requests) {
  const auto parsed = [](const std::vector<std::byte>& bytes) {
    trading::v1::SubscriptionRequest request;
    BOOST_REQUIRE(request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    return request;
  };
  const auto begin = parsed(WriteSubscription("EURUSD", "5m", true));
  BOOST_TEST(begin.symbol() == "EURUSD");
  BOOST_TEST(begin.timeframe() == "5m");
  BOOST_TEST(begin.data_type() == "real_time_with_indicators");
  BOOST_TEST((begin.action() == trading::v1::SUBSCRIPTION_ACTION_SUBSCRIBE));
  const auto end = parsed(WriteSubscription("EURUSD", "", false));
  BOOST_TEST(end.timeframe() == "");
  BOOST_TEST((end.action() == trading::v1::SUBSCRIPTION_ACTION_UNSUBSCRIBE));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
