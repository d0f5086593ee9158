// The steady state of BatchWriter takes no memory: the EA's thread must not wait for an allocator.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <new>
#include <string>

#include "wire/batch_writer.h"

namespace {

std::size_t allocations = 0;

void* Counted(std::size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return Counted(bytes); }
void* operator new[](std::size_t bytes) { return Counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tpb::wire {
namespace {

constexpr Tick kTick{.time = 1'577'898'000,
                     .bid = 1.1212,
                     .ask = 1.12172,
                     .last = 1.1215,
                     .volume = 300,
                     .time_msc = 1'577'898'000'065,
                     .flags = 6,
                     .volume_real = 0.25};
constexpr std::size_t kTicks = 1000;

std::size_t AllocationsOfOneBatch(BatchWriter& writer, const SymbolTag& symbol) {
  const std::size_t before = allocations;
  writer.Clear();
  for (std::size_t n = 0; n < kTicks; ++n) writer.Add(symbol, kTick, static_cast<std::int64_t>(n));
  (void)writer.Close(1, kTick.time_msc);
  return allocations - before;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_writer_allocation)

BOOST_AUTO_TEST_CASE(none_after_reserve) {
  const std::string tenant(200, 't');
  const std::string name(64, 'S');
  const SymbolTag symbol(name);
  BatchWriter writer(tenant, Stamp::kTick);
  writer.Reserve(kTicks * BatchWriter::MaxTickBytes(name.size(), tenant.size()));
  BOOST_TEST(AllocationsOfOneBatch(writer, symbol) == 0u);
}

BOOST_AUTO_TEST_CASE(none_once_a_batch_of_that_size_has_been_built) {
  const SymbolTag symbol("EURUSD");
  BatchWriter writer("acme", Stamp::kTick);
  const std::size_t first = AllocationsOfOneBatch(writer, symbol);
  BOOST_TEST(first > 0u);
  BOOST_TEST(first < 10u);  // the buffer doubles
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(AllocationsOfOneBatch(writer, symbol) == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
