#include "session/status.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <set>

namespace tpb {
namespace {

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(json_has_every_field_once) {
  Status status;
  status.ticks_accepted = std::int64_t{1} << 60;
  status.state = State::kHalted;
  status.journal = "C:\\tpb\\\"x\"";
  status.journal_bytes = 5;
  status.events_lost = 6;
  status.flaw_jump = 2;
  status.flaw_backward = 1;
  MarketStatus market;
  market.messages_received = 7;
  market.tier = Tier::kPro;
  market.problem_text = "nobody is there";
  const boost::json::object object = boost::json::parse(ToJson(status, market)).as_object();
  BOOST_TEST(object.at("ticks_accepted").as_int64() == std::int64_t{1} << 60);
  BOOST_TEST(object.at("state").as_int64() == 4);
  BOOST_TEST(object.at("state_name").as_string() == "halted");
  BOOST_TEST(object.at("journal").as_string() == "C:\\tpb\\\"x\"");
  BOOST_TEST(object.at("journal_bytes").as_int64() == 5);
  BOOST_TEST(object.at("events_lost").as_int64() == 6);
  BOOST_TEST(object.at("flaw_jump").as_int64() == 2);
  BOOST_TEST(object.at("flaw_backward").as_int64() == 1);
  for (const char* flaw : {"not_positive", "crossed", "spread", "future"}) {
    BOOST_TEST(object.at(std::string("flaw_") + flaw).as_int64() == 0, flaw);
  }
  BOOST_TEST(object.at("market_messages_received").as_int64() == 7);
  BOOST_TEST(object.at("market_tier").as_int64() == 2);
  BOOST_TEST(object.at("market_state").as_int64() == 0);
  BOOST_TEST(object.at("market_problem_text").as_string() == "nobody is there");
  std::multiset<std::string> names;
  const auto add = [&](const char* name, const auto&) { names.insert(name); };
  ForEachField(status, add);
  ForEachMarketField(market, add);
  BOOST_TEST(names.size() + 1 == object.size());  // and state_name
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
