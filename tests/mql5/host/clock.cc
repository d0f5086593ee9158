#include "prelude/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cwchar>
#include <thread>

#include "host/expert.h"
#include "host/moment.h"
#include "host/record.h"
#include "host/ticks.h"

namespace host {
namespace {

constexpr std::int64_t kStart = 1'577'836'800'000'000;  // 2020-01-01 00:00
std::atomic<std::int64_t> clock_us{kStart};

}  // namespace

std::int64_t now_us() { return clock_us; }

void advance_to(std::int64_t us) {
  std::int64_t now = clock_us;
  while (now < us && !clock_us.compare_exchange_weak(now, us)) {
  }
}

}  // namespace host

namespace mql5 {
namespace {

constexpr int kServerOffset = 2 * 3600;
constexpr std::int64_t kShortestTimerUs = 10'000;  // the terminal's clock is no finer

std::chrono::steady_clock::time_point process_start = std::chrono::steady_clock::now();

}  // namespace

datetime TimeTradeServer() { return host::now_us() / 1'000'000; }
datetime TimeCurrent() { return host::ticks().newest_time(); }
datetime TimeGMT() { return TimeTradeServer() - kServerOffset; }
datetime TimeLocal() { return TimeGMT(); }
int TimeGMTOffset() { return 0; }

ulong GetTickCount64() { return static_cast<ulong>(host::now_us() / 1000); }
uint GetTickCount() { return static_cast<uint>(GetTickCount64()); }

ulong GetMicrosecondCount() {
  const auto real = std::chrono::steady_clock::now() - process_start;
  return static_cast<ulong>(host::now_us()) +
         std::chrono::duration_cast<std::chrono::microseconds>(real).count();
}

void Sleep(int milliseconds) {
  host::fault("Sleep in a handler");
  host::advance_to(host::now_us() + std::int64_t{milliseconds} * 1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

bool EventSetMillisecondTimer(int milliseconds) {
  host::Expert& expert = *host::Expert::current();
  if (milliseconds <= 0) return false;
  expert.timer_interval_us = std::max(std::int64_t{milliseconds} * 1000, kShortestTimerUs);
  expert.timer_due_us = host::now_us() + expert.timer_interval_us;
  return true;
}

bool EventSetTimer(int seconds) { return EventSetMillisecondTimer(seconds * 1000); }
void EventKillTimer() { host::Expert::current()->timer_interval_us = 0; }

bool TimeToStruct(datetime time, MqlDateTime& parts) {
  using std::chrono::sys_days;
  const std::chrono::sys_seconds moment{std::chrono::seconds(time)};
  const sys_days day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{moment - day};
  parts.year = static_cast<int>(date.year());
  parts.mon = static_cast<int>(static_cast<unsigned>(date.month()));
  parts.day = static_cast<int>(static_cast<unsigned>(date.day()));
  parts.hour = static_cast<int>(clock.hours().count());
  parts.min = static_cast<int>(clock.minutes().count());
  parts.sec = static_cast<int>(clock.seconds().count());
  parts.day_of_week = static_cast<int>(std::chrono::weekday{day}.c_encoding());
  const sys_days new_year = std::chrono::year_month_day{date.year() / 1 / 1};
  parts.day_of_year = static_cast<int>((day - new_year).count());
  return time >= 0;
}

datetime StructToTime(const MqlDateTime& parts) {
  const std::chrono::year_month_day date{std::chrono::year(parts.year),
                                         std::chrono::month(static_cast<unsigned>(parts.mon)),
                                         std::chrono::day(static_cast<unsigned>(parts.day))};
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return days * 86400LL + parts.hour * 3600 + parts.min * 60 + parts.sec;
}

string TimeToString(datetime time, int mode) {
  MqlDateTime parts;
  TimeToStruct(time, parts);
  wchar_t date[16] = L"", clock[16] = L"";
  if (mode & TIME_DATE) {
    std::swprintf(date, 16, L"%04d.%02d.%02d", parts.year, parts.mon, parts.day);
  }
  if (mode & TIME_SECONDS) {
    std::swprintf(clock, 16, L"%02d:%02d:%02d", parts.hour, parts.min, parts.sec);
  } else if (mode & TIME_MINUTES) {
    std::swprintf(clock, 16, L"%02d:%02d", parts.hour, parts.min);
  }
  return string(date) + (*date && *clock ? L" " : L"") + clock;
}

datetime StringToTime(const string& text) {
  MqlDateTime parts{};
  const int read = std::swscanf(text.units().c_str(), L"%d.%d.%d %d:%d:%d", &parts.year, &parts.mon,
                                &parts.day, &parts.hour, &parts.min, &parts.sec);
  return read >= 3 ? StructToTime(parts) : 0;
}

}  // namespace mql5
