/* trading_protobuf.h: the C contract of TradingProtobuf.dll and libTradingProtobuf.so.
 *
 * Conventions. They hold for every function, so that none repeats them.
 *
 *  1. Results. A function that can fail returns int32_t: >= 0 is success (a count where that is
 *     natural), < 0 one of the TPB_E_ codes below. TpbLastError tells the rest in a sentence.
 *     Being disconnected is a state of a session, never an error of sending.
 *  2. All or nothing. A call that fails has accepted nothing.
 *  3. Text in is UTF-16 with a final zero (what MQL5 passes for `string`); NULL reads as "".
 *     At most TPB_MAX_TEXT units are read; longer text is TPB_E_INVALID_ARGUMENT.
 *  4. Text out goes to the caller's buffer of `capacity` units (MQL5: `ushort &buffer[]`), always
 *     ends with a zero when capacity > 0, and is cut to fit. The result is the number of units the
 *     whole text needs, final zero included; call again with that capacity if it was cut. A NULL
 *     buffer with capacity 0 just asks.
 *  5. Arrays are bare pointers with the number of elements beside them. They are read during the
 *     call and never kept. NULL with a count above 0 is TPB_E_INVALID_ARGUMENT.
 *  6. Structs are packed to 1 byte, as MQL5 packs them, and never grow. TpbSizeOf tells their
 *     sizes; an EA compares them with its own sizeof in OnInit.
 *  7. Handles are numbers > 0 that are never used twice. 0 names the default session, the one of
 *     the five functions. A stale, closed or foreign handle is TPB_E_BAD_HANDLE.
 *  8. Threads. Every function may be called from any thread at any time.
 *  9. Blocking. No function waits for the network. None waits for a disk in the steady state; the
 *     opening of a journal reads its newest segment (8 MiB), that of a market cache its file (at
 *     most 17 MB), and TpbClose and CleanupProtobuf wait at most for their time limit.
 * 10. Nothing is thrown, nothing aborts, nothing the library allocates is the caller's to free.
 * 11. Units are in names: _ms, _us, _ns, _bytes. "Unix" times count from 1970-01-01 UTC on the
 *     local clock; `time` and `time_msc` of a tick are the trade server's wall clock.
 * 12. A tick's receipt goes accepted -> journaled -> sent -> acknowledged. Accepted: in the
 *     outbox, which gives it up only for an acknowledgement. Journaled: on disk. Sent: handed to
 *     the socket at least once. Acknowledged: stored by the gateway.
 *
 * Names, meanings and values in this file never change; new ones are added. Since ABI 1 unless a
 * function says otherwise.
 */
#ifndef TRADING_PROTOBUF_H_
#define TRADING_PROTOBUF_H_

#include <stdint.h>

#if defined(_WIN32) && defined(TPB_BUILD)
#define TPB_API __declspec(dllexport)
#elif defined(_WIN32)
#define TPB_API __declspec(dllimport)
#elif defined(TPB_BUILD)
#define TPB_API __attribute__((visibility("default")))
#else
#define TPB_API
#endif

#ifdef __cplusplus
#define TPB_NOEXCEPT noexcept
extern "C" {
#else
#define TPB_NOEXCEPT
#endif

/* What TpbAbiVersion returns. */
#define TPB_ABI_VERSION 2

/* Longest text read, in UTF-16 units, without the final zero. */
#define TPB_MAX_TEXT 65536
/* Most ticks one call may carry. */
#define TPB_MAX_TICKS 65536
/* Most subscriptions of a session. */
#define TPB_MAX_SUBSCRIPTIONS 1024

/* One UTF-16 unit: MQL5's ushort, a Windows wchar_t. */
typedef uint16_t TpbChar;
typedef int64_t TpbHandle;

/* The default session (convention 7). */
#define TPB_DEFAULT_SESSION ((TpbHandle)0)
/* For TpbLastError: whatever this thread's newest failed call was. */
#define TPB_THIS_THREAD ((TpbHandle)(-1))

/* ---- Results: grouped by what the caller does about them ------------------------------------ */
enum TpbResult {
  TPB_OK = 0,

  /* Mend the call. */
  TPB_E_INVALID_ARGUMENT = -101, /* NULL, a count out of range, text too long */
  TPB_E_BAD_CONFIG = -102,       /* the config string, the endpoint or the token cannot be used */
  TPB_E_BAD_TICK = -103,         /* a price or time that no market has */
  TPB_E_BAD_SYMBOL = -104,       /* an empty or overlong name; names that do not match the count */

  /* Try again later. */
  TPB_E_OUTBOX_FULL = -201, /* the outbox is at its limit; the ticks stay with the caller */
  TPB_E_DISK = -202, /* the journal's disk is full or fails; the ticks stay with the caller */

  /* Open, or open again. */
  TPB_E_BAD_HANDLE = -301,      /* never opened, closed, or of another load of the library */
  TPB_E_NOT_INITIALIZED = -302, /* InitializeProtobuf has not been called */
  TPB_E_NOT_CONFIGURED = -303,  /* ConnectWebSocket has not been called */
  TPB_E_IN_USE = -304,          /* the default session serves another endpoint, user or tenant, or
                                   another process writes the journal */
  TPB_E_TOO_MANY = -305,        /* sessions (64), symbols (16,384) or subscriptions (1,024) of a
                                   session */
  TPB_E_NOT_SUBSCRIBED = -306,  /* TpbSubscribe has not been called for it. Since ABI 2 */

  /* Call the operator: seen as the problem of a halted session, not returned by a send. */
  TPB_E_CREDENTIALS = -401, /* the gateway refused the token (401, 403) */
  TPB_E_PROTOCOL = -402,    /* the gateway does not speak this contract, or contradicts itself */
  TPB_E_NETWORK = -403,     /* name, route, TLS or time-out; the session keeps trying */
  TPB_E_NOTICE = -404,      /* the gateway has something to say to a person */

  /* Report a bug. */
  TPB_E_INTERNAL = -501,
  TPB_E_NO_MEMORY = -502
};

/* ---- States of a session --------------------------------------------------------------------- */
enum TpbState {
  TPB_STATE_DISCONNECTED = 0, /* not opened, or closed */
  TPB_STATE_CONNECTED = 1,    /* ticks flow */
  TPB_STATE_CONNECTING = 2,   /* a connection is being made */
  TPB_STATE_WAITING = 3,      /* the last try failed; the next one has its time */
  TPB_STATE_HALTED = 4,       /* no further try without a change, such as a new token */
  TPB_STATE_CLOSING = 5       /* flushing before the end */
};

/* How sent batches are receipted. */
enum TpbDelivery {
  TPB_DELIVERY_UNKNOWN = 0,       /* no connection yet */
  TPB_DELIVERY_ACKNOWLEDGED = 1,  /* the gateway speaks tpb.ack.v1 */
  TPB_DELIVERY_UNACKNOWLEDGED = 2 /* it does not: best effort; sent is all that is known */
};

/* Layouts that TpbSizeOf knows. */
enum TpbLayout {
  TPB_LAYOUT_TICK = 1,
  TPB_LAYOUT_STATUS = 2,
  TPB_LAYOUT_EVENT = 3,
  TPB_LAYOUT_MARKET_DATA = 4,   /* since ABI 2 */
  TPB_LAYOUT_MARKET_STATUS = 5, /* since ABI 2 */
  TPB_LAYOUT_INDICATORS = 6     /* since ABI 2 */
};

/* What an event tells; `value` is told beside each. */
enum TpbEventKind {
  TPB_EVENT_CONNECTED = 1,    /* the session's first connection streams; batches to send */
  TPB_EVENT_LOST = 2,         /* the connection ended or fell silent; `code` says why */
  TPB_EVENT_BUFFERING = 3,    /* ticks are kept until there is a connection; batches held */
  TPB_EVENT_FAILING_OVER = 4, /* to `endpoint` */
  TPB_EVENT_RESTORED = 5,     /* ticks flow again; milliseconds since TPB_EVENT_LOST */
  TPB_EVENT_RETURNING = 6,    /* from the backup to the primary, which is well again */
  TPB_EVENT_HALTED = 7,       /* no further try without a change; `code` says why */
  TPB_EVENT_RECOVERED = 8,    /* the journal held batches of an earlier life; their number */
  TPB_EVENT_REFUSING = 9,     /* ticks go back to callers: full, or the disk; batches held */
  TPB_EVENT_ACCEPTING = 10,   /* ticks are accepted again; ticks refused meanwhile */
  TPB_EVENT_DROPPED = 11,     /* outbox_full=drop_oldest gave up batches; ticks given up */
  TPB_EVENT_DAMAGED = 12,     /* the journal was damaged: batches are gone; repair from history
                                 by TpbCursor; batches lost (0 = not known) */
  TPB_EVENT_CHECKSUM = 13,    /* the gateway stored a batch wrongly, it is sent again; its number */
  TPB_EVENT_FORKED = 14,      /* the gateway knows batches that this journal does not: it is an
                                 old copy. The stream goes on as a new session; batches moved */
  TPB_EVENT_GATEWAY_LOST = 15, /* the gateway lost batches that it had acknowledged; the text says
                                  which, as far as it knows */
  TPB_EVENT_DISK = 16,         /* the journal's disk refuses or is slow; `code` */
  TPB_EVENT_QUALITY = 17,      /* ticks of doubtful quality came; how many since the last such */
  TPB_EVENT_NOTICE = 18,       /* the gateway has something to say to a person */
  /* Since ABI 2. */
  TPB_EVENT_MARKET_LIVE = 19,    /* market data flows, first or again; subscriptions */
  TPB_EVENT_MARKET_LOST = 20,    /* its connection ended: what is kept is stale now; `code` */
  TPB_EVENT_MARKET_REFUSED = 21, /* the gateway refused a subscription, the text tells why; its
                                    number */
  TPB_EVENT_MARKET_OVERFLOW =
      22,              /* messages were pushed out unread; how many since the last such */
  TPB_EVENT_PAIRS = 23 /* the gateway has chosen other pairs (TpbPairs); their number */
};

enum TpbSeverity { TPB_INFO = 1, TPB_WARNING = 2, TPB_ERROR = 3 };

/* ---- Market data. Since ABI 2 ---------------------------------------------------------------- */

enum TpbSubscriptionState {
  TPB_SUBSCRIPTION_ASKED = 0,   /* the gateway has not answered yet, or is away */
  TPB_SUBSCRIPTION_ACTIVE = 1,  /* granted on the connection there is */
  TPB_SUBSCRIPTION_REFUSED = 2, /* asked for again after a reconnect, a minute, or TpbSubscribe */
  TPB_SUBSCRIPTION_ENDED = 3    /* by TpbUnsubscribe */
};

/* A user's subscription to the service, as the gateway says. */
enum TpbTier { TPB_TIER_UNKNOWN = 0, TPB_TIER_FREE = 1, TPB_TIER_PRO = 2, TPB_TIER_ENTERPRISE = 3 };

enum TpbMarketSession {
  TPB_SESSION_UNKNOWN = 0,
  TPB_SESSION_SYDNEY = 1,
  TPB_SESSION_TOKYO = 2,
  TPB_SESSION_LONDON = 3,
  TPB_SESSION_NEW_YORK = 4
};

#pragma pack(push, 1)

/* MQL5's MqlTick, byte for byte: 60 bytes. */
typedef struct TpbTick {
  int64_t time;       /* seconds */
  double bid;         /* finite */
  double ask;         /* finite */
  double last;        /* finite; 0 where the market has none */
  uint64_t volume;    /* 0 where the market has none */
  int64_t time_msc;   /* milliseconds; a value that can only be seconds is refused */
  uint32_t flags;     /* TICK_FLAG_... */
  double volume_real; /* finite */
} TpbTick;

/* A session's counters and state at one moment. Counts are since the session was opened. */
typedef struct TpbStatusInfo {
  int64_t state_since_ms;           /* Unix, when `state` began */
  int64_t ticks_accepted;           /* taken from the caller */
  int64_t ticks_journaled;          /* of these, on disk (0 with the outbox in memory) */
  int64_t ticks_sent;               /* of these, handed to the socket at least once */
  int64_t ticks_acknowledged;       /* of these, stored by the gateway */
  int64_t ticks_refused;            /* given back to the caller by a failed call */
  int64_t ticks_dropped;            /* accepted, then given up */
  int64_t ticks_resent;             /* handed to the socket again after a reconnect */
  int64_t batches_closed;           /* newest batch_sequence given out */
  int64_t batches_acknowledged;     /* newest batch_sequence acknowledged */
  int64_t oldest_unacknowledged_ms; /* age; 0 when all is acknowledged */
  int64_t outbox_bytes;             /* held now */
  int64_t outbox_capacity_bytes;
  int64_t bytes_sent; /* frame payloads, without TLS and WebSocket framing */
  int64_t connect_attempts;
  int64_t reconnects;          /* connections made after the first */
  int64_t failovers;           /* changes of endpoint */
  int64_t frames_ignored;      /* from the gateway, of kinds not known here */
  int64_t checksum_mismatches; /* acknowledged batches whose CRC-32C differs from ours */
  int64_t latency_p50_us;      /* accepted to acknowledged, over the whole session */
  int64_t latency_p99_us;
  int64_t latency_max_us;
  int64_t round_trip_us;      /* newest ping to pong; 0 = none yet */
  int64_t encode_ns_per_tick; /* mean of sampled calls; 0 = none yet */
  double ticks_per_s;         /* accepted, over the last 10 s */
  int32_t state;              /* enum TpbState */
  int32_t delivery;           /* enum TpbDelivery */
  int32_t endpoint;           /* index of the endpoint in use: 0 = primary */
  int32_t problem;            /* newest problem, a TPB_E_ code; TPB_OK = none since connected */
} TpbStatusInfo;

/* Something that a person or an EA should know of. 40 bytes. */
typedef struct TpbEventInfo {
  int64_t number;   /* 1, 2, ... a session; a jump: older ones were pushed out unread */
  int64_t time_ms;  /* Unix */
  int64_t value;    /* as enum TpbEventKind tells */
  int32_t kind;     /* enum TpbEventKind; more may follow */
  int32_t severity; /* enum TpbSeverity */
  int32_t code;     /* a TPB_E_ code, or TPB_OK */
  int32_t endpoint; /* index of the endpoint it concerns */
} TpbEventInfo;

/* A symbol's price and indicators as the gateway sent them. 168 bytes. A number that is not known
 * (too few values yet, or a gateway that does not send it) is NaN, never 0. Since ABI 2. */
typedef struct TpbMarketData {
  double bid;
  double ask;
  double sma_20; /* of the bids of ticks or of closing bids of bars: the subscription's timeframe */
  double sma_50;
  double ema_12;
  double ema_26;
  double macd_line; /* MACD(12, 26, 9) */
  double macd_signal;
  double rsi;             /* 14, Wilder; 0 to 100 */
  double bollinger_upper; /* 20 values, 2 standard deviations */
  double bollinger_middle;
  double bollinger_lower;
  int64_t server_time_ms; /* the gateway's clock, Unix */
  int64_t time_msc;       /* of the tick, trade server's wall clock; 0 = the gateway does not say */
  int64_t received_ms;    /* Unix */
  int64_t age_ms;   /* of the price, when the call returned: since it was received, and what it had
                       waited before at its source */
  int64_t number;   /* of the tick within its symbol at the gateway; a jump: ticks between were left
                       out, because they came faster than they were read; 0 = not known */
  int64_t bar_time; /* start of the newest complete bar in the indicators, trade server's clock,
                       Unix seconds; 0 with ticks */
  int32_t subscription;   /* what TpbSubscribe returned */
  int32_t live;           /* 1: came over the connection there is now; 0: stale, from before an
                             interruption or a restart. Never trade on 0 */
  int32_t tier;           /* enum TpbTier */
  int32_t market_session; /* enum TpbMarketSession: the open one that opened last, or the next */
  int32_t session_open;   /* 1 while it is open */
  int32_t shared;         /* 1: from a feed that all tenants share */
} TpbMarketData;

/* The market data of a session at one moment. Counts are since it was opened. 88 bytes. Since ABI
 * 2. */
typedef struct TpbMarketStatusInfo {
  int64_t state_since_ms;      /* Unix, when `state` began */
  int64_t messages_received;   /* ClientMarketData of subscriptions there are */
  int64_t messages_unread;     /* wait for TpbPollMarketData */
  int64_t messages_overflowed; /* pushed out unread, the oldest first */
  int64_t ticks_left_out;      /* by the gateway, because they came faster than they were read */
  int64_t frames_ignored;      /* of kinds, or for symbols, not known here */
  int64_t bytes_received;
  int64_t reconnects;    /* connections made after the first */
  int32_t state;         /* enum TpbState; TPB_STATE_DISCONNECTED while nothing is subscribed to,
                            unless stream_ticks=no */
  int32_t endpoint;      /* index of the endpoint in use: 0 = primary */
  int32_t problem;       /* newest problem, a TPB_E_ code; TPB_OK = none since connected */
  int32_t subscriptions; /* granted */
  int32_t refused;       /* subscriptions that the gateway refused */
  int32_t tier;          /* enum TpbTier */
} TpbMarketStatusInfo;

/* Indicators of the ticks that this session has sent of one symbol: of their bids. 56 bytes. NaN:
 * too few ticks yet. Since ABI 2. */
typedef struct TpbIndicatorInfo {
  double sma_20; /* mean of the newest 20 */
  double sma_50;
  double ema_12; /* exponential mean, weight 2 / (12 + 1), begun with the mean of the first 12 */
  double ema_26;
  double rsi;       /* 14, by Wilder's smoothing; 0 to 100; 0 where nothing moved */
  int64_t ticks;    /* how many went in */
  int64_t time_msc; /* of the newest */
} TpbIndicatorInfo;

#pragma pack(pop)

/* ---- The five functions: a default session that all EAs of the terminal share --------------- */

/* Takes part in the default session; the first call of a terminal makes it.
 * Returns TPB_OK. Every success asks for one CleanupProtobuf. */
TPB_API int32_t InitializeProtobuf(void) TPB_NOEXCEPT;

/* Points the default session at a gateway and lets it connect in the background.
 *  endpoint    [in] wss://host[:port][/path]; the path is /ws/mt5 where none is given. ws:// only
 *              to loopback.
 *  auth_token  [in] a JWT with the claims sub and tenant_id; "Bearer " before it is accepted.
 * Calling again with the same endpoint, sub and tenant_id is fine: it renews the token.
 * The session keeps a journal as with journal=auto (TpbOpen), or as the environment variable
 * TPB_JOURNAL says: none, auto or a path.
 * Returns TPB_OK; TPB_E_NOT_INITIALIZED, TPB_E_BAD_CONFIG, TPB_E_IN_USE, TPB_E_DISK. */
TPB_API int32_t ConnectWebSocket(const TpbChar* endpoint, const TpbChar* auth_token) TPB_NOEXCEPT;

/* Accepts quotes of one or more symbols.
 *  symbols     [in] one name a tick, joined by commas: "EURUSD,EURUSD,GBPUSD".
 *  bids, asks  [in] `count` prices, finite.
 *  timestamps  [in] `count` times in milliseconds (MqlTick.time_msc); seconds are refused.
 *  count       [in] 0 to TPB_MAX_TICKS.
 * Returns count; TPB_E_INVALID_ARGUMENT, TPB_E_BAD_SYMBOL, TPB_E_BAD_TICK, TPB_E_OUTBOX_FULL,
 * TPB_E_NOT_INITIALIZED, TPB_E_NOT_CONFIGURED. */
TPB_API int32_t SendTickBatch(const TpbChar* symbols, const double* bids, const double* asks,
                              const int64_t* timestamps, int32_t count) TPB_NOEXCEPT;

/* Returns the default session's state, an enum TpbState; TPB_E_NOT_INITIALIZED. */
TPB_API int32_t GetConnectionStatus(void) TPB_NOEXCEPT;

/* Leaves the default session; the last one to leave closes it.
 * Returns the number of accepted ticks that were not acknowledged when it closed (0 while others
 * still use it); they stay in the journal; TPB_E_NOT_INITIALIZED. Blocks: at most 900 ms, and only
 * for the last caller. */
TPB_API int32_t CleanupProtobuf(void) TPB_NOEXCEPT;

/* ---- The handle API -------------------------------------------------------------------------- */

/* Returns TPB_ABI_VERSION of the library. The first call an EA makes. */
TPB_API int32_t TpbAbiVersion(void) TPB_NOEXCEPT;

/* Returns the size in bytes of a struct, by enum TpbLayout; TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbSizeOf(int32_t layout) TPB_NOEXCEPT;

/* Opens a session, which connects in the background.
 *  config  [in] "key=value;key=value"; an unknown key is an error. A value cannot hold ';'.
 *    endpoint            required, as in ConnectWebSocket
 *    token | token_file  required: the JWT, or the path of a file that holds it
 *    user_id, tenant_id  default: the token's claims sub and tenant_id
 *    ca_file             PEM file of the only authorities to trust; default: the system's
 *    allow_plaintext     yes | no (no): permit ws:// beyond loopback; the token is then readable
 *    batch_ticks         1 to 4096 (5): a batch closes at so many ticks ...
 *    flush_ms            1 to 60000 (100): ... or so long after its first tick
 *    stamp               tick | batch (tick): tenant and source on every tick, or on the batch
 *                        alone
 *    journal             none | auto | PATH (none): where what waits for acknowledgement stands.
 *                        none: in memory; it ends with the process. PATH: in that folder, made
 *                        where there is none; one session a folder. auto: a folder for this
 *                        endpoint, user and tenant below $TPB_STATE_DIR or the system's place for
 *                        such things (%LOCALAPPDATA%\\tpb, ~/.local/state/tpb); a second session
 *                        for the same takes a second folder
 *    journal_sync_ms     1 to 60000 (50): what a power cut can cost at most; a killed process
 *                        loses nothing
 *    journal_segment_bytes  65536 to 1073741824 (8388608): size of the journal's files
 *    outbox_bytes        65536 to 17179869184 (67108864; with a journal 4294967296, at least four
 *                        segments): limit of what waits for acknowledgement
 *    outbox_max_age_s    0 to 31536000 (604800): ... and of its age; 0 = none
 *    outbox_full         refuse | drop_oldest (refuse): beyond the limits new ticks are refused, or
 *                        the oldest segments given up, counted as ticks_dropped
 *    backup_endpoint     default none: used while the primary fails; same token
 *    return_after_ms     100 to 3600000 (30000): the primary must be reachable for so long before
 *                        the session returns to it
 *    quality             off | flag | refuse (flag): what is done about ticks of doubtful quality:
 *                        price not positive, ask below bid, spread or jump beyond the limits, time
 *                        in the future or running backwards. flag: accepted and counted by reason;
 *                        refuse: the call is TPB_E_BAD_TICK
 *    max_spread_bp       default "500": spread limit in basis points of the bid, and by symbol:
 *                        "500,XAUUSD:100"; 0 = none
 *    max_jump_bp         default "1000": change of the bid from one tick to the next, likewise
 *    max_future_ms       0 to 604800000 (54000000): how far time_msc may be ahead of this
 *                        machine's UTC clock; trade servers' clocks run up to 14 h ahead
 *    max_backward_ms     0 to 604800000 (1000): how far time_msc may run backwards within a symbol
 *    event_log           PATH, default none: each event as a line of JSON, appended
 *    connect_timeout_ms  100 to 60000 (10000): name, TCP, TLS and upgrade together
 *    heartbeat_ms        100 to 60000 (3000): after so long without a sign of life the connection
 *                        counts as lost; a ping goes out at half of it
 *    backoff_min_ms      10 to 999 (250), backoff_max_ms 100 to 5000 (5000): waits between tries
 *    Since ABI 2:
 *    stream_ticks        yes | no (yes): no: no connection for ticks is made and TpbSendTicks is
 *                        TPB_E_NOT_CONFIGURED; for who only subscribes. `state` is then that of the
 *                        market data
 *    market_endpoint     default: endpoint with the path /ws/market-data in place of /ws/mt5; of a
 *                        backup_endpoint the same
 *    market_inbox        1 to 65536 (4096): messages kept for TpbPollMarketData
 *    market_cache        none | auto | PATH (auto): the file that keeps the newest message of each
 *                        subscription and market_history messages before it over a restart. auto:
 *                        beside the journal of journal=auto. none: they end with the session
 *    market_history      0 to 4096 (64): messages kept of each subscription for TpbMarketHistory
 *    indicators          yes | no (no): compute indicators of the ticks sent (TpbIndicators)
 *  handle  [out] the new handle, or TPB_THIS_THREAD on failure.
 * Returns TPB_OK; TPB_E_INVALID_ARGUMENT, TPB_E_BAD_CONFIG, TPB_E_TOO_MANY, TPB_E_NO_MEMORY,
 * TPB_E_IN_USE (another process or session writes the journal), TPB_E_DISK. */
TPB_API int32_t TpbOpen(const TpbChar* config, TpbHandle* handle) TPB_NOEXCEPT;

/* Closes a session: no more ticks are accepted, the rest is flushed for at most timeout_ms.
 * Returns the number of accepted ticks not acknowledged; TPB_E_BAD_HANDLE (0 is one: the default
 * session closes by CleanupProtobuf). With a journal they stay in it for the next opening.
 * Blocks: at most timeout_ms (0 to 60000) and 400 ms. */
TPB_API int32_t TpbClose(TpbHandle handle, int32_t timeout_ms) TPB_NOEXCEPT;

/* Accepts ticks of one symbol.
 *  symbol  [in] 1 to 64 bytes as UTF-8, no comma, no control characters.
 *  ticks   [in] `count` ticks, oldest first.
 *  count   [in] 0 to TPB_MAX_TICKS.
 * Returns count; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT, TPB_E_BAD_SYMBOL, TPB_E_BAD_TICK,
 * TPB_E_OUTBOX_FULL, TPB_E_DISK, TPB_E_TOO_MANY, TPB_E_NOT_CONFIGURED (stream_ticks=no). */
TPB_API int32_t TpbSendTicks(TpbHandle handle, const TpbChar* symbol, const TpbTick* ticks,
                             int32_t count) TPB_NOEXCEPT;

/* Closes the open batch now instead of at batch_ticks or flush_ms.
 * Returns the number of ticks it held; TPB_E_BAD_HANDLE. */
TPB_API int32_t TpbFlush(TpbHandle handle) TPB_NOEXCEPT;

/* Replaces the session's token; a halted session tries again with it.
 *  token  [in] as in ConnectWebSocket; its sub and tenant_id must be the session's.
 * Returns TPB_OK; TPB_E_BAD_HANDLE, TPB_E_BAD_CONFIG, TPB_E_IN_USE. */
TPB_API int32_t TpbSetToken(TpbHandle handle, const TpbChar* token) TPB_NOEXCEPT;

/* Fills in the session's counters and state.
 * Returns TPB_OK; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbStatus(TpbHandle handle, TpbStatusInfo* status) TPB_NOEXCEPT;

/* Tells how far a symbol's ticks are with the library, so that a caller can go on from there out of
 * the terminal's history: after a restart, an outage or a damaged journal.
 *  symbol    [in] as in TpbSendTicks.
 *  time_msc  [out] of the newest tick accepted; 0 where none is known.
 *  count     [out] how many ticks of exactly that time_msc were accepted: real ticks can share one.
 * With a journal it outlives the process. Ticks that the journal lost to damage are not counted.
 * Returns 1 when the symbol is known, 0 when not; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT,
 * TPB_E_BAD_SYMBOL. */
TPB_API int32_t TpbCursor(TpbHandle handle, const TpbChar* symbol, int64_t* time_msc,
                          int32_t* count) TPB_NOEXCEPT;

/* ---- Market data. Since ABI 2 ---------------------------------------------------------------- */

/* Asks the gateway for a symbol's prices and indicators. The connection for it is made in the
 * background, and what was asked for is asked for again after each reconnect. The first call of a
 * session opens the file of market_cache.
 *  symbol     [in] as in TpbSendTicks: by the name under which the gateway gets its ticks.
 *  timeframe  [in] "1m" (also NULL and ""), "5m", "1h", "1d": the indicators are of complete bars
 *             of so long; "tick": of ticks. Prices come with each tick in any case.
 * Returns the subscription's number, from 1; for one there is the same again. Whether the gateway
 * grants it is told by TpbSubscription and TPB_EVENT_MARKET_REFUSED. TPB_E_BAD_HANDLE,
 * TPB_E_INVALID_ARGUMENT, TPB_E_BAD_SYMBOL, TPB_E_TOO_MANY. */
TPB_API int32_t TpbSubscribe(TpbHandle handle, const TpbChar* symbol,
                             const TpbChar* timeframe) TPB_NOEXCEPT;

/* Ends a subscription; messages that wait are still given out.
 *  symbol, timeframe  [in] as in TpbSubscribe.
 * Returns TPB_OK; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT, TPB_E_NOT_SUBSCRIBED. */
TPB_API int32_t TpbUnsubscribe(TpbHandle handle, const TpbChar* symbol,
                               const TpbChar* timeframe) TPB_NOEXCEPT;

/* Tells how a subscription is.
 *  subscription  [in] what TpbSubscribe returned.
 *  text          [out] why it was refused, else ""; cut to `capacity` units (250 is plenty); may be
 *                NULL.
 * Returns an enum TpbSubscriptionState; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT,
 * TPB_E_NOT_SUBSCRIBED. */
TPB_API int32_t TpbSubscription(TpbHandle handle, int32_t subscription, TpbChar* text,
                                int32_t capacity) TPB_NOEXCEPT;

/* Takes messages that were not taken yet, oldest first.
 *  data      [out] `capacity` places.
 * Returns how many were taken, 0 = there are none; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbPollMarketData(TpbHandle handle, TpbMarketData* data,
                                  int32_t capacity) TPB_NOEXCEPT;

/* Gives the newest message of a subscription, taken by TpbPollMarketData or not: also while the
 * gateway is away, and with market_cache also after a restart; `live` and `age_ms` tell.
 *  symbol, timeframe  [in] as in TpbSubscribe.
 * Returns 1, or 0 when there is none yet; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT,
 * TPB_E_NOT_SUBSCRIBED. */
TPB_API int32_t TpbLatest(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe,
                          TpbMarketData* data) TPB_NOEXCEPT;

/* Gives the newest messages of a subscription, oldest first, at most market_history of them, taken
 * or not.
 *  data      [out] `capacity` places: so many of the newest.
 * Returns how many; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT, TPB_E_NOT_SUBSCRIBED. */
TPB_API int32_t TpbMarketHistory(TpbHandle handle, const TpbChar* symbol, const TpbChar* timeframe,
                                 TpbMarketData* data, int32_t capacity) TPB_NOEXCEPT;

/* Fills in how the market data of the session is.
 * Returns TPB_OK; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbMarketStatus(TpbHandle handle, TpbMarketStatusInfo* status) TPB_NOEXCEPT;

/* Tells which symbols the gateway has chosen for this user, most important first, joined by commas;
 * "" = it has not said. TPB_EVENT_PAIRS tells of a change.
 * Returns the units needed (convention 4); TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbPairs(TpbHandle handle, TpbChar* buffer, int32_t capacity) TPB_NOEXCEPT;

/* Gives the indicators of the ticks of one symbol that this session has accepted, with
 * indicators=yes.
 *  symbol  [in] as in TpbSendTicks.
 * Returns 1, or 0 when there was no tick of it yet; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT,
 * TPB_E_BAD_SYMBOL, TPB_E_NOT_CONFIGURED (indicators=no). */
TPB_API int32_t TpbIndicators(TpbHandle handle, const TpbChar* symbol,
                              TpbIndicatorInfo* indicators) TPB_NOEXCEPT;

/* ---- What happened --------------------------------------------------------------------------- */

/* Takes the oldest event that was not taken yet; 256 are kept.
 *  event  [out] what happened.
 *  text   [out] the same in a sentence, cut to `capacity` units (160 is plenty); may be NULL.
 * Returns 1, or 0 when there is none; TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbNextEvent(TpbHandle handle, TpbEventInfo* event, TpbChar* text,
                             int32_t capacity) TPB_NOEXCEPT;

/* TpbStatus and more as one JSON object: the fields of TpbStatusInfo by name, and endpoint_url,
 * session_id, user_id, tenant_id, state_name, problem_text, journal (its folder, "" = none),
 * journal_bytes, events_lost, and ticks by flaw: flaw_not_positive, flaw_crossed, flaw_spread,
 * flaw_jump, flaw_future, flaw_backward; since ABI 2 those of TpbMarketStatusInfo with "market_"
 * before their names, and market_problem_text.
 * Returns the units needed (convention 4); TPB_E_BAD_HANDLE, TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbStatusJson(TpbHandle handle, TpbChar* buffer, int32_t capacity) TPB_NOEXCEPT;

/* Tells what went wrong, why, and what to do, in one or two sentences without any secret.
 *  handle  [in] a session: its newest problem, a call's or the connection's. TPB_THIS_THREAD, or a
 *          handle that is none: this thread's newest failed call.
 * Returns the units needed (convention 4; 1 = no problem so far); TPB_E_INVALID_ARGUMENT. */
TPB_API int32_t TpbLastError(TpbHandle handle, TpbChar* buffer, int32_t capacity) TPB_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TRADING_PROTOBUF_H_ */
