#pragma once

#include <string>

namespace tpb {

// A variable of the environment as UTF-8; "" where there is none. On Windows it is read in the wide
// form, for the other one loses what the code page does not hold.
std::string EnvironmentVariable(const char* name);

}  // namespace tpb
