// What a gateway's homes sign beside readings: orders and contracts, which it carries, and papers
// that change the registry, on which it acts itself once they are on the ledger.

#include <algorithm>

#include "ledger/merkle/log_tree.hpp"
#include "twin/node/gateway/gateway_meter.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr Instant said_enough{INT64_MAX};
// A paper that acts is kept for so many slots more, for oracles with each batch, and longer than
// validators tell of it (taken_papers.hpp), so that a next life does not act on it again.
constexpr std::uint32_t slots_kept = market::slots_told_of_paper + 2;
// Of a departure that the ledger does not take: said until so many slots have closed behind it.
constexpr std::uint32_t departure_patience = 8;
constexpr std::uint32_t until_on_ledger = UINT32_MAX;

// Before those of its kind and meter that are of later slots, however late it came.
void insert_in_turn(std::vector<Transaction>& papers, Transaction tx) {
  const auto paper = paper_of(tx);
  const auto at = std::find_if(papers.begin(), papers.end(), [&](const Transaction& other) {
    const auto later = paper && paper->of ? paper_of(other) : std::nullopt;
    return later && later->meter == paper->meter && later->of == paper->of &&
           paper->slot < later->slot;
  });
  papers.insert(at, std::move(tx));
}

}  // namespace

void GatewayNode::take_transaction(Instant now, const Transaction& tx, NodeId from,
                                   Outbox& outbox) {
  const SharedBytes message = frame(MessageKind::transaction, tx.encode());
  Result<void> taken = failure("a home sends one order, contract or paper at a time");
  const bool order = tx.kind == TransactionKind::order;
  if (tx.openings.size() == 1 && tx.kind == TransactionKind::contract)
    return take_contract(tx, from, outbox);
  const bool paper = tx.openings.size() == 1 && !order;
  if (tx.openings.size() == 1 && order) taken = take_order(tx);
  if (paper) taken = keep_paper(now, tx, message, outbox);
  if (taken)
    say(message, outbox);
  else
    outbox.event(Refused{from, taken.error()});
  if (paper) outbox.send(from, frame(MessageKind::paper, leaf_hash(tx.entry())));
}

// On the disk before it is said to anybody, and before its home is told to say it no more. Who says
// one again that is here has not been told.
Result<void> GatewayNode::keep_paper(Instant now, const Transaction& tx, const SharedBytes& message,
                                     Outbox& outbox) {
  if (unconfirmed_.has(message)) return {};
  const auto until = tx.kind == TransactionKind::meter_swap ? take_swap(tx) : take_paper(tx);
  if (!until) return failure(until.error());
  unconfirmed_.add({{0, until->value}, message, now, true});
  outbox.persist(RecordKind::gateway, record(), true);
  return {};
}

// Homes sign their own orders; the gateway only carries them.
Result<void> GatewayNode::take_order(const Transaction& tx) {
  const auto order = market::decode_order(tx.openings[0].data);
  if (!order) return failure(order.error());
  if (!index_of_meter_.contains(order->meter.value))
    return failure("order of a meter that is not one of this gateway's");
  MeterState& m = meters_[index_of_meter_.at(order->meter.value)];
  if (leaves_before(m, order->order.slot))
    return failure("order of an account that leaves before it");
  m.ordered = std::max(m.ordered, order->order.slot);
  return {};
}

void GatewayNode::take_contract(const Transaction& tx, NodeId from, Outbox& outbox) {
  const auto contract = market::decode_contract(tx.openings[0].data);
  const auto ok = contract ? check_contract(*contract) : failure(contract.error());
  if (!ok) return outbox.event(Refused{from, ok.error()});
  const std::uint32_t newest = contracts_.newest(contract->meter, contract->of);
  if (contract->number <= newest)
    return outbox.send(from, encode(ContractsOnLedger{{{contract->meter, contract->of}, newest}}));
  say(frame(MessageKind::transaction, tx.encode()), outbox);
}

// What stands when its account leaves orders nothing behind its last slot, and keeps nobody here.
Result<void> GatewayNode::check_contract(const market::Contract& contract) const {
  const auto at = index_of_meter_.find(contract.meter.value);
  if (at == index_of_meter_.end())
    return failure("contract of a meter that is not one of this gateway's");
  if (leaves_before(meters_[at->second], contract.first_slot))
    return failure("contract of an account that leaves before it");
  return {};
}

bool GatewayNode::leaves_before(const MeterState& m, Slot slot) const {
  const auto last = papers_.last_slot(m.id());
  return (m.point.leaves() && !m.in(slot)) || (last && *last < slot);
}

market::PaperTerms GatewayNode::paper_terms() {
  return {config_.genesis, chain_id_, config_.gateway, slot_now(), verifier_};
}

Result<Slot> GatewayNode::take_swap(const Transaction& tx) {
  if (const auto swap = market::decode_meter_swap(tx.openings[0].data);
      swap && papers_.changes_key(swap->meter))
    return failure("papers of a meter whose next key waits");
  const auto slot =
      market::take_paper(tx, paper_terms(), [&](MeterId meter) { return point_of(meter); });
  return slot ? Result<Slot>(Slot{slot->value + 1}) : slot;
}

Result<Slot> GatewayNode::take_paper(const Transaction& tx) {
  // The ledger lets nobody leave who has orders behind, and the batches would contradict it.
  if (tx.kind == TransactionKind::deregistration)
    if (const auto v = market::decode_deregistration(tx.openings[0].data))
      if (const auto at = index_of_meter_.find(v->meter.value);
          at != index_of_meter_.end() && v->last < meters_[at->second].ordered)
        return failure("the account has orders for slots behind its last one");
  auto slot =
      market::check_paper(tx, paper_terms(), [&](MeterId meter) { return point_of(meter); });
  if (!slot) return slot;
  Paper paper = *paper_of(tx);
  if (!papers_.has_room(paper.meter)) return failure("too many papers of this meter wait already");
  const bool departure = !paper.of;
  papers_.add(std::move(paper));
  return Slot{departure ? slot->value + 1 + departure_patience : until_on_ledger};
}

void GatewayNode::take_on_ledger(const PeerMessage& message, Outbox& outbox) {
  const auto tx = decode_transaction(message.bytes.view().subspan(1));
  if (!tx) return outbox.event(Refused{message.from, tx.error()});
  if (papers_.told({message.from.value}, leaf_hash(tx->entry()))) act_on(*tx, outbox);
}

void GatewayNode::act_on(const Transaction& tx, Outbox& outbox) {
  const auto paper = paper_of(tx);
  if (!paper) {  // its own key, which signs already
    const SharedBytes message = frame(MessageKind::transaction, tx.encode());
    if (!unconfirmed_.has(message)) return;
    unconfirmed_.remove(message);
    unconfirmed_.add({{0, slot_now().value + slots_kept}, message, said_enough});
    return;
  }
  const market::MeteredPoint* point = point_of(paper->meter);
  // Another variant of one that acts, or one before it: oracles may need it to follow, no more.
  const bool is_late = paper->of && point && point->has_changed(*paper->of, paper->slot);
  const auto acts = market::act_on_paper(tx, [&](MeterId meter) { return point_of(meter); });
  if (!acts) return outbox.event(Refused{{}, acts.error()});
  if (!is_late)
    for (const Paper& p : papers_.end(*paper)) unconfirmed_.remove(p.message);
  const Slot until{std::max(paper->slot, slot_now()).value + 1 + slots_kept};
  unconfirmed_.add({{0, until.value}, paper->message, said_enough});
  MeterState& m = meters_[index_of_meter_.at(paper->meter.value)];
  if (m.heard && !stands(m)) drop_heard(m);  // its meter says it again
  outbox.persist(RecordKind::gateway, record(), true);
}

// Papers that are not over yet: what oracles took already they know again.
std::vector<Transaction> GatewayNode::papers_said() const {
  std::vector<Transaction> out;
  for (const Sent& s : unconfirmed_.all()) {
    auto tx = decode_transaction(s.message.view().subspan(1));
    if (tx && (tx->kind == TransactionKind::meter_swap ||
               (tx->kind == TransactionKind::key_change && tx->openings.empty()) ||
               papers_.acted(leaf_hash(tx->entry()))))
      insert_in_turn(out, std::move(*tx));
  }
  return out;
}

// Said again after a restart: validators know whether the ledger has it.
void GatewayNode::tell_key_change(Instant now, Outbox& outbox) {
  const auto& change = config_.key_change;
  if (!change || key_change_ || now.since_epoch() <= change->at) return;
  const Transaction tx = market::gateway_key_change_of(
      chain_id_, config_.gateway, {change->next->public_key(), change->from},
      change->lost ? nullptr : &signer_, *change->administrator);
  key_change_ = frame(MessageKind::transaction, tx.encode());
  say(*key_change_, outbox);
  if (!unconfirmed_.has(*key_change_))
    unconfirmed_.add({{0, until_on_ledger}, *key_change_, now, true});
}

bool GatewayNode::recover_paper(const GatewayRecord::Message& message) {
  if (kind_of(message.bytes) != MessageKind::transaction) return false;
  const auto tx = decode_transaction(BytesView(message.bytes).subspan(1));
  if (!tx) return false;
  auto paper = paper_of(*tx);
  const market::MeteredPoint* point = paper ? point_of(paper->meter) : nullptr;
  if (!point)
    return tx->kind == TransactionKind::meter_swap || tx->kind == TransactionKind::key_change;
  if (paper->of ? message.until.slots == until_on_ledger : !point->leaves())
    papers_.add(std::move(*paper));
  else
    resume_acted(*paper, leaf_hash(tx->entry()));
  return true;
}

void GatewayNode::resume_acted(const Paper& paper, const Hash& leaf) {
  papers_.set_acted(leaf);
  if (paper.of == market::KeyOf::meter) point_of(paper.meter)->set_changed(paper.slot);
}

}  // namespace twin
