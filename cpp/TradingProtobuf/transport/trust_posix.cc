#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <string>

#include "transport/system_trust.h"

namespace tpb::transport {
namespace {

// Debian, Alpine; Fedora, RHEL; RHEL 7; openSUSE; macOS, BSD.
constexpr std::array<const char*, 5> kBundles = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem"};
// Folders of files named by hash.
constexpr std::array<const char*, 2> kFolders = {"/etc/ssl/certs", "/etc/pki/tls/certs"};

bool Exists(const char* path) {
  struct stat info{};
  return stat(path, &info) == 0;
}

const char* Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

bool Load(X509_STORE* store, const char* file, const char* folder) {
  const bool loaded = X509_STORE_load_locations(store, file, folder) == 1;
  ERR_clear_error();
  return loaded;
}

}  // namespace

std::string LoadSystemAuthorities(X509_STORE* store) {
  // The names every OpenSSL program heeds; set, they replace the rest.
  const char* file = Environment("SSL_CERT_FILE");
  const char* folder = Environment("SSL_CERT_DIR");
  if (file != nullptr || folder != nullptr) {
    if (Load(store, file, folder)) return "";
    return "the authorities that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: mend or unset "
           "them, or set ca_file=";
  }
  for (const char* bundle : kBundles) {
    if (Exists(bundle) && Load(store, bundle, nullptr)) return "";
  }
  for (const char* place : kFolders) {
    if (Exists(place) && Load(store, nullptr, place)) return "";
  }
  return "this computer has no list of certificate authorities: install ca-certificates, or set "
         "ca_file=";
}

bool VerifyBySystem(X509_STORE_CTX* chain) { return X509_verify_cert(chain) == 1; }

}  // namespace tpb::transport
