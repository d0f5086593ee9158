#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "outbox/record.h"

namespace tpb {

// Where the batches of one segment stand. Pure: bytes in memory.
class BatchIndex {
 public:
  struct Entry {
    std::int64_t sequence = 0;
    std::int64_t accepted_unix_us = 0;
    std::int64_t ticks_before = 0;  // in the intact batches of the segment before it
    std::int64_t bytes_before = 0;
    std::size_t offset = 0;  // of its first record
    std::size_t bytes = 0;   // of its payload
    std::uint32_t ticks = 0;
    std::uint32_t crc32c = 0;  // of its payload
  };

  // Of the segment that begins with batch `first`.
  void Start(std::uint32_t seed, std::int64_t first);
  // Takes up the batches closed in `segment` behind those known, up to the first damage.
  void Extend(std::span<const std::byte> segment);
  // The same over any damage, which makes holes.
  void ExtendOver(std::span<const std::byte> segment);

  // The first one that has at least that sequence; null if there is none.
  const Entry* AtOrAfter(std::int64_t sequence) const;
  const std::vector<Entry>& entries() const { return entries_; }
  std::int64_t next_sequence() const { return next_; }  // of the batch after the newest
  std::int64_t ticks() const { return ticks_; }
  std::int64_t bytes() const { return bytes_; }
  std::size_t end() const { return batch_at_; }  // behind the newest batch

  // The payload; false where it is not as it was.
  bool Fetch(std::span<const std::byte> segment, const Entry& entry,
             std::vector<std::byte>& payload) const;

 private:
  bool Add(const Record& closing);

  std::uint32_t seed_ = 0;
  std::int64_t next_ = 0;
  std::vector<Entry> entries_;
  std::int64_t ticks_ = 0;
  std::int64_t bytes_ = 0;
  std::size_t batch_at_ = 0;     // behind the newest batch, or the checkpoint
  std::size_t at_ = 0;           // the record to look at next
  std::size_t batch_bytes_ = 0;  // of its pieces up to there
};

}  // namespace tpb
