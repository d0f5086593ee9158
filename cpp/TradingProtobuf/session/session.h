#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "model/error.h"
#include "model/tick.h"
#include "outbox/outbox.h"
#include "platform/clock.h"
#include "platform/module_reference.h"
#include "session/histogram.h"
#include "session/machine.h"
#include "session/options.h"
#include "session/rate.h"
#include "session/status.h"
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

// One stream of ticks to a gateway. Ticks are accepted on the callers' threads, which end at the
// outbox; everything else happens on the session's own thread. Every public function may be called
// from any thread; only Close waits.
class Session final : private transport::Listener {
 public:
  // Starts the session's thread. Throws std::bad_alloc or std::system_error.
  explicit Session(Options options, const Clock& clock = Clock::System());
  ~Session();

  // Accept all or nothing.
  Error SendTicks(std::string_view symbol, std::span<const Tick> ticks);
  Error SendQuotes(const Quotes& quotes);

  // Closes the open batch; returns the ticks it held.
  std::int32_t Flush();
  Error SetToken(Token token);

  Status GetStatus() const;
  State state() const;
  // The newest problem, of a call or of the connection; "" = none so far.
  std::string LastError() const;
  void NoteError(const Error& error);

  const Options& options() const { return options_; }

  // Accepts nothing any more, flushes for at most `timeout` and ends the thread. Returns the ticks
  // that were not acknowledged. Once only.
  std::int64_t Close(milliseconds timeout);

 private:
  // transport::Listener, on the session's thread.
  void OnWake() override;
  void OnTimer() override;
  void OnConnected(const transport::Connected& connected) override;
  void OnConnectFailed(const transport::ConnectFailure& failure) override;
  void OnFrame(std::span<const std::byte> payload) override;
  void OnPong() override;
  void OnSent() override;
  void OnClosed(const transport::Closed& closed) override;

  // The session's thread.
  void Run();
  void Fail(const Error& problem);
  void Handle(const Event& event);
  void Do(const action::Connect&);
  void Do(const action::Disconnect&);
  void Do(const action::CloseSocket& close);
  void Do(const action::Ping&);
  void Do(const action::Acknowledge& acknowledge);
  void Do(const action::Release& release);
  void Do(const action::Report& report);
  void Do(const action::Finish&);
  void HandOver();
  void CloseDueBatch();
  void ArmTimer();
  void Publish();

  // Under the lock.
  struct Need {
    std::size_t bytes = 0;  // upper bound
    std::size_t ticks = 0;
  };
  Error AddTo(Need& need, Symbol* symbol, std::string_view name, const Tick& tick,
              std::size_t index) const;
  Error MakeRoom(const Need& need);
  void Accept(Symbol& symbol, const Tick& tick, TimePoint now);
  bool CountAccepted(std::size_t ticks, TimePoint begin);
  Error Refuse(Error error, std::size_t ticks);
  bool CloseBatch();
  void SetState(State state);
  OutboxView View() const { return {outbox_->first_sequence(), outbox_->next_sequence()}; }

  const ModuleReference module_reference_;
  const Options options_;
  const Clock& clock_;
  const std::string session_id_;

  // Guards what callers and the session's thread share. Held for no I/O.
  mutable std::mutex mutex_;
  bool accepting_ = true;
  Symbols symbols_;
  wire::BatchWriter writer_;
  TimePoint batch_opened_at_{};
  std::unique_ptr<Outbox> outbox_;
  std::uint32_t calls_ = 0;
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
  std::int64_t newest_handed_ = 0;
  Status status_;  // without what GetStatus derives
  std::string last_error_;

  // The session's thread alone.
  Machine machine_;
  Actions actions_;
  std::vector<std::byte> frame_;
  TimePoint timer_ = TimePoint::max();

  transport::WebSocket socket_;
  std::thread thread_;
};

}  // namespace tpb
