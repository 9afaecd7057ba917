#include "ledger/oracle/feeder_evidence.hpp"

#include <algorithm>
#include <cstdlib>

#include "ledger/base/codec.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t evidence_version = 1;
constexpr std::int64_t most_mwh = std::int64_t{1} << 48;  // 281 GWh: sums of a few stay in 64 bits
constexpr std::int64_t most_thousandths = std::int64_t{1} << 60;
constexpr std::uint32_t most_degrees = 1'000'000;
constexpr std::int64_t three_sigma = 3000;  // thousandths

// The smallest integer whose square is not below `n`.
Wide root_up(Wide n) {
  Wide low = 0, high = Wide{1} << 63;
  while (low < high) {
    const Wide middle = (low + high) / 2;
    if (middle * middle >= n)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

std::string beyond(std::string_view name, std::int64_t value) {
  return "feeder findings: " + std::string(name) + " is " + std::to_string(value) +
         ", out of its bounds";
}

// What keeps all arithmetic below inside 64 bits.
Result<void> bounded(const FeederFindings& f) {
  struct Bound {
    std::string_view name;
    std::int64_t value, least, most;
  };
  for (const Bound& b : {Bound{"feeder_import", f.feeder_import.value, 0, most_mwh},
                         {"feeder_export", f.feeder_export.value, 0, most_mwh},
                         {"homes_import", f.homes_import.value, 0, most_mwh},
                         {"homes_export", f.homes_export.value, 0, most_mwh},
                         {"losses", f.losses.value, 0, most_mwh},
                         {"unmetered", f.unmetered.value, -most_mwh, most_mwh},
                         {"meters_sigma", f.meters_sigma.value, 1, most_mwh},
                         {"losses_sigma", f.losses_sigma.value, 0, most_mwh},
                         {"chi_square", f.chi_square, 0, most_thousandths},
                         {"largest_residual", f.largest_residual, 0, most_thousandths},
                         {"degrees_of_freedom", f.degrees_of_freedom, 0, most_degrees},
                         {"quantity", static_cast<std::int64_t>(f.quantity), 0,
                          static_cast<std::int64_t>(MeteredQuantity::phase_shares)}})
    if (b.value < b.least || b.value > b.most) return failure(beyond(b.name, b.value));
  if (f.degrees_of_freedom == 0 && f.chi_square != 0)
    return failure("feeder findings: a chi-square without degrees of freedom");
  if (f.quantity == MeteredQuantity::none &&
      (f.largest_residual != 0 || f.suspect.value != 0 || f.alike != 0))
    return failure("feeder findings: a largest residual that is of nothing");
  return {};
}

std::uint8_t verdict_of(const FeederFindings& f) {
  std::uint8_t out = 0;
  if (std::abs(f.z) > three_sigma) out |= bit(FeederRule::balance);
  if (f.degrees_of_freedom > 0 && f.chi_square > f.threshold) out |= bit(FeederRule::chi_square);
  if (f.largest_residual > three_sigma) out |= bit(FeederRule::residual);
  return out;
}

}  // namespace

Result<FeederFindings> complete(FeederFindings f) {
  if (auto ok = bounded(f); !ok) return failure(ok.error());
  const auto square = [](MilliWattHours e) { return static_cast<Wide>(e.value) * e.value; };
  f.loss_bound.value = f.losses.value + 3 * f.losses_sigma.value;
  f.balance = f.feeder_import - f.feeder_export - (f.homes_import - f.homes_export) - f.losses -
              f.unmetered;
  f.sigma.value =
      static_cast<std::int64_t>(root_up(square(f.meters_sigma) + square(f.losses_sigma)));
  f.z = mul_div_round(f.balance.value, 1000, f.sigma.value);
  f.threshold = chi_square_99(f.degrees_of_freedom);
  f.verdict = verdict_of(f);
  return f;
}

Result<void> consistent(const FeederFindings& f, const FeederSums& sums) {
  if (f.feeder_import != sums.feeder_import || f.feeder_export != sums.feeder_export)
    return failure("feeder findings: another energy at the feeder meter");
  if (f.homes_import != sums.homes_import || f.homes_export != sums.homes_export)
    return failure("feeder findings: another energy of the homes");
  const auto completed = complete(f);
  if (!completed) return failure(completed.error());
  if (*completed != f)
    return failure("feeder findings: figures that do not follow from the others");
  return {};
}

MilliWattHours mint_bound(const FeederFindings& f) {
  const MilliWattHours net = f.feeder_import - f.feeder_export;
  MilliWattHours out = f.homes_import - net + f.unmetered + f.loss_bound;
  for (int k = 0; k < 3; ++k) out += f.meters_sigma;
  return std::max(out, MilliWattHours{});
}

std::int64_t chi_square_99(std::uint32_t degrees_of_freedom) {
  if (degrees_of_freedom < 3) return std::array<std::int64_t, 3>{0, 6635, 9210}[degrees_of_freedom];
  constexpr Wide one = 1'000'000'000;
  const Wide n = degrees_of_freedom;
  const Wide part = 2 * one / (9 * n);                      // 2/9n
  const Wide deviation = root_up(2 * one * one / (9 * n));  // its root
  const Wide cube_root = one - part + 2'326'348 * deviation / 1'000'000;
  const Wide cube = cube_root * cube_root / one * cube_root / one;
  return static_cast<std::int64_t>((1000 * n * cube + one / 2) / one);
}

Bytes encode(const FeederFindings& f) {
  ByteWriter w(feeder_findings_size);
  w.u8(evidence_version)
      .u32(f.feeder)
      .u32(f.slot.value)
      .u32(f.metered)
      .u32(f.quarantined)
      .u32(f.missing);
  for (const MilliWattHours& e :
       {f.feeder_import, f.feeder_export, f.homes_import, f.homes_export, f.losses, f.unmetered,
        f.meters_sigma, f.losses_sigma, f.loss_bound, f.balance, f.sigma})
    w.i64(e.value);
  w.i64(f.z).i64(f.chi_square).u32(f.degrees_of_freedom).i64(f.threshold);
  w.i64(f.largest_residual).u32(f.suspect.value).u8(static_cast<std::uint8_t>(f.quantity));
  w.u32(f.alike).u32(f.removed).u32(f.undetectable).u8(f.verdict).u8(f.iterations);
  return w.take();
}

Result<FeederFindings> decode_feeder_findings(BytesView bytes) {
  ByteReader r(bytes);
  const std::uint8_t read_version = r.u8();
  FeederFindings f;
  f.feeder = r.u32();
  f.slot.value = r.u32();
  f.metered = r.u32();
  f.quarantined = r.u32();
  f.missing = r.u32();
  for (MilliWattHours* e :
       {&f.feeder_import, &f.feeder_export, &f.homes_import, &f.homes_export, &f.losses,
        &f.unmetered, &f.meters_sigma, &f.losses_sigma, &f.loss_bound, &f.balance, &f.sigma})
    e->value = r.i64();
  f.z = r.i64();
  f.chi_square = r.i64();
  f.degrees_of_freedom = r.u32();
  f.threshold = r.i64();
  f.largest_residual = r.i64();
  f.suspect.value = r.u32();
  f.quantity = static_cast<MeteredQuantity>(r.u8());
  f.alike = r.u32();
  f.removed = r.u32();
  f.undetectable = r.u32();
  f.verdict = r.u8();
  f.iterations = r.u8();
  if (!r.done()) return failure("feeder findings of a wrong length");
  if (read_version != evidence_version) return failure("unknown version of feeder findings");
  if (auto ok = bounded(f); !ok) return failure(ok.error());
  return f;
}

}  // namespace ledger
