#include "prelude/terminal.h"

#include <map>
#include <mutex>

#include "host/expert.h"
#include "host/moment.h"
#include "host/record.h"
#include "host/settings.h"
#include "prelude/clock.h"

host::Settings& host::settings() {
  static Settings& made = *new Settings;  // outlives every thread
  return made;
}

namespace mql5 {
namespace {

using host::Expert;
using host::Record;
using host::settings;

constexpr int kBuild = 5260;
constexpr int kPrintsASecond = 100;

std::mutex variables_mutex;
std::map<string, double>& variables() {
  static auto& made = *new std::map<string, double>;
  return made;
}

// A flood of lines buries the one that matters, and the terminal drops some.
void count_print() {
  if (Expert::current() == nullptr) return;  // a global object's destructor
  Expert& expert = *Expert::current();
  const std::int64_t second = host::now_us() / 1'000'000;
  if (second != expert.second_of_prints) expert.prints_in_second = 0;
  expert.second_of_prints = second;
  if (++expert.prints_in_second == kPrintsASecond) host::fault("100 prints in one second");
}

string windows_text(const std::filesystem::path& path) {
  std::filesystem::path preferred = path;
  return preferred.make_preferred().wstring();
}

}  // namespace

long_t MQLInfoInteger(ENUM_MQL_INFO_INTEGER property) {
  switch (property) {
    case MQL_TESTER:
      return settings().is_tester;
    case MQL_DLLS_ALLOWED:
      return settings().allows_dlls;
    default:
      return 0;
  }
}

string MQLInfoString(ENUM_MQL_INFO_STRING property) {
  const string name = text_of(Expert::current()->program().name);
  if (property == MQL_PROGRAM_NAME) return name;
  return windows_text(settings().data_folder / "MQL5" / "Experts") + L"\\" + name + L".ex5";
}

long_t TerminalInfoInteger(ENUM_TERMINAL_INFO_INTEGER property) {
  switch (property) {
    case TERMINAL_BUILD:
      return kBuild;
    case TERMINAL_CONNECTED:
      return settings().is_connected;
    case TERMINAL_DLLS_ALLOWED:
      return settings().allows_dlls;
    case TERMINAL_TRADE_ALLOWED:
      return 0;
    case TERMINAL_X64:
      return 1;
  }
  return 0;
}

string TerminalInfoString(ENUM_TERMINAL_INFO_STRING property) {
  switch (property) {
    case TERMINAL_NAME:
      return L"MetaTrader 5 (test host)";
    case TERMINAL_LANGUAGE:
      return L"English";
    case TERMINAL_PATH:
    case TERMINAL_DATA_PATH:
      return windows_text(settings().data_folder);
    case TERMINAL_COMMONDATA_PATH:
      return windows_text(settings().data_folder / "Common");
  }
  return {};
}

long_t AccountInfoInteger(ENUM_ACCOUNT_INFO_INTEGER) { return 0; }
double AccountInfoDouble(ENUM_ACCOUNT_INFO_DOUBLE) { return 0; }
string AccountInfoString(ENUM_ACCOUNT_INFO_STRING) { return L"Test"; }

int GetLastError() { return Expert::current()->last_error; }
void ResetLastError() { Expert::current()->last_error = 0; }
void SetUserError(ushort error) { Expert::current()->last_error = ERR_USER_ERROR_FIRST + error; }
bool IsStopped() { return Expert::current()->is_leaving; }
int UninitializeReason() { return Expert::current()->uninit_reason; }
void ExpertRemove() { Expert::current()->is_leaving = true; }

datetime GlobalVariableSet(const string& name, double value) {
  const std::lock_guard lock(variables_mutex);
  variables()[name] = value;
  return TimeLocal();
}

double GlobalVariableGet(const string& name) {
  const std::lock_guard lock(variables_mutex);
  const auto found = variables().find(name);
  if (found != variables().end()) return found->second;
  Expert::current()->last_error = ERR_GLOBALVARIABLE_NOT_FOUND;
  return 0;
}

bool GlobalVariableCheck(const string& name) {
  const std::lock_guard lock(variables_mutex);
  return variables().contains(name);
}

bool GlobalVariableDel(const string& name) {
  const std::lock_guard lock(variables_mutex);
  return variables().erase(name) > 0;
}

bool OrderSend(const MqlTradeRequest& request, MqlTradeResult& result) {
  Record("order").with("symbol", request.symbol).with("volume", string(request.volume));
  result = {};
  result.retcode = TRADE_RETCODE_TRADE_DISABLED;
  Expert::current()->last_error = ERR_TRADE_DISABLED;
  return false;
}

bool OrderSendAsync(const MqlTradeRequest& request, MqlTradeResult& result) {
  return OrderSend(request, result);
}

bool SendNotification(const string& text) {
  Record("notification").with("text", text);
  return false;
}

bool PlaySound(const string& file) {
  Record("sound").with("file", file);
  return true;
}

void print(const string& text) {
  count_print();
  Record("print").with("text", text);
}

void alert(const string& text) {
  count_print();
  Record("alert").with("text", text);
}

}  // namespace mql5
