#include "outbox/memory_ledger.h"

#include <algorithm>

namespace tpb {
namespace {

std::string Text(const std::array<char, Ledger::kIdBytes>& id) {
  return id[0] == '\0' ? std::string() : std::string(id.data(), id.size());
}

}  // namespace

std::array<char, Ledger::kIdBytes> MemoryLedger::Id(std::string_view text) {
  std::array<char, kIdBytes> id{};
  std::copy_n(text.begin(), std::min(text.size(), id.size()), id.begin());
  return id;
}

void MemoryLedger::Take(const Values& values) {
  const std::lock_guard lock(mutex_);
  values_ = values;
  Changed(values_);
}

MemoryLedger::Values MemoryLedger::values() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

std::string MemoryLedger::session_id() const {
  const std::lock_guard lock(mutex_);
  return Text(values_.session_id);
}

std::string MemoryLedger::continues() const {
  const std::lock_guard lock(mutex_);
  return Text(values_.continues);
}

void MemoryLedger::SetSession(std::string_view id, std::string_view continues) {
  const std::lock_guard lock(mutex_);
  values_.session_id = Id(id);
  values_.continues = Id(continues);
  values_.handed = values_.acknowledged;
  values_.peers = {};
  Changed(values_);
}

std::int64_t MemoryLedger::handed() const {
  const std::lock_guard lock(mutex_);
  return values_.handed;
}

void MemoryLedger::SetHanded(std::int64_t sequence) {
  const std::lock_guard lock(mutex_);
  values_.handed = sequence;
  Changed(values_);
}

std::int64_t MemoryLedger::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return values_.acknowledged;
}

void MemoryLedger::SetAcknowledged(std::int64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence <= values_.acknowledged) return;
  values_.acknowledged = sequence;
  Changed(values_);
}

Ledger::Peer MemoryLedger::peer(std::uint64_t key) const {
  const std::lock_guard lock(mutex_);
  for (const Peer& peer : values_.peers) {
    if (peer.key == key) return peer;
  }
  return Peer{.key = key};
}

void MemoryLedger::SetPeer(const Peer& peer) {
  const std::lock_guard lock(mutex_);
  const auto end = values_.peers.end();
  auto place = std::find_if(values_.peers.begin(), end,
                            [&](const Peer& known) { return known.key == peer.key; });
  if (place == end) --place;
  std::move_backward(values_.peers.begin(), place, place + 1);
  values_.peers.front() = peer;
  Changed(values_);
}

std::vector<Ledger::Span> MemoryLedger::given_up() const {
  const std::lock_guard lock(mutex_);
  std::vector<Span> spans(values_.given_up.begin(), values_.given_up.end());
  std::erase_if(spans, [](const Span& span) { return span.first == 0; });
  return spans;
}

void MemoryLedger::GiveUp(Span span) {
  const std::lock_guard lock(mutex_);
  values_.acknowledged = std::max(values_.acknowledged, span.last);
  Span& newest = values_.given_up.back();
  if (newest.first != 0 && span.first <= newest.last + 1) {
    newest = {std::min(newest.first, span.first), std::max(newest.last, span.last)};
  } else {
    std::shift_left(values_.given_up.begin(), values_.given_up.end(), 1);
    newest = span;
  }
  Changed(values_);
}

}  // namespace tpb
