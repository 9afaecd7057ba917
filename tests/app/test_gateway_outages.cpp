// Gateways that crash at random moments and are cut off, in whole runs: every reading of every
// meter is on the ledger once, and receipts hold. The full count is `scripts/campaign
// gateway-kills`.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "ledger/base/rng.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/setting.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

constexpr int homes = 6, meters = homes + 1, interval_s = 5;

std::string scenario(int hours, const std::string& more) {
  return "name = \"outages\"\nseed = 3\n[time]\nstart = \"2026-06-21T10:00:00+02:00\"\nduration = "
         "\"" +
         std::to_string(hours) +
         "h\"\n[grid.generator]\nhomes = 6\nbranches = 2\n[ledger]\ngateways = 2\n" + more;
}

const std::string population =
    "[[population]]\ncount = 6\npv = { share = 0.5, peak_kw = [4, 8] }\n";

std::string crash(std::int64_t at_ms, std::int64_t length_ms, std::uint64_t gateway) {
  return "[[fault]]\nkind = \"crash\"\ntarget = \"gateway-" + std::to_string(gateway) +
         "\"\nat = \"" + std::to_string(at_ms) + "ms\"\nfor = \"" + std::to_string(length_ms) +
         "ms\"\n";
}

// One after the other, so that no two are of one gateway at a time; none in the last ten minutes.
std::string random_crashes(std::uint64_t count, std::uint64_t seed, int hours) {
  ledger::Rng rng(seed);
  const std::uint64_t share = (static_cast<std::uint64_t>(hours) * 3'600 - 600) * 1'000 / count;
  std::string out;
  for (std::uint64_t i = 0; i < count; ++i) {
    // Half of them within the seconds around a minute's end, where batches are made.
    std::uint64_t at = i * share + 1 + rng.below(share / 2);
    if (rng.below(2) == 0) at = at / 60'000 * 60'000 + 59'950 + rng.below(2'200);
    out += crash(static_cast<std::int64_t>(at), static_cast<std::int64_t>(1 + rng.below(share / 3)),
                 rng.below(2));
  }
  return out;
}

struct Audited {
  std::int64_t readings = 0, gaps = -1;
};

// What the auditor counted with the openings; he checks that sequences rise by one.
Audited audit(const std::string& run) {
  const Outcome o = aipchain({"audit", run, "--openings", run + "/openings", "--json"});
  CAPTURE(o.output);
  REQUIRE(o.code == 0);
  Audited out;
  const json report = json::parse(o.output);
  for (const json& c : report.at("checks")) {
    if (c.at("id") != "R7") continue;
    const std::string detail = c.at("detail");
    const auto at = detail.find("; ");
    REQUIRE(at != std::string::npos);
    out.readings = std::stoll(detail.substr(at + 2));
    out.gaps = std::stoll(detail.substr(detail.find("sequence, ") + 10));
  }
  return out;
}

void check_receipts(const Folder& folder, const json& summary, int slots) {
  const std::string run = folder.at("out"), receipt = folder.at("receipt.json");
  const std::string policy = run + "/log/policy";
  for (int slot = 0; slot < slots; ++slot) {
    CAPTURE(slot);
    const std::string account = summary.at("accounts").at(static_cast<std::size_t>(slot % homes));
    const Outcome made = aipchain(
        {"receipt", run, "--account", account, "--slot", std::to_string(slot), "--out", receipt});
    CAPTURE(made.errors);
    REQUIRE(made.code == 0);
    const Outcome ours = aipchain({"verify", receipt, "--policy", policy});
    CAPTURE(ours.output);
    CHECK(ours.code == 0);
    Process theirs({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/scripts/audit.py", "verify", receipt});
    const int code = theirs.finish();
    CAPTURE(theirs.output);
    CHECK(code == 0);
  }
}

}  // namespace

TEST_CASE("gateways killed at random moments: every reading is on the ledger exactly once") {
  const auto kills = test::setting("AIPCHAIN_GATEWAY_KILLS", 10),
             seed = test::setting("AIPCHAIN_SEED", 1);
  const int hours = kills > 20 ? 24 : 2;
  const Folder folder;
  folder.write("scenario.toml", scenario(hours, population + random_crashes(kills, seed, hours)));
  const Outcome ran =
      aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json", "--quiet"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json summary = json::parse(ran.output);
  const Audited audited = audit(folder.at("out"));
  const std::int64_t measured = std::int64_t{meters} * hours * 3'600 / interval_s;
  CHECK(summary.at("readings") == measured);
  CHECK(audited.readings == measured);
  CHECK(audited.gaps == 0);
  CHECK(summary.at("market").at("money_residual_eur") == 0);
  CHECK(summary.at("tokens").at("residual_wh") == 0);
  CHECK(summary.at("market").at("slots_settled") == hours * 4);
  check_receipts(folder, summary, std::min(hours * 4, 8));
  MESSAGE(kills << " kills, " << audited.readings << " readings of " << meters
                << " meters, each on the ledger once");
}

TEST_CASE("a gateway cut off for half an hour, with each way that meters sign") {
  for (const std::string signing : {"reading", "gateway"}) {
    CAPTURE(signing);
    const Folder folder;
    folder.write("scenario.toml",
                 scenario(1, "signing = \"" + signing + "\"\n" + population +
                                 "[[fault]]\nkind = \"partition\"\ntarget = \"gateway-1\"\nat = "
                                 "\"601s\"\nfor = \"30m\"\n" +
                                 crash(1'000'000, 100'000, 0)));
    const Outcome ran =
        aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json", "--quiet"});
    CAPTURE(ran.errors);
    REQUIRE(ran.code == 0);
    const Audited audited = audit(folder.at("out"));
    CHECK(audited.readings == meters * 720);
    CHECK(audited.gaps == 0);
    check_receipts(folder, json::parse(ran.output), 4);
  }
}
