#pragma once

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <vector>

namespace tpb {

// Reads the first `bytes` of a file, or fewer where it is shorter. Throws std::bad_alloc.
std::error_code ReadFile(const std::filesystem::path& path, std::size_t bytes,
                         std::vector<std::byte>& into);

}  // namespace tpb
