// Fee trees from text: what is read, and what is refused by line and key.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/fee_tree_reader.hpp"

using namespace market;

namespace {

const std::string heading = "node,parent,fee_eur_per_kwh,net_import_kwh\n";

std::string refusal(const std::string& text) {
  const auto read = read_fee_tree(text, "tree.csv", 25);
  REQUIRE_FALSE(read.has_value());
  return read.error();
}

}  // namespace

TEST_CASE("fee tree file: nodes, directions, and what is let pass") {
  const auto read = read_fee_tree("\xef\xbb\xbf" + heading +
                                      "\r\n beyond , , 0 , 0\r\n"
                                      "station,beyond,0.02,-12.5\nstreet,station,0.04,3\n"
                                      "lane,station,0.01,0",
                                  "tree.csv", 25);
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  CHECK(read->names == std::vector<std::string>{"beyond", "station", "street", "lane"});
  CHECK(check_fee_tree(read->tree).empty());
  const auto is = [&](std::size_t node, std::uint32_t parent, std::int64_t up, std::int64_t down) {
    CHECK(read->tree[node].parent == parent);
    CHECK(read->tree[node].up.value == up);
    CHECK(read->tree[node].down.value == down);
  };
  is(0, 0, 0, 0);
  is(1, 0, 20'000, 5'000);   // energy leaves it
  is(2, 1, 10'000, 40'000);  // energy enters it
  is(3, 1, 10'000, 10'000);
}

TEST_CASE("fee tree file: names in quotes are as an order book's") {
  const auto read = read_fee_tree(
      heading + "\"the, station\",,0,0\n\"a \"\"b\"\"\", \"the, station\" ,\"0.02\",3\n",
      "tree.csv", 25);
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  CHECK(read->names == std::vector<std::string>{"the, station", "a \"b\""});
  CHECK(refusal(heading + "\"a,,0,0\n") ==
        "tree.csv:2: a quote is not closed, or something follows it");
  CHECK(refusal(heading + "\xff,,0,0\n").find("tree.csv:2: node: wants a name") == 0);
}

TEST_CASE("fee tree file: what is wrong is named by line and key") {
  CHECK(refusal("") == "tree.csv:0: wants the heading node,parent,fee_eur_per_kwh,net_import_kwh");
  CHECK(refusal("node,parent\n").find("tree.csv:1: wants the heading") == 0);
  CHECK(refusal(heading) == "tree.csv:1: has no node");
  CHECK(refusal(heading + "a,,0\n") == "tree.csv:2: wants four cells");
  CHECK(refusal(heading + "a,,0,0,0\n") == "tree.csv:2: wants four cells");
  CHECK(refusal(heading + "a,b,0,0\n") == "tree.csv:2: parent: the root has none");
  CHECK(refusal(heading + "a,,1,0\n") == "tree.csv:2: fee_eur_per_kwh: the root's is 0");
  const std::string root = heading + "a,,0,0\n\n";
  CHECK(refusal(root + "b,c,0,0\n") == "tree.csv:4: parent: is no earlier node");
  CHECK(refusal(root + "b,,0,0\n") == "tree.csv:4: parent: is no earlier node");
  CHECK(refusal(root + ",a,0,0\n") ==
        "tree.csv:4: node: wants a name of 1 to 64 bytes of UTF-8 without control characters");
  CHECK(refusal(root + std::string(65, 'x') + ",a,0,0\n").find("4: node: wants") !=
        std::string::npos);
  CHECK(refusal(root + "a,a,0,0\n") == "tree.csv:4: node: its name is taken");
  for (const char* fee : {"-0.01", "100.000001", "nan", "", "0x1", "0.0000001", "1e400", "inf"})
    CHECK(refusal(root + "b,a," + fee + ",0\n").find("4: fee_eur_per_kwh: wants") !=
          std::string::npos);
  for (const char* kwh : {"1000000.001", "-1e9", "nan", "", "0.0001", "x"})
    CHECK(refusal(root + "b,a,0," + kwh + "\n").find("4: net_import_kwh: wants") !=
          std::string::npos);
}

TEST_CASE("fee tree file: bytes changed at random are read or refused, never more") {
  const std::string good = heading + "a,,0,0\nb,a,0.02,-1\nc,b,0.03,2.5\nd,a,0.01,0\n";
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    ledger::Rng rng(seed);
    std::string text = good;
    for (std::uint64_t k = 1 + rng.below(3); k-- > 0;)
      text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    const auto read = read_fee_tree(text, "tree.csv", 50);
    if (read)
      CHECK(check_fee_tree(read->tree).empty());
    else
      ++refused;
  }
  CHECK(refused > 1000);
}
