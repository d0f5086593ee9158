// The vectors of tests/golden/, which the Python package is tested against as well.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "platform/crc32c.h"
#include "reference_batch.h"
#include "wire/batch_writer.h"
#include "wire/control_reader.h"

namespace tpb::wire {
namespace {

namespace json = boost::json;

json::array Load(const std::string& name) {
  std::ifstream file("golden/" + name, std::ios::binary);  // ctest starts in tests/
  BOOST_REQUIRE_MESSAGE(file, "golden/" << name << " cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return json::parse(text, {}, {.numbers = json::number_precision::precise}).as_array();
}

std::string Text(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

// A number that is absent is zero.
template <typename T>
T Number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? T{} : value->to_number<T>();
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::vector<std::byte> FromHex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

BatchInput ToInput(const json::object& vector) {
  BatchInput input{
      .tenant_id = Text(vector, "tenant_id"),
      .stamp = Text(vector, "stamp") == "tick" ? Stamp::kTick : Stamp::kBatch,
      .items = {},
      .batch_sequence = Number<std::int64_t>(vector, "batch_sequence"),
      .batch_unix_ms = Number<std::int64_t>(vector, "batch_unix_ms"),
  };
  for (const json::value& value : vector.at("ticks").as_array()) {
    const json::object& tick = value.as_object();
    input.items.push_back({
        .symbol = tick.contains("symbol") ? Text(tick, "symbol") : "",
        .tick = {.time = Number<std::int64_t>(tick, "time"),
                 .bid = Number<double>(tick, "bid"),
                 .ask = Number<double>(tick, "ask"),
                 .last = Number<double>(tick, "last"),
                 .volume = Number<std::uint64_t>(tick, "volume"),
                 .time_msc = Number<std::int64_t>(tick, "time_msc"),
                 .flags = Number<std::uint32_t>(tick, "flags"),
                 .volume_real = Number<double>(tick, "volume_real")},
        .sequence_number = Number<std::int64_t>(tick, "sequence_number"),
    });
  }
  return input;
}

std::string Sealed(const BatchInput& input) {
  BatchWriter writer(input.tenant_id, input.stamp);
  AddAll(writer, input);
  std::uint32_t crc32c = 0;
  return ToString(writer.Seal(writer.Close(input.batch_sequence, input.batch_unix_ms), crc32c));
}

Control ToControl(const json::object& description) {
  if (description.empty()) return Unknown{};
  const std::string kind(description.begin()->key());
  const json::object& fields = description.begin()->value().as_object();
  const auto list = [&](std::string_view key) {
    const json::value* value = fields.if_contains(key);
    return value == nullptr ? json::value(json::array()) : *value;
  };
  if (kind == "ack") {
    return Ack{.batch_sequence = Number<std::int64_t>(fields, "batch_sequence"),
               .crc32c = json::value_to<std::vector<std::uint32_t>>(list("crc32c")),
               .epoch = Number<std::int64_t>(fields, "epoch"),
               .stored_crc32c = json::value_to<std::vector<std::uint32_t>>(list("stored_crc32c"))};
  }
  if (kind == "throttle") {
    return Throttle{.max_batches_per_s = Number<std::int32_t>(fields, "max_batches_per_s"),
                    .for_ms = Number<std::int64_t>(fields, "for_ms")};
  }
  if (kind == "config_changed") {
    return ConfigChanged{.version = Number<std::int64_t>(fields, "version"),
                         .sections = json::value_to<std::vector<std::string>>(list("sections"))};
  }
  BOOST_REQUIRE(kind == "notice");
  return Notice{
      .code = Text(fields, "code"),
      .text = Text(fields, "text"),
      .severity = static_cast<Notice::Severity>(Number<std::int32_t>(fields, "severity"))};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(batches_are_written_as_committed) {
  const json::array vectors = Load("batches.json");
  BOOST_REQUIRE(!vectors.empty());
  for (const json::value& value : vectors) {
    const json::object& vector = value.as_object();
    BOOST_TEST_CONTEXT(Text(vector, "name")) {
      const BatchInput input = ToInput(vector);
      const bool sealed = vector.contains("frame_crc32c");
      const std::string written = sealed ? Sealed(input) : WrittenDirectly(input);
      BOOST_TEST(Hex(written) == Text(vector, "frame"));
      const std::string closed = Hex(SerializedByProtobuf(input));
      BOOST_TEST(closed == Text(vector, "frame").substr(0, closed.size()));
      BOOST_TEST(Crc32c(std::as_bytes(std::span(written))) ==
                 Number<std::uint32_t>(vector, "crc32c"));
    }
  }
}

BOOST_AUTO_TEST_CASE(controls_are_read_as_committed) {
  const json::array vectors = Load("controls.json");
  BOOST_REQUIRE(!vectors.empty());
  for (const json::value& value : vectors) {
    const json::object& vector = value.as_object();
    BOOST_TEST_CONTEXT(Text(vector, "name")) {
      const auto control = ReadControl(FromHex(Text(vector, "frame")));
      BOOST_REQUIRE(control.has_value());
      BOOST_TEST((*control == ToControl(vector.at("control").as_object())));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
