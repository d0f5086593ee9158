#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "transport/asio_types.h"
#include "transport/web_socket.h"

namespace tpb::transport {

// The sentences for what can go wrong before the WebSocket is open. `peer` is "host:port".

inline ConnectFailure Failure(FailureKind kind, std::string text) {
  return {kind, 0, std::nullopt, std::move(text)};
}

// An error nobody foresaw. Windows words its own in the user's language and an unknown encoding, so
// there the number stands.
inline std::string Unforeseen(error_code error) {
  const std::string message = error.message();
  const bool ascii =
      std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c < 0x7F; });
  const std::string number =
      std::string(error.category().name()) + " error " + std::to_string(error.value());
  return ascii && !message.empty() ? message + " (" + number + ")" : number;
}

inline std::string Seconds(std::chrono::milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}

inline bool IsDisconnect(error_code error) {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::connection_aborted || error == asio::error::broken_pipe ||
         error == asio::error::not_connected || error == asio::error::shut_down ||
         error == asio::ssl::error::stream_truncated ||
         error == beast::http::error::end_of_stream || error == beast::http::error::partial_message;
}

inline ConnectFailure TcpFailure(const std::string& peer, error_code error) {
  using namespace asio::error;  // NOLINT(google-build-using-namespace): a list of its names
  if (error == connection_refused) {
    return Failure(FailureKind::kUnreachable,
                   peer + " refused the connection: is the gateway running?");
  }
  if (error == host_unreachable || error == network_unreachable || error == network_down) {
    return Failure(FailureKind::kUnreachable,
                   "there is no route to " + peer + ": is this computer online?");
  }
  if (error == timed_out) {
    return Failure(
        FailureKind::kTimeout,
        peer + " does not answer: is a firewall in between, is the gateway's computer on?");
  }
  if (error == access_denied || error == no_permission) {
    return Failure(FailureKind::kUnreachable,
                   "this computer does not let us connect to " + peer + ": ask its firewall");
  }
  if (error == no_descriptors) {
    return Failure(FailureKind::kUnreachable,
                   "this process has no file descriptor left for a connection to " + peer);
  }
  return Failure(FailureKind::kUnreachable,
                 "the connection to " + peer + " failed: " + Unforeseen(error));
}

// `error` ended the TLS handshake, or TLS after it.
inline ConnectFailure TlsFailure(const std::string& peer, error_code error) {
  if (IsDisconnect(error)) {
    return Failure(FailureKind::kTls,
                   peer +
                       " ended the connection in the TLS handshake: does it serve "
                       "wss:// on this port, with TLS 1.2 or newer?");
  }
  if (error.category() != asio::error::get_ssl_category()) return TcpFailure(peer, error);
  switch (ERR_GET_REASON(static_cast<unsigned>(error.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return Failure(FailureKind::kTls, peer +
                                            " does not speak TLS on this port: use the gateway's "
                                            "TLS port, or ws:// where that is allowed");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return Failure(FailureKind::kTls, peer +
                                            " speaks only TLS older than 1.2, which is not safe: "
                                            "update the gateway");
    default:
      return Failure(FailureKind::kTls, "TLS with " + peer + " failed: " + Unforeseen(error));
  }
}

// `error` ended the upgrade without a whole answer; `answered` = something had come.
inline ConnectFailure UpgradeFailure(const std::string& peer, error_code error, bool answered,
                                     bool tls) {
  if (IsDisconnect(error)) {
    const std::string when = answered ? "in the middle of its answer" : "without an answer";
    return Failure(FailureKind::kUnreachable, peer + " ended the connection " + when +
                                                  ": is it a gateway, and well" +
                                                  (tls ? "?" : ", or does this port want wss://?"));
  }
  if (error.category() == asio::error::get_ssl_category()) return TlsFailure(peer, error);
  if (error == beast::websocket::error::bad_sec_accept ||
      error == beast::websocket::error::no_sec_accept) {
    return Failure(FailureKind::kProtocol,
                   peer +
                       " opened no valid WebSocket (Sec-WebSocket-Accept does not fit): is a proxy "
                       "in between?");
  }
  if (answered) {
    return Failure(FailureKind::kProtocol, peer +
                                               " answered with something that is no WebSocket (" +
                                               Unforeseen(error) + "): check host and port");
  }
  return TcpFailure(peer, error);
}

}  // namespace tpb::transport
