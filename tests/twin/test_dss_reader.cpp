#include <doctest/doctest.h>
#include <map>

#include "ledger/base/rng.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/power_flow.hpp"

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

std::string error_of(const std::string& text, Files more = {}) {
  more["main.dss"] = text;
  more.emplace("xy.txt", "b1 0 0\nb2 5 5\n");
  const auto net = read_grid("main.dss", files(more));
  return net ? "" : net.error();
}

// The good script with one line replaced.
std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a small script becomes a network that solves") {
  const auto net =
      read_grid("main.dss", files({{"main.dss", good}, {"xy.txt", "b1,0,0\nB2,5,6\n"}}));
  REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
  CHECK(net->buses.size() == 3);
  CHECK(net->lines[0].rated_a == 150);
  CHECK(net->lines[0].z[0][0].real() == doctest::Approx((2 * 0.02 + 0.08) / 3));
  CHECK(net->connections[0].model.max_pu == 1.05);
  REQUIRE(net->connections.size() == 2);
  CHECK(net->connections[0].phases == 0b010);
  CHECK(net->connections[0].profile_w == std::vector<double>{1000, 2000, 4000});
  CHECK(net->connections[0].profile_step_s == 60);
  CHECK(net->connections[1].phases == 0b111);
  CHECK(net->buses[2].y == 6);
  PowerFlow flow(*net);
  CHECK(flow.solve(std::vector<Phases>(2)).converged);
}

TEST_CASE("what is not supported or not there is refused with file and line") {
  struct Case {
    std::string text, says;
  };
  for (const Case& c : {
           Case{with("solve", "plot profile"), "main.dss:13: command \"plot\" is not supported"},
           {with("New Monitor.m Line.l1 1", "New Capacitor.c bus1=b2 kvar=5"),
            "main.dss:11: object type \"capacitor\" is not supported"},
           {with("normamps=150", "spacing=x"), "main.dss:7: line.l1: property \"spacing\""},
           {with("Linecode=cable", "Linecode=wire"),
            "main.dss:6: line code \"wire\" does not exist"},
           {with("kW=2", "kW=two"), "main.dss:9: load.one: kw wants a number, found \"two\""},
           {with("kW=2", "kW=nan"), "main.dss:9: load.one: kw wants a number"},
           {with("daily=s", "daily=t"), "main.dss:9: load shape \"t\" does not exist"},
           {with("npts=3", "npts=9"), "main.dss:8: loadshape.s: holds 3 values, npts wants 9"},
           {with("mult=(0.5 1 2)", "mult=(file=none.txt)"), "none.txt: cannot be read"},
           {with("Buscoords xy.txt", "Buscoords no.txt"), "main.dss:12: no.txt: cannot be read"},
           {with("kVAs=[160 160]", "kVAs=[160 160"), "main.dss:5: '[' is not closed"},
           {with("Conns=[Delta Wye]", "Conns=[Delta Zigzag]"), "connection \"Zigzag\""},
           {with("kVs=[10 0.4]", "kVs=[10 0.4 0.4]"), "kvs wants two values"},
           {with("Bus2=b2 Linecode", "Bus2=b9 Linecode"), "is not connected to the source"},
           {with("New Circuit.Small basekV=10", "Edit Vsource.Source basekV=10"),
            "main.dss:3: vsource.source does not exist"},
           {with("basekV=10", "basekV=0"), "above zero"},
           {with("PF=0.9", "PF=1.9"), "power factor"},
           {with("b2.2", "b2.7"), "node \"7\""},
           {with("Phases=1", "Phases=2"), "do not fit its phases"},
           {with("New Loadshape.s", "New Load.one"), "exists already"},
           {with("DefaultBaseFrequency=50", "loadmult=2"), "option \"loadmult\" of Set"},
           {"", "there is no circuit"},
           {"~ x=1\n", "nothing to go on with"},
           {"redirect main.dss\n", "nested redirects"},
           {"redirect a.dss b.dss\n", "redirect wants one file"},
           {"redirect other.dss\n", "other.dss: cannot be read"},
       }) {
    CAPTURE(c.text);
    const std::string error = error_of(c.text);
    CAPTURE(error);
    CHECK(error.find(c.says) != std::string::npos);
  }
  CHECK(read_grid("grid.json", files({})).error().find("not supported") != std::string::npos);
}

TEST_CASE("damaged scripts end in a value, whatever they hold") {
  ledger::Rng rng(11);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    for (std::uint64_t k = 0; k <= rng.below(4); ++k) {
      const std::size_t at = rng.below(text.size());
      if (rng.chance(0.5))
        text[at] = static_cast<char>(rng.below(256));
      else
        text.erase(at, 1 + rng.below(9));
    }
    refused += error_of(text).empty() ? 0 : 1;
  }
  CHECK(refused > 1000);
}
