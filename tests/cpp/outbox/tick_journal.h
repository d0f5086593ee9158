#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "outbox/journal.h"
#include "platform/crc32c.h"
#include "set_clock.h"

namespace tpb {

// A journal under a stream whose content is known from its numbers alone: tick N is the text "N;",
// a batch of them ends with "#" and its sequence. Its checkpoint is the number of its newest tick.
// So whatever a journal gives back can be held against what must have been put into it.
class TickJournal final : public Checkpointer {
 public:
  explicit TickJournal(std::string folder, std::size_t segment_bytes = 4096,
                       std::size_t capacity_bytes = std::size_t{1} << 30) {
    options_ = {.folder = std::move(folder),
                .capacity_bytes = capacity_bytes,
                .segment_bytes = segment_bytes,
                .sync = milliseconds(20)};
  }

  // False where it cannot be opened; error() tells.
  bool Open() {
    journal_.reset();
    error_ = Journal::Open(options_, clock, *this, journal_);
    if (error_) return false;
    ticks_ = Number(journal_->checkpoint());
    intact_ = true;
    journal_->Replay([this](std::span<const std::byte> piece) { Replay(piece); });
    const OpenBatch& open = journal_->open_batch();
    open_ = {reinterpret_cast<const char*>(open.bytes.data()), open.bytes.size()};
    open_ticks_ = open.ticks;
    if (journal_->ledger().session_id().empty()) {
      journal_->ledger().SetSession(std::string(32, 'a'), "");
    }
    return true;
  }
  void Close() { journal_.reset(); }

  // Accepts a tick; the result is Reserve's.
  Room Accept(std::size_t padding = 0) {
    const std::string tick = std::to_string(ticks_ + 1) + std::string(padding, ' ') + ";";
    const Room room = journal_->Reserve(open_.size() + tick.size() + kMaxClose, 1);
    if (room != Room::kMade) return room;
    ++ticks_;
    open_ += tick;
    ++open_ticks_;
    journal_->Stage(1, clock.now, Bytes(tick));
    return room;
  }
  bool CloseBatch() {
    const std::string frame = open_ + "#" + std::to_string(journal_->next_sequence());
    if (journal_->Reserve(frame.size(), 1) != Room::kMade) return false;
    journal_->Append(static_cast<std::uint32_t>(open_ticks_), Crc32c(Bytes(frame)), clock.now,
                     Bytes(frame));
    open_.clear();
    open_ticks_ = 0;
    return true;
  }
  Room AcceptBatch(int ticks, std::size_t padding = 0) {
    for (int i = 0; i < ticks; ++i) {
      if (const Room room = Accept(padding); room != Room::kMade) return room;
    }
    return CloseBatch() ? Room::kMade : Room::kDisk;
  }

  // The text of a batch, nothing where the journal cannot read it.
  std::optional<std::string> Text(std::int64_t sequence) {
    std::vector<std::byte> payload;
    const BatchInfo info = journal_->Read(sequence, payload);
    if (info.sequence != sequence) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(payload.data()), payload.size());
  }

  // What the pieces behind the checkpoint told was gapless.
  bool intact() const { return intact_; }
  std::int64_t ticks() const { return ticks_; }
  const std::string& open() const { return open_; }
  Journal& journal() { return *journal_; }
  const Error& error() const { return error_; }
  int checkpoints() const { return checkpoints_; }

  SetClock clock;

 private:
  static constexpr std::size_t kMaxClose = 24;

  void WriteCheckpoint(std::vector<std::byte>& checkpoint) override {
    ++checkpoints_;
    const std::string text = std::to_string(ticks_);
    checkpoint.assign(Bytes(text).begin(), Bytes(text).end());
  }

  void Replay(std::span<const std::byte> piece) {
    std::string text(reinterpret_cast<const char*>(piece.data()), piece.size());
    text.resize(std::min(text.size(), text.find('#')));
    while (!text.empty()) {
      const std::size_t end = text.find(';');
      intact_ &= end != std::string::npos && std::stoll(text) == ticks_ + 1;
      if (!intact_) return;
      ++ticks_;
      text.erase(0, end + 1);
    }
  }

  static std::span<const std::byte> Bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
  }
  static std::int64_t Number(const std::vector<std::byte>& checkpoint) {
    if (checkpoint.empty()) return 0;
    return std::stoll(
        std::string(reinterpret_cast<const char*>(checkpoint.data()), checkpoint.size()));
  }

  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  Error error_;
  std::int64_t ticks_ = 0;  // accepted
  std::string open_;
  std::size_t open_ticks_ = 0;
  bool intact_ = true;
  int checkpoints_ = 0;
};

}  // namespace tpb
