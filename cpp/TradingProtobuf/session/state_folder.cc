#include "session/state_folder.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "platform/environment.h"
#include "platform/fnv1a.h"
#include "platform/text_path.h"

namespace tpb {
namespace {

constexpr std::size_t kMaxShownHost = 64;

// Empty where there is none.
std::filesystem::path StateFolder() {
  if (const std::string own = EnvironmentVariable("TPB_STATE_DIR"); !own.empty()) {
    return ToPath(own);
  }
#ifdef _WIN32
  const std::string local = EnvironmentVariable("LOCALAPPDATA");
  return local.empty() ? std::filesystem::path() : ToPath(local) / "tpb";
#else
  const std::string state = EnvironmentVariable("XDG_STATE_HOME");
  if (state.starts_with('/')) return ToPath(state) / "tpb";  // relative ones are invalid, says XDG
  const std::string home = EnvironmentVariable("HOME");
  return home.empty() ? std::filesystem::path() : ToPath(home) / ".local" / "state" / "tpb";
#endif
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return text;
}

std::string Hex(std::uint64_t number) {
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[number >> shift & 15];
  return digits;
}

// Readable, and no two alike for what must not share a journal.
std::string FolderName(const Options& options) {
  Endpoint endpoint = options.endpoint;
  endpoint.host = Lower(endpoint.host);
  // What a person asked for by name cannot hold a line break, which so keeps the parts apart.
  const std::string identity = endpoint.url() + "\n" + options.user_id + "\n" + options.tenant_id;
  std::string host = endpoint.host.substr(0, kMaxShownHost);
  std::ranges::replace(host, ':', '-');  // Windows' files have no colon
  return host + "-" + Hex(Fnv1a(identity));
}

// Below the place for state.
Error Place(const Options& options, int number, std::string_view kind, std::string_view ending,
            std::string& place) {
  const std::filesystem::path state = StateFolder();
  if (state.empty()) {
    return {Code::kBadConfig,
            "The system names no folder for state. Set the environment variable TPB_STATE_DIR to "
            "one, or journal= and market_cache= to places of your own."};
  }
  std::string name = FolderName(options);
  if (number > 1) name += "-" + std::to_string(number);
  const std::u8string text = (state / kind / name.append(ending)).u8string();
  place.assign(text.begin(), text.end());
  return {};
}

}  // namespace

Error AutomaticJournalFolder(const Options& options, int number, std::string& folder) {
  return Place(options, number, "journal", "", folder);
}

Error AutomaticMarketCache(const Options& options, int number, std::string& file) {
  return Place(options, number, "market", ".cache", file);
}

}  // namespace tpb
