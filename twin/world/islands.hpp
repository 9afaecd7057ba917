#pragma once
// The parts that a grid falls into when its source is lost, each living from its own plants
// (island.hpp) or dark.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/world/island.hpp"

namespace twin {

class Islands {
 public:
  // `connection_of_home`: by home. The network must outlive it.
  Islands(const Network& network, std::vector<std::uint32_t> connection_of_home);

  // What to ask of each home in a step in which homes want this. `others_w`: drawn by connection
  // where no home stands, W, negative where it feeds in. `turn`: see plan_island.
  const std::vector<SetPoints>& plan(std::span<const IslandHome> wanted,
                                     std::span<const double> others_w, std::uint32_t turn);

  // After the homes have stepped: all parts side by side. Nothing comes from a source; the drawn
  // power of the homes that form a part still lacks what `rests` says. Converged: every part did.
  const PowerFlowResult& solve(std::span<const Phases> draw_va);

  // What the battery of a part's former has to give on top of what it was asked, W: the part's
  // losses, and whatever was not foreseen. By part that has a former.
  struct Rest {
    std::uint32_t home = 0;
    double watts = 0;
  };
  std::span<const Rest> rests() const { return rests_; }
  // Whether nothing feeds the connection in this step.
  bool is_dark(std::uint32_t connection) const;

 private:
  struct Part {
    std::vector<std::uint32_t> homes, connections;
    IslandPlan plan;                // of its homes, in their order
    std::optional<PowerFlow> flow;  // of the network fed by `flow_former`
    std::optional<std::uint32_t> flow_former;
    double losses_w = 0;  // of the last step
  };
  void find_parts();
  void feed(Part& part);
  void add(const PowerFlowResult& of_part);

  const Network& network_;
  std::vector<std::uint32_t> connection_of_home_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> part_of_connection_;
  std::vector<SetPoints> asked_;
  std::vector<Rest> rests_;
  PowerFlowResult result_;
};

}  // namespace twin
