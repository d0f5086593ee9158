#include <windows.h>

#include "platform/file_lock.h"

namespace tpb {

std::error_code FileLock::Acquire(const std::filesystem::path& path) {
  const HANDLE file =
      CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                  nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) {
    return {static_cast<int>(GetLastError()), std::system_category()};
  }
  file_ = file;
  OVERLAPPED place{};
  if (LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) != 0) {
    return {};
  }
  const DWORD error = GetLastError();
  Release();
  if (error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING) {
    return std::make_error_code(std::errc::device_or_resource_busy);
  }
  return {static_cast<int>(error), std::system_category()};
}

void FileLock::Release() {
  if (file_ != nullptr) CloseHandle(file_);
  file_ = nullptr;
}

}  // namespace tpb
