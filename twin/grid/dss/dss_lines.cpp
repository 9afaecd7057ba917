// Line and LineCode of OpenDSS: impedance by sequence, by matrix, or from conductors.

#include <bit>
#include <cmath>
#include <numbers>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/dss/dss_geometry.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

constexpr double nano = 1e-9;

// Ohm and nF for each unit of length. OpenDSS's defaults: 336 MCM ACSR, per 1000 feet.
struct Impedance {
  std::size_t phases = 3;
  Complex z1{0.058, 0.1206}, z0{0.1784, 0.4047};
  double c1 = 3.4, c0 = 1.6;
  bool by_matrix = false;
  PhaseMatrix z{};  // where by_matrix
  PhaseMatrix c{};
  double rated_a = 0;
  std::string units = "none";

  void use_sequence() { by_matrix = false; }
  // What matrices are not given keeps the values of the sequence.
  void use_matrix() {
    if (by_matrix) return;
    by_matrix = true;
    z = from_sequence(z1, z0);
    c = from_sequence(c1, c0);
  }
};

enum class Part : std::uint8_t { resistance, reactance, capacitance };

void set_matrix(DssBuild& build, const DssSaid& s, Impedance& to, Part part) {
  to.use_matrix();
  const std::vector<double> values = build.matrix(s, to.phases);
  for (std::size_t i = 0; i < to.phases; ++i)
    for (std::size_t k = 0; k < to.phases; ++k) {
      const double value = values[i * to.phases + k];
      if (part == Part::resistance) to.z[i][k].real(value);
      if (part == Part::reactance) to.z[i][k].imag(value);
      if (part == Part::capacitance) to.c[i][k] = value;
    }
}

// Whether the property is one of an impedance; it is taken then.
bool take_impedance(DssBuild& build, const DssSaid& s, Impedance& to) {
  const auto sequence = [&] {
    to.use_sequence();
    return build.number(s);
  };
  if (s.name == "r1") return to.z1.real(sequence()), true;
  if (s.name == "x1") return to.z1.imag(sequence()), true;
  if (s.name == "r0") return to.z0.real(sequence()), true;
  if (s.name == "x0") return to.z0.imag(sequence()), true;
  if (s.name == "c1") return to.c1 = sequence(), true;
  if (s.name == "c0") return to.c0 = sequence(), true;
  if (s.name == "rmatrix") return set_matrix(build, s, to, Part::resistance), true;
  if (s.name == "xmatrix") return set_matrix(build, s, to, Part::reactance), true;
  if (s.name == "cmatrix") return set_matrix(build, s, to, Part::capacitance), true;
  return false;
}

void check_frequency(DssBuild& build, const DssSaid& s) {
  if (build.number(s) != build.net.frequency_hz)
    build.refuse(s, "a base frequency other than the circuit's is not supported");
}

Impedance line_code(DssBuild& build, const DssObject& o) {
  Impedance out;
  for (const DssSaid& s : build.said_of(o)) {
    if (take_impedance(build, s, out)) continue;
    if (s.name == "nphases") {
      out.phases = build.count(s, 1, 3);
      out.use_sequence();
    }
    if (s.name == "units") {
      out.units = build.word(s);
      if (!dss_metres(out.units))
        build.refuse(s, "unit \"" + cut(s.value->text) + "\" is not known");
    }
    if (s.name == "normamps") out.rated_a = build.number(s);
    if (s.name == "basefreq") check_frequency(build, s);
  }
  return out;
}

// A Line as its properties come in.
class LineReading {
 public:
  LineReading(DssBuild& build, const DssObject& o) : build_(build), object_(o) {}
  void run();

 private:
  void take(const DssSaid& s);
  void set_phases(const DssSaid& s);
  void use_code(const DssSaid& s);
  void use_conductors(const DssSaid& s, DssGeometry geometry);
  void be_switch(const DssSaid& s);
  void use_earth(const DssSaid& s);
  PhaseMask connect(Line& line, std::vector<int>& nodes);
  double length_factor() const;
  void fill(Line& line, const std::vector<int>& nodes);
  void fill_from_conductors(Line& line, const std::vector<int>& nodes);

  DssBuild& build_;
  const DssObject& object_;
  Impedance impedance_;
  DssGeometry geometry_;
  bool from_conductors_ = false;
  const DssObject* spacing_ = nullptr;
  bool phases_said_ = false;
  double length_ = 1, rho_ = 100;
  std::string units_ = "none";
  EarthModel earth_ = EarthModel::deri;
  const DssSaid *bus1_ = nullptr, *bus2_ = nullptr;
};

void LineReading::take(const DssSaid& s) {
  if (take_impedance(build_, s, impedance_)) {
    from_conductors_ = false;
    impedance_.units = "none";  // said for the line's own unit of length
    return;
  }
  if (s.name == "bus1") bus1_ = &s;
  if (s.name == "bus2") bus2_ = &s;
  if (s.name == "phases") set_phases(s);
  if (s.name == "linecode") use_code(s);
  if (s.name == "length") length_ = build_.above_zero(s);
  if (s.name == "switch") be_switch(s);
  if (s.name == "rho") rho_ = build_.above_zero(s);
  if (s.name == "earthmodel") use_earth(s);
  if (s.name == "normamps") impedance_.rated_a = build_.number(s);
  if (s.name == "basefreq") check_frequency(build_, s);
  if (s.name == "units") {
    units_ = build_.word(s);
    if (!dss_metres(units_)) build_.refuse(s, "unit \"" + cut(s.value->text) + "\" is not known");
  }
  if (s.name == "geometry")
    if (const DssObject* geometry = build_.named_by(s, "linegeometry"))
      use_conductors(s, dss_geometry(build_, *geometry));
  if (s.name == "spacing") spacing_ = build_.named_by(s, "linespacing");
  if (s.name == "wires") {
    if (spacing_)
      use_conductors(s, dss_hung(build_, s, *spacing_));
    else
      build_.refuse(s, "wires want a spacing before them");
  }
}

void LineReading::set_phases(const DssSaid& s) {
  const std::size_t phases = build_.count(s, 1, 3);
  const bool fixed = impedance_.by_matrix || from_conductors_;
  if (fixed && phases != impedance_.phases)
    build_.refuse(s, "has " + std::to_string(phases) + " phases, its impedance has " +
                         std::to_string(impedance_.phases));
  impedance_.phases = phases;
  phases_said_ = true;
}

void LineReading::use_code(const DssSaid& s) {
  const DssObject* code = build_.named_by(s, "linecode");
  if (!code) return;
  const std::size_t phases = impedance_.phases;
  const double rated = impedance_.rated_a;
  impedance_ = line_code(build_, *code);
  from_conductors_ = false;
  if (impedance_.rated_a <= 0) impedance_.rated_a = rated;
  if (phases_said_ && phases != impedance_.phases)
    build_.refuse(s, "has " + std::to_string(phases) + " phases, its line code \"" +
                         cut(s.value->text) + "\" has " + std::to_string(impedance_.phases));
}

void LineReading::use_conductors(const DssSaid& s, DssGeometry geometry) {
  if (phases_said_ && geometry.phases != impedance_.phases)
    build_.refuse(s, "has " + std::to_string(impedance_.phases) + " phases, its conductors have " +
                         std::to_string(geometry.phases));
  if (!geometry.reduced && geometry.conductors.size() != geometry.phases)
    build_.refuse(s,
                  "conductors beside the phases need reduce=yes: lines of more than three "
                  "conductors are not supported");
  geometry_ = std::move(geometry);
  impedance_.phases = geometry_.phases;
  if (geometry_.rated_a > 0) impedance_.rated_a = geometry_.rated_a;
  from_conductors_ = true;
}

// OpenDSS gives a switch values of its own, that words after it may change.
void LineReading::be_switch(const DssSaid& s) {
  if (!build_.flag(s)) return;
  impedance_.use_sequence();
  impedance_.z1 = impedance_.z0 = {1, 1};
  impedance_.c1 = 1.1;
  impedance_.c0 = 1.0;
  impedance_.units = "none";
  length_ = 0.001;
  from_conductors_ = false;
}

void LineReading::use_earth(const DssSaid& s) {
  const std::string model = build_.word(s);
  if (model == "carson" || model == "deri")
    earth_ = model == "carson" ? EarthModel::carson : EarthModel::deri;
  else
    build_.refuse(s, "earth model \"" + cut(s.value->text) + "\" is not carson or deri");
}

// The phases of both ends, which are the same; the node of each conductor into `nodes`.
PhaseMask LineReading::connect(Line& line, std::vector<int>& nodes) {
  if (!bus1_ || !bus2_) {
    build_.refuse(object_, "needs bus1 and bus2");
    return 0;
  }
  const std::size_t n = impedance_.phases;
  const auto from = build_.terminal(object_, bus1_->value->place, bus1_->value->text, n, n);
  const auto to = build_.terminal(object_, bus2_->value->place, bus2_->value->text, n, n);
  line.from = from.bus;
  line.to = to.bus;
  nodes = from.nodes;
  PhaseMask mask = 0;
  for (const int node : nodes) {
    if (node < 1 || node > 3) build_.refuse(*bus1_, "a line's nodes are 1 to 3");
    if (node >= 1 && node <= 3) mask |= static_cast<PhaseMask>(1 << (node - 1));
  }
  if (to.nodes != from.nodes)
    build_.refuse(*bus2_, "a line that leads from one phase to another is not supported");
  else if (std::popcount(mask) != static_cast<int>(n))
    build_.refuse(*bus1_, "a line's nodes are all different");
  return mask;
}

// Lengths are converted where both sides name a unit; otherwise the numbers multiply as they are.
double LineReading::length_factor() const {
  const double line = dss_metres(units_).value_or(0),
               code = dss_metres(impedance_.units).value_or(0);
  return line > 0 && code > 0 ? length_ * line / code : length_;
}

void LineReading::fill(Line& line, const std::vector<int>& nodes) {
  if (!impedance_.by_matrix && impedance_.phases == 1) {
    impedance_.z0 = impedance_.z1;  // one conductor has no sequences
    impedance_.c0 = impedance_.c1;
  }
  impedance_.use_matrix();
  const double factor = length_factor();
  const Complex shunt(0, 2 * std::numbers::pi * build_.net.frequency_hz * nano * factor);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      const auto row = static_cast<std::size_t>(nodes[i] - 1);
      const auto column = static_cast<std::size_t>(nodes[k] - 1);
      line.z[row][column] = factor * impedance_.z[i][k];
      line.shunt[row][column] = shunt * impedance_.c[i][k];
    }
}

void LineReading::fill_from_conductors(Line& line, const std::vector<int>& nodes) {
  const auto constants =
      line_constants(geometry_.conductors, geometry_.phases, build_.net.frequency_hz, rho_, earth_);
  if (!constants) return build_.refuse(object_, "its conductors have no impedance that can be");
  const double unit = dss_metres(units_).value_or(1);
  const double metres = length_ * (unit > 0 ? unit : 1);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      const auto row = static_cast<std::size_t>(nodes[i] - 1);
      const auto column = static_cast<std::size_t>(nodes[k] - 1);
      line.z[row][column] = metres * constants->z[i][k];
      line.shunt[row][column] = metres * constants->y[i][k];
    }
}

void LineReading::run() {
  const std::vector<DssSaid> all = build_.said_of(object_);
  for (const DssSaid& s : all) take(s);
  Line line;
  line.name = object_.name;
  line.id = static_cast<std::int64_t>(build_.net.lines.size()) + 1;
  std::vector<int> nodes;
  line.phases = connect(line, nodes);
  if (!build_.problem.empty()) return;
  from_conductors_ ? fill_from_conductors(line, nodes) : fill(line, nodes);
  for (const int node : nodes) {
    const auto phase = static_cast<std::size_t>(node - 1);
    if (is_too_small(line.z[phase][phase]))
      build_.refuse(object_, "its impedance is zero or below 1e-12 ohm");
  }
  if (!inverse(line.z, line.phases))
    build_.refuse(object_, "its impedance is zero or cannot be inverted");
  line.rated_a = impedance_.rated_a;
  const double unit = dss_metres(units_ == "none" ? impedance_.units : units_).value_or(0);
  line.length_m = length_ * (unit > 0 ? unit : 1);
  if (!object_.open_ends.empty()) {
    line.from_closed = !object_.open_ends[0];
    line.to_closed = !object_.open_ends[1];
  }
  build_.line_of[object_.name] = static_cast<std::uint32_t>(build_.net.lines.size());
  build_.net.lines.push_back(std::move(line));
}

}  // namespace

void add_line(DssBuild& build, const DssObject& o) { LineReading(build, o).run(); }

}  // namespace twin
