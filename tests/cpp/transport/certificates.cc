#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <random>
#include <stdexcept>

namespace tpb::transport {
namespace {

void Check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("certificate for a test: ") + what);
}

std::unique_ptr<EVP_PKEY, KeyFree> MakeKey(KeyKind kind) {
  const bool rsa = kind == KeyKind::kRsa;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(rsa ? EVP_PKEY_RSA : EVP_PKEY_EC, nullptr);
  EVP_PKEY* key = nullptr;
  const bool made =
      context != nullptr && EVP_PKEY_keygen_init(context) == 1 &&
      (rsa ? EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048)
           : EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)) == 1 &&
      EVP_PKEY_keygen(context, &key) == 1;
  EVP_PKEY_CTX_free(context);
  Check(made, "key");
  return std::unique_ptr<EVP_PKEY, KeyFree>(key);
}

void Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

Identity Make(const std::string& name, Validity validity, const Identity* issuer,
              KeyKind key = KeyKind::kEllipticCurve) {
  Identity made{MakeKey(key), std::unique_ptr<X509, CertificateFree>(X509_new())};
  X509* certificate = made.certificate.get();
  Check(certificate != nullptr, "memory");
  Check(X509_set_version(certificate, 2) == 1, "version");
  // Windows tells certificates of one issuer apart by it.
  ASN1_INTEGER_set(X509_get_serialNumber(certificate),
                   static_cast<int>(std::random_device()() & 0x3FFFFFFFU) + 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 86400 * validity.from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400 * validity.to_days);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(
      certificate, issuer == nullptr ? subject : X509_get_subject_name(issuer->certificate.get()));
  return made;
}

void Sign(const Identity& made, const Identity& issuer) {
  Check(X509_sign(made.certificate.get(), issuer.key.get(), EVP_sha256()) > 0, "signature");
}

void ExtendForServer(X509* certificate, X509* issuer, const std::string& names) {
  Extend(certificate, issuer, NID_key_usage, "critical,digitalSignature");
  Extend(certificate, issuer, NID_ext_key_usage, "serverAuth");
  Extend(certificate, issuer, NID_subject_key_identifier, "hash");
  if (!names.empty()) Extend(certificate, issuer, NID_subject_alt_name, names);
}

}  // namespace

std::string Identity::Pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate.get());
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

std::vector<unsigned char> Identity::Der() const {
  std::vector<unsigned char> der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  unsigned char* end = der.data();
  i2d_X509(certificate.get(), &end);
  return der;
}

Identity MakeAuthority(const std::string& name, Validity validity, KeyKind key) {
  Identity made = Make(name, validity, nullptr, key);
  X509* certificate = made.certificate.get();
  Extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  Extend(certificate, certificate, NID_subject_key_identifier, "hash");
  Sign(made, made);
  return made;
}

Identity MakeServer(const Identity& authority, const std::string& names, Validity validity) {
  Identity made = Make("gateway", validity, &authority);
  X509* certificate = made.certificate.get();
  X509* issuer = authority.certificate.get();
  Extend(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  Extend(certificate, issuer, NID_authority_key_identifier, "keyid");
  ExtendForServer(certificate, issuer, names);
  Sign(made, authority);
  return made;
}

Identity MakeSelfSigned(const std::string& names) {
  Identity made = Make("gateway", {}, nullptr);
  ExtendForServer(made.certificate.get(), made.certificate.get(), names);
  Sign(made, made);
  return made;
}

}  // namespace tpb::transport
