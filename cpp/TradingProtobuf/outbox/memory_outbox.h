#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "outbox/outbox.h"

namespace tpb {

// An outbox in memory: what it holds ends with the process. Batches stand in segments, which are
// used again, so that the steady state allocates nothing. Only the newest segment can be empty.
class MemoryOutbox final : public Outbox {
 public:
  explicit MemoryOutbox(std::size_t capacity_bytes);

  std::int64_t next_sequence() const override { return next_; }
  std::int64_t first_sequence() const override { return first_; }
  std::size_t bytes() const override { return bytes_; }
  std::size_t capacity_bytes() const override { return capacity_; }
  bool Reserve(std::size_t bytes, std::size_t batches) override;
  void Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
              std::span<const std::byte> payload) override;
  std::optional<Batch> Peek(std::int64_t sequence) const override;
  void Release(std::int64_t up_to) override;

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

  const Segment& SegmentOf(std::int64_t sequence) const;
  Segment NewSegment(std::size_t bytes, std::size_t batches);
  void Recycle(Segment segment);

  const std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::int64_t first_ = 1;
  std::int64_t next_ = 1;
  std::deque<Segment> segments_;
  std::vector<Segment> spare_;
};

}  // namespace tpb
