#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

#include "model/error.h"
#include "outbox/state_page.h"
#include "platform/clock.h"
#include "platform/file_lock.h"
#include "platform/mapped_file.h"

namespace tpb {

// A segment that is written: by the producer alone, read meanwhile by the consumer and the keeper.
struct OpenSegment {
  std::uint64_t number = 0;
  MappedFile file;
  std::atomic<std::size_t> written{0};  // behind the newest record
  std::atomic<std::size_t> closed{0};   // behind the newest closing record

  // The keeper's.
  std::size_t synced = 0;
  bool named = false;    // its name is on the disk
  bool settled = false;  // and so is all before it
};

// Everything of a journal that waits for the disk, on a thread of its own: brings what was written
// to the disk, makes the next segment ahead of need, deletes the ones that count no more. Public
// functions may be called from any thread; of them only Next touches the disk, and only where the
// thread was outrun.
//
// Owned by the journal and by the thread, which may outlive the journal where a disk hangs.
class Keeper {
 public:
  struct Options {
    std::filesystem::path folder;
    std::size_t segment_bytes = 0;
    milliseconds sync{};
    std::uint64_t newest_number = 0;  // of the files in the folder
    bool first = false;               // segment to come: it is made at once
  };

  // The lock is held until the thread has ended. Throws std::system_error.
  static std::shared_ptr<Keeper> Start(Options options, std::unique_ptr<FileLock> lock,
                                       std::shared_ptr<StatePage> state);
  Keeper(Options options, std::unique_ptr<FileLock> lock, std::shared_ptr<StatePage> state);

  // Syncs once more and ends the thread, which lets go of all files; leaves it to its disk after
  // `timeout`.
  void Stop(milliseconds timeout);

  // A file of zeros for at least so many bytes; null where the disk refuses.
  std::shared_ptr<OpenSegment> Next(std::size_t bytes);
  // The segment was begun: it is synced from now on, after those before it.
  void Watch(std::shared_ptr<OpenSegment> segment);
  void Remove(const std::vector<std::uint64_t>& numbers);

  void CountTicks(std::int64_t written) { written_.store(written, std::memory_order_release); }
  std::int64_t ticks_synced() const { return synced_.load(std::memory_order_relaxed); }
  // Whether the newest sync went well.
  bool syncs() const { return syncs_.load(std::memory_order_relaxed); }
  std::optional<Error> TakeProblem();

 private:
  void Run();
  void TryRound() noexcept;
  void Round();
  std::error_code Sync(const std::vector<std::shared_ptr<OpenSegment>>& segments);
  std::error_code Sync(OpenSegment& segment);
  void RemoveFiles(std::vector<std::uint64_t> numbers);
  bool NeedsNext();
  void PrepareNext();
  std::error_code Make(std::uint64_t number, std::size_t bytes, OpenSegment& segment);
  void NoteProblem(const char* what, const std::error_code& error);

  const Options options_;
  const std::unique_ptr<FileLock> lock_;
  std::shared_ptr<StatePage> state_;
  std::atomic<std::int64_t> written_{0};  // ticks
  std::atomic<std::int64_t> synced_{0};
  std::atomic<bool> syncs_{true};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool done_ = false;
  bool hurry_ = false;
  std::vector<std::shared_ptr<OpenSegment>> watched_;  // the last one is the newest
  std::shared_ptr<OpenSegment> next_;                  // made ahead
  std::uint64_t newest_number_;
  std::size_t next_bytes_;
  bool refused_ = false;  // the disk took no segment
  std::vector<std::uint64_t> to_remove_;
  std::optional<Error> problem_;
};

}  // namespace tpb
