// The programs that are linked into this host.
#pragma once

#include <string>

#include "prelude/program.h"

namespace host {

// Raises std::invalid_argument where there is none of that name.
const mql5::Program& program_named(const std::string& name);

}  // namespace host
