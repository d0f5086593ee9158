// TLS: who is let in and who is not, and what is said about it.

#include <openssl/ssl.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <string>

#include "certificates.h"
#include "recording_client.h"
#include "scripted_server.h"

#if defined(_WIN32)
#include <windows.h>
// After windows.h.
#include <wincrypt.h>
#endif

using namespace tpb::transport;

namespace {

bool Contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  BOOST_TEST_MESSAGE("'" << part << "' is not in: " << text);
  return false;
}

// A file of its own in the temporary folder, gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              std::filesystem::path(
                  u8"tpb-\u00fc-" +
                  std::filesystem::path(std::to_string(std::random_device()())).u8string() +
                  u8".pem")) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string utf8() const {
    const std::u8string text = path_.u8string();
    return {text.begin(), text.end()};
  }

 private:
  std::filesystem::path path_;
};

const Identity& Authority() {
  static const Identity identity = MakeAuthority("tpb test authority");
  return identity;
}

const TemporaryFile& AuthorityFile() {
  static const TemporaryFile file(Authority().Pem());
  return file;
}

ConnectRequest TlsRequestTo(std::uint16_t port, const std::string& ca_file) {
  ConnectRequest request = RequestTo(port);
  request.tls = true;
  request.host = "localhost";
  request.ca_file = ca_file;
  return request;
}

ScriptedServer::Script EchoOver(const ServerTls& tls) {
  return [&tls](Peer& peer) {
    if (!peer.StartTls(tls.get())) return;
    peer.Upgrade();
    peer.Echo();
    peer.WaitForEnd();
  };
}

// What a client is told that trusts `ca_file` and meets this server.
ConnectFailure RefusedTo(const Identity& server_identity, const std::string& ca_file,
                         const std::string& host = "localhost") {
  const ServerTls tls(server_identity);
  std::promise<bool> request_seen;
  ScriptedServer server([&](Peer& peer) {
    request_seen.set_value(peer.StartTls(tls.get()) && !peer.ReadRequest().empty());
  });
  ConnectRequest request = TlsRequestTo(server.port(), ca_file);
  request.host = host;
  request.headers = {{"Authorization", "Bearer secret"}};
  RecordingClient client;
  client.Connect(request);
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kCertificate), failure.text);
  BOOST_TEST(failure.http_status == 0);
  BOOST_TEST(!request_seen.get_future().get());  // the token never left
  return failure;
}

void Echoes(const ServerTls& tls, ConnectRequest request) {
  ScriptedServer server(EchoOver(tls));
  request.port = server.port();
  RecordingClient client;
  client.Connect(request);
  client.WaitForConnected();
  client.Send("hello");
  client.WaitFor([](const auto& r) { return r.frames.size() == 1; });
  BOOST_TEST(client.record().frames.at(0) == "hello");
  client.Do([](WebSocket& socket) { socket.Close(1000, "done"); });
  BOOST_TEST(client.WaitForClosed().code == 1000);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(a_good_certificate_is_accepted_and_the_name_is_asked_for) {
  const ServerTls tls(MakeServer(Authority(), "DNS:other.example,DNS:localhost"));
  std::string name;
  ScriptedServer server([&](Peer& peer) {
    if (!peer.StartTls(tls.get())) return;
    name = peer.server_name();
    peer.Upgrade();
    peer.Echo();
    peer.WaitForEnd();
  });
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  client.WaitForConnected();
  client.Send("hello");
  client.WaitFor([](const auto& r) { return r.frames.size() == 1; });
  client.Stop();
  BOOST_TEST(name == "localhost");
}

BOOST_AUTO_TEST_CASE(an_address_is_verified_as_an_address) {
  const ServerTls by_address(MakeServer(Authority(), "IP:127.0.0.1"));
  ConnectRequest request = TlsRequestTo(0, AuthorityFile().utf8());
  request.host = "127.0.0.1";
  Echoes(by_address, request);

  // A certificate for the name does not serve for the address, nor one that writes it as a name.
  const ConnectFailure failure =
      RefusedTo(MakeServer(Authority(), "DNS:localhost,DNS:127.0.0.1,IP:10.0.0.1"),
                AuthorityFile().utf8(), "127.0.0.1");
  BOOST_TEST(Contains(failure.text, "another name (localhost, 127.0.0.1, 10.0.0.1)"));
}

BOOST_AUTO_TEST_CASE(another_name_is_refused) {
  const ConnectFailure failure = RefusedTo(
      MakeServer(Authority(), "DNS:gateway.example,IP:127.0.0.1,IP:::1"), AuthorityFile().utf8());
  BOOST_TEST(Contains(failure.text, "the certificate of localhost is for another name"));
  BOOST_TEST(Contains(failure.text, "gateway.example"));
  // A common name alone is no name.
  BOOST_TEST(
      Contains(RefusedTo(MakeServer(Authority(), ""), AuthorityFile().utf8(), "localhost").text,
               "it lists none"));
  // A wildcard stands for one label, and for no bare suffix.
  BOOST_TEST(
      Contains(RefusedTo(MakeServer(Authority(), "DNS:*.localhost"), AuthorityFile().utf8()).text,
               "*.localhost"));
}

BOOST_AUTO_TEST_CASE(expired_and_not_yet_valid_are_refused) {
  const ConnectFailure expired =
      RefusedTo(MakeServer(Authority(), "DNS:localhost", {-30, -10}), AuthorityFile().utf8());
  BOOST_TEST(Contains(expired.text, "the certificate of localhost expired on 20"));
  const ConnectFailure early =
      RefusedTo(MakeServer(Authority(), "DNS:localhost", {10, 30}), AuthorityFile().utf8());
  BOOST_TEST(Contains(early.text, "valid only from 20"));
  const Identity old = MakeAuthority("old authority", {-60, -20});
  const TemporaryFile old_file(old.Pem());
  const ConnectFailure behind = RefusedTo(MakeServer(old, "DNS:localhost"), old_file.utf8());
  BOOST_TEST(
      Contains(behind.text, "the authority behind the certificate of localhost expired on 20"));
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_refused_with_and_without_ca_file) {
  const Identity stranger = MakeAuthority("tpb test authority");  // the same name, another key
  const Identity server = MakeServer(stranger, "DNS:localhost");
  const ConnectFailure with = RefusedTo(server, AuthorityFile().utf8());
  BOOST_TEST(Contains(with.text, "ca_file"));
  const ConnectFailure without = RefusedTo(server, "");
  BOOST_TEST(
      Contains(without.text, "not signed by an authority this computer trusts: set ca_file="));
}

BOOST_AUTO_TEST_CASE(a_self_signed_certificate_is_refused_unless_it_is_the_ca_file) {
  const Identity self = MakeSelfSigned("DNS:localhost");
  BOOST_TEST(Contains(RefusedTo(self, AuthorityFile().utf8()).text, "not signed by an authority"));
  BOOST_TEST(Contains(RefusedTo(self, "").text, "not signed by an authority"));
  const TemporaryFile itself(self.Pem());
  const ServerTls tls(self);
  Echoes(tls, TlsRequestTo(0, itself.utf8()));
}

BOOST_AUTO_TEST_CASE(an_authority_s_certificate_that_may_not_sign_is_no_authority) {
  const Identity server = MakeServer(Authority(), "DNS:localhost");
  const Identity forged = MakeServer(server, "DNS:localhost");
  RefusedTo(forged, AuthorityFile().utf8());
}

BOOST_AUTO_TEST_CASE(a_ca_file_that_cannot_serve_says_why) {
  const auto told = [](const std::string& ca_file) {
    ScriptedServer server([](Peer& peer) { peer.WaitForEnd(); });
    RecordingClient client;
    client.Connect(TlsRequestTo(server.port(), ca_file));
    const ConnectFailure failure = client.WaitForFailure();
    BOOST_TEST((failure.kind == FailureKind::kTls));
    BOOST_TEST(Contains(failure.text, ca_file));
    return failure.text;
  };
  BOOST_TEST(Contains(told("no/such/file.pem"), "cannot be read"));
  BOOST_TEST(Contains(told(std::filesystem::temp_directory_path().string()), "cannot be read"));
  BOOST_TEST(Contains(told(TemporaryFile("not PEM").utf8()), "no certificate"));
  BOOST_TEST(Contains(told(TemporaryFile("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                         "-----END CERTIFICATE-----\n")
                               .utf8()),
                      "cannot be read"));
}

BOOST_AUTO_TEST_CASE(old_tls_is_refused) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"), TLS1_1_VERSION);
  ScriptedServer server([&](Peer& peer) { peer.StartTls(tls.get()); });
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kTls));
  BOOST_TEST(Contains(failure.text, "older than 1.2"));

  const ServerTls tls12(MakeServer(Authority(), "DNS:localhost"), TLS1_2_VERSION);
  Echoes(tls12, TlsRequestTo(0, AuthorityFile().utf8()));
}

BOOST_AUTO_TEST_CASE(a_plain_server_on_the_tls_port_is_told_apart) {
  ScriptedServer server([](Peer& peer) {
    peer.ReadSome();
    peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.WaitForEnd();
  });
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  const ConnectFailure failure = client.WaitForFailure();
  BOOST_TEST((failure.kind == FailureKind::kTls));
  BOOST_TEST(Contains(failure.text, "does not speak TLS"));

  ScriptedServer hangs_up([](Peer& peer) { peer.ReadSome(); });
  RecordingClient second;
  second.Connect(TlsRequestTo(hangs_up.port(), AuthorityFile().utf8()));
  BOOST_TEST((second.WaitForFailure().kind == FailureKind::kTls));

  ScriptedServer silent([](Peer& peer) { peer.WaitForEnd(); });
  ConnectRequest request = TlsRequestTo(silent.port(), AuthorityFile().utf8());
  request.timeout = std::chrono::milliseconds(100);
  RecordingClient third;
  third.Connect(request);
  const ConnectFailure late = third.WaitForFailure();
  BOOST_TEST((late.kind == FailureKind::kTimeout));
  BOOST_TEST(Contains(late.text, "TLS"));
}

BOOST_AUTO_TEST_CASE(a_plain_client_on_the_tls_port_is_told_apart) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"));
  ScriptedServer server([&](Peer& peer) { peer.StartTls(tls.get()); });
  RecordingClient client;
  client.Connect(RequestTo(server.port()));
  const ConnectFailure failure = client.WaitForFailure();
  // Some TLS libraries answer with an alert, some hang up.
  BOOST_TEST((failure.kind == FailureKind::kProtocol || failure.kind == FailureKind::kUnreachable));
  BOOST_TEST(Contains(failure.text, "wss://"), failure.text);
}

BOOST_AUTO_TEST_CASE(refusals_come_through_tls) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"));
  ScriptedServer server([&](Peer& peer) {
    if (!peer.StartTls(tls.get())) return;
    peer.ReadRequest();
    peer.Write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  });
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  BOOST_TEST(client.WaitForFailure().http_status == 401);
}

BOOST_AUTO_TEST_CASE(large_and_many_frames_pass_through_tls) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"));
  ScriptedServer server(EchoOver(tls));
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  client.WaitForConnected();
  const std::string large(1 << 20, 'L');
  client.Do([&](WebSocket& socket) {
    socket.Send(Bytes(large));
    for (int i = 0; i < 5000; ++i) socket.Send(Bytes(std::to_string(i) + std::string(300, ' ')));
    socket.Send(Bytes(large));
  });
  client.WaitFor([](const auto& r) { return r.frames.size() == 5002; });
  const auto record = client.record();
  BOOST_TEST((record.frames.front() == large));
  BOOST_TEST((record.frames.back() == large));
  for (int i = 0; i < 5000; ++i) {
    BOOST_REQUIRE(std::stoi(record.frames[static_cast<std::size_t>(i) + 1]) == i);
  }
}

BOOST_AUTO_TEST_CASE(ends_over_tls_are_told) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"));
  const auto ended_by = [&](ScriptedServer::Script script) {
    ScriptedServer server([&](Peer& peer) {
      if (!peer.StartTls(tls.get())) return;
      peer.Upgrade();
      script(peer);
    });
    RecordingClient client;
    client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
    return client.WaitForClosed().code;
  };
  BOOST_TEST(ended_by([](Peer& peer) {
               peer.WriteClose(1008, "policy");
               peer.WaitForEnd();
             }) == 1008);
  BOOST_TEST(ended_by([](Peer&) {}) == 1006);  // cut off, without TLS's own farewell
  BOOST_TEST(ended_by([](Peer& peer) { peer.ResetAtEnd(); }) == 1006);
}

BOOST_AUTO_TEST_CASE(the_client_s_end_is_a_tls_farewell_not_a_cut) {
  const ServerTls tls(MakeServer(Authority(), "DNS:localhost"));
  std::promise<bool> farewell;
  ScriptedServer server([&](Peer& peer) {
    if (!peer.StartTls(tls.get())) return;
    peer.Upgrade();
    peer.Echo();
    peer.WaitForEnd();
    farewell.set_value(peer.said_farewell());
  });
  RecordingClient client;
  client.Connect(TlsRequestTo(server.port(), AuthorityFile().utf8()));
  client.WaitForConnected();
  client.Do([](WebSocket& socket) { socket.Close(1000, "done"); });
  BOOST_TEST(client.WaitForClosed().code == 1000);
  BOOST_TEST(farewell.get_future().get());
}

BOOST_AUTO_TEST_CASE(stopping_in_the_handshake_is_immediate) {
  for (int i = 0; i < 10; ++i) {
    ScriptedServer silent([](Peer& peer) { peer.WaitForEnd(); });
    RecordingClient client;
    client.Connect(TlsRequestTo(silent.port(), AuthorityFile().utf8()));
    if (i % 2 == 0) client.DoNow([](WebSocket&) {});
    client.Stop();
    BOOST_TEST(client.record().failed.empty());
  }
}

// ---- The system's own store --------------------------------------------------------------------

#if defined(_WIN32)

namespace {

// Puts an authority into the user's Windows store, for as long as this lives.
class TrustedByUser {
 public:
  explicit TrustedByUser(const Identity& authority)
      : store_(CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER,
                             L"Root")) {
    const std::vector<unsigned char> der = authority.Der();
    BOOST_REQUIRE(store_ != nullptr);
    BOOST_REQUIRE(CertAddEncodedCertificateToStore(store_, X509_ASN_ENCODING, der.data(),
                                                   static_cast<DWORD>(der.size()),
                                                   CERT_STORE_ADD_ALWAYS, &added_));
    Commit();
  }
  ~TrustedByUser() {
    CertDeleteCertificateFromStore(added_);
    Commit();
    CertCloseStore(store_, 0);
  }
  TrustedByUser(const TrustedByUser&) = delete;
  TrustedByUser& operator=(const TrustedByUser&) = delete;

 private:
  // Wine writes a change only then.
  void Commit() { CertControlStore(store_, 0, CERT_STORE_CTRL_COMMIT, nullptr); }

  HCERTSTORE store_;
  const CERT_CONTEXT* added_ = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_authority_in_the_user_s_windows_store_is_trusted) {
  // RSA: Wine 8 calls about one signature of an elliptic curve in 64 wrong.
  const Identity company = MakeAuthority("tpb test company authority", {}, KeyKind::kRsa);
  const Identity good = MakeServer(company, "DNS:localhost");
  BOOST_TEST(Contains(RefusedTo(good, "").text, "set ca_file="));
  {
    const TrustedByUser trusted(company);
    const ServerTls tls(good);
    Echoes(tls, TlsRequestTo(0, ""));
    BOOST_TEST(
        Contains(RefusedTo(MakeServer(company, "DNS:other.example"), "").text, "other.example"));
    BOOST_TEST(Contains(RefusedTo(MakeServer(company, "DNS:localhost", {-30, -10}), "").text,
                        "expired on 20"));
    BOOST_TEST(Contains(RefusedTo(MakeServer(company, "DNS:localhost", {10, 30}), "").text,
                        "valid only from 20"));
    ConnectRequest by_address = TlsRequestTo(0, "");
    by_address.host = "127.0.0.1";
    const ServerTls address_tls(MakeServer(company, "IP:127.0.0.1"));
    Echoes(address_tls, by_address);
    // ca_file names the only authorities: the store does not count beside it.
    RefusedTo(good, AuthorityFile().utf8());
  }
  BOOST_TEST(Contains(RefusedTo(good, "").text, "set ca_file="));
}

#else

BOOST_AUTO_TEST_CASE(the_system_s_store_is_where_ssl_cert_file_says) {
  const Identity good = MakeServer(Authority(), "DNS:localhost");
  BOOST_TEST(Contains(RefusedTo(good, "").text, "set ca_file="));
  setenv("SSL_CERT_FILE", AuthorityFile().utf8().c_str(), 1);
  const ServerTls tls(good);
  Echoes(tls, TlsRequestTo(0, ""));
  BOOST_TEST(
      Contains(RefusedTo(MakeServer(Authority(), "DNS:other.example"), "").text, "other.example"));
  // ca_file names the only authorities: the system's do not count beside it.
  const TemporaryFile other(MakeAuthority("tpb other authority").Pem());
  RefusedTo(good, other.utf8());
  unsetenv("SSL_CERT_FILE");
  RefusedTo(good, "");
}

#endif

BOOST_AUTO_TEST_SUITE_END()
