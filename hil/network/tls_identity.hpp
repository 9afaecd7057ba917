#pragma once
// Who a node is on the wire: an Ed25519 key in a self-signed X.509 certificate that is made anew at
// each start. Nodes know each other's keys beforehand, so that no authority stands between them:
// TLS 1.3 (RFC 8446) alone, both ends show a certificate, and what counts of it is its key.

#include <memory>
#include <optional>
#include <set>

#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace hil {

// Sets a TLS context up for the node with this secret: only who holds one of `trusted` gets through
// its handshakes. `trusted` outlives the context.
ledger::Result<void> set_up_tls(SSL_CTX* context, const ledger::KeySeed& secret,
                                const std::set<ledger::PublicKey>& trusted);

// The same where anybody gets through who shows an Ed25519 key and holds its secret.
ledger::Result<void> set_up_tls_for_anybody(SSL_CTX* context, const ledger::KeySeed& secret);

// The key of the other end, after a handshake.
std::optional<ledger::PublicKey> peer_key(const SSL* connection);

}  // namespace hil
