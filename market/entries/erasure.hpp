#pragma once
// Erasure of a subject's data, as a transaction of the registrar (kind 8). What it destroys lies
// beside the log; the record on the log says that it was destroyed on purpose, and of whom to those
// alone who know the account.
//
//   body     salt 32, registrar's signature 64
//   opening  account 16, version u8 = 1, stages u8; its salt is the body's
//
// Stages: 1 personal data (readings, meter records, the month's personal key), 2 billing data
// (registration, marks, orders, statements, the restricted key), 3 both at once. The salt is
// public, so that who holds an account can still find its record when nothing else is left of it:
// an account is 128 random bits, which nobody guesses.
//
// In the state tree an erased account has the leaf `erased`, id the account, value
// SHA-256("aipchain erased 1" || stages so far): `next_stages` is the whole rule.

#include "ledger/chain/genesis.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace market {

using namespace ledger;

using Stages = std::uint8_t;
inline constexpr Stages personal_stage = 1, billing_stage = 2;

struct ErasureBody {
  Salt salt{};
  Signature signature{};
};
struct Erasure {
  AccountId account;
  Stages stages = personal_stage;
};

Bytes encode(const ErasureBody& body);
Bytes encode(const Erasure& erasure);
Result<ErasureBody> decode_erasure_body(BytesView body);
Result<Erasure> decode_erasure(BytesView opening);

Transaction erasure_of(const Hash& chain_id, const Erasure& erasure, const Salt& salt,
                       Signer& registrar);

// What is erased of an account after one more erasure; the error says why it may not be.
Result<Stages> next_stages(Stages so_far, Stages more);
Hash erased_value(Stages stages);

// The stages of which this entry is the account's erasure; 0 where it is none.
Stages erases(const EntryView& entry, const AccountId& account);

}  // namespace market
