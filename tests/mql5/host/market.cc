#include "prelude/market.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "host/expert.h"
#include "host/moment.h"
#include "host/record.h"
#include "host/ticks.h"

namespace mql5 {
namespace {

using host::SymbolTicks;

constexpr uint kNewestWithoutCount = 2000;

void set_error(int error) { host::Expert::current()->last_error = error; }

template <typename Use>
bool with_symbol(const string& name, Use use) {
  const bool is_known = host::ticks().with(name, use);
  if (!is_known) set_error(ERR_MARKET_UNKNOWN_SYMBOL);
  return is_known;
}

bool is_wanted(const MqlTick& tick, uint flags) {
  constexpr uint kInfo = TICK_FLAG_BID | TICK_FLAG_ASK;
  constexpr uint kTrade = TICK_FLAG_LAST | TICK_FLAG_VOLUME | TICK_FLAG_BUY | TICK_FLAG_SELL;
  return ((flags & COPY_TICKS_INFO) && (tick.flags & kInfo)) ||
         ((flags & COPY_TICKS_TRADE) && (tick.flags & kTrade)) || flags == uint(COPY_TICKS_ALL);
}

// The terminal loads a symbol's history at the first request, which may take 45 s.
void load_history(SymbolTicks& symbol) {
  if (symbol.is_loaded) return;
  symbol.is_loaded = true;
  host::Expert& expert = *host::Expert::current();
  const std::string_view handler = expert.handler();
  if (handler == "OnInit" || handler == "OnDeinit") {
    host::fault("the first request for ticks of " + utf8_of(symbol.name) +
                " can block for 45 s: not in " + expert.handler());
  }
  host::advance_to(host::now_us() + std::int64_t{symbol.load_ms} * 1000);
  expert.busy_until_us = host::now_us();
}

// Where the ticks begin that the terminal can give now, and its error if that is not all.
std::size_t available_from(SymbolTicks& symbol, int& error) {
  if (symbol.requests_before_history == 0) return 0;
  --symbol.requests_before_history;
  error = ERR_HISTORY_TIMEOUT;
  return symbol.came_before_start;
}

int give(const std::vector<MqlTick>& found, Array<MqlTick>& ticks, int error) {
  int count = static_cast<int>(found.size());
  if (ticks.is_fixed() && count > ticks.size()) {
    count = ticks.size();
    error = ERR_HISTORY_SMALL_BUFFER;
  }
  if (!ticks.is_fixed()) ticks.resize(count);
  for (int i = 0; i < count; ++i) ticks[i] = found[static_cast<std::size_t>(i)];
  if (error) set_error(error);
  return count;
}

// Raises no error: `found` is what the symbol has between the times, at most `most` of them.
std::vector<MqlTick> between(const SymbolTicks& symbol, std::size_t available, uint flags,
                             long_t from_msc, long_t to_msc, std::size_t most) {
  std::vector<MqlTick> found;
  auto tick = symbol.ticks.begin() + static_cast<std::ptrdiff_t>(available);
  tick = std::lower_bound(tick, symbol.ticks.end(), from_msc,
                          [](const MqlTick& each, long_t msc) { return each.time_msc < msc; });
  for (; tick != symbol.ticks.end() && tick->time_msc <= to_msc && found.size() < most; ++tick) {
    if (is_wanted(*tick, flags)) found.push_back(*tick);
  }
  return found;
}

std::vector<MqlTick> newest(const SymbolTicks& symbol, std::size_t available, uint flags,
                            uint count) {
  std::vector<MqlTick> found;
  for (std::size_t i = symbol.ticks.size(); i > available && found.size() < count; --i) {
    if (is_wanted(symbol.ticks[i - 1], flags)) found.push_back(symbol.ticks[i - 1]);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

// Asks `find(symbol, available)` where ticks can be had at all.
template <typename Find>
int copy(const string& name, Array<MqlTick>& ticks, Find find) {
  int copied = -1;
  with_symbol(name, [&](SymbolTicks& symbol) {
    if (!symbol.is_selected) return set_error(ERR_MARKET_NOT_SELECTED);
    load_history(symbol);
    int error = 0;
    const std::size_t available = available_from(symbol, error);
    copied = give(find(symbol, available), ticks, error);
  });
  return copied;
}

constexpr long_t kForever = 0x7FFFFFFFFFFFFFFF;

}  // namespace

int CopyTicks(const string& name, Array<MqlTick>& ticks, uint flags, ulong from_msc, uint count) {
  return copy(name, ticks, [&](const SymbolTicks& symbol, std::size_t available) {
    if (from_msc == 0) {
      return newest(symbol, available, flags, count == 0 ? kNewestWithoutCount : count);
    }
    const std::size_t most = count == 0 ? symbol.ticks.size() : count;
    return between(symbol, available, flags, static_cast<long_t>(from_msc), kForever, most);
  });
}

int CopyTicksRange(const string& name, Array<MqlTick>& ticks, uint flags, ulong from_msc,
                   ulong to_msc) {
  const long_t end = to_msc == 0 ? kForever : static_cast<long_t>(to_msc);
  return copy(name, ticks, [&](const SymbolTicks& symbol, std::size_t available) {
    return between(symbol, available, flags, static_cast<long_t>(from_msc), end,
                   symbol.ticks.size());
  });
}

int SymbolsTotal(bool selected) {
  int total = 0;
  host::ticks().for_each([&](const SymbolTicks& each) { total += each.is_selected || !selected; });
  return total;
}

string SymbolName(int index, bool selected) {
  string name;
  host::ticks().for_each([&](const SymbolTicks& each) {
    if ((each.is_selected || !selected) && index-- == 0) name = each.name;
  });
  return name;
}

bool SymbolSelect(const string& name, bool select) {
  return with_symbol(name, [&](SymbolTicks& symbol) {
    if (symbol.is_selected != select) {
      host::Record("market_watch").with("symbol", name).with("shown", int{select});
    }
    symbol.is_selected = select;
  });
}

bool SymbolExist(const string& name, bool& is_custom) {
  return host::ticks().with(name, [&](SymbolTicks& symbol) { is_custom = symbol.is_custom; });
}

bool SymbolIsSynchronized(const string& name) {
  bool is_synchronized = false;
  with_symbol(name,
              [&](SymbolTicks& symbol) { is_synchronized = symbol.requests_before_history == 0; });
  return is_synchronized;
}

bool SymbolInfoTick(const string& name, MqlTick& tick) {
  bool is_known = false;
  with_symbol(name, [&](SymbolTicks& symbol) {
    if (!symbol.is_selected) return set_error(ERR_MARKET_NOT_SELECTED);
    is_known = !symbol.ticks.empty();
    if (is_known) tick = symbol.ticks.back();
  });
  return is_known;
}

long_t SymbolInfoInteger(const string& name, ENUM_SYMBOL_INFO_INTEGER property) {
  long_t value = 0;
  const bool is_known = host::ticks().with(name, [&](SymbolTicks& symbol) {
    const bool has_ticks = !symbol.ticks.empty();
    switch (property) {
      case SYMBOL_SELECT:
      case SYMBOL_VISIBLE:
        value = symbol.is_selected;
        break;
      case SYMBOL_EXIST:
        value = 1;
        break;
      case SYMBOL_CUSTOM:
        value = symbol.is_custom;
        break;
      case SYMBOL_DIGITS:
        value = symbol.specification.digits;
        break;
      case SYMBOL_TIME:
        value = has_ticks ? symbol.ticks.back().time : 0;
        break;
      case SYMBOL_TIME_MSC:
        value = has_ticks ? symbol.ticks.back().time_msc : 0;
        break;
      case SYMBOL_SPREAD:
        value = has_ticks ? std::llround((symbol.ticks.back().ask - symbol.ticks.back().bid) *
                                         std::pow(10.0, symbol.specification.digits))
                          : 0;
        break;
      case SYMBOL_CHART_MODE:
        value = symbol.specification.chart_mode;
        break;
    }
  });
  if (!is_known && property != SYMBOL_EXIST) set_error(ERR_MARKET_UNKNOWN_SYMBOL);
  return value;
}

double SymbolInfoDouble(const string& name, ENUM_SYMBOL_INFO_DOUBLE property) {
  double value = 0;
  with_symbol(name, [&](SymbolTicks& symbol) {
    const MqlTick tick = symbol.ticks.empty() ? MqlTick{} : symbol.ticks.back();
    const host::Specification& of = symbol.specification;
    const double values[] = {tick.bid, tick.ask, tick.last, of.point, of.tick_size};
    value = values[property];
  });
  return value;
}

string SymbolInfoString(const string& name, ENUM_SYMBOL_INFO_STRING property) {
  string value;
  with_symbol(name, [&](SymbolTicks& symbol) {
    if (property == SYMBOL_PATH) value = symbol.path + symbol.name;
    const auto text = symbol.specification.texts.find(property);
    if (text != symbol.specification.texts.end()) value = text->second;
  });
  return value;
}

}  // namespace mql5
