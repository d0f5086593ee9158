#pragma once

#include <cstddef>

#include "model/error.h"
#include "model/event.h"
#include "model/state.h"
#include "model/tick.h"
#include "trading_protobuf.h"

namespace tpb {

// The contract's structs and numbers are the model's.
static_assert(sizeof(TpbTick) == sizeof(Tick));
static_assert(offsetof(TpbTick, time) == offsetof(Tick, time));
static_assert(offsetof(TpbTick, bid) == offsetof(Tick, bid));
static_assert(offsetof(TpbTick, ask) == offsetof(Tick, ask));
static_assert(offsetof(TpbTick, last) == offsetof(Tick, last));
static_assert(offsetof(TpbTick, volume) == offsetof(Tick, volume));
static_assert(offsetof(TpbTick, time_msc) == offsetof(Tick, time_msc));
static_assert(offsetof(TpbTick, flags) == offsetof(Tick, flags));
static_assert(offsetof(TpbTick, volume_real) == offsetof(Tick, volume_real));
static_assert(sizeof(TpbStatusInfo) == 25 * 8 + 4 * 4);
static_assert(sizeof(TpbEventInfo) == 3 * 8 + 4 * 4);

static_assert(static_cast<int>(Code::kOk) == TPB_OK);
static_assert(static_cast<int>(Code::kInvalidArgument) == TPB_E_INVALID_ARGUMENT);
static_assert(static_cast<int>(Code::kBadConfig) == TPB_E_BAD_CONFIG);
static_assert(static_cast<int>(Code::kBadTick) == TPB_E_BAD_TICK);
static_assert(static_cast<int>(Code::kBadSymbol) == TPB_E_BAD_SYMBOL);
static_assert(static_cast<int>(Code::kOutboxFull) == TPB_E_OUTBOX_FULL);
static_assert(static_cast<int>(Code::kDisk) == TPB_E_DISK);
static_assert(static_cast<int>(Code::kBadHandle) == TPB_E_BAD_HANDLE);
static_assert(static_cast<int>(Code::kNotInitialized) == TPB_E_NOT_INITIALIZED);
static_assert(static_cast<int>(Code::kNotConfigured) == TPB_E_NOT_CONFIGURED);
static_assert(static_cast<int>(Code::kInUse) == TPB_E_IN_USE);
static_assert(static_cast<int>(Code::kTooMany) == TPB_E_TOO_MANY);
static_assert(static_cast<int>(Code::kCredentials) == TPB_E_CREDENTIALS);
static_assert(static_cast<int>(Code::kProtocol) == TPB_E_PROTOCOL);
static_assert(static_cast<int>(Code::kNetwork) == TPB_E_NETWORK);
static_assert(static_cast<int>(Code::kNotice) == TPB_E_NOTICE);
static_assert(static_cast<int>(Code::kInternal) == TPB_E_INTERNAL);
static_assert(static_cast<int>(Code::kNoMemory) == TPB_E_NO_MEMORY);

static_assert(static_cast<int>(State::kDisconnected) == TPB_STATE_DISCONNECTED);
static_assert(static_cast<int>(State::kConnected) == TPB_STATE_CONNECTED);
static_assert(static_cast<int>(State::kConnecting) == TPB_STATE_CONNECTING);
static_assert(static_cast<int>(State::kWaiting) == TPB_STATE_WAITING);
static_assert(static_cast<int>(State::kHalted) == TPB_STATE_HALTED);
static_assert(static_cast<int>(State::kClosing) == TPB_STATE_CLOSING);
static_assert(static_cast<int>(Delivery::kUnknown) == TPB_DELIVERY_UNKNOWN);
static_assert(static_cast<int>(Delivery::kAcknowledged) == TPB_DELIVERY_ACKNOWLEDGED);
static_assert(static_cast<int>(Delivery::kUnacknowledged) == TPB_DELIVERY_UNACKNOWLEDGED);

static_assert(static_cast<int>(EventKind::kConnected) == TPB_EVENT_CONNECTED);
static_assert(static_cast<int>(EventKind::kLost) == TPB_EVENT_LOST);
static_assert(static_cast<int>(EventKind::kBuffering) == TPB_EVENT_BUFFERING);
static_assert(static_cast<int>(EventKind::kFailingOver) == TPB_EVENT_FAILING_OVER);
static_assert(static_cast<int>(EventKind::kRestored) == TPB_EVENT_RESTORED);
static_assert(static_cast<int>(EventKind::kReturning) == TPB_EVENT_RETURNING);
static_assert(static_cast<int>(EventKind::kHalted) == TPB_EVENT_HALTED);
static_assert(static_cast<int>(EventKind::kRecovered) == TPB_EVENT_RECOVERED);
static_assert(static_cast<int>(EventKind::kRefusing) == TPB_EVENT_REFUSING);
static_assert(static_cast<int>(EventKind::kAccepting) == TPB_EVENT_ACCEPTING);
static_assert(static_cast<int>(EventKind::kDropped) == TPB_EVENT_DROPPED);
static_assert(static_cast<int>(EventKind::kDamaged) == TPB_EVENT_DAMAGED);
static_assert(static_cast<int>(EventKind::kChecksum) == TPB_EVENT_CHECKSUM);
static_assert(static_cast<int>(EventKind::kForked) == TPB_EVENT_FORKED);
static_assert(static_cast<int>(EventKind::kGatewayLost) == TPB_EVENT_GATEWAY_LOST);
static_assert(static_cast<int>(EventKind::kDisk) == TPB_EVENT_DISK);
static_assert(static_cast<int>(EventKind::kQuality) == TPB_EVENT_QUALITY);
static_assert(static_cast<int>(EventKind::kNotice) == TPB_EVENT_NOTICE);
static_assert(static_cast<int>(Severity::kInfo) == TPB_INFO);
static_assert(static_cast<int>(Severity::kWarning) == TPB_WARNING);
static_assert(static_cast<int>(Severity::kError) == TPB_ERROR);

}  // namespace tpb
