#pragma once

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "transport/asio_types.h"
#include "transport/byte_stream.h"
#include "transport/connect_failure.h"
#include "transport/dial.h"
#include "transport/frame_writer.h"
#include "transport/name_lookup.h"
#include "transport/printable.h"
#include "transport/request_check.h"
#include "transport/trust.h"
#include "transport/upgrade_answer.h"
#include "transport/web_socket.h"

namespace tpb::transport {

// One connection from its name to its end. Lives in shared_ptrs that its pending operations hold;
// everything runs on the event loop's thread. The listener may drop this connection, or start the
// next one, before it returns: it is told by the last line of a function, or `stage_` looked at
// again.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private ByteStream::Watcher {
 public:
  Connection(asio::io_context& context, Listener& listener, const ConnectRequest& request)
      : executor_(context.get_executor()),
        listener_(&listener),
        request_(request),
        peer_(PeerText(request)),
        limit_(executor_) {}

  // Tells the listener nothing before it has returned.
  void Start() {
    if (std::string problem = CheckRequest(request_); !problem.empty()) {
      FailLater(Failure(FailureKind::kProtocol, std::move(problem)));
      return;
    }
    SetLimit(request_.timeout);
    error_code no_address;
    const auto address = asio::ip::make_address(request_.host, no_address);
    if (!no_address) {
      StartDial({address});
    } else if (beast::iequals(request_.host, "localhost")) {
      // RFC 6761: never asked of a name server.
      StartDial({asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()});
    } else {
      stage_ = Stage::kName;
    }
  }

  // The host whose addresses are wanted; "" = none.
  std::string wanted_name() const { return stage_ == Stage::kName ? request_.host : ""; }

  void OnAddresses(const Addresses& addresses) {
    std::vector<asio::ip::address> usable;
    for (const std::string& text : addresses.numeric) {
      error_code error;
      const auto address = asio::ip::make_address(text, error);
      if (!error) usable.push_back(address);
    }
    if (usable.empty()) {
      Fail(Failure(FailureKind::kUnreachable,
                   "the name " + request_.host + " leads nowhere (" + addresses.problem +
                       "): check the endpoint and this computer's network"));
      return;
    }
    StartDial(std::move(usable));
  }

  void FailLater(ConnectFailure failure) {
    asio::post(executor_,
               [self = shared_from_this(), failure = std::move(failure)] { self->Fail(failure); });
  }

  // Something threw, which only a lack of memory does.
  void OnException(const char* what) {
    const std::string text = std::string("the connection to ") + peer_ + " was given up: " + what;
    if (opened_) {
      End({1006, text});
    } else {
      Fail(Failure(FailureKind::kUnreachable, text));
    }
  }

  void Send(std::span<const std::byte> payload) {
    if (stage_ != Stage::kOpen || peer_closes_) return;
    frames_.Append(payload, stream().gathered());
    unreported_ = true;
    stream().Flush();
  }

  std::size_t queued_bytes() const { return stream_ ? stream().unsent_bytes() : 0; }

  void Ping() {
    // Beast takes one at a time; one that is about to leave serves for this one too.
    if (stage_ != Stage::kOpen || pinging_) return;
    pinging_ = true;
    stream_->async_ping({}, [self = shared_from_this()](error_code) { self->pinging_ = false; });
  }

  void Close(std::uint16_t code, const std::string& reason) {
    if (stage_ == Stage::kDone || stage_ == Stage::kClosing) return;
    if (stage_ != Stage::kOpen) {
      asio::post(executor_, [self = shared_from_this()] {
        self->End({1006, "closed before the connection to " + self->peer_ + " was open"});
      });
      return;
    }
    stage_ = Stage::kClosing;
    // Beast throws where a reason is longer than a close frame.
    const std::string words = Printable(reason, goodbye_.reason.max_size());
    goodbye_.reason.assign(words.data(), words.size());
    goodbye_.code = MayBeSent(code) ? code : 1000;
    SetLimit(kCloseLimit);
    SendClose();  // behind what was sent before
  }

  // Drops the connection; nothing is told any more.
  void Abort() {
    stage_ = Stage::kDone;
    listener_ = nullptr;
    limit_.cancel();
    if (dial_) dial_->Cancel();
    if (stream_) stream().Drop();
  }

 private:
  using Stream = beast::websocket::stream<ByteStream, false>;  // false: no compression

  enum class Stage { kName, kTcp, kTls, kUpgrade, kOpen, kClosing, kDone };

  static constexpr std::chrono::milliseconds kCloseLimit{1000};
  // For the rest of a refusal, which is only text; the refusal itself is known.
  static constexpr std::chrono::milliseconds kRefusalLimit{300};

  ByteStream& stream() { return stream_->next_layer(); }
  const ByteStream& stream() const { return stream_->next_layer(); }

  // ---- The way up -------------------------------------------------------------------------------

  void StartDial(std::vector<asio::ip::address> addresses) {
    stage_ = Stage::kTcp;
    dial_ = std::make_shared<Dial>(executor_, std::move(addresses), request_.port,
                                   [self = shared_from_this()](error_code error, Socket socket) {
                                     self->OnDialed(error, std::move(socket));
                                   });
    dial_->Start();
  }

  void OnDialed(error_code error, Socket socket) {
    dial_.reset();
    if (stage_ != Stage::kTcp) return;
    if (error) {
      Fail(TcpFailure(peer_, error));
      return;
    }
    error_code ignored;  // slower without, not wrong
    socket.set_option(Tcp::no_delay(true), ignored);
    stream_.emplace(std::move(socket), static_cast<ByteStream::Watcher*>(this));
    if (request_.tls) {
      StartTls();
    } else {
      StartUpgrade();
    }
  }

  void StartTls() {
    stage_ = Stage::kTls;
    asio::ssl::context context(asio::ssl::context::tls_client);
    if (const std::string problem = PrepareTls(context.native_handle(), request_.ca_file);
        !problem.empty()) {
      Fail(Failure(FailureKind::kTls, problem));
      return;
    }
    auto& tls = stream().StartTls(context);
    peer_check_ = {request_.host, request_.ca_file, ""};
    if (!ExpectPeer(tls.native_handle(), &peer_check_)) {
      Fail(Failure(FailureKind::kTls, "TLS with " + peer_ + " could not be set up: out of memory"));
      return;
    }
    tls.async_handshake(asio::ssl::stream_base::client,
                        [self = shared_from_this()](error_code error) { self->OnTls(error); });
  }

  void OnTls(error_code error) {
    if (stage_ != Stage::kTls) return;
    if (!peer_check_.problem.empty()) {
      Fail(Failure(FailureKind::kCertificate, peer_check_.problem));
    } else if (error) {
      Fail(TlsFailure(peer_, error));
    } else {
      StartUpgrade();
    }
  }

  void StartUpgrade() {
    namespace websocket = beast::websocket;
    stage_ = Stage::kUpgrade;
    stream_->read_message_max(std::max<std::size_t>(1, request_.max_frame_bytes));  // 0 = no limit
    stream_->set_option(websocket::stream_base::decorator(
        [this](websocket::request_type& upgrade) { Decorate(upgrade); }));
    stream_->control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (kind == websocket::frame_type::pong) OnPong();
      if (kind == websocket::frame_type::close) peer_closes_ = true;
    });
    stream().WatchAnswer(true);
    stream_->async_handshake(
        response_, HostHeader(), request_.target,
        [self = shared_from_this()](error_code error) { self->OnUpgraded(error); });
  }

  void Decorate(beast::websocket::request_type& upgrade) const {
    for (const auto& [name, value] : request_.headers) upgrade.insert(name, value);
    if (!request_.subprotocol.empty()) {
      upgrade.set(beast::http::field::sec_websocket_protocol, request_.subprotocol);
    }
  }

  void OnAnswer(std::span<const char> bytes) override {
    answer_.Append(bytes);
    if (refused_ || !answer_.refuses()) return;
    refused_ = true;
    if (limit_.expiry() > std::chrono::steady_clock::now() + kRefusalLimit) SetLimit(kRefusalLimit);
  }

  void OnUpgraded(error_code error) {
    if (stage_ != Stage::kUpgrade) return;
    stream().WatchAnswer(false);
    if (answer_.refuses()) {  // whatever `error` says of the body
      Fail(answer_.Refusal(request_, peer_));
      return;
    }
    if (error && answer_.is_tls()) {
      Fail(Failure(FailureKind::kProtocol, peer_ + " speaks TLS on this port: use wss://"));
      return;
    }
    if (error) {
      Fail(UpgradeFailure(peer_, error, !answer_.empty(), request_.tls));
      return;
    }
    const std::string chosen(response_[beast::http::field::sec_websocket_protocol]);
    if (!chosen.empty() && chosen != request_.subprotocol) {
      Fail(Failure(FailureKind::kProtocol, peer_ + " chose the subprotocol " +
                                               Printable(chosen, 100) +
                                               ", which was not offered: is it a gateway?"));
      return;
    }
    limit_.cancel();
    stage_ = Stage::kOpen;
    opened_ = true;
    answer_ = {};
    response_ = {};
    request_.headers.clear();  // the token is not needed any more
    ReadNext();
    listener_->OnConnected({chosen});
  }

  // ---- Open -------------------------------------------------------------------------------------

  void ReadNext() {
    stream_->async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      self->OnRead(error);
    });
  }

  void OnRead(error_code error) {
    if (stage_ == Stage::kDone) return;
    if (error) {
      OnReadEnded(error);
      return;
    }
    const auto data = buffer_.cdata();
    const std::span payload(static_cast<const std::byte*>(data.data()), data.size());
    stream_->got_text() ? listener_->OnText(payload) : listener_->OnFrame(payload);
    if (stage_ == Stage::kDone) return;  // the listener dropped the connection
    buffer_.clear();
    ReadNext();
  }

  void OnReadEnded(error_code error) {
    namespace websocket = beast::websocket;
    if (error == websocket::error::closed) {
      EndAsPeerSaid();
    } else if (error == websocket::error::message_too_big) {
      End({1009, peer_ + " sent a frame larger than " + std::to_string(request_.max_frame_bytes) +
                     " bytes"});
    } else if (error == websocket::error::bad_frame_payload) {
      End({1007, peer_ + " sent text that is not UTF-8"});
    } else if (error == websocket::condition::protocol_violation) {
      End({1002, peer_ + " broke the WebSocket protocol: " + Unforeseen(error)});
    } else if (IsDisconnect(error)) {
      End({1006, peer_ + " dropped the connection"});
    } else if (error != asio::error::operation_aborted) {
      End({1006, "the connection to " + peer_ + " broke: " + Unforeseen(error)});
    }
    // Aborted: the closing handshake reads on by itself and tells the end.
  }

  // In Beast's middle of reading: told later, when its operation is back in order.
  void OnPong() {
    asio::post(executor_, [self = shared_from_this()] {
      if (self->stage_ == Stage::kOpen) self->listener_->OnPong();
    });
  }

  void OnDrained() override {
    if (stage_ != Stage::kOpen || !unreported_) return;
    unreported_ = false;
    listener_->OnSent();
  }

  // Nothing can be written any more, but the peer's last words, a close code perhaps, may still be
  // there to be read.
  void OnBroken() override {
    if (stage_ != Stage::kOpen && stage_ != Stage::kClosing) return;
    stage_ = Stage::kClosing;
    unreported_ = false;
    SetLimit(kCloseLimit);
  }

  // ---- The end ----------------------------------------------------------------------------------

  void SendClose() {
    stream_->async_close(goodbye_, [self = shared_from_this()](error_code error) {
      if (self->stage_ == Stage::kDone) return;
      if (!error) {
        self->EndAsPeerSaid();
      } else if (error != asio::error::operation_aborted) {
        self->End({1006, self->peer_ + " dropped the connection in the closing handshake"});
      }
      // Aborted: the reading side had the peer's close frame and tells the end.
    });
  }

  void EndAsPeerSaid() {
    const auto& reason = stream_->reason();
    const std::uint16_t code = reason.code == beast::websocket::close_code::none
                                   ? std::uint16_t{1005}  // RFC 6455, 7.1.5: none was given
                                   : reason.code;
    std::string text = peer_ + " closed the connection";
    if (!reason.reason.empty()) {
      text += ": " + Printable({reason.reason.data(), reason.reason.size()}, reason.reason.size());
    }
    stage_ = Stage::kDone;
    SetLimit(kCloseLimit);
    stream().SayGoodbye();
    std::exchange(listener_, nullptr)->OnClosed({code, std::move(text)});
  }

  void End(const Closed& closed) {
    if (stage_ == Stage::kDone) return;
    Listener* listener = listener_;
    Abort();
    listener->OnClosed(closed);
  }

  void Fail(const ConnectFailure& failure) {
    if (stage_ == Stage::kDone) return;
    Listener* listener = listener_;
    Abort();
    listener->OnConnectFailed(failure);
  }

  void SetLimit(std::chrono::milliseconds time) {
    limit_.expires_after(time);
    limit_.async_wait([self = shared_from_this()](error_code cancelled) {
      // The second look: an expiry may have been queued before the limit was set anew.
      if (!cancelled && self->limit_.expiry() <= std::chrono::steady_clock::now()) {
        self->OnLimit();
      }
    });
  }

  void OnLimit() {
    const std::string within = " within " + Seconds(request_.timeout);
    switch (stage_) {
      case Stage::kName:
        Fail(Failure(FailureKind::kTimeout, "no name server told the address of " + request_.host +
                                                within + ": is this computer online?"));
        return;
      case Stage::kTcp:
        Fail(Failure(FailureKind::kTimeout,
                     peer_ + " did not accept a connection" + within +
                         ": is a firewall in between, is the gateway's computer on?"));
        return;
      case Stage::kTls:
        Fail(Failure(FailureKind::kTimeout,
                     peer_ + " accepted the connection, but did not finish " + "the TLS handshake" +
                         within + ": does it serve wss:// on this port?"));
        return;
      case Stage::kUpgrade:
        Fail(answer_.refuses()
                 ? answer_.Refusal(request_, peer_)
                 : Failure(FailureKind::kTimeout,
                           peer_ + " accepted the connection, but did not answer the upgrade" +
                               within + ": is it a gateway, and well?"));
        return;
      case Stage::kClosing:
        End({1006, peer_ + " did not answer the closing handshake within " + Seconds(kCloseLimit)});
        return;
      case Stage::kDone:
        if (stream_) stream().Drop();  // a TLS farewell that was not returned
        return;
      case Stage::kOpen:
        return;
    }
  }

  // ByteStream holds this while it writes.
  std::shared_ptr<void> Keep() override { return shared_from_this(); }

  static std::string PeerText(const ConnectRequest& request) {
    const bool v6 = request.host.find(':') != std::string::npos;
    return Printable(
        (v6 ? "[" + request.host + "]" : request.host) + ":" + std::to_string(request.port), 300);
  }

  std::string HostHeader() const {
    std::string host = request_.host;
    if (host.find(':') != std::string::npos) {
      host = "[" + host.substr(0, host.find('%')) + "]";  // RFC 6874: the zone stays at home
    }
    const bool usual = request_.port == (request_.tls ? 443 : 80);
    return usual ? host : host + ":" + std::to_string(request_.port);
  }

  // RFC 6455, 7.4.
  static bool MayBeSent(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
  }

  Executor executor_;
  Listener* listener_;  // null once it has been told the end
  ConnectRequest request_;
  const std::string peer_;  // "host:port", for sentences
  SteadyTimer limit_;       // of the way up, then of the closing handshake
  Stage stage_ = Stage::kTcp;
  bool opened_ = false;
  std::shared_ptr<Dial> dial_;
  PeerCheck peer_check_;  // before stream_, whose TLS refers to it
  std::optional<Stream> stream_;
  UpgradeAnswer answer_;
  bool refused_ = false;
  beast::websocket::response_type response_;
  beast::flat_buffer buffer_;  // the frame being read
  FrameWriter frames_;
  bool unreported_ = false;   // messages were queued since OnSent
  bool peer_closes_ = false;  // its close frame has come; Beast answers it
  bool pinging_ = false;
  beast::websocket::close_reason goodbye_;
};

}  // namespace tpb::transport
