// The event loop: waking, the timer, stopping, and look-ups that hang.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "counted_allocations.h"
#include "recording_client.h"
#include "scripted_server.h"

#if !defined(_WIN32)
#include <dlfcn.h>
#include <netdb.h>
#endif

using namespace tpb::transport;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

#if !defined(_WIN32)

namespace {

// A name service that hangs for the names *.stuck.test until it is let go.
class StuckNames {
 public:
  void Ask(const std::string& host) {
    std::unique_lock lock(mutex_);
    asked_.push_back(host);
    changed_.notify_all();
    changed_.wait(lock, [this] { return free_; });
    ++answered_;
    changed_.notify_all();
  }
  void WaitUntilAsked(std::size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.size() >= times; });
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void LetGo() {
    std::unique_lock lock(mutex_);
    free_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return answered_ == asked_.size(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> asked_;
  std::size_t answered_ = 0;
  bool free_ = false;
};

StuckNames* stuck_names = nullptr;  // outlived by no look-up: LetGo waits for all

int Real(const char* host, const char* service, const addrinfo* hints, addrinfo** result) {
  using Function = int(const char*, const char*, const addrinfo*, addrinfo**);
  static auto* const real = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(host, service, hints, result);
}

// A name with two addresses, on the first of which nobody listens.
int TwoAddresses(const addrinfo* hints, addrinfo** result) {
  const int error = Real("127.0.0.2", nullptr, hints, result);
  return error != 0 ? error : Real("127.0.0.1", nullptr, hints, &(*result)->ai_next);
}

}  // namespace

// In place of the C library's, for the whole program.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (stuck_names != nullptr && std::string(host).ends_with(".stuck.test")) {
    stuck_names->Ask(host);
    host = "127.0.0.1";
  }
  if (std::string(host) == "two.test") return TwoAddresses(hints, result);
  return Real(host, service, hints, result);
}
#endif

BOOST_AUTO_TEST_SUITE(loop)

BOOST_AUTO_TEST_CASE(wakes_from_many_threads_are_all_seen) {
  std::atomic<int> written = 0;
  std::atomic<int> read = 0;
  RecordingClient client;
  client.on_wake = [&](WebSocket&) { read = written.load(); };
  std::vector<std::thread> threads;
  constexpr int kThreads = 8;
  constexpr int kEach = 20000;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        ++written;
        client.socket().Wake();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Whatever was written before a Wake() is seen by an OnWake() after it.
  client.WaitFor([&](const auto&) { return read == kThreads * kEach; });
  BOOST_TEST(client.record().wakes <= kThreads * kEach);
}

BOOST_AUTO_TEST_CASE(wakes_while_one_is_pending_are_told_as_one_and_allocate_nothing) {
  RecordingClient client;
  std::promise<void> inside;
  std::promise<void> go;
  client.Do([&](WebSocket&) {
    inside.set_value();
    go.get_future().wait();
  });
  inside.get_future().wait();  // the loop is now inside its first OnWake
  const int before = AllocationsOfThisThread();
  for (int i = 0; i < 1000; ++i) client.socket().Wake();
  BOOST_TEST(AllocationsOfThisThread() == before);
  go.set_value();
  client.WaitFor([](const auto& r) { return r.wakes >= 2; });
  client.DoNow([](WebSocket&) {});
  BOOST_TEST(client.record().wakes == 3);  // the first, the thousand, the last
}

BOOST_AUTO_TEST_CASE(a_wake_of_a_sleeping_loop_allocates_nothing) {
  RecordingClient client;
  for (int round = 1; round <= 100; ++round) {
    const int before = AllocationsOfThisThread();
    client.socket().Wake();
    BOOST_REQUIRE(AllocationsOfThisThread() == before);
    client.WaitFor([round](const auto& r) { return r.wakes >= round; });
  }
}

BOOST_AUTO_TEST_CASE(the_timer_fires_once_and_not_early) {
  RecordingClient client;
  const auto when = steady_clock::now() + milliseconds(30);
  client.Do([when](WebSocket& socket) { socket.SetTimer(when); });
  client.WaitFor([](const auto& r) { return r.timers == 1; });
  BOOST_TEST((steady_clock::now() >= when));
  client.Do([](WebSocket& socket) { socket.SetTimer(steady_clock::now()); });
  client.WaitFor([](const auto& r) { return r.timers == 2; });
}

BOOST_AUTO_TEST_CASE(the_newest_timer_counts) {
  RecordingClient client;
  const auto now = steady_clock::now();
  // Later, sooner, later again: fires at the last one alone.
  client.Do([now](WebSocket& socket) {
    socket.SetTimer(now + std::chrono::hours(1));
    socket.SetTimer(now + milliseconds(10));
    socket.SetTimer(now + milliseconds(60));
  });
  client.WaitFor([](const auto& r) { return r.timers == 1; });
  BOOST_TEST((steady_clock::now() >= now + milliseconds(60)));
  // None at all: a timer set and taken back before another one.
  client.Do([](WebSocket& socket) {
    socket.SetTimer(steady_clock::now() + milliseconds(1));
    socket.SetTimer(tpb::TimePoint::max());
  });
  client.Do([](WebSocket& socket) {
    socket.SetTimer(steady_clock::now() + milliseconds(1));
    socket.SetTimer(steady_clock::now() - milliseconds(1));
  });
  client.WaitFor([](const auto& r) { return r.timers == 2; });
  client.DoNow([](WebSocket&) {});
  BOOST_TEST(client.record().timers == 2);
}

BOOST_AUTO_TEST_CASE(stop_ends_every_stage_at_once) {
  // How far the server lets the client come.
  const ScriptedServer::Script kStages[] = {[](Peer& peer) { peer.ReadRequest(); },
                                            [](Peer& peer) {
                                              peer.ReadRequest();
                                              peer.Write("HTTP/1.1 101 Switch");
                                            },
                                            [](Peer& peer) {
                                              peer.Upgrade();
                                              peer.ReadFrame();
                                            },
                                            [](Peer& peer) {
                                              peer.Upgrade();
                                              peer.Write("\x82");
                                              peer.ReadFrame();
                                            },
                                            [](Peer& peer) {
                                              peer.Upgrade();
                                              peer.WriteClose(1000, "");
                                              peer.ReadFrame();
                                            }};
  for (const auto& stage : kStages) {
    for (int round = 0; round < 10; ++round) {
      std::promise<void> reached;
      ScriptedServer server([&](Peer& peer) {
        stage(peer);
        reached.set_value();
        peer.WaitForEnd();
      });
      RecordingClient client;
      client.on_connected = [](WebSocket& socket) {
        for (int i = 0; i < 100; ++i) socket.Send(Bytes(std::string(10000, 'x')));
        socket.Ping();
        socket.Close(1000, "bye");
      };
      client.Connect(RequestTo(server.port()));
      if (round % 2 == 0) reached.get_future().wait();
      const auto begin = steady_clock::now();
      client.Stop();
      BOOST_TEST((steady_clock::now() - begin < std::chrono::seconds(5)));  // it waits for nothing
      BOOST_TEST(client.record().failed.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(stop_before_run_and_destruction_without_run) {
  struct Silent final : Listener {
    void OnWake() override { ++told; }
    void OnTimer() override { ++told; }
    void OnConnected(const Connected&) override { ++told; }
    void OnConnectFailed(const ConnectFailure&) override { ++told; }
    void OnFrame(std::span<const std::byte>) override { ++told; }
    void OnPong() override { ++told; }
    void OnSent() override { ++told; }
    void OnClosed(const Closed&) override { ++told; }
    int told = 0;
  } listener;
  ScriptedServer server([](Peer& peer) { peer.WaitForEnd(); });
  {
    WebSocket socket(listener);
    socket.Stop();
    socket.Wake();
    socket.Run();
  }
  {
    WebSocket socket(listener);
    socket.Connect(RequestTo(server.port()));
    socket.SetTimer(steady_clock::now());
    socket.Wake();
  }
  BOOST_TEST(listener.told == 0);
}

#if !defined(_WIN32)

BOOST_AUTO_TEST_CASE(a_name_service_that_hangs_holds_up_neither_the_limit_nor_the_end) {
  StuckNames names;
  stuck_names = &names;
  {
    RecordingClient client;
    ConnectRequest request = RequestTo(UnusedPort());
    request.host = "gateway.stuck.test";
    request.timeout = milliseconds(50);
    client.Connect(request);
    const ConnectFailure failure = client.WaitForFailure();
    BOOST_TEST((failure.kind == FailureKind::kTimeout));
    BOOST_TEST(failure.text.find("gateway.stuck.test") != std::string::npos);
    // The second try waits for the same look-up instead of adding a thread.
    client.Connect(request);
    client.WaitFor([](const auto& r) { return r.failed.size() == 2; });
    request.host = "backup.stuck.test";
    client.Connect(request);
    client.WaitFor([](const auto& r) { return r.failed.size() == 3; });
    names.WaitUntilAsked(2);
    BOOST_TEST(names.asked().size() == 2U);
  }  // ends although both look-ups hang
  names.LetGo();
  stuck_names = nullptr;
}

BOOST_AUTO_TEST_CASE(a_late_answer_of_the_name_service_serves_the_try_that_waits) {
  StuckNames names;
  stuck_names = &names;
  ScriptedServer server([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  RecordingClient client;
  ConnectRequest request = RequestTo(server.port());
  request.host = "gateway.stuck.test";
  request.timeout = milliseconds(20);
  client.Connect(request);
  client.WaitForFailure();
  request.timeout = std::chrono::seconds(20);
  client.Connect(request);
  names.LetGo();
  client.WaitForConnected();
  BOOST_TEST(names.asked().size() == 1U);
  stuck_names = nullptr;
}

BOOST_AUTO_TEST_CASE(the_next_address_is_tried_where_one_refuses) {
  ScriptedServer server([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  ConnectRequest request = RequestTo(server.port());
  request.host = "two.test";
  RecordingClient client;
  client.Connect(request);
  client.WaitForConnected();
  request.port = UnusedPort();
  RecordingClient second;
  second.Connect(request);
  BOOST_TEST(second.WaitForFailure().text.find("is the gateway running?") != std::string::npos);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
