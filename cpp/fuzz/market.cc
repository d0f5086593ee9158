// Whatever a gateway sends on /ws/market-data, and whenever it connects, falls silent or hangs up:
// the frames are read, and the feed's machine and its subscriptions decide, as in a feed.
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "input.h"
#include "session/market_machine.h"
#include "session/subscriptions.h"
#include "wire/market_reader.h"
#include "wire/subscription_writer.h"

namespace tpb::fuzz {
namespace {

class World {
 public:
  explicit World(std::uint8_t choices)
      : endpoints_(1 + (choices & 1)),
        framed_((choices & 2) == 0),
        machine_({.endpoints = endpoints_}) {}

  bool finished() const { return finished_; }

  void Step(Input& input) {
    switch (input.Byte() % 11) {
      case 0:
        if (linked_) Frame(input.Bytes(input.Byte()));
        break;
      case 1:
        if (std::exchange(connecting_, false)) {
          linked_ = true;
          Happens(event::Connected{});
        }
        break;
      case 2:
        if (std::exchange(connecting_, false)) Refused(input.Byte());
        break;
      case 3:
        if (linked_) Happens(event::Pong{});
        break;
      case 4:
        if (std::exchange(linked_, false)) {
          const std::uint32_t code = input.Number16();
          Happens(event::Closed{static_cast<std::uint16_t>(code), "text"});
        }
        break;
      case 5:
        now_ += milliseconds(input.Number16());
        if (now_ >= machine_.NextTimer()) Happens(event::Timer{});
        break;
      case 6:
        Begin(input.Byte());
        break;
      case 7:
        End(input.Byte());
        break;
      case 8:
        if (std::exchange(probing_, false)) Happens(event::Probed{input.Byte() % 2 == 0});
        break;
      case 9:
        Say();
        break;
      default:
        if (input.Byte() % 4 != 0) {
          Happens(event::TokenRenewed{});
        } else {
          Happens(event::CloseRequested{now_ + milliseconds(input.Number16())});
        }
    }
    Require(live_ ? linked_ : true);
    Require(subscriptions_.granted() + subscriptions_.refused() <=
            static_cast<std::int32_t>(subscriptions_.there()));
  }

 private:
  static std::string SymbolOf(std::uint8_t choice) {
    return {'S', static_cast<char>('0' + choice % 4)};
  }
  static Timeframe TimeframeOf(std::uint8_t choice) {
    return static_cast<Timeframe>(choice / 4 % kTimeframes);
  }

  void Begin(std::uint8_t choice) {
    const auto* const begun = subscriptions_.Begin(SymbolOf(choice), TimeframeOf(choice));
    Require(begun != nullptr && begun->number >= 1 && begun->number <= 20);
    Require(begun == subscriptions_.Find(SymbolOf(choice), TimeframeOf(choice)));
    Happens(event::Wanted{});
  }

  void End(std::uint8_t choice) {
    subscriptions_.End(SymbolOf(choice), TimeframeOf(choice));
    Require(subscriptions_.Find(SymbolOf(choice), TimeframeOf(choice)) == nullptr);
    if (!subscriptions_.any()) Happens(event::Unwanted{});
  }

  void Say() {
    int said = 0;
    while (const auto request = subscriptions_.NextToSay(now_)) {
      Require(live_ && ++said <= 20);
      const auto* const subscription = subscriptions_.Of(request->number);
      Require(subscription != nullptr);
      Require(request->subscribe == (subscription->state != SubscriptionState::kEnded));
      Require(!wire::WriteSubscription(subscription->symbol, WireName(subscription->timeframe),
                                       request->subscribe)
                   .empty());
    }
  }

  void Frame(std::span<const std::byte> bytes) {
    const auto frame = framed_ ? reader_.ReadFramed(bytes) : reader_.ReadBare(bytes);
    if (!frame && framed_) {
      Happens(event::Nonsense{});
      return;
    }
    if (frame) std::visit([this](const auto& said) { Take(said); }, *frame);
    Happens(event::Heard{});
  }

  void Take(const MarketMessage& message) {
    const MarketData& data = message.data;
    for (const double number : {data.bid, data.ask, data.sma_20, data.ema_26, data.macd_line,
                                data.macd_signal, data.rsi, data.bollinger_lower}) {
      Require(!std::isinf(number));
    }
    Require(data.bid != 0 && data.ask != 0 && data.sma_20 != 0);
    Require(data.age_ms >= 0 && data.number >= 0 && data.live == 0 && data.subscription == 0);
    for (const std::int32_t number :
         subscriptions_.Route(message.symbol, message.timeframe, data.number != 0)) {
      if (number == 0) continue;
      const auto* const known = subscriptions_.Of(number);
      Require(known != nullptr && known->symbol == message.symbol);
      Require(known->state != SubscriptionState::kEnded);
    }
  }

  void Take(const SubscriptionAnswer& answer) {
    Require(answer.text.size() <= wire::kMaxAnswerTextBytes && answer.retry_after_ms >= 0);
    const auto* const refused = subscriptions_.OnAnswer(answer, now_);
    if (refused == nullptr) return;
    Require(live_ && refused->symbol == answer.symbol && !refused->text.empty());
    Require(refused->state == SubscriptionState::kRefused);
    Require(subscriptions_.NextTimer() <= now_ + Subscriptions::kAskAgain);
  }

  void Take(const Control&) {}
  void Take(const Unknown&) {}

  void Refused(std::uint8_t how) {
    event::ConnectFailed failed;
    failed.problem = {how & 1 ? Code::kCredentials : Code::kNetwork, "refused"};
    failed.persistent = (how & 2) != 0;
    if (how & 4) failed.retry_after = milliseconds(how * 100);
    Happens(failed);
  }

  void Happens(const MarketEvent& event) {
    MarketActions actions;
    machine_.Handle(event, now_, actions);
    for (const MarketAction& action : actions) {
      Require(!finished_);
      std::visit([this](const auto& a) { Do(a); }, action);
    }
    machine_.NextTimer();
    Require((machine_.state() == State::kConnected) <= live_);
  }

  void Do(const action::Connect& connect) {
    Require(connect.endpoint >= 0 && connect.endpoint < endpoints_ && connect.resend_from == 0);
    Require(!linked_ && !live_);
    connecting_ = true;
  }
  void Do(const action::Disconnect&) { linked_ = connecting_ = false; }
  void Do(const action::CloseSocket& close) { Require(linked_ && !live_ && close.code >= 1000); }
  void Do(const action::Ping&) { Require(linked_); }
  void Do(const action::Probe&) { probing_ = true; }
  void Do(const action::Live&) {
    Require(linked_ && !std::exchange(live_, true));
    subscriptions_.OnConnected();
  }
  void Do(const action::Stale&) {
    Require(std::exchange(live_, false));
    subscriptions_.OnLost();
    Require(subscriptions_.granted() == 0);
  }
  void Do(const action::Tell& tell) { Require(tell.endpoint < endpoints_ && !tell.text.empty()); }
  void Do(const action::Report& report) {
    Require(!report.problem || !report.problem.text.empty());
  }
  void Do(const action::Finish&) { finished_ = true; }

  const int endpoints_;
  const bool framed_;
  MarketMachine machine_;
  Subscriptions subscriptions_;
  wire::MarketReader reader_;
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
  bool connecting_ = false;
  bool linked_ = false;
  bool live_ = false;
  bool probing_ = false;
  bool finished_ = false;
};

}  // namespace
}  // namespace tpb::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tpb::fuzz::Input input({data, size});
  tpb::fuzz::World world(input.Byte());
  while (!input.empty() && !world.finished()) world.Step(input);
  return 0;
}
