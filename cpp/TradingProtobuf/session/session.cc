#include "session/session.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "outbox/memory_outbox.h"
#include "platform/crc32c.h"
#include "wire/control_reader.h"

namespace tpb {
namespace {

constexpr char kSubprotocol[] = "tpb.ack.v1";
constexpr std::size_t kMaxFrame = std::size_t{1} << 20;  // the gateway's limit
constexpr std::size_t kMaxSymbol = 64;
constexpr std::size_t kQueueBytes = 256 * 1024;  // handed to the transport and not yet sent
constexpr std::uint32_t kEncodeSample = 64;      // one call in so many is timed
// Milliseconds below this would lie before 1973: the caller gave seconds.
constexpr std::int64_t kLeastTimeMsc = 100'000'000'000;
constexpr milliseconds kStopMargin{50};

std::string RandomId() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) id.push_back(kDigits[bits & 15]);
  }
  return id;
}

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

Error CheckSymbol(std::string_view name, std::size_t index) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != ',';
  });
  if (!name.empty() && name.size() <= kMaxSymbol && printable) return {};
  return {Code::kBadSymbol,
          "A symbol's name must have 1 to 64 bytes, no comma and no control "
          "characters" +
              At(index) + " Pass the broker's own name, such as EURUSD."};
}

Error ToProblem(const transport::ConnectFailure& failure) {
  if (failure.kind == transport::FailureKind::kProtocol) return {Code::kProtocol, failure.text};
  if (failure.kind != transport::FailureKind::kRefused) return {Code::kNetwork, failure.text};
  if (failure.http_status == 401 || failure.http_status == 403) {
    return {Code::kCredentials,
            failure.text +
                " The token is wrong, has expired or lacks rights; no further try is "
                "made without a new one (ConnectWebSocket or TpbSetToken)."};
  }
  const bool passing = failure.http_status >= 500 || failure.http_status == 429;
  return {passing ? Code::kNetwork : Code::kProtocol, failure.text};
}

// An answer that a person has to act upon, such as 404.
bool IsPersistent(const transport::ConnectFailure& failure) {
  return failure.kind == transport::FailureKind::kCertificate ||
         (failure.kind == transport::FailureKind::kRefused && failure.http_status < 500);
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

Session::Session(Options options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      session_id_(RandomId()),
      writer_(options_.tenant_id, options_.stamp_ticks ? wire::Stamp::kTick : wire::Stamp::kBatch),
      outbox_(std::make_unique<MemoryOutbox>(options_.outbox_bytes)),
      token_(options_.token),
      rate_(clock.Now()),
      machine_(
          {options_.heartbeat, options_.backoff_min, options_.backoff_max, std::random_device()()}),
      socket_(*this) {
  SetState(State::kConnecting);
  status_.outbox_capacity_bytes = static_cast<std::int64_t>(options_.outbox_bytes);
  status_.endpoint_url = options_.endpoint.url();
  status_.session_id = session_id_;
  status_.user_id = options_.user_id;
  status_.tenant_id = options_.tenant_id;
  thread_ = std::thread(&Session::Run, this);
}

Session::~Session() {
  socket_.Stop();
  if (thread_.joinable()) thread_.join();
}

// ---- Accepting, on the callers' threads
// ----------------------------------------------------------

Error Session::SendTicks(std::string_view name, std::span<const Tick> ticks) {
  if (ticks.empty()) return {};
  const TimePoint begin = clock_.Now();
  std::unique_lock lock(mutex_);
  Symbol* symbol = nullptr;
  Error error = CheckSymbol(name, 0);
  if (!error) symbol = symbols_.Find(name);
  Need need;
  for (std::size_t i = 0; !error && i < ticks.size(); ++i) {
    error = AddTo(need, symbol, name, ticks[i], i);
  }
  if (!error) error = MakeRoom(need);
  if (error) return Refuse(std::move(error), ticks.size());

  const bool was_empty = writer_.ticks() == 0;  // a batch that is begun needs its timer
  for (const Tick& tick : ticks) Accept(*symbol, tick, begin);
  const bool wake = CountAccepted(ticks.size(), begin) || was_empty;
  lock.unlock();
  if (wake) socket_.Wake();
  return {};
}

Error Session::SendQuotes(const Quotes& quotes) {
  if (quotes.count == 0) return {};
  const TimePoint begin = clock_.Now();
  std::unique_lock lock(mutex_);
  Error error;
  Need need;
  std::string_view names = quotes.symbols;
  const auto given = 1 + static_cast<std::size_t>(std::count(names.begin(), names.end(), ','));
  if (given != quotes.count) {
    error = {Code::kBadSymbol, "There are " + std::to_string(given) + " names for " +
                                   std::to_string(quotes.count) +
                                   " ticks. Join one name a tick by commas: \"EURUSD,EURUSD\"."};
  }
  for (std::size_t i = 0; !error && i < quotes.count; ++i) {
    const std::string_view name = NextName(names);
    error = CheckSymbol(name, i);
    if (!error) error = AddTo(need, symbols_.Find(name), name, ToTick(quotes, i), i);
  }
  if (!error) error = MakeRoom(need);
  if (error) return Refuse(std::move(error), quotes.count);

  const bool was_empty = writer_.ticks() == 0;  // a batch that is begun needs its timer
  names = quotes.symbols;
  for (std::size_t i = 0; i < quotes.count; ++i) {
    Accept(*symbols_.Find(NextName(names)), ToTick(quotes, i), begin);
  }
  const bool wake = CountAccepted(quotes.count, begin) || was_empty;
  lock.unlock();
  if (wake) socket_.Wake();
  return {};
}

Error Session::AddTo(Need& need, Symbol* symbol, std::string_view name, const Tick& tick,
                     std::size_t index) const {
  if (symbol == nullptr) {
    return {Code::kTooMany, "The session already streams " + std::to_string(Symbols::kMax) +
                                " symbols. Open a second session for more."};
  }
  need.bytes += wire::BatchWriter::MaxTickBytes(name.size(), options_.tenant_id.size());
  ++need.ticks;
  return CheckTick(tick, index);
}

// Reserves what the open batch and the new ticks can need, so that accepting cannot fail half-way.
Error Session::MakeRoom(const Need& need) {
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
  if (!outbox_->Reserve(bytes, batches)) {
    return {Code::kOutboxFull,
            "The outbox is full: " + std::to_string(outbox_->bytes()) + " of " +
                std::to_string(outbox_->capacity_bytes()) +
                " bytes wait for the gateway. The ticks were not taken: send them again when "
                "it has caught up, or raise outbox_bytes."};
  }
  return {};
}

void Session::Accept(Symbol& symbol, const Tick& tick, TimePoint now) {
  const std::size_t most =
      wire::BatchWriter::MaxTickBytes(symbol.tag.symbol_bytes(), options_.tenant_id.size());
  if (writer_.bytes() + most + writer_.max_close_bytes() > kMaxFrame) CloseBatch();
  if (writer_.ticks() == 0) batch_opened_at_ = now;
  writer_.Add(symbol.tag, tick, ++symbol.newest_sequence);
  if (writer_.ticks() >= static_cast<std::size_t>(options_.batch_ticks)) CloseBatch();
}

// True when a batch was closed.
bool Session::CountAccepted(std::size_t ticks, TimePoint begin) {
  const auto count = static_cast<std::int64_t>(ticks);
  status_.ticks_accepted += count;
  rate_.Add(count, begin);
  if (++calls_ % kEncodeSample == 1) {
    encoded_ticks_ += count;
    encode_ns_ +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.Now() - begin).count();
  }
  const std::int64_t closed_before =
      std::exchange(status_.batches_closed, outbox_->next_sequence() - 1);
  return status_.batches_closed != closed_before;
}

Error Session::Refuse(Error error, std::size_t ticks) {
  status_.ticks_refused += static_cast<std::int64_t>(ticks);
  last_error_ = error.text;
  return error;
}

// Without memory the batch stays open, and is closed another time.
bool Session::CloseBatch() {
  const std::span<const std::byte> frame = writer_.Close(outbox_->next_sequence(), clock_.UnixMs());
  try {
    if (!outbox_->Reserve(frame.size(), 1)) return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  outbox_->Append(static_cast<std::uint32_t>(writer_.ticks()), Crc32c(frame), batch_opened_at_,
                  frame);
  writer_.Clear();
  return true;
}

std::int32_t Session::Flush() {
  std::unique_lock lock(mutex_);
  const auto ticks = static_cast<std::int32_t>(writer_.ticks());
  if (ticks == 0 || !CloseBatch()) return 0;
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
  return {};
}

// ---- Telling
// ---------------------------------------------------------------------------------------

Status Session::GetStatus() const {
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_.Now();
  Status status = status_;
  status.outbox_bytes = static_cast<std::int64_t>(outbox_->bytes() + writer_.bytes());
  std::optional<TimePoint> oldest;
  if (writer_.ticks() > 0) oldest = batch_opened_at_;
  if (const auto batch = outbox_->Peek(outbox_->first_sequence())) oldest = batch->accepted_at;
  if (oldest) {
    status.oldest_unacknowledged_ms =
        std::chrono::duration_cast<milliseconds>(now - *oldest).count();
  }
  status.latency_p50_us = latency_us_.Percentile(0.50);
  status.latency_p99_us = latency_us_.Percentile(0.99);
  status.latency_max_us = latency_us_.max();
  if (encoded_ticks_ > 0) status.encode_ns_per_tick = encode_ns_ / encoded_ticks_;
  status.ticks_per_s = rate_.PerSecond(now);
  return status;
}

State Session::state() const {
  const std::lock_guard lock(mutex_);
  return status_.state;
}

std::string Session::LastError() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

void Session::NoteError(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error.text;
}

// ---- Closing
// ---------------------------------------------------------------------------------------

std::int64_t Session::Close(milliseconds timeout) {
  const TimePoint deadline = clock_.Now() + timeout;
  std::unique_lock lock(mutex_);
  accepting_ = false;
  if (writer_.ticks() > 0) CloseBatch();
  status_.batches_closed = outbox_->next_sequence() - 1;
  close_deadline_ = deadline;
  lock.unlock();
  socket_.Wake();
  lock.lock();
  finished_changed_.wait_until(lock, deadline + kStopMargin, [this] { return finished_; });
  lock.unlock();
  socket_.Stop();
  thread_.join();
  return status_.ticks_accepted - status_.ticks_acknowledged;
}

// ---- The session's thread
// --------------------------------------------------------------------------

// An exception that left this thread would take the terminal down.
void Session::Run() {
  try {
    Handle(event::Start{});
    socket_.Run();
  } catch (const std::bad_alloc&) {
    Fail({Code::kNoMemory,
          "There is no memory left; the session has stopped. Close other programs "
          "and open it again."});
  } catch (const std::exception& exception) {
    Fail({Code::kInternal, std::string("The session has stopped on an error of its own: ") +
                               exception.what() +
                               ". Please report it, and open the session again."});
  }
}

void Session::Fail(const Error& problem) {
  const std::lock_guard lock(mutex_);
  accepting_ = false;
  finished_ = true;
  SetState(State::kHalted);
  status_.problem = problem.code;
  status_.problem_text = last_error_ = problem.text;
  finished_changed_.notify_all();
}

void Session::OnWake() {
  std::optional<TimePoint> close_deadline;
  bool token_renewed = false;
  {
    const std::lock_guard lock(mutex_);
    token_renewed = std::exchange(token_renewed_, false);
    close_deadline = std::exchange(close_deadline_, std::nullopt);
  }
  if (token_renewed) Handle(event::TokenRenewed{});
  if (close_deadline) Handle(event::CloseRequested{*close_deadline});
  HandOver();
  ArmTimer();
}

void Session::OnTimer() {
  timer_ = TimePoint::max();
  CloseDueBatch();
  Handle(event::Timer{});
}

void Session::OnConnected(const transport::Connected& connected) {
  Handle(event::Connected{connected.subprotocol == kSubprotocol});
}

void Session::OnConnectFailed(const transport::ConnectFailure& failure) {
  Handle(event::ConnectFailed{ToProblem(failure), IsPersistent(failure), failure.retry_after});
}

void Session::OnFrame(std::span<const std::byte> payload) {
  Handle(event::FrameReceived{wire::ReadControl(payload)});
}

void Session::OnPong() { Handle(event::Pong{}); }

void Session::OnSent() { Handle(event::AllSent{}); }

void Session::OnClosed(const transport::Closed& closed) {
  Handle(event::Closed{closed.code, closed.text});
}

void Session::Handle(const Event& event) {
  OutboxView view;
  {
    const std::lock_guard lock(mutex_);
    view = View();
  }
  actions_.clear();
  machine_.Handle(event, view, clock_.Now(), actions_);
  for (const Action& action : actions_) {
    std::visit([this](const auto& a) { Do(a); }, action);
  }
  Publish();
  HandOver();
  ArmTimer();
}

void Session::Do(const action::Connect&) {
  transport::ConnectRequest request;
  request.tls = options_.endpoint.tls;
  request.host = options_.endpoint.host;
  request.port = options_.endpoint.port;
  request.target = options_.endpoint.target;
  request.subprotocol = kSubprotocol;
  request.ca_file = options_.ca_file;
  request.timeout = options_.connect_timeout;
  request.max_frame_bytes = kMaxFrame;
  {
    const std::lock_guard lock(mutex_);
    ++status_.connect_attempts;
    request.headers = {{"Authorization", "Bearer " + token_.text},
                       {"x-user-id", options_.user_id},
                       {"x-session-id", session_id_},
                       {"x-first-batch", std::to_string(outbox_->first_sequence())}};
  }
  socket_.Connect(request);
}

void Session::Do(const action::Disconnect&) { socket_.Abort(); }

void Session::Do(const action::CloseSocket& close) { socket_.Close(close.code, close.reason); }

void Session::Do(const action::Ping&) { socket_.Ping(); }

void Session::Do(const action::Acknowledge& acknowledge) {
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_.Now();
  const std::int64_t first_checked =
      acknowledge.up_to - static_cast<std::int64_t>(acknowledge.crc32c.size()) + 1;
  for (std::int64_t sequence = outbox_->first_sequence(); sequence <= acknowledge.up_to;
       ++sequence) {
    const std::optional<Batch> batch = outbox_->Peek(sequence);
    if (!batch) break;
    status_.ticks_acknowledged += batch->ticks;
    latency_us_.Record(
        std::chrono::duration_cast<std::chrono::microseconds>(now - batch->accepted_at).count(),
        batch->ticks);
    if (sequence >= first_checked &&
        acknowledge.crc32c[static_cast<std::size_t>(sequence - first_checked)] != batch->crc32c) {
      ++status_.checksum_mismatches;
      last_error_ = "The gateway stored batch " + std::to_string(sequence) +
                    " with another checksum than was sent. Its operator should check the store.";
    }
  }
  outbox_->Release(acknowledge.up_to);
  status_.batches_acknowledged = acknowledge.up_to;
}

void Session::Do(const action::Release& release) {
  const std::lock_guard lock(mutex_);
  outbox_->Release(release.up_to);
}

void Session::Do(const action::Report& report) {
  const std::lock_guard lock(mutex_);
  status_.problem = report.problem.code;
  status_.problem_text = report.problem.text;
  if (report.problem) last_error_ = report.problem.text;
}

void Session::Do(const action::Finish&) {
  socket_.Stop();
  const std::lock_guard lock(mutex_);
  finished_ = true;
  finished_changed_.notify_all();
}

// Gives the transport what may be sent. The frame is copied out under the lock, sent without it.
void Session::HandOver() {
  while (socket_.queued_bytes() < kQueueBytes) {
    const TimePoint now = clock_.Now();
    std::optional<std::int64_t> sequence;
    {
      const std::lock_guard lock(mutex_);
      sequence = machine_.NextToSend(View(), now);
      if (!sequence) return;
      const std::optional<Batch> batch = outbox_->Peek(*sequence);
      if (!batch) return;
      frame_.assign(batch->payload.begin(), batch->payload.end());
      status_.bytes_sent += static_cast<std::int64_t>(frame_.size());
      (*sequence > newest_handed_ ? status_.ticks_sent : status_.ticks_resent) += batch->ticks;
      newest_handed_ = std::max(newest_handed_, *sequence);
    }
    socket_.Send(frame_);
    machine_.OnHanded(*sequence, now);
  }
}

void Session::CloseDueBatch() {
  const std::lock_guard lock(mutex_);
  if (writer_.ticks() == 0 || clock_.Now() < batch_opened_at_ + options_.flush) return;
  CloseBatch();
  status_.batches_closed = outbox_->next_sequence() - 1;
}

void Session::ArmTimer() {
  TimePoint next = machine_.NextTimer();
  {
    const std::lock_guard lock(mutex_);
    if (writer_.ticks() > 0) next = std::min(next, batch_opened_at_ + options_.flush);
  }
  if (next == timer_) return;
  timer_ = next;
  socket_.SetTimer(next);
}

void Session::SetState(State state) {
  status_.state = state;
  status_.state_since_ms = clock_.UnixMs();
}

void Session::Publish() {
  const std::lock_guard lock(mutex_);
  if (status_.state != machine_.state()) {
    SetState(machine_.state());
    if (status_.state == State::kConnected && std::exchange(was_connected_, true)) {
      ++status_.reconnects;
    }
  }
  status_.delivery = machine_.delivery();
  status_.round_trip_us = machine_.round_trip().count();
  status_.frames_ignored = machine_.frames_ignored();
}

}  // namespace tpb
