#include "platform/static_mutex.h"

#if defined(_WIN32)
#include <windows.h>

namespace tpb {

static_assert(sizeof(SRWLOCK) == sizeof(void*));

void StaticMutex::lock() { AcquireSRWLockExclusive(reinterpret_cast<SRWLOCK*>(&lock_)); }

void StaticMutex::unlock() { ReleaseSRWLockExclusive(reinterpret_cast<SRWLOCK*>(&lock_)); }

}  // namespace tpb
#endif
