// Whole runs whose batches come through concentrators, one of which is down for a while, while
// oracles attest all of them and keys change and a home leaves: every check of the audit and both
// readers of receipts hold, and so they do after an erasure, which publishes the log anew.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "market/audit/public_log.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using namespace ledger;
using nlohmann::json;
using test::aipchain;
using test::Outcome;

namespace {

std::string scenario() {
  std::string text = test::short_scenario;
  text.replace(text.find("gateways = 2"), 12, "gateways = 3\nconcentrators = 2");
  return text + R"(
[[fault]]
kind = "crash"
target = "concentrator-0"
at = "70s"
for = "90s"
[oracle]
oracles = 4
attesters = 3
witnesses = 3
[[event]]
kind = "key_change"
at = "65s"
target = "home-01"
[[event]]
kind = "key_change"
of = "gateway"
at = "65s"
target = "gateway-2"
[[event]]
kind = "deregistration"
at = "130s"
target = "home-02"
[[fault]]
kind = "meter_swap"
papers = true
at = "2m"
target = "home-03"
)";
}

json audited(const std::string& run) {
  const Outcome o = aipchain({"audit", run, "--openings", run + "/openings", "--json"});
  CAPTURE(o.output);
  CHECK(o.code == 0);
  json out;
  const json report = json::parse(o.output);
  for (const json& c : report.at("checks")) out[c.at("id")] = c.at("detail");
  return out;
}

// Of the log: how many batches stand alone, and how many concentrated.
std::pair<std::size_t, std::size_t> batches_in(const std::string& run) {
  const test::Files files = test::files_of(run + "/log");
  Ed25519Verifier verifier;
  market::PublicLog log;
  REQUIRE(market::load_trust(log, test::view_of(files), ""));
  REQUIRE(market::load_entries(log, test::view_of(files), verifier));
  std::size_t all = 0, concentrated = 0;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) all += market::batches_at(log, i).size();
  for (const auto& [entry, batches] : log.concentrated) concentrated += batches.size();
  return {all - concentrated, concentrated};
}

bool both_verify(const test::Folder& folder, const std::string& account, const char* slot) {
  const std::string run = folder.at("out"), receipt = folder.at("receipt.json"),
                    policy = run + "/log/policy";
  REQUIRE(aipchain({"receipt", run, "--account", account, "--slot", slot, "--out", receipt}).code ==
          0);
  test::Process theirs({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/scripts/audit.py", "verify", receipt,
                        "--policy", policy});
  return aipchain({"verify", receipt, "--policy", policy}).code == 0 && theirs.finish() == 0;
}

}  // namespace

TEST_CASE("a run with concentrators, one of which is down for a while, holds in every check") {
  const test::Folder folder;
  folder.write("scenario.toml", scenario());
  const std::string run = folder.at("out");
  const Outcome ran = aipchain({"run", folder.at("scenario.toml"), "--out", run, "--json"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json summary = json::parse(ran.output);
  CHECK(summary.at("market").at("slots_settled") == 6);
  const json checks = audited(run);
  CHECK(checks.at("R7").get<std::string>().find(" 0 gaps flagged, 0 absences") !=
        std::string::npos);
  CHECK(checks.at("R9").get<std::string>().find("0 are not") != std::string::npos);
  CHECK(summary.at("/tokens/minted_wh"_json_pointer) > 0);
  CHECK(summary.at("/alerts"_json_pointer).empty());
  const auto [alone, concentrated] = batches_in(run);
  CHECK(alone + concentrated == 3 * 18);  // of three gateways, each 20 s for six minutes
  CHECK(alone >= 4);
  CHECK(concentrated >= 3 * 9);
  const auto accounts = summary.at("accounts").get<std::vector<std::string>>();
  CHECK(both_verify(folder, accounts.front(), "2"));
  CHECK(aipchain({"erase", run, "--subject", accounts.front()}).code == 0);
  audited(run);
  CHECK(both_verify(folder, accounts.back(), "5"));
}
