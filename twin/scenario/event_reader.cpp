#include "twin/scenario/event_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "twin/scenario/targets.hpp"

namespace twin {
namespace {

bool swaps_one(const Scenario& s, const std::vector<std::string>& homes) {
  return std::any_of(s.meter_faults.begin(), s.meter_faults.end(), [&](const MeterFault& f) {
    return f.kind == MeterFault::Kind::meter_swap && share_one(f.homes, homes);
  });
}

void refuse_keys_of_other_events(TomlTable& t, const std::string& kind) {
  for (const auto& [key, own] : {std::pair{"for", kind == "certificate"},
                                 {"of", kind == "key_change"},
                                 {"lost", kind == "key_change"}})
    if (!own && t.has(key)) t.fail(key, "an event of kind \"" + kind + "\" has no such key");
}

// How many gateways there are is known once the homes are.
void read_gateways(TomlTable& t, RegistryEvent& e) {
  std::set<std::uint32_t> found;
  for (const std::string& name : std::exchange(e.homes, {})) {
    const auto n = number_in(name, "gateway-", most_gateways);
    if (!n || !found.insert(*n).second)
      return t.refuse("target", "\"gateway-0\" and so on, each once");
  }
  e.gateways = {found.begin(), found.end()};
}

void check_key_change(TomlTable& t, const RegistryEvent& e, const Scenario& s) {
  if (e.of != RegistryEvent::Of::meter) return;
  if (s.ledger.signing == ledger::Signing::gateway)
    t.fail("kind", "a meter without a key (ledger.signing = \"gateway\") has none to change");
  if (swaps_one(s, e.homes)) t.refuse("target", "homes whose meter no fault swaps");
}

}  // namespace

const std::vector<std::string>& names_of_events() {
  static const std::vector<std::string> names{"key_change", "deregistration", "certificate"};
  return names;
}

const std::vector<std::string>& names_of_key_owners() {
  static const std::vector<std::string> names{"meter", "account", "gateway"};
  return names;
}

void read_event(TomlTable t, Scenario& s) {
  RegistryEvent e;
  const std::string kind = t.one_of("kind", "key_change", names_of_events());
  e.kind = enum_named<RegistryEvent::Kind>(kind, names_of_events());
  e.at = t.duration("at", {});
  if (!t.has("at")) t.refuse("at", "a time from the start, such as 12h");
  if (e.at >= s.time.duration) t.refuse("at", "less than time.duration");
  e.length = t.duration("for", ledger::hours(1));
  if (e.length > longest_fault) t.refuse("for", "at most 366d");
  e.homes = t.texts("target", most_homes);
  e.where_target = t.where(t.has("target") ? "target" : "");
  if (e.homes.empty()) t.refuse("target", "the name of a home, one or a list of them");
  e.of = enum_named<RegistryEvent::Of>(t.one_of("of", "meter", names_of_key_owners()),
                                       names_of_key_owners());
  e.lost = t.boolean("lost", false);
  refuse_keys_of_other_events(t, kind);
  if (e.of == RegistryEvent::Of::gateway) read_gateways(t, e);
  if (e.kind == RegistryEvent::Kind::key_change) check_key_change(t, e, s);
  if (e.kind == RegistryEvent::Kind::certificate && !s.oracle.certificates)
    t.fail("kind", "no meter has a certificate where oracle.certificates is false");
  for (const RegistryEvent& other : s.events)
    if (e.kind == other.kind && e.of == other.of &&
        (share_one(e.homes, other.homes) || share_one(e.gateways, other.gateways)))
      t.refuse("target", "targets of which no other event is of this kind");
  s.events.push_back(std::move(e));
  t.close();
}

}  // namespace twin
