#pragma once

#include <cstdint>
#include <string>

#include "trading_protobuf.h"

namespace terminal {

// The DLL as the terminal has it: loaded by path, every function found by name.
class Library {
 public:
  explicit Library(const wchar_t* path);  // throws std::runtime_error
  ~Library() { Free(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // What the terminal does when the last expert that uses the DLL goes. The functions are gone.
  void Free();
  bool loaded() const { return module_ != nullptr; }

  decltype(&::InitializeProtobuf) InitializeProtobuf;
  decltype(&::ConnectWebSocket) ConnectWebSocket;
  decltype(&::SendTickBatch) SendTickBatch;
  decltype(&::GetConnectionStatus) GetConnectionStatus;
  decltype(&::CleanupProtobuf) CleanupProtobuf;
  decltype(&::TpbAbiVersion) TpbAbiVersion;
  decltype(&::TpbSizeOf) TpbSizeOf;
  decltype(&::TpbOpen) TpbOpen;
  decltype(&::TpbClose) TpbClose;
  decltype(&::TpbSendTicks) TpbSendTicks;
  decltype(&::TpbFlush) TpbFlush;
  decltype(&::TpbSetToken) TpbSetToken;
  decltype(&::TpbStatus) TpbStatus;
  decltype(&::TpbCursor) TpbCursor;
  decltype(&::TpbNextEvent) TpbNextEvent;
  decltype(&::TpbSubscribe) TpbSubscribe;
  decltype(&::TpbUnsubscribe) TpbUnsubscribe;
  decltype(&::TpbSubscription) TpbSubscription;
  decltype(&::TpbPollMarketData) TpbPollMarketData;
  decltype(&::TpbLatest) TpbLatest;
  decltype(&::TpbMarketHistory) TpbMarketHistory;
  decltype(&::TpbMarketStatus) TpbMarketStatus;
  decltype(&::TpbPairs) TpbPairs;
  decltype(&::TpbIndicators) TpbIndicators;
  decltype(&::TpbStatusJson) TpbStatusJson;
  decltype(&::TpbLastError) TpbLastError;

  std::string LastError(TpbHandle handle) const;   // UTF-8
  std::string StatusJson(TpbHandle handle) const;  // "null" for a bad handle
  TpbStatusInfo Status(TpbHandle handle) const;

 private:
  template <class Function>
  void Find(Function& function, const char* name);

  void* module_;
};

// The terminal's strings are UTF-16. Not for lone surrogates.
std::u16string ToUtf16(const std::string& utf8);
std::string ToUtf8(const std::u16string& utf16);

inline const TpbChar* Text(const std::u16string& text) {
  return reinterpret_cast<const TpbChar*>(text.c_str());
}

}  // namespace terminal
