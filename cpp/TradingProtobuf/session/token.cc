#include "session/token.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <optional>

#include "platform/text_path.h"

namespace tpb {
namespace {

constexpr std::size_t kMaxToken = 16 * 1024;

Error Bad(std::string reason) {
  return {Code::kBadConfig, "The token cannot be used: " + std::move(reason) +
                                ". Get a new one from the gateway's login (for a local gateway: "
                                "tpb token)."};
}

int Base64UrlValue(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  if (c == '_') return 63;
  return -1;
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string bytes;
  unsigned int buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = Base64UrlValue(c);
    if (value < 0) return std::nullopt;
    buffer = (buffer << 6 | static_cast<unsigned int>(value)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(buffer >> bits & 0xff));
    }
  }
  return bytes;
}

std::string StringClaim(const boost::json::object& claims, std::string_view name) {
  const boost::json::value* const value = claims.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

Error ParseToken(std::string_view text, Token& token) {
  text = Trim(text);
  for (const std::string_view scheme : {"Bearer", "bearer"}) {
    const std::string_view rest = text.substr(std::min(scheme.size(), text.size()));
    if (text.starts_with(scheme) && (rest.empty() || rest[0] == ' ')) text = Trim(rest);
  }
  if (text.empty()) return Bad("it is empty");
  if (text.size() > kMaxToken) return Bad("it is longer than 16 KiB");
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Bad("it holds a space, a control character or a letter outside ASCII");
  }

  token = {std::string(text), {}, {}};
  const std::size_t first_dot = text.find('.');
  const std::size_t second_dot = text.find('.', first_dot + 1);
  if (first_dot == std::string_view::npos || second_dot == std::string_view::npos) return {};
  const std::optional<std::string> payload =
      DecodeBase64Url(text.substr(first_dot + 1, second_dot - first_dot - 1));
  if (!payload) return {};
  boost::system::error_code failure;
  const boost::json::value claims = boost::json::parse(*payload, failure);
  if (failure || !claims.is_object()) return {};
  token.user_id = StringClaim(claims.get_object(), "sub");
  token.tenant_id = StringClaim(claims.get_object(), "tenant_id");
  return {};
}

Error ReadTokenFile(const std::string& path, Token& token) {
  std::ifstream file(ToPath(path), std::ios::binary);
  std::string line(kMaxToken + 64, '\0');
  if (!file.read(line.data(), static_cast<std::streamsize>(line.size())) && file.gcount() == 0) {
    return {Code::kBadConfig, "The token file " + path +
                                  " cannot be read or is empty. Check the path and its rights."};
  }
  line.resize(static_cast<std::size_t>(file.gcount()));
  return ParseToken(std::string_view(line).substr(0, line.find('\n')), token);
}

}  // namespace tpb
