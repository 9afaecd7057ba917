#include "twin/grid/dss/dss_classes.hpp"

#include <array>

namespace twin {
namespace {

struct Row {
  std::string_view name;
  // Names in order. Behind a name: '-' unneeded, '!' unsupported.
  std::string_view properties;
};

// What every circuit element has at its end.
#define RATED "normamps emergamps- faultrate- pctperm- repair- basefreq enabled like"
#define SHAPED "spectrum- basefreq enabled like"

constexpr std::array rows{
    Row{"vsource",
        "bus1 basekv pu angle frequency phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0 "
        "scantype- sequence- bus2! z1 z0 z2! puz1! puz0! puz2! basemva- yearly! daily! duty! "
        "model- puzideal! " SHAPED},
    Row{"line",
        "bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rg- xg- "
        "rho geometry units spacing wires earthmodel cncables! tscables! b1! b0! seasons- ratings- "
        "linetype- epsrmedium! heightoffset! heightunit! " RATED},
    Row{"linecode",
        "nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps emergamps- "
        "faultrate- pctperm- repair- kron! rg- xg- rho- neutral- b1! b0! seasons- ratings- "
        "linetype- like"},
    Row{"wiredata",
        "rdc rac runits gmrac gmrunits radius radunits normamps emergamps- diam seasons- ratings- "
        "capradius like"},
    Row{"linegeometry",
        "nconds nphases cond wire x h units normamps emergamps- reduce spacing wires cncable! "
        "tscable! cncables! tscables! seasons- ratings- linetype- like"},
    Row{"linespacing", "nconds nphases x h units detailed! like"},
    Row{"transformer",
        "phases windings wdg bus conn kv kva tap %r rneut xneut buses conns kvs kvas taps xhl xht "
        "xlt xscarray thermal- n- m- flrise- hsrise- %loadloss %noloadloss normhkva- emerghkva- "
        "sub- maxtap mintap numtaps subname- %imag ppm_antifloat %rs bank- xfmrcode xrconst! x12 "
        "x13 x23 leadlag wdgcurrents- core- rdcohms- seasons- ratings- " RATED},
    Row{"xfmrcode",
        "phases windings wdg conn kv kva tap %r rneut xneut conns kvs kvas taps xhl xht xlt "
        "xscarray thermal- n- m- flrise- hsrise- %loadloss %noloadloss normhkva- emerghkva- maxtap "
        "mintap numtaps %imag ppm_antifloat %rs x12 x13 x23 rdcohms- seasons- ratings- like"},
    Row{"regcontrol",
        "transformer winding vreg band ptratio ctprim r x bus! delay reversible revvreg- revband- "
        "revr- revx- tapdelay- debugtrace- maxtapchange inversetime- tapwinding vlimit ptphase "
        "revthreshold- revdelay- revneutral- eventlog- remoteptratio! tapnum reset- ldc_z! rev_z! "
        "cogen! basefreq- enabled like"},
    Row{"capacitor",
        "bus1 bus2 phases kvar kv conn cmatrix! cuf r xl harm! numsteps states " RATED},
    Row{"reactor",
        "bus1 bus2 phases kvar kv conn rmatrix! xmatrix! parallel! r x rp! z1! z2! z0! z rcurve! "
        "lcurve! lmh! " RATED},
    Row{"load",
        "phases bus1 kv kw pf model yearly daily duty- growth- conn kvar rneut! xneut! status "
        "class- vminpu vmaxpu vminnorm- vminemerg- xfkva! allocationfactor- kva %mean- %stddev- "
        "cvrwatts cvrvars kwh! kwhdays! cfactor! cvrcurve! numcust- zipv %seriesrl- relweight- "
        "vlowpu- puxharm- xrharm- " SHAPED},
    Row{"generator",
        "phases bus1 kv kw pf kvar model vminpu vmaxpu yearly daily duty- dispmode- dispvalue- "
        "conn rneut! xneut! status class- vpu- maxkvar- minkvar- pvfactor- forceon- kva- mva- xd- "
        "xdp- xdpp- h- d- usermodel! userdata! shaftmodel- shaftdata- dutystart- debugtrace- "
        "balanced! xrdp- usefuel! fuelkwh- %fuel- %reserve- refuel- dynamiceq- dynout- " SHAPED},
    Row{"loadshape",
        "npts interval mult hour! mean- stddev- csvfile sngfile! dblfile! action! qmult! useactual "
        "pmax- qmax- sinterval minterval pbase- qbase- pmult pqcsvfile! memorymapping- "
        "interpolation- like"},
    Row{"swtcontrol",
        "switchedobj switchedterm action lock- delay- normal state reset- "
        "basefreq- enabled like"},
};

#undef RATED
#undef SHAPED

constexpr std::array<std::string_view, 8> unneeded{"monitor",    "energymeter", "sensor",
                                                   "spectrum",   "tcc_curve",   "growthshape",
                                                   "priceshape", "tshape"};

DssClass class_of(const Row& row) {
  DssClass out{row.name, false, {}};
  std::string_view rest = row.properties;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    std::string_view name = rest.substr(0, end);
    DssMeaning meaning = DssMeaning::read;
    if (name.ends_with('-')) meaning = DssMeaning::unneeded;
    if (name.ends_with('!')) meaning = DssMeaning::unsupported;
    if (meaning != DssMeaning::read) name.remove_suffix(1);
    out.properties.push_back({name, meaning});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::vector<DssClass> all_classes() {
  std::vector<DssClass> out;
  for (const Row& row : rows) out.push_back(class_of(row));
  for (const std::string_view name : unneeded) out.push_back({name, true, {}});
  return out;
}

}  // namespace

std::optional<std::size_t> DssClass::find(std::string_view wanted) const {
  std::optional<std::size_t> beginning;
  for (std::size_t i = 0; i < properties.size(); ++i) {
    if (properties[i].name == wanted) return i;
    if (!beginning && properties[i].name.starts_with(wanted)) beginning = i;
  }
  return beginning;
}

const DssClass* dss_class(std::string_view name) {
  static const std::vector<DssClass> classes = all_classes();
  for (const DssClass& each : classes)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace twin
