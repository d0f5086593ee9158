#include "transport/web_socket.h"

#include <array>
#include <atomic>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/require.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "transport/asio_types.h"
#include "transport/connection.h"
#include "transport/name_lookup.h"
#include "transport/winsock.h"

#if defined(_WIN32)
// Asio's global object would call WSAStartup while the DLL is being loaded, where Windows forbids
// it (it may deadlock). This one, made before that, tells Asio that we start Winsock: class
// Winsock.
#if defined(_MSC_VER)
#pragma warning(suppress : 4073)
#pragma init_seg(lib)
static boost::asio::detail::winsock_init<>::manual winsock_is_ours;
#else
__attribute__((
    init_priority(101))) static boost::asio::detail::winsock_init<>::manual winsock_is_ours;
#endif
#endif

namespace tpb::transport {
namespace {

// Lookups that hang are few: one a name, and a session has few names. More is a fault.
constexpr std::size_t kMaxLookups = 16;

// Room for the one wake-up that can be under way, so that Wake() allocates nothing.
struct WakeSlot {
  alignas(std::max_align_t) std::array<std::byte, 256> bytes;
};

template <class T>
class WakeAllocator {
 public:
  using value_type = T;

  explicit WakeAllocator(WakeSlot* slot) : slot_(slot) {}
  template <class U>
  WakeAllocator(const WakeAllocator<U>& other) : slot_(other.slot()) {}  // NOLINT: as allocators do

  T* allocate(std::size_t count) {
    if (count * sizeof(T) > slot_->bytes.size()) throw std::bad_alloc();
    return reinterpret_cast<T*>(slot_->bytes.data());
  }
  void deallocate(T* /*memory*/, std::size_t /*count*/) {}

  WakeSlot* slot() const { return slot_; }
  template <class U>
  bool operator==(const WakeAllocator<U>& other) const {
    return slot_ == other.slot();
  }

 private:
  WakeSlot* slot_;
};

// Hears how a probe's connection fares: a gateway is expected to refuse it.
class ProbeListener final : public Listener {
 public:
  explicit ProbeListener(Listener& listener) : listener_(listener) {}

  void OnConnected(const Connected&) override { listener_.OnProbed(true); }
  void OnConnectFailed(const ConnectFailure& failure) override {
    listener_.OnProbed(failure.kind == FailureKind::kRefused && failure.http_status < 500);
  }
  void OnWake() override {}
  void OnTimer() override {}
  void OnFrame(std::span<const std::byte>) override {}
  void OnPong() override {}
  void OnSent() override {}
  void OnClosed(const Closed&) override {}

 private:
  Listener& listener_;
};

}  // namespace

class WebSocket::Impl {
 public:
  explicit Impl(Listener& listener)
      : listener_(listener),
        probe_listener_(listener),
        timer_(context_),
        work_(context_.get_executor()) {}

  ~Impl() {
    // From here on no look-up posts to the context.
    for (const auto& [host, lookup] : lookups_) lookup->Forget();
    try {
      if (connection_) connection_->Abort();
      if (probe_) probe_->Abort();
    } catch (const std::exception&) {  // out of memory; a stuck writer is then not released
    }
    // The context then destroys, without calling them, the handlers that are left, and with them
    // the connections that they hold.
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Run() {
    while (!context_.stopped()) {
      // What a handler throws leaves run(), which may then be entered again (Asio, "Effect of
      // exceptions thrown from handlers"). Only a lack of memory throws.
      try {
        context_.run();
      } catch (const std::exception& error) {
        if (connection_) std::shared_ptr(connection_)->OnException(error.what());
      }
    }
  }

  void Stop() { context_.stop(); }

  void Wake() {
    // One post at most is under way: the slot's handler is destroyed before it is called, and only
    // the call takes the mark away.
    if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
    asio::require(context_.get_executor(), asio::execution::blocking.never,
                  asio::execution::allocator(WakeAllocator<void>(&wake_slot_)))
        .execute([this] {
          // Before OnWake: a Wake() that comes while it looks around must be told again.
          wake_pending_.exchange(false, std::memory_order_acq_rel);
          listener_.OnWake();
        });
  }

  void SetTimer(TimePoint when) {
    timer_at_ = when;
    // A wait that ends sooner serves as well: it then waits on. So a timer that is pushed back with
    // every frame costs nothing.
    if (when == TimePoint::max() || (timer_waits_ && timer_.expiry() <= when)) return;
    WaitForTimer();
  }

  void Connect(const ConnectRequest& request) { Open(connection_, listener_, request); }

  void Probe(const ConnectRequest& request) { Open(probe_, probe_listener_, request); }

  Connection* connection() { return connection_.get(); }
  const Connection* connection() const { return connection_.get(); }

 private:
  void Open(std::shared_ptr<Connection>& place, Listener& listener, const ConnectRequest& request) {
    if (place) place->Abort();
    place = std::make_shared<Connection>(context_, listener, request);
    place->Start();
    const std::string name = place->wanted_name();
    if (!name.empty()) LookUp(name, *place);
  }

  void WaitForTimer() {
    timer_waits_ = true;
    timer_.expires_at(timer_at_);
    timer_.async_wait([this, round = ++timer_round_](error_code cancelled) {
      if (!cancelled && round == timer_round_) OnTimer();
    });
  }

  void OnTimer() {
    timer_waits_ = false;
    if (timer_at_ == TimePoint::max()) return;
    if (timer_at_ > std::chrono::steady_clock::now()) {
      WaitForTimer();
      return;
    }
    timer_at_ = TimePoint::max();
    listener_.OnTimer();
  }

  // A look-up that is still under way for this name serves again: a name server that hangs must not
  // collect a thread a try.
  void LookUp(const std::string& host, Connection& asking) {
    if (lookups_.contains(host)) return;
    const char* problem = "too many look-ups of names hang: is this computer's name server well?";
    if (lookups_.size() < kMaxLookups) {
      try {
        lookups_[host] = NameLookup::Start(host, [this, host](Addresses found) {
          // On the look-up's thread; Forget() keeps this from running when Impl is gone.
          asio::post(context_, [this, host, found = std::move(found)] { OnFound(host, found); });
        });
        return;
      } catch (const std::system_error&) {
        lookups_.erase(host);
        problem = "no thread could be had for the look-up of its name";
      }
    }
    asking.FailLater(Failure(FailureKind::kUnreachable, host + ": " + problem));
  }

  void OnFound(const std::string& host, const Addresses& found) {
    lookups_.erase(host);
    for (const auto& connection : {connection_, probe_}) {  // of copies: held while they fail
      if (connection && connection->wanted_name() == host) connection->OnAddresses(found);
    }
  }

  [[no_unique_address]] Winsock winsock_;  // first, so that it ends last
  asio::io_context context_{1};            // 1: one thread runs it
  Listener& listener_;
  ProbeListener probe_listener_;
  SteadyTimer timer_;
  asio::executor_work_guard<Executor> work_;
  TimePoint timer_at_ = TimePoint::max();
  bool timer_waits_ = false;
  std::uint64_t timer_round_ = 0;
  std::atomic<bool> wake_pending_{false};
  WakeSlot wake_slot_;
  std::map<std::string, std::shared_ptr<NameLookup>> lookups_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Connection> probe_;
};

WebSocket::WebSocket(Listener& listener) : impl_(std::make_unique<Impl>(listener)) {}
WebSocket::~WebSocket() = default;

void WebSocket::Run() { impl_->Run(); }
void WebSocket::Stop() { impl_->Stop(); }
void WebSocket::Wake() { impl_->Wake(); }
void WebSocket::SetTimer(TimePoint when) { impl_->SetTimer(when); }
void WebSocket::Connect(const ConnectRequest& request) { impl_->Connect(request); }

void WebSocket::Probe(const ConnectRequest& request) { impl_->Probe(request); }

void WebSocket::Send(std::span<const std::byte> payload) {
  if (Connection* connection = impl_->connection()) connection->Send(payload);
}

std::size_t WebSocket::queued_bytes() const {
  const Connection* connection = std::as_const(*impl_).connection();
  return connection == nullptr ? 0 : connection->queued_bytes();
}

void WebSocket::Ping() {
  if (Connection* connection = impl_->connection()) connection->Ping();
}

void WebSocket::Close(std::uint16_t code, const std::string& reason) {
  if (Connection* connection = impl_->connection()) connection->Close(code, reason);
}

void WebSocket::Abort() {
  if (Connection* connection = impl_->connection()) connection->Abort();
}

}  // namespace tpb::transport
