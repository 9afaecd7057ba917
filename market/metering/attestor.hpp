#pragma once
// An oracle's judgement of what gateways post, before it signs: each batch recomputed from what its
// meters signed and from what the batches before came to, and each slot's marks from the batches.
//
// Of a batch: its gateway's signature; a record or an absence of each meter that is registered with
// the gateway and valid in the slot, none of another's; all that record_check.hpp asks of a record;
// counts, sequences, sums, quarantine and root. Of marks: as the batches give them, none left out.
//
// One that does not hold is said why, and is not attested. What its records should have been counts
// from there on, so that a gateway which lied once can be attested again when it no longer does.
// Each epoch and each slot's marks are judged once: said again, the answer is the same, and another
// entry in the place of one that was judged is never attested.
//
// What it keeps: of each meter what the next verdict rests on (its last reading, its registers at
// the last mark and the last good record, its usual power); hashes of what it judged lately; marks
// that are due. No readings, no records, no salts.

#include <map>
#include <set>

#include "ledger/oracle/attestation.hpp"
#include "market/metering/record_check.hpp"

namespace market {

class Attestor {
 public:
  // Of all meters behind all gateways. The verifier outlives it.
  Attestor(const Genesis& genesis, const std::vector<Registration>& meters, Verifier& verifier);
  Attestor(const Attestor&) = delete;

  struct Request {
    Transaction entry;                  // a batch; or marks, with their openings
    std::vector<Transaction> papers;    // of its points and of its key, that are not over yet
    std::vector<OpenedRecord> records;  // of the batch, by rising meter
  };
  struct Answer {
    AttestedEntry what;
    std::string wrong;      // empty: it holds
    bool too_soon = false;  // what comes before it has not been judged: ask again
  };
  Answer judge(const Request& request);

 private:
  struct Judged {
    Hash entry{};
    std::string wrong;
  };
  struct Gateway {
    KeyLine keys;
    std::map<std::uint32_t, MeteredPoint> points;  // by meter
    std::uint32_t next_epoch = 1, next_slot = 0;
    std::map<std::uint32_t, std::map<std::uint32_t, Mark>> due;  // by slot, then meter
    std::set<Hash> papers;                                       // taken already
    std::map<TransactionKind, std::map<std::uint32_t, Judged>> judged;
  };
  std::string judge_batch(Gateway& gateway, const Batch& batch, const Request& request);
  std::string judge_marks(Gateway& gateway, Slot slot, const Transaction& marks);
  std::string take_papers(Gateway& gateway, GatewayId id, const Transaction& papers, Slot now);
  std::string presence(const Gateway& gateway, const std::vector<OpenedRecord>& records,
                       std::uint32_t epoch) const;
  void owe_marks(Gateway& gateway, std::uint32_t epoch);
  bool is_signed(const Transaction& tx, const PublicKey& key) const;

  Genesis genesis_;
  Hash chain_id_{};
  Nights nights_;
  Verifier& verifier_;
  std::vector<Gateway> gateways_;
};

}  // namespace market
