// Producer, consumer, keeper and who looks on, all at once.

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "temporary_folder.h"
#include "tick_journal.h"

namespace tpb {
namespace {

// What a thread found: Boost.Test's own checks are for one thread.
class Findings {
 public:
  void Check(bool right) {
    if (!right) wrong_ = true;
  }
  bool right() const { return !wrong_; }

 private:
  std::atomic<bool> wrong_{false};
};

BOOST_AUTO_TEST_SUITE(journal_threads)

BOOST_AUTO_TEST_CASE(all_batches_arrive_whole_and_in_order) {
  constexpr std::int64_t kBatches = 3000;
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 8192, 100'000);
  BOOST_REQUIRE(stream.Open());
  Journal& journal = stream.journal();
  std::atomic<bool> done{false};
  Findings findings;

  std::thread consumer([&] {
    std::int64_t tick = 0;
    std::vector<std::byte> payload;
    for (std::int64_t sequence = 1; sequence <= kBatches; ++sequence) {
      while (journal.next_sequence() <= sequence) std::this_thread::yield();
      const BatchInfo info = journal.Read(sequence, payload);
      std::string expected;
      for (std::uint32_t i = 0; i < info.ticks; ++i) expected += std::to_string(++tick) + ";";
      expected += "#" + std::to_string(sequence);
      findings.Check(info.sequence == sequence);
      findings.Check(std::ranges::equal(std::as_bytes(std::span(expected)), payload));
      journal.ledger().SetHanded(sequence);
      if (sequence % 7 == 0) journal.Release(sequence - 3);
      if (sequence % 50 == 0) journal.Read(journal.first_sequence(), payload);
    }
    journal.Release(kBatches);
    done = true;
  });
  std::thread onlooker([&] {
    while (!done) {
      findings.Check(journal.first_sequence() <= journal.next_sequence());
      findings.Check(journal.bytes() <= journal.capacity_bytes());
      journal.oldest_accepted_at();
      journal.ticks_journaled();
      journal.ledger().handed();
    }
  });
  for (std::int64_t batch = 1; batch <= kBatches; ++batch) {
    for (int tick = 0; tick <= batch % 4; ++tick) {
      while (stream.Accept() != Room::kMade) std::this_thread::yield();
    }
    while (!stream.CloseBatch()) std::this_thread::yield();
  }
  consumer.join();
  onlooker.join();
  BOOST_TEST(findings.right());
  BOOST_TEST(journal.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(dropping_while_another_reads_does_no_harm) {
  const TemporaryFolder folder;
  TickJournal stream(folder.text(), 4096, 20'000);
  BOOST_REQUIRE(stream.Open());
  Journal& journal = stream.journal();
  std::atomic<bool> done{false};
  Findings findings;
  std::thread consumer([&] {
    std::vector<std::byte> payload;
    std::int64_t sequence = 1;
    while (!done || sequence < journal.next_sequence()) {
      const BatchInfo info = journal.Read(sequence, payload);
      findings.Check(info.sequence >= sequence);
      if (info.sequence == sequence && !payload.empty()) {
        findings.Check(Crc32c(payload) == info.crc32c);
        if (++sequence % 5 == 0) journal.Release(sequence - 2);
      } else {
        sequence = info.sequence;
      }
    }
  });
  for (int batch = 0; batch < 3000; ++batch) {
    std::int64_t ticks = 0;
    while (stream.Accept(30) == Room::kFull) journal.DropOldest(1000, ticks);
    findings.Check(stream.CloseBatch());
  }
  done = true;
  consumer.join();
  BOOST_TEST(findings.right());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
