// The chart a program is on, its objects and its comment.
#pragma once

#include "prelude/constants.h"
#include "prelude/format.h"

namespace mql5 {

string Symbol();
ENUM_TIMEFRAMES Period();
int Digits();
double Point();
long_t ChartID();
string ChartSymbol(long_t chart = 0);
ENUM_TIMEFRAMES ChartPeriod(long_t chart = 0);
void ChartRedraw(long_t chart = 0);
long_t ChartGetInteger(long_t chart, ENUM_CHART_PROPERTY_INTEGER property, int window = 0);
bool ChartSetInteger(long_t chart, ENUM_CHART_PROPERTY_INTEGER property, long_t value);

bool ObjectCreate(long_t chart, const string& name, ENUM_OBJECT type, int window, datetime time,
                  double price);
bool ObjectDelete(long_t chart, const string& name);
int ObjectFind(long_t chart, const string& name);
int ObjectsTotal(long_t chart, int window = -1, int type = -1);
string ObjectName(long_t chart, int index, int window = -1, int type = -1);
int ObjectsDeleteAll(long_t chart, const string& prefix, int window = -1, int type = -1);
bool ObjectSetInteger(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_INTEGER property,
                      long_t value);
bool ObjectSetDouble(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_DOUBLE property,
                     double value);
bool ObjectSetString(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_STRING property,
                     const string& value);
long_t ObjectGetInteger(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_INTEGER property);
double ObjectGetDouble(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_DOUBLE property);
string ObjectGetString(long_t chart, const string& name, ENUM_OBJECT_PROPERTY_STRING property);

void set_comment(const string& text);

template <typename... A>
void Comment(const A&... values) {
  set_comment(joined({Value(values)...}));
}

}  // namespace mql5
