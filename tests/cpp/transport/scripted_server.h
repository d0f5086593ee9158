#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "certificates.h"

namespace tpb::transport {

struct Frame {
  int opcode = 0;  // 1 text, 2 binary, 8 close, 9 ping, 10 pong
  bool fin = true;
  bool masked = false;
  std::string mask;
  std::string payload;
};

// The server's end of one connection: blocking, at most 20 s, and free to break every rule. Written
// apart from the client's library, so that the two check each other.
class Peer {
 public:
  explicit Peer(std::intptr_t socket);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Returns false where the client turned away.
  bool StartTls(SSL_CTX* context);
  std::string server_name() const;  // what SNI asked for

  std::string ReadSome();  // "" = the client closed or broke the connection
  bool Write(std::string_view bytes);

  std::string ReadRequest();  // the upgrade up to its empty line
  // Answers it with 101 and `headers` ("Name: value\r\n" each).
  bool Accept(const std::string& request, std::string_view headers = "");
  std::string Upgrade(std::string_view headers = "");  // both; returns the request

  std::optional<Frame> ReadFrame();  // nullopt = the connection ended
  bool WriteFrame(int opcode, std::string_view payload, bool fin = true);
  bool WriteClose(int code, std::string_view reason);
  void Echo();  // until the client closes, and answers its close

  void ResetAtEnd();  // the connection then ends with RST instead of FIN
#if !defined(_WIN32)
  void ResetNow();
#endif
  void WaitForEnd();           // until the client closed
  bool said_farewell() const;  // the client ended TLS properly

 private:
  bool Fill(std::size_t bytes);

  std::intptr_t socket_;
  SSL* ssl_ = nullptr;
  std::string read_;
};

// Listens on a port of 127.0.0.1 and plays `script` for each connection, in a thread of its own.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();  // ends the connections and joins the threads
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void Listen();

  Script script_;
  std::uint16_t port_ = 0;
  std::intptr_t listener_;  // after port_, which opening it sets
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::intptr_t> sockets_;
  std::vector<std::thread> peers_;
  bool ended_ = false;
};

// The server's side of TLS with this identity; `newest` limits the version (0 = the newest).
class ServerTls {
 public:
  explicit ServerTls(const Identity& identity, std::uint16_t newest = 0);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* context_;
};

// A port of 127.0.0.1 on which nobody listens.
std::uint16_t UnusedPort();

std::string HeaderOf(const std::string& request, const std::string& name);  // "" = absent

}  // namespace tpb::transport
