// The feed's own thread: what its machine decides is done here, and frames are taken in.

#include <algorithm>
#include <exception>
#include <new>
#include <utility>
#include <variant>

#include "session/market_feed.h"
#include "session/upgrade_request.h"
#include "wire/subscription_writer.h"

namespace tpb {
namespace {

constexpr char kSubprotocol[] = "tpb.market.v1";
constexpr std::size_t kMaxTextBytes = 512;
constexpr std::chrono::minutes kTellOverflow{1};

// A text frame is for people: printable, and no longer than they read.
std::string ForPeople(std::span<const std::byte> payload) {
  std::string text(reinterpret_cast<const char*>(payload.data()),
                   std::min(payload.size(), kMaxTextBytes));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, ' ');
  return text;
}

}  // namespace

// An exception that left this thread would take the terminal down.
void MarketFeed::Run() {
  try {
    socket_->Run();
  } catch (const std::bad_alloc&) {
    Fail({Code::kNoMemory,
          "There is no memory left; the market data has stopped. Close other programs and open the "
          "session again."});
  } catch (const std::exception& exception) {
    Fail({Code::kInternal, std::string("The market data has stopped on an error of its own: ") +
                               exception.what() +
                               ". Please report it, and open the session again."});
  }
}

void MarketFeed::Fail(const Error& problem) {
  {
    const std::lock_guard lock(mutex_);
    live_connection_ = 0;
    finished_ = true;
    SetState(State::kHalted);
    status_.problem = problem.code;
    status_.problem_text = problem.text;
    finished_changed_.notify_all();
  }
  host_.Note(problem);
}

void MarketFeed::OnWake() {
  bool wanted = false;
  bool token_renewed = false;
  std::optional<TimePoint> close_deadline;
  {
    const std::lock_guard lock(mutex_);
    wanted = subscriptions_.any() || !options_.stream_ticks;
    token_renewed = std::exchange(token_renewed_, false);
    close_deadline = close_deadline_;
  }
  SayWhatIsDue();
  if (token_renewed) Handle(event::TokenRenewed{});
  if (wanted != std::exchange(wanted_, wanted)) {
    wanted ? Handle(event::Wanted{}) : Handle(event::Unwanted{});
  }
  if (close_deadline) Handle(event::CloseRequested{*close_deadline});
  ArmTimer();
}

void MarketFeed::OnTimer() {
  timer_ = TimePoint::max();
  Handle(event::Timer{});
}

void MarketFeed::OnConnected(const transport::Connected& connected) {
  framed_ = connected.subprotocol == kSubprotocol;
  Handle(event::Connected{});
}

void MarketFeed::OnConnectFailed(const transport::ConnectFailure& failure) {
  Handle(ToConnectFailed(failure));
}

void MarketFeed::OnFrame(std::span<const std::byte> payload) {
  const std::optional<wire::MarketFrame> frame =
      framed_ ? reader_.ReadFramed(payload) : reader_.ReadBare(payload);
  {
    const std::lock_guard lock(mutex_);
    status_.bytes_received += static_cast<std::int64_t>(payload.size());
    if (!frame) ++status_.frames_ignored;
  }
  if (!frame && framed_) {
    Handle(event::Nonsense{});
    return;
  }
  if (frame) Take(*frame);
  Handle(event::Heard{});
}

// How a gateway that does not speak tpb.market.v1 refuses.
void MarketFeed::OnText(std::span<const std::byte> payload) {
  {
    const std::lock_guard lock(mutex_);
    status_.bytes_received += static_cast<std::int64_t>(payload.size());
  }
  Tell(EventKind::kNotice, Severity::kWarning, 0, Code::kNotice,
       "The gateway says: " + ForPeople(payload));
  Handle(event::Heard{});
}

void MarketFeed::OnPong() { Handle(event::Pong{}); }

void MarketFeed::OnClosed(const transport::Closed& closed) {
  Handle(event::Closed{closed.code, closed.text});
}

void MarketFeed::OnProbed(bool answers) { Handle(event::Probed{answers}); }

// ---- What the machine decides
// --------------------------------------------------------------------

void MarketFeed::Handle(const MarketEvent& event) {
  actions_.clear();
  machine_.Handle(event, clock_.Now(), actions_);
  for (const MarketAction& action : actions_) {
    std::visit([this](const auto& a) { Do(a); }, action);
  }
  Publish();
  TellNow();
  SayWhatIsDue();
  ArmTimer();
}

const Endpoint& MarketFeed::EndpointOf(int index) const {
  return index == 0 || !backup_ ? options_.market_endpoint : *backup_;
}

void MarketFeed::Do(const action::Connect& connect) {
  transport::ConnectRequest request =
      RequestTo(EndpointOf(connect.endpoint), options_, kSubprotocol, wire::kMaxMarketBytes);
  request.headers = {{"Authorization", "Bearer " + host_.TokenText()},
                     {"x-user-id", options_.user_id},
                     {"x-session-id", host_.SessionId()},
                     {"x-life", life_},
                     {"x-connection", std::to_string(++connections_)}};
  AddCheck(request);
  socket_->Connect(request);
}

void MarketFeed::Do(const action::Disconnect&) { socket_->Abort(); }

void MarketFeed::Do(const action::CloseSocket& close) { socket_->Close(close.code, close.reason); }

void MarketFeed::Do(const action::Ping&) { socket_->Ping(); }

void MarketFeed::Do(const action::Probe&) {
  socket_->Probe(ProbeOf(options_.market_endpoint, options_));
}

void MarketFeed::Do(const action::Live&) {
  const std::lock_guard lock(mutex_);
  live_connection_ = connections_;
  subscriptions_.OnConnected();
  if (std::exchange(was_live_, true)) ++status_.reconnects;
  status_.endpoint = machine_.endpoint();
  const auto wanted = static_cast<std::int64_t>(subscriptions_.there());
  TellLater(EventKind::kMarketLive, Severity::kInfo, wanted, Code::kOk,
            wanted == 0 ? "Connected for market data; nothing is subscribed to yet."
                        : "Market data flows; " + std::to_string(wanted) + " subscriptions.");
}

void MarketFeed::Do(const action::Stale&) {
  const std::lock_guard lock(mutex_);
  live_connection_ = 0;
  subscriptions_.OnLost();
}

void MarketFeed::Do(const action::Tell& tell) {
  const std::lock_guard lock(mutex_);
  TellLater(tell.kind, tell.severity, tell.value, tell.code, tell.text);
  to_tell_.back().endpoint = tell.endpoint;
}

void MarketFeed::Do(const action::Report& report) {
  {
    const std::lock_guard lock(mutex_);
    status_.problem = report.problem.code;
    status_.problem_text = report.problem.text;
  }
  if (report.problem) host_.Note(report.problem);
}

void MarketFeed::Do(const action::Finish&) {
  socket_->Stop();
  const std::lock_guard lock(mutex_);
  finished_ = true;
  finished_changed_.notify_all();
}

void MarketFeed::Publish() {
  const std::lock_guard lock(mutex_);
  if (status_.state != machine_.state()) SetState(machine_.state());
  status_.endpoint = machine_.endpoint();
}

void MarketFeed::SayWhatIsDue() {
  while (true) {
    std::vector<std::byte> request;
    {
      const std::lock_guard lock(mutex_);
      const auto next = subscriptions_.NextToSay(clock_.Now());
      if (!next) return;
      const Subscriptions::Subscription& subscription = *subscriptions_.Of(next->number);
      request = wire::WriteSubscription(subscription.symbol, WireName(subscription.timeframe),
                                        next->subscribe);
    }
    socket_->Send(request);
  }
}

void MarketFeed::ArmTimer() {
  TimePoint next = machine_.NextTimer();
  {
    const std::lock_guard lock(mutex_);
    next = std::min(next, subscriptions_.NextTimer());
  }
  if (next == timer_) return;
  timer_ = next;
  socket_->SetTimer(next);
}

// ---- What the gateway says
// -----------------------------------------------------------------------

void MarketFeed::Take(const wire::MarketFrame& frame) {
  std::visit([this](const auto& said) { TakeIt(said); }, frame);
}

void MarketFeed::TakeIt(const MarketMessage& message) {
  const TimePoint now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (live_connection_ == 0) return;  // it is being left
  MarketData data = message.data;
  data.received_ms = clock_.UnixMs();
  const Subscriptions::Numbers numbers =
      subscriptions_.Route(message.symbol, message.timeframe, data.number != 0);
  if (numbers.front() == 0) ++status_.frames_ignored;
  for (const std::int32_t number : numbers) {
    if (number != 0) Keep(number, data, now);
  }
  if (data.tier != 0) status_.tier = static_cast<Tier>(data.tier);
  TellOverflow(now);
}

void MarketFeed::Keep(std::int32_t number, MarketData data, TimePoint now) {
  Lane& lane = LaneOf(number);
  data.subscription = number;
  ++status_.messages_received;
  if (lane.history.size() > 0 && lane.history.newest().connection == live_connection_) {
    const std::int64_t before = lane.history.newest().data.number;
    if (before > 0 && data.number > before) status_.ticks_left_out += data.number - before - 1;
  }
  const KeptMessage kept{.data = data, .received_at = now, .connection = live_connection_};
  inbox_->Push(kept);
  inbox_filled_.notify_all();
  lane.history.Push(kept);
  if (cache_ && lane.in_cache != MarketCache::kNoLane) cache_->Append(lane.in_cache, data);
}

// At most once a minute: who does not read now will not read the next one either.
void MarketFeed::TellOverflow(TimePoint now) {
  const std::int64_t overflowed = inbox_->overflowed() - told_overflowed_;
  if (overflowed == 0 || (told_overflow_at_ && now < *told_overflow_at_ + kTellOverflow)) return;
  told_overflowed_ += overflowed;
  told_overflow_at_ = now;
  TellLater(EventKind::kMarketOverflow, Severity::kWarning, overflowed, Code::kOk,
            std::to_string(overflowed) +
                " messages were pushed out unread. Poll more often, or raise market_inbox.");
}

void MarketFeed::TakeIt(const SubscriptionAnswer& answer) {
  const std::lock_guard lock(mutex_);
  if (answer.tier != Tier::kUnknown) status_.tier = answer.tier;
  const Subscriptions::Subscription* const refused = subscriptions_.OnAnswer(answer, clock_.Now());
  if (refused == nullptr) return;
  TellLater(EventKind::kMarketRefused, Severity::kWarning, refused->number, Code::kNotice,
            "The gateway refuses " + refused->symbol + ": " + refused->text);
}

void MarketFeed::TakeIt(const Control& control) {
  if (const auto* const notice = std::get_if<Notice>(&control)) {
    const Severity severity = notice->severity == Notice::Severity::kError     ? Severity::kError
                              : notice->severity == Notice::Severity::kWarning ? Severity::kWarning
                                                                               : Severity::kInfo;
    Tell(EventKind::kNotice, severity, 0, Code::kNotice,
         "The gateway says: " + notice->text + " (" + notice->code + ")");
  } else if (const auto* const pairs = std::get_if<Pairs>(&control)) {
    {
      const std::lock_guard lock(mutex_);
      if (pairs->tier != Tier::kUnknown) status_.tier = pairs->tier;
    }
    host_.Choose(*pairs, machine_.endpoint());
  } else if (!std::holds_alternative<ConfigChanged>(control)) {
    TakeIt(Unknown{});
  }
}

void MarketFeed::TakeIt(const Unknown&) {
  const std::lock_guard lock(mutex_);
  ++status_.frames_ignored;
}

void MarketFeed::Tell(EventKind kind, Severity severity, std::int64_t value, Code code,
                      std::string text) {
  {
    const std::lock_guard lock(mutex_);
    TellLater(kind, severity, value, code, std::move(text));
  }
  TellNow();
}

}  // namespace tpb
