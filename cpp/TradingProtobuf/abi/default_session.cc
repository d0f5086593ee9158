#include "abi/default_session.h"

#include <memory>
#include <mutex>
#include <utility>

#include "abi/handle_table.h"

namespace tpb {
namespace {

constinit DefaultSession default_session;

Error NotInitialized() {
  return {Code::kNotInitialized, "InitializeProtobuf has not been called. Call it in OnInit."};
}

}  // namespace

DefaultSession& TheDefaultSession() { return default_session; }

void DefaultSession::Join() {
  const std::lock_guard lock(mutex_);
  members_.fetch_add(1, std::memory_order_release);
}

Error DefaultSession::Connect(Options options) {
  const std::lock_guard lock(mutex_);
  if (!joined()) return NotInitialized();
  if (const SessionUse session = Handles().Find(handle())) {
    if (session->options().endpoint != options.endpoint) {
      return {Code::kInUse, "The default session is connected to " +
                                session->options().endpoint.url() +
                                ". Use TpbOpen for a second endpoint."};
    }
    return session->SetToken(std::move(options.token));
  }
  Error error;
  std::unique_ptr<Session> opened = Session::Open(std::move(options), error);
  if (error) return error;
  const TpbHandle handle = Handles().Insert(std::move(opened));
  if (handle == 0) return {Code::kTooMany, "64 sessions are open. Close one first."};
  handle_.store(handle, std::memory_order_release);
  return {};
}

Error DefaultSession::Leave(milliseconds timeout, std::int64_t& unacknowledged) {
  std::unique_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (!joined()) return NotInitialized();
    if (members_.fetch_sub(1, std::memory_order_acq_rel) > 1) return {};
    session = Handles().Remove(handle_.exchange(0, std::memory_order_acq_rel));
  }
  if (session != nullptr) unacknowledged = session->Close(timeout);
  return {};
}

Error DefaultSession::Absence() const {
  if (!joined()) return NotInitialized();
  return {Code::kNotConfigured,
          "ConnectWebSocket has not been called, so there is no session yet. Call it in OnInit, "
          "after InitializeProtobuf."};
}

}  // namespace tpb
