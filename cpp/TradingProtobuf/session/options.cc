#include "session/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <vector>

namespace tpb {
namespace {

constexpr std::size_t kMaxName = 128;

Error Bad(std::string text) { return {Code::kBadConfig, std::move(text)}; }

Error ParseNumber(std::string_view key, std::string_view value, std::int64_t min, std::int64_t max,
                  std::int64_t& number) {
  const char* const end = value.data() + value.size();
  const auto [rest, failure] = std::from_chars(value.data(), end, number);
  if (failure != std::errc() || rest != end || number < min || number > max) {
    return Bad("The setting " + std::string(key) + " must be a whole number from " +
               std::to_string(min) + " to " + std::to_string(max) + ".");
  }
  return {};
}

Error ParseMilliseconds(std::string_view key, std::string_view value, std::int64_t min,
                        std::int64_t max, milliseconds& duration) {
  std::int64_t number = 0;
  Error error = ParseNumber(key, value, min, max, number);
  if (!error) duration = milliseconds(number);
  return error;
}

Error ParseChoice(std::string_view key, std::string_view value, std::string_view yes,
                  std::string_view no, bool& choice) {
  if (value != yes && value != no) {
    return Bad("The setting " + std::string(key) + " must be " + std::string(yes) + " or " +
               std::string(no) + ".");
  }
  choice = value == yes;
  return {};
}

// Names go into HTTP headers and into every batch.
Error ParseName(std::string_view key, std::string_view value, std::string& name) {
  if (value.empty() || value.size() > kMaxName ||
      !std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Bad("The setting " + std::string(key) +
               " must be 1 to 128 printable ASCII characters without spaces.");
  }
  name = value;
  return {};
}

struct Setting {
  std::string_view key;
  Error (*apply)(std::string_view key, std::string_view value, Options& options);
};

constexpr std::int64_t kMaxOutbox =
    std::min<std::uint64_t>(std::uint64_t{16} << 30, std::numeric_limits<std::ptrdiff_t>::max());

constexpr auto kSettings = std::to_array<Setting>({
    {"endpoint", [](auto, auto value, auto& o) { return ParseEndpoint(value, o.endpoint); }},
    {"token", [](auto, auto value, auto& o) { return ParseToken(value, o.token); }},
    {"token_file",
     [](auto, auto value, auto& o) { return ReadTokenFile(std::string(value), o.token); }},
    {"user_id", [](auto key, auto value, auto& o) { return ParseName(key, value, o.user_id); }},
    {"tenant_id", [](auto key, auto value, auto& o) { return ParseName(key, value, o.tenant_id); }},
    {"ca_file",
     [](auto, auto value, auto& o) {
       o.ca_file = value;
       return Error{};
     }},
    {"allow_plaintext",
     [](auto key, auto value, auto& o) {
       return ParseChoice(key, value, "yes", "no", o.allow_plaintext);
     }},
    {"batch_ticks",
     [](auto key, auto value, auto& o) {
       std::int64_t number = 0;
       Error error = ParseNumber(key, value, 1, 4096, number);
       if (!error) o.batch_ticks = static_cast<int>(number);
       return error;
     }},
    {"flush_ms", [](auto key, auto value,
                    auto& o) { return ParseMilliseconds(key, value, 1, 60000, o.flush); }},
    {"stamp", [](auto key, auto value,
                 auto& o) { return ParseChoice(key, value, "tick", "batch", o.stamp_ticks); }},
    {"outbox_bytes",
     [](auto key, auto value, auto& o) {
       std::int64_t number = 0;
       Error error = ParseNumber(key, value, 65536, kMaxOutbox, number);
       if (!error) o.outbox_bytes = static_cast<std::size_t>(number);
       return error;
     }},
    {"connect_timeout_ms",
     [](auto key, auto value, auto& o) {
       return ParseMilliseconds(key, value, 100, 60000, o.connect_timeout);
     }},
    {"heartbeat_ms",
     [](auto key, auto value, auto& o) {
       return ParseMilliseconds(key, value, 100, 60000, o.heartbeat);
     }},
    {"backoff_min_ms",
     [](auto key, auto value, auto& o) {
       return ParseMilliseconds(key, value, 10, 999, o.backoff_min);
     }},
    {"backoff_max_ms",
     [](auto key, auto value,
        auto& o) { return ParseMilliseconds(key, value, 100, 5000, o.backoff_max); }},
});

// Levenshtein's distance, for naming the key that was meant.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

Error UnknownKey(std::string_view key) {
  // What is echoed may be a secret in the wrong place: no more than a key's length of it.
  const std::string_view shown = key.substr(0, 24);
  const auto nearest =
      std::min_element(kSettings.begin(), kSettings.end(), [&](const Setting& a, const Setting& b) {
        return EditDistance(shown, a.key) < EditDistance(shown, b.key);
      });
  return Bad("There is no setting named '" + std::string(shown) + "'. Did you mean '" +
             std::string(nearest->key) + "'?");
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Error ApplySetting(std::string_view item, std::vector<std::string_view>& seen, Options& options) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    return Bad("Every setting is written key=value, and settings are separated by ';'. One of " +
               std::to_string(item.size()) + " characters has no '='.");
  }
  const std::string_view key = Trim(item.substr(0, equals));
  const auto setting = std::find_if(kSettings.begin(), kSettings.end(),
                                    [&](const Setting& known) { return known.key == key; });
  if (setting == kSettings.end()) return UnknownKey(key);
  if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
    return Bad("The setting " + std::string(key) + " is given twice.");
  }
  seen.push_back(key);
  return setting->apply(key, Trim(item.substr(equals + 1)), options);
}

Error CheckName(std::string_view setting, std::string_view claim, std::string_view in_token,
                std::string& name) {
  if (name.empty()) {
    if (in_token.empty()) {
      return Bad("The token has no claim '" + std::string(claim) +
                 "'. Use a token that has it, or set " + std::string(setting) + "=.");
    }
    return ParseName(setting, in_token, name);
  }
  if (!in_token.empty() && in_token != name) {
    return Bad("The setting " + std::string(setting) + "=" + name + " is not the token's '" +
               std::string(claim) + "'. The gateway would refuse it: leave the setting out.");
  }
  return {};
}

}  // namespace

Error ParseOptions(std::string_view config, Options& options) {
  std::vector<std::string_view> seen;
  while (!config.empty()) {
    const std::size_t end = std::min(config.find(';'), config.size());
    const std::string_view item = Trim(config.substr(0, end));
    config.remove_prefix(std::min(end + 1, config.size()));
    if (item.empty()) continue;
    if (Error error = ApplySetting(item, seen, options)) return error;
  }
  const auto given = [&](std::string_view key) {
    return std::find(seen.begin(), seen.end(), key) != seen.end();
  };
  if (!given("endpoint"))
    return Bad("The setting endpoint is missing: endpoint=wss://host/ws/mt5.");
  if (given("token") == given("token_file")) {
    return Bad("Give exactly one of the settings token and token_file.");
  }
  return CompleteOptions(options);
}

Error CompleteOptions(Options& options) {
  if (!options.endpoint.tls && !options.endpoint.loopback() && !options.allow_plaintext) {
    return Bad("The endpoint " + options.endpoint.url() +
               " would send the token readable over the network. Use wss://, or set "
               "allow_plaintext=yes if you accept that.");
  }
  if (options.backoff_min > options.backoff_max) {
    return Bad("The setting backoff_min_ms is above backoff_max_ms.");
  }
  if (Error error = CheckName("user_id", "sub", options.token.user_id, options.user_id)) {
    return error;
  }
  return CheckName("tenant_id", "tenant_id", options.token.tenant_id, options.tenant_id);
}

}  // namespace tpb
