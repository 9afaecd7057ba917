// The IEEE European LV feeder against OpenDSS 9.8's voltages (tolerance 1e-10) at two minutes.

#include <cmath>
#include <doctest/doctest.h>
#include <map>
#include <sstream>

#include "tests/support/european_lv.hpp"
#include "twin/grid/flow/power_flow.hpp"

using namespace twin;

namespace {

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
  auto net = test::european_lv();
  if (!net) return;
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
    const PowerFlowResult& r = flow.solve(test::european_lv_draws(*net, c.minute));
    REQUIRE(r.converged);
    CHECK(largest_difference_v(*net, r, c.reference) < 0.01);
  }
}
