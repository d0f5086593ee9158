#include "outbox/journal.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "platform/text_path.h"

namespace tpb {
namespace {

constexpr milliseconds kFarewell{300};
// A segment that one call needs whole is made for several of its kind.
constexpr std::size_t kCallsPerSegment = 4;

Error DiskError(const std::string& what, const std::error_code& error) {
  return {Code::kDisk, "The journal cannot be opened: " + what + ": " + error.message() +
                           ". Make room on the disk or mend it, or name another folder with "
                           "journal=."};
}

}  // namespace

// ---- Opening ---------------------------------------------------------------------------------

Journal::Journal(const JournalOptions& options, const Clock& clock, Checkpointer& checkpointer)
    : folder_(ToPath(options.folder)),
      capacity_(options.capacity_bytes),
      segment_bytes_(options.segment_bytes),
      clock_(clock),
      opened_at_(clock.Now()),
      unix_offset_(
          milliseconds(clock.UnixMs()) -
          std::chrono::duration_cast<std::chrono::microseconds>(opened_at_.time_since_epoch())),
      checkpointer_(checkpointer),
      state_(std::make_shared<StatePage>()),
      cache_(folder_) {}

Error Journal::Open(const JournalOptions& options, const Clock& clock, Checkpointer& checkpointer,
                    std::unique_ptr<Journal>& journal) {
  std::unique_ptr<Journal> opened(new Journal(options, clock, checkpointer));
  if (Error error = opened->TakeUp(options)) return error;
  journal = std::move(opened);
  return {};
}

Journal::~Journal() {
  if (keeper_ != nullptr) keeper_->Stop(kFarewell);
}

Error Journal::TakeUp(const JournalOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return DiskError("its folder " + options.folder + " cannot be made", error);
  auto lock = std::make_unique<FileLock>();
  error = lock->Acquire(folder_ / "lock");
  if (error == std::errc::device_or_resource_busy) {
    return {Code::kInUse, "Another session writes the journal in " + options.folder +
                              ". Close that one, or name another folder with journal=."};
  }
  if (error) return DiskError("its lock cannot be made in " + options.folder, error);
  error = state_->Open(folder_ / "state");
  if (error) return DiskError("its state cannot be kept in " + options.folder, error);
  if (Error failure = Recover(folder_, recovered_)) return failure;
  if (Error failure = RemoveUseless()) return failure;
  TakeUpState();

  const bool empty = recovered_.segments.empty();
  keeper_ = Keeper::Start({.folder = folder_,
                           .segment_bytes = segment_bytes_,
                           .sync = options.sync,
                           .newest_number = recovered_.newest_number,
                           .first = empty},
                          std::move(lock), state_);
  if (!empty) return TakeUpSegments();
  const std::optional<Error> problem = TakeProblem();
  return problem ? *problem : Error();
}

// Before anything is written that they would hide.
Error Journal::RemoveUseless() {
  std::error_code error;
  for (const std::filesystem::path& path : recovered_.useless) {
    std::filesystem::remove(path, error);
    if (error) return DiskError("a damaged or unused segment cannot be deleted", error);
  }
  if (!recovered_.useless.empty()) error = SyncFolder(folder_);
  return error ? DiskError("its folder cannot be written", error) : Error();
}

// Makes the ledger agree with what there is.
void Journal::TakeUpState() {
  JournalDamage& damage = recovered_.damage;
  if (recovered_.segments.empty()) {
    // Numbers begin anew, so the name must be another one; and it must continue this one, for the
    // source will send again what gateways have under it.
    damage.must_fork = state_->handed() > 0;
    damage.found |= damage.must_fork;
    if (!state_->session_id().empty()) state_->Rebuild(state_->session_id(), 0, 0);
    return;
  }
  const SegmentHeader& oldest = recovered_.segments.front();
  const std::int64_t newest = recovered_.index.next_sequence() - 1;
  if (!state_->found()) {
    const auto& id = recovered_.segments.back().session_id;
    state_->Rebuild({id.data(), id.size()}, newest, oldest.first_sequence - 1);
    damage.found = damage.must_fork = true;
  } else if (std::max(state_->handed(), state_->acknowledged()) > newest) {
    damage.found = damage.must_fork = true;
    if (state_->acknowledged() > newest) state_->LimitAcknowledged(newest);
  }
}

Error Journal::TakeUpSegments() {
  const SegmentHeader newest = recovered_.segments.back();
  for (const SegmentHeader& header : recovered_.unsettled) {
    if (const std::error_code error = SyncFile(SegmentPath(folder_, header.number))) {
      return DiskError("an older segment cannot be synced", error);
    }
  }
  newest_ = std::make_shared<OpenSegment>();
  newest_->number = newest.number;
  newest_->settled = newest.settled;
  if (const std::error_code error =
          newest_->file.Open(SegmentPath(folder_, newest.number), newest.file_bytes)) {
    return DiskError("its newest segment cannot be opened", error);
  }
  // What is no record must not look like one behind the next.
  std::memset(newest_->file.data() + recovered_.end, 0, recovered_.dirty_end - recovered_.end);
  newest_->written = at_ = recovered_.end;
  newest_->closed = open_at_ = recovered_.index.end();
  seed_ = newest.seed;
  open_bytes_ = recovered_.open_bytes;
  open_ticks_ = recovered_.open_ticks;
  segments_.assign(recovered_.segments.begin(), recovered_.segments.end());
  next_ = {.sequence = recovered_.index.next_sequence(),
           .ticks = newest.ticks_before + recovered_.index.ticks(),
           .bytes = newest.bytes_before + recovered_.index.bytes()};
  first_of_life_ = next_.sequence;
  recovered_.index = {};
  CollectOpenBatch(open_batch_.bytes);
  open_batch_.ticks = open_ticks_;
  keeper_->Watch(newest_);
  TakeUpOldest();
  return {};
}

void Journal::TakeUpOldest() {
  const std::int64_t first =
      std::clamp(state_->acknowledged() + 1, segments_.front().first_sequence, next_.sequence);
  std::vector<std::uint64_t> released;
  MoveFirst(first < next_.sequence ? MarkOf(first) : next_, released);
  keeper_->Remove(released);
  recovered_batches_ = next_.sequence - first_.sequence;
  recovered_ticks_ = next_.ticks - first_.ticks + static_cast<std::int64_t>(open_ticks_);
}

void Journal::Replay(const std::function<void(std::span<const std::byte>)>& visit) const {
  if (newest_ == nullptr) return;
  const std::span<const std::byte> segment(newest_->file.data(), at_);
  Record record;
  for (std::size_t at = SegmentHeader::kBytes;
       ReadRecord(segment, at, seed_, record) == Found::kRecord; at = record.end) {
    const bool known =  // to the checkpoint
        record.kind == RecordKind::kCheckpoint || record.kind == RecordKind::kRepeated;
    if (!known && !PieceOf(record).empty()) visit(PieceOf(record));
  }
}

void Journal::CollectOpenBatch(std::vector<std::byte>& bytes) const {
  if (open_bytes_ == 0) return;
  const std::span<const std::byte> segment(newest_->file.data(), at_);
  Record record;
  for (std::size_t at = open_at_; ReadRecord(segment, at, seed_, record) == Found::kRecord;
       at = record.end) {
    bytes.insert(bytes.end(), record.bytes.begin(), record.bytes.end());
  }
}

// ---- The producer ----------------------------------------------------------------------------

Room Journal::Reserve(std::size_t bytes, std::size_t batches) {
  if (bytes > capacity_ - std::min(capacity_, Journal::bytes())) return Room::kFull;
  if (!keeper_->syncs()) return Room::kDisk;
  const std::size_t need =
      bytes - std::min(bytes, open_bytes_) + (batches + 1) * kMaxRecordOverhead;
  if (newest_ != nullptr && newest_->file.size() - at_ >= need) return Room::kMade;
  return Roll(need);
}

// Begins a segment. All that can fail comes first.
Room Journal::Roll(std::size_t need) {
  std::vector<std::byte> checkpoint;
  checkpointer_.WriteCheckpoint(checkpoint);
  std::vector<std::byte> open_pieces;
  CollectOpenBatch(open_pieces);
  std::size_t bytes = SegmentHeader::kBytes + checkpoint.size() + open_pieces.size() +
                      2 * kMaxRecordOverhead + need;
  if (bytes > segment_bytes_) bytes += (kCallsPerSegment - 1) * need;
  const std::shared_ptr<OpenSegment> segment = keeper_->Next(std::max(bytes, segment_bytes_));
  if (segment == nullptr) return Room::kDisk;
  Begin(segment, checkpoint, open_pieces);
  return Room::kMade;
}

void Journal::Begin(const std::shared_ptr<OpenSegment>& segment,
                    std::span<const std::byte> checkpoint, std::span<const std::byte> open_pieces) {
  SegmentHeader header;
  header.number = segment->number;
  header.file_bytes = segment->file.size();
  header.first_sequence = next_.sequence;
  header.ticks_before = next_.ticks;
  header.bytes_before = next_.bytes;
  header.begun_unix_us = UnixUs(clock_.Now());
  state_->session_id().copy(header.session_id.data(), header.session_id.size());
  header.settled = segment->settled = newest_ == nullptr;  // there is none before it
  header.seed = seed_ = SeedOf(header);

  std::byte* const data = segment->file.data();
  const auto repeated = static_cast<std::uint32_t>(open_ticks_);
  open_at_ = at_ = WriteRecord(data, SegmentHeader::kBytes, seed_, RecordKind::kCheckpoint,
                               repeated, checkpoint);
  if (!open_pieces.empty()) {
    at_ = WriteRecord(data, at_, seed_, RecordKind::kRepeated, repeated, open_pieces);
  }
  // Until here the segment before is the newest for who comes after us, with the same open batch.
  WriteHeader(data, header);
  segment->written = at_;
  segment->closed = open_at_;

  std::vector<std::uint64_t> released;
  {
    const std::lock_guard lock(mutex_);
    newest_ = segment;
    segments_.push_back(header);
    MoveFirst(first_, released);
  }
  keeper_->Watch(segment);
  keeper_->Remove(released);
}

void Journal::Stage(std::uint32_t ticks, TimePoint, std::span<const std::byte> piece) {
  Wrote(WriteRecord(newest_->file.data(), at_, seed_, RecordKind::kPiece, ticks, piece), ticks);
  open_bytes_ += piece.size();
  open_ticks_ += ticks;
}

void Journal::Append(std::uint32_t ticks, std::uint32_t crc32c, TimePoint accepted_at,
                     std::span<const std::byte> payload) {
  const std::uint32_t new_ticks = ticks - static_cast<std::uint32_t>(open_ticks_);
  const std::size_t end = WriteClosing(newest_->file.data(), at_, seed_, new_ticks,
                                       {next_.sequence, UnixUs(accepted_at), ticks, crc32c},
                                       payload.subspan(open_bytes_));
  newest_->closed.store(end, std::memory_order_release);
  Wrote(end, new_ticks);
  open_at_ = end;
  open_bytes_ = open_ticks_ = 0;
  const std::lock_guard lock(mutex_);
  if (first_.sequence == next_.sequence) first_.accepted_at = accepted_at;
  ++next_.sequence;
  next_.ticks += ticks;
  next_.bytes += static_cast<std::int64_t>(payload.size());
}

void Journal::Wrote(std::size_t end, std::uint32_t ticks) {
  at_ = end;
  newest_->written.store(end, std::memory_order_release);
  ticks_written_ += ticks;
  keeper_->CountTicks(ticks_written_);
}

std::int64_t Journal::DropOldest(std::size_t bytes, std::int64_t& ticks) {
  std::vector<std::uint64_t> released;
  std::unique_lock lock(mutex_);
  const Mark before = first_;
  const auto held = [this] { return static_cast<std::size_t>(next_.bytes - first_.bytes); };
  while (first_.sequence < next_.sequence &&
         (first_.sequence == before.sequence || capacity_ < held() + bytes)) {
    if (segments_.size() == 1) {
      MoveFirst(next_, released);
    } else {
      const SegmentHeader& second = segments_[1];
      MoveFirst({second.first_sequence, second.ticks_before, second.bytes_before,
                 AcceptedAt(second.first_sequence, second.begun_unix_us)},
                released);
    }
  }
  const Mark after = first_;
  // Under the lock: who sees that they are not held any more sees why.
  if (after.sequence > before.sequence) state_->GiveUp({before.sequence, after.sequence - 1});
  lock.unlock();
  ticks += after.ticks - before.ticks;
  keeper_->Remove(released);
  return after.sequence - before.sequence;
}

// ---- The consumer ----------------------------------------------------------------------------

BatchInfo Journal::Read(std::int64_t sequence, std::vector<std::byte>& payload) {
  std::int64_t wanted = std::max(sequence, first_sequence());
  while (wanted < next_sequence()) {
    const Place place = Find(wanted);
    const ReadableSegment& segment = cache_.Get(place.segment, place.open);
    const BatchIndex::Entry* const entry = segment.index().AtOrAfter(wanted);
    if (entry == nullptr || entry->sequence >= place.end) {
      wanted = place.end;
    } else if (!segment.Fetch(*entry, payload)) {
      wanted = entry->sequence + 1;
    } else {
      if (entry->sequence != sequence) payload.clear();
      return {entry->sequence, entry->ticks, entry->crc32c,
              AcceptedAt(entry->sequence, entry->accepted_unix_us)};
    }
  }
  payload.clear();
  BatchInfo none;
  none.sequence = next_sequence();
  return none;
}

void Journal::Release(std::int64_t up_to) {
  std::vector<std::uint64_t> released;
  std::int64_t first = 0;
  for (bool moved = false; !moved;) {
    const std::int64_t next = next_sequence();
    first = std::min(up_to + 1, next);
    Mark mark = first < next ? MarkOf(first) : Mark();
    const std::lock_guard lock(mutex_);
    if (first <= first_.sequence) return;
    if (first == next_.sequence) mark = next_;
    moved = mark.sequence == first;  // else a batch has come meanwhile
    if (moved) MoveFirst(mark, released);
    if (moved) cache_.Forget(segments_.front().number);
  }
  state_->SetAcknowledged(first - 1);
  keeper_->Remove(released);
}

// Where a batch that was closed should be.
Journal::Place Journal::Find(std::int64_t sequence) const {
  const std::lock_guard lock(mutex_);
  // Of segments that begin with the same batch, only the last one has it. What was given up
  // meanwhile is looked for in the oldest.
  auto after = std::ranges::upper_bound(segments_, sequence, {}, &SegmentHeader::first_sequence);
  if (after == segments_.begin()) ++after;
  const bool is_newest = after == segments_.end();
  return {*(after - 1), is_newest ? newest_ : nullptr,
          is_newest ? next_.sequence : after->first_sequence};
}

Journal::Mark Journal::MarkOf(std::int64_t sequence) {
  const Place place = Find(sequence);
  const SegmentHeader& segment = place.segment;
  const BatchIndex& index = cache_.Get(segment, place.open).index();
  const BatchIndex::Entry* const entry = index.AtOrAfter(sequence);
  if (entry == nullptr) {  // damaged to its end
    return {sequence, segment.ticks_before + index.ticks(), segment.bytes_before + index.bytes(),
            AcceptedAt(sequence, segment.begun_unix_us)};
  }
  return {sequence, segment.ticks_before + entry->ticks_before,
          segment.bytes_before + entry->bytes_before,
          AcceptedAt(entry->sequence, entry->accepted_unix_us)};
}

// ---- Both, under the lock --------------------------------------------------------------------

// The segments before it count no more.
void Journal::MoveFirst(const Mark& first, std::vector<std::uint64_t>& released) {
  first_ = first;
  while (segments_.size() > 1 && segments_[1].first_sequence <= first_.sequence) {
    released.push_back(segments_.front().number);
    segments_.pop_front();
  }
}

// ---- Any thread ------------------------------------------------------------------------------

std::int64_t Journal::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return next_.sequence;
}

std::int64_t Journal::first_sequence() const {
  const std::lock_guard lock(mutex_);
  return first_.sequence;
}

std::size_t Journal::bytes() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(next_.bytes - first_.bytes);
}

TimePoint Journal::oldest_accepted_at() const {
  const std::lock_guard lock(mutex_);
  return first_.sequence == next_.sequence ? TimePoint::max() : first_.accepted_at;
}

// Ages count within one life, for between two the wall clock may have been set: what was accepted
// in an earlier one is as old as this one.
TimePoint Journal::AcceptedAt(std::int64_t sequence, std::int64_t unix_us) const {
  if (sequence < first_of_life_) return opened_at_;
  return TimePoint(std::chrono::microseconds(unix_us) - unix_offset_);
}

std::int64_t Journal::UnixUs(TimePoint time) const {
  const auto since = time.time_since_epoch();
  return (std::chrono::duration_cast<std::chrono::microseconds>(since) + unix_offset_).count();
}

}  // namespace tpb
