#include "session/upgrade_request.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "platform/crc32c.h"

namespace tpb {
namespace {

// CRC-32C of the credentials, the subprotocol and every header of ours, each as "name:value\n" in
// order of their names. A new header belongs into the gateway's list as well (upgrade.py).
std::string CheckOf(const transport::ConnectRequest& request) {
  std::map<std::string, std::string> lines;
  for (const auto& [name, value] : request.headers) {
    lines[name == "Authorization" ? "authorization" : name] = value;
  }
  lines["sec-websocket-protocol"] = request.subprotocol;
  std::string text;
  for (const auto& [name, value] : lines) text.append(name).append(":").append(value).append("\n");
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", Crc32c(std::as_bytes(std::span(text))));
  return digits.data();
}

Error ToProblem(const transport::ConnectFailure& failure) {
  if (failure.kind == transport::FailureKind::kProtocol) return {Code::kProtocol, failure.text};
  if (failure.kind != transport::FailureKind::kRefused) return {Code::kNetwork, failure.text};
  if (failure.http_status == 401 || failure.http_status == 403) {
    return {Code::kCredentials,
            failure.text +
                " The token is wrong, has expired or lacks rights; no further try is "
                "made without a new one (ConnectWebSocket or TpbSetToken)."};
  }
  const bool passing = failure.http_status >= 500 || failure.http_status == 429;
  return {passing ? Code::kNetwork : Code::kProtocol, failure.text};
}

// An answer that a person has to act upon, such as 404.
bool IsPersistent(const transport::ConnectFailure& failure) {
  return failure.kind == transport::FailureKind::kCertificate ||
         (failure.kind == transport::FailureKind::kRefused && failure.http_status < 500);
}

}  // namespace

transport::ConnectRequest RequestTo(const Endpoint& endpoint, const Options& options,
                                    std::string subprotocol, std::size_t max_frame_bytes) {
  transport::ConnectRequest request;
  request.tls = endpoint.tls;
  request.host = endpoint.host;
  request.port = endpoint.port;
  request.target = endpoint.target;
  request.subprotocol = std::move(subprotocol);
  request.ca_file = options.ca_file;
  request.timeout = options.connect_timeout;
  request.max_frame_bytes = max_frame_bytes;
  return request;
}

transport::ConnectRequest ProbeOf(const Endpoint& endpoint, const Options& options) {
  transport::ConnectRequest request = RequestTo(endpoint, options, "", std::size_t{64} << 10);
  request.target = "/healthz";
  request.timeout = std::min(request.timeout, options.heartbeat);
  return request;
}

void AddCheck(transport::ConnectRequest& request) {
  request.headers.emplace_back("x-check", CheckOf(request));
}

event::ConnectFailed ToConnectFailed(const transport::ConnectFailure& failure) {
  return {ToProblem(failure), IsPersistent(failure), failure.retry_after};
}

}  // namespace tpb
