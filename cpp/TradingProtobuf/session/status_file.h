#pragma once

#include <filesystem>
#include <string>

namespace tpb {

// A session's status for programs beside it (`tpb status`): a small file in the journal's folder,
// replaced as a whole, so that a reader never sees half of one.
class StatusFile {
 public:
  void SetFolder(const std::string& folder);  // UTF-8; until then nothing is written

  // Never throws: who looks sees by the file's age that it could not be written.
  void Write(const std::string& json) noexcept;

 private:
  std::filesystem::path path_;
};

}  // namespace tpb
