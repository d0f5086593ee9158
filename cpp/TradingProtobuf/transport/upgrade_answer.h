#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "transport/asio_types.h"
#include "transport/printable.h"
#include "transport/retry_after.h"
#include "transport/web_socket.h"

namespace tpb::transport {

// The beginning of what the peer answered to the upgrade, kept apart from Beast, which has nothing
// to show of an answer whose body is slow, endless or broken. Bounded.
class UpgradeAnswer {
 public:
  void Append(std::span<const char> bytes) {
    bytes_.append(bytes.data(), std::min(bytes.size(), kMaxBytes - bytes_.size()));
  }

  bool empty() const { return bytes_.empty(); }

  // An HTTP answer has begun that is no "101 Switching Protocols", and its headers are complete.
  bool refuses() const {
    return bytes_.starts_with("HTTP/1.") && !bytes_.substr(0, 12).ends_with("101") &&
           bytes_.find("\r\n\r\n") != std::string::npos;
  }

  // A TLS alert: the port speaks TLS and was talked to without.
  bool is_tls() const { return bytes_.starts_with("\x15\x03"); }

  // `peer` is the host and port. Only when refuses().
  ConnectFailure Refusal(const ConnectRequest& request, const std::string& peer) const {
    namespace http = beast::http;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    std::array<char, kMaxBody> body{};
    parser.get().body().data = body.data();
    parser.get().body().size = body.size();
    error_code error;
    std::size_t used = 0;
    while (!error && used < bytes_.size()) {
      const std::size_t taken = parser.put(asio::buffer(bytes_) + used, error);
      if (taken == 0) break;
      used += taken;
    }
    // An error after the headers is one of the body: cut off, too long. What came counts.
    const std::size_t body_bytes = body.size() - parser.get().body().size;

    ConnectFailure failure;
    failure.kind = FailureKind::kRefused;
    failure.http_status = static_cast<int>(parser.get().result_int());
    failure.retry_after =
        ParseRetryAfter(parser.get()[http::field::retry_after], parser.get()[http::field::date],
                        std::chrono::system_clock::now());
    failure.text = peer + " " + Meaning(failure, request, parser.get()[http::field::location]);
    const std::string said = Printable(Redacted({body.data(), body_bytes}, request), kMaxBody);
    if (!said.empty()) failure.text += ". It says: " + said;
    return failure;
  }

 private:
  static constexpr std::size_t kMaxBytes = 16384;
  static constexpr std::size_t kMaxBody = 300;

  static std::string Meaning(const ConnectFailure& failure, const ConnectRequest& request,
                             std::string_view location) {
    const std::string status = "(" + std::to_string(failure.http_status) + ")";
    const std::string path = request.target.substr(0, request.target.find('?'));
    const std::string wait =
        failure.retry_after
            ? " for " +
                  std::to_string(
                      std::chrono::ceil<std::chrono::seconds>(*failure.retry_after).count()) +
                  " s"
            : "";
    switch (failure.http_status) {
      case 401:
        return "refused the token " + status + ": get a new one";
      case 403:
        return "does not let this user stream there " + status +
               ": ask for the right, or use another "
               "token";
      case 404:
      case 405:
        return "has no WebSocket at " + path + " " + status + ": check the endpoint's path";
      case 429:
        return "asks for a pause" + wait + " " + status + ": too many connections";
      case 503:
        return "is not ready " + status + " and asks for a pause" + wait;
      default:
        break;
    }
    if (failure.http_status >= 300 && failure.http_status < 400) {
      return "sends elsewhere " + status + ", which is not followed: set the endpoint to " +
             (location.empty() ? "the new address"
                               : Printable(location.substr(0, location.find('?')), 200));
    }
    if (failure.http_status >= 500) return "failed inside " + status + ": see its log";
    return "answered " + status + " instead of opening a WebSocket: is " + path +
           " the gateway's path?";
  }

  // A server may echo what it was sent; the token must not come back in a sentence.
  static std::string Redacted(std::string_view said, const ConnectRequest& request) {
    std::string text(said);
    for (const auto& [name, value] : request.headers) {
      if (!beast::iequals(name, "authorization")) continue;
      const std::string secret = value.substr(value.rfind(' ') + 1);
      if (secret.size() < 8) continue;  // no token is
      // The echo may be cut off at the end, so its beginning is looked for.
      const std::string mark = secret.substr(0, 12);
      for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
        const std::size_t end = std::mismatch(text.begin() + static_cast<std::ptrdiff_t>(at),
                                              text.end(), secret.begin(), secret.end())
                                    .first -
                                text.begin();
        text.replace(at, end - at, "***");
      }
    }
    return text;
  }

  std::string bytes_;
};

}  // namespace tpb::transport
