#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "model/market_data.h"

namespace tpb::quality {

// Indicators of a row of values as TA-Lib computes them, one value at a time: a few operations a
// value however long the row is, and no error that grows with it. NaN: too few values yet. Pure.

// Mean of the newest kCount. No sum is of more values, or carried on: there is one of the block
// that is being filled, and of the full one before it those from each value on.
template <std::size_t kCount>
class Sma {
 public:
  void Add(double value) {
    begun_ += value;
    values_[at_] = value;  // in the place of a sum that is not needed any more
    if (++at_ == kCount) FinishBlock();
  }

  double value() const {
    if (!full_) return kNotKnown;
    return (begun_ + values_[at_]) / kCount;
  }

 private:
  // From here on values_[i] is the sum of the values i, i + 1, ... of this block.
  void FinishBlock() {
    for (std::size_t i = kCount - 1; i > 0; --i) values_[i - 1] += values_[i];
    full_ = true;
    at_ = 0;
    begun_ = 0;
  }

  std::array<double, kCount> values_{};  // up to at_ values, and then sums
  std::size_t at_ = 0;
  double begun_ = 0;
  bool full_ = false;
};

// Exponential mean of weight 2 / (kCount + 1), begun with the mean of the first kCount.
template <std::size_t kCount>
class Ema {
 public:
  void Add(double value) {
    if (seen_ < kCount) {
      sum_ += value;
      if (++seen_ == kCount) mean_ = sum_ / kCount;
    } else {
      mean_ += (value - mean_) * kWeight;
    }
  }

  double value() const { return seen_ < kCount ? kNotKnown : mean_; }

 private:
  static constexpr double kWeight = 2.0 / (kCount + 1);

  double sum_ = 0;
  double mean_ = 0;
  std::size_t seen_ = 0;
};

// Relative strength over kCount changes by Wilder's smoothing, 0 to 100; 0 where nothing moved.
template <std::size_t kCount>
class Rsi {
 public:
  void Add(double value) {
    if (seen_++ > 0) AddChange(value - before_);
    before_ = value;
  }

  double value() const {
    if (seen_ <= kCount) return kNotKnown;
    const double moved = gain_ + loss_;
    return moved < kNothing ? 0 : 100 * (gain_ / moved);
  }

 private:
  static constexpr double kNothing = 1e-14;  // what TA-Lib takes for zero

  void AddChange(double change) {
    const double gain = std::fmax(change, 0);
    const double loss = std::fmax(-change, 0);
    if (seen_ <= kCount + 1) {
      gain_ += gain;
      loss_ += loss;
      if (seen_ <= kCount) return;
      gain_ /= kCount;
      loss_ /= kCount;
    } else {
      gain_ = (gain_ * (kCount - 1) + gain) / kCount;
      loss_ = (loss_ * (kCount - 1) + loss) / kCount;
    }
  }

  double before_ = 0;
  double gain_ = 0;
  double loss_ = 0;
  std::uint64_t seen_ = 0;
};

// What TpbIndicators tells of a symbol's ticks: of their bids.
class Indicators {
 public:
  void Add(double bid, std::int64_t time_msc) {
    sma_20_.Add(bid);
    sma_50_.Add(bid);
    ema_12_.Add(bid);
    ema_26_.Add(bid);
    rsi_.Add(bid);
    ++ticks_;
    time_msc_ = time_msc;
  }

  IndicatorInfo info() const {
    return {.sma_20 = sma_20_.value(),
            .sma_50 = sma_50_.value(),
            .ema_12 = ema_12_.value(),
            .ema_26 = ema_26_.value(),
            .rsi = rsi_.value(),
            .ticks = ticks_,
            .time_msc = time_msc_};
  }

 private:
  Sma<20> sma_20_;
  Sma<50> sma_50_;
  Ema<12> ema_12_;
  Ema<26> ema_26_;
  Rsi<14> rsi_;
  std::int64_t ticks_ = 0;
  std::int64_t time_msc_ = 0;
};

}  // namespace tpb::quality
