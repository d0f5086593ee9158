#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "model/error.h"
#include "model/tick.h"
#include "outbox/journal.h"
#include "outbox/outbox.h"
#include "platform/clock.h"
#include "platform/module_reference.h"
#include "session/event_log.h"
#include "session/events.h"
#include "session/histogram.h"
#include "session/machine.h"
#include "session/market_feed.h"
#include "session/options.h"
#include "session/rate.h"
#include "session/status.h"
#include "session/status_file.h"
#include "session/symbols.h"
#include "transport/web_socket.h"
#include "wire/batch_writer.h"

namespace tpb {

// Quotes of several symbols as SendTickBatch brings them: arrays of `count` elements.
struct Quotes {
  std::string_view symbols;  // one name a quote, joined by commas
  const double* bids = nullptr;
  const double* asks = nullptr;
  const std::int64_t* times_msc = nullptr;
  std::size_t count = 0;
};

// One stream of ticks to a gateway, and the market data that comes back. Ticks are accepted on the
// callers' threads, which end at the outbox; everything else happens on the session's own thread.
// Every public function may be called from any thread; only Close waits.
class Session final : private transport::Listener, private Checkpointer, private FeedHost {
 public:
  // Opens the outbox, takes up what an earlier life left in it, and starts the session's thread.
  // Null where that fails; `error` says why. Throws std::bad_alloc or std::system_error.
  static std::unique_ptr<Session> Open(Options options, Error& error,
                                       const Clock& clock = Clock::System());
  ~Session();

  // Accept all or nothing.
  Error SendTicks(std::string_view symbol, std::span<const Tick> ticks);
  Error SendQuotes(const Quotes& quotes);

  // Closes the open batch; returns the ticks it held.
  std::int32_t Flush();
  Error SetToken(Token token);

  Status GetStatus() const;
  std::string StatusJson() const;
  State state() const;
  // The newest problem, of a call or of the connection; "" = none so far.
  std::string LastError() const;
  void NoteError(const Error& error);

  // How far the symbol's ticks are accepted; nothing where it has none.
  std::optional<Cursor> GetCursor(std::string_view symbol) const;
  // The indicators of the symbol's ticks; nothing in `info` where it has none.
  Error GetIndicators(std::string_view symbol, std::optional<IndicatorInfo>& info) const;
  // The oldest event not taken yet.
  std::optional<EventInfo> NextEvent();

  MarketFeed& market() { return market_; }
  // The symbols that the gateway has chosen for the user, most important first.
  std::vector<std::string> GetPairs() const;

  const Options& options() const { return options_; }

  // Accepts nothing any more, flushes for at most `timeout` and ends the thread. Returns the ticks
  // held that were not acknowledged. Once only.
  std::int64_t Close(milliseconds timeout);

 private:
  static constexpr std::size_t kMaxFrame = std::size_t{1} << 20;  // the gateway's limit

  Session(Options options, const Clock& clock);

  // Opening.
  Error OpenOutbox();
  Error OpenJournal();
  Error TakeUp();
  void TellDamage();

  // Checkpointer, under the lock.
  void WriteCheckpoint(std::vector<std::byte>& checkpoint) override;

  // FeedHost.
  std::string TokenText() const override;
  std::string SessionId() const override;
  void Tell(EventInfo event) override;
  void Note(const Error& problem) override { NoteError(problem); }
  void Choose(const Pairs& pairs, std::int32_t endpoint) override;

  // transport::Listener, on the session's thread.
  void OnWake() override;
  void OnTimer() override;
  void OnConnected(const transport::Connected& connected) override;
  void OnConnectFailed(const transport::ConnectFailure& failure) override;
  void OnFrame(std::span<const std::byte> payload) override;
  void OnPong() override;
  void OnSent() override;
  void OnClosed(const transport::Closed& closed) override;
  void OnProbed(bool answers) override;

  // The session's thread.
  void Run();
  void Fail(const Error& problem);
  void Handle(const Event& event);
  void Do(const action::Connect& connect);
  void Do(const action::Disconnect&);
  void Do(const action::CloseSocket& close);
  void Do(const action::Ping&);
  void Do(const action::Probe&);
  void Do(const action::Acknowledge& acknowledge);
  void Do(const action::Release& release);
  void Do(const action::GiveUp& hole);
  void Do(const action::Fork&);
  void Do(const action::Remember& remember);
  void Do(const action::Tell& tell);
  void Do(const action::Choose& choose) { Choose(choose.pairs, machine_.endpoint()); }
  void Do(const action::Report& report);
  void Do(const action::Finish&);
  void HandOver();
  bool HandOverOne();
  std::int64_t CountAcknowledged(std::int64_t up_to, TimePoint now);
  std::vector<std::optional<std::uint32_t>> ChecksumsFor(const Ack& ack);
  void CloseDueBatch();
  void ArmTimer();
  void Publish();
  void LogEvents();
  void LookAtJournal();
  const Endpoint& EndpointOf(int index) const;
  OutboxView View() const;

  Error RefuseTicks();
  void FollowMarket(Status& status) const;
  void EndThread(TimePoint deadline);

  // Under the lock.
  struct Need {
    std::size_t bytes = 0;  // upper bound
    std::size_t ticks = 0;
    std::int64_t unix_ms = 0;  // of the call ...
    std::uint64_t call = 0;    // ... and its number
  };
  Error AddTo(Need& need, Symbol* symbol, std::string_view name, const Tick& tick,
              std::size_t index);
  Error MakeRoom(const Need& need, TimePoint now);
  bool IsTooOld(TimePoint now) const;
  Room DropFor(std::size_t bytes, std::size_t batches, TimePoint now);
  void Accept(Symbol& symbol, const Tick& tick, const Need& call, TimePoint now);
  bool CountAccepted(std::size_t ticks, TimePoint begin);
  Error Refuse(Error error, std::size_t ticks);
  void TellFlaws(TimePoint now);
  Status StatusNow() const;
  void StageOpenBatch();
  bool CloseBatch();
  void SetState(State state);
  void AddEvent(EventInfo event);

  const ModuleReference module_reference_;
  const Options options_;
  const Clock& clock_;
  const TimePoint opened_at_;
  const std::string life_;  // of this opening: tells its connections from another one's

  // Guards what callers and the session's thread share. Held for no I/O.
  mutable std::mutex mutex_;
  bool accepting_ = true;
  Symbols symbols_;
  quality::FlawCounts flaws_;
  std::int64_t told_flaws_ = 0;
  TimePoint told_flaws_at_{};
  wire::BatchWriter writer_;
  TimePoint batch_opened_at_{};
  std::size_t staged_bytes_ = 0;  // of the open batch, and ticks
  std::size_t staged_ticks_ = 0;
  std::int64_t held_ticks_ = 0;      // accepted in this life or an earlier one, and still here
  std::int64_t dropped_up_to_ = 0;   // newest batch given up by outbox_full=drop_oldest
  std::int64_t refused_since_ = -1;  // ticks_refused when refusing began; -1: accepting
  std::uint64_t calls_ = 0;          // accepted or not
  bool was_connected_ = false;
  Token token_;
  bool token_renewed_ = false;
  std::optional<TimePoint> close_deadline_;
  bool finished_ = false;
  std::condition_variable finished_changed_;
  mutable Rate rate_;
  Histogram latency_us_;
  std::int64_t encoded_ticks_ = 0;
  std::int64_t encode_ns_ = 0;
  Events events_;
  std::vector<EventInfo> to_log_;
  Status status_;  // without what GetStatus derives
  std::string last_error_;
  std::vector<std::string> pairs_;

  // Thread safe by themselves. None after Close.
  std::unique_ptr<Outbox> outbox_;
  Journal* journal_ = nullptr;  // the outbox, where it is one

  // The session's thread alone.
  Machine machine_;
  std::deque<BatchInfo> in_flight_;  // handed over in this life and not acknowledged
  std::int64_t connections_ = 0;
  std::mutex log_mutex_;  // who logs, for the feed's thread can do so as well
  EventLog event_log_;
  StatusFile status_file_;
  TimePoint journal_look_at_{};
  Actions actions_;
  std::vector<std::byte> frame_;
  TimePoint timer_ = TimePoint::max();

  transport::WebSocket socket_;
  std::thread thread_;

  MarketFeed market_;  // last, for its thread uses the rest
};

}  // namespace tpb
