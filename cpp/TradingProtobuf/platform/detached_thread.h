#pragma once

#include <functional>

namespace tpb {

// Runs `work` on a thread that nobody waits for: for calls of the system that can neither be
// cancelled nor given a time limit. The library stays loaded until the thread has left it. `work`
// must own all it touches. Throws std::system_error where no thread can be had.
void RunDetached(std::function<void()> work);

}  // namespace tpb
