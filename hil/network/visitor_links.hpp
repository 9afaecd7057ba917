#pragma once
// The door for visitors: who is no node comes with one message and is answered. A door of its own,
// with its own address, so that nothing that callers do here reaches the links between nodes
// (node_links.hpp). TLS 1.3 (RFC 8446), the visitor shows any self-signed Ed25519 certificate; who
// it is says nothing. Messages are framed (message_frame.hpp).
//
// A visit: the visitor's message, of 1 to 65,536 bytes; answers, the last of which ends it.
//
// Bounds, whatever callers do: 20 are let in a second, those who come faster wait outside with the
// operating system; 16 are inside, and one more takes the place of the oldest that has said nothing
// yet, or is sent away where all have; handshake and message are done when the patience ends, and
// so is the first answer; a visit lasts 150 s. Nothing is read behind the message, and one
// message is handed over at a time.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "hil/modbus/address.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace hil {

inline constexpr std::size_t max_visit_bytes = 65'536;

struct VisitorOptions {
  Address address;
  ledger::KeySeed tls_secret{};
  std::chrono::milliseconds patience{5000};
  std::chrono::milliseconds stay{150'000};
  std::function<void(const std::string& line)> say{};  // once a second at most
};

struct VisitorCounts {
  std::uint64_t let_in = 0, sent_away = 0;
  std::uint64_t handed_over = 0;
};

class VisitorLinks {
 public:
  using Receive = std::function<void(ledger::NodeId visitor, ledger::Bytes bytes)>;

  // Listens. The error names the address.
  static ledger::Result<std::unique_ptr<VisitorLinks>> open(VisitorOptions options);
  ~VisitorLinks();

  // To one who is gone it is lost. The last answer ends the visit.
  void send(ledger::NodeId visitor, ledger::BytesView bytes, bool last);
  // Moves what has come, for two milliseconds at most, and waits for nothing; hands over one
  // message at most. Each visitor has the next number of Directory's.
  void work(const Receive& receive);

  std::size_t inside() const;
  const VisitorCounts& counts() const;

 private:
  struct State;
  explicit VisitorLinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hil
