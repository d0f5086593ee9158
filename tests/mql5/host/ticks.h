// The market as the terminal holds it: symbols and every tick of each, from the script.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "prelude/structs.h"

namespace host {

// What a symbol is like.
struct Specification {
  int digits = 5;
  int chart_mode = 0;
  double point = 1e-5;
  double tick_size = 1e-5;
  std::map<int, mql5::string> texts;  // by ENUM_SYMBOL_INFO_STRING
};

// Of a broker's currency pair, named by both.
Specification specification_of(const mql5::string& name, int digits);

struct SymbolTicks {
  mql5::string name;
  Specification specification;
  bool is_selected = true;  // in Market Watch
  bool is_custom = false;
  mql5::string path;
  // The first request for ticks takes so long: the terminal loads the history.
  int load_ms = 0;
  bool is_loaded = false;
  // So many requests end with ERR_HISTORY_TIMEOUT and see only what came since the start.
  int requests_before_history = 0;
  std::size_t came_before_start = 0;
  std::vector<mql5::MqlTick> ticks;
};

// Every function from any thread.
class Ticks {
 public:
  void add_symbol(const SymbolTicks& symbol);
  // Past ticks come with the history, others as the market moves.
  void append(const mql5::string& symbol, const mql5::MqlTick& tick, bool is_past);
  mql5::datetime newest_time() const;

  // Calls use(symbol) under the lock; false where there is no such symbol.
  template <typename Use>
  bool with(const mql5::string& name, Use use) {
    const std::lock_guard lock(mutex_);
    for (SymbolTicks& each : symbols_) {
      if (each.name == name) {
        use(each);
        return true;
      }
    }
    return false;
  }

  template <typename Use>
  void for_each(Use use) {
    const std::lock_guard lock(mutex_);
    for (SymbolTicks& each : symbols_) use(each);
  }

  bool remove_symbol(const mql5::string& name);

 private:
  mutable std::mutex mutex_;
  std::vector<SymbolTicks> symbols_;  // in the broker's order
  mql5::datetime newest_time_ = 0;
};

Ticks& ticks();

}  // namespace host
