// Writes the seeds that a person can tell the meaning of: fuzz_seeds FOLDER.
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "outbox/journal.h"
#include "platform/crc32c.h"
#include "session/symbols.h"
#include "tpb/market_stream.pb.h"
#include "tpb/stream_control.pb.h"
#include "wire/batch_writer.h"

namespace tpb::fuzz {
namespace {

constexpr std::int64_t kTime = 1'577'898'000'000;

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Add(const std::string& target, const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream file(folder_ / target / name, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
  }

 private:
  std::filesystem::path folder_;
};

std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Number16(std::size_t number) {
  return {static_cast<char>(number & 0xff), static_cast<char>(number >> 8)};
}

// ---- config ----------------------------------------------------------------------------------

void AddConfigs(const Corpus& corpus) {
  const std::string token = ";token=e30.eyJzdWIiOiJhIiwidGVuYW50X2lkIjoiYiJ9.c2ln";
  const std::string base = "endpoint=wss://gateway" + token;
  corpus.Add("config", "least", base);
  corpus.Add("config", "names",
             "endpoint=wss://[::1]:8000/ws/mt5?x=y;token=opaque;user_id=a;tenant_id=b");
  corpus.Add("config", "plaintext", "endpoint=ws://127.0.0.1:1" + token + ";allow_plaintext=no");
  corpus.Add("config", "numbers",
             base +
                 ";batch_ticks=5;flush_ms=100;connect_timeout_ms=100;heartbeat_ms=3000;"
                 "backoff_min_ms=250;backoff_max_ms=5000;stamp=batch;ca_file=ca.pem");
  corpus.Add("config", "journal",
             base +
                 ";journal=auto;journal_sync_ms=50;journal_segment_bytes=65536;"
                 "outbox_bytes=262144;outbox_max_age_s=0;outbox_full=drop_oldest");
  corpus.Add("config", "folder", base + ";journal=/var/lib/tpb;event_log=/var/log/tpb.jsonl");
  corpus.Add("config", "backup", base + ";backup_endpoint=wss://backup:8000;return_after_ms=30000");
  corpus.Add("config", "quality",
             base +
                 ";quality=refuse;max_spread_bp=500,XAUUSD:100.5,#A:B:0;max_jump_bp=1000;"
                 "max_future_ms=54000000;max_backward_ms=1000");
  corpus.Add("config", "market",
             base +
                 ";stream_ticks=no;market_endpoint=wss://prices;market_inbox=1;market_history=0;"
                 "market_cache=/var/lib/tpb.cache;indicators=yes");
  corpus.Add("config", "unknown", base + ";batch_tick=5");
  corpus.Add("config", "twice", base + ";flush_ms=5;flush_ms=6");
}

// ---- control: what happens to a session, as control.cc reads it ------------------------------

const std::string kConnected("\x01\x01", 2);
const std::string kRefused("\x02\x02", 2);
const std::string kHandOver("\x08\xff", 2);
const std::string kPong("\x03", 1);
const std::string kClosed("\x05\xe8\x03", 3);
const std::string kSecond("\x06\xe8\x03", 3);

std::string Batches(int count) { return {'\x07', static_cast<char>(count)}; }

std::string Frame(const v1::StreamControl& control) {
  const std::string bytes = control.SerializeAsString();
  return std::string("\0", 1) + static_cast<char>(bytes.size()) + bytes;
}

// Batches up to `sequence`, of which the newest `covered` are new. control.cc knows a batch's
// number as its checksum.
std::string Acknowledged(std::int64_t sequence, int covered) {
  v1::StreamControl control;
  control.mutable_ack()->set_batch_sequence(sequence);
  control.mutable_ack()->set_epoch(1);
  for (std::int64_t each = sequence - covered + 1; each <= sequence; ++each) {
    control.mutable_ack()->add_crc32c(static_cast<std::uint32_t>(each));
  }
  return Frame(control);
}

std::string ResumePoint(std::int64_t sequence, std::initializer_list<std::uint32_t> stored) {
  v1::StreamControl control;
  control.mutable_ack()->set_batch_sequence(sequence);
  control.mutable_ack()->set_epoch(1);
  for (const std::uint32_t crc32c : stored) control.mutable_ack()->add_stored_crc32c(crc32c);
  return Frame(control);
}

std::string Damaged() {
  v1::StreamControl control;
  control.mutable_ack()->set_check(1);
  return Frame(control);
}

std::string Others() {
  v1::StreamControl throttle;
  throttle.mutable_throttle()->set_max_batches_per_s(1);
  throttle.mutable_throttle()->set_for_ms(1000);
  v1::StreamControl changed;
  changed.mutable_config_changed()->add_sections("pairs");
  v1::StreamControl notice;
  notice.mutable_notice()->set_code("store_restored");
  notice.mutable_notice()->set_text("3 to 5");
  return Frame(throttle) + Frame(changed) + Frame(notice) + Frame({});
}

void AddControls(const Corpus& corpus) {
  const auto add = [&](const std::string& name, char choices, const std::string& steps) {
    corpus.Add("control", name, choices + steps);
  };
  const std::string start = kConnected + Acknowledged(0, 0);
  const std::string sent = Batches(5) + start + kHandOver;
  add("streams", 0, sent + Acknowledged(2, 2) + kPong + Acknowledged(5, 3));
  add("resumes", 0x50, kConnected + ResumePoint(2, {1, 2}) + kHandOver + Acknowledged(5, 3));
  add("forks", 0x50, kConnected + ResumePoint(9, {}) + start + kHandOver);
  add("stored_otherwise", static_cast<char>(0xf0), kConnected + ResumePoint(2, {1, 7}) + start);
  add("wrong_checksum", 0, sent + ResumePoint(2, {}) + kConnected + start);
  add("damaged", 0, kConnected + Damaged() + kClosed);
  add("others", 0, start + Others() + Batches(3) + kHandOver + kSecond + kHandOver);
  add("no_control", 0, kConnected + std::string("\0\x02\x0a\x7f", 4));
  add("unacknowledged", 0, std::string("\x01\x08", 2) + Batches(3) + kHandOver + "\x04");
  add("fails_over", 1, kRefused + start + Batches(4) + kHandOver + kClosed + start + kHandOver);
  add("returns", 1,
      kRefused + start + kSecond + kPong + kSecond + kPong + std::string("\x09\0", 2) + kSecond);
  add("silence", 0, start + kSecond + kSecond + kSecond + kSecond);
  add("hole", 0, sent + Batches(9) + "\x0a\x02" + Acknowledged(5, 5) + start);
  add("token", 0, std::string("\x02\x01", 2) + std::string("\x0b\x01", 2) + start);
  add("closes", 0, sent + std::string("\x0b\0\xff\xff", 4) + Acknowledged(5, 5) + kClosed);
}

// ---- market: what happens to a feed, as market.cc reads it ------------------------------------

std::string MarketBytes(const google::protobuf::MessageLite& message) {
  const std::string bytes = message.SerializeAsString();
  return std::string("\0", 1) + static_cast<char>(bytes.size()) + bytes;
}

trading::v1::ClientMarketData Price(const std::string& symbol, const std::string& timeframe) {
  trading::v1::ClientMarketData data;
  data.set_symbol(symbol);
  data.set_timeframe(timeframe);
  data.set_bid(1.1);
  data.set_ask(1.2);
  data.set_number(1);
  data.mutable_indicators()->set_sma_20(1.15);
  data.mutable_session()->set_session_name("london");
  return data;
}

std::string Answered(v1::SubscriptionResult::Outcome outcome) {
  v1::MarketFrame frame;
  frame.mutable_result()->set_symbol("S0");
  frame.mutable_result()->set_timeframe("1m");
  frame.mutable_result()->set_outcome(outcome);
  frame.mutable_result()->set_text("why");
  frame.mutable_result()->set_retry_after_ms(100);
  return MarketBytes(frame);
}

void AddMarkets(const Corpus& corpus) {
  const auto add = [&](const std::string& name, char choices, const std::string& steps) {
    corpus.Add("market", name, choices + steps);
  };
  using Result = v1::SubscriptionResult;
  const std::string begin("\x06\x04", 2);  // S0, 1m
  const std::string end("\x07\x04", 2);
  const std::string say("\x09", 1);
  const std::string closed("\x04\xee\x03", 3);
  const std::string refused("\x02\x00", 2);
  const std::string wait("\x05\xff\xff", 3);
  const std::string live = begin + std::string("\x01", 1) + say;
  v1::MarketFrame price;
  *price.mutable_data() = Price("S0", "1m");
  v1::MarketFrame notice;
  notice.mutable_control()->mutable_notice()->set_text("hello");
  v1::MarketFrame pairs;
  pairs.mutable_control()->mutable_pairs()->add_pairs()->set_symbol("S0");
  const std::string granted = Answered(Result::OUTCOME_SUBSCRIBED);
  add("prices", 0, live + granted + MarketBytes(price) + closed + wait + live + MarketBytes(price));
  add("refused", 0, live + Answered(Result::OUTCOME_OVER_TIER) + wait + say + begin + say);
  add("too_many", 0, live + Answered(Result::OUTCOME_OVER_RATE) + wait + say + granted);
  add("controls", 0,
      live + MarketBytes(notice) + MarketBytes(pairs) + MarketBytes(v1::MarketFrame()));
  add("nonsense", 0, live + std::string("\0\x02\x0a\x7f", 4) + closed + wait);
  add("bare", 2, live + MarketBytes(Price("S0", "")) + MarketBytes(Price("S0", "1m")));
  add("ends", 0, live + granted + end + say + closed + begin + say);
  add("fails_over", 1, begin + refused + live + wait + std::string("\x08\0", 2) + wait);
  add("token", 0, begin + std::string("\x02\x01\x0a\x01", 4) + live);
  add("closes", 0, live + granted + std::string("\x0a\0\xff\xff", 4) + closed);
}

// ---- checkpoint ------------------------------------------------------------------------------

void AddCheckpoints(const Corpus& corpus) {
  Symbols symbols;
  wire::BatchWriter writer("acme", wire::Stamp::kTick);
  Tick tick{};
  tick.bid = 1.1;
  tick.ask = 1.2;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = "S" + std::to_string(i);
    symbols.Replay(name, i, kTime + i);
    tick.time_msc = kTime + i;
    writer.Add(wire::SymbolTag(name), tick, i + 1);
  }
  std::vector<std::byte> checkpoint;
  symbols.Write(checkpoint);
  const std::string bytes = Text(checkpoint);
  const std::string piece = Text(writer.written());
  corpus.Add("checkpoint", "symbols", Number16(bytes.size()) + bytes);
  corpus.Add("checkpoint", "piece", Number16(0) + piece);
  corpus.Add("checkpoint", "both", Number16(bytes.size()) + bytes + piece);
  corpus.Add("checkpoint", "frame", Number16(0) + Text(writer.Close(1, kTime)));
}

// ---- journal: a folder's files, as journal.cc lays them ---------------------------------------

std::string WithoutZerosBehind(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

std::string Laid(const std::filesystem::path& folder, char choices) {
  const std::string state = WithoutZerosBehind(folder / "state");
  std::string bytes = choices + Number16(state.size()) + state;
  for (std::uint64_t number = 1; std::filesystem::exists(SegmentPath(folder, number)); ++number) {
    const std::string segment = WithoutZerosBehind(SegmentPath(folder, number));
    if (!segment.empty()) bytes += Number16(segment.size()) + segment;
  }
  return bytes;
}

class SmallCheckpoint final : public Checkpointer {
 public:
  void WriteCheckpoint(std::vector<std::byte>& checkpoint) override {
    checkpoint.assign(16, std::byte{3});
  }
};

// What a journal leaves that took so many batches, a segment each `per_segment`, and two pieces.
void AddJournal(const Corpus& corpus, const std::string& name, int batches, int per_segment) {
  constexpr std::size_t kSegmentBytes = 65536;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("tpb_fuzz_seed_" + name);
  std::filesystem::remove_all(folder);
  SmallCheckpoint checkpointer;
  std::unique_ptr<Journal> journal;
  const JournalOptions options{.folder = folder.string(),
                               .capacity_bytes = 8 * kSegmentBytes,
                               .segment_bytes = kSegmentBytes};
  if (const Error error = Journal::Open(options, Clock::System(), checkpointer, journal)) {
    throw std::runtime_error(error.text);
  }
  journal->ledger().SetSession("0123456789abcdef0123456789abcdef", "");
  const std::vector<std::byte> piece(20, std::byte{5});
  const auto now = Clock::System().Now();
  for (int i = 1; i <= batches; ++i) {
    // Whoever asks for nearly a segment gets a new one.
    const bool begins = i % per_segment == 0;
    if (journal->Reserve(begins ? kSegmentBytes - 512 : 100, 1) != Room::kMade) {
      throw std::runtime_error("no room");
    }
    journal->Append(2, Crc32c(piece), now, piece);
  }
  journal->ledger().SetHanded(batches);
  if (journal->Reserve(100, 1) != Room::kMade) throw std::runtime_error("no room");
  journal->Stage(1, now, piece);
  journal->Stage(1, now, piece);
  journal.reset();
  corpus.Add("journal", name, Laid(folder, 0));
  corpus.Add("journal", name + "_mended", Laid(folder, 1));
  corpus.Add("journal", name + "_cut", Laid(folder, 3));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tpb::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds FOLDER\n";
    return 2;
  }
  try {
    const tpb::fuzz::Corpus corpus(argv[1]);
    tpb::fuzz::AddConfigs(corpus);
    tpb::fuzz::AddControls(corpus);
    tpb::fuzz::AddMarkets(corpus);
    tpb::fuzz::AddCheckpoints(corpus);
    tpb::fuzz::AddJournal(corpus, "empty", 0, 1);
    tpb::fuzz::AddJournal(corpus, "one_segment", 3, 99);
    tpb::fuzz::AddJournal(corpus, "three_segments", 5, 2);
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
}
