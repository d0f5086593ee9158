// The config string of TpbOpen, which an EA puts together out of what its user typed.
#include "input.h"
#include "session/options.h"
#include "session/state_folder.h"

namespace tpb::fuzz {
namespace {

bool IsSecure(const Endpoint& endpoint, const Options& options) {
  return endpoint.tls || endpoint.loopback() || options.allow_plaintext;
}

void CheckAccepted(const Options& options) {
  Require(!options.endpoint.host.empty() && options.endpoint.port != 0);
  Require(options.endpoint.target.starts_with('/'));
  Require(IsSecure(options.endpoint, options));
  Require(!options.backup_endpoint || IsSecure(*options.backup_endpoint, options));
  Require(!options.token.text.empty() && !options.user_id.empty() && !options.tenant_id.empty());
  Require(options.batch_ticks >= 1 && options.batch_ticks <= 4096);
  Require(options.flush.count() >= 1 && options.heartbeat.count() >= 100);
  Require(options.backoff_min <= options.backoff_max);
  Require(options.outbox_bytes >= 65536);
  Require(options.journal_choice == JournalChoice::kNone ||
          options.outbox_bytes / 4 >= options.journal_segment_bytes);
  Require((options.journal_choice == JournalChoice::kFolder) == !options.journal.empty());
  for (const auto& [symbol, limit] : options.quality.spread.by_symbol) {
    Require(limit >= 0 && options.quality.spread.For(symbol) == limit);
  }
  std::string folder;
  if (!AutomaticJournalFolder(options, 1, folder)) Require(!folder.empty());
}

}  // namespace
}  // namespace tpb::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tpb;
  const std::string_view config(reinterpret_cast<const char*>(data), size);
  // The file that it names may be a pipe or a device.
  if (config.find("token_file") != std::string_view::npos) return 0;
  Options options;
  if (const Error error = ParseOptions(config, options)) {
    fuzz::Require(error.code == Code::kBadConfig && !error.text.empty());
  } else {
    fuzz::CheckAccepted(options);
  }
  return 0;
}
