// What an oracle finds in a run, and what an audit makes of it: R8 on honest homes and on export
// that nobody made; rulings on what was quarantined, to the receipt, by both readers.

#include <doctest/doctest.h>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

// Homes whose roofs would hide 1.5 kW more each from the rules of their own meters.
const std::string sunny_scenario = R"(name = "sunny"
seed = 5
[time]
start = "2026-06-21T12:00:00+02:00"
duration = "6m"
market_slot = "1m"
[grid.generator]
homes = 6
branches = 2
transformer_kva = 100
[weather]
cloudiness = 0
[ledger]
block_interval = "20s"
batch_interval = "20s"
gateways = 2
[[population]]
count = 6
pv = { share = 1, peak_kw = [10, 11] }
)";

json run(const Folder& folder, const std::string& scenario) {
  folder.write("scenario.toml", scenario);
  const Outcome ran =
      aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json", "--quiet"});
  REQUIRE_MESSAGE(ran.code == 0, ran.errors);
  return json::parse(ran.output);
}

// Of R8 in an audit with openings: holds true, fails false, null where it cannot be checked.
json r8_of(const std::string& directory) {
  const Outcome audit =
      aipchain({"audit", directory, "--openings", directory + "/openings", "--json"});
  const json report = json::parse(audit.output);
  for (const json& check : report.at("checks")) {
    CAPTURE(check.dump());
    if (check.at("id") == "R8") return check;
    CHECK(check.at("ok") == true);
  }
  return {};
}

std::string alert(const json& summary, const std::string& kind) {
  return std::to_string(summary.at("alerts").value(kind, 0));
}

std::string offset(int watts) {
  return "[[fault]]\nkind = \"meter_offset\"\nat = \"1m\"\noffset_w = " + std::to_string(watts) +
         "\n";
}

std::string ruled_as(const std::string& outcome) {
  return "[oracle]\nquarantined = \"" + outcome + "\"\n";
}

const std::string all_homes =
    "target = [\"home-01\", \"home-02\", \"home-03\", \"home-04\", \"home-05\", \"home-06\"]\n";

}  // namespace

TEST_CASE("honest homes: every slot has findings but the last, no alarm, and R8 holds") {
  for (const std::string& scenario : {std::string(test::short_scenario), sunny_scenario}) {
    const Folder folder;
    const json s = run(folder, scenario);
    const json r8 = r8_of(folder.at("out"));
    CAPTURE(r8.dump());
    CHECK(r8.at("ok") == true);
    CHECK(r8.at("detail").get<std::string>().find("0 slots with") == std::string::npos);
    for (const char* kind :
         {"feeder balance", "feeder chi-square", "feeder residual", "feeder without findings"})
      CHECK_MESSAGE(alert(s, kind) == "0", kind);
    CHECK(s.at("/ledger/refused"_json_pointer) == 0);
  }
}

TEST_CASE("export that nobody made: the balance tells, and R8 fails") {
  const Folder folder;
  // Within what each home's devices may export, so that no rule of its own meter sees it.
  const json s = run(folder, sunny_scenario + offset(-1500) + all_homes);
  const json r8 = r8_of(folder.at("out"));
  CAPTURE(r8.dump());
  CAPTURE(s.at("oracle").dump());
  CHECK(alert(s, "feeder balance") == "1");
  CHECK(r8.at("ok") == false);
  CHECK(r8.at("detail").get<std::string>().find("feeder 0, slot ") == 0);
}

TEST_CASE("without an oracle R8 cannot be checked, and says why") {
  const Folder folder;
  run(folder, sunny_scenario + "[oracle]\nfeeder_evidence = false\n");
  const json r8 = r8_of(folder.at("out"));
  CHECK(r8.at("ok").is_null());
  CHECK(r8.at("detail") == "not checkable because genesis names no oracle");
}

TEST_CASE("what was quarantined is released or rejected by a ruling, and receipts show it") {
  const std::string fault =
      "[[fault]]\nkind = \"meter_clock\"\nat = \"1m\"\nfor = \"1m\"\noffset_ms = 20000\n" +
      all_homes;
  std::map<std::string, std::int64_t> minted;
  for (const std::string outcome : {"keep", "release", "reject"}) {
    CAPTURE(outcome);
    const Folder folder;
    const json s = run(folder, test::short_scenario + ruled_as(outcome) + fault);
    minted[outcome] = s.at("/tokens/minted_wh"_json_pointer).get<std::int64_t>();
    CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
    CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(s.at("/ledger/refused"_json_pointer) == 0);
    const json r8 = r8_of(folder.at("out"));
    CAPTURE(r8.dump());
    CHECK(r8.at("ok") == true);
    std::size_t ruled = 0;
    for (int slot = 2; slot < 6; ++slot) {
      const std::string file = folder.at("receipt.json");
      REQUIRE(aipchain({"receipt", folder.at("out"), "--account", s.at("accounts")[0], "--slot",
                        std::to_string(slot), "--out", file})
                  .code == 0);
      ruled += json::parse(test::slurp(file)).at("rulings").size();
      CHECK(aipchain({"verify", file, "--policy", folder.at("out/log/policy")}).code == 0);
      Process second(
          {"python3", std::string(AIPCHAIN_SOURCE_DIR) + "/scripts/audit.py", "verify", file});
      CHECK(second.finish() == 0);
    }
    CHECK(ruled == (outcome == "keep" ? 0 : 1));
  }
  CHECK(minted["release"] > minted["keep"]);
  CHECK(minted["reject"] == minted["keep"]);
}

TEST_CASE("R8 fails where energy that nobody made is released") {
  const Folder folder;
  // 20 kW more than the roof can make, for a minute: quarantined.
  const json s = run(folder, sunny_scenario + ruled_as("release") + offset(-20000) +
                                 "for = \"1m\"\ntarget = \"home-01\"\n");
  CHECK(s.at("oracle").contains("device_export"));
  const json r8 = r8_of(folder.at("out"));
  CAPTURE(r8.dump());
  CHECK(r8.at("ok") == false);
  CHECK(r8.at("detail").get<std::string>().find("feeder 0, minted in all slots") == 0);
}

TEST_CASE("what no oracle may be told is refused with its place") {
  const auto refused = [](const std::string& text, const char* part) {
    const Folder folder;
    folder.write("scenario.toml", test::short_scenario + text);
    const Outcome ran = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--quiet"});
    CAPTURE(ran.errors);
    CHECK(ran.code == 2);
    CHECK(ran.errors.find(part) != std::string::npos);
  };
  refused("[oracle]\nquarantined = \"mint\"\n", "oracle.quarantined: found \"mint\"");
  refused("[oracle]\nfeeder_evidence = 1\n", "oracle.feeder_evidence");
  refused("[oracle]\nfeeder_evidenc = true\n", "feeder_evidence");
}
