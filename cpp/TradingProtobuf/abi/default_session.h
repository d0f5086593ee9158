#pragma once

#include <atomic>

#include "model/error.h"
#include "platform/static_mutex.h"
#include "session/options.h"
#include "trading_protobuf.h"

namespace tpb {

// The session of the five functions: shared by all callers, counted, made by the first connect.
// Constant initialised and trivially destroyed.
class DefaultSession {
 public:
  void Join();
  Error Connect(Options options);
  // Returns, in `unacknowledged`, what was left when the last one leaves.
  Error Leave(milliseconds timeout, std::int64_t& unacknowledged);

  // 0 while there is none.
  TpbHandle handle() const { return handle_.load(std::memory_order_acquire); }
  bool joined() const { return members_.load(std::memory_order_acquire) > 0; }
  // Why there is no session to ask.
  Error Absence() const;

 private:
  StaticMutex mutex_;  // held by who joins, connects or leaves, never by who sends
  std::atomic<std::int32_t> members_{0};
  std::atomic<TpbHandle> handle_{0};
};

DefaultSession& TheDefaultSession();

}  // namespace tpb
