// The script's clock: the trade server's wall clock in microseconds. From any thread.
#pragma once

#include <cstdint>

namespace host {

std::int64_t now_us();
// The clock never runs backwards.
void advance_to(std::int64_t us);

}  // namespace host
