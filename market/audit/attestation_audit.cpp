#include "market/audit/attestation_audit.hpp"

namespace market {
namespace {

// What stands at an entry that can be attested: marks, a batch or a concentrator's.
std::vector<AttestedEntry> attestable(const PublicLog& log, std::uint64_t entry) {
  std::vector<AttestedEntry> out;
  const auto add = [&](BytesView bytes) {
    const auto tx = decode_entry(bytes);
    if (const auto what = tx ? attested_entry(*tx) : failure(tx.error())) out.push_back(*what);
  };
  const std::span<const Bytes> within = batches_at(log, entry);
  for (const Bytes& batch : within) add(batch);
  if (within.empty()) add(log.entries[entry]);
  return out;
}

std::optional<Attestation> attestation_at(BytesView entry) {
  const auto view = view_entry(entry);
  if (!view || view->kind != TransactionKind::attestation) return std::nullopt;
  const auto a = decode_attestation(view->body);
  return a ? std::optional(*a) : std::nullopt;
}

}  // namespace

Result<AttestationsChecked> check_attestations(const PublicLog& log, Verifier& verifier) {
  std::set<AttestedEntry> waiting;
  AttestationsChecked out;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto wrong = [&](const std::string& why) {
      return failure("entry " + std::to_string(i) + ": " + why);
    };
    for (const AttestedEntry& what : attestable(log, i)) waiting.insert(what);
    const auto view = view_entry(log.entries[i]);
    if (!view || view->kind != TransactionKind::attestation) continue;
    const auto a = decode_attestation(view->body);
    if (!a) return wrong(a.error());
    const auto& g = log.genesis;
    if (auto ok = check_attestation(*a, log.chain_id, g.oracles, g.attesters, verifier); !ok)
      return wrong(ok.error());
    if (waiting.erase(a->what) == 0)
      return wrong("attestation of what does not stand before it, or was attested already");
    ++out.attested;
  }
  out.unattested = waiting.size();
  return out;
}

std::string who_attested(const PublicLog& log, const std::optional<AttestedEntry>& what) {
  for (std::uint64_t i = 0; what && i < log.entries.size(); ++i) {
    const auto a = attestation_at(log.entries[i]);
    if (!a || a->what != *what) continue;
    std::string out;
    for (const Attestation::By& by : a->by)
      out += (out.empty() ? "; attested by oracles " : ", ") + std::to_string(by.oracle);
    return out;
  }
  return {};
}

}  // namespace market
