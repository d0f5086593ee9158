#include "outbox/batch_index.h"

#include <algorithm>

#include "outbox/segment_header.h"
#include "platform/crc32c.h"

namespace tpb {

void BatchIndex::Start(std::uint32_t seed, std::int64_t first) {
  seed_ = seed;
  next_ = first;
  entries_.clear();
  ticks_ = bytes_ = 0;
  batch_at_ = at_ = SegmentHeader::kBytes;
  batch_bytes_ = 0;
}

void BatchIndex::Extend(std::span<const std::byte> segment) {
  Record record;
  while (ReadRecord(segment, at_, seed_, record) == Found::kRecord) {
    if (record.kind == RecordKind::kCheckpoint) {
      batch_at_ = record.end;
    } else {
      batch_bytes_ += PieceOf(record).size();
      if (record.kind == RecordKind::kClosing && !Add(record)) return;
    }
    at_ = record.end;
  }
}

void BatchIndex::ExtendOver(std::span<const std::byte> segment) {
  Extend(segment);
  Record closing;
  while (FindClosing(segment, at_, seed_, closing)) {
    batch_at_ = at_ = closing.end;  // its own batch is not whole
    batch_bytes_ = 0;
    next_ = std::max(next_, ReadClosing(closing).sequence + 1);
    Extend(segment);
  }
}

// False when it is not the one that must follow.
bool BatchIndex::Add(const Record& record) {
  const Closing closing = ReadClosing(record);
  if (closing.sequence != next_) return false;
  entries_.push_back({closing.sequence, closing.accepted_unix_us, ticks_, bytes_, batch_at_,
                      batch_bytes_, closing.ticks, closing.crc32c});
  ticks_ += closing.ticks;
  bytes_ += static_cast<std::int64_t>(batch_bytes_);
  batch_at_ = record.end;
  batch_bytes_ = 0;
  ++next_;
  return true;
}

const BatchIndex::Entry* BatchIndex::AtOrAfter(std::int64_t sequence) const {
  const auto found = std::ranges::lower_bound(entries_, sequence, {}, &Entry::sequence);
  return found == entries_.end() ? nullptr : &*found;
}

bool BatchIndex::Fetch(std::span<const std::byte> segment, const Entry& entry,
                       std::vector<std::byte>& payload) const {
  payload.clear();
  Record record;
  for (std::size_t at = entry.offset; record.kind != RecordKind::kClosing; at = record.end) {
    if (ReadRecord(segment, at, seed_, record) != Found::kRecord) return false;
    const std::span<const std::byte> piece = PieceOf(record);
    payload.insert(payload.end(), piece.begin(), piece.end());
  }
  return Crc32c(payload) == entry.crc32c;
}

}  // namespace tpb
