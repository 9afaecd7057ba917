#pragma once
// What becomes of energy that was quarantined. It settled with the retailer, by the first good mark
// behind the quarantine (`recovering`, market/metering/mark_rules.hpp), and minted nothing: each
// such statement leaves a case behind it, named by meter and slot. A ruling decides a case, once:
//
//   release      the readings were right after all: what was exported is minted, of the vintage of
//                the slot that settled it, and goes to the retailer, who paid the feed-in for it
//   replacement  other energies stand in the bill's place: what the retailer's tariff makes of the
//                difference is posted, in either direction; nothing is minted, ever
//   rejection    nothing changes
//
// Nothing settled is changed: what a ruling moves is a compensating entry in the slot that it acts
// in, when that slot closes. No trade is made up for: others have settled against its absence.
//
// ruling  body     slot u32 (that it acts in), count u32, registrar's signature 64
//         opening  account 16, version u8 = 1, meter u32, slot u32 (that it acts in), settled u32
//                  (the slot of the statement), outcome u8 (0 release, 1 replacement,
//                  2 rejection), imported i64, exported i64 (Wh, of that statement), import in
//                  place i64, export in place i64 (Wh, 0 but of a replacement)
//
// The registrar signs: who registers and swaps meters answers for their readings.

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/entries/journal.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

using namespace ledger;

enum class Outcome : std::uint8_t { release = 0, replacement = 1, rejection = 2 };
std::string_view name_of(Outcome outcome);

struct Ruling {
  AccountId account;
  MeterId meter;
  Slot slot;     // at whose close it acts
  Slot settled;  // of the statement that settled the energy
  Outcome outcome{};
  WattHours imported, exported;  // as that statement has them
  WattHours import_in_place, export_in_place;

  auto operator<=>(const Ruling&) const = default;
};

struct RulingBody {
  Slot slot;
  std::uint32_t count = 0;
  Signature signature{};
};

Bytes encode(const Ruling& ruling);
Bytes encode(const RulingBody& body);
// Energies are 0 to 2^40 Wh.
Result<Ruling> decode_ruling(BytesView opening);
Result<RulingBody> decode_ruling_body(BytesView body);

Opening opening_of(const SubjectKey& restricted_key, const Ruling& ruling);

// What a ruling moves: the home pays more, or less where below 0.
struct Correction {
  AccountId account;
  Slot vintage;
  MicroEuros retail_energy, grid_fee, levies, feed_in;
  MicroEuros total;  // retail energy + grid fee + levies - feed-in
  WattHours minted;
};
Correction correction_of(const Ruling& ruling, const Tariff& tariff);

// One posting a line that is not 0.
void add_postings(const Correction& correction, std::vector<Posting>& postings);

// Energy of one meter that waits for a ruling.
struct QuarantineCase {
  Slot since;  // the first slot whose energy it holds
  WattHours imported, exported;
};
// By meter and the slot that settled it.
using CaseId = std::pair<std::uint32_t, std::uint32_t>;

}  // namespace market
