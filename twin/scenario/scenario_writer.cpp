#include "twin/scenario/scenario_writer.hpp"

#include <array>
#include <charconv>

namespace twin {
namespace {

// The shortest text that reads back as the same double.
std::string exact(double v) {
  std::array<char, 40> out{};
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), v);
  std::string text(out.data(), end);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

template <class Amount>
std::string euros(Amount micro) {
  return exact(static_cast<double>(micro.value) * 1e-6);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

template <class List, class Text>
std::string listed(const List& list, const Text& text) {
  std::string out;
  for (const auto& entry : list) out += (out.empty() ? "" : ", ") + text(entry);
  return "[" + out + "]";
}

class Writer {
 public:
  void section(const std::string& name) { text_ += "\n[" + name + "]\n"; }
  void element(const std::string& name) { text_ += "\n[[" + name + "]]\n"; }
  void key(const std::string& name, const std::string& value) {
    text_ += name + " = " + value + "\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void write_load(Writer& w, const LoadSpec& load) {
  constexpr std::array<const char*, 4> kinds{"household", "grid_profile", "bdew", "csv"};
  std::string table = "{ kind = " + quoted(kinds[static_cast<std::size_t>(load.kind)]);
  if (!load.file.empty()) table += ", file = " + quoted(load.file);
  if (!load.profile.empty()) table += ", profile = " + quoted(load.profile);
  if (load.step) table += ", step = " + quoted(ledger::to_text(*load.step));
  w.key("load", table + ", annual_kwh = " + exact(load.annual_kwh) +
                    ", power_factor = " + exact(load.power_factor) + " }");
}

std::string contract_table(const ContractSpec& c) {
  std::string out = "{ template = " + quoted(std::string(market::name_of(c.of)));
  if (c.at) out += ", at = " + quoted(ledger::to_text(*c.at));
  if (c.length) out += ", for = " + quoted(ledger::to_text(*c.length));
  if (c.of == market::Template::community_key)
    out += ", side = " + quoted(c.side == market::Side::buy ? "buy" : "sell") +
           ", key_percent = " + exact(c.key_permille / 10.0);
  if (market::has_energy(c.of))
    out += ", energy_kwh = " + exact(static_cast<double>(c.energy.value) / 1000) +
           ", price_eur_per_kwh = " + euros(c.price);
  if (!c.tenants.empty())
    out += ", tenants = " +
           listed(c.tenants, [](std::uint32_t weight) { return std::to_string(weight); });
  return out + " }";
}

void write_home(Writer& w, const HomeSpec& h, const Network& network) {
  w.element("prosumer");
  w.key("name", quoted(h.name));
  w.key("connection", quoted(network.connections[h.connection].name));
  w.key("strategy", quoted(ai::names_of_strategies()[static_cast<std::size_t>(h.strategy)]));
  w.key("schedule", quoted(ai::names_of_schedules()[static_cast<std::size_t>(h.schedule)]));
  if (!h.contracts.empty()) w.key("contracts", listed(h.contracts, contract_table));
  if (const PreferenceSpec& p = h.prefers; p.any())
    w.key("prefer", "{ " + (p.partner.empty() ? "" : "partner = " + quoted(p.partner) + ", ") +
                        "green = " + (p.green ? "true" : "false") + " }");
  write_load(w, h.load);
  if (h.pv)
    w.key("pv", "{ peak_kw = " + exact(h.pv->peak_kw) + ", tilt_deg = " + exact(h.pv->tilt_deg) +
                    ", azimuth_deg = " + exact(h.pv->azimuth_deg) +
                    ", inverter_kw = " + exact(h.pv->inverter_kw) + " }");
  if (h.battery)
    w.key("battery", "{ capacity_kwh = " + exact(h.battery->capacity_kwh) +
                         ", power_kw = " + exact(h.battery->power_kw) +
                         ", efficiency = " + exact(h.battery->charge_efficiency) +
                         ", standby_w = " + exact(h.battery->standby_w) +
                         ", initial_charge = " + exact(h.battery->initial_charge) + " }");
  if (h.ev)
    w.key("ev", "{ battery_kwh = " + exact(h.ev->battery_kwh) + ", plug_kw = " +
                    exact(h.ev->plug_kw) + ", phases = " + std::to_string(h.ev->phases) +
                    ", daily_km = " + exact(h.ev->daily_km) +
                    ", kwh_per_km = " + exact(h.ev->kwh_per_km) + " }");
  if (h.heat_pump)
    w.key("heat_pump", "{ thermal_kw = " + exact(h.heat_pump->thermal_kw) +
                           ", heat_loss_w_per_k = " + exact(h.heat_pump->heat_loss_w_per_k) +
                           ", capacity_kwh_per_k = " + exact(h.heat_pump->capacity_kwh_per_k) +
                           ", set_point_c = " + exact(h.heat_pump->set_point_c) +
                           ", tank_litres = " + exact(h.heat_pump->tank_litres) + " }");
  if (const auto& a = h.air_conditioner)
    w.key("air_conditioner", "{ cooling_kw = " + exact(a->cooling_kw) +
                                 ", heat_loss_w_per_k = " + exact(a->heat_loss_w_per_k) +
                                 ", capacity_kwh_per_k = " + exact(a->capacity_kwh_per_k) +
                                 ", set_point_c = " + exact(a->set_point_c) +
                                 ", window_m2 = " + exact(a->window_m2) + " }");
}

void write_time(Writer& w, const TimeSpec& t) {
  w.section("time");
  w.key("start", quoted(ledger::to_rfc3339(t.start)));
  w.key("duration", quoted(ledger::to_text(t.duration)));
  w.key("physics_step", quoted(ledger::to_text(t.physics_step)));
  w.key("metering_interval", quoted(ledger::to_text(t.metering_interval)));
  w.key("market_slot", quoted(ledger::to_text(t.market_slot)));
  w.key("real_time_factor", exact(t.real_time_factor));
}

void write_grid(Writer& w, const GridSpec& g) {
  w.section("grid");
  if (!g.file.empty()) w.key("file", quoted(g.file));
  w.key("max_loading", exact(g.max_loading));
  w.key("transformer_rating", quoted(g.ambient_rating ? "ambient" : "nameplate"));
  w.key("v_min_pu", exact(g.v_min_pu));
  w.key("v_max_pu", exact(g.v_max_pu));
  w.key("load_v_min_pu", exact(g.load_v_min_pu));
  w.key("load_v_max_pu", exact(g.load_v_max_pu));
  if (!g.file.empty()) return;
  w.section("grid.generator");
  w.key("homes", std::to_string(g.generator.homes));
  w.key("branches", std::to_string(g.generator.branches));
  w.key("spacing_m", exact(g.generator.spacing_m));
  w.key("transformer_kva", exact(g.generator.transformer_kva));
}

void write_consensus(Writer& w, const ConsensusSpec& c) {
  w.section("consensus");
  w.key("validators", std::to_string(c.validators));
  w.key("sites", listed(c.sites, quoted));
  w.key("placement", listed(c.placement, [&](std::uint32_t s) { return quoted(c.sites[s]); }));
  const auto row = [](const std::vector<double>& r) { return listed(r, exact); };
  w.key("latency_ms", c.sites.size() == 1 ? exact(c.latency_ms[0][0]) : listed(c.latency_ms, row));
  w.key("latency_spread_ms", exact(c.latency_spread_ms));
  w.key("bandwidth_mbit_s", exact(c.bandwidth_mbit_s));
  w.key("loss", exact(c.loss));
}

std::string kwh(ledger::MilliWattHours energy) {
  return exact(static_cast<double>(energy.value) / 1e6);
}

// Some faults have no length, and one has no time.
void write_fault(Writer& w, const std::string& kind, std::optional<ledger::Duration> at,
                 std::optional<ledger::Duration> length) {
  w.element("fault");
  w.key("kind", quoted(kind));
  if (at) w.key("at", quoted(ledger::to_text(*at)));
  if (length) w.key("for", quoted(ledger::to_text(*length)));
}

void write_faults(Writer& w, const Scenario& s) {
  for (const FaultSpec& f : s.faults) write_fault(w, f.kind, f.at, f.length);
  for (const ValidatorFault& f : s.validator_faults) {
    write_fault(w, names_of_validator_faults()[static_cast<std::size_t>(f.kind)], f.at, f.length);
    w.key("target", listed(names_of_targets(f), quoted));
    if (f.kind == ValidatorFault::Kind::slow) w.key("delay", quoted(ledger::to_text(f.delay)));
    if (f.kind == ValidatorFault::Kind::clock_offset)
      w.key("offset_ms", std::to_string(f.offset.whole_ms()));
  }
}

void write_meter_faults(Writer& w, const Scenario& s) {
  using Kind = MeterFault::Kind;
  for (const MeterFault& f : s.meter_faults) {
    const bool lasts = f.kind != Kind::meter_swap && f.kind != Kind::meter_rollback &&
                       f.kind != Kind::meter_rollover;
    write_fault(w, names_of_meter_faults()[static_cast<std::size_t>(f.kind)],
                f.kind == Kind::meter_rollover ? std::nullopt : std::optional(f.at),
                lasts ? std::optional(f.length) : std::nullopt);
    w.key("target", listed(f.homes, quoted));
    if (f.kind == Kind::meter_swap) w.key("papers", f.papers ? "true" : "false");
    if (f.kind == Kind::meter_scale) w.key("factor", exact(f.factor));
    if (f.kind == Kind::meter_offset) w.key("offset_w", std::to_string(f.offset_w));
    if (f.kind == Kind::meter_rollback || f.kind == Kind::meter_rollover)
      w.key("energy_kwh", kwh(f.energy));
    if (f.kind == Kind::meter_clock) w.key("offset_ms", std::to_string(f.clock.whole_ms()));
    if (f.kind == Kind::meter_drift) w.key("drift_ppm", exact(f.drift_ppm));
    if (f.kind != Kind::meter_rollover) continue;
    w.key("modulus_kwh", std::to_string(f.modulus.value / 1'000'000));
    w.key("declared", f.declared ? "true" : "false");
  }
}

void write_events(Writer& w, const Scenario& s) {
  using Kind = RegistryEvent::Kind;
  for (const RegistryEvent& e : s.events) {
    w.element("event");
    w.key("kind", quoted(names_of_events()[static_cast<std::size_t>(e.kind)]));
    w.key("at", quoted(ledger::to_text(e.at)));
    std::vector<std::string> targets = e.homes;
    for (const std::uint32_t g : e.gateways) targets.push_back("gateway-" + std::to_string(g));
    w.key("target", listed(targets, quoted));
    if (e.kind == Kind::certificate) w.key("for", quoted(ledger::to_text(e.length)));
    if (e.kind != Kind::key_change) continue;
    w.key("of", quoted(names_of_key_owners()[static_cast<std::size_t>(e.of)]));
    w.key("lost", e.lost ? "true" : "false");
  }
}

void write_attacks(Writer& w, const Scenario& s) {
  using Kind = Attack::Kind;
  for (const Attack& a : s.attacks) {
    write_fault(w, names_of_attacks()[static_cast<std::size_t>(a.kind)], a.at, a.length);
    w.key("target", listed(a.homes, quoted));
    if (a.kind == Kind::message_delay || a.kind == Kind::message_replay)
      w.key("delay", quoted(ledger::to_text(a.delay)));
    if (a.kind == Kind::message_drop) w.key("share", exact(a.share));
    if (a.kind == Kind::phantom_trade || a.kind == Kind::double_mint)
      w.key("energy_kwh", kwh(a.energy));
    if (!a.how.empty()) w.key("how", quoted(a.how));
  }
}

void write_oracle_faults(Writer& w, const Scenario& s) {
  for (const OracleFault& f : s.oracle_faults) {
    write_fault(w, "lying_oracle", f.at, f.length);
    w.key("target",
          listed(f.oracles, [](std::uint32_t o) { return quoted("oracle-" + std::to_string(o)); }));
    w.key("how", quoted(names_of_lies()[static_cast<std::size_t>(f.lie)]));
    if (f.lie == OracleFault::Lie::findings) w.key("energy_kwh", kwh(f.energy));
  }
}

void write_economy(Writer& w, const Scenario& s) {
  w.section("prices");
  w.key("retail_buy_eur_per_kwh", euros(s.prices.retail_buy));
  w.key("retail_sell_eur_per_kwh", euros(s.prices.retail_sell));
  w.key("grid_fee_eur_per_kwh", euros(s.prices.grid_fee));
  w.key("local_grid_fee_eur_per_kwh", euros(s.prices.local_grid_fee));
  w.key("levies_eur_per_kwh", euros(s.prices.levies));
  if (s.prices.vat_permille > 0) w.key("vat_percent", exact(s.prices.vat_permille / 10.0));
  if (s.market.pays_by_the_way()) {
    const FeeTreeSpec& fees = s.prices.fee_tree;
    w.section("prices.fee_tree");
    w.key("line_eur_per_kwh_km", euros(fees.line_km));
    w.key("transformer_eur_per_kwh", euros(fees.transformer));
    w.key("relief_percent", std::to_string(fees.relief_percent));
  }
  w.section("market");
  w.key("mechanism", quoted(s.market.mechanism));
  if (!s.market.shadows.empty()) w.key("shadows", listed(s.market.shadows, quoted));
  w.section("ledger");
  w.key("signing", quoted(names_of_signing()[static_cast<std::size_t>(s.ledger.signing)]));
  w.key("readings", s.ledger.readings == LedgerSpec::Readings::batched ? quoted("batched")
                                                                       : quoted("per_reading"));
  w.key("block_interval", quoted(ledger::to_text(s.ledger.block_interval)));
  w.key("batch_interval", quoted(ledger::to_text(s.ledger.batch_interval)));
  w.key("gateways", std::to_string(s.ledger.gateways));
  w.key("concentrators", std::to_string(s.ledger.concentrators));
  w.key("masked_sums", s.ledger.masked_sums ? "true" : "false");
  w.section("oracle");
  w.key("feeder_evidence", s.oracle.feeder_evidence ? "true" : "false");
  w.key("quarantined",
        quoted(names_of_quarantined()[static_cast<std::size_t>(s.oracle.quarantined)]));
  w.key("certificates", s.oracle.certificates ? "true" : "false");
  w.key("oracles", std::to_string(s.oracle.oracles));
  w.key("attesters", std::to_string(s.oracle.attesters));
  w.key("witnesses", std::to_string(s.oracle.witnesses));
  write_consensus(w, s.consensus);
}

void write_congestion(Writer& w, const Scenario& s) {
  using Kind = RungSpec::Kind;
  for (const RungSpec& r : s.congestion) {
    w.element("congestion");
    w.key("rung", quoted(names_of_rungs()[static_cast<std::size_t>(r.kind)]));
    if (r.kind >= Kind::dimming_14a) {
      w.key("max_loading", exact(r.max_loading));
      w.key("voltage_margin_pu", exact(r.voltage_margin_pu));
    }
    if (r.kind == Kind::time_of_use) {
      w.key("high_from_h", exact(r.high_from_h));
      w.key("high_until_h", exact(r.high_until_h));
      w.key("high_eur_per_kwh", euros(r.high));
      w.key("low_from_h", exact(r.low_from_h));
      w.key("low_until_h", exact(r.low_until_h));
      w.key("low_eur_per_kwh", euros(r.low));
    }
    if (r.kind == Kind::dynamic_grid_fee) {
      w.key("fee_eur_per_kwh", euros(r.fee));
      w.key("from_loading", exact(r.from_loading));
      w.key("full_loading", exact(r.full_loading));
    }
    if (r.kind == Kind::capacity_tariff) {
      w.key("eur_per_kw", euros(r.capacity_price));
      if (!r.zone.empty()) w.key("zone", quoted(r.zone));
    }
    if (r.kind == Kind::dimming_14a) w.key("relief_eur_per_year", exact(r.relief_eur_per_year));
    if (r.kind == Kind::flexibility) {
      w.key("offer_from_eur_per_kwh", euros(r.offer_from));
      w.key("offer_to_eur_per_kwh", euros(r.offer_to));
    }
    if (r.kind == Kind::curtailment) w.key("lost_load_eur_per_kwh", euros(r.lost_load));
  }
}

}  // namespace

std::string write_scenario(const Scenario& s, const Network& network) {
  Writer w;
  w.key("name", quoted(s.name));
  w.key("seed", std::to_string(s.seed));
  write_time(w, s.time);
  write_grid(w, s.grid);
  w.section("weather");
  if (!s.weather.file.empty()) w.key("file", quoted(s.weather.file));
  w.key("latitude_deg", exact(s.weather.latitude_deg));
  w.key("longitude_deg", exact(s.weather.longitude_deg));
  if (s.weather.file.empty()) {
    w.key("mean_temperature_c", exact(s.weather.mean_temperature_c));
    w.key("temperature_swing_k", exact(s.weather.temperature_swing_k));
    w.key("cloudiness", exact(s.weather.cloudiness));
  }
  write_economy(w, s);
  for (const HomeSpec& h : s.homes) write_home(w, h, network);
  for (const MeterSpec& m : s.meters) {
    w.element("meter");
    w.key("home", quoted(m.home));
    w.key("transport", quoted(m.transport));
    w.key("device", quoted(m.device));
    w.key("address", quoted(m.address));
    w.key("unit", std::to_string(m.unit));
    if (m.transport != "ocmf") continue;
    w.key("public_key", quoted(m.public_key));
    w.key("serial", quoted(m.serial));
    for (const auto& [key, value] :
         {std::pair{"import_kwh", m.first_import}, std::pair{"export_kwh", m.first_export}})
      if (value) w.key(key, exact(static_cast<double>(value->value) * 1e-6));
  }
  write_faults(w, s);
  write_meter_faults(w, s);
  write_attacks(w, s);
  write_events(w, s);
  write_oracle_faults(w, s);
  write_congestion(w, s);
  w.section("output");
  w.key("recording", quoted(s.output.recording));
  return w.take();
}

}  // namespace twin
