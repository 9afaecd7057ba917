#pragma once
// What the meters of one feeder say together in one market slot: the energy balance against the
// feeder's own meter, and a weighted least squares state estimation on the feeder's network. The
// ledger knows no network, so it asks this interface; floats stay with whoever answers it. The
// findings are integers, signed by who computed them, and a validator checks with `consistent` that
// they follow from each other and from the sums that it knows itself. They name meters and hold a
// feeder's sums: RESTRICTED, so they belong in an opening.
//
// Energies, mWh. I, E: import and export of the homes whose energy counts; F: the feeder meter's
// net, import positive; L: losses of the network; U: net draw of what is not metered, quarantined
// or missing homes among it. Conservation in a slot says of the true energies
//   F = I - E + L + U                                                                       (1)
// so that the balance  b = F - (I - E) - L - U  is 0 but for the errors of meters, of L and of U.
// Energy that nobody's meter counts, or export that nobody made, lets it rise. It fails a feeder
// whose |b| > 3 sigma, sigma^2 = meters_sigma^2 + losses_sigma^2; meters_sigma is of all meters and
// of U.
//
// Minted energy and the feeder meter (audit's R8). Energy made and used below the feeder meter
// never passes it, so that meter alone bounds no mint. Of (1), solved for export with what is known
// of each term,
//   true export <= I - F + U + loss_bound + 3 meters_sigma,   loss_bound = L + 3 losses_sigma  (2)
// holds in all but one of 740 slots (errors beyond 3 sigma on one side). What mints is metered
// export that is not quarantined, and if it was made it is part of the true one. R8 for a feeder
// and any of its slots: the sum of what they minted <= the sum of (2). Bounds of slots add up,
// since a meter's error is much the same in all of them. Whoever reports less import than he drew
// lowers the bound, whoever reports more pays for it.
//
// Encoding, 164 bytes:
//   0    version            u8    1
//   1    feeder             u32
//   5    slot               u32
//   9    metered            u32   homes whose energy counts
//   13   quarantined        u32
//   17   missing            u32
//   21   feeder_import      i64   mWh, as are all to offset 101
//   29   feeder_export      i64
//   37   homes_import       i64
//   45   homes_export       i64
//   53   losses             i64
//   61   unmetered          i64
//   69   meters_sigma       i64
//   77   losses_sigma       i64
//   85   loss_bound         i64
//   93   balance            i64
//   101  sigma              i64
//   109  z                  i64   thousandths: balance / sigma
//   117  chi_square         i64   thousandths
//   125  degrees_of_freedom u32
//   129  threshold          i64   thousandths: chi-square at 99 % of these degrees, 0 of none
//   137  largest_residual   i64   thousandths, of its standard deviation; without sign
//   145  suspect            u32   the meter that it belongs to
//   149  quantity           u8    what of it; none where no residual can be told
//   150  alike              u32   other measurements whose residual is within 1 % of it: which of
//                                 them is wrong cannot be told
//   154  removed            u32   measurements that had to go before the others agreed (0: agree)
//   158  undetectable       u32   measurements that no other one checks: wrong, they stay unseen
//   162  verdict            u8    of FeederRule
//   163  iterations         u8    of the estimation

#include <vector>

#include "ledger/base/amounts.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"

namespace ledger {

// What one metering point's meter measured in the slot.
struct PointEnergy {
  MeterId meter;
  MilliWattHours import_energy, export_energy;  // >= 0
  std::int64_t mean_voltage_mv = 0;             // of its lowest used phase; 0: not known
  bool quarantined = false;                     // measured, but not believed
};

// A metering point of the feeder from which nothing came is simply not among `homes`.
struct FeederSlot {
  std::uint32_t feeder = 0;
  Slot slot;
  std::int64_t slot_ms = 0;  // its length
  PointEnergy feeder_meter;
  std::vector<PointEnergy> homes;
};

// Bits of a verdict.
enum class FeederRule : std::uint8_t {
  balance = 1 << 0,     // |z| > 3
  chi_square = 1 << 1,  // beyond its 99 % point
  residual = 1 << 2,    // the largest normalised residual > 3
};
constexpr std::uint8_t bit(FeederRule rule) { return static_cast<std::uint8_t>(rule); }

// What a residual is of. The last two are not measured but assumed: a power factor, equal shares of
// three phases.
enum class MeteredQuantity : std::uint8_t { none, energy, voltage, reactive_power, phase_shares };

struct FeederFindings {
  std::uint32_t feeder = 0;
  Slot slot;
  std::uint32_t metered = 0, quarantined = 0, missing = 0;
  MilliWattHours feeder_import, feeder_export, homes_import, homes_export;
  MilliWattHours losses, unmetered;
  MilliWattHours meters_sigma, losses_sigma;
  MilliWattHours loss_bound, balance, sigma;  // these four follow from the above
  std::int64_t z = 0;
  std::int64_t chi_square = 0;
  std::uint32_t degrees_of_freedom = 0;
  std::int64_t threshold = 0;  // follows
  std::int64_t largest_residual = 0;
  MeterId suspect;
  MeteredQuantity quantity = MeteredQuantity::none;
  std::uint32_t alike = 0, removed = 0, undetectable = 0;
  std::uint8_t verdict = 0;  // follows
  std::uint8_t iterations = 0;

  auto operator<=>(const FeederFindings&) const = default;
};

class FeederEvidence {
 public:
  virtual ~FeederEvidence() = default;
  // A failure says why nothing can be found: a meter that the feeder does not have, no feeder
  // meter, an estimation that does not converge. That is a finding too, and never an "all well".
  virtual Result<FeederFindings> find(const FeederSlot& slot) = 0;
};

// Findings with every field that follows from others: loss bound, balance, sigma (rounded up), z,
// threshold and verdict. Fails where a figure is out of bounds.
Result<FeederFindings> complete(FeederFindings findings);

// What a validator knows of the slot from its marks: homes that are not quarantined.
struct FeederSums {
  MilliWattHours feeder_import, feeder_export, homes_import, homes_export;
};

// Whether the findings are about these sums and follow from themselves; in integers alone.
Result<void> consistent(const FeederFindings& findings, const FeederSums& sums);

// The right side of (2), at least 0.
MilliWattHours mint_bound(const FeederFindings& findings);

// The 99 % point of chi-square, thousandths. One and two degrees from tables; others by Wilson and
// Hilferty (Proc. Nat. Acad. Sci. 17, 1931), n (1 - 2/9n + 2.326348 sqrt(2/9n))^3 in fixed point:
// within 0.25 %, from twenty degrees on within 0.1 %. 0 for none.
std::int64_t chi_square_99(std::uint32_t degrees_of_freedom);

inline constexpr std::size_t feeder_findings_size = 164;
Bytes encode(const FeederFindings& findings);
Result<FeederFindings> decode_feeder_findings(BytesView bytes);

}  // namespace ledger
