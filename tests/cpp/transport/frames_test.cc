// An open connection: frames both ways, pings, and every way in which it can end.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "recording_client.h"
#include "scripted_server.h"

using namespace tpb::transport;

namespace {

// Upgrades, then plays `script`.
ScriptedServer::Script Upgraded(ScriptedServer::Script script) {
  return [script = std::move(script)](Peer& peer) {
    peer.Upgrade();
    script(peer);
  };
}

std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

// How the client sees a connection end that the server ends with `script`.
Closed EndedBy(ScriptedServer::Script script, std::size_t max_frame_bytes = 1 << 20) {
  ScriptedServer server(Upgraded(std::move(script)));
  ConnectRequest request = RequestTo(server.port());
  request.max_frame_bytes = max_frame_bytes;
  RecordingClient client;
  client.Connect(request);
  return client.WaitForClosed();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(every_size_of_frame_goes_both_ways) {
  const std::array<std::size_t, 9> kSizes = {
      0, 1, 125, 126, 16383, 16384, 65535, 65536, std::size_t{1} << 20};
  std::vector<Frame> seen;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      const auto frame = peer.ReadFrame();
      if (!frame) return;
      seen.push_back(*frame);
      peer.WriteFrame(2, frame->payload);
    }
    peer.WaitForEnd();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  for (const std::size_t size : kSizes) client.Send(Pattern(size));
  client.WaitFor([&](const auto& r) { return r.frames.size() == kSizes.size(); });
  client.Stop();
  const auto record = client.record();
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    BOOST_TEST_CONTEXT("size " << kSizes[i]) {
      BOOST_TEST(seen.at(i).opcode == 2);
      BOOST_TEST(seen.at(i).fin);
      BOOST_TEST(seen.at(i).masked);
      BOOST_TEST((seen.at(i).payload == Pattern(kSizes[i])));
      BOOST_TEST((record.frames.at(i) == Pattern(kSizes[i])));
    }
  }
}

BOOST_AUTO_TEST_CASE(text_and_fragments_are_handed_on_as_frames) {
  ScriptedServer server(Upgraded([](Peer& peer) {
    peer.WriteFrame(1, "text");
    peer.WriteFrame(2, "frag", false);
    peer.WriteFrame(9, "between");
    peer.WriteFrame(0, "", false);
    peer.WriteFrame(0, "ment", true);
    peer.WaitForEnd();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitFor([](const auto& r) { return r.frames.size() == 2; });
  BOOST_TEST(client.record().frames.at(0) == "text");
  BOOST_TEST(client.record().frames.at(1) == "fragment");
}

BOOST_AUTO_TEST_CASE(frames_that_come_with_the_upgrade_are_not_lost) {
  ScriptedServer server([](Peer& peer) {
    const std::string request = peer.ReadRequest();
    // One write: the frames most likely arrive in the read that brings the answer.
    peer.Accept(request, "X-Padding: " + std::string(1400, 'p') + "\r\n");
    for (int i = 0; i < 100; ++i) peer.WriteFrame(2, "frame " + std::to_string(i));
    peer.WaitForEnd();
  });
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitFor([](const auto& r) { return r.frames.size() == 100; });
  BOOST_TEST(client.record().frames.at(99) == "frame 99");
}

BOOST_AUTO_TEST_CASE(many_small_frames_arrive_in_order) {
  constexpr int kCount = 30000;
  std::promise<int> in_order;
  std::set<std::string> masks;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    int count = 0;
    while (count < kCount) {
      const auto frame = peer.ReadFrame();
      if (!frame || frame->payload != std::to_string(count) + std::string(400, '.')) break;
      masks.insert(frame->mask);
      ++count;
    }
    in_order.set_value(count);
    peer.WaitForEnd();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  for (int begin = 0; begin < kCount; begin += 1000) {
    client.Do([begin](WebSocket& socket) {
      for (int i = begin; i < begin + 1000; ++i) {
        socket.Send(Bytes(std::to_string(i) + std::string(400, '.')));
      }
    });
  }
  BOOST_TEST(in_order.get_future().get() == kCount);
  BOOST_TEST(masks.size() > kCount - 20U);  // each its own, but for chance
}

BOOST_AUTO_TEST_CASE(on_sent_is_told_when_nothing_is_queued_any_more) {
  std::promise<void> go;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    go.get_future().wait();
    peer.WaitForEnd();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  // More than the sockets' buffers hold, so that it cannot leave before the server reads.
  const std::string large = Pattern(1 << 20);
  std::size_t queued = 0;
  client.DoNow([&](WebSocket& socket) {
    for (int i = 0; i < 32; ++i) socket.Send(Bytes(large));
    queued = socket.queued_bytes();
  });
  BOOST_TEST(queued >= 31U << 20);
  BOOST_TEST(client.record().sents == 0);
  go.set_value();
  client.WaitFor([](const auto& r) { return r.sents > 0; });
  std::size_t left = 1;
  client.DoNow([&](WebSocket& socket) { left = socket.queued_bytes(); });
  BOOST_TEST(left == 0U);
  BOOST_TEST(client.record().sents == 1);
  client.Send("one more");
  client.WaitFor([](const auto& r) { return r.sents == 2; });
}

BOOST_AUTO_TEST_CASE(pings_are_answered_and_pongs_told) {
  std::promise<Frame> pong;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    peer.WriteFrame(9, "are you there");
    const auto answer = peer.ReadFrame();
    pong.set_value(answer.value_or(Frame{}));
    peer.Echo();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  const Frame answer = pong.get_future().get();
  BOOST_TEST(answer.opcode == 10);
  BOOST_TEST(answer.payload == "are you there");
  BOOST_TEST(client.record().pongs == 0);
  client.Do([](WebSocket& socket) { socket.Ping(); });
  client.WaitFor([](const auto& r) { return r.pongs == 1; });
  client.Do([](WebSocket& socket) { socket.Ping(); });
  client.WaitFor([](const auto& r) { return r.pongs == 2; });
}

BOOST_AUTO_TEST_CASE(pings_pass_between_many_frames) {
  ScriptedServer server(Upgraded([](Peer& peer) {
    for (int i = 0; i < 50; ++i) peer.WriteFrame(9, "busy?");
    peer.Echo();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) {
    for (int i = 0; i < 2000; ++i) {
      socket.Send(Bytes("frame"));
      if (i % 100 == 0) socket.Ping();
    }
  });
  client.WaitFor([](const auto& r) { return r.pongs >= 1 && r.frames.size() >= 2000; });
}

BOOST_AUTO_TEST_CASE(a_peer_that_pings_and_reads_nothing_is_not_answered_without_end) {
  ScriptedServer server(Upgraded([](Peer& peer) {
    std::string pings;
    for (int i = 0; i < 500; ++i) pings += "\x89\x7d" + std::string(125, 'p');
    while (peer.Write(pings)) {
    }
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  // Until the sockets are full of pongs, and then some.
  std::size_t most = 0;
  const auto look = [&] {
    client.DoNow([&](WebSocket& socket) { most = std::max(most, socket.queued_bytes()); });
  };
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (most < 16384 && std::chrono::steady_clock::now() < give_up) look();
  for (int i = 0; i < 500; ++i) look();
  BOOST_TEST(most >= 16384U);
  BOOST_TEST(most < 65536U);
}

BOOST_AUTO_TEST_CASE(close_codes_and_reasons_are_told) {
  const struct {
    int code;
    const char* reason;
  } kCases[] = {{1000, ""}, {1008, "policy: size"}, {4001, "gap at 7"}, {4003, "taken over"}};
  for (const auto& close : kCases) {
    BOOST_TEST_CONTEXT("code " << close.code) {
      std::promise<int> answered;
      const Closed closed = EndedBy([&](Peer& peer) {
        peer.WriteClose(close.code, close.reason);
        const auto answer = peer.ReadFrame();
        answered.set_value(answer ? answer->opcode : 0);
        peer.WaitForEnd();
      });
      BOOST_TEST(closed.code == close.code);
      BOOST_TEST(closed.text.find(close.reason) != std::string::npos);
      BOOST_TEST(answered.get_future().get() == 8);
    }
  }
  BOOST_TEST(EndedBy([](Peer& peer) {
               peer.WriteFrame(8, "");
               peer.WaitForEnd();
             }).code == 1005);
}

BOOST_AUTO_TEST_CASE(a_close_in_the_middle_of_sending_is_told) {
  ScriptedServer server(Upgraded([](Peer& peer) {
    for (int i = 0; i < 100; ++i) peer.ReadFrame();
    peer.WriteClose(4003, "taken over");
    while (peer.ReadFrame()) {
    }
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) {
    for (int i = 0; i < 20000; ++i) socket.Send(Bytes(std::string(400, 'x')));
  });
  BOOST_TEST(client.WaitForClosed().code == 4003);
}

#if !defined(_WIN32)  // Windows throws away what was received before a reset

BOOST_AUTO_TEST_CASE(a_close_that_came_before_a_reset_is_told_although_writing_fails) {
  std::promise<void> inside;
  std::promise<void> reset;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    peer.WriteFrame(2, "hello");
    inside.get_future().wait();
    peer.WriteClose(4003, "taken over");
    peer.ResetNow();
    reset.set_value();
  }));
  RecordingClient client;
  client.on_frame = [&](WebSocket& socket) {
    inside.set_value();
    reset.get_future().wait();
    for (int i = 0; i < 10; ++i) socket.Send(Bytes("nobody hears this"));
  };
  client.Connect(RequestTo(server.port()));
  BOOST_TEST(client.WaitForClosed().code == 4003);
  BOOST_TEST(client.record().sents == 0);
}

#endif

BOOST_AUTO_TEST_CASE(breaks_are_told_as_1006) {
  BOOST_TEST(EndedBy([](Peer&) {}).code == 1006);
  BOOST_TEST(EndedBy([](Peer& peer) { peer.ResetAtEnd(); }).code == 1006);
  // Half a header, half a payload.
  BOOST_TEST(EndedBy([](Peer& peer) { peer.Write("\x82"); }).code == 1006);
  BOOST_TEST(EndedBy([](Peer& peer) {
               peer.Write(std::string("\x82\x05he", 4));
               peer.ResetAtEnd();
             }).code == 1006);
}

BOOST_AUTO_TEST_CASE(a_frame_beyond_the_limit_closes_with_1009) {
  std::promise<std::string> said;
  const Closed closed = EndedBy(
      [&](Peer& peer) {
        peer.WriteFrame(2, std::string(1000, 'a'));
        peer.WriteFrame(2, std::string(1001, 'b'));
        const auto answer = peer.ReadFrame();
        said.set_value(answer ? answer->payload : "");
        peer.WaitForEnd();
      },
      1000);
  BOOST_TEST(closed.code == 1009);
  BOOST_TEST(said.get_future().get() == "\x03\xf1");  // 1009

  // In fragments, none of which is too large; and one that only announces it.
  BOOST_TEST(EndedBy(
                 [](Peer& peer) {
                   peer.WriteFrame(2, std::string(600, 'a'), false);
                   peer.WriteFrame(0, std::string(600, 'a'), true);
                   peer.WaitForEnd();
                 },
                 1000)
                 .code == 1009);
  BOOST_TEST(EndedBy(
                 [](Peer& peer) {
                   peer.Write(std::string("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10));
                   peer.WaitForEnd();
                 },
                 1000)
                 .code == 1009);
}

BOOST_AUTO_TEST_CASE(violations_close_with_their_code) {
  const auto code_after = [](std::string bytes) {
    return EndedBy([bytes](Peer& peer) {
             peer.Write(bytes);
             peer.WaitForEnd();
           })
        .code;
  };
  BOOST_TEST(code_after(std::string("\xc2\x01z", 3)) == 1002);          // reserved bit
  BOOST_TEST(code_after(std::string("\x83\x01z", 3)) == 1002);          // reserved opcode
  BOOST_TEST(code_after(std::string("\x82\x81\0\0\0\0z", 7)) == 1002);  // masked by a server
  BOOST_TEST(code_after(std::string("\x80\x01z", 3)) == 1002);          // nothing to continue
  BOOST_TEST(code_after(std::string("\x89\x7e\x00\x80", 4)) == 1002);   // a ping of 128 bytes
  BOOST_TEST(code_after(std::string("\x88\x01\x03", 3)) == 1002);       // half a close code
  BOOST_TEST(code_after(std::string("\x81\x02\xc3\x28", 4)) == 1007);   // text, not UTF-8
  BOOST_TEST(code_after(std::string(4096, '\xff')) == 1002);            // garbage
}

BOOST_AUTO_TEST_CASE(the_client_s_close_flushes_and_is_answered) {
  std::vector<Frame> seen;
  ScriptedServer server(Upgraded([&](Peer& peer) {
    while (const auto frame = peer.ReadFrame()) {
      seen.push_back(*frame);
      if (frame->opcode == 8) {
        peer.WriteFrame(8, frame->payload);
        break;
      }
    }
    peer.WaitForEnd();
  }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) {
    for (int i = 0; i < 500; ++i) socket.Send(Bytes("last words"));
    socket.Close(1000, "done");
    socket.Send(Bytes("too late"));
  });
  BOOST_TEST(client.WaitForClosed().code == 1000);
  client.Stop();
  BOOST_TEST(seen.size() == 501U);
  BOOST_TEST(seen.back().opcode == 8);
  BOOST_TEST(seen.back().payload ==
             "\x03\xe8"
             "done");
}

BOOST_AUTO_TEST_CASE(a_close_that_nobody_answers_ends_all_the_same) {
  ScriptedServer server(Upgraded([](Peer& peer) { peer.WaitForEnd(); }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) { socket.Close(1000, std::string(5000, 'x')); });
  const Closed closed = client.WaitForClosed();
  BOOST_TEST(closed.code == 1006);
  BOOST_TEST(closed.text.find("closing handshake within 1 s") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(both_sides_may_close_at_once) {
  for (int i = 0; i < 20; ++i) {
    ScriptedServer server(Upgraded([](Peer& peer) {
      peer.WriteClose(4001, "gap");
      peer.WaitForEnd();
    }));
    RecordingClient client;
    client.on_connected = [](WebSocket& socket) { socket.Close(1000, "bye"); };
    client.Connect(RequestTo(server.port()));
    BOOST_TEST(client.WaitForClosed().code == 4001);
    BOOST_TEST(client.record().closed.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(abort_is_told_by_nothing) {
  ScriptedServer server(Upgraded([](Peer& peer) { peer.Echo(); }));
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) {
    socket.Send(Bytes("lost"));
    socket.Ping();
    socket.Abort();
    socket.Send(Bytes("nowhere"));
    socket.Close(1000, "");
  });
  // The next connection's life shows that the one before is silent.
  client.Connect(RequestTo(server.port()));
  client.WaitFor([](const auto& r) { return r.connected.size() == 2; });
  client.Send("heard");
  client.WaitFor([](const auto& r) { return r.frames.size() == 1; });
  BOOST_TEST(client.record().frames.at(0) == "heard");
  BOOST_TEST(client.record().closed.empty());
  BOOST_TEST(client.record().pongs == 0);
}

BOOST_AUTO_TEST_CASE(connect_works_from_inside_closed_and_frame) {
  ScriptedServer server(Upgraded([](Peer& peer) {
    peer.WriteFrame(2, "hello");
    peer.WriteClose(4001, "again");
    peer.WaitForEnd();
  }));
  RecordingClient client;
  int rounds = 0;
  const auto again = [&](WebSocket& socket) {
    if (++rounds < 20) socket.Connect(RequestTo(server.port()));
  };
  client.on_closed = again;
  client.on_frame = [&](WebSocket& socket) {
    if (rounds % 3 == 1) again(socket);
  };
  client.Connect(RequestTo(server.port()));
  client.WaitFor([](const auto& r) { return r.connected.size() == 20; });
}

BOOST_AUTO_TEST_SUITE_END()
