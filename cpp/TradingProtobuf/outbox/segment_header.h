#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "outbox/ledger.h"

namespace tpb {

// What a journal's segment begins with, as FORMAT.md tells. Pure: bytes in memory.
struct SegmentHeader {
  static constexpr std::size_t kBytes = 104;
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 31;

  std::uint32_t version = kVersion;
  std::uint64_t number = 0;         // as in the file's name; rises from segment to segment
  std::uint64_t file_bytes = 0;     // size of the file
  std::int64_t first_sequence = 1;  // of the first batch closed in it
  std::int64_t ticks_before = 0;    // in all batches closed before it, and their payloads
  std::int64_t bytes_before = 0;
  std::int64_t begun_unix_us = 0;
  std::array<char, Ledger::kIdBytes> session_id{};

  // Not under the checksum: every segment before this one is on the disk.
  bool settled = false;
  // The header's checksum seeds those of its records, so that none of another segment counts.
  std::uint32_t seed = 0;
};

// What `seed` will be.
std::uint32_t SeedOf(const SegmentHeader& header);
// Stores the header, whereby the segment begins: what else stands in it was stored before.
void WriteHeader(std::byte* segment, const SegmentHeader& header);
void MarkSettled(std::byte* segment);

// Nothing where no segment begins.
std::optional<SegmentHeader> ReadHeader(std::span<const std::byte> segment);
// Whether one did begin there, where it cannot be read any more. False of a file that was made
// ahead of need.
bool WasBegun(std::span<const std::byte> segment);

}  // namespace tpb
