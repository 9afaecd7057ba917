#include "tests/support/tls_caller.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace test {

using namespace ledger;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

// libcrypto does not ask whether the two halves belong together.
EVP_PKEY* key_of(const ShownIdentity& identity) {
  EVP_PKEY_CTX* make = EVP_PKEY_CTX_new_from_name(nullptr, "ED25519", nullptr);
  std::array<std::uint8_t, 32> secret = identity.secret, shown = identity.shown;
  OSSL_PARAM parts[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, shown.data(), shown.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* out = nullptr;
  must(EVP_PKEY_fromdata_init(make) == 1 &&
       EVP_PKEY_fromdata(make, &out, EVP_PKEY_KEYPAIR, parts) == 1);
  EVP_PKEY_CTX_free(make);
  return out;
}

X509* certificate_of(EVP_PKEY* key, const std::string& not_before, const std::string& not_after,
                     const EVP_MD* digest) {
  X509* c = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
  ASN1_TIME_set_string(X509_getm_notBefore(c), not_before.c_str());
  ASN1_TIME_set_string(X509_getm_notAfter(c), not_after.c_str());
  must(X509_set_pubkey(c, key) == 1 && X509_sign(c, key, digest) > 0);
  return c;
}

void wait_at_most_3_s(int socket) {
  const timeval limit{3, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

}  // namespace

ShownIdentity honest(const KeySeed& secret) {
  ShownIdentity out;
  out.secret = secret;
  out.shown = Ed25519Signer(secret).public_key();
  return out;
}

TlsContext::TlsContext() : context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
}

TlsContext::TlsContext(const ShownIdentity& identity) : TlsContext() {
  EVP_PKEY* key = key_of(identity);
  X509* shown = certificate_of(key, identity.not_before, identity.not_after, nullptr);
  must(SSL_CTX_use_certificate(context_, shown) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1);
  X509_free(shown);
  EVP_PKEY_free(key);
}

void TlsContext::show_p256() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* shown = certificate_of(key, "20000101000000Z", "99991231235959Z", EVP_sha256());
  must(SSL_CTX_use_certificate(context_, shown) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1);
  X509_free(shown);
  EVP_PKEY_free(key);
}

void TlsContext::append_certificate(const ShownIdentity& of) {
  EVP_PKEY* key = key_of(of);
  // The context takes it over.
  must(SSL_CTX_add_extra_chain_cert(
           context_, certificate_of(key, of.not_before, of.not_after, nullptr)) == 1);
  EVP_PKEY_free(key);
}

Caller::Caller(int socket) : socket_(socket) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that may be closed
  wait_at_most_3_s(socket_);
}

Caller Caller::call(std::uint16_t port) {
  Caller out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in at = loopback(port);
  must(connect(out.socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  return out;
}

Caller::Caller(Caller&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), ssl_(std::exchange(other.ssl_, nullptr)) {}

Caller::~Caller() {
  if (ssl_) SSL_free(ssl_);
  if (socket_ >= 0) close(socket_);
}

bool Caller::shake(const TlsContext& context) {
  ssl_ = SSL_new(context.get());
  SSL_set_fd(ssl_, socket_);
  return SSL_connect(ssl_) == 1;
}

bool Caller::answer(const TlsContext& context) {
  ssl_ = SSL_new(context.get());
  SSL_set_fd(ssl_, socket_);
  return SSL_accept(ssl_) == 1;
}

bool Caller::say(BytesView bytes) {
  if (bytes.empty()) return true;
  if (ssl_) return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

void Caller::forget_tls() { SSL_free(std::exchange(ssl_, nullptr)); }

bool Caller::is_cut_off() {
  std::array<std::uint8_t, 4096> heard;
  for (;;) {
    errno = 0;
    const ssize_t got = ssl_ ? SSL_read(ssl_, heard.data(), heard.size())
                             : ::recv(socket_, heard.data(), heard.size(), 0);
    if (got <= 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  }
}

int listen_at(std::uint16_t port) {
  const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in at = loopback(port);
  must(bind(out, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && listen(out, 16) == 0);
  wait_at_most_3_s(out);
  return out;
}

int accept_at(int listening) { return ::accept(listening, nullptr, nullptr); }

std::uint16_t free_port() {
  const int held = listen_at(0);
  sockaddr_in at{};
  socklen_t size = sizeof at;
  getsockname(held, reinterpret_cast<sockaddr*>(&at), &size);
  close(held);
  return ntohs(at.sin_port);
}

}  // namespace test
