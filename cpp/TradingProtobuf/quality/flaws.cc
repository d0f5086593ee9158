#include "quality/flaws.h"

#include <charconv>
#include <cmath>

namespace tpb::quality {
namespace {

// As short as it can be told apart; a float's own digits would not help.
std::string Shown(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
  return {text, end};
}

std::string BasisPointsOf(double share) { return Shown(std::round(share * 1e6) / 100) + " bp"; }

}  // namespace

void FlawCounts::Add(Flaws flaws) {
  if (!flaws) return;
  ++ticks_;
  for (std::size_t kind = 0; kind < kFlawKinds; ++kind) {
    counts_[kind] += flaws.has(static_cast<Flaw>(kind)) ? 1 : 0;
  }
}

std::string Sentence(Flaws flaws, const Limits& limits, const History& history, const Tick& tick,
                     std::int64_t unix_ms) {
  const std::string bid = Shown(tick.bid);
  const std::string ask = Shown(tick.ask);
  const std::string time = std::to_string(tick.time_msc);
  std::string text;
  const auto say = [&](const std::string& sentence) {
    text += (text.empty() ? "" : " ") + sentence;
  };
  if (flaws.has(Flaw::kNotPositive)) {
    say("A price is not positive: bid " + bid + ", ask " + ask + ", last " + Shown(tick.last) +
        " (quality).");
  }
  if (flaws.has(Flaw::kCrossed)) say("The ask " + ask + " is below the bid " + bid + " (quality).");
  if (flaws.has(Flaw::kSpread)) {
    say("The spread from bid " + bid + " to ask " + ask + " is " +
        BasisPointsOf((tick.ask - tick.bid) / tick.bid) + ", beyond the limit of " +
        BasisPointsOf(limits.spread) + " (max_spread_bp).");
  }
  if (flaws.has(Flaw::kJump)) {
    say("The bid " + bid + " is " + BasisPointsOf(std::abs(tick.bid - history.bid) / history.bid) +
        " away from the tick before, " + Shown(history.bid) + ", beyond the limit of " +
        BasisPointsOf(limits.jump) + " (max_jump_bp).");
  }
  if (flaws.has(Flaw::kFuture)) {
    say("The time " + time + " is more than " + std::to_string(limits.future_ms) +
        " ms ahead of this machine's clock, " + std::to_string(unix_ms) + " (max_future_ms).");
  }
  if (flaws.has(Flaw::kBackward)) {
    say("The time " + time + " is more than " + std::to_string(limits.backward_ms) +
        " ms behind the tick before, " + std::to_string(history.time_msc) + " (max_backward_ms).");
  }
  return text;
}

}  // namespace tpb::quality
