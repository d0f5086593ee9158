#include "quality/rules.h"

#include <algorithm>

namespace tpb::quality {
namespace {

// Prices are decimal fractions, which doubles round: what lies at the limit is not beyond it.
constexpr double kRounding = 1e-12;

double Share(double basis_points) {
  return basis_points == 0 ? Limits::kNone : basis_points / 10'000 + kRounding;
}

}  // namespace

double BasisPoints::For(std::string_view symbol) const {
  const auto own = std::ranges::find(by_symbol, symbol, &std::pair<std::string, double>::first);
  return own == by_symbol.end() ? standard : own->second;
}

Limits Rules::For(std::string_view symbol) const {
  return {.spread = Share(spread.For(symbol)),
          .jump = Share(jump.For(symbol)),
          .future_ms = max_future_ms,
          .backward_ms = max_backward_ms};
}

}  // namespace tpb::quality
