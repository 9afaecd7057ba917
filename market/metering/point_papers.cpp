#include "market/metering/point_papers.hpp"

#include "market/entries/entries.hpp"

namespace market {
namespace {

class Paper {
 public:
  Paper(const Transaction& tx, const PaperTerms& terms,
        const std::function<MeteredPoint*(MeterId)>& point_of)
      : tx_(tx), t_(terms), point_of_(point_of) {}
  Result<Slot> take_swap() const;
  Result<Slot> check_key_change() const;
  Result<Slot> check_deregistration() const;

 private:
  MeteredPoint* point(MeterId meter, GatewayId gateway) const {
    return gateway == t_.gateway ? point_of_(meter) : nullptr;
  }
  bool signed_by(Role role, const Signature& signature) const {
    return t_.verifier.verify(key_of(role, t_.genesis),
                              entry_signed_bytes(t_.chain_id, tx_.entry()), signature);
  }
  BytesView opening() const { return tx_.openings[0].data; }

  const Transaction& tx_;
  const PaperTerms& t_;
  const std::function<MeteredPoint*(MeterId)>& point_of_;
};

// By the interval being collected, like everything that its batches say.
Result<Slot> Paper::take_swap() const {
  const auto body = decode_meter_swap_body(tx_.body);
  if (!body) return failure(body.error());
  const auto swap = decode_meter_swap(opening());
  if (!swap) return failure(swap.error());
  MeteredPoint* at = point(swap->meter, body->gateway);
  if (!at || body->count != 1)
    return failure("papers of a meter that is not one of this gateway's");
  const Role role = *role_of(tx_.kind);
  if (!signed_by(role, body->signature))
    return failure("papers are not signed by the " + std::string(name_of(role)));
  auto ok = at->take_papers(t_.chain_id, tx_.openings[0], t_.now, t_.verifier);
  return ok ? Result<Slot>(t_.now) : failure(ok.error());
}

Result<Slot> Paper::check_key_change() const {
  const auto body = decode_key_change_body(tx_.body);
  if (!body) return failure(body.error());
  const auto change = decode_key_change(opening());
  if (!change) return failure(change.error());
  MeteredPoint* at = point(change->meter, body->gateway);
  if (!at || at->registration().account != change->account || change->of != body->of ||
      change->slot != body->slot)
    return failure("key change of a meter that is not one of this gateway's");
  const Role role = *role_of(tx_.kind, body->of);
  if (!signed_by(role, body->signature)) return failure("key change " + not_signed_by(role));
  if (auto ok = at->may_change(change->of, change->next(), t_.now); !ok && !t_.on_ledger)
    return failure(ok.error());
  // At the beginning of its slot at the earliest: the ledger's rule of a whole slot's notice.
  if (body->lost && !t_.on_ledger && change->slot.value < t_.now.value + 2)
    return failure("the change of a lost key acts a whole slot later at the earliest");
  const PublicKey& old_key =
      change->of == KeyOf::meter ? at->newest_key() : at->account_key(change->slot);
  const Bytes agreed =
      key_signed_bytes(t_.chain_id, change->of, change->meter.value, change->next());
  if (!body->lost && !t_.verifier.verify(old_key, agreed, change->old_signature))
    return failure("key change is not signed by the old key");
  return change->slot;
}

Result<Slot> Paper::check_deregistration() const {
  const auto body = decode_deregistration_body(tx_.body);
  if (!body) return failure(body.error());
  const auto leaving = decode_deregistration(opening());
  if (!leaving) return failure(leaving.error());
  MeteredPoint* at = point(leaving->meter, body->gateway);
  if (!at || at->registration().account != leaving->account)
    return failure("deregistration of a meter that is not one of this gateway's");
  const Role role = *role_of(tx_.kind);
  if (!signed_by(role, body->signature)) return failure("deregistration " + not_signed_by(role));
  if (!t_.verifier.verify(at->account_key(leaving->last),
                          leaving_signed_bytes(t_.chain_id, opening()), leaving->signature))
    return failure("deregistration is not signed by the account");
  if (at->leaves()) return failure("the point is deregistered already");
  if (leaving->last <= t_.now && !t_.on_ledger)
    return failure("deregistration at the end of a slot that has begun, or is over");
  return leaving->last;
}

}  // namespace

Result<Slot> check_paper(const Transaction& tx, const PaperTerms& terms,
                         const std::function<MeteredPoint*(MeterId)>& point_of) {
  if (tx.openings.size() != 1) return failure("a paper has one opening");
  const Paper paper(tx, terms, point_of);
  switch (tx.kind) {
    case TransactionKind::key_change:
      return paper.check_key_change();
    case TransactionKind::deregistration:
      return paper.check_deregistration();
    default:
      return failure("a home sends orders, papers, key changes and deregistrations only");
  }
}

Result<void> act_on_paper(const Transaction& tx,
                          const std::function<MeteredPoint*(MeterId)>& point_of) {
  if (tx.openings.size() != 1) return failure("a paper has one opening");
  const auto change = decode_key_change(tx.openings[0].data);
  const auto leaving = decode_deregistration(tx.openings[0].data);
  const bool changes = tx.kind == TransactionKind::key_change && change;
  const bool leaves = tx.kind == TransactionKind::deregistration && leaving;
  MeteredPoint* at = changes  ? point_of(change->meter)
                     : leaves ? point_of(leaving->meter)
                              : nullptr;
  if (!at) return failure("no paper of a meter that is one of this gateway's");
  if (leaves)
    at->leave_after(leaving->last);
  else if (change->of == KeyOf::meter)
    at->accept_next_key(change->next());
  else
    at->accept_account_key(change->next());
  return {};
}

Result<Slot> take_paper(const Transaction& tx, const PaperTerms& terms,
                        const std::function<MeteredPoint*(MeterId)>& point_of) {
  if (tx.openings.size() == 1 && tx.kind == TransactionKind::meter_swap)
    return Paper(tx, terms, point_of).take_swap();
  auto slot = check_paper(tx, terms, point_of);
  if (!slot) return slot;
  if (auto ok = act_on_paper(tx, point_of); !ok) return failure(ok.error());
  return slot;
}

Result<void> take_gateway_key(const Transaction& tx, const PaperTerms& t, KeyLine& keys) {
  const auto body = decode_key_change_body(tx.body);
  if (!body) return failure(body.error());
  if (tx.kind != TransactionKind::key_change || body->of != KeyOf::gateway ||
      body->gateway != t.gateway)
    return failure("no key change of this gateway");
  const NextKey next{body->next_key, body->slot};
  if (keys.changes_from(next.from))
    return keys.in(next.from) == next.key ? Result<void>{}
                                          : failure("key change before one that is known");
  const Role role = *role_of(tx.kind, body->of);
  if (!t.verifier.verify(key_of(role, t.genesis), entry_signed_bytes(t.chain_id, tx.entry()),
                         body->signature))
    return failure("key change " + not_signed_by(role));
  if (!body->lost &&
      !t.verifier.verify(keys.last(), key_signed_bytes(t.chain_id, body->of, t.gateway.value, next),
                         body->old_signature))
    return failure("key change is not signed by the old key");
  keys.change(next);
  return {};
}

}  // namespace market
