#include "tests/app/reader_cases.hpp"

#include <cstdio>
#include <doctest/doctest.h>

#include "market/audit/audit.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/support/process.hpp"

namespace test {

using namespace ledger;
using nlohmann::json;

namespace {

Verifier& verifier() {
  static Ed25519Verifier ed25519;
  static CachedVerifier cached(ed25519, 1 << 16);
  return cached;
}

}  // namespace

json verdict_of(const Files& log) {
  market::AuditInput input;
  input.log = view_of(log);
  json out;
  for (const market::AuditCheck& c : market::audit(input, verifier()))
    if (c.id == "R1" || c.id == "R2" || c.id == "R3")
      out[c.id] = c.result == market::CheckResult::not_checkable
                      ? json()
                      : json(c.result == market::CheckResult::holds);
  return out;
}

bool all_hold(const Files& log) {
  return verdict_of(log) == json{{"R1", true}, {"R2", true}, {"R3", true}};
}

std::string verdict_of(const std::string& receipt) {
  const auto last = market::verify_receipt(receipt, "", verifier()).back();
  return last.ok ? "" : last.name;
}

void ReaderCases::log(const std::string& name, const Files& files) {
  json all = json::object();
  for (const auto& [path, bytes] : files) all[path] = to_hex(bytes);
  base_ = files;
  put({{"files", all}, {"name", name}, {"ours", verdict_of(files)}});
}

void ReaderCases::damage(const std::string& name,
                         const std::map<std::string, std::optional<Bytes>>& changes,
                         bool is_wrong) {
  Files files = base_;
  json all = json::object();
  for (const auto& [path, bytes] : changes) {
    files.erase(path);
    if (bytes) files[path] = *bytes;
    all[path] = bytes ? json(to_hex(*bytes)) : json();
  }
  const json ours = verdict_of(files);
  CHECK_MESSAGE((ours.dump().find("false") != std::string::npos) == is_wrong, name);
  put({{"changes", all}, {"name", name}, {"ours", ours}});
}

void ReaderCases::receipt(const std::string& name, const std::string& text) {
  put({{"name", name}, {"ours", verdict_of(text)}, {"receipt", to_hex(bytes_of(text))}});
}

void ReaderCases::compare() {
  lines_.close();
  Process reader(
      {AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/tests/app/compare_readers.py", folder_.at("cases")});
  const int code = reader.finish();
  std::printf("%s", reader.output.c_str());
  CHECK_MESSAGE(code == 0, reader.output, reader.errors);
}

ReadRun::ReadRun() {
  Folder folder;
  std::string scenario = short_scenario;
  scenario.replace(scenario.find("gateways = 2"), 12, "gateways = 2\nconcentrators = 1");
  folder.write("scenario.toml",
               scenario +
                   "[prices]\nvat_percent = 7.5\n[oracle]\ncertificates = true\n"
                   "[[event]]\nkind = \"key_change\"\nat = \"5s\"\ntarget = \"home-01\"\n"
                   "[[event]]\nkind = \"certificate\"\nat = \"1s\"\nfor = \"1m\"\n"
                   "target = \"home-02\"\n");
  const auto run = aipchain(
      {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--until", "3m", "--json"});
  REQUIRE(run.code == 0);
  log = files_of(folder.at("out/log"));
  const json summary = json::parse(run.output);
  for (const auto& account : summary.at("accounts"))
    for (const char* slot : {"0", "1"})
      receipts.push_back(aipchain({"receipt", folder.at("out"), "--account",
                                   account.get<std::string>(), "--slot", slot})
                             .output);
}

const ReadRun& read_run() {
  static const ReadRun made;
  return made;
}

}  // namespace test
