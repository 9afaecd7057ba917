// `aipchain statement`, and what an account signs by `aipchain tx`, on a run's directory.

#include <doctest/doctest.h>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

using nlohmann::json;

namespace {

// A run of its own, which grows by what accounts sign.
struct AccountRun {
  explicit AccountRun(const std::string& more = "[prices]\nvat_percent = 19\n") {
    folder.write("short.toml", test::short_scenario + more);
    REQUIRE(test::aipchain({"run", folder.at("short.toml"), "--out", path(), "--quiet"}).code == 0);
    accounts = json::parse(test::slurp(path() + "/summary.json")).at("accounts");
  }
  std::string path() const { return folder.at("run"); }
  test::Outcome tx(const std::string& name, std::vector<std::string> more,
                   std::size_t account = 0) const {
    std::vector<std::string> words{"tx", name, path(), "--account", accounts[account], "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return test::aipchain(words);
  }
  test::Outcome statement(std::vector<std::string> more, std::size_t account = 0) const {
    std::vector<std::string> words{"statement", path(), "--account", accounts[account]};
    words.insert(words.end(), more.begin(), more.end());
    return test::aipchain(words);
  }
  test::Folder folder;
  std::vector<std::string> accounts;
};

// The first number behind each label of the text.
std::map<std::string, double> figures_of(const std::string& text, const char* unit) {
  std::map<std::string, double> out;
  for (const std::string& line : test::lines_of(text)) {
    const auto at = line.find(unit);
    if (at == std::string::npos || line.size() < 19) continue;
    const auto begin = line.find_last_of(' ', at - 2) + 1;
    std::string label = line.substr(2, 17);
    out[label.substr(0, label.find_last_not_of(' ') + 1)] =
        std::stod(line.substr(begin, at - begin));
  }
  return out;
}

// What a person reads is what the JSON says: lines sum to the total, VAT is none of them. Gives the
// CO2 that it tells.
double check_words(const std::string& text, const json& year) {
  CAPTURE(text);
  CHECK(text.find(" slots on 1 day (UTC)\n") != std::string::npos);
  const auto lines = figures_of(text, " EUR");
  double sum = 0;
  for (const auto& [label, eur] : lines)
    if (label != "total" && label != "VAT contained") sum += eur;
  REQUIRE(lines.size() >= 10);
  CHECK(sum == doctest::Approx(lines.at("total")).epsilon(1e-9));
  const auto micro = [](const json& value) { return value.get<double>() / 1e6; };
  const json& all = year.at("year_in_all");
  CHECK(lines.at("total") == doctest::Approx(micro(all.at("total_micro_eur"))).epsilon(1e-9));
  CHECK(lines.at("VAT contained") ==
        doctest::Approx(micro(year.at("taxes_and_levies").at("vat_contained_micro_eur")))
            .epsilon(1e-9));
  const double co2_kg = micro(all.at("co2_grid_mg")) + micro(all.at("co2_local_mg"));
  const double told_kg = figures_of(text, " kg,").at("CO2");
  CHECK(std::abs(told_kg - co2_kg) <= 0.0005);
  return told_kg;
}

}  // namespace

TEST_CASE("statement: an account's year is the sum of its bills") {
  const AccountRun run;
  const test::Outcome outcome = run.statement({"--json", "--zone", "UTC"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.errors);
  const json year = json::parse(outcome.output);
  const test::Outcome exported =
      test::aipchain({"export", run.path(), "--account", run.accounts[0]});
  REQUIRE(exported.code == 0);
  std::int64_t imported = 0, bought = 0, levies = 0, total = 0;
  const json bills = json::parse(exported.output).at("bills");
  for (const json& bill : bills) {
    imported += bill.at("imported_wh").get<std::int64_t>();
    bought += bill.at("bought_wh").get<std::int64_t>();
    levies += bill.at("levies_micro_eur").get<std::int64_t>() +
              bill.at("trade_levies_micro_eur").get<std::int64_t>();
    total += bill.at("total_micro_eur").get<std::int64_t>();
  }
  const json& all = year.at("year_in_all");
  CHECK(all.at("slots") == bills.size());
  CHECK(all.at("imported_wh") == imported);
  CHECK(all.at("bought_from_neighbours_wh") == bought);
  CHECK(all.at("total_micro_eur") == total);
  CHECK(year.at("taxes_and_levies").at("levies_paid_micro_eur") == levies);
  std::int64_t gross = 0;
  for (const char* line : {"retail_energy_micro_eur", "grid_fee_micro_eur", "levies_micro_eur",
                           "local_grid_fee_micro_eur", "levies_on_neighbours_energy_micro_eur"})
    gross += all.at(line).get<std::int64_t>();
  CHECK(year.at("taxes_and_levies").at("vat_permille") == 190);
  CHECK(std::abs(year.at("taxes_and_levies").at("vat_contained_micro_eur").get<std::int64_t>() -
                 gross * 19 / 119) <= 1);
  double kg = 0;
  for (std::size_t a = 0; a < run.accounts.size(); ++a)
    kg += check_words(run.statement({"--zone", "UTC"}, a).output,
                      json::parse(run.statement({"--json", "--zone", "UTC"}, a).output));
  CHECK(kg > 0);
  CHECK(all.at("co2_grid_mg") == 380 * (imported - bought));
  std::int64_t by_hour = 0;
  for (const json& hour : year.at("by_hour")) by_hour += hour.at("imported_wh").get<std::int64_t>();
  CHECK(by_hour == imported);
  CHECK(json::parse(run.statement({"--json", "--grid-co2-g-per-kwh", "100"}).output)
            .at("year_in_all")
            .at("co2_grid_mg") == 100 * (imported - bought));
  REQUIRE(run.statement({"--out", run.folder.at("year.json"), "--zone", "UTC"}).code == 0);
  CHECK(json::parse(test::slurp(run.folder.at("year.json"))) == year);
  CHECK(run.statement({}).output.find("from retailer") != std::string::npos);
  CHECK(run.statement({"--zone", "Mars/Utopia"}).code == 2);
  CHECK(run.statement({"--year", "1999"}).errors.find("no settled slot in 1999") !=
        std::string::npos);
  for (const char* option : {"--grid-co2-g-per-kwh", "--local-co2-g-per-kwh", "--year"})
    for (const char* number : {"-1", "nan", "0x7EA", "02026", "1e3", "99999999999"}) {
      const test::Outcome o = run.statement({option, number});
      CHECK(o.code == 2);
      CHECK(o.errors.find(std::string(option) + ": found " + number + "; wants a whole number") !=
            std::string::npos);
    }
  CHECK(test::aipchain({"statement", run.path(), "--account", std::string(32, '0')}).code == 2);
}

TEST_CASE("tx: contracts, orders and tokens of an account are decided and leave the ledger sound") {
  const AccountRun run;
  const test::Outcome first = run.tx("contract", {"--template", "sell-surplus", "--energy-wh",
                                                  "400", "--price-eur-per-kwh", "0.1"});
  REQUIRE_MESSAGE(first.code == 0, first.errors);
  CHECK(json::parse(first.output).at("number") == 1);
  CHECK(
      json::parse(first.output).at("proof").get<std::string>().starts_with("c2sp.org/tlog-proof"));
  const test::Outcome second = run.tx("contract", {"--template", "sell-surplus", "--withdraw"});
  REQUIRE_MESSAGE(second.code == 0, second.errors);
  CHECK(json::parse(second.output).at("number") == 2);
  const std::string id(32, '7');
  for (const auto& command : {std::pair<std::string, std::vector<std::string>>{
                                  "contract",
                                  {"--template", "flexibility-offer", "--energy-wh", "400",
                                   "--price-eur-per-kwh", "0.15"}},
                              {"contract",
                               {"--template", "sub-meters", "--tenant", std::string(32, 'a') + "=2",
                                "--tenant", std::string(32, 'b') + "=1"}},
                              {"order",
                               {"--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh",
                                "0.123456", "--slot", "300", "--id", id}},
                              {"cancel", {"--slot", "300", "--id", id}}}) {
    CAPTURE(command.first);
    const test::Outcome done = run.tx(command.first, command.second);
    CHECK_MESSAGE(done.code == 0, done.errors);
  }
  CHECK(run.tx("order", {"--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh", "0.1",
                         "--slot", "300", "--id", id})
            .errors.find("order of an id that was cancelled") != std::string::npos);
  const auto wrong = [&](const std::string& name, std::vector<std::string> more,
                         const char* words) {
    const test::Outcome o = run.tx(name, std::move(more));
    CAPTURE(o.errors);
    CHECK(o.code != 0);
    CHECK(o.errors.find(words) != std::string::npos);
  };
  wrong("transfer", {"--vintage", "0", "--energy-wh", "5", "--to", run.accounts[1]}, "has 0 free");
  wrong("transfer", {"--vintage", "0", "--energy-wh", "5", "--to", "abc"}, "--to abc");
  // No order has an id that is made anew.
  wrong("cancel", {"--slot", "300"}, "--id");
  wrong("contract", {"--template", "sell-surplus", "--withdraw", "--id", std::string(32, '6')},
        "--id: is not of a withdrawal");
  // What the ledger refuses says why, with the code that a network gives.
  const auto refused = [&](const std::string& name, std::vector<std::string> more,
                           const std::string& why) {
    const test::Outcome o = run.tx(name, std::move(more));
    CAPTURE(o.errors);
    CHECK(o.code == 1);
    CHECK(o.errors == "aipchain: the ledger refuses it: " + why + "\n");
  };
  refused("transfer", {"--vintage", "4000", "--energy-wh", "5", "--to", run.accounts[1]},
          "moves tokens of a slot that is not closed yet");
  refused("cancel", {"--slot", "300", "--id", std::string(32, '8')},
          "cancellation of an order that there is not");
  refused("order",
          {"--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh", "0.1", "--meter", "777"},
          "order of an unknown meter");
  // What is wrong with a number is said of its option.
  for (const char* energy : {"0", "-5", "1.5", "010", "0x10", "10000001", "nan"})
    wrong(
        "order", {"--side", "buy", "--energy-wh", energy, "--price-eur-per-kwh", "0.1"},
        (std::string("--energy-wh: found ") + energy + "; wants a whole number from 1 to").c_str());
  wrong("order",
        {"--side", "buy", "--energy-wh", "1", "--price-eur-per-kwh", "0.1", "--slot", "010"},
        "--slot: found 010; wants a whole number");
  wrong("contract", {"--template", "community-key", "--energy-wh", "9", "--share", "5"},
        "--side: is missing; community-key wants it");
  wrong("retire", {"--vintage", "0", "--energy-wh", "5", "--green"}, "has 0 free");
  wrong("contract", {"--template", "sell-everything"}, "there are community-key, sell-surplus");
  wrong("contract", {"--template", "sell-surplus"},
        "--energy-wh: is missing; sell-surplus wants it");
  wrong("contract", {"--template", "hold-tokens", "--energy-wh", "5"},
        "--energy-wh: is not of hold-tokens");
  wrong("contract", {"--template", "sub-meters"}, "--tenant: is missing; sub-meters wants it");
  const std::string tenant = std::string(32, 'a') + "=1";
  wrong("contract", {"--template", "sub-meters", "--tenant", tenant, "--tenant", tenant},
        "--tenant aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: is there twice");
  wrong("contract", {"--template", "hold-tokens", "--first-slot", "50", "--end-slot", "50"},
        "--end-slot 50: wants a slot behind the first, 50");
  wrong("contract", {"--template", "hold-tokens", "--withdraw", "--end-slot", "50"},
        "--end-slot: is not of a withdrawal");
  for (const char* price : {"1.2345678", "-1", "x", "nan", "1e-400", "0x1", "100.000001", "1e3"})
    wrong("order", {"--side", "buy", "--energy-wh", "1", "--price-eur-per-kwh", price},
          "wants EUR/kWh");
  const test::Outcome audit =
      test::aipchain({"audit", run.path(), "--openings", run.path() + "/openings"});
  CHECK_MESSAGE(audit.code == 0, audit.output);
  // All of it is in what the subject gets; the order that was taken back says so.
  const test::Outcome exported =
      test::aipchain({"export", run.path(), "--account", run.accounts[0]});
  REQUIRE_MESSAGE(exported.code == 0, exported.errors);
  const json all = json::parse(exported.output);
  CHECK(all.at("cancellations") == json::array({{{"id", id}, {"slot", 300}}}));
  std::size_t cancelled = 0;
  for (const json& order : all.at("orders")) {
    const bool taken_back = order.at("id") == id;
    CHECK(order.at("cancelled") == taken_back);
    cancelled += taken_back;
  }
  CHECK(cancelled == 1);
  CHECK(all.at("orders").size() > 1);
  CHECK(all.at("contracts").size() == 4);
  CHECK(all.at("marks").size() >= all.at("bills").size());
  REQUIRE_FALSE(all.at("forecasts").empty());
  CHECK_FALSE(all.at("forecasts")[0].at("net_import_wh").empty());
  // The contract of sub-meters stands from a slot on that is not settled yet.
  CHECK_FALSE(json::parse(run.statement({"--json"}).output).contains("tenants"));
}

namespace {

std::string key_change(const char* home, const char* at, const char* more) {
  return "[[event]]\nkind = \"key_change\"\nof = \"account\"\ntarget = \"" + std::string(home) +
         "\"\nat = \"" + at + "\"\n" + more;
}

}  // namespace

// The first home's next key holds from slot 3 on; the second one's from slot 8, which is to come
// when the run ends.
TEST_CASE("tx: an account signs with the key that holds in the slot that it is about") {
  const AccountRun run(key_change("home-01", "65s", "") +
                       key_change("home-02", "301s", "lost = true\n"));
  const auto keys = [&](std::size_t who) {
    const test::Outcome all =
        test::aipchain({"export", run.path(), "--account", run.accounts[who]});
    REQUIRE_MESSAGE(all.code == 0, all.errors);
    return json::parse(all.output).at("key_changes");
  };
  REQUIRE(keys(0).size() == 1);
  REQUIRE(keys(1).size() == 1);
  CHECK(keys(0)[0].at("from_slot") == 3);
  CHECK(keys(1)[0].at("from_slot") == 8);
  const auto taken = [&](const std::string& name, std::size_t who, std::vector<std::string> more) {
    const test::Outcome o = run.tx(name, std::move(more), who);
    CAPTURE(name);
    CHECK_MESSAGE(o.code == 0, o.errors);
  };
  const std::string id(32, '7');
  const std::vector<std::string> consent{"--recipient", std::string(64, 'a'), "--purpose",
                                         "advice"};
  for (const std::size_t who : {0u, 1u}) {
    for (const char* slot : {"7", "8", "9"}) {
      taken("order", who,
            {"--slot", slot, "--side", "buy", "--energy-wh", "9", "--price-eur-per-kwh", "0.2",
             "--id", id});
      taken("cancel", who, {"--slot", slot, "--id", id});
    }
    taken("contract", who, {"--template", "hold-tokens", "--first-slot", "7"});
    taken("contract", who, {"--template", "hold-tokens", "--first-slot", "8"});
    taken("consent", who, consent);
  }
  // What nobody has is refused for that, and not for who signed.
  const test::Outcome none =
      run.tx("transfer", {"--vintage", "0", "--energy-wh", "5", "--to", run.accounts[1]});
  CHECK(none.code == 1);
  CHECK(none.errors.find("has 0 free") != std::string::npos);
  // Of all this the auditor checks the signatures.
  const test::Outcome audit =
      test::aipchain({"audit", run.path(), "--openings", run.path() + "/openings"});
  CHECK_MESSAGE(audit.code == 0, audit.output);
}

// Nobody hears them: an error names each transaction, whose bytes hold its id and are else equal.
TEST_CASE("tx: two of one account in the same moment have ids of their own on a network") {
  const test::Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  REQUIRE(test::aipchain({"network", folder.at("scenario.toml"), "--out", folder.at("net"),
                          "--only-files", "--quiet"})
              .code == 0);
  const auto household = std::filesystem::directory_iterator(folder.at("net/households"))->path();
  const std::vector<std::string> words{AIPCHAIN_PROGRAM,
                                       "tx",
                                       "order",
                                       folder.at("net/network.toml"),
                                       "--account",
                                       household.stem().string(),
                                       "--key",
                                       household.string(),
                                       "--meter",
                                       "0",
                                       "--slot",
                                       "300",
                                       "--side",
                                       "buy",
                                       "--energy-wh",
                                       "5",
                                       "--price-eur-per-kwh",
                                       "0.1",
                                       "--wait",
                                       "200ms"};
  std::set<std::string> transactions;
  // Five pairs: a second may end between two that begin together.
  for (int pair = 0; pair < 5; ++pair) {
    test::Process one(words), other(words);
    for (test::Process* each : {&one, &other}) {
      CHECK(each->finish() == 3);
      REQUIRE(each->errors.starts_with("aipchain: transaction "));
      transactions.insert(each->errors.substr(22, 64));
    }
  }
  CHECK(transactions.size() == 10);
  const test::Outcome nowhere = test::aipchain(
      {"tx", "cancel", folder.at("net/netwrok.toml"), "--account", household.stem().string(),
       "--key", household.string(), "--meter", "0", "--slot", "300", "--id", std::string(32, '7')});
  CHECK(nowhere.code == 2);
  CHECK(nowhere.errors.find("netwrok.toml: is not a file") != std::string::npos);
}
