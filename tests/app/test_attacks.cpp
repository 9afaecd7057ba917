// Attacks on a run of the twin: what each one meets, with the scenario as ground truth, money and
// tokens intact, and the auditor's verdict. One case list for the tests, where attacks share a run,
// and for the campaign, where each has runs of its own.

#include <algorithm>
#include <doctest/doctest.h>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/setting.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;

namespace {

// Thirteen homes, each behind its own gateway, so that what a gateway refuses is one home's matter;
// the first seven sell, the others buy.
const std::string village = R"(name = "attacked"
[time]
start = "2026-06-21T12:00:00+02:00"
duration = "6m"
market_slot = "1m"
[grid.generator]
homes = 13
branches = 2
[ledger]
block_interval = "20s"
batch_interval = "20s"
gateways = 13
[[population]]
count = 7
pv = { peak_kw = [4, 8] }
battery = { share = 0.3 }
[[population]]
count = 6
)";

enum class Verdict { blocked, quarantined, flagged, audited, unseen };
const char* const verdicts[] = {"blocked", "quarantined", "flagged", "found by audit",
                                "not detectable here"};

struct Case {
  const char *name, *kind, *more;  // the fault's other keys
  Verdict verdict;
  const char* rule;  // of `found_by`; or the auditor's check; or in words where nothing is told
  enum Where { together, alone, elsewhere } where = together;  // this test asks for it
};

const std::vector<Case> cases{
    {"replay of minutes", "message_replay", "delay = \"40s\"", Verdict::blocked,
     "sequence: known already"},
    {"delay of 10 s", "message_delay", "delay = \"10s\"", Verdict::quarantined, "time_apart"},
    {"delay of a minute", "message_delay", "delay = \"1m\"", Verdict::quarantined, "time_apart"},
    {"delay of a day", "message_delay", "delay = \"1d\"", Verdict::flagged, "absent", Case::alone},
    {"reordered minutes", "message_reorder", "", Verdict::flagged, "absent"},
    {"half of the minutes dropped", "message_drop", "share = 0.5", Verdict::flagged, "absent"},
    {"cloned key on two gateways", "cloned_key", "", Verdict::blocked,
     "meter N is not one of this gateway's"},
    {"double spend", "double_spend", "", Verdict::blocked,
     "order id is taken by another order of the account in this slot"},
    {"phantom trade of two colluders", "phantom_trade", "energy_kwh = 5.0", Verdict::blocked,
     "settlement: sold and bought within the meters"},
    {"omitted home, counted honestly", "omit_home", "how = \"count\"", Verdict::blocked,
     "batch leaves out a registered meter"},
    {"omitted home, said to be silent", "omit_home", "how = \"absence\"", Verdict::flagged,
     "absent"},
    {"omitted home, counted falsely", "omit_home", "how = \"list\"", Verdict::audited, "R6",
     Case::alone},
    {"two roots for one epoch", "two_roots", "", Verdict::blocked,
     "a gateway signed two batches of one epoch"},
    {"double mint: marks again", "double_mint", "how = \"again\"\nenergy_kwh = 0.2",
     Verdict::blocked, "a gateway signed two sets of marks of one slot"},
    {"double mint: marks above the batches", "double_mint", "how = \"more\"\nenergy_kwh = 0.2",
     Verdict::audited, "R6", Case::alone},
    {"swap without papers", "meter_swap", "papers = false", Verdict::quarantined, "signature",
     Case::elsewhere},
    {"power x 0.5", "meter_scale", "factor = 0.5", Verdict::unseen, "", Case::elsewhere},
    {"power x 1.2", "meter_scale", "factor = 1.2", Verdict::unseen, "", Case::elsewhere},
    {"energy moved between two homes that both lie", "meter_offset",
     "offset_w = 300\n[[fault]]\nkind = \"meter_offset\"\nat = \"2m\"\nfor = \"150s\"\n"
     "target = \"home-04\"\noffset_w = -300",
     Verdict::unseen, "", Case::alone},
    {"export of 20 kW", "meter_offset", "offset_w = -20000", Verdict::quarantined, "device_export",
     Case::elsewhere},
    {"import of 60 kW", "meter_offset", "offset_w = 60000", Verdict::quarantined, "power_range",
     Case::elsewhere},
    {"register rollback", "meter_rollback", "energy_kwh = 0.5", Verdict::quarantined,
     "counter_fell", Case::elsewhere},
    {"clock + 1 h", "meter_clock", "offset_ms = 3600000", Verdict::quarantined, "time_apart",
     Case::elsewhere},
    {"clock - 5 s", "meter_clock", "offset_ms = -5000", Verdict::flagged, "time_informative",
     Case::elsewhere},
    {"clock at 1970", "meter_clock", "offset_ms = -1782000000000", Verdict::blocked,
     "meter N: a reading that does not fit the canonical form", Case::alone},
    {"rollover at the registered 999,999.9 kWh", "meter_rollover", "energy_kwh = 0.05",
     Verdict::flagged, "rollover", Case::alone},
    {"rollover at no registered modulus", "meter_rollover", "energy_kwh = 0.05\ndeclared = false",
     Verdict::quarantined, "counter_fell", Case::alone},
    {"omitted home, counted falsely, three of four oracles attest", "omit_home",
     "how = \"list\"\n[oracle]\noracles = 4\nattesters = 3", Verdict::quarantined,
     "not attested: meter N has neither record nor absence", Case::elsewhere},
    {"double mint: marks above the batches, three of four oracles attest", "double_mint",
     "how = \"more\"\nenergy_kwh = 0.2\n[oracle]\noracles = 4\nattesters = 3", Verdict::quarantined,
     "not attested: meter N: its mark is not what its batches say", Case::elsewhere},
    {"one of four oracles refuses", "lying_oracle",
     "how = \"refuse\"\n[oracle]\noracles = 4\nattesters = 3", Verdict::flagged,
     "refuses batch N, which others attest, because it does not hold", Case::elsewhere},
    {"one of four oracles invents losses", "lying_oracle",
     "how = \"findings\"\nenergy_kwh = 5.0\n[oracle]\noracles = 4", Verdict::flagged,
     "finds other than the median of slot N by more than a sigma", Case::elsewhere},
};

// What oracles do not attest stands on the log all the same, where the auditor finds it.
bool is_attested(const Case& c) {
  return std::string(c.more).find("attesters") != std::string::npos &&
         std::string(c.kind) != "lying_oracle";
}

std::string quoted(const std::string& home) { return '"' + home + '"'; }

bool takes_a_time(const Case& c) { return std::string(c.kind) != "meter_rollover"; }
bool lasts(const Case& c) {
  return takes_a_time(c) &&
         std::set<std::string>{"meter_swap", "meter_rollback"}.count(c.kind) == 0;
}

std::string fault(const Case& c, const std::string& home, const std::string& next_home) {
  const bool two = std::string(c.kind) == "phantom_trade";
  std::string out = "[[fault]]\nkind = " + quoted(c.kind) + "\n";
  out += "target = " + (two ? "[" + quoted(home) + ", " + quoted(next_home) + "]" : quoted(home));
  if (takes_a_time(c)) out += "\nat = \"2m\"";
  if (lasts(c)) out += "\nfor = \"150s\"";
  return out + "\n" + c.more + "\n";
}

std::string home(std::size_t number) {
  return (number < 10 ? "home-0" : "home-") + std::to_string(number);
}

json run(const Folder& folder, const std::string& base, const std::string& name,
         const std::string& faults, int seed) {
  folder.write(name + "/scenario.toml", base + faults);
  const Outcome ran = aipchain({"run", folder.at(name), "--out", folder.at(name + "-out"), "--seed",
                                std::to_string(seed), "--json", "--quiet"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
  CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
  return s;
}

json run(const Folder& folder, const std::string& name, const std::string& faults, int seed) {
  return run(folder, village, name, faults, seed);
}

// The ids of the auditor's checks that fail.
std::set<std::string> failing(const Folder& folder, const std::string& name) {
  const std::string out = folder.at(name + "-out");
  const Outcome audit = aipchain({"audit", out, "--openings", out + "/openings", "--json"});
  CAPTURE(audit.errors);
  std::set<std::string> ids;
  const json result = json::parse(audit.output);
  for (const json& check : result.at("checks"))
    if (check.at("ok") == false) ids.insert(check.at("id").get<std::string>());
  CHECK(audit.code == (ids.empty() ? 0 : 1));
  return ids;
}

// Where nothing is told, the run has to be as if nothing had happened: orders move no energy, and
// messages that came before move nothing at all.
bool as_without(const Case& c, const json& attacked, const json& plain) {
  const bool minted =
      attacked.at("/tokens/minted_wh"_json_pointer) == plain.at("/tokens/minted_wh"_json_pointer);
  if (std::string(c.kind) == "phantom_trade") return minted;
  return attacked.at("tokens") == plain.at("tokens") && attacked.at("market") == plain.at("market");
}

struct Seen {
  bool detected = false;
  double after_s = -1;
};

Seen seen(const Case& c, const json& finding, const json& attacked, const json& plain,
          const std::set<std::string>& failing) {
  if (c.verdict == Verdict::audited) return {failing.contains(c.rule), -1};
  const json& by = finding.at("found_by");
  if (c.verdict == Verdict::unseen) return {by.size() > by.count("spike"), -1};
  if (by.contains(c.rule)) return {true, by.at(c.rule).at("after_s").get<double>()};
  const bool silent = std::string(c.rule).find(": ") != std::string::npos;
  return {silent && as_without(c, attacked, plain), -1};
}

}  // namespace

TEST_CASE("attacks in one run: each meets its rule, and the ledger holds") {
  const Folder folder;
  std::string faults;
  std::vector<const Case*> aimed;
  std::size_t number = 1;
  for (const Case& c : cases)
    if (c.where == Case::together) {
      faults += fault(c, home(number), home(number + 1));
      number += std::string(c.kind) == "phantom_trade" ? 2 : 1;
      aimed.push_back(&c);
    }
  REQUIRE(number == 14);
  const json plain = run(folder, "plain", "", 5), s = run(folder, "attacked", faults, 5);
  CHECK(failing(folder, "attacked").empty());
  REQUIRE(s.at("faults").size() == aimed.size());
  // The scenario with all defaults written out is the same one.
  const Outcome again = aipchain(
      {"run", folder.at("attacked-out"), "--out", folder.at("again"), "--json", "--quiet"});
  REQUIRE(again.code == 0);
  CHECK(json::parse(again.output).at("faults") == s.at("faults"));
  for (std::size_t i = 0; i < aimed.size(); ++i) {
    const Case& c = *aimed[i];
    CAPTURE(c.name);
    const json& finding = s.at("faults")[i];
    CAPTURE(finding.dump());
    const bool silent = std::string(c.rule).find(": ") != std::string::npos;
    CHECK(finding.at("kind") == c.kind);
    CHECK(finding.at("found_by").contains(c.rule) == !silent);
    for (const auto& [rule, found] : finding.at("found_by").items())
      if (silent) CHECK(rule == "spike");  // which loads alone raise as well
  }
}

namespace {

struct Tally {
  int runs = 0, found = 0;
  std::vector<double> after_s;
  std::set<std::string> failing;
};

void tally(const Case& c, int seed, const json& plain, Tally& out) {
  const Folder folder;
  const bool of_oracle = std::string(c.kind) == "lying_oracle";
  const json s =
      run(folder, "attacked", fault(c, of_oracle ? "oracle-1" : "home-03", "home-04"), seed);
  const std::set<std::string> fails = failing(folder, "attacked");
  const Seen what = seen(c, s.at("faults")[0], s, plain, fails);
  ++out.runs;
  out.found += what.detected ? 1 : 0;
  if (what.after_s >= 0) out.after_s.push_back(what.after_s);
  out.failing.insert(fails.begin(), fails.end());
}

std::string median(std::vector<double> values) {
  if (values.empty()) return "-";
  std::sort(values.begin(), values.end());
  std::ostringstream out;
  out << values[values.size() / 2];
  return out.str();
}

void print(const Case& c, const Tally& t) {
  std::string audit = "holds";
  if (!t.failing.empty()) audit = "fails:";
  for (const std::string& id : t.failing) audit += " " + id;
  std::cout << "| " << c.name << " | " << verdicts[static_cast<int>(c.verdict)] << " | "
            << (*c.rule ? c.rule : "-") << " | " << t.found << " of " << t.runs << " | "
            << median(t.after_s) << " | " << audit << " |\n";
}

}  // namespace

TEST_CASE("attacks: each by itself") {
  const auto seeds = static_cast<int>(test::setting("AIPCHAIN_ATTACK_SEEDS", 0));
  const auto first = static_cast<int>(test::setting("AIPCHAIN_SEED", 5));
  std::map<const Case*, Tally> tallies;
  for (int seed = first; seed < first + std::max(seeds, 1); ++seed) {
    const Folder folder;
    const json plain = run(folder, "plain", "", seed);
    for (const Case& c : cases)
      if (seeds > 0 || c.where == Case::alone) tally(c, seed, plain, tallies[&c]);
  }
  for (const Case& c : cases) {
    if (!tallies.contains(&c)) continue;
    const Tally& t = tallies.at(&c);
    CAPTURE(c.name);
    if (c.verdict == Verdict::unseen)
      CHECK(t.found == 0);
    else
      CHECK(t.found == t.runs);
    // What is minted above the meters may be above the feeder's, too: R8.
    if (c.verdict != Verdict::audited && !is_attested(c)) CHECK(t.failing.empty());
    for (const std::string& id : t.failing) CHECK((id == "R6" || id == "R8"));
    if (seeds > 0) print(c, t);
  }
}

namespace {

// Three slots, whose grace ends within the blocks behind the run's end; three feeder meters.
const std::string attested_village = R"(name = "attested"
[time]
start = "2026-06-21T12:00:00+02:00"
duration = "9m"
market_slot = "3m"
[grid.generator]
homes = 4
branches = 1
[ledger]
gateways = 2
[oracle]
oracles = 4
attesters = 3
witnesses = 3
[[population]]
count = 1
pv = { peak_kw = [4, 8] }
[[population]]
count = 1
[[population]]
count = 1
pv = { peak_kw = [4, 8] }
[[population]]
count = 1
)";

std::string lie(const std::string& who, const std::string& how, const std::string& at,
                const std::string& length) {
  return "[[fault]]\nkind = \"lying_oracle\"\ntarget = " + who + "\nhow = " + how + "\nat = \"" +
         at + "\"\nfor = \"" + length + "\"\n";
}

// What the auditor's checks say, by id.
std::map<std::string, json> audited(const Folder& folder, const std::string& name) {
  const std::string out = folder.at(name + "-out");
  const json result =
      json::parse(aipchain({"audit", out, "--openings", out + "/openings", "--json"}).output);
  std::map<std::string, json> by_id;
  for (const json& check : result.at("checks")) by_id[check.at("id")] = check;
  return by_id;
}

bool says(const json& check, const char* words) {
  INFO(check.dump());
  return check.at("detail").get<std::string>().find(words) != std::string::npos;
}

// Both readers of a receipt hold it, and find this standing.
void check_receipt(const Folder& folder, const std::string& name, const std::string& account,
                   const char* slot, const char* standing) {
  const Outcome receipt =
      aipchain({"receipt", folder.at(name + "-out"), "--account", account, "--slot", slot});
  REQUIRE(receipt.code == 0);
  folder.write("receipt.json", receipt.output);
  const Outcome ours = aipchain({"verify", folder.at("receipt.json")});
  CAPTURE(ours.output + ours.errors);
  CHECK(ours.code == 0);
  CHECK(ours.output.find(standing) != std::string::npos);
  test::Process theirs({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/scripts/audit.py", "verify",
                        folder.at("receipt.json")});
  CHECK(theirs.finish() == 0);
}

bool tells(const json& finding, const std::string& rule) {
  INFO(finding.dump());
  return finding.at("found_by").contains(rule);
}

}  // namespace

TEST_CASE("oracles that attest: up to f liars move nothing, beyond them the auditor is left") {
  const Folder folder;
  const std::string more =
      "[[fault]]\nkind = \"double_mint\"\nhow = \"more\"\nenergy_kwh = 0.2\n"
      "target = \"home-01\"\nat = \"3m\"\nfor = \"3m\"\n";
  const std::string feeder_meter =
      "[[fault]]\nkind = \"meter_scale\"\nfactor = 2.0\ntarget = \"feeder-meter-1\"\n"
      "at = \"1s\"\nfor = \"9m\"\n";
  const auto minted = [](const json& s) {
    return s.at("/tokens/minted_wh"_json_pointer).get<std::int64_t>();
  };
  const json plain = run(folder, attested_village, "plain", "", 5);
  CHECK(plain.at("/market/slots_settled"_json_pointer) == 3);
  CHECK(minted(plain) > 0);
  CHECK(says(audited(folder, "plain").at("R9"),
             "24 batches and marks attested by 3 of 4 oracles; 0"));
  for (const char* alert : {"not attested", "oracle apart", "witness apart"})
    CHECK(!plain.at("alerts").contains(alert));

  const json one =
      run(folder, attested_village, "one",
          lie("\"oracle-2\"", "\"refuse\"", "1s", "3m") +
              lie("\"oracle-2\"", "\"findings\"\nenergy_kwh = 5.0", "190s", "9m") + feeder_meter,
          5);
  CHECK(failing(folder, "one").empty());
  CHECK(one.at("tokens") == plain.at("tokens"));
  CHECK(one.at("market") == plain.at("market"));
  CHECK(tells(one.at("faults")[0], "witness"));
  CHECK(
      tells(one.at("faults")[1], "refuses batch N, which others attest, because it does not hold"));
  CHECK(tells(one.at("faults")[2], "finds other than the median of slot N by more than a sigma"));
  CHECK(one.at("/alerts/witness apart"_json_pointer) == 1);
  CHECK(one.at("/alerts/oracle apart"_json_pointer) == 1);
  CHECK(!one.at("alerts").contains("feeder balance"));

  const json forged = run(folder, attested_village, "forged",
                          more + lie("\"oracle-3\"", "\"attest\"", "1s", "9m"), 5);
  CHECK(failing(folder, "forged") == std::set<std::string>{"R6"});
  CHECK(
      tells(forged.at("faults")[0], "not attested: meter N: its mark is not what its batches say"));
  CHECK(forged.at("/market/slots_settled"_json_pointer) == 3);
  check_receipt(folder, "forged", forged.at("accounts")[1], "1", "unattested");
  check_receipt(folder, "forged", forged.at("accounts")[3], "1", "metered");
  CHECK(minted(forged) > 0);
  CHECK(minted(forged) < minted(plain));

  const json beyond =
      run(folder, attested_village, "beyond",
          more + lie("[\"oracle-0\", \"oracle-1\", \"oracle-3\"]", "\"attest\"", "1s", "9m"), 5);
  CHECK(minted(beyond) >= minted(plain) + 200);
  const json r6 = audited(folder, "beyond").at("R6");
  CHECK(r6.at("ok") == false);
  CHECK(says(r6, "attested by oracles 0, 1, 3"));
  CHECK(
      tells(beyond.at("faults")[0], "not attested: meter N: its mark is not what its batches say"));
}

TEST_CASE("a run through the change to summer time: slots are UTC, and nothing happens") {
  const Folder folder;
  std::string text = village;
  text.replace(text.find("2026-06-21T12:00:00+02:00"), 25, "2026-03-29T01:57:00+01:00");
  folder.write("plain/scenario.toml", text);
  const Outcome ran =
      aipchain({"run", folder.at("plain"), "--out", folder.at("plain-out"), "--json", "--quiet"});
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  for (const auto& [rule, count] : s.at("oracle").items()) CHECK(rule == "spike");
  CHECK(s.at("/market/slots_settled"_json_pointer) == 6);
  CHECK(s.at("/ledger/refused"_json_pointer) == 0);
  CHECK(failing(folder, "plain").empty());
}

TEST_CASE("attacks that are no such") {
  const auto refused = [](const std::string& text, const char* part) {
    const Folder folder;
    folder.write("scenario.toml", village + text);
    const Outcome ran = aipchain({"run", folder.at(""), "--out", folder.at("out"), "--quiet"});
    CAPTURE(ran.errors);
    CHECK(ran.code == 2);
    CHECK(ran.errors.find(part) != std::string::npos);
  };
  const auto attack = [](const std::string& kind, const std::string& more) {
    return "[[fault]]\nkind = \"" + kind + "\"\nat = \"2m\"\n" + more + "\n";
  };
  const std::string target = "target = \"home-02\"\n";
  refused(attack("message_delays", target), "did you mean \"message_delay\"");
  refused(attack("message_delay", ""), "wants the name of a home");
  refused(attack("message_delay", target + "delay = \"2d\""), "wants at most 1d");
  refused(attack("message_delay", "target = \"home-99\""), "home \"home-99\" does not exist");
  refused(attack("message_drop", target + "share = 1.5"), "fault.share");
  refused(attack("message_drop", target + "delay = \"1m\""), "has no such key");
  refused(attack("phantom_trade", target), "wants two homes");
  refused(attack("omit_home", target + "how = \"quietly\""), "\"count\", \"list\"");
  refused(attack("two_roots", target + "how = \"count\""), "has no such key");
  refused(attack("double_mint", target + "energy_kwh = 0"), "fault.energy_kwh");
  refused(attack("two_roots", target) + attack("two_roots", target), "no other attack");
  refused(attack("meter_rollover", target), "has no such key");
  refused(attack("lying_oracle", target), "wants \"oracle-0\" to \"oracle-0\"");
  refused(attack("lying_oracle", ""), "wants \"oracle-0\" to \"oracle-0\"");
  refused(attack("lying_oracle", "target = \"oracle-1\"\n"), "fault.target: found \"oracle-1\"");
  refused(attack("lying_oracle", "target = \"oracle-0\"\nhow = \"list\"\n"),
          "\"attest\", \"refuse\"");
  refused(attack("lying_oracle", "target = \"oracle-0\"\nshare = 0.5\n"), "has no such key");
  refused(attack("meter_scale", "target = \"feeder-meter-1\"\n"), "does not exist");
  refused(attack("meter_clock", "target = \"feeder-meter-0\"\n"), "does not exist");
  refused("[oracle]\nattesters = 2\n", "oracle.attesters");
  refused("[[fault]]\nkind = \"meter_rollover\"\n" + target + "modulus_kwh = 2000000\n",
          "fault.modulus_kwh");
}

namespace {

// Clocks that are set each hour and drift by as much as cheap crystals do, and a hundredth of all
// minutes lost on its way to the gateway.
std::string honest_fleet(int meters, int days) {
  std::string text = "name = \"honest-fleet\"\n[time]\nstart = \"2026-06-21T00:00:00+02:00\"\n";
  text += "duration = \"" + std::to_string(days) + "d\"\nphysics_step = \"15s\"\n";
  text += "metering_interval = \"15s\"\n[ledger]\nbatch_interval = \"5m\"\n";
  text += "[grid.generator]\nhomes = " + std::to_string(meters) +
          "\nbranches = " + std::to_string(std::max(1, meters / 10)) +
          "\ntransformer_kva = " + std::to_string(std::max(10, 4 * meters)) +
          "\n[[population]]\ncount = " + std::to_string(meters) +
          "\npv = { share = 0.5 }\nbattery = { share = 0.4 }\n" +
          "ev = { share = 0.3 }\nheat_pump = { share = 0.3 }\n";
  const auto targets = [&](int from, int step) {
    std::string out;
    for (int h = from; h <= meters; h += step)
      out += (out.empty() ? "" : ", ") + quoted(home(static_cast<std::size_t>(h)));
    return "for = \"" + std::to_string(days) + "d\"\nat = \"1s\"\ntarget = [" + out + "]\n";
  };
  const int drifts[] = {-200, -50, 20, 100, 200};
  for (int d = 0; d < 5; ++d)
    text += "[[fault]]\nkind = \"meter_drift\"\ndrift_ppm = " + std::to_string(drifts[d]) + "\n" +
            targets(d + 1, 5);
  return text + "[[fault]]\nkind = \"message_drop\"\nshare = 0.01\n" + targets(1, 1);
}

}  // namespace

TEST_CASE("an honest fleet: hardly a record is quarantined") {
  const auto meters = static_cast<int>(test::setting("AIPCHAIN_HONEST_METERS", 100));
  const auto days = static_cast<int>(test::setting("AIPCHAIN_HONEST_DAYS", 1));
  const Folder folder;
  folder.write("scenario.toml", honest_fleet(meters, days));
  const Outcome ran =
      aipchain({"run", folder.at(""), "--out", folder.at("out"), "--seed",
                std::to_string(test::setting("AIPCHAIN_SEED", 1)), "--json", "--quiet"});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output), honest = s.at("honest");
  CHECK(honest.at("meters") == meters + 1);  // and the feeder's
  CHECK(honest.at("meter_days") == (meters + 1) * days);
  CHECK(honest.at("quarantined_per_1000_meter_days") < 1);
  CHECK(honest.at("by_rule").at("absent") > 0);  // of what was lost
  std::cout << "honest fleet: " << honest.dump() << "\n"
            << "run: " << s.at("readings") << " readings in " << s.at("wall_s") << " s\n";
}
