#pragma once

#include <string>

#include "model/error.h"
#include "session/options.h"

namespace tpb {

// How many sessions of one endpoint, user and tenant find a folder of their own.
inline constexpr int kMaxJournalFolders = 16;

// The folder of journal=auto (trading_protobuf.h, TpbOpen), not made here: below the place for
// state, journal/<host>-<hash>, and with -2, -3, ... behind it for a second session of the same.
// `number` is 1 to kMaxJournalFolders. An error when the system names no place for state.
Error AutomaticJournalFolder(const Options& options, int number, std::string& folder);

// The file of market_cache=auto, likewise: market/<host>-<hash>.cache.
Error AutomaticMarketCache(const Options& options, int number, std::string& file);

}  // namespace tpb
