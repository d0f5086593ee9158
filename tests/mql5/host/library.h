// Libraries that programs import, as the terminal loads them: before the program starts.
#pragma once

#include "prelude/program.h"

namespace host {

// False, with the terminal's own words in the journal, where a library or a function is missing:
// then the program does not start.
bool bind_imports(const mql5::Program& program);

}  // namespace host
