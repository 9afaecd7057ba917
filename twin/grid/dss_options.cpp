#include "twin/grid/dss_options.hpp"

#include <array>
#include <string_view>

#include "twin/grid/dss_words.hpp"

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

Result<std::string> full_name(const std::string& name) {
  std::string_view beginning;
  for (const std::string_view each : options) {
    if (each == name) return name;
    if (beginning.empty() && each.starts_with(name)) beginning = each;
  }
  if (beginning.empty() || name.empty())
    return failure("option \"" + name + "\" of Set is not supported");
  return std::string(beginning);
}

}  // namespace

Result<std::string> dss_option(const std::string& name, const std::string& value) {
  auto full = full_name(name);
  if (!full) return full;
  for (const std::string_view each : unsupported)
    if (each == *full) return failure("option \"" + *full + "\" of Set is not supported");
  for (const Fixed& each : fixed)
    if (each.name == *full && !lower_case(value).starts_with(each.value))
      return failure("Set " + *full + "=" + value + " is not supported");
  return full;
}

}  // namespace twin
