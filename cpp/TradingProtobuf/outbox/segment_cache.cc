#include "outbox/segment_cache.h"

#include <system_error>
#include <utility>

#include "outbox/recovery.h"
#include "platform/read_file.h"

namespace tpb {

void ReadableSegment::Open(const SegmentHeader& header, std::shared_ptr<OpenSegment> open,
                           const std::filesystem::path& folder) {
  Close();
  index_.Start(header.seed, header.first_sequence);
  open_ = std::move(open);
  if (open_ == nullptr) {
    const std::error_code error =
        ReadFile(SegmentPath(folder, header.number), header.file_bytes, copy_);
    // A file that is gone or a disk that gives nothing is a hole. All else can mend itself.
    if (error && error != std::errc::io_error && error != std::errc::no_such_file_or_directory) {
      throw std::system_error(error, "a segment of the journal cannot be read");
    }
  }
  number_ = header.number;
  Refresh();
}

void ReadableSegment::Refresh() { index_.ExtendOver(bytes()); }

void ReadableSegment::Close() {
  number_ = 0;
  open_.reset();
  copy_.clear();
}

std::span<const std::byte> ReadableSegment::bytes() const {
  if (open_ == nullptr) return copy_;
  return {open_->file.data(), open_->closed.load(std::memory_order_acquire)};
}

const ReadableSegment& SegmentCache::Get(const SegmentHeader& header,
                                         std::shared_ptr<OpenSegment> open) {
  if (segments_[0].number() != header.number) std::swap(segments_[0], segments_[1]);
  if (segments_[0].number() == header.number) {
    segments_[0].Refresh();
  } else {
    segments_[0].Open(header, std::move(open), folder_);
  }
  return segments_[0];
}

void SegmentCache::Forget(std::uint64_t below) {
  for (ReadableSegment& segment : segments_) {
    if (segment.number() < below) segment.Close();
  }
}

}  // namespace tpb
