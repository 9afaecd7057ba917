#pragma once
// Messages between nodes that are processes of their own: TCP with TLS 1.3, one connection a pair,
// dialled by the node of the higher id, made again whenever it breaks. Who a message is from is who
// the connection's key belongs to (tls_identity.hpp), never what the message says.
//
// On the wire each message is framed (message_frame.hpp).
// Nothing is promised: what finds no connection, or no room in its queue, is lost, as it might be
// in the network itself; nodes repeat what matters.
//
// Bounds, whatever others do: a peer whose messages are not taken as fast as they come is not read
// on at 2 MiB; each peer has one message taken in its turn, so that a flood delays its sender
// alone; 16 MiB wait for a peer and 48 MiB for all of them; a peer that takes nothing of what waits
// for it is cut off after twice the patience. Without a finished handshake there are 64
// connections, each for as long as the patience lasts; one more takes the place of the oldest.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/network/message_frame.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace hil {

struct LinkPeer {
  ledger::NodeId id;
  Address address;
  ledger::PublicKey tls_key{};
  std::string name;
  std::size_t max_message = max_message_bytes;  // from it
};

struct LinkOptions {
  ledger::NodeId self;
  ledger::KeySeed tls_secret{};
  std::vector<LinkPeer> nodes;  // all with whom there are links, and self
  // One-way delay that every message is given on top, for experiments on one machine.
  std::chrono::nanoseconds delay{};
  std::chrono::milliseconds patience{5000};  // with a call and its handshake
  // Told of what is refused and of links that end, once a second at most.
  std::function<void(const std::string& line)> say{};
};

struct LinkCounts {
  std::uint64_t sent = 0, received = 0, bytes_sent = 0, bytes_received = 0;
  std::uint64_t lost = 0;     // no connection or no room
  std::uint64_t refused = 0;  // connections: no handshake, or a length out of bounds
};

class NodeLinks {
 public:
  using Receive = std::function<void(ledger::NodeId from, ledger::Bytes bytes)>;

  // Listens at self's address. The error names it.
  static ledger::Result<std::unique_ptr<NodeLinks>> open(LinkOptions options);
  ~NodeLinks();

  void send(ledger::NodeId to, ledger::BytesView bytes);
  // Moves messages until `until`, or until some are there to be taken; then hands over one of each
  // peer.
  void work(std::chrono::steady_clock::time_point until, const Receive& receive);

  std::size_t connected() const;
  const LinkCounts& counts() const;

 private:
  struct State;
  explicit NodeLinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hil
