#pragma once
// A stranger on the line: connects to a node as it likes, with the certificate it likes, and says
// what it likes. Every call waits three seconds at most.

#include <openssl/ssl.h>
#include <string>

#include "ledger/base/bytes.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace test {

// Whose certificate is shown, and with which secret it is backed.
struct ShownIdentity {
  ledger::KeySeed secret{};
  ledger::PublicKey shown{};  // in the certificate; in truth the secret's, or another's
  std::string not_before = "20000101000000Z", not_after = "99991231235959Z";
};
ShownIdentity honest(const ledger::KeySeed& secret);

class TlsContext {
 public:
  TlsContext();  // TLS 1.3, no certificate, trusts anybody
  explicit TlsContext(const ShownIdentity& identity);
  ~TlsContext() { SSL_CTX_free(context_); }
  TlsContext(const TlsContext&) = delete;
  void show_p256();                                  // a key of another kind
  void append_certificate(const ShownIdentity& of);  // behind its own
  SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* context_;
};

class Caller {
 public:
  explicit Caller(int socket);  // takes it
  static Caller call(std::uint16_t port);
  ~Caller();
  Caller(Caller&& other) noexcept;

  bool shake(const TlsContext& context);
  bool answer(const TlsContext& context);  // the server's part
  // In the TLS session where there is one, else as it is. Whether all was taken.
  bool say(ledger::BytesView bytes);
  void forget_tls();  // what it says goes out as it is from here on
  // Whether the other end ends the connection; what it says before that is passed over.
  bool is_cut_off();

 private:
  int socket_;
  SSL* ssl_ = nullptr;
};

// A port of loopback that nobody holds now.
std::uint16_t free_port();
// Listens there; the socket.
int listen_at(std::uint16_t port);
// The next connection of a listening socket.
int accept_at(int listening);

}  // namespace test
