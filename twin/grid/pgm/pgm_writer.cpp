#include "twin/grid/pgm/pgm_writer.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <unordered_set>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/pi_branch.hpp"
#include "twin/grid/model/two_port.hpp"
#include "twin/grid/pgm/pgm_transformer.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr double omega_50hz = 2 * std::numbers::pi * 50;
constexpr double ideal_sk_va = 1e20;
constexpr double same = 1e-9;  // relative, of matrices that are to mean the same

double largest(const PhaseMatrix& m) {
  double out = 0;
  for (const auto& row : m)
    for (const Complex& v : row) out = std::max(out, std::abs(v));
  return out;
}

bool alike(const PhaseMatrix& a, const PhaseMatrix& b, double scale) {
  return largest(a - b) <= same * scale;
}

bool alike(const TwoPort& a, const TwoPort& b) {
  return alike(a.ff, b.ff, largest(a.ff)) && alike(a.ft, b.ft, largest(a.ft)) &&
         alike(a.tf, b.tf, largest(a.tf)) && alike(a.tt, b.tt, largest(a.tt));
}

// Positive and zero sequence of a matrix that is the same for all phases.
struct Sequence {
  Complex positive, zero;
};
std::optional<Sequence> sequence_of(const PhaseMatrix& m) {
  const Sequence out{m[0][0] - m[0][1], m[0][0] + 2.0 * m[0][1]};
  if (!alike(m, from_sequence(out.positive, out.zero), largest(m))) return std::nullopt;
  return out;
}

class Writer {
 public:
  explicit Writer(const Network& net) : net_(net) {
    for (const char* name : {"node", "line", "asym_line", "generic_branch", "transformer", "source",
                             "sym_load", "sym_gen", "asym_load", "asym_gen", "shunt"})
      data_[name] = Json::array();
  }

  Result<std::string> run() {
    for (const Bus& b : net_.buses) next_id_ = std::max(next_id_, b.id + 1);
    for (const Bus& b : net_.buses) node(b);
    for (const Line& l : net_.lines) line(l);
    for (const Transformer& t : net_.transformers) transformer(t);
    for (const Source& s : net_.sources) source(s);
    for (const Connection& c : net_.connections) connection(c);
    for (const Shunt& s : net_.shunts) shunt(s);
    if (!net_.generators.empty()) refuse("generator", net_.generators[0].name, "holds a voltage");
    if (!net_.tap_controls.empty()) refuse("tap control", net_.tap_controls[0].name, "moves a tap");
    if (!error_.empty()) return failure(error_);
    Json data = Json::object();
    for (auto& [component, elements] : data_.items())
      if (!elements.empty()) data[component] = std::move(elements);
    const Json root{{"version", "1.0"},
                    {"type", "input"},
                    {"is_batch", false},
                    {"attributes", Json::object()},
                    {"data", std::move(data)}};
    return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  }

 private:
  void refuse(const std::string& kind, const std::string& name, const std::string& why) {
    if (error_.empty())
      error_ = kind + " \"" + name + "\" " + why + ": power-grid-model's format cannot say that";
  }
  std::int64_t new_id(std::int64_t wanted) {
    const bool fits = wanted >= 0 && wanted < INT32_MAX;
    std::int64_t id = fits && taken_.insert(wanted).second ? wanted : -1;
    while (id < 0) {
      if (taken_.insert(next_id_).second) id = next_id_;
      ++next_id_;
    }
    if (id >= INT32_MAX) refuse("element", std::to_string(wanted), "has no 32-bit id left");
    return id;
  }
  Json element(std::int64_t id, const std::string& name) {
    Json out{{"id", new_id(id)}};
    if (!name.empty() && name != std::to_string(id)) out["extra"] = name;
    return out;
  }
  Json branch(std::int64_t id, const std::string& name, std::uint32_t from, std::uint32_t to,
              bool from_closed, bool to_closed) {
    Json out = element(id, name);
    out["from_node"] = node_id_[from];
    out["to_node"] = node_id_[to];
    out["from_status"] = from_closed ? 1 : 0;
    out["to_status"] = to_closed ? 1 : 0;
    return out;
  }
  template <class Branch>
  Json branch(const Branch& b) {
    return branch(b.id, b.name, b.from, b.to, b.from_closed, b.to_closed);
  }
  Json appliance(std::int64_t id, const std::string& name, std::uint32_t bus) {
    Json out = element(id, name);
    out["node"] = node_id_[bus];
    out["status"] = 1;
    return out;
  }
  void add(const char* component, Json element) { data_[component].push_back(std::move(element)); }

  void node(const Bus& b);
  void line(const Line& l);
  void asym_line(const Line& l);
  void transformer(const Transformer& t);
  bool nameplate(const Transformer& t);
  bool generic_branch(const Transformer& t);
  void source(const Source& s);
  void connection(const Connection& c);
  void shunt(const Shunt& s);

  const Network& net_;
  Json data_ = Json::object();
  std::vector<std::int64_t> node_id_;
  std::unordered_set<std::int64_t> taken_;
  std::int64_t next_id_ = 1;
  std::string error_;
};

void Writer::node(const Bus& b) {
  Json out = element(b.id, b.name);
  node_id_.push_back(out["id"]);
  out["u_rated"] = b.nominal_v * std::numbers::sqrt3;
  add("node", std::move(out));
}

void Writer::line(const Line& l) {
  if (l.phases != all_phases) return refuse("line", l.name, "has not all three phases");
  const auto z = sequence_of(l.z), y = sequence_of(l.shunt);
  if (!z || !y) return asym_line(l);
  Json out = branch(l);
  const auto charge = [&](Complex admittance, const char* c, const char* tan) {
    if (admittance.imag() == 0 && admittance.real() != 0)
      refuse("line", l.name, "has a shunt conductance without a capacitance");
    out[c] = admittance.imag() / omega_50hz;
    out[tan] = admittance.imag() == 0 ? 0 : admittance.real() / admittance.imag();
  };
  out["r1"] = z->positive.real();
  out["x1"] = z->positive.imag();
  charge(y->positive, "c1", "tan1");
  out["r0"] = z->zero.real();
  out["x0"] = z->zero.imag();
  charge(y->zero, "c0", "tan0");
  if (l.rated_a > 0) out["i_n"] = l.rated_a;
  add("line", std::move(out));
}

void Writer::asym_line(const Line& l) {
  Json out = branch(l);
  constexpr const char* names = "abc";
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q <= p; ++q) {
      const std::string at{'_', names[p], names[q]};
      out["r" + at] = l.z[p][q].real();
      out["x" + at] = l.z[p][q].imag();
      out["c" + at] = l.shunt[p][q].imag() / omega_50hz;
      if (std::abs(l.shunt[p][q].real()) > same * largest(l.shunt))
        refuse("line", l.name, "has a shunt conductance by phase");
    }
  if (!alike(l.z, transposed(l.z), largest(l.z)) ||
      !alike(l.shunt, transposed(l.shunt), largest(l.shunt)))
    refuse("line", l.name, "has an impedance that is not symmetric");
  if (l.rated_a > 0) out["i_n"] = l.rated_a;
  add("asym_line", std::move(out));
}

void Writer::transformer(const Transformer& t) {
  if (nameplate(t) || (net_.balanced && generic_branch(t))) return;
  refuse("transformer", t.name, "has no nameplate");
}

double line_voltage(const std::vector<CoilPair>& coils, bool to_side, double coil_v) {
  const auto& ends = to_side ? coils[0].to : coils[0].from;
  const bool delta = ends[0] < Terminal::ground && ends[1] < Terminal::ground;
  return delta ? coil_v : coil_v * std::numbers::sqrt3;
}

bool is_delta(const Transformer& t, bool to_side) { return line_voltage(t.coils, to_side, 1) == 1; }

// A nameplate from the parts; whether it is right is seen by building it again.
// `own_zero`: with a no-load current of its own in zero sequence.
pgm::Nameplate plate_of(const Transformer& t, pgm::WindingKind from, pgm::WindingKind to, int clock,
                        bool own_zero) {
  pgm::Nameplate p;
  p.from = from;
  p.to = to;
  p.clock = clock;
  p.u1 = line_voltage(t.coils, false, t.from_coil_v);
  p.u2 = line_voltage(t.coils, true, t.to_coil_v);
  p.u1_tapped = p.u1 * t.from_tap;
  p.u2_tapped = p.u2 * t.to_tap;
  p.sn = t.rated_va > 0 ? t.rated_va : 1e6;
  const Complex z = (is_delta(t, true) ? t.z / 3.0 : t.z) * p.sn / (p.u2 * p.u2);
  p.uk = std::abs(z);
  p.pk = z.real() * p.sn;
  const double to_from = p.u1_tapped / p.u2_tapped, at_to = to_from * to_from;
  const double tapped = p.u2_tapped * p.u2_tapped;
  const Complex from_coils = t.from_magnetising * (is_delta(t, false) ? 3.0 : 1.0);
  const Complex to_coils = t.to_magnetising * (is_delta(t, true) ? 3.0 : 1.0);
  const auto positive = [](const PhaseMatrix& m) { return m[0][0] - m[0][1]; };
  const auto zero = [](const PhaseMatrix& m) { return m[0][0] + 2.0 * m[0][1]; };
  const Complex y = (positive(t.from_shunt) + from_coils) * at_to + positive(t.to_shunt) + to_coils;
  p.i0 = p.i0_zero = std::abs(y) * tapped / p.sn;
  p.p0 = p.p0_zero = y.real() * tapped;
  if (own_zero) {
    Complex y0;
    if (from == pgm::WindingKind::wye_n) y0 += (zero(t.from_shunt) + from_coils) * at_to;
    if (to == pgm::WindingKind::wye_n) y0 += zero(t.to_shunt) + to_coils;
    p.i0_zero = std::abs(y0) * tapped / p.sn;
    p.p0_zero = y0.real() * tapped;
  }
  if (t.from_neutral_z) p.from_grounding = *t.from_neutral_z;
  if (t.to_neutral_z) p.to_grounding = *t.to_neutral_z;
  return p;
}

// The first nameplate that gives the transformer's own admittances.
std::optional<pgm::Nameplate> find_plate(const Transformer& t) {
  if (t.coils.size() != 3 || t.shift_rad != 0) return std::nullopt;
  constexpr std::array kinds{pgm::WindingKind::wye, pgm::WindingKind::wye_n,
                             pgm::WindingKind::delta};
  const TwoPort wanted = admittance(t);
  for (const bool own_zero : {false, true})
    for (const auto from : kinds)
      for (const auto to : kinds)
        for (int clock = 0; clock < 12; ++clock) {
          const pgm::Nameplate p = plate_of(t, from, to, clock, own_zero);
          Transformer built = pgm::transformer_of(p);
          if (built.coils.empty() || p.pk < 0 || p.p0 < 0 || p.p0_zero < 0) continue;
          built.from_closed = t.from_closed;
          built.to_closed = t.to_closed;
          if (alike(wanted, admittance(built))) return p;
        }
  return std::nullopt;
}

bool Writer::nameplate(const Transformer& t) {
  const auto plate = find_plate(t);
  if (!plate) return false;
  const pgm::Nameplate& p = *plate;
  // One tap changer, of a single step; the other side's tap goes into its rated voltage.
  const bool from_side = t.to_tap == 1;
  const double step = from_side ? p.u1_tapped - p.u1 : p.u2_tapped - p.u2;
  const int position = step == 0 ? 0 : step > 0 ? 1 : -1;
  Json out = branch(t);
  out.update({{"u1", from_side ? p.u1 : p.u1_tapped}, {"u2", p.u2}, {"sn", p.sn}});
  out.update({{"uk", p.uk}, {"pk", p.pk}, {"i0", p.i0}, {"p0", p.p0}});
  out.update({{"i0_zero_sequence", p.i0_zero}, {"p0_zero_sequence", p.p0_zero}});
  out.update({{"winding_from", p.from}, {"winding_to", p.to}, {"clock", p.clock}});
  out.update({{"tap_side", from_side ? 0 : 1}, {"tap_pos", position}, {"tap_min", -1}});
  out.update({{"tap_max", 1}, {"tap_nom", 0}, {"tap_size", std::abs(step)}});
  out.update({{"r_grounding_from", p.from_grounding.real()},
              {"x_grounding_from", p.from_grounding.imag()}});
  out.update(
      {{"r_grounding_to", p.to_grounding.real()}, {"x_grounding_to", p.to_grounding.imag()}});
  add("transformer", std::move(out));
  return true;
}

bool Writer::generic_branch(const Transformer& t) {
  if (t.coils.size() != 3 || is_delta(t, false) || is_delta(t, true)) return false;
  PiBranch pi;
  pi.from_nominal_v = net_.buses[t.from].nominal_v;
  pi.to_nominal_v = net_.buses[t.to].nominal_v;
  pi.z = t.z * (t.to_tap * t.to_tap);
  pi.y = 2.0 * (t.to_shunt[0][0] - t.to_shunt[0][1]);
  pi.k =
      t.from_coil_v * t.from_tap / (t.to_coil_v * t.to_tap) * pi.to_nominal_v / pi.from_nominal_v;
  pi.theta_rad = t.shift_rad;
  Transformer built = transformer_of(pi);
  built.from_closed = t.from_closed;
  built.to_closed = t.to_closed;
  if (!alike(admittance(t), admittance(built))) return false;
  Json out = branch(t);
  out.update({{"r1", pi.z.real()}, {"x1", pi.z.imag()}});
  out.update({{"g1", pi.y.real()}, {"b1", pi.y.imag()}});
  out.update({{"k", pi.k}, {"theta", pi.theta_rad}, {"sn", t.rated_va}});
  add("generic_branch", std::move(out));
  return true;
}

void Writer::source(const Source& s) {
  Json out = appliance(s.id, s.name, s.bus);
  out["u_ref"] = s.voltage_pu;
  if (s.angle_deg != 0) out["u_ref_angle"] = s.angle_deg * std::numbers::pi / 180;
  const auto z = sequence_of(s.z);
  if (!z) return refuse("source", s.name, "has an impedance by phase");
  if (is_zero(s.z)) {
    out["sk"] = ideal_sk_va;
  } else {
    const double u_rated = net_.buses[s.bus].nominal_v * std::numbers::sqrt3;
    if (z->positive.imag() <= 0 || z->positive.real() < 0 ||
        std::abs(z->zero * std::abs(z->positive) - z->positive * std::abs(z->zero)) >
            same * std::norm(z->positive))
      return refuse("source", s.name, "has another angle of its zero-sequence impedance");
    out["sk"] = u_rated * u_rated / std::abs(z->positive);
    out["rx_ratio"] = z->positive.real() / z->positive.imag();
    out["z01_ratio"] = std::abs(z->zero) / std::abs(z->positive);
  }
  add("source", std::move(out));
}

void Writer::connection(const Connection& c) {
  if (c.hookup == Hookup::delta) return refuse("load", c.name, "is connected in delta");
  const LoadModel standard;
  if (c.model.min_pu != standard.min_pu || c.model.max_pu != standard.max_pu)
    return refuse("load", c.name, "has voltage limits");
  if (c.nominal_v != 0 && std::abs(c.nominal_v / net_.buses[c.bus].nominal_v - 1) > same)
    return refuse("load", c.name, "has a nominal voltage of its own");
  constexpr std::array<int, 3> types{0, 2, 1};  // power, current, impedance
  const auto whole = std::find(c.model.p_shares.begin(), c.model.p_shares.end(), 1.0);
  if (whole == c.model.p_shares.end() || c.model.q_shares != c.model.p_shares)
    return refuse("load", c.name, "is a mixture of constant power, current and impedance");
  Phases s{};
  for (std::size_t p = 0; p < 3; ++p)
    if (c.phases >> p & 1) s[p] = c.draw_va[p];
  const Complex sum = s[0] + s[1] + s[2];
  const bool by_phase = s[0] != s[1] || s[0] != s[2], delivers = sum.real() < 0;
  Json out = appliance(c.id, c.name, c.bus);
  out["type"] = types[static_cast<std::size_t>(whole - c.model.p_shares.begin())];
  const double sign = delivers ? -1 : 1;
  if (by_phase) {
    out["p_specified"] = {sign * s[0].real(), sign * s[1].real(), sign * s[2].real()};
    out["q_specified"] = {sign * s[0].imag(), sign * s[1].imag(), sign * s[2].imag()};
  } else {
    out["p_specified"] = sign * sum.real();
    out["q_specified"] = sign * sum.imag();
  }
  add(by_phase ? (delivers ? "asym_gen" : "asym_load") : (delivers ? "sym_gen" : "sym_load"),
      std::move(out));
}

void Writer::shunt(const Shunt& s) {
  const auto y = sequence_of(s.y);
  if (!y) return refuse("shunt", s.name, "is not the same for all phases");
  Json out = appliance(s.id, s.name, s.bus);
  out.update({{"g1", y->positive.real()}, {"b1", y->positive.imag()}});
  out.update({{"g0", y->zero.real()}, {"b0", y->zero.imag()}});
  add("shunt", std::move(out));
}

}  // namespace

Result<std::string> write_pgm(const Network& network) { return Writer(network).run(); }

}  // namespace twin
