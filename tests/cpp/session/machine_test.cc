#include "session/machine.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <vector>

namespace tpb {
namespace {

std::uint32_t ChecksumOf(std::int64_t batch) { return static_cast<std::uint32_t>(1000 + batch); }

// A machine with a clock of its own and an outbox that is just numbers.
class Scene {
 public:
  explicit Scene(int endpoints = 1)
      : machine{{milliseconds(3000), milliseconds(250), milliseconds(5000), 42, endpoints,
                 milliseconds(1000)}} {}

  Machine machine;
  TimePoint now = TimePoint(std::chrono::hours(1));
  OutboxView outbox;
  Actions actions;

  Scene& Do(const Event& event) {
    actions.clear();
    machine.Handle(event, outbox, now, actions);
    for (const Action& action : actions) {
      if (const auto* ack = std::get_if<action::Acknowledge>(&action))
        outbox.first = ack->up_to + 1;
      if (const auto* release = std::get_if<action::Release>(&action)) {
        outbox.first = release->up_to + 1;
      }
      if (const auto* hole = std::get_if<action::GiveUp>(&action)) outbox.first = hole->last + 1;
      if (const auto* told = std::get_if<action::Tell>(&action)) told_.push_back(*told);
    }
    return *this;
  }

  Scene& Control(Control control) { return Do(event::FrameReceived{std::move(control), {}}); }

  // The gateway's acknowledgement, in good order, of all it did not acknowledge yet.
  Scene& Stored(std::int64_t up_to) {
    Ack ack{.batch_sequence = up_to, .crc32c = {}, .epoch = 1, .stored_crc32c = {}};
    for (std::int64_t batch = outbox.first; batch <= up_to; ++batch) {
      ack.crc32c.push_back(ChecksumOf(batch));
    }
    return Control(ack);
  }

  // The gateway's first word.
  Scene& Resume(std::int64_t stored, std::int64_t epoch = 1) {
    return Control(
        Ack{.batch_sequence = stored, .crc32c = {}, .epoch = epoch, .stored_crc32c = {}});
  }

  // The kinds of the events told since the last call.
  std::vector<EventKind> Told() {
    std::vector<EventKind> kinds;
    for (const action::Tell& told : told_) kinds.push_back(told.kind);
    told_.clear();
    return kinds;
  }

  Scene& Close(int batches) {
    outbox.next += batches;
    return *this;
  }

  // Hands over what may be handed over.
  std::vector<std::int64_t> Send() {
    std::vector<std::int64_t> sent;
    while (const auto sequence = machine.NextToSend(outbox, now)) {
      sent.push_back(*sequence);
      machine.OnHanded(*sequence, ChecksumOf(*sequence), now);
      outbox.handed = std::max(outbox.handed, *sequence);
    }
    return sent;
  }

  Scene& Pass(milliseconds time) {
    now += time;
    return *this;
  }

  // Lets the machine's own timers come until `time` has passed; true if Action `A` came up.
  template <class A>
  bool PassUntil(milliseconds time) {
    const TimePoint end = now + time;
    while (machine.NextTimer() <= end) {
      now = std::max(now, machine.NextTimer());
      Do(event::Timer{});
      if (Has<A>()) return true;
    }
    now = end;
    return false;
  }

  template <class A>
  const A* Get() const {
    for (const Action& action : actions) {
      if (const A* found = std::get_if<A>(&action)) return found;
    }
    return nullptr;
  }

  template <class A>
  bool Has() const {
    return Get<A>() != nullptr;
  }

  milliseconds Wait() const {
    return std::chrono::duration_cast<milliseconds>(machine.NextTimer() - now);
  }

  Scene& Streaming() { return Do(event::Start{}).Do(event::Connected{true}).Resume(0); }

 private:
  std::vector<action::Tell> told_;
};

event::ConnectFailed Unreachable() { return {{Code::kNetwork, "refused"}, false, std::nullopt}; }

const std::vector<std::int64_t> kNone;

BOOST_AUTO_TEST_SUITE(machine)

BOOST_AUTO_TEST_CASE(start_connects_and_the_first_ack_begins_the_stream) {
  Scene scene;
  scene.Close(3).Do(event::Start{});
  BOOST_TEST(scene.Has<action::Connect>());
  BOOST_CHECK(scene.machine.state() == State::kConnecting);
  scene.Do(event::Connected{true});
  BOOST_TEST(scene.Send() == kNone);  // not before the resume point is known
  scene.Resume(0);
  BOOST_CHECK(scene.machine.state() == State::kConnected);
  BOOST_CHECK(scene.machine.delivery() == Delivery::kAcknowledged);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{1, 2, 3}));
  BOOST_TEST(scene.Send() == kNone);
}

BOOST_AUTO_TEST_CASE(acknowledgement_releases_what_it_covers) {
  Scene scene;
  scene.Streaming().Close(5).Send();
  scene.Stored(3);
  BOOST_REQUIRE(scene.Has<action::Acknowledge>());
  BOOST_TEST(scene.Get<action::Acknowledge>()->up_to == 3);
  scene.Stored(3);
  BOOST_TEST(!scene.Has<action::Acknowledge>());
  BOOST_TEST(scene.outbox.first == 4);
}

BOOST_AUTO_TEST_CASE(reconnect_resumes_after_what_the_gateway_has) {
  Scene scene;
  scene.Streaming().Close(10).Send();
  scene.Stored(2);
  scene.Do(event::Closed{1006, "reset"});
  BOOST_CHECK(scene.machine.state() == State::kWaiting);
  BOOST_TEST(scene.Wait().count() <= 250);
  BOOST_TEST(scene.PassUntil<action::Connect>(milliseconds(250)));
  scene.Do(event::Connected{true}).Resume(6);  // 3 to 6 had arrived
  BOOST_TEST(scene.Get<action::Acknowledge>()->up_to == 6);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{7, 8, 9, 10}));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_forgot_is_told_and_gets_what_is_left) {
  Scene scene;
  scene.Streaming().Close(4).Send();
  scene.Stored(3).Do(event::Closed{1001, ""});
  scene.PassUntil<action::Connect>(milliseconds(1000));
  scene.Do(event::Connected{true}).Resume(0, 2);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{4}));
  const auto* report = std::get_if<action::Report>(&scene.actions.back());
  BOOST_REQUIRE(report != nullptr);
  BOOST_CHECK(report->problem.code == Code::kProtocol);
}

// The journal is an old copy: what the gateway has of it is stored, the rest is a new session's.
BOOST_AUTO_TEST_CASE(a_gateway_that_knows_more_forks_the_session) {
  Scene scene;
  scene.outbox = {.first = 3, .next = 11, .handed = 6, .epoch = 1};
  scene.Do(event::Start{}).Do(event::Connected{true}).Resume(8);
  BOOST_REQUIRE(scene.Has<action::Acknowledge>());
  BOOST_TEST(scene.Get<action::Acknowledge>()->up_to == 6);
  BOOST_TEST(scene.Has<action::Fork>());
  BOOST_TEST(scene.Has<action::Connect>());
  scene.outbox.handed = 6;
  scene.outbox.epoch = 0;
  scene.Do(event::Connected{true}).Resume(6);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{7, 8, 9, 10}));
  BOOST_TEST((scene.Told() == std::vector{EventKind::kForked, EventKind::kConnected}));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_knows_more_of_every_session_halts_it) {
  Scene scene;
  scene.Close(2).Do(event::Start{});
  for (int round = 0; round < 3; ++round) {
    scene.Do(event::Connected{true}).Resume(30);
    BOOST_TEST(scene.Has<action::Fork>());
    BOOST_TEST(scene.outbox.first == 1);
  }
  scene.Do(event::Connected{true}).Resume(30);
  BOOST_CHECK(scene.machine.state() == State::kHalted);
  BOOST_TEST(scene.Send() == kNone);
}

BOOST_AUTO_TEST_CASE(a_batch_stored_wrongly_is_sent_again) {
  Scene scene;
  scene.Streaming().Close(5).Send();
  scene.Control(Ack{.batch_sequence = 4,
                    .crc32c = {ChecksumOf(1), ChecksumOf(2), 7, ChecksumOf(4)},
                    .epoch = 1,
                    .stored_crc32c = {}});
  BOOST_TEST(scene.Get<action::Acknowledge>()->up_to == 2);
  BOOST_TEST(scene.machine.checksum_mismatches() == 1);
  BOOST_REQUIRE(scene.Has<action::Connect>());
  BOOST_TEST(scene.Get<action::Connect>()->resend_from == 3);
  scene.Do(event::Connected{true}).Resume(2);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{3, 4, 5}));
  scene.Stored(5);
  scene.Do(event::Closed{1006, ""});
  scene.PassUntil<action::Connect>(milliseconds(1000));
  BOOST_TEST(scene.Get<action::Connect>()->resend_from == 0);
}

BOOST_AUTO_TEST_CASE(what_was_stored_wrongly_is_found_after_a_reconnect_too) {
  Scene scene;
  scene.Streaming().Close(4).Send();
  scene.Do(event::Closed{1006, ""});
  scene.PassUntil<action::Connect>(milliseconds(1000));
  scene.Do(event::Connected{true});
  BOOST_TEST(scene.machine.WantsChecksums());
  scene.Do(event::FrameReceived{Ack{.batch_sequence = 3,
                                    .crc32c = {},
                                    .epoch = 1,
                                    .stored_crc32c = {ChecksumOf(1), 7, ChecksumOf(3)}},
                                {ChecksumOf(1), ChecksumOf(2), ChecksumOf(3)}});
  BOOST_TEST(!scene.Has<action::Acknowledge>());
  BOOST_REQUIRE(scene.Has<action::Connect>());
  BOOST_TEST(scene.Get<action::Connect>()->resend_from == 2);
}

BOOST_AUTO_TEST_CASE(a_batch_wrong_again_and_again_is_not_sent_in_a_hurry) {
  Scene scene;
  scene.Streaming().Close(1).Send();
  const Ack wrong{.batch_sequence = 1, .crc32c = {7}, .epoch = 1, .stored_crc32c = {}};
  scene.Control(wrong);
  BOOST_TEST(scene.Has<action::Connect>());
  scene.Do(event::Connected{true}).Resume(0).Send();
  scene.Control(wrong);
  BOOST_TEST(!scene.Has<action::Connect>());
  BOOST_CHECK(scene.machine.state() == State::kWaiting);
}

BOOST_AUTO_TEST_CASE(a_hole_in_the_journal_is_left_behind_once_the_rest_has_arrived) {
  Scene scene;
  scene.Streaming().Close(9);
  for (const std::int64_t sequence : {1, 2}) {
    scene.machine.OnHanded(sequence, ChecksumOf(sequence), scene.now);
  }
  scene.Do(event::Hole{6});
  BOOST_TEST(!scene.Has<action::GiveUp>());
  BOOST_TEST(scene.Send() == kNone);
  scene.outbox.handed = 2;
  scene.Stored(2);
  BOOST_REQUIRE(scene.Has<action::GiveUp>());
  BOOST_TEST(scene.Get<action::GiveUp>()->first == 3);
  BOOST_TEST(scene.Get<action::GiveUp>()->last == 5);
  BOOST_REQUIRE(scene.Has<action::Connect>());
  scene.outbox.handed = 5;
  scene.Do(event::Connected{true}).Resume(5);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{6, 7, 8, 9}));
}

BOOST_AUTO_TEST_CASE(what_was_dropped_before_it_was_ever_sent_makes_no_old_copy) {
  Scene scene;
  scene.Close(9).Do(event::Start{});
  scene.outbox.first = 6;  // by a call of the sender's, while the upgrade was on its way
  scene.Do(event::Connected{true}).Resume(5);
  BOOST_TEST(!scene.Has<action::Fork>());
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{6, 7, 8, 9}));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_answers_but_stores_nothing_is_left) {
  Scene scene;
  scene.Streaming().Close(3).Send();
  bool left = false;
  for (int i = 0; i < 40 && !left; ++i) {
    left = scene.PassUntil<action::Disconnect>(milliseconds(1000));
    if (!left) scene.Do(event::Pong{});
  }
  BOOST_TEST(left);
  BOOST_CHECK(scene.Get<action::Report>()->problem.code == Code::kProtocol);
}

BOOST_AUTO_TEST_CASE(the_backup_takes_over_at_once) {
  Scene scene(2);
  scene.Streaming().Close(2).Send();
  scene.Stored(2);
  scene.Told();
  scene.Do(event::Closed{1006, "reset"});
  BOOST_REQUIRE(scene.Has<action::Connect>());
  BOOST_TEST(scene.Get<action::Connect>()->endpoint == 1);
  scene.Do(event::Connected{true}).Resume(2);
  BOOST_CHECK(scene.machine.state() == State::kConnected);
  BOOST_TEST((scene.Told() == std::vector{EventKind::kLost, EventKind::kBuffering,
                                          EventKind::kFailingOver, EventKind::kRestored}));
}

BOOST_AUTO_TEST_CASE(when_both_fail_the_tries_are_spaced) {
  Scene scene(2);
  scene.Do(event::Start{}).Do(Unreachable());
  BOOST_TEST(scene.Get<action::Connect>()->endpoint == 1);
  scene.Do(Unreachable());
  BOOST_TEST(!scene.Has<action::Connect>());
  for (int i = 0; i < 6; ++i) {
    BOOST_REQUIRE(scene.PassUntil<action::Connect>(milliseconds(5000)));
    BOOST_TEST(scene.Get<action::Connect>()->endpoint == i % 2);
    scene.Do(Unreachable());
    BOOST_TEST(!scene.Has<action::Connect>());
  }
  BOOST_TEST((scene.Told() == std::vector{EventKind::kBuffering, EventKind::kFailingOver}));
}

BOOST_AUTO_TEST_CASE(a_primary_that_stays_well_is_returned_to) {
  Scene scene(2);
  scene.Streaming().Close(1).Send();
  scene.Stored(1).Do(event::Closed{1006, ""}).Do(event::Connected{true}).Resume(1);
  scene.Told();
  BOOST_REQUIRE(scene.PassUntil<action::Probe>(milliseconds(500)));
  scene.Do(event::Probed{false});
  int probes = 0;
  while (!scene.Has<action::Connect>() && probes < 20) {
    if (scene.PassUntil<action::Probe>(milliseconds(500))) {
      ++probes;
      scene.Do(event::Probed{true});
    }
    if (!scene.Has<action::Connect>()) scene.Do(event::Pong{});
  }
  BOOST_TEST(probes >= 4);  // a second, of which a probe covers a quarter
  BOOST_REQUIRE(scene.Has<action::Connect>());
  BOOST_TEST(scene.Get<action::Connect>()->endpoint == 0);
  scene.Do(event::Connected{true}).Resume(1);
  BOOST_TEST((scene.Told() == std::vector{EventKind::kReturning, EventKind::kRestored}));
}

BOOST_AUTO_TEST_CASE(a_token_that_both_refuse_halts) {
  Scene scene(2);
  const event::ConnectFailed refused{{Code::kCredentials, "401"}, true, {}};
  scene.Do(event::Start{}).Do(refused);
  BOOST_TEST(scene.Get<action::Connect>()->endpoint == 1);
  scene.Do(refused);
  BOOST_CHECK(scene.machine.state() == State::kHalted);
}

BOOST_AUTO_TEST_CASE(lies_about_acknowledgements_are_not_believed) {
  const auto lie_of = [](std::int64_t sequence, std::vector<std::uint32_t> crc32c) {
    return Ack{
        .batch_sequence = sequence, .crc32c = std::move(crc32c), .epoch = 1, .stored_crc32c = {}};
  };
  Ack damaged = lie_of(3, {ChecksumOf(3)});
  damaged.check_ok = false;
  const Ack lies[] = {lie_of(6, {1, 2, 3, 4}), lie_of(1, {}), lie_of(-1, {}),
                      lie_of(3, {1003, 1004}), lie_of(3, {}), damaged};
  for (const Ack& lie : lies) {
    Scene scene;
    scene.Streaming().Close(5).Send();
    scene.Stored(2).Control(lie);
    BOOST_TEST(!scene.Has<action::Acknowledge>());
    BOOST_REQUIRE(scene.Has<action::CloseSocket>());
    BOOST_TEST(scene.Get<action::CloseSocket>()->code == 1002);
    BOOST_TEST(scene.Send() == kNone);
    scene.Stored(4);  // too late
    BOOST_TEST(!scene.Has<action::Acknowledge>());
    scene.Do(event::Closed{1002, ""});
    BOOST_TEST(scene.PassUntil<action::Connect>(milliseconds(5000)));
  }
}

BOOST_AUTO_TEST_CASE(a_batch_not_yet_sent_cannot_be_acknowledged) {
  Scene scene;
  scene.Streaming().Close(5);
  scene.machine.OnHanded(1, ChecksumOf(1), scene.now);
  scene.Stored(2);
  BOOST_TEST(scene.Has<action::CloseSocket>());
}

BOOST_AUTO_TEST_CASE(chosen_pairs_are_handed_on) {
  Scene scene;
  scene.Streaming();
  const Pairs pairs{.version = 3, .tier = Tier::kPro, .symbols = {"EURUSD", "XAUUSD"}};
  scene.Control(pairs);
  BOOST_REQUIRE(scene.Has<action::Choose>());
  BOOST_TEST((scene.Get<action::Choose>()->pairs == pairs));
  BOOST_TEST(scene.machine.frames_ignored() == 0);
  BOOST_CHECK(scene.machine.state() == State::kConnected);
}

BOOST_AUTO_TEST_CASE(garbage_closes_unknown_kinds_are_counted) {
  Scene scene;
  scene.Streaming();
  scene.Control(Unknown{}).Control(ConfigChanged{1, {"pairs"}});
  BOOST_TEST(scene.machine.frames_ignored() == 1);  // a change of configuration is no noise
  BOOST_CHECK(scene.machine.state() == State::kConnected);
  scene.Do(event::FrameReceived{std::nullopt, {}});
  BOOST_TEST(scene.Get<action::CloseSocket>()->code == 1002);
}

BOOST_AUTO_TEST_CASE(notice_is_reported) {
  Scene scene;
  scene.Streaming().Control(Notice{"maintenance", "back at 18:00", Notice::Severity::kWarning});
  BOOST_REQUIRE(scene.Has<action::Report>());
  BOOST_CHECK(scene.Get<action::Report>()->problem.code == Code::kNotice);
  BOOST_TEST(scene.Get<action::Report>()->problem.text.find("back at 18:00") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(best_effort_releases_what_the_system_has) {
  Scene scene;
  scene.Close(3).Do(event::Start{}).Do(event::Connected{false});
  BOOST_CHECK(scene.machine.delivery() == Delivery::kUnacknowledged);
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{1, 2, 3}));
  BOOST_TEST(scene.outbox.first == 1);
  scene.Do(event::AllSent{});
  BOOST_TEST(scene.Get<action::Release>()->up_to == 3);
  scene.Close(2).Send();
  scene.Do(event::Closed{1006, ""});  // 4 and 5 were not with the system yet
  scene.PassUntil<action::Connect>(milliseconds(1000));
  scene.Do(event::Connected{false});
  BOOST_TEST(scene.Send() == (std::vector<std::int64_t>{4, 5}));
  scene.Do(event::FrameReceived{std::nullopt, {}});
  BOOST_TEST(!scene.Has<action::CloseSocket>());
  BOOST_TEST(scene.machine.frames_ignored() == 1);
}

BOOST_AUTO_TEST_CASE(heartbeat_pings_at_half_and_gives_up_at_the_whole) {
  Scene scene;
  scene.Streaming();
  BOOST_TEST(scene.Wait().count() == 1500);
  BOOST_TEST(scene.PassUntil<action::Ping>(milliseconds(1500)));
  scene.Pass(milliseconds(20)).Do(event::Pong{});
  BOOST_TEST(scene.machine.round_trip().count() == 20000);
  BOOST_TEST(!scene.PassUntil<action::Disconnect>(milliseconds(2999)));
  BOOST_TEST(scene.PassUntil<action::Disconnect>(milliseconds(1)));
  BOOST_CHECK(scene.machine.state() == State::kWaiting);
  BOOST_CHECK(scene.Get<action::Report>()->problem.code == Code::kNetwork);
}

BOOST_AUTO_TEST_CASE(any_frame_is_a_sign_of_life) {
  Scene scene;
  scene.Streaming();
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(!scene.PassUntil<action::Disconnect>(milliseconds(2000)));
    scene.Control(Unknown{});
  }
}

BOOST_AUTO_TEST_CASE(a_gateway_that_never_says_where_it_stands_is_left) {
  Scene scene;
  scene.Do(event::Start{}).Do(event::Connected{true});
  BOOST_TEST(scene.PassUntil<action::Ping>(milliseconds(2000)));
  scene.Do(event::Pong{});
  BOOST_TEST(scene.PassUntil<action::Disconnect>(milliseconds(1500)));
  BOOST_CHECK(scene.Get<action::Report>()->problem.code == Code::kProtocol);
}

BOOST_AUTO_TEST_CASE(backoff_grows_and_ends_with_progress) {
  Scene scene;
  scene.Do(event::Start{});
  for (int attempt = 0; attempt < 12; ++attempt) {
    scene.Do(Unreachable());
    BOOST_CHECK(scene.machine.state() == State::kWaiting);
    BOOST_TEST(scene.Wait().count() <= 5000);
    if (attempt == 0) BOOST_TEST(scene.Wait().count() < 1000);
    if (attempt > 8) BOOST_TEST(scene.Wait().count() >= 2500);
    BOOST_TEST(scene.PassUntil<action::Connect>(milliseconds(5000)));
  }
  scene.Do(event::Connected{true}).Resume(0);
  scene.Do(event::Closed{1006, ""});
  BOOST_TEST(scene.Wait().count() >= 2500);  // the upgrade alone shows nothing
  scene.PassUntil<action::Connect>(milliseconds(5000));
  scene.Do(event::Connected{true}).Resume(0).Close(1).Send();
  scene.Stored(1).Do(event::Closed{1006, ""});
  BOOST_TEST(scene.Wait().count() <= 250);
}

BOOST_AUTO_TEST_CASE(a_resume_point_further_on_is_progress) {
  Scene scene;
  scene.Streaming().Close(9).Send();
  for (std::int64_t stored = 1; stored < 9; ++stored) {
    scene.Do(event::Closed{1006, ""});
    BOOST_TEST(scene.Wait().count() <= 250);
    scene.PassUntil<action::Connect>(milliseconds(5000));
    scene.Do(event::Connected{true}).Resume(stored);
  }
}

BOOST_AUTO_TEST_CASE(refused_credentials_halt_until_the_token_is_renewed) {
  Scene scene;
  scene.Do(event::Start{}).Do(event::ConnectFailed{{Code::kCredentials, "401"}, true, {}});
  BOOST_CHECK(scene.machine.state() == State::kHalted);
  BOOST_CHECK(scene.machine.NextTimer() == TimePoint::max());
  scene.Do(event::TokenRenewed{});
  BOOST_TEST(scene.Has<action::Connect>());
  scene.Do(event::TokenRenewed{});
  BOOST_TEST(!scene.Has<action::Connect>());  // one try at a time
}

BOOST_AUTO_TEST_CASE(retry_after_is_obeyed) {
  Scene scene;
  scene.Do(event::Start{});
  scene.Do(event::ConnectFailed{{Code::kNetwork, "429"}, true, milliseconds(30000)});
  BOOST_TEST(scene.Wait().count() == 30000);
  scene.PassUntil<action::Connect>(milliseconds(30000));
  scene.Do(event::ConnectFailed{{Code::kNetwork, "503"}, false, milliseconds(0)});
  BOOST_TEST(scene.Wait().count() > 0);
}

BOOST_AUTO_TEST_CASE(close_codes) {
  const auto after = [](std::uint16_t code) {
    Scene scene;
    scene.Streaming().Do(event::Closed{code, "why"});
    BOOST_TEST(scene.Get<action::Report>()->problem.text.find("why") != std::string::npos);
    return std::make_pair(scene.machine.state(), scene.Wait().count());
  };
  BOOST_CHECK(after(4010).first == State::kHalted);
  for (const std::uint16_t code : {1000, 1001, 1006, 1009, 1011, 4001}) {
    BOOST_TEST(after(code).second <= 250, code);
  }
  for (const std::uint16_t code : {1008, 4003, 4008}) {
    BOOST_TEST(after(code).second == 5000, code);
  }
}

BOOST_AUTO_TEST_CASE(throttle_spaces_batches_for_its_time) {
  Scene scene;
  scene.Streaming().Close(100).Control(Throttle{10, 1000});
  std::size_t sent = scene.Send().size();
  BOOST_TEST(sent == 1u);
  for (int i = 0; i < 99 && scene.machine.NextTimer() < scene.now + milliseconds(150); ++i) {
    scene.Pass(scene.Wait()).Do(event::Timer{});
    sent += scene.Send().size();
    if (sent == 10) break;
  }
  BOOST_TEST(sent == 10u);
  scene.Pass(milliseconds(101));
  BOOST_TEST(scene.Send().size() == 90u);
}

BOOST_AUTO_TEST_CASE(throttle_of_zero_is_none_and_waiting_costs_no_timers) {
  Scene scene;
  scene.Streaming().Close(2).Control(Throttle{1, 10000}).Send();
  scene.Control(Throttle{0, 0});
  BOOST_TEST(scene.Send().size() == 1u);
  scene.Control(Throttle{1000, 10000}).Close(1).Send();
  scene.Pass(milliseconds(5)).Do(event::Timer{});
  BOOST_TEST(scene.Wait().count() > 100);
}

BOOST_AUTO_TEST_CASE(no_more_than_a_window_is_under_way) {
  Scene scene;
  scene.Streaming().Close(10000);
  BOOST_TEST(scene.Send().size() == 4096u);
  scene.Stored(100);
  BOOST_TEST(scene.Send().size() == 100u);
}

BOOST_AUTO_TEST_CASE(close_flushes_says_goodbye_and_ends) {
  Scene scene;
  scene.Streaming().Close(2).Send();
  scene.Do(event::CloseRequested{scene.now + milliseconds(800)});
  BOOST_CHECK(scene.machine.state() == State::kClosing);
  BOOST_TEST(!scene.Has<action::CloseSocket>());
  scene.Stored(2);
  BOOST_TEST(scene.Get<action::CloseSocket>()->code == 1000);
  scene.Do(event::Closed{1000, ""});
  BOOST_TEST(scene.Has<action::Finish>());
  BOOST_CHECK(scene.machine.state() == State::kDisconnected);
  scene.Do(event::Timer{}).Do(event::Closed{1006, ""});
  BOOST_TEST(scene.actions.empty());
}

BOOST_AUTO_TEST_CASE(close_keeps_trying_until_its_deadline) {
  Scene scene;
  scene.Close(1).Do(event::Start{}).Do(Unreachable());
  scene.Do(event::CloseRequested{scene.now + milliseconds(800)});
  BOOST_TEST(!scene.Has<action::Finish>());
  BOOST_TEST(scene.PassUntil<action::Connect>(milliseconds(300)));
  BOOST_TEST(scene.PassUntil<action::Finish>(milliseconds(800)));
  BOOST_TEST(scene.Has<action::Disconnect>());
}

BOOST_AUTO_TEST_CASE(close_with_nothing_to_flush_is_at_once) {
  Scene waiting;
  waiting.Do(event::Start{}).Do(Unreachable());
  waiting.Do(event::CloseRequested{waiting.now + milliseconds(800)});
  BOOST_TEST(waiting.Has<action::Finish>());

  Scene halted;
  halted.Close(5).Do(event::Start{}).Do(event::ConnectFailed{{Code::kCredentials, ""}, true, {}});
  halted.Do(event::CloseRequested{halted.now + milliseconds(800)});
  BOOST_TEST(halted.Has<action::Finish>());

  Scene halting;
  halting.Close(5).Do(event::Start{});
  halting.Do(event::CloseRequested{halting.now + milliseconds(800)});
  halting.Do(event::ConnectFailed{{Code::kCredentials, ""}, true, {}});
  BOOST_TEST(halting.Has<action::Finish>());
}

// A gateway that stores, forgets nothing, cuts, repeats and lags; a client that adds at any time:
// whatever the order, every batch arrives, in order, and none is released before it is stored.
BOOST_AUTO_TEST_CASE(no_order_of_events_loses_or_reorders) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::minstd_rand random(seed);
    Scene scene;
    std::int64_t stored = 0;
    std::vector<std::int64_t> on_the_way;
    bool up = false;
    scene.Do(event::Start{});
    const auto connect_if_asked = [&] {
      if (!scene.Has<action::Connect>()) return;
      on_the_way.clear();
      up = random() % 4 != 0;
      if (up) {
        scene.Do(event::Connected{true}).Resume(stored);
      } else {
        scene.Do(Unreachable());
      }
    };
    connect_if_asked();
    for (int step = 0; step < 400 || stored + 1 < scene.outbox.next; ++step) {
      BOOST_REQUIRE(step < 20000);
      switch (random() % 6) {
        case 0:
          if (step < 400) scene.Close(static_cast<int>(random() % 4));
          break;
        case 1:
          for (const std::int64_t sequence : scene.Send()) on_the_way.push_back(sequence);
          break;
        case 2:  // the gateway reads some
          for (auto reads = random() % 5; up && reads > 0 && !on_the_way.empty(); --reads) {
            const std::int64_t sequence = on_the_way.front();
            on_the_way.erase(on_the_way.begin());
            BOOST_REQUIRE(sequence <= stored + 1);  // no gap
            stored = std::max(stored, sequence);
          }
          break;
        case 3:
          if (up && stored >= scene.outbox.first - 1) scene.Stored(stored);
          break;
        case 4:
          if (up && random() % 5 == 0) {
            up = false;
            scene.Do(event::Closed{1006, "cut"});
          }
          break;
        default:
          scene.Pass(milliseconds(random() % 400)).Do(event::Timer{});
          if (scene.Has<action::Disconnect>()) up = false;
          connect_if_asked();
      }
      BOOST_REQUIRE(scene.outbox.first <= stored + 1);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
