#include "host/expert.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "host/library.h"
#include "host/moment.h"
#include "host/objects.h"
#include "host/record.h"
#include "prelude/critical.h"

namespace host {
namespace {

thread_local Expert* current_expert = nullptr;

// The terminal ends a program that has not left OnDeinit by then.
constexpr std::int64_t kDeinitLimitUs = 2'500'000;
constexpr std::size_t kLongestInput = 191;

}  // namespace

Expert::Expert(std::string id, const mql5::Program& program, mql5::string chart_symbol,
               int chart_period)
    : symbol(std::move(chart_symbol)),
      period(chart_period),
      id_(std::move(id)),
      program_(program),
      thread_([this] { work(); }) {}

Expert::~Expert() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Expert* Expert::current() { return current_expert; }

void Expert::set_input(const std::string& name, const std::string& value) {
  for (const mql5::Input& input : program_.inputs) {
    if (input.name() == name) {
      if (value.size() > kLongestInput) fault("input " + name + " is longer than 191 characters");
      input_values_[name] = value;
      return;
    }
  }
  throw std::invalid_argument(program_.name + " has no input " + name);
}

void Expert::post_start() {
  post([this] {
    if (!bind_imports(program_)) return;
    initialise();
  });
}

void Expert::post_restart(mql5::ENUM_UNINIT_REASON reason) {
  post([this, reason] {
    if (!is_running_) return;
    deinitialise(reason);
    initialise();
  });
}

void Expert::post_stop(mql5::ENUM_UNINIT_REASON reason) {
  post([this, reason] {
    if (is_running_) deinitialise(reason);
  });
}

void Expert::post_tick() {
  if (!is_running_ || program_.on_tick == nullptr) return;
  post([this] {
    call("OnTick", program_.on_tick);
    busy_until_us = std::max(busy_until_us, now_us() + tick_cost_us);
  });
}

void Expert::post_timer() {
  if (!is_running_ || program_.on_timer == nullptr) return;
  post([this] { call("OnTimer", program_.on_timer); });
}

void Expert::post_chart_event(int event, mql5::long_t number, double real,
                              const mql5::string& text) {
  if (!is_running_ || program_.on_chartevent == nullptr) return;
  post([=, this] {
    call("OnChartEvent", [&] { program_.on_chartevent(event, number, real, text); });
  });
}

void Expert::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !job_; });
}

void Expert::record_times() const {
  for (const auto& [handler, longest] : longest_us_) {
    Record("longest")
        .with("expert", id_)
        .with("handler", handler)
        .with("us", longest)
        .with("calls", calls_.at(handler));
  }
}

void Expert::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(job);
  }
  changed_.notify_all();
}

void Expert::work() {
  current_expert = this;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return job_ || is_ending_; });
    if (!job_) return;
    lock.unlock();
    job_();
    lock.lock();
    job_ = nullptr;
    changed_.notify_all();
  }
}

void Expert::call(const char* handler, const std::function<void()>& body) {
  handler_ = handler;
  const auto start = std::chrono::steady_clock::now();
  try {
    body();
  } catch (const mql5::CriticalError& error) {
    is_running_ = false;
    timer_interval_us = 0;
    Record("critical").with("text", error.what());
  }
  const auto took = std::chrono::steady_clock::now() - start;
  const std::int64_t took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  longest_us_[handler] = std::max(longest_us_[handler], took_us);
  ++calls_[handler];
  handler_ = "";
  if (is_leaving && is_running_ && handler != std::string("OnDeinit")) {
    deinitialise(mql5::REASON_PROGRAM);
  }
}

void Expert::apply_inputs() {
  for (const mql5::Input& input : program_.inputs) {
    const auto value = input_values_.find(input.name());
    if (value != input_values_.end()) input.set_to(value->second);
  }
}

void Expert::initialise() {
  apply_inputs();
  is_running_ = true;
  is_leaving = false;
  last_error = 0;
  int result = mql5::INIT_SUCCEEDED;
  if (program_.on_init) call("OnInit", [&] { result = program_.on_init(); });
  if (!is_running_) return;
  Record("init").with("result", result);
  if (result != mql5::INIT_SUCCEEDED) {
    deinitialise(mql5::REASON_INITFAILED);
    Record("journal").with("text", "initializing of " + program_.name + " (" + utf8_of(symbol) +
                                       ") failed with code " + std::to_string(result));
  } else if (program_.on_start) {
    call("OnStart", program_.on_start);
  }
}

void Expert::deinitialise(mql5::ENUM_UNINIT_REASON reason) {
  uninit_reason = reason;
  std::int64_t took_us = 0;
  if (program_.on_deinit) {
    const auto start = std::chrono::steady_clock::now();
    call("OnDeinit", [&] { program_.on_deinit(reason); });
    const auto took = std::chrono::steady_clock::now() - start;
    took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  }
  is_running_ = false;
  timer_interval_us = 0;
  Record("deinit").with("reason", reason).with("us", took_us);
  if (took_us > kDeinitLimitUs) fault("OnDeinit took longer than 2.5 s");
  if (open_files > 0) fault(std::to_string(open_files) + " files were left open");
  if (reason == mql5::REASON_REMOVE) report_objects_left(*this);
}

}  // namespace host
