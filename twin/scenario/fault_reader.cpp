#include "twin/scenario/fault_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace twin {
namespace {

using ledger::Duration;

constexpr std::size_t most_validators = 100, most_homes = 4000;
constexpr std::uint32_t most_gateways = 10'000;
constexpr Duration longest = ledger::hours(24) * 366;
constexpr std::int64_t most_clock_ms = 2'000'000'000'000;  // a clock that shows 1970

// The number in "validator-3", where it is one below `count`.
std::optional<std::uint32_t> number_in(const std::string& name, const std::string& of,
                                       std::uint32_t count) {
  std::uint32_t n = 0;
  if (name.compare(0, of.size(), of) != 0) return std::nullopt;
  const char *first = name.data() + of.size(), *last = name.data() + name.size();
  const auto [end, error] = std::from_chars(first, last, n);
  if (error != std::errc{} || end != last || n >= count || name != of + std::to_string(n))
    return std::nullopt;
  return n;
}

// How many gateways there are is known once the homes are.
void read_targets(TomlTable& t, std::uint32_t validators, ValidatorFault& f) {
  const bool gateways = f.kind != ValidatorFault::Kind::equivocate;
  const std::string wants = "\"validator-0\" to \"validator-" + std::to_string(validators - 1) +
                            (gateways ? "\" or \"gateway-0\" and so on" : "\"") +
                            ", one or a list of them";
  std::set<std::uint32_t> found, found_gateways;
  const auto names = t.texts("target", most_validators);
  f.where_target = t.where(t.has("target") ? "target" : "");
  if (names.empty()) t.refuse("target", wants);
  for (const std::string& name : names) {
    const auto v = number_in(name, "validator-", validators);
    const auto g = number_in(name, "gateway-", gateways ? most_gateways : 0);
    if (!v && !g)
      t.fail("target", "found \"" + cut(name) + "\"; wants " + wants);
    else if (!(v ? found.insert(*v) : found_gateways.insert(*g)).second)
      t.fail("target", "found \"" + name + "\" twice");
  }
  f.targets = {found.begin(), found.end()};
  f.gateways = {found_gateways.begin(), found_gateways.end()};
}

template <class Fault>
bool at_one_time(const Fault& a, const Fault& b) {
  return a.at < b.at + b.length && b.at < a.at + a.length;
}

template <class Target>
bool share_one(const std::vector<Target>& a, const std::vector<Target>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

FaultSpec read_grid_fault(TomlTable& t, const TimeSpec& time,
                          const std::vector<FaultSpec>& before) {
  FaultSpec f;
  f.at = t.duration("at", {});
  f.length = t.duration("for", ledger::hours(1));
  for (const auto& [key, value] : {std::pair{"at", f.at}, {"for", f.length}})
    if (value % time.physics_step != Duration{})
      t.fail(key, "found " + ledger::to_text(value) + "; wants a multiple of time.physics_step (" +
                      ledger::to_text(time.physics_step) + ")");
  if (!before.empty() && f.at < before.back().at + before.back().length)
    t.refuse("at", "at or after the end of the fault of the grid before it");
  return f;
}

ValidatorFault read_validator_fault(TomlTable& t, const std::string& kind, std::uint32_t validators,
                                    const std::vector<ValidatorFault>& before) {
  ValidatorFault f;
  f.kind = enum_named<ValidatorFault::Kind>(kind, names_of_validator_faults());
  f.at = t.duration("at", {});
  f.length = t.duration("for", ledger::hours(1));
  read_targets(t, validators, f);
  f.delay = t.duration("delay", ledger::milliseconds(500));
  f.offset = ledger::milliseconds(t.integer("offset_ms", 1000, -60'000, 60'000));
  if (f.delay > ledger::minutes(1)) t.refuse("delay", "at most 1m");
  for (const ValidatorFault& other : before)
    if (f.kind == other.kind && at_one_time(f, other) &&
        (share_one(f.targets, other.targets) || share_one(f.gateways, other.gateways)))
      t.refuse("at", "a time at which no other fault of this kind acts on the target");
  return f;
}

MeterFault read_meter_fault(TomlTable& t, const std::string& kind, const Scenario& s) {
  MeterFault f;
  f.kind = enum_named<MeterFault::Kind>(kind, names_of_meter_faults());
  const bool for_good =
      f.kind == MeterFault::Kind::meter_swap || f.kind == MeterFault::Kind::meter_rollover;
  f.at = t.duration("at", {});
  f.length = t.duration("for", ledger::hours(1));
  f.homes = t.texts("target", most_homes);
  f.where_target = t.where(t.has("target") ? "target" : "");
  if (f.homes.empty()) t.refuse("target", "the name of a home, one or a list of them");
  f.papers = t.boolean("papers", true);
  f.factor = t.number("factor", 1, 0, 100);
  f.offset_w = static_cast<std::int32_t>(t.integer("offset_w", 0, -1'000'000, 1'000'000));
  f.energy = {std::llround(1e6 * t.number("energy_kwh", 1, 0.001, 100'000))};
  f.modulus = {1'000'000 * t.integer("modulus_kwh", 1'000'000, 1, 1'000'000)};
  f.declared = t.boolean("declared", true);
  f.clock = ledger::milliseconds(t.integer("offset_ms", 1000, -most_clock_ms, most_clock_ms));
  f.drift_ppm = t.number("drift_ppm", 20, -100'000, 100'000);
  if (f.kind == MeterFault::Kind::meter_swap && s.ledger.signing == ledger::Signing::gateway)
    t.fail("kind", "a meter without a key (ledger.signing = \"gateway\") has no papers to swap by");
  if (for_good && f.at % s.ledger.batch_interval != Duration{})
    t.refuse("at", "a multiple of ledger.batch_interval (" +
                       ledger::to_text(s.ledger.batch_interval) + "), at which a meter is swapped");
  for (const MeterFault& other : s.meter_faults)
    if (f.kind == other.kind && (for_good || at_one_time(f, other)) &&
        share_one(f.homes, other.homes))
      t.refuse("at",
               "a time at which no other fault of this kind acts on the target, and one swap");
  return f;
}

const std::vector<std::string>& ways_of(Attack::Kind kind) {
  static const std::vector<std::string> none{""}, omits{"count", "list", "absence"},
      mints{"again", "more"};
  return kind == Attack::Kind::omit_home ? omits : kind == Attack::Kind::double_mint ? mints : none;
}

Attack read_attack(TomlTable& t, const std::string& kind, const Scenario& s) {
  Attack a;
  a.kind = enum_named<Attack::Kind>(kind, names_of_attacks());
  a.at = t.duration("at", {});
  a.length = t.duration("for", ledger::hours(1));
  a.homes = t.texts("target", most_homes);
  a.where_target = t.where(t.has("target") ? "target" : "");
  if (a.homes.empty()) t.refuse("target", "the name of a home, one or a list of them");
  if (a.kind == Attack::Kind::phantom_trade && a.homes.size() != 2)
    t.refuse("target", "two homes: who sells and who buys");
  a.delay = t.duration("delay", ledger::minutes(1));
  if (a.delay > ledger::hours(24)) t.refuse("delay", "at most 1d");
  a.share = t.number("share", 1, 0, 1);
  a.energy = {std::llround(1e6 * t.number("energy_kwh", 1, 0.001, 10'000))};
  a.how = t.one_of("how", ways_of(a.kind).front(), ways_of(a.kind));
  for (const Attack& other : s.attacks)
    if (a.kind == other.kind && at_one_time(a, other) && share_one(a.homes, other.homes))
      t.refuse("at", "a time at which no other attack of this kind acts on the target");
  return a;
}

OracleFault read_oracle_fault(TomlTable& t, const Scenario& s) {
  OracleFault f;
  f.at = t.duration("at", {});
  f.length = t.duration("for", ledger::hours(1));
  f.lie = enum_named<OracleFault::Lie>(t.one_of("how", names_of_lies()[0], names_of_lies()),
                                       names_of_lies());
  f.energy = {std::llround(1e6 * t.number("energy_kwh", 1, 0.001, 10'000))};
  const std::string wants = "\"oracle-0\" to \"oracle-" + std::to_string(s.oracle.oracles - 1) +
                            "\", one or a list of them";
  const auto names = t.texts("target", s.oracle.oracles);
  if (names.empty()) t.refuse("target", wants);
  std::set<std::uint32_t> found;
  for (const std::string& name : names) {
    const auto o = number_in(name, "oracle-", s.oracle.oracles);
    if (!o)
      t.fail("target", "found \"" + cut(name) + "\"; wants " + wants);
    else if (!found.insert(*o).second)
      t.fail("target", "found \"" + name + "\" twice");
  }
  f.oracles = {found.begin(), found.end()};
  f.where_target = t.where(t.has("target") ? "target" : "");
  for (const OracleFault& other : s.oracle_faults)
    if (at_one_time(f, other) && share_one(f.oracles, other.oracles))
      t.refuse("at", "a time at which no other fault of this kind acts on the target");
  return f;
}

void refuse_keys_of_other_kinds(TomlTable& t, const std::string& kind) {
  for (const auto& [key, own] :
       {std::pair{"target", kind != "source_lost"},
        {"at", kind != "meter_rollover"},
        {"for", kind != "meter_swap" && kind != "meter_rollback" && kind != "meter_rollover"},
        {"delay", kind == "slow" || kind == "message_delay" || kind == "message_replay"},
        {"offset_ms", kind == "clock_offset" || kind == "meter_clock"},
        {"papers", kind == "meter_swap"},
        {"factor", kind == "meter_scale"},
        {"offset_w", kind == "meter_offset"},
        {"energy_kwh", kind == "meter_rollback" || kind == "meter_rollover" ||
                           kind == "phantom_trade" || kind == "double_mint" ||
                           kind == "lying_oracle"},
        {"modulus_kwh", kind == "meter_rollover"},
        {"declared", kind == "meter_rollover"},
        {"drift_ppm", kind == "meter_drift"},
        {"share", kind == "message_drop"},
        {"how", kind == "omit_home" || kind == "double_mint" || kind == "lying_oracle"}}) {
    t.is_text(key, {});  // a key that is known here
    if (!own && t.has(key)) t.fail(key, "a fault of kind \"" + kind + "\" has no such key");
  }
}

}  // namespace

const std::vector<std::string>& names_of_validator_faults() {
  static const std::vector<std::string> names{"crash",     "silent",       "slow",
                                              "partition", "clock_offset", "equivocate"};
  return names;
}

std::vector<std::string> names_of_targets(const ValidatorFault& fault) {
  std::vector<std::string> out;
  for (const std::uint32_t v : fault.targets) out.push_back("validator-" + std::to_string(v));
  for (const std::uint32_t g : fault.gateways) out.push_back("gateway-" + std::to_string(g));
  return out;
}

const std::vector<std::string>& names_of_meter_faults() {
  static const std::vector<std::string> names{"meter_swap",     "meter_scale",   "meter_offset",
                                              "meter_rollback", "meter_clock",   "meter_silent",
                                              "meter_drift",    "meter_rollover"};
  return names;
}

const std::vector<std::string>& names_of_attacks() {
  static const std::vector<std::string> names{
      "message_replay", "message_delay", "message_reorder", "message_drop", "cloned_key",
      "double_spend",   "phantom_trade", "omit_home",       "two_roots",    "double_mint"};
  return names;
}

const std::vector<std::string>& names_of_lies() {
  static const std::vector<std::string> names{"attest", "refuse", "findings"};
  return names;
}

void read_fault(TomlTable t, Scenario& s) {
  const auto& of_validators = names_of_validator_faults();
  const auto& of_meters = names_of_meter_faults();
  const auto& attacks = names_of_attacks();
  std::vector<std::string> kinds{"source_lost"};
  kinds.insert(kinds.end(), of_validators.begin(), of_validators.end());
  kinds.insert(kinds.end(), of_meters.begin(), of_meters.end());
  kinds.insert(kinds.end(), attacks.begin(), attacks.end());
  kinds.push_back("lying_oracle");
  const std::string kind = t.one_of("kind", "source_lost", kinds);
  const Duration at = t.duration("at", {});
  if (!t.has("at") && kind != "meter_rollover")
    t.refuse("at", "a time from the start, such as 12h");
  if (at >= s.time.duration) t.refuse("at", "less than time.duration");
  if (t.duration("for", ledger::hours(1)) > longest) t.refuse("for", "at most 366d");
  refuse_keys_of_other_kinds(t, kind);
  if (kind == "source_lost")
    s.faults.push_back(read_grid_fault(t, s.time, s.faults));
  else if (std::find(of_meters.begin(), of_meters.end(), kind) != of_meters.end())
    s.meter_faults.push_back(read_meter_fault(t, kind, s));
  else if (std::find(attacks.begin(), attacks.end(), kind) != attacks.end())
    s.attacks.push_back(read_attack(t, kind, s));
  else if (kind == "lying_oracle")
    s.oracle_faults.push_back(read_oracle_fault(t, s));
  else
    s.validator_faults.push_back(
        read_validator_fault(t, kind, s.consensus.validators, s.validator_faults));
  t.close();
}

}  // namespace twin
