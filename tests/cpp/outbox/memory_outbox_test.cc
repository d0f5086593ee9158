#include "outbox/memory_outbox.h"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace tpb {
namespace {

std::vector<std::byte> Payload(std::int64_t sequence, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(static_cast<std::size_t>(sequence) * 31 + i);
  }
  return bytes;
}

bool Append(Outbox& outbox, std::size_t size) {
  if (!outbox.Reserve(size, 1)) return false;
  const std::int64_t sequence = outbox.next_sequence();
  outbox.Append(static_cast<std::uint32_t>(sequence % 7), static_cast<std::uint32_t>(sequence),
                TimePoint(milliseconds(sequence)), Payload(sequence, size));
  return true;
}

void CheckHeld(const Outbox& outbox, std::int64_t sequence, std::size_t size) {
  const std::optional<Batch> batch = outbox.Peek(sequence);
  BOOST_REQUIRE(batch.has_value());
  BOOST_TEST(batch->sequence == sequence);
  BOOST_TEST(batch->ticks == static_cast<std::uint32_t>(sequence % 7));
  BOOST_TEST(batch->crc32c == static_cast<std::uint32_t>(sequence));
  BOOST_CHECK(batch->accepted_at == TimePoint(milliseconds(sequence)));
  const std::vector<std::byte> expected = Payload(sequence, size);
  BOOST_REQUIRE(batch->payload.size() == size);
  BOOST_TEST(std::memcmp(batch->payload.data(), expected.data(), size) == 0);
}

BOOST_AUTO_TEST_SUITE(memory_outbox)

BOOST_AUTO_TEST_CASE(begins_empty_at_one) {
  const MemoryOutbox outbox(1000);
  BOOST_TEST(outbox.first_sequence() == 1);
  BOOST_TEST(outbox.next_sequence() == 1);
  BOOST_TEST(outbox.bytes() == 0u);
  BOOST_TEST(!outbox.Peek(1).has_value());
  BOOST_TEST(!outbox.Peek(0).has_value());
}

BOOST_AUTO_TEST_CASE(full_is_refused_and_release_makes_room) {
  MemoryOutbox outbox(1000);
  BOOST_TEST(Append(outbox, 600));
  BOOST_TEST(!Append(outbox, 401));
  BOOST_TEST(Append(outbox, 400));
  BOOST_TEST(!Append(outbox, 1));
  BOOST_TEST(outbox.next_sequence() == 3);
  outbox.Release(1);
  BOOST_TEST(outbox.bytes() == 400u);
  BOOST_TEST(Append(outbox, 600));
  CheckHeld(outbox, 2, 400);
  CheckHeld(outbox, 3, 600);
  BOOST_TEST(!outbox.Peek(1).has_value());
}

BOOST_AUTO_TEST_CASE(release_beyond_the_end_releases_all_and_no_more) {
  MemoryOutbox outbox(1 << 20);
  for (int i = 0; i < 3; ++i) Append(outbox, 10);
  outbox.Release(99);
  BOOST_TEST(outbox.first_sequence() == 4);
  BOOST_TEST(outbox.next_sequence() == 4);
  BOOST_TEST(outbox.bytes() == 0u);
  BOOST_TEST(Append(outbox, 10));
  CheckHeld(outbox, 4, 10);
}

BOOST_AUTO_TEST_CASE(reserved_and_never_used_segments_do_no_harm) {
  MemoryOutbox outbox(std::size_t{8} << 20);
  BOOST_TEST(outbox.Reserve(100, 1));
  BOOST_TEST(outbox.Reserve(std::size_t{1} << 20, 1));  // replaces the empty one
  BOOST_TEST(Append(outbox, 100));
  BOOST_TEST(outbox.Reserve(std::size_t{2} << 20, 5000));
  outbox.Release(1);
  BOOST_TEST(Append(outbox, 200));
  CheckHeld(outbox, 2, 200);
}

// Against a list of what must be held, through segments' borders, spares and large batches.
BOOST_AUTO_TEST_CASE(any_order_of_append_and_release_keeps_what_it_must) {
  std::minstd_rand random(7);
  MemoryOutbox outbox(std::size_t{3} << 20);
  std::vector<std::size_t> sizes{0};  // by sequence
  std::int64_t first = 1;
  std::size_t held = 0;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 3 != 0) {
      const std::size_t size = random() % 50 == 0 ? random() % 400000 + 1 : random() % 2000 + 1;
      const bool fits = held + size <= (std::size_t{3} << 20);
      BOOST_REQUIRE(Append(outbox, size) == fits);
      if (fits) {
        sizes.push_back(size);
        held += size;
      }
    } else {
      const auto next = static_cast<std::int64_t>(sizes.size());
      const std::int64_t up_to =
          first - 1 + random() % static_cast<std::uint32_t>(next - first + 1);
      for (; first <= up_to; ++first) held -= sizes[static_cast<std::size_t>(first)];
      outbox.Release(up_to);
    }
    BOOST_REQUIRE(outbox.bytes() == held);
    BOOST_REQUIRE(outbox.first_sequence() == first);
    BOOST_REQUIRE(outbox.next_sequence() == static_cast<std::int64_t>(sizes.size()));
    if (first < outbox.next_sequence()) {
      const std::int64_t any =
          first + random() % static_cast<std::uint32_t>(outbox.next_sequence() - first);
      CheckHeld(outbox, any, sizes[static_cast<std::size_t>(any)]);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
