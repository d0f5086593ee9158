#include "transport/printable.h"

namespace tpb::transport {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the UTF-8 character at the start of `text`; 0 = it is broken or a control character.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead == 0xC2 && second < 0xA0) return 0;                                       // C1 controls
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90)) return 0;  // overlong
  if ((lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F)) return 0;  // no character
  return length;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t limit) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const bool space = length == 0 || text[0] == ' ';
    const std::size_t adds = space ? 1 : length;
    if (result.size() + adds > limit) break;
    if (!space) {
      result.append(text.substr(0, length));
    } else if (!result.empty() && result.back() != ' ') {
      result.push_back(' ');
    }
    text.remove_prefix(space ? 1 : length);
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

}  // namespace tpb::transport
