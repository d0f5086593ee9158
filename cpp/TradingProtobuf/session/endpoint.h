#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/error.h"

namespace tpb {

// A gateway's address, taken apart.
struct Endpoint {
  bool tls = true;
  std::string host;  // name or address, without brackets
  std::uint16_t port = 0;
  std::string target;

  std::string url() const;  // for a person: without the query, which may hold a secret
  bool loopback() const;    // localhost, 127.0.0.0/8 or ::1
  bool operator==(const Endpoint&) const = default;
};

// Reads wss://host[:port][/path]. Without a path it is /ws/mt5, without a port 443 (ws: 80).
Error ParseEndpoint(std::string_view url, Endpoint& endpoint);

}  // namespace tpb
