#include "transport/retry_after.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace tpb::transport;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Sun, 06 Nov 1994 08:49:37 GMT
const std::chrono::system_clock::time_point kNow{seconds(784111777)};

std::optional<milliseconds> Parse(std::string_view value, std::string_view date = "") {
  return ParseRetryAfter(value, date, kNow);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retry_after)

BOOST_AUTO_TEST_CASE(seconds_are_read_and_limited) {
  BOOST_TEST((Parse("0") == milliseconds(0)));
  BOOST_TEST((Parse(" 120 ") == seconds(120)));
  BOOST_TEST((Parse("007") == seconds(7)));
  BOOST_TEST((Parse("3600") == seconds(3600)));
  BOOST_TEST((Parse("3601") == kLongestRetryAfter));
  BOOST_TEST((Parse("99999999999999999999999999") == kLongestRetryAfter));
  BOOST_TEST((Parse("0000000000") == milliseconds(0)));
}

BOOST_AUTO_TEST_CASE(the_three_forms_of_dates_are_read) {
  BOOST_TEST((Parse("Sun, 06 Nov 1994 08:49:47 GMT") == seconds(10)));
  BOOST_TEST((Parse("Sunday, 06-Nov-94 08:49:47 GMT") == seconds(10)));
  BOOST_TEST((Parse("Sun Nov  6 08:49:47 1994") == seconds(10)));
}

BOOST_AUTO_TEST_CASE(dates_are_limited_on_both_sides) {
  BOOST_TEST((Parse("Sun, 06 Nov 1994 08:49:36 GMT") == milliseconds(0)));
  BOOST_TEST((Parse("Fri, 31 Dec 1999 23:59:59 GMT") == kLongestRetryAfter));
  BOOST_TEST((Parse("Fri, 31 Dec 9999 23:59:59 GMT") == kLongestRetryAfter));
}

BOOST_AUTO_TEST_CASE(the_answer_s_own_date_is_the_base_where_there_is_one) {
  BOOST_TEST(
      (Parse("Wed, 21 Oct 2015 07:28:05 GMT", "Wed, 21 Oct 2015 07:28:00 GMT") == seconds(5)));
  BOOST_TEST((Parse("Sun, 06 Nov 1994 08:49:47 GMT", "nonsense") == seconds(10)));
}

BOOST_AUTO_TEST_CASE(nonsense_is_no_value) {
  for (const char* value :
       {"", " ", "-1", "1.5", "soon", "Sun, 06 Nov", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "\xff\xff"}) {
    BOOST_TEST_CONTEXT(value) { BOOST_TEST(!Parse(value).has_value()); }
  }
}

BOOST_AUTO_TEST_SUITE_END()
