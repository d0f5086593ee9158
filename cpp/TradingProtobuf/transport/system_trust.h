#pragma once

#include <openssl/x509.h>

#include <string>

namespace tpb::transport {

// The platform's own store of authorities: trust_posix.cc and trust_windows.cc.

// Loads the system's authorities into `store`, where the platform needs that. Returns what is
// wrong;
// "" = nothing.
std::string LoadSystemAuthorities(X509_STORE* store);

// Verifies the chain, not the name, of the certificate in `chain` as the system does. On false the
// error is set in `chain`. Does not wait for the network.
bool VerifyBySystem(X509_STORE_CTX* chain);

}  // namespace tpb::transport
