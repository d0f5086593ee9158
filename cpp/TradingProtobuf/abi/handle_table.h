#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "platform/static_mutex.h"
#include "session/session.h"
#include "trading_protobuf.h"

namespace tpb {

// A session in use by one call: it cannot be destroyed meanwhile.
class SessionUse {
 public:
  SessionUse() = default;
  SessionUse(Session* session, std::atomic<std::int32_t>* users)
      : session_(session), users_(users) {}
  SessionUse(SessionUse&& other) noexcept
      : session_(other.session_), users_(std::exchange(other.users_, nullptr)) {}
  SessionUse& operator=(SessionUse&&) = delete;
  ~SessionUse() {
    if (users_ != nullptr) users_->fetch_sub(1, std::memory_order_release);
  }

  explicit operator bool() const { return users_ != nullptr; }
  Session* operator->() const { return session_; }

 private:
  Session* session_ = nullptr;
  std::atomic<std::int32_t>* users_ = nullptr;
};

// The open sessions of this load of the library, by handle. Finding one takes no lock. Constant
// initialised and trivially destroyed, so that loading and unloading run no code.
class HandleTable {
 public:
  // Returns the new handle; 0 when the table is full, and then the session is destroyed.
  TpbHandle Insert(std::unique_ptr<Session> session);

  // Empty when the handle is none.
  SessionUse Find(TpbHandle handle);

  // Takes a session out: no further Find gives it. Waits for the calls that use it, none of which
  // blocks. Null when the handle is none.
  std::unique_ptr<Session> Remove(TpbHandle handle);

 private:
  static constexpr std::size_t kSlots = 64;

  struct Slot {
    std::atomic<TpbHandle> handle{0};  // 0: free
    std::atomic<std::int32_t> users{0};
    Session* session = nullptr;
  };

  Slot& SlotOf(TpbHandle handle) { return slots_[static_cast<std::uint64_t>(handle) % kSlots]; }
  std::uint64_t NextGeneration();

  StaticMutex mutex_;  // guards changes
  std::uint64_t generation_ = 0;
  std::array<Slot, kSlots> slots_{};
};

HandleTable& Handles();

}  // namespace tpb
