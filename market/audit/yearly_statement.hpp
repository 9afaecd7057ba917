#pragma once
// What an account's year comes to, for a tax office and a sustainability report: sums of the lines
// of its settled slots, of what rulings corrected and of what contracts and measures of the grid
// operator paid, from the public log
// and the account's openings alone. An opening counts where it stands under its entry's openings
// root.
//
// A slot's figures belong to the local month, day and hour in which it began. Energy that a
// statement settles for several slots at once (`since` below its slot,
// market/metering/mark_rules.hpp) is counted where it was settled, and named in `late_wh`. A
// ruling's amounts belong to the slot that it acts in, a measure's to the one that it is paid in,
// also of an account that has left by then.
//
// CO2, in mg: import from the retailer at the grid mix's factor, energy of neighbours at the
// factor of local generation, both g/kWh, which is mg/Wh; what was fed in or sold is told as
// avoided, at the difference of the two.
//
// Origin of what was bought, by month of the vintage and by feeder: where pairs were made
// (market/settlement/deal_settlement.hpp) the feeder of each seller; else in proportion to what the
// slot's sellers of each feeder delivered, by largest remainder, ties to the lower feeder. Where
// not all statements of the slot are at hand, as a household holds its own alone, the feeder is
// unknown.

#include <array>
#include <map>

#include "ledger/base/local_time.hpp"
#include "market/audit/openings.hpp"
#include "market/entries/account_entries.hpp"
#include "market/settlement/flexibility.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

// Of one group of slots; energies in Wh, amounts in micro-euro.
struct StatementSums {
  std::uint32_t slots = 0;
  std::int64_t imported_wh = 0, exported_wh = 0, bought_wh = 0, sold_wh = 0;
  std::int64_t from_retailer_wh = 0, fed_in_wh = 0;  // the rest of import and of export
  std::int64_t minted_wh = 0, retired_wh = 0, late_wh = 0;
  std::int64_t trade_paid = 0, trade_earned = 0, local_grid_fee = 0, trade_levies = 0;
  std::int64_t retail_energy = 0, grid_fee = 0, levies = 0, feed_in = 0, total = 0;
  std::int64_t capacity = 0;  // charges of the capacity tariff (market/settlement/capacity.hpp)
  std::int64_t highest_import_wh = 0;  // of a slot, in that tariff's months; 0 without one

  // False where a sum is beyond 64 bits, which no ledger's own statements reach.
  bool add(const Statement& s);
  auto operator<=>(const StatementSums&) const = default;
};

struct CorrectionSums {
  std::uint32_t rulings = 0;
  std::int64_t retail_energy = 0, grid_fee = 0, levies = 0, feed_in = 0, total = 0;
};

// Grams of CO2 a kWh. By default the German mix of 2023 (Umweltbundesamt, 2024: 380) and rooftop
// PV over its life (IPCC AR5, WG III, annex III, table A.III.2, median: 41).
struct EmissionFactors {
  std::int64_t grid_g_per_kwh = 380, local_g_per_kwh = 41;
};

struct Emissions {
  std::int64_t grid_mg = 0, local_mg = 0, avoided_mg = 0;
};
Emissions emissions_of(const StatementSums& sums, const EmissionFactors& factors);

// The value-added tax contained in what the account paid to retailer, grid operator and state,
// rounded once, half away from zero; neighbours' energy is without (private sellers: in Germany
// UStG section 19). Genesis says the rate.
std::int64_t vat_in(const StatementSums& sums, const CorrectionSums& corrections,
                    std::uint32_t permille);

inline constexpr std::uint32_t unknown_feeder = UINT32_MAX;

struct YearlyStatement {
  AccountId account;
  std::int32_t year = 0;
  StatementSums all;
  std::array<StatementSums, 12> by_month{};
  std::array<StatementSums, 24> by_hour{};
  std::map<std::pair<std::int32_t, std::int32_t>, StatementSums> by_day;  // month, day
  CorrectionSums corrections;
  // What the grid operator paid, by contract and for measures, and got by contract, micro-euro
  // (market/settlement/flexibility.hpp).
  std::int64_t flexibility = 0, relief = 0, compensation = 0, curtailment = 0;
  std::map<std::pair<std::int32_t, std::uint32_t>, std::int64_t> origin_wh;  // month, feeder
  // Tokens: of those that it held by contract; retired by hand beside what slots retired.
  std::int64_t received_wh = 0, given_wh = 0, retired_for_consumption_wh = 0, retired_green_wh = 0;
  std::vector<Statement> statements;  // of the year, by slot
  // By name, of the slots in which a contract of sub-meters stood; their sums are `let`. What
  // corrections and contracts with the grid operator come to is the account's own.
  std::map<std::array<std::uint8_t, 16>, StatementSums> by_tenant;
  StatementSums let;
  std::int64_t balance = 0;  // after the last of them
};

// The error: an account with nothing in the year, openings that are not their entries', or what no
// ledger has: a slot beyond the year 9998, sums beyond 64 bits, charges of the capacity tariff that
// do not follow one from the other (market/audit/capacity_watch.hpp).
Result<YearlyStatement> yearly_statement(const PublicLog& log, const Openings& openings,
                                         const AccountId& account, const Zone& zone,
                                         std::optional<std::int32_t> year);

}  // namespace market
