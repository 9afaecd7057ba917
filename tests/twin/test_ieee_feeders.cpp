// OpenDSS scripts of test feeders against the figures that are published or computed for them. A
// new case is a folder below tests/data/feeders:
//
//   input.dss   the script; "shared/..." stands for ../shared/data
//   case.toml   source; expected: a table below ../shared/data, or expected.csv beside it, or none;
//               tolerance_pu where the table has no tolerances of its own; except: voltages
//               ("652.1") that the script does not give in any program, as the case says
//
// Every case is solved twice, by the power flow and by DenseFlow, which must agree.

#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>
#include <numbers>
#include <sstream>

#include "tests/support/dense_flow.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/dss/dss_reader.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/tap_control.hpp"

using namespace twin;

namespace {

using Keys = std::map<std::string, std::string>;

// Lines of key = value, values without their quotes.
Keys keys_of(const std::string& text) {
  Keys out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    std::string value = line.substr(equals + 3);
    if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
    out[line.substr(0, equals)] = value;
  }
  return out;
}

struct FeederCase {
  std::string name, folder;
  Keys keys;
  std::string text(const std::string& key) const {
    const auto at = keys.find(key);
    return at == keys.end() ? "" : at->second;
  }
  std::string path_of(const std::string& file) const {
    return file.starts_with("shared/") ? test::shared_path(file.substr(7)) : folder + file;
  }
  LoadFile load() const {
    return [this](const std::string& path) { return test::read_text(path_of(path)); };
  }
};

std::vector<FeederCase> cases() {
  std::vector<FeederCase> out;
  for (const auto& entry :
       std::filesystem::directory_iterator(AIPCHAIN_SOURCE_DIR "/tests/data/feeders")) {
    FeederCase c{entry.path().filename().string(), entry.path().string() + "/", {}};
    c.keys = keys_of(*test::read_text(c.folder + "case.toml"));
    out.push_back(std::move(c));
  }
  std::sort(out.begin(), out.end(),
            [](const FeederCase& a, const FeederCase& b) { return a.name < b.name; });
  return out;
}

bool is_there(const FeederCase& c) {
  const std::string script = *test::read_text(c.folder + "input.dss");
  return script.find("shared/") == std::string::npos ||
         test::has_shared("ieee-feeders/opendss/IEEELineCodes.DSS");
}

// A voltage from a phase to ground ("2") or to another phase ("23"); its angle where it is given to
// all digits.
struct Expected {
  std::string bus, between;
  double volts = 0, within_v = 0;
  std::optional<double> angle_deg = std::nullopt;
};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream text(line);
  for (std::string field; std::getline(text, field, ',');) out.push_back(field);
  return out;
}

// "voltage_AB" is 12.
std::string phases_named(const std::string& quantity) {
  std::string out;
  for (const char c : quantity.substr(quantity.find('_') + 1))
    out += static_cast<char>(c - 'A' + '1');
  return out;
}

std::vector<Expected> expected_of(const FeederCase& c) {
  const std::string name = c.text("expected");
  if (name.empty()) return {};
  const std::string path = name == "expected.csv" ? c.folder + name : test::shared_path(name);
  std::istringstream lines(*test::read_text(path));
  std::vector<Expected> out;
  std::string header;
  for (std::string line; std::getline(lines, line);) {
    const auto f = fields_of(line);
    if (line.starts_with('#')) continue;
    if (header.empty()) {
      header = line;
    } else if (header.starts_with("bus,phase,v_volt")) {
      const double nominal = std::stod(f[2]) / std::stod(f[3]);
      out.push_back({f[0], f[1], std::stod(f[2]), std::stod(c.text("tolerance_pu")) * nominal,
                     std::stod(f[4])});
    } else if (header.starts_with("node,quantity")) {
      if (f[2].empty()) continue;  // given without an angle
      const auto digits = f[0].find_first_of("0123456789");
      out.push_back({f[0].substr(digits), phases_named(f[1]), std::stod(f[2]), std::stod(f[5])});
    } else {
      out.push_back({f[0], f[1], std::stod(f[2]), std::stod(f[3])});
    }
  }
  return out;
}

Complex volts_between(const Phases& v, const std::string& between) {
  const Complex a = v[static_cast<std::size_t>(between[0] - '1')];
  return between.size() == 1 ? a : a - v[static_cast<std::size_t>(between[1] - '1')];
}

// Voltages and taps with the regulators at rest; empty where something does not converge.
struct AtRest {
  std::vector<Phases> voltages;
  std::vector<double> taps;  // by tap control
};

AtRest by_power_flow(const Network& net) {
  PowerFlowOptions options;
  options.tolerance_pu = 1e-10;
  PowerFlow flow(net, options);
  std::vector<Phases> draws;
  for (const Connection& c : net.connections) draws.push_back(c.draw_va);
  const PowerFlowResult& r = flow.solve(draws);
  return r.converged ? AtRest{r.voltage_v, r.tap} : AtRest{};
}

AtRest by_dense_flow(Network net) {
  for (int round = 0; round < 60; ++round) {
    test::DenseFlow flow(net);
    if (!flow.solve()) return {};
    if (move_taps(net, flow.voltages())) continue;
    AtRest out{flow.voltages(), {}};
    for (const TapControl& c : net.tap_controls)
      out.taps.push_back(net.transformers[c.transformer].to_tap);
    return out;
  }
  return {};
}

void compare(const FeederCase& c, const Network& net, const std::vector<Phases>& voltages) {
  std::map<std::string, std::size_t> bus_of;
  for (std::size_t b = 0; b < net.buses.size(); ++b) bus_of[net.buses[b].name] = b;
  for (const Expected& e : expected_of(c)) {
    if (c.text("except").find(e.bus + "." + e.between) != std::string::npos) continue;
    CAPTURE(e.bus);
    CAPTURE(e.between);
    const std::string name = bus_of.contains(e.bus) ? e.bus : "n" + e.bus;
    REQUIRE(bus_of.contains(name));
    const Complex v = volts_between(voltages[bus_of[name]], e.between);
    CHECK(std::abs(v) == doctest::Approx(e.volts).epsilon(e.within_v / e.volts));
    if (e.angle_deg)
      CHECK(std::abs(v - std::polar(e.volts, *e.angle_deg * std::numbers::pi / 180)) < e.within_v);
  }
}

}  // namespace

TEST_CASE("test feeders give the voltages that are published or computed for them") {
  std::size_t seen = 0, skipped = 0;
  for (const FeederCase& c : cases()) {
    CAPTURE(c.name);
    CHECK_FALSE(c.text("source").empty());
    if (!is_there(c)) {
      ++skipped;
      continue;
    }
    auto net = read_dss("input.dss", c.load());
    REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
    CHECK(PowerFlow::check(*net) == "");
    const auto [dense, dense_taps] = by_dense_flow(*net);
    const auto [flow, flow_taps] = by_power_flow(*net);
    CHECK_FALSE(dense.empty());
    CHECK_FALSE(flow.empty());
    if (dense.empty() || flow.empty()) continue;
    for (std::size_t t = 0; t < net->tap_controls.size(); ++t)
      CHECK(flow_taps[t] == doctest::Approx(dense_taps[t]));
    double worst = 0;
    for (std::size_t b = 0; b < net->buses.size(); ++b)
      for (std::size_t p = 0; p < 3; ++p)
        worst = std::max(worst, std::abs(flow[b][p] - dense[b][p]) / net->buses[b].nominal_v);
    CHECK(worst < 1e-6);
    compare(c, *net, dense);
    ++seen;
  }
  if (skipped > 0) MESSAGE(skipped, " cases skipped: ../shared/data/ieee-feeders is not there");
  CHECK(seen + skipped >= 16);
}
