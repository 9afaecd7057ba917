#include "tests/fuzz/grid_seeds.hpp"

namespace fuzz {
namespace {

constexpr std::string_view pgm_seed = R"({"version": "1.0", "type": "input", "is_batch": false,
"attributes": {"node": ["id", "u_rated"]},
"data": {"node": [[1, 1e4], [2, 10000], {"id": 3, "u_rated": 400, "extra": "end"}, [15, 400]],
"line": [{"id": 4, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 0, "r1": 0.1,
 "x1": 0.1, "c1": 1e-8, "tan1": 0, "r0": 0.4, "x0": 0.3, "c0": 1e-8, "tan0": null, "i_n": "inf"}],
"link": [{"id": 10, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1}],
"asym_line": [{"id": 11, "from_node": 3, "to_node": 15, "from_status": 1, "to_status": 1,
 "r_aa": 0.7, "r_ba": 0.05, "r_bb": 0.7, "r_ca": 0.05, "r_cb": 0.05, "r_cc": 0.7, "x_aa": 0.8,
 "x_ba": 0.7, "x_bb": 0.8, "x_ca": 0.7, "x_cb": 0.7, "x_cc": 0.8, "c0": 1e-9, "c1": 1e-9}],
"transformer": [{"id": 5, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1,
 "u1": 10000, "u2": 400, "sn": 1e5, "uk": 0.05, "pk": 1000, "i0": 0.01, "p0": 100,
 "winding_from": 2, "winding_to": 1, "clock": 5, "tap_side": 0, "tap_pos": 1, "tap_min": -2,
 "tap_max": 2, "tap_size": 250, "uk_min": 0.04}],
"source": [{"id": 6, "node": 1, "status": 1, "u_ref": 1.02, "sk": 1e9, "z01_ratio": 2}],
"sym_load": [{"id": 7, "node": 3, "status": 1, "type": 2, "p_specified": 1e4, "q_specified": 0}],
"asym_gen": [{"id": 8, "node": 15, "status": 1, "type": 1, "p_specified": [1, 2, 3],
 "q_specified": [0, 0, 0]}],
"shunt": [{"id": 9, "node": 2, "status": 1, "g1": 0, "b1": 1e-6, "g0": 0, "b0": 1e-6}],
"sym_voltage_sensor": []}})";

constexpr std::string_view pgm_star_seed = R"({"version": "1.0", "type": "input", "data": {
"node": [{"id": 1, "u_rated": 110e3}, {"id": 2, "u_rated": 20e3}, {"id": 3, "u_rated": 10e3}],
"three_winding_transformer": [{"id": 4, "node_1": 1, "node_2": 2, "node_3": 3, "status_1": 1,
 "status_2": 1, "status_3": 1, "u1": 110e3, "u2": 20e3, "u3": 10e3, "sn_1": 6e7, "sn_2": 4e7,
 "sn_3": 3e7, "uk_12": 0.1, "uk_13": 0.12, "uk_23": 0.08, "pk_12": 2e5, "pk_13": 1e5,
 "pk_23": 1e5, "i0": 0.01, "p0": 5e4, "winding_1": 1, "winding_2": 2, "winding_3": 2,
 "clock_12": 5, "clock_13": 5, "tap_side": 0, "tap_min": -9, "tap_max": 9, "tap_size": 1000}],
"generic_branch": [{"id": 7, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1,
 "r1": 1, "x1": 2, "g1": 0, "b1": 0, "k": 1.01, "theta": 0.1, "sn": 1e6}],
"source": [{"id": 5, "node": 1, "status": 1, "u_ref": 1}]}})";

constexpr std::string_view matpower_seed = R"(function mpc = small
%{
a block
%}
mpc.version = '2'; mpc.baseMVA = 50/3;
mpc.bus = [ %% comment
 1 3 0 0 0 0 1 1 0 11/sqrt(3) 1 1.1 0.9;
 2 1 500 -2 0 .1 1 1 0 11/sqrt(3) 1 1.1 0.9
 3, 2, 1e1, 0, 0, 0, 1, 1, 0, 0.4, 1, 1.1, 0.9;
];
mpc.gen = [ 1 0 0 10 -10 1.02 100 1 10 0; 3 .1 0 10 -10 1 100 1 10 0];
mpc.branch = [
 1 2 0.5 0.4 0 0 0 0 0 0 1 -360 360;
 2 3 0.5 0.4 0.001 5 0 0 1.02 3 1 -360 360;
];
mpc.gencost = [2 0 0 3 0 20 0];
mpc.bus_name = {'a'; 'b b'; "c"};
[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, ...
    GS] = idx_bus;
define_constants;
Vbase = mpc.bus(1, BASE_KV) * 1e3;
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / (mpc.baseMVA * 1e6));
mpc.bus(1:3, [PD, QD]) = mpc.bus(:, [PD, QD])./1e3;
pf = 0.85;
mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));
x = [1 -2; 3 - 4, 5]' .^ 2;
end
)";

constexpr std::string_view simbench_seed = R"(=== Node
id;type;vmSetp;vaSetp;vmR;vmMin;vmMax;coordID
mv;busbar;1.02;0;20;0.9;1.1;c1
bar;busbar;NULL;NULL;0.4;0.9;1.1;NULL
end;busbar;NULL;NULL;0.4;0.9;1.1;NULL
=== Coordinates
id;x;y
c1;11.4;53.6
=== Line
id;nodeA;nodeB;type;length;loadingMax
l1;bar;end;cable;0.2;100
=== LineType
id;r;x;b;iMax;type
cable;0.2067;0.08;260;270;cable
=== Transformer
id;nodeHV;nodeLV;type;tappos
t1;mv;bar;dyn;1
=== TransformerType
id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable;tapside;dVm;dVa;tapNeutr
dyn;0.16;20;0.4;150;4;2.35;0.46;0.28;1;HV;2.5;0;0
=== ExternalNet
id;node;calc_type
grid;mv;vavm
=== Load
id;node;profile;pLoad;qLoad
h1;end;H0-A;0.006;0.002
=== RES
id;node;type;profile;calc_type;pRES;qRES
pv;end;PV;PV5;pq;0.004;0
=== Switch
id;nodeA;nodeB;type;cond
s;bar;end;CB;0
=== LoadProfile
time;H0-A_pload
01.01.2016 00:00;0.5
01.01.2016 00:15;1
)";

constexpr std::string_view dss_seed = R"(clear ! a comment
Set DefaultBaseFrequency=50
New Circuit.Small basekV=10 pu=1.02 isc3=5000 isc1=4000
New Linecode.cable nphases=3 r1=0.2 x1=0.08 r0=0.8 x0=0.3 c1=0 c0=0 units=km
New Transformer.t Buses=[SourceBus b1] Conns=[Delta Wye] kVs=[10 0.4] kVAs=[160 160] XHL=4 // tail
New Line.l1 Bus1=b1 Bus2=b2 Linecode=cable Length=100 Units=m
~ normamps=150
New Loadshape.s npts=3 minterval=1 mult=(0.5 1 2)
New Load.one Phases=1 Bus1=b2.2 kV=0.23 kW=2 PF=0.9 daily=s
New Load.three Phases=3 Bus1=b2 kV=0.4 kW=6 PF=1
New Monitor.m Line.l1 1
solve
)";

// The part of a folder's text that a file is; nothing where it has none.
std::string_view part_of(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find("=== ", at)) != std::string_view::npos; at += 4) {
    const std::size_t line = std::min(text.find('\n', at), text.size());
    if (text.substr(at + 4, line - at - 4) != name) continue;
    const std::size_t end = std::min(text.find("\n=== ", line), text.size());
    return text.substr(std::min(line + 1, text.size()), end > line ? end - line : 0);
  }
  return {};
}

}  // namespace

std::vector<std::string_view> seeds(Reader reader) {
  switch (reader) {
    case Reader::pgm:
      return {pgm_seed, pgm_star_seed};
    case Reader::matpower:
      return {matpower_seed};
    case Reader::simbench:
      return {simbench_seed};
    case Reader::dss:
      break;
  }
  return {dss_seed};
}

std::string read_bytes(Reader reader, std::string_view bytes) {
  const std::map<Reader, std::string> names{{Reader::pgm, "input.json"},
                                            {Reader::matpower, "input.m"},
                                            {Reader::simbench, "input/Line.csv"},
                                            {Reader::dss, "input.dss"}};
  const std::string path = names.at(reader);
  const twin::LoadFile load =
      [&](const std::string& asked) -> tl::expected<std::string, std::string> {
    if (reader == Reader::simbench && asked.starts_with("input/") && asked.ends_with(".csv")) {
      const std::string_view part =
          part_of(bytes, std::string_view(asked).substr(6, asked.size() - 10));
      if (!part.empty()) return std::string(part);
    } else if (asked == path) {
      return std::string(bytes);
    }
    return tl::unexpected(asked + ": cannot be read");
  };
  const auto net = twin::read_grid(path, load);
  return net ? "" : net.error();
}

}  // namespace fuzz
