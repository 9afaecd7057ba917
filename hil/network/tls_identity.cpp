#include "hil/network/tls_identity.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace hil {

using namespace ledger;

namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

tl::unexpected<std::string> failed(const char* what) {
  char words[160];
  ERR_error_string_n(ERR_get_error(), words, sizeof words);
  return failure(std::string("TLS: ") + what + ": " + words);
}

// Its dates say nothing: the key is what is trusted, and clocks of field devices start wrong.
Certificate self_signed(EVP_PKEY* key) {
  Certificate c(X509_new());
  X509_NAME* name = c ? X509_get_subject_name(c.get()) : nullptr;
  const auto* common = reinterpret_cast<const unsigned char*>("aipchain node");
  const bool made = name && X509_set_version(c.get(), 2) &&
                    ASN1_INTEGER_set(X509_get_serialNumber(c.get()), 1) &&
                    ASN1_TIME_set_string(X509_getm_notBefore(c.get()), "20000101000000Z") &&
                    ASN1_TIME_set_string(X509_getm_notAfter(c.get()), "99991231235959Z") &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) &&
                    X509_set_issuer_name(c.get(), name) && X509_set_pubkey(c.get(), key) &&
                    X509_sign(c.get(), key, nullptr);
  return made ? std::move(c) : nullptr;
}

std::optional<PublicKey> key_of(const X509* certificate) {
  const EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate) : nullptr;
  PublicKey out{};
  std::size_t size = out.size();
  if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, out.data(), &size) != 1 || size != out.size())
    return std::nullopt;
  return out;
}

// In the place of OpenSSL's own walk along a chain of authorities; no set trusts any such key.
int check_peer(X509_STORE_CTX* shown, void* trusted) {
  const auto key = key_of(X509_STORE_CTX_get0_cert(shown));
  const auto* keys = static_cast<const std::set<PublicKey>*>(trusted);
  const bool known = key && (!keys || keys->contains(*key));
  if (!known) X509_STORE_CTX_set_error(shown, X509_V_ERR_CERT_REJECTED);
  return known ? 1 : 0;
}

Result<void> set_up(SSL_CTX* context, const KeySeed& secret, const std::set<PublicKey>* trusted) {
  const Key key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()));
  const Certificate certificate = key ? self_signed(key.get()) : nullptr;
  if (!certificate) return failed("the certificate cannot be made");
  if (!SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
      !SSL_CTX_use_certificate(context, certificate.get()) ||
      !SSL_CTX_use_PrivateKey(context, key.get()) ||
      !SSL_CTX_set1_sigalgs_list(context, "ed25519") || !SSL_CTX_set_num_tickets(context, 0))
    return failed("the context cannot be set up");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, check_peer, const_cast<std::set<PublicKey>*>(trusted));
  return {};
}

}  // namespace

Result<void> set_up_tls(SSL_CTX* context, const KeySeed& secret,
                        const std::set<PublicKey>& trusted) {
  return set_up(context, secret, &trusted);
}

Result<void> set_up_tls_for_anybody(SSL_CTX* context, const KeySeed& secret) {
  return set_up(context, secret, nullptr);
}

std::optional<PublicKey> peer_key(const SSL* connection) {
  const std::unique_ptr<X509, FreeCertificate> shown(SSL_get1_peer_certificate(connection));
  return key_of(shown.get());
}

}  // namespace hil
