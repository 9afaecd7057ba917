#pragma once
// What an account signs beside orders, consents and contracts. All are of one form:
//
//   body     slot u32
//   opening  account 16, version u8 = 1, meter u32, slot u32 (the body's), what it says,
//            account's signature 64 over the kind's label, chain id and all before it
//
// cancellation  (kind 26, "aipchain cancellation 1") of an order for the slot, taken as long as the
//               order would be. says: id 16 (the order's). The order is in no book; its id stays
//               taken in its slot.
// transfer      (kind 23, "aipchain transfer 1") of held tokens, acts when the slot closes.
//               says: vintage u32, quantity i64 (Wh), receiver 16, id 16
//               A second opening, the receiver's: account 16 (receiver), version u8 = 1, slot u32,
//               vintage u32, quantity i64, sender 16, id 16.
// retirement    (kind 24, "aipchain retirement 1") of held tokens, acts when the slot closes.
//               says: vintage u32, quantity i64 (Wh), claim u8, id 16
//               Claim 0, own consumption: at most what the account imported in the slot of the
//               vintage less what is retired against it already; known of slots in which its
//               contract `hold tokens` stood (market/settlement/contract.hpp) and whose mark was
//               theirs alone (market/metering/mark_rules.hpp). Claim 1, a green claim: any.
//
// Ids are the client's, 128 random bits. In its slot the same id with the same bytes is on the
// ledger already, with others it is refused by that name. Tokens of a transfer or retirement that
// waits for its slot are promised: `free` = held - promised is never below 0, so that each can be
// carried out. Transfers come first, then retirements, each by rising row id
// (market/clearing/order.hpp).

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/clearing/order.hpp"

namespace market {

using namespace ledger;

struct Cancellation {
  AccountId account;
  MeterId meter;
  Slot slot;
  OrderId id;
  Signature signature{};
};

struct Transfer {
  AccountId account;
  MeterId meter;
  Slot slot, vintage;
  WattHours quantity;  // > 0
  AccountId to;
  OrderId id;
  Signature signature{};
};
struct TransferNotice {
  AccountId account;
  Slot slot, vintage;
  WattHours quantity;
  AccountId from;
  OrderId id;
};
TransferNotice notice_of(const Transfer& transfer);

enum class TokenClaim : std::uint8_t { own_consumption = 0, green = 1 };
struct Retirement {
  AccountId account;
  MeterId meter;
  Slot slot, vintage;
  WattHours quantity;  // > 0
  TokenClaim claim = TokenClaim::own_consumption;
  OrderId id;
  Signature signature{};
};

// Quantities are 1 Wh to this.
inline constexpr std::int64_t max_token_quantity = std::int64_t{1} << 44;
Bytes encode(const Cancellation& v);
Bytes encode(const Transfer& v);
Bytes encode(const TransferNotice& v);
Bytes encode(const Retirement& v);
Result<Cancellation> decode_cancellation(BytesView opening);
Result<Transfer> decode_transfer(BytesView opening);
Result<TransferNotice> decode_transfer_notice(BytesView opening);
Result<Retirement> decode_retirement(BytesView opening);

// What every opening that an account signs begins and ends with; a contract's slot is its first.
struct AccountSigned {
  AccountId account;
  MeterId meter;
  Slot slot;
  Signature signature{};
};
Result<AccountSigned> account_signed(BytesView opening);
// What is signed: label, chain id, the opening without its last 64 bytes. Of a kind that is signed
// so (kinds 23 to 26).
Bytes account_signed_bytes(TransactionKind kind, const Hash& chain_id, BytesView opening);

// Whole transactions, signed by the account, their salts under its restricted key; that of a
// transfer's second opening as well, since the receiver's is not known to who sends.
Transaction cancellation_of(const Hash& chain_id, Cancellation v, const SubjectKey& restricted_key,
                            Signer& account);
Transaction transfer_of(const Hash& chain_id, Transfer v, const SubjectKey& restricted_key,
                        Signer& account);
Transaction retirement_of(const Hash& chain_id, Retirement v, const SubjectKey& restricted_key,
                          Signer& account);

}  // namespace market
