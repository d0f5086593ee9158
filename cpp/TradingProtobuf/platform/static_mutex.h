#pragma once

#if !defined(_WIN32)
#include <mutex>
#endif

namespace tpb {

// A mutex for variables that live as long as the library: initialised by constants and never
// destroyed, so that loading and unloading the library run no code. (Not every std::mutex is so.)
#if defined(_WIN32)

class StaticMutex {
 public:
  constexpr StaticMutex() = default;
  void lock();
  void unlock();

 private:
  void* lock_ = nullptr;  // an SRWLOCK
};

#else

using StaticMutex = std::mutex;

#endif

}  // namespace tpb
