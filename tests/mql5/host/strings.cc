#include "prelude/strings.h"

#include <algorithm>
#include <cwchar>
#include <cwctype>

namespace mql5 {
namespace {

bool is_space(wchar_t unit) { return unit == L' ' || (unit >= 9 && unit <= 13); }

}  // namespace

int StringLen(const string& text) { return static_cast<int>(text.units().size()); }

int StringFind(const string& text, const string& part, int start) {
  const auto found = text.units().find(part.units(), static_cast<std::size_t>(std::max(start, 0)));
  return found == std::wstring::npos ? -1 : static_cast<int>(found);
}

string StringSubstr(const string& text, int start, int length) {
  if (start < 0 || start >= StringLen(text)) return {};
  return text.units().substr(static_cast<std::size_t>(start),
                             length < 0 ? std::wstring::npos : static_cast<std::size_t>(length));
}

int StringSplit(const string& text, ushort separator, Array<string>& parts) {
  parts.resize(0);
  if (text.units().empty()) return 0;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = text.units().find(static_cast<wchar_t>(separator), start);
    parts.resize(parts.size() + 1);
    parts[parts.size() - 1] = text.units().substr(start, end - start);
    if (end == std::wstring::npos) return parts.size();
    start = end + 1;
  }
}

int StringReplace(string& text, const string& old_part, const string& new_part) {
  if (old_part.units().empty()) return -1;
  int replaced = 0;
  std::size_t at = 0;
  while ((at = text.units().find(old_part.units(), at)) != std::wstring::npos) {
    text.units().replace(at, old_part.units().size(), new_part.units());
    at += new_part.units().size();
    ++replaced;
  }
  return replaced;
}

int StringTrimLeft(string& text) {
  std::wstring& units = text.units();
  const auto end = std::find_if_not(units.begin(), units.end(), is_space);
  const int trimmed = static_cast<int>(end - units.begin());
  units.erase(units.begin(), end);
  return trimmed;
}

int StringTrimRight(string& text) {
  std::wstring& units = text.units();
  const auto begin = std::find_if_not(units.rbegin(), units.rend(), is_space).base();
  const int trimmed = static_cast<int>(units.end() - begin);
  units.erase(begin, units.end());
  return trimmed;
}

bool StringToLower(string& text) {
  for (wchar_t& unit : text.units()) unit = std::towlower(unit);
  return true;
}

bool StringToUpper(string& text) {
  for (wchar_t& unit : text.units()) unit = std::towupper(unit);
  return true;
}

ushort StringGetCharacter(const string& text, int index) {
  return index >= 0 && index < StringLen(text) ? text.units()[static_cast<std::size_t>(index)] : 0;
}

bool StringSetCharacter(string& text, int index, ushort unit) {
  if (index < 0 || index > StringLen(text)) return false;
  if (index == StringLen(text)) text.units() += L' ';
  text.units()[static_cast<std::size_t>(index)] = unit;
  if (unit == 0) text.units().resize(static_cast<std::size_t>(index));
  return true;
}

int StringCompare(const string& left, const string& right, bool case_sensitive) {
  string a = left, b = right;
  if (!case_sensitive) {
    StringToLower(a);
    StringToLower(b);
  }
  return a < b ? -1 : a > b;
}

bool StringFill(string& text, ushort unit) {
  std::fill(text.units().begin(), text.units().end(), static_cast<wchar_t>(unit));
  return true;
}

string IntegerToString(long_t value, int width, ushort fill) {
  std::wstring digits = std::to_wstring(value);
  if (static_cast<int>(digits.size()) < width) {
    digits.insert(0, static_cast<std::size_t>(width) - digits.size(), static_cast<wchar_t>(fill));
  }
  return digits;
}

string DoubleToString(double value, int digits) {
  wchar_t buffer[512];
  std::swprintf(buffer, 512, digits < 0 ? L"%.*e" : L"%.*f", std::abs(digits), value);
  return buffer;
}

long_t StringToInteger(const string& text) {
  return std::wcstoll(text.units().c_str(), nullptr, 10);
}
double StringToDouble(const string& text) { return std::wcstod(text.units().c_str(), nullptr); }

string ShortToString(ushort unit) { return std::wstring(1, static_cast<wchar_t>(unit)); }

string ShortArrayToString(const Array<ushort>& units, int start, int count) {
  std::wstring text;
  const int end = count < 0 ? units.size() : std::min(units.size(), start + count);
  for (int i = start; i < end && units[i] != 0; ++i) text += static_cast<wchar_t>(units[i]);
  return text;
}

int StringToShortArray(const string& text, Array<ushort>& units, int start, int count) {
  // The final zero goes with the whole text, and not with a part of it.
  const int length = count < 0 ? StringLen(text) + 1 : std::min(count, StringLen(text));
  if (start + length > units.size()) units.resize(start + length);
  for (int i = 0; i < length; ++i) units[start + i] = text.units().c_str()[i];
  return length;
}

string CharArrayToString(const Array<uchar>& bytes, int start, int count, uint codepage) {
  std::string found;
  const int end = count < 0 ? bytes.size() : std::min(bytes.size(), start + count);
  for (int i = start; i < end && bytes[i] != 0; ++i) found += static_cast<char>(bytes[i]);
  return codepage == CP_UTF8 ? text_of(found) : string(std::wstring(found.begin(), found.end()));
}

int StringToCharArray(const string& text, Array<uchar>& bytes, int start, int count,
                      uint codepage) {
  const std::string content =
      codepage == CP_UTF8 ? utf8_of(text) : std::string(text.units().begin(), text.units().end());
  const int whole = static_cast<int>(content.size());
  const int length = count < 0 ? whole + 1 : std::min(count, whole);
  if (start + length > bytes.size()) bytes.resize(start + length);
  for (int i = 0; i < length; ++i) bytes[start + i] = static_cast<uchar>(content.c_str()[i]);
  return length;
}

}  // namespace mql5
