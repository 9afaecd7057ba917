#include "twin/node/validator/oracle_watch.hpp"

namespace twin {

using namespace ledger;

OracleWatch::OracleWatch(const Genesis& genesis, Verifier& verifier)
    : keys_(genesis.oracles), chain_id_(chain_id_of(genesis)), verifier_(verifier) {}

// The oracles that did sign it.
std::set<std::uint16_t> OracleWatch::signers_of(const Attestation& a) const {
  std::set<std::uint16_t> out;
  const Bytes said = attestation_signed_bytes(chain_id_, a.what);
  for (const Attestation::By& by : a.by)
    if (by.oracle < keys_.size() && verifier_.verify(keys_[by.oracle], said, by.signature))
      out.insert(by.oracle);
  return out;
}

std::optional<OracleWatch::Twice> OracleWatch::see(const Transaction& tx) {
  if (tx.kind != TransactionKind::attestation) return std::nullopt;
  const auto a = decode_attestation(tx.body);
  if (!a) return std::nullopt;
  auto& line = seen_[{a->what.gateway.value, a->what.kind}];
  auto& of_number = line[a->what.number];
  const std::set<std::uint16_t> signers = signers_of(*a);
  std::optional<Twice> out;
  for (const auto& [oracle, first] : of_number)
    if (!out && signers.contains(oracle) && first.attested != a->what.entry &&
        told_.size() < most &&
        told_.insert({oracle, a->what.gateway.value, a->what.kind, a->what.number}).second)
      out = {
          oracle,
          {TransactionKind::attestation, a->what.gateway, a->what.number, first.entry, tx.entry()}};
  for (const std::uint16_t oracle : signers)
    of_number.try_emplace(oracle, Seen{a->what.entry, tx.entry()});
  if (line.size() > kept) line.erase(line.begin());
  return out;
}

}  // namespace twin
