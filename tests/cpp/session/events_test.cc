#include "session/events.h"

#include <boost/test/unit_test.hpp>

namespace tpb {
namespace {

EventInfo OfValue(std::int64_t value) {
  EventInfo event;
  event.kind = EventKind::kBuffering;
  event.value = value;
  event.text = "value " + std::to_string(value);
  return event;
}

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(taken_in_order_with_numbers_from_1) {
  Events events;
  BOOST_TEST(!events.Next().has_value());
  BOOST_TEST(events.Add(OfValue(7)).number == 1);
  BOOST_TEST(events.Add(OfValue(8)).number == 2);
  const std::optional<EventInfo> first = events.Next();
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->number == 1);
  BOOST_TEST(first->value == 7);
  BOOST_TEST(first->text == "value 7");
  BOOST_TEST(events.Next()->number == 2);
  BOOST_TEST(!events.Next().has_value());
  events.Add(OfValue(9));
  BOOST_TEST(events.Next()->number == 3);
  BOOST_TEST(events.lost() == 0);
}

BOOST_AUTO_TEST_CASE(the_oldest_are_pushed_out_and_counted) {
  Events events;
  const auto kept = static_cast<std::int64_t>(Events::kMax);
  for (std::int64_t i = 1; i <= kept; ++i) events.Add(OfValue(i));
  BOOST_TEST(events.lost() == 0);
  for (std::int64_t i = 1; i <= 3; ++i) events.Add(OfValue(kept + i));
  BOOST_TEST(events.lost() == 3);
  for (std::int64_t i = 4; i <= kept + 3; ++i) {
    const std::optional<EventInfo> event = events.Next();
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST(event->number == i);
    BOOST_TEST(event->value == i);
  }
  BOOST_TEST(!events.Next().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
