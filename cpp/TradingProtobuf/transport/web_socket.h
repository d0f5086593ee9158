#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "platform/clock.h"

namespace tpb::transport {

// Where to connect and what to say in the upgrade. Plain values; made by session/.
struct ConnectRequest {
  bool tls = true;
  std::string host;  // name or address, without brackets
  std::uint16_t port = 443;
  std::string target = "/ws/mt5";
  std::vector<std::pair<std::string, std::string>> headers;  // Authorization, x-user-id, ...
  std::string subprotocol;                                   // offered; "" = none
  std::string ca_file;                                       // PEM; "" = the system's store
  std::chrono::milliseconds timeout{10000};                  // name, TCP, TLS and upgrade together
  std::size_t max_frame_bytes = 1 << 20;  // a larger one from the gateway closes with 1009
};

enum class FailureKind {
  kUnreachable,  // name, route, refused, reset
  kTimeout,
  kCertificate,  // untrusted, expired, wrong host: the peer is not who it should be
  kTls,          // the handshake failed otherwise; ca_file or the system's store unreadable
  kRefused,      // an HTTP answer other than 101; http_status says which
  kProtocol,     // the answer is no HTTP or no valid upgrade; the request cannot be sent
};

struct ConnectFailure {
  FailureKind kind = FailureKind::kUnreachable;
  int http_status = 0;
  std::optional<std::chrono::milliseconds> retry_after;  // from Retry-After; 0 to 1 hour
  std::string text;  // for a person, names host and port, says what to do; holds no secret
};

struct Connected {
  std::string subprotocol;  // as the gateway chose; "" = none
};

struct Closed {
  // The gateway's; 1005: it gave none; 1006: the connection broke without a closing handshake;
  // 1002, 1007, 1009: ours, because of what the gateway sent.
  std::uint16_t code = 1006;
  std::string text;  // for a person, names host and port; with the gateway's reason
};

// Told what happens, always on the thread that is in Run() and never from inside a call into the
// WebSocket. Calls into the WebSocket from here are fine, Connect() included. Must throw nothing.
class Listener {
 public:
  virtual void OnWake() = 0;   // Wake() was called since; many calls may be told as one
  virtual void OnTimer() = 0;  // the moment given to SetTimer is there
  virtual void OnConnected(const Connected&) = 0;
  virtual void OnConnectFailed(const ConnectFailure&) = 0;
  virtual void OnFrame(std::span<const std::byte> payload) = 0;  // one whole binary message
  virtual void OnText(std::span<const std::byte> payload) { OnFrame(payload); }  // ... or text one
  virtual void OnPong() = 0;
  // Everything queued is with the operating system. Not told of a connection that is ending.
  virtual void OnSent() = 0;
  virtual void OnClosed(const Closed&) = 0;
  virtual void OnProbed(bool /*answers*/) {}

 protected:
  ~Listener() = default;
};

// One WebSocket at a time and the thread's event loop around it. Only Wake() and Stop() may be
// called from other threads than the one in Run(). After OnConnectFailed or OnClosed nothing of
// that connection is heard any more.
//
// Nothing here waits for the network, the look-up of names included. Peers of wss:// are always
// verified, chain and name; there is no switch for that.
class WebSocket {
 public:
  // Throws std::bad_alloc, or std::system_error where the system is out of handles.
  explicit WebSocket(Listener& listener);
  // After Run() has returned. Nothing is told any more.
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  void Run();   // serves until Stop(), also one that came before
  void Stop();  // any thread; Run() returns at once, the connection ends without a word
  // Any thread; no allocation. Costs a system call only when OnWake has been told of the earlier
  // ones.
  void Wake();

  void SetTimer(TimePoint when);  // replaces the one before; TimePoint::max() = none

  // Replaces and drops, untold, a connection there was. What is wrong with the request is told as a
  // failure of kind kProtocol; nothing of it is sent then.
  void Connect(const ConnectRequest& request);
  // Queues one binary message, copied. Ignored but between OnConnected and OnClosed. The first
  // leaves at once; those queued while it leaves go together.
  void Send(std::span<const std::byte> payload);
  // Tries, beside the connection, whether something well answers HTTP there; OnProbed follows,
  // unless another Probe() comes first. Any answer below 500 counts. Send no credentials with it.
  void Probe(const ConnectRequest& request);
  std::size_t queued_bytes() const;  // not yet with the operating system; frames' headers count
  void Ping();                       // several before the first has left may be one
  // Closing handshake, behind the messages queued; OnClosed at most 1 s later. The reason is cut to
  // 123 bytes; a code that may not be sent becomes 1000.
  void Close(std::uint16_t code, const std::string& reason);
  void Abort();  // drops the connection; OnClosed is not told

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tpb::transport
