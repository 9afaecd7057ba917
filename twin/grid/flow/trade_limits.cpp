#include "twin/grid/flow/trade_limits.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "twin/grid/flow/limited_elements.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/sensitivities.hpp"
#include "twin/grid/model/topology.hpp"

namespace twin {
namespace {

constexpr double units = 1e10;  // a limit

std::string name_of(const LimitedElement& e, const Network& network, const Sensitivities& s) {
  const std::string phase = std::to_string(e.phase + 1);
  if (e.kind == LimitedElement::Kind::current)
    return branch_name(network, s.watched[e.place].branch) + ", phase " + phase;
  const bool above = e.kind == LimitedElement::Kind::high_voltage;
  return "voltage at " + network.connections[e.place].name + ", leg " + phase +
         (above ? ", above" : ", below");
}

// Which columns of the sensitivities stand for which place.
struct PlaceColumns {
  std::vector<std::uint32_t> connections, place;
  std::vector<double> share;        // of the place's power
  std::vector<double> least, most;  // W
};

PlaceColumns columns_of(std::span<const TradingPlace> places, double w_per_wh) {
  PlaceColumns out;
  for (std::uint32_t p = 0; p < places.size(); ++p)
    for (const std::uint32_t c : places[p].connections) {
      out.connections.push_back(c);
      out.place.push_back(p);
      out.share.push_back(1 / static_cast<double>(places[p].connections.size()));
      out.least.push_back(places[p].most_sold_wh * w_per_wh * out.share.back());
      out.most.push_back(places[p].most_bought_wh * w_per_wh * out.share.back());
    }
  return out;
}

// In units of the limit; nothing where a coefficient is out of bounds.
std::optional<market::LimitRow> whole_row(std::span<const double> a, double room, double limit,
                                          const PlaceColumns& columns, std::size_t places,
                                          double w_per_wh) {
  const double unit = limit / units;
  std::vector<double> by_place(places);
  for (std::size_t k = 0; k < a.size(); ++k)
    by_place[columns.place[k]] += a[k] * columns.share[k] * w_per_wh / unit;
  market::LimitRow out;
  out.room = static_cast<std::int64_t>(
      std::clamp(std::floor(room / unit), 0.0, static_cast<double>(market::max_room)));
  for (std::uint32_t p = 0; p < places; ++p) {
    if (!(std::abs(by_place[p]) <= static_cast<double>(market::max_coefficient)))
      return std::nullopt;
    if (const std::int64_t whole = std::llround(by_place[p]); whole != 0)
      out.terms.push_back({p, whole});
  }
  return out;
}

}  // namespace

ledger::Result<FeederTradeLimits> feeder_trade_limits(const Network& network,
                                                      std::span<const Phases> draw_va,
                                                      std::span<const TradingPlace> places,
                                                      const GridLimits& limits,
                                                      double slot_minutes) {
  const double w_per_wh = 60 / slot_minutes;
  PowerFlow flow(network);
  const PowerFlowResult& base = flow.solve(draw_va);
  if (!base.converged)
    return ledger::failure("the power flow without the trades does not converge");
  const PlaceColumns columns = columns_of(places, w_per_wh);
  SensitivityModel model(network);
  const auto s = model.at(base, draw_va, columns.connections);
  if (!s) return ledger::failure(s.error());

  FeederTradeLimits out;
  out.limits.buses = static_cast<std::uint32_t>(places.size());
  std::map<std::vector<market::LimitTerm>, std::size_t> row_of;
  std::string refused;
  for (const LimitedElement& e : limited_elements(network, *s, limits)) {
    const std::string name = name_of(e, network, *s);
    const auto take = [&](std::span<const double> a, double room) {
      auto row = whole_row(a, room, std::abs(e.limit), columns, places.size(), w_per_wh);
      if (!row) refused = name + ": a Wh is beyond 10 % of its limit";
      if (!row || row->terms.empty()) return;
      const auto [at, is_new] = row_of.emplace(row->terms, out.limits.rows.size());
      if (!is_new) {
        market::LimitRow& same = out.limits.rows[at->second];
        if (row->room < same.room) {
          same.room = row->room;
          out.names[at->second] = name;
        }
        return;
      }
      out.limits.rows.push_back(std::move(*row));
      out.names.push_back(name);
    };
    each_row(e, network, *s, 0, columns.least, columns.most, take);
    if (!refused.empty()) return ledger::failure(refused);
  }
  if (std::string why = market::check_trade_limits(out.limits); !why.empty())
    return ledger::failure(why);
  return out;
}

}  // namespace twin
