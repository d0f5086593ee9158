#include "wire/batch_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "platform/crc32c.h"

namespace tpb::wire {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are stored as they lie in memory");

// Field numbers and wire types as the schema has them: tag = number << 3 | wire type.
enum WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2 };

constexpr std::byte Tag(int number, WireType type) {
  return static_cast<std::byte>(number << 3 | type);
}

namespace tick_tag {
constexpr std::byte kSymbol = Tag(1, kBytes);
constexpr std::byte kBid = Tag(2, kFixed64);
constexpr std::byte kAsk = Tag(3, kFixed64);
constexpr std::byte kLast = Tag(4, kFixed64);
constexpr std::byte kVolume = Tag(5, kVarint);
constexpr std::byte kTime = Tag(6, kVarint);
constexpr std::byte kTimeMsc = Tag(7, kVarint);
constexpr std::byte kFlags = Tag(8, kVarint);
constexpr std::byte kVolumeReal = Tag(9, kFixed64);
constexpr std::byte kTenantId = Tag(10, kBytes);
constexpr std::byte kSequenceNumber = Tag(11, kVarint);
constexpr std::byte kSource = Tag(12, kBytes);
constexpr std::byte kSpread = Tag(13, kFixed64);
}  // namespace tick_tag

namespace stream_tag {
constexpr std::byte kTicks = Tag(1, kBytes);
constexpr std::byte kSource = Tag(4, kBytes);
constexpr std::byte kBatchSequence = Tag(5, kVarint);
constexpr std::byte kBatchTime = Tag(6, kVarint);
constexpr std::byte kBatchTimeMsc = Tag(7, kVarint);
constexpr std::byte kTenantId = Tag(8, kBytes);
// frame_crc32c: 100 << 3 | 5 (fixed32), as a varint of two bytes.
constexpr std::array kFrameCrc32c{std::byte{0xa5}, std::byte{0x06}};
constexpr std::size_t kSealBytes = kFrameCrc32c.size() + sizeof(std::uint32_t);
}  // namespace stream_tag

// Short pieces are copied as kPadding bytes, two vector moves instead of a call; so what is copied
// from is padded, and the buffer has as much behind its end.
constexpr std::size_t kPadding = 32;

// Behind capacity_: the padding, and the few bytes by which the lengths of a very long symbol and
// of its tick exceed the two that max_rest_bytes_ counts.
constexpr std::size_t kMargin = kPadding + 2 * 9;

constexpr std::size_t kFirstCapacity = 4096;

std::byte* PutVarint(std::byte* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::byte>(value | 0x80);
  *out++ = static_cast<std::byte>(value);
  return out;
}

// proto3 leaves out a field whose value is zero.
inline std::byte* PutInteger(std::byte* out, std::byte tag, std::uint64_t value) {
  if (value == 0) return out;
  *out++ = tag;
  if (value < 0x80) {
    *out = static_cast<std::byte>(value);
    return out + 1;
  }
  if (value >> 56 != 0) return PutVarint(out, value);
  // Groups of 7 bits are spread over bytes, all at once in three steps.
  std::uint64_t x = value;
  x = (x & 0x000000000fffffff) | (x & 0x00fffffff0000000) << 4;
  x = (x & 0x00003fff00003fff) | (x & 0x0fffc0000fffc000) << 2;
  x = (x & 0x007f007f007f007f) | (x & 0x3f803f803f803f80) << 1;
  // Index of the last byte: (bits - 1) / 7, by a product that is right for 56 bits. In the bytes
  // before it the highest bit says that more follow.
  const int last = (63 - std::countl_zero(value)) * 37 >> 8;
  x |= 0x0080808080808080 >> (56 - 8 * last);
  std::memcpy(out, &x, sizeof(x));
  return out + last + 1;
}

// -0.0 is not zero: the bits count.
inline std::byte* PutDouble(std::byte* out, std::byte tag, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits == 0) return out;
  *out = tag;
  std::memcpy(out + 1, &bits, sizeof(bits));
  return out + 1 + sizeof(bits);
}

inline std::byte* PutPadded(std::byte* out, const std::string& padded, std::size_t bytes) {
  std::memcpy(out, padded.data(), kPadding);
  if (bytes > kPadding) std::memcpy(out + kPadding, padded.data() + kPadding, bytes - kPadding);
  return out + bytes;
}

// The field `source`, always "MT5"; three more bytes make it one store.
constexpr std::size_t kSourceBytes = 5;

inline std::byte* PutSource(std::byte* out, std::byte tag) {
  const std::array<std::byte, 8> field = {tag, std::byte{3}, std::byte{'M'}, std::byte{'T'},
                                          std::byte{'5'}};
  std::memcpy(out, field.data(), field.size());
  return out + kSourceBytes;
}

std::string TextField(std::byte tag, std::string_view text) {
  if (text.empty()) return {};
  std::byte head[1 + 10];
  head[0] = tag;
  const auto* end = PutVarint(head + 1, text.size());
  std::string field(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  return field.append(text);
}

std::string Padded(std::string text) {
  text.resize(std::max(text.size(), kPadding));
  return text;
}

// Moves the tick up where its length needs more than the one byte left for it.
std::byte* WidenLength(std::byte* content, std::byte* end) {
  const auto content_bytes = static_cast<std::size_t>(end - content);
  std::byte length[10];
  const auto length_bytes = static_cast<std::size_t>(PutVarint(length, content_bytes) - length);
  std::memmove(content - 1 + length_bytes, content, content_bytes);
  std::memcpy(content - 1, length, length_bytes);
  return end + length_bytes - 1;
}

std::uint64_t FloorSeconds(std::int64_t ms) {
  return static_cast<std::uint64_t>(ms / 1000 - (ms % 1000 < 0));
}

}  // namespace

SymbolTag::SymbolTag(std::string_view symbol) : symbol_bytes_(symbol.size()) {
  opening_ = {static_cast<char>(stream_tag::kTicks), '\0'};
  opening_ += TextField(tick_tag::kSymbol, symbol);
  opening_bytes_ = opening_.size();
  opening_ = Padded(std::move(opening_));
}

BatchWriter::BatchWriter(std::string_view tenant_id, Stamp stamp)
    : batch_tenant_(TextField(stream_tag::kTenantId, tenant_id)),
      max_rest_bytes_(MaxTickBytes(0, tenant_id.size())),
      max_close_bytes_(kSourceBytes + 3 * (1 + 10) + batch_tenant_.size() + stream_tag::kSealBytes),
      stamps_ticks_(stamp == Stamp::kTick) {
  if (stamps_ticks_) tick_tenant_ = TextField(tick_tag::kTenantId, tenant_id);
  tick_tenant_bytes_ = tick_tenant_.size();
  tick_tenant_ = Padded(std::move(tick_tenant_));
  Reserve(kFirstCapacity);
}

void BatchWriter::Reserve(std::size_t ticks_bytes) {
  if (ticks_bytes <= capacity_) return;
  auto larger =
      std::make_unique_for_overwrite<std::byte[]>(ticks_bytes + max_close_bytes_ + kMargin);
  if (bytes_ != 0) std::memcpy(larger.get(), buffer_.get(), bytes_);
  buffer_ = std::move(larger);
  capacity_ = ticks_bytes;
}

void BatchWriter::Add(const SymbolTag& symbol, const Tick& tick, std::int64_t sequence_number) {
  const std::size_t bytes_after = bytes_ + max_rest_bytes_ + symbol.symbol_bytes_;
  if (bytes_after > capacity_) Reserve(std::max(bytes_after, 2 * capacity_));

  std::byte* const start = buffer_.get() + bytes_;
  std::byte* const content = start + 2;
  std::byte* out = PutPadded(start, symbol.opening_, symbol.opening_bytes_);
  out = PutDouble(out, tick_tag::kBid, tick.bid);
  out = PutDouble(out, tick_tag::kAsk, tick.ask);
  out = PutDouble(out, tick_tag::kLast, tick.last);
  out = PutInteger(out, tick_tag::kVolume, tick.volume);
  out = PutInteger(out, tick_tag::kTime, static_cast<std::uint64_t>(tick.time));
  out = PutInteger(out, tick_tag::kTimeMsc, static_cast<std::uint64_t>(tick.time_msc));
  // An int32 is sign-extended to 64 bits on the wire.
  out = PutInteger(out, tick_tag::kFlags,
                   static_cast<std::uint64_t>(static_cast<std::int32_t>(tick.flags)));
  out = PutDouble(out, tick_tag::kVolumeReal, tick.volume_real);
  out = PutPadded(out, tick_tenant_, tick_tenant_bytes_);
  out = PutInteger(out, tick_tag::kSequenceNumber, static_cast<std::uint64_t>(sequence_number));
  if (stamps_ticks_) out = PutSource(out, tick_tag::kSource);
  out = PutDouble(out, tick_tag::kSpread, tick.ask - tick.bid);

  const auto content_bytes = out - content;
  if (content_bytes < 0x80) {
    content[-1] = static_cast<std::byte>(content_bytes);
  } else {
    out = WidenLength(content, out);
  }
  bytes_ = static_cast<std::size_t>(out - buffer_.get());
  ++ticks_;
}

void BatchWriter::Restore(std::span<const std::byte> piece, std::size_t ticks) {
  const std::size_t bytes_after = bytes_ + piece.size();
  if (bytes_after > capacity_) Reserve(std::max(bytes_after, 2 * capacity_));
  if (!piece.empty()) std::memcpy(buffer_.get() + bytes_, piece.data(), piece.size());
  bytes_ = bytes_after;
  ticks_ += ticks;
}

std::span<const std::byte> BatchWriter::Close(std::int64_t batch_sequence,
                                              std::int64_t batch_unix_ms) noexcept {
  std::byte* out = PutSource(buffer_.get() + bytes_, stream_tag::kSource);
  out = PutInteger(out, stream_tag::kBatchSequence, static_cast<std::uint64_t>(batch_sequence));
  out = PutInteger(out, stream_tag::kBatchTime, FloorSeconds(batch_unix_ms));
  out = PutInteger(out, stream_tag::kBatchTimeMsc, static_cast<std::uint64_t>(batch_unix_ms));
  std::memcpy(out, batch_tenant_.data(), batch_tenant_.size());
  out += batch_tenant_.size();
  return {buffer_.get(), out};
}

std::span<const std::byte> BatchWriter::Seal(std::span<const std::byte> closed,
                                             std::uint32_t& crc32c) noexcept {
  crc32c = Crc32c(closed);
  std::byte* const seal = buffer_.get() + closed.size();
  std::memcpy(seal, stream_tag::kFrameCrc32c.data(), stream_tag::kFrameCrc32c.size());
  std::memcpy(seal + stream_tag::kFrameCrc32c.size(), &crc32c, sizeof crc32c);
  crc32c = Crc32c({seal, stream_tag::kSealBytes}, crc32c);
  return {buffer_.get(), closed.size() + stream_tag::kSealBytes};
}

}  // namespace tpb::wire
