#include "wire/control_model.h"

#include <algorithm>
#include <bit>
#include <span>

#include "model/symbol_name.h"
#include "platform/crc32c.h"
#include "wire/control_reader.h"

namespace tpb::wire {
namespace {

static_assert(std::endian::native == std::endian::little, "a check is over little-endian numbers");

template <class T>
std::uint32_t AddTo(std::uint32_t crc, std::span<const T> numbers) {
  return Crc32c(std::as_bytes(numbers), crc);
}

// What Ack.check must be.
std::uint32_t CheckOf(const Ack& ack) {
  const std::int64_t first[] = {ack.batch_sequence, ack.epoch};
  std::uint32_t crc = AddTo<std::int64_t>(0, first);
  crc = AddTo<std::uint32_t>(crc, ack.crc32c);
  return AddTo<std::uint32_t>(crc, ack.stored_crc32c);
}

Control ToModel(const v1::Ack& message) {
  Ack ack{.batch_sequence = message.batch_sequence(),
          .crc32c = {message.crc32c().begin(), message.crc32c().end()},
          .epoch = message.epoch(),
          .stored_crc32c = {message.stored_crc32c().begin(), message.stored_crc32c().end()}};
  ack.check_ok = !message.has_check() || message.check() == CheckOf(ack);
  return ack;
}

Control ToModel(const v1::Throttle& throttle) {
  return Throttle{.max_batches_per_s = throttle.max_batches_per_s(), .for_ms = throttle.for_ms()};
}

std::optional<Control> ToModel(const v1::ConfigChanged& changed) {
  const auto& sections = changed.sections();
  const auto is_long = [](const std::string& section) { return section.size() > kMaxSectionBytes; };
  if (static_cast<std::size_t>(sections.size()) > kMaxSections) return std::nullopt;
  if (std::ranges::any_of(sections, is_long)) return std::nullopt;
  return ConfigChanged{.version = changed.version(),
                       .sections = {sections.begin(), sections.end()}};
}

Notice::Severity ToModel(v1::Notice::Severity severity) {
  switch (severity) {
    case v1::Notice::SEVERITY_INFO:
      return Notice::Severity::kInfo;
    case v1::Notice::SEVERITY_WARNING:
      return Notice::Severity::kWarning;
    case v1::Notice::SEVERITY_ERROR:
      return Notice::Severity::kError;
    default:
      return Notice::Severity::kUnspecified;
  }
}

Control ToModel(const v1::Notice& notice) {
  return Notice{.code = Printable(notice.code(), kMaxNoticeCodeBytes),
                .text = Printable(notice.text(), kMaxNoticeTextBytes),
                .severity = ToModel(notice.severity())};
}

// A name that no symbol can have is left out: the ticks that flow here are worth more than it.
Control ToModel(const v1::PairSelection& selection) {
  Pairs pairs{.version = selection.version(), .tier = ToTier(selection.tier()), .symbols = {}};
  for (const v1::Pair& pair : selection.pairs()) {
    if (pairs.symbols.size() == kMaxPairs) break;
    if (IsSymbolName(pair.symbol())) pairs.symbols.push_back(pair.symbol());
  }
  return pairs;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    const auto continues = [&](std::size_t at) {
      return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
    };
    std::size_t end = max_bytes;
    while (end > 0 && continues(end)) --end;
    text = text.substr(0, end);
  }
  std::string printable(text);
  std::ranges::replace_if(printable, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return printable;
}

Tier ToTier(trading::v1::SubscriptionTier tier) {
  switch (tier) {
    case trading::v1::SUBSCRIPTION_TIER_FREE:
      return Tier::kFree;
    case trading::v1::SUBSCRIPTION_TIER_PRO:
      return Tier::kPro;
    case trading::v1::SUBSCRIPTION_TIER_ENTERPRISE:
      return Tier::kEnterprise;
    default:
      return Tier::kUnknown;
  }
}

std::optional<Control> ToControl(const v1::StreamControl& control) {
  switch (control.kind_case()) {
    case v1::StreamControl::kAck:
      return ToModel(control.ack());
    case v1::StreamControl::kThrottle:
      return ToModel(control.throttle());
    case v1::StreamControl::kConfigChanged:
      return ToModel(control.config_changed());
    case v1::StreamControl::kNotice:
      return ToModel(control.notice());
    case v1::StreamControl::kPairs:
      return ToModel(control.pairs());
    case v1::StreamControl::KIND_NOT_SET:
      return Unknown{};
  }
  return Unknown{};
}

}  // namespace tpb::wire
