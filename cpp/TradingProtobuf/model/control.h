#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/market_data.h"

namespace tpb {

// What a gateway says about a session. Numbers are as they were sent, also where they make no
// sense: to judge them is the session's part.

// Every batch up to and with batch_sequence is stored.
struct Ack {
  std::int64_t batch_sequence = 0;    // 0 = none yet
  std::vector<std::uint32_t> crc32c;  // of the batches newly covered, ending at batch_sequence
  std::int64_t epoch = 0;             // lives of this session's store at the gateway
  // In the first Ack: of the batches stored before, ending at batch_sequence.
  std::vector<std::uint32_t> stored_crc32c;
  bool check_ok = true;  // false: some number above was damaged on the way

  friend bool operator==(const Ack&, const Ack&) = default;
};

// Send no faster than this for a while.
struct Throttle {
  std::int32_t max_batches_per_s = 0;  // 0 = no limit
  std::int64_t for_ms = 0;

  friend bool operator==(const Throttle&, const Throttle&) = default;
};

// The configuration at the server has a new version: fetch the named sections anew.
struct ConfigChanged {
  std::int64_t version = 0;
  std::vector<std::string> sections;

  friend bool operator==(const ConfigChanged&, const ConfigChanged&) = default;
};

// Something a person should read.
struct Notice {
  enum class Severity : std::int32_t { kUnspecified = 0, kInfo = 1, kWarning = 2, kError = 3 };

  std::string code;
  std::string text;
  Severity severity = Severity::kUnspecified;

  friend bool operator==(const Notice&, const Notice&) = default;
};

// The symbols that the gateway has chosen for this user, most important first.
struct Pairs {
  std::int64_t version = 0;  // rises with each change
  Tier tier = Tier::kUnknown;
  std::vector<std::string> symbols;

  friend bool operator==(const Pairs&, const Pairs&) = default;
};

// A kind that this version does not know: to be counted and left alone.
struct Unknown {
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using Control = std::variant<Ack, Throttle, ConfigChanged, Notice, Pairs, Unknown>;

}  // namespace tpb
