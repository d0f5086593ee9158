// What holds for every outbox.

#include "outbox/outbox.h"

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "outbox/journal.h"
#include "outbox/memory_outbox.h"
#include "platform/crc32c.h"
#include "set_clock.h"
#include "temporary_folder.h"

namespace tpb {
namespace {

struct InMemory {
  explicit InMemory(std::size_t capacity) : outbox(std::make_unique<MemoryOutbox>(capacity)) {}

  std::unique_ptr<Outbox> outbox;
};

struct OnDisk final : Checkpointer {
  explicit OnDisk(std::size_t capacity) {
    clock.now = TimePoint(milliseconds(0));
    std::unique_ptr<Journal> journal;
    const Error error =
        Journal::Open({.folder = folder.text(), .capacity_bytes = capacity, .segment_bytes = 65536},
                      clock, *this, journal);
    BOOST_REQUIRE_MESSAGE(!error, error.text);
    clock.now = TimePoint(std::chrono::hours(1));
    outbox = std::move(journal);
  }
  void WriteCheckpoint(std::vector<std::byte>&) override {}

  TemporaryFolder folder;
  SetClock clock;
  std::unique_ptr<Outbox> outbox;
};

using Kinds = boost::mpl::list<InMemory, OnDisk>;

std::vector<std::byte> Payload(std::int64_t sequence, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(static_cast<std::size_t>(sequence) * 31 + i);
  }
  return bytes;
}

std::uint32_t Ticks(std::int64_t sequence) { return static_cast<std::uint32_t>(sequence % 7 + 1); }

Room Append(Outbox& outbox, std::size_t size, std::size_t staged = 0) {
  const Room room = outbox.Reserve(size, 1);
  if (room != Room::kMade) return room;
  const std::int64_t sequence = outbox.next_sequence();
  const TimePoint accepted_at{milliseconds(sequence)};
  const std::vector<std::byte> payload = Payload(sequence, size);
  const std::span<const std::byte> bytes(payload);
  if (staged > 0) outbox.Stage(1, accepted_at, bytes.first(staged));
  outbox.Append(Ticks(sequence), Crc32c(payload), accepted_at, payload);
  return room;
}

void CheckHeld(Outbox& outbox, std::int64_t sequence, std::size_t size) {
  std::vector<std::byte> payload{std::byte{1}};
  const BatchInfo batch = outbox.Read(sequence, payload);
  const std::vector<std::byte> expected = Payload(sequence, size);
  BOOST_REQUIRE(batch.sequence == sequence);
  BOOST_REQUIRE(batch.ticks == Ticks(sequence));
  BOOST_REQUIRE(batch.crc32c == Crc32c(expected));
  BOOST_REQUIRE(batch.accepted_at == TimePoint(milliseconds(sequence)));
  BOOST_REQUIRE(payload == expected);
}

void CheckNotHeld(Outbox& outbox, std::int64_t sequence, std::int64_t next) {
  std::vector<std::byte> payload{std::byte{1}};
  BOOST_TEST(outbox.Read(sequence, payload).sequence == next);
  BOOST_TEST(payload.empty());
}

BOOST_AUTO_TEST_SUITE(outbox)

BOOST_AUTO_TEST_CASE_TEMPLATE(begins_empty_at_one, Kind, Kinds) {
  Kind kind(1000);
  Outbox& outbox = *kind.outbox;
  BOOST_TEST(outbox.first_sequence() == 1);
  BOOST_TEST(outbox.next_sequence() == 1);
  BOOST_TEST(outbox.bytes() == 0u);
  BOOST_TEST(outbox.capacity_bytes() == 1000u);
  BOOST_CHECK(outbox.oldest_accepted_at() == TimePoint::max());
  BOOST_TEST(outbox.ticks_journaled() == 0);
  BOOST_TEST(outbox.ledger().session_id().empty());
  CheckNotHeld(outbox, 1, 1);
  CheckNotHeld(outbox, 0, 1);
  outbox.Release(5);
  BOOST_TEST(outbox.first_sequence() == 1);
  std::int64_t ticks = 3;
  BOOST_TEST(outbox.DropOldest(10, ticks) == 0);
  BOOST_TEST(ticks == 3);
  BOOST_TEST(outbox.ledger().given_up().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(full_is_refused_and_release_makes_room, Kind, Kinds) {
  Kind kind(1000);
  Outbox& outbox = *kind.outbox;
  BOOST_CHECK(Append(outbox, 600) == Room::kMade);
  BOOST_CHECK(Append(outbox, 401) == Room::kFull);
  BOOST_CHECK(Append(outbox, 400) == Room::kMade);
  BOOST_CHECK(Append(outbox, 1) == Room::kFull);
  BOOST_TEST(outbox.next_sequence() == 3);
  BOOST_CHECK(outbox.oldest_accepted_at() == TimePoint(milliseconds(1)));
  outbox.Release(1);
  BOOST_TEST(outbox.bytes() == 400u);
  BOOST_TEST(outbox.ledger().acknowledged() == 1);
  BOOST_CHECK(outbox.oldest_accepted_at() == TimePoint(milliseconds(2)));
  BOOST_CHECK(Append(outbox, 600) == Room::kMade);
  CheckHeld(outbox, 2, 400);
  CheckHeld(outbox, 3, 600);
  CheckNotHeld(outbox, 1, 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(release_beyond_the_end_releases_all_and_no_more, Kind, Kinds) {
  Kind kind(1 << 20);
  Outbox& outbox = *kind.outbox;
  for (int i = 0; i < 3; ++i) Append(outbox, 10);
  outbox.Release(99);
  BOOST_TEST(outbox.first_sequence() == 4);
  BOOST_TEST(outbox.next_sequence() == 4);
  BOOST_TEST(outbox.bytes() == 0u);
  BOOST_CHECK(outbox.oldest_accepted_at() == TimePoint::max());
  BOOST_CHECK(Append(outbox, 10) == Room::kMade);
  BOOST_CHECK(outbox.oldest_accepted_at() == TimePoint(milliseconds(4)));
  CheckHeld(outbox, 4, 10);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_reserved_stays_when_all_is_released, Kind, Kinds) {
  Kind kind(8 << 20);
  Outbox& outbox = *kind.outbox;
  BOOST_CHECK(Append(outbox, 200'000) == Room::kMade);
  BOOST_CHECK(outbox.Reserve(56'000, 1) == Room::kMade);
  outbox.Release(1);
  const std::vector<std::byte> payload = Payload(2, 56'000);
  outbox.Append(Ticks(2), Crc32c(payload), TimePoint(milliseconds(2)), payload);
  CheckHeld(outbox, 2, 56'000);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(room_for_a_large_call_holds_for_all_of_it, Kind, Kinds) {
  Kind kind(64 << 20);
  Outbox& outbox = *kind.outbox;
  BOOST_CHECK(outbox.Reserve(5'000 * 300, 5'000) == Room::kMade);
  for (std::int64_t sequence = 1; sequence <= 5'000; ++sequence) {
    const std::vector<std::byte> payload = Payload(sequence, 300);
    outbox.Append(Ticks(sequence), Crc32c(payload), TimePoint(milliseconds(sequence)), payload);
  }
  for (std::int64_t sequence = 1; sequence <= 5'000; ++sequence) CheckHeld(outbox, sequence, 300);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(reserved_and_never_used_segments_do_no_harm, Kind, Kinds) {
  Kind kind(8 << 20);
  Outbox& outbox = *kind.outbox;
  BOOST_CHECK(outbox.Reserve(100, 1) == Room::kMade);
  BOOST_CHECK(outbox.Reserve(1 << 20, 1) == Room::kMade);
  BOOST_CHECK(Append(outbox, 100) == Room::kMade);
  BOOST_CHECK(outbox.Reserve(2 << 20, 5000) == Room::kMade);
  outbox.Release(1);
  BOOST_CHECK(Append(outbox, 200) == Room::kMade);
  CheckHeld(outbox, 2, 200);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(dropping_the_oldest_counts_their_ticks, Kind, Kinds) {
  Kind kind(100'000);
  Outbox& outbox = *kind.outbox;
  std::int64_t accepted = 0;
  while (outbox.Reserve(500, 1) == Room::kMade) {
    accepted += Ticks(outbox.next_sequence());
    Append(outbox, 500);
  }
  outbox.Release(3);
  for (std::int64_t sequence = 1; sequence <= 3; ++sequence) accepted -= Ticks(sequence);
  std::int64_t ticks = 0;
  const std::int64_t batches = outbox.DropOldest(2'000, ticks);
  BOOST_TEST(batches >= 1);
  BOOST_TEST(outbox.first_sequence() == 4 + batches);
  BOOST_TEST(outbox.ledger().acknowledged() == 3 + batches);
  BOOST_REQUIRE(outbox.ledger().given_up().size() == 1u);
  BOOST_TEST(outbox.ledger().given_up()[0].first == 4);
  BOOST_TEST(outbox.ledger().given_up()[0].last == 3 + batches);
  BOOST_CHECK(outbox.Reserve(2'000, 1) == Room::kMade);
  CheckNotHeld(outbox, 4, 4 + batches);
  std::vector<std::byte> payload;
  for (std::int64_t sequence = 4 + batches; sequence < outbox.next_sequence(); ++sequence) {
    accepted -= outbox.Read(sequence, payload).ticks;
  }
  BOOST_TEST(ticks == accepted);
  ticks = 0;
  outbox.DropOldest(100'000, ticks);
  BOOST_TEST(outbox.bytes() == 0u);
  BOOST_TEST(outbox.first_sequence() == outbox.next_sequence());
}

std::string GivenUp(const Ledger& ledger) {
  std::string text;
  for (const auto& [first, last] : ledger.given_up()) {
    text += std::to_string(first) + '-' + std::to_string(last) + ' ';
  }
  return text;
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_newest_spans_given_up_are_remembered, Kind, Kinds) {
  Kind kind(1000);
  Ledger& ledger = kind.outbox->ledger();
  ledger.GiveUp({3, 5});
  BOOST_TEST(ledger.acknowledged() == 5);
  ledger.GiveUp({6, 9});
  ledger.GiveUp({7, 8});
  BOOST_TEST(ledger.acknowledged() == 9);
  BOOST_TEST(GivenUp(ledger) == "3-9 ");
  ledger.GiveUp({11, 11});
  BOOST_TEST(GivenUp(ledger) == "3-9 11-11 ");
  for (std::int64_t first = 101; first < 101 + 2 * 15; first += 2) ledger.GiveUp({first, first});
  BOOST_TEST(ledger.given_up().size() == Ledger::kSpans);
  BOOST_TEST(ledger.given_up().front().first == 11);
  BOOST_TEST(ledger.given_up().back().first == 129);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_ledger_keeps_what_it_is_told, Kind, Kinds) {
  Kind kind(1000);
  Ledger& ledger = kind.outbox->ledger();
  const std::string id(32, 'a');
  ledger.SetSession(id, "");
  BOOST_TEST(ledger.session_id() == id);
  BOOST_TEST(ledger.continues().empty());
  ledger.SetHanded(7);
  ledger.SetPeer({.key = 1, .epoch = 2, .acknowledged = 3});
  ledger.SetPeer({.key = 4, .epoch = 5, .acknowledged = 6});
  ledger.SetPeer({.key = 1, .epoch = 2, .acknowledged = 9});
  BOOST_TEST(ledger.peer(1).acknowledged == 9);
  BOOST_TEST(ledger.peer(4).epoch == 5);
  ledger.SetPeer({.key = 8, .epoch = 1, .acknowledged = 1});  // in the place of 4
  BOOST_TEST(ledger.peer(1).acknowledged == 9);
  BOOST_TEST(ledger.peer(4).epoch == 0);
  BOOST_TEST(ledger.peer(8).epoch == 1);
  BOOST_TEST(ledger.handed() == 7);
  ledger.SetSession(std::string(32, 'b'), id);
  BOOST_TEST(ledger.continues() == id);
  BOOST_TEST(ledger.handed() == 0);
  BOOST_TEST(ledger.peer(1).epoch == 0);
}

// Against a list of what must be held, through segments' borders, spares and large batches.
BOOST_AUTO_TEST_CASE_TEMPLATE(any_order_of_calls_keeps_what_it_must, Kind, Kinds) {
  constexpr std::size_t kCapacity = std::size_t{3} << 20;
  std::minstd_rand random(7);
  Kind kind(kCapacity);
  Outbox& outbox = *kind.outbox;
  std::vector<std::size_t> sizes{0};  // by sequence
  std::int64_t first = 1;
  std::size_t held = 0;
  for (int step = 0; step < 20000; ++step) {
    const auto next = static_cast<std::int64_t>(sizes.size());
    if (random() % 3 != 0) {
      const std::size_t size = random() % 50 == 0 ? random() % 400000 + 1 : random() % 2000 + 1;
      const bool fits = held + size <= kCapacity;
      const Room room = Append(outbox, size, random() % 2 == 0 ? 0 : random() % size + 1);
      BOOST_REQUIRE(room == (fits ? Room::kMade : Room::kFull));
      if (fits) {
        sizes.push_back(size);
        held += size;
      }
    } else {
      const std::int64_t up_to =
          first - 1 + random() % static_cast<std::uint32_t>(next - first + 1);
      for (; first <= up_to; ++first) held -= sizes[static_cast<std::size_t>(first)];
      outbox.Release(up_to);
    }
    BOOST_REQUIRE(outbox.bytes() == held);
    BOOST_REQUIRE(outbox.first_sequence() == first);
    BOOST_REQUIRE(outbox.next_sequence() == static_cast<std::int64_t>(sizes.size()));
    if (first < outbox.next_sequence()) {
      BOOST_REQUIRE(outbox.oldest_accepted_at() == TimePoint(milliseconds(first)));
      const std::int64_t any =
          first + random() % static_cast<std::uint32_t>(outbox.next_sequence() - first);
      CheckHeld(outbox, any, sizes[static_cast<std::size_t>(any)]);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
