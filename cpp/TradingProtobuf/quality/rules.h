#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tpb::quality {

// What is done about ticks of doubtful quality.
enum class Policy { kOff, kFlag, kRefuse };

// What one symbol's ticks are held to.
struct Limits {
  static constexpr double kNone = std::numeric_limits<double>::infinity();

  double spread = kNone;  // as a share of the bid
  double jump = kNone;    // of the bid from tick to tick, as a share of the earlier one
  std::int64_t future_ms = 0;
  std::int64_t backward_ms = 0;
};

// A limit in basis points, 0 = none: one for all symbols, and others for some.
struct BasisPoints {
  double standard = 0;
  std::vector<std::pair<std::string, double>> by_symbol;

  double For(std::string_view symbol) const;
};

// The keys quality, max_spread_bp, max_jump_bp, max_future_ms and max_backward_ms.
struct Rules {
  Policy policy = Policy::kFlag;
  BasisPoints spread{.standard = 500, .by_symbol = {}};
  BasisPoints jump{.standard = 1000, .by_symbol = {}};
  std::int64_t max_future_ms = 54'000'000;
  std::int64_t max_backward_ms = 1000;

  Limits For(std::string_view symbol) const;
};

}  // namespace tpb::quality
