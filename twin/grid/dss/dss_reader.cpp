#include "twin/grid/dss/dss_reader.hpp"

#include <array>

#include "twin/grid/dss/dss_build.hpp"
#include "twin/grid/model/number_range.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

struct Kind {
  std::string_view type;
  void (*add)(DssBuild& build, const DssObject& o);
};
constexpr std::array elements{
    Kind{"vsource", add_source},          Kind{"line", add_line},
    Kind{"transformer", add_transformer}, Kind{"capacitor", add_capacitor},
    Kind{"reactor", add_reactor},         Kind{"load", add_load},
    Kind{"generator", add_generator}};
// They refer to elements.
constexpr std::array controls{Kind{"regcontrol", add_tap_control},
                              Kind{"swtcontrol", add_switch_control}};

template <class Kinds>
void add_all(DssBuild& build, const Kinds& kinds) {
  for (const DssObject& o : build.script.objects()) {
    if (!build.problem.empty()) return;
    for (const Kind& kind : kinds)
      if (o.enabled && o.type->name == kind.type) kind.add(build, o);
  }
}

// The circuit's frequency; empty where all is well with it.
std::string read_frequency(DssBuild& build) {
  build.net.frequency_hz = 60;  // OpenDSS's own default
  const auto read = [&](const DssValue& value, double& out) -> std::string {
    const auto hertz = dss_number(value.text);
    if (!hertz || is_too_large(*hertz) || !(*hertz >= least_above_zero))
      return words_of(value.place) + ": the frequency wants a number above zero";
    out = *hertz;
    return "";
  };
  for (const char* option : {"defaultbasefrequency", "basefrequency"})
    if (const DssValue* value = build.script.option(option))
      if (auto wrong = read(*value, build.net.frequency_hz); !wrong.empty()) return wrong;
  const DssValue* value = build.script.option("frequency");
  if (!value) return "";
  double solved = 0;
  if (auto wrong = read(*value, solved); !wrong.empty()) return wrong;
  if (solved == build.net.frequency_hz) return "";
  return words_of(value->place) + ": a frequency other than the base frequency is not supported";
}

bool controls_are_off(const DssScript& script) {
  const DssValue* mode = script.option("controlmode");
  return mode && lower_case(mode->text).starts_with("o");
}

}  // namespace

Result<Network> read_dss(const std::string& path, const LoadFile& load) {
  DssScript script(load);
  if (auto ok = script.run(path); !ok) return failure(ok.error());
  if (!script.find("vsource.source"))
    return failure(path + ": there is no circuit (New Circuit.name)");
  DssBuild build(script);
  build.problem = read_frequency(build);
  add_all(build, elements);
  add_all(build, controls);
  if (build.problem.empty()) check_neutrals(build);
  if (build.problem.empty()) name_voltages(build);
  if (!build.problem.empty()) return failure(build.problem);
  if (controls_are_off(script)) build.net.tap_controls.clear();
  return std::move(build.net);
}

}  // namespace twin
