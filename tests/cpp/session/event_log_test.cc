#include "session/event_log.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace tpb {
namespace {

EventInfo Failover() {
  return {.number = 3,
          .time_ms = 1'795'417'509'042,
          .value = -5,
          .kind = EventKind::kFailingOver,
          .severity = Severity::kWarning,
          .code = Code::kNetwork,
          .endpoint = 1,
          .text = "The line \"broke\"\nagain."};
}

std::vector<boost::json::object> Lines(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<boost::json::object> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(boost::json::parse(line).as_object());
  }
  return lines;
}

struct Fixture {
  TemporaryFolder folder{"event_log"};
  std::filesystem::path path = folder.path() / "events.jsonl";
  EventLog log{path.string(), "acme", {"wss://a:1/ws", "wss://b:2/ws"}};
};

BOOST_FIXTURE_TEST_SUITE(event_log, Fixture)

BOOST_AUTO_TEST_CASE(a_line_an_event) {
  log.Append(Failover(), "s1");
  EventInfo second = Failover();
  second.number = 4;
  second.time_ms = -1;  // a machine whose clock was never set
  second.endpoint = 7;
  log.Append(second, "s2");
  const std::vector<boost::json::object> lines = Lines(path);
  BOOST_REQUIRE(lines.size() == 2u);
  const boost::json::object expected = {
      {"time", "2026-11-23T07:05:09.042Z"},
      {"time_ms", 1'795'417'509'042},
      {"number", 3},
      {"kind", "failing_over"},
      {"severity", "warning"},
      {"code", -403},
      {"endpoint", 1},
      {"endpoint_url", "wss://b:2/ws"},
      {"value", -5},
      {"text", "The line \"broke\"\nagain."},
      {"session_id", "s1"},
      {"tenant_id", "acme"},
  };
  BOOST_TEST(lines[0] == expected);
  BOOST_TEST(lines[1].at("time").as_string() == "1969-12-31T23:59:59.999Z");
  BOOST_TEST(lines[1].at("session_id").as_string() == "s2");
  BOOST_TEST(lines[1].at("endpoint_url").as_string() == "");
  BOOST_TEST(log.failures() == 0);
}

BOOST_AUTO_TEST_CASE(a_full_file_is_put_aside) {
  std::ofstream(path, std::ios::binary) << "{}\n";
  std::filesystem::resize_file(path, EventLog::kMaxBytes - 600);
  log.Append(Failover(), "s1");
  BOOST_TEST(std::filesystem::file_size(path) > EventLog::kMaxBytes - 600);
  log.Append(Failover(), "s1");
  log.Append(Failover(), "s1");
  BOOST_TEST(std::filesystem::file_size(path) < 2000u);
  BOOST_TEST(std::filesystem::file_size(path.string() + ".1") <= EventLog::kMaxBytes);
  // An older one that was put aside gives way.
  std::filesystem::resize_file(path, EventLog::kMaxBytes);
  log.Append(Failover(), "s1");
  BOOST_TEST(std::filesystem::file_size(path.string() + ".1") == EventLog::kMaxBytes);
  BOOST_TEST(Lines(path).size() == 1u);
  BOOST_TEST(log.failures() == 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_counted) {
  EventLog nowhere((folder.path() / "missing" / "events.jsonl").string(), "acme", {});
  nowhere.Append(Failover(), "s1");
  nowhere.Append(Failover(), "s1");
  BOOST_TEST(nowhere.failures() == 2);
  EventLog none("", "acme", {});
  none.Append(Failover(), "s1");
  BOOST_TEST(none.failures() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
