#include "outbox/recovery.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "platform/read_file.h"

namespace tpb {
namespace {

constexpr std::size_t kDigits = 20;
constexpr std::string_view kExtension = ".seg";
constexpr std::size_t kLeastRecord = 16;

std::optional<std::uint64_t> NumberOf(const std::filesystem::path& path) {
  const std::u8string name = path.filename().u8string();
  const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
  if (text.size() != kDigits + kExtension.size() || !text.ends_with(kExtension)) return {};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + kDigits, number);
  if (error != std::errc() || end != text.data() + kDigits) return {};
  return number;
}

Error Unreadable(const std::filesystem::path& path, const std::error_code& error) {
  const std::u8string name = path.u8string();
  return {Code::kDisk, "The journal cannot be opened, for " +
                           std::string(name.begin(), name.end()) + " cannot be read: " +
                           error.message() + ". Mend that, or name another folder with journal=."};
}

class Recovery {
 public:
  Recovery(const std::filesystem::path& folder, Recovered& result)
      : folder_(folder), result_(result) {}

  Error Run() {
    if (Error error = List()) return error;
    if (Error error = ReadChain()) return error;
    if (!result_.segments.empty()) LookBehindTheEnd();
    return {};
  }

 private:
  // Every segment by its header.
  Error List() {
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
         it.increment(error)) {
      const std::optional<std::uint64_t> number = NumberOf(it->path());
      if (!number) continue;
      result_.newest_number = std::max(result_.newest_number, *number);
      if (Error failure = AddFile(it->path(), *number)) return failure;
    }
    if (error) return Unreadable(folder_, error);
    std::ranges::sort(result_.segments, {}, &SegmentHeader::number);
    if (!result_.segments.empty()) known_next_ = result_.segments.back().first_sequence;
    return {};
  }

  Error AddFile(const std::filesystem::path& path, std::uint64_t number) {
    if (Error error = Read(path, SegmentHeader::kBytes)) return error;
    const std::optional<SegmentHeader> header = ReadHeader(bytes_);
    if (header && header->version != SegmentHeader::kVersion) {
      return {Code::kBadConfig, "The journal's format is version " +
                                    std::to_string(header->version) + ", and this is made for " +
                                    std::to_string(SegmentHeader::kVersion) +
                                    ". Use the library that wrote it, or name another folder with "
                                    "journal=."};
    }
    if (header && header->number == number) {
      result_.segments.push_back(*header);
    } else {
      result_.useless.push_back(path);
      result_.damage.found |= header || WasBegun(bytes_);
    }
    return {};
  }

  // The newest segment is read, and those before it as far as they may not have reached the disk.
  // The first damage ends the journal: what was accepted later comes again from its source, for
  // the checkpoint before the damage says where to begin.
  Error ReadChain() {
    std::vector<SegmentHeader>& segments = result_.segments;
    if (segments.empty()) return {};
    std::size_t i = segments.size() - 1;
    while (i > 0 && !segments[i].settled) --i;
    const std::size_t chain = i;
    for (;;) {
      if (Error error = Scan(segments[i])) return error;
      if (!has_checkpoint_) {
        Lose(i);
        if (i == 0) return {};
        --i;
      } else if (i + 1 == segments.size()) {
        break;
      } else if (result_.index.next_sequence() != segments[i + 1].first_sequence) {
        Lose(i + 1);
        break;
      } else {
        ++i;
      }
    }
    if (chain < i) result_.unsettled.assign(segments.begin() + chain, segments.begin() + i);
    return {};
  }

  Error Scan(const SegmentHeader& header) {
    if (Error error = Read(SegmentPath(folder_, header.number), header.file_bytes)) return error;
    Record record;
    has_checkpoint_ =
        ReadRecord(bytes_, SegmentHeader::kBytes, header.seed, record) == Found::kRecord &&
        record.kind == RecordKind::kCheckpoint && HasRepeated(header.seed, record);
    if (has_checkpoint_) result_.checkpoint.assign(record.bytes.begin(), record.bytes.end());
    result_.index.Start(header.seed, header.first_sequence);
    result_.index.Extend(bytes_);
    return {};
  }

  // A checkpoint counts the ticks of the open batch that was brought along: without them it would
  // tell a source to go on behind ticks that are nowhere.
  bool HasRepeated(std::uint32_t seed, const Record& checkpoint) const {
    if (checkpoint.ticks == 0) return true;
    Record record;
    return ReadRecord(bytes_, checkpoint.end, seed, record) == Found::kRecord &&
           record.kind == RecordKind::kRepeated && record.ticks == checkpoint.ticks;
  }

  // The segments from `index` on count no more; the newest first, so that to be interrupted while
  // they are deleted leaves a journal that is merely shorter.
  void Lose(std::size_t index) {
    std::vector<SegmentHeader>& segments = result_.segments;
    for (; segments.size() > index; segments.pop_back()) {
      result_.useless.push_back(SegmentPath(folder_, segments.back().number));
    }
    result_.damage.found = true;
  }

  // Open pieces, and whether the records end where they were ended.
  void LookBehindTheEnd() {
    const SegmentHeader& header = result_.segments.back();
    Record record;
    std::size_t at = result_.index.end();
    Found found;
    while ((found = ReadRecord(bytes_, at, header.seed, record)) == Found::kRecord &&
           record.kind != RecordKind::kClosing) {
      result_.open_ticks += record.ticks;
      result_.open_bytes += record.bytes.size();
      at = record.end;
    }
    result_.end = at;
    const bool cut = bytes_.size() < header.file_bytes && bytes_.size() - at < kLeastRecord;
    result_.damage.found |= found != Found::kEnd || cut;
    for (std::size_t next = at; FindClosing(bytes_, next, header.seed, record); next = record.end) {
      result_.damage.found = true;  // a hole, which only the power can leave
      known_next_ = std::max(known_next_, ReadClosing(record).sequence + 1);
    }
    result_.damage.batches = std::max<std::int64_t>(0, known_next_ - result_.index.next_sequence());
    result_.dirty_end = bytes_.size();
    while (result_.dirty_end > at && !IsSet(bytes_[result_.dirty_end - 1])) --result_.dirty_end;
  }

  Error Read(const std::filesystem::path& path, std::size_t bytes) {
    const std::error_code error = ReadFile(path, bytes, bytes_);
    // What a bad disk does not give is damage; for all else there is help.
    return error && error != std::errc::io_error ? Unreadable(path, error) : Error();
  }

  static bool IsSet(std::byte byte) { return byte != std::byte{0}; }

  const std::filesystem::path& folder_;
  Recovered& result_;
  std::vector<std::byte> bytes_;  // of the segment looked at
  bool has_checkpoint_ = false;
  std::int64_t known_next_ = 1;  // batches below it were closed once
};

}  // namespace

std::filesystem::path SegmentPath(const std::filesystem::path& folder, std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - digits.size(), '0');
  return folder / (digits + std::string(kExtension));
}

Error Recover(const std::filesystem::path& folder, Recovered& recovered) {
  return Recovery(folder, recovered).Run();
}

}  // namespace tpb
