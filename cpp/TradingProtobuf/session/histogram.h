#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace tpb {

// Counts of values >= 0 in buckets 1/16 of their value wide: percentiles to within 6 %, in constant
// time and memory.
class Histogram {
 public:
  void Record(std::int64_t value, std::int64_t count = 1) {
    value = std::max<std::int64_t>(value, 0);
    counts_[BucketOf(static_cast<std::uint64_t>(value))] += count;
    total_ += count;
    max_ = std::max(max_, value);
  }

  // The upper edge of the bucket that holds the value at that share of all; 0 when empty.
  std::int64_t Percentile(double share) const {
    const auto rank = static_cast<std::int64_t>(share * static_cast<double>(total_));
    std::int64_t seen = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
      seen += counts_[bucket];
      if (seen > rank) return std::min(UpperEdge(bucket), max_);
    }
    return max_;
  }

  std::int64_t max() const { return max_; }

 private:
  static constexpr int kBits = 4;
  static constexpr std::size_t kLinear = std::size_t{1} << kBits;
  static constexpr std::size_t kBuckets = (64 - kBits) * kLinear;

  static std::size_t BucketOf(std::uint64_t value) {
    if (value < kLinear) return static_cast<std::size_t>(value);
    const int shift = std::bit_width(value) - 1 - kBits;
    return static_cast<std::size_t>(shift + 1) * kLinear +
           static_cast<std::size_t>((value >> shift) - kLinear);
  }

  static std::int64_t UpperEdge(std::size_t bucket) {
    if (bucket < kLinear) return static_cast<std::int64_t>(bucket);
    const std::size_t shift = bucket / kLinear - 1;
    const std::uint64_t mantissa = kLinear + bucket % kLinear;
    return static_cast<std::int64_t>(((mantissa + 1) << shift) - 1);
  }

  std::array<std::int64_t, kBuckets> counts_{};
  std::int64_t total_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace tpb
