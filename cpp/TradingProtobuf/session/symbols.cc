#include "session/symbols.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace tpb {
namespace {

// version (u32), number of symbols (u32), and of each: length of its name (u8), the name, newest
// sequence (i64), cursor's time_msc (i64) and count (i32). Little-endian.
constexpr std::uint32_t kVersion = 1;

static_assert(std::endian::native == std::endian::little,
              "values are stored as they lie in memory");

template <class T>
void Put(std::vector<std::byte>& out, T value) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

template <class T>
bool Take(std::span<const std::byte>& bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes = bytes.subspan(sizeof(T));
  return true;
}

bool TakeName(std::span<const std::byte>& bytes, std::string_view& name) {
  std::uint8_t length = 0;
  if (!Take(bytes, length) || bytes.size() < length) return false;
  name = {reinterpret_cast<const char*>(bytes.data()), length};
  bytes = bytes.subspan(length);
  return IsSymbolName(name);
}

// Both go on counting from there.
constexpr std::int64_t kMaxSequence = std::int64_t{1} << 62;
constexpr std::int32_t kMaxCount = 1 << 30;

bool IsSound(std::int64_t newest_sequence, const Cursor& cursor) {
  if (newest_sequence == 0) return cursor == Cursor{};
  return newest_sequence > 0 && newest_sequence <= kMaxSequence && cursor.time_msc > 0 &&
         cursor.count > 0 && cursor.count <= kMaxCount;
}

}  // namespace

void Symbols::Write(std::vector<std::byte>& out) const {
  out.reserve(out.size() + MaxBytes(by_name_.size()));
  Put(out, kVersion);
  Put(out, static_cast<std::uint32_t>(by_name_.size()));
  for (const auto& [name, symbol] : by_name_) {
    Put(out, static_cast<std::uint8_t>(name.size()));
    const auto characters = std::as_bytes(std::span(name));
    out.insert(out.end(), characters.begin(), characters.end());
    Put(out, symbol.newest_sequence);
    Put(out, symbol.cursor.time_msc);
    Put(out, symbol.cursor.count);
  }
}

bool Symbols::Read(std::span<const std::byte> checkpoint) {
  std::uint32_t version = 0;
  std::uint32_t count = 0;
  if (!Take(checkpoint, version) || version != kVersion) return false;
  if (!Take(checkpoint, count) || count > kMax) return false;
  ByName read;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string_view name;
    std::int64_t newest_sequence = 0;
    Cursor cursor;
    if (!TakeName(checkpoint, name) || !Take(checkpoint, newest_sequence) ||
        !Take(checkpoint, cursor.time_msc) || !Take(checkpoint, cursor.count) ||
        !IsSound(newest_sequence, cursor)) {
      return false;
    }
    const auto [added, is_new] = read.try_emplace(std::string(name), name, rules_.For(name));
    if (!is_new) return false;
    added->second.newest_sequence = newest_sequence;
    added->second.cursor = cursor;
  }
  if (!checkpoint.empty()) return false;
  by_name_ = std::move(read);
  newest_name_ = {};
  newest_ = nullptr;
  return true;
}

bool Symbols::Replay(std::string_view name, std::int64_t sequence_number, std::int64_t time_msc) {
  if (!IsSymbolName(name) || sequence_number <= 0 || sequence_number > kMaxSequence ||
      time_msc <= 0) {
    return false;
  }
  Symbol* const symbol = Find(name);
  if (symbol == nullptr) return false;
  if (sequence_number > symbol->newest_sequence) {
    symbol->newest_sequence = sequence_number;
    symbol->Took(time_msc);
  }
  return true;
}

}  // namespace tpb
