// `aipchain market clear` with a feeder: its limits, and its tree of fees.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;

namespace {

// Three buses in a row, 400 V, lines of 20 A; nothing is drawn.
const std::string street = R"({"version": "1.0", "type": "input", "data": {
"node": [{"id": 1, "u_rated": 400}, {"id": 2, "u_rated": 400}, {"id": 3, "u_rated": 400}],
"line": [{"id": 4, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "r1": 0.02,
 "x1": 0.01, "c1": 0, "tan1": 0, "r0": 0.06, "x0": 0.03, "c0": 0, "tan0": 0, "i_n": 20},
 {"id": 5, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1, "r1": 0.02,
 "x1": 0.01, "c1": 0, "tan1": 0, "r0": 0.06, "x0": 0.03, "c0": 0, "tan0": 0, "i_n": 20}],
"source": [{"id": 6, "node": 1, "status": 1, "u_ref": 1.0, "sk": 1e9, "rx_ratio": 0.1,
 "z01_ratio": 1}]}})";

const std::string book =
    "id,side,agent,bus,kwh,price_eur_per_kwh\n"
    "1,sell,Cleo,2,10,0.10\n2,buy,Anna,3,10,0.30\n";

struct Cleared {
  test::Folder folder;
  test::Outcome outcome;
  json out;

  Cleared(const std::string& orders, std::vector<std::string> more,
          const std::string& file = street) {
    folder.write("book.csv", orders);
    folder.write("grid.json", file);
    for (std::string& m : more)
      if (m == "GRID") m = folder.at("grid.json");
    more.insert(more.begin(), {"market", "clear", folder.at("book.csv")});
    more.push_back("--json");
    outcome = test::aipchain(more);
    if (outcome.code == 0) out = json::parse(outcome.output);
  }
};

bool refused_with(const Cleared& c, const std::string& why) {
  CAPTURE(c.outcome.errors);
  return c.outcome.code == 2 && c.outcome.output.empty() &&
         c.outcome.errors.find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("market clear --grid trades what the feeder lets through, at a price a bus") {
  const Cleared c(book, {"--mechanism", "grid-aware", "--grid", "GRID"});
  CAPTURE(c.outcome.errors);
  REQUIRE(c.outcome.code == 0);
  // 20 A in three phases of 231 V for a quarter of an hour.
  const double carried = 20 * 3 * 230.94 / 4 / 1000;
  CHECK(c.out.at("volume_kwh").get<double>() == doctest::Approx(carried).epsilon(0.01));
  CHECK(c.out.at("volume_kwh").get<double>() < carried);
  CHECK(c.out.at("prices") == json::array({{{"bus", "2"}, {"price_eur_per_kwh", 0.1}},
                                           {{"bus", "3"}, {"price_eur_per_kwh", 0.3}}}));
  CHECK(c.out.at("congestion_rent_eur").get<double>() ==
        doctest::Approx(carried * 0.2).epsilon(0.01));
  CHECK_FALSE(c.out.at("full").empty());
  CHECK(c.out.at("before").at("max_loading").get<double>() == doctest::Approx(0).epsilon(1e-6));
  CHECK(c.out.at("after").at("max_loading").get<double>() == doctest::Approx(1).epsilon(0.01));
  const Cleared hour(book, {"--mechanism", "grid-aware", "--grid", "GRID", "--slot-minutes", "60"});
  CHECK(hour.out.at("volume_kwh") == 10);
  CHECK(hour.out.at("full").empty());
}

TEST_CASE("market clear --mechanism grid-aware without a grid is one bus, and says so") {
  const Cleared c(book, {"--mechanism", "grid-aware"});
  REQUIRE(c.outcome.code == 0);
  CHECK(c.out.at("volume_kwh") == 10);
  CHECK(c.out.at("prices") == json::array({{{"bus", "everywhere"}, {"price_eur_per_kwh", 0.2}}}));
  CHECK_FALSE(c.out.contains("after"));
  const test::Folder folder;
  folder.write("book.csv", book);
  const auto text =
      test::aipchain({"market", "clear", folder.at("book.csv"), "--mechanism", "grid-aware"});
  CHECK(text.output.find("no --grid: one bus, nothing limits") != std::string::npos);
}

TEST_CASE("market clear --grid refuses what the feeder has not") {
  CHECK(refused_with(Cleared("id,side,agent,bus,kwh,price_eur_per_kwh\n1,sell,Cleo,9,1,0.1\n",
                             {"--mechanism", "grid-aware", "--grid", "GRID"}),
                     "has no live bus \"9\", which order \"1\" names"));
  CHECK(refused_with(Cleared("id,side,agent,bus,kwh,price_eur_per_kwh\n1,sell,Cleo,,1,0.1\n",
                             {"--mechanism", "grid-aware", "--grid", "GRID"}),
                     "has no live bus \"\""));
  CHECK(refused_with(Cleared(book, {"--mechanism", "grid-aware", "--grid", "GRID"}, "{"),
                     "grid.json"));
}

TEST_CASE("market clear --fee-tree counts a trade's way") {
  const std::string tree =
      "node,parent,fee_eur_per_kwh,net_import_kwh\nbusbar,,0,0\n2,busbar,0.04,-5\n"
      "3,busbar,0.06,5\n";
  const Cleared c(book, {"--mechanism", "fee-tree", "--fee-tree", "GRID"}, tree);
  CAPTURE(c.outcome.errors);
  REQUIRE(c.outcome.code == 0);
  REQUIRE(c.out.at("trades").size() == 1);
  CHECK(c.out.at("trades")[0].at("fee_eur_per_kwh") == 0.1);
  CHECK(c.out.at("fees_eur") == 1);
  CHECK(c.out.at("welfare_eur") == 2);  // fees are transfers
  CHECK(c.out.at("optimal_welfare_eur") == 2);
  CHECK(refused_with(Cleared(book, {"--mechanism", "fee-tree"}), "--fee-tree: is missing"));
  CHECK(refused_with(Cleared(book, {"--mechanism", "fee-tree", "--fee-tree", "GRID"},
                             "node,parent,fee_eur_per_kwh,net_import_kwh\nbusbar,,0,0\n"),
                     "has no node \"2\""));
  CHECK(refused_with(Cleared(book, {"--mechanism", "fee-tree", "--fee-tree", "GRID"}, "x\n"),
                     "grid.json:1: wants the heading"));
}
