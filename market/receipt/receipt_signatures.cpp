#include "market/receipt/receipt_signatures.hpp"

#include "market/entries/account_entries.hpp"
#include "market/receipt/receipt_checks.hpp"
#include "market/settlement/flexibility.hpp"

namespace market {

namespace {

bool by_role(const ProvenEntry& e, const Signature& signature, const TrustRoot& trust,
             std::optional<KeyOf> of = {}) {
  const auto role = role_of(e.tx.kind, of);
  if (!role) return false;
  const PublicKey& key = key_of(*role, trust.genesis);  // zeros: the chain has nobody for it
  return key != PublicKey{} && trust.signed_entry(e.entry, key, signature);
}

// Of what an entry of this index says of the slot: a change that came later touches nothing that
// was taken before.
const PublicKey& account_key(const ReceiptEntries& entries, const ReceiptOpenings& o, Slot slot,
                             std::uint64_t index) {
  const PublicKey* out = &o.registration.account_key;
  for (std::size_t i = 0; i < o.key_changes.size(); ++i) {
    const KeyChange& change = o.key_changes[i];
    if (change.of == KeyOf::account && change.slot <= slot && entries.key_changes[i].index < index)
      out = &change.next_key;
  }
  return *out;
}

void check_key_changes(const ReceiptEntries& entries, const ReceiptOpenings& o,
                       const TrustRoot& trust) {
  for (std::size_t i = 0; i < o.key_changes.size(); ++i) {
    const KeyChange& change = o.key_changes[i];
    const ProvenEntry& e = entries.key_changes[i];
    const auto body = take(decode_key_change_body(e.tx.body), "keys");
    want(by_role(e, body.signature, trust, change.of), "keys: not signed by the role");
    if (body.lost) continue;
    const PublicKey old = change.of == KeyOf::account
                              ? account_key(entries, o, change.slot, e.index)
                              : o.meter_keys.before(change.slot).value_or(o.registration.meter_key);
    want(trust.verifier.verify(
             old, key_signed_bytes(trust.chain_id, change.of, change.meter.value, change.next()),
             change.old_signature),
         "keys: not signed by the old key");
  }
}

void check_swaps(const ReceiptEntries& entries, const ReceiptOpenings& o, const TrustRoot& trust) {
  for (std::size_t i = 0; i < o.swaps.size(); ++i) {
    const ProvenEntry& e = entries.swaps[i];
    const auto papers = take(decode_meter_swap_body(e.tx.body), "swaps");
    want(by_role(e, papers.signature, trust) &&
             trust.verifier.verify(account_key(entries, o, o.swaps[i].slot, e.index),
                                   swap_signed_bytes(trust.chain_id, e.opening.data),
                                   o.swaps[i].signature),
         "swaps: not signed by metering operator and account");
  }
}

void check_roles(const ReceiptEntries& entries, const ReceiptOpenings& o, const TrustRoot& trust) {
  const ProvenEntry& home = entries.registration;
  const auto body = take(decode_registration_body(home.tx.body), "registration");
  want(by_role(home, body.signature, trust), "registration is not signed by the registrar");
  check_swaps(entries, o, trust);
  for (const ProvenEntry& e : entries.rulings)
    want(by_role(e, take(decode_ruling_body(e.tx.body), "rulings").signature, trust),
         "rulings: not signed by the registrar");
  for (const ProvenEntry& e : entries.certificates)
    want(by_role(e, take(decode_certificate_body(e.tx.body), "certificates").signature, trust),
         "certificates: not signed by the certifier");
  for (const ProvenEntry& e : entries.measures)
    want(by_role(e, take(decode_grid_measure_body(e.tx.body), "measures").signature, trust),
         "measures: not signed by the grid operator");
  for (const ProvenEntry& e : entries.fees)
    want(by_role(e, take(decode_fee_change(e.tx.body), "fees").signature, trust),
         "fees: not signed by the grid operator");
}

void take_registration(ReceiptGateway& gateway, const ProvenEntry& e, const TrustRoot& trust) {
  const auto body = take(decode_gateway_body(e.tx.body), "gateway");
  want(body.gateway == gateway.id && body.action == GatewayBody::Action::registered &&
           !gateway.keys && by_role(e, body.signature, trust),
       "gateway: is not its registration, signed by the gateway administrator");
  gateway.keys = KeyLine(body.key);
}

void take_key_change(ReceiptGateway& gateway, const ProvenEntry& e, const TrustRoot& trust) {
  const auto body = take(decode_key_change_body(e.tx.body), "gateway");
  const NextKey next{body.next_key, body.slot};
  want(body.of == KeyOf::gateway && body.gateway == gateway.id && gateway.keys &&
           !gateway.keys->changes_from(body.slot) && by_role(e, body.signature, trust, body.of),
       "gateway: is not its key change, signed by the gateway administrator");
  want(body.lost ||
           trust.verifier.verify(gateway.keys->last(),
                                 key_signed_bytes(trust.chain_id, body.of, gateway.id.value, next),
                                 body.old_signature),
       "gateway: key change is not signed by the old key");
  gateway.keys->change(next);
}

// From genesis, or from its registration on, with the keys that it changed to.
ReceiptGateway gateway_of(const std::vector<ProvenEntry>& entries, GatewayId id,
                          const TrustRoot& trust) {
  ReceiptGateway out{id, {}};
  if (id.value < trust.genesis.gateways.size())
    out.keys = KeyLine(trust.genesis.gateways[id.value]);
  for (const ProvenEntry& e : entries)
    if (e.tx.kind == TransactionKind::gateway)
      take_registration(out, e, trust);
    else
      take_key_change(out, e, trust);
  return out;
}

void check_marks(const ReceiptEntries& entries, const ReceiptGateway& gateway,
                 const TrustRoot& trust) {
  for (const auto* e : {&entries.mark, &entries.before}) {
    if (!*e) continue;
    const auto marks = take(decode_marks_body((*e)->tx.body), "mark");
    want(gateway.signed_entry(**e, marks.gateway, marks.slot, marks.signature, trust),
         "mark is not signed by the gateway");
  }
}

void check_orders(const ReceiptEntries& entries, const ReceiptOpenings& o, Slot slot,
                  const TrustRoot& trust) {
  for (std::size_t i = 0; i < o.orders.size(); ++i) {
    const ProvenEntry& e = entries.orders[i];
    want(trust.verifier.verify(account_key(entries, o, slot, e.index),
                               order_signed_bytes(trust.chain_id, e.opening.data),
                               o.orders[i].signature),
         "an order is not signed by the account");
  }
}

void check_contracts(const ReceiptEntries& entries, const ReceiptOpenings& o,
                     const TrustRoot& trust) {
  for (std::size_t i = 0; i < o.contracts.size(); ++i) {
    const ProvenEntry& e = entries.contracts[i];
    want(trust.verifier.verify(
             account_key(entries, o, o.contracts[i].first_slot, e.index),
             account_signed_bytes(TransactionKind::contract, trust.chain_id, e.opening.data),
             o.contracts[i].signature),
         "contracts: not signed by the account");
    if (!with_grid_operator(o.contracts[i].of)) continue;
    const auto body = take(decode_contract_body(e.tx.body), "contracts");
    want(body.grid_operator &&
             trust.signed_entry(e.entry, key_of(Role::metering_operator, trust.genesis),
                                *body.grid_operator),
         "contracts: not signed by the metering operator");
  }
}

}  // namespace

bool ReceiptGateway::signed_entry(const ProvenEntry& e, GatewayId named, Slot slot,
                                  const Signature& signature, const TrustRoot& trust) const {
  return named == id && keys && trust.signed_entry(e.entry, keys->in(slot), signature);
}

ReceiptGateway check_signatures(const ReceiptEntries& entries, const ReceiptOpenings& openings,
                                Slot slot, const TrustRoot& trust) {
  check_key_changes(entries, openings, trust);
  check_roles(entries, openings, trust);
  ReceiptGateway gateway = gateway_of(entries.gateway, openings.registration.gateway, trust);
  check_marks(entries, gateway, trust);
  check_orders(entries, openings, slot, trust);
  check_contracts(entries, openings, trust);
  return gateway;
}

}  // namespace market
