#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/tick.h"

namespace tpb::wire {

// Where tenant_id and source stand: on every tick as well as on the batch, or on the batch alone.
enum class Stamp { kTick, kBatch };

// A symbol's share of each of its ticks, encoded once: made when the symbol is first seen, kept,
// and given to every Add.
class SymbolTag {
 public:
  explicit SymbolTag(std::string_view symbol);  // valid UTF-8; the caller has checked

  std::size_t symbol_bytes() const { return symbol_bytes_; }

 private:
  friend class BatchWriter;

  std::string opening_;  // of the tick: its tag, a gap for its length, its symbol; padded
  std::size_t opening_bytes_;
  std::size_t symbol_bytes_;
};

// Builds one serialised MarketDataStream at a time in a buffer that it keeps: the very bytes that
// libprotobuf makes, without its objects. For one thread at a time. Only Add,
// Reserve and Restore can throw, std::bad_alloc, and then nothing has changed.
class BatchWriter {
 public:
  BatchWriter(std::string_view tenant_id, Stamp stamp);  // valid UTF-8; the caller has checked

  // Upper bound of what one Add appends.
  static constexpr std::size_t MaxTickBytes(std::size_t symbol_bytes, std::size_t tenant_bytes) {
    return FieldBytes(kMaxFixedBytes + FieldBytes(symbol_bytes) + FieldBytes(tenant_bytes));
  }
  // Upper bound of what Close and Seal append.
  std::size_t max_close_bytes() const { return max_close_bytes_; }

  // Makes room: no Add allocates while MaxTickBytes of all ticks together are at most so many.
  void Reserve(std::size_t ticks_bytes);

  void Add(const SymbolTag& symbol, const Tick& tick, std::int64_t sequence_number);

  // Takes back what written() once was, or a piece of it, behind what is there already. Can throw
  // as Add can.
  void Restore(std::span<const std::byte> piece, std::size_t ticks);

  std::size_t ticks() const { return ticks_; }
  std::size_t bytes() const { return bytes_; }  // without what Close appends

  // The ticks so far, valid until the next Add, Reserve, Restore or Clear.
  std::span<const std::byte> written() const { return {buffer_.get(), bytes_}; }

  // The whole frame, valid until the next Add, Reserve, Restore or Clear. The batch itself stays as
  // it was: it can take more ticks, and be closed again.
  std::span<const std::byte> Close(std::int64_t batch_sequence,
                                   std::int64_t batch_unix_ms) noexcept;

  // Appends the checksum of what Close has just returned, so that no receiver takes a damaged frame
  // for a whole one; returns the frame with it, `crc32c` being that of the new whole then.
  std::span<const std::byte> Seal(std::span<const std::byte> closed,
                                  std::uint32_t& crc32c) noexcept;

  void Clear() noexcept { ticks_ = bytes_ = 0; }

 private:
  // Of a tick: bid, ask, last, volume_real and spread; volume, time, time_msc, flags and
  // sequence_number; source.
  static constexpr std::size_t kMaxFixedBytes = 5 * (1 + 8) + 5 * (1 + 10) + (1 + 1 + 3);

  // A tag of one byte, a length and so many bytes.
  static constexpr std::size_t FieldBytes(std::size_t content_bytes) {
    std::size_t bytes = 2 + content_bytes;
    for (; content_bytes >= 0x80; content_bytes >>= 7) ++bytes;
    return bytes;
  }

  std::string tick_tenant_;  // the field, padded; none where ticks are not stamped
  std::size_t tick_tenant_bytes_ = 0;
  std::string batch_tenant_;    // the field
  std::size_t max_rest_bytes_;  // of a tick behind its symbol
  std::size_t max_close_bytes_;
  bool stamps_ticks_;

  std::unique_ptr<std::byte[]> buffer_;  // always with room for what Close and Seal append
  std::size_t capacity_ = 0;
  std::size_t bytes_ = 0;
  std::size_t ticks_ = 0;
};

}  // namespace tpb::wire
