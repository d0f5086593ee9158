// The exported functions, as any caller uses them. No gateway is needed: none is there.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "../session/temporary_folder.h"
#include "trading_protobuf.h"

extern "C" int32_t AbiVersionSeenByC(void);

namespace {

// The default session keeps a journal: here, and not where the user's own are.
class StateOfItsOwn {
 public:
  StateOfItsOwn() {
    const std::string folder = folder_.path().string();
#ifdef _WIN32
    _putenv_s("TPB_STATE_DIR", folder.c_str());
#else
    setenv("TPB_STATE_DIR", folder.c_str(), 1);
#endif
  }

 private:
  tpb::TemporaryFolder folder_{"abi"};
};

BOOST_TEST_GLOBAL_FIXTURE(StateOfItsOwn);

const TpbChar* Units(const std::u16string& text) {
  return reinterpret_cast<const TpbChar*>(text.c_str());
}

// Nobody listens on port 1 of the loopback.
const std::u16string kEndpoint = u"ws://127.0.0.1:1";
// {"sub":"ann","tenant_id":"acme"}
const std::u16string kToken = u"e30.eyJzdWIiOiJhbm4iLCJ0ZW5hbnRfaWQiOiJhY21lIn0.c2ln";
const std::u16string kConfig = u"endpoint=" + kEndpoint + u";token=" + kToken;

std::string LastError(TpbHandle handle) {
  std::vector<TpbChar> buffer(4096);
  TpbLastError(handle, buffer.data(), static_cast<int32_t>(buffer.size()));
  std::string text;
  for (const TpbChar unit : buffer) {
    if (unit == 0) break;
    text.push_back(static_cast<char>(unit));
  }
  return text;
}

TpbHandle Open(const std::u16string& more = u"") {
  TpbHandle handle = 0;
  BOOST_TEST(TpbOpen(Units(kConfig + more), &handle) == TPB_OK);
  BOOST_TEST(handle > 0);
  return handle;
}

TpbTick MakeTick(std::int64_t i = 0) {
  TpbTick tick{};
  tick.time_msc = 1'577'898'000'000 + i;
  tick.time = tick.time_msc / 1000;
  tick.bid = 1.1;
  tick.ask = 1.2;
  return tick;
}

TpbStatusInfo Status(TpbHandle handle) {
  TpbStatusInfo status{};
  BOOST_TEST(TpbStatus(handle, &status) == TPB_OK);
  return status;
}

int32_t SendTo(TpbHandle handle, const std::vector<TpbTick>& ticks,
               const std::u16string& symbol = u"EURUSD") {
  return TpbSendTicks(handle, Units(symbol), ticks.data(), static_cast<int32_t>(ticks.size()));
}

BOOST_AUTO_TEST_SUITE(contract)

BOOST_AUTO_TEST_CASE(version_and_layouts) {
  BOOST_TEST(TpbAbiVersion() == 2);
  BOOST_TEST(AbiVersionSeenByC() == TPB_OK);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_TICK) == 60);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_STATUS) == 216);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_EVENT) == 40);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_MARKET_DATA) == 168);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_MARKET_STATUS) == 88);
  BOOST_TEST(TpbSizeOf(TPB_LAYOUT_INDICATORS) == 56);
  BOOST_TEST(TpbSizeOf(0) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSizeOf(7) == TPB_E_INVALID_ARGUMENT);
}

BOOST_AUTO_TEST_CASE(a_cursor_tells_the_newest_time_and_how_many_share_it) {
  const TpbHandle handle = Open();
  std::int64_t time_msc = -1;
  std::int32_t count = -1;
  BOOST_TEST(TpbCursor(handle, Units(u"EURUSD"), &time_msc, &count) == 0);
  BOOST_TEST(time_msc == 0);
  BOOST_TEST(count == 0);
  BOOST_TEST(SendTo(handle, {MakeTick(0), MakeTick(5), MakeTick(5)}) == 3);
  BOOST_TEST(TpbCursor(handle, Units(u"EURUSD"), &time_msc, &count) == 1);
  BOOST_TEST(time_msc == MakeTick(5).time_msc);
  BOOST_TEST(count == 2);
  BOOST_TEST(TpbCursor(handle, Units(u""), &time_msc, &count) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(TpbCursor(handle, Units(u"A"), nullptr, &count) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbCursor(handle + 64, Units(u"A"), &time_msc, &count) == TPB_E_BAD_HANDLE);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(events_come_once_oldest_first) {
  const TpbHandle handle = Open();
  TpbEventInfo event{};
  std::vector<TpbChar> text(160);
  std::int32_t taken = 0;
  for (int tries = 0; tries < 30'000 && taken == 0; ++tries) {
    taken = TpbNextEvent(handle, &event, text.data(), static_cast<int32_t>(text.size()));
    if (taken == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  BOOST_TEST(taken == 1);  // nobody answers at that address
  BOOST_TEST(event.kind == TPB_EVENT_BUFFERING);
  BOOST_TEST(event.number == 1);
  BOOST_TEST(text[0] != 0);
  BOOST_TEST(TpbNextEvent(handle, nullptr, nullptr, 0) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbNextEvent(handle, &event, nullptr, 0) == 0);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(ticks_are_accepted_without_a_gateway_and_counted_at_the_end) {
  const TpbHandle handle = Open();
  BOOST_TEST(SendTo(handle, {MakeTick(0), MakeTick(1), MakeTick(2)}) == 3);
  BOOST_TEST(SendTo(handle, {}) == 0);
  BOOST_TEST(TpbFlush(handle) == 3);
  BOOST_TEST(TpbFlush(handle) == 0);
  const TpbStatusInfo status = Status(handle);
  BOOST_TEST(status.ticks_accepted == 3);
  BOOST_TEST(status.batches_closed == 1);
  BOOST_TEST(status.outbox_bytes > 0);
  BOOST_TEST(status.outbox_capacity_bytes == 64 << 20);
  BOOST_TEST(TpbClose(handle, 0) == 3);
  BOOST_TEST(TpbClose(handle, 0) == TPB_E_BAD_HANDLE);
}

BOOST_AUTO_TEST_CASE(a_bad_tick_refuses_the_whole_call) {
  const TpbHandle handle = Open();
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<TpbTick> bad(6, MakeTick());
  bad[0].bid = nan;
  bad[1].ask = infinity;
  bad[2].last = -infinity;
  bad[3].volume_real = nan;
  bad[4].time_msc = 1'577'898'000;
  bad[5].time_msc = std::numeric_limits<std::int64_t>::min();
  for (const TpbTick& tick : bad) {
    BOOST_TEST(SendTo(handle, {MakeTick(), tick}) == TPB_E_BAD_TICK);
    BOOST_TEST(LastError(TPB_THIS_THREAD).find("tick 1 of the call") != std::string::npos);
    BOOST_TEST(LastError(handle) != "");  // this one, or that no gateway is there
  }
  BOOST_TEST(Status(handle).ticks_accepted == 0);
  BOOST_TEST(Status(handle).ticks_refused == 12);
  TpbTick odd = MakeTick();  // unusual, and yet seen on real markets
  odd.bid = -37.63;
  odd.ask = 0;
  odd.volume = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(SendTo(handle, {odd}) == 1);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(a_full_outbox_refuses_and_takes_again_nothing_it_cannot_keep) {
  const TpbHandle handle = Open(u";outbox_bytes=65536");
  std::int64_t taken = 0;
  int32_t result = 0;
  while ((result = SendTo(handle, {MakeTick(), MakeTick(), MakeTick()})) > 0) taken += result;
  BOOST_TEST(result == TPB_E_OUTBOX_FULL);
  BOOST_TEST(LastError(TPB_THIS_THREAD).find("outbox is full") != std::string::npos);
  const TpbStatusInfo status = Status(handle);
  BOOST_TEST(status.ticks_accepted == taken);
  BOOST_TEST(status.ticks_refused == 3);
  BOOST_TEST(status.outbox_bytes <= 65536);
  BOOST_TEST(status.outbox_bytes > 60000);
  BOOST_TEST(SendTo(handle, std::vector<TpbTick>(5000, MakeTick())) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbClose(handle, 0) == taken);
}

BOOST_AUTO_TEST_CASE(symbols) {
  const TpbHandle handle = Open();
  const std::vector<TpbTick> ticks{MakeTick()};
  for (const std::u16string& symbol :
       {std::u16string(), std::u16string(u"A,B"), std::u16string(u"A\tB"), std::u16string(65, u'A'),
        std::u16string(33, u'\u00e4')}) {
    BOOST_TEST(SendTo(handle, ticks, symbol) == TPB_E_BAD_SYMBOL);
  }
  BOOST_TEST(SendTo(handle, ticks, u"\xd800") == TPB_E_INVALID_ARGUMENT);
  for (const std::u16string& symbol :
       {std::u16string(u"EURUSD.m"), std::u16string(u"#US500"), std::u16string(64, u'A'),
        std::u16string(u"\u00e4\u20ac \U0001f600")}) {
    BOOST_TEST(SendTo(handle, ticks, symbol) == 1);
  }
  BOOST_TEST(TpbSendTicks(handle, nullptr, ticks.data(), 1) == TPB_E_BAD_SYMBOL);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(a_session_has_its_fill_of_symbols) {
  const TpbHandle handle = Open();
  const std::vector<TpbTick> ticks{MakeTick()};
  for (int i = 0; i < 16384; ++i) {
    std::u16string name = u"S";
    for (const char c : std::to_string(i)) name.push_back(static_cast<char16_t>(c));
    BOOST_REQUIRE(SendTo(handle, ticks, name) == 1);
  }
  BOOST_TEST(SendTo(handle, ticks, u"ONE_MORE") == TPB_E_TOO_MANY);
  BOOST_TEST(SendTo(handle, ticks, u"S5") == 1);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(arguments) {
  TpbHandle handle = 5;
  BOOST_TEST(TpbOpen(nullptr, &handle) == TPB_E_BAD_CONFIG);
  BOOST_TEST(handle == TPB_THIS_THREAD);
  BOOST_TEST(LastError(handle).find("endpoint") != std::string::npos);
  BOOST_TEST(TpbOpen(Units(kConfig), nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbOpen(Units(std::u16string(1 << 20, u'a')), &handle) == TPB_E_INVALID_ARGUMENT);

  handle = Open();
  const TpbTick tick = MakeTick();
  BOOST_TEST(TpbSendTicks(handle, Units(u"EURUSD"), nullptr, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSendTicks(handle, Units(u"EURUSD"), nullptr, 0) == 0);
  BOOST_TEST(TpbSendTicks(handle, Units(u"EURUSD"), &tick, -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSendTicks(handle, Units(u"EURUSD"), &tick, 65537) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbStatus(handle, nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbStatusJson(handle, nullptr, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbStatusJson(handle, nullptr, -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbStatusJson(handle, nullptr, 0) > 100);
  BOOST_TEST(TpbLastError(handle, nullptr, 5) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSetToken(handle, nullptr) == TPB_E_BAD_CONFIG);
  BOOST_TEST(TpbSetToken(handle, Units(u"e30.eyJzdWIiOiJib2IifQ.x")) == TPB_E_IN_USE);
  BOOST_TEST(TpbSetToken(handle, Units(kToken)) == TPB_OK);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(subscriptions_without_a_gateway) {
  const TpbHandle handle = Open();
  TpbMarketStatusInfo status{};
  BOOST_TEST(TpbMarketStatus(handle, &status) == TPB_OK);
  BOOST_TEST(status.state == TPB_STATE_DISCONNECTED);
  BOOST_TEST(TpbSubscribe(handle, Units(u"EURUSD"), nullptr) == 1);
  BOOST_TEST(TpbSubscribe(handle, Units(u"EURUSD"), Units(u"1m")) == 1);
  BOOST_TEST(TpbSubscribe(handle, Units(u"EURUSD"), Units(u"tick")) == 2);
  BOOST_TEST(TpbSubscription(handle, 1, nullptr, 0) == TPB_SUBSCRIPTION_ASKED);
  TpbMarketData data[2]{};
  BOOST_TEST(TpbPollMarketData(handle, data, 2) == 0);
  BOOST_TEST(TpbPollMarketData(handle, nullptr, 0) == 0);
  BOOST_TEST(TpbLatest(handle, Units(u"EURUSD"), Units(u""), data) == 0);
  BOOST_TEST(TpbMarketHistory(handle, Units(u"EURUSD"), nullptr, data, 2) == 0);
  BOOST_TEST(TpbMarketStatus(handle, &status) == TPB_OK);
  BOOST_TEST(status.state != TPB_STATE_DISCONNECTED);
  BOOST_TEST(status.subscriptions == 0);
  BOOST_TEST(TpbUnsubscribe(handle, Units(u"EURUSD"), nullptr) == TPB_OK);
  BOOST_TEST(TpbUnsubscribe(handle, Units(u"EURUSD"), nullptr) == TPB_E_NOT_SUBSCRIBED);
  BOOST_TEST(TpbSubscription(handle, 1, nullptr, 0) == TPB_SUBSCRIPTION_ENDED);
  BOOST_TEST(TpbLatest(handle, Units(u"EURUSD"), nullptr, data) == TPB_E_NOT_SUBSCRIBED);
  BOOST_TEST(LastError(TPB_THIS_THREAD).find("TpbSubscribe") != std::string::npos);
  TpbChar text[4] = {7, 7, 7, 7};
  BOOST_TEST(TpbPairs(handle, text, 4) == 1);
  BOOST_TEST(text[0] == 0);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(so_many_subscriptions) {
  const TpbHandle handle = Open(u";market_cache=none;market_history=0;market_inbox=1");
  for (int i = 0; i < TPB_MAX_SUBSCRIPTIONS; ++i) {
    std::u16string name = u"S";
    for (const char c : std::to_string(i)) name.push_back(static_cast<char16_t>(c));
    BOOST_REQUIRE(TpbSubscribe(handle, Units(name), nullptr) == i + 1);
  }
  BOOST_TEST(TpbSubscribe(handle, Units(u"ONE_MORE"), nullptr) == TPB_E_TOO_MANY);
  BOOST_TEST(TpbSubscribe(handle, Units(u"S7"), nullptr) == 8);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(arguments_of_market_data) {
  const TpbHandle handle = Open(u";market_cache=none");
  const std::u16string name = u"EURUSD";
  const std::u16string huge(1 << 20, u'a');
  TpbMarketData data{};
  BOOST_TEST(TpbSubscribe(handle, nullptr, nullptr) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(TpbSubscribe(handle, Units(u"A,B"), nullptr) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(TpbSubscribe(handle, Units(huge), nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSubscribe(handle, Units(name), Units(u"2m")) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbSubscribe(handle, Units(name), Units(huge)) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbUnsubscribe(handle, Units(u"\xd800"), nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbUnsubscribe(handle, nullptr, nullptr) == TPB_E_NOT_SUBSCRIBED);
  for (const std::int32_t number : {-1, 0, 1, 1 << 30}) {
    BOOST_TEST(TpbSubscription(handle, number, nullptr, 0) == TPB_E_NOT_SUBSCRIBED);
  }
  BOOST_TEST(TpbSubscribe(handle, Units(name), nullptr) == 1);
  BOOST_TEST(TpbSubscription(handle, 1, nullptr, 5) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbPollMarketData(handle, nullptr, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbPollMarketData(handle, &data, -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbLatest(handle, Units(name), nullptr, nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbMarketHistory(handle, Units(name), nullptr, nullptr, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbMarketHistory(handle, Units(name), nullptr, &data, -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbMarketHistory(handle, Units(name), nullptr, nullptr, 0) == 0);
  BOOST_TEST(TpbMarketStatus(handle, nullptr) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbPairs(handle, nullptr, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbPairs(handle, nullptr, -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(TpbIndicators(handle, Units(name), nullptr) == TPB_E_INVALID_ARGUMENT);
  TpbIndicatorInfo info{};
  BOOST_TEST(TpbIndicators(handle, Units(name), &info) == TPB_E_NOT_CONFIGURED);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(indicators_of_the_ticks_that_were_accepted) {
  const TpbHandle handle = Open(u";indicators=yes");
  TpbIndicatorInfo info{};
  BOOST_TEST(TpbIndicators(handle, Units(u"EURUSD"), &info) == 0);
  BOOST_TEST(TpbIndicators(handle, Units(u"A,B"), &info) == TPB_E_BAD_SYMBOL);
  std::vector<TpbTick> ticks;
  for (int i = 0; i < 20; ++i) {
    ticks.push_back(MakeTick(i));
    ticks.back().bid = 1.0 + i;
  }
  BOOST_TEST(SendTo(handle, ticks) == 20);
  TpbTick bad = MakeTick(20);
  bad.bid = std::nan("");
  BOOST_TEST(SendTo(handle, {MakeTick(20), bad}) == TPB_E_BAD_TICK);  // neither went in
  BOOST_TEST(TpbIndicators(handle, Units(u"EURUSD"), &info) == 1);
  BOOST_TEST(info.ticks == 20);
  BOOST_TEST(info.time_msc == MakeTick(19).time_msc);
  BOOST_TEST(info.sma_20 == 10.5);
  BOOST_TEST(std::isnan(info.sma_50));
  BOOST_TEST(info.rsi == 100);
  BOOST_TEST(TpbIndicators(handle, Units(u"GBPUSD"), &info) == 0);
  TpbClose(handle, 0);
}

BOOST_AUTO_TEST_CASE(a_session_without_ticks_takes_none) {
  const TpbHandle handle = Open(u";stream_ticks=no;market_cache=none");
  BOOST_TEST(SendTo(handle, {MakeTick()}) == TPB_E_NOT_CONFIGURED);
  BOOST_TEST(LastError(handle).find("stream_ticks=no") != std::string::npos);
  BOOST_TEST(Status(handle).state != TPB_STATE_DISCONNECTED);
  BOOST_TEST(TpbFlush(handle) == 0);
  BOOST_TEST(TpbSubscribe(handle, Units(u"EURUSD"), nullptr) == 1);
  BOOST_TEST(TpbClose(handle, 0) == 0);
}

BOOST_AUTO_TEST_CASE(handles_that_are_none) {
  const TpbTick tick = MakeTick();
  TpbStatusInfo status{};
  for (const TpbHandle handle : {TpbHandle{1}, TpbHandle{-1}, TpbHandle{-2}, TpbHandle{1} << 40,
                                 std::numeric_limits<TpbHandle>::max()}) {
    BOOST_TEST(TpbSendTicks(handle, Units(u"EURUSD"), &tick, 1) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbFlush(handle) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbStatus(handle, &status) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbClose(handle, 0) == TPB_E_BAD_HANDLE);
    TpbMarketData data{};
    TpbMarketStatusInfo market{};
    TpbIndicatorInfo indicators{};
    BOOST_TEST(TpbSubscribe(handle, Units(u"EURUSD"), nullptr) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbUnsubscribe(handle, Units(u"EURUSD"), nullptr) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbSubscription(handle, 1, nullptr, 0) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbPollMarketData(handle, &data, 1) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbLatest(handle, Units(u"EURUSD"), nullptr, &data) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbMarketHistory(handle, Units(u"EURUSD"), nullptr, &data, 1) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbMarketStatus(handle, &market) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbPairs(handle, nullptr, 0) == TPB_E_BAD_HANDLE);
    BOOST_TEST(TpbIndicators(handle, Units(u"EURUSD"), &indicators) == TPB_E_BAD_HANDLE);
    BOOST_TEST(LastError(handle).find("no open session") != std::string::npos);
  }
  BOOST_TEST(TpbClose(TPB_DEFAULT_SESSION, 0) == TPB_E_BAD_HANDLE);
}

// Who runs the five functions alone, without the handle API.
BOOST_AUTO_TEST_CASE(the_five_functions_share_a_counted_session) {
  const double prices[] = {1.1, 1.2};
  const std::int64_t times[] = {1'577'898'000'000, 1'577'898'000'001};
  const auto send = [&](const std::u16string& names, int32_t count) {
    return SendTickBatch(Units(names), prices, prices, times, count);
  };
  BOOST_TEST(GetConnectionStatus() == TPB_E_NOT_INITIALIZED);
  BOOST_TEST(send(u"A", 1) == TPB_E_NOT_INITIALIZED);
  BOOST_TEST(ConnectWebSocket(Units(kEndpoint), Units(kToken)) == TPB_E_NOT_INITIALIZED);
  BOOST_TEST(CleanupProtobuf() == TPB_E_NOT_INITIALIZED);

  BOOST_TEST(InitializeProtobuf() == TPB_OK);
  BOOST_TEST(InitializeProtobuf() == TPB_OK);
  BOOST_TEST(GetConnectionStatus() == TPB_STATE_DISCONNECTED);
  BOOST_TEST(send(u"A", 1) == TPB_E_NOT_CONFIGURED);
  BOOST_TEST(ConnectWebSocket(Units(u"http://a"), Units(kToken)) == TPB_E_BAD_CONFIG);
  BOOST_TEST(ConnectWebSocket(Units(u"ws://192.0.2.1"), Units(kToken)) == TPB_E_BAD_CONFIG);
  BOOST_TEST(ConnectWebSocket(Units(kEndpoint), Units(u"no-claims")) == TPB_E_BAD_CONFIG);
  BOOST_TEST(ConnectWebSocket(Units(kEndpoint), Units(u"Bearer " + kToken)) == TPB_OK);
  BOOST_TEST(ConnectWebSocket(Units(kEndpoint), Units(kToken)) == TPB_OK);
  BOOST_TEST(ConnectWebSocket(Units(u"ws://127.0.0.1:2"), Units(kToken)) == TPB_E_IN_USE);
  BOOST_TEST(LastError(TPB_THIS_THREAD).find("127.0.0.1:1") != std::string::npos);

  BOOST_TEST(send(u"EURUSD,GBPUSD", 2) == 2);
  BOOST_TEST(send(u"EURUSD", 2) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(send(u"EURUSD,GBPUSD,", 2) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(send(u"EURUSD,", 2) == TPB_E_BAD_SYMBOL);
  BOOST_TEST(send(u"A", -1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(send(u"A", 70000) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(SendTickBatch(Units(u"A"), nullptr, prices, times, 1) == TPB_E_INVALID_ARGUMENT);
  BOOST_TEST(SendTickBatch(nullptr, nullptr, nullptr, nullptr, 0) == 0);
  BOOST_TEST(Status(TPB_DEFAULT_SESSION).ticks_accepted == 2);

  BOOST_TEST(CleanupProtobuf() == 0);  // the other one still uses it
  BOOST_TEST(send(u"A", 1) == 1);
  BOOST_TEST(CleanupProtobuf() == 3);
  BOOST_TEST(CleanupProtobuf() == TPB_E_NOT_INITIALIZED);
  BOOST_TEST(GetConnectionStatus() == TPB_E_NOT_INITIALIZED);
}

// Experts come and go in their own threads while others send.
BOOST_AUTO_TEST_CASE(many_threads) {
  const std::vector<TpbTick> ticks(5, MakeTick());
  std::atomic<std::int64_t> accepted = 0;
  std::atomic<std::int64_t> left = 0;
  const TpbHandle shared = Open();
  const auto expert = [&] {
    for (int life = 0; life < 5; ++life) {
      TpbHandle own = 0;
      TpbOpen(Units(kConfig), &own);
      for (int call = 0; call < 50; ++call) {
        accepted += SendTo(own, ticks);
        accepted += SendTo(shared, ticks);
        TpbStatusInfo status{};
        TpbStatus(shared, &status);
        LastError(shared);
      }
      left += TpbClose(own, 0);
    }
  };
  std::vector<std::thread> experts;
  for (int i = 0; i < 4; ++i) experts.emplace_back(expert);
  for (std::thread& thread : experts) thread.join();
  left += TpbClose(shared, 0);
  BOOST_TEST(accepted == 4 * 5 * 50 * 2 * 5);
  BOOST_TEST(left == accepted);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
