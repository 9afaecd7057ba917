#pragma once
// Valid input of each of the ledger's decoders, made by the project's own encoders, and the world
// that it is from: what a decoder takes for true is compared with it, since nobody who mutates
// these bytes has a key.

#include <string_view>
#include <vector>

#include "ledger/consensus/evidence.hpp"
#include "ledger/crypto/ecdsa.hpp"
#include "ledger/merkle/state_tree.hpp"
#include "tests/support/signed_log.hpp"
#include "tests/support/village_chain.hpp"

namespace fuzz {

enum class Decoder {
  transaction,  // with its openings
  entry,        // its public part, and the body by kind
  opening,      // u8 which one, then an opening, a row, a record or a reading
  block,        // a block or a header alone
  vote,         // votes, certificates, evidence, requests
  proposal,     // proposals, decisions
  proof,        // u8 which one: inclusion, consistency, state (ledger_decoders.cpp)
  checkpoint,   // the text, or the whole signed note against a policy
  note,         // a signed note, or a verifier key
  policy,
  tlog_proof,
  receipt,
  frame,  // messages between nodes, as they come on a stream
  genesis,
  openings_file,  // u8 0 restricted, 1 personal, 2 to 5 erased, 6 shares, then the file
  record,         // u8 which one: a signing, block or gateway record of a node's store
  masked_sum,     // u8 which, then a message of a masked sum
  ocmf            // u8 which meter: its signed record; or ocmf_meters: a key's text
};
inline constexpr std::size_t decoders = static_cast<std::size_t>(Decoder::ocmf) + 1;
std::string_view name_of(Decoder decoder);

std::vector<ledger::Bytes> seeds(Decoder decoder);

const market_test::VillageChain& village();
const std::vector<std::string>& receipts();
// The village with a capacity tariff, whose receipt is among them.
const market_test::VillageChain& priced_village();
const std::string& erasure_receipt();
const ledger::SignedLog& signed_log();
const ledger::SymmetricKey& opening_key();

// A log of 23 entries and a state of 20 keys, under which proofs are checked.
inline constexpr std::uint64_t proved_entries = 23;
ledger::Bytes proved_entry(std::uint64_t index);
const ledger::LogTree& proved_log();
const std::vector<ledger::Hash>& proved_keys();
const ledger::StateTree& proved_state();

// Meters that sign, one a curve, and what each has signed.
inline constexpr std::size_t ocmf_meters = 3;
const ledger::EcdsaKey& ocmf_meter(std::size_t meter);
const std::vector<std::string>& ocmf_payloads();

// What four validators said of one block.
struct Council {
  ledger::Hash chain_id{};
  ledger::Bytes block;
  ledger::Hash id{};
  std::uint64_t height = 0;

  Council();
  ledger::ValidatorSet validators() const;
  ledger::Vote vote(ledger::VoteType type, std::uint32_t validator, std::uint32_t round,
                    std::optional<ledger::Hash> value,
                    std::int32_t valid_round = ledger::no_round) const;
  ledger::Certificate certificate(ledger::VoteType type, std::uint32_t round) const;
  ledger::Proposal proposal(std::uint32_t round, std::int32_t valid_round) const;
  ledger::Evidence evidence() const;
};
const Council& council();

}  // namespace fuzz
