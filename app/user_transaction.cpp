#include "app/user_transaction.hpp"

#include <algorithm>
#include <iostream>

#include "app/account_keys.hpp"
#include "app/console.hpp"
#include "app/network_visit.hpp"
#include "app/run_ledger.hpp"
#include "hil/network/household_file.hpp"
#include "hil/network/key_file.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/tlog/tlog_proof.hpp"

namespace app {

using namespace ledger;

namespace {

using Make = std::function<Result<UserTransaction>(const UserKeys&)>;

std::array<std::uint8_t, 16> cut_to_id(std::span<const std::uint8_t, 32> bytes) {
  std::array<std::uint8_t, 16> out{};
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return out;
}

// Of a directory: from what nobody else knows, and the log's length, which grows by each.
std::array<std::uint8_t, 16> next_id(const KeySeed& secret, std::uint64_t log_size) {
  return cut_to_id(sha256({bytes_of("aipchain id 1"), secret, ByteWriter().u64(log_size).view()}));
}

// Of a network, which counts nothing for who sends.
std::array<std::uint8_t, 16> random_id() { return cut_to_id(hil::new_secret()); }

int send_to_network(const UserAction& action, const AccountId& account, const Make& make) {
  const auto network = hil::read_network_config(action.directory);
  if (!network) return complain(wrong_input, network.error());
  if (action.key.empty())
    return complain(wrong_input, "--key: is missing: a household signs with its own file");
  const auto household = hil::read_household(action.key);
  if (!household) return complain(wrong_input, household.error());
  if (household->account != account)
    return complain(wrong_input, "--key " + action.key + ": is of account " +
                                     to_hex(household->account.bytes) + ", not of --account");
  const Genesis& genesis = network->chain.genesis;
  const auto made = make({chain_id_of(genesis), account, household->restricted_key,
                          [&](Slot) { return household->secret; }, random_id(),
                          genesis.metering_operator, nullptr, nullptr});
  if (!made) return complain(wrong_input, made.error());
  return visit_network(*network, made->tx, {action.wait, action.json, made->also.dump()});
}

int print_decided(const UserTransaction& made, const twin::RunLedger& ledger,
                  const twin::RunLedger::Decided& decided, bool as_json) {
  const std::string id = to_hex(leaf_of(made.tx));
  if (!as_json) {
    std::cout << "transaction " << id << " is entry " << decided.entry << " of the log\n";
    return done;
  }
  const market::PublicLog& log = ledger.log();
  const TlogProof proof{decided.entry, log.tree.inclusion_proof(decided.entry, log.entries.size()),
                        log.checkpoint_note};
  nlohmann::json out = made.also;
  out.update({{"entry", decided.entry},
              {"height", decided.height},
              {"proof", write_tlog_proof(proof)},
              {"transaction", id}});
  std::cout << out.dump(2) << "\n";
  return done;
}

int decide(const UserAction& action, const AccountId& account, const Make& make) {
  if (!action.key.empty() || !action.wait.empty())
    return complain(wrong_input, "--key and --wait: are for a network (network.toml)");
  Ed25519Verifier verifier;
  auto ledger = load_run_ledger(action.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  if (const std::string why = absence_of(*ledger, account); !why.empty())
    return complain(wrong_input, "--account " + action.account + ": " + why);
  const auto keys = AccountKeys::load(action.directory, *ledger, account);
  if (!keys) return complain(wrong_input, keys.error());
  const market::PublicLog& log = ledger->log();
  const auto operators = operator_keys_of(action.directory, log.genesis);
  if (!operators) return complain(wrong_input, operators.error());
  const auto made =
      make({log.chain_id, account, ledger->openings().keys.at(account).restricted,
            [&](Slot slot) { return keys->in(slot); }, next_id(keys->first(), log.entries.size()),
            log.genesis.metering_operator, &*ledger, &operators->metering_operator});
  if (!made) return complain(wrong_input, made.error());
  const auto decided = ledger->decide(made->tx, *operators);
  if (!decided && decided.error().refused)
    return complain(does_not_hold, "the ledger refuses it: " + decided.error().why);
  if (!decided) return complain(failed, action.directory + ": " + decided.error().why);
  return print_decided(*made, *ledger, *decided, action.json);
}

}  // namespace

std::string absence_of(const twin::RunLedger& ledger, const AccountId& account) {
  const auto erased = market::erasures_of(ledger.log(), account);
  if (!erased.empty())
    return "its data were erased by record " + std::to_string(erased.front().entry);
  return ledger.openings().keys.contains(account) ? "" : "is no account of this ledger";
}

int send_transaction(const UserAction& action, const Make& make) {
  const auto account = array_from_hex<16>(action.account);
  if (!account)
    return complain(wrong_input,
                    "--account " + action.account + ": wants 32 lower-case hexadecimal digits");
  return names_network(action.directory) ? send_to_network(action, {*account}, make)
                                         : decide(action, {*account}, make);
}

}  // namespace app
