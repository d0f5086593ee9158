// MQL5's string: UTF-16, by value.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "prelude/types.h"

namespace mql5 {

class string {
 public:
  string() = default;
  string(const wchar_t* units) : units_(units) {}
  string(std::wstring units) : units_(std::move(units)) {}
  // (string)value
  explicit string(bool value) : units_(value ? L"true" : L"false") {}
  explicit string(std::integral auto value) : units_(std::to_wstring(value)) {}
  explicit string(double value);

  const std::wstring& units() const { return units_; }
  std::wstring& units() { return units_; }

  string& operator+=(const string& more) {
    units_ += more.units_;
    return *this;
  }
  friend string operator+(string left, const string& right) { return left += right; }
  friend bool operator==(const string& left, const string& right) = default;
  friend auto operator<=>(const string& left, const string& right) = default;

 private:
  std::wstring units_;
};

inline string operator""_s(const wchar_t* units, std::size_t count) {
  return std::wstring(units, count);
}

string text_of(const char* utf8);
string text_of(const std::string& utf8);
std::string utf8_of(const string& text);

}  // namespace mql5
