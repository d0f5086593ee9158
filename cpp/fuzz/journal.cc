// A journal's folder in whatever state: it opens or says why not, gives back what is intact in it,
// works from then on, and opens again without a complaint.
#include "outbox/journal.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "input.h"
#include "platform/clock.h"
#include "platform/crc32c.h"

namespace tpb::fuzz {
namespace {

constexpr std::size_t kStateBytes = 4096;
constexpr std::size_t kSegmentBytes = 65536;
constexpr std::size_t kCapacityBytes = 4 * kSegmentBytes;
constexpr int kMaxReads = 10'000;
constexpr char kSessionId[] = "0123456789abcdef0123456789abcdef";

using Bytes = std::vector<std::byte>;

// Where things stand, as FORMAT.md tells.
constexpr std::size_t kHeaderBytes = 104;
constexpr std::size_t kRecordBytes = 16;

template <class T>
T At(const Bytes& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

void MendCrc32c(Bytes& bytes, std::size_t crc_at, std::size_t from, std::size_t to,
                std::uint32_t seed = 0) {
  const std::uint32_t crc32c = Crc32c({bytes.data() + from, to - from}, seed);
  std::memcpy(bytes.data() + crc_at, &crc32c, sizeof(crc32c));
}

// A fuzzer guesses no checksum: without this it would never come behind the first one.
void MendSegment(Bytes& segment) {
  MendCrc32c(segment, 8, 16, kHeaderBytes);
  const auto seed = At<std::uint32_t>(segment, 8);
  for (std::size_t at = kHeaderBytes; at + kRecordBytes <= segment.size();) {
    const auto length = At<std::uint32_t>(segment, at + 4);
    const bool none = length == 0 && At<std::uint32_t>(segment, at) == 0;
    if (none || length > segment.size() - at - kRecordBytes) return;
    MendCrc32c(segment, at, at + 4, at + kRecordBytes + length, seed);
    at += (kRecordBytes + length + 7) / 8 * 8;
  }
}

void MendState(Bytes& state) {
  for (const std::size_t slot : {0, 2048}) {
    const bool has_session = At<char>(state, slot + 24) != 0;  // as all that was ever written
    if (has_session) MendCrc32c(state, slot + 8, slot + 12, slot + 152);
  }
}

void Put(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

Bytes Padded(std::span<const std::byte> bytes, std::size_t size) {
  Bytes padded(bytes.begin(), bytes.end());
  padded.resize(std::max(padded.size(), size));
  return padded;
}

// True where the files would not become large.
bool Lay(Input& input, const std::filesystem::path& folder) {
  const std::uint8_t choices = input.Byte();
  const bool mend = (choices & 1) != 0;
  if (const auto bytes = input.Bytes(input.Number16()); !bytes.empty()) {
    Bytes state = Padded(bytes, kStateBytes);
    if (mend) MendState(state);
    Put(folder / "state", state);
  }
  for (std::uint64_t number = 1; !input.empty(); ++number) {
    const auto bytes = input.Bytes(input.Number16());
    const bool cut = (choices & 2) != 0 && input.empty();  // the last file is as short as it is
    Bytes segment = Padded(bytes, cut ? kHeaderBytes : kSegmentBytes);
    if (mend) MendSegment(segment);
    if (At<std::uint64_t>(segment, 32) > kSegmentBytes) return false;
    Put(SegmentPath(folder, number), segment);
  }
  return true;
}

// In memory where the system has a place for that: a disk would be waited for.
class Folder {
 public:
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = std::filesystem::is_directory(memory);
    path_ = (has_memory ? memory : std::filesystem::temp_directory_path()) /
            ("tpb_fuzz_journal_" + std::to_string(std::random_device()()));
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void Empty() const {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Nothing final : public Checkpointer {
 public:
  void WriteCheckpoint(Bytes& checkpoint) override { checkpoint.assign(8, std::byte{7}); }
};

std::unique_ptr<Journal> Opened(const std::filesystem::path& folder, Checkpointer& checkpointer) {
  std::unique_ptr<Journal> journal;
  const JournalOptions options{.folder = folder.string(),
                               .capacity_bytes = kCapacityBytes,
                               .segment_bytes = kSegmentBytes,
                               .sync = milliseconds(60'000)};
  const Error error = Journal::Open(options, Clock::System(), checkpointer, journal);
  Require(error ? journal == nullptr && !error.text.empty() : journal != nullptr);
  return journal;
}

// Every batch that can be read is as it was stored, and what cannot be read is passed over.
void ReadAll(Journal& journal) {
  Bytes payload;
  std::int64_t sequence = journal.first_sequence();
  for (int reads = 0; sequence < journal.next_sequence() && reads < kMaxReads; ++reads) {
    const BatchInfo batch = journal.Read(sequence, payload);
    Require(batch.sequence >= sequence && batch.sequence <= journal.next_sequence());
    Require(batch.sequence > sequence || Crc32c(payload) == batch.crc32c);
    sequence = std::max(batch.sequence, sequence + 1);
  }
}

// Takes one more batch; false where there is no room.
bool Append(Journal& journal) {
  const OpenBatch& open = journal.open_batch();
  Bytes payload = open.bytes;
  const Bytes piece(10, std::byte{1});
  if (journal.Reserve(payload.size() + piece.size() + 8, 1) != Room::kMade) return false;
  const std::int64_t sequence = journal.next_sequence();
  const auto now = Clock::System().Now();
  journal.Stage(1, now, piece);
  payload.insert(payload.end(), piece.begin(), piece.end());
  payload.resize(payload.size() + 8, std::byte{9});
  const std::uint32_t crc32c = Crc32c(payload);
  journal.Append(static_cast<std::uint32_t>(open.ticks) + 1, crc32c, now, payload);
  Require(journal.next_sequence() == sequence + 1);
  Bytes read;
  const BatchInfo batch = journal.Read(sequence, read);
  Require(batch.sequence == sequence && batch.crc32c == crc32c && read == payload);
  return true;
}

void Try(const std::filesystem::path& folder) {
  Nothing checkpointer;
  std::unique_ptr<Journal> journal = Opened(folder, checkpointer);
  if (journal == nullptr) return;
  Ledger& ledger = journal->ledger();  // as a session does
  if (ledger.session_id().empty() || journal->damage().must_fork) {
    ledger.SetSession(kSessionId, ledger.session_id());
  }
  std::size_t replayed = 0;
  journal->Replay([&](std::span<const std::byte> piece) { replayed += piece.size(); });
  Require(replayed <= kSegmentBytes);
  ReadAll(*journal);
  if (!Append(*journal)) return;
  const std::int64_t next = journal->next_sequence();
  journal.reset();

  journal = Opened(folder, checkpointer);
  Require(journal != nullptr);
  Require(journal->next_sequence() == next);
  Require(!journal->damage().found);
  Require(journal->open_batch().ticks == 0);
  journal->Release(next - 1);
  Require(journal->first_sequence() == next && journal->bytes() == 0);
}

}  // namespace
}  // namespace tpb::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tpb::fuzz::Folder folder;
  folder.Empty();
  tpb::fuzz::Input input({data, size});
  if (tpb::fuzz::Lay(input, folder.path())) tpb::fuzz::Try(folder.path());
  return 0;
}
