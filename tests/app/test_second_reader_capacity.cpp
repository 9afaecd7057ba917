// Both readers on receipts of a chain with a capacity tariff: whole and damaged.

#include <doctest/doctest.h>

#include "market/receipt/receipt.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/market/book_support.hpp"
#include "tests/support/village_chain.hpp"

using nlohmann::json;

namespace {

std::string priced_receipt(const market_test::VillageChain& made, std::uint8_t home,
                           std::uint32_t slot) {
  const auto receipt = market::write_receipt(made.log, made.openings, market_test::account(home),
                                             ledger::Slot{slot});
  REQUIRE_MESSAGE(receipt, receipt.error());
  return *receipt;
}

// The first one of home 1, behind slot 0, that pays for a rise.
std::uint32_t rising_slot(const market_test::VillageChain& made) {
  for (const auto& [entry, all] : made.openings.restricted) {
    const auto kind = ledger::view_entry(made.log.entries[entry])->kind;
    if (kind != ledger::TransactionKind::statements) continue;
    for (const auto& [position, o] : all)
      if (const auto s = market::decode_statement(o.data); s->account == market_test::account(1) &&
                                                           s->slot.value > 0 &&
                                                           s->capacity->charge.value > 0)
        return s->slot.value;
  }
  return 0;
}

}  // namespace

TEST_CASE("second reader: lines of the capacity tariff are read alike, over a month's end") {
  const auto made = market_test::capacity_village_chain(4, 14);
  test::ReaderCases cases;
  for (const std::uint8_t home : {1, 2, 3, 5})
    for (std::uint32_t slot = home == 5 ? 3 : 0; slot < 14; ++slot) {
      const std::string receipt = priced_receipt(made, home, slot);
      CHECK(test::verdict_of(receipt) == "");
      cases.receipt("home " + std::to_string(home) + " slot " + std::to_string(slot), receipt);
    }
  cases.compare();
}

TEST_CASE("second reader: a forged line of the capacity tariff is refused by both readers") {
  const auto made = market_test::capacity_village_chain(4, 14);
  const json whole = json::parse(priced_receipt(made, 1, 8));
  const json earlier = json::parse(priced_receipt(made, 1, 7)),
             next_month = json::parse(priced_receipt(made, 1, 10)),
             last = json::parse(priced_receipt(made, 1, 9));
  const json plain = json::parse(priced_receipt(market_test::village_chain(4, 9), 1, 8));
  test::ReaderCases cases;
  const auto forged = [&](const std::string& name, json receipt, auto change) {
    change(receipt);
    const std::string text = receipt.dump() + "\n";
    CHECK_MESSAGE(test::verdict_of(text) != "", name);
    cases.receipt(name, text);
  };
  forged("no statement before", whole, [](json& r) { r.erase("statement_before"); });
  forged("an earlier one", whole,
         [&](json& r) { r["statement_before"] = earlier["statement_before"]; });
  forged("its own", whole, [](json& r) { r["statement_before"] = r["statement"]; });
  forged("null", whole, [](json& r) { r["statement_before"] = nullptr; });
  forged("a list", whole, [](json& r) { r["statement_before"] = json::array(); });
  forged("none of another month", next_month, [](json& r) { r.erase("statement_before"); });
  forged("an earlier one of another month", next_month,
         [&](json& r) { r["statement_before"] = last["statement_before"]; });
  forged("where there is no tariff", plain,
         [&](json& r) { r["statement_before"] = r["statement"]; });
  forged("of the chain without one", whole, [&](json& r) { r["genesis"] = plain["genesis"]; });
  for (std::size_t i = 0; i < whole["bill"].size(); ++i) {
    if (!whole["bill"][i]["line"].get<std::string>().starts_with("highest import")) continue;
    forged("a higher charge", whole, [i](json& r) {
      r["bill"][i]["micro_eur"] = r["bill"][i]["micro_eur"].get<std::int64_t>() + 1;
    });
    forged("another power", whole, [i](json& r) {
      std::string line = r["bill"][i]["line"];
      line[line.find(".") + 1] ^= 1;
      r["bill"][i]["line"] = line;
    });
    forged("no line", whole, [i](json& r) { r["bill"].erase(i); });
  }
  // Each byte of the line in the opening, behind 174 bytes of the other fields.
  for (std::size_t byte = 174; byte < 200; ++byte)
    for (const char* key : {"statement", "statement_before"})
      forged(std::string(key) + " changed at " + std::to_string(byte), whole, [&](json& r) {
        std::string data = r[key]["opening"]["data"];
        data[2 * byte] = data[2 * byte] == '0' ? '1' : '0';
        r[key]["opening"]["data"] = data;
      });
  // What would need lying validators: every hash and signature holds, and the line does not.
  using market::Statement;
  const auto lied = [&](const std::string& name, std::uint32_t of, std::uint32_t slot,
                        auto change) {
    auto chain = made;
    market_test::bend_statement(chain, market_test::account(1), ledger::Slot{of}, change);
    const std::string text = priced_receipt(chain, 1, slot);
    CHECK(test::verdict_of(text) == "tariff");
    cases.receipt(name, text);
  };
  lied("a charge more", rising_slot(made), rising_slot(made),
       [](Statement& s) { s.capacity->charge.value += 1; });
  lied("a lower peak before", 8, 8, [](Statement& s) {
    s.capacity->peak_before = {0};
    s.capacity->peak = market::peak_after({0}, s.imported, s.standing);
    s.capacity->charge = {0};
  });
  lied("a higher peak left", 7, 8, [](Statement& s) {
    s.capacity->peak_before = s.capacity->peak = {s.capacity->peak.value + 100'000};
    s.capacity->charge = {0};
  });
  lied("a statement without the line", 8, 8, [](Statement& s) { s.capacity.reset(); });
  for (const char* key : {"capacity_price", "zone", "offset_minutes", "summer_time"})
    forged(std::string("genesis with another ") + key, whole, [&](json& r) {
      std::string genesis = r["genesis"];
      genesis.replace(genesis.find(key), 1, "x");
      r["genesis"] = genesis;
    });
  cases.compare();
}
