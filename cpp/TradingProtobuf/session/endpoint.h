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

inline constexpr std::string_view kTicksTarget = "/ws/mt5";
inline constexpr std::string_view kMarketTarget = "/ws/market-data";

// Reads wss://host[:port][/path]. Without a port it is 443 (ws: 80).
Error ParseEndpoint(std::string_view url, Endpoint& endpoint,
                    std::string_view default_target = kTicksTarget);

// Where the gateway that takes ticks there gives market data: /ws/market-data in place of /ws/mt5
// at the end of the path, what stands before and behind it kept; else /ws/market-data alone.
Endpoint MarketEndpointOf(const Endpoint& endpoint);

}  // namespace tpb
