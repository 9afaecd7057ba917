#include "twin/grid/dss/dss_options.hpp"

#include <array>
#include <string_view>

#include "twin/grid/dss/dss_words.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

// In OpenDSS's own order, which decides what a shortened name means.
constexpr std::array<std::string_view, 105> options{"type",
                                                    "element",
                                                    "hour",
                                                    "sec",
                                                    "year",
                                                    "frequency",
                                                    "stepsize",
                                                    "mode",
                                                    "random",
                                                    "number",
                                                    "time",
                                                    "class",
                                                    "object",
                                                    "circuit",
                                                    "editor",
                                                    "tolerance",
                                                    "maxiterations",
                                                    "h",
                                                    "loadmodel",
                                                    "loadmult",
                                                    "normvminpu",
                                                    "normvmaxpu",
                                                    "emergvminpu",
                                                    "emergvmaxpu",
                                                    "%mean",
                                                    "%stddev",
                                                    "ldcurve",
                                                    "%growth",
                                                    "genkw",
                                                    "genpf",
                                                    "capkvar",
                                                    "addtype",
                                                    "allowduplicates",
                                                    "zonelock",
                                                    "ueweight",
                                                    "lossweight",
                                                    "ueregs",
                                                    "lossregs",
                                                    "voltagebases",
                                                    "algorithm",
                                                    "trapezoidal",
                                                    "autobuslist",
                                                    "controlmode",
                                                    "tracecontrol",
                                                    "genmult",
                                                    "defaultdaily",
                                                    "defaultyearly",
                                                    "allocationfactors",
                                                    "cktmodel",
                                                    "pricesignal",
                                                    "pricecurve",
                                                    "terminal",
                                                    "basefrequency",
                                                    "harmonics",
                                                    "maxcontroliter",
                                                    "bus",
                                                    "casename",
                                                    "markercode",
                                                    "nodewidth",
                                                    "log",
                                                    "recorder",
                                                    "overloadreport",
                                                    "voltexceptionreport",
                                                    "cfactors",
                                                    "showexport",
                                                    "numallociterations",
                                                    "defaultbasefrequency",
                                                    "markswitches",
                                                    "switchmarkercode",
                                                    "daisysize",
                                                    "marktransformers",
                                                    "transmarkercode",
                                                    "transmarkersize",
                                                    "loadshapeclass",
                                                    "earthmodel",
                                                    "querylog",
                                                    "markcapacitors",
                                                    "markregulators",
                                                    "markpvsystems",
                                                    "markstorage",
                                                    "capmarkercode",
                                                    "regmarkercode",
                                                    "pvmarkercode",
                                                    "storemarkercode",
                                                    "capmarkersize",
                                                    "regmarkersize",
                                                    "pvmarkersize",
                                                    "storemarkersize",
                                                    "neglectloady",
                                                    "markfuses",
                                                    "fusemarkercode",
                                                    "fusemarkersize",
                                                    "markreclosers",
                                                    "reclosermarkercode",
                                                    "reclosermarkersize",
                                                    "registryupdate",
                                                    "markrelays",
                                                    "relaymarkercode",
                                                    "relaymarkersize",
                                                    "processtime",
                                                    "totaltime",
                                                    "steptime",
                                                    "demandinterval",
                                                    "diverbose",
                                                    "miniterations"};

// What would change the network.
constexpr std::array<std::string_view, 6> unsupported{
    "ldcurve", "%growth", "zonelock", "allocationfactors", "cfactors", "neglectloady"};

// Options that are supported at one value only: its beginning.
struct Fixed {
  std::string_view name, value;
};
constexpr std::array fixed{Fixed{"year", "0"}, Fixed{"loadmodel", "p"}, Fixed{"cktmodel", "m"},
                           Fixed{"allowduplicates", "n"}};

// Options whose value is one of these words, or the beginning of one.
struct Words {
  std::string_view name;
  std::string_view words;  // in order, a blank after each
};
constexpr std::array word_options{
    Words{"controlmode", "off static event time multirate "},
    Words{"mode",
          "snapshot daily yearly dutycycle direct dynamics harmonics harmonict faultstudy peakday "
          "time generaltime autoadd ld1 ld2 m1 m2 m3 mf "}};

constexpr std::array<std::string_view, 15> number_options{
    "hour",        "sec",           "number",         "tolerance",  "maxiterations",
    "loadmult",    "genmult",       "normvminpu",     "normvmaxpu", "emergvminpu",
    "emergvmaxpu", "miniterations", "maxcontroliter", "%mean",      "%stddev"};

tl::unexpected<std::string> not_supported(const std::string& name) {
  return failure("option \"" + cut(name) + "\" of Set and Solve is not supported");
}

Result<std::string> full_name(const std::string& name) {
  std::string_view beginning;
  for (const std::string_view each : options) {
    if (each == name) return name;
    if (beginning.empty() && each.starts_with(name)) beginning = each;
  }
  if (beginning.empty() || name.empty()) return not_supported(name);
  return std::string(beginning);
}

// Whether the words have one that begins like this.
bool has_word(std::string_view words, const std::string& beginning) {
  return !beginning.empty() && beginning.find(' ') == std::string::npos &&
         (words.starts_with(beginning) || words.find(" " + beginning) != std::string_view::npos);
}

std::string wrong_number(const std::string& value) {
  const auto number = dss_number(value);
  if (!number) return " " + number.error();
  return is_too_large(*number) ? " wants numbers below 1e15" : "";
}

// What is wrong with the value; empty: nothing.
std::string wrong_value(std::string_view name, const std::string& value) {
  for (const Fixed& each : fixed)
    if (each.name == name && !lower_case(value).starts_with(each.value))
      return "=" + cut(value) + " is not supported";
  for (const Words& each : word_options)
    if (each.name == name && !has_word(each.words, lower_case(value)))
      return " wants one of " + std::string(each.words) + "(or the beginning of one), found \"" +
             cut(value) + "\"";
  for (const std::string_view each : number_options)
    if (each == name) return wrong_number(value);
  return {};
}

}  // namespace

Result<std::string> dss_option(const std::string& name, const std::string& value) {
  auto full = full_name(name);
  if (!full) return full;
  for (const std::string_view each : unsupported)
    if (each == *full) return not_supported(*full);
  if (const std::string wrong = wrong_value(*full, value); !wrong.empty())
    return failure("option " + *full + wrong);
  return full;
}

}  // namespace twin
