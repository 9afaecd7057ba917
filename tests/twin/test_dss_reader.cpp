// OpenDSS scripts: what they say becomes a network, and what is wrong is refused with file and
// line.

#include <cmath>
#include <doctest/doctest.h>
#include <map>
#include <numbers>

#include "ledger/base/rng.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/dss/dss_reader.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/grid_reader.hpp"

using namespace twin;

namespace {

using Files = std::map<std::string, std::string>;

LoadFile files(Files all) {
  return [all = std::move(all)](const std::string& path) -> tl::expected<std::string, std::string> {
    const auto at = all.find(path);
    if (at == all.end()) return tl::unexpected(path + ": cannot be read");
    return at->second;
  };
}

const std::string good = R"(clear ! a comment
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
Buscoords xy.txt
solve
)";

tl::expected<Network, std::string> read(const std::string& text, Files more = {}) {
  more["main.dss"] = text;
  more.emplace("xy.txt", "b1 0 0\nb2 5 5\n");
  return read_grid("main.dss", files(more));
}
std::string error_of(const std::string& text, Files more = {}) {
  const auto net = read(text, std::move(more));
  return net ? "" : net.error();
}

// The good script with one line replaced, or with lines after it.
std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
std::string and_then(const std::string& lines) { return good + lines + "\n"; }

// Of a good script with these lines at the end.
Network network(const std::string& lines) {
  auto net = read(and_then(lines));
  REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
  return *net;
}

const std::string mini = R"(New Circuit.M basekv=.4 MVAsc3=10 MVAsc1=10
New Line.l1 bus1=sourcebus bus2=b r1=.1 x1=.05 r0=.2 x0=.1 c1=0 c0=0
New Load.a bus1=b kv=.4 kw=10 pf=.9
Set voltagebases=[.4]
)";

// Network of the mini script with these lines at the end.
Network mini_network(const std::string& lines) {
  auto net = read(mini + lines + "\n");
  REQUIRE_MESSAGE(net.has_value(), lines << ": " << (net ? "" : net.error()));
  return *net;
}
// What all loads draw together, in kW.
double mini_kw(const std::string& lines) {
  double out = 0;
  for (const Connection& c : mini_network(lines).connections)
    for (const Complex s : c.draw_va) out += s.real() / 1000;
  return out;
}
// What the load "b" of these words draws, in kVA.
Complex load_kva(const std::string& words) {
  const Network net = mini_network("New Load.b bus1=b kv=.4 " + words);
  Complex out;
  for (const Complex s : net.connections[1].draw_va) out += s / 1000.0;
  return out;
}
bool near(Complex a, Complex b) { return std::abs(a - b) < 1e-6; }

struct Wrong {
  std::string text, says;
};
void check_refused(const std::vector<Wrong>& all, const Files& more = {}) {
  for (const Wrong& w : all) {
    CAPTURE(w.text);
    const std::string error = error_of(w.text, more);
    CAPTURE(error);
    CHECK(error.find(w.says) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a small script becomes a network that solves") {
  const auto net =
      read_grid("main.dss", files({{"main.dss", good}, {"xy.txt", "b1,0,0\nB2,5,6\n"}}));
  REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
  CHECK(net->buses.size() == 3);
  CHECK(net->frequency_hz == 50);
  CHECK(net->lines[0].rated_a == 150);
  CHECK(net->lines[0].length_m == 100);
  CHECK(net->lines[0].z[0][0].real() == doctest::Approx((2 * 0.02 + 0.08) / 3));
  CHECK(net->transformers[0].coils[0].from == std::array{Terminal::phase_1, Terminal::phase_3});
  CHECK(net->transformers[0].coils[0].to == std::array{Terminal::phase_1, Terminal::ground});
  CHECK(net->transformers[0].to_coil_v == doctest::Approx(400 / std::numbers::sqrt3));
  REQUIRE(net->connections.size() == 2);
  CHECK(net->connections[0].model.max_pu == 1.05);
  CHECK(net->connections[0].phases == 0b010);
  CHECK(net->connections[0].profile_w == std::vector<double>{1000, 2000, 4000});
  CHECK(net->connections[0].profile_step_s == 60);
  CHECK(net->connections[1].phases == 0b111);
  CHECK(net->connections[1].draw_va[2] == Complex(2000, 0));
  CHECK(net->buses[2].y == 6);
  CHECK(net->buses[2].nominal_v == doctest::Approx(400 / std::numbers::sqrt3));
  PowerFlow flow(*net);
  CHECK(flow.solve(std::vector<Phases>(2)).converged);
}

TEST_CASE("lines: matrices, nodes, switches, open ends, units") {
  const Network net = network(R"(New Linecode.two nphases=2 rmatrix=[1 | 0.1 2] xmatrix=[3 | 0.3 4]
~ cmatrix=[10 | -1 20] units=mi
New Line.two phases=2 bus1=b2.3.1 bus2=c.3.1 linecode=two length=5280 units=ft
New Line.one phases=1 bus1=b2.2 bus2=d.2 r1=0.3 x1=0.4 r0=9 x0=9 c1=0 c0=0 length=2
New Line.sw bus1=b2 bus2=e switch=y r1=1e-4 r0=1e-4 x1=0 x0=0 c1=0 c0=0
New Line.plain bus1=e bus2=f
Open Line.plain 2
New Line.gone bus1=e bus2=zzz enabled=no
Edit Line.l1 length=200)");
  const Line &two = net.lines[1], &one = net.lines[2], &sw = net.lines[3], &plain = net.lines[4];
  CHECK(two.phases == 0b101);
  CHECK(two.z[2][2] == Complex(1, 3));
  CHECK(two.z[0][0] == Complex(2, 4));
  CHECK(two.z[0][2] == Complex(0.1, 0.3));
  CHECK(std::abs(two.shunt[0][0] - Complex(0, 2 * std::numbers::pi * 50 * 20e-9)) < 1e-15);
  CHECK(two.length_m == doctest::Approx(1609.344));
  CHECK(one.phases == 0b010);
  CHECK(std::abs(one.z[1][1] - Complex(0.6, 0.8)) < 1e-12);  // one conductor has no zero sequence
  CHECK(sw.z[0][0].real() == doctest::Approx(1e-7));
  CHECK(plain.z[0][0].real() == doctest::Approx((2 * 0.058 + 0.1784) / 3));
  CHECK(plain.from_closed);
  CHECK_FALSE(plain.to_closed);
  CHECK(net.lines.size() == 5);
  CHECK(net.lines[0].length_m == 200);
}

TEST_CASE("loads: connections, models, and power in three ways") {
  const Network net = network(R"(New Load.ab phases=1 conn=delta bus1=b2.1.2 kv=0.4 kw=3 kvar=4
New Load.ac phases=1 bus1=b2.1.3 kv=0.4 kva=10 pf=-0.8
New Load.tri phases=3 conn=delta bus1=b2 kv=0.4 kw=6 kvar=3 model=4
New Load.cur phases=2 bus1=b2.2.3 kv=0.4 kw=2 pf=1 model=5 vminpu=0.8 vmaxpu=1.2
New Load.zip phases=3 bus1=b2 kv=0.4 kw=3 model=8 zipv=[0.1 0.2 0.7 0.3 0.3 0.4 0]
New Load.z phases=3 bus1=b2 kv=0.4 kw=3 model=2
New Generator.g phases=3 bus1=b2 kv=0.4 kw=9 pf=1
Set LoadMult=2)");
  const auto& c = net.connections;
  CHECK(c[2].hookup == Hookup::delta);
  CHECK(c[2].phases == 0b001);
  CHECK(c[2].nominal_v == 400);
  CHECK(std::abs(c[2].draw_va[0] - Complex(6000, 8000)) < 1e-6);  // twice
  CHECK(c[3].phases == 0b100);                                    // from phase 3 to 1
  CHECK(std::abs(c[3].draw_va[2] - Complex(16000, -12000)) < 1e-6);
  CHECK(c[3].power_factor == -0.8);
  CHECK(c[4].phases == 0b111);
  CHECK(c[4].model.p_shares == std::array<double, 3>{0, 1, 0});
  CHECK(c[4].model.q_shares == std::array<double, 3>{0, 0, 1});
  CHECK(c[4].model.whole_outside);
  CHECK(c[5].phases == 0b110);
  CHECK(c[5].nominal_v == doctest::Approx(400 / std::numbers::sqrt3));
  CHECK(c[5].model.min_pu == 0.8);
  CHECK(c[6].model.p_shares == std::array<double, 3>{0.7, 0.2, 0.1});
  CHECK(c[7].model.p_shares == std::array<double, 3>{0, 0, 1});
  CHECK(c[8].draw_va[0].real() == -3000);  // no load, no multiplier of loads
}

TEST_CASE("transformers, regulators and shunts") {
  const Network net = network(R"(New Transformer.yd windings=2 xhl=5 ppm=0 leadlag=euro
~ wdg=1 bus=b2.1.2.3.4 conn=wye kv=0.4 kva=100 %r=1 tap=1.05
~ wdg=2 bus=g conn=delta kv=0.2 kva=100 %r=1
New Transformer.reg phases=1 buses=[g.1.2 h.1.2] kvs=[0.2 0.2] kvas=[50 50] xhl=1 %imag=2
New RegControl.c transformer=reg winding=1 vreg=100 ptratio=2 maxtapchange=1 delay=30 tapnum=-4
New Transformer.three windings=3 buses=[b2 k m] conns=[wye wye delta] kvs=[0.4 0.1 0.1]
~ kvas=[10 10 10] xhl=4 xht=6 xlt=5
New Capacitor.cap bus1=g conn=delta kvar=3 kv=0.2
New Capacitor.off bus1=b2 kvar=3 kv=0.4 states=[0]
New Reactor.r bus1=b2.1 phases=1 kv=0.23 kvar=1 r=0
New Reactor.series bus1=b2 bus2=n r=0.1 x=0.2)");
  const Transformer &yd = net.transformers[1], &reg = net.transformers[2];
  CHECK(yd.coils[0].from == std::array{Terminal::phase_1, Terminal::star_point});
  CHECK_FALSE(yd.from_neutral_z.has_value());
  CHECK(yd.coils[0].to == std::array{Terminal::phase_1, Terminal::phase_3});
  CHECK(yd.from_tap == 1.05);
  CHECK(yd.antifloat == 0);
  CHECK(std::abs(yd.z - Complex(0.02, 0.05) * (200.0 * 200 / (100e3 / 3))) < 1e-12);
  // The regulated winding is turned to the `to` side.
  CHECK(net.buses[reg.to].name == "g");
  CHECK(reg.to_tap == doctest::Approx(0.975));
  CHECK(reg.from_magnetising.imag() == doctest::Approx(-0.02 * 50e3 / 4e4));
  REQUIRE(net.tap_controls.size() == 1);
  CHECK(net.tap_controls[0].steps_at_once == 1);
  CHECK(net.tap_controls[0].delay_s == 30);
  CHECK(net.tap_controls[0].target_v == 100);
  // Three windings meet at a bus of their own: 2.5, 1.5 and 3.5 % of reactance.
  REQUIRE(net.transformers.size() == 6);
  CHECK(net.buses[net.transformers[3].to].name == "transformer.three.star");
  CHECK((net.transformers[3].z / net.transformers[4].z).imag() != 0);
  CHECK(net.transformers[5].z.imag() == doctest::Approx(0.035 * 100 * 100 / (10e3 / 3)));
  CHECK(net.shunts[0].y[0][1].imag() == doctest::Approx(-1000.0 / (200 * 200)));
  CHECK(net.shunts[1].y[0][0] == Complex{});
  CHECK(net.shunts[2].y[0][0].imag() == doctest::Approx(-1000.0 / (230 * 230)));
  CHECK(net.lines.back().z[1][1] == Complex(0.1, 0.2));
}

TEST_CASE("scripts: other files, block comments, like, places without names, edits by path") {
  Files more{{"sub/codes.dss", "New Linecode.x r1=1 x1=2 c1=0 c0=0\nredirect deep/more.dss\n"},
             {"sub/deep/more.dss", "~ r0=3 x0=4\n"},
             {"shape.csv", "hour,kw\n1,5\n2,7\n"}};
  const auto net = read(and_then(R"(/* nothing
in here counts */
Redirect sub\codes.dss
New Line.p b2 q x 0.5
New Line.q like=p bus1=q bus2=r
Line.q.length=(1 4 /) units=km
New Loadshape.f npts=2 interval=1 mult=(file=shape.csv, col=2, header=yes)
New Load.f like=three daily=f
? Load.f.kw
plot profile phases=all
BatchEdit Load.(x)* kw=1)"),
                        more);
  REQUIRE_FALSE(net.has_value());
  CHECK(net.error().find("main.dss:24: pattern with '('") != std::string::npos);
  const auto again = read(and_then(R"(Redirect sub/codes.dss
New Line.p b2 q x 0.5
New Line.q like=p bus1=q bus2=r
Line.q.length=(1 4 /) units=km
New Loadshape.f npts=2 interval=1 mult=(file=shape.csv, col=2, header=yes)
New Load.f like=three daily=f
BatchEdit Load.t.* kw=12)"),
                          more);
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error()));
  CHECK(std::abs(again->lines[1].z[0][0] - 0.5 * Complex(5, 8) / 3.0) < 1e-12);
  CHECK(std::abs(again->lines[2].z[0][0] - 0.25 * Complex(5, 8) / 3.0) < 1e-12);
  CHECK(again->connections[1].draw_va[0] == Complex(4000, 0));
  CHECK(again->connections[2].profile_w == std::vector<double>{30'000, 42'000});
  // Clear begins anew; what stood before it is gone.
  const auto second = read(good + "Clear\nNew Circuit.two\nNew Line.a sourcebus b\n");
  REQUIRE_MESSAGE(second.has_value(), (second ? "" : second.error()));
  CHECK(second->buses.size() == 2);
  CHECK(network("New RegControl.r transformer=t winding=2\nSet ControlMode=off")
            .tap_controls.empty());
  CHECK_FALSE(network("New SwtControl.s switchedobj=Line.l1 switchedterm=1 action=open")
                  .lines[0]
                  .from_closed);
  CHECK(network("SetkVBase b2 kVLN=0.23").buses[2].nominal_v == 230);
}

TEST_CASE("what is not supported or not there is refused with file and line") {
  check_refused({
      {with("solve", "makeposseq"), "main.dss:13: command \"makeposseq\" is not supported"},
      {with("solve", "blabla"), "main.dss:13: command \"blabla\" is not supported"},
      {with("solve", "quit"), "command \"quit\" is not supported"},
      {with("New Monitor.m Line.l1 1", "New PVSystem.p bus1=b2"),
       "main.dss:11: object type \"pvsystem\" is not supported"},
      {with("New Monitor.m Line.l1 1", "New CapControl.c"), "object type \"capcontrol\""},
      {with("normamps=150", "cncables=x"), "main.dss:7: line.l1: property \"cncables\" is not"},
      {with("normamps=150", "colour=x"), "main.dss:7: line.l1 has no property \"colour\""},
      {with("Linecode=cable", "Linecode=wire"),
       "main.dss:6: line.l1: linecode \"wire\" does not exist"},
      {with("kW=2", "kW=two"), "main.dss:9: load.one: kw wants a number, found \"two\""},
      {with("kW=2", "kW=nan"), "main.dss:9: load.one: kw wants a number"},
      {with("daily=s", "daily=t"), "main.dss:9: load.one: load shape \"t\" does not exist"},
      {with("npts=3", "npts=9"), "main.dss:8: loadshape.s: holds 3 values, npts wants 9"},
      {with("mult=(0.5 1 2)", "mult=(file=none.txt)"), "main.dss:8: none.txt: cannot be read"},
      {with("mult=(0.5 1 2)", "mult=(sngfile=a.bin)"), "binary files are not supported"},
      {with("mult=(0.5 1 2)", "qmult=(1 2)"), "property \"qmult\" is not supported"},
      {with("Buscoords xy.txt", "Buscoords no.txt"), "main.dss:12: no.txt: cannot be read"},
      {with("kVAs=[160 160]", "kVAs=[160 160"), "main.dss:5: '[' is not closed"},
      {with("Conns=[Delta Wye]", "Conns=[Delta Zigzag]"),
       "main.dss:5: transformer.t: connection \"Zigzag\""},
      {with("kVs=[10 0.4]", "kVs=[10 0.4 0.4]"), "kvs wants two values, found 3"},
      {with("kVs=[10 0.4]", "kVs=[10 0]"), "above zero"},
      {with("XHL=4", "windings=4"), "windings wants 2 to 3"},
      {with("XHL=4", "wdg=3"), "wdg wants 1 to 2"},
      {with("XHL=4", "leadlag=left"), "leadlag \"left\""},
      {with("XHL=4", "XHL=0 %rs=[0 0]"), "needs an impedance other than zero"},
      {with("Buses=[SourceBus b1]", "Buses=[SourceBus]"), "a winding has no bus"},
      {with("Buses=[SourceBus b1]", "Buses=[SourceBus.1.1.2 b1]"), "same node"},
      {with("Bus2=b2 Linecode", "Bus2=b9 Linecode"), "is not connected to the source"},
      {with("Bus2=b2 Linecode", "Linecode"), "line.l1: needs bus1 and bus2"},
      {with("Bus2=b2 Linecode", "Bus2=b2.2.1.3 Linecode"), "from one phase to another"},
      {with("Bus2=b2 Linecode", "Bus2=b2.1.2.3.4 Linecode"), "more nodes than"},
      {with("Bus1=b1 Bus2=b2", "Bus1=b1.1.2.4 Bus2=b2.1.2.4"), "a line's nodes are 1 to 3"},
      {with("Bus1=b1 Bus2=b2", "Bus1=b1.1.1.3 Bus2=b2.1.1.3"), "all different"},
      {with("Bus1=b1 Bus2=b2", "phases=2 Bus1=b1 Bus2=b2"),
       "has 2 phases, its line code \"cable\" has 3"},
      {with("Length=100", "Length=-1"), "length wants a number above zero"},
      {with("Units=m", "Units=cubits"), "unit \"cubits\" is not known"},
      {with("nphases=3", "nphases=4"), "nphases wants 1 to 3"},
      {with("r1=0.2", "rmatrix=[1 2]"), "main.dss:4: linecode.cable: rmatrix wants 3 rows"},
      {with("c1=0", "basefreq=60"), "a base frequency other than the circuit's"},
      {with("New Circuit.Small basekV=10", "Edit Vsource.Source basekV=10"),
       "main.dss:3: vsource.source does not exist"},
      {with("basekV=10", "basekV=0"), "above zero"},
      {with("basekV=10", "phases=1"), "fewer than three phases"},
      {with("isc3=5000", "isc3=0"), "isc3 wants a number above zero"},
      {with("PF=0.9", "PF=1.9"), "power factor"},
      {with("PF=0.9", "model=7"), "model 7 is not supported"},
      {with("PF=0.9", "model=8"), "needs ZIPV"},
      {with("PF=0.9", "model=8 zipv=(1 0 0 1 0 0 0.8)"), "cut-off voltage"},
      {with("PF=0.9", "model=4 cvrwatts=0.8"), "supported at 0, 1 and 2"},
      {with("PF=0.9", "vminpu=1.2"), "Vmaxpu above Vminpu"},
      {with("PF=0.9", "xfkva=5"), "property \"xfkva\" is not supported"},
      {with("PF=0.9", "rneut=1"), "property \"rneut\" is not supported"},
      {with("b2.2", "b2.7"), "no load can stand between the nodes of \"b2.7\""},
      {with("b2.2", "b2.x"), "node \"x\""},
      {with("Bus1=b2.2", ""), "load.one: needs bus1"},
      {with("Phases=1", "Phases=2"), "do not fit its phases"},
      {with("Phases=1", "Phases=4"), "phases wants 1 to 3"},
      {with("New Load.three", "New Load.one"), "main.dss:10: load.one exists already"},
      {with("New Loadshape.s", "New Circuit.b"), "vsource.source exists already"},
      {with("New Loadshape.s", "New Loadshape"), "New loadshape wants a name"},
      {with("DefaultBaseFrequency=50", "DefaultBaseFrequency=x"), "frequency wants a number"},
      {with("DefaultBaseFrequency=50", "DefaultBaseFrequency=50 frequency=60"),
       "other than the base frequency"},
      {with("DefaultBaseFrequency=50", "%growth=2"), "option \"%growth\" of Set"},
      {"", "there is no circuit"},
      {"~ x=1\n", "main.dss:1: nothing to go on with"},
      {"New\n", "New wants an object"},
      {"Edit Line.x r1=1\n", "line.x does not exist"},
      {"Line.x.r1=1\n", "line.x does not exist"},
      {"r1=1\n", "command \"r1\" is not supported"},
      {"New Line.a like=a\n", "no other \"a\" to be like"},
  });
}

TEST_CASE("Solve takes options as Set does") {
  CHECK(mini_kw("solve") == doctest::Approx(10));
  CHECK(mini_kw("Set loadmult=2") == doctest::Approx(20));
  CHECK(mini_kw("solve loadmult=2") == doctest::Approx(20));
  CHECK(mini_kw("solve mode=snap number=1 loadmult=(1 2 /)") == doctest::Approx(5));
  CHECK(mini_kw("solve mode=daily stepsize=15m number=96 controlmode=o") == doctest::Approx(10));
  check_refused({
      {mini + "Solve mode=foo", "main.dss:5: option mode wants one of snapshot daily"},
      {mini + "Set mode=foo", "main.dss:5: option mode wants one of snapshot daily"},
      {mini + "Solve colour=red", "main.dss:5: option \"colour\" of Set and Solve is not"},
      {mini + "Solve %growth=2", "main.dss:5: option \"%growth\" of Set and Solve is not"},
      {mini + "Solve year=3", "main.dss:5: option year=3 is not supported"},
      {mini + "Solve loadmult=abc", "main.dss:5: option loadmult wants a number, found \"abc\""},
  });
}

TEST_CASE("values of Set that cannot be read are no defaults") {
  check_refused({
      {mini + "Set loadmult=abc", "main.dss:5: option loadmult wants a number, found \"abc\""},
      {mini + "Set loadmult=nan", "main.dss:5: option loadmult wants a number"},
      {mini + "Set genmult=abc", "main.dss:5: option genmult wants a number, found \"abc\""},
      {mini + "Set tolerance=abc", "main.dss:5: option tolerance wants a number, found \"abc\""},
      {mini + "Set maxiter=many", "main.dss:5: option maxiterations wants a number"},
      {mini + "Set controlmode=xyz", "main.dss:5: option controlmode wants one of off static"},
      {mini + "Set controlmode=[off static]", "main.dss:5: option controlmode wants one of"},
      {mini + "Set controlmode=''", "main.dss:5: option controlmode wants one of"},
      {mini + "Set voltagebases=[foo]", "main.dss:5: VoltageBases wants a number"},
  });
}

TEST_CASE("LoadMult scales neither fixed nor exempt loads") {
  for (const char* status : {"status=exempt", "status=Fixed"}) {
    CAPTURE(status);
    CHECK(mini_kw(std::string("New Load.b bus1=b kv=.4 kw=1 ") + status + "\nSet loadmult=2") ==
          doctest::Approx(21));
  }
  CHECK(mini_kw("New Load.b bus1=b kv=.4 kw=1 status=v\nSet loadmult=2") == doctest::Approx(22));
  CHECK(mini_kw("New Generator.b bus1=b kv=.4 kw=1 status=fixed\nSet genmult=2") ==
        doctest::Approx(9));
  CHECK(mini_kw("New Generator.b bus1=b kv=.4 kw=1 status=exempt\nSet genmult=2") ==
        doctest::Approx(8));
  // What is fixed follows no series, what is exempt does.
  const std::string shape = "New Loadshape.s npts=2 interval=1 mult=[1 3]\n";
  CHECK(mini_network(shape + "New Load.b bus1=b kv=.4 kw=1 daily=s status=fixed")
            .connections[1]
            .profile_w.empty());
  CHECK(mini_network(shape + "New Load.b bus1=b kv=.4 kw=1 daily=s status=exempt\nSet loadmult=2")
            .connections[1]
            .profile_w == std::vector<double>{1000, 3000});
  check_refused({{mini + "New Load.b bus1=b kv=.4 status=odd",
                  "main.dss:5: load.b: status wants variable, fixed or exempt, found \"odd\""}});
}

// The orders of OpenDSS's Load (Load.pas, RecalcElementData at the end of each command).
TEST_CASE("a load's power is what the last of kW, kvar and kVA says") {
  const double kvar_at_88 = 20 * std::sqrt(1 / (0.88 * 0.88) - 1);  // the power factor by default
  CHECK(near(load_kva("kw=20"), {20, kvar_at_88}));
  CHECK(kvar_at_88 == doctest::Approx(10.79).epsilon(1e-3));
  CHECK(near(load_kva("kvar=5 kw=20"), {20, kvar_at_88}));
  CHECK(near(load_kva("kw=20 kvar=5"), {20, 5}));
  CHECK(near(load_kva("kw=20 kvar=5 pf=0.8"), {20, 5}));
  CHECK(near(load_kva("kvar=5 kw=20 pf=0.8"), {20, 15}));
  CHECK(near(load_kva("kw=20 pf=0.8"), {20, 15}));
  CHECK(near(load_kva("pf=0.8 kw=20"), {20, 15}));
  CHECK(near(load_kva("pf=-0.8 kw=20"), {20, -15}));
  CHECK(near(load_kva("kva=25 pf=0.8"), {20, 15}));
  CHECK(near(load_kva("pf=0.8 kva=25"), {20, 15}));
  CHECK(near(load_kva("kva=25 kw=20"), {20, kvar_at_88}));
  CHECK(near(load_kva("kw=3 kva=25 pf=-0.8"), {20, -15}));
  CHECK(near(load_kva("kva=25 kvar=5"), {10, 5}));  // kVA became no kW yet: 10 by default
  CHECK(near(load_kva("kw=0 kvar=5"), {0, 5}));
  CHECK(near(load_kva("kw=20 kvar=15\nEdit Load.b kw=40"), {40, 30}));
  CHECK(near(load_kva("kw=20 kvar=15\nEdit Load.b pf=0.5"), {20, 15}));
  CHECK(near(load_kva("kva=25 pf=0.8\nEdit Load.b kvar=7"), {20, 7}));
  CHECK(near(load_kva("kw=20 kvar=15\nNew Load.c like=b kw=40"), {20, 15}));
  // Generators hold to the power factor that kW and kvar had when kvar was said.
  const auto generated = [](const std::string& words) {
    const Network net = mini_network("New Generator.b bus1=b kv=.4 " + words);
    Complex out;
    for (const Complex s : net.connections[1].draw_va) out -= s / 1000.0;
    return out;
  };
  CHECK(near(generated("kw=20 kvar=15 kw=40"), {40, 30}));
  CHECK(near(generated("kw=20 kvar=5 pf=0.8"), {20, 15}));
}

TEST_CASE("a series of kW sets its load's power to its highest value") {
  const std::string shape = "New Loadshape.s npts=3 interval=1 mult=[1 5 2] useactual=yes\n";
  const auto draws = [&](const std::string& load) {
    const Network net = mini_network(shape + load + "\nSet loadmult=2 genmult=3");
    Complex out;
    for (const Complex s : net.connections[1].draw_va) out += s / 1000.0;
    return out;
  };
  CHECK(near(draws("New Load.b bus1=b kv=.4 kw=1 pf=1 daily=s"), {10, 0}));
  CHECK(near(draws("New Load.b bus1=b kv=.4 kw=1 pf=.8 yearly=s"), {10, 7.5}));
  CHECK(near(draws("New Load.b bus1=b kv=.4 kw=1 kvar=1 daily=s"), {10, 0}));
  CHECK(near(draws("New Load.b bus1=b kv=.4 pf=1 daily=s kw=1"), {2, 0}));
  CHECK(near(draws("New Load.b bus1=b kv=.4 kw=1 pf=1 daily=none"), {2, 0}));
  CHECK(near(draws("New Generator.b bus1=b kv=.4 kw=1 pf=.8 daily=s"), {-15, 0}));
  const auto profile = [&](const std::string& load) {
    return mini_network(shape + load + "\nSet loadmult=2 genmult=3").connections[1].profile_w;
  };
  CHECK(profile("New Load.b bus1=b kv=.4 daily=s") == std::vector<double>{1000, 5000, 2000});
  CHECK(profile("New Generator.b bus1=b kv=.4 daily=s") ==
        std::vector<double>{-1000, -5000, -2000});
}

TEST_CASE("absurd but finite numbers are refused where they stand") {
  check_refused({
      {mini + "New Load.b bus1=b kv=.4 kw=1e308",
       "main.dss:5: load.b: kw wants numbers below 1e15"},
      {mini + "New Load.b bus1=b kv=.4 kvar=-1e15", "main.dss:5: load.b: kvar wants numbers below"},
      {mini + "New Load.b bus1=b kv=.4 kw=(1e200 1e100 *)", "main.dss:5: load.b: kw wants numbers"},
      {mini + "New Load.b bus1=b kv=1e-300", "main.dss:5: load.b: kv wants a number above zero"},
      {mini + "New Load.b bus1=b kv=.4 pf=1e-300", "main.dss:5: load.b: power factor wants"},
      {mini + "New Loadshape.s npts=1 mult=[1e300]\nNew Load.b bus1=b kv=.4 daily=s",
       "main.dss:5: loadshape.s: mult wants numbers below 1e15"},
      {mini + "Edit Line.l1 c1=-1e300", "main.dss:5: line.l1: c1 wants numbers below 1e15"},
      {mini + "Edit Line.l1 length=1e-300",
       "main.dss:5: line.l1: length wants a number above zero"},
      {mini + "New Line.m b c r1=0 x1=1e-308 r0=0 x0=1e-308",
       "main.dss:5: line.m: its impedance is zero or below 1e-12 ohm"},
      {mini + "New Line.m b c rmatrix=[1e308|0 1|0 0 1] xmatrix=[1|0 1|0 0 1]",
       "main.dss:5: line.m: rmatrix wants numbers below 1e15"},
      {mini + "New Reactor.m bus1=b bus2=c r=0 x=1e-308",
       "main.dss:5: reactor.m: its impedance is zero or below 1e-12 ohm"},
      {mini + "Edit Vsource.source r1=0 x1=1e-308 r0=0 x0=1e-308",
       "main.dss:1: vsource.source: its impedance is below 1e-12 ohm, yet not zero"},
      {mini + "Edit Vsource.source basekv=1e300",
       "main.dss:5: vsource.source: basekv wants numbers below 1e15"},
      {mini + "New Transformer.t buses=[b c] kvs=[.4 .2] xhl=1e-300 %rs=[0 0]",
       "main.dss:5: transformer.t: needs an impedance other than zero"},
      {mini + "Set loadmult=1e300", "main.dss:5: option loadmult wants numbers below 1e15"},
      {mini + "Set voltagebases=[1e300]", "main.dss:5: VoltageBases wants numbers from 1e-12"},
      {mini + "SetkVBase b kVLN=1e-300", "main.dss:5: SetkVBase wants"},
  });
}

TEST_CASE("messages show files' words cut and without control characters") {
  const std::string digits(300, '7');
  for (const std::string& text :
       {mini + "New Load.b bus1=b kv=.4 pf=" + digits,
        mini + "New Load.b bus1=b kv=.4 status=" + digits, mini + "Solve mode=" + digits,
        mini + "Solve " + digits + "=1", mini + digits,
        mini + "New Load.b bus1=b kv=.4 " + digits + "=1", mini + "New " + digits + ".b",
        mini + "Edit Load." + digits, mini + "New Load." + digits + " bus1=b kv=x"}) {
    const std::string error = error_of(text);
    CAPTURE(error);
    CHECK(error.find("main.dss:5: ") == 0);
    CHECK(error.size() < 300);
  }
  using namespace std::string_literals;
  check_refused({
      {mini + "New Load.b bus1=b kv=.4 conn=\x1b[2J\0\x07"s,
       "connection \"\\x1b[2J\\x00\\x07\" is not wye"},
      {mini + "New Load.b bus1=b kv=.4 status=z\0\x07\x7f\xff\xc2\x9bq"s,
       "\"z\\x00\\x07\\x7f\\xff\\xc2\\x9bq\""},
      {mini + "New Load.b bus1=b kv=.4 status=m\xc3\xbchle"s, "\"m\xc3\xbchle\""},
  });
}

TEST_CASE("controls, switches, geometry and shunts are refused where they cannot be held") {
  check_refused({
      {and_then("New RegControl.r winding=2"), "main.dss:14: regcontrol.r: needs a transformer"},
      {and_then("New RegControl.r transformer=x"), "transformer \"x\" does not exist"},
      {and_then("New RegControl.r transformer=t winding=3"), "no winding 3"},
      {and_then("New RegControl.r transformer=t winding=2 tapwinding=1"),
       "taps on another winding"},
      {and_then("New RegControl.r transformer=t winding=1 r=2"), "at a delta winding"},
      {and_then("New RegControl.r transformer=t winding=2 reversible=yes"), "turn round"},
      {and_then("New RegControl.r transformer=t winding=2 bus=b2.1"), "property \"bus\""},
      {and_then("New RegControl.r transformer=t winding=2\nNew RegControl.s transformer=t"),
       "main.dss:15: regcontrol.s: its transformer has a regulator already"},
      {and_then("New SwtControl.s switchedobj=Line.x action=open"), "no line \"Line.x\""},
      {and_then("New SwtControl.s switchedobj=Line.l1 action=jump"), "open or close"},
      {and_then("Open Load.one"), "only lines and transformers can be opened"},
      {and_then("Open Line.l1 1 2"), "single conductors"},
      {and_then("Open Line.l1 3"), "terminal wants 1 or 2"},
      {and_then("New Line.x b2 c geometry=g"), "linegeometry \"g\" does not exist"},
      {and_then("New LineGeometry.g nconds=2 nphases=1\nNew Line.x phases=1 bus1=b2.1 bus2=c.1 "
                "geometry=g"),
       "main.dss:14: linegeometry.g: conductor 1 has no wire"},
      {and_then("New WireData.w rac=1\nNew LineGeometry.g nconds=1 nphases=1 cond=1 wire=w h=9\n"
                "New Line.x phases=1 bus1=b2.1 bus2=c.1 geometry=g"),
       "main.dss:14: wiredata.w: needs a radius"},
      {and_then("New WireData.w rac=1 diam=1\nNew LineGeometry.g nconds=2 nphases=1\n"
                "~ cond=1 wire=w h=9 cond=2 wire=w h=8\n"
                "New Line.x phases=1 bus1=b2.1 bus2=c.1 geometry=g"),
       "reduce=yes"},
      {and_then("New WireData.w rac=1 diam=1\nNew LineGeometry.g nconds=2 nphases=2\n"
                "~ cond=1 wire=w h=9 cond=2 wire=w h=9\n"
                "New Line.x phases=2 bus1=b2 bus2=c geometry=g"),
       "no impedance that can be"},
      {and_then("New Line.x b2 c wires=[w w w]"), "wires want a spacing before them"},
      {and_then("New Line.x b2 c r1=0 x1=0 r0=0 x0=0"), "impedance is zero"},
      {and_then("New Line.x b2 c earthmodel=fullcarson"), "earth model"},
      {and_then("New Capacitor.c bus1=b2 bus2=b1"), "capacitors between two buses"},
      {and_then("New Capacitor.c bus1=b2 xl=1"), "in series with a capacitor"},
      {and_then("New Capacitor.c bus1=b2 numsteps=3 kvar=[1 2]"), "one for each step"},
      {and_then("New Reactor.r bus1=b2 x=0 r=0"), "its impedance is zero"},
      {and_then("New Reactor.r bus1=b2 bus2=c.2.1.3 x=1"), "from one phase to another"},
      {and_then("New Generator.g bus1=b2 model=3"), "generators of model 3"},
      {and_then("New Transformer.a buses=[b2.1.2.3.4 x] kvs=[.4 .4]\n"
                "New Transformer.b buses=[b2.1.2.3.4 y] kvs=[.4 .4]"),
       "main.dss:15: transformer.b: node 4 of bus \"b2\": neutrals that are joined"},
      {and_then("New Transformer.a phases=2 conns=[delta wye] buses=[b2 x]"),
       "delta winding of two phases"},
      {and_then("SetkVBase b2 kVLN=0"), "SetkVBase wants"},
      {and_then("Set VoltageBases=[a b]"), "main.dss:14: VoltageBases wants a number"},
      {and_then("BatchEdit Nothing..* x=1"), "object type \"nothing\""},
  });
}

TEST_CASE("files that lead nowhere or in circles end with a message") {
  check_refused(
      {
          {"redirect main.dss\n", "main.dss:1: main.dss redirects to itself"},
          {"compile a.dss\n", "b.dss:1: a.dss redirects to itself"},
          {"redirect a.dss b.dss\n", "redirect wants one file"},
          {"redirect other.dss\n", "main.dss:1: other.dss: cannot be read"},
          {and_then("Buscoords bad.txt"), "bad.txt:2: wants bus, x, y"},
          {with("mult=(0.5 1 2)", "mult=(file=bad.txt, col=7)"), "fewer columns"},
          {with("mult=(0.5 1 2)", "mult=(file=bad.txt, side=7)"), "\"side7\" is not known"},
          {with("mult=(0.5 1 2)", "csvfile=bad.txt"), "csvfile wants a number"},
      },
      {{"a.dss", "redirect b.dss\n"},
       {"b.dss", "redirect a.dss\n"},
       {"bad.txt", "b1 1 2\nb2 x\n"}});
  CHECK(read_grid("grid.xyz", files({{"grid.xyz", ""}})).error().find("not supported") !=
        std::string::npos);
  for (const char* missing : {"grid.xyz", "folder", "folder/", "a.b/c"}) {
    const std::string error = read_grid(missing, files({})).error();
    CAPTURE(error);
    CHECK(error.starts_with(std::string(missing) + ": cannot be read"));
    CHECK(error.find("not supported") == std::string::npos);
  }
}

TEST_CASE("gigantic scripts are refused in bounded time") {
  // Each file names the next one twice: 2^60 files.
  Files chain;
  for (int i = 0; i < 60; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".dss";
    chain["f" + std::to_string(i) + ".dss"] = "redirect " + next + "\nredirect " + next + "\n";
  }
  chain["f60.dss"] = "\n";
  CHECK(error_of("redirect f0.dss\n", chain).find("more than 20,000 files") != std::string::npos);
  // Each object is twice as long as the one before: 2^40 values.
  std::string doubling = "New Line.x0 r1=1\n";
  for (int i = 1; i < 40; ++i) {
    const std::string like = " like=x" + std::to_string(i - 1);
    doubling += "New Line.x" + std::to_string(i) + like + like + "\n";
  }
  CHECK(error_of(doubling).find("more than 4,000,000 property values") != std::string::npos);
  // One long line code, named by many lines.
  std::string long_code = "New Circuit.c\nNew Linecode.k";
  for (int i = 0; i < 20'000; ++i) long_code += " r1=1";
  for (int i = 0; i < 20'000; ++i)
    long_code += "\nNew Line.l" + std::to_string(i) + " sourcebus b linecode=k";
  CHECK(error_of(long_code).find("names too much too often") != std::string::npos);
  std::string edits = "New Circuit.c\n";
  for (int i = 0; i < 6000; ++i) edits += "New Load.l" + std::to_string(i) + "\n";
  for (int i = 0; i < 6000; ++i) edits += "BatchEdit Load.x kw=1\n";
  CHECK(error_of(edits).find("BatchEdit tries too many names") != std::string::npos);
  CHECK(error_of(std::string(65u << 20, ' ')).find("64 MiB") != std::string::npos);
}

TEST_CASE("damaged scripts end in a value, whatever they hold") {
  const std::string rich = good + R"(New WireData.w rac=0.3 runits=mi gmrac=0.02 gmrunits=ft
New LineGeometry.g nconds=2 nphases=1 reduce=yes cond=1 wire=w x=0 h=9 cond=2 wire=w x=1 h=8
New Line.air phases=1 bus1=b2.1 bus2=c.1 geometry=g length=(1 2 /) units=km
New Transformer.r phases=1 buses=[b2.2 d.2] kvs=[.23 .23] kvas=[10 10] xhl=1
New RegControl.r transformer=r winding=2 vreg=115 ptratio=2 R=1 X=1
New Capacitor.k bus1=b2 kvar=3 kv=0.4 conn=delta
BatchEdit Load.o.* kw=3
)";
  REQUIRE(error_of(rich).empty());
  ledger::Rng rng(11);
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = rich;
    for (std::uint64_t k = 0; k <= rng.below(4); ++k) {
      const std::size_t at = rng.below(text.size());
      if (rng.chance(0.5))
        text[at] = static_cast<char>(rng.below(256));
      else
        text.erase(at, 1 + rng.below(9));
    }
    refused += error_of(text).empty() ? 0 : 1;
  }
  CHECK(refused > 1500);
}
