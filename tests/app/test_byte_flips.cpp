// Every byte below log/ changed, one after the other: audit finds each, and so does the reader in
// scripts/. AIPCHAIN_STRIDE and AIPCHAIN_PYTHON_STRIDE take every n-th byte of each file,
// AIPCHAIN_SEED another seed (scripts/campaign byte-flips takes every byte).

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>

#include "ledger/base/rng.hpp"
#include "market/audit/audit.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using test::Files;

namespace {

// Whether a check of the public files fails.
bool finds(const Files& log, Verifier& verifier) {
  market::AuditInput input;
  input.log = test::view_of(log);
  const auto checks = market::audit(input, verifier);
  return std::any_of(checks.begin(), checks.end(), [](const market::AuditCheck& c) {
    return c.result == market::CheckResult::fails;
  });
}

// By how much each byte is changed: never by nothing.
Files masks_of(const Files& log, std::uint64_t seed) {
  Files out;
  for (const auto& [path, bytes] : log) {
    Rng rng = Rng(seed).fork(path);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      out[path].push_back(static_cast<std::uint8_t>(1 + rng.below(255)));
  }
  return out;
}

struct Flips {
  std::size_t files = 0, bytes = 0, tried = 0, found = 0;
};

Flips flip(Files log, const Files& masks, std::uint64_t stride) {
  Ed25519Verifier ed25519;
  CachedVerifier verifier(ed25519, 1 << 18);
  REQUIRE_FALSE(finds(log, verifier));
  Flips out;
  for (auto& file : log) {
    const std::string& path = file.first;
    Bytes& bytes = file.second;
    ++out.files;
    out.bytes += bytes.size();
    for (std::size_t at = 0; at < bytes.size(); at += stride) {
      bytes[at] ^= masks.at(path)[at];
      const bool found = finds(log, verifier);
      bytes[at] ^= masks.at(path)[at];
      CHECK_MESSAGE(found, path, " at ", at, " by ", int{masks.at(path)[at]});
      ++out.tried;
      out.found += found ? 1 : 0;
    }
  }
  return out;
}

void write_files(const test::Folder& folder, const std::string& below, const Files& files) {
  for (const auto& [path, bytes] : files) folder.write(below + "/" + path, text_of(bytes));
}

}  // namespace

TEST_CASE("every byte of a public log that is changed is found by both readers") {
  const std::uint64_t seed = test::setting("AIPCHAIN_SEED", 1),
                      stride = test::setting("AIPCHAIN_STRIDE", 20);
  test::Folder folder;
  std::string scenario = test::short_scenario;
  scenario.replace(scenario.find("\"6m\""), 4, "\"24m\"");
  scenario.replace(scenario.find("gateways = 2"), 12, "gateways = 2\nconcentrators = 1");
  folder.write("scenario.toml", scenario);
  REQUIRE(test::aipchain({"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--quiet"})
              .code == 0);
  const Files log = test::files_of(folder.at("out/log")), masks = masks_of(log, seed);
  const auto begin = std::chrono::steady_clock::now();
  const Flips flips = flip(log, masks, stride);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(flips.bytes > 90'000);
  std::printf(
      "audit: %zu of %zu changed bytes found in %zu bytes of %zu files, seed %llu, %.1f s\n",
      flips.found, flips.tried, flips.bytes, flips.files, static_cast<unsigned long long>(seed),
      took.count());

  write_files(folder, "log", log);
  write_files(folder, "masks", masks);
  const std::string strides = std::to_string(test::setting("AIPCHAIN_PYTHON_STRIDE", 160));
  test::Process reader({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/tests/app/flip_bytes.py",
                        folder.path().string(), strides});
  const int code = reader.finish();
  std::printf("%s", reader.output.c_str());
  CHECK_MESSAGE(code == 0, reader.output, reader.errors);
}
