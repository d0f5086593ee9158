#include "scenarios.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "guarded.h"
#include "library.h"
#include "output.h"
#include "pump.h"

namespace terminal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kTime = 1'577'898'000'000;
constexpr int kConnectLimitS = 30;

// What the test gives a scenario.
struct Gateway {
  std::u16string endpoint;
  std::u16string token;
  std::string ca_file;

  std::u16string Config(const std::string& more = "") const {
    return u"endpoint=" + endpoint + u";token=" + token +
           ToUtf16((ca_file.empty() ? "" : ";ca_file=" + ca_file) + more);
  }
};

Gateway ReadGateway() {
  const std::optional<std::string> text = ReadConfig();
  if (!text) throw std::runtime_error("stdin holds no JSON frame");
  const boost::json::object object = boost::json::parse(*text).as_object();
  const auto get = [&](const char* key) {
    return boost::json::value_to<std::string>(object.at(key));
  };
  return {ToUtf16(get("endpoint")), ToUtf16(get("token")), get("ca_file")};
}

void Step(const char* name, std::int64_t result) { Print({{"step", name}, {"result", result}}); }

// A step that is to fail: its result, and the sentence that goes with it.
void Step(const Library& library, const char* name, std::int64_t result, TpbHandle handle) {
  Print({{"step", name}, {"result", result}, {"error", library.LastError(handle)}});
}

bool WaitUntil(const std::function<bool()>& holds) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(kConnectLimitS);
  while (!holds()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

TpbTick TickAt(int i) {
  TpbTick tick{};
  tick.time_msc = kTime + i;
  tick.time = tick.time_msc / 1000;
  tick.bid = 1.1 + i * 1e-5;
  tick.ask = tick.bid + 2e-5;
  tick.flags = 6;
  return tick;
}

std::vector<TpbTick> Ticks(int count, int first = 0) {
  std::vector<TpbTick> ticks;
  for (int i = 0; i < count; ++i) ticks.push_back(TickAt(first + i));
  return ticks;
}

// SendTickBatch with arrays whose end is the end of memory, gone right after the call.
std::int32_t SendGuarded(const Library& library, const std::u16string& symbols, int count,
                         int first) {
  std::vector<double> bids, asks;
  std::vector<std::int64_t> times;
  for (const TpbTick& tick : Ticks(count, first)) {
    bids.push_back(tick.bid);
    asks.push_back(tick.ask);
    times.push_back(tick.time_msc);
  }
  const Guarded<char16_t> names(std::span<const char16_t>(symbols.c_str(), symbols.size() + 1));
  const Guarded<double> bid(bids), ask(asks);
  const Guarded<std::int64_t> time(times);
  return library.SendTickBatch(reinterpret_cast<const TpbChar*>(names.data()), bid.data(),
                               ask.data(), time.data(), count);
}

std::int32_t SendGuarded(const Library& library, TpbHandle handle, const std::u16string& symbol,
                         const std::vector<TpbTick>& ticks) {
  const Guarded<TpbTick> array(ticks);
  return library.TpbSendTicks(handle, Text(symbol), array.data(),
                              static_cast<std::int32_t>(ticks.size()));
}

std::u16string Names(const std::u16string& a, const std::u16string& b, int count) {
  std::u16string names;
  for (int i = 0; i < count; ++i) names += (i == 0 ? u"" : u",") + (i % 2 == 0 ? a : b);
  return names;
}

// One expert's life over the five functions: `calls` calls of five ticks. Returns the ticks taken.
int LiveOverFiveFunctions(const Library& library, const Gateway& gateway, const std::u16string& a,
                          const std::u16string& b, int calls) {
  library.InitializeProtobuf();
  library.ConnectWebSocket(Text(gateway.endpoint), Text(gateway.token));
  int taken = 0;
  for (int call = 0; call < calls; ++call) {
    taken += SendGuarded(library, Names(a, b, 5), 5, 5 * call);
  }
  return taken;
}

bool WaitAcknowledged(const Library& library, TpbHandle handle) {
  return WaitUntil([&] {
    const TpbStatusInfo status = library.Status(handle);
    return status.ticks_accepted > 0 && status.ticks_acknowledged == status.ticks_accepted;
  });
}

TpbHandle Open(const Library& library, const Gateway& gateway, const std::string& more = "") {
  TpbHandle handle = 0;
  library.TpbOpen(Text(gateway.Config(more)), &handle);
  return handle;
}

// ---- Scenarios
// -----------------------------------------------------------------------------------

void Layout(const Library& library, const Gateway&) {
  Step("abi_version", library.TpbAbiVersion());
  Step("size_of_tick", library.TpbSizeOf(TPB_LAYOUT_TICK));
  Step("size_of_status", library.TpbSizeOf(TPB_LAYOUT_STATUS));
  Step("size_of_market_data", library.TpbSizeOf(TPB_LAYOUT_MARKET_DATA));
  Step("size_of_market_status", library.TpbSizeOf(TPB_LAYOUT_MARKET_STATUS));
  Step("size_of_indicators", library.TpbSizeOf(TPB_LAYOUT_INDICATORS));
  Step(library, "size_of_nothing", library.TpbSizeOf(99), TPB_THIS_THREAD);
}

void FiveFunctions(const Library& library, const Gateway& gateway) {
  Step(library, "status_before", library.GetConnectionStatus(), TPB_THIS_THREAD);
  Step(library, "send_before", SendGuarded(library, u"EURUSD", 1, 0), TPB_THIS_THREAD);
  Step("initialize", library.InitializeProtobuf());
  Step("status_initialized", library.GetConnectionStatus());
  Step(library, "send_unconnected", SendGuarded(library, u"EURUSD", 1, 0), TPB_THIS_THREAD);
  Step("connect",
       library.ConnectWebSocket(Text(gateway.endpoint), Text(u"Bearer " + gateway.token)));
  Step("connected",
       WaitUntil([&] { return library.GetConnectionStatus() == TPB_STATE_CONNECTED; }));
  Step("send", SendGuarded(library, u"EURUSD,GBPUSD,EURUSD", 3, 0));
  Step("connect_again", library.ConnectWebSocket(Text(gateway.endpoint), Text(gateway.token)));
  Step(library, "connect_elsewhere",
       library.ConnectWebSocket(Text(u"wss://127.0.0.1:1"), Text(gateway.token)),
       TPB_DEFAULT_SESSION);
  Step("acknowledged", WaitAcknowledged(library, TPB_DEFAULT_SESSION));
  Step("cleanup", library.CleanupProtobuf());
  Step(library, "cleanup_again", library.CleanupProtobuf(), TPB_THIS_THREAD);
}

// Two experts, each in a thread of its own, over one load of the library.
void TwoExperts(const Library& library, const Gateway& gateway) {
  constexpr int kCalls = 400;
  std::atomic<int> taken = 0;
  std::atomic<int> unacknowledged = 0;
  const auto expert = [&](const char16_t* a, const char16_t* b) {
    taken += LiveOverFiveFunctions(library, gateway, a, b, kCalls);
    unacknowledged += library.CleanupProtobuf();
  };
  library.InitializeProtobuf();
  std::thread first(expert, u"EURUSD", u"GBPUSD");
  std::thread second(expert, u"USDJPY", u"USDCHF");
  first.join();
  second.join();
  Step("taken", taken);
  Step("acknowledged", WaitAcknowledged(library, TPB_DEFAULT_SESSION));
  unacknowledged += library.CleanupProtobuf();
  Step("unacknowledged", unacknowledged);
}

// The same over handles, each thread with a session of its own.
void TwoHandles(const Library& library, const Gateway& gateway) {
  std::atomic<int> taken = 0;
  std::atomic<int> unacknowledged = 0;
  const auto expert = [&](const std::u16string& symbol) {
    const TpbHandle handle = Open(library, gateway);
    for (int call = 0; call < 200; ++call) {
      taken += SendGuarded(library, handle, symbol, Ticks(7, 7 * call));
    }
    WaitAcknowledged(library, handle);
    unacknowledged += library.TpbClose(handle, 1000);
  };
  std::thread first(expert, u"EURUSD");
  std::thread second(expert, u"GBPUSD");
  first.join();
  second.join();
  Step("taken", taken);
  Step("unacknowledged", unacknowledged);
}

// A change of symbol or period: deinit and init again, the library stays loaded.
void Reopen(const Library& library, const Gateway& gateway) {
  int left = 0;
  int taken = 0;
  TpbHandle previous = 0;
  int repeated = 0;
  for (int life = 0; life < 10; ++life) {
    const TpbHandle handle = Open(library, gateway);
    repeated += handle == previous ? 1 : 0;
    previous = handle;
    taken += SendGuarded(library, handle, u"EURUSD", Ticks(11, 11 * life));
    WaitAcknowledged(library, handle);
    left += library.TpbClose(handle, 1000);
    taken += LiveOverFiveFunctions(library, gateway, u"GBPUSD", u"USDJPY", 2);
    WaitAcknowledged(library, TPB_DEFAULT_SESSION);
    left += library.CleanupProtobuf();
  }
  Step("taken", taken);
  Step("unacknowledged", left);
  Step("repeated_handles", repeated);
  Step(library, "stale_send", SendGuarded(library, previous, u"EURUSD", Ticks(1)), previous);
  Step(library, "stale_close", library.TpbClose(previous, 0), TPB_THIS_THREAD);
}

void BadInput(const Library& library, const Gateway& gateway) {
  const std::u16string million(1'000'000, u'a');
  TpbHandle handle = 0;
  const auto open = [&](const char* name, const std::u16string& config) {
    handle = 77;
    const std::int32_t result = library.TpbOpen(Text(config), &handle);
    Step(library, name, result, handle);
    if (handle > 0) library.TpbClose(handle, 0);
  };
  Step(library, "open_null_config", library.TpbOpen(nullptr, &handle), handle);
  Step(library, "open_null_handle", library.TpbOpen(Text(gateway.Config()), nullptr),
       TPB_THIS_THREAD);
  open("open_empty", u"");
  open("open_unknown_key", gateway.Config(";batch_tick=5"));
  open("open_bad_endpoint", u"endpoint=nonsense;token=" + gateway.token);
  open("open_plaintext", u"endpoint=ws://192.0.2.1;token=" + gateway.token);
  open("open_huge_token", u"endpoint=wss://a;token=" + million);
  open("open_lone_surrogate", u"endpoint=wss://a\xd800;token=b");

  handle = Open(library, gateway);
  const std::vector<TpbTick> ticks = Ticks(2);
  const auto send = [&](const char* name, const std::vector<TpbTick>& array) {
    Step(library, name, SendGuarded(library, handle, u"EURUSD", array), handle);
  };
  const auto send_as = [&](const char* name, const std::u16string& symbol) {
    Step(library, name, SendGuarded(library, handle, symbol, ticks), handle);
  };
  const auto with = [&](auto change) {
    std::vector<TpbTick> changed = ticks;
    change(changed[1]);
    return changed;
  };
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  Step(library, "ticks_null", library.TpbSendTicks(handle, Text(u"EURUSD"), nullptr, 1), handle);
  Step("ticks_null_none", library.TpbSendTicks(handle, Text(u"EURUSD"), nullptr, 0));
  Step(library, "ticks_negative_count",
       library.TpbSendTicks(handle, Text(u"EURUSD"), ticks.data(), -1), handle);
  Step(library, "ticks_huge_count",
       library.TpbSendTicks(handle, Text(u"EURUSD"), ticks.data(), 2147483647), handle);
  Step(library, "symbol_null", library.TpbSendTicks(handle, nullptr, ticks.data(), 2), handle);
  send_as("symbol_with_comma", u"EURUSD,GBPUSD");
  send_as("symbol_control", u"EUR\nUSD");
  send_as("symbol_long", std::u16string(65, u'A'));
  send_as("symbol_huge", million);
  send("bid_nan", with([&](TpbTick& tick) { tick.bid = nan; }));
  send("ask_infinite", with([&](TpbTick& tick) { tick.ask = -infinity; }));
  send("volume_nan", with([&](TpbTick& tick) { tick.volume_real = nan; }));
  send("time_in_seconds", with([&](TpbTick& tick) { tick.time_msc = kTime / 1000; }));
  send("time_negative", with([&](TpbTick& tick) { tick.time_msc = -1; }));
  Step(library, "status_null", library.TpbStatus(handle, nullptr), handle);
  Step(library, "json_negative_capacity", library.TpbStatusJson(handle, nullptr, -1), handle);
  Step(library, "error_null_buffer", library.TpbLastError(handle, nullptr, 10), TPB_THIS_THREAD);
  Step(library, "set_token_huge", library.TpbSetToken(handle, Text(million)), handle);
  Step(library, "set_token_null", library.TpbSetToken(handle, nullptr), handle);
  const TpbStatusInfo status = library.Status(handle);
  Step("accepted", status.ticks_accepted);
  Step("refused", status.ticks_refused);
  library.TpbClose(handle, 0);

  for (const TpbHandle stale :
       {handle, TpbHandle{1}, TpbHandle{-5}, std::numeric_limits<TpbHandle>::max(),
        std::numeric_limits<TpbHandle>::min()}) {
    TpbStatusInfo unused{};
    Step(library, "stale_handle", library.TpbStatus(stale, &unused), stale);
  }

  Step(library, "connect_uninitialized", library.ConnectWebSocket(nullptr, nullptr),
       TPB_THIS_THREAD);
  library.InitializeProtobuf();
  Step(library, "connect_null", library.ConnectWebSocket(nullptr, nullptr), TPB_THIS_THREAD);
  Step(library, "connect_no_token", library.ConnectWebSocket(Text(gateway.endpoint), nullptr),
       TPB_THIS_THREAD);
  Step(library, "connect_huge_token",
       library.ConnectWebSocket(Text(gateway.endpoint), Text(million)), TPB_THIS_THREAD);
  library.ConnectWebSocket(Text(gateway.endpoint), Text(gateway.token));
  const double prices[] = {1.1, 1.2};
  const double bad_prices[] = {1.1, nan};
  const std::int64_t times[] = {kTime, kTime};
  const auto batch = [&](const char* name, const TpbChar* symbols, const double* bids,
                         const double* asks, const std::int64_t* msc, std::int32_t count) {
    Step(library, name, library.SendTickBatch(symbols, bids, asks, msc, count),
         TPB_DEFAULT_SESSION);
  };
  const std::u16string two_names = u"EURUSD,GBPUSD";
  const TpbChar* const two = Text(two_names);
  batch("batch_null_symbols", nullptr, prices, prices, times, 2);
  batch("batch_null_bids", two, nullptr, prices, times, 2);
  batch("batch_null_asks", two, prices, nullptr, times, 2);
  batch("batch_null_times", two, prices, prices, nullptr, 2);
  batch("batch_negative_count", two, prices, prices, times, -2);
  batch("batch_huge_count", two, prices, prices, times, 2147483647);
  batch("batch_too_few_names", Text(u"EURUSD"), prices, prices, times, 2);
  batch("batch_too_many_names", Text(u"EURUSD,GBPUSD,"), prices, prices, times, 2);
  batch("batch_empty_name", Text(u"EURUSD,"), prices, prices, times, 2);
  batch("batch_nan", two, prices, bad_prices, times, 2);
  Step("batch_none", library.SendTickBatch(nullptr, nullptr, nullptr, nullptr, 0));
  Step("batch_accepted", library.Status(TPB_DEFAULT_SESSION).ticks_accepted);
  Step("cleanup", library.CleanupProtobuf());
}

std::int32_t StateOf(const Library& library, TpbHandle handle, std::int32_t subscription) {
  return library.TpbSubscription(handle, subscription, nullptr, 0);
}

// Sends ticks of one symbol, and takes its prices and indicators back.
void MarketData(const Library& library, const Gateway& gateway) {
  constexpr int kTicks = 30;
  const std::u16string symbol = u"EURUSD";
  const std::u16string tick = u"tick";
  const TpbHandle handle = Open(library, gateway, ";indicators=yes;market_history=5");
  const std::int32_t number = library.TpbSubscribe(handle, Text(symbol), Text(tick));
  Step("subscribe", number);
  Step("subscribe_again", library.TpbSubscribe(handle, Text(symbol), Text(tick)));
  Step("subscribe_bars", library.TpbSubscribe(handle, Text(symbol), nullptr));
  Step("active",
       WaitUntil([&] { return StateOf(library, handle, number) == TPB_SUBSCRIPTION_ACTIVE; }));
  SendGuarded(library, handle, symbol, Ticks(kTicks));
  Step("acknowledged", WaitAcknowledged(library, handle));
  TpbMarketData latest{};
  Step("arrived", WaitUntil([&] {
         return library.TpbLatest(handle, Text(symbol), Text(tick), &latest) == 1 &&
                latest.number == kTicks;
       }));
  Step("live", latest.live);
  Step("bid_is_the_newest", latest.bid == TickAt(kTicks - 1).bid);
  Step("too_early_is_nan", std::isnan(latest.sma_50));
  const std::vector<TpbMarketData> places(3);
  const Guarded<TpbMarketData> room(places);  // its end is the end of memory
  Step("polled", library.TpbPollMarketData(handle, room.data(), 3) > 0);
  Step("polled_subscription", room.data()[0].subscription >= 1);
  const std::int32_t kept =
      library.TpbMarketHistory(handle, Text(symbol), Text(tick), room.data(), 3);
  Step("history", kept >= 1);
  Step("history_ends_with_the_newest", room.data()[kept - 1].number == kTicks);
  TpbIndicatorInfo indicators{};
  Step("indicators", library.TpbIndicators(handle, Text(symbol), &indicators));
  Step("indicators_ticks", indicators.ticks);
  Step("indicators_agree", std::abs(indicators.sma_20 - latest.sma_20) < 1e-9);
  TpbMarketStatusInfo status{};
  Step("status", library.TpbMarketStatus(handle, &status));
  Step("status_connected", status.state == TPB_STATE_CONNECTED);
  Step("pairs_needs", library.TpbPairs(handle, nullptr, 0) >= 1);
  bool told = false;
  TpbEventInfo event{};
  while (library.TpbNextEvent(handle, &event, nullptr, 0) == 1) {
    told |= event.kind == TPB_EVENT_MARKET_LIVE;
  }
  Step("event_live", told);
  Step("unsubscribe", library.TpbUnsubscribe(handle, Text(symbol), Text(tick)));
  Step(library, "unsubscribe_again", library.TpbUnsubscribe(handle, Text(symbol), Text(tick)),
       handle);
  Step("ended", StateOf(library, handle, number));
  Step("left", library.TpbClose(handle, 1000));
  Step(library, "stale_poll", library.TpbPollMarketData(handle, room.data(), 3), handle);

  // Another life: what came before it is there, and is not taken for live.
  const TpbHandle next = Open(library, gateway, ";stream_ticks=no;market_history=5");
  Step(library, "send_without_ticks", SendGuarded(library, next, symbol, Ticks(1)), next);
  library.TpbSubscribe(next, Text(symbol), Text(tick));
  Step("latest_of_before", library.TpbLatest(next, Text(symbol), Text(tick), &latest));
  Step("latest_number", latest.number);
  Step("close", library.TpbClose(next, 1000));
}

// The terminal frees the library after an orderly end, and loads it again.
void UnloadAfterCleanup(Library& library, const Gateway& gateway) {
  LiveOverFiveFunctions(library, gateway, u"EURUSD", u"GBPUSD", 1);
  WaitAcknowledged(library, TPB_DEFAULT_SESSION);
  Step("cleanup", library.CleanupProtobuf());
  library.Free();
  Step("freed", 0);
}

// ... and without one, while the session's thread is at work.
void UnloadWithoutCleanup(Library& library, const Gateway& gateway) {
  LiveOverFiveFunctions(library, gateway, u"EURUSD", u"GBPUSD", 1);
  const TpbHandle handle = Open(library, gateway);
  const std::int32_t number = library.TpbSubscribe(handle, Text(u"EURUSD"), nullptr);
  WaitUntil([&] { return StateOf(library, handle, number) == TPB_SUBSCRIPTION_ACTIVE; });
  WaitAcknowledged(library, TPB_DEFAULT_SESSION);
  library.Free();
  // What a thread that outlived its code would run into happens now or never.
  std::this_thread::sleep_for(milliseconds(500));
  Step("freed", 0);
}

// A thread that used the library ends after the library is gone.
void ThreadOutlivesLibrary(Library& library, const Gateway&) {
  std::atomic<bool> called = false;
  std::atomic<bool> freed = false;
  std::thread thread([&] {
    library.TpbClose(12345, 0);  // a failed call leaves its text with the thread
    called = true;
    while (!freed) std::this_thread::yield();
  });
  while (!called) std::this_thread::yield();
  library.Free();
  freed = true;
  thread.join();
  Step("thread_ended", 0);
}

void NeverUsed(Library& library, const Gateway&) {
  library.Free();
  Step("freed", 0);
}

// The process ends with sessions at work.
void ExitWhileConnected(Library& library, const Gateway& gateway) {
  LiveOverFiveFunctions(library, gateway, u"EURUSD", u"GBPUSD", 1);
  Open(library, gateway);
  Step("connected", WaitAcknowledged(library, TPB_DEFAULT_SESSION));
}

// Closing is bounded, whether the gateway answers or not.
void CloseIsBounded(Library& library, const Gateway& gateway) {
  const auto timed = [](const auto& body) {
    const auto begin = steady_clock::now();
    body();
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count();
  };
  const TpbHandle handle = Open(library, gateway);
  SendGuarded(library, handle, u"EURUSD", Ticks(10));
  std::int32_t left = 0;
  Step("close_ms", timed([&] { left = library.TpbClose(handle, 200); }));
  Step("close_left", left);
  LiveOverFiveFunctions(library, gateway, u"EURUSD", u"GBPUSD", 2);
  Step("cleanup_ms", timed([&] { left = library.CleanupProtobuf(); }));
  Step("cleanup_left", left);
}

// Waits for the first problem of a session and tells it: for gateways that misbehave.
void FirstProblem(Library& library, const Gateway& gateway) {
  const TpbHandle handle =
      Open(library, gateway, ";connect_timeout_ms=1000;heartbeat_ms=1000;backoff_min_ms=50");
  SendGuarded(library, handle, u"EURUSD", Ticks(5));
  Step("problem", WaitUntil([&] { return !library.LastError(handle).empty(); }));
  const TpbStatusInfo status = library.Status(handle);
  Step(library, "state", status.state, handle);
  Step("code", status.problem);
  Step("left", library.TpbClose(handle, 0));
}

using Scenario = std::function<void(Library&, const Gateway&)>;

const std::map<std::wstring, Scenario>& Scenarios() {
  static const std::map<std::wstring, Scenario> scenarios = {
      {L"layout", Layout},
      {L"five-functions", FiveFunctions},
      {L"two-experts", TwoExperts},
      {L"two-handles", TwoHandles},
      {L"reopen", Reopen},
      {L"bad-input", BadInput},
      {L"market-data", MarketData},
      {L"unload-after-cleanup", UnloadAfterCleanup},
      {L"unload-without-cleanup", UnloadWithoutCleanup},
      {L"thread-outlives-library", ThreadOutlivesLibrary},
      {L"never-used", NeverUsed},
      {L"exit-while-connected", ExitWhileConnected},
      {L"close-is-bounded", CloseIsBounded},
      {L"first-problem", FirstProblem},
  };
  return scenarios;
}

// Scenarios that free the library are followed by this: it can be loaded and used again.
void UseOnceMore(const std::wstring& dll, const Gateway& gateway) {
  const Library library(dll.c_str());
  const int taken = LiveOverFiveFunctions(library, gateway, u"EURUSD", u"GBPUSD", 1);
  WaitAcknowledged(library, TPB_DEFAULT_SESSION);
  Print({{"step", "loaded_again"}, {"result", taken}, {"left", library.CleanupProtobuf()}});
}

}  // namespace

int PlayScenario(const std::wstring& dll, const std::wstring& name) {
  const auto scenario = Scenarios().find(name);
  if (scenario == Scenarios().end()) return 2;
  const Gateway gateway = ReadGateway();
  // Not destroyed where a scenario ends with the process: as the terminal, which ends as it is.
  auto* const library = new Library(dll.c_str());
  scenario->second(*library, gateway);
  if (!library->loaded()) UseOnceMore(dll, gateway);
  Print({{"step", "end"}, {"result", 0}});
  return 0;
}

}  // namespace terminal
