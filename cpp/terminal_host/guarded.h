#pragma once

#include <windows.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace terminal {

// An array as a DLL gets it from MQL5: a bare pointer. Its end is the end of readable memory, so
// that reading past it ends the process; once destroyed, so does keeping the pointer.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::span<const T> values) {
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    const std::size_t page = system.dwPageSize;
    const std::size_t readable = (values.size_bytes() + page - 1) / page * page;
    memory_ = VirtualAlloc(nullptr, readable + page, MEM_RESERVE, PAGE_NOACCESS);
    if (memory_ == nullptr) throw std::bad_alloc();
    if (readable > 0 && VirtualAlloc(memory_, readable, MEM_COMMIT, PAGE_READWRITE) == nullptr) {
      throw std::bad_alloc();
    }
    data_ = reinterpret_cast<T*>(static_cast<std::byte*>(memory_) + readable - values.size_bytes());
    if (!values.empty()) std::memcpy(static_cast<void*>(data_), values.data(), values.size_bytes());
  }
  ~Guarded() { VirtualFree(memory_, 0, MEM_RELEASE); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() const { return data_; }

 private:
  void* memory_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace terminal
