// What homes change in the registry: the part of GatewayNode that takes such papers.

#include "twin/node/gateway_node.hpp"

namespace twin {

using namespace ledger;

Result<Slot> GatewayNode::take_registry(const Transaction& tx) {
  switch (tx.kind) {
    case TransactionKind::meter_swap:
      return take_papers(tx);
    case TransactionKind::key_change:
      return take_key_change(tx);
    case TransactionKind::deregistration:
      return take_deregistration(tx);
    default:
      return failure("a home sends orders, papers, key changes and deregistrations only");
  }
}

// Of what the ledger would refuse as well; whose key the old one was it alone knows for sure.
Result<Slot> GatewayNode::take_key_change(const Transaction& tx) {
  const auto body = market::decode_key_change_body(tx.body);
  if (!body) return failure(body.error());
  const auto change = market::decode_key_change(tx.openings[0].data);
  if (!change) return failure(change.error());
  market::MeteredPoint* point = point_of(change->meter, body->gateway);
  if (!point || point->registration().account != change->account || change->of != body->of ||
      change->slot != body->slot)
    return failure("key change of a meter that is not one of this gateway's");
  const market::Role role = *market::role_of(tx.kind, body->of);
  if (!verifier_.verify(market::key_of(role, config_.genesis),
                        entry_signed_bytes(chain_id_, tx.entry()), body->signature))
    return failure("key change " + market::not_signed_by(role));
  if (auto ok = point->may_change(change->of, change->next(), slot_now()); !ok)
    return failure(ok.error());
  const PublicKey& old_key =
      change->of == market::KeyOf::meter ? point->newest_key() : point->account_key(change->slot);
  if (!body->lost &&
      !verifier_.verify(
          old_key,
          market::key_signed_bytes(chain_id_, change->of, change->meter.value, change->next()),
          change->old_signature))
    return failure("key change is not signed by the old key");
  if (change->of == market::KeyOf::meter)
    point->accept_next_key(change->next());
  else
    point->accept_account_key(change->next());
  return change->slot;
}

Result<Slot> GatewayNode::take_deregistration(const Transaction& tx) {
  const auto body = market::decode_deregistration_body(tx.body);
  if (!body) return failure(body.error());
  const auto leaving = market::decode_deregistration(tx.openings[0].data);
  if (!leaving) return failure(leaving.error());
  market::MeteredPoint* point = point_of(leaving->meter, body->gateway);
  if (!point || point->registration().account != leaving->account)
    return failure("deregistration of a meter that is not one of this gateway's");
  const market::Role role = *market::role_of(tx.kind);
  if (!verifier_.verify(market::key_of(role, config_.genesis),
                        entry_signed_bytes(chain_id_, tx.entry()), body->signature))
    return failure("deregistration " + market::not_signed_by(role));
  if (!verifier_.verify(point->account_key(leaving->last),
                        market::leaving_signed_bytes(chain_id_, tx.openings[0].data),
                        leaving->signature))
    return failure("deregistration is not signed by the account");
  if (point->leaves()) return failure("the point is deregistered already");
  if (leaving->last < slot_now())
    return failure("deregistration at the end of a slot that is over");
  point->leave_after(leaving->last);
  return leaving->last;
}

}  // namespace twin
