#pragma once

#include <optional>
#include <string>

#include "library.h"

namespace terminal {

// Reads the first frame of stdin: u32 length, UTF-8 text (it may hold a token, so it is no
// argument). Nothing at the end of the input.
std::optional<std::string> ReadConfig();

// Streams the ticks that stdin brings through a session of their own. After the config, chunks
// follow: u32 symbol_bytes, symbol as UTF-8, u32 count, count times MqlTick. In place of
// symbol_bytes may stand
//   0xFFFFFFFF  the end; a u32 limit in ms for the last acknowledgements follows
//   0xFFFFFFFE  print the cursor of a symbol, and the status; u32 symbol_bytes and symbol follow
//   0xFFFFFFFD  renew the token; u32 bytes and the token follow
//   0xFFFFFFFC  close the open batch now
// All little-endian. Returns the exit code.
int Pump(const Library& library);

}  // namespace terminal
