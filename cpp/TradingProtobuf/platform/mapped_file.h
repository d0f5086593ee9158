#pragma once

#include <cstddef>
#include <filesystem>
#include <system_error>

namespace tpb {

// A file of a fixed size in memory, to read and to write. What is stored there is the system's at
// once and outlives the process; a power cut takes what was not synced. The memory may be used from
// any thread, the rest from one at a time.
class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile() { Close(); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Makes the file if there is none, brings it to so many bytes with zeros, and maps it. They are
  // written: a full disk is an error here and not a fault at some store later. Once only.
  std::error_code Open(const std::filesystem::path& path, std::size_t bytes);

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Waits until these bytes are on the disk.
  std::error_code Sync(std::size_t offset, std::size_t bytes);

 private:
  std::error_code Map(const std::filesystem::path& path, std::size_t bytes);
  void Close();

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
#if defined(_WIN32)
  void* file_ = nullptr;
  void* mapping_ = nullptr;
#else
  int file_ = -1;
#endif
};

// Waits until the file's content is on the disk.
std::error_code SyncFile(const std::filesystem::path& path);
// Waits until the names of files made in the folder are on the disk.
std::error_code SyncFolder(const std::filesystem::path& folder);

}  // namespace tpb
