#include "app/erase_command.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/input_file.hpp"
#include "app/network_visit.hpp"
#include "app/run_ledger.hpp"
#include "app/run_output.hpp"
#include "hil/network/key_file.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/journal.hpp"
#include "twin/store/run_eraser.hpp"

namespace app {
namespace {

using namespace ledger;
using nlohmann::json;

struct EraseOptions {
  std::string directory, subject, kept_for, now, key, wait;
  bool billing = false, json = false;
};

// What one run of the command knows.
class Erasing {
 public:
  Erasing(const EraseOptions& options, const AccountId& account, twin::RunLedger ledger)
      : o_(options), account_(account), ledger_(std::move(ledger)) {}
  // What was done, as it is printed.
  Result<json> run();

 private:
  std::vector<market::ErasureRecord> records() const {
    return market::erasures_of(ledger_.log(), account_);
  }
  Result<void> erase();
  Result<void> resume(const market::ErasureRecord& record);
  Result<void> decide(market::Stages stages);
  Result<void> destroy(const twin::RunErasure& erasure);
  std::optional<std::uint32_t> home() const;
  bool is_complete(const market::ErasureRecord& record) const;
  json told() const;

  const EraseOptions& o_;
  AccountId account_;
  twin::RunLedger ledger_;
  twin::Destroyed destroyed_;
};

Result<void> Erasing::decide(market::Stages stages) {
  const auto keys = operator_keys_of(o_.directory, ledger_.log().genesis);
  if (!keys) return failure(keys.error());
  const bool billing = stages & market::billing_stage;
  const auto decided =
      ledger_.decide(twin::signed_erasure(ledger_.log().chain_id, keys->registrar,
                                          {account_, stages}, ledger_.log().entries.size()),
                     *keys, billing ? std::optional(account_) : std::nullopt);
  if (!decided) return failure(decided.error().why);
  return destroy(
      {o_.directory, account_, stages, decided->entry, home(), decided->state, decided->height});
}

// A record that is on the log already: what an interrupted erasure has left to do.
Result<void> Erasing::resume(const market::ErasureRecord& record) {
  const market::PublicLog& log = ledger_.log();
  const auto body = market::decode_erasure_body(view_entry(log.entries[record.entry])->body);
  if (!body) return failure(body.error());
  const Opening own{body->salt, encode(market::Erasure{account_, record.stages})};
  twin::RunErasure erasure{o_.directory, account_, record.stages,    record.entry,
                           home(),       {},       log.blocks.size()};
  if (!ledger_.openings().restricted.contains(record.entry)) ledger_.put_back(record.entry, own);
  if (record.stages & market::billing_stage) {
    auto state = ledger_.state();
    if (!state) return failure(state.error());
    erasure.state = std::move(*state);
  } else if (auto ok = ledger_.archive({record.entry, 0}, own); !ok) {
    return ok;
  }
  return destroy(erasure);
}

// The home that stands for the account in run.db: a twin's meters are numbered like its homes.
std::optional<std::uint32_t> Erasing::home() const {
  for (const auto& [entry, all] : ledger_.openings().restricted)
    for (const auto& [position, opening] : all)
      if (owner_of(opening) == account_)
        if (const auto r = market::decode_registration(opening.data);
            r && r->kind == market::MeterKind::home)
          return r->meter.value;
  return std::nullopt;
}

Result<void> Erasing::destroy(const twin::RunErasure& erasure) {
  std::error_code error;
  const bool had_report = std::filesystem::exists(o_.directory + "/report.html", error);
  auto destroyed = twin::destroy(erasure, ledger_.log(), ledger_.openings());
  if (!destroyed) return failure(destroyed.error());
  destroyed_ = std::move(*destroyed);
  if (!had_report) return {};
  const auto summary = read_file(o_.directory + "/summary.json");
  if (!summary) return failure(summary.error());
  return write_report(o_.directory, *summary);
}

// Whether the keys that the record destroyed are gone, which is an erasure's last step.
bool Erasing::is_complete(const market::ErasureRecord& record) const {
  const auto keys = ledger_.openings().keys.find(account_);
  if (keys == ledger_.openings().keys.end()) return true;
  return !(record.stages & market::billing_stage) && keys->second.personal_destroyed;
}

Result<void> Erasing::erase() {
  market::Stages wanted = market::personal_stage;
  if (o_.billing) wanted |= market::billing_stage;
  for (const market::ErasureRecord& r : records()) {
    wanted = static_cast<market::Stages>(wanted & ~r.stages);
    if (is_complete(r)) continue;
    if (auto ok = resume(r); !ok) return ok;
  }
  return wanted == 0 ? Result<void>() : decide(wanted);
}

json Erasing::told() const {
  json list = json::array();
  for (const market::ErasureRecord& r : records())
    list.push_back({{"billing", (r.stages & market::billing_stage) != 0},
                    {"personal", (r.stages & market::personal_stage) != 0},
                    {"record", r.entry}});
  return {{"account", to_hex(account_.bytes)},
          {"destroyed",
           {{"files", destroyed_.files},
            {"personal_openings", destroyed_.personal},
            {"restricted_openings", destroyed_.restricted}}},
          {"log_size", ledger_.log().entries.size()},
          {"record", records().back().entry},
          {"records", list}};
}

Result<json> Erasing::run() {
  if (!ledger_.openings().keys.contains(account_) && records().empty())
    return failure(to_hex(account_.bytes) + ": is no account of this ledger");
  if (auto ok = erase(); !ok) return failure(o_.directory + ": " + ok.error());
  return told();
}

void print(const json& told, bool as_json) {
  if (as_json) {
    std::cout << told.dump(2) << "\n";
    return;
  }
  for (const json& r : told.at("records")) {
    const bool personal = r.at("personal"), billing = r.at("billing");
    std::cout << (personal && billing ? "personal and billing data"
                  : personal          ? "personal data"
                                      : "billing data")
              << " erased by record " << r.at("record") << "\n";
  }
}

int erase_one(const EraseOptions& o) {
  const auto account = array_from_hex<16>(o.subject);
  if (!account)
    return complain(wrong_input,
                    "--subject " + o.subject + ": wants 32 lower-case hexadecimal digits");
  Ed25519Verifier verifier;
  auto ledger = load_run_ledger(o.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  const bool known = ledger->openings().keys.contains({*account}) ||
                     !market::erasures_of(ledger->log(), {*account}).empty();
  if (!known)
    return complain(wrong_input, "--subject " + o.subject + ": is no account of this ledger");
  const auto told = Erasing(o, {*account}, std::move(*ledger)).run();
  if (!told) return complain(failed, told.error());
  print(*told, o.json);
  return done;
}

Result<std::int64_t> now_ms(const EraseOptions& o) {
  if (o.now.empty())
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  const auto time = from_rfc3339(o.now);
  if (!time) return failure("--now " + o.now + ": wants an RFC 3339 time with its offset");
  return time->unix_ms;
}

// Whose data are still there once they were kept for as long as they may.
Result<std::vector<AccountId>> due(const EraseOptions& o, const twin::RunLedger& ledger) {
  const auto kept = parse_duration(o.kept_for);
  if (!kept || kept->ns < 0)
    return failure("--kept-for " + o.kept_for + ": wants a duration such as 90d");
  const auto now = now_ms(o);
  if (!now) return failure(now.error());
  const std::int64_t last =
      ledger.log().genesis.epoch.unix_ms + ledger.log().blocks.back().header.time_ms;
  std::vector<AccountId> out;
  if (last + kept->whole_ms() > *now) return out;
  for (const auto& [account, keys] : ledger.openings().keys)
    if (!market::is_system_account(account) && (o.billing || !keys.personal_destroyed))
      out.push_back(account);
  return out;
}

// Retention: all that a run's directory has kept for longer than this after its last block.
int erase_old(const EraseOptions& o) {
  Ed25519Verifier verifier;
  const auto ledger = load_run_ledger(o.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  const auto accounts = due(o, *ledger);
  if (!accounts) return complain(wrong_input, accounts.error());
  json all = json::array();
  for (const AccountId& account : *accounts) {
    auto now = load_run_ledger(o.directory, verifier);
    if (!now) return complain(failed, now.error());
    const auto told = Erasing(o, account, std::move(*now)).run();
    if (!told) return complain(failed, told.error());
    if (!o.json) print(*told, false);
    all.push_back(*told);
  }
  if (o.json) std::cout << json{{"accounts", all.size()}, {"erased", all}}.dump(2) << "\n";
  return done;
}

// What is wrong with options that ask something of a network.
std::string wrong_for_network(const EraseOptions& o) {
  if (!o.kept_for.empty()) return "--kept-for: is for a run's directory";
  if (o.billing)
    return "--billing: is for a run's directory; the validators of a network keep the blocks that "
           "they restart from, and with them billing data";
  if (o.subject.empty()) return "erase wants --subject";
  return o.key.empty() ? "--key: is missing: the registrar signs an erasure" : "";
}

int erase_in_network(const EraseOptions& o) {
  if (const std::string wrong = wrong_for_network(o); !wrong.empty())
    return complain(wrong_input, wrong);
  const auto account = array_from_hex<16>(o.subject);
  if (!account)
    return complain(wrong_input,
                    "--subject " + o.subject + ": wants 32 lower-case hexadecimal digits");
  const auto network = hil::read_network_config(o.directory);
  if (!network) return complain(wrong_input, network.error());
  const auto registrar = hil::read_key(o.key);
  if (!registrar) return complain(wrong_input, registrar.error());
  const Genesis& genesis = network->chain.genesis;
  if (Ed25519Signer(*registrar).public_key() != genesis.registrar)
    return complain(wrong_input, o.key + ": is not the registrar's key of this network's genesis");
  const Transaction tx = twin::signed_erasure(chain_id_of(genesis), *registrar,
                                              {{*account}, market::personal_stage}, unix_seconds());
  return visit_network(*network, tx, {o.wait, o.json, json{{"account", o.subject}}.dump()});
}

int erase(const EraseOptions& o) {
  if (names_network(o.directory)) return erase_in_network(o);
  if (!o.key.empty() || !o.wait.empty())
    return complain(wrong_input, "--key and --wait: are for a network (network.toml)");
  if (!o.subject.empty()) return erase_one(o);
  if (!o.kept_for.empty()) return erase_old(o);
  return complain(wrong_input, "erase wants --subject, or --kept-for (see aipchain erase --help)");
}

}  // namespace

void add_erase_command(CLI::App& program, std::function<int()>& chosen) {
  auto o = std::make_shared<EraseOptions>();
  auto* e = program.add_subcommand("erase", "erases a person's data; proofs of others still hold");
  e->add_option("directory", o->directory, "a run's directory, or network.toml of a network")
      ->required();
  auto* subject =
      e->add_option("--subject", o->subject, "whose: an account's 32 hexadecimal digits");
  e->add_option("--kept-for", o->kept_for,
                "everybody's, once the last block is that old (90d): for a retention job")
      ->excludes(subject);
  e->add_option("--now", o->now, "what --kept-for takes for the time (default: the clock's)");
  e->add_flag("--billing", o->billing,
              "also what bills rest on: at the end of the legal period, or at once in a twin");
  e->add_option("--key", o->key, "of a network: the registrar's key file");
  e->add_option("--wait", o->wait, "of a network: how long for the proof (default: 2m)");
  e->add_flag("--json", o->json, "prints JSON");
  e->callback([&chosen, o] { chosen = [o] { return erase(*o); }; });
}

}  // namespace app
