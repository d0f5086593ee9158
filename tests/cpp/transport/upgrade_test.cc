// The way up without TLS: what is asked, and every way in which it can be refused.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <string>

#include "recording_client.h"
#include "scripted_server.h"

using namespace tpb::transport;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What a client is told that meets a server which answers with these bytes and closes.
ConnectFailure Answered(const std::string& bytes, ConnectRequest request = {}) {
  ScriptedServer server([&](Peer& peer) {
    peer.ReadRequest();
    peer.Write(bytes);
  });
  const ConnectRequest reach = RequestTo(server.port());
  request.tls = false;
  request.host = reach.host;
  request.port = reach.port;
  request.timeout = reach.timeout;
  RecordingClient client;
  client.Connect(request);
  return client.WaitForFailure();
}

ConnectFailure Refused(const std::string& request_line, const std::string& headers = "",
                       const std::string& body = "") {
  return Answered("HTTP/1.1 " + request_line + "\r\n" + headers +
                  "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

// What a client is told whose request no server ever sees.
ConnectFailure Unsendable(void (*spoil)(ConnectRequest&)) {
  std::atomic<bool> reached = false;
  ScriptedServer server([&](Peer&) { reached = true; });
  ConnectRequest request = RequestTo(server.port());
  spoil(request);
  RecordingClient client;
  client.Connect(request);
  const ConnectFailure failure = client.WaitForFailure();
  client.Stop();
  BOOST_TEST(!reached);
  return failure;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(upgrade)

BOOST_AUTO_TEST_CASE(the_server_sees_the_request_and_the_client_the_choice) {
  std::string seen;
  ScriptedServer server([&](Peer& peer) {
    seen = peer.ReadRequest();
    peer.Accept(seen, "Sec-WebSocket-Protocol: tpb.ack.v1\r\n");
    peer.Echo();
  });
  ConnectRequest request = RequestTo(server.port());
  request.target = "/ws/mt5?x=1";
  request.subprotocol = "tpb.ack.v1";
  request.headers = {{"Authorization", "Bearer abc.def.ghi"}, {"x-user-id", "u1"}};
  RecordingClient client;
  client.Connect(request);
  client.WaitForConnected();
  BOOST_TEST(client.record().connected.at(0).subprotocol == "tpb.ack.v1");
  client.Stop();
  BOOST_TEST(seen.starts_with("GET /ws/mt5?x=1 HTTP/1.1\r\n"));
  BOOST_TEST(HeaderOf(seen, "Host") == "127.0.0.1:" + std::to_string(server.port()));
  BOOST_TEST(HeaderOf(seen, "Authorization") == "Bearer abc.def.ghi");
  BOOST_TEST(HeaderOf(seen, "x-user-id") == "u1");
  BOOST_TEST(HeaderOf(seen, "Sec-WebSocket-Protocol") == "tpb.ack.v1");
  BOOST_TEST(HeaderOf(seen, "Sec-WebSocket-Extensions") == "");
}

BOOST_AUTO_TEST_CASE(a_server_may_choose_no_subprotocol_but_none_that_was_not_offered) {
  ScriptedServer none([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  ConnectRequest request = RequestTo(none.port());
  request.subprotocol = "tpb.ack.v1";
  RecordingClient client;
  client.Connect(request);
  client.WaitForConnected();
  BOOST_TEST(client.record().connected.at(0).subprotocol == "");

  ScriptedServer other([](Peer& peer) {
    peer.Upgrade("Sec-WebSocket-Protocol: other\r\n");
    peer.WaitForEnd();
  });
  request.port = other.port();
  RecordingClient second;
  second.Connect(request);
  const ConnectFailure failure = second.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kProtocol));
  BOOST_TEST(Contains(failure.text, "other"));
}

BOOST_AUTO_TEST_CASE(localhost_is_reached_whatever_its_first_address) {
  ScriptedServer server([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  ConnectRequest request = RequestTo(server.port());
  request.host = "LocalHost";
  RecordingClient client;
  client.Connect(request);
  client.WaitForConnected();
}

BOOST_AUTO_TEST_CASE(refusals_carry_their_status_and_say_what_to_do) {
  const struct {
    const char* line;
    int status;
    const char* says;
  } kCases[] = {{"401 Unauthorized", 401, "get a new one"},
                {"403 Forbidden", 403, "ask for the right"},
                {"404 Not Found", 404, "/ws/mt5"},
                {"429 Too Many Requests", 429, "pause"},
                {"500 Internal Server Error", 500, "its log"},
                {"503 Service Unavailable", 503, "not ready"},
                {"302 Found", 302, "sends elsewhere"},
                {"200 OK", 200, "instead of opening a WebSocket"}};
  for (const auto& refusal : kCases) {
    BOOST_TEST_CONTEXT(refusal.line) {
      const ConnectFailure failure = Refused(refusal.line, "", "because\r\nof\x1b[31m \"it\"");
      BOOST_TEST((failure.kind == FailureKind::kRefused));
      BOOST_TEST(failure.http_status == refusal.status);
      BOOST_TEST(Contains(failure.text, refusal.says));
      BOOST_TEST(Contains(failure.text, "because of [31m \"it\""));
      BOOST_TEST(!failure.retry_after.has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(retry_after_is_read_in_both_forms) {
  BOOST_TEST((Refused("429 Too Many Requests", "Retry-After: 7\r\n").retry_after == seconds(7)));
  BOOST_TEST((Refused("503 Service Unavailable",
                      "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
                      "Retry-After: Wed, 21 Oct 2015 07:28:30 GMT\r\n")
                  .retry_after == seconds(30)));
}

BOOST_AUTO_TEST_CASE(a_refusal_s_body_is_bounded_in_text_and_time) {
  const ConnectFailure failure = Refused("401 Unauthorized", "", std::string(12000, 'x'));
  BOOST_TEST(failure.http_status == 401);
  BOOST_TEST(failure.text.size() < 600U);
  BOOST_TEST(Contains(failure.text, std::string(200, 'x')));

  // Announced, and never sent: the refusal is told all the same, long before the time limit.
  std::promise<void> told;
  ScriptedServer slow([&](Peer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\nwait");
    told.get_future().wait();
  });
  ConnectRequest request = RequestTo(slow.port());
  request.timeout = std::chrono::hours(1);
  {
    RecordingClient client;
    client.on_failed = [&](WebSocket&) { told.set_value(); };
    client.Connect(request);
    BOOST_TEST(Contains(client.WaitForFailure().text, "(403)"));
    BOOST_TEST(Contains(client.record().failed.at(0).text, "It says: wait"));
  }

  // Without end.
  ScriptedServer endless([](Peer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 500 Oops\r\n\r\n");
    while (peer.Write(std::string(4096, 'y'))) {
    }
  });
  request.port = endless.port();
  RecordingClient second;
  second.Connect(request);
  BOOST_TEST(second.WaitForFailure().http_status == 500);
}

BOOST_AUTO_TEST_CASE(an_echoed_token_does_not_come_back_in_the_text) {
  ConnectRequest request;
  request.headers = {{"Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.secret.signature"}};
  const std::string body = "you sent Bearer eyJhbGciOiJIUzI1NiJ9.secret.signature, which is old";
  const ConnectFailure failure = Answered(
      "HTTP/1.1 401 No\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
      request);
  BOOST_TEST(failure.http_status == 401);
  BOOST_TEST(!Contains(failure.text, "secret"));
  BOOST_TEST(Contains(failure.text, "you sent Bearer ***, which is old"));
}

BOOST_AUTO_TEST_CASE(garbage_is_a_protocol_failure) {
  BOOST_TEST((Answered("SSH-2.0-OpenSSH_9.2\r\n").kind == FailureKind::kProtocol));
  BOOST_TEST((Answered(std::string(100000, '\0')).kind == FailureKind::kProtocol));
  BOOST_TEST((Answered("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n")
                  .kind == FailureKind::kProtocol));
  BOOST_TEST((Answered("HTTP/1.1 101 Switching Protocols\r\n\r\n").kind == FailureKind::kProtocol));
  // A header without end.
  BOOST_TEST((Answered("HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'a')).kind ==
              FailureKind::kProtocol));
  // The alert of a TLS server that was talked to without.
  const ConnectFailure tls = Answered(std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  BOOST_TEST((tls.kind == FailureKind::kProtocol));
  BOOST_TEST(Contains(tls.text, "wss://"));
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_up_is_unreachable) {
  BOOST_TEST((Answered("").kind == FailureKind::kUnreachable));
  BOOST_TEST((Answered("HTTP/1.1 10").kind == FailureKind::kUnreachable));
  ScriptedServer resets([](Peer& peer) { peer.ResetAtEnd(); });
  RecordingClient client;
  client.Connect(RequestTo(resets.port()));
  BOOST_TEST((client.WaitForFailure().kind == FailureKind::kUnreachable));
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_is_a_timeout) {
  ScriptedServer silent([](Peer& peer) { peer.WaitForEnd(); });
  ConnectRequest request = RequestTo(silent.port());
  request.timeout = milliseconds(150);
  RecordingClient client;
  client.Connect(request);
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kTimeout));
  BOOST_TEST(Contains(failure.text, "150 ms"));
}

BOOST_AUTO_TEST_CASE(nobody_listens) {
  RecordingClient client;
  client.Connect(RequestTo(UnusedPort()));
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kUnreachable));
  BOOST_TEST(Contains(failure.text, "is the gateway running?"));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_says_so) {
  ConnectRequest request = RequestTo(9);
  request.host = "gateway.invalid";  // RFC 6761: never exists
  RecordingClient client;
  client.Connect(request);
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kUnreachable || failure.kind == FailureKind::kTimeout));
  BOOST_TEST(Contains(failure.text, "gateway.invalid"));
}

BOOST_AUTO_TEST_CASE(nothing_that_breaks_a_header_is_sent) {
  void (*const kSpoilers[])(ConnectRequest&) = {
      [](ConnectRequest& r) { r.headers = {{"x-user-id", "u\r\nx-admin: 1"}}; },
      [](ConnectRequest& r) { r.headers = {{"x-user-id", "u\nx-admin: 1"}}; },
      [](ConnectRequest& r) { r.headers = {{"x-user-id", std::string("u\0v", 3)}}; },
      [](ConnectRequest& r) { r.headers = {{"x-user id", "u"}}; },
      [](ConnectRequest& r) { r.headers = {{"", "u"}}; },
      [](ConnectRequest& r) { r.headers = {{"Host", "other"}}; },
      [](ConnectRequest& r) { r.headers = {{"sec-websocket-key", "mine"}}; },
      [](ConnectRequest& r) { r.headers = {{"x-long", std::string(1 << 20, 'a')}}; },
      [](ConnectRequest& r) { r.target = "/a b"; },
      [](ConnectRequest& r) { r.target = "/a\r\nx: 1"; },
      [](ConnectRequest& r) { r.target = "ws/mt5"; },
      [](ConnectRequest& r) { r.target = ""; },
      [](ConnectRequest& r) { r.target = "/" + std::string(10000, 'a'); },
      [](ConnectRequest& r) { r.subprotocol = "a, b"; },
      [](ConnectRequest& r) { r.host = ""; },
      [](ConnectRequest& r) { r.host = "a\r\nb"; },
      [](ConnectRequest& r) {
        r.host =
            "b\xc3\xbc"
            "cher";
      },
      [](ConnectRequest& r) { r.port = 0; },
  };
  for (const auto spoil : kSpoilers) {
    const ConnectFailure failure = Unsendable(spoil);
    BOOST_TEST((failure.kind == FailureKind::kProtocol));
    BOOST_TEST(!failure.text.empty());
    BOOST_TEST(!Contains(failure.text, "x-admin"));
  }
}

BOOST_AUTO_TEST_CASE(connecting_anew_drops_the_try_before_without_a_word) {
  ScriptedServer silent([](Peer& peer) { peer.WaitForEnd(); });
  ScriptedServer good([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  RecordingClient client;
  client.Do([&](WebSocket& socket) {
    for (int i = 0; i < 20; ++i) socket.Connect(RequestTo(silent.port()));
    socket.Connect(RequestTo(good.port()));
  });
  client.WaitForConnected();
  client.Send("still there");
  client.WaitFor([](const auto& r) { return r.frames.size() == 1; });
  BOOST_TEST(client.record().failed.empty());
  BOOST_TEST(client.record().closed.empty());
}

BOOST_AUTO_TEST_CASE(connect_works_from_inside_a_failure) {
  ScriptedServer good([](Peer& peer) {
    peer.Upgrade();
    peer.Echo();
  });
  ScriptedServer bad([](Peer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
  });
  RecordingClient client;
  int tries = 0;
  client.on_failed = [&](WebSocket& socket) {
    ++tries;
    ConnectRequest request = RequestTo(tries < 5 ? bad.port() : good.port());
    if (tries == 2) request.port = UnusedPort();
    if (tries == 3) request.target = "no slash";
    socket.Connect(request);
  };
  client.Connect(RequestTo(bad.port()));
  client.WaitForConnected();
  BOOST_TEST(client.record().failed.size() == 5U);
}

BOOST_AUTO_TEST_CASE(closing_while_connecting_is_told_as_closed) {
  ScriptedServer silent([](Peer& peer) { peer.WaitForEnd(); });
  RecordingClient client;
  client.Do([&](WebSocket& socket) {
    socket.Connect(RequestTo(silent.port()));
    socket.Close(1000, "never mind");
  });
  BOOST_TEST(client.WaitForClosed().code == 1006);
  BOOST_TEST(client.record().failed.empty());
}

BOOST_AUTO_TEST_SUITE_END()
