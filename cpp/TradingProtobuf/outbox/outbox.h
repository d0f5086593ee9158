#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "platform/clock.h"

namespace tpb {

// A closed batch as the outbox keeps it.
struct Batch {
  std::int64_t sequence = 0;
  std::uint32_t ticks = 0;
  std::uint32_t crc32c = 0;            // of the payload
  TimePoint accepted_at;               // of its first tick
  std::span<const std::byte> payload;  // the frame
};

// Holds batches from their acceptance to their acknowledgement, in order, without a gap. Bytes in,
// bytes out: it knows neither ticks nor gateways. Not thread safe: the session's lock guards it.
class Outbox {
 public:
  virtual ~Outbox() = default;

  // Sequence of the next batch; the first one is 1.
  virtual std::int64_t next_sequence() const = 0;
  // Sequence of the oldest batch held; next_sequence() when none is.
  virtual std::int64_t first_sequence() const = 0;
  // Of all payloads held, and the limit.
  virtual std::size_t bytes() const = 0;
  virtual std::size_t capacity_bytes() const = 0;

  // Makes sure that so many batches of together so many bytes can be appended. False when they do
  // not fit within the capacity. Only this can throw: std::bad_alloc.
  virtual bool Reserve(std::size_t bytes, std::size_t batches) = 0;

  // Takes a batch in, for which room was reserved; its sequence is next_sequence().
  virtual void Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
                      std::span<const std::byte> payload) = 0;

  // The batch with that sequence; nothing when it is not held. The payload is valid until the
  // batch is released.
  virtual std::optional<Batch> Peek(std::int64_t sequence) const = 0;

  // Gives up every batch up to and with that sequence.
  virtual void Release(std::int64_t up_to) = 0;
};

}  // namespace tpb
