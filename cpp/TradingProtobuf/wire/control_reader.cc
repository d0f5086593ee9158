#include "wire/control_reader.h"

#include <algorithm>
#include <bit>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "platform/crc32c.h"
#include "tpb/stream_control.pb.h"
#include "wire/mute_protobuf.h"

namespace tpb::wire {
namespace {

// Cut to at most so many bytes, without splitting a character; control characters become spaces,
// for the text ends up in logs and on terminals.
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

std::optional<Control> Read(std::span<const std::byte> frame) {
  MuteProtobuf();
  v1::StreamControl control;
  if (!control.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) return std::nullopt;
  switch (control.kind_case()) {
    case v1::StreamControl::kAck:
      return ToModel(control.ack());
    case v1::StreamControl::kThrottle:
      return ToModel(control.throttle());
    case v1::StreamControl::kConfigChanged:
      return ToModel(control.config_changed());
    case v1::StreamControl::kNotice:
      return ToModel(control.notice());
    case v1::StreamControl::KIND_NOT_SET:
      return Unknown{};
  }
  return Unknown{};
}

}  // namespace

std::optional<Control> ReadControl(std::span<const std::byte> frame) noexcept {
  if (frame.size() > kMaxControlBytes) return std::nullopt;
  try {
    return Read(frame);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace tpb::wire
