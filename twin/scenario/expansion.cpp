// A scenario's homes on a network: prosumers where they name a connection, populations on what is
// free, then gateways, meters and the recording, which name homes and nodes.

#include <algorithm>
#include <map>
#include <set>

#include "twin/scenario/nearest.hpp"
#include "twin/scenario/scenario_parts.hpp"
#include "twin/scenario/scenario_reader.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

// A gateway's forecasts of a day travel in one transaction, which a block of 4 MiB must hold.
constexpr std::int64_t max_forecast_bytes = 4'000'000;
constexpr std::int64_t most_gateways_unasked = 4;

std::string names_of(const Network& network) {
  if (network.connections.empty()) return ", which has none";
  return "; it has \"" + cut(network.connections.front().name) + "\" to \"" +
         cut(network.connections.back().name) + "\"";
}

// Populations leave a grid file's plants alone.
bool is_plant(const Connection& c) {
  return c.draw_va[0].real() + c.draw_va[1].real() + c.draw_va[2].real() < 0;
}

class Expansion {
 public:
  Expansion(const ScenarioParts& parts, const Network& network)
      : parts_(parts), network_(network), out_(parts.base), taken_(network.connections.size()) {
    for (std::uint32_t c = 0; c < network.connections.size(); ++c)
      connection_of_[network.connections[c].name] = c;
  }

  Result<Scenario> run() {
    for (const Prosumer& p : parts_.prosumers)
      if (auto ok = place(p); !ok) return failure(ok.error());
    for (const Population& p : parts_.populations)
      if (auto ok = place(p); !ok) return failure(ok.error());
    if (!no_profile_.empty()) return failure(no_profile_);
    if (auto ok = check_what_homes_sign(); !ok) return failure(ok.error());
    if (auto ok = share_gateways(); !ok) return failure(ok.error());
    for (const ValidatorFault& f : out_.validator_faults)
      if (auto ok = check_gateways(f); !ok) return failure(ok.error());
    for (const MeterFault& f : out_.meter_faults)
      if (auto ok = check_metered(f); !ok) return failure(ok.error());
    for (const RegistryEvent& e : out_.events)
      if (auto ok = check_event(e); !ok) return failure(ok.error());
    for (const Attack& a : out_.attacks)
      if (auto ok = check_attack(a); !ok) return failure(ok.error());
    for (const MeterEntry& m : parts_.meters)
      if (auto ok = attach(m); !ok) return failure(ok.error());
    if (auto ok = check_recording(); !ok) return failure(ok.error());
    return out_;
  }

 private:
  void add(const Population& figures, const std::string& name, std::uint32_t connection) {
    const LoadRanges& load = figures.load;
    if (load.kind == LoadSpec::Kind::grid_profile && no_profile_.empty() &&
        network_.connections[connection].profile_w.empty())
      no_profile_ = load.where_kind + ": home \"" + name +
                    "\" wants the grid file's profile, and its connection has none";
    taken_[connection] = true;
    HomeSpec home = sample_home(figures, name, out_.seed);
    home.connection = connection;
    out_.homes.push_back(std::move(home));
  }

  Result<void> place(const Prosumer& p) {
    if (!names_.insert(p.name).second)
      return failure(p.where_name + ": found \"" + p.name + "\" twice; names are unique");
    const auto at = connection_of_.find(p.connection);
    if (at == connection_of_.end()) return no_connection(p);
    if (taken_[at->second])
      return failure(p.where_connection + ": connection \"" + p.connection +
                     "\" has a home already");
    add(p.figures, p.name, at->second);
    return {};
  }

  Result<void> no_connection(const Prosumer& p) const {
    std::vector<std::string> known;
    for (const auto& [name, c] : connection_of_) known.push_back(name);
    const std::string near = nearest(cut(p.connection), known);
    return failure(p.where_connection + ": connection \"" + cut(p.connection) +
                   "\" does not exist in the grid" +
                   (near.empty() ? names_of(network_) : "; did you mean \"" + near + "\"?"));
  }

  Result<void> place(const Population& p) {
    std::vector<std::uint32_t> free;
    for (std::uint32_t c = 0; c < taken_.size(); ++c)
      if (!taken_[c] && !is_plant(network_.connections[c])) free.push_back(c);
    const auto free_left = static_cast<std::int64_t>(free.size());
    if (p.count > free_left)
      return failure(p.where + ": found " + std::to_string(p.count) + "; the grid has " +
                     std::to_string(free_left) + " free connections");
    const std::int64_t count = p.count == 0 ? free_left : p.count;
    for (std::int64_t k = 0; k < count; ++k) {
      std::string number = std::to_string(out_.homes.size() + 1);
      if (number.size() < 2) number = "0" + number;
      const std::string name = p.prefix + number;
      if (!names_.insert(name).second)
        return failure(p.where + ": the name \"" + name + "\" is taken; choose another prefix");
      add(p, name, free[static_cast<std::size_t>(k)]);
    }
    return {};
  }

  Result<void> share_gateways() {
    const auto homes = static_cast<std::int64_t>(out_.homes.size());
    if (homes > max_homes)
      return failure(parts_.file + ": population: found " + std::to_string(homes) +
                     " homes; wants at most " + std::to_string(max_homes));
    const std::int64_t forecast_bytes = 62 + 4 * (ledger::hours(24) / out_.time.market_slot);
    const std::int64_t least =
        (homes * forecast_bytes + max_forecast_bytes - 1) / max_forecast_bytes;
    std::uint32_t& gateways = out_.ledger.gateways;
    const bool singly = out_.ledger.readings == LedgerSpec::Readings::per_reading;
    if (gateways == 0 && singly) gateways = static_cast<std::uint32_t>(homes);
    if (singly && gateways != homes)
      return failure(parts_.where_gateways + ": found " + std::to_string(gateways) +
                     "; with readings = \"per_reading\" there is one a home (" +
                     std::to_string(homes) + ")");
    if (gateways == 0)
      gateways = static_cast<std::uint32_t>(
          std::max(least, std::min<std::int64_t>(most_gateways_unasked, homes)));
    if (gateways < least)
      return failure(parts_.where_gateways + ": found " + std::to_string(gateways) + "; " +
                     std::to_string(homes) + " homes with slots of " +
                     ledger::to_text(out_.time.market_slot) + " want at least " +
                     std::to_string(least));
    if (gateways > homes)
      return failure(parts_.where_gateways + ": found " + std::to_string(gateways) +
                     "; wants at most one a home (" + std::to_string(homes) + ")");
    if (out_.ledger.concentrators > gateways)
      return failure(parts_.where_concentrators + ": found " +
                     std::to_string(out_.ledger.concentrators) + "; wants at most one a gateway (" +
                     std::to_string(gateways) + ")");
    for (std::size_t h = 0; h < out_.homes.size(); ++h)
      out_.homes[h].gateway = static_cast<std::uint32_t>(h * gateways / out_.homes.size());
    return {};
  }

  Result<void> check_home(const std::string& home, const std::string& where) const {
    if (names_.contains(home)) return {};
    const std::string near = nearest(home, {names_.begin(), names_.end()});
    return failure(where + ": home \"" + home + "\" does not exist" +
                   (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }

  // Feeder meters have errors alone; nobody lives behind them.
  Result<void> check_metered(const MeterFault& fault) const {
    using Kind = MeterFault::Kind;
    const bool of_feeder = fault.kind == Kind::meter_scale || fault.kind == Kind::meter_offset ||
                           fault.kind == Kind::meter_silent;
    for (const std::string& name : fault.homes) {
      bool known = false;
      for (std::uint32_t w = 0; w < out_.oracle.witnesses && of_feeder; ++w)
        known |= name == "feeder-meter-" + std::to_string(w);
      if (known) continue;
      if (auto ok = check_home(name, fault.where_target); !ok) return ok;
    }
    return {};
  }

  // Partners may be homes that stand further down in the file.
  Result<void> check_what_homes_sign() const {
    std::vector<const Population*> all;
    for (const Prosumer& p : parts_.prosumers) all.push_back(&p.figures);
    for (const Population& p : parts_.populations) all.push_back(&p);
    for (const Population* p : all) {
      if (auto ok = check_contracts(p->contracts, out_); !ok) return ok;
      if (auto ok = check_preference(p->prefers, out_); !ok) return ok;
      if (const PreferenceRanges& r = p->prefers; !r.spec.partner.empty())
        if (auto ok = check_home(r.spec.partner, r.where_partner); !ok) return ok;
    }
    for (const Prosumer& p : parts_.prosumers)
      if (p.figures.prefers.spec.partner == p.name)
        return failure(p.figures.prefers.where_partner + ": found \"" + p.name +
                       "\", which is the home itself");
    return {};
  }

  template <class Fault>
  Result<void> check_homes(const Fault& fault) const {
    for (const std::string& home : fault.homes)
      if (auto ok = check_home(home, fault.where_target); !ok) return ok;
    return {};
  }

  // A hostile gateway signs by one key.
  Result<void> check_event(const RegistryEvent& event) const {
    if (auto ok = check_homes(event); !ok) return ok;
    if (auto ok = check_targets(event, "gateway", event.gateways, out_.ledger.gateways); !ok)
      return ok;
    for (const Attack& a : out_.attacks)
      for (const HomeSpec& h : out_.homes)
        if (a.kind >= Attack::Kind::omit_home &&
            std::count(a.homes.begin(), a.homes.end(), h.name) > 0 &&
            std::count(event.gateways.begin(), event.gateways.end(), h.gateway) > 0)
          return failure(event.where_target + ": found \"gateway-" + std::to_string(h.gateway) +
                         "\", which attacks home \"" + h.name + "\"");
    return out_.oracle.attesters > 0 ? check_not_beside_attacked(event) : Result<void>{};
  }

  // A gateway that attacks shows oracles its lies alone, not what changes in the registry.
  Result<void> check_not_beside_attacked(const RegistryEvent& event) const {
    std::map<std::uint32_t, std::string> attacked;  // by the gateway that does it
    for (const Attack& a : out_.attacks)
      for (const HomeSpec& h : out_.homes)
        if (a.kind >= Attack::Kind::omit_home &&
            std::count(a.homes.begin(), a.homes.end(), h.name) > 0)
          attacked[h.gateway] = h.name;
    for (const HomeSpec& h : out_.homes)
      if (std::count(event.homes.begin(), event.homes.end(), h.name) > 0 &&
          attacked.contains(h.gateway))
        return failure(event.where_target + ": found home \"" + h.name +
                       "\", whose gateway attacks home \"" + attacked.at(h.gateway) + "\"");
    return {};
  }

  Result<void> check_gateways(const ValidatorFault& fault) const {
    if (auto ok = check_targets(fault, "gateway", fault.gateways, out_.ledger.gateways); !ok)
      return ok;
    return check_targets(fault, "concentrator", fault.concentrators, out_.ledger.concentrators);
  }

  template <class Fault>
  Result<void> check_targets(const Fault& fault, const std::string& what,
                             const std::vector<std::uint32_t>& targets, std::uint32_t count) const {
    if (targets.empty() || targets.back() < count) return {};
    const std::string found =
        fault.where_target + ": found \"" + what + "-" + std::to_string(targets.back()) + "\"; ";
    if (count == 0) return failure(found + "there is none");
    return failure(found + "the last one is \"" + what + "-" + std::to_string(count - 1) + "\"");
  }

  Result<void> check_attack(const Attack& attack) const {
    if (attack.kind == Attack::Kind::cloned_key && out_.ledger.gateways < 2)
      return failure(attack.where_target + ": a cloned key wants two gateways at least");
    return check_homes(attack);
  }

  Result<void> attach(const MeterEntry& m) {
    if (auto ok = check_home(m.spec.home, m.where); !ok) return ok;
    for (const MeterSpec& other : out_.meters)
      if (other.home == m.spec.home)
        return failure(m.where + ": home \"" + m.spec.home + "\" has a meter already");
    out_.meters.push_back(m.spec);
    return {};
  }

  Result<void> check_recording() const {
    const std::string& wanted = out_.output.recording;
    if (wanted.empty()) return {};
    std::vector<std::string> nodes{"observer"};
    for (std::uint32_t v = 0; v < out_.consensus.validators; ++v)
      nodes.push_back("validator-" + std::to_string(v));
    if (std::find(nodes.begin(), nodes.end(), wanted) != nodes.end()) return {};
    return failure(parts_.where_recording + ": found \"" + wanted +
                   "\"; wants \"observer\" or \"validator-0\" to \"" + nodes.back() + "\"");
  }

  const ScenarioParts& parts_;
  const Network& network_;
  Scenario out_;
  std::map<std::string, std::uint32_t> connection_of_;
  std::set<std::string> names_;
  std::vector<bool> taken_;  // by connection
  std::string no_profile_;   // the first home that wants one where the grid has none
};

}  // namespace

Result<Scenario> ReadScenario::expand(const Network& network) const {
  return Expansion(*parts_, network).run();
}

}  // namespace twin
