#include "outbox/record.h"

#include <atomic>
#include <bit>
#include <cstring>

#include "platform/crc32c.h"

namespace tpb {
namespace {

static_assert(std::endian::native == std::endian::little);

struct Header {
  std::uint32_t crc32c = 0;  // of all that follows, seeded with the segment's
  std::uint32_t length = 0;  // of the content
  std::uint32_t ticks = 0;
  std::uint16_t kind = 0;
  std::uint16_t zero = 0;
};
static_assert(sizeof(Header) == 16 && kMaxRecordOverhead == sizeof(Header) + sizeof(Closing) + 7);

constexpr std::size_t kChecked = 4;  // offset of what the checksum covers

std::size_t RecordBytes(std::size_t content) { return (sizeof(Header) + content + 7) / 8 * 8; }

bool IsPlausible(const Header& header, std::size_t room) {
  const bool kind_known = header.kind >= static_cast<std::uint16_t>(RecordKind::kCheckpoint) &&
                          header.kind <= static_cast<std::uint16_t>(RecordKind::kClosing);
  const bool closing = header.kind == static_cast<std::uint16_t>(RecordKind::kClosing);
  return kind_known && header.zero == 0 && header.length >= (closing ? sizeof(Closing) : 0) &&
         RecordBytes(header.length) <= room;
}

// The content stands behind the header already. The checksum and the length make the record, and
// are stored last and at once: a process can be killed between any two stores, and what it stored
// until then is what the next one finds.
std::size_t Finish(std::byte* segment, std::size_t at, std::uint32_t seed, Header header) {
  std::byte* const begin = segment + at;
  const auto* const bytes = reinterpret_cast<const std::byte*>(&header);
  const std::uint32_t before = Crc32c({bytes + kChecked, sizeof(header) - kChecked}, seed);
  header.crc32c = Crc32c({begin + sizeof(header), header.length}, before);
  std::uint64_t mark;
  std::memcpy(&mark, bytes, sizeof(mark));
  std::memcpy(begin + sizeof(mark), bytes + sizeof(mark), sizeof(header) - sizeof(mark));
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(begin)).store(mark, std::memory_order_release);
  return at + RecordBytes(header.length);
}

}  // namespace

std::size_t WriteRecord(std::byte* segment, std::size_t at, std::uint32_t seed, RecordKind kind,
                        std::uint32_t ticks, std::span<const std::byte> content) {
  if (!content.empty()) {
    std::memcpy(segment + at + sizeof(Header), content.data(), content.size());
  }
  return Finish(
      segment, at, seed,
      {0, static_cast<std::uint32_t>(content.size()), ticks, static_cast<std::uint16_t>(kind), 0});
}

std::size_t WriteClosing(std::byte* segment, std::size_t at, std::uint32_t seed,
                         std::uint32_t ticks, const Closing& closing,
                         std::span<const std::byte> piece) {
  std::byte* const content = segment + at + sizeof(Header);
  std::memcpy(content, &closing, sizeof(closing));
  if (!piece.empty()) std::memcpy(content + sizeof(closing), piece.data(), piece.size());
  return Finish(segment, at, seed,
                {0, static_cast<std::uint32_t>(sizeof(closing) + piece.size()), ticks,
                 static_cast<std::uint16_t>(RecordKind::kClosing), 0});
}

Found ReadRecord(std::span<const std::byte> segment, std::size_t at, std::uint32_t seed,
                 Record& record) {
  if (at > segment.size() || segment.size() - at < sizeof(Header)) return Found::kEnd;
  Header header;
  std::memcpy(&header, segment.data() + at, sizeof(header));
  if (header.crc32c == 0 && header.length == 0) return Found::kEnd;
  if (!IsPlausible(header, segment.size() - at)) return Found::kDamage;
  const std::size_t checked = sizeof(Header) - kChecked + header.length;
  if (Crc32c(segment.subspan(at + kChecked, checked), seed) != header.crc32c) {
    return Found::kDamage;
  }
  record = {static_cast<RecordKind>(header.kind), header.ticks,
            segment.subspan(at + sizeof(Header), header.length), at + RecordBytes(header.length)};
  return Found::kRecord;
}

Closing ReadClosing(const Record& record) {
  Closing closing;
  std::memcpy(&closing, record.bytes.data(), sizeof(closing));
  return closing;
}

std::span<const std::byte> PieceOf(const Record& record) {
  return record.kind == RecordKind::kClosing ? record.bytes.subspan(sizeof(Closing)) : record.bytes;
}

bool FindClosing(std::span<const std::byte> segment, std::size_t at, std::uint32_t seed,
                 Record& record) {
  for (; at + sizeof(Header) <= segment.size(); at += 8) {
    Header header;
    std::memcpy(&header, segment.data() + at, sizeof(header));
    if (header.kind == static_cast<std::uint16_t>(RecordKind::kClosing) &&
        ReadRecord(segment, at, seed, record) == Found::kRecord) {
      return true;
    }
  }
  return false;
}

}  // namespace tpb
