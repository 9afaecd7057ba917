// DssScript: the table of OpenDSS's commands.

#include "twin/grid/dss/dss_script.hpp"

namespace twin {

// In OpenDSS's own order, which decides what a shortened name means.
const std::vector<DssScript::Command>& DssScript::commands() {
  using S = DssScript;
  static const std::vector<Command> all{
      {"new", &S::create},
      {"edit", &S::edit},
      {"more", &S::more},
      {"m", &S::more},
      {"~", &S::more},
      {"select", &S::select},
      {"save", &S::look},
      {"show", &S::look},
      {"solve", &S::set},
      {"enable", &S::enable},
      {"disable", &S::disable},
      {"plot", &S::look},
      {"reset", &S::look},
      {"compile", &S::compile},
      {"set", &S::set},
      {"dump", &S::look},
      {"open", &S::open},
      {"close", &S::close},
      {"redirect", &S::redirect},
      {"help", &S::look},
      {"quit", &S::not_supported},
      {"?", &S::look},
      {"sample", &S::look},
      {"clear", &S::clear},
      {"about", &S::look},
      {"calcvoltagebases", &S::look},
      {"setkvbase", &S::set_kv_base},
      {"buildy", &S::look},
      {"get", &S::look},
      {"init", &S::look},
      {"export", &S::look},
      {"fileedit", &S::look},
      {"voltages", &S::look},
      {"currents", &S::look},
      {"powers", &S::look},
      {"seqvoltages", &S::look},
      {"seqcurrents", &S::look},
      {"seqpowers", &S::look},
      {"losses", &S::look},
      {"phaselosses", &S::look},
      {"cktlosses", &S::look},
      {"allocateloads", &S::not_supported},
      {"formedit", &S::look},
      {"totals", &S::look},
      {"capacity", &S::not_supported},
      {"classes", &S::look},
      {"userclasses", &S::look},
      {"zsc", &S::look},
      {"zsc10", &S::look},
      {"zscrefresh", &S::look},
      {"ysc", &S::look},
      {"puvoltages", &S::look},
      {"varvalues", &S::look},
      {"varnames", &S::look},
      {"buscoords", &S::bus_coordinates},
      {"makebuslist", &S::look},
      {"makeposseq", &S::not_supported},
      {"reduce", &S::not_supported},
      {"interpolate", &S::look},
      {"alignfile", &S::look},
      {"top", &S::look},
      {"rotate", &S::look},
      {"vdiff", &S::look},
      {"summary", &S::look},
      {"distribute", &S::not_supported},
      {"di_plot", &S::look},
      {"comparecases", &S::look},
      {"yearlycurves", &S::look},
      {"cd", &S::not_supported},
      {"visualize", &S::look},
      {"closedi", &S::look},
      {"doscmd", &S::not_supported},
      {"estimate", &S::not_supported},
      {"reconductor", &S::not_supported},
      {"addbusmarker", &S::look},
      {"setloadandgenkv", &S::not_supported},
      {"nodediff", &S::look},
      {"rephase", &S::not_supported},
      {"setbusxy", &S::set_bus_xy},
      {"updatestorage", &S::not_supported},
      {"obfuscate", &S::not_supported},
      {"latlongcoords", &S::bus_coordinates},
      {"batchedit", &S::batch_edit},
      {"variable", &S::look},
      {"clearbusmarkers", &S::look},
      {"relcalc", &S::look},
      {"var", &S::not_supported},
      {"nodelist", &S::look},
      {"clearall", &S::clear},
  };
  return all;
}

const DssScript::Command* DssScript::command_named(const std::string& name) {
  const Command* beginning = nullptr;
  for (const Command& each : commands()) {
    if (each.name == name) return &each;
    if (!beginning && each.name.starts_with(name)) beginning = &each;
  }
  return beginning;
}

}  // namespace twin
