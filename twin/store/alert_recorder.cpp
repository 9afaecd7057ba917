#include "twin/store/alert_recorder.hpp"

namespace twin {

using namespace ledger;

namespace {

// Kinds of alerts, behind those of ai/alerts.hpp.
enum Kind {
  without_findings = 100,
  balance,
  chi_square,
  residual,
  unattested,
  oracle_lies_apart,
  witness_lies_apart
};

}  // namespace

std::string AlertRecorder::name_of_meter(std::uint32_t meter) const {
  if (meter == ai::no_meter) return "gateway";
  const bool one = meter >= scenario_.homes.size() && scenario_.oracle.witnesses == 1;
  return one ? "feeder meter" : scenario_.name_of_meter(meter);
}

void AlertRecorder::add(std::pair<int, std::uint32_t> key, const AlertRow& row) {
  ++counts_[row.kind];
  const auto written = writer_.alert(row);
  if (written) open_[key] = *written;
  failure_.keep(written);
}

void AlertRecorder::meter(Instant now, const AlertRaised& a) {
  const std::pair key{static_cast<int>(a.alert.kind), a.alert.meter};
  const std::string words = name_of_meter(a.alert.meter) + ": " + a.alert.words;
  if (a.cleared) {
    if (const auto at = open_.find(key); at != open_.end()) {
      failure_.keep(writer_.clear_alert(at->second, now));
      open_.erase(at);
    }
    std::erase(active_, words);
    return;
  }
  add(key, {a.alert.since, ai::name_of(a.alert.kind), name_of_meter(a.alert.meter), a.alert.value,
            a.alert.limit, a.alert.words, std::nullopt});
  active_.push_back(words);
}

void AlertRecorder::set(Instant now, int kind, AlertRow row, bool raised, std::uint32_t which) {
  const auto open = open_.find({kind, which});
  if (raised == (open != open_.end())) return;
  if (raised) {
    add({kind, which}, row);
    return;
  }
  failure_.keep(writer_.clear_alert(open->second, now));
  open_.erase(open);
}

void AlertRecorder::feeder(Instant now, const FeederFindings& f) {
  const auto thousandths = [](std::int64_t v) { return static_cast<double>(v) / 1000; };
  const auto wh = [](MilliWattHours e) { return static_cast<double>(e.value) / 1000; };
  const auto row = [&](const char* kind, double value, double limit, const std::string& words) {
    return AlertRow{now, kind, "feeder", value, limit, words, std::nullopt};
  };
  const auto has = [&](FeederRule rule) { return (f.verdict & bit(rule)) != 0; };
  set(now, balance,
      row("feeder balance", wh(f.balance), 3 * wh(f.sigma),
          "homes, losses and the feeder meter do not add up"),
      has(FeederRule::balance));
  set(now, chi_square,
      row("feeder chi-square", thousandths(f.chi_square), thousandths(f.threshold),
          "no state of the feeder fits its meters"),
      has(FeederRule::chi_square));
  set(now, residual,
      row("feeder residual", thousandths(f.largest_residual), 3,
          name_of_meter(f.suspect.value) + " fits the others least"),
      has(FeederRule::residual));
  set(now, without_findings, {}, false);
}

void AlertRecorder::feeder_not_found(Instant now, const std::string& why) {
  set(now, without_findings, {now, "feeder without findings", "feeder", 0, 0, why, std::nullopt},
      true);
}

void AlertRecorder::not_attested(Instant now, std::uint32_t gateway, const std::string& why) {
  set(now, unattested,
      {now, "not attested", "gateway-" + std::to_string(gateway), 0, 0, why, std::nullopt}, true,
      gateway);
}

void AlertRecorder::oracle_apart(Instant now, std::uint32_t oracle, const std::string& what) {
  set(now, oracle_lies_apart,
      {now, "oracle apart", "oracle-" + std::to_string(oracle), 0, 0, what, std::nullopt}, true,
      oracle);
}

void AlertRecorder::witness_apart(Instant now, const market::WitnessApart& w) {
  set(now, witness_lies_apart,
      {now, "witness apart", name_of_meter(w.meter.value), 0, 0,
       "measures " + std::to_string(w.net.value / 1000) + " Wh where most feeder meters have " +
           std::to_string(w.median.value / 1000) + " Wh",
       std::nullopt},
      true, w.meter.value);
}

}  // namespace twin
