#pragma once

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "transport/asio_types.h"

namespace tpb::transport {

// Opens a TCP connection to the first of several addresses that answers. A silent address does not
// hold up the next one for long (RFC 8305), so that a host with broken IPv6 is reached quickly, and
// "localhost" on Windows, where a refusal takes two seconds, too.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Done = std::function<void(error_code, Socket)>;

  Dial(const Executor& executor, std::vector<asio::ip::address> addresses, std::uint16_t port,
       Done done)
      : executor_(executor),
        addresses_(Interleaved(std::move(addresses))),
        port_(port),
        done_(std::move(done)),
        next_start_(executor) {}

  // `done` is called once, later, unless Cancel() comes first.
  void Start() { StartNext(); }

  void Cancel() {
    done_ = nullptr;
    sockets_.clear();  // closes them
    next_start_.cancel();
  }

 private:
  static constexpr std::chrono::milliseconds kHeadStart{250};
  static constexpr std::size_t kMaxAddresses = 8;  // a name server may list any number

  // The families in turn, the first one's first: one that leads nowhere delays little.
  static std::vector<asio::ip::address> Interleaved(std::vector<asio::ip::address> addresses) {
    if (addresses.empty()) return addresses;
    const bool first_is_v6 = addresses.front().is_v6();
    const auto other = std::stable_partition(
        addresses.begin(), addresses.end(),
        [first_is_v6](const asio::ip::address& address) { return address.is_v6() == first_is_v6; });
    std::vector<asio::ip::address> mixed;
    auto a = addresses.begin();
    auto b = other;
    while (mixed.size() < kMaxAddresses && (a != other || b != addresses.end())) {
      if (a != other) mixed.push_back(*a++);
      if (b != addresses.end()) mixed.push_back(*b++);
    }
    return mixed;
  }

  void StartNext() {
    if (sockets_.size() == addresses_.size()) return;
    const std::size_t index = sockets_.size();
    const Tcp::endpoint endpoint(addresses_[index], port_);
    auto& socket = *sockets_.emplace_back(std::make_unique<Socket>(executor_));
    ++under_way_;
    error_code error;
    socket.open(endpoint.protocol(), error);
    if (error) {
      asio::post(executor_,
                 [self = shared_from_this(), index, error] { self->OnTried(index, error); });
    } else {
      socket.async_connect(endpoint, [self = shared_from_this(), index](error_code result) {
        self->OnTried(index, result);
      });
    }
    if (sockets_.size() == addresses_.size()) return;
    next_start_.expires_after(kHeadStart);
    next_start_.async_wait([self = shared_from_this(), index](error_code cancelled) {
      // The index: an expiry that was queued before a later start is stale.
      if (!cancelled && self->done_ && self->sockets_.size() == index + 1) self->StartNext();
    });
  }

  void OnTried(std::size_t index, error_code error) {
    if (!done_) return;
    --under_way_;
    if (!error) {
      Finish(error, std::move(*sockets_[index]));
      return;
    }
    // "Refused" tells most: somebody was there.
    if (!failure_ || error == asio::error::connection_refused) failure_ = error;
    if (sockets_.size() < addresses_.size()) {
      StartNext();
    } else if (under_way_ == 0) {
      Finish(failure_, Socket(executor_));
    }
  }

  void Finish(error_code error, Socket socket) {
    const Done done = std::exchange(done_, nullptr);
    Cancel();
    done(error, std::move(socket));
  }

  Executor executor_;
  std::vector<asio::ip::address> addresses_;
  std::uint16_t port_;
  Done done_;
  SteadyTimer next_start_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // one an address tried so far
  std::size_t under_way_ = 0;
  error_code failure_;
};

}  // namespace tpb::transport
