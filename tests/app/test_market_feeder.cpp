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

TEST_CASE("market clear --grid refuses by name who stands nowhere, and clears the rest") {
  const Cleared c(book + "3,buy,Ben,9,1,0.5\n4,sell,Dora,,1,0.01\n",
                  {"--mechanism", "grid-aware", "--grid", "GRID"});
  REQUIRE(c.outcome.code == 0);
  CHECK(c.out.at("orders") == 2);
  CHECK(c.out.at("volume_kwh").get<double>() > 3);
  REQUIRE(c.out.at("refused").size() == 2);
  const json& first = c.out.at("refused")[0];
  CHECK(first.at("line") == 4);
  CHECK(first.at("id") == "3");
  CHECK(first.at("why") == "bus: found \"9\"; wants a live bus of " + c.folder.at("grid.json"));
  CHECK(c.out.at("refused")[1].at("why").get<std::string>().starts_with("bus: is empty; wants"));
  CHECK(c.outcome.errors.find("book.csv:4: bus: found \"9\"") != std::string::npos);
  CHECK(refused_with(Cleared(book, {"--mechanism", "grid-aware", "--grid", "GRID"}, "{"),
                     "grid.json"));
  test::Folder folder;
  folder.write("u.csv", book);
  const auto wrong = test::aipchain({"market", "clear", folder.at("u.csv"), "--mechanism",
                                     "grid-aware", "--grid", folder.at("u.csv")});
  CHECK(wrong.code == 2);
  CHECK(wrong.errors.find("u.csv: is no file of a SimBench folder") != std::string::npos);
}

TEST_CASE("market clear --grid of a book without orders says how the feeder stands") {
  const std::string heading = book.substr(0, book.find('\n') + 1);
  for (const std::string& orders : {heading, heading + "1,sell,Cleo,9,10,0.10\n"}) {
    const Cleared c(orders, {"--mechanism", "grid-aware", "--grid", "GRID"});
    REQUIRE(c.outcome.code == 0);
    CHECK(c.out.at("volume_kwh") == 0);
    CHECK(c.out.at("price_eur_per_kwh").is_null());
    CHECK(c.out.at("optimal_welfare_eur") == 0);
    CHECK(c.out.at("trades").empty());
    CHECK(c.out.at("before").at("converged") == true);
    CHECK(c.out.at("before").at("v_min_pu").is_null());  // nothing is connected
    CHECK(c.out.at("after") == c.out.at("before"));
  }
}

TEST_CASE("market clear prints price, trades and optimum of mechanisms with a feeder") {
  // Ben stands at the seller's bus, Anna behind the line: two prices.
  const Cleared two(book + "3,buy,Ben,2,1,0.2\n", {"--mechanism", "grid-aware", "--grid", "GRID"});
  REQUIRE(two.outcome.code == 0);
  CHECK(two.out.at("price_eur_per_kwh").is_null());
  CHECK(two.out.at("optimal_welfare_eur") == 2);  // all to Anna, without a grid
  CHECK(two.out.at("welfare_eur").get<double>() < 1);
  REQUIRE(two.out.at("trades").size() == 2);
  double sum = 0, rent = 0;
  for (const json& t : two.out.at("trades")) {
    sum += t.at("kwh").get<double>();
    rent += t.at("kwh").get<double>() * t.at("congestion_eur_per_kwh").get<double>();
    CHECK(t.at("seller") == "Cleo");
    CHECK(t.at("price_eur_per_kwh") == 0.1);
    CHECK(t.at("congestion_eur_per_kwh").get<double>() ==
          doctest::Approx(t.at("buyer") == "Ben" ? 0 : 0.2));
  }
  CHECK(sum == doctest::Approx(two.out.at("volume_kwh").get<double>()));
  CHECK(rent == doctest::Approx(two.out.at("congestion_rent_eur").get<double>()));
  const Cleared one(book, {"--mechanism", "grid-aware"});
  CHECK(one.out.at("price_eur_per_kwh") == 0.2);
  CHECK(one.out.at("welfare_eur") == 2);
  CHECK(one.out.at("optimal_welfare_eur") == 2);
  CHECK(one.out.at("trades") == json::array({{{"buyer", "Anna"},
                                              {"seller", "Cleo"},
                                              {"buyer_order", "2"},
                                              {"seller_order", "1"},
                                              {"kwh", 10.0},
                                              {"price_eur_per_kwh", 0.2},
                                              {"congestion_eur_per_kwh", 0.0}}}));
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
  CHECK(c.out.at("price_eur_per_kwh").is_null());  // the buyer pays the way besides
  CHECK(refused_with(Cleared(book, {"--mechanism", "fee-tree"}), "--fee-tree: is missing"));
  const Cleared within(book + "3,buy,Ben,2,1,0.12\n4,buy,Carl,4,1,0.9\n",
                       {"--mechanism", "fee-tree", "--fee-tree", "GRID"},
                       "node,parent,fee_eur_per_kwh,net_import_kwh\n2,,0,0\n");
  REQUIRE(within.outcome.code == 0);
  CHECK(within.out.at("volume_kwh") == 1);  // Ben's alone
  CHECK(within.out.at("price_eur_per_kwh") == within.out.at("trades")[0].at("price_eur_per_kwh"));
  CHECK(within.out.at("optimal_welfare_eur") == within.out.at("welfare_eur"));
  REQUIRE(within.out.at("refused").size() == 2);
  CHECK(within.out.at("refused")[0].at("line") == 3);
  CHECK(within.out.at("refused")[0].at("why") ==
        "bus: found \"3\"; wants a node of " + within.folder.at("grid.json"));
  CHECK(within.outcome.errors.find("book.csv:5: bus: found \"4\"") != std::string::npos);
  CHECK(refused_with(Cleared(book, {"--mechanism", "fee-tree", "--fee-tree", "GRID"}, "x\n"),
                     "grid.json:1: wants the heading"));
}
