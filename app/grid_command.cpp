#include "app/grid_command.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>

#include "app/console.hpp"
#include "app/input_file.hpp"
#include "app/number_option.hpp"
#include "app/output_file.hpp"
#include "app/scenario_file.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/topology.hpp"
#include "twin/grid/pgm/pgm_writer.hpp"

namespace app {
namespace {

struct SolveOptions {
  std::string file;
  int phases = 0;  // 0: what the file is made for
  double tolerance_pu = 1e-8;
  bool json = false;
};

struct ConvertOptions {
  std::string file, out;
};

// One line of the answer for each bus and phase, and for each branch.
struct BusRow {
  const twin::Bus* bus = nullptr;
  int phase = 0;  // 0: the single-phase equivalent
  double vm_pu = 0, va_deg = 0;
};
struct BranchRow {
  std::string name;
  std::int64_t id = 0;
  double loading = 0, i_a = 0, losses_w = 0;
  twin::Complex from_va;  // into the branch, sum of phases
};
struct RegulatorRow {
  std::string name;
  double tap = 1;
  double step = 0;  // where the tap stands, steps off its neutral place
};
struct Answer {
  bool converged = false;
  int iterations = 0;
  std::string unsolved;  // why it did not converge
  std::vector<BusRow> buses;
  std::vector<BranchRow> branches;
  std::vector<RegulatorRow> regulators;
  double losses_w = 0;
  twin::Complex source_va;
};

std::vector<BusRow> bus_rows(const twin::Network& net, const twin::PowerFlowResult& result,
                             int phases) {
  const auto live = twin::topology_of(net).live;
  std::vector<BusRow> out;
  for (std::size_t b = 0; b < net.buses.size(); ++b)
    for (std::size_t p = 0; p < static_cast<std::size_t>(phases); ++p) {
      const twin::Complex v = result.voltage_v[b][p];
      // A phase that the bus does not have; a dead bus has all of them, at nothing.
      if (phases == 3 && live[b] != 0 && (live[b] >> p & 1) == 0) continue;
      out.push_back({&net.buses[b], phases == 3 ? static_cast<int>(p) + 1 : 0,
                     std::abs(v) / net.buses[b].nominal_v, std::arg(v) * 180 / std::numbers::pi});
    }
  return out;
}

std::vector<BranchRow> branch_rows(const twin::Network& net, const twin::PowerFlowResult& result) {
  std::vector<BranchRow> out;
  for (std::uint32_t b = 0; b < twin::branch_count(net); ++b) {
    BranchRow row;
    row.name = twin::branch_name(net, b);
    row.id = b < net.lines.size() ? net.lines[b].id : net.transformers[b - net.lines.size()].id;
    row.loading = result.loading[b];
    row.losses_w = result.losses_w[b];
    const twin::Phases& v = result.voltage_v[twin::branch_ends(net, b).from];
    for (std::size_t p = 0; p < 3; ++p) {
      row.i_a = std::max(row.i_a, std::abs(result.current_a[b][p]));
      row.from_va += v[p] * std::conj(result.current_a[b][p]);
    }
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<RegulatorRow> regulator_rows(const twin::Network& net,
                                         const twin::PowerFlowResult& result) {
  std::vector<RegulatorRow> out;
  for (std::size_t c = 0; c < net.tap_controls.size(); ++c) {
    const twin::TapControl& control = net.tap_controls[c];
    out.push_back({control.name, result.tap[c], (result.tap[c] - 1) / control.tap_step});
  }
  return out;
}

std::string why_unsolved(const twin::Network& net, const twin::PowerFlowResult& result) {
  if (result.restless)
    return "regulator " + net.tap_controls[*result.restless].name +
           " never comes to rest; is its band narrower than two of its steps?";
  char mismatch[32];
  std::snprintf(mismatch, sizeof mismatch, "%.3g", result.worst_mismatch_pu);
  return "the power flow did not converge; worst at bus " + net.buses[result.worst_bus].name +
         ", off by " + mismatch + " pu";
}

bool is_unbalanced(const twin::Network& net) {
  for (const twin::Connection& c : net.connections)
    if (c.draw_va[0] != c.draw_va[1] || c.draw_va[0] != c.draw_va[2]) return true;
  return false;
}

Answer answer_of(const twin::Network& net, int phases, double tolerance_pu) {
  twin::PowerFlowOptions options;
  options.phases = phases;
  options.tolerance_pu = tolerance_pu;
  twin::PowerFlow flow(net, options);
  std::vector<twin::Phases> draw;
  for (const twin::Connection& c : net.connections) draw.push_back(c.draw_va);
  const twin::PowerFlowResult& result = flow.solve(draw);
  Answer out;
  out.converged = result.converged;
  out.iterations = result.iterations;
  out.buses = bus_rows(net, result, phases);
  out.branches = branch_rows(net, result);
  out.regulators = regulator_rows(net, result);
  out.unsolved = why_unsolved(net, result);
  for (const double w : result.losses_w) out.losses_w += w;
  out.source_va = result.source_va;
  return out;
}

void print_json(const Answer& a) {
  nlohmann::ordered_json out;
  out["converged"] = a.converged;
  out["iterations"] = a.iterations;
  out["buses"] = nlohmann::ordered_json::array();
  for (const BusRow& row : a.buses)
    out["buses"].push_back({{"id", row.bus->id},
                            {"name", row.bus->name},
                            {"phase", row.phase},
                            {"vm_pu", row.vm_pu},
                            {"va_deg", row.va_deg}});
  out["branches"] = nlohmann::ordered_json::array();
  for (const BranchRow& row : a.branches)
    out["branches"].push_back({{"id", row.id},
                               {"name", row.name},
                               {"loading", row.loading},
                               {"i_a", row.i_a},
                               {"p_from_w", row.from_va.real()},
                               {"q_from_var", row.from_va.imag()},
                               {"losses_w", row.losses_w}});
  out["regulators"] = nlohmann::ordered_json::array();
  for (const RegulatorRow& row : a.regulators)
    out["regulators"].push_back({{"name", row.name}, {"tap", row.tap}, {"step", row.step}});
  out["losses_w"] = a.losses_w;
  out["source_p_w"] = a.source_va.real();
  out["source_q_var"] = a.source_va.imag();
  using Json = nlohmann::ordered_json;
  std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void print_tables(const Answer& a) {
  std::printf("%-24s %5s %10s %10s\n", "bus", "phase", "V/pu", "angle/deg");
  for (const BusRow& row : a.buses)
    std::printf("%-24s %5d %10.6f %10.4f\n", row.bus->name.c_str(), row.phase, row.vm_pu,
                row.va_deg);
  std::printf("\n%-24s %9s %10s %12s %12s %10s\n", "branch", "loading", "I/A", "P/kW", "Q/kvar",
              "losses/kW");
  for (const BranchRow& row : a.branches)
    std::printf("%-24s %8.2f%% %10.3f %12.4f %12.4f %10.4f\n", row.name.c_str(), row.loading * 100,
                row.i_a, row.from_va.real() / 1000, row.from_va.imag() / 1000, row.losses_w / 1000);
  if (!a.regulators.empty()) std::printf("\n%-24s %9s %6s\n", "regulator", "tap", "step");
  for (const RegulatorRow& row : a.regulators)
    std::printf("%-24s %9.5f %+6.1f\n", row.name.c_str(), row.tap, row.step);
  std::printf("\nlosses %.4f kW, from the source %.4f kW and %.4f kvar; %s after %d iterations\n",
              a.losses_w / 1000, a.source_va.real() / 1000, a.source_va.imag() / 1000,
              a.converged ? "converged" : "NOT CONVERGED", a.iterations);
}

ledger::Result<std::string> load_grid(const std::string& path) { return read_file(path); }

int solve(const SolveOptions& options) {
  const auto net = twin::read_grid(options.file, load_grid);
  if (!net) return complain(wrong_input, net.error());
  const int phases = options.phases != 0 ? options.phases : net->balanced ? 1 : 3;
  if (phases == 3 && net->balanced && is_unbalanced(*net))
    return complain(wrong_input, options.file +
                                     ": has loads by phase but no zero-sequence impedances; wants "
                                     "--phases 1");
  const Answer answer = answer_of(*net, phases, options.tolerance_pu);
  if (options.json)
    print_json(answer);
  else
    print_tables(answer);
  if (answer.converged) return done;
  return complain(does_not_hold, options.file + ": " + answer.unsolved);
}

int convert(const ConvertOptions& options) {
  if (!options.out.ends_with(".json"))
    return complain(wrong_input, options.out +
                                     ": grids are written as power-grid-model files; wants a name "
                                     "that ends in .json");
  const auto net = twin::read_grid(options.file, load_grid);
  if (!net) return complain(wrong_input, net.error());
  const auto text = twin::write_pgm(*net);
  if (!text) return complain(wrong_input, options.file + ": " + text.error());
  if (auto ok = write_file(options.out, *text); !ok) return complain(failed, ok.error());
  return done;
}

void add_solve(CLI::App& grid, std::function<int()>& chosen) {
  const auto options = std::make_shared<SolveOptions>();
  CLI::App* command = grid.add_subcommand("solve", "the power flow of one grid file");
  command
      ->add_option("FILE", options->file,
                   "power-grid-model .json, MATPOWER .m, OpenDSS .dss, or a SimBench folder")
      ->required();
  command
      ->add_option("--phases", options->phases,
                   "1: single-phase equivalent, 3: all phases (default: what the file is made for)")
      ->check(CLI::IsMember({1, 3}));
  command->add_option("--tolerance", options->tolerance_pu, "of voltages, per unit")
      ->check(number_from(1e-14, 1.0))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object on stdout");
  command->callback([options, &chosen] { chosen = [options] { return solve(*options); }; });
}

void add_convert(CLI::App& grid, std::function<int()>& chosen) {
  const auto options = std::make_shared<ConvertOptions>();
  CLI::App* command =
      grid.add_subcommand("convert", "a grid file as a power-grid-model file (.json)");
  command->add_option("FILE", options->file, "a grid file of any kind")->required();
  command->add_option("OUT", options->out, "the file to write, ending in .json")->required();
  command->callback([options, &chosen] { chosen = [options] { return convert(*options); }; });
}

}  // namespace

void add_grid_command(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* grid = program.add_subcommand("grid", "power flow of grid files, and their conversion");
  grid->require_subcommand(1);
  add_solve(*grid, chosen);
  add_convert(*grid, chosen);
}

}  // namespace app
