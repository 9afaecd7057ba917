// Users' own commands against a network of real processes: orders, contracts, tokens, a consent, an
// erasure, and what is left of who was erased in any byte that the gateways and the observer keep.

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <optional>

#include "hil/network/household_file.hpp"
#include "hil/network/key_file.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "market/settlement/flexibility.hpp"
#include "tests/support/process_net.hpp"
#include "twin/node/base/identity.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

using namespace ledger;
using test::pause;
using test::Process;
using test::ProcessNet;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int code = 0;
  std::string output, errors;
  bool says(const std::string& words) const {
    return (output + errors).find(words) != std::string::npos;
  }
};

// Every second home has PV; all keep the tokens of what they buy.
const std::string sunny_street =
    test::street + std::string(
                       "pv = { share = 0.5, peak_kw = 8 }\nstrategy = \"truthful\"\n"
                       "contracts = [{ template = \"hold-tokens\" }]\n");

// Its homes' identities, as the network derives them.
twin::Identities identities_of(const Hash& chain_id) {
  const auto file = twin::read_scenario(sunny_street, "street.toml", {});
  REQUIRE(file);
  const auto network = twin::make_network(file->grid(), file->seed(), {});
  REQUIRE(network);
  const auto scenario = file->expand(*network);
  REQUIRE(scenario);
  twin::Identities keys = twin::make_identities(*scenario);
  twin::bind_to_chain(keys, chain_id);
  return keys;
}

bool is_owners_alone(const fs::path& path) {
  return (fs::status(path).permissions() & ~fs::perms::owner_all) == fs::perms::none;
}

class Users {
 public:
  explicit Users(const ProcessNet& net) : net_(net), network_(net.file("network.toml")) {
    for (const auto& each : fs::directory_iterator(net.file("households"))) {
      accounts.push_back(each.path().stem().string());
      CHECK(is_owners_alone(each.path()));
    }
    std::sort(accounts.begin(), accounts.end());
    REQUIRE(accounts.size() == 8);
    CHECK(is_owners_alone(net.file("homes.csv")));
    std::istringstream homes(test::text_of_file(net.file("homes.csv")));
    std::string account, meter, gateway;
    while (std::getline(homes, account, ',') && std::getline(homes, meter, ',') &&
           std::getline(homes, gateway))
      meter_of_[account] = meter;
    for (const twin::MeterIdentity& m : identities_of(chain_id_of(net.genesis())).meters)
      if (!m.feeder) CHECK(meter_of_.at(to_hex(m.account.bytes)) == std::to_string(m.meter.value));
  }
  // What an account signs.
  Ran tx(const std::string& name, std::size_t who, std::vector<std::string> more) const {
    return tx_of(name, accounts[who], household(who), meter_of_.at(accounts[who]), more);
  }
  Ran tx_of(const std::string& name, const std::string& account, const std::string& key,
            const std::string& meter, const std::vector<std::string>& more) const {
    return run({"tx", name, network_, "--account", account, "--key", key, "--meter", meter,
                "--wait", "20s", "--json"},
               more);
  }
  std::string household(std::size_t n) const {
    return net_.file("households/" + accounts[n] + ".key");
  }
  Ran consent(std::size_t of, const std::string& key, std::vector<std::string> more = {}) const {
    return run({"tx", "consent", network_, "--account", accounts[of], "--key", key, "--recipient",
                std::string(64, 'a'), "--purpose", "advice", "--json"},
               more);
  }
  Ran erase(std::size_t who, const std::string& key, std::vector<std::string> more = {}) const {
    return run({"erase", network_, "--subject", accounts[who], "--key", key, "--json"}, more);
  }
  std::vector<std::string> accounts;

 private:
  static Ran run(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.begin(), AIPCHAIN_PROGRAM);
    words.insert(words.end(), more.begin(), more.end());
    Process p(words);
    Ran out;
    out.code = p.finish();
    out.output = p.output;
    out.errors = p.errors;
    return out;
  }
  const ProcessNet& net_;
  std::string network_;
  std::map<std::string, std::string> meter_of_;
};

// The text behind `"name": "` up to the next quotation mark, lines and all.
std::string text_in(const std::string& json, const std::string& name) {
  const std::string before = "\"" + name + "\": \"";
  const std::size_t at = json.find(before);
  if (at == std::string::npos) return {};
  std::string out = json.substr(at + before.size());
  out = out.substr(0, out.find('"'));
  for (std::size_t n; (n = out.find("\\n")) != std::string::npos;) out.replace(n, 2, "\n");
  return out;
}

// The proof holds by genesis alone, for an entry whose leaf is the id.
void check_proved(const Ran& ran, const Genesis& genesis) {
  CHECK_MESSAGE(ran.code == 0, ran.errors);
  const auto proof = parse_tlog_proof(text_in(ran.output, "proof"));
  REQUIRE_MESSAGE(proof, ran.output);
  Ed25519Verifier verifier;
  const auto checkpoint = check_checkpoint(proof->checkpoint, policy_of(genesis), verifier);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error());
  CHECK(ran.says("\"index\": " + std::to_string(proof->index)));
  CHECK(text_in(ran.output, "id").size() == 64);
}

// Every 16 bytes of what was sealed, and each reading, as they lie on the disk.
std::vector<std::string> planted(const ProcessNet& net, const std::string& account,
                                 const std::string& sealed) {
  const Hash chain_id = chain_id_of(net.genesis());
  const twin::Identities keys = identities_of(chain_id);
  std::vector<std::string> out;
  for (const twin::MeterIdentity& m : keys.meters) {
    if (to_hex(m.account.bytes) != account) continue;
    const auto records = unseal_personal_file(chain_id, m.personal_key, bytes_of(sealed));
    REQUIRE(records);
    for (const PersonalRecord& p : *records)
      for (const ReadingBytes& r : p.readings) out.emplace_back(r.begin(), r.end());
    out.emplace_back(m.personal_key.begin(), m.personal_key.end());
  }
  REQUIRE(out.size() > 3);
  for (std::size_t at = 0; at + 16 <= sealed.size(); at += 16) out.push_back(sealed.substr(at, 16));
  return out;
}

// How many of these are in some file of the folder.
std::size_t found_below(const std::string& folder, const std::vector<std::string>& all) {
  std::size_t out = 0;
  std::string bytes;
  for (const auto& each : fs::recursive_directory_iterator(folder))
    if (each.is_regular_file()) bytes += test::text_of_file(each.path().string());
  for (const std::string& one : all) out += bytes.find(one) != std::string::npos ? 1u : 0u;
  return out;
}

void check_refused(const Ran& ran, const std::string& why) {
  CHECK(ran.code == 1);
  CHECK_MESSAGE(ran.says(why), ran.output, ran.errors);
}

// One line, and nothing sent.
void check_wrong(const Ran& ran, const std::string& why) {
  CHECK(ran.code == 2);
  CHECK_MESSAGE(ran.says(why), ran.output, ran.errors);
  CHECK(ran.output.empty());
  CHECK(std::count(ran.errors.begin(), ran.errors.end(), '\n') == 1);
}

// A house that the ledger has never heard of signs for a meter.
void check_unknown(const ProcessNet& net, const Users& users) {
  const std::string account(32, 'a'), secret = net.file("stranger.key"),
                                      file = net.file("stranger");
  for (const auto& words : {std::vector<std::string>{"new", secret},
                            {"household", secret, secret, "--account", account, "--out", file}}) {
    std::vector<std::string> all{AIPCHAIN_PROGRAM, "keys"};
    all.insert(all.end(), words.begin(), words.end());
    Process p(all);
    REQUIRE_MESSAGE(p.finish() == 0, p.errors);
  }
  const std::vector<std::string> order{
      "--slot", "300", "--side", "buy", "--energy-wh", "100", "--price-eur-per-kwh", "0.2"};
  check_refused(users.tx_of("order", account, file, "0", order),
                "order of an account that may not trade with this meter");
  check_refused(users.tx_of("contract", account, file, "0",
                            {"--template", "hold-tokens", "--first-slot", "300", "--number", "1"}),
                "is of an account that has another meter");
  check_refused(users.tx_of("order", account, file, "99", order), "order of an unknown meter");
}

void check_orders(const Users& users, const Genesis& genesis) {
  const auto order = [&](const std::string& slot, const std::string& energy_wh) {
    return users.tx("order", 1,
                    {"--slot", slot, "--side", "buy", "--energy-wh", energy_wh,
                     "--price-eur-per-kwh", "0.2", "--id", std::string(32, '7')});
  };
  const auto cancel = [&](const std::string& slot) {
    return users.tx("cancel", 1, {"--slot", slot, "--id", std::string(32, '7')});
  };
  check_refused(cancel("300"), "cancellation of an order that there is not");
  check_proved(order("300", "100"), genesis);
  check_proved(order("300", "100"), genesis);  // the same once more is no fault
  check_refused(order("300", "101"), "order id is taken by another order of the account");
  check_proved(cancel("300"), genesis);
  check_refused(order("300", "101"), "order of an id that was cancelled");
  check_refused(order("0", "100"), "order for a slot that has begun");
  check_refused(cancel("0"), "cancellation for a slot that has begun");
  check_refused(order("5000", "100"), "order for a slot too far ahead");
}

void check_contracts(const Users& users, const ProcessNet& net) {
  const auto sell = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"--template", "sell-surplus", "--first-slot", "400"};
    words.insert(words.end(), more.begin(), more.end());
    return users.tx("contract", 2, words);
  };
  const std::vector<std::string> first{"--number", "1", "--energy-wh", "500", "--price-eur-per-kwh",
                                       "0.1"};
  check_refused(sell({"--number", "1", "--withdraw"}), "contract that was never made");
  check_proved(sell(first), net.genesis());
  check_refused(sell(first), "contract of number 1, which is not above the newest one's, 1");
  check_refused(sell({"--number", "2000", "--withdraw"}), "which is more than 1000 above");
  check_proved(sell({"--number", "2", "--withdraw"}), net.genesis());
  CHECK(sell({"--energy-wh", "500"}).code == 2);  // no number: a network does not tell it
  check_refused(
      users.tx("contract", 2, {"--template", "hold-tokens", "--first-slot", "0", "--number", "2"}),
      "contract whose first slot has begun");
}

// What an account signed with the grid operator.
struct Pledge {
  std::string account;
  market::Contract contract;
};

// From the first slot on that the ledger still takes, of these: soon enough to be over when the
// test ends.
Pledge pledge(const Users& users, const ProcessNet& net, std::size_t who, market::Template of,
              const std::string& energy_wh, Slot from) {
  Pledge out{users.accounts[who], {}};
  out.contract.first_slot = from;
  out.contract.of = of;
  out.contract.energy = {std::stoll(energy_wh)};
  out.contract.price = {100'000};
  const auto signed_by = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"--template",
                                   std::string(market::name_of(of)),
                                   "--first-slot",
                                   std::to_string(out.contract.first_slot.value),
                                   "--number",
                                   "1",
                                   "--energy-wh",
                                   energy_wh,
                                   "--price-eur-per-kwh",
                                   "0.1"};
    words.insert(words.end(), more.begin(), more.end());
    return users.tx("contract", who, words);
  };
  check_wrong(signed_by({}), "--operator-key: is missing");
  check_wrong(signed_by({"--operator-key", net.file("registrar.key")}),
              "is not the metering operator's key");
  check_wrong(signed_by({"--operator-key", net.file("nobody.key")}), "No such file");
  for (;; ++out.contract.first_slot.value) {
    const Ran ran = signed_by({"--operator-key", net.file("metering_operator.key")});
    if (ran.says("contract whose first slot has begun")) continue;
    check_proved(ran, net.genesis());
    return out;
  }
}

// By rising slot, as a validator has them on its disk.
std::vector<market::Statement> statements_of(const ProcessNet& net, const std::string& account) {
  std::vector<market::Statement> out;
  const auto store = net.store_of("validator-0");
  std::uint64_t height = 1;
  for (; const auto record = store->block(height); ++height) {
    const auto block = decode_block(twin::decode_block_record(*record)->block);
    REQUIRE(block);
    for (const Transaction& tx : block->transactions) {
      if (tx.kind != TransactionKind::statements) continue;
      for (const Opening& o : tx.openings)
        if (to_hex(owner_of(o).bytes) == account) out.push_back(*market::decode_statement(o.data));
    }
  }
  return out;
}

// A payment is no line of the statement: it is what the balance moves by beyond the total.
void check_paid(const ProcessNet& net, const Pledge& pledge, bool to_account) {
  std::int64_t paid = 0;
  const auto all = statements_of(net, pledge.account);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const MicroEuros moved = all[i].balance - all[i - 1].balance + all[i].total;
    const bool stands = pledge.contract.first_slot <= all[i].slot;
    const auto due = market::payment_of(pledge.contract, all[i]);
    CHECK(moved == (stands ? -due->amount : MicroEuros{}));
    paid += moved.value;
  }
  CHECK((to_account ? paid : -paid) > 0);
}

void check_roles_keys(const ProcessNet& net) {
  const Genesis genesis = net.genesis();
  for (const auto& [name, key] : {std::pair{"registrar", genesis.registrar},
                                  {"metering_operator", genesis.metering_operator},
                                  {"gateway_administrator", genesis.gateway_administrator},
                                  {"certifier", genesis.certifier}}) {
    const std::string path = net.file(name + std::string(".key"));
    CHECK(is_owners_alone(path));
    const auto secret = hil::read_key(path);
    REQUIRE_MESSAGE(secret, secret.error());
    CHECK(Ed25519Signer(*secret).public_key() == key);
  }
}

// How many Wh of a slot's tokens an account has free, by the ledger's own word; none where the slot
// is not closed.
std::optional<std::int64_t> free_tokens(const Users& users, std::size_t who, const char* vintage,
                                        const std::string& to) {
  const Ran ran =
      users.tx("transfer", who,
               {"--slot", "900", "--vintage", vintage, "--energy-wh", "1000000", "--to", to});
  CHECK(ran.code == 1);
  if (ran.says("tokens of a slot that is not closed yet")) return std::nullopt;
  const std::string before = "of which the account has ";
  const std::size_t at = ran.errors.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, ran.errors);
  return std::stoll(ran.errors.substr(at + before.size()));
}

void check_tokens(const Users& users, const Genesis& genesis) {
  const char* const vintage = "2";
  for (int n = 0; n < 200 && !free_tokens(users, 1, vintage, users.accounts[2]); ++n) pause(100);
  std::size_t holder = 1;
  std::int64_t held = 0;
  for (std::size_t who = 1; who < users.accounts.size() && held < 4; ++who) {
    held = free_tokens(users, who, vintage, users.accounts[who == 1 ? 2 : 1]).value_or(0);
    holder = who;
  }
  REQUIRE(held >= 4);
  const std::string to = users.accounts[holder == 1 ? 2 : 1];
  const auto act = [&](const std::string& name, const std::string& slot, std::int64_t energy_wh,
                       std::vector<std::string> more) {
    std::vector<std::string> words{"--slot", slot,          "--vintage",
                                   vintage,  "--energy-wh", std::to_string(energy_wh)};
    words.insert(words.end(), more.begin(), more.end());
    return users.tx(name, holder, words);
  };
  const std::vector<std::string> given{"--to", to, "--id", std::string(32, '5')};
  check_proved(act("transfer", "900", 1, given), genesis);
  check_refused(act("transfer", "900", 2, given), "transfer id is taken by another one");
  check_proved(act("retire", "900", 1, {}), genesis);
  check_proved(act("retire", "900", 1, {"--green", "--id", std::string(32, '6')}), genesis);
  check_refused(act("retire", "900", 1, {"--id", std::string(32, '6')}),
                "retirement id is taken by another one");
  CHECK(free_tokens(users, holder, vintage, to) == held - 3);
  check_refused(act("retire", "900", held - 2, {"--green"}),
                "of which the account has " + std::to_string(held - 3) + " free");
  check_refused(act("transfer", "0", 1, {"--to", to}), "acts in a slot that is closed");
  check_refused(act("retire", "0", 1, {}), "acts in a slot that is closed");
  check_refused(act("transfer", "900", 1, {"--to", users.accounts[holder]}),
                "transfer of an account to itself");
  check_refused(act("transfer", "900", 1, {"--to", std::string(32, 'b')}),
                "transfer to an unknown account");
}

}  // namespace

TEST_CASE(
    "users: what accounts sign in a running network is proved or refused by name, and an erasure "
    "leaves nothing behind") {
  ProcessNet net("--speed 10", sunny_street);
  const Users users(net);
  check_roles_keys(net);
  const Ran too_early = users.consent(0, users.household(0), {"--wait", "300ms"});
  CHECK(too_early.code == 3);
  CHECK(too_early.says("validator-0: not reached"));
  net.start_all();

  // Which gateway has the first home's readings, and what of them.
  std::string file, gateway;
  for (int n = 0; n < 100 && file.empty(); ++n, pause(100))
    for (const char* each : {"gateway-0", "gateway-1"})
      if (const auto path = net.file(std::string(each) + "/openings/personal/" + users.accounts[0]);
          fs::exists(path) && fs::file_size(path) > 300) {
        file = path;
        gateway = net.file(each);
      }
  REQUIRE(!file.empty());

  check_proved(users.consent(0, users.household(0), {"--wait", "30s"}), net.genesis());
  const Ran nothing_to_withdraw =
      users.consent(1, users.household(1), {"--withdraw", "--wait", "20s"});
  CHECK(nothing_to_withdraw.code == 1);
  CHECK(nothing_to_withdraw.says("withdrawal of a consent that was never given"));
  check_wrong(users.consent(1, users.household(2)), "is of account " + users.accounts[2]);
  check_wrong(users.consent(1, net.file("registrar.key")), "is not a household's file");
  check_wrong(users.consent(1, net.file("nobody.key")), "No such file");
  CHECK(users.erase(1, users.household(1)).code == 2);
  CHECK(users.erase(1, net.file("observer.key")).says("is not the registrar's key"));
  CHECK(users.erase(1, net.file("registrar.key"), {"--billing"}).code == 2);

  check_unknown(net, users);
  check_orders(users, net.genesis());
  check_contracts(users, net);
  const Pledge offer = pledge(users, net, 3, market::Template::flexibility_offer, "300", {4});
  const Pledge duty =
      pledge(users, net, 4, market::Template::curtailment_duty, "1", offer.contract.first_slot);
  check_tokens(users, net.genesis());

  const std::vector<std::string> words = planted(net, users.accounts[0], test::text_of_file(file));
  CHECK(found_below(gateway, words) > words.size() / 3);

  check_proved(users.erase(0, net.file("registrar.key"), {"--wait", "30s"}), net.genesis());
  for (int n = 0; n < 150 && fs::exists(file); ++n) pause(100);
  CHECK(!fs::exists(file));
  // Nor in the records of a gateway that runs: not in their log, nor in pages that are free.
  for (int n = 0; n < 20 && found_below(gateway, words) > 0; ++n) pause(100);
  CHECK(found_below(gateway, words) == 0);
  CHECK(users.consent(0, users.household(0), {"--wait", "20s"}).says("whose data are erased"));
  pause(1200);  // one batch more; and in the same second it would be the same transaction
  const Ran twice = users.erase(0, net.file("registrar.key"), {"--wait", "20s"});
  CHECK(twice.code == 1);
  CHECK(twice.says("erased already"));
  net.stop();
  CHECK(!fs::exists(file));
  CHECK(found_below(gateway, words) == 0);
  CHECK(found_below(net.file("observer"), words) == 0);
  Process audit({AIPCHAIN_PROGRAM, "audit", net.file("observer")});
  CHECK_MESSAGE(audit.finish() == 0, audit.output, audit.errors);
  check_paid(net, offer, true);
  check_paid(net, duty, false);
}

TEST_CASE("users: a household makes its file of keys that it made itself") {
  char name[] = "/tmp/aipchain-keys-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string folder = name, account(32, 'a');
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {AIPCHAIN_PROGRAM, "keys"});
    Process p(words);
    return p.finish();
  };
  const std::string secret = folder + "/secret", restricted = folder + "/restricted";
  const std::string out = folder + "/household";
  CHECK(run({"new", secret}) == 0);
  CHECK(run({"new", restricted}) == 0);
  CHECK(run({"household", secret, restricted, "--account", "aa", "--out", out}) == 2);
  CHECK(run({"household", secret, folder, "--account", account, "--out", out}) == 2);
  CHECK(run({"household", secret, restricted, "--account", account, "--out", out}) == 0);
  CHECK(run({"household", secret, restricted, "--account", account, "--out", out}) == 2);
  const auto made = hil::read_household(out);
  REQUIRE_MESSAGE(made, made.error());
  CHECK(to_hex(made->account.bytes) == account);
  CHECK(made->secret == *hil::read_key(secret));
  CHECK(made->restricted_key == *hil::read_key(restricted));
  fs::remove_all(folder);
}
