// Who signs what: the part of MarketState that finds the key which a signature has to hold for.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_gateway(
    const Transaction& tx, GatewayId gateway, Slot slot, const Signature& signature) const {
  if (gateway.value >= gateways_.size()) return never("is of an unknown gateway");
  const Gateway& g = gateways_[gateway.value];
  if (slot >= g.end) return never("is of a gateway that is withdrawn");
  if (slot < g.first) return never("is of a slot before its gateway's first");
  return SignatureClaim{g.keys.in(slot), entry_signed_bytes(chain_id_, tx.entry()), signature};
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_role(const Transaction& tx) const {
  using Claim = tl::expected<SignatureClaim, Refusal>;
  const auto by_role = [&](const auto& body, std::optional<KeyOf> of = {}) -> Claim {
    const auto role = role_of(tx.kind, of);
    if (role == Role::network_operator && genesis_->grid_operator == PublicKey{})
      return never("this chain has no grid operator");
    if (!body) return never(body.error());
    return SignatureClaim{key_of(*role, *genesis_), entry_signed_bytes(chain_id_, tx.entry()),
                          body->signature};
  };
  const auto at_gateway = [&](const auto& body, std::optional<KeyOf> of = {}) -> Claim {
    if (body && body->gateway.value >= gateways_.size()) return never("is of an unknown gateway");
    return by_role(body, of);
  };
  switch (tx.kind) {
    case TransactionKind::registration:
      return at_gateway(decode_registration_body(tx.body));
    case TransactionKind::meter_swap:
      return at_gateway(decode_meter_swap_body(tx.body));
    case TransactionKind::deregistration:
      return at_gateway(decode_deregistration_body(tx.body));
    case TransactionKind::key_change: {
      const auto body = decode_key_change_body(tx.body);
      return at_gateway(body, body ? std::optional(body->of) : std::nullopt);
    }
    case TransactionKind::ruling:
      return by_role(decode_ruling_body(tx.body));
    case TransactionKind::erasure:
      return by_role(decode_erasure_body(tx.body));
    case TransactionKind::gateway:
      return by_role(decode_gateway_body(tx.body));
    case TransactionKind::certificate:
      return by_role(decode_certificate_body(tx.body));
    case TransactionKind::grid_measure:
      return by_role(decode_grid_measure_body(tx.body));
    case TransactionKind::trading_grid:
      return by_role(decode_trading_grid_body(tx.body));
    case TransactionKind::tariff_change:
      return by_role(decode_fee_change(tx.body));
    default:
      return never("unknown kind of transaction");
  }
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_account(const Transaction& tx) const {
  if (tx.openings.empty()) return never("has no opening");
  const auto by = account_signed(tx.openings[0].data);
  if (!by) return never(by.error());
  const auto meter = meters_->find(by->meter.value);
  if (meter == meters_->end()) return not_yet("is of an unknown meter");
  if (meter->second.registration.account != by->account)
    return never("is of an account that has another meter");
  return SignatureClaim{meter->second.account_keys.in(by->slot),
                        account_signed_bytes(tx.kind, chain_id_, tx.openings[0].data),
                        by->signature};
}

bool MarketState::signer_altered(const Transaction& tx) const {
  const auto altered = [&](MeterId id) {
    const auto meter = meters_->find(id.value);
    return meter != meters_->end() && meter->second.account_keys.changed();
  };
  switch (tx.kind) {
    case TransactionKind::batch:
    case TransactionKind::marks:
    case TransactionKind::attestation:
    case TransactionKind::forecast: {  // their bodies begin with the gateway
      const std::uint32_t gateway = ByteReader(tx.body).u32();
      return gateway < gateways_.size() && gateways_[gateway].altered();
    }
    case TransactionKind::concentrated: {
      const auto batches = batches_of(tx);
      return batches && std::any_of(batches->begin(), batches->end(), [&](const BatchEntry& b) {
               const std::uint32_t gateway = b.batch.gateway.value;
               return gateway < gateways_.size() && gateways_[gateway].altered();
             });
    }
    case TransactionKind::order: {
      const auto order = tx.openings.empty() ? Result<SignedOrder>(SignedOrder{})
                                             : decode_order(tx.openings[0].data);
      return order && altered(order->meter);
    }
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::contract:
    case TransactionKind::cancellation: {
      const auto by = tx.openings.empty() ? Result<AccountSigned>(AccountSigned{})
                                          : account_signed(tx.openings[0].data);
      return by && altered(by->meter);
    }
    case TransactionKind::consent: {
      const auto at = tx.openings.empty() ? meter_of_account_->end()
                                          : meter_of_account_->find(owner_of(tx.openings[0]));
      return at != meter_of_account_->end() && altered({at->second});
    }
    default:
      return false;
  }
}

// Whether the ledger has what such a transaction wants.
bool MarketState::has_change(const Transaction& tx) const {
  if (tx.kind == TransactionKind::grid_measure) {
    const auto body = decode_grid_measure_body(tx.body);
    return body && body->slot.value < measured_slots_;
  }
  if (tx.kind == TransactionKind::trading_grid) {
    const auto body = decode_trading_grid_body(tx.body);
    return body && !trading_grids_->empty() && body->from <= trading_grids_->back()->from;
  }
  if (tx.kind == TransactionKind::tariff_change) {
    const auto change = decode_fee_change(tx.body);
    return change && (change->first.value < next_slot_ || fees_->has(change->first));
  }
  if (tx.kind == TransactionKind::gateway) {
    const auto body = decode_gateway_body(tx.body);
    if (!body || body->gateway.value >= gateways_.size()) return false;
    const Gateway& g = gateways_[body->gateway.value];
    return body->action == GatewayBody::Action::withdrawn ? g.end <= body->end
                                                          : g.keys.in(body->first) == body->key;
  }
  if (tx.kind == TransactionKind::key_change && tx.openings.empty()) {
    const auto body = decode_key_change_body(tx.body);
    return body && body->of == KeyOf::gateway && body->gateway.value < gateways_.size() &&
           gateways_[body->gateway.value].keys.in(body->slot) == body->next_key;
  }
  if (tx.openings.empty()) return false;
  const auto at = meter_of_account_->find(owner_of(tx.openings[0]));
  if (at == meter_of_account_->end()) return false;
  const Meter& m = meters_->at(at->second);
  if (tx.kind == TransactionKind::deregistration) {
    const auto leaving = decode_deregistration(tx.openings[0].data);
    return leaving && m.leaves && m.registration.end_slot.value == leaving->last.value + 1;
  }
  if (tx.kind == TransactionKind::certificate) {
    const auto c = decode_meter_certificate(tx.openings[0].data);
    return c && has_certificate(m, *c);
  }
  if (tx.kind != TransactionKind::key_change) return false;
  const auto change = decode_key_change(tx.openings[0].data);
  if (!change) return false;
  const KeyLine& line = change->of == KeyOf::meter ? m.meter_keys : m.account_keys;
  return line.changes_from(change->slot) && line.in(change->slot) == change->next_key;
}

}  // namespace market
