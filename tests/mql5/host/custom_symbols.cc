// Symbols that a program makes and fills: recorded, and readable like any other.
#include <algorithm>

#include "host/expert.h"
#include "host/record.h"
#include "host/ticks.h"
#include "prelude/market.h"

namespace mql5 {
namespace {

using host::Record;
using host::SymbolTicks;

constexpr int kLongestName = 31;

bool fail(int error) {
  host::Expert::current()->last_error = error;
  return false;
}

bool is_allowed(wchar_t unit) {
  return (unit >= L'a' && unit <= L'z') || (unit >= L'A' && unit <= L'Z') ||
         (unit >= L'0' && unit <= L'9') || unit == L'.' || unit == L'_' || unit == L'&' ||
         unit == L'#';
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
  host::ticks().with(origin, [&](SymbolTicks& like) { made.digits = like.digits; });
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
  return with_custom(name, [&](SymbolTicks& symbol) {
    if (property == SYMBOL_DIGITS) symbol.digits = static_cast<int>(value);
  });
}

bool CustomSymbolSetDouble(const string& name, ENUM_SYMBOL_INFO_DOUBLE, double) {
  return with_custom(name, [](SymbolTicks&) {});
}

bool CustomSymbolSetString(const string& name, ENUM_SYMBOL_INFO_STRING, const string&) {
  return with_custom(name, [](SymbolTicks&) {});
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
        .with("bid", string(ticks[i].bid))
        .with("ask", string(ticks[i].ask));
  }
  return added;
}

}  // namespace mql5
