#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/error.h"
#include "platform/clock.h"
#include "quality/rules.h"
#include "session/endpoint.h"
#include "session/token.h"

namespace tpb {

enum class JournalChoice { kNone, kAutomatic, kFolder };
enum class CacheChoice { kNone, kAutomatic, kFile };
enum class WhenFull { kRefuse, kDropOldest };

// How a session behaves; trading_protobuf.h tells each key (TpbOpen) with range and default.
struct Options {
  Endpoint endpoint;
  std::optional<Endpoint> backup_endpoint;
  milliseconds return_after{30000};
  Token token;
  std::string user_id;
  std::string tenant_id;
  std::string ca_file;
  bool allow_plaintext = false;
  int batch_ticks = 5;
  milliseconds flush{100};
  bool stamp_ticks = true;
  JournalChoice journal_choice = JournalChoice::kNone;
  std::string journal;  // the folder, for kFolder
  milliseconds journal_sync{50};
  std::size_t journal_segment_bytes = std::size_t{8} << 20;
  std::size_t outbox_bytes = 0;                 // 0: CompleteOptions sets the default
  std::chrono::seconds outbox_max_age{604800};  // 0 = none
  WhenFull outbox_full = WhenFull::kRefuse;
  quality::Rules quality;
  std::string event_log;  // "" = none
  milliseconds connect_timeout{10000};
  milliseconds heartbeat{3000};
  milliseconds backoff_min{250};
  milliseconds backoff_max{5000};
  bool stream_ticks = true;
  Endpoint market_endpoint;         // without a host: CompleteOptions derives it
  std::size_t market_inbox = 4096;  // messages
  CacheChoice market_cache_choice = CacheChoice::kAutomatic;
  std::string market_cache;         // the file, for kFile
  std::size_t market_history = 64;  // messages of each subscription
  bool indicators = false;
};

// Reads "key=value;key=value". An error names the key and tells what it may be.
Error ParseOptions(std::string_view config, Options& options);

// Reads none, auto or a path, as the setting journal has it.
Error ParseJournal(std::string_view value, Options& options);

// What ParseOptions asks of settings together; fills user_id and tenant_id from the token where
// they are empty, outbox_bytes where it is 0, market_endpoint where it has no host.
Error CompleteOptions(Options& options);

}  // namespace tpb
