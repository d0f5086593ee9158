// Opening a session: its outbox, and what an earlier life left in it.

#include <random>
#include <utility>

#include "outbox/memory_outbox.h"
#include "session/random_id.h"
#include "session/session.h"
#include "session/state_folder.h"
#include "wire/batch_reader.h"

namespace tpb {

Session::Session(Options options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      opened_at_(clock.Now()),
      life_(RandomId()),
      symbols_(options_.quality),
      writer_(options_.tenant_id, options_.stamp_ticks ? wire::Stamp::kTick : wire::Stamp::kBatch),
      token_(options_.token),
      rate_(clock.Now()),
      machine_({options_.heartbeat, options_.backoff_min, options_.backoff_max,
                std::random_device()(), options_.backup_endpoint ? 2 : 1, options_.return_after}),
      event_log_(options_.event_log, options_.tenant_id,
                 {options_.endpoint.url(),
                  options_.backup_endpoint ? options_.backup_endpoint->url() : ""}),
      socket_(*this),
      market_(options_, clock_, life_, *this) {}

Session::~Session() {
  socket_.Stop();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<Session> Session::Open(Options options, Error& error, const Clock& clock) {
  std::unique_ptr<Session> session(new Session(std::move(options), clock));
  error = session->OpenOutbox();
  if (error) return nullptr;
  if (session->options_.stream_ticks) {
    session->thread_ = std::thread(&Session::Run, session.get());
  } else {
    error = session->market_.Open();
  }
  return session;
}

Error Session::OpenOutbox() {
  const std::lock_guard lock(mutex_);
  // Without ticks a journal would only be kept from who sends some.
  if (options_.journal_choice == JournalChoice::kNone || !options_.stream_ticks) {
    outbox_ = std::make_unique<MemoryOutbox>(options_.outbox_bytes);
  } else if (Error error = OpenJournal()) {
    return error;
  }
  Ledger& ledger = outbox_->ledger();
  if (ledger.session_id().empty()) ledger.SetSession(RandomId(), "");
  if (options_.stream_ticks) SetState(State::kConnecting);
  status_.outbox_capacity_bytes = static_cast<std::int64_t>(outbox_->capacity_bytes());
  status_.endpoint_url =
      (options_.stream_ticks ? options_.endpoint : options_.market_endpoint).url();
  status_.session_id = ledger.session_id();
  status_.user_id = options_.user_id;
  status_.tenant_id = options_.tenant_id;
  return {};
}

// Of the automatic folders the first that no other session writes.
Error Session::OpenJournal() {
  const bool automatic = options_.journal_choice == JournalChoice::kAutomatic;
  std::unique_ptr<Journal> journal;
  Error error;
  status_.journal = options_.journal;
  for (int number = 1; number <= kMaxJournalFolders; ++number) {
    if (automatic) error = AutomaticJournalFolder(options_, number, status_.journal);
    if (error) return error;
    error = Journal::Open({.folder = status_.journal,
                           .capacity_bytes = options_.outbox_bytes,
                           .segment_bytes = options_.journal_segment_bytes,
                           .sync = options_.journal_sync},
                          clock_, *this, journal);
    if (!automatic || error.code != Code::kInUse) break;
  }
  if (error) return error;
  journal_ = journal.get();
  status_file_.SetFolder(status_.journal);
  outbox_ = std::move(journal);
  return TakeUp();
}

// Goes on where the journal ends: sequences, cursors and the open batch.
Error Session::TakeUp() {
  std::span<const std::byte> checkpoint = journal_->checkpoint();
  const std::string owner = options_.tenant_id + '\n' + options_.user_id + '\n';
  if (!checkpoint.empty()) {
    const std::string_view text(reinterpret_cast<const char*>(checkpoint.data()),
                                checkpoint.size());
    if (!text.starts_with(owner)) {
      return {Code::kBadConfig, "The journal in " + status_.journal +
                                    " belongs to another user or tenant. Name another folder with "
                                    "journal=, or open it as the one it belongs to."};
    }
    symbols_.Read(checkpoint.subspan(owner.size()));
  }
  journal_->Replay([this](std::span<const std::byte> piece) {
    wire::ReadTicks(piece, [this](const wire::ReadTick& tick) {
      symbols_.Replay(tick.symbol, tick.sequence_number, tick.time_msc);
    });
  });
  held_ticks_ = journal_->recovered_ticks();
  if (journal_->damage().found) TellDamage();
  if (const std::int64_t batches = journal_->recovered_batches(); batches > 0) {
    AddEvent(
        {.value = batches,
         .kind = EventKind::kRecovered,
         .text = std::to_string(batches) + " batches of an earlier life wait in the journal."});
  }
  if (const OpenBatch& open = journal_->open_batch(); open.ticks > 0) {
    writer_.Restore(open.bytes, open.ticks);
    staged_bytes_ = writer_.bytes();
    staged_ticks_ = writer_.ticks();
    batch_opened_at_ = clock_.Now();
  }
  status_.batches_closed = outbox_->next_sequence() - 1;
  status_.batches_acknowledged = outbox_->first_sequence() - 1;
  return {};
}

void Session::TellDamage() {
  const JournalDamage& damage = journal_->damage();
  AddEvent({.value = damage.batches,
            .kind = EventKind::kDamaged,
            .severity = Severity::kError,
            .code = Code::kDisk,
            .text = "The journal in " + status_.journal +
                    " was damaged while it was closed. Ticks behind the cursors (TpbCursor) are "
                    "gone: send them again from the terminal's history."});
  if (!damage.must_fork) return;
  Ledger& ledger = outbox_->ledger();
  ledger.SetSession(RandomId(), ledger.session_id());
}

void Session::WriteCheckpoint(std::vector<std::byte>& checkpoint) {
  for (const std::string& name : {options_.tenant_id, options_.user_id}) {
    for (const char c : name) checkpoint.push_back(static_cast<std::byte>(c));
    checkpoint.push_back(std::byte{'\n'});
  }
  symbols_.Write(checkpoint);
}

}  // namespace tpb
