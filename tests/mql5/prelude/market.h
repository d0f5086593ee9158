// Symbols and their ticks, from the host's script.
#pragma once

#include "prelude/array.h"
#include "prelude/constants.h"
#include "prelude/structs.h"

namespace mql5 {

int SymbolsTotal(bool selected);
string SymbolName(int index, bool selected);
bool SymbolSelect(const string& symbol, bool select);
bool SymbolExist(const string& symbol, bool& is_custom);
bool SymbolIsSynchronized(const string& symbol);
bool SymbolInfoTick(const string& symbol, MqlTick& tick);
long_t SymbolInfoInteger(const string& symbol, ENUM_SYMBOL_INFO_INTEGER property);
double SymbolInfoDouble(const string& symbol, ENUM_SYMBOL_INFO_DOUBLE property);
string SymbolInfoString(const string& symbol, ENUM_SYMBOL_INFO_STRING property);
int CopyTicks(const string& symbol, Array<MqlTick>& ticks, uint flags = COPY_TICKS_ALL,
              ulong from_msc = 0, uint count = 0);
int CopyTicksRange(const string& symbol, Array<MqlTick>& ticks, uint flags = COPY_TICKS_ALL,
                   ulong from_msc = 0, ulong to_msc = 0);

bool CustomSymbolCreate(const string& symbol, const string& path = {}, const string& origin = {});
bool CustomSymbolDelete(const string& symbol);
bool CustomSymbolSetInteger(const string& symbol, ENUM_SYMBOL_INFO_INTEGER property, long_t value);
bool CustomSymbolSetDouble(const string& symbol, ENUM_SYMBOL_INFO_DOUBLE property, double value);
bool CustomSymbolSetString(const string& symbol, ENUM_SYMBOL_INFO_STRING property,
                           const string& value);
int CustomTicksAdd(const string& symbol, const Array<MqlTick>& ticks, uint count = 0xFFFFFFFF);

}  // namespace mql5
