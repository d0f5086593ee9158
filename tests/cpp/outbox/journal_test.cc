#include "outbox/journal.h"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "temporary_folder.h"
#include "tick_journal.h"

namespace tpb {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Segments(const fs::path& folder) {
  std::set<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".seg") paths.insert(entry.path());
  }
  return {paths.begin(), paths.end()};
}

// For what the keeper does in its own time.
template <class Condition>
bool Comes(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

void Reopen(TickJournal& stream) {
  stream.Close();
  BOOST_REQUIRE_MESSAGE(stream.Open(), stream.error().text);
}

void CheckBatches(TickJournal& stream, int ticks_each) {
  Journal& journal = stream.journal();
  for (std::int64_t sequence = journal.first_sequence(); sequence < journal.next_sequence();
       ++sequence) {
    std::string expected;
    for (std::int64_t tick = (sequence - 1) * ticks_each + 1; tick <= sequence * ticks_each;
         ++tick) {
      expected += std::to_string(tick) + ";";
    }
    BOOST_REQUIRE(stream.Text(sequence) == expected + "#" + std::to_string(sequence));
  }
}

BOOST_AUTO_TEST_SUITE(journal)

BOOST_AUTO_TEST_CASE(a_restart_goes_on_where_it_ended) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  BOOST_TEST(stream.journal().recovered_batches() == 0);
  for (int life = 0; life < 4; ++life) {
    for (int batch = 0; batch < 30; ++batch) BOOST_CHECK(stream.AcceptBatch(5) == Room::kMade);
    BOOST_CHECK(stream.Accept() == Room::kMade);
    BOOST_CHECK(stream.Accept() == Room::kMade);
    const std::int64_t ticks = stream.ticks();
    const std::string open = stream.open();
    Reopen(stream);
    BOOST_TEST(stream.intact());
    BOOST_TEST(stream.ticks() == ticks);
    BOOST_TEST(stream.open() == open);
    BOOST_TEST(stream.journal().open_batch().ticks == 2u);
    BOOST_TEST(stream.journal().recovered_ticks() == ticks);
    BOOST_TEST(stream.journal().recovered_batches() == stream.journal().next_sequence() - 1);
    BOOST_TEST(!stream.journal().damage().found);
    for (int tick = 0; tick < 3; ++tick) stream.Accept();
    BOOST_TEST(stream.CloseBatch());
  }
  CheckBatches(stream, 5);
  BOOST_TEST(stream.checkpoints() > 4);  // segments' borders were crossed
}

BOOST_AUTO_TEST_CASE(open_pieces_come_along_into_the_next_segment) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 512);
  BOOST_REQUIRE(stream.Open());
  for (int tick = 0; tick < 200; ++tick) BOOST_CHECK(stream.Accept(20) == Room::kMade);
  BOOST_TEST(stream.checkpoints() > 2);
  const std::string open = stream.open();
  Reopen(stream);
  BOOST_TEST(stream.intact());
  BOOST_TEST(stream.ticks() == 200);
  BOOST_TEST(stream.open() == open);
  BOOST_TEST(stream.CloseBatch());
  BOOST_TEST(*stream.Text(1) == open + "#1");
  Reopen(stream);
  BOOST_TEST(*stream.Text(1) == open + "#1");
  BOOST_TEST(stream.open().empty());
}

BOOST_AUTO_TEST_CASE(a_batch_larger_than_a_segment_has_one_of_its_size) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 512);
  BOOST_REQUIRE(stream.Open());
  BOOST_CHECK(stream.AcceptBatch(1) == Room::kMade);
  BOOST_CHECK(stream.AcceptBatch(3, 100'000) == Room::kMade);
  BOOST_CHECK(stream.AcceptBatch(1) == Room::kMade);
  Reopen(stream);
  BOOST_TEST(stream.Text(2)->size() > 300'000u);
  BOOST_TEST(*stream.Text(3) == "5;#3");
}

BOOST_AUTO_TEST_CASE(released_segments_are_deleted_and_the_newest_keeps_the_cursor) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 1024);
  BOOST_REQUIRE(stream.Open());
  for (int batch = 0; batch < 200; ++batch) stream.AcceptBatch(5);
  const std::size_t before = Segments(folder.path()).size();
  BOOST_TEST(before > 10u);
  stream.journal().Release(100);
  BOOST_TEST(Comes([&] { return Segments(folder.path()).size() < before * 2 / 3; }));
  CheckBatches(stream, 5);
  BOOST_TEST(stream.journal().first_sequence() == 101);
  Reopen(stream);
  BOOST_TEST(stream.journal().first_sequence() == 101);
  BOOST_TEST(stream.journal().recovered_ticks() == 500);
  CheckBatches(stream, 5);
  stream.journal().Release(200);
  BOOST_TEST(Comes([&] { return Segments(folder.path()).size() <= 2; }));
  Reopen(stream);
  BOOST_TEST(stream.journal().bytes() == 0u);
  BOOST_TEST(stream.journal().next_sequence() == 201);
  BOOST_TEST(stream.ticks() == 1000);
}

BOOST_AUTO_TEST_CASE(what_was_dropped_stays_dropped) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 1024, 8192);
  BOOST_REQUIRE(stream.Open());
  while (stream.AcceptBatch(5) == Room::kMade) {
  }
  std::int64_t ticks = 0;
  const std::int64_t batches = stream.journal().DropOldest(100, ticks);
  BOOST_TEST(batches > 1);
  BOOST_TEST(ticks == batches * 5);
  Reopen(stream);
  BOOST_TEST(stream.journal().first_sequence() == 1 + batches);
  BOOST_REQUIRE(stream.journal().ledger().given_up().size() == 1u);
  BOOST_TEST(stream.journal().ledger().given_up()[0].last == batches);
  CheckBatches(stream, 5);
}

BOOST_AUTO_TEST_CASE(a_second_writer_is_refused) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  TickJournal second(folder.text());
  BOOST_TEST(!second.Open());
  BOOST_CHECK(second.error().code == Code::kInUse);
  BOOST_TEST(second.error().text.find(folder.text()) != std::string::npos);
  stream.Close();
  BOOST_TEST(second.Open());
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_is_an_error) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "here";
  TickJournal stream(folder.text() + "/file/journal");
  BOOST_TEST(!stream.Open());
  BOOST_CHECK(stream.error().code == Code::kDisk);
}

BOOST_AUTO_TEST_CASE(the_ledger_outlives_the_process) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  const std::string id(32, 'b');
  for (int batch = 0; batch < 9; ++batch) stream.AcceptBatch(1);
  Ledger& ledger = stream.journal().ledger();
  ledger.SetSession(id, std::string(32, 'a'));
  ledger.SetHanded(9);
  ledger.SetPeer({.key = 5, .epoch = 2, .acknowledged = 4});
  stream.journal().Release(4);
  Reopen(stream);
  Ledger& after = stream.journal().ledger();
  BOOST_TEST(after.session_id() == id);
  BOOST_TEST(after.continues() == std::string(32, 'a'));
  BOOST_TEST(after.handed() == 9);
  BOOST_TEST(after.acknowledged() == 4);
  BOOST_TEST(after.peer(5).epoch == 2);
  BOOST_TEST(after.peer(5).acknowledged == 4);
  BOOST_TEST(!stream.journal().damage().must_fork);
}

BOOST_AUTO_TEST_CASE(what_was_written_is_synced_and_counted) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  stream.AcceptBatch(5);
  stream.Accept();
  BOOST_TEST(Comes([&] { return stream.journal().ticks_journaled() == 6; }));
  Reopen(stream);
  BOOST_TEST(stream.journal().ticks_journaled() == 0);  // of this life
}

// Whatever the wall clock was set to between two lives.
BOOST_AUTO_TEST_CASE(ages_count_within_a_life) {
  constexpr std::int64_t kYears = 100'000'000'000;
  for (const std::int64_t step_ms : {-kYears, std::int64_t{0}, kYears}) {
    const TemporaryFolder folder;
    TickJournal stream(folder.text());
    BOOST_REQUIRE(stream.Open());
    stream.AcceptBatch(1);
    stream.Close();
    stream.clock.unix_ms += step_ms;
    stream.clock.now = TimePoint(milliseconds(777));
    BOOST_REQUIRE(stream.Open());
    BOOST_CHECK(stream.journal().oldest_accepted_at() == TimePoint(milliseconds(777)));
    stream.clock.now = TimePoint(milliseconds(900));
    stream.AcceptBatch(1);
    std::vector<std::byte> payload;
    BOOST_CHECK(stream.journal().Read(1, payload).accepted_at == TimePoint(milliseconds(777)));
    BOOST_CHECK(stream.journal().Read(2, payload).accepted_at == TimePoint(milliseconds(900)));
    stream.journal().Release(1);
    BOOST_CHECK(stream.journal().oldest_accepted_at() == TimePoint(milliseconds(900)));
  }
}

BOOST_AUTO_TEST_CASE(a_folder_of_an_unknown_version_is_left_alone) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text());
  BOOST_REQUIRE(stream.Open());
  stream.AcceptBatch(1);
  stream.Close();
  const fs::path path = Segments(folder.path()).front();
  std::vector<char> bytes(fs::file_size(path));
  std::ifstream(path, std::ios::binary).read(bytes.data(), std::ssize(bytes));
  bytes[16] = 2;
  const std::uint32_t crc = Crc32c(std::as_bytes(std::span(bytes)).subspan(16, 88));
  std::memcpy(&bytes[8], &crc, sizeof(crc));
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  BOOST_TEST(!stream.Open());
  BOOST_CHECK(stream.error().code == Code::kBadConfig);
  BOOST_TEST(fs::exists(path));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
