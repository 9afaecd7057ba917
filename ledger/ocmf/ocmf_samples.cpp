#include "ledger/ocmf/ocmf_samples.hpp"

#include <algorithm>

#include "ledger/ocmf/in_quotes.hpp"

namespace ledger {
namespace {

// The next group of a code, in capitals and without leading zeros.
std::string take_group(std::string_view& code, std::string_view ends) {
  const auto end = std::min(code.find_first_of(ends), code.size());
  std::string group(code.substr(0, end));
  code.remove_prefix(std::min(end + 1, code.size()));
  group.erase(0, std::min(group.find_first_not_of('0'), group.size()));
  std::transform(group.begin(), group.end(), group.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return group;
}

bool has_form(std::string_view obis) {
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  std::string separators;
  bool group = false;
  for (const char c : obis) {
    const bool digit = digits.find(c) != std::string_view::npos;
    if (!digit && !group) return false;
    if (!digit) separators += c;
    group = digit;
  }
  return group && (separators == "-:.." || separators == "-:..*" || separators == "-:...");
}

// Decimals of a mWh that one of the unit has.
std::optional<std::size_t> decimals_of(std::string_view unit) {
  if (unit == "kWh") return 6;
  if (unit == "Wh") return 3;
  return std::nullopt;
}

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes a value into the sample's register where it names one.
Result<bool> take(const OcmfReading& reading, OcmfSample& out) {
  const OcmfRegister which = register_of(reading.obis);
  if (reading.value.empty() || which == OcmfRegister::other) return true;
  auto& place = which == OcmfRegister::import_total   ? out.import_total
                : which == OcmfRegister::export_total ? out.export_total
                                                      : out.of_transaction;
  if (place) return failure("RI is " + in_quotes(reading.obis) + " a second time for one moment");
  const auto energy = energy_of(reading.value, reading.unit);
  if (!energy) return failure(energy.error());
  place = *energy;
  return true;
}

bool same_moment(const OcmfSample& sample, const OcmfReading& reading) {
  return sample.time == reading.time && sample.time_state == reading.time_state &&
         sample.transaction == reading.transaction;
}

bool has_energy(const OcmfSample& s) {
  return s.import_total || s.export_total || s.of_transaction;
}

}  // namespace

OcmfRegister register_of(std::string_view obis) {
  if (!has_form(obis)) return OcmfRegister::other;
  const std::string a = take_group(obis, "-"), b = take_group(obis, ":"), c = take_group(obis, "."),
                    d = take_group(obis, "."), e = take_group(obis, ".*"), f = take_group(obis, "");
  if (a != "1" || !(b.empty() || b == "B") || d != "8" || !(e.empty() || e == "E"))
    return OcmfRegister::other;
  const bool current = f.empty() || f == "255" || f == "FF";
  if (c == "1")
    return current      ? OcmfRegister::import_total
           : f == "198" ? OcmfRegister::transaction
                        : OcmfRegister::other;
  if (!current) return OcmfRegister::other;
  return c == "2"    ? OcmfRegister::export_total
         : c == "98" ? OcmfRegister::transaction
                     : OcmfRegister::other;
}

Result<MilliWattHours> energy_of(std::string_view value, std::string_view unit) {
  const auto fail = [&](const char* why) {
    return failure(in_quotes(value) + " " + in_quotes(unit) + " " + why);
  };
  const auto decimals = decimals_of(unit);
  if (!decimals) return fail("is no energy in Wh or kWh");
  const auto point = value.find('.');
  const std::string_view whole = value.substr(0, point);
  std::string_view part =
      point == std::string_view::npos ? std::string_view() : value.substr(point + 1);
  if (whole.empty() || !all_digits(whole) || !all_digits(part))
    return fail("has a sign or an exponent; a register has digits and a point only");
  while (part.ends_with('0')) part.remove_suffix(1);
  if (part.size() > *decimals) return fail("is not a whole number of mWh");
  MilliWattHours out;
  const std::string digits =
      std::string(whole) + std::string(part) + std::string(*decimals - part.size(), '0');
  for (const char c : digits)
    if (__builtin_mul_overflow(out.value, std::int64_t{10}, &out.value) ||
        __builtin_add_overflow(out.value, std::int64_t{c - '0'}, &out.value))
      return fail("is beyond 2^63 mWh");
  return out;
}

Result<std::vector<OcmfSample>> samples_of(const OcmfRecord& record) {
  std::vector<OcmfSample> out;
  bool broken = false;  // an exception of the transaction reaches to its end
  for (std::size_t i = 0; i < record.readings.size(); ++i) {
    const OcmfReading& r = record.readings[i];
    broken = (broken && r.transaction != "B") || r.transaction == "X";
    if (out.empty() || !same_moment(out.back(), r)) {
      out.emplace_back();
      out.back().time = r.time;
      out.back().time_state = r.time_state;
      out.back().transaction = r.transaction;
    }
    OcmfSample& sample = out.back();
    const auto taken = take(r, sample);
    if (!taken) return failure("RD[" + std::to_string(i) + "]: " + taken.error());
    const bool bad_energy = r.error_flags.find('E') != std::string::npos || r.meter_state != "G";
    const bool bad_time = r.error_flags.find('t') != std::string::npos;
    sample.energy_usable = sample.energy_usable && !bad_energy && !broken;
    sample.time_usable = sample.time_usable && !bad_time && !broken;
  }
  out.erase(std::remove_if(out.begin(), out.end(), [](const auto& s) { return !has_energy(s); }),
            out.end());
  return out;
}

Verdict time_verdict(const OcmfSample& sample) {
  if (!sample.time_usable || sample.time_state == OcmfTimeState::unsynchronised)
    return bit(Rule::time_apart);
  return sample.time_state == OcmfTimeState::synchronised ? Verdict{0}
                                                          : bit(Rule::time_informative);
}

Result<Reading> reading_of(const OcmfSample& sample, CivilTime epoch, std::uint32_t sequence) {
  if (!sample.energy_usable) return failure("the meter says of its energy that it is of no use");
  if (!sample.import_total) return failure("there is no total import (1-0:1.8.0)");
  const Reading out{sequence,
                    sample.time.unix_ms - epoch.unix_ms,
                    *sample.import_total,
                    sample.export_total.value_or(MilliWattHours{}),
                    0,
                    0};
  if (!encode(out)) return failure("its time or a register is outside of 0 to 2^40 - 1 ms or mWh");
  return out;
}

}  // namespace ledger
