#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace tpb::transport {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// A certificate and its key, made when the test runs: none is in the repository.
struct Identity {
  std::unique_ptr<EVP_PKEY, KeyFree> key;
  std::unique_ptr<X509, CertificateFree> certificate;

  std::string Pem() const;                 // the certificate alone
  std::vector<unsigned char> Der() const;  // the certificate alone
};

struct Validity {
  int from_days = -1;  // from today
  int to_days = 30;
};

// An RSA key takes a while to make.
enum class KeyKind { kEllipticCurve, kRsa };

Identity MakeAuthority(const std::string& name, Validity validity = {},
                       KeyKind key = KeyKind::kEllipticCurve);

// A server's, signed by `authority`; `names` as in an OpenSSL configuration: "DNS:a,IP:127.0.0.1".
Identity MakeServer(const Identity& authority, const std::string& names, Validity validity = {});

// A server's that nobody but itself vouches for.
Identity MakeSelfSigned(const std::string& names);

}  // namespace tpb::transport
