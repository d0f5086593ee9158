#include "session/session.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tpb {
namespace {

constexpr std::uint32_t kEncodeSample = 64;  // one call in so many is timed
// Milliseconds below this would lie before 1973: the caller gave seconds.
constexpr std::int64_t kLeastTimeMsc = 100'000'000'000;
constexpr milliseconds kStopMargin{50};
constexpr std::chrono::minutes kTellFlaws{1};

std::string At(std::size_t index) { return " (tick " + std::to_string(index) + " of the call)."; }

Error CheckTick(const Tick& tick, std::size_t index) {
  if (!std::isfinite(tick.bid) || !std::isfinite(tick.ask) || !std::isfinite(tick.last) ||
      !std::isfinite(tick.volume_real)) {
    return {Code::kBadTick,
            "A price or volume is not a finite number" + At(index) +
                " Skip ticks whose bid, ask, last or volume_real is NaN or infinite."};
  }
  if (tick.time_msc < kLeastTimeMsc) {
    return {Code::kBadTick, "The time " + std::to_string(tick.time_msc) +
                                " is no time in milliseconds since 1970" + At(index) +
                                " Pass MqlTick.time_msc, not seconds."};
  }
  return {};
}

Error CheckSymbol(std::string_view name, const std::string& where = ".") {
  if (IsSymbolName(name)) return {};
  return {Code::kBadSymbol,
          "A symbol's name must have 1 to 64 bytes, no comma and no control characters" + where +
              " Pass the broker's own name, such as EURUSD."};
}

// Takes the name up to the next comma off the front.
std::string_view NextName(std::string_view& names) {
  const std::size_t comma = std::min(names.find(','), names.size());
  const std::string_view name = names.substr(0, comma);
  names.remove_prefix(std::min(comma + 1, names.size()));
  return name;
}

Tick ToTick(const Quotes& quotes, std::size_t i) {
  Tick tick{};
  tick.time = quotes.times_msc[i] / 1000;
  tick.bid = quotes.bids[i];
  tick.ask = quotes.asks[i];
  tick.time_msc = quotes.times_msc[i];
  return tick;
}

}  // namespace

// ---- Accepting, on the callers' threads
// ----------------------------------------------------------

Error Session::SendTicks(std::string_view name, std::span<const Tick> ticks) {
  if (!options_.stream_ticks) return RefuseTicks();
  if (ticks.empty()) return {};
  const TimePoint begin = clock_.Now();
  std::unique_lock lock(mutex_);
  Symbol* symbol = nullptr;
  Error error = CheckSymbol(name, At(0));
  if (!error) symbol = symbols_.Find(name);
  Need need{.unix_ms = clock_.UnixMs(), .call = ++calls_};
  for (std::size_t i = 0; !error && i < ticks.size(); ++i) {
    error = AddTo(need, symbol, name, ticks[i], i);
  }
  if (!error) error = MakeRoom(need, begin);
  if (error) return Refuse(std::move(error), ticks.size());

  const bool was_empty = writer_.ticks() == 0;  // a batch that is begun needs its timer
  for (const Tick& tick : ticks) Accept(*symbol, tick, need, begin);
  const bool wake = CountAccepted(ticks.size(), begin) || was_empty;
  lock.unlock();
  if (wake) socket_.Wake();
  return {};
}

Error Session::SendQuotes(const Quotes& quotes) {
  if (!options_.stream_ticks) return RefuseTicks();
  if (quotes.count == 0) return {};
  const TimePoint begin = clock_.Now();
  std::unique_lock lock(mutex_);
  Error error;
  Need need{.unix_ms = clock_.UnixMs(), .call = ++calls_};
  std::string_view names = quotes.symbols;
  const auto given = 1 + static_cast<std::size_t>(std::count(names.begin(), names.end(), ','));
  if (given != quotes.count) {
    error = {Code::kBadSymbol, "There are " + std::to_string(given) + " names for " +
                                   std::to_string(quotes.count) +
                                   " ticks. Join one name a tick by commas: \"EURUSD,EURUSD\"."};
  }
  for (std::size_t i = 0; !error && i < quotes.count; ++i) {
    const std::string_view name = NextName(names);
    error = CheckSymbol(name, At(i));
    if (!error) error = AddTo(need, symbols_.Find(name), name, ToTick(quotes, i), i);
  }
  if (!error) error = MakeRoom(need, begin);
  if (error) return Refuse(std::move(error), quotes.count);

  const bool was_empty = writer_.ticks() == 0;  // a batch that is begun needs its timer
  names = quotes.symbols;
  for (std::size_t i = 0; i < quotes.count; ++i) {
    Accept(*symbols_.Find(NextName(names)), ToTick(quotes, i), need, begin);
  }
  const bool wake = CountAccepted(quotes.count, begin) || was_empty;
  lock.unlock();
  if (wake) socket_.Wake();
  return {};
}

Error Session::AddTo(Need& need, Symbol* symbol, std::string_view name, const Tick& tick,
                     std::size_t index) {
  if (symbol == nullptr) {
    return {Code::kTooMany, "The session already streams " + std::to_string(Symbols::kMax) +
                                " symbols. Open a second session for more."};
  }
  need.bytes += wire::BatchWriter::MaxTickBytes(name.size(), options_.tenant_id.size());
  ++need.ticks;
  if (options_.indicators && symbol->indicators == nullptr) {
    symbol->indicators = std::make_unique<quality::Indicators>();
  }
  if (Error error = CheckTick(tick, index)) return error;
  if (options_.quality.policy != quality::Policy::kRefuse) return {};
  const quality::Flaws flaws = symbol->check.Try(tick, need.unix_ms, need.call);
  if (!flaws) return {};
  flaws_.Add(flaws);
  return {Code::kBadTick, symbol->check.Sentence(flaws, tick, need.unix_ms) + At(index)};
}

// Reserves what the open batch and the new ticks can need, so that accepting cannot fail half-way.
Error Session::MakeRoom(const Need& need, TimePoint now) {
  if (!accepting_) {
    return {Code::kBadHandle, "The session is closing and accepts no more ticks. Open a new one."};
  }
  const std::size_t by_ticks =
      (writer_.ticks() + need.ticks) / static_cast<std::size_t>(options_.batch_ticks);
  const std::size_t by_bytes = (writer_.bytes() + need.bytes) / (kMaxFrame / 2);
  const std::size_t batches = by_ticks + by_bytes + 1;
  const std::size_t bytes = writer_.bytes() + need.bytes + batches * writer_.max_close_bytes();
  if (bytes > outbox_->capacity_bytes()) {
    return {Code::kInvalidArgument,
            "The call can need " + std::to_string(bytes) + " bytes and the outbox holds " +
                std::to_string(outbox_->capacity_bytes()) +
                " at most. Send fewer ticks a call, or raise outbox_bytes."};
  }
  writer_.Reserve(kMaxFrame);
  Room room = IsTooOld(now) ? Room::kFull : outbox_->Reserve(bytes, batches);
  if (room == Room::kFull && options_.outbox_full == WhenFull::kDropOldest)
    room = DropFor(bytes, batches, now);
  switch (room) {
    case Room::kMade:
      return {};
    case Room::kDisk:
      return {Code::kDisk,
              "The journal's disk takes nothing more. The ticks were not taken: make room on the "
              "disk of " +
                  status_.journal + ", and send them again."};
    case Room::kFull:
      break;
  }
  return {Code::kOutboxFull,
          "The outbox is full: " + std::to_string(outbox_->bytes()) + " of " +
              std::to_string(outbox_->capacity_bytes()) + " bytes wait for the gateway" +
              (IsTooOld(now) ? ", the oldest for longer than outbox_max_age_s" : "") +
              ". The ticks were not taken: send them again when it has caught up, or raise the "
              "limit."};
}

// Time that passed in this life alone: the wall clock may have been set between two.
bool Session::IsTooOld(TimePoint now) const {
  return options_.outbox_max_age.count() > 0 &&
         outbox_->first_sequence() != outbox_->next_sequence() &&
         now - std::max(outbox_->oldest_accepted_at(), opened_at_) > options_.outbox_max_age;
}

Room Session::DropFor(std::size_t bytes, std::size_t batches, TimePoint now) {
  std::int64_t ticks = 0;
  do {
    if (outbox_->DropOldest(bytes, ticks) == 0) break;
  } while (IsTooOld(now));
  dropped_up_to_ = outbox_->first_sequence() - 1;
  status_.ticks_dropped += ticks;
  held_ticks_ -= ticks;
  if (ticks > 0) {
    AddEvent({.value = ticks,
              .kind = EventKind::kDropped,
              .severity = Severity::kError,
              .code = Code::kOutboxFull,
              .text = "The outbox was full: its oldest " + std::to_string(ticks) +
                      " ticks were given up (outbox_full=drop_oldest)."});
  }
  return outbox_->Reserve(bytes, batches);
}

void Session::Accept(Symbol& symbol, const Tick& tick, const Need& call, TimePoint now) {
  const std::size_t most =
      wire::BatchWriter::MaxTickBytes(symbol.tag.symbol_bytes(), options_.tenant_id.size());
  if (writer_.bytes() + most + writer_.max_close_bytes() > kMaxFrame) CloseBatch();
  if (writer_.ticks() == 0) batch_opened_at_ = now;
  writer_.Add(symbol.tag, tick, ++symbol.newest_sequence);
  symbol.Took(tick.time_msc);
  if (symbol.indicators) symbol.indicators->Add(tick.bid, tick.time_msc);
  if (options_.quality.policy != quality::Policy::kOff) {
    if (const quality::Flaws flaws = symbol.check.Accept(tick, call.unix_ms)) flaws_.Add(flaws);
  }
  if (writer_.ticks() >= static_cast<std::size_t>(options_.batch_ticks)) CloseBatch();
}

// True when a batch was closed.
bool Session::CountAccepted(std::size_t ticks, TimePoint begin) {
  const auto count = static_cast<std::int64_t>(ticks);
  StageOpenBatch();
  status_.ticks_accepted += count;
  held_ticks_ += count;
  if (refused_since_ >= 0) {
    const std::int64_t refused = status_.ticks_refused - std::exchange(refused_since_, -1);
    AddEvent({.value = refused,
              .kind = EventKind::kAccepting,
              .text = "Ticks are accepted again; " + std::to_string(refused) +
                      " were refused meanwhile."});
  }
  rate_.Add(count, begin);
  if (calls_ % kEncodeSample == 1) {
    encoded_ticks_ += count;
    encode_ns_ +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.Now() - begin).count();
  }
  TellFlaws(begin);
  const std::int64_t closed_before =
      std::exchange(status_.batches_closed, outbox_->next_sequence() - 1);
  return status_.batches_closed != closed_before;
}

Error Session::Refuse(Error error, std::size_t ticks) {
  const bool no_room = error.code == Code::kOutboxFull || error.code == Code::kDisk;
  if (no_room && refused_since_ < 0) {
    refused_since_ = status_.ticks_refused;
    AddEvent({.value = outbox_->next_sequence() - outbox_->first_sequence(),
              .kind = EventKind::kRefusing,
              .severity = Severity::kError,
              .code = error.code,
              .text = error.text});
  }
  status_.ticks_refused += static_cast<std::int64_t>(ticks);
  TellFlaws(clock_.Now());
  last_error_ = error.text;
  return error;
}

Error Session::RefuseTicks() {
  Error error{Code::kNotConfigured,
              "The session streams no ticks, for it was opened with stream_ticks=no. Open one "
              "without that to send them."};
  NoteError(error);
  return error;
}

// At most once a minute: a feed that is bad is bad in every tick.
void Session::TellFlaws(TimePoint now) {
  const std::int64_t flawed = flaws_.ticks() - told_flaws_;
  if (flawed == 0 || now < told_flaws_at_ + kTellFlaws) return;
  told_flaws_ += flawed;
  told_flaws_at_ = now;
  AddEvent({.value = flawed,
            .kind = EventKind::kQuality,
            .severity = Severity::kWarning,
            .text = std::to_string(flawed) +
                    " ticks of doubtful quality came; TpbStatusJson counts them by flaw."});
}

// What a call has added to the open batch outlives the process from here on.
void Session::StageOpenBatch() {
  if (writer_.bytes() == staged_bytes_) return;
  outbox_->Stage(static_cast<std::uint32_t>(writer_.ticks() - staged_ticks_), batch_opened_at_,
                 writer_.written().subspan(staged_bytes_));
  staged_bytes_ = writer_.bytes();
  staged_ticks_ = writer_.ticks();
}

// Without memory the batch stays open, and is closed another time.
bool Session::CloseBatch() {
  std::uint32_t crc32c = 0;
  const std::span<const std::byte> frame =
      writer_.Seal(writer_.Close(outbox_->next_sequence(), clock_.UnixMs()), crc32c);
  try {
    if (outbox_->Reserve(frame.size(), 1) != Room::kMade) return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  outbox_->Append(static_cast<std::uint32_t>(writer_.ticks()), crc32c, batch_opened_at_, frame);
  writer_.Clear();
  staged_bytes_ = staged_ticks_ = 0;
  return true;
}

std::int32_t Session::Flush() {
  std::unique_lock lock(mutex_);
  const auto ticks = static_cast<std::int32_t>(writer_.ticks());
  if (!accepting_ || ticks == 0 || !CloseBatch()) return 0;
  status_.batches_closed = outbox_->next_sequence() - 1;
  lock.unlock();
  socket_.Wake();
  return ticks;
}

Error Session::SetToken(Token token) {
  if ((!token.user_id.empty() && token.user_id != options_.user_id) ||
      (!token.tenant_id.empty() && token.tenant_id != options_.tenant_id)) {
    return {Code::kInUse, "The new token is for another user or tenant than the session's (" +
                              options_.user_id + ", " + options_.tenant_id +
                              "). Open a second session for it."};
  }
  {
    const std::lock_guard lock(mutex_);
    token_ = std::move(token);
    token_renewed_ = true;
    // Told at once, so that who asks next does not read the halt as the answer to the new token.
    if (status_.state == State::kHalted && !finished_) SetState(State::kConnecting);
  }
  socket_.Wake();
  market_.OnTokenRenewed();
  return {};
}

// ---- Telling
// ---------------------------------------------------------------------------------------

Status Session::GetStatus() const {
  Status status;
  {
    const std::lock_guard lock(mutex_);
    status = outbox_ == nullptr ? status_ : StatusNow();
  }
  if (!options_.stream_ticks) FollowMarket(status);
  return status;
}

Status Session::StatusNow() const {
  const TimePoint now = clock_.Now();
  Status status = status_;
  status.outbox_bytes = static_cast<std::int64_t>(outbox_->bytes() + writer_.bytes());
  status.ticks_journaled = outbox_->ticks_journaled();
  status.events_lost = events_.lost();
  if (!status.journal.empty()) status.journal_bytes = status.outbox_bytes;
  status.flaw_not_positive = flaws_.of(quality::Flaw::kNotPositive);
  status.flaw_crossed = flaws_.of(quality::Flaw::kCrossed);
  status.flaw_spread = flaws_.of(quality::Flaw::kSpread);
  status.flaw_jump = flaws_.of(quality::Flaw::kJump);
  status.flaw_future = flaws_.of(quality::Flaw::kFuture);
  status.flaw_backward = flaws_.of(quality::Flaw::kBackward);
  TimePoint oldest = outbox_->oldest_accepted_at();
  if (oldest == TimePoint::max() && writer_.ticks() > 0) oldest = batch_opened_at_;
  if (oldest != TimePoint::max()) {
    status.oldest_unacknowledged_ms =
        std::max<std::int64_t>(0, std::chrono::duration_cast<milliseconds>(now - oldest).count());
  }
  status.latency_p50_us = latency_us_.Percentile(0.50);
  status.latency_p99_us = latency_us_.Percentile(0.99);
  status.latency_max_us = latency_us_.max();
  if (encoded_ticks_ > 0) status.encode_ns_per_tick = encode_ns_ / encoded_ticks_;
  status.ticks_per_s = rate_.PerSecond(now);
  return status;
}

State Session::state() const {
  if (!options_.stream_ticks) return market_.GetStatus().state;
  const std::lock_guard lock(mutex_);
  return status_.state;
}

std::string Session::LastError() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

std::optional<Cursor> Session::GetCursor(std::string_view symbol) const {
  const std::lock_guard lock(mutex_);
  const Symbol* seen = symbols_.Seen(symbol);
  // A journal can know a symbol by a call whose ticks were destroyed.
  if (seen == nullptr || seen->newest_sequence == 0) return std::nullopt;
  return seen->cursor;
}

Error Session::GetIndicators(std::string_view symbol, std::optional<IndicatorInfo>& info) const {
  if (Error error = CheckSymbol(symbol)) return error;
  if (!options_.indicators) {
    return {Code::kNotConfigured,
            "The session computes no indicators. Open it with indicators=yes to have them."};
  }
  const std::lock_guard lock(mutex_);
  const Symbol* const seen = symbols_.Seen(symbol);
  const quality::Indicators* const own = seen == nullptr ? nullptr : seen->indicators.get();
  if (own != nullptr && own->info().ticks > 0) info = own->info();
  return {};
}

std::optional<EventInfo> Session::NextEvent() {
  const std::lock_guard lock(mutex_);
  return events_.Next();
}

void Session::AddEvent(EventInfo event) {
  event.time_ms = clock_.UnixMs();
  const EventInfo& kept = events_.Add(std::move(event));
  if (!options_.event_log.empty()) to_log_.push_back(kept);
}

void Session::NoteError(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error.text;
}

// ---- Closing
// ---------------------------------------------------------------------------------------

std::int64_t Session::Close(milliseconds timeout) {
  const TimePoint deadline = clock_.Now() + timeout;
  market_.BeginEnd(deadline);
  {
    const std::lock_guard lock(mutex_);
    accepting_ = false;
    if (writer_.ticks() > 0) CloseBatch();
    status_.batches_closed = outbox_->next_sequence() - 1;
    close_deadline_ = deadline;
  }
  if (thread_.joinable()) EndThread(deadline);
  market_.End();
  LogEvents();
  status_file_.Write(StatusJson());
  // A journal is free for the next session from here on.
  const std::lock_guard lock(mutex_);
  status_ = StatusNow();
  journal_ = nullptr;
  const std::unique_ptr<Outbox> closing = std::move(outbox_);
  return held_ticks_;
}

void Session::EndThread(TimePoint deadline) {
  socket_.Wake();
  {
    std::unique_lock lock(mutex_);
    finished_changed_.wait_until(lock, deadline + kStopMargin, [this] { return finished_; });
  }
  socket_.Stop();
  thread_.join();
}

}  // namespace tpb
