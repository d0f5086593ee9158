#include "prelude/chart.h"

#include <cmath>
#include <map>
#include <mutex>

#include "host/expert.h"
#include "host/objects.h"
#include "host/record.h"
#include "prelude/market.h"

namespace {

using host::Expert;
using host::Record;
using mql5::string;

// The terminal cuts a label's text there.
constexpr std::size_t kLongestLabel = 63;

struct Object {
  mql5::ENUM_OBJECT type;
  std::map<int, mql5::long_t> integers;
  std::map<int, double> reals;
  std::map<int, string> texts;
};

// A chart's objects stay when its program goes. One chart an expert here.
std::map<string, Object>& objects_of(const Expert& expert) {
  static std::mutex mutex;
  static auto& charts = *new std::map<const Expert*, std::map<string, Object>>;
  const std::lock_guard lock(mutex);
  return charts[&expert];
}

std::map<string, Object>& objects() { return objects_of(*Expert::current()); }

Object* found(const string& name) {
  const auto object = objects().find(name);
  if (object != objects().end()) return &object->second;
  Expert::current()->last_error = mql5::ERR_OBJECT_NOT_FOUND;
  return nullptr;
}

// A line is told as it is now: each change of what a person would see.
void record_line(const string& name, Object& object) {
  if (object.type != mql5::OBJ_HLINE) return;
  Record("line")
      .with("name", name)
      .with("price", object.reals[mql5::OBJPROP_PRICE])
      .with("color", object.integers[mql5::OBJPROP_COLOR])
      .with("style", object.integers[mql5::OBJPROP_STYLE])
      .with("tooltip", object.texts[mql5::OBJPROP_TOOLTIP]);
}

bool has_prefix(const string& name, const string& prefix) {
  return name.units().starts_with(prefix.units());
}

}  // namespace

void host::report_objects_left(const Expert& expert) {
  for (const auto& [name, object] : objects_of(expert)) {
    fault("object " + utf8_of(name) + " was left on the chart");
  }
}

namespace mql5 {

string Symbol() { return Expert::current()->symbol; }
ENUM_TIMEFRAMES Period() { return static_cast<ENUM_TIMEFRAMES>(Expert::current()->period); }
int Digits() { return static_cast<int>(SymbolInfoInteger(Symbol(), SYMBOL_DIGITS)); }
double Point() { return std::pow(10.0, -Digits()); }
long_t ChartID() { return 128'968'168'864'101'560 + std::stoll(Expert::current()->id()); }
string ChartSymbol(long_t) { return Symbol(); }
ENUM_TIMEFRAMES ChartPeriod(long_t) { return Period(); }
void ChartRedraw(long_t) {}

long_t ChartGetInteger(long_t, ENUM_CHART_PROPERTY_INTEGER property, int) {
  switch (property) {
    case CHART_COLOR_FOREGROUND:
      return clrWhite;
    case CHART_COLOR_BACKGROUND:
      return clrBlack;
    case CHART_WIDTH_IN_PIXELS:
      return 1280;
    case CHART_HEIGHT_IN_PIXELS:
      return 720;
    case CHART_IS_OBJECT:
      return 0;
  }
  return 0;
}

bool ChartSetInteger(long_t, ENUM_CHART_PROPERTY_INTEGER, long_t) { return true; }

bool ObjectCreate(long_t, const string& name, ENUM_OBJECT type, int, datetime, double price) {
  objects().insert({name, Object{type, {}, {{OBJPROP_PRICE, price}}, {}}});
  return true;
}

bool ObjectDelete(long_t, const string& name) {
  const bool is_gone = objects().erase(name) > 0;
  if (is_gone) Record("object_gone").with("name", name);
  return is_gone;
}

int ObjectFind(long_t, const string& name) { return objects().contains(name) ? 0 : -1; }

int ObjectsTotal(long_t, int, int) { return static_cast<int>(objects().size()); }

string ObjectName(long_t, int index, int, int) {
  for (const auto& [name, object] : objects()) {
    if (index-- == 0) return name;
  }
  return {};
}

int ObjectsDeleteAll(long_t chart, const string& prefix, int, int) {
  int deleted = 0;
  for (auto each = objects().begin(); each != objects().end();) {
    const string name = (each++)->first;
    if (has_prefix(name, prefix)) deleted += ObjectDelete(chart, name);
  }
  return deleted;
}

bool ObjectSetInteger(long_t, const string& name, ENUM_OBJECT_PROPERTY_INTEGER property,
                      long_t value) {
  Object* object = found(name);
  if (object == nullptr) return false;
  const bool is_new = object->integers[property] != value;
  object->integers[property] = value;
  if (is_new) record_line(name, *object);
  return true;
}

bool ObjectSetDouble(long_t, const string& name, ENUM_OBJECT_PROPERTY_DOUBLE property,
                     double value) {
  Object* object = found(name);
  if (object == nullptr) return false;
  if (!std::isfinite(value)) host::fault("no number for an object: " + utf8_of(name));
  const bool is_new = object->reals[property] != value;
  object->reals[property] = value;
  if (is_new) record_line(name, *object);
  return true;
}

bool ObjectSetString(long_t, const string& name, ENUM_OBJECT_PROPERTY_STRING property,
                     const string& value) {
  Object* object = found(name);
  if (object == nullptr) return false;
  if (property == OBJPROP_TEXT) {
    if (object->type == OBJ_LABEL && value.units().size() > kLongestLabel) {
      host::fault("a label's text is cut at 63 characters: " + utf8_of(value));
    }
    if (value.units().empty()) host::fault("an empty text shows as 'Label'");
    if (object->texts[property] != value) {
      Record("object")
          .with("name", name)
          .with("text", value)
          .with("color", object->integers[OBJPROP_COLOR]);
    }
  }
  const bool is_new = object->texts[property] != value;
  object->texts[property] = value;
  if (is_new) record_line(name, *object);
  return true;
}

long_t ObjectGetInteger(long_t, const string& name, ENUM_OBJECT_PROPERTY_INTEGER property) {
  Object* object = found(name);
  return object ? object->integers[property] : 0;
}

double ObjectGetDouble(long_t, const string& name, ENUM_OBJECT_PROPERTY_DOUBLE property) {
  Object* object = found(name);
  return object ? object->reals[property] : 0;
}

string ObjectGetString(long_t, const string& name, ENUM_OBJECT_PROPERTY_STRING property) {
  Object* object = found(name);
  return object ? object->texts[property] : string();
}

void set_comment(const string& text) {
  if (Expert::current()->comment == text) return;
  Expert::current()->comment = text;
  Record("comment").with("text", text);
}

}  // namespace mql5
