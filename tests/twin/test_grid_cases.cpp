// Grid files of others with the answers that they publish. A new case is a folder below
// tests/data/grid (see tests/support/grid_case.hpp).

#include <doctest/doctest.h>

#include "tests/support/grid_case.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/pgm/pgm_writer.hpp"

using namespace twin;

namespace {

std::vector<Phases> draw_of(const Network& net) {
  std::vector<Phases> out;
  for (const Connection& c : net.connections) out.push_back(c.draw_va);
  return out;
}

PowerFlowResult solved(const Network& net, int phases) {
  PowerFlowOptions options;
  options.phases = phases;
  options.tolerance_pu = 1e-10;
  PowerFlow flow(net, options);
  return flow.solve(draw_of(net));
}

// What comes from sources and generators is drawn, lost, or in shunts.
double missing_power(const PowerFlowResult& r) {
  double losses = 0;
  for (const double w : r.losses_w) losses += w;
  return r.source_va.real() + r.generator_va.real() - r.load_va.real() - r.shunt_va.real() - losses;
}

bool is_there(const std::string& file) {
  return test::has_shared(file) &&
         (file.find('.') != std::string::npos || test::has_shared(file + "/Line.csv"));
}

tl::expected<Network, std::string> grid_of(const test::GridCase& c) {
  return read_grid(test::shared_path(c.file),
                   [&](const std::string& path) { return test::read_case_file(c, path); });
}

}  // namespace

TEST_CASE("grid files of others give the voltages, flows and losses that are published for them") {
  std::size_t seen = 0, skipped = 0;
  for (const test::GridCase& c : test::grid_cases(AIPCHAIN_SOURCE_DIR "/tests/data/grid")) {
    CAPTURE(c.name);
    if (!is_there(c.file)) {
      ++skipped;
      continue;
    }
    CHECK_FALSE(c.source.empty());
    const auto net = grid_of(c);
    CHECK_MESSAGE(net.has_value(), (net ? "" : net.error()));
    if (!net) continue;
    const PowerFlowResult result = solved(*net, c.phases);
    CHECK(result.converged);
    for (const std::string& d : test::differences(c, *net, result)) FAIL_CHECK(c.name, ": ", d);
    const double scale = std::abs(result.source_va) + std::abs(result.generator_va) + 1;
    CHECK(std::abs(missing_power(result)) < 1e-6 * scale);
    ++seen;
  }
  if (skipped > 0) MESSAGE(skipped, " cases skipped: their files are not below ../shared/data");
  CHECK(seen + skipped >= 39);
}

TEST_CASE("what is written as power-grid-model JSON is read as the same grid") {
  std::size_t written = 0;
  for (const test::GridCase& c : test::grid_cases(AIPCHAIN_SOURCE_DIR "/tests/data/grid")) {
    CAPTURE(c.name);
    if (!is_there(c.file)) continue;
    const auto net = grid_of(c);
    REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
    const auto text = write_pgm(*net);
    if (!net->generators.empty()) {
      CHECK_FALSE(text.has_value());
      continue;
    }
    CHECK_MESSAGE(text.has_value(), (text ? "" : text.error()));
    if (!text) continue;
    const auto again = read_grid("again.json", [&](const std::string&) { return *text; });
    CHECK_MESSAGE(again.has_value(), (again ? "" : again.error()));
    if (!again) continue;
    const PowerFlowResult first = solved(*net, c.phases), second = solved(*again, c.phases);
    REQUIRE(again->buses.size() == net->buses.size());
    double worst = 0;
    for (std::size_t b = 0; b < net->buses.size(); ++b)
      for (std::size_t p = 0; p < 3; ++p)
        worst = std::max(worst, std::abs(first.voltage_v[b][p] - second.voltage_v[b][p]) /
                                    net->buses[b].nominal_v);
    CHECK(worst < 1e-8);
    ++written;
  }
  MESSAGE(written, " grids written and read again");
}
