#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "platform/mapped_file.h"

namespace tpb {
namespace {

constexpr std::array<std::byte, 65536> kZeros{};

std::error_code LastError() { return {errno, std::system_category()}; }

std::error_code WriteZeros(int file, std::size_t from, std::size_t to) {
  while (from < to) {
    const ssize_t written =
        pwrite(file, kZeros.data(), std::min(kZeros.size(), to - from), static_cast<off_t>(from));
    if (written < 0 && errno != EINTR) return LastError();
    if (written > 0) from += static_cast<std::size_t>(written);
  }
  return {};
}

// Tells of a full disk before anything is written, and fills the holes that a copied file can have:
// a store into one would find the disk full.
std::error_code Allocate([[maybe_unused]] int file, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
  const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return {error, std::system_category()};
#endif
  return {};
}

// After a failed sync the system takes the pages for clean, and the next one would mean nothing.
void MakeDirty(std::byte* begin, std::size_t bytes, std::size_t page) {
  for (std::size_t at = 0; at < bytes; at += page) {
    volatile std::byte& first = begin[at];
    first = first;
  }
}

std::error_code SyncByName(const std::filesystem::path& path, int flags) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (file < 0) return LastError();
  const std::error_code error = fsync(file) == 0 ? std::error_code() : LastError();
  close(file);
  return error;
}

}  // namespace

std::error_code MappedFile::Open(const std::filesystem::path& path, std::size_t bytes) {
  const std::error_code error = Map(path, bytes);
  if (error) Close();
  return error;
}

std::error_code MappedFile::Map(const std::filesystem::path& path, std::size_t bytes) {
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return LastError();
  struct stat before;
  if (fstat(file_, &before) != 0) return LastError();
  const auto size = static_cast<std::size_t>(before.st_size);
  if (size > bytes && ftruncate(file_, static_cast<off_t>(bytes)) != 0) return LastError();
  if (const std::error_code error = Allocate(file_, bytes)) return error;
  if (const std::error_code error = WriteZeros(file_, size, bytes)) return error;
  void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (data == MAP_FAILED) return LastError();
  data_ = static_cast<std::byte*>(data);
  size_ = bytes;
  return {};
}

std::error_code MappedFile::Sync(std::size_t offset, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t begin = offset / page * page;
  const std::size_t length = offset + bytes - begin;
  if (msync(data_ + begin, length, MS_SYNC) == 0) return {};
  const std::error_code error = LastError();
  MakeDirty(data_ + begin, length, page);
  return error;
}

void MappedFile::Close() {
  if (data_ != nullptr) munmap(data_, size_);
  if (file_ >= 0) close(file_);
  data_ = nullptr;
  size_ = 0;
  file_ = -1;
}

std::error_code SyncFile(const std::filesystem::path& path) { return SyncByName(path, 0); }

std::error_code SyncFolder(const std::filesystem::path& folder) {
  return SyncByName(folder, O_DIRECTORY);
}

}  // namespace tpb
