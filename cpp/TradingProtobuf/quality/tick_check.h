#pragma once

#include <cstdint>

#include "model/tick.h"
#include "quality/flaws.h"
#include "quality/rules.h"

namespace tpb::quality {

// Judges one tick by itself and by what came before it. Normal are: last or volume 0, several ticks
// in one millisecond, ticks that look equal, and a trade (last > 0) while the book is empty (bid
// and ask 0). Prices are finite: the caller has checked.
inline Flaws Judge(const Limits& limits, const History& history, const Tick& tick,
                   std::int64_t unix_ms) {
  const bool quoted = tick.bid > 0 && tick.ask > 0;
  const bool empty_book = tick.bid == 0 && tick.ask == 0 && tick.last > 0;
  Flaws flaws;
  flaws.Add(Flaw::kNotPositive, (!quoted && !empty_book) || tick.last < 0);
  flaws.Add(Flaw::kCrossed, quoted && tick.ask < tick.bid);
  flaws.Add(Flaw::kSpread, quoted && tick.ask - tick.bid > tick.bid * limits.spread);
  const double change = tick.bid > history.bid ? tick.bid - history.bid : history.bid - tick.bid;
  flaws.Add(Flaw::kJump, tick.bid > 0 && history.bid > 0 && change > history.bid * limits.jump);
  flaws.Add(Flaw::kFuture, tick.time_msc > unix_ms + limits.future_ms);
  flaws.Add(Flaw::kBackward, tick.time_msc < history.time_msc - limits.backward_ms);
  return flaws;
}

inline void Note(History& history, const Tick& tick) {
  history.time_msc = tick.time_msc;
  if (tick.bid > 0) history.bid = tick.bid;
}

// One symbol's judge. For one thread at a time.
//
// Where ticks are refused, a market that has really moved must not be refused for ever: the tick
// after a refused one is sound when it is later and follows on from that one.
class TickCheck {
 public:
  explicit TickCheck(const Limits& limits) : limits_(limits) {}

  const Limits& limits() const { return limits_; }

  // Judges a tick of a call before anything of the call is accepted, and so by the call's earlier
  // ticks as well. Calls are told apart by `call`, any number but 0. The first flaw refuses a call.
  Flaws Try(const Tick& tick, std::int64_t unix_ms, std::uint64_t call) {
    if (call != call_) {
      call_ = call;
      trial_ = kept_;
    }
    const Flaws flaws = trial_.Judge(limits_, tick, unix_ms);
    if (!flaws) {
      trial_.Take(tick);
    } else if (!quality::Judge(limits_, History{}, tick, unix_ms)) {  // only by comparison
      kept_.refused = {.time_msc = tick.time_msc, .bid = tick.bid};
    }
    return flaws;
  }

  // What Try found fault with, for a person: asked for right after it.
  std::string Sentence(Flaws flaws, const Tick& tick, std::int64_t unix_ms) const {
    return quality::Sentence(flaws, limits_, trial_.newest, tick, unix_ms);
  }

  // Judges a tick that is being accepted.
  Flaws Accept(const Tick& tick, std::int64_t unix_ms) {
    const Flaws flaws = kept_.Judge(limits_, tick, unix_ms);
    kept_.Take(tick);
    return flaws;
  }

 private:
  struct Memory {
    History newest;
    History refused;  // the tick refused since then

    Flaws Judge(const Limits& limits, const Tick& tick, std::int64_t unix_ms) const {
      const Flaws flaws = quality::Judge(limits, newest, tick, unix_ms);
      if (!flaws || refused.time_msc == 0 || tick.time_msc <= refused.time_msc) return flaws;
      return quality::Judge(limits, refused, tick, unix_ms);
    }
    void Take(const Tick& tick) {
      Note(newest, tick);
      refused = {};
    }
  };

  Limits limits_;
  Memory kept_;
  Memory trial_;  // kept_ and what the call brought so far
  std::uint64_t call_ = 0;
};

}  // namespace tpb::quality
