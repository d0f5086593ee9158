#include "prelude/text.h"

#include <windows.h>

#include <string>

namespace mql5 {

string::string(double value) {
  wchar_t buffer[40];
  std::swprintf(buffer, 40, L"%.15g", value);
  units_ = buffer;
}

string text_of(const std::string& utf8) {
  std::wstring units(utf8.size(), L'\0');
  const int count = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()),
                                        units.data(), static_cast<int>(units.size()));
  units.resize(static_cast<std::size_t>(count));
  return units;
}

string text_of(const char* utf8) { return text_of(std::string(utf8)); }

std::string utf8_of(const string& text) {
  const std::wstring& units = text.units();
  std::string bytes(units.size() * 3, '\0');
  const int count =
      WideCharToMultiByte(CP_UTF8, 0, units.data(), static_cast<int>(units.size()), bytes.data(),
                          static_cast<int>(bytes.size()), nullptr, nullptr);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace mql5
