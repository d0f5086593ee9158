#include "abi/handle_table.h"

#include <chrono>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace tpb {
namespace {

constinit HandleTable handles;
static_assert(std::is_trivially_destructible_v<HandleTable>);

}  // namespace

HandleTable& Handles() { return handles; }

TpbHandle HandleTable::Insert(std::unique_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  for (std::size_t index = 0; index < kSlots; ++index) {
    Slot& slot = slots_[index];
    // A slot whose last user is still leaving is not free yet.
    if (slot.session != nullptr || slot.users.load() != 0) continue;
    slot.session = session.release();
    const auto handle = static_cast<TpbHandle>(NextGeneration() * kSlots + index);
    slot.handle.store(handle);
    return handle;
  }
  return 0;
}

// Begins at the time of the first use, so that a handle of an earlier load is not found.
std::uint64_t HandleTable::NextGeneration() {
  if (generation_ == 0) {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    generation_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count());
  }
  return ++generation_;
}

SessionUse HandleTable::Find(TpbHandle handle) {
  if (handle <= 0) return {};
  Slot& slot = SlotOf(handle);
  // Counted first, compared after: Remove changes the handle first and looks at the count after.
  slot.users.fetch_add(1);
  if (slot.handle.load() == handle) return SessionUse(slot.session, &slot.users);
  slot.users.fetch_sub(1);
  return {};
}

std::unique_ptr<Session> HandleTable::Remove(TpbHandle handle) {
  if (handle <= 0) return nullptr;
  Slot& slot = SlotOf(handle);
  TpbHandle expected = handle;
  if (!slot.handle.compare_exchange_strong(expected, 0)) return nullptr;
  while (slot.users.load() != 0) std::this_thread::yield();
  const std::lock_guard lock(mutex_);
  return std::unique_ptr<Session>(std::exchange(slot.session, nullptr));
}

}  // namespace tpb
