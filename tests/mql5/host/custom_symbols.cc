// Symbols that a program makes and fills: recorded, and readable like any other.
#include <algorithm>

#include "host/expert.h"
#include "host/record.h"
#include "host/settings.h"
#include "host/ticks.h"
#include "prelude/market.h"

namespace mql5 {
namespace {

using host::Record;
using host::SymbolTicks;

constexpr int kLongestName = 31;
constexpr int kMostDigits = 16;

bool fail(int error) {
  host::Expert::current()->last_error = error;
  return false;
}

bool is_allowed(wchar_t unit) {
  return (unit >= L'a' && unit <= L'z') || (unit >= L'A' && unit <= L'Z') ||
         (unit >= L'0' && unit <= L'9') || unit == L'.' || unit == L'_' || unit == L'&' ||
         unit == L'#';
}

// A change of what bars are made of deletes the history (MQL5 Book, custom symbols' properties).
template <typename T>
void set(SymbolTicks& symbol, T& property, T value) {
  if (property != value && !symbol.ticks.empty()) {
    symbol.ticks.clear();
    host::fault("the history of " + utf8_of(symbol.name) + " was deleted");
  }
  property = value;
}

// Calls use(symbol) if it is a custom one.
template <typename Use>
bool with_custom(const string& name, Use use) {
  bool is_custom = false;
  host::ticks().with(name, [&](SymbolTicks& symbol) {
    is_custom = symbol.is_custom;
    if (is_custom) use(symbol);
  });
  return is_custom || fail(ERR_CUSTOM_SYMBOL_ERROR);
}

}  // namespace

bool CustomSymbolCreate(const string& name, const string& path, const string& origin) {
  const std::wstring& units = name.units();
  if (units.empty() || !std::all_of(units.begin(), units.end(), is_allowed)) {
    return fail(ERR_CUSTOM_SYMBOL_WRONG_NAME);
  }
  if (units.size() > kLongestName) return fail(ERR_CUSTOM_SYMBOL_NAME_LONG);
  bool is_custom = false;
  if (SymbolExist(name, is_custom)) return fail(ERR_CUSTOM_SYMBOL_EXIST);
  SymbolTicks made;
  made.name = name;
  made.path = path;
  made.is_custom = true;
  made.is_selected = false;
  host::ticks().with(origin, [&](SymbolTicks& like) { made.specification = like.specification; });
  host::ticks().add_symbol(made);
  Record("custom_symbol").with("symbol", name).with("path", path);
  return true;
}

bool CustomSymbolDelete(const string& name) {
  bool is_selected = false;
  if (!with_custom(name, [&](SymbolTicks& symbol) { is_selected = symbol.is_selected; })) {
    return false;
  }
  return !is_selected && host::ticks().remove_symbol(name);
}

bool CustomSymbolSetInteger(const string& name, ENUM_SYMBOL_INFO_INTEGER property, long_t value) {
  if (property != SYMBOL_DIGITS && property != SYMBOL_CHART_MODE) {
    return fail(ERR_CUSTOM_SYMBOL_PROPERTY_WRONG);
  }
  if (value < 0 || value > kMostDigits) return fail(ERR_CUSTOM_SYMBOL_PARAMETER_ERROR);
  return with_custom(name, [&](SymbolTicks& symbol) {
    host::Specification& of = symbol.specification;
    set(symbol, property == SYMBOL_DIGITS ? of.digits : of.chart_mode, static_cast<int>(value));
  });
}

bool CustomSymbolSetDouble(const string& name, ENUM_SYMBOL_INFO_DOUBLE property, double value) {
  if (property != SYMBOL_POINT && property != SYMBOL_TRADE_TICK_SIZE) {
    return fail(ERR_CUSTOM_SYMBOL_PROPERTY_WRONG);
  }
  if (!(value > 0)) return fail(ERR_CUSTOM_SYMBOL_PARAMETER_ERROR);
  return with_custom(name, [&](SymbolTicks& symbol) {
    host::Specification& of = symbol.specification;
    set(symbol, property == SYMBOL_POINT ? of.point : of.tick_size, value);
  });
}

bool CustomSymbolSetString(const string& name, ENUM_SYMBOL_INFO_STRING property,
                           const string& value) {
  if (property == SYMBOL_PATH) return fail(ERR_CUSTOM_SYMBOL_PROPERTY_WRONG);
  return with_custom(name,
                     [&](SymbolTicks& symbol) { symbol.specification.texts[property] = value; });
}

int CustomTicksAdd(const string& name, const Array<MqlTick>& ticks, uint count) {
  const int added = static_cast<int>(std::min<uint>(count, static_cast<uint>(ticks.size())));
  int error = 0;
  const bool is_custom = with_custom(name, [&](SymbolTicks& symbol) {
    long_t newest = symbol.ticks.empty() ? 0 : symbol.ticks.back().time_msc;
    for (int i = 0; i < added; ++i) {
      if (ticks[i].time_msc < newest) error = ERR_CUSTOM_TICKS_WRONG_ORDER;
      newest = ticks[i].time_msc;
    }
    if (!symbol.is_selected) error = ERR_MARKET_NOT_SELECTED;
    if (host::settings().custom_error != 0) error = host::settings().custom_error;
    if (error == 0) symbol.ticks.insert(symbol.ticks.end(), ticks.begin(), ticks.begin() + added);
  });
  if (!is_custom) return -1;
  if (error) {
    fail(error);
    return -1;
  }
  for (int i = 0; i < added; ++i) {
    Record("custom_tick")
        .with("symbol", name)
        .with("time_msc", ticks[i].time_msc)
        .with("bid", ticks[i].bid)
        .with("ask", ticks[i].ask);
  }
  return added;
}

}  // namespace mql5
