#include "twin/grid/pgm/pgm_reader.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/pi_branch.hpp"
#include "twin/grid/pgm/pgm_file.hpp"
#include "twin/grid/pgm/pgm_row.hpp"
#include "twin/grid/pgm/pgm_transformer.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;
using pgm::Row;
using Place = JsonTree::Place;

namespace {

constexpr double omega = 2 * std::numbers::pi * 50;
constexpr double ideal_above_va = 1e15;
constexpr double default_sk_va = 1e10, default_rx = 0.1;

class PgmReader {
 public:
  explicit PgmReader(const pgm::File& file) : file_(file) {}

  Result<Network> run() {
    for (std::size_t c = 0; c < pgm::components().size() && error_.empty(); ++c) read(c);
    if (error_.empty() && net_.buses.empty())
      fail(file_.name + ": data: node: found none; wants some");
    if (!error_.empty()) return failure(error_);
    for (Connection& c : generators_) net_.connections.push_back(std::move(c));
    net_.balanced = !file_.by_phase || !zero_sequence_;
    return std::move(net_);
  }

 private:
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  void read(std::size_t component);
  void build(const pgm::Component& component, const Row& row);

  // One element each.
  void node(const Row& row);
  void line(const Row& row);
  void link(const Row& row);
  void asym_line(const Row& row);
  void generic_branch(const Row& row);
  void transformer(const Row& row);
  void three_winding(const Row& row);
  void source(const Row& row);
  void load(const Row& row, bool by_phase, bool generates);
  void shunt(const Row& row);

  // Shared steps.
  std::uint32_t bus(const Row& row, std::size_t attribute);
  template <class Branch>
  bool attach(const Row& row, Branch& branch);
  void same_voltage(const Row& row, const Line& line);
  bool tap(const Row& row, std::size_t side, std::size_t pos, int sides, pgm::TapRange& out);

  const pgm::File& file_;
  std::string error_;
  std::unordered_map<std::int64_t, std::uint32_t> bus_of_;    // by node id
  std::unordered_map<std::int64_t, std::string_view> taken_;  // ids of all components
  bool zero_sequence_ = true;
  std::vector<Connection> generators_;
  Network net_;
};

void PgmReader::read(std::size_t index) {
  const Place rows = file_.data[index];
  if (rows == 0) return;
  const pgm::Component& component = pgm::components()[index];
  const JsonTree& tree = file_.tree;
  for (Place r = tree.first_child(rows); r < tree.next(rows); r = tree.next(r)) {
    const Row row(tree, r, component, file_.columns[index]);
    if (!row.error().empty()) return fail(row.error());
    const auto [owner, is_new] = taken_.emplace(row.id(), component.name);
    if (!is_new)
      return fail(row.refuse(
          pgm::base::id, "wants an id of its own (taken by a " + std::string(owner->second) + ")"));
    build(component, row);
    if (!error_.empty()) return;
  }
}

void PgmReader::build(const pgm::Component& component, const Row& row) {
  const std::string_view name = component.name;
  if (name == "node") return node(row);
  if (name == "line") return line(row);
  if (name == "link") return link(row);
  if (name == "asym_line") return asym_line(row);
  if (name == "generic_branch") return generic_branch(row);
  if (name == "transformer") return transformer(row);
  if (name == "three_winding_transformer") return three_winding(row);
  if (name == "source") return source(row);
  if (name == "shunt") return shunt(row);
  load(row, name.starts_with("asym_"), name.ends_with("_gen"));
}

void PgmReader::node(const Row& row) {
  Bus out;
  out.name = row.name();
  out.id = row.id();
  out.nominal_v = row.real(pgm::node::u_rated) / std::numbers::sqrt3;
  bus_of_[out.id] = static_cast<std::uint32_t>(net_.buses.size());
  net_.buses.push_back(std::move(out));
}

std::uint32_t PgmReader::bus(const Row& row, std::size_t attribute) {
  const auto at = bus_of_.find(row.integer(attribute));
  if (at != bus_of_.end()) return at->second;
  fail(row.refuse(attribute, "wants the id of a node"));
  return 0;
}

template <class Branch>
bool PgmReader::attach(const Row& row, Branch& branch) {
  branch.name = row.name();
  branch.id = row.id();
  branch.from = bus(row, pgm::branch::from_node);
  branch.to = bus(row, pgm::branch::to_node);
  branch.from_closed = row.flag(pgm::branch::from_status);
  branch.to_closed = row.flag(pgm::branch::to_status);
  return error_.empty();
}

double rating(const Row& row, std::size_t attribute) {
  const double i_n = row.real(attribute);
  return std::isinf(i_n) ? 0 : i_n;
}

void PgmReader::same_voltage(const Row& row, const Line& line) {
  const double from = net_.buses[line.from].nominal_v, to = net_.buses[line.to].nominal_v;
  if (std::abs(from - to) > 1e-8)
    fail(row.refuse("joins nodes of different u_rated; wants the same at both ends"));
}

void PgmReader::line(const Row& row) {
  namespace at = pgm::line;
  Line out;
  if (!attach(row, out)) return;
  same_voltage(row, out);
  const Complex z1 = row.pair(at::r1, at::x1);
  const Complex y1 = omega * row.real(at::c1) * Complex(row.real(at::tan1), 1);
  const bool zero = row.has(at::r0) && row.has(at::x0);
  if (!zero) zero_sequence_ = false;
  const Complex z0 = zero ? row.pair(at::r0, at::x0) : z1;
  const bool charging = row.has(at::c0);
  if (zero && !charging) zero_sequence_ = false;
  const Complex y0 = charging ? omega * row.real(at::c0) * Complex(row.real(at::tan0), 1) : y1;
  if (is_too_small(z1)) fail(row.refuse(at::x1, "wants r1 and x1 not both 0 (nor below 1e-12)"));
  if (is_too_small(z0)) fail(row.refuse(at::x0, "wants r0 and x0 not both 0 (nor below 1e-12)"));
  out.z = from_sequence(z1, z0);
  out.shunt = from_sequence(y1, y0);
  out.rated_a = rating(row, at::i_n);
  net_.lines.push_back(std::move(out));
}

void PgmReader::link(const Row& row) {
  Line out;
  if (!attach(row, out)) return;
  const Complex z = link_impedance(net_.buses[out.from].nominal_v);
  out.z = from_sequence(z, z);
  net_.lines.push_back(std::move(out));
}

// The lower triangle aa ba bb ca cb cc as a matrix.
std::array<std::array<double, 3>, 3> symmetric(const Row& row, std::size_t first) {
  std::array<std::array<double, 3>, 3> out{};
  std::size_t k = first;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q <= p; ++q) out[p][q] = out[q][p] = row.real(k++);
  return out;
}

bool all_given(const Row& row, std::size_t first, std::size_t count, bool& none) {
  std::size_t given = 0;
  for (std::size_t i = 0; i < count; ++i) given += row.has(first + i) ? 1 : 0;
  none = given == 0;
  return given == count;
}

void PgmReader::asym_line(const Row& row) {
  namespace at = pgm::asym_line;
  Line out;
  if (!attach(row, out)) return;
  same_voltage(row, out);
  const auto r = symmetric(row, at::r), x = symmetric(row, at::x);
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) out.z[p][q] = {r[p][q], x[p][q]};
  bool no_r = false, no_x = false, no_c = false;
  const bool neutral_r = all_given(row, at::r + 6, 4, no_r);
  const bool neutral_x = all_given(row, at::x + 6, 4, no_x);
  if (neutral_r != neutral_x || (!neutral_r && !(no_r && no_x)))
    return fail(row.refuse("wants all or none of r_na ... r_nn and x_na ... x_nn"));
  if (neutral_r) {
    const Complex nn = row.pair(at::r + 9, at::x + 9);
    if (is_too_small(nn))
      return fail(row.refuse(at::x + 9, "wants r_nn and x_nn not both 0 (nor below 1e-12)"));
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q)
        out.z[p][q] -=
            row.pair(at::r + 6 + p, at::x + 6 + p) * row.pair(at::r + 6 + q, at::x + 6 + q) / nn;
  }
  for (std::size_t p = 0; p < 3; ++p)
    if (is_too_small(out.z[p][p]))
      return fail(row.refuse("wants impedances of the phases that are not all below 1e-12"));
  if (!inverse(out.z)) return fail(row.refuse("its impedance matrix cannot be inverted"));
  if (row.has(at::c0) && row.has(at::c1)) {
    const Complex y1(0, omega * row.real(at::c1)), y0(0, omega * row.real(at::c0));
    out.shunt = from_sequence(y1, y0);
  } else if (all_given(row, at::c, 6, no_c)) {
    const auto c = symmetric(row, at::c);
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q) out.shunt[p][q] = {0, omega * c[p][q]};
  } else {
    return fail(row.refuse("wants c0 and c1, or all of c_aa ... c_cc"));
  }
  out.rated_a = rating(row, at::i_n);
  net_.lines.push_back(std::move(out));
}

void PgmReader::generic_branch(const Row& row) {
  namespace at = pgm::generic_branch;
  PiBranch pi;
  pi.from = bus(row, pgm::branch::from_node);
  pi.to = bus(row, pgm::branch::to_node);
  if (!error_.empty()) return;
  pi.from_nominal_v = net_.buses[pi.from].nominal_v;
  pi.to_nominal_v = net_.buses[pi.to].nominal_v;
  pi.z = row.pair(at::r1, at::x1);
  pi.y = row.pair(at::g1, at::b1);
  pi.k = row.real(at::k, 1);
  pi.theta_rad = row.real(at::theta);
  if (is_too_small(pi.z))
    return fail(row.refuse(at::x1, "wants r1 and x1 not both 0 (nor below 1e-12)"));
  Transformer out = transformer_of(pi);
  attach(row, out);
  out.rated_va = row.real(at::sn);
  zero_sequence_ = false;
  net_.transformers.push_back(std::move(out));
}

// Reads side, pos, min, max and nom, which follow each other from `side` on.
bool PgmReader::tap(const Row& row, std::size_t side, std::size_t pos, int sides,
                    pgm::TapRange& out) {
  if (row.small(side) < 0 || row.small(side) >= sides)
    fail(row.refuse(side, "wants a side from 0 to " + std::to_string(sides - 1)));
  out.min = row.small(pos + 1);
  out.max = row.small(pos + 2);
  out.nom = row.small(pos + 3);
  out.pos =
      std::clamp(row.small(pos, out.nom), std::min(out.min, out.max), std::max(out.min, out.max));
  return error_.empty();
}

double tap_steps(const pgm::TapRange& tap) {
  return (tap.max > tap.min ? 1 : -1) * (tap.pos - tap.nom);
}

bool is_winding(const Row& row, std::size_t attribute) {
  return row.small(attribute) >= 0 && row.small(attribute) <= 4;
}

constexpr const char* wants_winding =
    "wants 0 (wye), 1 (wye_n), 2 (delta), 3 (zigzag) or 4 (zigzag_n)";

void PgmReader::transformer(const Row& row) {
  namespace at = pgm::transformer;
  for (const std::size_t w : {at::winding_from, at::winding_to})
    if (!is_winding(row, w)) return fail(row.refuse(w, wants_winding));
  pgm::TapRange range;
  if (!tap(row, at::tap_side, at::tap_pos, 2, range)) return;
  pgm::Nameplate p;
  p.from = static_cast<pgm::WindingKind>(row.small(at::winding_from));
  p.to = static_cast<pgm::WindingKind>(row.small(at::winding_to));
  p.clock = row.small(at::clock);
  p.u1 = p.u1_tapped = row.real(at::u1);
  p.u2 = p.u2_tapped = row.real(at::u2);
  double& tapped = row.small(at::tap_side) == 0 ? p.u1_tapped : p.u2_tapped;
  tapped += tap_steps(range) * row.real(at::tap_size);
  if (tapped <= 0) return fail(row.refuse(at::tap_size, "wants a tapped voltage above 0"));
  p.sn = row.real(at::sn);
  const double uk = row.real(at::uk), pk = row.real(at::pk);
  p.uk = pgm::at_tap(range, uk, row.real(at::uk_min, uk), row.real(at::uk_max, uk));
  p.pk = pgm::at_tap(range, pk, row.real(at::pk_min, pk), row.real(at::pk_max, pk));
  p.i0 = row.real(at::i0);
  p.p0 = row.real(at::p0);
  p.i0_zero = row.real(at::i0_zero_sequence, p.i0);
  p.p0_zero = row.real(at::p0_zero_sequence,
                       std::max(0.0, p.p0 + p.pk * (p.i0_zero * p.i0_zero - p.i0 * p.i0)));
  p.from_grounding = row.pair(at::r_grounding_from, at::x_grounding_from);
  p.to_grounding = row.pair(at::r_grounding_to, at::x_grounding_to);
  Transformer out = pgm::transformer_of(p);
  if (out.coils.empty() || p.clock < -12 || p.clock > 12)
    return fail(row.refuse(at::clock,
                           "wants -12 to 12, even where both windings are wyes or none is, odd "
                           "where one is"));
  if (attach(row, out)) net_.transformers.push_back(std::move(out));
}

// Values between windings 12, 13 and 23, as the arms of a star: referred to side 1's power to the
// power `order` (1 for uk, 2 for pk), and back to each side's own.
std::array<double, 3> star(const std::array<double, 3>& between, const std::array<double, 3>& sn,
                           int order) {
  const auto scaled = [&](double v, double a, double b) {
    return v * std::pow(sn[0] / std::min(a, b), order);
  };
  const double v12 = scaled(between[0], sn[0], sn[1]), v13 = scaled(between[1], sn[0], sn[2]),
               v23 = scaled(between[2], sn[1], sn[2]);
  return {(v12 + v13 - v23) / 2, (v12 + v23 - v13) / 2 * std::pow(sn[1] / sn[0], order),
          (v13 + v23 - v12) / 2 * std::pow(sn[2] / sn[0], order)};
}

void PgmReader::three_winding(const Row& row) {
  namespace at = pgm::three_winding;
  std::array<std::uint32_t, 3> buses{};
  std::array<double, 3> u{}, tapped{}, sn{}, uk{}, pk{};
  pgm::TapRange range;
  if (!tap(row, at::tap_side, at::tap_pos, 3, range)) return;
  for (std::size_t i = 0; i < 3; ++i) {
    buses[i] = bus(row, at::node + i);
    if (!is_winding(row, at::winding + i)) fail(row.refuse(at::winding + i, wants_winding));
    u[i] = tapped[i] = row.real(at::u + i);
    sn[i] = row.real(at::sn + i);
    const double k = row.real(at::uk + i), p = row.real(at::pk + i);
    uk[i] = pgm::at_tap(range, k, row.real(at::uk_min + i, k), row.real(at::uk_max + i, k));
    pk[i] = pgm::at_tap(range, p, row.real(at::pk_min + i, p), row.real(at::pk_max + i, p));
  }
  if (!error_.empty()) return;
  double& moved = tapped[static_cast<std::size_t>(row.small(at::tap_side))];
  moved += tap_steps(range) * row.real(at::tap_size);
  if (moved <= 0) return fail(row.refuse(at::tap_size, "wants a tapped voltage above 0"));
  uk = star(uk, sn, 1);
  pk = star(pk, sn, 2);

  Bus middle = net_.buses[buses[0]];
  middle.name = row.name() + " (star)";
  middle.id = row.id();
  const auto star_bus = static_cast<std::uint32_t>(net_.buses.size());
  net_.buses.push_back(middle);
  for (std::size_t i = 0; i < 3; ++i) {
    pgm::Nameplate p;
    p.u1 = p.u1_tapped = tapped[i];
    p.u2 = p.u2_tapped = tapped[0];
    p.sn = sn[i];
    p.uk = uk[i];
    p.pk = pk[i];
    p.from_grounding = row.pair(at::r_grounding + i, at::x_grounding + i);
    if (i == 0) {
      p.i0 = p.i0_zero = row.real(at::i0);
      p.p0 = p.p0_zero = row.real(at::p0);
    } else {
      p.from = static_cast<pgm::WindingKind>(row.small(at::winding + i));
      p.to = static_cast<pgm::WindingKind>(row.small(at::winding));
      p.clock = -row.small(at::clock_12 + i - 1);
    }
    Transformer out = pgm::transformer_of(p);
    if (out.coils.empty())
      return fail(row.refuse(at::clock_12 + i - 1, "wants a clock that these windings can have"));
    if (out.z == Complex{})
      return fail(row.refuse("side " + std::to_string(i + 1) +
                             ": its part of uk_12, uk_13 and uk_23 is 0; wants another value"));
    out.name = row.name() + " side " + std::to_string(i + 1);
    out.id = row.id();
    out.from = buses[i];
    out.to = star_bus;
    out.from_closed = row.flag(at::status + i);
    net_.transformers.push_back(std::move(out));
  }
}

void PgmReader::source(const Row& row) {
  namespace at = pgm::source;
  Source out;
  out.bus = bus(row, pgm::appliance::node);
  if (!error_.empty() || !row.flag(pgm::appliance::status)) return;
  out.name = row.name();
  out.id = row.id();
  out.voltage_pu = row.real(at::u_ref);
  out.angle_deg = row.real(at::u_ref_angle) * 180 / std::numbers::pi;
  const double sk = row.real(at::sk, default_sk_va);
  const double u_rated = net_.buses[out.bus].nominal_v * std::numbers::sqrt3;
  if (sk <= ideal_above_va) {
    const double rx = row.real(at::rx_ratio, default_rx);
    const double x = u_rated * u_rated / sk / std::sqrt(1 + rx * rx);
    const Complex z1(rx * x, x);
    out.z = from_sequence(z1, row.real(at::z01_ratio, 1) * z1);
  }
  net_.sources.push_back(std::move(out));
}

void PgmReader::load(const Row& row, bool by_phase, bool generates) {
  namespace at = pgm::load;
  Connection out;
  out.bus = bus(row, pgm::appliance::node);
  const int type = row.small(at::type);
  if (type < 0 || type > 2)
    fail(row.refuse(at::type, "wants 0 (constant power), 1 (impedance) or 2 (current)"));
  if (!error_.empty() || !row.flag(pgm::appliance::status)) return;
  out.name = row.name();
  out.id = row.id();
  if (by_phase)
    out.draw_va = row.powers(at::p_specified, at::q_specified);
  else
    out.draw_va.fill(row.pair(at::p_specified, at::q_specified) / 3.0);
  if (generates)
    for (Complex& s : out.draw_va) s = -s;
  constexpr std::array<std::array<double, 3>, 3> shares{{{1, 0, 0}, {0, 0, 1}, {0, 1, 0}}};
  out.model.p_shares = out.model.q_shares = shares[static_cast<std::size_t>(type)];
  const Complex sum = out.draw_va[0] + out.draw_va[1] + out.draw_va[2];
  if (sum.real() > 0 && sum.imag() >= 0) out.power_factor = sum.real() / std::abs(sum);
  (generates ? generators_ : net_.connections).push_back(std::move(out));
}

void PgmReader::shunt(const Row& row) {
  namespace at = pgm::shunt;
  Shunt out;
  out.bus = bus(row, pgm::appliance::node);
  if (!error_.empty() || !row.flag(pgm::appliance::status)) return;
  out.name = row.name();
  out.id = row.id();
  const Complex y1 = row.pair(at::g1, at::b1);
  const bool zero = row.has(at::g0) && row.has(at::b0);
  if (!zero) zero_sequence_ = false;
  out.y = from_sequence(y1, zero ? row.pair(at::g0, at::b0) : y1);
  net_.shunts.push_back(std::move(out));
}

}  // namespace

Result<Network> read_pgm(const std::string& path, std::string text) {
  const auto file = pgm::open_file(path, std::move(text));
  if (!file) return failure(file.error());
  return PgmReader(*file).run();
}

}  // namespace twin
