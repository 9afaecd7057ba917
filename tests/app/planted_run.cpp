#include "tests/app/planted_run.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "market/audit/audit.hpp"

namespace test {

using namespace ledger;
using nlohmann::json;

namespace {

Bytes front_of(const Bytes& file) {
  return {file.begin() + 40,
          file.begin() + 40 + std::min<std::ptrdiff_t>(64, std::ssize(file) - 40)};
}

}  // namespace

Verifier& shared_verifier() {
  static Ed25519Verifier ed25519;
  static CachedVerifier cached(ed25519, 1 << 16);
  return cached;
}

PlantedRun::PlantedRun(const std::string& scenario, const std::string& until) {
  folder_.write("scenario.toml", scenario);
  const Outcome made =
      aipchain({"run", folder_.at("scenario.toml"), "--out", path(), "--until", until, "--json"});
  REQUIRE_MESSAGE(made.code == 0, made.errors);
  accounts = json::parse(made.output).at("accounts").get<std::vector<std::string>>();
  REQUIRE(accounts.size() >= 4);
}

market::PublicLog PlantedRun::log() const {
  const Files files = files_of(path("/log"));
  market::PublicLog out;
  REQUIRE(market::load_trust(out, view_of(files), ""));
  REQUIRE(market::load_entries(out, view_of(files), shared_verifier()));
  return out;
}

market::Openings PlantedRun::openings() const {
  const Files files = files_of(path("/openings"));
  const auto all = market::load_openings(log(), view_of(files));
  REQUIRE_MESSAGE(all, (all ? "" : all.error()));
  return *all;
}

json PlantedRun::audit() const {
  const Outcome o = aipchain({"audit", path(), "--openings", path("/openings"), "--json"});
  const json all = json::parse(o.output);
  json out;
  for (const json& c : all.at("checks")) out[c.at("id")] = c;
  out["code"] = o.code;
  return out;
}

Outcome PlantedRun::erase(const std::string& account, std::vector<std::string> more) const {
  std::vector<std::string> words{"erase", path(), "--subject", account, "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return aipchain(words);
}

std::string PlantedRun::receipt(const std::string& account, const std::string& slot) const {
  return aipchain({"receipt", path(), "--account", account, "--slot", slot}).output;
}

Planted::Planted(const PlantedRun& run, const std::string& account_hex) {
  const market::Openings all = run.openings();
  const AccountId account{*array_from_hex<16>(account_hex)};
  const auto& keys = all.keys.at(account);
  personal["personal key"] = to_bytes(keys.personal);
  billing["restricted key"] = to_bytes(keys.restricted);
  billing["account"] = to_bytes(account.bytes);
  for (const auto& [batch, records] : all.personal)
    for (const auto& [meter, p] : records) {
      if (p.record.account != account) continue;
      const std::string name = "epoch " + std::to_string(batch.second);
      personal["record of " + name] = to_bytes(encode(p.record));
      for (std::size_t i = 0; i < p.readings.size(); ++i)
        personal["reading " + std::to_string(i) + " of " + name] = to_bytes(p.readings[i]);
    }
  for (const auto& [entry, openings] : all.restricted)
    for (const auto& [position, o] : openings)
      if (owner_of(o) == account) {
        billing["opening of entry " + std::to_string(entry)] = o.data;
        billing["salt in entry " + std::to_string(entry)] = to_bytes(o.salt);
      }
  const Files files = files_of(run.path("/openings"));
  personal["sealed readings"] = front_of(files.at("personal/" + account_hex));
  billing["sealed openings"] = front_of(files.at("restricted/" + account_hex));
  for (const auto& [path, bytes] : files_of(run.path("/vault")))
    for (const std::string& line : lines_of(ledger::text_of(bytes)))
      if (line.starts_with(account_hex)) {
        ++shares;
        personal["share of the " + path] = *from_hex(std::string_view(line).substr(35));
      }
}

bool holds(const Bytes& file, BytesView needle) {
  return std::search(file.begin(), file.end(), needle.begin(), needle.end()) != file.end();
}

// Where some of it is found; empty where none is.
std::string found(const std::map<std::string, Bytes>& planted, const Files& files) {
  for (const auto& [what, bytes] : planted) {
    const std::string digits = to_hex(bytes);
    std::string upper = digits;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (const auto& [path, file] : files)
      if (holds(file, bytes) || holds(file, bytes_of(digits)) || holds(file, bytes_of(upper)) ||
          path.find(digits) != std::string::npos)
        return what + " in " + path;
  }
  return {};
}

}  // namespace test
