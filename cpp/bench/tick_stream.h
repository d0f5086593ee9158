#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "model/tick.h"

namespace tpb::bench {

// The ticks that every contender is measured on.
struct TickStream {
  struct Item {
    std::uint32_t symbol;  // index
    Tick tick;
    std::int64_t sequence_number;  // of its symbol
  };

  std::vector<std::string> symbols;
  std::vector<Item> items;
};

// Reads a length (u32, little-endian) and so many bytes. Throws std::runtime_error.
std::string ReadText(std::istream& in);

// Reads runs of ticks up to the end: a symbol as ReadText, a count (u32), so many MqlTick.
TickStream ReadTicks(std::istream& in);

}  // namespace tpb::bench
