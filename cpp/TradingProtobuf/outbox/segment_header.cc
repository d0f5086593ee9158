#include "outbox/segment_header.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "platform/crc32c.h"

namespace tpb {
namespace {

struct Layout {
  std::array<char, 8> magic{'t', 'p', 'b', ' ', 's', 'e', 'g', '\n'};
  std::uint32_t crc32c = 0;  // of all that follows `settled`
  std::uint32_t settled = 0;
  std::uint32_t version = 0;
  std::uint32_t zero = 0;
  std::uint64_t number = 0;
  std::uint64_t file_bytes = 0;
  std::int64_t first_sequence = 0;
  std::int64_t ticks_before = 0;
  std::int64_t bytes_before = 0;
  std::int64_t begun_unix_us = 0;
  std::array<char, Ledger::kIdBytes> session_id{};
};
static_assert(sizeof(Layout) == SegmentHeader::kBytes);

constexpr std::size_t kMark = 8;      // offset of crc32c and settled
constexpr std::size_t kChecked = 16;  // offset of what the checksum covers

std::uint32_t Checksum(const Layout& layout) {
  return Crc32c(std::as_bytes(std::span(&layout, 1)).subspan(kChecked));
}

Layout ToLayout(const SegmentHeader& header) {
  Layout layout;
  layout.settled = header.settled ? 1 : 0;
  layout.version = header.version;
  layout.number = header.number;
  layout.file_bytes = header.file_bytes;
  layout.first_sequence = header.first_sequence;
  layout.ticks_before = header.ticks_before;
  layout.bytes_before = header.bytes_before;
  layout.begun_unix_us = header.begun_unix_us;
  layout.session_id = header.session_id;
  layout.crc32c = Checksum(layout);
  return layout;
}

}  // namespace

std::uint32_t SeedOf(const SegmentHeader& header) { return ToLayout(header).crc32c; }

void WriteHeader(std::byte* segment, const SegmentHeader& header) {
  const Layout layout = ToLayout(header);
  const auto* const bytes = reinterpret_cast<const std::byte*>(&layout);
  std::memcpy(segment, bytes, kMark);
  std::memcpy(segment + kChecked, bytes + kChecked, sizeof(layout) - kChecked);
  std::uint64_t mark;
  std::memcpy(&mark, bytes + kMark, sizeof(mark));
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(segment + kMark))
      .store(mark, std::memory_order_release);
}

void MarkSettled(std::byte* segment) {
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(segment + kMark + 4))
      .store(1, std::memory_order_relaxed);
}

std::optional<SegmentHeader> ReadHeader(std::span<const std::byte> segment) {
  Layout layout;
  if (segment.size() < sizeof(layout)) return std::nullopt;
  std::memcpy(&layout, segment.data(), sizeof(layout));
  // The magic is for people and file(1): the checksum tells more.
  if (layout.crc32c != Checksum(layout) || layout.file_bytes < sizeof(layout) ||
      layout.file_bytes > SegmentHeader::kMaxFileBytes) {
    return std::nullopt;
  }
  SegmentHeader header;
  header.version = layout.version;
  header.number = layout.number;
  header.file_bytes = layout.file_bytes;
  header.first_sequence = layout.first_sequence;
  header.ticks_before = layout.ticks_before;
  header.bytes_before = layout.bytes_before;
  header.begun_unix_us = layout.begun_unix_us;
  header.session_id = layout.session_id;
  header.settled = layout.settled == 1;
  header.seed = layout.crc32c;
  return header;
}

bool WasBegun(std::span<const std::byte> segment) {
  const auto is_set = [](std::byte byte) { return byte != std::byte{0}; };
  // In one that is only being begun, the checksum and `settled` are zeros yet.
  const std::span<const std::byte> telling =
      segment.size() < SegmentHeader::kBytes ? segment : segment.subspan(kMark, kChecked - kMark);
  return std::any_of(telling.begin(), telling.end(), is_set);
}

}  // namespace tpb
