#include "prelude/format.h"

#include <cwchar>

#include "prelude/critical.h"

namespace mql5 {
namespace {

// One "%..." of a format: what stands between % and its letter, and the letter.
struct Place {
  std::wstring flags;  // flags, width and precision
  bool is_64_bit = false;
  wchar_t letter = 0;
};

Place read_place(const std::wstring& pattern, std::size_t& at) {
  Place place;
  while (at < pattern.size() && std::wcschr(L"-+ #.0123456789", pattern[at])) {
    place.flags += pattern[at++];
  }
  for (const wchar_t* prefix : {L"I64", L"ll", L"l"}) {
    if (pattern.compare(at, std::wcslen(prefix), prefix) == 0) {
      place.is_64_bit = prefix != std::wstring(L"l");
      at += std::wcslen(prefix);
      break;
    }
  }
  if (at < pattern.size()) place.letter = pattern[at++];
  return place;
}

[[noreturn]] void misfit(const string& pattern, const char* why) {
  throw CriticalError("wrong format '" + utf8_of(pattern) + "': " + why);
}

std::wstring placed(const string& pattern, const Place& place, const Value& value) {
  wchar_t buffer[1024];
  const std::wstring start = L"%" + place.flags;
  switch (place.letter) {
    case L'd':
    case L'i':
    case L'u':
    case L'x':
    case L'X':
    case L'c': {
      if (value.kind == Value::Kind::kInt64 && !place.is_64_bit) {
        misfit(pattern, "a value of 64 bits needs %I64d");
      }
      if (value.kind == Value::Kind::kInt32 && place.is_64_bit) {
        misfit(pattern, "a value of 32 bits where 64 are read");
      }
      if (value.kind != Value::Kind::kInt32 && value.kind != Value::Kind::kInt64) {
        misfit(pattern, "no whole number");
      }
      const std::wstring width = place.is_64_bit ? L"I64" : L"";
      std::swprintf(buffer, 1024, (start + width + place.letter).c_str(), value.integer);
      return buffer;
    }
    case L'e':
    case L'E':
    case L'f':
    case L'g':
    case L'G':
      if (value.kind != Value::Kind::kReal) misfit(pattern, "no double");
      std::swprintf(buffer, 1024, (start + place.letter).c_str(), value.real);
      return buffer;
    case L's': {
      if (value.kind != Value::Kind::kText) misfit(pattern, "no string");
      std::wstring text(value.text.units().size() + 300, L'\0');
      const int length = std::swprintf(text.data(), text.size(), (start + L"ls").c_str(),
                                       value.text.units().c_str());
      text.resize(static_cast<std::size_t>(length));
      return text;
    }
    default:
      misfit(pattern, "an unknown letter behind %");
  }
}

}  // namespace

string Value::printed() const {
  switch (kind) {
    case Kind::kInt32:
    case Kind::kInt64:
      return is_bool ? string(integer != 0) : string(integer);
    case Kind::kReal:
      return string(real);
    case Kind::kText:
      return text;
  }
  return {};
}

string joined(Values values) {
  string text;
  for (const Value& value : values) text += value.printed();
  return text;
}

string format(const string& pattern, Values values) {
  const std::wstring& units = pattern.units();
  std::wstring text;
  const Value* next = values.begin();
  for (std::size_t at = 0; at < units.size();) {
    if (units[at] != L'%') {
      text += units[at++];
    } else if (at + 1 < units.size() && units[at + 1] == L'%') {
      text += L'%';
      at += 2;
    } else {
      const Place place = read_place(units, ++at);
      if (next == values.end()) misfit(pattern, "too few values");
      text += placed(pattern, place, *next++);
    }
  }
  if (next != values.end()) misfit(pattern, "too many values");
  return text;
}

}  // namespace mql5
