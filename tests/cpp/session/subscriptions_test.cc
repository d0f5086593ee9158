#include "session/subscriptions.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tpb {
namespace {

using Outcome = SubscriptionAnswer::Outcome;
using std::chrono::seconds;

class Scene {
 public:
  Subscriptions subscriptions;
  TimePoint now = TimePoint(std::chrono::hours(1));

  std::int32_t Begin(const std::string& symbol, Timeframe timeframe = Timeframe::k1m) {
    const auto* const begun = subscriptions.Begin(symbol, timeframe);
    return begun == nullptr ? 0 : begun->number;
  }

  // What is to be said now: the number, negative where it is to end.
  std::vector<std::int32_t> Say() {
    std::vector<std::int32_t> said;
    while (const auto request = subscriptions.NextToSay(now)) {
      said.push_back(request->subscribe ? request->number : -request->number);
    }
    return said;
  }

  // The number, where the refusal is news; else 0.
  std::int32_t Answer(const std::string& symbol, Outcome outcome, const std::string& text = "",
                      std::int64_t retry_after_ms = 0) {
    const auto* const refused = subscriptions.OnAnswer({.symbol = symbol,
                                                        .data_type = "real_time_with_indicators",
                                                        .timeframe = "1m",
                                                        .outcome = outcome,
                                                        .text = text,
                                                        .retry_after_ms = retry_after_ms},
                                                       now);
    return refused == nullptr ? 0 : refused->number;
  }

  SubscriptionState State(std::int32_t number) const { return subscriptions.Of(number)->state; }

  // Which subscriptions a message is for.
  std::vector<std::int32_t> Route(const std::string& symbol, const std::string& timeframe,
                                  bool numbered = true) {
    std::vector<std::int32_t> numbers;
    for (const std::int32_t number : subscriptions.Route(symbol, timeframe, numbered)) {
      if (number != 0) numbers.push_back(number);
    }
    return numbers;
  }
};

using Numbers = std::vector<std::int32_t>;
const auto kEach = boost::test_tools::per_element();

}  // namespace

BOOST_AUTO_TEST_SUITE(subscriptions)

BOOST_AUTO_TEST_CASE(timeframes_as_people_write_them) {
  BOOST_TEST((ParseTimeframe("") == Timeframe::k1m));
  BOOST_TEST((ParseTimeframe("1m") == Timeframe::k1m));
  BOOST_TEST((ParseTimeframe("5m") == Timeframe::k5m));
  BOOST_TEST((ParseTimeframe("1h") == Timeframe::k1h));
  BOOST_TEST((ParseTimeframe("1d") == Timeframe::k1d));
  BOOST_TEST((ParseTimeframe("tick") == Timeframe::kTick));
  for (const char* none : {"1M", "1", " 1m", "m1", "ticks", "15m"}) {
    BOOST_TEST(!ParseTimeframe(none).has_value(), none);
  }
  BOOST_TEST(WireName(Timeframe::kTick) == "");
}

BOOST_AUTO_TEST_CASE(what_is_there_is_asked_for_after_each_connect) {
  Scene scene;
  BOOST_TEST(scene.Begin("EURUSD") == 1);
  BOOST_TEST(scene.Begin("EURUSD", Timeframe::kTick) == 2);
  BOOST_TEST(scene.Begin("EURUSD") == 1);
  BOOST_TEST(scene.Say() == Numbers{}, kEach);  // nobody to say it to
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Say() == (Numbers{1, 2}), kEach);
  BOOST_TEST(scene.Say() == Numbers{}, kEach);
  BOOST_TEST(scene.Begin("GBPUSD") == 3);
  BOOST_TEST(scene.Say() == (Numbers{3}), kEach);
  scene.Answer("EURUSD", Outcome::kSubscribed);
  BOOST_TEST((scene.State(1) == SubscriptionState::kActive));
  BOOST_TEST((scene.State(2) == SubscriptionState::kAsked));
  BOOST_TEST(scene.subscriptions.granted() == 1);
  scene.subscriptions.OnLost();
  BOOST_TEST((scene.State(1) == SubscriptionState::kAsked));
  BOOST_TEST(scene.subscriptions.granted() == 0);
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Say() == (Numbers{1, 2, 3}), kEach);
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_said_once_and_keeps_its_number) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.Begin("GBPUSD");
  scene.Say();
  BOOST_TEST(scene.subscriptions.End("EURUSD", Timeframe::k1m) != nullptr);
  BOOST_TEST(scene.subscriptions.End("EURUSD", Timeframe::k1m) == nullptr);
  BOOST_TEST(scene.subscriptions.End("USDJPY", Timeframe::k1m) == nullptr);
  BOOST_TEST(scene.subscriptions.Find("EURUSD", Timeframe::k1m) == nullptr);
  BOOST_TEST((scene.State(1) == SubscriptionState::kEnded));
  BOOST_TEST(scene.Say() == (Numbers{-1}), kEach);
  BOOST_TEST(scene.Route("EURUSD", "1m") == Numbers{}, kEach);
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kSubscribed) == 0);  // of before, on its way
  BOOST_TEST((scene.State(1) == SubscriptionState::kEnded));
  scene.subscriptions.OnLost();
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Say() == (Numbers{2}), kEach);
  BOOST_TEST(scene.Begin("EURUSD") == 1);
  BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
  BOOST_TEST(scene.subscriptions.there() == 2);
}

BOOST_AUTO_TEST_CASE(a_change_of_mind_is_said_as_it_ends) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.subscriptions.End("EURUSD", Timeframe::k1m);
  scene.Begin("EURUSD");
  BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
}

BOOST_AUTO_TEST_CASE(a_refused_one_is_asked_for_again_after_a_minute) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.Say();
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kOverTier, "no more than 4") == 1);
  BOOST_TEST((scene.State(1) == SubscriptionState::kRefused));
  BOOST_TEST(scene.subscriptions.Of(1)->text == "no more than 4");
  BOOST_TEST(scene.subscriptions.refused() == 1);
  BOOST_TEST((scene.subscriptions.NextTimer() == scene.now + seconds(60)));
  scene.now += seconds(59);
  BOOST_TEST(scene.Say() == Numbers{}, kEach);
  scene.now += seconds(1);
  BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
  BOOST_TEST(scene.Say() == Numbers{}, kEach);
  BOOST_TEST((scene.State(1) == SubscriptionState::kRefused));  // until there is another answer
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kOverTier, "no more than 4") == 0);  // no news
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kInvalid, "no such symbol", 5000) == 1);
  scene.now += seconds(5);
  BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
  scene.Answer("EURUSD", Outcome::kSubscribed);
  BOOST_TEST((scene.State(1) == SubscriptionState::kActive));
  BOOST_TEST(scene.subscriptions.Of(1)->text == "");
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kInvalid, "no such symbol") == 1);  // news again
}

BOOST_AUTO_TEST_CASE(a_refused_one_is_asked_for_again_when_it_is_begun_again_or_after_a_connect) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.Say();
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kOverTier, "no") == 1);
  BOOST_TEST(scene.Begin("EURUSD") == 1);
  BOOST_TEST((scene.State(1) == SubscriptionState::kAsked));
  BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kOverTier, "no") == 1);  // who asks gets an answer
  for (int round = 0; round < 3; ++round) {
    scene.subscriptions.OnLost();
    scene.subscriptions.OnConnected();
    if (round == 1) continue;  // lost before there was an answer
    BOOST_TEST(scene.Say() == (Numbers{1}), kEach);
    BOOST_TEST(scene.Answer("EURUSD", Outcome::kOverTier, "no") == 0);  // each time the same
  }
  BOOST_TEST((scene.State(1) == SubscriptionState::kRefused));
}

BOOST_AUTO_TEST_CASE(a_refusal_always_has_a_reason) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kInvalid) == 1);
  BOOST_TEST(scene.subscriptions.Of(1)->text != "");
}

BOOST_AUTO_TEST_CASE(too_many_requests_are_said_again_more_slowly) {
  Scene scene;
  for (int i = 0; i < 5; ++i) scene.Begin("S" + std::to_string(i));
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Say() == (Numbers{1, 2, 3, 4, 5}), kEach);
  scene.Answer("S0", Outcome::kSubscribed);
  for (int i = 1; i < 5; ++i) {
    BOOST_TEST(scene.Answer("S" + std::to_string(i), Outcome::kOverRate, "slower", 100) == 0);
  }
  BOOST_TEST((scene.State(2) == SubscriptionState::kAsked));
  BOOST_TEST(scene.Say() == Numbers{}, kEach);
  Numbers said;
  int steps = 0;
  while (scene.subscriptions.NextTimer() != TimePoint::max()) {
    scene.now = scene.subscriptions.NextTimer();
    const Numbers now = scene.Say();
    BOOST_TEST(now.size() == 1);
    said.insert(said.end(), now.begin(), now.end());
    ++steps;
  }
  BOOST_TEST(said == (Numbers{2, 3, 4, 5}), kEach);
  BOOST_TEST((scene.now == TimePoint(std::chrono::hours(1)) + milliseconds(400)));
  scene.subscriptions.OnLost();
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Say().size() == 5);  // another connection, another try
}

BOOST_AUTO_TEST_CASE(a_message_is_an_answer_too) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.Begin("EURUSD", Timeframe::kTick);
  BOOST_TEST(scene.Route("EURUSD", "1m") == (Numbers{1}), kEach);
  BOOST_TEST((scene.State(1) == SubscriptionState::kActive));
  BOOST_TEST((scene.State(2) == SubscriptionState::kAsked));
  BOOST_TEST(scene.Route("EURUSD", "") == (Numbers{2}), kEach);
  BOOST_TEST(scene.Route("EURUSD", "5m") == Numbers{}, kEach);
  BOOST_TEST(scene.Route("EURUSD", "what") == Numbers{}, kEach);
  BOOST_TEST(scene.Route("GBPUSD", "1m") == Numbers{}, kEach);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_knows_no_timeframes_serves_them_all) {
  Scene scene;
  scene.subscriptions.OnConnected();
  scene.Begin("EURUSD");
  scene.Begin("EURUSD", Timeframe::k1h);
  BOOST_TEST(scene.Route("EURUSD", "", false) == (Numbers{1, 2}), kEach);
  BOOST_TEST(scene.Route("EURUSD", "", true) == Numbers{}, kEach);  // ours says what it means
  scene.Begin("EURUSD", Timeframe::kTick);
  BOOST_TEST(scene.Route("EURUSD", "", false) == (Numbers{3}), kEach);
}

BOOST_AUTO_TEST_CASE(answers_to_others_change_nothing) {
  Scene scene;
  scene.Begin("EURUSD");
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kInvalid, "early") == 0);  // not connected
  scene.subscriptions.OnConnected();
  BOOST_TEST(scene.Answer("GBPUSD", Outcome::kInvalid, "whose") == 0);
  const SubscriptionAnswer bars{.symbol = "EURUSD",
                                .data_type = "bars",
                                .timeframe = "1m",
                                .outcome = Outcome::kInvalid,
                                .text = "no bars"};
  BOOST_TEST(scene.subscriptions.OnAnswer(bars, scene.now) == nullptr);
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kUnspecified, "what") == 0);
  BOOST_TEST(scene.Answer("EURUSD", Outcome::kUnsubscribed) == 0);
  BOOST_TEST((scene.State(1) == SubscriptionState::kAsked));
}

BOOST_AUTO_TEST_CASE(so_many_at_a_time) {
  Scene scene;
  for (std::size_t i = 0; i < Subscriptions::kMax; ++i) {
    BOOST_REQUIRE(scene.Begin("S" + std::to_string(i)) == static_cast<std::int32_t>(i) + 1);
  }
  BOOST_TEST(scene.Begin("ONE_MORE") == 0);
  BOOST_TEST(scene.Begin("S5") == 6);
  scene.subscriptions.End("S5", Timeframe::k1m);
  BOOST_TEST(scene.Begin("ONE_MORE") == 1025);
  BOOST_TEST(scene.Begin("S5") == 0);
  BOOST_TEST(scene.subscriptions.Of(0) == nullptr);
  BOOST_TEST(scene.subscriptions.Of(1026) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb
