// A program on a chart: its thread, its timer, its inputs, how long its handlers took.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "prelude/constants.h"
#include "prelude/program.h"

namespace host {

// The host's thread posts one handler at a time and waits; the handler runs on the expert's own
// thread, as in the terminal. All else is the host's thread's, but for what says otherwise.
class Expert {
 public:
  Expert(std::string id, const mql5::Program& program, mql5::string symbol, int period);
  ~Expert();

  // The one whose handler runs on this thread; null on the host's own.
  static Expert* current();

  const std::string& id() const { return id_; }
  const mql5::Program& program() const { return program_; }
  bool is_running() const { return is_running_; }
  // Of the handler's thread.
  const char* handler() const { return handler_; }

  void set_input(const std::string& name, const std::string& value);

  // Binds the imports, sets the inputs, calls OnInit.
  void post_start();
  // OnDeinit, then OnInit with the newest inputs, symbol and period: the program stays loaded.
  void post_restart(mql5::ENUM_UNINIT_REASON reason);
  void post_stop(mql5::ENUM_UNINIT_REASON reason);
  void post_tick();
  void post_timer();
  void post_chart_event(int event, mql5::long_t number, double real, const mql5::string& text);
  // Until what was posted is done.
  void wait();

  // Writes the longest call of each handler, in microseconds of real time.
  void record_times() const;

  mql5::string symbol;
  int period;
  std::int64_t tick_cost_us = 0;  // how long an OnTick keeps the expert, on the script's clock

  // Set by the handler's thread while it runs, read between handlers by the host's.
  std::int64_t timer_interval_us = 0;  // 0 = no timer
  std::int64_t timer_due_us = 0;
  std::int64_t busy_until_us = 0;
  bool is_leaving = false;  // ExpertRemove
  int last_error = 0;
  int uninit_reason = 0;
  int open_files = 0;
  int prints_in_second = 0;
  std::int64_t second_of_prints = 0;
  mql5::string comment;

 private:
  void post(std::function<void()> job);
  void work();
  // Runs one handler, measures it, and takes the program off the chart where it fails.
  void call(const char* handler, const std::function<void()>& body);
  void apply_inputs();
  void initialise();
  void deinitialise(mql5::ENUM_UNINIT_REASON reason);

  const std::string id_;
  const mql5::Program& program_;
  std::map<std::string, std::string> input_values_;
  std::map<std::string, std::int64_t> longest_us_;
  std::map<std::string, std::int64_t> calls_;
  const char* handler_ = "";
  bool is_running_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> job_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace host
