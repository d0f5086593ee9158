#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "outbox/memory_ledger.h"
#include "outbox/outbox.h"

namespace tpb {

// An outbox in memory: what it holds ends with the process. Batches stand in segments, which are
// used again, so that the steady state allocates nothing. Only the newest segment can hold nothing.
class MemoryOutbox final : public Outbox {
 public:
  explicit MemoryOutbox(std::size_t capacity_bytes);

  std::int64_t next_sequence() const override;
  std::int64_t first_sequence() const override;
  std::size_t bytes() const override;
  std::size_t capacity_bytes() const override { return capacity_; }
  TimePoint oldest_accepted_at() const override;
  Room Reserve(std::size_t bytes, std::size_t batches) override;
  void Stage(std::uint32_t, TimePoint, std::span<const std::byte>) override {}
  void Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
              std::span<const std::byte> payload) override;
  std::int64_t DropOldest(std::size_t bytes, std::int64_t& ticks) override;
  BatchInfo Read(std::int64_t sequence, std::vector<std::byte>& payload) override;
  void Release(std::int64_t up_to) override;
  std::int64_t ticks_journaled() const override { return 0; }
  Ledger& ledger() override { return ledger_; }

 private:
  struct Entry {
    std::size_t offset;
    std::size_t bytes;
    std::uint32_t ticks;
    std::uint32_t crc32c;
    TimePoint accepted_at;
  };
  struct Segment {
    std::int64_t first = 0;  // sequence of entries[0]
    std::vector<Entry> entries;
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
    std::size_t used = 0;

    std::int64_t end() const { return first + static_cast<std::int64_t>(entries.size()); }
  };

  // Under the lock.
  const Segment& SegmentOf(std::int64_t sequence) const;
  const Entry& Oldest() const;
  void ReleaseOldest();
  Segment NewSegment(std::size_t bytes, std::size_t batches);
  void Recycle(Segment segment);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::int64_t first_ = 1;
  std::int64_t next_ = 1;
  std::deque<Segment> segments_;
  std::vector<Segment> spare_;
  MemoryLedger ledger_;
};

}  // namespace tpb
