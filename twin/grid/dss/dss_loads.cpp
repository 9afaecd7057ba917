// Load, Generator and LoadShape of OpenDSS.

#include <algorithm>
#include <cmath>
#include <optional>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/dss/dss_connections.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {
namespace {

constexpr std::size_t max_profile_values = 32u << 20;
constexpr double no_limit = 1e3;

// A load's power is kW and power factor, kW and kvar, or kVA and power factor, as the last of kW,
// kvar and kVA says; a power factor alone changes none of these, so it says nothing beside kvar.
// What a command says becomes power at its end: there the power factor of kW and kvar is found that
// a later kW goes by (OpenDSS's Load). Generators go from word to word instead, and their power
// factor counts at once.
class Power {
 public:
  enum class By { command, word };
  Power(double kw, double pf, By by) : by_(by), kw_(kw), pf_(pf) { settle(); }

  bool take(DssBuild& build, const DssSaid& s) {
    if (s.name == "kw") {
      kw_ = build.number(s);
      given_ = Given::kw_pf;
    } else if (s.name == "pf") {
      pf_ = power_factor(build, s);
      pf_given_ = true;
      if (by_ == By::word) given_ = Given::kw_pf;
    } else if (s.name == "kvar") {
      set_kvar(build.number(s));
    } else if (s.name == "kva") {
      kva_ = build.number(s);
      given_ = Given::kva_pf;
    } else {
      return false;
    }
    if (by_ == By::word) settle();
    return true;
  }
  // A series of kW has the load's power at its highest. It says nothing of kvar: a power factor
  // that a load was given goes on holding, a generator has none.
  void peak(double kw) {
    const bool keeps_pf = pf_given_ && by_ == By::command;
    kw_ = kw;
    if (keeps_pf)
      given_ = Given::kw_pf;
    else
      set_kvar(0);
    if (by_ == By::word) settle();
  }
  void settle();

  double kw() const { return kw_; }
  double pf() const { return pf_; }
  Complex va() const { return 1000.0 * Complex(kw_, kvar_); }

 private:
  enum class Given { kw_pf, kw_kvar, kva_pf };
  static double power_factor(DssBuild& build, const DssSaid& s) {
    const double pf = build.number(s);
    if (std::abs(pf) <= 1 && !is_too_small(pf)) return pf;
    build.refuse(s,
                 "power factor wants -1 to 1 other than 0, found \"" + cut(s.value->text) + "\"");
    return 1;
  }
  void set_kvar(double kvar) {
    kvar_ = kvar;
    given_ = Given::kw_kvar;
    pf_given_ = false;
  }

  By by_;
  Given given_ = Given::kw_pf;
  bool pf_given_ = false;
  double kw_, pf_, kvar_ = 0, kva_ = 0;
};

void Power::settle() {
  if (given_ == Given::kw_kvar) {
    if (kw_ != 0) pf_ = std::abs(kw_) / std::hypot(kw_, kvar_) * (kw_ * kvar_ < 0 ? -1 : 1);
    return;
  }
  if (given_ == Given::kva_pf) kw_ = kva_ * std::abs(pf_);
  kvar_ = kw_ * std::sqrt(1 / (pf_ * pf_) - 1) * (pf_ < 0 ? -1 : 1);
}

struct LoadSaid {
  explicit LoadSaid(Power p) : power(p) {}
  Power power;
  std::size_t phases = 3, model = 1;
  double kv = 12.47;
  bool delta = false;
  double min_pu = 0.95, max_pu = 1.05;
  double cvr_watts = 1, cvr_vars = 2;
  std::vector<double> zipv;
  std::optional<DssSaid> bus, yearly, daily;
  // Neither multipliers nor series count for what is fixed, no multiplier for what is exempt.
  enum class Status { variable, fixed, exempt };
  Status status = Status::variable;
};

using Shares = std::array<double, 3>;
constexpr Shares constant_power{1, 0, 0}, constant_current{0, 1, 0}, constant_impedance{0, 0, 1};

// u to this power.
Shares power_of_voltage(DssBuild& build, const DssObject& o, double exponent) {
  if (exponent == 0) return constant_power;
  if (exponent == 1) return constant_current;
  if (exponent == 2) return constant_impedance;
  build.refuse(o, "CVRwatts and CVRvars are supported at 0, 1 and 2");
  return constant_power;
}

LoadModel zip_model(DssBuild& build, const DssObject& o, const LoadSaid& said) {
  LoadModel out{said.min_pu, said.max_pu, {}, {}, true};
  const std::vector<double>& v = said.zipv;
  if (v.size() < 6) {
    build.refuse(o, "model 8 needs ZIPV with six shares and a cut-off voltage");
    return out;
  }
  if (v.size() == 7 && v[6] != 0) build.refuse(o, "a cut-off voltage in ZIPV is not supported");
  out.p_shares = {v[2], v[1], v[0]};
  out.q_shares = {v[5], v[4], v[3]};
  return out;
}

LoadModel model_of(DssBuild& build, const DssObject& o, const LoadSaid& said) {
  LoadModel out{said.min_pu, said.max_pu, constant_power, constant_power, false};
  switch (said.model) {
    case 1:
      break;
    case 2:
      return {0, no_limit, constant_impedance, constant_impedance, false};
    case 3:
      out.q_shares = constant_impedance;
      out.whole_outside = true;
      break;
    case 4:
      out.whole_outside = true;
      out.p_shares = power_of_voltage(build, o, said.cvr_watts);
      out.q_shares = power_of_voltage(build, o, said.cvr_vars);
      break;
    case 5:
      out.p_shares = out.q_shares = constant_current;
      break;
    case 8:
      return zip_model(build, o, said);
    default:
      build.refuse(o, "model " + std::to_string(said.model) + " is not supported");
  }
  return out;
}

// A CSVFile has a value a row, or the hour and the value where the interval is 0.
std::vector<double> csv_column(DssBuild& build, const DssSaid& s, bool hours) {
  if (hours) build.refuse(s, "series at irregular times (interval=0) are not supported");
  std::vector<double> out;
  std::string_view rest = s.value->text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto row = dss_numbers(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!row) {
      build.refuse(s, "csvfile " + row.error());
      break;
    }
    if (!row->empty()) out.push_back(build.within(s, row->front()));
  }
  return out;
}

DssBuild::Shape read_shape(DssBuild& build, const DssObject& o) {
  DssBuild::Shape out;
  const DssSaid *values = nullptr, *points = nullptr;
  const std::vector<DssSaid> all = build.said_of(o);
  for (const DssSaid& s : all) {
    if (s.name == "mult" || s.name == "pmult" || s.name == "csvfile") values = &s;
    if (s.name == "npts") points = &s;
    if (s.name == "interval") out.step_s = build.number(s) * 3600;
    if (s.name == "minterval") out.step_s = build.number(s) * 60;
    if (s.name == "sinterval") out.step_s = build.number(s);
    if (s.name == "useactual") out.actual = build.flag(s);
  }
  if (!values) {
    build.refuse(o, "has no mult");
    return out;
  }
  out.values = values->name == "csvfile" ? csv_column(build, *values, out.step_s == 0)
                                         : build.numbers(*values);
  if (!(out.step_s > 0))
    build.refuse(o, "series at irregular times (interval=0) are not supported");
  if (points) {
    const std::size_t n = build.count(*points, 1, max_profile_values);
    if (n > out.values.size())
      build.refuse(*values, "holds " + std::to_string(out.values.size()) + " values, npts wants " +
                                std::to_string(n));
    out.values.resize(std::min(n, out.values.size()));
  }
  return out;
}

// OpenDSS has one shape of its own.
DssBuild::Shape default_shape() {
  return {{.677, .6256, .6087, .5833, .58028, .6025, .657, .7477, .832, .88,  .94,  .989,
           .985, .98,   .9898, .999,  1,      .958,  .936, .913,  .876, .876, .828, .756},
          3600,
          false};
}

const DssBuild::Shape* shape_named(DssBuild& build, const DssSaid& s) {
  const DssObject* o = build.script.find("loadshape." + build.word(s));
  if (!o && build.word(s) == "default")
    return &build.shapes.try_emplace(nullptr, default_shape()).first->second;
  if (!o) {
    build.refuse(s, "load shape \"" + cut(s.value->text) + "\" does not exist");
    return nullptr;
  }
  if (const auto at = build.shapes.find(o); at != build.shapes.end()) return &at->second;
  return &build.shapes.emplace(o, read_shape(build, *o)).first->second;
}

LoadSaid::Status status_of(DssBuild& build, const DssSaid& s) {
  const std::string word = build.word(s);
  const char first = word.empty() ? '\0' : word[0];
  if (first == 'f') return LoadSaid::Status::fixed;
  if (first == 'e') return LoadSaid::Status::exempt;
  if (first != 'v')
    build.refuse(s, "status wants variable, fixed or exempt, found \"" + cut(s.value->text) + "\"");
  return LoadSaid::Status::variable;
}

// The value that is furthest from zero.
double peak_of(const std::vector<double>& values) {
  const auto nearer = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const auto at = std::max_element(values.begin(), values.end(), nearer);
  return at == values.end() ? 0 : *at;
}

void take(DssBuild& build, const DssSaid& s, LoadSaid& to) {
  if (to.power.take(build, s)) return;
  if (s.name == "phases") to.phases = build.count(s, 1, 3);
  if (s.name == "bus1") to.bus = s;
  if (s.name == "kv") to.kv = build.above_zero(s);
  if (s.name == "model") to.model = build.count(s, 1, 8);
  if (s.name == "yearly" || s.name == "daily") {
    (s.name == "yearly" ? to.yearly : to.daily) = s;
    const DssBuild::Shape* shape = build.word(s) == "none" ? nullptr : shape_named(build, s);
    if (shape && shape->actual) to.power.peak(peak_of(shape->values));
  }
  if (s.name == "conn") to.delta = dss_is_delta(build, s);
  if (s.name == "vminpu") to.min_pu = build.number(s);
  if (s.name == "vmaxpu") to.max_pu = build.number(s);
  if (s.name == "cvrwatts") to.cvr_watts = build.number(s);
  if (s.name == "cvrvars") to.cvr_vars = build.number(s);
  if (s.name == "zipv") to.zipv = build.numbers(s, 7);
  if (s.name == "status") to.status = status_of(build, s);
  if (s.name == "basefreq" && build.number(s) != build.net.frequency_hz)
    build.refuse(s, "a base frequency other than the circuit's is not supported");
}

LoadSaid said_of(DssBuild& build, const DssObject& o, LoadSaid said) {
  const std::vector<DssSaid> all = build.said_of(o);
  const DssPlace* command = nullptr;
  for (const DssSaid& s : all) {
    const DssPlace& place = s.value->place;
    if (command && (place.file != command->file || place.line != command->line))
      said.power.settle();
    command = &place;
    take(build, s, said);
  }
  said.power.settle();
  return said;
}

// `sign`: 1 consumes, -1 delivers. Multipliers do not count for a series of kW.
void add_profile(DssBuild& build, const DssSaid& s, double kw, double sign, Connection& to) {
  const DssBuild::Shape* shape = shape_named(build, s);
  if (!shape) return;
  build.profile_values += shape->values.size();
  if (build.profile_values > max_profile_values)
    return build.refuse(s, "the series of all loads hold more than 33,554,432 values");
  to.profile_step_s = shape->step_s;
  const double base_w = sign * (shape->actual ? 1 : kw) * 1000;
  for (const double v : shape->values) to.profile_w.push_back(v * base_w);
}

double multiplier(DssBuild& build, const LoadSaid& said, const char* option) {
  const DssValue* value = build.script.option(option);
  if (!value || said.status != LoadSaid::Status::variable) return 1;
  return dss_number(value->text).value_or(1);
}

void add_connection(DssBuild& build, const DssObject& o, const LoadSaid& said, double factor,
                    double sign) {
  const DssLegs legs = dss_legs(build, o, said.bus ? &*said.bus : nullptr, said.phases, said.delta);
  Connection c;
  c.name = o.name;
  c.id = static_cast<std::int64_t>(build.net.connections.size()) + 1;
  c.bus = legs.bus;
  c.phases = legs.mask;
  c.hookup = legs.hookup;
  c.nominal_v = dss_leg_v(said.kv, said.phases, said.delta);
  c.power_factor = said.power.pf();
  c.model = model_of(build, o, said);
  if (!(c.model.min_pu >= 0) || !(c.model.max_pu > c.model.min_pu))
    build.refuse(o, "Vminpu and Vmaxpu want 0 or more, and Vmaxpu above Vminpu");
  for (unsigned p = 0; p < 3; ++p)
    if (legs.mask >> p & 1)
      c.draw_va[p] = sign * factor * said.power.va() / static_cast<double>(said.phases);
  const std::optional<DssSaid>& series = said.yearly ? said.yearly : said.daily;
  if (series && said.status != LoadSaid::Status::fixed && build.word(*series) != "none")
    add_profile(build, *series, factor * said.power.kw(), sign, c);
  build.net.connections.push_back(std::move(c));
}

}  // namespace

void add_load(DssBuild& build, const DssObject& o) {
  const LoadSaid said = said_of(build, o, LoadSaid(Power(10, 0.88, Power::By::command)));
  add_connection(build, o, said, multiplier(build, said, "loadmult"), 1);
}

// Generation is consumption below zero.
void add_generator(DssBuild& build, const DssObject& o) {
  LoadSaid begin(Power(1000, 0.88, Power::By::word));
  begin.min_pu = 0.9;
  begin.max_pu = 1.1;
  LoadSaid said = said_of(build, o, begin);
  if (said.status == LoadSaid::Status::exempt)
    said.status = LoadSaid::Status::variable;  // of loads only
  if (said.model != 1 && said.model != 2)
    build.refuse(o, "generators of model " + std::to_string(said.model) + " are not supported");
  add_connection(build, o, said, multiplier(build, said, "genmult"), -1);
}

}  // namespace twin
