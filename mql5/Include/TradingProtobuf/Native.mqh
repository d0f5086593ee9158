// Native.mqh: TradingProtobuf.dll as MQL5 sees it.
//
// trading_protobuf.h tells what each of these does; names, order, types and values are the same,
// which a test compares. Structs are packed to 1 byte on both sides, MQL5's default. Results below
// zero are errors. MqlTick goes to the library as it is.

#define TPB_ABI_VERSION 2
#define TPB_MAX_TEXT 65536
#define TPB_MAX_TICKS 65536
#define TPB_MAX_SUBSCRIPTIONS 1024
#define TPB_DEFAULT_SESSION 0
#define TPB_THIS_THREAD (-1)

enum TpbResult
{
   TPB_OK = 0,
   // Mend the call.
   TPB_E_INVALID_ARGUMENT = -101,
   TPB_E_BAD_CONFIG = -102,
   TPB_E_BAD_TICK = -103,
   TPB_E_BAD_SYMBOL = -104,
   // Try again later.
   TPB_E_OUTBOX_FULL = -201,
   TPB_E_DISK = -202,
   // Open, or open again.
   TPB_E_BAD_HANDLE = -301,
   TPB_E_NOT_INITIALIZED = -302,
   TPB_E_NOT_CONFIGURED = -303,
   TPB_E_IN_USE = -304,
   TPB_E_TOO_MANY = -305,
   TPB_E_NOT_SUBSCRIBED = -306,
   // Call the operator.
   TPB_E_CREDENTIALS = -401,
   TPB_E_PROTOCOL = -402,
   TPB_E_NETWORK = -403,
   TPB_E_NOTICE = -404,
   // Report a bug.
   TPB_E_INTERNAL = -501,
   TPB_E_NO_MEMORY = -502
};

enum TpbState
{
   TPB_STATE_DISCONNECTED = 0,
   TPB_STATE_CONNECTED = 1,
   TPB_STATE_CONNECTING = 2,
   TPB_STATE_WAITING = 3,
   TPB_STATE_HALTED = 4,
   TPB_STATE_CLOSING = 5
};

enum TpbDelivery
{
   TPB_DELIVERY_UNKNOWN = 0,
   TPB_DELIVERY_ACKNOWLEDGED = 1,
   TPB_DELIVERY_UNACKNOWLEDGED = 2
};

enum TpbLayout
{
   TPB_LAYOUT_TICK = 1,
   TPB_LAYOUT_STATUS = 2,
   TPB_LAYOUT_EVENT = 3,
   TPB_LAYOUT_MARKET_DATA = 4,
   TPB_LAYOUT_MARKET_STATUS = 5,
   TPB_LAYOUT_INDICATORS = 6
};

enum TpbEventKind
{
   TPB_EVENT_CONNECTED = 1,
   TPB_EVENT_LOST = 2,
   TPB_EVENT_BUFFERING = 3,
   TPB_EVENT_FAILING_OVER = 4,
   TPB_EVENT_RESTORED = 5,
   TPB_EVENT_RETURNING = 6,
   TPB_EVENT_HALTED = 7,
   TPB_EVENT_RECOVERED = 8,
   TPB_EVENT_REFUSING = 9,
   TPB_EVENT_ACCEPTING = 10,
   TPB_EVENT_DROPPED = 11,
   TPB_EVENT_DAMAGED = 12,
   TPB_EVENT_CHECKSUM = 13,
   TPB_EVENT_FORKED = 14,
   TPB_EVENT_GATEWAY_LOST = 15,
   TPB_EVENT_DISK = 16,
   TPB_EVENT_QUALITY = 17,
   TPB_EVENT_NOTICE = 18,
   TPB_EVENT_MARKET_LIVE = 19,
   TPB_EVENT_MARKET_LOST = 20,
   TPB_EVENT_MARKET_REFUSED = 21,
   TPB_EVENT_MARKET_OVERFLOW = 22,
   TPB_EVENT_PAIRS = 23
};

enum TpbSeverity
{
   TPB_INFO = 1,
   TPB_WARNING = 2,
   TPB_ERROR = 3
};

enum TpbSubscriptionState
{
   TPB_SUBSCRIPTION_ASKED = 0,
   TPB_SUBSCRIPTION_ACTIVE = 1,
   TPB_SUBSCRIPTION_REFUSED = 2,
   TPB_SUBSCRIPTION_ENDED = 3
};

enum TpbTier
{
   TPB_TIER_UNKNOWN = 0,
   TPB_TIER_FREE = 1,
   TPB_TIER_PRO = 2,
   TPB_TIER_ENTERPRISE = 3
};

enum TpbMarketSession
{
   TPB_SESSION_UNKNOWN = 0,
   TPB_SESSION_SYDNEY = 1,
   TPB_SESSION_TOKYO = 2,
   TPB_SESSION_LONDON = 3,
   TPB_SESSION_NEW_YORK = 4
};

struct TpbStatusInfo
{
   long state_since_ms;
   long ticks_accepted;
   long ticks_journaled;
   long ticks_sent;
   long ticks_acknowledged;
   long ticks_refused;
   long ticks_dropped;
   long ticks_resent;
   long batches_closed;
   long batches_acknowledged;
   long oldest_unacknowledged_ms;
   long outbox_bytes;
   long outbox_capacity_bytes;
   long bytes_sent;
   long connect_attempts;
   long reconnects;
   long failovers;
   long frames_ignored;
   long checksum_mismatches;
   long latency_p50_us;
   long latency_p99_us;
   long latency_max_us;
   long round_trip_us;
   long encode_ns_per_tick;
   double ticks_per_s;
   int state;
   int delivery;
   int endpoint;
   int problem;
};

struct TpbEventInfo
{
   long number;
   long time_ms;
   long value;
   int kind;
   int severity;
   int code;
   int endpoint;
};

// A number that is not known is NaN: ask MathIsValidNumber.
struct TpbMarketData
{
   double bid;
   double ask;
   double sma_20;
   double sma_50;
   double ema_12;
   double ema_26;
   double macd_line;
   double macd_signal;
   double rsi;
   double bollinger_upper;
   double bollinger_middle;
   double bollinger_lower;
   long server_time_ms;
   long time_msc;
   long received_ms;
   long age_ms;
   long number;
   long bar_time;
   int subscription;
   int live;
   int tier;
   int market_session;
   int session_open;
   int shared;
};

struct TpbMarketStatusInfo
{
   long state_since_ms;
   long messages_received;
   long messages_unread;
   long messages_overflowed;
   long ticks_left_out;
   long frames_ignored;
   long bytes_received;
   long reconnects;
   int state;
   int endpoint;
   int problem;
   int subscriptions;
   int refused;
   int tier;
};

struct TpbIndicatorInfo
{
   double sma_20;
   double sma_50;
   double ema_12;
   double ema_26;
   double rsi;
   long ticks;
   long time_msc;
};

#import "TradingProtobuf.dll"
// The five functions: one session that all programs of the terminal share.
int InitializeProtobuf();
int ConnectWebSocket(const string endpoint, const string auth_token);
int SendTickBatch(const string symbols, const double &bids[], const double &asks[],
                  const long &timestamps[], int count);
int GetConnectionStatus();
int CleanupProtobuf();
// Sessions of one's own.
int TpbAbiVersion();
int TpbSizeOf(int layout);
int TpbOpen(const string config, long &handle);
int TpbClose(long handle, int timeout_ms);
int TpbSendTicks(long handle, const string symbol, const MqlTick &ticks[], int count);
int TpbFlush(long handle);
int TpbSetToken(long handle, const string token);
int TpbStatus(long handle, TpbStatusInfo &status);
int TpbCursor(long handle, const string symbol, long &time_msc, int &count);
// The gateway's market data.
int TpbSubscribe(long handle, const string symbol, const string timeframe);
int TpbUnsubscribe(long handle, const string symbol, const string timeframe);
int TpbSubscription(long handle, int subscription, ushort &text[], int capacity);
int TpbPollMarketData(long handle, TpbMarketData &data[], int capacity);
int TpbLatest(long handle, const string symbol, const string timeframe, TpbMarketData &data);
int TpbMarketHistory(long handle, const string symbol, const string timeframe,
                     TpbMarketData &data[], int capacity);
int TpbMarketStatus(long handle, TpbMarketStatusInfo &status);
int TpbPairs(long handle, ushort &buffer[], int capacity);
int TpbIndicators(long handle, const string symbol, TpbIndicatorInfo &indicators);
// What happened.
int TpbNextEvent(long handle, TpbEventInfo &event, ushort &text[], int capacity);
int TpbStatusJson(long handle, ushort &buffer[], int capacity);
int TpbLastError(long handle, ushort &buffer[], int capacity);
#import
