#include "twin/world/islands.hpp"

#include <algorithm>
#include <utility>

#include "twin/grid/model/topology.hpp"

namespace twin {
namespace {

constexpr std::uint32_t none = UINT32_MAX;

void add_to(std::vector<Phases>& sums, const std::vector<Phases>& terms) {
  for (std::size_t k = 0; k < sums.size(); ++k)
    for (std::size_t p = 0; p < 3; ++p) sums[k][p] += terms[k][p];
}

void add_to(std::vector<double>& sums, const std::vector<double>& terms) {
  for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += terms[k];
}

PowerFlowResult nothing_on(const Network& network) {
  PowerFlowResult out;
  const std::size_t branches = branch_count(network);
  out.converged = true;
  out.voltage_v.resize(network.buses.size());
  out.current_a.resize(branches);
  out.to_current_a.resize(branches);
  out.loading.resize(branches);
  out.losses_w.resize(branches);
  out.drawn_va.resize(network.connections.size());
  for (const TapControl& c : network.tap_controls)
    out.tap.push_back(network.transformers[c.transformer].to_tap);
  return out;
}

}  // namespace

Islands::Islands(const Network& network, std::vector<std::uint32_t> connection_of_home)
    : network_(network),
      connection_of_home_(std::move(connection_of_home)),
      part_of_connection_(network.connections.size(), none),
      asked_(connection_of_home_.size()) {
  find_parts();
}

// A part is what a voltage at one of its connections would reach.
void Islands::find_parts() {
  for (std::uint32_t c = 0; c < network_.connections.size(); ++c) {
    if (part_of_connection_[c] != none) continue;
    const Network opened = islanded(network_, network_.connections[c].bus);
    const Topology reached = topology_of(opened);
    const auto number = static_cast<std::uint32_t>(parts_.size());
    Part& part = parts_.emplace_back();
    for (std::uint32_t other = c; other < network_.connections.size(); ++other) {
      if (part_of_connection_[other] != none) continue;
      if (other != c && reached.live[network_.connections[other].bus] == 0) continue;
      part_of_connection_[other] = number;
      part.connections.push_back(other);
    }
  }
  for (std::uint32_t h = 0; h < connection_of_home_.size(); ++h)
    parts_[part_of_connection_[connection_of_home_[h]]].homes.push_back(h);
}

const std::vector<SetPoints>& Islands::plan(std::span<const IslandHome> wanted,
                                            std::span<const double> others_w, std::uint32_t turn) {
  for (Part& part : parts_) {
    std::vector<IslandHome> homes;
    for (const std::uint32_t h : part.homes) homes.push_back(wanted[h]);
    double beside_w = part.losses_w;
    for (const std::uint32_t c : part.connections) beside_w += others_w[c];
    const auto count = static_cast<std::uint32_t>(std::max<std::size_t>(1, homes.size()));
    part.plan = plan_island(homes, beside_w, turn % count);
    for (std::size_t k = 0; k < homes.size(); ++k) asked_[part.homes[k]] = part.plan.asked[k];
    feed(part);
  }
  return asked_;
}

// The part's power flow stands on its former's bus.
void Islands::feed(Part& part) {
  if (!part.plan.former) {
    part.flow.reset();
    part.flow_former.reset();
    part.losses_w = 0;
    return;
  }
  const std::uint32_t former = part.homes[*part.plan.former];
  if (part.flow_former == former) return;
  part.flow_former = former;
  part.flow.emplace(islanded(network_, network_.connections[connection_of_home_[former]].bus));
}

const PowerFlowResult& Islands::solve(std::span<const Phases> draw_va) {
  rests_.clear();
  result_ = nothing_on(network_);
  for (Part& part : parts_) {
    if (!part.flow) continue;
    const PowerFlowResult& solved = part.flow->solve(draw_va);
    if (!solved.converged) {
      result_ = solved;
      rests_.clear();
      return result_;
    }
    add(solved);
    part.losses_w = solved.shunt_va.real();
    for (const double w : solved.losses_w) part.losses_w += w;
    rests_.push_back({*part.flow_former, solved.source_va.real()});
  }
  return result_;
}

void Islands::add(const PowerFlowResult& of_part) {
  result_.iterations = std::max(result_.iterations, of_part.iterations);
  result_.worst_mismatch_pu = std::max(result_.worst_mismatch_pu, of_part.worst_mismatch_pu);
  add_to(result_.voltage_v, of_part.voltage_v);
  add_to(result_.current_a, of_part.current_a);
  add_to(result_.to_current_a, of_part.to_current_a);
  add_to(result_.drawn_va, of_part.drawn_va);
  add_to(result_.loading, of_part.loading);
  add_to(result_.losses_w, of_part.losses_w);
  result_.shunt_va += of_part.shunt_va;
  result_.load_va += of_part.load_va;
}

bool Islands::is_dark(std::uint32_t connection) const {
  return !parts_[part_of_connection_[connection]].flow;
}

}  // namespace twin
