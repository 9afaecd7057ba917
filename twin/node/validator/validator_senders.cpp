// What gateways, concentrators, oracles and the grid operator bring: the part of ValidatorNode that
// takes it, watches what they sign, and tells them what the ledger has.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/slot_entries.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin {

using namespace ledger;

namespace {

// Whose batches, marks or papers a transaction brings; marks begin with their gateway.
std::set<std::uint32_t> gateways_in(const Transaction& tx) {
  if (tx.kind == TransactionKind::marks) return {ByteReader(tx.body).u32()};
  if (const auto gateway = gateway_of_paper(tx)) return {gateway->value};
  std::set<std::uint32_t> out;
  if (const auto batches = market::batches_of(tx))
    for (const market::BatchEntry& b : *batches) out.insert(b.batch.gateway.value);
  return out;
}

}  // namespace

// Transactions that came together, so that their signatures are checked together.
std::size_t ValidatorNode::leading_transactions(std::span<const PeerMessage> messages) const {
  const Directory& d = config_.directory;
  std::size_t count = 0;
  const auto sends = [&](NodeId n) {
    return d.is_gateway(n) || d.is_oracle(n) || d.is_concentrator(n) || d.is_grid_operator(n);
  };
  while (count < messages.size() && sends(messages[count].from) &&
         kind_of(messages[count].bytes) == MessageKind::transaction)
    ++count;
  return count;
}

void ValidatorNode::take_transactions(std::span<const PeerMessage> messages, Outbox& outbox) {
  std::vector<Transaction> decoded;
  std::vector<NodeId> senders;
  const Directory& d = config_.directory;
  std::set<std::uint32_t> behind;  // gateways: what they say is on the ledger already
  decoded.reserve(messages.size());
  senders.reserve(messages.size());
  for (const PeerMessage& m : messages) {
    auto tx = decode_transaction(m.bytes.view().subspan(1));
    if (!tx) {
      outbox.event(Refused{m.from, tx.error()});
      continue;
    }
    if (d.is_grid_operator(m.from) && has_measures(*tx)) {
      tell_measured(outbox);
      continue;
    }
    if (tell_contract(m.from, *tx, outbox)) continue;
    if (market().beyond(*tx)) {
      const bool tells = contradicts(*tx) || tx->kind == TransactionKind::attestation;
      if (tells && chain_.state().admit(std::span(&*tx, 1))[0]) watch(*tx, outbox);
      if (d.is_gateway(m.from)) behind.insert(m.from.value - d.gateway(0).value);
      tell_paper(m.from, *tx, outbox);
      if (d.is_concentrator(m.from)) tell_concentrator(m.from, gateways_in(*tx), outbox);
      continue;
    }
    decoded.push_back(std::move(*tx));
    senders.push_back(m.from);
  }
  tell_progress(behind, outbox);
  const auto admitted = chain_.state().admit(decoded);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const auto& ok = admitted[i];
    if (ok) watch(decoded[i], outbox);
    if (!ok && !ok.error().may_hold_later)
      outbox.event(Refused{senders[i], ok.error().why});
    else if (mempool_.add(std::move(decoded[i]), chain_.height(), senders[i], !ok) ==
             Mempool::Added::no_room)
      outbox.event(Refused{senders[i], "no room for another transaction of this sender"});
  }
}

// A gateway keeps what it said until it hears so, and its concentrator hears of it as well.
void ValidatorNode::tell_progress(const std::set<std::uint32_t>& gateways, Outbox& outbox) {
  if (observes()) return;
  const Directory& d = config_.directory;
  std::map<NodeId, std::set<std::uint32_t>> concentrated;
  for (const std::uint32_t g : gateways) {
    if (g >= d.gateways) continue;  // registered later: no node of this network
    const LedgerProgress progress = market().progress({g});
    outbox.send(d.gateway(g), encode(progress));
    for (const SharedBytes& paper : papers_.of({g}, slot_of_epoch(config_.genesis, progress.epoch)))
      outbox.send(d.gateway(g), paper);
    if (const auto erased = market().erased_at({g}); !erased.empty())
      outbox.send(d.gateway(g), encode(erased));
    if (d.concentrators > 0) concentrated[d.concentrator_of(g)].insert(g);
  }
  for (const auto& [to, of] : concentrated) tell_concentrator(to, of, outbox);
}

// To a gateway that said a paper of its own which the ledger has.
void ValidatorNode::tell_paper(NodeId to, const Transaction& tx, Outbox& outbox) const {
  const auto gateway = gateway_of_paper(tx);
  if (observes() || !gateway || gateway->value >= config_.directory.gateways) return;
  if (to == config_.directory.gateway(gateway->value))
    outbox.send(to, frame(MessageKind::on_ledger, tx.encode()));
}

void ValidatorNode::tell_concentrator(NodeId to, const std::set<std::uint32_t>& gateways,
                                      Outbox& outbox) const {
  if (observes()) return;
  BatchesOnLedger batches;
  for (const std::uint32_t g : gateways) batches[g] = market().progress({g}).epoch;
  outbox.send(to, encode(batches));
}

// Of measures that the ledger has, or of a slot before them.
bool ValidatorNode::has_measures(const Transaction& tx) const {
  if (tx.kind != TransactionKind::grid_measure) return false;
  const auto body = market::decode_grid_measure_body(tx.body);
  return body && body->slot.value < market().measured_slots();
}

// The grid operator keeps what it said of a slot until it hears so, as gateways do.
void ValidatorNode::tell_measured(Outbox& outbox) const {
  if (observes() || config_.directory.grid_operators == 0) return;
  outbox.send(config_.directory.grid_operator(),
              encode(LedgerProgress{0, market().measured_slots()}));
}

// What the ledger has by now of the transaction's contract, or a newer one in its place; nothing of
// other kinds, of what it does not have, and of another gateway's homes.
ContractsOnLedger ValidatorNode::contracts_on_ledger(const Transaction& tx,
                                                     std::uint32_t gateway) const {
  if (tx.kind != TransactionKind::contract || tx.openings.size() != 1) return {};
  const auto c = market::decode_contract(tx.openings[0].data);
  if (!c) return {};
  const auto meter = market().meters().find(c->meter.value);
  if (meter == market().meters().end() || meter->second.registration.account != c->account ||
      meter->second.registration.gateway.value != gateway)
    return {};
  const auto line = market().contracts().find({c->account, c->of});
  if (line == market().contracts().end() || line->second.newest() < c->number) return {};
  return {{{c->meter, c->of}, line->second.newest()}};
}

// A home says its contract until it hears so. Whether there was something to tell.
bool ValidatorNode::tell_contract(NodeId to, const Transaction& tx, Outbox& outbox) const {
  const Directory& d = config_.directory;
  if (observes() || !d.is_gateway(to)) return false;
  const auto known = contracts_on_ledger(tx, to.value - d.gateway(0).value);
  if (known.empty()) return false;
  outbox.send(to, encode(known));
  return true;
}

void ValidatorNode::tell_contracts_of(const ledger::Block& block, Outbox& outbox) const {
  if (observes()) return;
  for (std::uint32_t g = 0; g < config_.directory.gateways; ++g) {
    ContractsOnLedger known;
    for (const Transaction& tx : block.transactions) known.merge(contracts_on_ledger(tx, g));
    if (!known.empty()) outbox.send(config_.directory.gateway(g), encode(known));
  }
}

// Those whose batches, marks or papers the block holds; all of them where a slot was settled.
void ValidatorNode::tell_gateways_of(const ledger::Block& block, Outbox& outbox) {
  std::set<std::uint32_t> gateways;
  for (const Transaction& tx : block.transactions) gateways.merge(gateways_in(tx));
  tell_progress(gateways, outbox);
  tell_contracts_of(block, outbox);
  const Transaction* settlement = market::settlement_in(block);
  if (observes() || !settlement) return;
  const SharedBytes settled = frame(MessageKind::settled, settlement->body);
  for (std::uint32_t g = 0; g < config_.directory.gateways; ++g)
    outbox.send(config_.directory.gateway(g), settled);
}

bool ValidatorNode::contradicts(const Transaction& tx) const {
  if (tx.kind != TransactionKind::concentrated) return gateways_.contradicts(tx);
  const auto batches = market::batches_of(tx);
  return batches && std::any_of(batches->begin(), batches->end(), [&](const market::BatchEntry& b) {
           return gateways_.contradicts(b.tx);
         });
}

void ValidatorNode::watch(const Transaction& tx, Outbox& outbox) {
  if (tx.kind != TransactionKind::concentrated) return watch_alone(tx, outbox);
  if (const auto batches = market::batches_of(tx))
    for (const market::BatchEntry& b : *batches) watch_alone(b.tx, outbox);
}

// Numbers that nobody has come to yet would push out those that are to be watched.
bool ValidatorNode::is_far_ahead(const Transaction& tx) const {
  const auto attestation =
      tx.kind == TransactionKind::attestation ? decode_attestation(tx.body) : failure("is none");
  const auto what = attestation ? Result<AttestedEntry>(attestation->what) : attested_entry(tx);
  if (!what) return false;
  if (what->gateway.value >= config_.directory.gateways) return true;
  return !market().progress(what->gateway).comes_to(*what, most_ahead);
}

// The second one is refused by the state or by this. Both are kept: with genesis they are proof.
void ValidatorNode::watch_alone(const Transaction& tx, Outbox& outbox) {
  if (is_far_ahead(tx)) return;
  if (const auto twice = oracles_.see(tx)) {
    outbox.persist(RecordKind::signed_twice, encode(twice->entries), true);
    outbox.event(Refused{config_.directory.oracle(twice->oracle),
                         "an oracle attested two entries in one place"});
  }
  const auto twice = gateways_.see(tx);
  if (!twice) return;
  outbox.persist(RecordKind::signed_twice, encode(*twice), true);
  outbox.event(Refused{config_.directory.gateway(twice->gateway.value),
                       tx.kind == TransactionKind::batch
                           ? "a gateway signed two batches of one epoch"
                           : "a gateway signed two sets of marks of one slot"});
}

}  // namespace twin
