#pragma once
// What follows for one metering point from its minutes, batch by batch: records, what it adds to
// the batch's sums, and marks. One definition for the gateway that posts them and for the auditor
// that recomputes them.
//
// A meter is swapped by papers, which a gateway takes in the slot that they name. From then on the
// first minute that the next meter signed makes it the point's meter: sequences, registers and the
// oracle's memory begin anew, and what the papers say of the old meter counts. Until then, no mark
// is made: its registers could be either meter's.
//
// Where a meter's key changes nothing begins anew. In the slot from which the next key holds the
// first minute that it signed ends the old one; from the slot behind that on, the old one signs
// nothing any more, be the next one heard of or not.

#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/minute.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/metering/mark_rules.hpp"

namespace market {

enum class SignedBy : std::uint8_t { nobody, meter, next_meter, next_key };
constexpr bool is_new(SignedBy by) {
  return by == SignedBy::next_meter || by == SignedBy::next_key;
}

struct Minute {
  std::uint32_t first_sequence = 0;
  std::span<const ReadingBytes> readings;
  Hash root{};  // of them
  Signature signature{};
  SignedBy by{};
  std::optional<std::int64_t> received_ms;  // none: ledger/oracle/minute.hpp
};

class MeteredPoint {
 public:
  struct Kept {
    PublicKey meter_key{};
    std::optional<MeterSwap> papers;            // whose next meter has not been heard of
    MilliWattHours begin_import, begin_export;  // the meter's first registers
    std::optional<Reading> slot_end;            // the last one at a slot's end
    bool slot_quarantined = false;              // since the last mark
    MilliWattHours good_import, good_export;    // of the last record that is not quarantined
    Anchor anchor;                              // as the ledger will have it
    std::optional<NextKey> next_key;            // of the meter: not heard of yet
    PublicKey account_key{};                    // in force until the next one is
    std::optional<NextKey> next_account_key;    // the newest
    std::optional<Slot> last_slot;              // of a point that leaves
  };
  // What a life before leaves to the next: also what its oracle remembers.
  struct Memory : Kept {
    std::optional<Reading> last;
    std::optional<UsualPower> usual;
  };

  // `nights` outlives the point.
  MeteredPoint(const Registration& registration, const Genesis& genesis, const Nights& nights);
  void resume(const Memory& memory);
  Memory memory() const;

  const Registration& registration() const { return registration_; }
  const std::optional<Reading>& last() const { return oracle_.last(); }
  const PublicKey& meter_key() const { return kept_.meter_key; }

  // Refused where papers wait already or the ledger would refuse them: of another meter, account or
  // slot, not signed by the account, closing below what is settled.
  Result<void> take_papers(const Hash& chain_id, const Opening& opening, Slot now,
                           Verifier& verifier);
  // The same where the ledger has taken them.
  void accept_papers(const MeterSwap& swap);
  bool awaits_next_meter() const { return kept_.papers.has_value(); }

  // A key of the meter, or of its account, that holds from a slot on. The one before it must be
  // over; else the first one that waits is refused by `may_change`.
  // Nothing where one from its slot or a later one is accepted already: the ledger takes none
  // before those that it has.
  void accept_next_key(const NextKey& next);
  void accept_account_key(const NextKey& next);
  Result<void> may_change(KeyOf of, const NextKey& next, Slot now) const;
  // Whether a key from this slot or a later one has been accepted.
  bool has_changed(KeyOf of, Slot from) const;
  // The meter's key did in a life before, whose memory does not say so once that key is heard.
  void set_changed(Slot from);
  // It is nobody's point behind this slot.
  void leave_after(Slot last);
  bool leaves() const { return kept_.last_slot.has_value(); }
  // The last key of the meter that holds or will.
  const PublicKey& newest_key() const;
  const PublicKey& account_key(Slot slot) const;

  // Of a minute that is recorded in the slot.
  SignedBy signer_of(const MeterWord& word, Slot slot, Verifier& verifier) const;
  // By whom the minute is for who has not heard of the next key, which nobody has until it signs.
  SignedBy signer_unheard(const MeterWord& word, Verifier& verifier) const;
  const PublicKey& key_of(SignedBy by) const;
  // Whether a minute of the slot may have come before its gateway knew of the next meter, or key:
  // others may have brought the key's change to the ledger.
  bool may_lag(Slot slot) const {
    return (kept_.papers && kept_.papers->slot == slot) ||
           (kept_.next_key && kept_.next_key->from <= slot);
  }

  struct Recorded {
    MeterRecord record;
    JudgedMinute judged;
  };
  Recorded take(const Minute& minute, std::uint32_t epoch);
  MeterRecord absence(std::uint32_t epoch) const;

  // What a record adds to the sums of its batch, each >= 0: nothing of one that is quarantined.
  struct Rises {
    std::int64_t import_mwh = 0, export_mwh = 0;
  };
  std::optional<Rises> add(const MeterRecord& record);

  // The mark that follows at the slot's end, if one does; it is made once.
  std::optional<Mark> mark(Slot slot);

 private:
  MeterRecord begun(std::uint32_t epoch) const;
  void take_next_key();
  void switch_meters();

  Registration registration_;
  MeterLimits limits_;
  MarkTerms terms_;
  std::int64_t metering_ms_;
  Kept kept_;
  std::optional<Slot> changed_from_;  // of the newest key change of the meter
  MeterOracle oracle_;
};

}  // namespace market
