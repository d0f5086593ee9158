#include "outbox/state_page.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "platform/crc32c.h"

namespace tpb {
namespace {

constexpr std::size_t kPage = 4096;
// Two slots in sectors of their own, written one after the other: one of them is always whole.
constexpr std::size_t kSlots[] = {0, 2048};
constexpr std::uint32_t kVersion = 1;

struct Slot {
  std::array<char, 8> magic{'t', 'p', 'b', ' ', 's', 't', 'a', '\n'};
  std::uint32_t crc32c = 0;  // of all that follows
  std::uint32_t version = kVersion;
  std::uint64_t generation = 0;
  std::array<char, Ledger::kIdBytes> session_id{};
  std::array<char, Ledger::kIdBytes> continues{};
  std::int64_t handed = 0;
  std::int64_t acknowledged = 0;
  std::array<Ledger::Peer, Ledger::kPeers> peers{};
  std::array<Ledger::Span, Ledger::kSpans> given_up{};
};
static_assert(sizeof(Slot) == 408 && sizeof(Ledger::Peer) == 24 && sizeof(Ledger::Span) == 16);

constexpr std::size_t kChecked = 12;  // offset of what the checksum covers

std::uint32_t Checksum(const Slot& slot) {
  return Crc32c(std::as_bytes(std::span(&slot, 1)).subspan(kChecked));
}

std::optional<Slot> ReadSlot(const std::byte* page, std::size_t offset) {
  Slot slot;
  std::memcpy(&slot, page + offset, sizeof(slot));
  const bool whole = slot.crc32c == Checksum(slot) && slot.version == kVersion;
  return whole ? std::optional(slot) : std::nullopt;
}

}  // namespace

std::error_code StatePage::Open(const std::filesystem::path& path) {
  if (const std::error_code error = file_.Open(path, kPage)) return error;
  std::optional<Slot> newest;
  for (const std::size_t offset : kSlots) {
    const std::optional<Slot> slot = ReadSlot(file_.data(), offset);
    if (slot && (!newest || slot->generation > newest->generation)) newest = slot;
  }
  if (!newest) return {};
  found_ = true;
  generation_ = newest->generation;
  Take({newest->session_id, newest->continues, newest->handed, newest->acknowledged, newest->peers,
        newest->given_up});
  return {};
}

void StatePage::Rebuild(std::string_view session_id, std::int64_t handed,
                        std::int64_t acknowledged) {
  Values values;
  values.session_id = Id(session_id);
  values.handed = handed;
  values.acknowledged = acknowledged;
  Take(values);
}

void StatePage::LimitAcknowledged(std::int64_t sequence) {
  Values limited = values();
  limited.acknowledged = std::min(limited.acknowledged, sequence);
  for (Span& span : limited.given_up) {
    span.last = std::min(span.last, sequence);
    if (span.last < span.first) span = {};
  }
  Take(limited);
}

void StatePage::Changed(const Values& values) {
  Slot slot;
  slot.generation = generation_.load(std::memory_order_relaxed) + 1;
  slot.session_id = values.session_id;
  slot.continues = values.continues;
  slot.handed = values.handed;
  slot.acknowledged = values.acknowledged;
  slot.peers = values.peers;
  slot.given_up = values.given_up;
  slot.crc32c = Checksum(slot);
  for (const std::size_t offset : kSlots) {
    std::memcpy(file_.data() + offset, &slot, sizeof(slot));
    // The first slot is whole before the second one is touched, for who kills us in between.
    std::atomic_signal_fence(std::memory_order_release);
  }
  generation_.store(slot.generation, std::memory_order_release);
}

std::error_code StatePage::Sync() {
  const std::uint64_t generation = generation_.load(std::memory_order_acquire);
  if (generation == synced_) return {};
  if (const std::error_code error = file_.Sync(0, kPage)) return error;
  synced_ = generation;
  return {};
}

}  // namespace tpb
