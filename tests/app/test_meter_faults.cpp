// What befalls meters in a scenario: the rule that finds it, money and tokens intact, and an audit
// and receipts that hold, by both readers.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

Outcome run(const Folder& folder, const std::string& faults, const std::string& out = "out") {
  folder.write("scenario.toml", test::short_scenario + faults);
  return aipchain({"run", folder.at(""), "--out", folder.at(out), "--json", "--quiet"});
}

std::string fault(const std::string& kind, const std::string& more, const std::string& at = "2m") {
  return "[[fault]]\nkind = \"" + kind + "\"\nat = \"" + at + "\"\n" + more;
}

void check_audit(const std::string& run_directory) {
  const Outcome audit =
      aipchain({"audit", run_directory, "--openings", run_directory + "/openings"});
  CAPTURE(audit.output);
  CHECK(audit.code == 0);
}

}  // namespace

TEST_CASE("each fault of a meter has its rule, and touches neither money nor tokens") {
  struct Case {
    const char *kind, *more, *rule;
  };
  for (const Case& c :
       {Case{"meter_swap", "target = \"home-02\"\npapers = false\n", "signature"},
        Case{"meter_offset", "for = \"1m\"\ntarget = \"home-02\"\noffset_w = -20000\n",
             "device_export"},
        Case{"meter_offset", "for = \"1m\"\ntarget = \"home-02\"\noffset_w = 60000\n",
             "power_range"},
        Case{"meter_rollback", "target = \"home-02\"\nenergy_kwh = 0.5\n", "counter_fell"},
        Case{"meter_clock", "for = \"1m\"\ntarget = \"home-02\"\noffset_ms = 3600000\n",
             "time_apart"},
        Case{"meter_clock", "for = \"1m\"\ntarget = \"home-02\"\noffset_ms = -5000\n",
             "time_informative"},
        Case{"meter_silent", "for = \"1m\"\ntarget = [\"home-02\", \"home-03\"]\n",
             "sequence_gap"}}) {
    CAPTURE(c.kind);
    CAPTURE(c.rule);
    const Folder folder;
    const Outcome ran = run(folder, fault(c.kind, c.more));
    CAPTURE(ran.errors);
    REQUIRE(ran.code == 0);
    const json s = json::parse(ran.output);
    CHECK(s.at("oracle").contains(c.rule));
    CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
    check_audit(folder.at("out"));
  }
}

TEST_CASE("what a single meter's rules cannot see: a meter that counts half of all") {
  const Folder folder;
  const Outcome ran = run(folder, fault("meter_scale", "target = \"home-02\"\nfactor = 0.5\n"));
  REQUIRE(ran.code == 0);
  for (const auto& [rule, count] : json::parse(ran.output).at("oracle").items())
    CHECK(rule == "spike");
}

TEST_CASE("swaps with papers lose and make no energy, and receipts hold by both readers") {
  const Folder folder;
  const std::string swaps =
      fault("meter_swap", "target = [\"home-01\", \"home-02\", \"home-05\"]\n", "140s");
  const Outcome plain = run(folder, "", "plain"), swapped = run(folder, swaps);
  REQUIRE(plain.code == 0);
  CAPTURE(swapped.errors);
  REQUIRE(swapped.code == 0);
  const json a = json::parse(plain.output), b = json::parse(swapped.output);
  const auto minted = [](const json& s) {
    return s.at("/tokens/minted_wh"_json_pointer).get<std::int64_t>();
  };
  // Papers are rounded up to whole Wh, once a swap.
  CHECK(minted(b) >= minted(a));
  CHECK(minted(b) <= minted(a) + 3);
  CHECK(b.at("oracle").value("signature", 0) == 0);
  CHECK(b.at("/ledger/refused"_json_pointer) == 0);
  check_audit(folder.at("out"));
  for (int home : {0, 1})
    for (int slot : {1, 2, 3}) {
      CAPTURE(home);
      CAPTURE(slot);
      const std::string file = folder.at("receipt.json");
      REQUIRE(aipchain({"receipt", folder.at("out"), "--account",
                        b.at("accounts")[home].get<std::string>(), "--slot", std::to_string(slot),
                        "--out", file})
                  .code == 0);
      CHECK(json::parse(test::slurp(file)).at("swaps").size() == (slot < 2 ? 0 : 1));
      CHECK(aipchain({"verify", file, "--policy", folder.at("out/log/policy")}).code == 0);
      Process second(
          {"python3", std::string(AIPCHAIN_SOURCE_DIR) + "/scripts/audit.py", "verify", file});
      CHECK(second.finish() == 0);
    }
}

TEST_CASE(
    "keys, departures and certificates in a run: audited, and receipts hold by both readers") {
  const auto event = [](const std::string& kind, const std::string& home, const std::string& more) {
    return "[[event]]\nkind = \"" + kind + "\"\nat = \"65s\"\ntarget = \"" + home + "\"\n" + more;
  };
  const Folder folder;
  const Outcome ran =
      run(folder, "[oracle]\ncertificates = true\n" + event("key_change", "home-01", "") +
                      event("key_change", "home-02", "of = \"account\"\n") +
                      event("key_change", "home-05", "lost = true\n") +
                      event("key_change", "gateway-1", "of = \"gateway\"\n") +
                      event("deregistration", "home-03", "") +
                      event("certificate", "home-04", "for = \"2m\"\n"));
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  CHECK(s.at("registry") == json{{"certificates", 6}, {"deregistrations", 1}, {"key_changes", 4}});
  CHECK(s.at("/alerts/lost_key"_json_pointer) == 1);
  CHECK(s.at("/ledger/refused"_json_pointer) == 0);
  CHECK(s.at("oracle").value("signature", 0) == 0);
  CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
  CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
  check_audit(folder.at("out"));
  struct Case {
    int home, slot;
    const char* list;
  };
  for (const Case& c : {Case{0, 2, "keys"}, Case{1, 3, "keys"}, Case{3, 0, ""},
                        Case{3, 2, "certificates"}, Case{5, 3, "gateway"}}) {
    CAPTURE(c.home);
    CAPTURE(c.slot);
    const std::string file = folder.at("receipt.json");
    REQUIRE(aipchain({"receipt", folder.at("out"), "--account",
                      s.at("accounts")[c.home].get<std::string>(), "--slot", std::to_string(c.slot),
                      "--out", file})
                .code == 0);
    const json receipt = json::parse(test::slurp(file));
    CHECK((receipt.contains("certificates") || receipt.contains("keys")) == (*c.list != 0));
    if (*c.list) CHECK(receipt.contains(c.list));
    const Outcome verified = aipchain({"verify", file, "--policy", folder.at("out/log/policy")});
    CHECK(verified.code == 0);
    CHECK((verified.output.find("uncertified") != std::string::npos) == (c.list[0] == 0));
    Process second(
        {"python3", std::string(AIPCHAIN_SOURCE_DIR) + "/scripts/audit.py", "verify", file});
    CHECK(second.finish() == 0);
  }
  // It has left: there is no slot of its own behind the second.
  const Outcome gone = aipchain({"receipt", folder.at("out"), "--account",
                                 s.at("accounts")[2].get<std::string>(), "--slot", "3"});
  CHECK(gone.code != 0);
  CHECK(gone.errors.find("settled: 0 to 2") != std::string::npos);
}

TEST_CASE("keys that change behind a partition: late on the ledger, audited, and nobody is stuck") {
  const Folder folder;
  const auto event = [](const std::string& target, const std::string& more) {
    return "[[event]]\nkind = \"key_change\"\nat = \"65s\"\ntarget = \"" + target + "\"\n" + more;
  };
  const Outcome ran =
      run(folder, fault("partition", "for = \"150s\"\ntarget = \"gateway-1\"\n", "62s") +
                      event("home-05", "") + event("home-06", "of = \"account\"\n") +
                      event("gateway-1", "of = \"gateway\"\n"));
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  const json s = json::parse(ran.output);
  CHECK(s.at("registry") == json{{"key_changes", 3}});
  CHECK(s.at("oracle").value("absent", 0) > 0);
  CHECK(s.at("oracle").value("signature", 0) == 0);
  CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
  CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
  check_audit(folder.at("out"));
  for (const int home : {4, 5}) {
    const std::string file = folder.at("receipt.json");
    REQUIRE(aipchain({"receipt", folder.at("out"), "--account",
                      s.at("accounts")[home].get<std::string>(), "--slot", "5", "--out", file})
                .code == 0);
    const json receipt = json::parse(test::slurp(file));
    CHECK(receipt.contains("keys"));
    CHECK(!receipt.at("mark").is_null());
    CHECK(aipchain({"verify", file, "--policy", folder.at("out/log/policy")}).code == 0);
    Process second(
        {"python3", std::string(AIPCHAIN_SOURCE_DIR) + "/scripts/audit.py", "verify", file});
    CHECK(second.finish() == 0);
  }
}

// Within the slot, and for longer than papers have time: these are signed anew for later slots.
TEST_CASE("papers that homes sign while their gateway is down come late, and nobody is stuck") {
  const auto event = [](const std::string& kind, const std::string& home, const std::string& more) {
    return "[[event]]\nkind = \"" + kind + "\"\nat = \"65s\"\ntarget = \"" + home + "\"\n" + more;
  };
  for (const char* length : {"30s", "130s"}) {
    CAPTURE(length);
    const Folder folder;
    const Outcome ran = run(
        folder,
        event("key_change", "home-01", "") + event("key_change", "home-02", "of = \"account\"\n") +
            event("key_change", "home-03", "lost = true\n") +
            event("deregistration", "home-05", "") +
            fault("meter_swap", "target = [\"home-04\", \"home-06\"]\n", "80s") +
            fault("crash", "target = \"gateway-0\"\nfor = \"" + std::string(length) + "\"\n",
                  "61s") +
            fault("crash", "target = \"gateway-1\"\nfor = \"" + std::string(length) + "\"\n",
                  "61s"));
    CAPTURE(ran.errors);
    REQUIRE(ran.code == 0);
    const json s = json::parse(ran.output);
    CHECK(s.at("registry") == json{{"deregistrations", 1}, {"key_changes", 3}});
    CHECK(s.at("/ledger/refused"_json_pointer) == 0);
    CHECK(s.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(s.at("/tokens/residual_wh"_json_pointer) == 0);
    check_audit(folder.at("out"));
    for (const std::string account : s.at("accounts")) {
      const Outcome all = aipchain({"export", folder.at("out"), "--account", account});
      REQUIRE_MESSAGE(all.code == 0, all.errors);
      const json mine = json::parse(all.output);
      CHECK(mine.at("key_changes").size() + mine.at("deregistrations").size() +
                mine.at("meter_swaps").size() ==
            1);
    }
  }
}

TEST_CASE("events that are no such") {
  const auto says = [&](const std::string& text, const char* part) {
    const Folder folder;
    const Outcome ran = run(folder, text);
    CHECK(ran.code == 2);
    CAPTURE(ran.errors);
    CHECK(ran.errors.find(part) != std::string::npos);
  };
  const auto event = [](const std::string& kind, const std::string& more) {
    return "[[event]]\nkind = \"" + kind + "\"\n" + more;
  };
  const std::string home = "at = \"1m\"\ntarget = \"home-02\"\n";
  says(event("key_chang", home), "did you mean \"key_change\"");
  says(event("key_change", "target = \"home-02\"\n"), "a time from the start");
  says(event("key_change", "at = \"7m\"\ntarget = \"home-02\"\n"), "less than time.duration");
  says(event("key_change", "at = \"1m\"\n"), "the name of a home");
  says(event("key_change", "at = \"1m\"\ntarget = \"home-20\"\n"),
       "home \"home-20\" does not exist");
  says(event("key_change", home + "of = \"gateways\"\n"), "event.of");
  says(event("key_change", home + "of = \"gateway\"\n"), "\"gateway-0\" and so on");
  says(event("key_change", "at = \"1m\"\ntarget = \"gateway-2\"\nof = \"gateway\"\n"),
       "the last one is \"gateway-1\"");
  says(event("key_change", home + "for = \"1m\"\n"), "has no such key");
  says(event("deregistration", home + "lost = true\n"), "has no such key");
  says(event("deregistration", home) + event("deregistration", home),
       "no other event is of this kind");
  says(event("certificate", home), "oracle.certificates is false");
  says(fault("meter_swap", "target = \"home-02\"\n") + event("key_change", home),
       "homes whose meter no fault swaps");
}

TEST_CASE("faults of meters that are no such") {
  const auto refused = [](const std::string& text) {
    const Folder folder;
    const Outcome ran = run(folder, text);
    CHECK(ran.code == 2);
    return ran.errors;
  };
  const auto says = [&](const std::string& text, const char* part) {
    const std::string said = refused(text);
    CAPTURE(said);
    CHECK(said.find(part) != std::string::npos);
  };
  const std::string home = "target = \"home-02\"\n";
  says(fault("meter_scal", home), "did you mean \"meter_scale\"");
  says(fault("meter_scale", ""), "wants the name of a home");
  says(fault("meter_scale", "target = \"home-20\"\n"), "home \"home-20\" does not exist");
  says(fault("meter_scale", "target = \"validator-0\"\n"), "does not exist");
  says(fault("meter_scale", home + "factor = -1\n"), "fault.factor");
  says(fault("meter_scale", home + "papers = true\n"), "has no such key");
  says(fault("meter_swap", home + "for = \"1m\"\n"), "has no such key");
  says(fault("meter_swap", home + "papers = \"yes\"\n"), "wants true or false");
  says(fault("meter_swap", home, "125s"), "a multiple of ledger.batch_interval");
  says(fault("meter_swap", home) + fault("meter_swap", home, "4m"), "one swap");
  says(fault("meter_clock", home + "for = \"2m\"\n") + fault("meter_clock", home, "3m"),
       "no other fault of this kind acts");
  says(fault("meter_rollback", home + "energy_kwh = 0\n"), "fault.energy_kwh");
  says(fault("crash", "target = \"home-02\"\n"), "validator-0");
}
