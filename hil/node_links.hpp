#pragma once
// Messages between nodes that are processes of their own: TCP with TLS 1.3, one connection a pair,
// dialled by the node of the higher id, made again whenever it breaks. Who a message is from is who
// the connection's key belongs to (tls_identity.hpp), never what the message says.
//
// On the wire each message is its length, u32 big-endian, and its bytes; at most max_message_bytes.
// Nothing is promised: what finds no connection, or no room in its queue, is lost, as it might be
// in the network itself; nodes repeat what matters. Bounds: a peer that is read faster than its
// messages are taken is not read on; connections without a finished handshake are few and short.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hil/address.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace hil {

inline constexpr std::size_t max_message_bytes = 8u << 20;

struct LinkPeer {
  ledger::NodeId id;
  Address address;
  ledger::PublicKey tls_key{};
};

struct LinkOptions {
  ledger::NodeId self;
  ledger::KeySeed tls_secret{};
  std::vector<LinkPeer> nodes;  // all with whom there are links, and self
  // One-way delay that every message is given on top, for experiments on one machine.
  std::chrono::nanoseconds delay{};
};

struct LinkCounts {
  std::uint64_t sent = 0, received = 0, bytes_sent = 0, bytes_received = 0;
  std::uint64_t lost = 0;     // no connection or no room
  std::uint64_t refused = 0;  // handshakes that failed and messages too long
};

class NodeLinks {
 public:
  using Receive = std::function<void(ledger::NodeId from, ledger::Bytes bytes)>;

  // Listens at self's address. The error names it.
  static ledger::Result<std::unique_ptr<NodeLinks>> open(LinkOptions options);
  ~NodeLinks();

  void send(ledger::NodeId to, ledger::BytesView bytes);
  // Moves messages until `until`, or until one is there to be taken; then hands over those that
  // are.
  void work(std::chrono::steady_clock::time_point until, const Receive& receive);

  std::size_t connected() const;
  const LinkCounts& counts() const;

 private:
  struct State;
  explicit NodeLinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hil
