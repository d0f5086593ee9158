// The terminal, the program, its messages and its errors.
#pragma once

#include "prelude/constants.h"
#include "prelude/format.h"
#include "prelude/structs.h"

namespace mql5 {

long_t MQLInfoInteger(ENUM_MQL_INFO_INTEGER property);
string MQLInfoString(ENUM_MQL_INFO_STRING property);
long_t TerminalInfoInteger(ENUM_TERMINAL_INFO_INTEGER property);
string TerminalInfoString(ENUM_TERMINAL_INFO_STRING property);
long_t AccountInfoInteger(ENUM_ACCOUNT_INFO_INTEGER property);
double AccountInfoDouble(ENUM_ACCOUNT_INFO_DOUBLE property);
string AccountInfoString(ENUM_ACCOUNT_INFO_STRING property);

int GetLastError();
void ResetLastError();
void SetUserError(ushort error);
bool IsStopped();
int UninitializeReason();
void ExpertRemove();

datetime GlobalVariableSet(const string& name, double value);
double GlobalVariableGet(const string& name);
bool GlobalVariableCheck(const string& name);
bool GlobalVariableDel(const string& name);

// What a streaming program has no business with: refused and recorded.
bool OrderSend(const MqlTradeRequest& request, MqlTradeResult& result);
bool OrderSendAsync(const MqlTradeRequest& request, MqlTradeResult& result);
bool SendNotification(const string& text);
bool PlaySound(const string& file);

void print(const string& text);
void alert(const string& text);

template <typename... A>
void Print(const A&... values) {
  print(joined({Value(values)...}));
}

template <typename... A>
void PrintFormat(const string& pattern, const A&... values) {
  print(format(pattern, {Value(values)...}));
}

template <typename... A>
void Alert(const A&... values) {
  alert(joined({Value(values)...}));
}

}  // namespace mql5
