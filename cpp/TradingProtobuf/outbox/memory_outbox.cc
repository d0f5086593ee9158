#include "outbox/memory_outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tpb {
namespace {

constexpr std::size_t kSegmentBytes = 256 * 1024;
constexpr std::size_t kSegmentEntries = 1024;
constexpr std::size_t kSpareSegments = 4;

}  // namespace

MemoryOutbox::MemoryOutbox(std::size_t capacity_bytes) : capacity_(capacity_bytes) {
  spare_.reserve(kSpareSegments);
}

bool MemoryOutbox::Reserve(std::size_t bytes, std::size_t batches) {
  if (bytes > capacity_ - bytes_) return false;
  if (!segments_.empty()) {
    Segment& newest = segments_.back();
    const bool entries_fit = newest.entries.capacity() - newest.entries.size() >= batches;
    if (newest.size - newest.used >= bytes && entries_fit) return true;
  }
  Segment segment = NewSegment(bytes, batches);
  if (!segments_.empty() && segments_.back().entries.empty()) segments_.pop_back();
  segments_.push_back(std::move(segment));
  return true;
}

void MemoryOutbox::Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
                          std::span<const std::byte> payload) {
  Segment& segment = segments_.back();
  segment.entries.push_back({segment.used, payload.size(), ticks, crc32c, accepted_at});
  std::memcpy(segment.data.get() + segment.used, payload.data(), payload.size());
  segment.used += payload.size();
  bytes_ += payload.size();
  ++next_;
}

std::optional<Batch> MemoryOutbox::Peek(std::int64_t sequence) const {
  if (sequence < first_ || sequence >= next_) return std::nullopt;
  const Segment& segment = SegmentOf(sequence);
  const Entry& entry = segment.entries[static_cast<std::size_t>(sequence - segment.first)];
  return Batch{sequence,
               entry.ticks,
               entry.crc32c,
               entry.accepted_at,
               {segment.data.get() + entry.offset, entry.bytes}};
}

void MemoryOutbox::Release(std::int64_t up_to) {
  for (; first_ <= up_to && first_ < next_; ++first_) {
    const Segment& segment = segments_.front();
    bytes_ -= segment.entries[static_cast<std::size_t>(first_ - segment.first)].bytes;
    if (first_ + 1 == segment.end()) {
      Recycle(std::move(segments_.front()));
      segments_.pop_front();
    }
  }
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
