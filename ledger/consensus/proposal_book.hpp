#pragma once
// The proposals of one height, the first of each round, and the values they carry. A value's bytes
// are kept once, whatever number of rounds proposes it.

#include <cstdint>
#include <map>
#include <optional>

#include "ledger/consensus/messages.hpp"

namespace ledger {

enum class Validity : std::uint8_t { unknown, valid, invalid };

class ProposalBook {
 public:
  struct Entry {
    Proposal proposal;  // without the value's bytes
    bool timely;        // proposer-based time: it came when its timestamp says it should
  };
  struct Content {
    Bytes bytes;  // empty once it is found invalid: nobody wants it any more
    Validity validity = Validity::unknown;
    std::uint32_t last_round = 0;  // the highest that proposed it
  };

  // The first proposal of its round; a later one changes nothing.
  void add(Proposal proposal, bool timely);
  // Returns whether the value is new. The bytes are those of the id: one id has one form.
  bool add_value(const Hash& id, Bytes bytes, std::uint32_t round);
  void judge(const Hash& id, bool valid);  // an unknown id changes nothing

  // Two values a round are kept: a proposer that says more is Byzantine, and nothing is lost.
  bool has_room(std::uint32_t round) const;

  const Entry* find(std::uint32_t round) const;
  const Content* content(const Hash& id) const;
  // A value that is there, for good: the height ends.
  Bytes take(const Hash& id);
  Validity validity(const Hash& id) const;  // unknown too where the value itself is

  // Forgets the values that only rounds before this one proposed, but for the two named: what
  // Byzantine proposers say takes memory for a bounded time only.
  void forget_before(std::uint32_t round, const std::optional<Hash>& keep_one,
                     const std::optional<Hash>& keep_two);

 private:
  std::map<std::uint32_t, Entry> entries_;
  std::map<Hash, Content> contents_;
};

}  // namespace ledger
