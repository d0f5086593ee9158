#include <windows.h>

#include <algorithm>
#include <array>

#include "platform/mapped_file.h"

namespace tpb {
namespace {

constexpr std::array<std::byte, 65536> kZeros{};
constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

std::error_code LastError() { return {static_cast<int>(GetLastError()), std::system_category()}; }

bool Seek(HANDLE file, std::size_t offset) {
  LARGE_INTEGER distance;
  distance.QuadPart = static_cast<LONGLONG>(offset);
  return SetFilePointerEx(file, distance, nullptr, FILE_BEGIN) != 0;
}

std::error_code WriteZeros(HANDLE file, std::size_t from, std::size_t to) {
  if (!Seek(file, from)) return LastError();
  while (from < to) {
    DWORD written = 0;
    const auto wanted = static_cast<DWORD>(std::min(kZeros.size(), to - from));
    if (WriteFile(file, kZeros.data(), wanted, &written, nullptr) == 0) return LastError();
    from += written;
  }
  return {};
}

}  // namespace

std::error_code MappedFile::Open(const std::filesystem::path& path, std::size_t bytes) {
  const std::error_code error = Map(path, bytes);
  if (error) Close();
  return error;
}

std::error_code MappedFile::Map(const std::filesystem::path& path, std::size_t bytes) {
  const HANDLE file = CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr,
                                  OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return LastError();
  file_ = file;
  LARGE_INTEGER size;
  if (GetFileSizeEx(file, &size) == 0) return LastError();
  const auto before = static_cast<std::size_t>(size.QuadPart);
  // Allocates, and so tells of a full disk before anything is written.
  if (!Seek(file, bytes) || SetEndOfFile(file) == 0) return LastError();
  if (before < bytes) {
    if (const std::error_code error = WriteZeros(file, before, bytes)) return error;
  }
  mapping_ = CreateFileMappingW(file, nullptr, PAGE_READWRITE, 0, 0, nullptr);
  if (mapping_ == nullptr) return LastError();
  data_ = static_cast<std::byte*>(MapViewOfFile(mapping_, FILE_MAP_WRITE, 0, 0, bytes));
  if (data_ == nullptr) return LastError();
  size_ = bytes;
  return {};
}

std::error_code MappedFile::Sync(std::size_t offset, std::size_t bytes) {
  // The first hands the pages to the disk, the second waits for it.
  const bool synced = FlushViewOfFile(data_ + offset, bytes) != 0 && FlushFileBuffers(file_) != 0;
  return synced ? std::error_code() : LastError();
}

void MappedFile::Close() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
  if (mapping_ != nullptr) CloseHandle(mapping_);
  if (file_ != nullptr) CloseHandle(file_);
  data_ = nullptr;
  size_ = 0;
  mapping_ = file_ = nullptr;
}

std::error_code SyncFile(const std::filesystem::path& path) {
  const HANDLE file = CreateFileW(path.c_str(), GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING,
                                  FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return LastError();
  const std::error_code error = FlushFileBuffers(file) != 0 ? std::error_code() : LastError();
  CloseHandle(file);
  return error;
}

// NTFS logs its folders by itself.
std::error_code SyncFolder(const std::filesystem::path&) { return {}; }

}  // namespace tpb
