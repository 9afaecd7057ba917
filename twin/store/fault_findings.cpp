#include "twin/store/fault_findings.hpp"

#include <algorithm>
#include <cctype>

namespace twin {

using namespace ledger;

namespace {

bool harmless(const MeterFault& f) { return f.kind == MeterFault::Kind::meter_drift; }
bool harmless(const Attack& a) { return a.kind == Attack::Kind::message_drop; }
bool of_gateway(const MeterFault&) { return false; }
bool of_gateway(const Attack& a) { return a.kind >= Attack::Kind::double_spend; }

const std::string& name_of(const MeterFault& f) {
  return names_of_meter_faults()[static_cast<std::size_t>(f.kind)];
}
const std::string& name_of(const Attack& a) {
  return names_of_attacks()[static_cast<std::size_t>(a.kind)];
}

// "meter 17 is ..." names the meter 17.
std::optional<std::uint32_t> meter_named(const std::string& why) {
  const std::string word = "meter ";
  const auto at = why.find(word);
  if (at == std::string::npos) return std::nullopt;
  std::size_t end = at + word.size();
  std::uint64_t meter = 0;
  for (; end < why.size() && std::isdigit(static_cast<unsigned char>(why[end])) != 0; ++end)
    meter = std::min<std::uint64_t>(10 * meter + static_cast<std::uint64_t>(why[end] - '0'),
                                    UINT32_MAX);
  if (end == at + word.size()) return std::nullopt;
  return static_cast<std::uint32_t>(meter);
}

std::string without_numbers(const std::string& why) {
  std::string out;
  for (const char c : why) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) out += c;
    if (digit && (out.empty() || out.back() != 'N')) out += 'N';
  }
  return out;
}

}  // namespace

FaultFindings::FaultFindings(const Scenario& scenario, const Directory& directory)
    : dishonest_(scenario.homes.size() + scenario.oracle.witnesses) {
  const auto add = [&](const auto& fault) {
    FaultFinding f{name_of(fault), fault.at, {}, {}, {}};
    Truth truth{of_gateway(fault), {}, {}};
    for (std::uint32_t h = 0; h < dishonest_.size(); ++h) {
      if (std::count(fault.homes.begin(), fault.homes.end(), scenario.name_of_meter(h)) == 0)
        continue;
      f.meters.insert(h);
      if (h < scenario.homes.size())
        truth.senders.insert(directory.gateway(scenario.homes[h].gateway));
      if (!harmless(fault)) dishonest_[h] = true;
    }
    faults_.push_back(std::move(f));
    truths_.push_back(std::move(truth));
  };
  for (const MeterFault& f : scenario.meter_faults) add(f);
  for (const Attack& a : scenario.attacks) add(a);
  for (const OracleFault& f : scenario.oracle_faults) {
    faults_.push_back({"lying_oracle", f.at, {}, {}, {}});
    truths_.push_back({false, {}, {f.oracles.begin(), f.oracles.end()}});
  }
  honest_.meters =
      static_cast<std::uint64_t>(std::count(dishonest_.begin(), dishonest_.end(), false));
}

void FaultFindings::found(std::size_t fault, Instant now, const std::string& by) {
  FaultFinding& f = faults_[fault];
  const auto [at, is_new] = f.found_by.try_emplace(by);
  if (is_new) at->second.after = now.since_epoch() - f.at;
  ++at->second.count;
}

void FaultFindings::judged(Instant now, const Judged& j) {
  const bool honest = j.meter < dishonest_.size() && !dishonest_[j.meter];
  if (honest && quarantines(j.verdict)) ++honest_.quarantined;
  for (unsigned b = 0; b < 16; ++b) {
    if ((j.verdict >> b & 1) == 0) continue;
    const std::string rule = rule_names(static_cast<Verdict>(1u << b));
    if (honest) ++honest_.by_rule[rule];
    for (std::size_t i = 0; i < faults_.size(); ++i) {
      if (!faults_[i].meters.contains(j.meter) || now.since_epoch() <= faults_[i].at) continue;
      faults_[i].found_meters.insert(j.meter);
      found(i, now, rule);
    }
  }
}

void FaultFindings::refused(NodeId by, Instant now, const Refused& refused) {
  const auto meter = meter_named(refused.why);
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (now.since_epoch() <= faults_[i].at) continue;
    const bool names = meter && faults_[i].meters.contains(*meter);
    const bool sent = truths_[i].senders.contains(refused.from) || truths_[i].senders.contains(by);
    if (!names && (meter || !truths_[i].of_gateway || !sent)) continue;
    if (names) faults_[i].found_meters.insert(*meter);
    found(i, now, without_numbers(refused.why));
  }
}

void FaultFindings::not_attested(NodeId gateway, Instant now, const std::string& why) {
  refused({}, now, {gateway, "not attested: " + why});
}

void FaultFindings::oracle_named(std::uint32_t oracle, Instant now, const std::string& what) {
  for (std::size_t i = 0; i < faults_.size(); ++i)
    if (truths_[i].oracles.contains(oracle) && now.since_epoch() > faults_[i].at)
      found(i, now, without_numbers(what));
}

void FaultFindings::witness_apart(std::uint32_t meter, Instant now) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!faults_[i].meters.contains(meter) || now.since_epoch() <= faults_[i].at) continue;
    faults_[i].found_meters.insert(meter);
    found(i, now, "witness");
  }
}

void FaultFindings::ends(Duration simulated) {
  honest_.meter_days = static_cast<double>(honest_.meters) * simulated.seconds() / 86'400;
}

}  // namespace twin
