#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/tick.h"
#include "quality/rules.h"

namespace tpb::quality {

enum class Flaw : std::uint8_t { kNotPositive, kCrossed, kSpread, kJump, kFuture, kBackward };
inline constexpr std::size_t kFlawKinds = 6;

// A set of flaws; a sound tick has none.
class Flaws {
 public:
  constexpr Flaws() = default;
  constexpr Flaws(Flaw flaw) : bits_(Bit(flaw)) {}  // NOLINT: one is a set

  explicit constexpr operator bool() const { return bits_ != 0; }
  constexpr bool has(Flaw flaw) const { return (bits_ & Bit(flaw)) != 0; }
  constexpr void Add(Flaw flaw, bool present) { bits_ |= present ? Bit(flaw) : 0u; }
  friend constexpr Flaws operator|(Flaws a, Flaws b) { return Flaws(a.bits_ | b.bits_); }
  friend constexpr bool operator==(Flaws, Flaws) = default;

 private:
  explicit constexpr Flaws(unsigned int bits) : bits_(bits) {}
  static constexpr unsigned int Bit(Flaw flaw) { return 1u << static_cast<unsigned int>(flaw); }

  unsigned int bits_ = 0;
};

// How many ticks had which flaw.
class FlawCounts {
 public:
  void Add(Flaws flaws);
  std::int64_t of(Flaw flaw) const { return counts_[static_cast<std::size_t>(flaw)]; }
  std::int64_t ticks() const { return ticks_; }  // with any flaw

 private:
  std::array<std::int64_t, kFlawKinds> counts_{};
  std::int64_t ticks_ = 0;
};

// What a judgement compares a tick with.
struct History {
  std::int64_t time_msc = 0;  // 0 = nothing yet
  double bid = 0;             // 0 = none yet
};

// Which flaws a tick has, what was found, and the keys to change: a sentence or several.
std::string Sentence(Flaws flaws, const Limits& limits, const History& history, const Tick& tick,
                     std::int64_t unix_ms);

}  // namespace tpb::quality
