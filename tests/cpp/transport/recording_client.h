#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "transport/web_socket.h"

namespace tpb::transport {

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// What a Listener was told, in order, and the WebSocket with its thread.
class RecordingClient final : public Listener {
 public:
  struct Record {
    int wakes = 0;
    int timers = 0;
    int pongs = 0;
    int sents = 0;
    std::vector<Connected> connected;
    std::vector<ConnectFailure> failed;
    std::vector<Closed> closed;
    std::vector<std::string> frames;
  };
  using Action = std::function<void(WebSocket&)>;

  RecordingClient() : thread_([this] { socket_.Run(); }) {}
  ~RecordingClient() { Stop(); }

  // Runs on the WebSocket's thread.
  void Do(Action action) {
    {
      const std::lock_guard lock(mutex_);
      actions_.push_back(std::move(action));
    }
    socket_.Wake();
  }
  // The same, and waits until it has run.
  void DoNow(const Action& action) {
    bool done = false;
    Do([&](WebSocket& socket) {
      action(socket);
      const std::lock_guard lock(mutex_);
      done = true;
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, kPatience, [&] { return done; }));
  }
  void Connect(const ConnectRequest& request) {
    Do([request](WebSocket& socket) { socket.Connect(request); });
  }
  void Send(std::string payload) {
    Do([payload = std::move(payload)](WebSocket& socket) { socket.Send(Bytes(payload)); });
  }

  // Waits until the record satisfies the condition; fails the test after a long while.
  template <class Condition>
  void WaitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return condition(record_); })) {
      std::string seen = "connected " + std::to_string(record_.connected.size()) + ", frames " +
                         std::to_string(record_.frames.size()) + ", pongs " +
                         std::to_string(record_.pongs);
      for (const ConnectFailure& failure : record_.failed) seen += ", failed: " + failure.text;
      for (const Closed& closed : record_.closed) {
        seen += ", closed " + std::to_string(closed.code) + ": " + closed.text;
      }
      BOOST_FAIL("waited in vain; seen: " + seen);
    }
  }
  void WaitForConnected() {
    WaitFor([](const Record& r) { return !r.connected.empty(); });
  }
  ConnectFailure WaitForFailure() {
    WaitFor([](const Record& r) { return !r.failed.empty() || !r.connected.empty(); });
    BOOST_REQUIRE_MESSAGE(!record().failed.empty(), "connected instead of failing");
    return record().failed.back();
  }
  Closed WaitForClosed() {
    WaitFor([](const Record& r) { return !r.closed.empty(); });
    return record().closed.back();
  }
  Record record() const {
    const std::lock_guard lock(mutex_);
    return record_;
  }

  // Called on the WebSocket's thread, after the event was recorded. Set before anything happens.
  Action on_wake;
  Action on_connected;
  Action on_failed;
  Action on_frame;
  Action on_closed;

  WebSocket& socket() { return socket_; }

  void Stop() {
    socket_.Stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr std::chrono::seconds kPatience{30};

  void OnWake() override {
    std::deque<Action> actions;
    Note([&](Record& r) {
      ++r.wakes;
      actions.swap(actions_);
    });
    for (const Action& action : actions) action(socket_);
    if (on_wake) on_wake(socket_);
    Note([](Record&) {});  // whoever waits for what the actions did looks again
  }
  void OnTimer() override {
    Note([](Record& r) { ++r.timers; });
  }
  void OnConnected(const Connected& connected) override {
    Note([&](Record& r) { r.connected.push_back(connected); });
    if (on_connected) on_connected(socket_);
  }
  void OnConnectFailed(const ConnectFailure& failure) override {
    Note([&](Record& r) { r.failed.push_back(failure); });
    if (on_failed) on_failed(socket_);
  }
  void OnFrame(std::span<const std::byte> payload) override {
    Note([&](Record& r) {
      r.frames.emplace_back(reinterpret_cast<const char*>(payload.data()), payload.size());
    });
    if (on_frame) on_frame(socket_);
  }
  void OnPong() override {
    Note([](Record& r) { ++r.pongs; });
  }
  void OnSent() override {
    Note([](Record& r) { ++r.sents; });
  }
  void OnClosed(const Closed& closed) override {
    Note([&](Record& r) { r.closed.push_back(closed); });
    if (on_closed) on_closed(socket_);
  }

  template <class Change>
  void Note(Change change) {
    const std::lock_guard lock(mutex_);
    change(record_);
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Record record_;
  std::deque<Action> actions_;
  WebSocket socket_{*this};
  std::thread thread_;
};

// A request that reaches a scripted server.
inline ConnectRequest RequestTo(std::uint16_t port) {
  ConnectRequest request;
  request.tls = false;
  request.host = "127.0.0.1";
  request.port = port;
  request.timeout = std::chrono::seconds(20);
  return request;
}

}  // namespace tpb::transport
