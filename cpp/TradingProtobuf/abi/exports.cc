// The exported functions: check, call, map to a result. Logic lives below.

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "abi/default_session.h"
#include "abi/handle_table.h"
#include "abi/last_error.h"
#include "abi/layout.h"
#include "abi/text.h"
#include "platform/environment.h"
#include "trading_protobuf.h"

namespace tpb {
namespace {

constexpr milliseconds kCleanupTimeout{500};
constexpr std::int32_t kMaxCloseMs = 60000;

std::int32_t Failed(const Error& error) noexcept {
  SetThreadError(error.text);
  return static_cast<std::int32_t>(error.code);
}

// The same without an allocation, for when that is what failed.
std::int32_t Failed(Code code, std::string_view text) noexcept {
  SetThreadError(text);
  return static_cast<std::int32_t>(code);
}

// The only way out of an export: whatever is thrown becomes a result.
template <class Body>
std::int32_t Guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Failed(Code::kNoMemory, "There is no memory left. Close other programs, and try again.");
  } catch (const std::exception& exception) {
    return Failed(Code::kInternal, exception.what());
  } catch (...) {
    return Failed(Code::kInternal, "An error of the library's own; please report it.");
  }
}

Error InvalidArgument(const char* text) { return {Code::kInvalidArgument, text}; }

Error BadText() {
  return InvalidArgument("A text is longer than 65,536 characters or is not valid UTF-16.");
}

Error CheckBuffer(const TpbChar* buffer, std::int32_t capacity) {
  if (capacity < 0 || (buffer == nullptr && capacity > 0)) {
    return InvalidArgument(
        "The buffer is NULL or its capacity is negative. Pass a buffer and the "
        "number of its elements, or NULL and 0 to ask for the size.");
  }
  return {};
}

Error CheckCount(std::int32_t count) {
  if (count >= 0 && count <= TPB_MAX_TICKS) return {};
  return InvalidArgument("The count of ticks must be 0 to 65,536. Split a longer array.");
}

std::int32_t ToCount(std::int64_t count) {
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(count, std::numeric_limits<std::int32_t>::max()));
}

// Runs the body with the session of a handle. A failure is noted in the session, too.
template <class Body>
std::int32_t WithSession(TpbHandle handle, Body&& body) noexcept {
  return Guarded([&]() -> std::int32_t {
    const bool is_default = handle == TPB_DEFAULT_SESSION;
    const SessionUse session = Handles().Find(is_default ? TheDefaultSession().handle() : handle);
    if (!session) {
      return Failed(is_default ? TheDefaultSession().Absence()
                               : Error{Code::kBadHandle,
                                       "The handle names no open session: it was never opened, is "
                                       "closed, or comes from an earlier load of the library."});
    }
    return body(*session.operator->());
  });
}

std::int32_t Failed(Session& session, const Error& error) {
  session.NoteError(error);
  return Failed(error);
}

std::int32_t FailedDefault(const Error& error) {
  const SessionUse session = Handles().Find(TheDefaultSession().handle());
  return session ? Failed(*session.operator->(), error) : Failed(error);
}

void CopyStatus(const Status& status, TpbStatusInfo& info) {
  info.state_since_ms = status.state_since_ms;
  info.ticks_accepted = status.ticks_accepted;
  info.ticks_journaled = status.ticks_journaled;
  info.ticks_sent = status.ticks_sent;
  info.ticks_acknowledged = status.ticks_acknowledged;
  info.ticks_refused = status.ticks_refused;
  info.ticks_dropped = status.ticks_dropped;
  info.ticks_resent = status.ticks_resent;
  info.batches_closed = status.batches_closed;
  info.batches_acknowledged = status.batches_acknowledged;
  info.oldest_unacknowledged_ms = status.oldest_unacknowledged_ms;
  info.outbox_bytes = status.outbox_bytes;
  info.outbox_capacity_bytes = status.outbox_capacity_bytes;
  info.bytes_sent = status.bytes_sent;
  info.connect_attempts = status.connect_attempts;
  info.reconnects = status.reconnects;
  info.failovers = status.failovers;
  info.frames_ignored = status.frames_ignored;
  info.checksum_mismatches = status.checksum_mismatches;
  info.latency_p50_us = status.latency_p50_us;
  info.latency_p99_us = status.latency_p99_us;
  info.latency_max_us = status.latency_max_us;
  info.round_trip_us = status.round_trip_us;
  info.encode_ns_per_tick = status.encode_ns_per_tick;
  info.ticks_per_s = status.ticks_per_s;
  info.state = static_cast<std::int32_t>(status.state);
  info.delivery = static_cast<std::int32_t>(status.delivery);
  info.endpoint = status.endpoint;
  info.problem = static_cast<std::int32_t>(status.problem);
}

void CopyMarketStatus(const MarketStatus& status, TpbMarketStatusInfo& info) {
  info.state_since_ms = status.state_since_ms;
  info.messages_received = status.messages_received;
  info.messages_unread = status.messages_unread;
  info.messages_overflowed = status.messages_overflowed;
  info.ticks_left_out = status.ticks_left_out;
  info.frames_ignored = status.frames_ignored;
  info.bytes_received = status.bytes_received;
  info.reconnects = status.reconnects;
  info.state = static_cast<std::int32_t>(status.state);
  info.endpoint = status.endpoint;
  info.problem = static_cast<std::int32_t>(status.problem);
  info.subscriptions = status.subscriptions;
  info.refused = status.refused;
  info.tier = static_cast<std::int32_t>(status.tier);
}

// The caller's places for messages: TpbMarketData is MarketData, byte for byte (layout.h).
std::span<MarketData> Places(TpbMarketData* data, std::int32_t count) {
  return {reinterpret_cast<MarketData*>(data), static_cast<std::size_t>(count)};
}

Error CheckPlaces(const TpbMarketData* data, std::int32_t capacity) {
  if (capacity < 0 || (data == nullptr && capacity > 0)) {
    return InvalidArgument("The places are NULL or their number is negative.");
  }
  return {};
}

void CopyEvent(const EventInfo& event, TpbEventInfo& info) {
  info.number = event.number;
  info.time_ms = event.time_ms;
  info.value = event.value;
  info.kind = static_cast<std::int32_t>(event.kind);
  info.severity = static_cast<std::int32_t>(event.severity);
  info.code = static_cast<std::int32_t>(event.code);
  info.endpoint = event.endpoint;
}

}  // namespace
}  // namespace tpb

using namespace tpb;

// ---- The five functions
// --------------------------------------------------------------------------

int32_t InitializeProtobuf(void) noexcept {
  return Guarded([] {
    TheDefaultSession().Join();
    return TPB_OK;
  });
}

int32_t ConnectWebSocket(const TpbChar* endpoint, const TpbChar* auth_token) noexcept {
  return Guarded([&] {
    const TextIn url(endpoint);
    const TextIn token(auth_token);
    if (!url.valid() || !token.valid()) return FailedDefault(BadText());
    Options options;
    const std::string journal = EnvironmentVariable("TPB_JOURNAL");
    Error error = ParseJournal(journal.empty() ? "auto" : journal, options);
    if (!error) error = ParseEndpoint(url.view(), options.endpoint);
    if (!error) error = ParseToken(token.view(), options.token);
    if (!error) error = CompleteOptions(options);
    if (!error) error = TheDefaultSession().Connect(std::move(options));
    return error ? FailedDefault(error) : static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t SendTickBatch(const TpbChar* symbols, const double* bids, const double* asks,
                      const int64_t* timestamps, int32_t count) noexcept {
  return WithSession(TPB_DEFAULT_SESSION, [&](Session& session) {
    if (const Error error = CheckCount(count)) return Failed(session, error);
    if (count > 0 &&
        (symbols == nullptr || bids == nullptr || asks == nullptr || timestamps == nullptr)) {
      return Failed(session, InvalidArgument("An array or the symbols are NULL."));
    }
    const TextIn names(symbols);
    if (!names.valid()) return Failed(session, BadText());
    const Error error =
        session.SendQuotes({names.view(), bids, asks, timestamps, static_cast<std::size_t>(count)});
    return error ? Failed(error) : count;
  });
}

int32_t GetConnectionStatus(void) noexcept {
  return Guarded([] {
    const SessionUse session = Handles().Find(TheDefaultSession().handle());
    if (session) return static_cast<std::int32_t>(session->state());
    if (TheDefaultSession().joined()) return static_cast<std::int32_t>(TPB_STATE_DISCONNECTED);
    return Failed(TheDefaultSession().Absence());
  });
}

int32_t CleanupProtobuf(void) noexcept {
  return Guarded([] {
    std::int64_t unacknowledged = 0;
    const Error error = TheDefaultSession().Leave(kCleanupTimeout, unacknowledged);
    return error ? Failed(error) : ToCount(unacknowledged);
  });
}

// ---- The handle API
// ------------------------------------------------------------------------------

int32_t TpbAbiVersion(void) noexcept { return TPB_ABI_VERSION; }

int32_t TpbSizeOf(int32_t layout) noexcept {
  if (layout == TPB_LAYOUT_TICK) return sizeof(TpbTick);
  if (layout == TPB_LAYOUT_STATUS) return sizeof(TpbStatusInfo);
  if (layout == TPB_LAYOUT_EVENT) return sizeof(TpbEventInfo);
  if (layout == TPB_LAYOUT_MARKET_DATA) return sizeof(TpbMarketData);
  if (layout == TPB_LAYOUT_MARKET_STATUS) return sizeof(TpbMarketStatusInfo);
  if (layout == TPB_LAYOUT_INDICATORS) return sizeof(TpbIndicatorInfo);
  return Guarded([] { return Failed(InvalidArgument("There is no layout of that number.")); });
}

int32_t TpbOpen(const TpbChar* config, TpbHandle* handle) noexcept {
  return Guarded([&] {
    if (handle == nullptr) return Failed(InvalidArgument("The handle's place is NULL."));
    *handle = TPB_THIS_THREAD;
    const TextIn text(config);
    if (!text.valid()) return Failed(BadText());
    Options options;
    if (const Error error = ParseOptions(text.view(), options)) return Failed(error);
    Error error;
    std::unique_ptr<Session> session = Session::Open(std::move(options), error);
    if (error) return Failed(error);
    const TpbHandle opened = Handles().Insert(std::move(session));
    if (opened == 0) {
      return Failed({Code::kTooMany, "64 sessions are open. Close one first."});
    }
    *handle = opened;
    return static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t TpbClose(TpbHandle handle, int32_t timeout_ms) noexcept {
  return Guarded([&] {
    if (handle == TPB_DEFAULT_SESSION || handle == TheDefaultSession().handle()) {
      return Failed({Code::kBadHandle, "The default session is closed by CleanupProtobuf."});
    }
    const std::unique_ptr<Session> session = Handles().Remove(handle);
    if (session == nullptr) {
      return Failed(
          {Code::kBadHandle, "The handle names no open session; it may be closed already."});
    }
    return ToCount(session->Close(milliseconds(std::clamp(timeout_ms, 0, kMaxCloseMs))));
  });
}

int32_t TpbSendTicks(TpbHandle handle, const TpbChar* symbol, const TpbTick* ticks,
                     int32_t count) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckCount(count)) return Failed(session, error);
    if (count > 0 && ticks == nullptr)
      return Failed(session, InvalidArgument("The ticks are NULL."));
    const TextIn name(symbol);
    if (!name.valid()) return Failed(session, BadText());
    // TpbTick is Tick, byte for byte (layout.h).
    const auto* const first = reinterpret_cast<const Tick*>(ticks);
    const Error error = session.SendTicks(name.view(), {first, static_cast<std::size_t>(count)});
    return error ? Failed(error) : count;
  });
}

int32_t TpbFlush(TpbHandle handle) noexcept {
  return WithSession(handle, [](Session& session) { return session.Flush(); });
}

int32_t TpbSetToken(TpbHandle handle, const TpbChar* token) noexcept {
  return WithSession(handle, [&](Session& session) {
    const TextIn text(token);
    if (!text.valid()) return Failed(session, BadText());
    Token parsed;
    Error error = ParseToken(text.view(), parsed);
    if (!error) error = session.SetToken(std::move(parsed));
    return error ? Failed(session, error) : static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t TpbStatus(TpbHandle handle, TpbStatusInfo* status) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (status == nullptr) return Failed(session, InvalidArgument("The status' place is NULL."));
    CopyStatus(session.GetStatus(), *status);
    return static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t TpbCursor(TpbHandle handle, const TpbChar* symbol, int64_t* time_msc,
                  int32_t* count) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (time_msc == nullptr || count == nullptr) {
      return Failed(session, InvalidArgument("A place for the cursor is NULL."));
    }
    const TextIn name(symbol);
    if (!name.valid()) return Failed(session, BadText());
    if (!IsSymbolName(name.view())) {
      return Failed(session, {Code::kBadSymbol,
                              "That is no symbol's name: 1 to 64 bytes, no comma, no control "
                              "characters. Pass the broker's own name, such as EURUSD."});
    }
    const std::optional<Cursor> cursor = session.GetCursor(name.view());
    *time_msc = cursor ? cursor->time_msc : 0;
    *count = cursor ? cursor->count : 0;
    return cursor ? 1 : 0;
  });
}

// ---- Market data
// ---------------------------------------------------------------------------------

int32_t TpbSubscribe(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe) noexcept {
  return WithSession(handle, [&](Session& session) {
    const TextIn name(symbol);
    const TextIn bars(timeframe);
    if (!name.valid() || !bars.valid()) return Failed(session, BadText());
    std::int32_t number = 0;
    const Error error = session.market().Subscribe(name.view(), bars.view(), number);
    return error ? Failed(session, error) : number;
  });
}

int32_t TpbUnsubscribe(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe) noexcept {
  return WithSession(handle, [&](Session& session) {
    const TextIn name(symbol);
    const TextIn bars(timeframe);
    if (!name.valid() || !bars.valid()) return Failed(session, BadText());
    const Error error = session.market().Unsubscribe(name.view(), bars.view());
    return error ? Failed(session, error) : static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t TpbSubscription(TpbHandle handle, int32_t subscription, TpbChar* text,
                        int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckBuffer(text, capacity)) return Failed(session, error);
    MarketFeed::How how;
    if (const Error error = session.market().Look(subscription, how)) {
      return Failed(session, error);
    }
    WriteText(how.text, text, capacity);
    return static_cast<std::int32_t>(how.state);
  });
}

int32_t TpbPollMarketData(TpbHandle handle, TpbMarketData* data, int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckPlaces(data, capacity)) return Failed(session, error);
    return static_cast<std::int32_t>(session.market().Poll(Places(data, capacity)));
  });
}

int32_t TpbLatest(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe,
                  TpbMarketData* data) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (data == nullptr) return Failed(session, InvalidArgument("The place is NULL."));
    const TextIn name(symbol);
    const TextIn bars(timeframe);
    if (!name.valid() || !bars.valid()) return Failed(session, BadText());
    bool found = false;
    const Error error =
        session.market().Latest(name.view(), bars.view(), Places(data, 1).front(), found);
    if (error) return Failed(session, error);
    return found ? 1 : 0;
  });
}

int32_t TpbMarketHistory(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe,
                         TpbMarketData* data, int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckPlaces(data, capacity)) return Failed(session, error);
    const TextIn name(symbol);
    const TextIn bars(timeframe);
    if (!name.valid() || !bars.valid()) return Failed(session, BadText());
    std::size_t count = 0;
    const Error error =
        session.market().History(name.view(), bars.view(), Places(data, capacity), count);
    return error ? Failed(session, error) : static_cast<std::int32_t>(count);
  });
}

int32_t TpbMarketStatus(TpbHandle handle, TpbMarketStatusInfo* status) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (status == nullptr) return Failed(session, InvalidArgument("The status' place is NULL."));
    CopyMarketStatus(session.market().GetStatus(), *status);
    return static_cast<std::int32_t>(TPB_OK);
  });
}

int32_t TpbPairs(TpbHandle handle, TpbChar* buffer, int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckBuffer(buffer, capacity)) return Failed(session, error);
    std::string joined;
    for (const std::string& symbol : session.GetPairs()) {
      joined.append(joined.empty() ? "" : ",").append(symbol);
    }
    return WriteText(joined, buffer, capacity);
  });
}

int32_t TpbIndicators(TpbHandle handle, const TpbChar* symbol,
                      TpbIndicatorInfo* indicators) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (indicators == nullptr) return Failed(session, InvalidArgument("The place is NULL."));
    const TextIn name(symbol);
    if (!name.valid()) return Failed(session, BadText());
    std::optional<IndicatorInfo> info;
    if (const Error error = session.GetIndicators(name.view(), info)) {
      return Failed(session, error);
    }
    // TpbIndicatorInfo is IndicatorInfo, byte for byte (layout.h).
    if (info) std::memcpy(indicators, &*info, sizeof(*indicators));
    return info ? 1 : 0;
  });
}

// ---- What happened
// -------------------------------------------------------------------------------

int32_t TpbNextEvent(TpbHandle handle, TpbEventInfo* event, TpbChar* text,
                     int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (event == nullptr) return Failed(session, InvalidArgument("The event's place is NULL."));
    if (const Error error = CheckBuffer(text, capacity)) return Failed(session, error);
    const std::optional<EventInfo> next = session.NextEvent();
    if (!next) return 0;
    CopyEvent(*next, *event);
    WriteText(next->text, text, capacity);
    return 1;
  });
}

int32_t TpbStatusJson(TpbHandle handle, TpbChar* buffer, int32_t capacity) noexcept {
  return WithSession(handle, [&](Session& session) {
    if (const Error error = CheckBuffer(buffer, capacity)) return Failed(session, error);
    return WriteText(session.StatusJson(), buffer, capacity);
  });
}

int32_t TpbLastError(TpbHandle handle, TpbChar* buffer, int32_t capacity) noexcept {
  return Guarded([&] {
    if (const Error error = CheckBuffer(buffer, capacity)) return Failed(error);
    const SessionUse session =
        Handles().Find(handle == TPB_DEFAULT_SESSION ? TheDefaultSession().handle() : handle);
    if (session) return WriteText(session->LastError(), buffer, capacity);
    return WriteText(ThreadError(), buffer, capacity);
  });
}
