#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace tpb {

// The result codes of trading_protobuf.h; abi/ asserts that the values agree.
enum class Code : std::int32_t {
  kOk = 0,
  kInvalidArgument = -101,
  kBadConfig = -102,
  kBadTick = -103,
  kBadSymbol = -104,
  kOutboxFull = -201,
  kDisk = -202,
  kBadHandle = -301,
  kNotInitialized = -302,
  kNotConfigured = -303,
  kInUse = -304,
  kTooMany = -305,
  kNotSubscribed = -306,
  kCredentials = -401,
  kProtocol = -402,
  kNetwork = -403,
  kNotice = -404,
  kInternal = -501,
  kNoMemory = -502,
};

// What went wrong, why, and what to do next: sentences for a person, never a secret.
struct Error {
  Code code = Code::kOk;
  std::string text;

  explicit operator bool() const { return code != Code::kOk; }
};

}  // namespace tpb
