#include "outbox/keeper.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "outbox/recovery.h"
#include "outbox/segment_header.h"
#include "platform/detached_thread.h"

namespace tpb {
namespace {

// A segment is made when the newest one is filled to this part.
constexpr std::size_t kAheadPart = 4;
constexpr milliseconds kSlowDisk{1000};

}  // namespace

std::shared_ptr<Keeper> Keeper::Start(Options options, std::unique_ptr<FileLock> lock,
                                      std::shared_ptr<StatePage> state) {
  auto keeper = std::make_shared<Keeper>(std::move(options), std::move(lock), std::move(state));
  if (keeper->options_.first) keeper->PrepareNext();
  RunDetached([keeper] { keeper->Run(); });
  return keeper;
}

Keeper::Keeper(Options options, std::unique_ptr<FileLock> lock, std::shared_ptr<StatePage> state)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      state_(std::move(state)),
      newest_number_(options_.newest_number),
      next_bytes_(options_.segment_bytes) {}

void Keeper::Stop(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, timeout, [this] { return done_; });
}

std::shared_ptr<OpenSegment> Keeper::Next(std::size_t bytes) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    next_bytes_ = std::max(options_.segment_bytes, bytes);
    if (next_ != nullptr && next_->file.size() >= bytes) return std::move(next_);
    // While the disk refuses, its next try is the thread's.
    if (refused_) return nullptr;
    if (next_ != nullptr) to_remove_.push_back(std::exchange(next_, nullptr)->number);
    number = ++newest_number_;
  }
  auto segment = std::make_shared<OpenSegment>();
  const std::error_code error = Make(number, bytes, *segment);
  if (!error) return segment;
  const std::lock_guard lock(mutex_);
  refused_ = true;
  NoteProblem("make a segment", error);
  return nullptr;
}

void Keeper::Watch(std::shared_ptr<OpenSegment> segment) {
  const std::lock_guard lock(mutex_);
  watched_.push_back(std::move(segment));
  hurry_ = true;
  changed_.notify_all();
}

void Keeper::Remove(const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty()) return;
  const std::lock_guard lock(mutex_);
  to_remove_.insert(to_remove_.end(), numbers.begin(), numbers.end());
  hurry_ = true;
  changed_.notify_all();
}

std::optional<Error> Keeper::TakeProblem() {
  const std::lock_guard lock(mutex_);
  return std::exchange(problem_, std::nullopt);
}

void Keeper::Run() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = stopping_;  // whoever stops us has written all before
    hurry_ = false;
    lock.unlock();
    TryRound();
    lock.lock();
    if (!last) changed_.wait_for(lock, options_.sync, [this] { return stopping_ || hurry_; });
  }
  watched_.clear();
  if (next_ != nullptr) {
    const std::uint64_t number = next_->number;
    next_.reset();  // first: Windows deletes no file that is in use
    lock.unlock();
    RemoveFiles({number});
    lock.lock();
  }
  state_.reset();
  lock_->Release();
  done_ = true;
  changed_.notify_all();
}

// Without memory the next round may have more luck.
void Keeper::TryRound() noexcept {
  try {
    Round();
  } catch (const std::exception&) {
    const std::lock_guard lock(mutex_);
    syncs_ = false;
  }
}

void Keeper::Round() {
  std::vector<std::shared_ptr<OpenSegment>> segments;
  std::vector<std::uint64_t> to_remove;
  {
    const std::lock_guard lock(mutex_);
    segments = watched_;
    to_remove.swap(to_remove_);
  }
  const std::int64_t ticks = written_.load(std::memory_order_acquire);
  const TimePoint begin = Clock::System().Now();
  const std::error_code error = Sync(segments);
  const bool slow = Clock::System().Now() - begin > kSlowDisk;
  {
    const std::lock_guard lock(mutex_);
    if (error && syncs()) NoteProblem("write", error);
    if (slow && !error) NoteProblem("write", std::make_error_code(std::errc::timed_out));
    syncs_ = !error;
    if (error) {
      to_remove_.insert(to_remove_.end(), to_remove.begin(), to_remove.end());
    } else if (segments.size() > 1) {
      watched_.erase(watched_.begin(), watched_.begin() + std::ssize(segments) - 1);
    }
  }
  if (error) return;
  synced_ = ticks;
  // Not before: what takes their place is on the disk only now.
  segments.clear();
  RemoveFiles(std::move(to_remove));
  if (NeedsNext()) PrepareNext();
}

// In the order they were written, so that no segment counts as settled before its time.
std::error_code Keeper::Sync(const std::vector<std::shared_ptr<OpenSegment>>& segments) {
  for (const std::shared_ptr<OpenSegment>& segment : segments) {
    if (const std::error_code error = Sync(*segment)) return error;
  }
  if (!segments.empty() && !segments.back()->settled) {
    OpenSegment& newest = *segments.back();
    MarkSettled(newest.file.data());
    newest.settled = true;
    newest.synced = 0;
  }
  return state_->Sync();
}

std::error_code Keeper::Sync(OpenSegment& segment) {
  if (!segment.named) {
    if (const std::error_code error = SyncFolder(options_.folder)) return error;
    segment.named = true;
  }
  const std::size_t written = segment.written.load(std::memory_order_acquire);
  if (written == segment.synced) return {};
  if (const std::error_code error = segment.file.Sync(segment.synced, written - segment.synced)) {
    return error;
  }
  segment.synced = written;
  return {};
}

// One that is still open elsewhere, which Windows minds, is tried again.
void Keeper::RemoveFiles(std::vector<std::uint64_t> numbers) {
  std::erase_if(numbers, [this](std::uint64_t number) {
    std::error_code error;
    std::filesystem::remove(SegmentPath(options_.folder, number), error);
    return !error;
  });
  if (numbers.empty()) return;
  const std::lock_guard lock(mutex_);
  to_remove_.insert(to_remove_.end(), numbers.begin(), numbers.end());
}

bool Keeper::NeedsNext() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || next_ != nullptr) return false;
  if (refused_ || watched_.empty()) return refused_;
  const OpenSegment& newest = *watched_.back();
  return newest.written.load(std::memory_order_relaxed) >= newest.file.size() / kAheadPart;
}

void Keeper::PrepareNext() {
  std::uint64_t number = 0;
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++newest_number_;
    bytes = next_bytes_;
  }
  auto segment = std::make_shared<OpenSegment>();
  std::error_code error = Make(number, bytes, *segment);
  if (!error) error = segment->file.Sync(0, bytes);
  const std::lock_guard lock(mutex_);
  if (error && !refused_) NoteProblem("make the next segment", error);
  refused_ = static_cast<bool>(error);
  // One that was overtaken is of no use: a number must not come after a greater one.
  if (!error && number == newest_number_) {
    next_ = std::move(segment);
  } else {
    to_remove_.push_back(number);
  }
}

std::error_code Keeper::Make(std::uint64_t number, std::size_t bytes, OpenSegment& segment) {
  const std::filesystem::path path = SegmentPath(options_.folder, number);
  segment.number = number;
  const std::error_code error = segment.file.Open(path, bytes);
  if (error) {  // what was made of it takes room
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  return error;
}

// Under the lock.
void Keeper::NoteProblem(const char* what, const std::error_code& error) {
  const std::u8string folder = options_.folder.u8string();
  problem_ = {Code::kDisk, std::string("The journal could not ") + what + " in " +
                               std::string(folder.begin(), folder.end()) + ": " + error.message() +
                               ". Make room on the disk or mend it; the journal tries again by "
                               "itself, and ticks are refused while it cannot go on."};
}

}  // namespace tpb
