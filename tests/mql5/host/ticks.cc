#include "host/ticks.h"

#include <algorithm>
#include <stdexcept>

namespace host {

Ticks& ticks() {
  static Ticks& market = *new Ticks;  // outlives every thread
  return market;
}

void Ticks::add_symbol(const SymbolTicks& symbol) {
  const std::lock_guard lock(mutex_);
  symbols_.push_back(symbol);
}

void Ticks::append(const mql5::string& symbol, const mql5::MqlTick& tick, bool is_past) {
  const bool is_known = with(symbol, [&](SymbolTicks& each) {
    if (!each.ticks.empty() && each.ticks.back().time_msc > tick.time_msc) {
      throw std::invalid_argument("ticks of " + utf8_of(symbol) + " run backwards");
    }
    each.ticks.push_back(tick);
    if (is_past) each.came_before_start = each.ticks.size();
    if (each.is_selected) newest_time_ = std::max(newest_time_, tick.time);
  });
  if (!is_known) throw std::invalid_argument("no symbol " + utf8_of(symbol));
}

mql5::datetime Ticks::newest_time() const {
  const std::lock_guard lock(mutex_);
  return newest_time_;
}

bool Ticks::remove_symbol(const mql5::string& name) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(symbols_, [&](const SymbolTicks& each) { return each.name == name; }) > 0;
}

}  // namespace host
