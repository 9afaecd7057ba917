#include "twin/congestion/envelopes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "ledger/base/invariant.hpp"
#include "twin/congestion/filling.hpp"
#include "twin/grid/flow/limited_elements.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/sensitivities.hpp"

namespace twin {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr int most_rounds = 30;  // each takes room away; the corners hold after two or three
constexpr std::size_t most_corners = 16;
constexpr double nearly_full = 0.03;   // of an element's limit
constexpr double negligible = 1e-7;    // of an element's limit
constexpr double whole_w = 1e-6;       // that a sum of shares may lack of a whole watt
constexpr double solver_slack = 1e-7;  // of an element's limit: what the power flow leaves open
constexpr double beside = 1.05;        // room is taken a little beyond what a corner exceeded
constexpr double worth_giving = 5e-4;  // of an element's limit: room that rows took without need
constexpr double given_at_once = 0.9;  // of that
constexpr int most_gifts = 4;

struct Element {
  LimitedElement what;  // its limit is what measurement leaves for the model
  double scale = 0;     // its limit, without sign
  double allowed = 0;   // what.limit, or what the base has where that is beyond it
  double taken = 0;     // room that corners took away; below 0: that they gave
  double excess = 0;    // the most of this round's corners
  double nearest = 0;   // the least that this round's corners left of it
  std::vector<FillingRow> rows;
};

using Corner = std::vector<bool>;  // by home: at its import limit, else at its export limit

}  // namespace

std::vector<Phases> draws_with(const Network& network, std::span<const Phases> base_va,
                               std::span<const FlexibleHome> homes, std::span<const double> net_w) {
  std::vector<Phases> out(base_va.begin(), base_va.end());
  for (std::size_t h = 0; h < homes.size(); ++h) {
    const Connection& c = network.connections[homes[h].connection];
    const double leg_w = (homes[h].firm_w + net_w[h]) / std::popcount(c.phases);
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1) out[homes[h].connection][p].real(leg_w);
  }
  return out;
}

struct EnvelopeModel::Engine {
  Engine(const Network& net, GridLimits lim)
      : network(without_controls(net)),
        limits(lim),
        flow(network, {.tolerance_pu = 1e-10}),
        sensitivities(network) {}
  static Network without_controls(Network net) {
    net.tap_controls.clear();
    return net;
  }

  void find_elements(const Unmodelled& unmodelled);
  void find_rows(Element& element) const;
  FillingRow row_of(std::span<const double> a, double room, double scale) const;
  std::vector<FillingRow> all_rows() const;
  std::vector<double> shares(std::span<const FillingRow> rows) const;
  std::vector<double> fill_part(std::span<const FillingRow> rows, std::span<const double> part,
                                double upto) const;
  std::vector<bool> take_steps(std::vector<FillingRow>& rows, std::vector<double>& share) const;
  std::set<Corner> corners(std::span<const FillingRow> rows, std::span<const double> share) const;
  bool check(const Corner& corner, std::span<const Envelope> box, SlotEnvelopes& out);
  void take_excess();
  bool give_room(std::span<const double> share);
  std::vector<Envelope> box_of(std::span<const double> share) const;

  Network network;
  GridLimits limits;
  PowerFlow flow;
  SensitivityModel sensitivities;
  // Of the slot.
  std::span<const Phases> base_va;
  std::span<const FlexibleHome> homes;
  PowerFlowResult base;
  Sensitivities s;
  std::vector<Element> elements;
  double ceiling = 1;  // of all shares; falls where a corner has no power flow
};

EnvelopeModel::EnvelopeModel(const Network& network, GridLimits limits)
    : engine_(std::make_unique<Engine>(network, limits)) {}
EnvelopeModel::~EnvelopeModel() = default;
EnvelopeModel::EnvelopeModel(EnvelopeModel&&) noexcept = default;

namespace {

// In the element's own unit, and growing towards its limit as its value does.
double unmodelled_of(const LimitedElement& e, const Sensitivities& s, const Unmodelled& u) {
  const auto at = [](const std::vector<double>& v, std::size_t k) { return v.empty() ? 0 : v[k]; };
  switch (e.kind) {
    case LimitedElement::Kind::current:
      return at(u.loading, s.watched[e.place].branch) * s.watched[e.place].rated_a;
    case LimitedElement::Kind::high_voltage:
      return at(u.v_max_pu, e.place);
    case LimitedElement::Kind::low_voltage:
      return -at(u.v_min_pu, e.place);
  }
  return 0;
}

void take_room(std::vector<FillingRow>& rows, std::span<const double> share) {
  for (FillingRow& row : rows)
    for (std::size_t v = 0; v < share.size(); ++v)
      if (row.load[v] > row.grain) row.room -= row.load[v] * share[v];
}

}  // namespace

void EnvelopeModel::Engine::find_elements(const Unmodelled& unmodelled) {
  elements.clear();
  for (LimitedElement e : limited_elements(network, s, limits)) {
    const double scale = std::abs(e.limit);
    e.limit -= unmodelled_of(e, s, unmodelled);
    elements.push_back({e, scale, std::max(e.limit, value_of(e, network, s, base)), 0, 0, 0, {}});
  }
  for (Element& e : elements) find_rows(e);
}

FillingRow EnvelopeModel::Engine::row_of(std::span<const double> a, double room,
                                         double scale) const {
  FillingRow row;
  row.load.resize(2 * homes.size());
  for (std::size_t h = 0; h < homes.size(); ++h) {
    row.load[2 * h] = std::max(a[h], 0.0) * homes[h].import_w;
    row.load[2 * h + 1] = std::max(-a[h], 0.0) * homes[h].export_w;
  }
  row.room = room;
  row.grain = negligible * scale;
  return row;
}

void EnvelopeModel::Engine::find_rows(Element& element) const {
  std::vector<double> least, most;
  for (const FlexibleHome& h : homes) {
    least.push_back(h.export_w);
    most.push_back(h.import_w);
  }
  element.rows.clear();
  each_row(element.what, network, s, element.taken, least, most,
           [&](std::span<const double> a, double room) {
             element.rows.push_back(row_of(a, room, element.scale));
           });
}

std::vector<FillingRow> EnvelopeModel::Engine::all_rows() const {
  std::vector<FillingRow> out;
  for (const Element& e : elements) out.insert(out.end(), e.rows.begin(), e.rows.end());
  return out;
}

// Shares of `part` of each request, by variable, in the rows' room; as shares of the request.
std::vector<double> EnvelopeModel::Engine::fill_part(std::span<const FillingRow> rows,
                                                     std::span<const double> part,
                                                     double upto) const {
  std::vector<FillingRow> scaled(rows.begin(), rows.end());
  for (FillingRow& row : scaled)
    for (std::size_t v = 0; v < part.size(); ++v) row.load[v] *= part[v];
  std::vector<double> share = fill(scaled, part.size(), upto);
  for (std::size_t v = 0; v < part.size(); ++v) share[v] *= part[v];
  return share;
}

// Adds the steps that fit to the shares and takes their room; gives who took one. Whom a full row
// left without all that is idle it leaves without a step.
std::vector<bool> EnvelopeModel::Engine::take_steps(std::vector<FillingRow>& rows,
                                                    std::vector<double>& share) const {
  std::vector<bool> took(homes.size());
  for (std::size_t h = 0; h < homes.size(); ++h) {
    const FlexibleHome& home = homes[h];
    if (!home.step || home.import_w <= 0) continue;
    const double more = (home.step->least_w - home.step->idle_w) / home.import_w;
    const auto fits = [&](const FillingRow& row) {
      return row.load[2 * h] <= row.grain || row.load[2 * h] * more <= row.room;
    };
    took[h] = std::all_of(rows.begin(), rows.end(), fits);
    if (!took[h]) continue;
    share[2 * h] += more;
    for (FillingRow& row : rows)
      if (row.load[2 * h] > row.grain) row.room -= row.load[2 * h] * more;
  }
  return took;
}

// Of each request, by variable: the import of a home, then its export.
std::vector<double> EnvelopeModel::Engine::shares(std::span<const FillingRow> rows) const {
  if (std::none_of(homes.begin(), homes.end(), [](const FlexibleHome& h) { return h.step; }))
    return fill(rows, 2 * homes.size(), ceiling);
  std::vector<double> idle(2 * homes.size(), 1), beyond(2 * homes.size());
  for (std::size_t h = 0; h < homes.size(); ++h)
    if (homes[h].step && homes[h].import_w > 0)
      idle[2 * h] = homes[h].step->idle_w / homes[h].import_w;
  std::vector<double> share = fill_part(rows, idle, ceiling);
  if (ceiling < 1) return share;  // where corners have no power flow nothing beyond is tried
  std::vector<FillingRow> left(rows.begin(), rows.end());
  take_room(left, share);
  const std::vector<bool> took = take_steps(left, share);
  for (std::size_t h = 0; h < homes.size(); ++h)
    if (took[h]) beyond[2 * h] = 1 - homes[h].step->least_w / homes[h].import_w;
  const std::vector<double> more = fill_part(left, beyond, 1);
  for (std::size_t v = 0; v < share.size(); ++v) share[v] += more[v];
  return share;
}

std::vector<Envelope> EnvelopeModel::Engine::box_of(std::span<const double> share) const {
  std::vector<Envelope> out;
  for (std::size_t h = 0; h < homes.size(); ++h)
    out.push_back({std::floor(share[2 * h] * homes[h].import_w + whole_w),
                   std::floor(share[2 * h + 1] * homes[h].export_w + whole_w)});
  return out;
}

// All-import, all-export, and the worst corners of the fullest rows.
std::set<Corner> EnvelopeModel::Engine::corners(std::span<const FillingRow> rows,
                                                std::span<const double> share) const {
  std::vector<std::pair<double, std::size_t>> fullest;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    double left = rows[r].room;
    for (std::size_t v = 0; v < share.size(); ++v) left -= rows[r].load[v] * share[v];
    if (left < nearly_full / negligible * rows[r].grain)
      fullest.emplace_back(left / rows[r].grain, r);
  }
  std::sort(fullest.begin(), fullest.end());
  std::set<Corner> out{Corner(homes.size(), true), Corner(homes.size(), false)};
  for (const auto& [left, r] : fullest) {
    if (out.size() == most_corners) break;
    Corner worst(homes.size());
    for (std::size_t h = 0; h < homes.size(); ++h) worst[h] = rows[r].load[2 * h] > 0;
    out.insert(worst);
  }
  return out;
}

// Whether the corner is within all limits; notes by how much elements are not.
bool EnvelopeModel::Engine::check(const Corner& corner, std::span<const Envelope> box,
                                  SlotEnvelopes& out) {
  std::vector<double> net_w;
  for (std::size_t h = 0; h < homes.size(); ++h)
    net_w.push_back(corner[h] ? box[h].import_w : -box[h].export_w);
  const PowerFlowResult& at = flow.solve(draws_with(network, base_va, homes, net_w));
  ++out.power_flows;
  if (!at.converged) {
    ceiling *= 0.8;
    return false;
  }
  bool holds = true;
  for (Element& e : elements) {
    const double excess = value_of(e.what, network, s, at) - e.allowed;
    e.nearest = std::min(e.nearest, -excess);
    if (excess <= solver_slack * e.scale) continue;
    holds = false;
    e.excess = std::max(e.excess, excess);
  }
  return holds;
}

void EnvelopeModel::Engine::take_excess() {
  for (Element& e : elements) {
    if (e.excess == 0) continue;
    e.taken += beside * std::exchange(e.excess, 0.0);
    find_rows(e);
  }
}

// Rows are straight lines from the base, which the power flow bends away from. Where a full one
// keeps its element farther from its limit than it has to, in all corners, it gets room. A current
// keeps what its directions lie inside of its circle. Whether anything was given.
bool EnvelopeModel::Engine::give_room(std::span<const double> share) {
  bool given = false;
  for (Element& e : elements) {
    const bool full = std::any_of(e.rows.begin(), e.rows.end(), [&](const FillingRow& row) {
      double left = row.room;
      for (std::size_t v = 0; v < share.size(); ++v) left -= row.load[v] * share[v];
      return left < worth_giving * e.scale;
    });
    const double kept = e.what.kind == LimitedElement::Kind::current ? inside_circle * e.scale : 0;
    const double room = e.nearest - kept;
    if (!full || room < worth_giving * e.scale) continue;
    e.taken -= given_at_once * room;
    find_rows(e);
    given = true;
  }
  return given;
}

ledger::Result<SlotEnvelopes> EnvelopeModel::allocate(std::span<const Phases> base_va,
                                                      std::span<const FlexibleHome> homes,
                                                      const Unmodelled& unmodelled) {
  Engine& e = *engine_;
  e.homes = homes;
  std::vector<std::uint32_t> connections;
  for (const FlexibleHome& h : homes) {
    ledger::invariant(h.connection < base_va.size() && h.import_w >= 0 && h.export_w >= 0,
                      "a home of the network, and what it asks for");
    ledger::invariant(!h.step || (0 <= h.step->idle_w && h.step->idle_w <= h.step->least_w &&
                                  h.step->least_w <= h.import_w),
                      "a step within what is asked for");
    connections.push_back(h.connection);
  }
  const std::vector<Phases> at_rest =
      draws_with(e.network, base_va, homes, std::vector<double>(homes.size(), 0.0));
  e.base_va = at_rest;
  e.base = e.flow.solve(at_rest);
  if (!e.base.converged)
    return ledger::failure("the power flow does not converge without the flexible homes");
  auto sensitivities = e.sensitivities.at(e.base, at_rest, connections);
  if (!sensitivities) return ledger::failure(sensitivities.error());
  e.s = std::move(*sensitivities);
  e.ceiling = 1;
  e.find_elements(unmodelled);

  SlotEnvelopes out;
  for (const Element& element : e.elements)
    if (element.allowed > element.what.limit) out.base_holds = false;
  for (int gifts = 0; out.rounds < most_rounds; ++out.rounds) {
    const std::vector<FillingRow> rows = e.all_rows();
    const std::vector<double> share = e.shares(rows);
    const std::vector<Envelope> box = e.box_of(share);
    for (Element& element : e.elements) element.nearest = infinite;
    bool holds = true;
    for (const Corner& corner : e.corners(rows, share))
      if (!e.check(corner, box, out)) holds = false;
    if (holds || !out.corners_hold) out.homes = box;
    out.corners_hold |= holds;
    e.take_excess();
    if (holds && (gifts++ == most_gifts || !e.give_room(share))) break;
  }
  return out;
}

}  // namespace twin
