#include "twin/grid/dss/dss_geometry.hpp"

#include <cmath>

#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

constexpr std::size_t max_conductors = 64;

struct Wire {
  Conductor conductor;  // at no place yet
  double rated_a = 0;
};

double metres(DssBuild& build, const DssSaid& said) {
  const auto m = dss_metres(build.word(said));
  if (!m) build.refuse(said, "unit \"" + cut(said.value->text) + "\" is not known");
  return m && *m > 0 ? *m : 1;
}

// Of what is not given OpenDSS has: Rac = 1.02 Rdc, GMR = 0.7788 radius.
Wire wire_of(DssBuild& build, const DssObject& o) {
  constexpr double solid_gmr = 0.7788, ac_share = 1.02;
  double r_dc = 0, r_ac = 0, gmr = 0, radius = 0, field_radius = 0, rated = 0;
  double r_unit = 1, gmr_unit = 1, radius_unit = 1;
  for (const DssSaid& s : build.said_of(o)) {
    if (s.name == "rdc") r_dc = build.number(s);
    if (s.name == "rac") r_ac = build.number(s);
    if (s.name == "gmrac") gmr = build.above_zero(s);
    if (s.name == "radius") radius = build.above_zero(s);
    if (s.name == "diam") radius = build.above_zero(s) / 2;
    if (s.name == "capradius") field_radius = build.above_zero(s);
    if (s.name == "runits") r_unit = metres(build, s);
    if (s.name == "gmrunits") gmr_unit = metres(build, s);
    if (s.name == "radunits") radius_unit = metres(build, s);
    if (s.name == "normamps") rated = build.number(s);
  }
  r_dc /= r_unit;
  r_ac /= r_unit;
  if (r_ac <= 0) r_ac = r_dc * ac_share;
  if (r_dc <= 0) r_dc = r_ac / ac_share;
  gmr *= gmr_unit;
  radius *= radius_unit;
  if (radius <= 0) radius = gmr / solid_gmr;
  if (gmr <= 0) gmr = radius * solid_gmr;
  if (field_radius > 0) radius = field_radius * radius_unit;
  if (!(gmr > 0) || !(r_ac >= 0)) build.refuse(o, "needs a radius or GMRac, and a resistance");
  return {{0, 0, r_ac, r_dc, gmr, radius}, std::max(rated, 0.0)};
}

struct Position {
  double x_m = 0, y_m = 0;
};
struct Spacing {
  std::vector<Position> positions;
  std::size_t phases = 3;
};

Spacing spacing_of(DssBuild& build, const DssObject& o) {
  std::size_t conductors = 3, phases = 3;
  std::vector<double> x, h;
  double unit = 0.3048;
  for (const DssSaid& s : build.said_of(o)) {
    if (s.name == "nconds") conductors = build.count(s, 1, max_conductors);
    if (s.name == "nphases") phases = build.count(s, 1, 3);
    if (s.name == "x") x = build.numbers(s);
    if (s.name == "h") h = build.numbers(s);
    if (s.name == "units") unit = metres(build, s);
  }
  if (x.size() != conductors || h.size() != conductors || phases > conductors)
    build.refuse(o, "needs x and h for each of its conductors, and no more phases than those");
  x.resize(conductors);
  h.resize(conductors);
  Spacing out{{}, std::min(phases, conductors)};
  for (std::size_t c = 0; c < conductors; ++c) out.positions.push_back({x[c] * unit, h[c] * unit});
  return out;
}

void put(DssGeometry& to, std::size_t c, const Position& at) {
  to.conductors[c].x_m = at.x_m;
  to.conductors[c].y_m = at.y_m;
}

// A LineGeometry as its properties come in.
class Reading {
 public:
  Reading(DssBuild& build, const DssObject& o) : build_(build), object_(o) { resize(3); }
  DssGeometry run();

 private:
  void resize(std::size_t n);
  void take(const DssSaid& s);
  void hang(std::size_t c, const DssSaid& s, const std::string& wire);
  void space(const DssSaid& s);
  void hang_all(const DssSaid& s);

  DssBuild& build_;
  const DssObject& object_;
  DssGeometry out_;
  std::vector<Position> places_;  // in units_ of each
  std::vector<double> units_;
  std::vector<bool> hung_;
  std::size_t current_ = 0;
};

void Reading::resize(std::size_t n) {
  out_.conductors.assign(n, {});
  places_.assign(n, {});
  units_.assign(n, 0.3048);
  hung_.assign(n, false);
  current_ = 0;
}

void Reading::hang(std::size_t c, const DssSaid& s, const std::string& name) {
  const DssObject* wire = build_.script.find("wiredata." + lower_case(name));
  if (!wire) return build_.refuse(s, "wiredata \"" + cut(name) + "\" does not exist");
  const Wire w = wire_of(build_, *wire);
  out_.conductors[c] = w.conductor;
  hung_[c] = true;
  // The first conductor's rating is the line's.
  if (c == 0) out_.rated_a = w.rated_a;
}

void Reading::space(const DssSaid& s) {
  const DssObject* spacing = build_.named_by(s, "linespacing");
  if (!spacing) return;
  const Spacing found = spacing_of(build_, *spacing);
  if (found.positions.size() != places_.size())
    return build_.refuse(s, "the spacing has another number of conductors");
  places_ = found.positions;
  units_.assign(places_.size(), 1);
}

void Reading::hang_all(const DssSaid& s) {
  const auto names = build_.list(s);
  if (names.size() > hung_.size()) return build_.refuse(s, "more wires than conductors");
  for (std::size_t c = 0; c < names.size(); ++c) hang(c, s, names[c]);
}

void Reading::take(const DssSaid& s) {
  if (s.name == "nconds") resize(build_.count(s, 1, max_conductors));
  if (s.name == "nphases") out_.phases = build_.count(s, 1, 3);
  if (s.name == "cond") current_ = build_.count(s, 1, hung_.size()) - 1;
  if (s.name == "wire") hang(current_, s, build_.word(s));
  if (s.name == "x") places_[current_].x_m = build_.number(s);
  if (s.name == "h") places_[current_].y_m = build_.number(s);
  if (s.name == "units")  // of this conductor and those after it
    std::fill(units_.begin() + static_cast<std::ptrdiff_t>(current_), units_.end(),
              metres(build_, s));
  if (s.name == "normamps") out_.rated_a = build_.number(s);
  if (s.name == "reduce") out_.reduced = build_.flag(s);
  if (s.name == "spacing") space(s);
  if (s.name == "wires") hang_all(s);
}

DssGeometry Reading::run() {
  for (const DssSaid& s : build_.said_of(object_)) take(s);
  for (std::size_t c = 0; c < places_.size(); ++c) {
    if (!hung_[c]) build_.refuse(object_, "conductor " + std::to_string(c + 1) + " has no wire");
    put(out_, c, {places_[c].x_m * units_[c], places_[c].y_m * units_[c]});
  }
  if (out_.phases > out_.conductors.size()) build_.refuse(object_, "more phases than conductors");
  return out_;
}

}  // namespace

DssGeometry dss_geometry(DssBuild& build, const DssObject& geometry) {
  return Reading(build, geometry).run();
}

DssGeometry dss_hung(DssBuild& build, const DssSaid& wires, const DssObject& spacing_object) {
  const Spacing spacing = spacing_of(build, spacing_object);
  DssGeometry out;
  out.phases = spacing.phases;
  out.reduced = true;
  const auto names = build.list(wires);
  if (names.size() != spacing.positions.size()) {
    build.refuse(wires, "wants as many wires as the spacing has conductors");
    return out;
  }
  out.conductors.resize(names.size());
  for (std::size_t c = 0; c < names.size(); ++c) {
    const DssObject* wire = build.script.find("wiredata." + lower_case(names[c]));
    if (!wire) {
      build.refuse(wires, "wiredata \"" + cut(names[c]) + "\" does not exist");
      return out;
    }
    const Wire w = wire_of(build, *wire);
    out.conductors[c] = w.conductor;
    if (c == 0) out.rated_a = w.rated_a;
    put(out, c, spacing.positions[c]);
  }
  return out;
}

}  // namespace twin
