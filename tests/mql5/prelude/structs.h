// The terminal's structs that programs share with libraries: packed to 1 byte.
#pragma once

#include <cstddef>

#include "prelude/text.h"
#include "prelude/types.h"

namespace mql5 {

#pragma pack(push, 1)

struct MqlTick {
  datetime time;
  double bid;
  double ask;
  double last;
  ulong volume;
  long_t time_msc;
  uint flags;
  double volume_real;
};

struct MqlDateTime {
  int year, mon, day, hour, min, sec, day_of_week, day_of_year;
};

struct MqlRates {
  datetime time;
  double open, high, low, close;
  long_t tick_volume;
  int spread;
  long_t real_volume;
};

#pragma pack(pop)

static_assert(sizeof(MqlTick) == 60 && offsetof(MqlTick, flags) == 48);
static_assert(sizeof(MqlDateTime) == 32 && sizeof(MqlRates) == 60);

struct MqlTradeRequest {
  int action = 0;
  ulong magic = 0, order = 0;
  string symbol;
  double volume = 0, price = 0, stoplimit = 0, sl = 0, tp = 0;
  ulong deviation = 0;
  int type = 0, type_filling = 0, type_time = 0;
  datetime expiration = 0;
  string comment;
  ulong position = 0, position_by = 0;
};

struct MqlTradeResult {
  uint retcode = 0;
  ulong deal = 0, order = 0;
  double volume = 0, price = 0, bid = 0, ask = 0;
  string comment;
  uint request_id = 0;
  int retcode_external = 0;
};

template <typename T>
void ZeroMemory(T& value) {
  value = T();
}

}  // namespace mql5
