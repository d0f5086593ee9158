#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/error.h"
#include "platform/clock.h"
#include "session/endpoint.h"
#include "session/token.h"

namespace tpb {

// How a session behaves; trading_protobuf.h tells each key (TpbOpen) with range and default.
struct Options {
  Endpoint endpoint;
  Token token;
  std::string user_id;
  std::string tenant_id;
  std::string ca_file;
  bool allow_plaintext = false;
  int batch_ticks = 5;
  milliseconds flush{100};
  bool stamp_ticks = true;
  std::size_t outbox_bytes = std::size_t{64} << 20;
  milliseconds connect_timeout{10000};
  milliseconds heartbeat{3000};
  milliseconds backoff_min{250};
  milliseconds backoff_max{5000};
};

// Reads "key=value;key=value". An error names the key and tells what it may be.
Error ParseOptions(std::string_view config, Options& options);

// What ParseOptions asks of endpoint, token and names together; fills user_id and tenant_id from
// the token where they are empty.
Error CompleteOptions(Options& options);

}  // namespace tpb
