#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "outbox/ledger.h"
#include "platform/clock.h"

namespace tpb {

// What the outbox knows of a closed batch besides its payload.
struct BatchInfo {
  std::int64_t sequence = 0;
  std::uint32_t ticks = 0;
  std::uint32_t crc32c = 0;  // of the payload
  TimePoint accepted_at;     // of its first tick
};

// Why there is no room.
enum class Room { kMade, kFull, kDisk };

// Holds batches from their acceptance to their acknowledgement, in order, without a gap. Bytes in,
// bytes out: it knows neither ticks nor gateways.
//
// One producer (Reserve, Stage, Append: the session's callers, under its lock) and one consumer
// (Read, Release: the session's thread, without it); the rest from any thread. Only Read, Release
// and Reserve may touch a disk, and Reserve only where the journal's keeper was outrun.
class Outbox {
 public:
  virtual ~Outbox() = default;

  // Sequence of the next batch; the first one of a session is 1.
  virtual std::int64_t next_sequence() const = 0;
  // Sequence of the oldest batch held; next_sequence() when none is.
  virtual std::int64_t first_sequence() const = 0;
  // Of all payloads held, and the limit.
  virtual std::size_t bytes() const = 0;
  virtual std::size_t capacity_bytes() const = 0;
  // When the oldest batch held was accepted; TimePoint::max() when none is.
  virtual TimePoint oldest_accepted_at() const = 0;

  // Makes sure that so many batches of together so many bytes, what is staged included, can be
  // appended. Of the producer's, only this can throw: std::bad_alloc.
  virtual Room Reserve(std::size_t bytes, std::size_t batches) = 0;

  // Keeps the next piece of the open batch, with so many ticks.
  virtual void Stage(std::uint32_t ticks, TimePoint accepted_at,
                     std::span<const std::byte> piece) = 0;

  // Closes the batch: `payload` is the whole frame, beginning with the pieces that were staged.
  // Its sequence is next_sequence().
  virtual void Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
                      std::span<const std::byte> payload) = 0;

  // Gives up the oldest batches, at least one, until so many bytes have room: the number of batches
  // and, added to `ticks`, of ticks. The producer's.
  virtual std::int64_t DropOldest(std::size_t bytes, std::int64_t& ticks) = 0;

  // Fetches a batch into `payload`. Where it is not held or cannot be read, `info.sequence` is the
  // next one that can, or next_sequence(), and `payload` is empty. Throws std::bad_alloc, and
  // std::system_error where its file cannot be opened now but may be later, as does Release.
  virtual BatchInfo Read(std::int64_t sequence, std::vector<std::byte>& payload) = 0;

  // Gives up every batch up to and with that sequence.
  virtual void Release(std::int64_t up_to) = 0;

  // Ticks accepted of which a power cut takes nothing any more; 0 in memory.
  virtual std::int64_t ticks_journaled() const = 0;

  // What of the session outlives the process, where the outbox does.
  virtual Ledger& ledger() = 0;
};

}  // namespace tpb
