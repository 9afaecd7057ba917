#pragma once
// How a user's transaction is signed and brought to its ledger. In a twin's directory the account's
// keys follow from scenario and log (app/account_keys.hpp) and the twin's validators decide;
// against a network the household signs with its own file (hil/network/household_file.hpp) and
// waits for the proof.

#include <functional>
#include <nlohmann/json.hpp>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "twin/store/run_ledger.hpp"

namespace app {

struct UserAction {
  std::string directory;  // or network.toml
  std::string account;    // 32 hexadecimal digits
  std::string key, wait;  // of a network
  bool json = false;
};

// What a transaction is made of.
struct UserKeys {
  ledger::Hash chain_id{};
  ledger::AccountId account;
  ledger::SubjectKey restricted_key{};
  // The account's key that holds in a slot; of a network the household's file has one.
  std::function<ledger::Result<ledger::KeySeed>(ledger::Slot)> secret_in;
  // Another one each time: an id of its own for whoever gives none.
  std::array<std::uint8_t, 16> fresh_id{};
  ledger::PublicKey metering_operator{};  // by genesis
  // Of a directory: what else is known there, and its metering operator's secret. Of a network
  // null.
  const twin::RunLedger* ledger = nullptr;
  const ledger::KeySeed* operator_secret = nullptr;
};

struct UserTransaction {
  ledger::Transaction tx;
  nlohmann::json also;  // printed besides id, entry and proof
};

// Prints the id and where it stands, with --json the proof; gives the exit code.
int send_transaction(const UserAction& action,
                     const std::function<ledger::Result<UserTransaction>(const UserKeys&)>& make);

// Why an account has nothing here to sign for; empty where it has.
std::string absence_of(const twin::RunLedger& ledger, const ledger::AccountId& account);

}  // namespace app
