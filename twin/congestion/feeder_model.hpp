#pragma once
// The grid operator's model of a feeder: what homes' exchanges do to its elements, by full power
// flows of the network file and their derivatives. An operator knows each home's sum, not its
// phases: a home stands alike on each phase that it is connected to, at a power factor of one. What
// that leaves out stands in the measured values, on which only differences by this model are put.

#include <memory>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/sensitivities.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

class FeederModel {
 public:
  // `connections`: of each home.
  FeederModel(Network network, std::vector<std::uint32_t> connections);

  struct State {
    bool converged = false;
    std::vector<double> loading;             // by branch
    std::vector<double> v_min_pu, v_max_pu;  // by home, over its legs
  };
  // Homes' net powers, W, import positive.
  State solve(std::span<const double> home_w) const;
  // By connection and leg: these homes, and what the file has where none stands.
  std::vector<Phases> draws(std::span<const double> home_w) const;

  // Change of a state by a W more that a home draws, around a state: of a branch's fullest phase,
  // of a home's lowest leg (sensitivities.hpp). A branch without a rating has none.
  struct Effects {
    std::vector<std::vector<double>> loading;  // [branch][home], 1/W
    std::vector<std::vector<double>> v_pu;     // [home whose voltage it is][home], 1/W
  };
  // Refused where there is no power flow, or none around it.
  ledger::Result<Effects> effects(std::span<const double> home_w) const;

  const Network& network() const { return network_; }
  std::size_t homes() const { return connections_.size(); }
  std::size_t branches() const { return network_.lines.size() + network_.transformers.size(); }
  const std::string& branch_name(std::uint32_t branch) const;
  const std::string& connection_name(std::uint32_t home) const {
    return network_.connections[connections_[home]].name;
  }
  std::uint32_t connection(std::uint32_t home) const { return connections_[home]; }

 private:
  Network network_;
  std::vector<std::uint32_t> connections_;
  std::vector<Phases> others_va_;  // what the file has where no home stands
  mutable PowerFlow power_flow_;   // starts warm: its result does not depend on it beyond 1e-8
  mutable SensitivityModel derivatives_;
};

}  // namespace twin
