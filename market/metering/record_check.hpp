#pragma once
// A meter's record judged anew by who did not hear the meter: the auditor of a batch, and an oracle
// that attests one. Both know the readings and their leaves, and what the records before came to.
//
// The gateway's own arrival times are on no record. A verdict may say that readings came late, and
// must say so where no arrival within the batch's interval would have been in time.

#include "ledger/openings/sealed_record.hpp"
#include "market/metering/metered_point.hpp"

namespace market {

// A record as its gateway opens it. Leaves hide readings and record under their salts.
struct OpenedRecord {
  MeterRecord record;
  Hash leaf{};
  std::vector<ReadingBytes> readings;
  std::vector<Hash> reading_leaves;
  std::vector<Signature> each;  // of the readings, where each is signed
};
// By who holds the subject's personal key.
OpenedRecord opened(const PersonalRecord& p, const SubjectKey& personal_key);

struct RecordTerms {
  const Genesis& genesis;
  const Hash& chain_id;
  Verifier& verifier;  // all outlive the check
  // The gateway may not have heard yet of a change of the meter's key, which the point knows of
  // from the ledger, and have taken what the key before it signed.
  bool hears_late = false;
};

// What the record has to be, and why it is not: empty where it is. The point takes the readings as
// an honest gateway would.
struct CheckedRecord {
  MeterRecord record;
  std::string wrong;
  bool gap = false;  // of sequence
};
CheckedRecord check_record(MeteredPoint& point, const OpenedRecord& opened,
                           const RecordTerms& terms);

// What a batch's records come to, one after the other.
class BatchTotals {
 public:
  // `leaf`: of the record as it stands in the batch.
  void add(MeteredPoint& point, const MeterRecord& record, const Hash& leaf);
  // `like` with the records' number, counts, sequences, sums and quarantine.
  Batch batch(const Batch& like, std::size_t gateways) const;

 private:
  Batch counted_;
  std::vector<Hash> quarantined_;
  std::vector<std::int64_t> imports_, exports_;
};

}  // namespace market
