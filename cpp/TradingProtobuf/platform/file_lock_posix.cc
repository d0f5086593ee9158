#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "platform/file_lock.h"

namespace tpb {

std::error_code FileLock::Acquire(const std::filesystem::path& path) {
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return {errno, std::system_category()};
  // Not fcntl's lock: that one does not tell the sessions of one process apart.
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
  const int error = errno;
  Release();
  if (error == EWOULDBLOCK) return std::make_error_code(std::errc::device_or_resource_busy);
  return {error, std::system_category()};
}

void FileLock::Release() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

}  // namespace tpb
