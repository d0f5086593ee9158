#include "session/status_file.h"

#include <fstream>
#include <system_error>

#include "platform/text_path.h"

namespace tpb {

void StatusFile::SetFolder(const std::string& folder) { path_ = ToPath(folder) / "status.json"; }

void StatusFile::Write(const std::string& json) noexcept {
  if (path_.empty()) return;
  try {
    std::filesystem::path fresh = path_;
    fresh += ".new";
    {
      std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
      file << json << '\n';
      if (!file.flush()) return;
    }
    std::error_code ignored;
    std::filesystem::rename(fresh, path_, ignored);
  } catch (const std::exception&) {
    return;  // memory, or a path that the system cannot say
  }
}

}  // namespace tpb
