#include "sim/site_network.hpp"

#include <simgrid/s4u.hpp>

#include "ledger/base/rng.hpp"

namespace sim {

using namespace twin;
using ledger::NodeId;
namespace s4u = simgrid::s4u;

namespace {

constexpr double fleet_latency_s = 1e-4;
constexpr double without_limit = 1e15;  // bytes a second

struct Site {
  s4u::NetZone* zone;
  simgrid::kernel::routing::NetPoint* router;  // where there are other sites
  double own_latency_s;
};

class HostMaker {
 public:
  HostMaker(const Scenario& scenario, const Directory& directory)
      : consensus_(scenario.consensus),
        directory_(directory),
        rng_(ledger::Rng(scenario.seed).fork("links")) {}

  void run(const std::vector<ValidatorFault>& faults) {
    make_sites();
    for (std::uint32_t v = 0; v < directory_.validators; ++v)
      add(name_of(directory_, directory_.validator(v)), site_of(v), own_latency_s(site_of(v)));
    add(name_of(directory_, directory_.observer()), site_of(0), own_latency_s(site_of(0)));
    for (std::uint32_t g = 0; g < directory_.gateways; ++g)
      add(name_of(directory_, directory_.gateway(g)), site_of(g), own_latency_s(site_of(g)));
    for (std::uint32_t g = 0; g < directory_.gateways; ++g)
      add(name_of(directory_, directory_.fleet(g)), site_of(g), fleet_latency_s);
    for (std::uint32_t o = 0; o < directory_.oracles; ++o)
      add(name_of(directory_, directory_.oracle(o)), site_of(0), own_latency_s(site_of(0)));
    for (std::uint32_t c = 0; c < directory_.concentrators; ++c)
      add(name_of(directory_, directory_.concentrator(c)), site_of(c), own_latency_s(site_of(c)));
    if (directory_.grid_operators > 0)
      add(name_of(directory_, directory_.grid_operator()), site_of(0), own_latency_s(site_of(0)));
    std::vector<bool> twins(directory_.validators);
    for (const ValidatorFault& f : faults)
      if (f.kind == ValidatorFault::Kind::equivocate)
        for (const std::uint32_t v : f.targets) twins[v] = true;
    for (std::uint32_t v = 0; v < directory_.validators; ++v)
      if (twins[v]) add(name_of_twin(v), site_of(v), own_latency_s(site_of(v)));
    for (const Site& site : sites_) site.zone->seal();
    if (sites_.size() > 1) join_sites();
  }

 private:
  void make_sites() {
    const bool several = consensus_.sites.size() > 1;
    if (several) world_ = s4u::create_full_zone("world");
    for (std::size_t k = 0; k < consensus_.sites.size(); ++k) {
      auto* zone = s4u::create_star_zone("site-" + std::to_string(k));
      Site site{zone, nullptr, consensus_.latency_ms[k][k] * 1e-3};
      if (several) {
        zone->set_parent(world_);
        site.router = zone->create_router("router-" + std::to_string(k));
        zone->add_route(site.router, nullptr, nullptr, nullptr, std::vector<s4u::LinkInRoute>{},
                        true);
      }
      sites_.push_back(site);
    }
  }

  Site& site_of(std::uint32_t k) {
    return sites_[consensus_.placement[k % consensus_.placement.size()]];
  }

  double own_latency_s(const Site& site) {
    const double spread_s = consensus_.latency_spread_ms / 2 * 1e-3;
    return std::max(0.0, site.own_latency_s / 2 + rng_.uniform(-spread_s, spread_s));
  }

  void add(const std::string& name, Site& site, double latency_s) {
    auto* host = site.zone->create_host(name, 1e9);
    auto* link =
        site.zone->create_split_duplex_link("link-" + name, consensus_.bandwidth_mbit_s * 1e6 / 8);
    link->set_latency(latency_s)->seal();
    site.zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr,
                         {s4u::LinkInRoute(link, s4u::LinkInRoute::Direction::UP)}, true);
  }

  void join_sites() {
    for (std::size_t a = 0; a < sites_.size(); ++a)
      for (std::size_t b = 0; b < sites_.size(); ++b) {
        if (a == b) continue;
        auto* link = world_->create_link("way-" + std::to_string(a) + "-" + std::to_string(b),
                                         without_limit);
        link->set_sharing_policy(s4u::Link::SharingPolicy::FATPIPE);
        const double between_s = consensus_.latency_ms[a][b] * 1e-3 -
                                 (sites_[a].own_latency_s + sites_[b].own_latency_s) / 2;
        link->set_latency(std::max(0.0, between_s))->seal();
        world_->add_route(sites_[a].zone->get_netpoint(), sites_[b].zone->get_netpoint(),
                          sites_[a].router, sites_[b].router, {s4u::LinkInRoute(link)}, false);
      }
    world_->seal();
  }

  const ConsensusSpec& consensus_;
  const Directory& directory_;
  ledger::Rng rng_;
  s4u::NetZone* world_ = nullptr;
  std::vector<Site> sites_;
};

}  // namespace

std::vector<std::string> network_settings() {
  return {"--cfg=network/model:CM02", "--cfg=network/TCP-gamma:0", "--cfg=network/crosstraffic:0",
          "--log=root.thresh:error"};
}

std::string name_of(const Directory& d, NodeId node) {
  if (node < d.observer()) return "validator-" + std::to_string(node.value);
  if (node == d.observer()) return "observer";
  if (node < d.fleet(0)) return "gateway-" + std::to_string(node.value - d.gateway(0).value);
  if (d.is_oracle(node)) return "oracle-" + std::to_string(node.value - d.oracle(0).value);
  if (d.is_concentrator(node))
    return "concentrator-" + std::to_string(node.value - d.concentrator(0).value);
  if (d.is_grid_operator(node)) return "grid-operator";
  return "homes-" + std::to_string(node.value - d.fleet(0).value);
}

std::string name_of_twin(std::uint32_t validator) {
  return "validator-" + std::to_string(validator) + "-twin";
}

void make_hosts(const Scenario& scenario, const Directory& directory) {
  HostMaker(scenario, directory).run(scenario.validator_faults);
}

}  // namespace sim
