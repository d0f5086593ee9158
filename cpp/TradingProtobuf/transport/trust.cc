#include "transport/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

#include "transport/printable.h"
#include "transport/system_trust.h"

namespace tpb::transport {
namespace {

constexpr std::uintmax_t kMaxCaFileBytes = 8 << 20;  // the largest public bundles have 250 KB
constexpr std::size_t kMaxNames = 200;               // bytes of a sentence

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// An own slot: Asio and others use the application data.
int PeerSlot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

// An address as certificates write it, without the zone of a link-local one.
std::string_view WithoutZone(std::string_view host) { return host.substr(0, host.find('%')); }

// "gateway.example." is the same name as "gateway.example", and certificates have the latter.
std::string_view WithoutDot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool IsAddress(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(std::string(WithoutZone(host)).c_str());
  if (address == nullptr) ERR_clear_error();  // it is a name, not a failure
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

bool IsFor(X509* certificate, const std::string& host) {
  if (IsAddress(host)) {
    return X509_check_ip_asc(certificate, std::string(WithoutZone(host)).c_str(), 0) == 1;
  }
  // Only subjectAltName counts, as browsers have it since 2017: a common name is free text.
  const std::string_view name = WithoutDot(host);
  return X509_check_host(certificate, name.data(), name.size(),
                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         nullptr) == 1;
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int length = ASN1_STRING_length(address);
  std::string text;
  std::array<char, 8> part{};
  for (int i = 0; i < length; i += length == 4 ? 1 : 2) {
    if (!text.empty()) text += length == 4 ? '.' : ':';
    if (length == 4) {
      std::snprintf(part.data(), part.size(), "%u", static_cast<unsigned>(bytes[i]));
    } else {
      const unsigned low = i + 1 < length ? bytes[i + 1] : 0U;
      std::snprintf(part.data(), part.size(), "%x", (static_cast<unsigned>(bytes[i]) << 8U) | low);
    }
    text += part.data();
  }
  return text;
}

// The names a certificate is for, as its subjectAltName says.
std::string NamesOf(X509* certificate) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string list;
  if (names == nullptr) return list;
  for (std::size_t i = 0; i < static_cast<std::size_t>(sk_GENERAL_NAME_num(names.get())); ++i) {
    if (list.size() > kMaxNames) break;
#if defined(OPENSSL_IS_BORINGSSL)
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
#else
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), static_cast<int>(i));
#endif
    std::string text;
    if (name->type == GEN_DNS) {
      text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                  static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      text = AddressText(name->d.iPAddress);
    }
    if (!text.empty()) list += (list.empty() ? "" : ", ") + text;
  }
  return Printable(list, kMaxNames);
}

// "2024-01-31"; "?" where the certificate has no readable date.
std::string Day(const ASN1_TIME* time) {
  // Counted from the epoch, because the two libraries share no conversion but the difference.
  const Owned<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (time == nullptr || epoch == nullptr ||
      ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
    return "?";
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

std::string Describe(X509_STORE_CTX* chain, const PeerCheck& check) {
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  X509* current = X509_STORE_CTX_get_current_cert(chain);
  if (current == nullptr) current = leaf;
  const bool is_leaf = leaf == nullptr || current == nullptr || X509_cmp(current, leaf) == 0;
  const std::string whose = "the certificate of " + check.host;
  const std::string which = is_leaf ? whose : "the authority behind " + whose;

  switch (const int error = X509_STORE_CTX_get_error(chain)) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = leaf == nullptr ? "" : NamesOf(leaf);
      return whose + " is for another name (" + (names.empty() ? "it lists none" : names) +
             "): use a name it lists in the endpoint, or renew it with this one";
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return which + " expired on " + Day(current ? X509_get0_notAfter(current) : nullptr) +
             ": renew it on the gateway (or set this computer's clock right)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return which + " is valid only from " +
             Day(current ? X509_get0_notBefore(current) : nullptr) +
             ": is this computer's clock right?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return check.ca_file.empty()
                 ? whose +
                       " is not signed by an authority this computer trusts: set ca_file= to "
                       "the file with the authority's certificate"
                 : whose + " is not signed by an authority in ca_file " + check.ca_file +
                       ": set ca_file= to the file with the authority's certificate";
    case X509_V_ERR_CERT_REVOKED:
      return which + " has been revoked: renew it on the gateway";
    case X509_V_ERR_INVALID_PURPOSE:
      return which + " is not meant for servers: make one with the usage serverAuth";
    default:
      return which + " is not valid (" + X509_verify_cert_error_string(error) +
             "): renew it on the gateway";
  }
}

// Runs in the handshake, in place of the library's own verification. Returns 1 = go on.
int Verify(X509_STORE_CTX* chain, void* /*argument*/) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* check = static_cast<PeerCheck*>(ssl ? SSL_get_ex_data(ssl, PeerSlot()) : nullptr);
  if (check == nullptr) return 0;  // a connection that names no peer reaches none

  bool good = check->ca_file.empty() ? VerifyBySystem(chain) : X509_verify_cert(chain) == 1;
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (good && (leaf == nullptr || !IsFor(leaf, check->host))) {
    X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
    good = false;
  }
  if (good) return 1;
  if (X509_STORE_CTX_get_error(chain) == X509_V_OK) {
    X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
  }
  try {
    check->problem = Describe(chain, *check);
  } catch (...) {
    // Thrown through the TLS library's C frames it would be undefined. The peer stays refused.
  }
  return 0;
}

// A certificate file must not ask for a pass phrase on the terminal.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*argument*/) { return -1; }

std::string LoadCaFile(X509_STORE* store, const std::string& ca_file) {
  // UTF-8 on every platform; path converts it to Windows' own.
  const std::filesystem::path path(std::u8string(ca_file.begin(), ca_file.end()));
  std::error_code error;
  const std::uintmax_t bytes =
      std::filesystem::is_regular_file(path, error) ? std::filesystem::file_size(path, error) : 0;
  const std::string name = "ca_file " + ca_file;
  if (bytes == 0) return name + " cannot be read: it is no file, or an empty one";
  if (bytes > kMaxCaFileBytes) return name + " is larger than 8 MiB: it is no list of authorities";

  std::string text(static_cast<std::size_t>(bytes), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) {
    return name + " cannot be read: may this user read it?";
  }

  const Owned<BIO> input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  int count = 0;
  while (input != nullptr) {
    const Owned<X509> authority(PEM_read_bio_X509(input.get(), nullptr, &NoPassPhrase, nullptr));
    if (authority == nullptr) break;
    if (X509_STORE_add_cert(store, authority.get()) == 1) ++count;
  }
  const auto last = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return name + " holds a certificate that cannot be read: make the file anew";
  if (count == 0)
    return name + " holds no certificate: it must be PEM (-----BEGIN CERTIFICATE-----)";
  return "";
}

}  // namespace

std::string PrepareTls(SSL_CTX* context, const std::string& ca_file) {
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return "the TLS library offers no TLS 1.2";
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &Verify, nullptr);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  if (ca_file.empty()) return LoadSystemAuthorities(store);
  // Whoever names an issuing authority alone trusts that one, not the root above it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return LoadCaFile(store, ca_file);
}

bool ExpectPeer(SSL* ssl, PeerCheck* check) {
  if (SSL_set_ex_data(ssl, PeerSlot(), check) != 1) return false;
  if (IsAddress(check->host)) return true;  // RFC 6066: names only
  return SSL_set_tlsext_host_name(ssl, std::string(WithoutDot(check->host)).c_str()) == 1;
}

}  // namespace tpb::transport
