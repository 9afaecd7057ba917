// `aipchain grid solve` and `grid convert` as their users call them.

#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;

namespace {

const std::string case_file = R"(function mpc = two
mpc.version = '2';
mpc.baseMVA = 1;
mpc.bus = [
  1 3 0 0 0 0 1 1 0 10 1 1.1 0.9;
  20 1 0.5 0.1 0 0 1 1 0 10 1 1.1 0.9;
];
mpc.gen = [1 0 0 10 -10 1.02 100 1 10 0];
mpc.branch = [1 20 0.01 0.02 0 0.6 0 0 0 0 1 -360 360];
mpc.bus_name = {'one'; 'two'};
)";

const std::string unbalanced = R"({"version": "1.0", "type": "input", "data": {
"node": [{"id": 1, "u_rated": 400}, {"id": 2, "u_rated": 400}],
"line": [{"id": 3, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "r1": 0.1,
 "x1": 0.1, "c1": 0, "tan1": 0, "r0": 0.4, "x0": 0.3, "c0": 0, "tan0": 0}],
"source": [{"id": 4, "node": 1, "status": 1, "u_ref": 1}],
"asym_load": [{"id": 5, "node": 2, "status": 1, "type": 0, "p_specified": [2000, 0, 500],
 "q_specified": [0, 0, 0]}]}})";

std::string written(const test::Folder& folder, const std::string& name, const std::string& text) {
  folder.write(name, text);
  return folder.at(name);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("grid solve prints voltages, flows and losses, and says so with 0") {
  const test::Folder folder;
  const std::string file = written(folder, "two.m", case_file);
  const test::Outcome outcome = test::aipchain({"grid", "solve", file, "--json"});
  REQUIRE(outcome.code == 0);
  CHECK(outcome.errors.empty());
  const json out = json::parse(outcome.output);
  CHECK(out["converged"] == true);
  CHECK(out["iterations"].get<int>() > 0);
  REQUIRE(out["buses"].size() == 2);
  CHECK(out["buses"][0]["vm_pu"].get<double>() == doctest::Approx(1.02).epsilon(1e-9));
  CHECK(out["buses"][1]["id"] == 20);
  CHECK(out["buses"][1]["name"] == "two");
  CHECK(out["buses"][1]["phase"] == 0);
  // U2 is the greater root of |U2|^4 + (2 (R P + X Q) - U1^2) |U2|^2 + |Z|^2 |S|^2 = 0.
  const double b = 2 * (0.01 * 0.5 + 0.02 * 0.1) - 1.02 * 1.02, c = 0.0005 * 0.26;
  const double u2 = std::sqrt((-b + std::sqrt(b * b - 4 * c)) / 2);
  CHECK(out["buses"][1]["vm_pu"].get<double>() == doctest::Approx(u2).epsilon(1e-9));
  REQUIRE(out["branches"].size() == 1);
  const json& branch = out["branches"][0];
  const double losses_w = 1e6 * 0.01 * 0.26 / (u2 * u2);
  CHECK(out["losses_w"].get<double>() == doctest::Approx(losses_w).epsilon(1e-6));
  CHECK(branch["p_from_w"].get<double>() == doctest::Approx(5e5 + losses_w).epsilon(1e-6));
  CHECK(out["source_p_w"].get<double>() == doctest::Approx(5e5 + losses_w).epsilon(1e-6));
  CHECK(branch["i_a"].get<double>() ==
        doctest::Approx(std::sqrt(0.26) * 1e6 / (std::sqrt(3) * 1e4 * u2)).epsilon(1e-6));
  CHECK(branch["loading"].get<double>() ==
        doctest::Approx(std::sqrt(0.26) / u2 / 0.6).epsilon(1e-6));
}

TEST_CASE("phases are those of the file unless told") {
  const test::Folder folder;
  const std::string file = written(folder, "small.json", unbalanced);
  const auto buses = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"grid", "solve", file, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const test::Outcome outcome = test::aipchain(words);
    CHECK(outcome.code == 0);
    return json::parse(outcome.output)["buses"];
  };
  CHECK(buses({}).size() == 6);
  CHECK(buses({})[5]["phase"] == 3);
  CHECK(buses({"--phases", "3"}).size() == 6);
  CHECK(buses({"--phases", "1"}).size() == 2);
  const std::string two = written(folder, "two.m", case_file);
  const test::Outcome three = test::aipchain({"grid", "solve", two, "--phases", "3", "--json"});
  CHECK(json::parse(three.output)["buses"].size() == 6);
}

TEST_CASE("a grid that cannot carry its loads ends with 1, and still says what it found") {
  const test::Folder folder;
  const std::string file = written(folder, "two.m", with(case_file, "0.5 0.1", "90 40"));
  const test::Outcome outcome = test::aipchain({"grid", "solve", file, "--json"});
  CHECK(outcome.code == 1);
  CHECK(json::parse(outcome.output)["converged"] == false);
  CHECK(outcome.errors.find("did not converge; worst at bus two, off by ") != std::string::npos);
}

TEST_CASE("a wrong file or command line ends with 2 and nothing on stdout") {
  const test::Folder folder;
  const std::string good = written(folder, "two.m", case_file);
  const std::string bad = written(folder, "bad.m", with(case_file, "1 20", "1 30"));
  const std::string strange = written(folder, "two.xyz", case_file);
  const std::string no_zero =
      written(folder, "no_zero.json", with(unbalanced, "\"r0\": 0.4, \"x0\": 0.3, ", ""));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"grid"},
                                             {"grid", "solve"},
                                             {"grid", "solve", bad},
                                             {"grid", "solve", strange},
                                             {"grid", "solve", folder.at("none.json")},
                                             {"grid", "solve", folder.at("")},
                                             {"grid", "solve", good, "--phases", "2"},
                                             {"grid", "solve", good, "--tolerance", "0"},
                                             {"grid", "solve", good, "--tolerance", "tight"},
                                             {"grid", "solve", good, "--fast"},
                                             {"grid", "solve", no_zero, "--phases", "3"},
                                             {"grid", "convert", good},
                                             {"grid", "convert", good, folder.at("out.m")},
                                             {"grid", "convert", bad, folder.at("out.json")}}) {
    const test::Outcome outcome = test::aipchain(words);
    CAPTURE(outcome.errors);
    CHECK(outcome.code == 2);
    CHECK(outcome.output.empty());
  }
  CHECK(test::aipchain({"grid", "solve", bad}).errors.find("bad.m:9: branch 1: T_BUS") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.at("out.json")));
}

TEST_CASE("grid convert writes a file that solves alike") {
  const test::Folder folder;
  const std::string file = written(folder, "two.m", case_file), out = folder.at("out.json");
  CHECK(test::aipchain({"grid", "convert", file, out}).code == 0);
  const json first = json::parse(test::aipchain({"grid", "solve", file, "--json"}).output);
  const json second = json::parse(test::aipchain({"grid", "solve", out, "--json"}).output);
  for (std::size_t b = 0; b < 2; ++b) {
    CHECK(second["buses"][b]["id"] == first["buses"][b]["id"]);
    CHECK(second["buses"][b]["name"] == first["buses"][b]["name"]);
    CHECK(second["buses"][b]["vm_pu"].get<double>() ==
          doctest::Approx(first["buses"][b]["vm_pu"].get<double>()).epsilon(1e-9));
  }
  CHECK(test::aipchain({"grid", "convert", file, folder.at("no/such/out.json")}).code == 3);
}
