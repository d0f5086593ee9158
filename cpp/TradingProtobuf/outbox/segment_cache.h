#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "outbox/batch_index.h"
#include "outbox/keeper.h"
#include "outbox/segment_header.h"

namespace tpb {

// A segment as the consumer reads it: the one being written in place, an older one as a copy, which
// nobody can cut short meanwhile as a mapped file could be.
class ReadableSegment {
 public:
  std::uint64_t number() const { return number_; }
  const BatchIndex& index() const { return index_; }
  bool Fetch(const BatchIndex::Entry& entry, std::vector<std::byte>& payload) const {
    return index_.Fetch(bytes(), entry, payload);
  }

  // Takes up what was closed since. `open` is set while the segment is the newest.
  void Open(const SegmentHeader& header, std::shared_ptr<OpenSegment> open,
            const std::filesystem::path& folder);
  void Refresh();
  void Close();

 private:
  std::span<const std::byte> bytes() const;

  std::uint64_t number_ = 0;  // 0 = none
  std::shared_ptr<OpenSegment> open_;
  std::vector<std::byte> copy_;
  BatchIndex index_;
};

// The two segments the consumer used last: the one it reads from and the one it releases in. For
// the consumer alone.
class SegmentCache {
 public:
  explicit SegmentCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // What of it cannot be read is not in its index. Throws std::bad_alloc, and std::system_error
  // where the file cannot be opened now.
  const ReadableSegment& Get(const SegmentHeader& header, std::shared_ptr<OpenSegment> open);
  // Lets go of the segments below that number: Windows deletes no file that is in use.
  void Forget(std::uint64_t below);

 private:
  const std::filesystem::path folder_;
  std::array<ReadableSegment, 2> segments_;  // the one used last first
};

}  // namespace tpb
