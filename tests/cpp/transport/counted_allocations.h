#pragma once

namespace tpb::transport {

// How often this thread has allocated; operator new is replaced in programs that link this.
int AllocationsOfThisThread();

}  // namespace tpb::transport
