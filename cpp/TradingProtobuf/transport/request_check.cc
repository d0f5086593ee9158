#include "transport/request_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tpb::transport {
namespace {

constexpr std::size_t kMaxHost = 253;      // RFC 1035
constexpr std::size_t kMaxTarget = 8192;   // what servers commonly take as a request line
constexpr std::size_t kMaxHeader = 32768;  // servers refuse far less; the HTTP library takes 64 KiB

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// RFC 9110, 5.6.2.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsHost(std::string_view text) {
  // '%' is the zone of a link-local address, ':' an IPv6 address.
  return !text.empty() && text.size() <= kMaxHost &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlphanumeric(c) || std::string_view(".-_:%").find(c) != std::string_view::npos;
         });
}

bool IsTarget(std::string_view text) {
  return text.starts_with('/') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

// Headers that make the upgrade what it is; the connection writes them itself.
bool IsReserved(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kReserved = {
      "host", "upgrade", "connection", "content-length", "transfer-encoding", "sec-websocket-"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kReserved.begin(), kReserved.end(), [&lower](std::string_view reserved) {
    return reserved.ends_with('-') ? lower.starts_with(reserved) : lower == reserved;
  });
}

}  // namespace

std::string CheckRequest(const ConnectRequest& request) {
  if (!IsHost(request.host)) {
    return "the endpoint's host is no host name or address (names beyond ASCII are written in "
           "their "
           "xn-- form)";
  }
  if (request.port == 0) return "the endpoint's port is 0: no server listens there";
  if (request.target.size() > kMaxTarget) return "the endpoint's path is longer than 8,192 bytes";
  if (!IsTarget(request.target)) {
    return "the endpoint's path must begin with / and hold no spaces, control characters or "
           "characters beyond ASCII: percent-encode them";
  }
  if (!request.subprotocol.empty() && !IsToken(request.subprotocol)) {
    return "the subprotocol's name cannot stand in a header";
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return "a header's name holds characters that no header's name may hold";
    if (IsReserved(name)) return "the header " + name + " is the connection's own to write";
    if (HasControl(value)) {
      return "the header " + name +
             " cannot be sent: its value holds a line break or another "
             "control character";
    }
    if (name.size() + value.size() > kMaxHeader) {
      return "the header " + name + " cannot be sent: it is longer than 32,768 bytes";
    }
  }
  return "";
}

}  // namespace tpb::transport
