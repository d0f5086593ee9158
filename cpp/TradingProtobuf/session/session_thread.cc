// The session's own thread: what the machine decides is done here.

#include <algorithm>
#include <iterator>
#include <utility>

#include "platform/fnv1a.h"
#include "session/random_id.h"
#include "session/session.h"
#include "session/upgrade_request.h"
#include "wire/control_reader.h"

namespace tpb {
namespace {

constexpr char kSubprotocol[] = "tpb.ack.v1";
constexpr std::size_t kQueueBytes = 256 * 1024;  // handed to the transport and not yet sent
constexpr milliseconds kJournalLook{1000};

// By which the ledger knows it again.
std::uint64_t KeyOf(const Endpoint& endpoint) { return Fnv1a(endpoint.url()); }

// Those below the first batch that is held, as "3-7,12-12".
std::string TextOf(std::span<const Ledger::Span> spans, std::int64_t first_held) {
  std::string text;
  for (const Ledger::Span& span : spans) {
    const std::int64_t last = std::min(span.last, first_held - 1);
    if (last < span.first) break;
    if (!text.empty()) text += ',';
    text += std::to_string(span.first) + '-' + std::to_string(last);
  }
  return text;
}

}  // namespace

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
  LogEvents();
  HandOver();
  ArmTimer();
}

void Session::OnTimer() {
  timer_ = TimePoint::max();
  CloseDueBatch();
  LookAtJournal();
  Handle(event::Timer{});
}

// Once a second: what it has to complain about, and the status for who looks from outside.
void Session::LookAtJournal() {
  if (journal_ == nullptr || clock_.Now() < journal_look_at_) return;
  journal_look_at_ = clock_.Now() + kJournalLook;
  if (const std::optional<Error> problem = journal_->TakeProblem()) {
    const std::lock_guard lock(mutex_);
    AddEvent({.kind = EventKind::kDisk,
              .severity = Severity::kError,
              .code = problem->code,
              .endpoint = machine_.endpoint(),
              .text = problem->text});
    last_error_ = problem->text;
  }
  status_file_.Write(StatusJson());
}

void Session::LogEvents() {
  const std::lock_guard logging(log_mutex_);
  std::vector<EventInfo> events;
  std::string session_id;
  {
    const std::lock_guard lock(mutex_);
    if (to_log_.empty()) return;
    events.swap(to_log_);
    session_id = status_.session_id;
  }
  for (const EventInfo& event : events) event_log_.Append(event, session_id);
}

void Session::OnConnected(const transport::Connected& connected) {
  Handle(event::Connected{connected.subprotocol == kSubprotocol});
}

void Session::OnConnectFailed(const transport::ConnectFailure& failure) {
  Handle(ToConnectFailed(failure));
}

void Session::OnFrame(std::span<const std::byte> payload) {
  event::FrameReceived frame{wire::ReadControl(payload), {}};
  if (machine_.WantsChecksums() && frame.control) {
    if (const Ack* ack = std::get_if<Ack>(&*frame.control)) frame.our_crc32c = ChecksumsFor(*ack);
  }
  Handle(frame);
}

// Of the batches that the gateway says it has, beside its own checksums.
std::vector<std::optional<std::uint32_t>> Session::ChecksumsFor(const Ack& ack) {
  // What the machine will refuse is not worth the reading.
  if (!ack.check_ok || ack.batch_sequence < std::ssize(ack.stored_crc32c)) return {};
  std::vector<std::optional<std::uint32_t>> ours(ack.stored_crc32c.size());
  const std::int64_t before = ack.batch_sequence - std::ssize(ours);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const std::int64_t sequence = before + 1 + static_cast<std::int64_t>(i);
    const BatchInfo info = outbox_->Read(sequence, frame_);
    if (info.sequence == sequence && !frame_.empty()) ours[i] = info.crc32c;
  }
  return ours;
}

void Session::OnPong() { Handle(event::Pong{}); }

void Session::OnSent() { Handle(event::AllSent{}); }

void Session::OnClosed(const transport::Closed& closed) {
  Handle(event::Closed{closed.code, closed.text});
}

void Session::OnProbed(bool answers) { Handle(event::Probed{answers}); }

OutboxView Session::View() const {
  Ledger& ledger = outbox_->ledger();
  const std::uint64_t key = KeyOf(EndpointOf(machine_.endpoint()));
  return {outbox_->first_sequence(), outbox_->next_sequence(), ledger.handed(),
          ledger.peer(key).epoch};
}

const Endpoint& Session::EndpointOf(int index) const {
  const std::optional<Endpoint>& backup = options_.backup_endpoint;
  return index == 0 || !backup ? options_.endpoint : *backup;
}

void Session::Handle(const Event& event) {
  actions_.clear();
  machine_.Handle(event, View(), clock_.Now(), actions_);
  for (const Action& action : actions_) {
    std::visit([this](const auto& a) { Do(a); }, action);
  }
  Publish();
  LogEvents();
  HandOver();
  ArmTimer();
}

void Session::Do(const action::Connect& connect) {
  const Endpoint& endpoint = EndpointOf(connect.endpoint);
  Ledger& ledger = outbox_->ledger();
  const std::int64_t first = outbox_->first_sequence();  // before what was given up is read
  // The gateway will stand behind what was dropped on its way: that is no word of its arrival.
  while (!in_flight_.empty() && in_flight_.front().sequence < first) in_flight_.pop_front();
  transport::ConnectRequest request = RequestTo(endpoint, options_, kSubprotocol, kMaxFrame);
  {
    const std::lock_guard lock(mutex_);
    ++status_.connect_attempts;
    request.headers = {{"Authorization", "Bearer " + token_.text}};
  }
  const auto say = [&](const char* name, std::string value) {
    request.headers.emplace_back(name, std::move(value));
  };
  say("x-user-id", options_.user_id);
  say("x-session-id", ledger.session_id());
  say("x-life", life_);
  say("x-connection", std::to_string(++connections_));
  say("x-first-batch", std::to_string(first));
  say("x-acknowledged", std::to_string(ledger.peer(KeyOf(endpoint)).acknowledged));
  if (connect.resend_from > 0) say("x-resend-from", std::to_string(connect.resend_from));
  if (const std::string before = ledger.continues(); !before.empty()) say("x-continues", before);
  if (const std::string spans = TextOf(ledger.given_up(), first); !spans.empty()) {
    say("x-given-up", spans);
  }
  AddCheck(request);
  socket_.Connect(request);
}

void Session::Do(const action::Disconnect&) { socket_.Abort(); }

void Session::Do(const action::CloseSocket& close) { socket_.Close(close.code, close.reason); }

void Session::Do(const action::Ping&) { socket_.Ping(); }

void Session::Do(const action::Probe&) { socket_.Probe(ProbeOf(options_.endpoint, options_)); }

void Session::Do(const action::Acknowledge& acknowledge) {
  const std::int64_t ticks = CountAcknowledged(acknowledge.up_to, clock_.Now());
  outbox_->Release(acknowledge.up_to);
  const std::lock_guard lock(mutex_);
  status_.ticks_acknowledged += ticks;
  status_.batches_acknowledged = acknowledge.up_to;
}

// Ticks in the batches that are held up to `up_to`.
std::int64_t Session::CountAcknowledged(std::int64_t up_to, TimePoint now) {
  std::int64_t ticks = 0;
  // Handed over by an earlier life: known from the outbox alone.
  const std::int64_t known = in_flight_.empty() ? up_to + 1 : in_flight_.front().sequence;
  std::int64_t sequence = outbox_->first_sequence();
  while (sequence <= up_to && sequence < known) {
    const BatchInfo info = outbox_->Read(sequence, frame_);
    if (info.sequence > sequence) {
      sequence = info.sequence;
      continue;
    }
    ticks += info.ticks;
    ++sequence;
  }
  const std::int64_t held_from = outbox_->first_sequence();
  const std::lock_guard lock(mutex_);
  held_ticks_ -= ticks;
  for (; !in_flight_.empty() && in_flight_.front().sequence <= up_to; in_flight_.pop_front()) {
    const BatchInfo& batch = in_flight_.front();
    ticks += batch.ticks;
    if (batch.sequence >= held_from) {
      held_ticks_ -= batch.ticks;
    } else {
      status_.ticks_dropped -= batch.ticks;  // it had arrived all the same
    }
    latency_us_.Record(
        std::chrono::duration_cast<std::chrono::microseconds>(now - batch.accepted_at).count(),
        batch.ticks);
  }
  return ticks;
}

void Session::Do(const action::Release& release) {
  std::int64_t ticks = 0;
  const std::int64_t held_from = outbox_->first_sequence();
  for (; !in_flight_.empty() && in_flight_.front().sequence <= release.up_to;
       in_flight_.pop_front()) {
    // What outbox_full=drop_oldest gave up meanwhile was counted then.
    if (in_flight_.front().sequence >= held_from) ticks += in_flight_.front().ticks;
  }
  outbox_->Release(release.up_to);
  const std::lock_guard lock(mutex_);
  held_ticks_ -= ticks;
}

void Session::Do(const action::GiveUp& hole) {
  outbox_->ledger().GiveUp({hole.first, hole.last});
  outbox_->Release(hole.last);
  const std::lock_guard lock(mutex_);
  if (hole.last <= dropped_up_to_) return;  // told when they were
  if (outbox_->first_sequence() == outbox_->next_sequence()) {
    held_ticks_ = static_cast<std::int64_t>(writer_.ticks());
  }
  AddEvent({.value = hole.last - hole.first + 1,
            .kind = EventKind::kDamaged,
            .severity = Severity::kError,
            .code = Code::kDisk,
            .endpoint = machine_.endpoint(),
            .text = "The journal is damaged: its batches " + std::to_string(hole.first) + " to " +
                    std::to_string(hole.last) +
                    " cannot be read and are given up. Repair them from the terminal's history."});
}

void Session::Do(const action::Fork&) {
  Ledger& ledger = outbox_->ledger();
  const std::string before = ledger.session_id();
  ledger.SetSession(RandomId(), before);
  const std::lock_guard lock(mutex_);
  status_.session_id = ledger.session_id();
}

void Session::Do(const action::Remember& remember) {
  outbox_->ledger().SetPeer(
      {KeyOf(EndpointOf(machine_.endpoint())), remember.epoch, remember.acknowledged});
}

void Session::Do(const action::Tell& tell) {
  const std::lock_guard lock(mutex_);
  AddEvent({.value = tell.value,
            .kind = tell.kind,
            .severity = tell.severity,
            .code = tell.code,
            .endpoint = tell.endpoint,
            .text = tell.text});
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

// Gives the transport what may be sent.
void Session::HandOver() {
  while (socket_.queued_bytes() < kQueueBytes && HandOverOne()) {
  }
}

bool Session::HandOverOne() {
  const TimePoint now = clock_.Now();
  const OutboxView view = View();
  const std::optional<std::int64_t> sequence = machine_.NextToSend(view, now);
  if (!sequence) return false;
  const BatchInfo batch = outbox_->Read(*sequence, frame_);
  if (batch.sequence != *sequence) {
    Handle(event::Hole{batch.sequence});
    return false;
  }
  // Before it leaves: an older copy of this journal is known by a gateway that has more.
  if (*sequence > view.handed) outbox_->ledger().SetHanded(*sequence);
  const bool first_time = in_flight_.empty() || *sequence > in_flight_.back().sequence;
  {
    const std::lock_guard lock(mutex_);
    status_.bytes_sent += static_cast<std::int64_t>(frame_.size());
    (first_time && *sequence > view.handed ? status_.ticks_sent : status_.ticks_resent) +=
        batch.ticks;
  }
  if (first_time) in_flight_.push_back(batch);
  socket_.Send(frame_);
  machine_.OnHanded(*sequence, batch.crc32c, now);
  return true;
}

void Session::CloseDueBatch() {
  const std::lock_guard lock(mutex_);
  if (writer_.ticks() == 0 || clock_.Now() < batch_opened_at_ + options_.flush) return;
  CloseBatch();
  status_.batches_closed = outbox_->next_sequence() - 1;
}

void Session::ArmTimer() {
  TimePoint next = machine_.NextTimer();
  if (journal_ != nullptr) next = std::min(next, journal_look_at_);
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
  if (std::exchange(status_.endpoint, machine_.endpoint()) != machine_.endpoint()) {
    status_.endpoint_url = EndpointOf(machine_.endpoint()).url();
  }
  status_.failovers = machine_.failovers();
  status_.checksum_mismatches = machine_.checksum_mismatches();
  status_.round_trip_us = machine_.round_trip().count();
  status_.frames_ignored = machine_.frames_ignored();
}

}  // namespace tpb
