// The vectors of tests/golden/, which the Python package is tested against as well.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "platform/crc32c.h"
#include "reference_batch.h"
#include "wire/batch_writer.h"
#include "wire/control_reader.h"
#include "wire/market_reader.h"
#include "wire/subscription_writer.h"

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
  if (kind == "pairs") {
    Pairs pairs{.version = Number<std::int64_t>(fields, "version"),
                .tier = static_cast<Tier>(Number<std::int32_t>(fields, "tier")),
                .symbols = {}};
    const json::value chosen = list("pairs");
    for (const json::value& pair : chosen.as_array()) {
      pairs.symbols.push_back(Text(pair.as_object(), "symbol"));
    }
    return pairs;
  }
  BOOST_REQUIRE(kind == "notice");
  return Notice{
      .code = Text(fields, "code"),
      .text = Text(fields, "text"),
      .severity = static_cast<Notice::Severity>(Number<std::int32_t>(fields, "severity"))};
}

// A number, NaN written as text; absent where the message is one of a foreign gateway.
double Known(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_string() ? kNotKnown : value->to_number<double>();
}

std::string TextOrNone(const json::object& object, std::string_view key) {
  return object.contains(key) ? Text(object, key) : "";
}

MarketData ToMarketData(const json::object& fields) {
  MarketData data;
  data.bid = Known(fields, "bid");
  data.ask = Known(fields, "ask");
  if (const json::value* value = fields.if_contains("indicators")) {
    const json::object& indicators = value->as_object();
    data.sma_20 = Known(indicators, "sma_20");
    data.sma_50 = Known(indicators, "sma_50");
    data.ema_12 = Known(indicators, "ema_12");
    data.ema_26 = Known(indicators, "ema_26");
    data.macd_line = Known(indicators, "macd_line");
    data.macd_signal = Known(indicators, "macd_signal");
    data.rsi = Known(indicators, "rsi");
    data.bollinger_upper = Known(indicators, "bollinger_upper");
    data.bollinger_middle = Known(indicators, "bollinger_middle");
    data.bollinger_lower = Known(indicators, "bollinger_lower");
  }
  data.server_time_ms = Number<std::int64_t>(fields, "timestamp");
  data.time_msc = Number<std::int64_t>(fields, "tick_time_msc");
  data.age_ms = Number<std::int64_t>(fields, "source_age_ms");
  data.number = Number<std::int64_t>(fields, "number");
  data.bar_time = Number<std::int64_t>(fields, "bar_time");
  data.tier = Number<std::int32_t>(fields, "user_tier");
  data.shared = fields.contains("shared") ? 1 : 0;
  if (const json::value* value = fields.if_contains("session")) {
    BOOST_REQUIRE(Text(value->as_object(), "session_name") == "london");
    data.market_session = static_cast<std::int32_t>(MarketSession::kLondon);
    data.session_open = value->as_object().contains("is_active") ? 1 : 0;
  }
  return data;
}

void CheckMessage(const std::optional<MarketFrame>& read, const json::object& fields) {
  BOOST_REQUIRE(read.has_value() && std::holds_alternative<MarketMessage>(*read));
  const MarketMessage& message = std::get<MarketMessage>(*read);
  BOOST_TEST(message.symbol == Text(fields, "symbol"));
  BOOST_TEST(message.timeframe == TextOrNone(fields, "timeframe"));
  const MarketData expected = ToMarketData(fields);
  BOOST_TEST(std::memcmp(&message.data, &expected, sizeof(expected)) == 0);
}

void CheckAnswer(const std::optional<MarketFrame>& read, const json::object& fields) {
  BOOST_REQUIRE(read.has_value() && std::holds_alternative<SubscriptionAnswer>(*read));
  using Outcome = SubscriptionAnswer::Outcome;
  const SubscriptionAnswer expected{
      .symbol = Text(fields, "symbol"),
      .data_type = Text(fields, "data_type"),
      .timeframe = TextOrNone(fields, "timeframe"),
      .outcome = static_cast<Outcome>(Number<std::int32_t>(fields, "outcome")),
      .text = TextOrNone(fields, "text"),
      .tier = static_cast<Tier>(Number<std::int32_t>(fields, "tier")),
      .limit = Number<std::int32_t>(fields, "limit"),
      .retry_after_ms = Number<std::int64_t>(fields, "retry_after_ms")};
  BOOST_TEST((std::get<SubscriptionAnswer>(*read) == expected));
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

BOOST_AUTO_TEST_CASE(market_frames_are_read_as_committed) {
  MarketReader reader;
  std::set<std::string> kinds;
  for (const json::value& value : Load("market.json")) {
    const json::object& vector = value.as_object();
    const std::string kind = Text(vector, "kind");
    const json::object& says = vector.at("says").as_object();
    const std::vector<std::byte> frame = FromHex(Text(vector, "frame"));
    kinds.insert(kind);
    BOOST_TEST_CONTEXT(Text(vector, "name")) {
      if (kind == "request") {
        const std::vector<std::byte> written =
            WriteSubscription(Text(says, "symbol"), TextOrNone(says, "timeframe"),
                              Number<std::int32_t>(says, "action") == 0);
        BOOST_TEST((written == frame));
        continue;
      }
      const std::optional<MarketFrame> read = reader.ReadFramed(frame);
      if (kind == "data") {
        CheckMessage(read, says);
        CheckMessage(reader.ReadBare(FromHex(Text(vector, "bare"))), says);
      } else if (kind == "result") {
        CheckAnswer(read, says);
      } else if (kind == "control") {
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST((std::get<Control>(*read) == ToControl(says)));
      } else {
        BOOST_TEST((read.has_value() && std::holds_alternative<Unknown>(*read)));
      }
    }
  }
  BOOST_TEST(kinds.size() == 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb::wire
