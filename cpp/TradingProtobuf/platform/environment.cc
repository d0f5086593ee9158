#include "platform/environment.h"

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <cstdlib>
#endif

namespace tpb {

#ifdef _WIN32

std::string EnvironmentVariable(const char* name) {
  const std::wstring wide_name(name, name + std::char_traits<char>::length(name));
  std::wstring value(GetEnvironmentVariableW(wide_name.c_str(), nullptr, 0), L'\0');
  if (value.empty()) return {};
  value.resize(
      GetEnvironmentVariableW(wide_name.c_str(), value.data(), static_cast<DWORD>(value.size())));
  const std::u8string text = std::filesystem::path(value).u8string();
  return {text.begin(), text.end()};
}

#else

std::string EnvironmentVariable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

#endif

}  // namespace tpb
