#pragma once
// Messages of the next height that came while this one is still being decided or executed. Their
// signatures have been checked, so that each validator can fill its own share only: 16 votes and
// one proposal.

#include <cstdint>
#include <utility>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/time.hpp"

namespace ledger {

class HeightBuffer {
 public:
  struct Held {
    Instant received;
    ValidatorId from;
    bool is_proposal;
    Bytes bytes;
  };
  // Drops what is held already and what is beyond the sender's share.
  void add(Held message);
  // All of them, in the order of arrival; the buffer is empty afterwards.
  std::vector<Held> take() { return std::exchange(held_, {}); }

 private:
  std::vector<Held> held_;
};

}  // namespace ledger
