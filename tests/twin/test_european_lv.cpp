// The IEEE European LV feeder against OpenDSS 9.8's voltages (tolerance 1e-10) at two minutes.

#include <cmath>
#include <doctest/doctest.h>
#include <map>
#include <sstream>

#include "tests/support/shared_data.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/power_flow.hpp"

using namespace twin;

namespace {

const std::string folder = "ieee-feeders/opendss/LVTestCase/";

ledger::Result<Network> european_lv() {
  const LoadFile load = [](const std::string& path) {
    return test::read_text(test::shared_path(folder + path));
  };
  return read_grid("Master.dss", load);
}

// Draws of one minute of the day, counted from 1 as in the references.
std::vector<Phases> draws_at(const Network& net, std::size_t minute) {
  std::vector<Phases> out;
  for (const Connection& c : net.connections) {
    const double tan_phi = std::tan(std::acos(c.power_factor));
    const double watts = c.profile_w[minute - 1];
    Phases draw{};
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1) draw[p] = watts * Complex(1, tan_phi);
    out.push_back(draw);
  }
  return out;
}

// The largest distance of any bus phase from the reference, V; the reference's buses must all
// exist.
double largest_difference_v(const Network& net, const PowerFlowResult& r,
                            const std::string& reference) {
  std::map<std::string, std::size_t> bus_of;
  for (std::size_t b = 0; b < net.buses.size(); ++b) bus_of[net.buses[b].name] = b;
  std::istringstream lines(
      *test::read_text(test::shared_path("ieee-feeders/reference/" + reference)));
  std::string line;
  std::getline(lines, line);
  double largest = 0;
  std::size_t compared = 0;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string bus, phase, volts;
    std::getline(fields, bus, ',');
    std::getline(fields, phase, ',');
    std::getline(fields, volts, ',');
    REQUIRE(bus_of.contains(bus));
    const double ours = std::abs(r.voltage_v[bus_of[bus]][std::stoul(phase) - 1]);
    // The 11 kV side is compared on the same relative scale.
    const double scale = 240.0 / net.buses[bus_of[bus]].nominal_v;
    largest = std::max(largest, std::abs(ours - std::stod(volts)) * scale);
    ++compared;
  }
  CHECK(compared == 2721);
  return largest;
}

}  // namespace

TEST_CASE("European LV agrees with OpenDSS in both load models") {
  if (!test::has_shared(folder + "Master.dss")) {
    MESSAGE("skipped: ../shared/data/ieee-feeders is not there");
    return;
  }
  auto net = european_lv();
  REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
  CHECK(net->buses.size() == 907);
  CHECK(net->lines.size() == 905);
  CHECK(net->connections.size() == 55);
  struct Case {
    std::size_t minute;
    bool constant_power;
    const char* reference;
  };
  for (const Case& c : {Case{566, true, "opendss_eulv_constPQ_tight_1e-10_min0566.csv"},
                        {1440, true, "opendss_eulv_constPQ_tight_1e-10_min1440.csv"},
                        {566, false, "opendss_eulv_tight_1e-10_min0566.csv"},
                        {1440, false, "opendss_eulv_tight_1e-10_min1440.csv"}}) {
    CAPTURE(c.reference);
    for (Connection& connection : net->connections)
      connection.model.max_pu = c.constant_power ? 10 : 1.05;
    PowerFlow flow(*net);
    const PowerFlowResult& r = flow.solve(draws_at(*net, c.minute));
    REQUIRE(r.converged);
    CHECK(largest_difference_v(*net, r, c.reference) < 0.01);
  }
}
