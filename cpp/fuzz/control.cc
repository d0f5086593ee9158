// Whatever a gateway sends, and whenever it connects, falls silent or hangs up: the frames are read
// and the session's machine decides about them, as in a session.
#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "input.h"
#include "session/machine.h"
#include "wire/control_reader.h"

namespace tpb::fuzz {
namespace {

// A checksum that a fuzzer can guess.
std::uint32_t Crc32cOf(std::int64_t sequence) { return static_cast<std::uint32_t>(sequence); }

class World {
 public:
  explicit World(std::uint8_t choices)
      : endpoints_(1 + (choices & 1)), machine_({.endpoints = endpoints_}) {
    outbox_.next += choices >> 4;
    outbox_.handed = choices >> 6;  // an earlier life gave some to a gateway
    Happens(event::Start{});
  }

  bool finished() const { return finished_; }

  void Step(Input& input) {
    switch (input.Byte() % 12) {
      case 0:
        Frame(input.Bytes(input.Byte()));
        break;
      case 1:
        if (std::exchange(connecting_, false)) {
          linked_ = true;
          Happens(event::Connected{input.Byte() % 8 != 0});
        }
        break;
      case 2:
        if (std::exchange(connecting_, false)) Refused(input.Byte());
        break;
      case 3:
        if (linked_) Happens(event::Pong{});
        break;
      case 4:
        if (linked_) Happens(event::AllSent{});
        break;
      case 5:
        if (std::exchange(linked_, false)) {
          const std::uint32_t code = input.Number16();
          Happens(event::Closed{static_cast<std::uint16_t>(code), "text"});
        }
        break;
      case 6:
        now_ += milliseconds(input.Number16());
        if (now_ >= machine_.NextTimer()) Happens(event::Timer{});
        break;
      case 7:
        outbox_.next += input.Byte();
        break;
      case 8:
        HandOver(input.Byte());
        break;
      case 9:
        if (std::exchange(probing_, false)) Happens(event::Probed{input.Byte() % 2 == 0});
        break;
      case 10:
        if (const auto sequence = machine_.NextToSend(outbox_, now_)) {
          Happens(event::Hole{std::min(*sequence + 1 + input.Byte(), outbox_.next)});
        }
        break;
      default:
        if (input.Byte() % 4 != 0) {
          Happens(event::TokenRenewed{});
        } else {
          Happens(event::CloseRequested{now_ + milliseconds(input.Number16())});
        }
    }
  }

 private:
  void Frame(std::span<const std::byte> bytes) {
    if (!linked_) return;
    event::FrameReceived received;
    received.control = wire::ReadControl(bytes);
    const Ack* const ack = received.control ? std::get_if<Ack>(&*received.control) : nullptr;
    if (ack != nullptr && machine_.WantsChecksums()) received.our_crc32c = OursFor(*ack);
    Happens(received);
  }

  // As many as the gateway tells, ending with the batch it stands at.
  std::vector<std::optional<std::uint32_t>> OursFor(const Ack& ack) const {
    std::vector<std::optional<std::uint32_t>> ours(ack.stored_crc32c.size());
    for (std::size_t back = 0; back < ours.size(); ++back) {
      const auto distance = static_cast<std::int64_t>(back);
      if (ack.batch_sequence < outbox_.first + distance) break;
      const std::int64_t sequence = ack.batch_sequence - distance;
      if (sequence < outbox_.next) ours[ours.size() - 1 - back] = Crc32cOf(sequence);
    }
    return ours;
  }

  void Refused(std::uint8_t how) {
    event::ConnectFailed failed;
    failed.problem = {how & 1 ? Code::kCredentials : Code::kNetwork, "refused"};
    failed.persistent = (how & 2) != 0;
    if (how & 4) failed.retry_after = milliseconds(how * 100);
    Happens(failed);
  }

  void HandOver(int most) {
    for (; most >= 0 && linked_; --most) {
      const auto sequence = machine_.NextToSend(outbox_, now_);
      if (!sequence) return;
      Require(*sequence >= outbox_.first && *sequence < outbox_.next);
      outbox_.handed = std::max(outbox_.handed, *sequence);
      machine_.OnHanded(*sequence, Crc32cOf(*sequence), now_);
    }
  }

  void Happens(const Event& event) {
    Actions actions;
    machine_.Handle(event, outbox_, now_, actions);
    for (const Action& action : actions) {
      Require(!finished_);
      std::visit([this](const auto& a) { Do(a); }, action);
    }
    machine_.NextTimer();
    machine_.state();
  }

  void Do(const action::Connect& connect) {
    Require(connect.endpoint >= 0 && connect.endpoint < endpoints_ && connect.resend_from >= 0);
    Require(!linked_);
    connecting_ = true;
  }
  void Do(const action::Disconnect&) { linked_ = connecting_ = false; }
  void Do(const action::CloseSocket& close) { Require(linked_ && close.code >= 1000); }
  void Do(const action::Ping&) { Require(linked_); }
  void Do(const action::Probe&) { probing_ = true; }
  // Only what some gateway was given can be with one.
  void Do(const action::Acknowledge& acknowledge) { GoneUpTo(acknowledge.up_to); }
  void Do(const action::Release& release) { GoneUpTo(release.up_to); }
  void GoneUpTo(std::int64_t sequence) {
    Require(sequence >= outbox_.first && sequence < outbox_.next && sequence <= outbox_.handed);
    outbox_.first = sequence + 1;
  }
  void Do(const action::GiveUp& hole) {
    Require(hole.first == outbox_.first && hole.last >= hole.first && hole.last < outbox_.next);
    outbox_.first = hole.last + 1;
    outbox_.handed = std::max(outbox_.handed, hole.last);
  }
  void Do(const action::Fork&) {
    outbox_.handed = outbox_.first - 1;
    outbox_.epoch = 0;
  }
  void Do(const action::Remember& told) {
    Require(told.acknowledged >= 0);
    outbox_.epoch = told.epoch;
  }
  void Do(const action::Tell& tell) { Require(tell.endpoint < endpoints_ && !tell.text.empty()); }
  void Do(const action::Choose& choose) { Require(choose.pairs.symbols.size() <= wire::kMaxPairs); }
  void Do(const action::Report& report) {
    Require(!report.problem || !report.problem.text.empty());
  }
  void Do(const action::Finish&) { finished_ = true; }

  const int endpoints_;
  Machine machine_;
  OutboxView outbox_;
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
  bool connecting_ = false;
  bool linked_ = false;
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
