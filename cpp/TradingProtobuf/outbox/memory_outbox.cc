#include "outbox/memory_outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tpb {
namespace {

constexpr std::size_t kSegmentBytes = 256 * 1024;
constexpr std::size_t kSegmentEntries = 1024;
constexpr std::size_t kSpareSegments = 4;
constexpr std::size_t kDropShare = 4;

}  // namespace

MemoryOutbox::MemoryOutbox(std::size_t capacity_bytes) : capacity_(capacity_bytes) {
  spare_.reserve(kSpareSegments);
}

std::int64_t MemoryOutbox::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

std::int64_t MemoryOutbox::first_sequence() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

std::size_t MemoryOutbox::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

TimePoint MemoryOutbox::oldest_accepted_at() const {
  const std::lock_guard lock(mutex_);
  return first_ == next_ ? TimePoint::max() : Oldest().accepted_at;
}

Room MemoryOutbox::Reserve(std::size_t bytes, std::size_t batches) {
  const std::lock_guard lock(mutex_);
  if (bytes > capacity_ - bytes_) return Room::kFull;
  if (!segments_.empty()) {
    Segment& newest = segments_.back();
    const bool entries_fit = newest.entries.capacity() - newest.entries.size() >= batches;
    if (newest.size - newest.used >= bytes && entries_fit) return Room::kMade;
  }
  Segment segment = NewSegment(bytes, batches);
  if (!segments_.empty() && (first_ == next_ || segments_.back().entries.empty())) {
    segments_.pop_back();
  }
  segments_.push_back(std::move(segment));
  return Room::kMade;
}

void MemoryOutbox::Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
                          std::span<const std::byte> payload) {
  const std::lock_guard lock(mutex_);
  Segment& segment = segments_.back();
  segment.entries.push_back({segment.used, payload.size(), ticks, crc32c, accepted_at});
  std::memcpy(segment.data.get() + segment.used, payload.data(), payload.size());
  segment.used += payload.size();
  bytes_ += payload.size();
  ++next_;
}

std::int64_t MemoryOutbox::DropOldest(std::size_t bytes, std::int64_t& ticks) {
  const std::lock_guard lock(mutex_);
  // A part of the whole at once: every hole costs the stream a new connection.
  const std::size_t wanted = std::min(capacity_, std::max(bytes, capacity_ / kDropShare));
  const std::int64_t first = first_;
  while (first_ < next_ && (first_ == first || capacity_ - bytes_ < wanted)) {
    ticks += Oldest().ticks;
    ReleaseOldest();
  }
  if (first_ > first) ledger_.GiveUp({first, first_ - 1});
  return first_ - first;
}

BatchInfo MemoryOutbox::Read(std::int64_t sequence, std::vector<std::byte>& payload) {
  const std::lock_guard lock(mutex_);
  if (sequence < first_ || sequence >= next_) {
    payload.clear();
    BatchInfo none;
    none.sequence = sequence < first_ ? first_ : next_;
    return none;
  }
  const Segment& segment = SegmentOf(sequence);
  const Entry& entry = segment.entries[static_cast<std::size_t>(sequence - segment.first)];
  const std::byte* const begin = segment.data.get() + entry.offset;
  payload.assign(begin, begin + entry.bytes);
  return {sequence, entry.ticks, entry.crc32c, entry.accepted_at};
}

void MemoryOutbox::Release(std::int64_t up_to) {
  const std::lock_guard lock(mutex_);
  while (first_ <= up_to && first_ < next_) ReleaseOldest();
  ledger_.SetAcknowledged(first_ - 1);
}

void MemoryOutbox::ReleaseOldest() {
  bytes_ -= Oldest().bytes;
  // The newest segment stays: the producer may have reserved room in it.
  if (++first_ == segments_.front().end() && segments_.size() > 1) {
    Recycle(std::move(segments_.front()));
    segments_.pop_front();
  }
}

const MemoryOutbox::Entry& MemoryOutbox::Oldest() const {
  const Segment& segment = segments_.front();
  return segment.entries[static_cast<std::size_t>(first_ - segment.first)];
}

const MemoryOutbox::Segment& MemoryOutbox::SegmentOf(std::int64_t sequence) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), sequence,
      [](std::int64_t wanted, const Segment& segment) { return wanted < segment.first; });
  return *(after - 1);
}

MemoryOutbox::Segment MemoryOutbox::NewSegment(std::size_t bytes, std::size_t batches) {
  Segment segment;
  if (bytes <= kSegmentBytes && batches <= kSegmentEntries && !spare_.empty()) {
    segment = std::move(spare_.back());
    spare_.pop_back();
  } else {
    segment.size = std::max(bytes, kSegmentBytes);
    segment.data = std::make_unique_for_overwrite<std::byte[]>(segment.size);
    segment.entries.reserve(std::max(batches, kSegmentEntries));
  }
  segment.first = next_;
  return segment;
}

void MemoryOutbox::Recycle(Segment segment) {
  if (segment.size != kSegmentBytes || spare_.size() == kSpareSegments) return;
  segment.entries.clear();
  segment.used = 0;
  spare_.push_back(std::move(segment));
}

}  // namespace tpb
