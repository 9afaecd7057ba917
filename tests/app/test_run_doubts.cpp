// Runs whose figures need a word of warning, and what a run says of itself in more than one place.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

using Sets = std::vector<std::string>;

// The short scenario with some keys changed, into `folder`/out.
Outcome run(const Folder& folder, const Sets& sets, std::vector<std::string> more = {}) {
  folder.write("scenario.toml", test::short_scenario);
  std::vector<std::string> arguments{"run", folder.at(""), "--out", folder.at("out"), "--json"};
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return aipchain(arguments);
}

std::string key(const std::string& name, const std::string& value) { return name + "=" + value; }

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Two customers at 230 V on a feeder whose own base is 240 V.
const char* const feeder_of_another_base = R"(Clear
New Circuit.Small basekV=11 pu=1.0 isc3=3000 isc1=5
New Transformer.t Buses=[SourceBus b1] Conns=[Delta Wye] kVs=[11 0.416] kVAs=[160 160] XHL=4
New LineCode.c nphases=3 R1=0.3 X1=0.08 R0=1.0 X0=0.3 C1=0 C0=0 Units=km
New Line.l1 Bus1=b1 Bus2=b2 phases=3 Linecode=c Length=50 Units=m
New Line.l2 Bus1=b2 Bus2=b3 phases=3 Linecode=c Length=50 Units=m
New Load.a Phases=1 Bus1=b3.1 kV=0.23 kW=1 PF=0.95
New Load.b Phases=1 Bus1=b3.2 kV=0.23 kW=1 PF=0.95
)";

const char* const scenario_of_it = R"(name = "base"
[time]
start = "2026-06-21T12:00:00+02:00"
duration = "4m"
market_slot = "2m"
[grid]
file = "feeder.dss"
v_max_pu = 1.02
[ledger]
block_interval = "20s"
batch_interval = "20s"
[[population]]
count = "all"
)";

}  // namespace

TEST_CASE("slots settle whatever the rhythm of blocks and batches") {
  struct Rhythm {
    const char *slot, *block, *batch, *duration, *step;
  };
  for (const Rhythm& r :
       {Rhythm{"1h", "20m", "1m", "3h", "1m"}, Rhythm{"1h", "10m", "1h", "3h", "1m"},
        Rhythm{"1h", "15m", "5m", "3h", "1m"}, Rhythm{"15m", "5m", "15m", "1h", "1m"},
        Rhythm{"30m", "10m", "1m", "2h", "1m"}, Rhythm{"1m", "20s", "1m", "6m", "5s"},
        Rhythm{"1m", "1s", "5s", "6m", "5s"}}) {
    INFO("slot " << r.slot << ", block " << r.block << ", batch " << r.batch);
    const Folder folder;
    const Outcome ran =
        run(folder, {key("time.market_slot", r.slot), key("ledger.block_interval", r.block),
                     key("ledger.batch_interval", r.batch), key("time.duration", r.duration),
                     key("time.physics_step", r.step),
                     "population=[{count=6, pv={share=0.5, peak_kw=[4, 8]}}]",
                     key("time.metering_interval", r.step)});
    CAPTURE(ran.errors);
    REQUIRE(ran.code == 0);
    const json s = json::parse(ran.output);
    CHECK(s.at("/market/slots_due"_json_pointer) == s.at("/market/slots_settled"_json_pointer));
    CHECK(s.at("/market/slots_settled"_json_pointer) > 0);
    CHECK(s.at("/market/traded_kwh"_json_pointer) > 0);
    CHECK(s.at("/tokens/minted_wh"_json_pointer) > 0);
    CHECK(s.at("/ledger/refused"_json_pointer) == 0);
    CHECK_FALSE(holds(ran.errors, "warning"));
  }
}

TEST_CASE("a network too slow for its ledger is warned of, and nothing is efficient") {
  const Sets slow{"consensus.latency_ms=10000", "consensus.latency_spread_ms=0",
                  "ledger.block_interval=1s"};
  const Folder folder, quiet;
  const Outcome ran = run(folder, slow);
  CHECK(ran.code == 0);
  CHECK(holds(ran.errors, "warning: 6 of 6 market slots were not settled"));
  CHECK(holds(ran.errors, "were refused"));
  CHECK(json::parse(ran.output).at("/market/efficiency"_json_pointer).is_null());
  CHECK(run(quiet, slow, {"--quiet"}).errors.empty());
}

TEST_CASE("steps that no power flow solves are counted and warned of") {
  std::string feeder = feeder_of_another_base;
  const std::string one = "kW=1 PF=0.95\nNew Load.b";
  REQUIRE(holds(feeder, one));
  feeder.replace(feeder.find(one), one.size(), "kW=1 PF=0.95 daily=s\nNew Load.b");
  // From the third minute on more than the feeder can carry.
  feeder.insert(feeder.find("New Load.a"),
                "New Loadshape.s npts=4 minterval=1 mult=[1 1 5000 5000]\n");
  feeder.replace(feeder.rfind("PF=0.95\n"), 7, "PF=0.95 daily=s");
  std::string text = scenario_of_it;
  text.replace(text.find("T12:"), 4, "T00:");
  const Folder folder;
  folder.write("feeder.dss", feeder);
  folder.write("scenario.toml", text + "load = { kind = \"grid_profile\" }\n");
  const Outcome ran = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  CHECK(s.at("power_flows") == 48);
  CHECK(s.at("/grid/not_converged"_json_pointer) == 24);
  CHECK(s.at("/grid/unsolved_bus"_json_pointer) == "b3");
  CHECK(holds(ran.errors, "24 of 48 power flows did not converge, worst at bus \"b3\""));
}

TEST_CASE("a grid that no step of which is solved is a failure that says where") {
  const Folder folder;
  const Outcome ran = run(
      folder, {"time.duration=1m", "grid.generator.spacing_m=1000", "grid.generator.branches=1",
               "grid.generator.transformer_kva=10", "population=[{load={annual_kwh=1000000}}]"});
  CAPTURE(ran.errors);
  CHECK(ran.code == 3);
  const json s = json::parse(ran.output);
  CHECK(s.at("/grid/not_converged"_json_pointer) == s.at("power_flows"));
  const std::string bus = s.at("/grid/unsolved_bus"_json_pointer);
  CHECK_FALSE(bus.empty());
  CHECK(holds(ran.errors, "12 of 12 power flows did not converge, worst at bus \"" + bus + "\""));
  CHECK(holds(ran.errors, "no power flow of this run converged"));
  CHECK(fs::exists(folder.at("out/report.html")));
}

TEST_CASE("one per-unit base: summary, minutes, snapshots and report tell of the same voltages") {
  const Folder folder;
  folder.write("feeder.dss", feeder_of_another_base);
  folder.write("scenario.toml", scenario_of_it);
  const Outcome ran = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  const double high = s.at("/grid/v_max_pu"_json_pointer);
  CHECK(high > 1.02);  // 240 V on a base of 230 V
  CHECK(s.at("/grid/voltage_violation_minutes"_json_pointer) == 4);
  Process query(
      {"python3", "-c",
       "import sqlite3, struct, sys\n"
       "db = sqlite3.connect(sys.argv[1])\n"
       "print(max(v for (v,) in db.execute('SELECT v_max_pu FROM feeder_minute')))\n"
       "names = [n for (n,) in db.execute('SELECT name FROM bus ORDER BY id')]\n"
       "for (b,) in db.execute('SELECT bus_v_pu FROM snapshot ORDER BY time_ms DESC LIMIT 1'):\n"
       "  v = struct.unpack('<%df' % (len(b) // 4), b)\n"
       "  print(min(v[3 * names.index(n)] for n in ('b1', 'b2', 'b3')))\n",
       folder.at("out/run.db")});
  REQUIRE(query.finish() == 0);
  const auto lines = test::lines_of(query.output);
  CHECK(std::stod(lines.at(0)) == doctest::Approx(high).epsilon(1e-5));
  CHECK(std::stod(lines.at(1)) > 1.02);
  const std::string report = test::slurp(folder.at("out/report.html"));
  CHECK(holds(report, "The band was left in parts of 4 of 4 minutes"));
  CHECK(holds(report, "outside the band for 4 min"));
}

TEST_CASE("a report of one home, and of a feeder that only exports") {
  const Folder folder;
  const Outcome ran =
      run(folder, {"grid.generator.homes=1", "grid.generator.branches=1",
                   "population=[{pv={peak_kw=10}, load={annual_kwh=500}}]", "ledger.gateways=1"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const std::string report = test::slurp(folder.at("out/report.html"));
  CHECK(holds(report, " simulated; 1 home, "));
  CHECK(holds(report, "0 of 1 home loses"));
  CHECK_FALSE(holds(report, "1 homes"));
  CHECK(holds(report, "nothing was imported"));
  // Grid lines lie under the areas.
  const auto figure = report.substr(report.find("id=\"power\""));
  CHECK(figure.find("class=\"grid\"") < figure.find("class=\"area"));
  CHECK(figure.substr(0, figure.find("</svg>")).rfind("class=\"grid\"") <
        figure.find("class=\"area"));
}

TEST_CASE("gateways are four, or one a home where there are fewer") {
  std::string text = test::short_scenario;
  text.replace(text.find("gateways = 2\n"), 13, "");
  for (const auto& [homes, gateways] : {std::pair{"1", "1"}, {"3", "3"}, {"6", "4"}}) {
    const Folder folder;
    folder.write("scenario.toml", text);
    const Outcome ran =
        aipchain({"run", folder.at(""), "--out", folder.at("out"), "--until", "1m", "--set",
                  std::string("grid.generator.homes=") + homes, "--set",
                  "grid.generator.branches=1", "--set", "population=[{count=\"all\"}]", "--quiet"});
    CAPTURE(ran.errors);
    CHECK(ran.code == 0);
    CHECK(holds(test::slurp(folder.at("out/scenario.resolved.toml")),
                std::string("gateways = ") + gateways + "\n"));
  }
}

TEST_CASE("a run's directory stands for its scenario: a meter of it, and the run again") {
  const Folder folder;
  folder.write("in/grids/feeder.dss", feeder_of_another_base);
  std::string text = scenario_of_it;
  text.replace(text.find("feeder.dss"), 10, "grids/feeder.dss");
  folder.write("in/scenario.toml", text);
  const Outcome first = aipchain({"run", folder.at("in"), "--out", folder.at("out"), "--json"});
  REQUIRE(first.code == 0);
  const Outcome again = aipchain({"run", folder.at("out"), "--out", folder.at("again"), "--json"});
  CAPTURE(again.errors);
  REQUIRE(again.code == 0);
  CHECK(json::parse(again.output).at("energy") == json::parse(first.output).at("energy"));
  Process meter({AIPCHAIN_PROGRAM, "meter", "serve", "abb_b23", "--listen", "127.0.0.1:0", "--from",
                 folder.at("out"), "--id", "home-02"});
  CHECK(meter.line().starts_with("listening on 127.0.0.1:"));
  meter.signal(SIGINT);
  CHECK(meter.finish() == 130);
  const Outcome wrong = aipchain({"meter", "serve", "abb_b23", "--listen", "127.0.0.1:0", "--from",
                                  folder.at("out"), "--id", "home-2"});
  CHECK(wrong.code == 2);
  CHECK(holds(wrong.errors, "did you mean home-02?"));
}

TEST_CASE("wrong meters are refused with their place, by run and field alike, and leave nothing") {
  const Folder folder;
  const auto refused = [&](const std::string& meter, const std::string& says) {
    folder.write("scenario.toml",
                 test::short_scenario + ("\n[[meter]]\nhome = \"home-01\"\n" + meter));
    for (const std::string command : {"run", "field"}) {
      const Outcome outcome = aipchain({command, folder.at(""), "--out", folder.at("out")});
      CAPTURE(outcome.errors);
      CHECK(outcome.code == 2);
      CHECK(holds(outcome.errors, "scenario.toml:" + says));
      CHECK_FALSE(fs::exists(folder.at("out")));
    }
  };
  const std::string wired = "transport = \"modbus\"\naddress = \"127.0.0.1:1\"\n";
  refused(wired + "device = \"aipchain_refrence\"\n", "30:10: meter.device: unknown device");
  refused(wired + "device = \"none/such.toml\"\n",
          "30:10: meter.device: none/such.toml: no such file");
  refused(wired + "device = \"abb_b23\"\n",
          "30:10: meter.device: the map 'abb_b23' has no [sample]");
  refused("transport = \"modbus\"\naddress = \"127.0.0.1\"\n",
          "29:11: meter.address: address '127.0.0.1': no port");
  refused("transport = \"modbus\"\naddress = \"127.0.0.1:0\"\n", "29:11: meter.address: ");
  refused("device = \"abb_b24\"\n", "28:10: meter.device: unknown device");
  // A meter that does not answer is a failure of the run; nothing is written either.
  folder.write("scenario.toml",
               test::short_scenario + ("\n[[meter]]\nhome = \"home-01\"\n" + wired));
  CHECK(aipchain({"field", folder.at(""), "--out", folder.at("out")}).code == 3);
  CHECK_FALSE(fs::exists(folder.at("out")));
}
