#pragma once

#include <string_view>

namespace tpb {

// The newest failed call of the calling thread. Kept in plain memory of the thread: nothing has to
// be destroyed when the thread or the library goes. Longer text is cut.
void SetThreadError(std::string_view text) noexcept;
std::string_view ThreadError() noexcept;

}  // namespace tpb
