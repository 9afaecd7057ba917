#pragma once
// A reference case of a grid file: tests/data/grid/<case>/case.toml names the file below
// ../shared/data, its source, and what its power flow must give.
//
//   source            where the figures come from
//   file, phases      what to solve
//   bus               [{ id, vm_pu, va_deg }], or
//   expected          a table bus,vm_pu,va_deg (.csv), SimBench's NodePFResult.csv (angles without
//                     the transformers' clock), or power-grid-model's ..._output.json
//   tolerance_pu      of complex voltages (of magnitudes where the angle is a class of its own)
//   params, skip      power-grid-model's tolerances, and attributes that are not compared
//   atol              of powers (1e-4 of it: of currents), where params' own cannot be met
//   losses_w, losses_tolerance
//   update, scenario  power-grid-model's batch: attributes that the scenario of that number (from
//   0)
//                     changes in `file`; `expected` then holds all scenarios' answers

#include <filesystem>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/network.hpp"

namespace test {

struct GridCase {
  std::string name, source, file, expected, params, update;
  std::size_t scenario = 0;
  std::vector<std::string> skip;
  struct Voltage {
    std::int64_t id = 0;
    double vm_pu = 0, va_deg = 0;
  };
  std::vector<Voltage> bus;
  int phases = 3;
  double tolerance_pu = 0, losses_w = 0, losses_tolerance = 0, atol = 0;
};

// All of a folder, by name.
std::vector<GridCase> grid_cases(const std::filesystem::path& folder);

// Reads files below ../shared/data, with the case's update in its file.
tl::expected<std::string, std::string> read_case_file(const GridCase& c, const std::string& path);

// Where the result is not what the case expects, in words; at most some of them.
std::vector<std::string> differences(const GridCase& c, const twin::Network& net,
                                     const twin::PowerFlowResult& result);

}  // namespace test
