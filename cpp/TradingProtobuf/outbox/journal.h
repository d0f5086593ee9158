#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/error.h"
#include "outbox/keeper.h"
#include "outbox/outbox.h"
#include "outbox/recovery.h"
#include "outbox/segment_cache.h"
#include "outbox/state_page.h"
#include "platform/clock.h"

namespace tpb {

// Writes down what a session must know to go on behind this point: every tick accepted so far is
// in it. Called by Reserve where a segment begins, so that older segments can go.
class Checkpointer {
 public:
  virtual void WriteCheckpoint(std::vector<std::byte>& checkpoint) = 0;

 protected:
  ~Checkpointer() = default;
};

struct JournalOptions {
  std::string folder;  // UTF-8; made where there is none
  std::size_t capacity_bytes = 0;
  std::size_t segment_bytes = 0;
  milliseconds sync{50};  // what a power cut can cost
};

// The batch that was open when the last life ended: its pieces, joined.
struct OpenBatch {
  std::vector<std::byte> bytes;
  std::size_t ticks = 0;
};

// An outbox on disk. What was staged or appended outlives the process from the very return of that
// call: it was stored in memory that is the system's already. What a power cut takes is at most
// what was accepted within `sync`.
//
// Threads as Outbox says. The producer's calls make no system call but where a segment ends.
class Journal final : public Outbox {
 public:
  // Takes up what an earlier life left. Code::kInUse where another one writes the journal.
  // `checkpointer` is kept. Throws std::bad_alloc and std::system_error.
  static Error Open(const JournalOptions& options, const Clock& clock, Checkpointer& checkpointer,
                    std::unique_ptr<Journal>& journal);
  // Syncs, within a bound of time.
  ~Journal() override;

  // What was taken up; of use until the first Reserve.
  const std::vector<std::byte>& checkpoint() const { return recovered_.checkpoint; }
  // Every piece accepted since the checkpoint, in order, whether its batch was closed or not.
  void Replay(const std::function<void(std::span<const std::byte>)>& visit) const;
  const OpenBatch& open_batch() const { return open_batch_; }
  std::int64_t recovered_batches() const { return recovered_batches_; }
  std::int64_t recovered_ticks() const { return recovered_ticks_; }  // the open batch's included
  const JournalDamage& damage() const { return recovered_.damage; }

  // What the disk has to complain about since this was asked last.
  std::optional<Error> TakeProblem() { return keeper_->TakeProblem(); }

  std::int64_t next_sequence() const override;
  std::int64_t first_sequence() const override;
  std::size_t bytes() const override;
  std::size_t capacity_bytes() const override { return capacity_; }
  TimePoint oldest_accepted_at() const override;
  // May begin a segment: what was accepted before must be staged by then.
  Room Reserve(std::size_t bytes, std::size_t batches) override;
  void Stage(std::uint32_t ticks, TimePoint accepted_at, std::span<const std::byte> piece) override;
  void Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
              std::span<const std::byte> payload) override;
  // Whole segments, as long as there are several.
  std::int64_t DropOldest(std::size_t bytes, std::int64_t& ticks) override;
  BatchInfo Read(std::int64_t sequence, std::vector<std::byte>& payload) override;
  void Release(std::int64_t up_to) override;
  std::int64_t ticks_journaled() const override { return keeper_->ticks_synced(); }
  Ledger& ledger() override { return *state_; }

 private:
  // How much stands before a batch.
  struct Mark {
    std::int64_t sequence = 1;
    std::int64_t ticks = 0;  // of all batches closed before
    std::int64_t bytes = 0;  // of their payloads
    TimePoint accepted_at = TimePoint::max();
  };
  struct Place {  // of a batch
    SegmentHeader segment;
    std::shared_ptr<OpenSegment> open;  // where that is the newest
    std::int64_t end = 0;               // sequence of the first batch behind the segment
  };

  Journal(const JournalOptions& options, const Clock& clock, Checkpointer& checkpointer);

  Error TakeUp(const JournalOptions& options);
  Error RemoveUseless();
  void TakeUpState();
  Error TakeUpSegments();
  void TakeUpOldest();
  void CollectOpenBatch(std::vector<std::byte>& bytes) const;

  Room Roll(std::size_t need);
  void Begin(const std::shared_ptr<OpenSegment>& segment, std::span<const std::byte> checkpoint,
             std::span<const std::byte> open_pieces);
  void Wrote(std::size_t end, std::uint32_t ticks);

  Place Find(std::int64_t sequence) const;
  Mark MarkOf(std::int64_t sequence);
  void MoveFirst(const Mark& first, std::vector<std::uint64_t>& released);
  TimePoint AcceptedAt(std::int64_t sequence, std::int64_t unix_us) const;
  std::int64_t UnixUs(TimePoint time) const;

  const std::filesystem::path folder_;
  const std::size_t capacity_;
  const std::size_t segment_bytes_;
  const Clock& clock_;
  const TimePoint opened_at_;
  const std::chrono::microseconds unix_offset_;  // of the Unix time to TimePoint's, at opening
  Checkpointer& checkpointer_;
  std::shared_ptr<StatePage> state_;
  std::shared_ptr<Keeper> keeper_;

  Recovered recovered_;
  OpenBatch open_batch_;
  std::int64_t recovered_batches_ = 0;
  std::int64_t recovered_ticks_ = 0;
  std::int64_t first_of_life_ = 1;  // sequence of the first batch closed in this life

  // The producer's.
  std::shared_ptr<OpenSegment> newest_;  // changed under the lock
  std::uint32_t seed_ = 0;               // of its records
  std::size_t at_ = 0;                   // where its next record begins
  std::size_t open_at_ = 0;              // where the open batch's first one does
  std::size_t open_bytes_ = 0;           // staged
  std::size_t open_ticks_ = 0;
  std::int64_t ticks_written_ = 0;  // in this life

  mutable std::mutex mutex_;
  std::deque<SegmentHeader> segments_;  // the last one is newest_
  Mark first_;                          // the oldest batch held, or the next one
  Mark next_;

  // The consumer's.
  SegmentCache cache_;
};

}  // namespace tpb
