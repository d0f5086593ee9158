// Market data over real sockets, against a gateway that sends, refuses, cuts and falls silent.

#include "session/market_feed.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "market_gateway.h"
#include "session/session.h"
#include "temporary_folder.h"

namespace tpb {
namespace {

using Request = MarketGateway::Request;
constexpr char kData[] = "real_time_with_indicators";

Options OptionsFor(std::uint16_t port, const std::string& more = "") {
  const bool keeps = more.find("market_cache=") != std::string::npos;
  Options options;
  const Error error =
      ParseOptions("endpoint=ws://127.0.0.1:" + std::to_string(port) +
                       ";token=t;user_id=u;tenant_id=acme;backoff_min_ms=10;backoff_max_ms=100;"
                       "stream_ticks=no" +
                       (keeps ? "" : ";market_cache=none") + more,
                   options);
  BOOST_TEST(error.text == "");
  return options;
}

std::unique_ptr<Session> Opened(Options options) {
  Error error;
  std::unique_ptr<Session> session = Session::Open(std::move(options), error);
  BOOST_REQUIRE_MESSAGE(session != nullptr, error.text);
  return session;
}

template <class Holds>
bool WaitUntil(Holds&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

std::int32_t Subscribe(Session& session, const std::string& symbol,
                       const std::string& timeframe = "") {
  std::int32_t number = 0;
  const Error error = session.market().Subscribe(symbol, timeframe, number);
  BOOST_TEST(error.text == "");
  return number;
}

SubscriptionState StateOf(Session& session, std::int32_t number) {
  MarketFeed::How how;
  BOOST_TEST(!session.market().Look(number, how));
  return how.state;
}

bool WaitActive(Session& session, std::int32_t number) {
  return WaitUntil([&] { return StateOf(session, number) == SubscriptionState::kActive; });
}

bool WaitReceived(Session& session, std::int64_t messages) {
  return WaitUntil([&] { return session.market().GetStatus().messages_received >= messages; });
}

std::vector<MarketData> Poll(Session& session) {
  std::vector<MarketData> data(100);
  data.resize(session.market().Poll(data));
  return data;
}

std::vector<MarketData> History(Session& session, const std::string& symbol) {
  std::vector<MarketData> data(100);
  std::size_t count = 0;
  BOOST_TEST(!session.market().History(symbol, "", data, count));
  data.resize(count);
  return data;
}

std::optional<MarketData> Latest(Session& session, const std::string& symbol,
                                 const std::string& timeframe = "") {
  MarketData data;
  bool found = false;
  BOOST_TEST(!session.market().Latest(symbol, timeframe, data, found));
  return found ? std::optional(data) : std::nullopt;
}

std::optional<EventInfo> WaitFor(Session& session, EventKind kind) {
  std::optional<EventInfo> found;
  WaitUntil([&] {
    while (std::optional<EventInfo> event = session.NextEvent()) {
      if (event->kind == kind) found = event;
    }
    return found.has_value();
  });
  return found;
}

trading::v1::ClientMarketData Price(const std::string& symbol, std::int64_t number,
                                    double bid = 1.1) {
  trading::v1::ClientMarketData data;
  data.set_symbol(symbol);
  data.set_timeframe("1m");
  data.set_bid(bid);
  data.set_ask(bid + 0.0002);
  data.set_number(number);
  return data;
}

BOOST_AUTO_TEST_SUITE(market_feed)

BOOST_AUTO_TEST_CASE(prices_and_indicators_arrive) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port()));
  BOOST_TEST(WaitUntil([&] { return session->state() == State::kConnected; }));  // for the pairs
  const std::int32_t number = Subscribe(*session, "EURUSD");
  BOOST_TEST(number == 1);
  BOOST_TEST(Subscribe(*session, "EURUSD", "1m") == 1);
  BOOST_TEST(Subscribe(*session, "EURUSD", "tick") == 2);
  BOOST_REQUIRE(WaitActive(*session, 1) && WaitActive(*session, 2));
  BOOST_TEST((session->state() == State::kConnected));
  const std::vector<Request> expected{{"EURUSD", "1m", kData}, {"EURUSD", "", kData}};
  BOOST_TEST((gateway.requests() == expected));
  BOOST_TEST(gateway.head().starts_with("GET /ws/market-data HTTP/1.1"));
  BOOST_TEST(transport::HeaderOf(gateway.head(), "x-user-id") == "u");
  BOOST_TEST(transport::HeaderOf(gateway.head(), "x-session-id").size() == 32);
  BOOST_TEST(transport::HeaderOf(gateway.head(), "x-connection") == "1");
  BOOST_TEST(transport::HeaderOf(gateway.head(), "x-check").size() == 8);

  trading::v1::ClientMarketData sent = Price("EURUSD", 7);
  sent.set_timestamp(1'700'000'000'123);
  sent.set_tick_time_msc(1'700'007'200'100);
  sent.set_source_age_ms(150);
  sent.set_bar_time(1'700'007'120);
  sent.set_shared(true);
  sent.set_user_tier(trading::v1::SUBSCRIPTION_TIER_PRO);
  sent.mutable_session()->set_session_name("london");
  sent.mutable_session()->set_is_active(true);
  sent.mutable_indicators()->set_sma_20(1.2);
  sent.mutable_indicators()->set_rsi(std::nan(""));
  BOOST_TEST(gateway.Send(sent));
  BOOST_REQUIRE(WaitReceived(*session, 1));
  const std::vector<MarketData> polled = Poll(*session);
  BOOST_REQUIRE(polled.size() == 1);
  const MarketData data = polled[0];
  BOOST_TEST(data.bid == 1.1);
  BOOST_TEST(data.sma_20 == 1.2);
  BOOST_TEST(std::isnan(data.rsi));
  BOOST_TEST(std::isnan(data.ema_12));
  BOOST_TEST(+data.server_time_ms == 1'700'000'000'123);
  BOOST_TEST(+data.time_msc == 1'700'007'200'100);
  BOOST_TEST(+data.age_ms >= 150);
  BOOST_TEST(+data.age_ms < 150 + 30'000);
  BOOST_TEST(+data.received_ms > 1'700'000'000'000);
  BOOST_TEST(+data.number == 7);
  BOOST_TEST(+data.bar_time == 1'700'007'120);
  BOOST_TEST(+data.subscription == 1);
  BOOST_TEST(+data.live == 1);
  BOOST_TEST(+data.tier == 2);
  BOOST_TEST(+data.market_session == 3);
  BOOST_TEST(+data.session_open == 1);
  BOOST_TEST(+data.shared == 1);
  BOOST_TEST(Poll(*session).empty());
  BOOST_TEST(Latest(*session, "EURUSD")->bid == 1.1);
  BOOST_TEST(!Latest(*session, "EURUSD", "tick"));
  BOOST_TEST(History(*session, "EURUSD").size() == 1);
  const auto live = WaitFor(*session, EventKind::kMarketLive);
  BOOST_REQUIRE(live);
  BOOST_TEST(live->value == 0);  // it was connected before anything was subscribed to  // the
                                 // second one may have come after it
  const MarketStatus status = session->market().GetStatus();
  BOOST_TEST(status.subscriptions == 2);
  BOOST_TEST((status.tier == Tier::kPro));
  BOOST_TEST(status.bytes_received > 100);
  BOOST_TEST(status.frames_ignored == 0);
  BOOST_TEST(status.reconnects == 0);
  session->Close(milliseconds(1000));
}

BOOST_AUTO_TEST_CASE(what_came_before_a_cut_is_stale_after_it) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port()));
  const std::int32_t number = Subscribe(*session, "EURUSD");
  BOOST_REQUIRE(WaitActive(*session, number));
  gateway.Send(Price("EURUSD", 1));
  gateway.Send(Price("EURUSD", 2));
  BOOST_REQUIRE(WaitReceived(*session, 2));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 1);
  gateway.CutAtNextFrame();
  const std::int32_t other = Subscribe(*session, "GBPUSD");  // a frame, and so the cut
  const auto lost = WaitFor(*session, EventKind::kMarketLost);
  BOOST_REQUIRE(lost);
  BOOST_TEST((lost->code == Code::kNetwork));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 0);
  for (const MarketData& data : Poll(*session)) BOOST_TEST(+data.live == 0);

  BOOST_REQUIRE(WaitActive(*session, number) && WaitActive(*session, other));
  const std::vector<Request> again{{"EURUSD", "1m", kData}, {"GBPUSD", "1m", kData}};
  BOOST_TEST((gateway.requests() == again));
  BOOST_TEST(session->market().GetStatus().reconnects == 1);
  BOOST_TEST((session->market().GetStatus().problem == Code::kOk));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 0);  // nothing came over the new one yet
  gateway.Send(Price("EURUSD", 9, 1.5));
  BOOST_REQUIRE(WaitReceived(*session, 3));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 1);
  const std::vector<MarketData> history = History(*session, "EURUSD");
  BOOST_REQUIRE(history.size() == 3);
  BOOST_TEST(+history[0].live == 0);
  BOOST_TEST(+history[1].live == 0);
  BOOST_TEST(+history[2].live == 1);
  // Counted within a connection alone: between two of them nobody knows.
  BOOST_TEST(session->market().GetStatus().ticks_left_out == 0);
  gateway.Send(Price("EURUSD", 13));
  BOOST_REQUIRE(WaitReceived(*session, 4));
  BOOST_TEST(session->market().GetStatus().ticks_left_out == 3);
  session->Close(milliseconds(1000));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 0);
}

BOOST_AUTO_TEST_CASE(a_silent_gateway_s_data_becomes_stale) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port(), ";heartbeat_ms=200"));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  gateway.Send(Price("EURUSD", 1));
  BOOST_REQUIRE(WaitReceived(*session, 1));
  gateway.FallSilent();
  const auto lost = WaitFor(*session, EventKind::kMarketLost);
  BOOST_REQUIRE(lost);
  BOOST_TEST(lost->text.find("silent for 200 ms") != std::string::npos);
  BOOST_TEST(Latest(*session, "EURUSD")->live == 0);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_as_event_and_as_state) {
  MarketGateway gateway;
  gateway.Refuse("XAUUSD", "The free tier has 4 symbols. End one, or upgrade.");
  const auto session = Opened(OptionsFor(gateway.port()));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  const std::int32_t gold = Subscribe(*session, "XAUUSD");
  const auto refused = WaitFor(*session, EventKind::kMarketRefused);
  BOOST_REQUIRE(refused);
  BOOST_TEST(refused->value == gold);
  BOOST_TEST(refused->text.find("free tier has 4") != std::string::npos);
  MarketFeed::How how;
  BOOST_TEST(!session->market().Look(gold, how));
  BOOST_TEST((how.state == SubscriptionState::kRefused));
  BOOST_TEST(how.text.find("free tier has 4") != std::string::npos);
  const MarketStatus status = session->market().GetStatus();
  BOOST_TEST(status.subscriptions == 1);
  BOOST_TEST(status.refused == 1);
  BOOST_TEST((status.tier == Tier::kFree));
  gateway.Refuse("", "");
  BOOST_TEST(Subscribe(*session, "XAUUSD") == gold);
  BOOST_TEST(WaitActive(*session, gold));
}

// Data that the gateway has stopped to send must not look alive.
BOOST_AUTO_TEST_CASE(what_is_refused_later_is_not_live) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port()));
  const std::int32_t number = Subscribe(*session, "EURUSD");
  BOOST_REQUIRE(WaitActive(*session, number));
  gateway.Send(Price("EURUSD", 1));
  v1::MarketFrame frame;
  frame.mutable_result()->set_symbol("EURUSD");
  frame.mutable_result()->set_timeframe("1m");
  frame.mutable_result()->set_outcome(v1::SubscriptionResult::OUTCOME_OVER_TIER);
  gateway.Send(frame);
  BOOST_TEST(WaitUntil([&] { return StateOf(*session, number) == SubscriptionState::kRefused; }));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 0);
}

BOOST_AUTO_TEST_CASE(pairs_and_notices) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port()));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  BOOST_TEST(session->GetPairs().empty());
  v1::MarketFrame frame;
  v1::PairSelection& selection = *frame.mutable_control()->mutable_pairs();
  selection.set_version(3);
  for (const char* name : {"EURUSD", "GBP,USD", "XAUUSD"}) selection.add_pairs()->set_symbol(name);
  gateway.Send(frame);
  gateway.Send(frame);  // nothing new
  const auto pairs = WaitFor(*session, EventKind::kPairs);
  BOOST_REQUIRE(pairs);
  BOOST_TEST(pairs->value == 2);
  BOOST_TEST(session->GetPairs() == (std::vector<std::string>{"EURUSD", "XAUUSD"}),
             boost::test_tools::per_element());
  frame.mutable_control()->mutable_config_changed()->set_version(4);
  gateway.Send(frame);
  frame.mutable_control()->mutable_notice()->set_text("Closed at 22:00");
  gateway.Send(frame);
  const auto notice = WaitFor(*session, EventKind::kNotice);
  BOOST_REQUIRE(notice);
  BOOST_TEST(notice->text.find("Closed at 22:00") != std::string::npos);
  BOOST_TEST(session->market().GetStatus().frames_ignored == 0);
  frame.mutable_bar()->set_symbol("EURUSD");
  gateway.Send(frame);
  gateway.Send(Price("USDJPY", 1));  // nobody asked
  BOOST_TEST(WaitUntil([&] { return session->market().GetStatus().frames_ignored == 2; }));
  BOOST_TEST(session->market().GetStatus().messages_received == 0);
}

BOOST_AUTO_TEST_CASE(a_gateway_without_the_subprotocol) {
  MarketGateway gateway(MarketGateway::Speaks::kBare);
  const auto session = Opened(OptionsFor(gateway.port()));
  const std::int32_t number = Subscribe(*session, "EURUSD");
  BOOST_REQUIRE(WaitUntil([&] { return gateway.requests().size() == 1; }));
  BOOST_TEST((StateOf(*session, number) == SubscriptionState::kAsked));
  trading::v1::ClientMarketData foreign;  // knows of no timeframe, number or NaN
  foreign.set_symbol("EURUSD");
  foreign.set_bid(1.1);
  foreign.set_ask(1.2);
  foreign.mutable_indicators()->set_sma_20(0);
  gateway.Send(foreign);
  BOOST_REQUIRE(WaitReceived(*session, 1));
  BOOST_TEST((StateOf(*session, number) == SubscriptionState::kActive));
  const auto latest = Latest(*session, "EURUSD");
  BOOST_REQUIRE(latest);
  BOOST_TEST(latest->bid == 1.1);
  BOOST_TEST(std::isnan(latest->sma_20));
  BOOST_TEST(+latest->live == 1);
  BOOST_TEST(+latest->number == 0);
  gateway.SendBytes(1, "XAUUSD is not for the free tier\r\n");
  const auto notice = WaitFor(*session, EventKind::kNotice);
  BOOST_REQUIRE(notice);
  BOOST_TEST(notice->text == "The gateway says: XAUUSD is not for the free tier  ");
  gateway.SendBytes(2, "no message at all");
  BOOST_TEST(WaitUntil([&] { return session->market().GetStatus().frames_ignored == 1; }));
  BOOST_TEST(Latest(*session, "EURUSD")->live == 1);
}

BOOST_AUTO_TEST_CASE(nonsense_under_the_subprotocol_ends_the_connection) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port()));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  gateway.SendBytes(2, "no message at all");
  const auto lost = WaitFor(*session, EventKind::kMarketLost);
  BOOST_REQUIRE(lost);
  BOOST_TEST((lost->code == Code::kProtocol));
  BOOST_TEST(WaitUntil([&] { return gateway.connections() == 2; }));
}

BOOST_AUTO_TEST_CASE(a_wrong_token_halts_and_a_right_one_goes_on) {
  MarketGateway gateway;
  gateway.AcceptOnly("good");
  const auto session = Opened(OptionsFor(gateway.port()));
  const std::int32_t number = Subscribe(*session, "EURUSD");
  const auto lost = WaitFor(*session, EventKind::kMarketLost);
  BOOST_REQUIRE(lost);
  BOOST_TEST((lost->code == Code::kCredentials));
  BOOST_TEST((lost->severity == Severity::kError));
  BOOST_TEST(WaitUntil([&] { return session->state() == State::kHalted; }));
  BOOST_TEST((session->GetStatus().problem == Code::kCredentials));
  BOOST_TEST(session->LastError().find("401") != std::string::npos);
  BOOST_TEST(!session->SetToken({.text = "good", .user_id = "u", .tenant_id = "acme"}));
  BOOST_TEST(WaitActive(*session, number));
  BOOST_TEST((session->GetStatus().problem == Code::kOk));
}

BOOST_AUTO_TEST_CASE(the_last_subscription_takes_the_connection_with_it) {
  MarketGateway gateway;
  Options options = OptionsFor(gateway.port());
  options.stream_ticks = true;  // a session that only reads stays connected
  options.endpoint.port = transport::UnusedPort();
  const auto session = Opened(std::move(options));
  const auto state = [&] { return session->market().GetStatus().state; };
  BOOST_TEST((state() == State::kDisconnected));
  const std::int32_t number = Subscribe(*session, "EURUSD", "5m");
  BOOST_REQUIRE(WaitActive(*session, number));
  BOOST_TEST(!session->market().Unsubscribe("EURUSD", "5m"));
  BOOST_TEST((StateOf(*session, number) == SubscriptionState::kEnded));
  BOOST_TEST((session->market().Unsubscribe("EURUSD", "5m").code == Code::kNotSubscribed));
  const std::vector<Request> expected{{"EURUSD", "5m", kData}, {"EURUSD", "5m", kData, false}};
  BOOST_TEST(WaitUntil([&] { return gateway.requests() == expected; }));
  BOOST_TEST(WaitUntil([&] { return state() == State::kDisconnected; }));
  BOOST_TEST(Subscribe(*session, "EURUSD", "5m") == number);
  BOOST_TEST(WaitActive(*session, number));
  BOOST_TEST(WaitUntil([&] { return gateway.connections() == 2; }));
}

BOOST_AUTO_TEST_CASE(the_backup_serves_while_the_primary_is_away) {
  MarketGateway gateway;
  const std::uint16_t nobody = transport::UnusedPort();
  const auto session = Opened(OptionsFor(
      nobody, ";backup_endpoint=ws://127.0.0.1:" + std::to_string(gateway.port()) + "/x/ws/mt5"));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  BOOST_TEST(gateway.head().starts_with("GET /x/ws/market-data HTTP/1.1"));
  BOOST_TEST(session->market().GetStatus().endpoint == 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_read_is_pushed_out_and_told) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port(), ";market_inbox=2"));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
  for (int i = 1; i <= 5; ++i) gateway.Send(Price("EURUSD", i));
  BOOST_REQUIRE(WaitReceived(*session, 5));
  const MarketStatus status = session->market().GetStatus();
  BOOST_TEST(status.messages_unread == 2);
  BOOST_TEST(status.messages_overflowed == 3);
  const auto overflow = WaitFor(*session, EventKind::kMarketOverflow);
  BOOST_REQUIRE(overflow);
  BOOST_TEST(overflow->value == 1);  // at once, and then once a minute
  const std::vector<MarketData> polled = Poll(*session);
  BOOST_REQUIRE(polled.size() == 2);
  BOOST_TEST(+polled[0].number == 4);
  BOOST_TEST(+polled[1].number == 5);
}

BOOST_AUTO_TEST_CASE(a_restart_keeps_what_came_as_stale) {
  const TemporaryFolder folder("market_feed");
  const std::string cache =
      ";market_history=3;market_cache=" + (folder.path() / "own" / "market.cache").string();
  MarketGateway gateway;
  const std::string market =
      ";market_endpoint=ws://127.0.0.1:" + std::to_string(gateway.port()) + "/ws/market-data";
  {
    const auto session = Opened(OptionsFor(gateway.port(), cache + market));
    BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "GBPUSD")));
    BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "EURUSD")));
    for (int i = 1; i <= 9; ++i) gateway.Send(Price("EURUSD", i, 1 + i * 0.01));
    BOOST_REQUIRE(WaitReceived(*session, 9));
    // A second session of the same takes a file of its own.
    const auto second = Opened(OptionsFor(gateway.port(), cache + market));
    Subscribe(*second, "EURUSD");
    BOOST_TEST(!Latest(*second, "EURUSD"));
    session->Close(milliseconds(0));
  }
  BOOST_TEST(std::filesystem::exists(folder.path() / "own" / "market.cache-2"));
  gateway.AcceptOnly("nobody has it");
  const auto session = Opened(OptionsFor(gateway.port(), cache + market));
  const std::int32_t number = Subscribe(*session, "EURUSD");
  const auto latest = Latest(*session, "EURUSD");
  BOOST_REQUIRE(latest);
  BOOST_TEST(latest->bid == 1.09);
  BOOST_TEST(+latest->live == 0);
  BOOST_TEST(+latest->subscription == number);
  BOOST_TEST(+latest->age_ms >= 0);
  BOOST_TEST(+latest->age_ms < 60'000);
  const std::vector<MarketData> history = History(*session, "EURUSD");
  BOOST_REQUIRE(history.size() == 3);
  BOOST_TEST(+history[0].number == 7);
  BOOST_TEST(Poll(*session).empty());
  // Another timeframe is another subscription.
  Subscribe(*session, "EURUSD", "5m");
  BOOST_TEST(!Latest(*session, "EURUSD", "5m"));
}

BOOST_AUTO_TEST_CASE(a_session_without_ticks) {
  const auto session = Opened(OptionsFor(transport::UnusedPort(), ";heartbeat_ms=60000"));
  const Tick tick{.time = 0,
                  .bid = 1,
                  .ask = 1,
                  .last = 0,
                  .volume = 0,
                  .time_msc = 1'577'898'000'000,
                  .flags = 0,
                  .volume_real = 0};
  const Error error = session->SendTicks("EURUSD", std::span(&tick, 1));
  BOOST_TEST((error.code == Code::kNotConfigured));
  BOOST_TEST(error.text.find("stream_ticks=no") != std::string::npos);
  BOOST_TEST((session->SendTicks("EURUSD", {}).code == Code::kNotConfigured));
  BOOST_TEST((session->SendQuotes({}).code == Code::kNotConfigured));
  BOOST_TEST(session->Flush() == 0);
  Subscribe(*session, "EURUSD");
  BOOST_TEST(WaitUntil([&] { return session->state() == State::kWaiting; }));
  BOOST_TEST((session->GetStatus().problem == Code::kNetwork));
  BOOST_TEST(session->StatusJson().find("\"market_state\":3") != std::string::npos);
  const auto begun = std::chrono::steady_clock::now();
  BOOST_TEST(session->Close(milliseconds(60'000)) == 0);
  BOOST_TEST((std::chrono::steady_clock::now() - begun < std::chrono::seconds(10)));
  std::int32_t number = 0;
  BOOST_TEST((session->market().Subscribe("EURUSD", "", number).code == Code::kBadHandle));
}

// Callers of all kinds while prices come, and connections go.
BOOST_AUTO_TEST_CASE(many_threads) {
  MarketGateway gateway;
  const auto session = Opened(OptionsFor(gateway.port(), ";market_inbox=8;market_history=2"));
  BOOST_REQUIRE(WaitActive(*session, Subscribe(*session, "S0")));
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::atomic<std::int64_t> polled = 0;
  const auto caller = [&](int own) {
    const std::string symbol = "S" + std::to_string(own);
    std::vector<MarketData> data(4);
    for (int round = 0; !over; ++round) {
      std::int32_t number = 0;
      std::size_t count = 0;
      bool found = false;
      if (session->market().Subscribe(symbol, "", number)) ++wrong;
      if (session->market().History(symbol, "", data, count)) ++wrong;
      if (session->market().Latest("S0", "", data.front(), found)) ++wrong;
      polled += static_cast<std::int64_t>(session->market().Poll(data));
      session->StatusJson();
      while (session->NextEvent()) {
      }
      if (own > 0 && round % 3 == 0 && session->market().Unsubscribe(symbol, "")) ++wrong;
    }
  };
  std::vector<std::thread> callers;
  for (int own = 0; own < 4; ++own) callers.emplace_back(caller, own);
  for (int cut = 1; cut <= 5; ++cut) {
    gateway.CutAtNextFrame();
    BOOST_TEST(WaitUntil([&] {
      gateway.Send(Price("S0", cut));
      return gateway.connections() > cut;
    }));
  }
  const std::int64_t before = polled;
  BOOST_TEST(WaitUntil([&] {
    gateway.Send(Price("S0", 100));
    return polled > before;
  }));
  over = true;
  for (std::thread& thread : callers) thread.join();
  BOOST_TEST(wrong == 0);
  session->Close(milliseconds(1000));
}

BOOST_AUTO_TEST_CASE(bad_names_and_timeframes) {
  const auto session = Opened(OptionsFor(transport::UnusedPort()));
  std::int32_t number = 0;
  MarketData data;
  bool found = false;
  std::size_t count = 0;
  MarketFeed& market = session->market();
  for (const std::string& bad : {std::string(), std::string("A,B"), std::string(65, 'A')}) {
    BOOST_TEST((market.Subscribe(bad, "", number).code == Code::kBadSymbol));
  }
  BOOST_TEST((market.Subscribe("EURUSD", "2m", number).code == Code::kInvalidArgument));
  BOOST_TEST((market.Unsubscribe("EURUSD", "2m").code == Code::kInvalidArgument));
  BOOST_TEST((market.Latest("EURUSD", "", data, found).code == Code::kNotSubscribed));
  BOOST_TEST((market.History("EURUSD", "", {}, count).code == Code::kNotSubscribed));
  MarketFeed::How how;
  for (const std::int32_t none : {-1, 0, 1}) {
    BOOST_TEST((market.Look(none, how).code == Code::kNotSubscribed));
  }
  BOOST_TEST(market.GetStatus().subscriptions == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
