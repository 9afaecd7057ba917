// The capacity tariff on a whole chain: what auditor, household and receipt make of its statements.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "market/audit/capacity_watch.hpp"
#include "market/audit/replay.hpp"
#include "market/audit/yearly_statement.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market_test;
using nlohmann::json;

namespace {

constexpr std::uint32_t priced_slots = 24;
constexpr std::int64_t priced_micro_eur = 4'321'000, priced_slot_ms = 120'000;

const VillageChain& priced_chain() {
  static const VillageChain chain = capacity_village_chain(4, priced_slots);
  return chain;
}

// As they stand on the log, by account.
std::map<AccountId, std::vector<Statement>> statements_by_account(const VillageChain& chain) {
  std::map<AccountId, std::vector<Statement>> out;
  for (const auto& [entry, all] : chain.openings.restricted)
    if (view_entry(chain.log.entries[entry])->kind == TransactionKind::statements)
      for (const auto& [position, o] : all) out[owner_of(o)].push_back(*decode_statement(o.data));
  return out;
}

std::string first_wrong(const std::string& receipt) {
  Ed25519Verifier verifier;
  for (const ReceiptCheck& check :
       verify_receipt(receipt, priced_chain().log.policy_text, verifier))
    if (!check.ok) return check.name + ": " + check.detail;
  return "";
}

std::string receipt_of(std::uint8_t home, std::uint32_t slot) {
  const auto out =
      write_receipt(priced_chain().log, priced_chain().openings, account(home), Slot{slot});
  REQUIRE_MESSAGE(out, out.error());
  return *out;
}

}  // namespace

TEST_CASE("capacity chain: every account's month costs what its highest own import costs") {
  std::size_t rises = 0, held_back = 0;
  std::int64_t in_april = 0;
  for (const auto& [account, statements] : statements_by_account(priced_chain())) {
    std::array<std::int64_t, 2> peak{}, charged{};
    for (const Statement& s : statements) {
      REQUIRE(s.capacity.has_value());
      const std::size_t month = s.slot.value < april_slot ? 0 : 1;
      CHECK(s.capacity->peak_before.value == peak[month]);
      if (s.standing == Standing::metered)
        peak[month] = std::max(peak[month], s.imported.value);
      else
        held_back += s.imported.value > peak[month];
      CHECK(s.capacity->peak.value == peak[month]);
      rises += s.capacity->charge.value > 0;
      charged[month] += s.capacity->charge.value;
    }
    for (const std::size_t month : {0u, 1u})
      CHECK(charged[month] ==
            (peak[month] * 3600 * priced_micro_eur + priced_slot_ms / 2) / priced_slot_ms);
    CHECK(charged[0] > 0);
    in_april += charged[1];
  }
  CHECK(rises > 10);
  CHECK(in_april > 0);
  CHECK(held_back > 0);  // spanning or recovering energy above any peak was there
}

TEST_CASE("capacity chain: an auditor executes it to its roots, under every compiler to these") {
  const VillageChain& made = priced_chain();
  Ed25519Verifier verifier;
  std::string broken;
  const auto executed = check_execution(made.log, made.openings, verifier, broken);
  CHECK_MESSAGE(executed, executed.error());
  CHECK(broken == "");
  CHECK(to_hex(made.state_roots.back()) ==
        "bc03283348cab1a10084ed94e54186e716d11004a4bb4c1c9d80b2183e8c0e20");
  CHECK(to_hex(made.content_roots.back()) ==
        "19f482324cfde1cfcb2994f5226d2106f13818d86857dca631b9c864bfe70054");
}

TEST_CASE("capacity chain: receipts of every slot hold, and show the line") {
  for (const std::uint8_t home : {1, 2, 3})
    for (std::uint32_t slot = 0; slot < priced_slots; ++slot) {
      CAPTURE(slot);
      const std::string receipt = receipt_of(home, slot);
      CHECK(first_wrong(receipt) == "");
      CHECK(receipt.find("\"line\":\"highest import of the month ") != std::string::npos);
      CHECK((receipt.find("\"statement_before\":{") != std::string::npos) == (slot != 0));
    }
}

TEST_CASE(
    "capacity chain: a receipt without the statement before, or with another, does not hold") {
  const std::string goes_on =
      "tariff: the highest import before the slot is not the one that the slot before left";
  const json whole = json::parse(receipt_of(1, 8)), other = json::parse(receipt_of(1, 7)),
             first = json::parse(receipt_of(1, april_slot));
  const auto wrong = [&](json receipt, auto change) {
    change(receipt);
    return first_wrong(receipt.dump() + "\n");
  };
  CHECK(wrong(whole, [](json&) {}) == "");
  CHECK(wrong(whole, [](json& r) { r.erase("statement_before"); }) == goes_on);
  CHECK(wrong(whole, [&](json& r) {
          r["statement_before"] = other["statement_before"];
        }).starts_with("openings: statement_before: is of another meter or slot"));
  CHECK(wrong(whole, [](json& r) {
          r["statement_before"] = nullptr;
        }).starts_with("inclusion: statement_before"));
  CHECK(wrong(first, [&](json& r) {
          r["statement_before"] = json::parse(receipt_of(1, april_slot + 1))["statement_before"];
        }).starts_with("openings: statement_before: is of another meter or slot"));
  // The slot before is the last one of another month: no peak goes on from it, the balance does.
  CHECK(wrong(first, [](json& r) { r.erase("statement_before"); }) ==
        "bill: the balance does not go on from the slot before by the lines of the bill");
}

TEST_CASE("capacity chain: a bill with another line of the tariff does not hold") {
  const json whole = json::parse(receipt_of(2, 1));
  for (std::size_t i = 0; i < whole["bill"].size(); ++i) {
    const std::string line = whole["bill"][i]["line"];
    if (!line.starts_with("highest import")) continue;
    json other = whole;
    other["bill"][i]["micro_eur"] = 1 + whole["bill"][i]["micro_eur"].get<std::int64_t>();
    CHECK(first_wrong(other.dump() + "\n").starts_with("bill: line"));
    other = whole;
    other["bill"][i]["line"] = line.substr(0, line.find(",")) + ", before 0.1 kW";
    CHECK(first_wrong(other.dump() + "\n").starts_with("bill: line"));
    other = whole;
    other["bill"].erase(i);
    CHECK(first_wrong(other.dump() + "\n").starts_with("bill: line"));
    return;
  }
  FAIL("the bill has no line of the tariff");
}

TEST_CASE("capacity chain: a year has the charges as a row of its own, by month, and VAT within") {
  const VillageChain& made = priced_chain();
  for (const auto& [account, statements] : statements_by_account(made)) {
    const auto year =
        yearly_statement(made.log, made.openings, account, *zone_named("Europe/Berlin"), 2026);
    REQUIRE_MESSAGE(year, year.error());
    std::array<std::int64_t, 2> charged{}, peak{};
    for (const Statement& s : statements) {
      const std::size_t month = s.slot.value < april_slot ? 0 : 1;
      charged[month] += s.capacity->charge.value;
      peak[month] = s.capacity->peak.value;
    }
    CHECK(year->all.capacity == charged[0] + charged[1]);
    CHECK(year->by_month[2].capacity == charged[0]);
    CHECK(year->by_month[3].capacity == charged[1]);
    CHECK(year->by_month[2].highest_import_wh == peak[0]);
    CHECK(year->by_month[3].highest_import_wh == peak[1]);
    CHECK(year->all.highest_import_wh == std::max(peak[0], peak[1]));
    StatementSums without = year->all;
    without.capacity = 0;
    CHECK(std::abs(vat_in(year->all, {}, 190) - vat_in(without, {}, 190) -
                   (charged[0] + charged[1]) * 190 / 1190) <= 1);
  }
}

TEST_CASE("capacity chain: statements that do not go on one from the other are named") {
  const Genesis& genesis = priced_chain().log.genesis;
  const std::vector<Statement> honest = statements_by_account(priced_chain()).at(account(1));
  const auto broken = [&](std::vector<Statement> all, bool whole = true) -> std::string {
    CapacityWatch watch(genesis, whole);
    for (const Statement& s : all)
      if (std::string why = watch.broken_by(s); !why.empty())
        return "slot " + std::to_string(s.slot.value) + ": " + why;
    return "";
  };
  const auto bent = [&](std::uint32_t slot, auto change) {
    std::vector<Statement> all = honest;
    change(all.at(slot));
    return broken(all);
  };
  CHECK(broken(honest) == "");
  CHECK(bent(0, [](Statement& s) { s.capacity->peak_before = {1}; }) ==
        "slot 0: a highest import of 1 Wh before the slot, where the month begins at 0 Wh");
  const std::int64_t left = honest[4].capacity->peak.value;
  CHECK(bent(5, [](Statement& s) { s.capacity->peak_before -= {1}; }) ==
        "slot 5: a highest import of " + std::to_string(left - 1) +
            " Wh before the slot, where the slot before left " + std::to_string(left) + " Wh");
  CHECK(bent(april_slot, [](Statement& s) {
          s.capacity->peak_before = {1};
        }).ends_with("where the month begins at 0 Wh"));
  CHECK(bent(5, [](Statement& s) { s.capacity->peak += {1}; }).find(", where the slot makes it ") !=
        std::string::npos);
  CHECK(bent(7, [](Statement& s) {
          s.capacity->charge += {1};
        }).starts_with("slot 7: capacity charges of a month that are not the "));
  CHECK(bent(7, [](Statement& s) { s.capacity.reset(); }) ==
        "slot 7: a statement without a line of the capacity tariff");
  // A household may lack some; what it has must fit.
  std::vector<Statement> some(honest.begin() + 3, honest.end());
  CHECK(broken(some, false) == "");
  CHECK(broken(some, true) != "");
  some.erase(some.begin() + 2);
  CHECK(broken(some, false) == "");
  some[2].capacity->peak_before = {some[1].capacity->peak.value - 1};
  CHECK(broken(some, false).find("where an earlier slot left") != std::string::npos);
  // Of a chain without the tariff.
  CapacityWatch none(village_genesis(), true);
  CHECK(none.broken_by(honest[0]) ==
        "a statement with a line of a capacity tariff that genesis has not");
}

TEST_CASE("capacity chain: household and auditor of what is left name where a log's peaks break") {
  VillageChain lying = priced_chain();
  bend_statement(lying, account(1), {5}, [](Statement& s) {
    s.capacity->peak_before += {100'000};
    s.capacity->peak = s.capacity->peak_before;
    s.capacity->charge = {};
  });
  const std::string why = " Wh before the slot, where the slot before left ";
  const auto year = yearly_statement(lying.log, lying.openings, account(1), Zone{}, std::nullopt);
  REQUIRE_FALSE(year);
  CHECK_MESSAGE(year.error().starts_with("slot 5 has a highest import of "), year.error());
  CHECK(year.error().find(why) != std::string::npos);
  CHECK(yearly_statement(lying.log, lying.openings, account(2), Zone{}, std::nullopt));
  Ed25519Verifier verifier;
  const auto left = check_what_is_left(lying.log, lying.openings, verifier);
  REQUIRE_FALSE(left);
  CHECK_MESSAGE(left.error().find(": slot 5, meter 1: a highest import of ") != std::string::npos,
                left.error());
  // Without the lie it comes as far as the state, which nobody kept here.
  CHECK(check_what_is_left(priced_chain().log, priced_chain().openings, verifier).error() ==
        "openings/erased/state: missing");
}

TEST_CASE("capacity chain: deals and the tariff stand in one statement") {
  const VillageChain made = capacity_village_chain(7, 14, "pay-as-bid");
  Ed25519Verifier verifier;
  std::string broken;
  const auto executed = check_execution(made.log, made.openings, verifier, broken);
  CHECK_MESSAGE(executed, executed.error());
  CHECK(broken == "");
  std::size_t both = 0;
  for (const auto& [account, statements] : statements_by_account(made))
    for (const Statement& s : statements) {
      both += !s.deals.empty() && s.capacity->charge.value > 0;
      if (s.deals.empty()) continue;
      const auto receipt = write_receipt(made.log, made.openings, account, s.slot);
      REQUIRE_MESSAGE(receipt, receipt.error());
      for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier))
        CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
    }
  CHECK(both > 0);
}
