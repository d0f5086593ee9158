#pragma once

#include <cstddef>
#include <cstdint>

namespace tpb {

#pragma pack(push, 1)
// One quote or trade. Laid out as MQL5's MqlTick, so that the terminal's arrays are read in place.
struct Tick {
  std::int64_t time;  // trade server's wall clock, seconds
  double bid;
  double ask;
  double last;           // 0 where the market has none
  std::uint64_t volume;  // 0 where the market has none
  std::int64_t time_msc;
  std::uint32_t flags;
  double volume_real;
};
#pragma pack(pop)

static_assert(sizeof(Tick) == 60);
static_assert(offsetof(Tick, time) == 0);
static_assert(offsetof(Tick, bid) == 8);
static_assert(offsetof(Tick, ask) == 16);
static_assert(offsetof(Tick, last) == 24);
static_assert(offsetof(Tick, volume) == 32);
static_assert(offsetof(Tick, time_msc) == 40);
static_assert(offsetof(Tick, flags) == 48);
static_assert(offsetof(Tick, volume_real) == 52);

}  // namespace tpb
