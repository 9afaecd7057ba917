// Transformer, XfmrCode and RegControl of OpenDSS.
//
// Two windings are one transformer of the network. Three are three of them that meet at an
// internal bus (the star equivalent, exact): X_1 = (XHL + XHT - XLT) / 2 and so on, each winding
// with its own resistance.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

struct DssWinding {
  std::string bus;
  DssPlace bus_place;
  bool delta = false;
  double kv = 12.47, kva = 1000, tap = 1, percent_r = 0.2;
  double neutral_r = -1, neutral_x = 0;  // below zero: open
  double max_tap = 1.1, min_tap = 0.9;
  double taps = 32;
};

// What a Transformer and the XfmrCode that it names say.
struct Plan {
  std::size_t phases = 3;
  std::vector<DssWinding> windings{2};
  std::size_t current = 0;
  double x12 = 7, x13 = 35, x23 = 30;  // percent of the first winding's rating
  double no_load_percent = 0, magnetising_percent = 0;
  double antifloat_ppm = 1;
  bool high_side_leads = false;  // as OpenDSS counts: "lead" or "euro"
};

class TransformerReading {
 public:
  TransformerReading(DssBuild& build, const DssObject& o) : build_(build), object_(o) {}
  void run();

 private:
  void take(const DssSaid& s);
  bool take_winding(const DssSaid& s, DssWinding& w);
  bool take_list(const DssSaid& s);
  void use_code(const DssSaid& s);
  void set_reactances(const DssSaid& s);
  template <class Set>
  void for_each_winding(const DssSaid& s, Set&& set);
  template <class Set>
  void for_each_number(const DssSaid& s, Set&& set);
  bool delta_of(const DssSaid& s, const std::string& word);

  double coil_v(const DssWinding& w) const;
  std::vector<std::array<Terminal, 2>> coils(std::size_t w, std::uint32_t& bus);
  int delta_direction() const;
  void note_neutral(const DssTerminal& t);
  std::optional<Complex> neutral_z(const DssWinding& w, bool free) const;
  void add_two_windings();
  void add_three_windings();
  Transformer between(std::size_t from, std::size_t to);
  void finish(Transformer& t, Complex z_percent, const DssWinding& to) const;
  double antifloat(Complex z_percent) const;
  void note(std::size_t w, std::size_t transformer, bool at_to);
  bool check();

  DssBuild& build_;
  const DssObject& object_;
  Plan plan_;
  std::vector<bool> free_neutral_;  // by winding
};

bool TransformerReading::delta_of(const DssSaid& s, const std::string& word) {
  const std::string l = lower_case(word);
  const bool delta = l == "d" || l == "delta" || l == "ll";
  if (!delta && l != "y" && l != "wye" && l != "ln" && l != "w" && l != "star")
    build_.refuse(s, "connection \"" + cut(word) + "\" is not wye or delta");
  return delta;
}

template <class Set>
void TransformerReading::for_each_winding(const DssSaid& s, Set&& set) {
  const auto words = build_.list(s);
  if (words.size() > plan_.windings.size())
    return build_.refuse(s, std::string(s.name) + " wants " +
                                (plan_.windings.size() == 2 ? "two" : "three") + " values, found " +
                                std::to_string(words.size()));
  for (std::size_t w = 0; w < words.size(); ++w) set(plan_.windings[w], words[w]);
}

template <class Set>
void TransformerReading::for_each_number(const DssSaid& s, Set&& set) {
  const auto values = build_.numbers(s);
  if (values.size() > plan_.windings.size())
    return build_.refuse(s, std::string(s.name) + " wants " +
                                (plan_.windings.size() == 2 ? "two" : "three") + " values, found " +
                                std::to_string(values.size()));
  for (std::size_t w = 0; w < values.size(); ++w) set(plan_.windings[w], values[w]);
}

// Of the winding that `wdg` chose.
bool TransformerReading::take_winding(const DssSaid& s, DssWinding& w) {
  if (s.name == "bus") {
    w.bus = build_.word(s);
    w.bus_place = s.value->place;
  } else if (s.name == "conn") {
    w.delta = delta_of(s, build_.word(s));
  } else if (s.name == "kv") {
    w.kv = build_.above_zero(s);
  } else if (s.name == "kva") {
    w.kva = build_.above_zero(s);
  } else if (s.name == "tap") {
    w.tap = build_.above_zero(s);
  } else if (s.name == "%r") {
    w.percent_r = build_.number(s);
  } else if (s.name == "rneut") {
    w.neutral_r = build_.number(s);
  } else if (s.name == "xneut") {
    w.neutral_x = build_.number(s);
  } else if (s.name == "maxtap") {
    w.max_tap = build_.above_zero(s);
  } else if (s.name == "mintap") {
    w.min_tap = build_.above_zero(s);
  } else if (s.name == "numtaps") {
    w.taps = static_cast<double>(build_.count(s, 1, 10'000));
  } else {
    return false;
  }
  return true;
}

// Of all windings.
bool TransformerReading::take_list(const DssSaid& s) {
  if (s.name == "buses") {
    for_each_winding(s, [&](DssWinding& w, const std::string& word) {
      w.bus = lower_case(word);
      w.bus_place = s.value->place;
    });
  } else if (s.name == "conns") {
    for_each_winding(s, [&](DssWinding& w, const std::string& c) { w.delta = delta_of(s, c); });
  } else if (s.name == "kvs") {
    for_each_number(s, [](DssWinding& w, double v) { w.kv = v; });
  } else if (s.name == "kvas") {
    for_each_number(s, [](DssWinding& w, double v) { w.kva = v; });
  } else if (s.name == "taps") {
    for_each_number(s, [](DssWinding& w, double v) { w.tap = v; });
  } else if (s.name == "%rs") {
    for_each_number(s, [](DssWinding& w, double v) { w.percent_r = v; });
  } else if (s.name == "%loadloss") {
    const double half = build_.number(s) / 2;
    plan_.windings[0].percent_r = plan_.windings[1].percent_r = half;
  } else {
    return false;
  }
  return true;
}

void TransformerReading::use_code(const DssSaid& s) {
  const DssObject* code = build_.named_by(s, "xfmrcode");
  if (!code) return;
  for (const DssSaid& each : build_.said_of(*code)) take(each);
}

void TransformerReading::set_reactances(const DssSaid& s) {
  const auto values = build_.numbers(s, 3);
  if (!values.empty()) plan_.x12 = values[0];
  if (values.size() > 1) plan_.x13 = values[1];
  if (values.size() > 2) plan_.x23 = values[2];
}

void TransformerReading::take(const DssSaid& s) {
  if (take_winding(s, plan_.windings[plan_.current]) || take_list(s)) return;
  if (s.name == "phases") plan_.phases = build_.count(s, 1, 3);
  if (s.name == "windings") {
    plan_.windings.assign(build_.count(s, 2, 3), {});
    plan_.current = 0;
  }
  if (s.name == "wdg") plan_.current = build_.count(s, 1, plan_.windings.size()) - 1;
  if (s.name == "xhl" || s.name == "x12") plan_.x12 = build_.number(s);
  if (s.name == "xht" || s.name == "x13") plan_.x13 = build_.number(s);
  if (s.name == "xlt" || s.name == "x23") plan_.x23 = build_.number(s);
  if (s.name == "xscarray") set_reactances(s);
  if (s.name == "%noloadloss") plan_.no_load_percent = build_.number(s);
  if (s.name == "%imag") plan_.magnetising_percent = build_.number(s);
  if (s.name == "ppm_antifloat") plan_.antifloat_ppm = build_.number(s);
  if (s.name == "xfmrcode") use_code(s);
  if (s.name == "basefreq" && build_.number(s) != build_.net.frequency_hz)
    build_.refuse(s, "a base frequency other than the circuit's is not supported");
  if (s.name == "leadlag") {
    const std::string word = build_.word(s);
    plan_.high_side_leads = word == "lead" || word == "euro";
    if (!plan_.high_side_leads && word != "lag" && word != "ansi")
      build_.refuse(s, "leadlag \"" + cut(s.value->text) + "\" is not lead, lag, ansi or euro");
  }
}

double TransformerReading::coil_v(const DssWinding& w) const {
  const bool of_line_voltage = w.delta || plan_.phases == 1;
  return w.kv * 1000 / (of_line_voltage ? 1 : std::numbers::sqrt3);
}

// A delta's coil stands from its conductor to the next one, or to the one before where that makes
// the lower voltage lag by 30 degrees (lead, as leadlag says).
int TransformerReading::delta_direction() const {
  const DssWinding &a = plan_.windings[0], &b = plan_.windings[1];
  if (a.delta == b.delta) return 1;
  const bool high_is_delta = a.kv >= b.kv ? a.delta : b.delta;
  return high_is_delta == plan_.high_side_leads ? 1 : -1;
}

void TransformerReading::note_neutral(const DssTerminal& t) {
  for (const int node : t.nodes)
    if (node > 3) build_.free_neutrals[{t.bus, node}].push_back(&object_);
}

// The ends of a winding's coils.
std::vector<std::array<Terminal, 2>> TransformerReading::coils(std::size_t index,
                                                               std::uint32_t& bus) {
  const DssWinding& w = plan_.windings[index];
  const std::size_t n = plan_.phases;
  const bool closed_delta = w.delta && n == 3;
  const DssTerminal t = build_.terminal(object_, w.bus_place, w.bus, closed_delta ? n : n + 1, n);
  bus = t.bus;
  note_neutral(t);
  const auto at = [&](std::size_t conductor) {
    const int node = t.nodes[conductor];
    if (node == 0) return Terminal::ground;
    if (node > 3) {
      free_neutral_[index] = true;
      return Terminal::star_point;
    }
    return static_cast<Terminal>(node - 1);
  };
  std::vector<std::array<Terminal, 2>> out;
  for (std::size_t c = 0; c < n; ++c) {
    const std::size_t other =
        closed_delta ? (c + (delta_direction() > 0 ? 1 : 2)) % 3 : n;  // or the neutral
    out.push_back({at(c), at(other)});
    if (out.back()[0] == out.back()[1])
      build_.refuse(object_, w.bus_place,
                    "bus \"" + cut(w.bus) + "\": both ends of a coil are the same node");
  }
  return out;
}

std::optional<Complex> TransformerReading::neutral_z(const DssWinding& w, bool free) const {
  if (!free || w.neutral_r < 0) return std::nullopt;
  return Complex(w.neutral_r, w.neutral_x);
}

// OpenDSS ties a share of the rating's admittance to ground; the network counts by the leakage.
double TransformerReading::antifloat(Complex z_percent) const {
  const double x = z_percent.imag();
  if (x == 0) return 0;
  return std::abs(plan_.antifloat_ppm * 1e-6 * std::norm(z_percent) / x / 100);
}

// Impedance and no-load losses, per unit of the first winding's rating, at the `to` coil.
void TransformerReading::finish(Transformer& t, Complex z_percent, const DssWinding& to) const {
  constexpr double smallest = 1e-7;  // percent; zero would tie its ends together
  if (std::abs(z_percent) < smallest) z_percent = {0, smallest};
  const double va = plan_.windings[0].kva * 1000 / static_cast<double>(plan_.phases);
  const double base = t.to_coil_v * t.to_coil_v / va;
  t.z = z_percent / 100.0 * base;
  t.rated_va = to.kva * 1000;
  t.antifloat = antifloat(z_percent);
}

// Without impedance. The internal bus is winding 0's voltage again, coil by coil to ground.
Transformer TransformerReading::between(std::size_t from, std::size_t to) {
  constexpr std::size_t internal = 3;
  Transformer t;
  t.name = object_.name;
  t.id = static_cast<std::int64_t>(build_.net.transformers.size()) + 1;
  t.coils.resize(plan_.phases);
  for (const bool at_to : {false, true}) {
    const std::size_t index = at_to ? to : from;
    std::uint32_t& bus = at_to ? t.to : t.from;
    double& volts = at_to ? t.to_coil_v : t.from_coil_v;
    if (index == internal) {
      bus = build_.bus(object_, object_.place, "transformer." + object_.name + ".star");
      volts = coil_v(plan_.windings[0]);
      for (std::size_t c = 0; c < plan_.phases; ++c)
        (at_to ? t.coils[c].to : t.coils[c].from) = {static_cast<Terminal>(c), Terminal::ground};
      continue;
    }
    const DssWinding& w = plan_.windings[index];
    const auto ends = coils(index, bus);
    for (std::size_t c = 0; c < plan_.phases; ++c)
      (at_to ? t.coils[c].to : t.coils[c].from) = ends[c];
    volts = coil_v(w);
    (at_to ? t.to_tap : t.from_tap) = w.tap;
    (at_to ? t.to_neutral_z : t.from_neutral_z) = neutral_z(w, free_neutral_[index]);
    const bool open = object_.open_ends.size() > index && object_.open_ends[index];
    (at_to ? t.to_closed : t.from_closed) = !open;
  }
  return t;
}

void TransformerReading::note(std::size_t w, std::size_t transformer, bool at_to) {
  const DssWinding& winding = plan_.windings[w];
  DssBuild::Winding out;
  out.transformer = static_cast<std::uint32_t>(transformer);
  out.at_to = at_to;
  out.tap_step = (winding.max_tap - winding.min_tap) / winding.taps;
  out.tap_min = winding.min_tap;
  out.tap_max = winding.max_tap;
  out.line_currents_only = winding.delta && plan_.phases == 3;
  build_.windings_of[object_.name].push_back(out);
}

void TransformerReading::add_two_windings() {
  const DssWinding &a = plan_.windings[0], &b = plan_.windings[1];
  Transformer t = between(0, 1);
  finish(t, {a.percent_r + b.percent_r, plan_.x12}, a);
  const double va = a.kva * 1000 / static_cast<double>(plan_.phases);
  t.to_magnetising = Complex(plan_.no_load_percent, -plan_.magnetising_percent) / 100.0 * va /
                     (t.to_coil_v * t.to_coil_v);
  const std::size_t at = build_.net.transformers.size();
  build_.net.transformers.push_back(std::move(t));
  note(0, at, false);
  note(1, at, true);
}

void TransformerReading::add_three_windings() {
  constexpr std::size_t star = 3;
  const std::array<double, 3> x{(plan_.x12 + plan_.x13 - plan_.x23) / 2,
                                (plan_.x12 + plan_.x23 - plan_.x13) / 2,
                                (plan_.x13 + plan_.x23 - plan_.x12) / 2};
  for (std::size_t w = 0; w < 3; ++w) {
    Transformer t = w == 0 ? between(0, star) : between(star, w);
    finish(t, {plan_.windings[w].percent_r, x[w]}, plan_.windings[w]);
    if (w == 1) {
      const double va = plan_.windings[0].kva * 1000 / static_cast<double>(plan_.phases);
      t.to_magnetising = Complex(plan_.no_load_percent, -plan_.magnetising_percent) / 100.0 * va /
                         (t.to_coil_v * t.to_coil_v);
    }
    note(w, build_.net.transformers.size(), w != 0);
    build_.net.transformers.push_back(std::move(t));
  }
}

bool TransformerReading::check() {
  for (const DssWinding& w : plan_.windings) {
    if (w.bus.empty()) build_.refuse(object_, "a winding has no bus");
    if (!(w.kv > 0) || !(w.kva > 0) || !(w.tap > 0))
      build_.refuse(object_, "a winding needs a voltage, a rating and a tap above zero");
    if (!(w.max_tap > w.min_tap)) build_.refuse(object_, "maxtap is not above mintap");
    if (w.delta && plan_.phases == 2)
      build_.refuse(object_, "a delta winding of two phases is not supported");
  }
  const DssWinding& first = plan_.windings[0];
  if (plan_.windings.size() == 2 && is_too_small(plan_.x12) &&
      is_too_small(first.percent_r + plan_.windings[1].percent_r))
    build_.refuse(object_, "needs an impedance other than zero");
  return build_.problem.empty();
}

void TransformerReading::run() {
  for (const DssSaid& s : build_.said_of(object_)) take(s);
  if (!check()) return;
  free_neutral_.assign(plan_.windings.size(), false);
  plan_.windings.size() == 2 ? add_two_windings() : add_three_windings();
}

}  // namespace

void add_transformer(DssBuild& build, const DssObject& o) { TransformerReading(build, o).run(); }

}  // namespace twin
