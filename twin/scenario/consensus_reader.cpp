#include "twin/scenario/consensus_reader.hpp"

#include <algorithm>
#include <set>

namespace twin {

using Kind = ValidatorFault::Kind;

namespace {

constexpr std::size_t most_sites = 100;
constexpr std::uint32_t most_validators = 100;

std::string milliseconds_text(double ms) {
  const std::string text = std::to_string(ms);
  return text.substr(0, text.find('.') + 3);
}

// "site-0" where they have no names.
void read_sites(TomlTable& t, ConsensusSpec& s) {
  s.sites = t.texts("sites", most_sites);
  const std::size_t rows = s.latency_ms.size();
  if (s.sites.empty() && rows == 1) s.sites = {"anywhere"};
  for (std::size_t k = s.sites.size(); !t.has("sites") && k < rows; ++k)
    s.sites.push_back("site-" + std::to_string(k));
  if (s.sites.size() != rows)
    t.refuse("sites", "a name for each row of latency_ms (" + std::to_string(rows) + ")");
  else if (std::set<std::string>(s.sites.begin(), s.sites.end()).size() != rows)
    t.refuse("sites", "names that differ");
  if (!std::all_of(s.sites.begin(), s.sites.end(), is_plain_name))
    t.refuse("sites", "names of a-z, 0-9, _ and -, at most 64 characters each");
}

void read_placement(TomlTable& t, ConsensusSpec& s) {
  s.placement.clear();
  for (const std::string& name : t.texts("placement", most_validators)) {
    const auto at = std::find(s.sites.begin(), s.sites.end(), name);
    const std::string near = nearest(cut(name), s.sites);
    if (at == s.sites.end())
      t.fail("placement", "found \"" + cut(name) + "\"; wants names of consensus.sites" +
                              (near.empty() ? "" : " (did you mean \"" + near + "\"?)"));
    s.placement.push_back(static_cast<std::uint32_t>(at - s.sites.begin()));
  }
  for (std::uint32_t k = 0; !t.has("placement") && k < s.sites.size(); ++k)
    s.placement.push_back(k);
}

// A way between two sites is half of each site's own latency and what lies between them.
void check_triangles(TomlTable& t, const ConsensusSpec& s) {
  const auto& m = s.latency_ms;
  for (std::size_t a = 0; a < m.size(); ++a)
    for (std::size_t b = 0; b < m.size(); ++b)
      if (const double least = (m[a][a] + m[b][b]) / 2; m[a][b] < least)
        t.fail("latency_ms", "found " + milliseconds_text(m[a][b]) + " from row " +
                                 std::to_string(a + 1) + " to " + std::to_string(b + 1) +
                                 "; wants at least " + milliseconds_text(least) +
                                 ", the mean of both rows' own latency on the diagonal");
}

}  // namespace

ConsensusSpec read_consensus(TomlTable t) {
  ConsensusSpec s;
  s.validators =
      static_cast<std::uint32_t>(t.integer("validators", s.validators, 1, most_validators));
  const auto latency_ms = t.matrix("latency_ms", 0.1, 10'000, most_sites);
  if (!latency_ms.empty()) s.latency_ms = latency_ms;
  read_sites(t, s);
  read_placement(t, s);
  check_triangles(t, s);
  const double spread_ms = s.latency_ms.size() == 1 ? s.latency_spread_ms : 0;
  s.latency_spread_ms = t.number("latency_spread_ms", spread_ms, 0, 10'000);
  for (std::size_t k = 0; k < s.latency_ms.size(); ++k)
    if (s.latency_spread_ms > s.latency_ms[k][k])
      t.refuse("latency_spread_ms", s.latency_ms.size() == 1
                                        ? "at most latency_ms"
                                        : "at most the least on latency_ms' diagonal");
  s.bandwidth_mbit_s = t.number("bandwidth_mbit_s", s.bandwidth_mbit_s, 0.01, 1e6);
  s.loss = t.number("loss", s.loss, 0, 0.9);
  t.close();
  return s;
}

}  // namespace twin
