// Runs whose homes have contracts, or prefer whom they trade with, by their scenario's keys.

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "market/clearing/order.hpp"
#include "tests/app/short_run.hpp"

using nlohmann::json;

namespace {

const std::string noon =
    "name = \"contracts\"\nseed = 5\n[time]\nstart = \"2026-06-21T12:00:00+02:00\"\n"
    "duration = \"6m\"\nmarket_slot = \"1m\"\n[grid.generator]\nhomes = 6\nbranches = 2\n"
    "transformer_kva = 100\n[ledger]\nblock_interval = \"20s\"\nbatch_interval = \"20s\"\n"
    "gateways = 2\n";

struct SignedRun {
  explicit SignedRun(const std::string& text) {
    folder.write("scenario.toml", noon + text);
    const test::Outcome ran = test::aipchain(
        {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--json", "--quiet"});
    REQUIRE_MESSAGE(ran.code == 0, ran.errors);
    summary = json::parse(ran.output);
    accounts = summary.at("accounts");
  }
  json exported(std::size_t home) const {
    const test::Outcome out =
        test::aipchain({"export", folder.at("out"), "--account", accounts[home]});
    REQUIRE_MESSAGE(out.code == 0, out.errors);
    return json::parse(out.output);
  }
  // The audit, and a receipt of each home.
  void check_proved() const {
    const test::Outcome audit = test::aipchain({"audit", folder.at("out")});
    CHECK_MESSAGE(audit.code == 0, audit.output, audit.errors);
    for (const std::string& account : accounts) {
      const std::string file = folder.at(account + ".json");
      const test::Outcome receipt =
          test::aipchain({"receipt", folder.at("out"), "--account", account, "--out", file});
      CHECK_MESSAGE(receipt.code == 0, receipt.errors);
      const test::Outcome verify = test::aipchain({"verify", file});
      CHECK_MESSAGE(verify.code == 0, verify.output, verify.errors);
    }
    CHECK(summary.at("/market/money_residual_eur"_json_pointer) == 0);
    CHECK(summary.at("/tokens/residual_wh"_json_pointer) == 0);
    CHECK(summary.at("/market/irrational_orders"_json_pointer) == 0);
  }

  test::Folder folder;
  json summary;
  std::vector<std::string> accounts;
};

}  // namespace

TEST_CASE("contract runs: what homes signed by their scenario is carried out slot by slot") {
  const SignedRun run(
      "[[population]]\ncount = 6\npv = { share = 0.5, peak_kw = [4, 8] }\ncontracts = ["
      "{ template = \"sell-surplus\", energy_kwh = 5, price_eur_per_kwh = [0.09, 0.12] }, "
      "{ template = \"buy-below\", energy_kwh = 5, price_eur_per_kwh = 0.2 }, "
      "{ template = \"community-key\", at = \"2m\", for = \"3m\", side = \"sell\", "
      "key_percent = 40, energy_kwh = 5, price_eur_per_kwh = 0.08 }, "
      "{ template = \"hold-tokens\" }, "
      "{ template = \"sub-meters\", tenants = [2, 1] }, "
      "{ template = \"flexibility-offer\", energy_kwh = 0.02, price_eur_per_kwh = 0.1 }, "
      "{ template = \"curtailment-duty\", energy_kwh = 0.01, price_eur_per_kwh = 0.05 }, "
      "{ template = \"controllable-load\", energy_kwh = 0.07, price_eur_per_kwh = 0.5 }]\n"
      "[[congestion]]\nrung = \"none\"\n");
  const json& contracts = run.summary.at("contracts");
  for (const char* name :
       {"sell-surplus", "buy-below", "community-key", "hold-tokens", "sub-meters",
        "flexibility-offer", "curtailment-duty", "controllable-load"})
    CHECK(contracts.at("signed").at(name) == 6);
  CHECK(contracts.at("flexibility_eur") > 0);
  CHECK(contracts.at("curtailment_eur") > 0);
  // No rung dims: it is a contract of the homes, and no figure of the ladder.
  CHECK(contracts.at("relief_eur") >= 4 * 6 * 0.035);
  CHECK(run.summary.at("/congestion/owed_eur"_json_pointer) == 0);
  CHECK(run.summary.at("/congestion/by_rung"_json_pointer).empty());
  // Slots 1 to 5, of which the ledger has closed four at least: nobody's agent bids beside them.
  const auto orders = contracts.at("orders").get<int>();
  CHECK(orders >= 4 * 6);
  CHECK(run.summary.at("/market/orders"_json_pointer) == orders);
  CHECK(run.summary.at("/market/traded_kwh"_json_pointer) > 0);
  // What is bought is held, and does not retire.
  CHECK(run.summary.at("/tokens/minted_wh"_json_pointer) > 0);
  std::int64_t bought = 0, retired = 0;
  for (std::size_t h = 0; h < run.accounts.size(); ++h) {
    const json all = run.exported(h);
    CHECK(all.at("contracts").size() == 8);
    CHECK(all.at("orders").empty());
    for (const json& bill : all.at("bills")) {
      bought += bill.at("bought_wh").get<std::int64_t>();
      retired += bill.at("retired_wh").get<std::int64_t>();
    }
  }
  CHECK(bought > 0);
  CHECK(retired == 0);
  run.check_proved();
}

// Homes say what they signed 20 s into a slot. The first gateway is down then and carries nothing;
// the second one carries it and is down when the ledger takes it, so that homes are not told.
TEST_CASE(
    "contract runs: a contract that a gateway lost stands from the next slot on, none twice") {
  const auto crash = [](const char* gateway, const char* at, const char* length) {
    return std::string("[[fault]]\nkind = \"crash\"\ntarget = \"") + gateway + "\"\nat = \"" + at +
           "\"\nfor = \"" + length + "\"\n";
  };
  const SignedRun run(
      "[[population]]\ncount = 6\npv = { share = 0.5, peak_kw = [4, 8] }\ncontracts = ["
      "{ template = \"sell-surplus\", energy_kwh = 5, price_eur_per_kwh = 0.09 }, "
      "{ template = \"buy-below\", energy_kwh = 5, price_eur_per_kwh = 0.2 }, "
      "{ template = \"hold-tokens\", for = \"2m\" }]\n" +
      crash("gateway-0", "15s", "10s") + crash("gateway-1", "21s", "30s"));
  std::map<int, int> homes;  // by the first slot of their contracts
  for (std::size_t h = 0; h < run.accounts.size(); ++h) {
    const json all = run.exported(h).at("contracts");
    REQUIRE_FALSE(all.empty());
    CHECK(all.size() == (all[0].at("first_slot") == 1 ? 3 : 2));
    for (const json& c : all) {
      CHECK(c.at("first_slot") == all[0].at("first_slot"));
      CHECK(c.at("number") == 1);
    }
    ++homes[all[0].at("first_slot").get<int>()];
  }
  CHECK(homes == std::map<int, int>{{1, 3}, {2, 3}});
  CHECK(run.summary.at("/contracts/signed/sell-surplus"_json_pointer) == 6);
  CHECK(run.summary.at("/contracts/signed/buy-below"_json_pointer) == 6);
  // Three homes in slots 1 to 5, three in slots 2 to 5, of which four at least are closed.
  CHECK(run.summary.at("/contracts/orders"_json_pointer) >= 4 * 3 + 3 * 3);
  CHECK(run.summary.at("/market/traded_kwh"_json_pointer) > 0);
  run.check_proved();
}

namespace {

// Of the deals in which a home bought: with whose orders.
std::vector<std::size_t> partners_of(const SignedRun& run, std::size_t buyer) {
  std::map<std::string, std::size_t> seller_of_row;
  for (std::size_t h = 0; h < run.accounts.size(); ++h) {
    const ledger::AccountId account{*ledger::array_from_hex<16>(run.accounts[h])};
    const json all = run.exported(h);
    for (const json& order : all.at("orders")) {
      const market::OrderId id{*ledger::array_from_hex<16>(order.at("id").get<std::string>())};
      seller_of_row[ledger::to_hex(market::row_id(account, id).bytes)] = h;
    }
  }
  std::vector<std::size_t> out;
  const json all = run.exported(buyer);
  for (const json& bill : all.at("bills"))
    for (const json& deal : bill.at("deals"))
      if (deal.at("side") == "buy") out.push_back(seller_of_row.at(deal.at("partners_row")));
  return out;
}

std::string four_homes(const std::string& of_third, const std::string& of_fourth) {
  const std::string load = "strategy = \"truthful\"\nload = { annual_kwh = 4000 }\n";
  std::string out = "[market]\nmechanism = \"bilateral\"\n";
  out += "[[prosumer]]\nname = \"home-01\"\npv = { peak_kw = 8 }\n" + load;
  out += "[[prosumer]]\nname = \"home-02\"\npv = { peak_kw = 8 }\n" + load;
  out += "[[prosumer]]\nname = \"home-03\"\n" + of_third + load;
  out += "[[prosumer]]\nname = \"home-04\"\n" + of_fourth + load;
  return out;
}

}  // namespace

TEST_CASE("contract runs: bilateral deals follow what homes prefer") {
  const SignedRun free(four_homes("", ""));
  std::set<std::size_t> anybody;
  for (std::size_t h : {2u, 3u})
    for (const std::size_t seller : partners_of(free, h)) anybody.insert(seller);
  CHECK(anybody == std::set<std::size_t>{0, 1});  // lots decide
  const SignedRun run(
      four_homes("prefer = { partner = \"home-02\" }\n", "prefer = { partner = \"home-01\" }\n"));
  const auto third = partners_of(run, 2), fourth = partners_of(run, 3);
  CHECK(third.size() >= 4);
  CHECK(fourth.size() >= 4);
  for (const std::size_t seller : third) CHECK(seller == 1);
  for (const std::size_t seller : fourth) CHECK(seller == 0);
  const json seller = run.exported(0), buyer = run.exported(2);
  for (const json& order : seller.at("orders")) CHECK(order.at("green") == true);
  for (const json& order : buyer.at("orders")) {
    CHECK(order.at("green") == false);
    CHECK(order.at("partner") == run.accounts[1]);
  }
  run.check_proved();
}
