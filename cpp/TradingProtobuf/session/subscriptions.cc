#include "session/subscriptions.h"

#include <algorithm>
#include <utility>

#include "wire/subscription_writer.h"

namespace tpb {
namespace {

constexpr milliseconds kQuickest{20};
constexpr char kNoReason[] = "The gateway refused it without a reason; ask its operator.";

std::optional<Timeframe> FromWire(std::string_view text) {
  for (std::size_t i = 0; i < kTimeframes; ++i) {
    if (WireName(static_cast<Timeframe>(i)) == text) return static_cast<Timeframe>(i);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Timeframe> ParseTimeframe(std::string_view text) {
  if (text.empty()) return Timeframe::k1m;
  if (text == "tick") return Timeframe::kTick;
  return FromWire(text);
}

// ---- What the callers want
// -----------------------------------------------------------------------

const Subscriptions::Subscription* Subscriptions::Begin(std::string_view symbol,
                                                        Timeframe timeframe) {
  Subscription* known = Get(symbol, timeframe);
  const bool there = known != nullptr && known->state != SubscriptionState::kEnded;
  if (there && known->state != SubscriptionState::kRefused) return known;
  if (!there && there_ == kMax) return nullptr;
  if (known == nullptr) {
    if (all_.size() == kMaxKnown) return nullptr;
    Numbers& numbers = by_symbol_.try_emplace(std::string(symbol), Numbers{}).first->second;
    const auto number = static_cast<std::int32_t>(all_.size()) + 1;
    Subscription& added = all_.emplace_back();
    added.number = number;
    added.symbol = symbol;
    added.timeframe = timeframe;
    numbers[static_cast<std::size_t>(timeframe)] = number;
    known = &all_.back();
  }
  if (!there) ++there_;
  known->state = SubscriptionState::kAsked;
  known->text.clear();
  known->told.clear();
  known->ask_again = TimePoint::max();
  Say(*known);
  return known;
}

const Subscriptions::Subscription* Subscriptions::End(std::string_view symbol,
                                                      Timeframe timeframe) {
  Subscription* const known = Get(symbol, timeframe);
  if (known == nullptr || known->state == SubscriptionState::kEnded) return nullptr;
  known->state = SubscriptionState::kEnded;
  known->text.clear();
  known->ask_again = TimePoint::max();
  --there_;
  Say(*known);
  return known;
}

const Subscriptions::Subscription* Subscriptions::Find(std::string_view symbol,
                                                       Timeframe timeframe) const {
  const auto found = by_symbol_.find(symbol);
  if (found == by_symbol_.end()) return nullptr;
  const Subscription* const known = Of(found->second[static_cast<std::size_t>(timeframe)]);
  return known == nullptr || known->state == SubscriptionState::kEnded ? nullptr : known;
}

const Subscriptions::Subscription* Subscriptions::Of(std::int32_t number) const {
  if (number < 1 || static_cast<std::size_t>(number) > all_.size()) return nullptr;
  return &all_[static_cast<std::size_t>(number) - 1];
}

Subscriptions::Subscription* Subscriptions::Get(std::string_view symbol, Timeframe timeframe) {
  const auto found = by_symbol_.find(symbol);
  if (found == by_symbol_.end()) return nullptr;
  const std::int32_t number = found->second[static_cast<std::size_t>(timeframe)];
  return number == 0 ? nullptr : &At(number);
}

std::int32_t Subscriptions::Count(SubscriptionState state) const {
  return static_cast<std::int32_t>(std::ranges::count(all_, state, &Subscription::state));
}

// ---- What the gateway says
// -----------------------------------------------------------------------

void Subscriptions::OnConnected() {
  connected_ = true;
  spacing_ = milliseconds(0);
  say_at_ = {};
  to_say_.clear();
  for (Subscription& each : all_) {
    if (each.state == SubscriptionState::kEnded) continue;
    if (!each.text.empty()) each.told = std::exchange(each.text, {});
    each.state = SubscriptionState::kAsked;
    each.ask_again = TimePoint::max();
    to_say_.push_back(each.number);
  }
}

void Subscriptions::OnLost() {
  connected_ = false;
  to_say_.clear();
  for (Subscription& each : all_) {
    if (each.state == SubscriptionState::kActive) each.state = SubscriptionState::kAsked;
    each.ask_again = TimePoint::max();
  }
}

const Subscriptions::Subscription* Subscriptions::OnAnswer(const SubscriptionAnswer& answer,
                                                           TimePoint now) {
  using Outcome = SubscriptionAnswer::Outcome;
  const std::optional<Timeframe> timeframe = FromWire(answer.timeframe);
  const bool ours = answer.data_type.empty() || answer.data_type == wire::kPricesWithIndicators;
  if (!connected_ || !timeframe || !ours) return nullptr;
  Subscription* const known = Get(answer.symbol, *timeframe);
  if (known == nullptr) return nullptr;

  const milliseconds wait(std::min<std::int64_t>(answer.retry_after_ms, kAskAgain.count()));
  const bool ended = known->state == SubscriptionState::kEnded;
  switch (answer.outcome) {
    case Outcome::kSubscribed:
      if (!ended) Answered(known->number);
      return nullptr;
    case Outcome::kOverRate:  // of an ending as well: it is said again, more slowly
      spacing_ = std::clamp(wait, kQuickest, kSlowest);
      say_at_ = std::max(say_at_, now + spacing_);
      if (known->state != SubscriptionState::kActive) Say(*known);
      return nullptr;
    case Outcome::kOverTier:
    case Outcome::kInvalid:
      break;
    default:
      return nullptr;
  }
  if (ended) return nullptr;
  const std::string text = answer.text.empty() ? kNoReason : answer.text;
  const bool news = text != known->text && text != known->told;
  known->state = SubscriptionState::kRefused;
  known->text = text;
  known->ask_again = now + (wait.count() > 0 ? wait : kAskAgain);
  ask_again_ = std::min(ask_again_, known->ask_again);
  return news ? known : nullptr;
}

Subscriptions::Numbers Subscriptions::Route(std::string_view symbol, std::string_view timeframe,
                                            bool numbered) {
  Numbers routed{};
  const auto found = by_symbol_.find(symbol);
  if (found == by_symbol_.end()) return routed;
  auto place = routed.begin();
  const auto give = [&](std::int32_t number) {
    const Subscription* const known = Of(number);
    if (known == nullptr || known->state == SubscriptionState::kEnded) return;
    if (known->state == SubscriptionState::kAsked) Answered(number);
    *place++ = number;
  };
  if (const std::optional<Timeframe> exact = FromWire(timeframe)) {
    give(found->second[static_cast<std::size_t>(*exact)]);
  }
  if (place == routed.begin() && timeframe.empty() && !numbered) {
    for (const std::int32_t number : found->second) give(number);
  }
  return routed;
}

void Subscriptions::Answered(std::int32_t number) {
  Subscription& known = At(number);
  known.state = SubscriptionState::kActive;
  known.text.clear();
  known.told.clear();
  known.ask_again = TimePoint::max();
}

// ---- What is to be said
// --------------------------------------------------------------------------

void Subscriptions::Say(const Subscription& subscription) {
  if (!connected_) return;  // everything is said after the next connect
  if (std::ranges::find(to_say_, subscription.number) == to_say_.end()) {
    to_say_.push_back(subscription.number);
  }
}

std::optional<Subscriptions::Request> Subscriptions::NextToSay(TimePoint now) {
  if (!connected_) return std::nullopt;
  if (now >= ask_again_) AskAgain(now);
  if (to_say_.empty() || now < say_at_) return std::nullopt;
  const std::int32_t number = to_say_.front();
  to_say_.pop_front();
  if (spacing_.count() > 0) say_at_ = now + spacing_;
  return Request{.number = number, .subscribe = At(number).state != SubscriptionState::kEnded};
}

void Subscriptions::AskAgain(TimePoint now) {
  ask_again_ = TimePoint::max();
  for (Subscription& each : all_) {
    if (now >= each.ask_again) {
      each.ask_again = TimePoint::max();
      Say(each);
    }
    ask_again_ = std::min(ask_again_, each.ask_again);
  }
}

TimePoint Subscriptions::NextTimer() const {
  if (!connected_) return TimePoint::max();
  return std::min(ask_again_, to_say_.empty() ? TimePoint::max() : say_at_);
}

}  // namespace tpb
