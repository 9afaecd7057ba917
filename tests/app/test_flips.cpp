// Nothing under log/ or openings/, nor a receipt, can be changed by a bit without audit or verify
// failing and naming what is wrong. AIPCHAIN_FLIPS sets another number of flips and AIPCHAIN_SEED
// another seed (scripts/campaign flips).

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "ledger/base/codec.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "market/audit/audit.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using test::Files;

namespace {

// A run that was made by the program, in memory.
struct FlippedRun {
  Files log, openings;
  std::string receipt;

  FlippedRun() {
    test::Folder folder;
    folder.write("scenario.toml", test::short_scenario);
    const auto run = test::aipchain(
        {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--until", "3m", "--json"});
    REQUIRE(run.code == 0);
    log = test::files_of(folder.at("out/log"));
    openings = test::files_of(folder.at("out/openings"));
    // The receipt of a home that has traded, where there is one: it holds the most.
    const auto summary = nlohmann::json::parse(run.output);
    for (const auto& account : summary.at("accounts")) {
      const auto written =
          test::aipchain({"receipt", folder.at("out"), "--account", account.get<std::string>()});
      REQUIRE(written.code == 0);
      if (written.output.size() > receipt.size()) receipt = written.output;
    }
  }
  Files& files_of(bool of_log) { return of_log ? log : openings; }
};

FlippedRun& run() {
  static FlippedRun made;
  return made;
}

Verifier& flips_verifier() {
  static Ed25519Verifier ed25519;
  static CachedVerifier cached(ed25519, 1 << 18);
  return cached;
}

// The first check that fails, as "R4: why"; empty where all hold.
std::string audit_of(const FlippedRun& r, const std::string& policy = {}) {
  market::AuditInput input;
  input.trusted_policy = policy;
  input.log = test::view_of(r.log);
  input.openings = test::view_of(r.openings);
  for (const market::AuditCheck& c : market::audit(input, flips_verifier()))
    if (c.result == market::CheckResult::fails) return c.id + ": " + c.detail;
  return {};
}

std::string verify_of(const std::string& receipt, const std::string& policy = {}) {
  for (const market::ReceiptCheck& c : market::verify_receipt(receipt, policy, flips_verifier()))
    if (!c.ok) return c.name + ": " + c.detail;
  return {};
}

// A finding names a file, an entry of the log or a block.
bool names_something(const std::string& finding) {
  const auto named = [&](const std::string& word) {
    return finding.find(word) != std::string::npos;
  };
  const auto named_of = [&](const Files& files) {
    return std::any_of(files.begin(), files.end(),
                       [&](const auto& file) { return named(file.first); });
  };
  return named("entry ") || named("block ") || named_of(run().log) || named_of(run().openings);
}

std::string finding_without(bool of_log, const std::string& path) {
  Files& files = run().files_of(of_log);
  auto taken = files.extract(path);
  const std::string found = audit_of(run());
  files.insert(std::move(taken));
  return found;
}

}  // namespace

TEST_CASE("the run that is damaged below is accepted as it is") {
  CHECK(audit_of(run()) == "");
  CHECK(verify_of(run().receipt) == "");
  CHECK(run().log.size() > 5);
  CHECK(run().openings.size() > 10);
}

TEST_CASE("every flipped bit of a file is found and named") {
  const std::uint64_t flips = test::setting("AIPCHAIN_FLIPS", 4000),
                      seed = test::setting("AIPCHAIN_SEED", 1);
  Rng rng = Rng(seed).fork("flips");
  std::vector<std::pair<bool, std::string>> all;
  for (const auto& [path, bytes] : run().log) all.emplace_back(true, path);
  for (const auto& [path, bytes] : run().openings) all.emplace_back(false, path);
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t found = 0;
  for (std::uint64_t k = 0; k < flips; ++k) {
    // Every file is as likely, whatever its size: the small ones hold the keys and the roots.
    const auto& [of_log, path] = all[rng.below(all.size())];
    Bytes& bytes = run().files_of(of_log).at(path);
    const std::uint64_t at = rng.below(bytes.size());
    const auto mask = static_cast<std::uint8_t>(1u << rng.below(8));
    bytes[at] ^= mask;
    const std::string finding = audit_of(run());
    bytes[at] ^= mask;
    CAPTURE(seed);
    CAPTURE(k);
    CAPTURE(path);
    CAPTURE(at);
    CAPTURE(int{mask});
    CAPTURE(finding);
    const bool named = !finding.empty() && names_something(finding);
    CHECK(named);
    found += named ? 1 : 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("flips: %llu of %llu found in %zu files, seed %llu, %.1f s\n",
              static_cast<unsigned long long>(found), static_cast<unsigned long long>(flips),
              all.size(), static_cast<unsigned long long>(seed), took.count());
}

TEST_CASE("every flipped bit of a receipt is found and named") {
  const std::uint64_t flips = test::setting("AIPCHAIN_FLIPS", 4000) * 3 / 20,
                      seed = test::setting("AIPCHAIN_SEED", 1);
  Rng rng = Rng(seed).fork("receipt");
  std::uint64_t found = 0;
  for (std::uint64_t k = 0; k < flips; ++k) {
    std::string receipt = run().receipt;
    const std::uint64_t at = rng.below(receipt.size());
    receipt[at] = static_cast<char>(receipt[at] ^ static_cast<char>(1u << rng.below(8)));
    const std::string finding = verify_of(receipt);
    CAPTURE(seed);
    CAPTURE(k);
    CAPTURE(at);
    CHECK(finding.size() > 10);
    found += finding.empty() ? 0 : 1;
  }
  std::printf("receipt: %llu of %llu flips found in %zu bytes, seed %llu\n",
              static_cast<unsigned long long>(found), static_cast<unsigned long long>(flips),
              run().receipt.size(), static_cast<unsigned long long>(seed));
}

TEST_CASE("a policy of another chain, which differs in one price, refuses log and receipt") {
  // The same names, keys and homes: only genesis' tariff and input differ.
  test::Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto other =
      test::aipchain({"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--until", "1m",
                      "--set", "prices.retail_sell_eur_per_kwh=0.09", "--quiet"});
  REQUIRE(other.code == 0);
  const std::string theirs = test::slurp(folder.at("out/log/policy"));
  const Bytes& policy = run().log.at("policy");
  const std::string ours(policy.begin(), policy.end());
  CHECK(audit_of(run(), ours) == "");
  CHECK(verify_of(run().receipt, ours) == "");
  CHECK(audit_of(run(), theirs).find("R1: policy: differs") == 0);
  CHECK(verify_of(run().receipt, theirs).find("trust root: policy differs") == 0);
}

TEST_CASE("a receipt shows its whole slot, and no key") {
  const auto whole = nlohmann::json::parse(run().receipt);
  const auto verdict = [](const nlohmann::json& j) { return verify_of(j.dump() + "\n"); };
  REQUIRE(verdict(whole) == "");
  const std::size_t batches = whole.at("batches").size();
  REQUIRE(batches == 3);
  for (std::size_t b = 0; b < batches; ++b) {
    auto less = whole;
    less.at("batches").erase(b);
    CHECK(verdict(less) == "readings: a batch of the slot is missing");
    auto twice = whole;
    twice.at("batches").push_back(whole.at("batches")[b]);
    CHECK(verdict(twice).find("order of epochs") != std::string::npos);
    auto shorter = whole;
    shorter.at("batches")[b].at("readings").erase(std::size_t{0});
    CHECK(verdict(shorter).find("do not hash") != std::string::npos);
  }
  auto empty = whole;
  empty.at("batches").clear();
  CHECK(verdict(empty) == "readings: a batch of the slot is missing");
  auto silent = whole;
  silent["mark"] = nullptr;
  CHECK(verdict(silent).find("no mark") != std::string::npos);
  // The key that seals the account's restricted openings is in no part of the receipt.
  const Hash chain_id = sha256(run().log.at("genesis"));
  const auto registration =
      from_hex(whole.at("registration").at("opening").at("data").get<std::string>());
  REQUIRE(registration.has_value());
  for (const auto& [path, file] : run().openings)
    if (path.starts_with("restricted/" + whole.at("account").get<std::string>()))
      for (std::size_t at = 0; at + 32 <= registration->size(); ++at) {
        SymmetricKey key;
        std::copy_n(registration->begin() + static_cast<std::ptrdiff_t>(at), 32, key.begin());
        CHECK_FALSE(unseal_restricted_file(chain_id, key, file));
      }
}

TEST_CASE("a number in a receipt has one form and one value") {
  // Each number of the receipt, written otherwise: as a fraction, a truth, text, or 2^32 or 2^64
  // on.
  const std::string& whole = run().receipt;
  std::size_t tried = 0;
  for (std::size_t at = whole.find("\":"); at != std::string::npos;
       at = whole.find("\":", at + 1)) {
    const std::size_t begin = at + 2, end = whole.find_first_not_of("-0123456789", begin);
    if (begin == end) continue;
    const std::string number = whole.substr(begin, end - begin);
    for (const std::string& other :
         {number + ".5", number + ".0", number + "e0", "\"" + number + "\"", std::string("true"),
          std::string("null"), std::to_string(std::stoll(number) + (std::int64_t{1} << 32)),
          std::string("18446744073709551616"), std::string("1e99"), "[" + number + "]",
          number.starts_with('-') ? number.substr(1) : "-" + number}) {
      if (other == "-0") continue;  // not canonical, as the case above has it
      const std::string finding = verify_of(whole.substr(0, begin) + other + whole.substr(end));
      CAPTURE(number);
      CAPTURE(other);
      CHECK(finding != "");
      ++tried;
    }
  }
  CHECK(tried > 200);
}

TEST_CASE("garbage in place of a receipt is refused with its reason") {
  const std::string deep(200'000, '[');
  for (const std::string& garbage :
       {std::string(), std::string("{}"), std::string("null\n"), std::string(5000, '\xff'), deep,
        "{\"account\":" + deep + std::string(deep.size(), ']') + "}\n", run().receipt + "\n",
        run().receipt.substr(1), run().receipt + run().receipt}) {
    const std::string finding = verify_of(garbage);
    CAPTURE(garbage.substr(0, 20));
    CHECK(finding.starts_with("canonical form: "));
  }
}

TEST_CASE("a file that is gone is found and named") {
  for (const bool of_log : {true, false}) {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : run().files_of(of_log)) paths.push_back(path);
    for (const std::string& path : paths) {
      const std::string finding = finding_without(of_log, path);
      CAPTURE(path);
      CAPTURE(finding);
      // Without an account's openings it is the log's entry that cannot be opened.
      const bool named =
          of_log ? finding.find(path) != std::string::npos : names_something(finding);
      CHECK(named);
    }
  }
}

TEST_CASE("a file that no list names is found") {
  for (const bool of_log : {true, false})
    for (const std::string path :
         {"note", "blocks/1", "tile/0/001", "tile/entries/000", "restricted/x", "personal/00"}) {
      run().files_of(of_log)[path] = Bytes{1};
      const std::string finding = audit_of(run());
      run().files_of(of_log).erase(path);
      CAPTURE(path);
      CAPTURE(finding);
      CHECK(finding.find(path) != std::string::npos);
    }
}

TEST_CASE("a file that is cut off or goes on is found and named") {
  for (const bool of_log : {true, false})
    for (auto& [path, bytes] : run().files_of(of_log)) {
      const Bytes whole = bytes;
      std::vector<Bytes> others(5, whole);
      others[0].pop_back();
      others[1].resize(whole.size() / 2);
      others[2].clear();
      others[3].push_back(0);
      others[4].push_back('\n');
      for (const Bytes& other : others) {
        bytes = other;
        const std::string finding = audit_of(run());
        CAPTURE(path);
        CAPTURE(other.size());
        CAPTURE(finding);
        CHECK(names_something(finding));
      }
      bytes = whole;
    }
}

TEST_CASE("two files that changed places are found and named") {
  for (const bool of_log : {true, false}) {
    Files& files = run().files_of(of_log);
    for (auto a = files.begin(); a != files.end(); ++a)
      for (auto b = std::next(a); b != files.end(); ++b) {
        if (a->second == b->second) continue;
        std::swap(a->second, b->second);
        const std::string finding = audit_of(run());
        std::swap(a->second, b->second);
        CAPTURE(a->first);
        CAPTURE(b->first);
        CAPTURE(finding);
        CHECK(names_something(finding));
      }
  }
}

TEST_CASE("two records that changed places in a file of openings are found and named") {
  std::size_t tried = 0;
  for (auto& [path, bytes] : run().openings) {
    if (path == "auditor" || path == "keys") continue;
    const Bytes whole = bytes;
    std::vector<BytesView> records;
    for (BytesView rest = whole; !rest.empty(); rest = rest.subspan(records.back().size())) {
      ByteReader r(rest);
      records.push_back(rest.first(4 + r.u32()));
    }
    for (std::size_t i = 0; i + 1 < records.size(); ++i) {
      std::vector<BytesView> order = records;
      std::swap(order[i], order[i + 1]);
      bytes.clear();
      for (const BytesView record : order) append(bytes, record);
      const std::string finding = audit_of(run());
      CAPTURE(path);
      CAPTURE(i);
      CAPTURE(finding);
      CHECK(finding.find(path) != std::string::npos);
      ++tried;
    }
    bytes = whole;
  }
  CHECK(tried > 20);
}
