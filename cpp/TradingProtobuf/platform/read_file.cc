#include "platform/read_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace tpb {

std::error_code ReadFile(const std::filesystem::path& path, std::size_t bytes,
                         std::vector<std::byte>& into) {
  into.clear();
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return error;
  into.resize(static_cast<std::size_t>(std::min<std::uintmax_t>(size, bytes)));
#if defined(_WIN32)
  std::FILE* const opened = _wfopen(path.c_str(), L"rb");
#else
  std::FILE* const opened = std::fopen(path.c_str(), "rbe");
#endif
  if (opened == nullptr) return {errno, std::generic_category()};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(opened, &std::fclose);
  into.resize(std::fread(into.data(), 1, into.size(), opened));
  if (std::ferror(opened) != 0) return std::make_error_code(std::errc::io_error);
  return {};
}

}  // namespace tpb
