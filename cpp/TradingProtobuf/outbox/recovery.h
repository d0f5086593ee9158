#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/error.h"
#include "outbox/batch_index.h"
#include "outbox/segment_header.h"

namespace tpb {

// What a crash, a power cut or a bad disk has taken.
struct JournalDamage {
  bool found = false;
  std::int64_t batches = 0;  // lost for certain; 0 = not known
  // The session's numbers cannot be trusted: batches that a gateway may have are gone, or the
  // ledger is. What is held must go on under a new session id, which continues the ledger's.
  bool must_fork = false;
};

// What an earlier life left in a journal's folder.
struct Recovered {
  std::vector<SegmentHeader> segments;  // readable, by number; the last one is to be written on
  std::vector<std::filesystem::path> useless;  // files of segments that count no more
  std::uint64_t newest_number = 0;             // of all files, the useless ones included
  std::vector<SegmentHeader> unsettled;        // before the last one, perhaps not yet on the disk

  // Of the last segment.
  std::vector<std::byte> checkpoint;
  BatchIndex index;
  std::size_t end = 0;         // behind the newest record
  std::size_t dirty_end = 0;   // behind that there are zeros only
  std::size_t open_ticks = 0;  // in the pieces behind the newest batch
  std::size_t open_bytes = 0;

  JournalDamage damage;
};

std::filesystem::path SegmentPath(const std::filesystem::path& folder, std::uint64_t number);

// Reads the folder and changes nothing. Throws std::bad_alloc.
Error Recover(const std::filesystem::path& folder, Recovered& recovered);

}  // namespace tpb
