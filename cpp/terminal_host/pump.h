#pragma once

#include <optional>
#include <string>

#include "library.h"

namespace terminal {

// Reads the first frame of stdin: u32 length, UTF-8 text (it may hold a token, so it is no
// argument). Nothing at the end of the input.
std::optional<std::string> ReadConfig();

// Streams the ticks that stdin brings through a session of their own. After the config, chunks
// follow: u32 symbol_bytes, symbol as UTF-8, u32 count, count times MqlTick. 0xFFFFFFFF in place of
// symbol_bytes ends them; a u32 limit in ms for the last acknowledgements follows. All
// little-endian. Returns the exit code.
int Pump(const Library& library);

}  // namespace terminal
