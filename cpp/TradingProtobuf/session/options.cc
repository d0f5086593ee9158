#include "session/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "session/symbols.h"

namespace tpb {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr double kMaxBasisPoints = 1'000'000;
constexpr std::size_t kLeastSegments = 4;
constexpr std::uint64_t kMemoryOutbox = std::uint64_t{64} << 20;
constexpr std::uint64_t kJournalOutbox = std::uint64_t{4} << 30;

Error Bad(std::string text) { return {Code::kBadConfig, std::move(text)}; }

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

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

template <class Period>
Error ParseDuration(std::string_view key, std::string_view value, std::int64_t min,
                    std::int64_t max, std::chrono::duration<std::int64_t, Period>& duration) {
  std::int64_t number = 0;
  Error error = ParseNumber(key, value, min, max, number);
  if (!error) duration = std::chrono::duration<std::int64_t, Period>(number);
  return error;
}

Error ParseCount(std::string_view key, std::string_view value, std::int64_t min, std::int64_t max,
                 std::size_t& count) {
  std::int64_t number = 0;
  Error error = ParseNumber(key, value, min, max, number);
  if (!error) count = static_cast<std::size_t>(number);
  return error;
}

template <class T>
struct Choice {
  std::string_view name;
  T value;
};

template <class T, std::size_t kCount>
Error ParseChoice(std::string_view key, std::string_view value,
                  const Choice<std::type_identity_t<T>> (&choices)[kCount], T& chosen) {
  std::string names;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (value == choices[i].name) {
      chosen = choices[i].value;
      return {};
    }
    names += (i == 0 ? "" : i + 1 == kCount ? " or " : ", ") + std::string(choices[i].name);
  }
  return Bad("The setting " + std::string(key) + " must be " + names + ".");
}

Error ParsePath(std::string_view key, std::string_view value, std::string& path) {
  if (value.empty() || value.find('\0') != std::string_view::npos) {
    return Bad("The setting " + std::string(key) + " must be a path.");
  }
  path = value;
  return {};
}

bool ParseBasisPoints(std::string_view text, double& basis_points) {
  const char* const end = text.data() + text.size();
  const auto [rest, failure] =
      std::from_chars(text.data(), end, basis_points, std::chars_format::fixed);
  return failure == std::errc() && rest == end && basis_points >= 0 &&
         basis_points <= kMaxBasisPoints;
}

// "500" or "500,XAUUSD:100,...".
Error ParseLimits(std::string_view key, std::string_view value, quality::BasisPoints& limits) {
  Error bad = Bad("The setting " + std::string(key) +
                  " must be a number of basis points from 0 to 1000000, and after it others "
                  "by symbol: " +
                  std::string(key) + "=500,XAUUSD:100,BTCUSD:900.");
  std::size_t comma = std::min(value.find(','), value.size());
  if (!ParseBasisPoints(value.substr(0, comma), limits.standard)) return bad;
  while (comma < value.size()) {
    value.remove_prefix(comma + 1);
    comma = std::min(value.find(','), value.size());
    const std::string_view item = Trim(value.substr(0, comma));
    // A symbol's own name can hold a colon, a number cannot.
    const std::size_t colon = item.rfind(':');
    if (colon == std::string_view::npos || !IsSymbolName(item.substr(0, colon))) return bad;
    double own = 0;
    if (!ParseBasisPoints(item.substr(colon + 1), own)) return bad;
    const auto given = std::ranges::find(limits.by_symbol, item.substr(0, colon),
                                         &std::pair<std::string, double>::first);
    if (given != limits.by_symbol.end()) return bad;
    limits.by_symbol.emplace_back(item.substr(0, colon), own);
  }
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

Error ParseCache(std::string_view key, std::string_view value, Options& options) {
  options.market_cache_choice = value == "none"   ? CacheChoice::kNone
                                : value == "auto" ? CacheChoice::kAutomatic
                                                  : CacheChoice::kFile;
  if (options.market_cache_choice != CacheChoice::kFile) return {};
  return ParsePath(key, value, options.market_cache);
}

Error ParseYesNo(std::string_view key, std::string_view value, bool& chosen) {
  return ParseChoice(key, value, {{"yes", true}, {"no", false}}, chosen);
}

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
       return ParseYesNo(key, value, o.allow_plaintext);
     }},
    {"batch_ticks",
     [](auto key, auto value, auto& o) {
       std::int64_t number = 0;
       Error error = ParseNumber(key, value, 1, 4096, number);
       if (!error) o.batch_ticks = static_cast<int>(number);
       return error;
     }},
    {"flush_ms",
     [](auto key, auto value, auto& o) { return ParseDuration(key, value, 1, 60000, o.flush); }},
    {"stamp",
     [](auto key, auto value, auto& o) {
       return ParseChoice(key, value, {{"tick", true}, {"batch", false}}, o.stamp_ticks);
     }},
    {"journal", [](auto, auto value, auto& o) { return ParseJournal(value, o); }},
    {"journal_sync_ms", [](auto key, auto value,
                           auto& o) { return ParseDuration(key, value, 1, 60000, o.journal_sync); }},
    {"journal_segment_bytes",
     [](auto key, auto value, auto& o) {
       return ParseCount(key, value, 65536, 1073741824, o.journal_segment_bytes);
     }},
    {"outbox_bytes",
     [](auto key, auto value, auto& o) {
       return ParseCount(key, value, 65536, kMaxOutbox, o.outbox_bytes);
     }},
    {"outbox_max_age_s",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 0, 31536000, o.outbox_max_age);
     }},
    {"outbox_full",
     [](auto key, auto value, auto& o) {
       return ParseChoice(
           key, value, {{"refuse", WhenFull::kRefuse}, {"drop_oldest", WhenFull::kDropOldest}},
           o.outbox_full);
     }},
    {"backup_endpoint",
     [](auto, auto value, auto& o) { return ParseEndpoint(value, o.backup_endpoint.emplace()); }},
    {"return_after_ms",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 100, 3600000, o.return_after);
     }},
    {"quality",
     [](auto key, auto value, auto& o) {
       using quality::Policy;
       return ParseChoice(
           key, value,
           {{"off", Policy::kOff}, {"flag", Policy::kFlag}, {"refuse", Policy::kRefuse}},
           o.quality.policy);
     }},
    {"max_spread_bp",
     [](auto key, auto value, auto& o) { return ParseLimits(key, value, o.quality.spread); }},
    {"max_jump_bp",
     [](auto key, auto value, auto& o) { return ParseLimits(key, value, o.quality.jump); }},
    {"max_future_ms",
     [](auto key, auto value, auto& o) {
       return ParseNumber(key, value, 0, 604800000, o.quality.max_future_ms);
     }},
    {"max_backward_ms",
     [](auto key, auto value, auto& o) {
       return ParseNumber(key, value, 0, 604800000, o.quality.max_backward_ms);
     }},
    {"event_log", [](auto key, auto value, auto& o) { return ParsePath(key, value, o.event_log); }},
    {"connect_timeout_ms",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 100, 60000, o.connect_timeout);
     }},
    {"heartbeat_ms",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 100, 60000, o.heartbeat);
     }},
    {"backoff_min_ms",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 10, 999, o.backoff_min);
     }},
    {"backoff_max_ms",
     [](auto key, auto value, auto& o) {
       return ParseDuration(key, value, 100, 5000, o.backoff_max);
     }},
    {"stream_ticks",
     [](auto key, auto value, auto& o) { return ParseYesNo(key, value, o.stream_ticks); }},
    {"market_endpoint",
     [](auto, auto value, auto& o) {
       return ParseEndpoint(value, o.market_endpoint, kMarketTarget);
     }},
    {"market_inbox", [](auto key, auto value,
                        auto& o) { return ParseCount(key, value, 1, 65536, o.market_inbox); }},
    {"market_cache", [](auto key, auto value, auto& o) { return ParseCache(key, value, o); }},
    {"market_history", [](auto key, auto value,
                          auto& o) { return ParseCount(key, value, 0, 4096, o.market_history); }},
    {"indicators",
     [](auto key, auto value, auto& o) { return ParseYesNo(key, value, o.indicators); }},
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

Error CheckPlaintext(const Endpoint& endpoint, bool allowed) {
  if (endpoint.tls || endpoint.loopback() || allowed) return {};
  return Bad("The endpoint " + endpoint.url() +
             " would send the token readable over the network. Use wss://, or set "
             "allow_plaintext=yes if you accept that.");
}

Error CompleteOutbox(Options& options) {
  const bool journal = options.journal_choice != JournalChoice::kNone;
  if (options.outbox_bytes == 0) {
    options.outbox_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(
        journal ? kJournalOutbox : kMemoryOutbox, std::uint64_t{kMaxOutbox}));
  }
  if (journal && options.outbox_bytes / kLeastSegments < options.journal_segment_bytes) {
    return Bad(
        "The setting outbox_bytes must be at least four times journal_segment_bytes, which "
        "is " +
        std::to_string(options.journal_segment_bytes) + ".");
  }
  return {};
}

}  // namespace

Error ParseJournal(std::string_view value, Options& options) {
  options.journal_choice = value == "none"   ? JournalChoice::kNone
                           : value == "auto" ? JournalChoice::kAutomatic
                                             : JournalChoice::kFolder;
  if (options.journal_choice != JournalChoice::kFolder) return {};
  return ParsePath("journal", value, options.journal);
}

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
  if (Error error = CheckPlaintext(options.endpoint, options.allow_plaintext)) return error;
  if (options.backup_endpoint) {
    if (Error error = CheckPlaintext(*options.backup_endpoint, options.allow_plaintext)) {
      return error;
    }
    if (*options.backup_endpoint == options.endpoint) {
      return Bad("The settings endpoint and backup_endpoint are the same address.");
    }
  }
  if (options.market_endpoint.host.empty()) {
    options.market_endpoint = MarketEndpointOf(options.endpoint);
  }
  if (Error error = CheckPlaintext(options.market_endpoint, options.allow_plaintext)) {
    return error;
  }
  if (options.backoff_min > options.backoff_max) {
    return Bad("The setting backoff_min_ms is above backoff_max_ms.");
  }
  if (Error error = CompleteOutbox(options)) return error;
  if (Error error = CheckName("user_id", "sub", options.token.user_id, options.user_id)) {
    return error;
  }
  return CheckName("tenant_id", "tenant_id", options.token.tenant_id, options.tenant_id);
}

}  // namespace tpb
