#pragma once
// Consent to the reading of personal data, as a transaction of the account (kind 7).
//
//   body     empty
//   opening  account 16, version u8 = 1, number u32, purpose u8, withdrawn u8 (0 or 1),
//            recipient 32 (its Ed25519 key), first slot u32, end slot u32,
//            account's signature 64 over "aipchain consent 1", chain id and all before it
//
// A consent is for one purpose and one recipient and lets read what was measured in its slots, from
// the first to the one before the end, while it stands. The account numbers its consents to a
// recipient and purpose upwards; the newest one stands, and a withdrawal (withdrawn 1, both slots
// 0) leaves none. Either acts from the block on that holds it.
//
// State tree: label `consent`, id account || recipient || purpose u8, value the commitment of the
// newest opening.

#include <compare>
#include <optional>
#include <string_view>

#include "ledger/base/ids.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace market {

using namespace ledger;

enum class Purpose : std::uint8_t { advice = 1, grid_planning = 2, research = 3, dispute = 4 };
// "advice", "grid-planning", "research", "dispute"; nothing for another name.
std::string_view name_of(Purpose purpose);
std::optional<Purpose> purpose_named(std::string_view name);

struct ConsentPlace {
  AccountId account;
  PublicKey recipient{};
  Purpose purpose = Purpose::advice;
  auto operator<=>(const ConsentPlace&) const = default;
};

struct Consent {
  ConsentPlace place;
  std::uint32_t number = 1;
  bool withdrawn = false;
  Slot first_slot, end_slot;
  Signature signature{};

  bool covers(Slot slot) const { return !withdrawn && first_slot <= slot && slot < end_slot; }
};

// Of one account, by recipient and purpose, withdrawn ones as well: no account can fill the state.
inline constexpr std::size_t max_consents = 256;

Bytes encode(const Consent& consent);
Bytes encode(const ConsentPlace& place);  // as the state's id
Result<Consent> decode_consent(BytesView opening);
// What the account signs: the opening without its last 64 bytes, behind label and chain id.
Bytes consent_signed_bytes(const Hash& chain_id, BytesView opening);

// Signed by the account, its salt under the account's restricted key.
Transaction consent_of(const Hash& chain_id, Consent consent, const SubjectKey& restricted_key,
                       Signer& account);

}  // namespace market
