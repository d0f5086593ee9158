#include <windows.h>
// After windows.h, whose wincrypt.h and OpenSSL's headers take turns at the same names.
#include <wincrypt.h>
#undef X509_NAME
#undef X509_EXTENSIONS
#undef PKCS7_SIGNER_INFO
#undef OCSP_REQUEST
#undef OCSP_RESPONSE

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/detached_thread.h"
#include "transport/system_trust.h"

namespace tpb::transport {
namespace {

// No chain of the public web is longer; a peer may send any number.
constexpr std::size_t kMaxChain = 16;

// A revocation list that nothing has fetched yet does not stop a connection, as in browsers.
constexpr DWORD kTolerated =
    CERT_TRUST_REVOCATION_STATUS_UNKNOWN | CERT_TRUST_IS_OFFLINE_REVOCATION;

// SECURITY_FLAG_IGNORE_REVOCATION of wininet.h, which nothing else here needs.
constexpr DWORD kIgnoreRevocation = 0x80;

using Der = std::vector<unsigned char>;

struct Free {
  void operator()(const CERT_CONTEXT* certificate) const {
    CertFreeCertificateContext(certificate);
  }
  void operator()(const CERT_CHAIN_CONTEXT* chain) const { CertFreeCertificateChain(chain); }
  void operator()(void* store) const { CertCloseStore(store, 0); }
};
struct FreeEngine {
  using pointer = HCERTCHAINENGINE;
  void operator()(HCERTCHAINENGINE engine) const { CertFreeCertificateChainEngine(engine); }
};
using Certificate = std::unique_ptr<const CERT_CONTEXT, Free>;
using Chain = std::unique_ptr<const CERT_CHAIN_CONTEXT, Free>;
using Store = std::unique_ptr<void, Free>;
using Engine = std::unique_ptr<void, FreeEngine>;

Der DerOf(X509* certificate) {
  const int length = i2d_X509(certificate, nullptr);
  if (length <= 0) return {};
  Der der(static_cast<std::size_t>(length));
  unsigned char* end = der.data();
  i2d_X509(certificate, &end);
  return der;
}

// The peer's certificate and after it what else it sent.
std::vector<Der> SentChain(X509_STORE_CTX* chain) {
  std::vector<Der> sent;
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (leaf == nullptr) return sent;
  sent.push_back(DerOf(leaf));
  const STACK_OF(X509)* rest = X509_STORE_CTX_get0_untrusted(chain);
  const auto count = rest == nullptr ? 0 : static_cast<std::size_t>(sk_X509_num(rest));
  for (std::size_t i = 0; i < count && sent.size() < kMaxChain; ++i) {
#if defined(OPENSSL_IS_BORINGSSL)
    sent.push_back(DerOf(sk_X509_value(rest, i)));
#else
    sent.push_back(DerOf(sk_X509_value(rest, static_cast<int>(i))));
#endif
  }
  return sent;
}

Engine FreshEngine() {
  CERT_CHAIN_ENGINE_CONFIG settings{};
  // The size it had before Windows 7, the only one that Wine takes.
  settings.cbSize = offsetof(CERT_CHAIN_ENGINE_CONFIG, hExclusiveRoot);
  HCERTCHAINENGINE engine = nullptr;
  CertCreateCertificateChainEngine(&settings, &engine);
  return Engine(engine);
}

// The chain as Windows builds it; null = it could not be built at all. A null engine is the user's
// default one.
Chain BuildChain(HCERTCHAINENGINE engine, const std::vector<Der>& sent, DWORD flags) {
  const Store extra(
      CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, CERT_STORE_CREATE_NEW_FLAG, nullptr));
  if (extra == nullptr || sent.empty()) return nullptr;
  for (const Der& der : sent) {
    CertAddEncodedCertificateToStore(extra.get(), X509_ASN_ENCODING, der.data(),
                                     static_cast<DWORD>(der.size()), CERT_STORE_ADD_ALWAYS,
                                     nullptr);
  }
  const Certificate leaf(CertCreateCertificateContext(X509_ASN_ENCODING, sent[0].data(),
                                                      static_cast<DWORD>(sent[0].size())));
  if (leaf == nullptr) return nullptr;

  std::string server_auth = szOID_PKIX_KP_SERVER_AUTH;
  std::array<LPSTR, 1> usages = {server_auth.data()};
  CERT_CHAIN_PARA wanted{};
  wanted.cbSize = sizeof wanted;
  wanted.RequestedUsage.dwType = USAGE_MATCH_TYPE_AND;
  wanted.RequestedUsage.Usage.cUsageIdentifier = static_cast<DWORD>(usages.size());
  wanted.RequestedUsage.Usage.rgpszUsageIdentifier = usages.data();
  const CERT_CHAIN_CONTEXT* built = nullptr;
  if (CertGetCertificateChain(engine, leaf.get(), nullptr, extra.get(), &wanted, flags, nullptr,
                              &built) == FALSE) {
    return nullptr;
  }
  return Chain(built);
}

DWORD StatusOf(const Chain& chain) {
  return chain == nullptr ? CERT_TRUST_IS_PARTIAL_CHAIN
                          : chain->TrustStatus.dwErrorStatus & ~kTolerated;
}

// The rules Windows has for servers beyond the chain's own status. Not a verdict by itself: it has
// been seen to accept an unknown authority.
bool PassesServerPolicy(const Chain& chain) {
  SSL_EXTRA_CERT_CHAIN_POLICY_PARA server{};
  server.cbSize = sizeof server;
  server.dwAuthType = AUTHTYPE_SERVER;
  server.fdwChecks = kIgnoreRevocation;  // the chain's status has told of it
  CERT_CHAIN_POLICY_PARA rules{};
  rules.cbSize = sizeof rules;
  rules.dwFlags = CERT_CHAIN_POLICY_IGNORE_ALL_REV_UNKNOWN_FLAGS;
  rules.pvExtraPolicyPara = &server;
  CERT_CHAIN_POLICY_STATUS verdict{};
  verdict.cbSize = sizeof verdict;
  return CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain.get(), &rules, &verdict) !=
             FALSE &&
         verdict.dwError == 0;
}

bool IsOfUnknownAuthority(DWORD status) {
  return (status & (CERT_TRUST_IS_UNTRUSTED_ROOT | CERT_TRUST_IS_PARTIAL_CHAIN)) != 0;
}

int AsVerifyError(DWORD status) {
  if ((status & CERT_TRUST_IS_REVOKED) != 0) return X509_V_ERR_CERT_REVOKED;
  if ((status & CERT_TRUST_IS_EXPLICIT_DISTRUST) != 0) return X509_V_ERR_CERT_REJECTED;
  if ((status & CERT_TRUST_IS_NOT_SIGNATURE_VALID) != 0) return X509_V_ERR_CERT_SIGNATURE_FAILURE;
  if (IsOfUnknownAuthority(status)) return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  if ((status & CERT_TRUST_IS_NOT_TIME_VALID) != 0) return X509_V_ERR_CERT_HAS_EXPIRED;
  if ((status & CERT_TRUST_IS_NOT_VALID_FOR_USAGE) != 0) return X509_V_ERR_INVALID_PURPOSE;
  return X509_V_ERR_CERT_REJECTED;
}

// Windows fetches roots and missing links only when first asked for them, which may take its time;
// the thread that serves the connection must not wait for it. So that is done aside, and the next
// try finds what was fetched in Windows' store.
void FetchAside(std::vector<Der> sent) {
  RunDetached([sent = std::move(sent)] { BuildChain(nullptr, sent, 0); });
}

bool Verify(X509_STORE_CTX* chain) {
  constexpr DWORD kWithoutNetwork = CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL |
                                    CERT_CHAIN_REVOCATION_CHECK_CACHE_ONLY |
                                    CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT;
  std::vector<Der> sent = SentChain(chain);
  Engine engine;
  Chain built = BuildChain(engine.get(), sent, kWithoutNetwork);
  if (IsOfUnknownAuthority(StatusOf(built))) {
    // Wine's default engine never hears of an authority that is added while the program runs.
    engine = FreshEngine();
    if (engine != nullptr) built = BuildChain(engine.get(), sent, kWithoutNetwork);
  }
  const DWORD status = StatusOf(built);
  if (status == 0) {
    if (PassesServerPolicy(built)) return true;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return false;
  }
  int error = AsVerifyError(status);
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (error == X509_V_ERR_CERT_HAS_EXPIRED && leaf != nullptr &&
      X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
    error = X509_V_ERR_CERT_NOT_YET_VALID;
  }
  X509_STORE_CTX_set_error(chain, error);
  if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) FetchAside(std::move(sent));
  return false;
}

}  // namespace

std::string LoadSystemAuthorities(X509_STORE* /*store*/) {
  return "";  // CryptoAPI has its own
}

bool VerifyBySystem(X509_STORE_CTX* chain) {
  try {
    return Verify(chain);
  } catch (...) {
    // Thrown through the TLS library's C frames it would be undefined. The peer stays refused.
    X509_STORE_CTX_set_error(chain, X509_V_ERR_OUT_OF_MEM);
    return false;
  }
}

}  // namespace tpb::transport
