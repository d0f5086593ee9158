#pragma once

#include <atomic>
#include <filesystem>
#include <system_error>

#include "outbox/memory_ledger.h"
#include "platform/mapped_file.h"

namespace tpb {

// The ledger of a journal: the file `state`, mapped (FORMAT.md). May be used from any thread.
class StatePage final : public MemoryLedger {
 public:
  // Takes up what the file holds; found() tells whether that was anything. Once only.
  std::error_code Open(const std::filesystem::path& path);
  bool found() const { return found_; }

  // In place of a state that is lost or no longer true. Before it is shared.
  void Rebuild(std::string_view session_id, std::int64_t handed, std::int64_t acknowledged);
  // Batches above it are gone: what comes next takes their numbers. Before it is shared.
  void LimitAcknowledged(std::int64_t sequence);

  // Waits until the newest values are on the disk. The keeper's.
  std::error_code Sync();

 private:
  void Changed(const Values& values) override;

  MappedFile file_;
  bool found_ = false;
  std::atomic<std::uint64_t> generation_{0};
  std::uint64_t synced_ = 0;
};

}  // namespace tpb
