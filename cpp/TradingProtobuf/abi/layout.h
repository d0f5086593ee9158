#pragma once

#include <cstddef>

#include "model/error.h"
#include "model/event.h"
#include "model/market_data.h"
#include "model/state.h"
#include "model/tick.h"
#include "session/subscriptions.h"
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
static_assert(sizeof(TpbMarketData) == sizeof(MarketData));
static_assert(offsetof(TpbMarketData, bid) == offsetof(MarketData, bid));
static_assert(offsetof(TpbMarketData, ask) == offsetof(MarketData, ask));
static_assert(offsetof(TpbMarketData, sma_20) == offsetof(MarketData, sma_20));
static_assert(offsetof(TpbMarketData, sma_50) == offsetof(MarketData, sma_50));
static_assert(offsetof(TpbMarketData, ema_12) == offsetof(MarketData, ema_12));
static_assert(offsetof(TpbMarketData, ema_26) == offsetof(MarketData, ema_26));
static_assert(offsetof(TpbMarketData, macd_line) == offsetof(MarketData, macd_line));
static_assert(offsetof(TpbMarketData, macd_signal) == offsetof(MarketData, macd_signal));
static_assert(offsetof(TpbMarketData, rsi) == offsetof(MarketData, rsi));
static_assert(offsetof(TpbMarketData, bollinger_upper) == offsetof(MarketData, bollinger_upper));
static_assert(offsetof(TpbMarketData, bollinger_middle) == offsetof(MarketData, bollinger_middle));
static_assert(offsetof(TpbMarketData, bollinger_lower) == offsetof(MarketData, bollinger_lower));
static_assert(offsetof(TpbMarketData, server_time_ms) == offsetof(MarketData, server_time_ms));
static_assert(offsetof(TpbMarketData, time_msc) == offsetof(MarketData, time_msc));
static_assert(offsetof(TpbMarketData, received_ms) == offsetof(MarketData, received_ms));
static_assert(offsetof(TpbMarketData, age_ms) == offsetof(MarketData, age_ms));
static_assert(offsetof(TpbMarketData, number) == offsetof(MarketData, number));
static_assert(offsetof(TpbMarketData, bar_time) == offsetof(MarketData, bar_time));
static_assert(offsetof(TpbMarketData, subscription) == offsetof(MarketData, subscription));
static_assert(offsetof(TpbMarketData, live) == offsetof(MarketData, live));
static_assert(offsetof(TpbMarketData, tier) == offsetof(MarketData, tier));
static_assert(offsetof(TpbMarketData, market_session) == offsetof(MarketData, market_session));
static_assert(offsetof(TpbMarketData, session_open) == offsetof(MarketData, session_open));
static_assert(offsetof(TpbMarketData, shared) == offsetof(MarketData, shared));
static_assert(sizeof(TpbMarketStatusInfo) == 8 * 8 + 6 * 4);
static_assert(sizeof(TpbIndicatorInfo) == sizeof(IndicatorInfo));
static_assert(offsetof(TpbIndicatorInfo, sma_20) == offsetof(IndicatorInfo, sma_20));
static_assert(offsetof(TpbIndicatorInfo, sma_50) == offsetof(IndicatorInfo, sma_50));
static_assert(offsetof(TpbIndicatorInfo, ema_12) == offsetof(IndicatorInfo, ema_12));
static_assert(offsetof(TpbIndicatorInfo, ema_26) == offsetof(IndicatorInfo, ema_26));
static_assert(offsetof(TpbIndicatorInfo, rsi) == offsetof(IndicatorInfo, rsi));
static_assert(offsetof(TpbIndicatorInfo, ticks) == offsetof(IndicatorInfo, ticks));
static_assert(offsetof(TpbIndicatorInfo, time_msc) == offsetof(IndicatorInfo, time_msc));

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
static_assert(static_cast<int>(Code::kNotSubscribed) == TPB_E_NOT_SUBSCRIBED);
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
static_assert(static_cast<int>(EventKind::kMarketLive) == TPB_EVENT_MARKET_LIVE);
static_assert(static_cast<int>(EventKind::kMarketLost) == TPB_EVENT_MARKET_LOST);
static_assert(static_cast<int>(EventKind::kMarketRefused) == TPB_EVENT_MARKET_REFUSED);
static_assert(static_cast<int>(EventKind::kMarketOverflow) == TPB_EVENT_MARKET_OVERFLOW);
static_assert(static_cast<int>(EventKind::kPairs) == TPB_EVENT_PAIRS);
static_assert(static_cast<int>(Severity::kInfo) == TPB_INFO);
static_assert(static_cast<int>(Severity::kWarning) == TPB_WARNING);
static_assert(static_cast<int>(Severity::kError) == TPB_ERROR);

static_assert(static_cast<int>(SubscriptionState::kAsked) == TPB_SUBSCRIPTION_ASKED);
static_assert(static_cast<int>(SubscriptionState::kActive) == TPB_SUBSCRIPTION_ACTIVE);
static_assert(static_cast<int>(SubscriptionState::kRefused) == TPB_SUBSCRIPTION_REFUSED);
static_assert(static_cast<int>(SubscriptionState::kEnded) == TPB_SUBSCRIPTION_ENDED);
static_assert(static_cast<int>(Tier::kUnknown) == TPB_TIER_UNKNOWN);
static_assert(static_cast<int>(Tier::kFree) == TPB_TIER_FREE);
static_assert(static_cast<int>(Tier::kPro) == TPB_TIER_PRO);
static_assert(static_cast<int>(Tier::kEnterprise) == TPB_TIER_ENTERPRISE);
static_assert(static_cast<int>(MarketSession::kUnknown) == TPB_SESSION_UNKNOWN);
static_assert(static_cast<int>(MarketSession::kSydney) == TPB_SESSION_SYDNEY);
static_assert(static_cast<int>(MarketSession::kTokyo) == TPB_SESSION_TOKYO);
static_assert(static_cast<int>(MarketSession::kLondon) == TPB_SESSION_LONDON);
static_assert(static_cast<int>(MarketSession::kNewYork) == TPB_SESSION_NEW_YORK);
static_assert(Subscriptions::kMax == TPB_MAX_SUBSCRIPTIONS);

}  // namespace tpb
