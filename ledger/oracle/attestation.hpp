#pragma once
// Oracles attest what a gateway posts: a batch, or the marks of a slot. Each of them has judged the
// meters' records anew (market/metering/attestor.hpp) and signs for the entry as it stands on the
// log.
//
// An oracle signs "aipchain attestation 1", chain id 32, gateway u32, kind u8 (of the entry's
// transaction: 2 batch, 3 marks), number u32 (epoch of a batch, slot of marks), SHA-256 of the
// entry 32. Two statements of one oracle for one gateway, kind and number are proof against it.
//
// Body of the public transaction (kind 11, without openings):
//   0    gateway      u32
//   4    kind         u8    2 or 3
//   5    number       u32
//   9    entry        32    SHA-256 of the entry
//   41   count        u8    1 to 255
//   42   count times: oracle u16 (index in genesis, rising), its signature 64
//        signature    64    by the gateway, over label, chain id and the entry without it

#include "ledger/chain/genesis.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace ledger {

// What is attested.
struct AttestedEntry {
  GatewayId gateway;
  TransactionKind kind = TransactionKind::batch;
  std::uint32_t number = 0;
  Hash entry{};
  auto operator<=>(const AttestedEntry&) const = default;
};

// Of a batch or marks; of no other transaction.
Result<AttestedEntry> attested_entry(const Transaction& tx);

// The slot that it is about.
Slot slot_of(const AttestedEntry& what, const Genesis& genesis);

Bytes attestation_signed_bytes(const Hash& chain_id, const AttestedEntry& what);

struct Attestation {
  AttestedEntry what;
  struct By {
    std::uint16_t oracle = 0;
    Signature signature{};
  };
  std::vector<By> by;  // by rising oracle
  Signature signature{};
};

Bytes encode(const Attestation& attestation);  // the entry's body
Result<Attestation> decode_attestation(BytesView body);

// Why the oracles' signatures are not those of so many of them: one is of no oracle or does not
// hold, or there are too few. Oracles by their index, as genesis has them.
Result<void> check_attestation(const Attestation& attestation, const Hash& chain_id,
                               std::span<const PublicKey> oracles, std::uint32_t attesters,
                               Verifier& verifier);

}  // namespace ledger
