#pragma once
// What a node heard from others, for who checks a network afterwards: message by message
//
//   received i64 (ns of the chain's time), from u32, message sized
//
// big-endian, appended and not synced: its tail may be torn.

#include <fstream>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"

namespace hil {

class WireLog {
 public:
  static ledger::Result<WireLog> open(const std::string& path);
  ledger::Result<void> add(ledger::Instant received, ledger::NodeId from, ledger::BytesView bytes);

 private:
  std::string path_;
  std::ofstream file_;
};

struct HeardMessage {
  ledger::Instant received;
  ledger::NodeId from;
  ledger::Bytes bytes;
};
// All whole messages of a log's bytes.
std::vector<HeardMessage> read_wire_log(ledger::BytesView bytes);

}  // namespace hil
