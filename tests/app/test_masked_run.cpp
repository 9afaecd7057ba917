// What an operator learns of a run's homes by masked sums: their total, whoever is silent.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;
using test::Folder;

namespace {

std::string with_homes(int homes) {
  std::string text = test::short_scenario;
  for (const std::string key : {"homes = ", "count = "}) {
    const std::size_t at = text.find(key + "6");
    text.replace(at, key.size() + 1, key + std::to_string(homes));
  }
  return text;
}

json summary_of(int homes, const std::string& faults, bool masked) {
  const Folder folder;
  folder.write("scenario.toml", with_homes(homes) + faults);
  const test::Outcome ran =
      test::aipchain({"run", folder.at(""), "--out", folder.at("out"), "--json", "--quiet", "--set",
                      std::string("ledger.masked_sums=") + (masked ? "true" : "false")});
  CAPTURE(ran.errors);
  REQUIRE(ran.code == 0);
  return json::parse(ran.output);
}

std::string silent(const std::string& homes) {
  return "[[fault]]\nkind = \"meter_silent\"\nat = \"2m\"\nfor = \"2m\"\ntarget = [" + homes +
         "]\n";
}

}  // namespace

TEST_CASE("masked run: the operator's sum is that of all homes' statements, to the watt-hour") {
  const json plain = summary_of(12, "", false), masked = summary_of(12, "", true);
  CHECK_FALSE(plain.contains("masked_sums"));
  const json& m = masked.at("masked_sums");
  CHECK(m.at("difference_wh") == 0);
  CHECK(m.at("net_wh") != 0);
  CHECK(m.at("groups") == 1);
  CHECK(m.at("slots") == 6);
  CHECK(m.at("home_slots") == 6 * 12);
  CHECK(m.at("hidden_home_slots") == 0);
  for (const char* part : {"market", "tokens", "energy", "oracle"})
    CHECK(masked.at(part) == plain.at(part));
}

TEST_CASE("masked run: two silent homes are left out, and of nine nothing is said") {
  const json m = summary_of(12, silent("\"home-01\", \"home-02\""), true).at("masked_sums");
  CHECK(m.at("difference_wh") == 0);
  CHECK(m.at("home_slots") == 6 * 12 - 2 * 2);
  CHECK(m.at("hidden_home_slots") == 0);
  const json few =
      summary_of(12, silent("\"home-01\", \"home-02\", \"home-03\""), true).at("masked_sums");
  CHECK(few.at("difference_wh") == 0);
  CHECK(few.at("home_slots") == 4 * 12);
  CHECK(few.at("hidden_home_slots") == 2 * 9);
}

TEST_CASE("masked run: fewer than ten homes have no group") {
  const json m = summary_of(9, "", true).at("masked_sums");
  CHECK(m.at("groups") == 0);
  CHECK(m.at("home_slots") == 0);
  CHECK(m.at("net_wh") == 0);
}
