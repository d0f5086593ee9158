#pragma once

#include <filesystem>
#include <system_error>

namespace tpb {

// A file that one owner holds at a time, of all processes and within one. It ends with the process,
// however that ends; the file stays.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock() { Release(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Does not wait: std::errc::device_or_resource_busy where another one holds it.
  std::error_code Acquire(const std::filesystem::path& path);
  void Release();

 private:
#if defined(_WIN32)
  void* file_ = nullptr;
#else
  int file_ = -1;
#endif
};

}  // namespace tpb
