#include "session/market_machine.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace tpb {
namespace {

using std::chrono::seconds;

// A machine with a clock of its own.
class Scene {
 public:
  explicit Scene(int endpoints = 1)
      : machine({.heartbeat = milliseconds(3000),
                 .backoff_min = milliseconds(250),
                 .backoff_max = milliseconds(5000),
                 .seed = 42,
                 .endpoints = endpoints,
                 .return_after = milliseconds(1000)}) {}

  MarketMachine machine;
  TimePoint now = TimePoint(std::chrono::hours(1));
  MarketActions actions;

  Scene& Do(const MarketEvent& event) {
    actions.clear();
    machine.Handle(event, now, actions);
    for (const MarketAction& action : actions) {
      if (const auto* tell = std::get_if<action::Tell>(&action)) told.push_back(*tell);
    }
    return *this;
  }

  Scene& After(milliseconds time) {
    now += time;
    return Do(event::Timer{});
  }

  // Waits for whatever the machine waits for.
  Scene& Wait() {
    BOOST_REQUIRE((machine.NextTimer() != TimePoint::max()));
    now = std::max(now, machine.NextTimer());
    return Do(event::Timer{});
  }

  Scene& Live() { return Do(event::Wanted{}).Do(event::Connected{}); }

  template <class A>
  bool Did() const {
    return std::ranges::any_of(actions,
                               [](const auto& each) { return std::holds_alternative<A>(each); });
  }

  template <class A>
  const A& The() const {
    for (const MarketAction& action : actions) {
      if (const A* found = std::get_if<A>(&action)) return *found;
    }
    BOOST_REQUIRE_MESSAGE(false, "it was not done");
    throw std::logic_error("unreachable");
  }

  std::vector<action::Tell> told;
};

event::ConnectFailed Refused() {
  return {.problem = {Code::kCredentials, "401"}, .persistent = true, .retry_after = {}};
}
event::ConnectFailed Unreachable() {
  return {.problem = {Code::kNetwork, "nobody there"}, .persistent = false, .retry_after = {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(market_machine)

BOOST_AUTO_TEST_CASE(idle_until_something_is_wanted) {
  Scene scene;
  BOOST_TEST((scene.machine.state() == State::kDisconnected));
  BOOST_TEST((scene.machine.NextTimer() == TimePoint::max()));
  scene.Do(event::TokenRenewed{});
  BOOST_TEST(scene.actions.empty());
  scene.Do(event::Wanted{});
  BOOST_TEST(scene.The<action::Connect>().endpoint == 0);
  BOOST_TEST((scene.machine.state() == State::kConnecting));
  scene.Do(event::Connected{});
  BOOST_TEST(scene.Did<action::Live>());
  BOOST_TEST(!scene.The<action::Report>().problem);
  BOOST_TEST((scene.machine.state() == State::kConnected));
}

BOOST_AUTO_TEST_CASE(a_ping_at_half_of_the_heartbeat_and_lost_after_silence) {
  Scene scene;
  scene.Live();
  scene.After(milliseconds(1499));
  BOOST_TEST(scene.actions.empty());
  scene.After(milliseconds(1));
  BOOST_TEST(scene.Did<action::Ping>());
  scene.Do(event::Pong{});
  scene.After(milliseconds(1500));
  BOOST_TEST(scene.Did<action::Ping>());
  scene.After(milliseconds(1499));
  BOOST_TEST(!scene.Did<action::Stale>());
  scene.After(milliseconds(1));
  BOOST_TEST(scene.Did<action::Disconnect>());
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST((scene.machine.state() == State::kWaiting));
  BOOST_REQUIRE(scene.told.size() == 1);
  BOOST_TEST((scene.told[0].kind == EventKind::kMarketLost));
  BOOST_TEST((scene.told[0].code == Code::kNetwork));
}

BOOST_AUTO_TEST_CASE(frames_are_signs_of_life) {
  Scene scene;
  scene.Live();
  for (int i = 0; i < 10; ++i) {
    scene.now += milliseconds(2900);
    scene.Do(event::Heard{});
    scene.Do(event::Timer{});
    BOOST_TEST(!scene.Did<action::Stale>());
  }
}

BOOST_AUTO_TEST_CASE(stale_is_told_before_another_try_and_once) {
  Scene scene;
  scene.Live();
  scene.Do(event::Closed{1006, "cut"});
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST((scene.machine.state() == State::kWaiting));
  for (int tries = 0; tries < 4; ++tries) {
    scene.Wait();
    BOOST_TEST(scene.Did<action::Connect>());
    scene.Do(Unreachable());
    BOOST_TEST(!scene.Did<action::Stale>());
  }
  BOOST_TEST(scene.told.size() == 1);  // of the whole outage
  scene.Wait().Do(event::Connected{});
  BOOST_TEST(scene.Did<action::Live>());
  scene.Do(event::Closed{1001, "going away"});
  BOOST_TEST(scene.told.size() == 2);
}

BOOST_AUTO_TEST_CASE(waits_grow_and_begin_anew_when_a_connection_lasted) {
  Scene scene;
  scene.Do(event::Wanted{});
  std::vector<milliseconds> waits;
  const auto fail = [&](const MarketEvent& event) {
    scene.Do(event);
    waits.push_back(
        std::chrono::duration_cast<milliseconds>(scene.machine.NextTimer() - scene.now));
  };
  for (int tries = 0; tries < 7; ++tries) {
    fail(Unreachable());
    scene.Wait();
  }
  BOOST_TEST(waits.front().count() <= 250);
  BOOST_TEST(waits.back().count() >= 2500);
  scene.Do(event::Connected{});
  fail(event::Closed{1006, ""});  // a connection that does not last proves nothing
  BOOST_TEST(waits.back().count() >= 2500);
  scene.Wait().Do(event::Connected{});
  for (int i = 0; i < 6; ++i) scene.Do(event::Heard{}).After(milliseconds(1500));
  fail(event::Closed{1006, ""});
  BOOST_TEST(waits.back().count() <= 250);
}

BOOST_AUTO_TEST_CASE(a_gateway_may_say_when_and_a_lasting_refusal_waits_longest) {
  Scene scene;
  scene.Do(event::Wanted{});
  scene.Do(event::ConnectFailed{{Code::kNetwork, "busy"}, true, seconds(30)});
  BOOST_TEST((scene.machine.NextTimer() == scene.now + seconds(30)));
  scene.Wait();
  scene.Do(event::ConnectFailed{{Code::kProtocol, "404"}, true, std::nullopt});
  BOOST_TEST((scene.machine.NextTimer() == scene.now + seconds(5)));
}

BOOST_AUTO_TEST_CASE(a_refused_token_halts_until_there_is_another_one) {
  Scene scene;
  scene.Live();
  scene.Do(event::Closed{4008, "token expired"});
  BOOST_TEST((scene.machine.NextTimer() == scene.now + seconds(5)));
  scene.Wait();
  scene.Do(Refused());
  BOOST_TEST((scene.machine.state() == State::kHalted));
  BOOST_TEST((scene.machine.NextTimer() == TimePoint::max()));
  BOOST_TEST((scene.told.back().severity == Severity::kError));
  BOOST_TEST((scene.told.back().code == Code::kCredentials));
  scene.Do(event::TokenRenewed{});
  BOOST_TEST(scene.Did<action::Connect>());
  scene.Do(event::Connected{});
  BOOST_TEST((scene.machine.state() == State::kConnected));
}

BOOST_AUTO_TEST_CASE(the_backup_takes_over_and_the_primary_is_returned_to) {
  Scene scene(2);
  scene.Live();
  scene.Do(event::Closed{1006, ""});
  BOOST_TEST(scene.The<action::Connect>().endpoint == 1);  // at once
  scene.Do(event::Connected{});
  BOOST_TEST(scene.machine.endpoint() == 1);
  bool returned = false;
  for (int i = 0; i < 20 && !returned; ++i) {
    scene.Do(event::Heard{}).Wait();
    if (!scene.Did<action::Probe>()) continue;
    scene.Do(event::Probed{true});
    returned = scene.Did<action::Connect>();
  }
  BOOST_REQUIRE(returned);
  BOOST_TEST(scene.The<action::Connect>().endpoint == 0);
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST(scene.told.size() == 1);  // a move is no outage
}

BOOST_AUTO_TEST_CASE(one_refusal_by_each_endpoint_halts) {
  Scene scene(2);
  scene.Do(event::Wanted{});
  scene.Do(Refused());
  BOOST_TEST(scene.The<action::Connect>().endpoint == 1);
  scene.Do(Refused());
  BOOST_TEST((scene.machine.state() == State::kHalted));
}

BOOST_AUTO_TEST_CASE(nonsense_ends_the_connection_and_nothing_of_it_is_live) {
  Scene scene;
  scene.Live();
  scene.Do(event::Nonsense{});
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST(scene.The<action::CloseSocket>().code == 1002);
  scene.Do(event::Nonsense{});
  BOOST_TEST(scene.actions.empty());
  scene.Do(event::Closed{1002, ""});
  BOOST_TEST((scene.The<action::Report>().problem.code == Code::kProtocol));
  BOOST_TEST((scene.machine.NextTimer() == scene.now + seconds(5)));
  scene.Wait().Do(event::Connected{});
  BOOST_TEST((scene.machine.state() == State::kConnected));
}

BOOST_AUTO_TEST_CASE(another_version_halts) {
  Scene scene;
  scene.Live();
  scene.Do(event::Closed{4010, "version"});
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST((scene.machine.state() == State::kHalted));
}

BOOST_AUTO_TEST_CASE(when_nothing_is_wanted_the_connection_ends_without_an_alarm) {
  Scene scene;
  scene.Live();
  scene.Do(event::Unwanted{});
  BOOST_TEST(scene.The<action::CloseSocket>().code == 1000);
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST((scene.machine.state() == State::kDisconnected));
  scene.Do(event::Closed{1000, ""});
  BOOST_TEST(scene.actions.empty());
  BOOST_TEST((scene.machine.NextTimer() == TimePoint::max()));
  BOOST_TEST(scene.told.empty());
  scene.Do(event::Wanted{});
  BOOST_TEST(scene.Did<action::Connect>());
  scene.Do(event::Unwanted{});
  BOOST_TEST(scene.Did<action::Disconnect>());
  scene.Do(event::Wanted{}).Do(Unreachable());
  scene.Do(event::Unwanted{});
  BOOST_TEST((scene.machine.NextTimer() == TimePoint::max()));
}

BOOST_AUTO_TEST_CASE(wanted_again_during_the_farewell_connects_after_it) {
  Scene scene;
  scene.Live();
  scene.Do(event::Unwanted{}).Do(event::Wanted{});
  BOOST_TEST(scene.actions.empty());
  scene.Do(event::Closed{1000, ""});
  BOOST_TEST(scene.Did<action::Connect>());
}

BOOST_AUTO_TEST_CASE(closing_says_farewell_and_is_bounded) {
  Scene scene;
  scene.Live();
  scene.Do(event::CloseRequested{scene.now + seconds(1)});
  BOOST_TEST(scene.Did<action::Stale>());
  BOOST_TEST(scene.The<action::CloseSocket>().code == 1000);
  BOOST_TEST((scene.machine.state() == State::kClosing));
  scene.Do(event::CloseRequested{scene.now + seconds(1)});  // again changes nothing
  BOOST_TEST(scene.actions.empty());
  scene.After(milliseconds(249));
  BOOST_TEST(!scene.Did<action::Finish>());
  scene.After(milliseconds(1));  // there is nothing to wait for longer
  BOOST_TEST(scene.Did<action::Disconnect>());
  BOOST_TEST(scene.Did<action::Finish>());
  BOOST_TEST((scene.machine.state() == State::kDisconnected));
  scene.Do(event::Wanted{});
  BOOST_TEST(scene.actions.empty());
}

BOOST_AUTO_TEST_CASE(closing_ends_at_once_where_nothing_is_open) {
  for (const bool wanted : {false, true}) {
    Scene scene;
    if (wanted) scene.Do(event::Wanted{}).Do(Unreachable());
    scene.Do(event::CloseRequested{scene.now + seconds(60)});
    BOOST_TEST(scene.Did<action::Finish>());
  }
  Scene scene;
  scene.Live().Do(event::CloseRequested{scene.now + seconds(60)}).Do(event::Closed{1000, ""});
  BOOST_TEST(scene.Did<action::Finish>());
}

// What of another connection comes late changes nothing.
BOOST_AUTO_TEST_CASE(events_that_do_not_fit_are_ignored) {
  Scene scene;
  for (const MarketEvent& event :
       {MarketEvent(event::Connected{}), MarketEvent(Unreachable()),
        MarketEvent(event::Closed{1006, ""}), MarketEvent(event::Nonsense{}),
        MarketEvent(event::Probed{true}), MarketEvent(event::Heard{}), MarketEvent(event::Pong{}),
        MarketEvent(event::Timer{}), MarketEvent(event::Unwanted{})}) {
    scene.Do(event);
    BOOST_TEST(scene.actions.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb
