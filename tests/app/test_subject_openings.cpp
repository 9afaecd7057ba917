// What changes of a home in the registry, what is ruled on it and where it stands in the feeder:
// all of it is in the home's export and in nobody else's; erasing personal data leaves it, since
// bills rest on it, and erasing billing data leaves none of it in any byte.

#include <array>
#include <doctest/doctest.h>

#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/settlement/ruling.hpp"
#include "tests/app/planted_run.hpp"

using namespace ledger;
using nlohmann::json;
using test::found;
using test::Planted;
using test::PlantedRun;

namespace {

// The first home's account changes its key, its meter says a wrong time for a minute and is swapped
// then; the second one's meter changes its key; all stand in the feeder.
const std::string registered =
    test::short_scenario +
    std::string(
        "[market]\nmechanism = \"fee-tree\"\n[prices]\nlocal_grid_fee_eur_per_kwh = 0\n"
        "[oracle]\nquarantined = \"release\"\n"
        "[[fault]]\nkind = \"meter_clock\"\nat = \"1m\"\nfor = \"1m\"\noffset_ms = 20000\n"
        "target = \"home-01\"\n"
        "[[fault]]\nkind = \"meter_swap\"\nat = \"4m\"\ntarget = \"home-01\"\n"
        "[[event]]\nkind = \"key_change\"\nof = \"account\"\nat = \"65s\"\ntarget = \"home-01\"\n"
        "[[event]]\nkind = \"key_change\"\nat = \"65s\"\ntarget = \"home-02\"\n");

// An account's openings of one kind, as they were planted.
std::vector<Bytes> planted_of(const PlantedRun& run, const std::string& account,
                              TransactionKind kind) {
  const market::PublicLog log = run.log();
  const market::Openings openings = run.openings();
  std::vector<Bytes> out;
  for (const auto& [entry, all] : openings.restricted)
    for (const auto& [position, opening] : all)
      if (view_entry(log.entries[entry])->kind == kind &&
          to_hex(owner_of(opening).bytes) == account)
        out.push_back(opening.data);
  return out;
}

json exported(const PlantedRun& run, const std::string& account) {
  const test::Outcome out = test::aipchain({"export", run.path(), "--account", account});
  REQUIRE_MESSAGE(out.code == 0, out.errors);
  return json::parse(out.output);
}

constexpr TransactionKind kinds[] = {TransactionKind::ruling, TransactionKind::meter_swap,
                                     TransactionKind::key_change, TransactionKind::trading_grid};
constexpr const char* lists[] = {"rulings", "meter_swaps", "key_changes", "places"};

}  // namespace

TEST_CASE("subject openings: rulings, papers, keys and places are exported, erased and kept") {
  const PlantedRun run(registered, "6m");
  const std::string first = run.accounts[0], second = run.accounts[1], third = run.accounts[2];

  // Exported: all of it, as it was signed, and each home's own alone.
  const std::map<std::string, std::array<std::size_t, 4>> counts{
      {first, {1, 1, 1, 1}}, {second, {0, 0, 1, 1}}, {third, {0, 0, 0, 1}}};
  std::map<std::string, json> exports;
  for (const auto& [account, wanted] : counts) {
    exports[account] = exported(run, account);
    for (std::size_t k = 0; k < 4; ++k) {
      CAPTURE(lists[k]);
      CHECK(planted_of(run, account, kinds[k]).size() == wanted[k]);
      CHECK(exports[account].at(lists[k]).size() == wanted[k]);
    }
  }
  const json& mine = exports[first];
  const auto ruling = market::decode_ruling(planted_of(run, first, TransactionKind::ruling).at(0));
  REQUIRE(ruling);
  CHECK(ruling->imported.value + ruling->exported.value > 0);
  CHECK(mine.at("rulings")[0] == json{{"export_in_place_wh", ruling->export_in_place.value},
                                      {"exported_wh", ruling->exported.value},
                                      {"import_in_place_wh", ruling->import_in_place.value},
                                      {"imported_wh", ruling->imported.value},
                                      {"outcome", "release"},
                                      {"settled_slot", ruling->settled.value},
                                      {"slot", ruling->slot.value}});
  const auto swap =
      market::decode_meter_swap(planted_of(run, first, TransactionKind::meter_swap).at(0));
  REQUIRE(swap);
  CHECK(swap->closing_import.value + swap->closing_export.value > 0);
  CHECK(mine.at("meter_swaps")[0] == json{{"closing_export_mwh", swap->closing_export.value},
                                          {"closing_import_mwh", swap->closing_import.value},
                                          {"meter", 0},
                                          {"next_meter_key", to_hex(swap->meter_key)},
                                          {"opening_export_mwh", swap->opening_export.value},
                                          {"opening_import_mwh", swap->opening_import.value},
                                          {"slot", swap->slot.value}});
  const auto account_key =
      market::decode_key_change(planted_of(run, first, TransactionKind::key_change).at(0));
  const auto meter_key =
      market::decode_key_change(planted_of(run, second, TransactionKind::key_change).at(0));
  REQUIRE(account_key);
  REQUIRE(meter_key);
  CHECK(mine.at("key_changes")[0] == json{{"from_slot", account_key->slot.value},
                                          {"next_key", to_hex(account_key->next_key)},
                                          {"of", "account"}});
  CHECK(exports[second].at("key_changes")[0] == json{{"from_slot", meter_key->slot.value},
                                                     {"next_key", to_hex(meter_key->next_key)},
                                                     {"of", "meter"}});
  for (const std::string& account : {first, second, third}) {
    const auto place =
        market::decode_home_place(planted_of(run, account, TransactionKind::trading_grid).at(0));
    REQUIRE(place);
    CHECK(exports[account].at("places")[0] == json{{"bus", place->bus},
                                                   {"from_slot", place->from.value},
                                                   {"meter", place->meter.value}});
    const std::string text = exports[account].dump();
    CHECK((text.find(to_hex(account_key->next_key)) != std::string::npos) == (account == first));
    CHECK((text.find(to_hex(swap->meter_key)) != std::string::npos) == (account == first));
    CHECK((text.find(to_hex(meter_key->next_key)) != std::string::npos) == (account == second));
  }

  // Personal data go, these stay.
  Planted planted(run, first);
  planted.billing["next key of the account"] = to_bytes(account_key->next_key);
  planted.billing["next key of the meter"] = to_bytes(swap->meter_key);
  // Sealed until then, but that the access log says by which key the account read its own.
  test::Files files = test::files_of(run.path());
  CHECK(found({{"meter", to_bytes(swap->meter_key)}}, files) == "");
  CHECK(files.erase("openings/access") == 1);
  CHECK(found({{"account", to_bytes(account_key->next_key)}}, files) == "");
  std::map<TransactionKind, std::vector<Bytes>> before;
  for (const TransactionKind kind : kinds) before[kind] = planted_of(run, first, kind);
  REQUIRE(run.erase(first).code == 0);
  CHECK(found(planted.personal, test::files_of(run.path())) == "");
  for (const TransactionKind kind : kinds) CHECK(planted_of(run, first, kind) == before[kind]);
  CHECK(run.audit().at("code") == 0);

  // Billing data, and of nobody else.
  const test::Outcome billing = run.erase(first, {"--billing"});
  REQUIRE_MESSAGE(billing.code == 0, billing.errors);
  CHECK(found(planted.billing, test::files_of(run.path())) == "");
  for (const TransactionKind kind : kinds) CHECK(planted_of(run, first, kind).empty());
  CHECK(planted_of(run, second, TransactionKind::key_change).size() == 1);
  CHECK(planted_of(run, third, TransactionKind::trading_grid).size() == 1);
  const json others = exported(run, second);
  for (const char* list : lists) CHECK(others.at(list) == exports[second].at(list));
  const json audited = run.audit();
  CHECK_MESSAGE(audited.at("code") == 0, audited.dump());
}
