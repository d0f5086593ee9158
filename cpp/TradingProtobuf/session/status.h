#pragma once

#include <cstdint>
#include <string>

#include "model/error.h"
#include "model/state.h"
#include "session/market_status.h"

namespace tpb {

// A session's counters and state at one moment; trading_protobuf.h (TpbStatusInfo) tells each one.
struct Status {
  std::int64_t state_since_ms = 0;
  std::int64_t ticks_accepted = 0;
  std::int64_t ticks_journaled = 0;
  std::int64_t ticks_sent = 0;
  std::int64_t ticks_acknowledged = 0;
  std::int64_t ticks_refused = 0;
  std::int64_t ticks_dropped = 0;
  std::int64_t ticks_resent = 0;
  std::int64_t batches_closed = 0;
  std::int64_t batches_acknowledged = 0;
  std::int64_t oldest_unacknowledged_ms = 0;
  std::int64_t outbox_bytes = 0;
  std::int64_t outbox_capacity_bytes = 0;
  std::int64_t bytes_sent = 0;
  std::int64_t connect_attempts = 0;
  std::int64_t reconnects = 0;
  std::int64_t failovers = 0;
  std::int64_t frames_ignored = 0;
  std::int64_t checksum_mismatches = 0;
  std::int64_t latency_p50_us = 0;
  std::int64_t latency_p99_us = 0;
  std::int64_t latency_max_us = 0;
  std::int64_t round_trip_us = 0;
  std::int64_t encode_ns_per_tick = 0;
  double ticks_per_s = 0;
  State state = State::kDisconnected;
  Delivery delivery = Delivery::kUnknown;
  std::int32_t endpoint = 0;
  Code problem = Code::kOk;

  std::string endpoint_url;
  std::string session_id;
  std::string user_id;
  std::string tenant_id;
  std::string problem_text;
  std::string journal;  // its folder; "" = the outbox is in memory
  std::int64_t journal_bytes = 0;
  std::int64_t events_lost = 0;
  std::int64_t flaw_not_positive = 0;
  std::int64_t flaw_crossed = 0;
  std::int64_t flaw_spread = 0;
  std::int64_t flaw_jump = 0;
  std::int64_t flaw_future = 0;
  std::int64_t flaw_backward = 0;
};

// Calls visit(name, value) for every field above, in their order, strings and enums included.
template <class S, class Visitor>
void ForEachField(S& status, Visitor&& visit) {
  visit("state_since_ms", status.state_since_ms);
  visit("ticks_accepted", status.ticks_accepted);
  visit("ticks_journaled", status.ticks_journaled);
  visit("ticks_sent", status.ticks_sent);
  visit("ticks_acknowledged", status.ticks_acknowledged);
  visit("ticks_refused", status.ticks_refused);
  visit("ticks_dropped", status.ticks_dropped);
  visit("ticks_resent", status.ticks_resent);
  visit("batches_closed", status.batches_closed);
  visit("batches_acknowledged", status.batches_acknowledged);
  visit("oldest_unacknowledged_ms", status.oldest_unacknowledged_ms);
  visit("outbox_bytes", status.outbox_bytes);
  visit("outbox_capacity_bytes", status.outbox_capacity_bytes);
  visit("bytes_sent", status.bytes_sent);
  visit("connect_attempts", status.connect_attempts);
  visit("reconnects", status.reconnects);
  visit("failovers", status.failovers);
  visit("frames_ignored", status.frames_ignored);
  visit("checksum_mismatches", status.checksum_mismatches);
  visit("latency_p50_us", status.latency_p50_us);
  visit("latency_p99_us", status.latency_p99_us);
  visit("latency_max_us", status.latency_max_us);
  visit("round_trip_us", status.round_trip_us);
  visit("encode_ns_per_tick", status.encode_ns_per_tick);
  visit("ticks_per_s", status.ticks_per_s);
  visit("state", status.state);
  visit("delivery", status.delivery);
  visit("endpoint", status.endpoint);
  visit("problem", status.problem);
  visit("endpoint_url", status.endpoint_url);
  visit("session_id", status.session_id);
  visit("user_id", status.user_id);
  visit("tenant_id", status.tenant_id);
  visit("problem_text", status.problem_text);
  visit("journal", status.journal);
  visit("journal_bytes", status.journal_bytes);
  visit("events_lost", status.events_lost);
  visit("flaw_not_positive", status.flaw_not_positive);
  visit("flaw_crossed", status.flaw_crossed);
  visit("flaw_spread", status.flaw_spread);
  visit("flaw_jump", status.flaw_jump);
  visit("flaw_future", status.flaw_future);
  visit("flaw_backward", status.flaw_backward);
}

// One JSON object of all fields and state_name, and those of the market data with "market_" before
// their names.
std::string ToJson(const Status& status, const MarketStatus& market);

}  // namespace tpb
