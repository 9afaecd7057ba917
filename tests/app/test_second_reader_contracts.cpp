// Both readers on receipts of accounts with contracts: orders that contracts made stand in the
// book, and what is bought is held; whole and damaged.

#include <doctest/doctest.h>

#include "market/receipt/receipt.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/market/book_support.hpp"
#include "tests/support/village_chain.hpp"

using nlohmann::json;

TEST_CASE("second reader: contracts in receipts are read alike") {
  const market_test::VillageChain made = market_test::village_chain(4, 14);
  test::ReaderCases cases;
  std::size_t with_contracts = 0;
  for (const std::uint8_t home : {1, 2, 3})
    for (const std::uint32_t slot : {5u, 6u, 9u, 12u, 13u}) {
      const auto receipt = market::write_receipt(made.log, made.openings,
                                                 market_test::account(home), ledger::Slot{slot});
      REQUIRE_MESSAGE(receipt, receipt.error());
      const std::string name = "home " + std::to_string(home) + " slot " + std::to_string(slot);
      CHECK(test::verdict_of(*receipt) == "");
      cases.receipt(name, *receipt);
      const json whole = json::parse(*receipt);
      if (!whole.contains("contracts")) continue;
      ++with_contracts;
      json without = whole;
      without.erase("contracts");
      cases.receipt(name + " without contracts", without.dump() + "\n");
      for (std::size_t i = 0; i < whole["contracts"].size(); ++i) {
        json fewer = whole;
        fewer["contracts"].erase(i);
        if (!fewer["contracts"].empty())
          cases.receipt(name + " with a contract less", fewer.dump() + "\n");
        json twice = whole;
        twice["contracts"].push_back(whole["contracts"][i]);
        cases.receipt(name + " with a contract twice", twice.dump() + "\n");
        json other = whole;
        std::string data = other["contracts"][i]["opening"]["data"];
        data[90] = data[90] == '0' ? '1' : '0';
        other["contracts"][i]["opening"]["data"] = data;
        cases.receipt(name + " with another contract", other.dump() + "\n");
      }
    }
  CHECK(with_contracts == 12);
  cases.compare();
}

TEST_CASE("second reader: tariff changes in receipts are read alike") {
  const market_test::VillageChain made = market_test::village_chain(4, 9);
  test::ReaderCases cases;
  const auto receipt_of = [&](std::uint32_t slot) {
    const auto receipt =
        market::write_receipt(made.log, made.openings, market_test::account(2), ledger::Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    CHECK(test::verdict_of(*receipt) == "");
    cases.receipt("slot " + std::to_string(slot), *receipt);
    return json::parse(*receipt);
  };
  const json whole = receipt_of(3), later = receipt_of(7);
  receipt_of(4);
  REQUIRE(whole.at("fees").size() == 1);
  const auto changed = [&](const std::string& name, auto change) {
    json other = whole;
    change(other);
    const std::string text = other.dump() + "\n";
    CHECK_MESSAGE(test::verdict_of(text) != "", name);
    cases.receipt(name, text);
  };
  changed("none", [](json& r) { r.erase("fees"); });
  changed("empty", [](json& r) { r["fees"] = json::array(); });
  changed("twice", [](json& r) { r["fees"].push_back(r["fees"][0]); });
  changed("of other slots", [&](json& r) { r["fees"] = later["fees"]; });
  changed("opened", [](json& r) { r["fees"][0]["opening"] = 1; });
  for (const std::size_t at : {3u, 60u, 76u, 84u, 90u, 150u})
    changed("entry changed at " + std::to_string(at), [&](json& r) {
      std::string entry = r["fees"][0]["entry"];
      entry[at] = entry[at] == '0' ? '1' : '0';
      r["fees"][0]["entry"] = entry;
    });
  cases.compare();
}

TEST_CASE("second reader: a bill that leaves out what was posted is refused by both readers") {
  const market_test::VillageChain made = market_test::village_chain(4, 14);
  test::ReaderCases cases;
  const auto forged = [&](const std::string& name, std::uint8_t home, std::uint32_t slot,
                          auto change) {
    const auto receipt = market::write_receipt(made.log, made.openings, market_test::account(home),
                                               ledger::Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    json other = json::parse(*receipt);
    change(other);
    const std::string text = other.dump() + "\n";
    CHECK_MESSAGE(test::verdict_of(text) == "bill", name);
    cases.receipt(name, text);
  };
  const auto without = [](json& bill, const std::string& line) {
    const auto at = std::find_if(bill.begin(), bill.end(), [&](const json& row) {
      return row.at("line").get<std::string>().starts_with(line);
    });
    REQUIRE(at != bill.end());
    bill.erase(at);
  };
  forged("no measure", 1, 7, [&](json& r) {
    r.erase("measures");
    without(r["bill"], "compensation");
  });
  forged("one measure less", 1, 7, [&](json& r) {
    r["measures"].erase(1);
    without(r["bill"], "compensation");
  });
  forged("no contract of several", 3, 12, [&](json& r) {
    REQUIRE(r["contracts"].size() == 3);
    r["contracts"].erase(2);
    without(r["bill"], "relief");
  });
  // Where nothing was paid, nothing is left out.
  std::size_t paid = 0;
  for (std::uint32_t slot = 6; slot < 14; ++slot) {
    const auto receipt =
        market::write_receipt(made.log, made.openings, market_test::account(1), ledger::Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    if (receipt->find("{\"line\":\"flexibility offer\",\"micro_eur\":-") == std::string::npos)
      continue;
    ++paid;
    forged("no contract in slot " + std::to_string(slot), 1, slot, [&](json& r) {
      REQUIRE(r["contracts"].size() == 1);
      r.erase("contracts");
      without(r["bill"], "flexibility offer");
    });
  }
  CHECK(paid > 0);
  forged("no statement before", 2, 9, [](json& r) { r.erase("statement_before"); });
  cases.compare();
}

TEST_CASE("second reader: grid measures in receipts are read alike") {
  const market_test::VillageChain made = market_test::village_chain(4, 9);
  test::ReaderCases cases;
  const auto receipt_of = [&](std::uint8_t home, std::uint32_t slot) {
    const auto receipt = market::write_receipt(made.log, made.openings, market_test::account(home),
                                               ledger::Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    return *receipt;
  };
  const json whole = json::parse(receipt_of(1, 6)), earlier = json::parse(receipt_of(1, 2));
  REQUIRE(whole.at("measures").size() == 2);
  const auto changed = [&](const std::string& name, auto change) {
    json other = whole;
    change(other["measures"]);
    const std::string text = other.dump() + "\n";
    CHECK_MESSAGE(test::verdict_of(text) != "", name);
    cases.receipt(name, text);
  };
  cases.receipt("whole", whole.dump() + "\n");
  json fewer = whole;  // nothing says how many there have to be
  fewer["measures"].erase(0);
  CHECK(test::verdict_of(fewer.dump() + "\n") == "");
  cases.receipt("one less", fewer.dump() + "\n");
  changed("none", [](json& m) { m = json::array(); });
  changed("twice", [](json& m) { m.push_back(m[1]); });
  changed("in another order", [](json& m) { std::swap(m[0], m[1]); });
  changed("of another slot", [&](json& m) { m[0] = earlier.at("measures")[0]; });
  for (const std::size_t at : {1u, 90u, 120u, 200u, 270u})
    changed("entry changed at " + std::to_string(at), [&](json& m) {
      std::string entry = m[0]["entry"];
      entry[at] = entry[at] == '0' ? '1' : '0';
      m[0]["entry"] = entry;
    });
  for (const std::size_t at : {33u, 41u, 49u, 52u, 70u})
    changed("opening changed at " + std::to_string(at), [&](json& m) {
      std::string data = m[0]["opening"]["data"];
      data[at] = data[at] == '0' ? '1' : '0';
      m[0]["opening"]["data"] = data;
    });
  cases.compare();
}

// Of each form of book: the rows moved, changed, and one of them twice.
TEST_CASE("second reader: books of every form are read alike") {
  test::ReaderCases cases;
  for (const std::string mechanism :
       {"continuous", "bilateral", "bill-sharing-static", "grid-aware", "fee-tree"}) {
    const market_test::VillageChain made = market_test::village_chain(7, 10, mechanism);
    for (const std::uint8_t home : {1, 2, 3})
      for (const std::uint32_t slot : {4u, 6u, 8u, 9u}) {
        const auto receipt = market::write_receipt(made.log, made.openings,
                                                   market_test::account(home), ledger::Slot{slot});
        REQUIRE_MESSAGE(receipt, receipt.error());
        const std::string name =
            mechanism + " home " + std::to_string(home) + " slot " + std::to_string(slot);
        CHECK(test::verdict_of(*receipt) == "");
        cases.receipt(name, *receipt);
        const json whole = json::parse(*receipt);
        const std::size_t rows = whole["book"].size();
        if (rows < 2 || home > 1) continue;
        json swapped = whole;
        std::swap(swapped["book"][0], swapped["book"][1]);
        cases.receipt(name + " swapped", swapped.dump() + "\n");
        json twice = whole;
        twice["book"].push_back(whole["book"][0]);
        cases.receipt(name + " with a row twice", twice.dump() + "\n");
        for (std::size_t digit = 1; digit < whole["book"][0].get<std::string>().size();
             digit += 9) {
          json other = whole;
          std::string row = other["book"][rows - 1];
          row[digit] = row[digit] == '0' ? '1' : '0';
          other["book"][rows - 1] = row;
          cases.receipt(name + " changed at " + std::to_string(digit), other.dump() + "\n");
        }
      }
  }
  cases.compare();
}
