#pragma once

#include <filesystem>
#include <string_view>

namespace tpb {

// UTF-8 text as a path: a plain string would be read in the system's code page on Windows.
inline std::filesystem::path ToPath(std::string_view text) {
  return {std::u8string(reinterpret_cast<const char8_t*>(text.data()), text.size())};
}

}  // namespace tpb
