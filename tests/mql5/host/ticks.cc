#include "host/ticks.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "prelude/constants.h"

namespace host {

Specification specification_of(const mql5::string& name, int digits) {
  const std::wstring base = name.units().substr(0, 3);
  const std::wstring profit = name.units().size() < 6 ? L"" : name.units().substr(3, 3);
  const double point = std::pow(10.0, -digits);
  return {digits,
          mql5::SYMBOL_CHART_MODE_BID,
          point,
          point,
          {{mql5::SYMBOL_DESCRIPTION, name},
           {mql5::SYMBOL_CURRENCY_BASE, base},
           {mql5::SYMBOL_CURRENCY_PROFIT, profit},
           {mql5::SYMBOL_CURRENCY_MARGIN, base}}};
}

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
