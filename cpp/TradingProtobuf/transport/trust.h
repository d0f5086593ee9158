#pragma once

#include <openssl/ssl.h>

#include <string>

namespace tpb::transport {

// Whom a TLS connection must reach, and what the verification found. Every peer is verified, its
// chain and its name; nothing here can be told not to.
struct PeerCheck {
  std::string host;     // name or address the certificate must be for
  std::string ca_file;  // PEM with the only authorities to trust; "" = the system's store
  std::string problem;  // why the peer was refused, for a person; "" = it was not
};

// Fills `context` with the authorities to trust and makes it verify with TLS 1.2 or newer. Returns
// what is wrong, for a person; "" = nothing.
std::string PrepareTls(SSL_CTX* context, const std::string& ca_file);

// Makes `ssl` accept only the peer that `check` names, and tells the peer which name is wanted.
// `check` must outlive the handshake. Returns false where memory is short.
bool ExpectPeer(SSL* ssl, PeerCheck* check);

}  // namespace tpb::transport
