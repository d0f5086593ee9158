#include "library.h"

#include <windows.h>

#include <stdexcept>

namespace terminal {

Library::Library(const wchar_t* path) : module_(LoadLibraryW(path)) {
  if (module_ == nullptr) {
    throw std::runtime_error("LoadLibraryW failed with error " + std::to_string(GetLastError()));
  }
  Find(InitializeProtobuf, "InitializeProtobuf");
  Find(ConnectWebSocket, "ConnectWebSocket");
  Find(SendTickBatch, "SendTickBatch");
  Find(GetConnectionStatus, "GetConnectionStatus");
  Find(CleanupProtobuf, "CleanupProtobuf");
  Find(TpbAbiVersion, "TpbAbiVersion");
  Find(TpbSizeOf, "TpbSizeOf");
  Find(TpbOpen, "TpbOpen");
  Find(TpbClose, "TpbClose");
  Find(TpbSendTicks, "TpbSendTicks");
  Find(TpbFlush, "TpbFlush");
  Find(TpbSetToken, "TpbSetToken");
  Find(TpbStatus, "TpbStatus");
  Find(TpbCursor, "TpbCursor");
  Find(TpbNextEvent, "TpbNextEvent");
  Find(TpbSubscribe, "TpbSubscribe");
  Find(TpbUnsubscribe, "TpbUnsubscribe");
  Find(TpbSubscription, "TpbSubscription");
  Find(TpbPollMarketData, "TpbPollMarketData");
  Find(TpbLatest, "TpbLatest");
  Find(TpbMarketHistory, "TpbMarketHistory");
  Find(TpbMarketStatus, "TpbMarketStatus");
  Find(TpbPairs, "TpbPairs");
  Find(TpbIndicators, "TpbIndicators");
  Find(TpbStatusJson, "TpbStatusJson");
  Find(TpbLastError, "TpbLastError");
}

template <class Function>
void Library::Find(Function& function, const char* name) {
  function = reinterpret_cast<Function>(
      reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(module_), name)));
  if (function == nullptr) throw std::runtime_error(std::string("the DLL does not export ") + name);
}

void Library::Free() {
  if (module_ != nullptr) FreeLibrary(static_cast<HMODULE>(module_));
  module_ = nullptr;
}

namespace {

// The two calls of convention 4: ask for the size, then for the text.
template <class Call>
std::string ReadText(Call&& call) {
  const std::int32_t needed = call(nullptr, 0);
  if (needed < 0) return "null";
  std::u16string text(static_cast<std::size_t>(needed), u'\0');
  call(reinterpret_cast<TpbChar*>(text.data()), needed);
  return ToUtf8(text.c_str());
}

}  // namespace

std::string Library::LastError(TpbHandle handle) const {
  return ReadText([&](TpbChar* buffer, std::int32_t capacity) {
    return TpbLastError(handle, buffer, capacity);
  });
}

std::string Library::StatusJson(TpbHandle handle) const {
  // Between the two calls the text can grow: ask for some more.
  std::u16string text(8192, u'\0');
  const std::int32_t needed = TpbStatusJson(handle, reinterpret_cast<TpbChar*>(text.data()),
                                            static_cast<std::int32_t>(text.size()));
  return needed < 0 ? "null" : ToUtf8(text.c_str());
}

TpbStatusInfo Library::Status(TpbHandle handle) const {
  TpbStatusInfo status{};
  TpbStatus(handle, &status);
  return status;
}

std::u16string ToUtf16(const std::string& utf8) {
  const int size = static_cast<int>(utf8.size());
  std::u16string text(utf8.size(), u'\0');
  const int units = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), size,
                                        reinterpret_cast<wchar_t*>(text.data()), size);
  text.resize(static_cast<std::size_t>(units));
  return text;
}

std::string ToUtf8(const std::u16string& utf16) {
  const int units = static_cast<int>(utf16.size());
  std::string text(3 * utf16.size(), '\0');
  const int size =
      WideCharToMultiByte(CP_UTF8, 0, reinterpret_cast<const wchar_t*>(utf16.data()), units,
                          text.data(), static_cast<int>(text.size()), nullptr, nullptr);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace terminal
