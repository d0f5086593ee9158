#include "scripted_server.h"

#if defined(_WIN32)
#include <winsock2.h>
// After winsock2.h.
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#endif

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

#include "transport/winsock.h"

namespace tpb::transport {
namespace {

#if defined(_WIN32)
using Handle = SOCKET;
void CloseHandleOf(std::intptr_t socket) { closesocket(static_cast<SOCKET>(socket)); }
constexpr int kBoth = SD_BOTH;
#else
using Handle = int;
void CloseHandleOf(std::intptr_t socket) { ::close(static_cast<int>(socket)); }
constexpr int kBoth = SHUT_RDWR;
#endif

Handle HandleOf(std::intptr_t socket) { return static_cast<Handle>(socket); }

template <class T>
void SetOption(std::intptr_t socket, int level, int name, const T& value) {
  setsockopt(HandleOf(socket), level, name, reinterpret_cast<const char*>(&value), sizeof value);
}

// Holds Winsock for as long as the program runs, as a server would.
void StartSockets() { [[maybe_unused]] static const Winsock winsock; }

std::intptr_t BoundSocket(std::uint16_t* port) {
  StartSockets();
  const auto socket = static_cast<std::intptr_t>(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(HandleOf(socket), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(HandleOf(socket), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the test's server cannot bind a port");
  }
  *port = ntohs(address.sin_port);
  return socket;
}

// A write to a connection that the client closed must not end the program. Blocked on the server's
// threads alone, so that the client is tested with the signal as it is.
void BlockPipeSignal() {
#if !defined(_WIN32)
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
#endif
}

std::string AcceptKey(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> encoded{};
  const int size = static_cast<int>(EVP_EncodeBlock(encoded.data(), digest.data(), digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

}  // namespace

// ---- Peer -------------------------------------------------------------------------------------

Peer::Peer(std::intptr_t socket) : socket_(socket) {
#if defined(_WIN32)
  const DWORD patience = 20000;
#else
  const timeval patience{20, 0};
#endif
  SetOption(socket_, SOL_SOCKET, SO_RCVTIMEO, patience);
  SetOption(socket_, SOL_SOCKET, SO_SNDTIMEO, patience);
  SetOption(socket_, IPPROTO_TCP, TCP_NODELAY, int{1});
}

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
}

bool Peer::StartTls(SSL_CTX* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, static_cast<int>(socket_));
  return SSL_accept(ssl_) == 1;
}

std::string Peer::server_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string Peer::ReadSome() {
  std::array<char, 65536> buffer{};
  const auto size =
      ssl_ != nullptr
          ? static_cast<std::ptrdiff_t>(
                SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size())))
          : static_cast<std::ptrdiff_t>(recv(HandleOf(socket_), buffer.data(), buffer.size(), 0));
  return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool Peer::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const int chunk = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
    const auto size = ssl_ != nullptr
                          ? static_cast<std::ptrdiff_t>(SSL_write(ssl_, bytes.data(), chunk))
                          : static_cast<std::ptrdiff_t>(send(HandleOf(socket_), bytes.data(),
                                                             static_cast<std::size_t>(chunk), 0));
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool Peer::Fill(std::size_t bytes) {
  while (read_.size() < bytes) {
    const std::string more = ReadSome();
    if (more.empty()) return false;
    read_ += more;
  }
  return true;
}

std::string Peer::ReadRequest() {
  std::size_t end = std::string::npos;
  while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill(read_.size() + 1)) return "";
  }
  std::string request = read_.substr(0, end + 4);
  read_.erase(0, end + 4);
  return request;
}

bool Peer::Accept(const std::string& request, std::string_view headers) {
  return Write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      AcceptKey(HeaderOf(request, "Sec-WebSocket-Key")) + "\r\n" + std::string(headers) + "\r\n");
}

std::string Peer::Upgrade(std::string_view headers) {
  std::string request = ReadRequest();
  Accept(request, headers);
  return request;
}

std::optional<Frame> Peer::ReadFrame() {
  if (!Fill(2)) return std::nullopt;
  Frame frame;
  frame.fin = (read_[0] & 0x80) != 0;
  frame.opcode = read_[0] & 0x0F;
  frame.masked = (read_[1] & 0x80) != 0;
  std::uint64_t size = read_[1] & 0x7F;
  std::size_t header = 2;
  if (size >= 126) {
    const std::size_t more = size == 126 ? 2 : 8;
    if (!Fill(2 + more)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < more; ++i)
      size = size << 8 | static_cast<unsigned char>(read_[2 + i]);
    header += more;
  }
  const std::size_t mask_at = header;
  if (frame.masked) header += 4;
  if (!Fill(header + size)) return std::nullopt;
  frame.payload = read_.substr(header, size);
  if (frame.masked) {
    frame.mask = read_.substr(mask_at, 4);
    for (std::size_t i = 0; i < frame.payload.size(); ++i) {
      frame.payload[i] = static_cast<char>(frame.payload[i] ^ read_[mask_at + i % 4]);
    }
  }
  read_.erase(0, header + size);
  return frame;
}

bool Peer::WriteFrame(int opcode, std::string_view payload, bool fin) {
  std::string bytes(1, static_cast<char>((fin ? 0x80 : 0) | opcode));
  const auto append = [&bytes](std::uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  };
  if (payload.size() < 126) {
    append(payload.size(), 1);
  } else if (payload.size() <= 0xFFFF) {
    bytes.push_back(126);
    append(payload.size(), 2);
  } else {
    bytes.push_back(127);
    append(payload.size(), 8);
  }
  bytes += payload;
  return Write(bytes);
}

bool Peer::WriteClose(int code, std::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
  payload += reason;
  return WriteFrame(8, payload);
}

void Peer::Echo() {
  while (const auto frame = ReadFrame()) {
    if (!WriteFrame(frame->opcode == 9 ? 10 : frame->opcode, frame->payload)) return;
    if (frame->opcode == 8) return;
  }
}

void Peer::ResetAtEnd() { SetOption(socket_, SOL_SOCKET, SO_LINGER, linger{1, 0}); }

#if !defined(_WIN32)
void Peer::ResetNow() {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  static_cast<void>(connect(HandleOf(socket_), &nowhere, sizeof nowhere));
}
#endif

void Peer::WaitForEnd() {
  while (!ReadSome().empty()) {
  }
}

bool Peer::said_farewell() const {
  return (static_cast<unsigned>(SSL_get_shutdown(ssl_)) & SSL_RECEIVED_SHUTDOWN) != 0;
}

// ---- ScriptedServer ---------------------------------------------------------------------------

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), listener_(BoundSocket(&port_)) {
  if (listen(HandleOf(listener_), 64) != 0) throw std::runtime_error("listen");
  thread_ = std::thread([this] { Listen(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const std::intptr_t socket : sockets_) shutdown(HandleOf(socket), kBoth);
  }
  // Wakes accept() on every platform, which closing its socket does not.
  const std::intptr_t knock = static_cast<std::intptr_t>(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  static_cast<void>(
      connect(HandleOf(knock), reinterpret_cast<sockaddr*>(&address), sizeof address));
  thread_.join();
  for (std::thread& peer : peers_) peer.join();
  CloseHandleOf(knock);
  CloseHandleOf(listener_);
}

void ScriptedServer::Listen() {
  for (;;) {
    const auto socket = static_cast<std::intptr_t>(accept(HandleOf(listener_), nullptr, nullptr));
    const std::lock_guard lock(mutex_);
    if (socket < 0 || ended_) {
      if (socket >= 0) CloseHandleOf(socket);
      return;
    }
    sockets_.push_back(socket);
    peers_.emplace_back([this, socket] {
      BlockPipeSignal();
      {
        Peer peer(socket);
        script_(peer);
      }
      const std::lock_guard end(mutex_);
      std::erase(sockets_, socket);
      CloseHandleOf(socket);
    });
  }
}

// ---- ServerTls --------------------------------------------------------------------------------

ServerTls::ServerTls(const Identity& identity, std::uint16_t newest)
    : context_(SSL_CTX_new(TLS_server_method())) {
  if (newest != 0) {
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, newest);
#if !defined(OPENSSL_IS_BORINGSSL)
    SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");  // else OpenSSL offers no TLS 1.1
#endif
  }
  if (SSL_CTX_use_certificate(context_, identity.certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context_, identity.key.get()) != 1) {
    throw std::runtime_error("the test's certificate does not fit its key");
  }
}

ServerTls::~ServerTls() { SSL_CTX_free(context_); }

std::uint16_t UnusedPort() {
  // Bound for a moment and never listened on: nothing else is given this port soon.
  std::uint16_t port = 0;
  CloseHandleOf(BoundSocket(&port));
  return port;
}

std::string HeaderOf(const std::string& request, const std::string& name) {
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  const std::size_t at = lower(request).find("\r\n" + lower(name) + ":");
  if (at == std::string::npos) return "";
  const std::size_t begin = request.find_first_not_of(' ', at + name.size() + 3);
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace tpb::transport
