#include "tests/support/grid_case.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>
#include <toml++/toml.h>

#include "tests/support/shared_data.hpp"
#include "twin/grid/model/topology.hpp"

namespace test {

using nlohmann::json;
using twin::Complex;
using twin::Network;
using twin::Phases;
using twin::PowerFlowResult;

namespace {

constexpr double degree = std::numbers::pi / 180;

GridCase read_case(const std::filesystem::path& folder) {
  const toml::table t = toml::parse_file((folder / "case.toml").string());
  GridCase c;
  c.name = folder.filename().string();
  c.source = t["source"].value_or("");
  c.file = t["file"].value_or("");
  c.expected = t["expected"].value_or("");
  c.params = t["params"].value_or("");
  c.update = t["update"].value_or("");
  c.scenario = t["scenario"].value_or(std::size_t{0});
  c.phases = t["phases"].value_or(3);
  c.tolerance_pu = t["tolerance_pu"].value_or(0.0);
  c.losses_w = t["losses_w"].value_or(0.0);
  c.atol = t["atol"].value_or(0.0);
  c.losses_tolerance = t["losses_tolerance"].value_or(0.0);
  if (const auto* skip = t["skip"].as_array())
    for (const auto& s : *skip) c.skip.push_back(s.value_or(""));
  if (const auto* bus = t["bus"].as_array())
    for (const auto& b : *bus) {
      const toml::table& row = *b.as_table();
      c.bus.push_back({row["id"].value_or(std::int64_t{0}), row["vm_pu"].value_or(0.0),
                       row["va_deg"].value_or(0.0)});
    }
  return c;
}

class Comparison {
 public:
  Comparison(const GridCase& c, const Network& net, const PowerFlowResult& result)
      : case_(c), net_(net), result_(result) {}

  std::vector<std::string> run() {
    if (case_.expected.ends_with(".json"))
      against_pgm();
    else if (case_.expected.ends_with("NodePFResult.csv"))
      against_simbench();
    else if (!case_.expected.empty())
      against_table();
    for (const GridCase::Voltage& v : case_.bus) voltage(v);
    if (case_.losses_w > 0) {
      double losses = 0;
      for (const double w : result_.losses_w) losses += w;
      check("losses", losses, case_.losses_w, case_.losses_tolerance * case_.losses_w);
    }
    return std::move(out_);
  }

 private:
  void check(const std::string& what, double found, double wanted, double tolerance) {
    if (std::abs(found - wanted) <= tolerance || out_.size() > 20) return;
    std::ostringstream text;
    text.precision(12);
    text << what << ": " << found << ", expected " << wanted << " within " << tolerance;
    out_.push_back(text.str());
  }
  void voltage(const GridCase::Voltage& v) {
    for (std::size_t b = 0; b < net_.buses.size(); ++b) {
      if (net_.buses[b].id != v.id) continue;
      const Complex u = result_.voltage_v[b][0] / net_.buses[b].nominal_v;
      const Complex wanted = std::polar(v.vm_pu, v.va_deg * degree);
      return check("bus " + std::to_string(v.id), std::abs(u - wanted), 0, case_.tolerance_pu);
    }
    out_.push_back("bus " + std::to_string(v.id) + " is missing");
  }
  void against_table() {
    std::istringstream rows(*read_text(shared_path(case_.expected)));
    std::string row;
    std::getline(rows, row);
    std::size_t seen = 0;
    for (; std::getline(rows, row); ++seen) {
      GridCase::Voltage v;
      char comma = 0;
      std::istringstream(row) >> v.id >> comma >> v.vm_pu >> comma >> v.va_deg;
      voltage(v);
    }
    if (seen != net_.buses.size()) out_.push_back("another number of buses");
  }
  void against_simbench() {
    std::istringstream rows(*read_text(shared_path(case_.expected)));
    std::string row;
    std::getline(rows, row);
    std::size_t seen = 0;
    while (std::getline(rows, row)) {
      const std::string name = row.substr(0, row.find(';'));
      double vm = 0, va = 0;
      char semicolon = 0;
      std::istringstream(row.substr(name.size() + 1)) >> vm >> semicolon >> va;
      for (std::size_t b = 0; b < net_.buses.size(); ++b) {
        if (net_.buses[b].name != name) continue;
        ++seen;
        const Complex u = result_.voltage_v[b][0] / net_.buses[b].nominal_v;
        check(name, std::abs(u), vm, case_.tolerance_pu);
        const double angle = std::remainder(std::arg(u) / degree - va, 30.0);
        check(name + " angle", angle, 0, 1e-3);
      }
    }
    if (seen != net_.buses.size()) out_.push_back("another number of buses");
  }

  // One terminal of a branch or appliance: what power-grid-model says of it.
  struct Terminal {
    Phases va{};
    Phases a{};
  };
  Terminal terminal(std::uint32_t bus, const Phases& current) const {
    Terminal t;
    t.a = current;
    for (std::size_t p = 0; p < 3; ++p) t.va[p] = result_.voltage_v[bus][p] * std::conj(current[p]);
    return t;
  }
  double atol(const std::string& attribute) const {
    const bool power = attribute[0] == 'p' || attribute[0] == 'q' || attribute[0] == 's';
    if (power && case_.atol > 0) return case_.atol;
    if (attribute[0] == 'i' && case_.atol > 0) return case_.atol * 1e-4;
    const json& a = params_["atol"];
    if (a.is_number()) return a.get<double>();
    for (const auto& [key, value] : a.items())
      if (key != "default" && attribute.starts_with(key)) return value.get<double>();
    return a["default"].get<double>();
  }
  bool skipped(const std::string& attribute) const {
    return std::find(case_.skip.begin(), case_.skip.end(), attribute) != case_.skip.end();
  }
  void value(const std::string& what, const json& element, const std::string& attribute,
             const std::array<double, 3>& found) {
    if (!element.contains(attribute) || skipped(attribute)) return;
    const json& wanted = element[attribute];
    for (std::size_t p = 0; p < (wanted.is_array() ? 3u : 1u); ++p) {
      const double w = wanted.is_array() ? wanted[p].get<double>() : wanted.get<double>();
      ++compared_;
      check(what + " " + attribute, found[p], w,
            atol(attribute) + params_["rtol"].get<double>() * std::abs(w));
    }
  }
  void powers(const std::string& what, const json& element, const std::string& end,
              const Terminal& t) {
    std::array<double, 3> p{}, q{}, s{}, i{};
    const bool one = case_.phases == 1;
    for (std::size_t k = 0; k < 3; ++k) {
      const Complex va = one ? t.va[0] + t.va[1] + t.va[2] : t.va[k];
      p[k] = va.real();
      q[k] = va.imag();
      s[k] = std::abs(va);
      i[k] = std::abs(t.a[k]);
    }
    value(what, element, "p" + end, p);
    value(what, element, "q" + end, q);
    value(what, element, "s" + end, s);
    value(what, element, "i" + end, i);
  }
  void node(const json& element) {
    const auto id = element["id"].get<std::int64_t>();
    const auto bus = std::find_if(net_.buses.begin(), net_.buses.end(),
                                  [&](const twin::Bus& b) { return b.id == id; });
    if (bus == net_.buses.end())
      return out_.push_back("node " + std::to_string(id) + " is missing");
    const Phases& v = result_.voltage_v[static_cast<std::size_t>(bus - net_.buses.begin())];
    std::array<double, 3> u_pu{}, u{}, angle{};
    for (std::size_t p = 0; p < 3; ++p) {
      u_pu[p] = std::abs(v[p]) / bus->nominal_v;
      u[p] = std::abs(v[p]) * (case_.phases == 1 ? std::numbers::sqrt3 : 1);
      angle[p] = std::arg(v[p]);
    }
    const std::string what = "node " + std::to_string(id);
    value(what, element, "u_pu", u_pu);
    value(what, element, "u", u);
    if (element.contains("u_angle") && !skipped("u_angle"))
      for (std::size_t p = 0; p < 3; ++p) {
        const json& wanted = element["u_angle"];
        const double w = wanted.is_array() ? wanted[p].get<double>() : wanted.get<double>();
        if (p == 0 || wanted.is_array())
          check(what + " u_angle", std::remainder(angle[p] - w, 2 * std::numbers::pi), 0,
                atol("u_angle") + params_["rtol"].get<double>() * std::abs(w));
      }
  }
  void branch(const json& element, const std::string& kind) {
    const auto id = element["id"].get<std::int64_t>();
    for (std::uint32_t b = 0; b < branch_count(net_); ++b) {
      const auto lines = net_.lines.size();
      if ((b < lines ? net_.lines[b].id : net_.transformers[b - lines].id) != id) continue;
      const std::string what = kind + " " + std::to_string(id);
      const twin::BranchEnds ends = branch_ends(net_, b);
      powers(what, element, "_from", terminal(ends.from, result_.current_a[b]));
      powers(what, element, "_to", terminal(ends.to, result_.to_current_a[b]));
      if (element.contains("loading") && !element["loading"].is_null())
        value(what, element, "loading", {result_.loading[b], 0, 0});
      return;
    }
    out_.push_back(kind + " " + std::to_string(id) + " is missing");
  }
  void against_pgm() {
    params_ = json::parse(*read_text(shared_path(case_.params)));
    json data = json::parse(*read_text(shared_path(case_.expected)))["data"];
    if (data.is_array()) data = json(data[case_.scenario]);
    for (const json& n : data["node"]) node(n);
    for (const char* kind : {"line", "link", "asym_line", "transformer", "generic_branch"})
      if (data.contains(kind))
        for (const json& b : data[kind]) branch(b, kind);
    if (data.contains("source") && data["source"].size() == 1 && case_.phases == 1)
      value("source", data["source"][0], "p", {result_.source_va.real(), 0, 0});
    if (compared_ == 0) out_.push_back("nothing was compared");
  }

  const GridCase& case_;
  const Network& net_;
  const PowerFlowResult& result_;
  std::vector<std::string> out_;
  json params_;
  std::size_t compared_ = 0;
};

}  // namespace

std::vector<GridCase> grid_cases(const std::filesystem::path& folder) {
  std::vector<GridCase> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    out.push_back(read_case(entry.path()));
  std::sort(out.begin(), out.end(),
            [](const GridCase& a, const GridCase& b) { return a.name < b.name; });
  return out;
}

tl::expected<std::string, std::string> read_case_file(const GridCase& c, const std::string& path) {
  auto text = read_text(path);
  if (!text || c.update.empty() || path != shared_path(c.file)) return text;
  json grid = json::parse(*text);
  const json changes = json::parse(*read_text(shared_path(c.update)))["data"][c.scenario];
  for (const auto& [kind, rows] : changes.items())
    for (const json& row : rows)
      for (json& element : grid["data"][kind])
        if (element["id"] == row["id"]) element.update(row);
  return grid.dump();
}

std::vector<std::string> differences(const GridCase& c, const Network& net,
                                     const PowerFlowResult& result) {
  return Comparison(c, net, result).run();
}

}  // namespace test
