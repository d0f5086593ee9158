#include "abi/text.h"

#include <algorithm>

namespace tpb {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

std::size_t Length(const TpbChar* text) {
  std::size_t length = 0;
  while (length <= TPB_MAX_TEXT && text[length] != 0) ++length;
  return length;
}

// Returns the end of what was written; null on a lone surrogate.
char* ToUtf8(const TpbChar* text, std::size_t length, char* out) {
  for (std::size_t i = 0; i < length; ++i) {
    std::uint32_t code = text[i];
    if (IsHighSurrogate(code) && i + 1 < length && IsLowSurrogate(text[i + 1])) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text[++i] - 0xdc00u);
    } else if (IsHighSurrogate(code) || IsLowSurrogate(code)) {
      return nullptr;
    }
    if (code < 0x80) {
      *out++ = static_cast<char>(code);
    } else if (code < 0x800) {
      *out++ = static_cast<char>(0xc0 | code >> 6);
      *out++ = static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      *out++ = static_cast<char>(0xe0 | code >> 12);
      *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
      *out++ = static_cast<char>(0x80 | (code & 0x3f));
    } else {
      *out++ = static_cast<char>(0xf0 | code >> 18);
      *out++ = static_cast<char>(0x80 | (code >> 12 & 0x3f));
      *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
      *out++ = static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  return out;
}

// Takes one code point off the front. What is no UTF-8 becomes U+FFFD, a byte at a time: texts of
// the system and of gateways end up here.
std::uint32_t NextCodePoint(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  const std::size_t more = lead < 0x80   ? 0
                           : lead < 0xc2 ? 9
                           : lead < 0xe0 ? 1
                           : lead < 0xf0 ? 2
                           : lead < 0xf5 ? 3
                                         : 9;
  std::uint32_t code = more == 0 ? lead : lead & (0x3f >> more);
  bool good = more < text.size();
  for (std::size_t i = 1; good && i <= more; ++i) {
    good = (byte(i) & 0xc0) == 0x80;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 4> kLeast = {0, 0x80, 0x800, 0x10000};
  if (!good || code < kLeast[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    text.remove_prefix(1);
    return kReplacement;
  }
  text.remove_prefix(more + 1);
  return code;
}

}  // namespace

TextIn::TextIn(const TpbChar* text) {
  if (text == nullptr) return;
  const std::size_t length = Length(text);
  if (length > TPB_MAX_TEXT) {
    valid_ = false;
    return;
  }
  char* begin = small_.data();
  if (3 * length > small_.size()) {  // a unit takes three bytes at most
    large_.resize(3 * length);
    begin = large_.data();
  }
  const char* const end = ToUtf8(text, length, begin);
  valid_ = end != nullptr;
  if (valid_) view_ = {begin, static_cast<std::size_t>(end - begin)};
}

std::int32_t WriteText(std::string_view text, TpbChar* buffer, std::int32_t capacity) {
  std::int32_t needed = 0;
  std::int32_t written = 0;
  bool cut = false;
  while (!text.empty()) {
    const std::uint32_t code = NextCodePoint(text);
    const std::int32_t units = code < 0x10000 ? 1 : 2;
    needed += units;
    cut = cut || needed >= capacity;
    if (cut) continue;
    if (units == 1) {
      buffer[written++] = static_cast<TpbChar>(code);
    } else {
      buffer[written++] = static_cast<TpbChar>(0xd800 + ((code - 0x10000) >> 10));
      buffer[written++] = static_cast<TpbChar>(0xdc00 + ((code - 0x10000) & 0x3ff));
    }
  }
  if (capacity > 0) buffer[written] = 0;
  return needed + 1;
}

}  // namespace tpb
