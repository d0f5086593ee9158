#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/market_data.h"
#include "platform/clock.h"

namespace tpb {

// A message as it is kept: how old it is and whether it is live is told when it is given out.
struct KeptMessage {
  MarketData data;
  TimePoint received_at{};
  std::int64_t connection = 0;  // it came over; 0 = an earlier life's
};

// Messages that nobody has taken yet, oldest first; beyond its size the oldest are pushed out. All
// memory is taken at the beginning. Not for several threads.
class MarketInbox {
 public:
  explicit MarketInbox(std::size_t most) : ring_(most) {}

  void Push(const KeptMessage& message) {
    ring_[(first_ + size_) % ring_.size()] = message;
    if (size_ < ring_.size()) {
      ++size_;
    } else {
      first_ = (first_ + 1) % ring_.size();
      ++overflowed_;
    }
  }

  // Calls give(message) for at most so many; returns how many.
  template <class Give>
  std::size_t Take(std::size_t most, Give&& give) {
    const std::size_t taken = std::min(most, size_);
    for (std::size_t i = 0; i < taken; ++i) give(std::as_const(ring_[(first_ + i) % ring_.size()]));
    first_ = (first_ + taken) % ring_.size();
    size_ -= taken;
    return taken;
  }

  std::size_t size() const { return size_; }
  std::int64_t overflowed() const { return overflowed_; }  // pushed out unread

 private:
  std::vector<KeptMessage> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::int64_t overflowed_ = 0;
};

// The newest messages of one subscription. Takes memory until it is full, and then none any more.
class MarketHistory {
 public:
  explicit MarketHistory(std::size_t most) : most_(most) {}

  void Push(const KeptMessage& message) {
    if (ring_.size() < most_) {
      ring_.push_back(message);
    } else {
      ring_[next_] = message;
      next_ = (next_ + 1) % most_;
    }
  }

  std::size_t size() const { return ring_.size(); }
  // 0 is the oldest.
  const KeptMessage& At(std::size_t i) const { return ring_[(next_ + i) % ring_.size()]; }
  const KeptMessage& newest() const { return At(ring_.size() - 1); }

  // What is kept was interrupted: none of it came over a connection there is.
  void Interrupt() {
    for (KeptMessage& message : ring_) message.connection = 0;
  }

 private:
  std::size_t most_;
  std::vector<KeptMessage> ring_;
  std::size_t next_ = 0;  // the oldest, once it is full
};

}  // namespace tpb
