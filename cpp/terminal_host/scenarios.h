#pragma once

#include <string>

namespace terminal {

// Plays one scenario of a terminal's life with the DLL and prints what came of it, a JSON object a
// line. stdin brings JSON as pump's first frame: {"endpoint", "token", "ca_file"}. Returns the exit
// code; 2 for a name that is none.
int PlayScenario(const std::wstring& dll, const std::wstring& name);

}  // namespace terminal
