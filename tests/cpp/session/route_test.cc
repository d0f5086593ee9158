#include "session/route.h"

#include <boost/test/unit_test.hpp>

namespace tpb {
namespace {

constexpr milliseconds kReturnAfter{1000};
const TimePoint kStart = TimePoint(std::chrono::hours(1));

BOOST_AUTO_TEST_SUITE(route)

BOOST_AUTO_TEST_CASE(a_lone_endpoint_is_never_left_nor_probed) {
  Route route(1, kReturnAfter);
  route.Streams(kStart);
  BOOST_TEST(!route.Failed(kStart));
  BOOST_TEST(route.endpoint() == 0);
  BOOST_TEST(route.changes() == 0);
  BOOST_CHECK(route.probe_at() == TimePoint::max());
}

BOOST_AUTO_TEST_CASE(the_other_one_is_worth_a_try_until_all_failed_in_turn) {
  Route route(2, kReturnAfter);
  BOOST_TEST(route.Failed(kStart));
  BOOST_TEST(route.endpoint() == 1);
  BOOST_TEST(!route.Failed(kStart));
  BOOST_TEST(route.endpoint() == 0);
  BOOST_TEST(!route.Failed(kStart));
  BOOST_TEST(route.endpoint() == 1);
  route.Works();
  BOOST_TEST(route.Failed(kStart));
  BOOST_TEST(route.endpoint() == 0);
}

// Streams from the backup until the primary may be returned to; the time that took.
milliseconds UntilReturn(Route& route, TimePoint& now) {
  const TimePoint begin = now;
  route.Streams(now);
  for (int probes = 0; probes < 1000; ++probes) {
    now = route.probe_at();
    route.BeginProbe();
    BOOST_CHECK(route.probe_at() == TimePoint::max());  // one at a time
    if (route.Probed(true, now)) return std::chrono::duration_cast<milliseconds>(now - begin);
  }
  BOOST_FAIL("no return");
  return {};
}

BOOST_AUTO_TEST_CASE(a_primary_well_for_long_enough_is_returned_to) {
  Route route(2, kReturnAfter);
  TimePoint now = kStart;
  route.Failed(now);
  const milliseconds waited = UntilReturn(route, now);
  BOOST_TEST(waited.count() >= 1000);
  BOOST_TEST(waited.count() <= 1500);
  route.Return(now);
  BOOST_TEST(route.endpoint() == 0);
  BOOST_TEST(route.changes() == 2);
}

BOOST_AUTO_TEST_CASE(a_failed_probe_begins_the_wait_anew) {
  Route route(2, kReturnAfter);
  TimePoint now = kStart;
  route.Failed(now);
  route.Streams(now);
  for (int probe = 0; probe < 3; ++probe) {
    now = route.probe_at();
    BOOST_TEST(!route.Probed(true, now));
  }
  now = route.probe_at();
  BOOST_TEST(!route.Probed(false, now));
  now = route.probe_at();
  BOOST_TEST(!route.Probed(true, now));
}

BOOST_AUTO_TEST_CASE(a_primary_that_fails_soon_after_a_return_is_trusted_later) {
  Route route(2, kReturnAfter);
  TimePoint now = kStart;
  route.Failed(now);
  UntilReturn(route, now);
  route.Return(now);
  now += milliseconds(10);
  BOOST_TEST(route.Failed(now));  // and the backup at once
  const milliseconds second = UntilReturn(route, now);
  BOOST_TEST(second.count() >= 2000);
  route.Return(now);
  now += std::chrono::minutes(5);
  route.Failed(now);
  BOOST_TEST(UntilReturn(route, now).count() <= 1500);
}

BOOST_AUTO_TEST_CASE(a_probe_that_answers_after_the_backup_was_lost_means_nothing) {
  Route route(2, kReturnAfter);
  route.Failed(kStart);
  route.Streams(kStart);
  route.BeginProbe();
  route.Failed(kStart);
  BOOST_TEST(!route.Probed(true, kStart + std::chrono::hours(1)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
