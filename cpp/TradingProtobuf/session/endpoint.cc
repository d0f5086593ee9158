#include "session/endpoint.h"

#include <algorithm>
#include <charconv>

namespace tpb {
namespace {

constexpr std::size_t kMaxUrl = 2048;

Error Bad(std::string_view reason) {
  return {Code::kBadConfig, "The endpoint is not a WebSocket address: " + std::string(reason) +
                                ". Write it as wss://host[:port][/path], for example "
                                "wss://gateway.example:8000/ws/mt5."};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHostCharacter(char c, bool address6) {
  const char lower = static_cast<char>(c | 0x20);
  if (address6) return IsDigit(c) || (lower >= 'a' && lower <= 'f') || c == ':' || c == '.';
  return IsDigit(c) || (lower >= 'a' && lower <= 'z') || c == '.' || c == '-' || c == '_';
}

bool IsTargetCharacter(char c) { return c > ' ' && c < 0x7f && c != '#'; }

bool IsAddress4(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) { return IsDigit(c) || c == '.'; }) &&
         std::count(host.begin(), host.end(), '.') == 3;
}

// Takes ":port" or nothing.
Error ParsePort(std::string_view text, Endpoint& endpoint) {
  endpoint.port = endpoint.tls ? 443 : 80;
  if (text.empty()) return {};
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data() + 1, end, endpoint.port);
  if (text[0] != ':' || failure != std::errc() || rest != end || endpoint.port == 0) {
    return Bad("the port must be a number from 1 to 65535");
  }
  return {};
}

}  // namespace

std::string Endpoint::url() const {
  const bool address6 = host.find(':') != std::string::npos;
  return (tls ? "wss://" : "ws://") + (address6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port) + target.substr(0, target.find('?'));
}

bool Endpoint::loopback() const {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && IsAddress4(host));
}

Error ParseEndpoint(std::string_view url, Endpoint& endpoint, std::string_view default_target) {
  if (url.empty()) return Bad("it is empty");
  if (url.size() > kMaxUrl) return Bad("it is longer than 2048 characters");
  if (url.starts_with("wss://")) {
    endpoint.tls = true;
    url.remove_prefix(6);
  } else if (url.starts_with("ws://")) {
    endpoint.tls = false;
    url.remove_prefix(5);
  } else {
    return Bad("it does not begin with wss:// or ws://");
  }

  const std::size_t slash = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, slash);
  const std::string_view target = url.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return Bad("it must not hold a user name or password; the token is given apart");
  }

  const bool address6 = authority.starts_with('[');
  const std::size_t host_end =
      address6 ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos) return Bad("the bracket of the address is not closed");
  const std::string_view host = authority.substr(address6 ? 1 : 0, host_end - (address6 ? 1 : 0));
  if (host.empty()) return Bad("the host is missing");
  if (host.size() > 253 || !std::all_of(host.begin(), host.end(),
                                        [&](char c) { return IsHostCharacter(c, address6); })) {
    return Bad("the host has a character that no host name has");
  }
  if (Error error = ParsePort(authority.substr(host_end + (address6 ? 1 : 0)), endpoint)) {
    return error;
  }

  if (!target.empty() && target[0] != '/') return Bad("the path must begin with /");
  if (!std::all_of(target.begin(), target.end(), IsTargetCharacter)) {
    return Bad("the path has a character that must be percent-encoded");
  }
  endpoint.host = host;
  endpoint.target = target.empty() || target == "/" ? default_target : target;
  return {};
}

Endpoint MarketEndpointOf(const Endpoint& endpoint) {
  Endpoint market = endpoint;
  const std::size_t path_end = std::min(endpoint.target.find('?'), endpoint.target.size());
  const std::string path = endpoint.target.substr(0, path_end);
  if (path.ends_with(kTicksTarget)) {
    market.target = path.substr(0, path.size() - kTicksTarget.size());
    market.target += kMarketTarget;
    market.target += endpoint.target.substr(path_end);
  } else {
    market.target = kMarketTarget;
  }
  return market;
}

}  // namespace tpb
