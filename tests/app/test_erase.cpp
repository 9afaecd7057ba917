// `aipchain erase` on a run: what was there of a person is found in no byte of any file, everybody
// else's receipts verify, and auditors are told what they can no longer check and why.

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "market/audit/audit.hpp"
#include "market/audit/openings.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/app/planted_run.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using namespace ledger;
using nlohmann::json;
using test::aipchain;
using test::Files;
using test::Folder;
using test::found;
using test::holds;
using test::Outcome;
using test::Planted;
using test::PlantedRun;
using test::shared_verifier;

namespace {

const std::string recorded =
    std::string(test::short_scenario) + "\n[output]\nrecording = \"observer\"\n";

void check_others(const PlantedRun& run, const std::vector<std::string>& others) {
  for (const std::string& account : others)
    for (const char* slot : {"0", "2", "3"}) {
      const auto checks = market::verify_receipt(run.receipt(account, slot), "", shared_verifier());
      CHECK_MESSAGE(checks.back().ok, account, checks.back().name, checks.back().detail);
      CHECK(checks.back().name == "bill");
    }
}

// Both readers' word on an erased account's receipt.
void check_erased(const PlantedRun& run, const std::string& account, std::uint64_t record) {
  const std::string says = "erased by record " + std::to_string(record);
  const Outcome written =
      aipchain({"receipt", run.path(), "--account", account, "--out", run.path("/../erased.json")});
  REQUIRE(written.code == 0);
  const Outcome ours = aipchain({"verify", run.path("/../erased.json"), "--json"});
  CHECK(ours.code == 0);
  const json verdict = json::parse(ours.output);
  CHECK(verdict.at("valid").is_null());
  CHECK(verdict.at("erased_by_record") == record);
  CHECK(verdict.at("checks").back().at("detail") == says);
  test::Process reader({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/scripts/audit.py", "verify",
                        run.path("/../erased.json"), "--json"});
  CHECK(reader.finish() == 0);
  CHECK(reader.output.find(says) != std::string::npos);
}

// The erased one's receipt with each of its parts damaged: never "erased" once anything differs,
// and both readers name the same check.
void compare_readers(const PlantedRun& run, const std::string& good) {
  std::ofstream cases(run.path("/../cases"));
  std::size_t holding = 0;
  const auto put = [&](const std::string& name, const std::string& text) {
    const auto last = market::verify_receipt(text, "", shared_verifier()).back();
    holding += last.ok ? 1 : 0;
    cases << json{{"name", name},
                  {"ours", last.ok ? "" : last.name},
                  {"receipt", to_hex(bytes_of(text))}}
                 .dump()
          << "\n";
  };
  put("as it is", good);
  for (std::size_t at = 0; at < good.size(); at += 1 + at % 23) {
    std::string bent = good;
    bent[at] = static_cast<char>(bent[at] ^ (at % 7 == 0 ? 0x20 : 1));
    put("byte " + std::to_string(at), bent);
  }
  const json j = json::parse(good);
  const auto with = [&](const char* pointer, const json& value) {
    json bent = j;
    bent[json::json_pointer(pointer)] = value;
    put(std::string(pointer) + " " + value.dump().substr(0, 40), bent.dump() + "\n");
  };
  for (const json& value : {json(0), json(2), json(3), json(4), json(-1), json(1.0), json("1")})
    with("/stages", value);
  with("/account", run.accounts[2]);
  with("/account", 7);
  with("/erasure/proof", nullptr);
  with("/erasure/entry", "00");
  with("/erasure/more", 1);
  with("/format", "aipchain receipt 1");
  with("/genesis", "{}");
  with("/policy", j.at("policy").get<std::string>() + "x");
  const std::string entry = j.at("erasure").at("entry");
  with("/erasure/entry", entry.substr(0, 2) + "04" + entry.substr(4));
  with("/erasure/entry", entry + "00");
  put("without a newline", good.substr(0, good.size() - 1));
  put("with a space", good + " ");
  put("another start", "{\"account\":\"" + std::string(32, '0') + "\",\"erasure\":{}}\n");
  cases.close();
  CHECK(holding == 1);
  test::Process reader({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/tests/app/compare_readers.py",
                        run.path("/../cases")});
  CHECK_MESSAGE(reader.finish() == 0, reader.output, reader.errors);
}

// What an audit says of one check where these files of the directory were changed.
market::AuditCheck check_of(const PlantedRun& run, const char* id,
                            const std::map<std::string, Bytes>& changes) {
  const Files log = test::files_of(run.path("/log"));
  Files openings = test::files_of(run.path("/openings"));
  for (const auto& [path, bytes] : changes) openings[path] = bytes;
  market::AuditInput input;
  input.log = test::view_of(log);
  input.openings = test::view_of(openings);
  for (const market::AuditCheck& c : market::audit(input, shared_verifier()))
    if (c.id == id) return c;
  return {};
}

void check_found(const PlantedRun& run, const char* id, const std::string& path, Bytes bytes,
                 const std::string& words) {
  const market::AuditCheck check = check_of(run, id, {{path, std::move(bytes)}});
  CHECK_MESSAGE(check.result == market::CheckResult::fails, path, " ", check.detail);
  CHECK_MESSAGE(check.detail.find(words) != std::string::npos, check.detail);
}

Bytes with(Bytes bytes, std::size_t at) {
  bytes.at(at) ^= 1;
  return bytes;
}

// An operator who hides or keeps more than a record erased.
void check_tampering(const PlantedRun& run, const std::string& account, const Files& before) {
  const Bytes personal = test::files_of(run.path("/openings")).at("erased/personal");
  check_found(run, "R6", "erased/personal", with(personal, 20), "do not hash to its root");
  check_found(run, "R6", "erased/personal", Bytes(personal.begin() + 52, personal.end()),
              "neither record nor absence");
  check_found(run, "R11", "erased/personal", with(personal, 51), "is no erasure");
  check_found(run, "R11", "keys", before.at("openings/keys"), "has its personal key");
  check_found(run, "R4", "personal/" + account, before.at("openings/personal/" + account),
              "a file that no list names");
}

void check_tampering_with_bills(const PlantedRun& run) {
  const Files all = test::files_of(run.path("/openings"));
  const Bytes& restricted = all.at("erased/restricted");
  check_found(run, "R4", "erased/restricted", with(restricted, 12), "are missing or others");
  check_found(run, "R11", "erased/restricted", with(restricted, 49), "is no erasure");
  check_found(run, "R4", "erased/state", with(all.at("erased/state"), 50),
              "is not what the validators signed");
  check_found(run, "R4", "erased/book", with(all.at("erased/book"), 12), "book");
}

bool says(const json& check, const std::string& words) {
  return check.at("detail").get<std::string>().find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("erase: in two stages, one person after another") {
  const PlantedRun run(recorded, "4m");
  const std::string first = run.accounts[0], second = run.accounts[1];
  const std::vector<std::string> others(run.accounts.begin() + 2, run.accounts.end());
  const json before = run.audit();
  for (const char* id : {"R1", "R2", "R3", "R4", "R5", "R6", "R7"})
    CHECK(before.at(id).at("ok") == true);
  CHECK(before.at("R11").at("ok").is_null());
  const Files old_log = test::files_of(run.path("/log"));
  const std::string old_receipt = run.receipt(first, "2");

  const Planted planted(run, first);
  CHECK(planted.shares == 3);
  const Files all_before = test::files_of(run.path());
  CHECK(found({{"account", planted.billing.at("account")}}, all_before) != "");
  CHECK(found({{"sealed", planted.personal.at("sealed readings")}}, all_before) != "");
  CHECK(all_before.contains("recording"));

  // Personal data.
  const Outcome personal = run.erase(first);
  REQUIRE_MESSAGE(personal.code == 0, personal.errors);
  const std::uint64_t record = json::parse(personal.output).at("record").get<std::uint64_t>();
  Files now = test::files_of(run.path());
  CHECK(found(planted.personal, now) == "");
  CHECK_FALSE(now.contains("recording"));
  CHECK(now.contains("report.html"));
  now.erase("openings/keys");
  now.erase("openings/restricted/" + first);
  CHECK(found({{"account", planted.billing.at("account")}}, now) == "");
  json audited = run.audit();
  CHECK(audited.at("code") == 0);
  const std::string by_record = "not checkable: erased by record " + std::to_string(record);
  for (const char* id : {"R1", "R2", "R3", "R4", "R5", "R7", "R11", "R12"})
    CHECK_MESSAGE(audited.at(id).at("ok") == true, audited.at(id).dump());
  CHECK(audited.at("R6").at("ok").is_null());
  CHECK(says(audited.at("R6"), by_record));
  CHECK(says(audited.at("R7"), by_record));
  check_others(run, {second, others[0]});
  check_erased(run, first, record);
  check_tampering(run, first, all_before);
  compare_readers(run, test::slurp(run.path("/../erased.json")));
  // Who has a copy keeps a proof.
  CHECK(market::verify_receipt(old_receipt, "", shared_verifier()).back().ok);
  // The log has grown, and nothing that was there has changed.
  const Files log = test::files_of(run.path("/log"));
  CHECK(log.at("genesis") == old_log.at("genesis"));
  CHECK(std::equal(old_log.at("blocks/0").begin(), old_log.at("blocks/0").end(),
                   log.at("blocks/0").begin()));
  // Once is enough.
  const Outcome again = run.erase(first);
  CHECK(again.code == 0);
  CHECK(json::parse(again.output).at("record") == record);
  CHECK(test::files_of(run.path("/log")) == log);

  // Billing data.
  const Outcome billing = run.erase(first, {"--billing"});
  REQUIRE_MESSAGE(billing.code == 0, billing.errors);
  const json told = json::parse(billing.output);
  CHECK(told.at("records").size() == 2);
  now = test::files_of(run.path());
  CHECK(found(planted.personal, now) == "");
  CHECK(found(planted.billing, now) == "");
  audited = run.audit();
  CHECK(audited.at("code") == 0);
  for (const char* id : {"R1", "R2", "R3", "R7", "R11", "R12"})
    CHECK_MESSAGE(audited.at(id).at("ok") == true, audited.at(id).dump());
  for (const char* id : {"R4", "R5", "R6"}) {
    CHECK(audited.at(id).at("ok").is_null());
    CHECK(says(audited.at(id), "not checkable: erased by record"));
  }
  check_others(run, {second, others[0]});
  check_erased(run, first, record);
  check_tampering_with_bills(run);

  // Somebody else, both stages at once, on the state that is left as hashes.
  const Planted more(run, second);
  const Outcome both = run.erase(second, {"--billing"});
  REQUIRE_MESSAGE(both.code == 0, both.errors);
  now = test::files_of(run.path());
  CHECK(found(more.personal, now) == "");
  CHECK(found(more.billing, now) == "");
  audited = run.audit();
  CHECK(audited.at("code") == 0);
  CHECK(audited.at("R11").at("ok") == true);
  check_others(run, others);
  check_erased(run, second, json::parse(both.output).at("record").get<std::uint64_t>());

  // And personal data once more: a block that is executed from what is left.
  const Outcome third = run.erase(others[0]);
  REQUIRE_MESSAGE(third.code == 0, third.errors);
  audited = run.audit();
  CHECK(audited.at("code") == 0);
  CHECK(says(audited.at("R4"), "1 blocks were executed from it"));
  check_others(run, {others.begin() + 1, others.end()});
}

TEST_CASE("consent, access, export: who may read, and who did") {
  const PlantedRun run(recorded, "4m");
  const std::string account = run.accounts[0];
  const std::string key = run.path("/../adviser.key"), other = run.path("/../other.key");
  std::string recipient = aipchain({"keys", "new", key}).output;
  recipient.pop_back();
  REQUIRE(aipchain({"keys", "new", other}).code == 0);
  const auto access = [&](const std::string& with, const std::string& purpose,
                          std::vector<std::string> more = {}) {
    std::vector<std::string> words{"access", run.path(), "--account", account,
                                   "--key",  with,       "--purpose", purpose};
    words.insert(words.end(), more.begin(), more.end());
    return aipchain(words);
  };
  const auto consent = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"tx",          "consent", run.path(),  "--account", account,
                                   "--recipient", recipient, "--purpose", "advice",    "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return aipchain(words);
  };
  CHECK(access(key, "advice").code == 1);
  CHECK(access(key, "marketing").code == 2);
  CHECK(consent({"--withdraw"}).errors.find("never given") != std::string::npos);
  CHECK(consent({"--first-slot", "0", "--end-slot", "1"}).errors.find("has ended") !=
        std::string::npos);
  CHECK(consent({"--first-slot", "9", "--end-slot", "9"}).code == 2);

  const Outcome given = consent({"--first-slot", "1", "--end-slot", "100"});
  REQUIRE_MESSAGE(given.code == 0, given.errors);
  CHECK(json::parse(given.output).at("proof").get<std::string>().starts_with("c2sp.org/tlog"));
  CHECK(access(other, "advice").code == 1);
  CHECK(access(key, "research").code == 1);
  CHECK(access(key, "advice", {"--first-slot", "0", "--end-slot", "2"}).code == 1);
  const Outcome read = access(key, "advice");
  REQUIRE_MESSAGE(read.code == 0, read.errors);
  CHECK(json::parse(read.output).at("readings").size() == 3 * 12);
  json audited = run.audit();
  CHECK(audited.at("R4").at("ok") == true);
  CHECK_MESSAGE(audited.at("R10").at("ok") == true, audited.at("R10").dump());

  REQUIRE(consent({"--withdraw"}).code == 0);
  CHECK(access(key, "advice").errors.find("withdrawn") != std::string::npos);
  const Outcome own = aipchain({"export", run.path(), "--account", account});
  REQUIRE_MESSAGE(own.code == 0, own.errors);
  const json all = json::parse(own.output);
  CHECK(all.at("readings").size() == 4 * 12);
  CHECK(all.at("bills").size() == 4);
  CHECK(all.at("consents").size() == 2);
  REQUIRE(all.at("accesses").size() == 1);
  CHECK(all.at("accesses")[0].at("reader") == recipient);
  CHECK(all.at("accesses")[0].at("readings") == 36);
  audited = run.audit();
  CHECK(says(audited.at("R10"), "2 accesses"));

  // Who reads more than was allowed, or after it was taken back, is found.
  const Bytes log = test::files_of(run.path("/openings")).at("access");
  check_found(run, "R10", "access", with(log, 52), "does not cover");
  check_found(run, "R10", "access", with(log, 20), "rests on no consent");
  Bytes later = Bytes(log.begin(), log.begin() + 69);
  later.at(64) += 1;  // the log's size, once the withdrawal stood on it
  check_found(run, "R10", "access", later, "withdrawn");
  check_found(run, "R4", "access", Bytes(log.begin(), log.end() - 1), "cut off");

  // Erasure takes the log of accesses along.
  REQUIRE(run.erase(account).code == 0);
  CHECK_FALSE(test::files_of(run.path("/openings")).contains("access"));
  CHECK(access(key, "advice").errors.find("erased by record") != std::string::npos);
  CHECK(aipchain({"export", run.path(), "--account", account}).code == 2);
  CHECK(run.audit().at("code") == 0);
}

TEST_CASE("vault: two shares give a root key back, after erasure none is left") {
  const PlantedRun run(recorded, "4m");
  const std::string account = run.accounts[0];
  const auto recover = [&](const char* a, const char* b, const std::string& out) {
    return aipchain({"keys", "recover", run.path(std::string("/vault/") + a),
                     run.path(std::string("/vault/") + b), "--account", account, "--out",
                     run.path("/../" + out)});
  };
  REQUIRE(recover("operator", "trustee", "first.key").code == 0);
  REQUIRE(recover("trustee", "household", "second.key").code == 0);
  CHECK(test::slurp(run.path("/../first.key")) == test::slurp(run.path("/../second.key")));
  CHECK(recover("operator", "operator", "third.key").code == 2);
  REQUIRE(run.erase(account).code == 0);
  CHECK(recover("operator", "trustee", "fourth.key").code == 2);
  for (const auto& [path, bytes] : test::files_of(run.path("/vault")))
    CHECK(text_of(bytes).find(account) == std::string::npos);
}

TEST_CASE("erase: what is wrong with the command line or the directory") {
  const PlantedRun run(recorded, "4m");
  CHECK(run.erase("abc").code == 2);
  CHECK(run.erase(std::string(32, '0')).errors.find("is no account") != std::string::npos);
  CHECK(aipchain({"erase", run.path("/nowhere"), "--subject", run.accounts[0]}).code == 2);
  const Files files = test::files_of(run.path());
  std::filesystem::remove(run.path("/scenario.resolved.toml"));
  CHECK(run.erase(run.accounts[0]).code == 3);
  Files now = test::files_of(run.path());
  now["scenario.resolved.toml"] = files.at("scenario.resolved.toml");
  CHECK(now == files);
}

TEST_CASE("erase: what was kept for long enough goes, of everybody") {
  const PlantedRun run(recorded, "4m");
  const auto kept_for = [&](const char* duration, const char* now) {
    return aipchain({"erase", run.path(), "--kept-for", duration, "--now", now, "--json"});
  };
  const Files before = test::files_of(run.path());
  const Outcome early = kept_for("30d", "2026-07-21T11:00:00+02:00");
  REQUIRE_MESSAGE(early.code == 0, early.errors);
  CHECK(json::parse(early.output).at("accounts") == 0);
  CHECK(test::files_of(run.path()) == before);
  CHECK(kept_for("soon", "2026-07-21T11:00:00+02:00").code == 2);
  CHECK(kept_for("30d", "yesterday").code == 2);
  CHECK(aipchain({"erase", run.path()}).code == 2);
  CHECK(aipchain({"erase", run.path(), "--kept-for", "1d", "--subject", run.accounts[0]}).code ==
        2);
  const Outcome late = kept_for("30d", "2026-07-22T12:00:00+02:00");
  REQUIRE_MESSAGE(late.code == 0, late.errors);
  CHECK(json::parse(late.output).at("accounts") == 7);  // six homes and the feeder's meter
  for (const auto& [path, bytes] : test::files_of(run.path("/openings")))
    CHECK_MESSAGE(!path.starts_with("personal/"), path);
  const json audited = run.audit();
  CHECK(audited.at("code") == 0);
  CHECK(audited.at("R4").at("ok") == true);
  CHECK(says(audited.at("R11"), "7 erasures"));
}
