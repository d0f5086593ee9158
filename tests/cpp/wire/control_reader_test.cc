// ReadControl: every kind, and no frame that could hurt.
#include "wire/control_reader.h"

#include <absl/log/log_entry.h>
#include <absl/log/log_sink.h>
#include <absl/log/log_sink_registry.h>

#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tpb/stream_control.pb.h"

namespace tpb::wire {
namespace {

std::optional<Control> Read(const std::string& frame) {
  return ReadControl(std::as_bytes(std::span(frame)));
}

// Reads what must be a frame of kind T.
template <typename T>
T ReadAs(const std::string& frame) {
  const std::optional<Control> control = Read(frame);
  BOOST_REQUIRE(control.has_value());
  BOOST_REQUIRE(std::holds_alternative<T>(*control));
  return std::get<T>(*control);
}

std::string NoticeFrame(const std::string& code, const std::string& text) {
  v1::StreamControl control;
  control.mutable_notice()->set_code(code);
  control.mutable_notice()->set_text(text);
  return control.SerializeAsString();
}

std::string ConfigFrame(const std::vector<std::string>& sections) {
  v1::StreamControl control;
  for (const std::string& section : sections) {
    control.mutable_config_changed()->add_sections(section);
  }
  return control.SerializeAsString();
}

// Counts what protobuf would write to the error stream.
class LogCounter final : public absl::LogSink {
 public:
  LogCounter() { absl::AddLogSink(this); }
  ~LogCounter() override { absl::RemoveLogSink(this); }

  void Send(const absl::LogEntry&) override { ++entries; }

  int entries = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(control_reader)

BOOST_AUTO_TEST_CASE(ack) {
  v1::StreamControl control;
  v1::Ack& message = *control.mutable_ack();
  message.set_batch_sequence(std::numeric_limits<std::int64_t>::max());
  message.add_crc32c(0xe3069283);
  message.add_crc32c(0);
  message.set_epoch(3);
  const Ack expected{.batch_sequence = std::numeric_limits<std::int64_t>::max(),
                     .crc32c = {0xe3069283, 0},
                     .epoch = 3,
                     .stored_crc32c = {}};
  BOOST_TEST((ReadAs<Ack>(control.SerializeAsString()) == expected));
}

BOOST_AUTO_TEST_CASE(first_ack_of_a_new_session_is_all_zeros) {
  BOOST_TEST((ReadAs<Ack>(std::string("\x0a\x00", 2)) == Ack{}));
}

BOOST_AUTO_TEST_CASE(ack_with_unpacked_checksums) {
  const std::string frame("\x0a\x0c\x08\x02\x15\x01\x00\x00\x00\x15\x02\x00\x00\x00", 14);
  BOOST_TEST((ReadAs<Ack>(frame) ==
              Ack{.batch_sequence = 2, .crc32c = {1, 2}, .epoch = 0, .stored_crc32c = {}}));
}

BOOST_AUTO_TEST_CASE(ack_with_what_was_stored_before) {
  v1::StreamControl control;
  control.mutable_ack()->set_batch_sequence(9);
  control.mutable_ack()->add_stored_crc32c(0xffffffff);
  control.mutable_ack()->add_stored_crc32c(0);
  const Ack ack = ReadAs<Ack>(control.SerializeAsString());
  BOOST_TEST((ack.stored_crc32c == std::vector<std::uint32_t>{0xffffffff, 0}));
  BOOST_TEST(ack.check_ok);  // none was sent
}

BOOST_AUTO_TEST_CASE(any_damaged_number_of_an_ack_is_found) {
  v1::StreamControl control;
  v1::Ack& message = *control.mutable_ack();
  message.set_batch_sequence(0x0102030405060708);
  message.set_epoch(2);
  message.add_crc32c(0xe3069283);
  message.add_crc32c(7);
  message.add_stored_crc32c(9);
  // Made by another implementation, over 28 bytes in the order that the schema tells.
  message.set_check(0x58214c24);
  BOOST_TEST(ReadAs<Ack>(control.SerializeAsString()).check_ok);
  const auto is_found = [&](auto&& damage) {
    v1::StreamControl damaged = control;
    damage(*damaged.mutable_ack());
    return !ReadAs<Ack>(damaged.SerializeAsString()).check_ok;
  };
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.set_batch_sequence(0x0102030405060709); }));
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.set_epoch(3); }));
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.set_crc32c(1, 6); }));
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.clear_crc32c(); }));
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.set_stored_crc32c(0, 8); }));
  BOOST_TEST(is_found([](v1::Ack& ack) { ack.set_check(0); }));
}

BOOST_AUTO_TEST_CASE(ack_of_as_many_batches_as_a_frame_holds) {
  v1::StreamControl control;
  for (std::uint32_t n = 0; n < 260'000; ++n) control.mutable_ack()->add_crc32c(n);
  BOOST_TEST(ReadAs<Ack>(control.SerializeAsString()).crc32c.size() == 260'000u);
}

BOOST_AUTO_TEST_CASE(throttle_as_it_was_sent) {
  v1::StreamControl control;
  control.mutable_throttle()->set_max_batches_per_s(-1);
  control.mutable_throttle()->set_for_ms(1500);
  const Throttle expected{.max_batches_per_s = -1, .for_ms = 1500};
  BOOST_TEST((ReadAs<Throttle>(control.SerializeAsString()) == expected));
}

BOOST_AUTO_TEST_CASE(config_changed) {
  v1::StreamControl control;
  control.mutable_config_changed()->set_version(7);
  control.mutable_config_changed()->add_sections("pairs");
  control.mutable_config_changed()->add_sections("kill_switch");
  const ConfigChanged expected{.version = 7, .sections = {"pairs", "kill_switch"}};
  BOOST_TEST((ReadAs<ConfigChanged>(control.SerializeAsString()) == expected));
}

BOOST_AUTO_TEST_CASE(notice_of_each_severity) {
  for (int severity = 0; severity <= 4; ++severity) {
    v1::StreamControl control;
    control.mutable_notice()->set_code("maintenance");
    control.mutable_notice()->set_text("at 22:00 UTC");
    control.mutable_notice()->set_severity(static_cast<v1::Notice::Severity>(severity));
    // A severity of a later version reads as unspecified.
    const int known = severity <= 3 ? severity : 0;
    const Notice expected{.code = "maintenance",
                          .text = "at 22:00 UTC",
                          .severity = static_cast<Notice::Severity>(known)};
    BOOST_TEST((ReadAs<Notice>(control.SerializeAsString()) == expected));
  }
}

BOOST_AUTO_TEST_CASE(pairs_are_read_and_what_no_symbol_is_called_is_left_out) {
  v1::StreamControl control;
  v1::PairSelection& selection = *control.mutable_pairs();
  selection.set_version(9);
  selection.set_tier(trading::v1::SUBSCRIPTION_TIER_PRO);
  for (const std::string& symbol :
       {std::string("EURUSD"), std::string(), std::string("A,B"), std::string(65, 'A')}) {
    selection.add_pairs()->set_symbol(symbol);
  }
  const Pairs expected{.version = 9, .tier = Tier::kPro, .symbols = {"EURUSD"}};
  BOOST_TEST((ReadAs<Pairs>(control.SerializeAsString()) == expected));
  for (std::size_t i = 0; i < 2 * kMaxPairs; ++i) selection.add_pairs()->set_symbol("GBPUSD");
  BOOST_TEST(ReadAs<Pairs>(control.SerializeAsString()).symbols.size() == kMaxPairs);
}

BOOST_AUTO_TEST_CASE(kinds_of_later_versions_are_unknown) {
  BOOST_TEST((ReadAs<Unknown>("") == Unknown{}));
  BOOST_TEST((ReadAs<Unknown>(std::string("\x32\x02\x08\x01", 4)) == Unknown{}));  // field 6
  BOOST_TEST((ReadAs<Unknown>(std::string("\xa0\x06\x01", 3)) == Unknown{}));      // field 100
}

BOOST_AUTO_TEST_CASE(fields_of_later_versions_are_passed_over) {
  const std::string frame("\x0a\x06\x08\x05\xa0\x06\x01\x18\x02", 9);
  BOOST_TEST((Read(frame) == std::nullopt));  // the length is one short: the epoch is cut
  const std::string whole("\x0a\x07\x08\x05\xa0\x06\x01\x18\x02", 9);
  BOOST_TEST((ReadAs<Ack>(whole) ==
              Ack{.batch_sequence = 5, .crc32c = {}, .epoch = 2, .stored_crc32c = {}}));
}

BOOST_AUTO_TEST_CASE(garbage_is_nothing) {
  BOOST_TEST((Read("HTTP/1.1 200 OK\r\n\r\n") == std::nullopt));
  BOOST_TEST((Read("{\"ack\":1}") == std::nullopt));
  BOOST_TEST((Read(std::string(1, '\x0a')) == std::nullopt));
  BOOST_TEST((Read("\x0a\x7f") == std::nullopt));
  BOOST_TEST((Read(NoticeFrame("ok", "bad \xff text")) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(garbage_writes_nothing_to_the_error_stream) {
  const LogCounter log;
  BOOST_TEST((Read(NoticeFrame("bad", "\xff")) == std::nullopt));
  BOOST_TEST(log.entries == 0);
}

BOOST_AUTO_TEST_CASE(a_frame_cut_short_is_nothing) {
  v1::StreamControl control;
  control.mutable_ack()->set_batch_sequence(1'000'000);
  control.mutable_ack()->add_crc32c(0xe3069283);
  const std::string whole = control.SerializeAsString();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    BOOST_TEST((Read(whole.substr(0, size)) == std::nullopt));
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_and_damaged_frames_do_no_harm) {
  std::mt19937_64 random(4001);
  const std::string intact = NoticeFrame("slow", "the store is behind");
  int read = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string frame = intact;
    if (round % 2 == 0) {
      frame.resize(random() % 40);
      for (char& c : frame) c = static_cast<char>(random());
    } else {
      frame[random() % frame.size()] ^= static_cast<char>(1 << random() % 8);
    }
    if (Read(frame).has_value()) ++read;
  }
  BOOST_TEST(read > 0);
  BOOST_TEST(read < 100'000);
}

BOOST_AUTO_TEST_CASE(frames_beyond_the_limit_are_refused_unread) {
  const std::string largest = NoticeFrame("", std::string(kMaxControlBytes - 8, 'x'));
  BOOST_REQUIRE(largest.size() == kMaxControlBytes);
  BOOST_TEST(Read(largest).has_value());
  BOOST_TEST((Read(NoticeFrame("", std::string(kMaxControlBytes - 7, 'x'))) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(long_notices_are_cut_between_characters) {
  const Notice notice =
      ReadAs<Notice>(NoticeFrame(std::string(1000, 'c'), std::string(1023, 't') + "é and more"));
  BOOST_TEST(notice.code == std::string(kMaxNoticeCodeBytes, 'c'));
  BOOST_TEST(notice.text == std::string(1023, 't'));
  const std::string fits(kMaxNoticeTextBytes, 't');
  BOOST_TEST(ReadAs<Notice>(NoticeFrame("", fits)).text == fits);
}

BOOST_AUTO_TEST_CASE(notices_cannot_forge_lines_or_colours) {
  const Notice notice = ReadAs<Notice>(NoticeFrame("a\nb", "one\r\n\x1b[31mtwo\x7f"));
  BOOST_TEST(notice.code == "a b");
  BOOST_TEST(notice.text == "one   [31mtwo ");
}

BOOST_AUTO_TEST_CASE(too_many_or_too_long_sections_are_refused) {
  BOOST_TEST(Read(ConfigFrame(std::vector<std::string>(kMaxSections, "pairs"))).has_value());
  BOOST_TEST((Read(ConfigFrame(std::vector<std::string>(kMaxSections + 1, "p"))) == std::nullopt));
  BOOST_TEST(Read(ConfigFrame({std::string(kMaxSectionBytes, 's')})).has_value());
  BOOST_TEST((Read(ConfigFrame({std::string(kMaxSectionBytes + 1, 's')})) == std::nullopt));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
