#include "send.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "trading_protobuf.h"

namespace tpb::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Times = std::vector<std::int64_t>;  // nanoseconds

constexpr std::int32_t kCallTicks = 5;
constexpr std::size_t kCalls = 50'000;
constexpr std::size_t kPacedCalls = 5'000;
constexpr std::chrono::microseconds kPause{200};
constexpr milliseconds kPatience{10'000};

std::u16string ToUtf16(const std::string& ascii) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::ranges::all_of(ascii, is_ascii)) throw std::runtime_error("a name is not ASCII");
  return {ascii.begin(), ascii.end()};
}

const TpbChar* Units(const std::u16string& text) {
  return reinterpret_cast<const TpbChar*>(text.c_str());
}

// The arguments of one call, as an EA has them.
struct Call {
  std::u16string symbols;
  std::array<double, kCallTicks> bids;
  std::array<double, kCallTicks> asks;
  std::array<std::int64_t, kCallTicks> times_msc;

  std::int32_t Send() const {
    return SendTickBatch(Units(symbols), bids.data(), asks.data(), times_msc.data(), kCallTicks);
  }
};

std::vector<Call> MakeCalls(const TickStream& stream) {
  std::vector<Call> calls(stream.items.size() / kCallTicks);
  if (calls.empty()) throw std::runtime_error("five ticks are needed at least");
  for (std::size_t i = 0; i < calls.size() * kCallTicks; ++i) {
    const auto& [symbol, tick, sequence_number] = stream.items[i];
    Call& call = calls[i / kCallTicks];
    const std::size_t place = i % kCallTicks;
    if (place > 0) call.symbols += u',';
    call.symbols += ToUtf16(stream.symbols[symbol]);
    call.bids[place] = tick.bid;
    call.asks[place] = tick.ask;
    call.times_msc[place] = tick.time_msc;
  }
  return calls;
}

std::string LastError() {
  std::array<TpbChar, 1024> text{};
  TpbLastError(TPB_DEFAULT_SESSION, text.data(), static_cast<std::int32_t>(text.size()));
  std::string ascii;
  for (const TpbChar unit : text) {
    if (unit == 0) break;
    ascii += unit < 0x80 ? static_cast<char>(unit) : '?';
  }
  return ascii;
}

TpbStatusInfo Status() {
  TpbStatusInfo status{};
  if (TpbStatus(TPB_DEFAULT_SESSION, &status) != TPB_OK) throw std::runtime_error(LastError());
  return status;
}

// The default session, connected.
class Connection {
 public:
  Connection(const std::string& endpoint, const std::string& token) {
    if (InitializeProtobuf() != TPB_OK) throw std::runtime_error(LastError());
    const std::int32_t result = ConnectWebSocket(Units(ToUtf16(endpoint)), Units(ToUtf16(token)));
    const auto deadline = SteadyClock::now() + kPatience;
    while (result == TPB_OK && SteadyClock::now() < deadline) {
      if (GetConnectionStatus() == TPB_STATE_CONNECTED) return;
      std::this_thread::sleep_for(milliseconds(5));
    }
    const std::string why = LastError();
    CleanupProtobuf();
    throw std::runtime_error("no connection: " + why);
  }
  ~Connection() { CleanupProtobuf(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
};

// Until all that was accepted is stored, or nothing has moved for a while.
void AwaitAcknowledgements() {
  TpbFlush(TPB_DEFAULT_SESSION);
  std::int64_t newest = -1;
  auto deadline = SteadyClock::now();
  for (;;) {
    const TpbStatusInfo status = Status();
    if (status.ticks_acknowledged == status.ticks_accepted) return;
    if (status.ticks_acknowledged != newest) {
      newest = status.ticks_acknowledged;
      deadline = SteadyClock::now() + kPatience;
    }
    if (SteadyClock::now() > deadline) throw std::runtime_error("not acknowledged: " + LastError());
    std::this_thread::sleep_for(milliseconds(5));
  }
}

std::int64_t TimeOf(const Call& call) {
  const auto begin = SteadyClock::now();
  const std::int32_t result = call.Send();
  const auto end = SteadyClock::now();
  if (result != kCallTicks) throw std::runtime_error("SendTickBatch refused: " + LastError());
  return std::chrono::duration_cast<nanoseconds>(end - begin).count();
}

Times BackToBack(const std::vector<Call>& calls) {
  Times times(kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) times[i] = TimeOf(calls[i % calls.size()]);
  return times;
}

Times Paced(const std::vector<Call>& calls) {
  Times times(kPacedCalls);
  for (std::size_t i = 0; i < kPacedCalls; ++i) {
    std::this_thread::sleep_for(kPause);
    times[i] = TimeOf(calls[i % calls.size()]);
  }
  return times;
}

// What a measurement of nothing shows: it is part of every figure.
std::int64_t ClockCost() {
  Times times(10'001);
  for (std::int64_t& time : times) {
    const auto begin = SteadyClock::now();
    const auto end = SteadyClock::now();
    time = std::chrono::duration_cast<nanoseconds>(end - begin).count();
  }
  std::ranges::nth_element(times, times.begin() + 5'000);
  return times[5'000];
}

nlohmann::ordered_json Histogram(const Times& sorted) {
  nlohmann::ordered_json buckets = nlohmann::ordered_json::array();
  auto from = sorted.begin();
  for (std::int64_t limit = 100; from != sorted.end(); limit += limit / 4) {
    const auto to = std::upper_bound(from, sorted.end(), limit);
    if (to != from) buckets.push_back({{"at_most_ns", limit}, {"calls", to - from}});
    from = to;
  }
  return buckets;
}

nlohmann::ordered_json Figures(Times times) {
  std::ranges::sort(times);
  const auto percentile = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  return {{"calls", times.size()},      {"p50", percentile(0.5)}, {"p99", percentile(0.99)},
          {"p99_9", percentile(0.999)}, {"max", times.back()},    {"histogram", Histogram(times)}};
}

// The default session's outbox: "none" is in memory, else the folder of a journal.
void ChooseOutbox(const std::string& journal) {
#ifdef _WIN32
  _putenv_s("TPB_JOURNAL", journal.c_str());
#else
  setenv("TPB_JOURNAL", journal.c_str(), 1);
#endif
}

nlohmann::ordered_json Measure(const std::vector<Call>& calls, const std::string& endpoint,
                               const std::string& token) {
  const Connection connection(endpoint, token);
  for (std::size_t i = 0; i < calls.size() && i < 1000; ++i) TimeOf(calls[i]);  // warms up
  AwaitAcknowledgements();
  Times paced = Paced(calls);
  AwaitAcknowledgements();
  Times back_to_back = BackToBack(calls);
  AwaitAcknowledgements();
  return {{"back_to_back_ns", Figures(std::move(back_to_back))},
          {"paced_ns", Figures(std::move(paced))},
          {"ticks_acknowledged", Status().ticks_acknowledged}};
}

}  // namespace

nlohmann::ordered_json MeasureSending(const TickStream& stream, const std::string& endpoint,
                                      const std::string& token) {
  const std::vector<Call> calls = MakeCalls(stream);
  ChooseOutbox("none");
  const nlohmann::ordered_json memory = Measure(calls, endpoint, token);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("tpb_bench_" + std::to_string(SteadyClock::now().time_since_epoch().count()));
  ChooseOutbox(folder.string());
  nlohmann::ordered_json figures = {
      {"ticks_per_call", kCallTicks}, {"clock_ns", ClockCost()}, {"pause_us", kPause.count()}};
  figures.update(Measure(calls, endpoint, token));
  figures["memory_outbox"] = memory;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return figures;
}

}  // namespace tpb::bench
