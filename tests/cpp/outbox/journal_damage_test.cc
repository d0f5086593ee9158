// Whatever becomes of the files: a journal opens, gives back nothing that was not put into it, says
// what is missing, and takes more.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "temporary_folder.h"
#include "tick_journal.h"

namespace tpb {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<char>;
using Files = std::map<fs::path, Bytes>;  // by name

Files Load(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    Bytes& bytes = files[entry.path().filename()];
    bytes.resize(entry.file_size());
    std::ifstream(entry.path(), std::ios::binary).read(bytes.data(), std::ssize(bytes));
  }
  return files;
}

void Save(const Files& files, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry.path());
  for (const auto& [name, bytes] : files) {
    std::ofstream(folder / name, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  }
}

std::vector<fs::path> SegmentNames(const Files& files) {
  std::vector<fs::path> names;
  for (const auto& [name, bytes] : files) {
    if (name.extension() == ".seg") names.push_back(name);
  }
  return names;
}

// A journal of some batches and an open one, and what its batches are.
struct Original {
  explicit Original(std::size_t segment_bytes, int batches) {
    TickJournal stream(folder.text(), segment_bytes);
    BOOST_REQUIRE(stream.Open());
    for (int batch = 0; batch < batches; ++batch)
      BOOST_REQUIRE(stream.AcceptBatch(2) == Room::kMade);
    stream.Accept();
    next = stream.journal().next_sequence();
    ticks = stream.ticks();
    for (std::int64_t sequence = 1; sequence < next; ++sequence) {
      texts[sequence] = *stream.Text(sequence);
    }
    stream.Close();
    files = Load(folder.path());
  }

  // Opens a copy that `harm` was done to. Tells whether all of it came back.
  bool Survives(const std::function<void(Files&)>& harm) {
    Files harmed = files;
    harm(harmed);
    Save(harmed, folder.path());
    TickJournal stream(folder.text(), 1024);
    if (!stream.Open()) {
      BOOST_ERROR(stream.error().text);
      return false;
    }
    bool whole = CheckContent(stream);
    if (!whole) missing_and_told += stream.journal().damage().found ? 1 : 0;
    CheckGoesOn(stream);
    return whole;
  }

  bool CheckContent(TickJournal& stream) {
    BOOST_REQUIRE(stream.intact());
    BOOST_REQUIRE(stream.journal().next_sequence() <= next);
    BOOST_REQUIRE(stream.ticks() <= ticks);
    // Nothing is forgotten that the cursor is behind, but for what is told by Read.
    bool whole = stream.ticks() == ticks;
    for (std::int64_t sequence = 1; sequence < stream.journal().next_sequence(); ++sequence) {
      const std::optional<std::string> text = stream.Text(sequence);
      whole &= text.has_value();
      if (text) BOOST_REQUIRE(*text == texts[sequence]);
    }
    return whole;
  }

  // The source sends again from the cursor on.
  void CheckGoesOn(TickJournal& stream) {
    while (stream.ticks() < ticks) BOOST_REQUIRE(stream.Accept() == Room::kMade);
    BOOST_REQUIRE(stream.CloseBatch());
    const std::int64_t newest = stream.journal().next_sequence() - 1;
    const std::optional<std::string> text = stream.Text(newest);
    BOOST_REQUIRE(text.has_value());
    BOOST_REQUIRE(text->find(std::to_string(ticks) + ";#") != std::string::npos);
    stream.Close();
    BOOST_REQUIRE(stream.Open());
    BOOST_REQUIRE(stream.ticks() == ticks);
    BOOST_REQUIRE(stream.Text(newest) == text);
    BOOST_REQUIRE(!stream.journal().damage().found);
  }

  TemporaryFolder folder;
  Files files;
  std::int64_t next = 0;
  std::int64_t ticks = 0;
  std::map<std::int64_t, std::string> texts;
  int missing_and_told = 0;
};

BOOST_AUTO_TEST_SUITE(journal_damage)

BOOST_AUTO_TEST_CASE(a_file_cut_at_any_byte_is_a_shorter_journal) {
  Original original(512, 2);
  const std::vector<fs::path> names = SegmentNames(original.files);
  BOOST_REQUIRE(names.size() == 1u);
  const std::size_t size = original.files[names[0]].size();
  for (std::size_t cut = 0; cut < size; ++cut) {
    original.Survives([&](Files& files) { files[names[0]].resize(cut); });
  }
}

BOOST_AUTO_TEST_CASE(where_no_segment_is_left_the_session_is_still_known) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  const std::string id(32, 'b');
  stream.journal().ledger().SetSession(id, "");
  BOOST_REQUIRE(stream.AcceptBatch(2) == Room::kMade);
  stream.journal().ledger().SetHanded(1);
  stream.Close();
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".seg") fs::resize_file(entry.path(), 110);
  }
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(stream.journal().damage().found);
  BOOST_TEST(stream.journal().damage().must_fork);
  BOOST_TEST(stream.journal().ledger().session_id() == id);
  BOOST_TEST(stream.journal().next_sequence() == 1);
}

BOOST_AUTO_TEST_CASE(no_flipped_bit_is_believed) {
  Original original(512, 2);
  const std::vector<fs::path> names = SegmentNames(original.files);
  const std::size_t bits = original.files[names[0]].size() * 8;
  int missing = 0;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const bool whole = original.Survives([&](Files& files) {
      files[names[0]][bit / 8] = static_cast<char>(files[names[0]][bit / 8] ^ 1 << bit % 8);
    });
    if (!whole) ++missing;
  }
  BOOST_TEST(missing > 1000);
  BOOST_TEST(original.missing_and_told == missing);
}

BOOST_AUTO_TEST_CASE(no_flipped_bit_of_the_state_matters) {
  Original original(512, 2);
  for (std::size_t bit = 0; bit < 160 * 8; ++bit) {
    BOOST_REQUIRE(original.Survives([&](Files& files) {
      files["state"][bit / 8] = static_cast<char>(files["state"][bit / 8] ^ 1 << bit % 8);
    }));
  }
}

BOOST_AUTO_TEST_CASE(a_lost_state_asks_for_a_new_session) {
  Original original(512, 2);
  Save(original.files, original.folder.path());
  fs::remove(original.folder.path() / "state");
  TickJournal stream(original.folder.text(), 640);
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(original.CheckContent(stream));
  BOOST_TEST(stream.journal().damage().must_fork);
  BOOST_TEST(stream.journal().ledger().session_id() == std::string(32, 'a'));
  BOOST_TEST(stream.journal().ledger().handed() == 2);
}

// What stands in older segments is known to have been there: a hole, and the rest is given back.
BOOST_AUTO_TEST_CASE(damage_in_an_older_segment_is_a_hole_of_its_batches_only) {
  Original original(1024, 40);
  const std::vector<fs::path> names = SegmentNames(original.files);
  BOOST_REQUIRE(names.size() > 3u);
  const std::size_t size = original.files[names[0]].size();
  for (std::size_t byte = 0; byte < size; byte += 5) {
    Files harmed = original.files;
    harmed[names[1]][byte] = static_cast<char>(harmed[names[1]][byte] ^ 0x10);
    Save(harmed, original.folder.path());
    TickJournal stream(original.folder.text(), 1024);
    BOOST_REQUIRE(stream.Open());
    BOOST_TEST(stream.journal().next_sequence() == original.next);
    BOOST_TEST(stream.ticks() == original.ticks);
    original.CheckContent(stream);
    int missing = 0;
    std::vector<std::byte> payload;
    for (std::int64_t sequence = 1; sequence < original.next; ++sequence) {
      const BatchInfo info = stream.journal().Read(sequence, payload);
      if (info.sequence == sequence) continue;
      ++missing;
      BOOST_TEST(payload.empty());
      BOOST_TEST(info.sequence > sequence);
      BOOST_TEST(stream.Text(info.sequence).has_value());
    }
    // Behind a closing record that is none any more, the next batch has no beginning.
    if (byte >= SegmentHeader::kBytes) BOOST_TEST(missing <= 2);
    stream.journal().Release(original.next - 1);
    BOOST_TEST(stream.journal().bytes() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_segment_that_is_gone_is_a_hole) {
  Original original(1024, 40);
  const std::vector<fs::path> names = SegmentNames(original.files);
  Save(original.files, original.folder.path());
  TickJournal stream(original.folder.text(), 1024);
  BOOST_REQUIRE(stream.Open());
  fs::remove(original.folder.path() / names[1]);
  BOOST_TEST(!original.CheckContent(stream));
  stream.Close();
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(!original.CheckContent(stream));
}

// The power went between two segments: the newer one is on the disk, the end of the older is not.
BOOST_AUTO_TEST_CASE(a_segment_that_was_not_settled_ends_with_the_one_before) {
  Original original(1024, 40);
  const std::vector<fs::path> names = SegmentNames(original.files);
  const fs::path& newest = names.back();
  const fs::path& before = names[names.size() - 2];
  const bool whole = original.Survives([&](Files& files) {
    files[newest][12] = 0;  // settled
    std::fill(files[before].begin() + 600, files[before].end(), 0);
  });
  BOOST_TEST(!whole);
  BOOST_TEST(original.missing_and_told == 1);
  BOOST_TEST(original.Survives([&](Files& files) { files[newest][12] = 0; }));
}

BOOST_AUTO_TEST_CASE(a_tail_that_a_gateway_may_have_asks_for_a_new_session) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  for (int batch = 0; batch < 3; ++batch) stream.AcceptBatch(1);
  stream.Close();
  const Files earlier = Load(folder.path());
  BOOST_REQUIRE(stream.Open());
  for (int batch = 0; batch < 3; ++batch) stream.AcceptBatch(1);
  stream.journal().ledger().SetHanded(6);
  stream.journal().Release(5);
  stream.Close();
  Files files = Load(folder.path());
  const fs::path segment = SegmentNames(earlier).front();
  files[segment] = earlier.at(segment);
  Save(files, folder.path());
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(stream.journal().damage().must_fork);
  BOOST_TEST(stream.journal().next_sequence() == 4);
  stream.AcceptBatch(1);
  stream.Close();
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(stream.journal().recovered_batches() == 1);  // is not taken for acknowledged
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
