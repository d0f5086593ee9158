#pragma once

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "scripted_server.h"
#include "tpb/market_stream.pb.h"
#include "trading/market_data.pb.h"

namespace tpb {

// The other end of /ws/market-data, which does what the test tells it to.
class MarketGateway {
 public:
  enum class Speaks { kFramed, kBare };

  struct Request {
    std::string symbol;
    std::string timeframe;
    std::string data_type;
    bool subscribe = true;

    friend bool operator==(const Request&, const Request&) = default;
  };

  explicit MarketGateway(Speaks speaks = Speaks::kFramed)
      : speaks_(speaks), server_([this](transport::Peer& peer) { Serve(peer); }) {}

  std::uint16_t port() const { return server_.port(); }
  int connections() const { return connections_; }

  // The head of the newest upgrade.
  std::string head() const {
    const std::lock_guard lock(mutex_);
    return head_;
  }

  // Since the newest upgrade.
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // Of this symbol every request is refused from now on.
  void Refuse(const std::string& symbol, const std::string& text) {
    const std::lock_guard lock(mutex_);
    refused_ = symbol;
    refusal_ = text;
  }

  // Every upgrade but of this token is answered with 401 from now on.
  void AcceptOnly(const std::string& token) {
    const std::lock_guard lock(mutex_);
    token_ = token;
  }

  // The connection ends at the next frame that comes, whatever it is.
  void CutAtNextFrame() { cut_ = true; }
  // Nothing is answered any more, pings neither.
  void FallSilent() { silent_ = true; }

  bool Send(const v1::MarketFrame& frame) { return SendBytes(2, frame.SerializeAsString()); }
  bool Send(const trading::v1::ClientMarketData& data) {
    if (speaks_ == Speaks::kBare) return SendBytes(2, data.SerializeAsString());
    v1::MarketFrame frame;
    *frame.mutable_data() = data;
    return Send(frame);
  }
  // False: there is no connection.
  bool SendBytes(int opcode, const std::string& payload) {
    const std::lock_guard lock(mutex_);
    return peer_ != nullptr && peer_->WriteFrame(opcode, payload);
  }

 private:
  void Serve(transport::Peer& peer) {
    const std::string request = peer.ReadRequest();
    if (request.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      head_ = request;
      requests_.clear();
      if (!token_.empty() && transport::HeaderOf(request, "Authorization") != "Bearer " + token_) {
        peer.Write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      peer.Accept(request,
                  speaks_ == Speaks::kFramed ? "Sec-WebSocket-Protocol: tpb.market.v1\r\n" : "");
      peer_ = &peer;
    }
    ++connections_;
    while (const std::optional<transport::Frame> frame = peer.ReadFrame()) {
      if (cut_.exchange(false) || !Answer(*frame)) break;
    }
    const std::lock_guard lock(mutex_);
    if (peer_ == &peer) peer_ = nullptr;
    peer.ResetAtEnd();
  }

  bool Answer(const transport::Frame& frame) {
    constexpr int kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
    if (silent_) return true;
    if (frame.opcode == kPing) return SendBytes(kPong, frame.payload);
    if (frame.opcode == kClose) {
      SendBytes(kClose, frame.payload);
      return false;
    }
    if (frame.opcode != kBinary) return true;
    trading::v1::SubscriptionRequest request;
    if (!request.ParseFromString(frame.payload)) return false;
    const bool subscribe = request.action() == trading::v1::SUBSCRIPTION_ACTION_SUBSCRIBE;
    v1::MarketFrame answer;
    v1::SubscriptionResult& result = *answer.mutable_result();
    result.set_symbol(request.symbol());
    result.set_data_type(request.data_type());
    result.set_timeframe(request.timeframe());
    result.set_tier(trading::v1::SUBSCRIPTION_TIER_FREE);
    result.set_outcome(subscribe ? v1::SubscriptionResult::OUTCOME_SUBSCRIBED
                                 : v1::SubscriptionResult::OUTCOME_UNSUBSCRIBED);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back({request.symbol(), request.timeframe(), request.data_type(), subscribe});
      if (subscribe && request.symbol() == refused_) {
        result.set_outcome(v1::SubscriptionResult::OUTCOME_OVER_TIER);
        result.set_text(refusal_);
        result.set_limit(4);
      }
    }
    return speaks_ == Speaks::kBare || Send(answer);
  }

  const Speaks speaks_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> silent_ = false;
  mutable std::mutex mutex_;
  transport::Peer* peer_ = nullptr;
  std::string head_;
  std::vector<Request> requests_;
  std::string refused_;
  std::string refusal_;
  std::string token_;
  transport::ScriptedServer server_;  // last: its threads use the rest
};

}  // namespace tpb
