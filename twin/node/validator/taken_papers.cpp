#include "twin/node/validator/taken_papers.hpp"

#include <algorithm>

#include "market/entries/registry_entries.hpp"
#include "market/metering/point_papers.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

namespace {

// In which it acts, or which is the last.
Slot slot_of_paper(const Transaction& tx) {
  if (const auto body = market::decode_key_change_body(tx.body);
      body && tx.kind == TransactionKind::key_change)
    return body->slot;
  const auto leaving = tx.openings.empty() ? failure("has no opening")
                                           : market::decode_deregistration(tx.openings[0].data);
  return leaving ? leaving->last : Slot{};
}

}  // namespace

std::optional<GatewayId> gateway_of_paper(const Transaction& tx) {
  if (tx.kind == TransactionKind::key_change)
    if (const auto body = market::decode_key_change_body(tx.body)) return body->gateway;
  if (tx.kind == TransactionKind::deregistration)
    if (const auto body = market::decode_deregistration_body(tx.body)) return body->gateway;
  return std::nullopt;
}

void TakenPapers::take(const Block& block, const Genesis& genesis) {
  const Slot now{static_cast<std::uint32_t>(block.header.time_ms / genesis.slot_ms)};
  for (const Transaction& tx : block.transactions)
    if (const auto gateway = gateway_of_paper(tx); gateway && gateway->value < gateways_)
      by_gateway_[gateway->value].push_back(
          {std::max(slot_of_paper(tx), now), frame(MessageKind::on_ledger, tx.encode())});
}

std::vector<SharedBytes> TakenPapers::of(GatewayId gateway, Slot batches) {
  const auto at = by_gateway_.find(gateway.value);
  if (at == by_gateway_.end()) return {};
  std::vector<Taken>& taken = at->second;
  taken.erase(std::remove_if(taken.begin(), taken.end(),
                             [&](const Taken& t) {
                               return batches.value > t.acts.value + market::slots_told_of_paper;
                             }),
              taken.end());
  std::vector<SharedBytes> out;
  for (const Taken& t : taken) out.push_back(t.message);
  return out;
}

}  // namespace twin
