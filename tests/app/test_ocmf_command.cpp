// `aipchain ocmf verify` as its users call it.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"
#include "tests/support/ocmf_record.hpp"
#include "tests/support/replaced.hpp"

using nlohmann::json;

namespace {

const ledger::EcdsaKey& key() {
  static const ledger::EcdsaKey one = test::ocmf_key(ledger::Curve::secp256r1);
  return one;
}

test::Outcome verify(const std::string& record, const std::string& key_text) {
  const test::Folder folder;
  folder.write("record.ocmf", record);
  return test::aipchain({"ocmf", "verify", folder.at("record.ocmf"), "--key", key_text, "--json"});
}

std::string key_hex() { return ledger::to_hex(key().public_key().der()); }

}  // namespace

TEST_CASE("ocmf verify: 0 and the energy for a valid record, of a key in either form") {
  const std::string record = test::ocmf_record(test::ocmf_payload, key()) + "\n";
  for (const std::string& text : {key_hex(), ledger::to_base64(key().public_key().der())}) {
    const test::Outcome outcome = verify(record, text);
    CHECK(outcome.code == 0);
    CHECK(outcome.errors.empty());
    const json out = json::parse(outcome.output);
    CHECK(out["verdict"] == "valid");
    CHECK(out["meter"]["serial"] == "4711");
    REQUIRE(out["energy"].size() == 2);
    CHECK(out["energy"][0]["import_mwh"] == 9'038'000);
    CHECK(out["energy"][1]["import_mwh"] == 10'342'000);
    CHECK(out["energy"][1]["export_mwh"].is_null());
    CHECK(out["readings"][1]["value"] == "10.342");
  }
  const test::Folder folder;
  folder.write("record.ocmf", record);
  const test::Outcome text =
      test::aipchain({"ocmf", "verify", folder.at("record.ocmf"), "--key", key_hex()});
  CHECK(text.code == 0);
  CHECK(text.output ==
        "valid\n"
        "meter 4711, gateway 17, page T9, ECDSA-secp256r1-SHA256\n"
        "2026-06-21T09:09:51+02:00 S  B  import 9038000 mWh\n"
        "2026-06-21T09:21:21.500+02:00 S  E  import 10342000 mWh\n");
}

TEST_CASE("ocmf verify: 1 and the reason for what is not valid, 2 for what cannot be read") {
  const std::string record = test::ocmf_record(test::ocmf_payload, key());
  for (const auto& [text, with, verdict] :
       {std::tuple{test::replaced(record, "10.342", "10.341"), key_hex(), "invalid_signature"},
        {record, ledger::to_hex(test::ocmf_key(ledger::Curve::secp256r1, 2).public_key().der()),
         "invalid_signature"},
        {record.substr(0, 300), key_hex(), "malformed"},
        {"", key_hex(), "malformed"},
        {std::string(1 << 20, '{'), key_hex(), "malformed"},
        {record, "4711", "malformed"},
        {test::replaced(record, "SHA256", "SHA999"), key_hex(), "unsupported"}}) {
    const test::Outcome outcome = verify(text, with);
    CHECK(outcome.code == 1);
    const json out = json::parse(outcome.output);
    CHECK(out["verdict"] == verdict);
    CHECK(out["why"] != "");
  }
  const test::Folder folder;
  folder.write("record.ocmf", record);
  CHECK(test::aipchain({"ocmf", "verify", folder.at("none"), "--key", key_hex()}).code == 2);
  CHECK(test::aipchain({"ocmf", "verify", folder.path(), "--key", key_hex()}).code == 2);
  CHECK(test::aipchain({"ocmf", "verify", folder.at("record.ocmf")}).code == 2);
  CHECK(test::aipchain({"ocmf", "verify", folder.at("record.ocmf"), "--key", ""}).code == 2);
}
