#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/role.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "transport/asio_types.h"

namespace tpb::transport {

// What lies under the WebSocket: TCP, or TLS over it. Written bytes gather while others leave, so
// that many small frames leave in one system call and one TLS record; a lone frame leaves at once.
// Measured with frames of 400 bytes on loopback: 4 to 7 times as many as with a write a frame.
//
// Handlers of the asynchronous calls hold the stream's owner, as Asio's own do. One read and one
// write may be under way.
class ByteStream {
 public:
  class Watcher {
   public:
    // What must live while bytes are leaving.
    virtual std::shared_ptr<void> Keep() = 0;
    // Bytes of the upgrade's answer have come.
    virtual void OnAnswer(std::span<const char> bytes) = 0;
    virtual void OnDrained() = 0;  // all that was written is with the operating system
    virtual void OnBroken() = 0;   // writing failed; what is written now is thrown away

   protected:
    ~Watcher() = default;
  };

  using executor_type = Executor;

  ByteStream(Socket socket, Watcher* watcher) : socket_(std::move(socket)), watcher_(*watcher) {}
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }

  // Before anything is read or written.
  asio::ssl::stream<Socket&>& StartTls(asio::ssl::context& context) {
    return tls_.emplace(socket_, context);
  }

  void WatchAnswer(bool watch) { watch_answer_ = watch; }

  // Where whole frames are appended that Beast does not write; Flush() lets them go.
  std::vector<std::byte>& gathered() { return gathered_; }

  void Flush() {
    if (writing_ || gathered_.empty()) return;
    if (discarding_ || broken_) {
      gathered_.clear();
      return;
    }
    writing_ = true;
    answers_bytes_ = 0;
    leaving_.swap(gathered_);
    auto told = [this, keep = watcher_.Keep()](error_code error, std::size_t) { OnFlushed(error); };
    if (tls_) {
      asio::async_write(*tls_, asio::buffer(leaving_), std::move(told));
    } else {
      asio::async_write(socket_, asio::buffer(leaving_), std::move(told));
    }
    ReleaseWriter();
  }

  bool drained() const { return !writing_ && gathered_.empty(); }
  std::size_t unsent_bytes() const { return gathered_.size() + leaving_.size(); }

  // Closes the socket without a word. Does not wait: Asio closes without lingering.
  void Drop() {
    error_code ignored;
    socket_.close(ignored);
    broken_ = asio::error::operation_aborted;
    gathered_.clear();
    ReleaseWriter();
    ReleaseTeardown();
  }

  // After the WebSocket's closing handshake: tells the peer's TLS that no more follows, so that it
  // logs no truncation. The peer's own farewell may never come; the owner drops the stream then.
  void SayGoodbye() {
    if (!tls_ || !drained() || discarding_ || broken_) {
      Drop();
      return;
    }
    tls_->async_shutdown([this, keep = watcher_.Keep()](error_code) { Drop(); });
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& wanted) { Read(First(wanted), std::move(handler)); },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& given) { Write(given, std::move(handler)); }, token,
        buffers);
  }

  // Beast's hook at the end of a closing handshake: done when its last frame has left. The standard
  // one waits for the peer to close, which a dead peer never does.
  template <class Handler>
  friend void async_teardown(beast::role_type, ByteStream& stream, Handler&& handler) {
    if (stream.drained()) {
      asio::post(stream.get_executor(),
                 asio::append(std::forward<Handler>(handler), stream.broken_));
    } else {
      stream.torn_down_ = std::forward<Handler>(handler);
    }
  }

  // Beast's hook for its own time limits, which are not used.
  friend void beast_close_socket(ByteStream& stream) { stream.Drop(); }

 private:
  using SizeHandler = asio::any_completion_handler<void(error_code, std::size_t)>;

  // Beast writes control frames alone. So many bytes of them may wait: a peer that sends pings and
  // reads no pongs is not read any further.
  static constexpr std::size_t kMaxAnswerBytes = 16384;

  template <class Buffers>
  static asio::mutable_buffer First(const Buffers& buffers) {
    const auto end = asio::buffer_sequence_end(buffers);
    for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  // Type-erased, so that TLS reading is compiled once for all of Beast's operations.
  void Read(asio::mutable_buffer into, SizeHandler done) {
    auto told = [this, into, done = std::move(done)](error_code error, std::size_t bytes) mutable {
      if (watch_answer_) watcher_.OnAnswer({static_cast<const char*>(into.data()), bytes});
      std::move(done)(error, bytes);
    };
    if (tls_) {
      tls_->async_read_some(into, std::move(told));
    } else {
      socket_.async_read_some(into, std::move(told));
    }
  }

  template <class Buffers, class Handler>
  void Write(const Buffers& buffers, Handler handler) {
    const std::size_t bytes = broken_ ? 0 : Gather(buffers);
    Flush();
    if (broken_ || answers_bytes_ < kMaxAnswerBytes) {
      asio::post(get_executor(), asio::append(std::move(handler), broken_, bytes));
    } else {
      waiting_ = std::move(handler);  // until what gathered starts to leave
      waiting_bytes_ = bytes;
    }
  }

  template <class Buffers>
  std::size_t Gather(const Buffers& buffers) {
    const std::size_t bytes = asio::buffer_size(buffers);
    const std::size_t before = gathered_.size();
    gathered_.resize(before + bytes);
    answers_bytes_ += bytes;
    return asio::buffer_copy(asio::buffer(gathered_.data() + before, bytes), buffers);
  }

  void OnFlushed(error_code error) {
    writing_ = false;
    leaving_.clear();
    if (broken_) return;
    if (error) {
      // Beast must not hear of it, or it would stop reading too.
      discarding_ = true;
      gathered_.clear();
      answers_bytes_ = 0;
      ReleaseWriter();
      ReleaseTeardown();
      watcher_.OnBroken();
      return;
    }
    Flush();
    if (!drained()) return;
    ReleaseTeardown();
    watcher_.OnDrained();
  }

  void ReleaseWriter() {
    if (!waiting_) return;
    asio::post(get_executor(),
               asio::append(std::exchange(waiting_, SizeHandler()), broken_, waiting_bytes_));
  }

  void ReleaseTeardown() {
    if (!torn_down_) return;
    asio::post(get_executor(), asio::append(std::exchange(torn_down_, {}), broken_));
  }

  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  Watcher& watcher_;
  bool watch_answer_ = false;
  bool writing_ = false;
  bool discarding_ = false;          // writing failed; reading may go on
  error_code broken_;                // set by Drop
  std::vector<std::byte> gathered_;  // waits to leave
  std::vector<std::byte> leaving_;   // belongs to the write under way
  std::size_t answers_bytes_ = 0;    // of Beast's, in gathered_
  SizeHandler waiting_;              // its writer, held back because enough has gathered
  std::size_t waiting_bytes_ = 0;
  asio::any_completion_handler<void(error_code)> torn_down_;
};

}  // namespace tpb::transport
