#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tpb {

// The records of a journal's segment, as FORMAT.md tells. Pure: bytes in memory.

enum class RecordKind : std::uint16_t {
  kCheckpoint = 1,
  kPiece = 2,     // of the open batch
  kRepeated = 3,  // of the open batch, brought along from the segment before
  kClosing = 4,   // the batch's last piece
};

struct Record {
  RecordKind kind = RecordKind::kPiece;
  std::uint32_t ticks = 0;           // in the piece
  std::span<const std::byte> bytes;  // content
  std::size_t end = 0;               // where the next record begins
};

// What stands before the last piece in the content of a closing record.
struct Closing {
  std::int64_t sequence = 0;
  std::int64_t accepted_unix_us = 0;
  std::uint32_t ticks = 0;   // of the batch
  std::uint32_t crc32c = 0;  // of its payload
};
static_assert(sizeof(Closing) == 24);

// What a record takes beside its content, at most.
inline constexpr std::size_t kMaxRecordOverhead = 16 + sizeof(Closing) + 7;

// Writes a record at `at`, where there must be room and zeros; returns where the next one begins.
// A process that dies meanwhile leaves no record there.
std::size_t WriteRecord(std::byte* segment, std::size_t at, std::uint32_t seed, RecordKind kind,
                        std::uint32_t ticks, std::span<const std::byte> content);
std::size_t WriteClosing(std::byte* segment, std::size_t at, std::uint32_t seed,
                         std::uint32_t ticks, const Closing& closing,
                         std::span<const std::byte> piece);

enum class Found { kRecord, kEnd, kDamage };
Found ReadRecord(std::span<const std::byte> segment, std::size_t at, std::uint32_t seed,
                 Record& record);

// Of a closing record.
Closing ReadClosing(const Record& record);
std::span<const std::byte> PieceOf(const Record& record);

// Behind damage: the next closing record at or after `at` that is intact, false if there is none.
bool FindClosing(std::span<const std::byte> segment, std::size_t at, std::uint32_t seed,
                 Record& record);

}  // namespace tpb
