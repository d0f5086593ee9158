// A whole session over real sockets, against a gateway that stores, acknowledges and is cut off.

#include "session/session.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "platform/crc32c.h"
#include "scripted_server.h"
#include "temporary_folder.h"
#include "tpb/stream_control.pb.h"
#include "trading/market_data.pb.h"

namespace tpb {
namespace {

using transport::Frame;
using transport::Peer;
using transport::ScriptedServer;

constexpr int kBinary = 2;
constexpr int kClose = 8;
constexpr int kPing = 9;
constexpr int kPong = 10;

// Stores batches of one session; each connection ends after `frames_until_cut` of them.
class Gateway {
 public:
  explicit Gateway(int frames_until_cut)
      : frames_until_cut_(frames_until_cut), server_([this](Peer& peer) { Serve(peer); }) {}

  std::uint16_t port() const { return server_.port(); }
  int connections() const { return connections_; }

  std::vector<trading::v1::MarketDataStream> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void Serve(Peer& peer) {
    peer.Upgrade("Sec-WebSocket-Protocol: tpb.ack.v1\r\n");
    ++connections_;
    if (!Acknowledge(peer, {})) return;
    for (int left = frames_until_cut_; left > 0;) {
      const std::optional<Frame> frame = peer.ReadFrame();
      if (!frame) return;
      if (frame->opcode == kPing) peer.WriteFrame(kPong, frame->payload);
      if (frame->opcode == kClose) {
        peer.WriteFrame(kClose, frame->payload);
        return;
      }
      if (frame->opcode != kBinary) continue;
      --left;
      if (!Store(frame->payload)) return;
      // Some connections end with batches stored and not acknowledged.
      if (left > 0 && !Acknowledge(peer, frame->payload)) return;
    }
    peer.ResetAtEnd();
  }

  bool Store(const std::string& payload) {
    trading::v1::MarketDataStream batch;
    if (!batch.ParseFromString(payload)) return false;
    const std::lock_guard lock(mutex_);
    if (batch.batch_sequence() != static_cast<std::int64_t>(batches_.size()) + 1) {
      out_of_order_ = true;
      return false;
    }
    batches_.push_back(std::move(batch));
    return true;
  }

  bool Acknowledge(Peer& peer, const std::string& payload) {
    v1::StreamControl control;
    {
      const std::lock_guard lock(mutex_);
      control.mutable_ack()->set_batch_sequence(static_cast<std::int64_t>(batches_.size()));
    }
    if (!payload.empty()) {
      control.mutable_ack()->add_crc32c(Crc32c(std::as_bytes(std::span(payload))));
    }
    return peer.WriteFrame(kBinary, control.SerializeAsString());
  }

 public:
  std::atomic<bool> out_of_order_ = false;

 private:
  const int frames_until_cut_;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<trading::v1::MarketDataStream> batches_;
  ScriptedServer server_;  // last: its threads use the rest
};

Options OptionsFor(std::uint16_t port, const std::string& more = "") {
  Options options;
  const Error error = ParseOptions("endpoint=ws://127.0.0.1:" + std::to_string(port) +
                                       ";token=t;user_id=u;tenant_id=acme;backoff_min_ms=10;"
                                       "backoff_max_ms=100" +
                                       more,
                                   options);
  BOOST_TEST(error.text == "");
  return options;
}

std::unique_ptr<Session> Opened(Options options) {
  Error error;
  std::unique_ptr<Session> session = Session::Open(std::move(options), error);
  BOOST_REQUIRE_MESSAGE(session != nullptr, error.text);
  return session;
}

std::vector<Tick> Ticks(int count, int first = 0) {
  std::vector<Tick> ticks;
  for (int i = first; i < first + count; ++i) {
    ticks.push_back({1'577'898'000 + i / 1000, 1.1 + i * 1e-5, 1.2 + i * 1e-5, 0, 0,
                     1'577'898'000'000 + i, 6, 0});
  }
  return ticks;
}

template <class Holds>
bool WaitUntil(Holds&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool WaitAcknowledged(const Session& session, std::int64_t ticks) {
  return WaitUntil([&] { return session.GetStatus().ticks_acknowledged == ticks; });
}

BOOST_AUTO_TEST_SUITE(session)

BOOST_AUTO_TEST_CASE(ticks_arrive_with_all_their_stamps) {
  Gateway gateway(1'000'000);
  const std::unique_ptr<Session> opened = Opened(OptionsFor(gateway.port()));
  Session& session = *opened;
  BOOST_TEST(!session.SendTicks("EURUSD", Ticks(7)));
  session.Flush();
  BOOST_TEST(WaitAcknowledged(session, 7));
  BOOST_TEST(session.GetStatus().checksum_mismatches == 0);
  BOOST_CHECK(session.state() == State::kConnected);
  BOOST_TEST(session.Close(milliseconds(5000)) == 0);

  const auto batches = gateway.batches();
  BOOST_REQUIRE(batches.size() == 2u);
  BOOST_TEST(batches[0].ticks_size() == 5);
  BOOST_TEST(batches[1].ticks_size() == 2);
  BOOST_TEST(batches[0].tenant_id() == "acme");
  BOOST_TEST(batches[0].source() == "MT5");
  BOOST_TEST(batches[1].batch_time() == batches[1].batch_time_msc() / 1000);
  const trading::v1::TickData& tick = batches[1].ticks(1);
  BOOST_TEST(tick.symbol() == "EURUSD");
  BOOST_TEST(tick.sequence_number() == 7);
  BOOST_TEST(tick.time_msc() == 1'577'898'000'006);
  BOOST_TEST(tick.spread() == tick.ask() - tick.bid());
  BOOST_TEST(tick.tenant_id() == "acme");
  BOOST_TEST(tick.source() == "MT5");
}

// Callers in threads of their own, a gateway that ends every connection after a few frames: all
// arrives, once, in order of each symbol.
BOOST_AUTO_TEST_CASE(cut_again_and_again_while_many_send) {
  constexpr int kThreads = 3;
  constexpr int kCalls = 60;
  Gateway gateway(17);
  const std::unique_ptr<Session> opened = Opened(OptionsFor(gateway.port()));
  Session& session = *opened;
  std::vector<std::thread> senders;
  for (int i = 0; i < kThreads; ++i) {
    senders.emplace_back([&session, i] {
      const std::string symbol = "SYMBOL" + std::to_string(i);
      for (int call = 0; call < kCalls; ++call) {
        if (session.SendTicks(symbol, Ticks(7, 7 * call))) std::abort();
        session.GetStatus();
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  session.Flush();
  BOOST_TEST(WaitAcknowledged(session, kThreads * kCalls * 7));
  BOOST_TEST(session.Close(milliseconds(5000)) == 0);
  BOOST_TEST(!gateway.out_of_order_);
  BOOST_TEST(gateway.connections() > 5);

  std::map<std::string, std::int64_t> newest;
  int ticks = 0;
  for (const auto& batch : gateway.batches()) {
    for (const auto& tick : batch.ticks()) {
      BOOST_REQUIRE(tick.sequence_number() == ++newest[tick.symbol()]);
      BOOST_REQUIRE(tick.time_msc() == 1'577'898'000'000 + tick.sequence_number() - 1);
      ++ticks;
    }
  }
  BOOST_TEST(ticks == kThreads * kCalls * 7);
}

BOOST_AUTO_TEST_CASE(quotes_of_several_symbols) {
  Gateway gateway(1'000'000);
  const std::unique_ptr<Session> opened = Opened(OptionsFor(gateway.port(), ";batch_ticks=1"));
  Session& session = *opened;
  const double bids[] = {1, 2, 3};
  const double asks[] = {1.5, 2.5, 3.5};
  const std::int64_t times[] = {1'577'898'000'000, 1'577'898'000'000, 1'577'898'000'001};
  BOOST_TEST(!session.SendQuotes({"A,B,A", bids, asks, times, 3}));
  BOOST_TEST(WaitAcknowledged(session, 3));
  session.Close(milliseconds(5000));
  const auto batches = gateway.batches();
  BOOST_REQUIRE(batches.size() == 3u);
  BOOST_TEST(batches[2].ticks(0).symbol() == "A");
  BOOST_TEST(batches[2].ticks(0).sequence_number() == 2);
  BOOST_TEST(batches[1].ticks(0).bid() == 2.0);
}

// The tick that fills a batch sends it off, not the time.
BOOST_AUTO_TEST_CASE(a_full_batch_leaves_at_once) {
  Gateway gateway(1'000'000);
  const std::unique_ptr<Session> opened =
      Opened(OptionsFor(gateway.port(), ";batch_ticks=2;flush_ms=60000"));
  Session& session = *opened;
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(!session.SendTicks("EURUSD", Ticks(1, 2 * i)));
    BOOST_TEST(!session.SendTicks("EURUSD", Ticks(1, 2 * i + 1)));
    BOOST_TEST(WaitAcknowledged(session, 2 * i + 2));
  }
  session.Close(milliseconds(5000));
  BOOST_TEST(gateway.batches().size() == 20u);
}

BOOST_AUTO_TEST_CASE(a_lone_tick_leaves_by_time) {
  Gateway gateway(1'000'000);
  const std::unique_ptr<Session> opened =
      Opened(OptionsFor(gateway.port(), ";batch_ticks=4096;flush_ms=1"));
  Session& session = *opened;
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(!session.SendTicks("EURUSD", Ticks(1, i)));
    BOOST_TEST(WaitAcknowledged(session, i + 1));
  }
  session.Close(milliseconds(5000));
  BOOST_TEST(gateway.batches().size() == 20u);
}

BOOST_AUTO_TEST_CASE(destroyed_without_a_close_at_any_moment) {
  for (int i = 0; i < 20; ++i) {
    Gateway gateway(1'000'000);
    const std::unique_ptr<Session> opened = Opened(OptionsFor(gateway.port()));
    Session& session = *opened;
    session.SendTicks("EURUSD", Ticks(10));
    if (i % 2 == 0) BOOST_TEST(WaitUntil([&] { return session.GetStatus().ticks_sent > 0; }));
  }
}

// What was accepted and not yet sent goes on in the next life, the open batch included, and the
// numbers of ticks and batches go on with it.
BOOST_AUTO_TEST_CASE(a_journal_outlives_its_session) {
  const TemporaryFolder folder("session");
  const std::string journal = ";journal=" + folder.path().string();
  std::string session_id;
  {
    const auto lonely = Opened(OptionsFor(1, journal));  // nobody listens there
    BOOST_TEST(!lonely->SendTicks("EURUSD", Ticks(13)));
    BOOST_TEST(!lonely->SendTicks("GBPUSD", Ticks(1, 40)));
    session_id = lonely->GetStatus().session_id;
  }
  Gateway gateway(1'000'000);
  const auto session = Opened(OptionsFor(gateway.port(), journal));
  BOOST_TEST(session->GetStatus().session_id == session_id);
  BOOST_REQUIRE(session->GetCursor("EURUSD").has_value());
  BOOST_TEST(session->GetCursor("EURUSD")->time_msc == 1'577'898'000'012);
  BOOST_TEST(session->GetCursor("EURUSD")->count == 1);
  BOOST_TEST(!session->GetCursor("USDJPY").has_value());
  BOOST_TEST(!session->SendTicks("EURUSD", Ticks(3, 13)));
  session->Flush();
  BOOST_TEST(WaitAcknowledged(*session, 17));
  BOOST_TEST(session->Close(milliseconds(5000)) == 0);
  std::map<std::string, std::int64_t> newest;
  for (const auto& batch : gateway.batches()) {
    for (const auto& tick : batch.ticks()) {
      BOOST_TEST(tick.sequence_number() == ++newest[tick.symbol()]);
    }
  }
  BOOST_TEST(newest["EURUSD"] == 16);
  BOOST_TEST(newest["GBPUSD"] == 1);
}

BOOST_AUTO_TEST_CASE(a_journal_serves_one_session_at_a_time_and_one_owner) {
  const TemporaryFolder folder("session");
  const std::string journal = ";journal=" + folder.path().string();
  Error error;
  {
    const auto first = Opened(OptionsFor(1, journal));
    BOOST_TEST(!first->SendTicks("EURUSD", Ticks(5)));
    BOOST_TEST((Session::Open(OptionsFor(1, journal), error) == nullptr));
    BOOST_CHECK(error.code == Code::kInUse);
  }
  Options foreign;
  BOOST_TEST(
      ParseOptions("endpoint=ws://127.0.0.1:1;token=t;user_id=u;tenant_id=other" + journal, foreign)
          .text == "");
  BOOST_TEST((Session::Open(foreign, error) == nullptr));
  BOOST_CHECK(error.code == Code::kBadConfig);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
