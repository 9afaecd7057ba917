#include "twin/node/gateway/concentrator_node.hpp"

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/rules.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::uint32_t longest_penalty = 1u << 16;  // intervals

}  // namespace

ConcentratorNode::ConcentratorNode(ConcentratorConfig config, Signer& signer, Verifier& verifier)
    : config_(std::move(config)),
      signer_(signer),
      verifier_(verifier),
      chain_id_(chain_id_of(config_.genesis)) {
  const Directory& d = config_.directory;
  for (std::uint32_t g = 0; g < d.gateways; ++g)
    if (d.concentrator_of(g) == d.concentrator(config_.concentrator))
      members_.emplace(g, Member(d.validators, config_.genesis.gateways.at(g)));
}

Instant ConcentratorNode::interval_end() const {
  return Instant{} + milliseconds(config_.genesis.batch_ms) * interval_;
}

Instant ConcentratorNode::next_deadline() const {
  return interval_ > 0 ? interval_end() + config_.patience : Instant{};
}

// With the first interval that may still be waited for.
void ConcentratorNode::start(Instant now) {
  const std::int64_t since_ms = std::max<std::int64_t>(0, (now - config_.patience).whole_ms());
  interval_ = static_cast<std::uint32_t>(since_ms / config_.genesis.batch_ms) + 1;
}

void ConcentratorNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  if (interval_ == 0) start(now);
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  judge(now, outbox);
  while (now >= next_deadline() || (now >= interval_end() && all_arrived())) post(now, outbox);
}

bool ConcentratorNode::left_out(const Member& m) const {
  return m.on_ledger() < m.until_on_ledger || interval_ < m.until_interval;
}

// Of those that are not left out, be there any.
bool ConcentratorNode::all_arrived() const {
  std::size_t arrived = 0;
  for (const auto& [gateway, m] : members_) {
    if (!m.waiting.contains(interval_) && !left_out(m)) return false;
    arrived += m.waiting.contains(interval_) ? 1 : 0;
  }
  return arrived > 0;
}

void ConcentratorNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  const Directory& d = config_.directory;
  if (message.from < d.observer()) return take_told(message, outbox);
  const std::uint32_t gateway = message.from.value - d.gateway(0).value;
  Result<void> taken = failure("a concentrator listens to its own gateways and to validators only");
  if (d.is_gateway(message.from) && members_.contains(gateway))
    taken = kind_of(message.bytes) == MessageKind::transaction
                ? take_batch(now, gateway, message.bytes.view().subspan(1))
                : failure("a concentrator takes no such message from a gateway");
  if (!taken) outbox.event(Refused{message.from, taken.error()});
}

void ConcentratorNode::take_told(const PeerMessage& message, Outbox& outbox) {
  const auto batches = kind_of(message.bytes) == MessageKind::batches
                           ? decode_batches_on_ledger(message.bytes.view().subspan(1))
                           : failure("a concentrator takes no such message from a validator");
  if (!batches) return outbox.event(Refused{message.from, batches.error()});
  for (const auto& [gateway, epoch] : *batches) {
    const auto member = members_.find(gateway);
    if (member == members_.end()) continue;
    Member& m = member->second;
    m.told.told({message.from.value}, {epoch, 0});
    m.waiting.erase(m.waiting.begin(), m.waiting.upper_bound(m.on_ledger()));
  }
}

// What was taken before, or is on the ledger, comes again after a gateway's restart: no fault.
Result<void> ConcentratorNode::take_batch(Instant now, std::uint32_t gateway, BytesView body) {
  auto tx = decode_transaction(body);
  if (!tx) return failure(tx.error());
  Member& m = members_.at(gateway);
  if (tx->kind == TransactionKind::key_change)
    return market::take_gateway_key(*tx, {config_.genesis, chain_id_, {gateway}, {}, verifier_},
                                    m.keys);
  if (tx->kind != TransactionKind::batch)
    return failure("a concentrator takes batches and key changes of gateways only");
  const auto batch = decode_batch(tx->body);
  if (!batch) return failure(batch.error());
  if (batch->gateway.value != gateway) return failure("batch of another gateway");
  if (left_out(m) || batch->epoch < m.epoch || batch->epoch <= m.on_ledger()) return {};
  const Hash entry = sha256(tx->entry());
  if (batch->epoch == m.epoch && entry == m.entry) return {};
  if (std::int64_t{batch->epoch} * config_.genesis.batch_ms > now.whole_ms() + synchronised_ms)
    return failure("batch of an interval that has not ended");
  if (!verifier_.verify(m.keys.in(slot_of_epoch(config_.genesis, batch->epoch)),
                        entry_signed_bytes(chain_id_, tx->entry()), batch->signature))
    return failure("is not signed by its gateway");
  market::BatchEntry whole{std::move(*tx), *batch};
  if (auto ok = check_place(m, whole); !ok) return ok;
  m.epoch = batch->epoch;
  m.entry = entry;
  m.waiting.insert_or_assign(batch->epoch, std::move(whole));
  return {};
}

// A gateway that passed by this concentrator comes back with a batch behind those on the ledger.
Result<void> ConcentratorNode::check_place(const Member& m, const market::BatchEntry& entry) const {
  const Batch& batch = entry.batch;
  if (m.epoch == batch.epoch) return failure("a gateway signed two batches of one epoch");
  if (batch.epoch == m.epoch + 1 && batch.previous != m.entry)
    return failure("batch does not follow its gateway's last");
  const bool begins = m.epoch == 0 || batch.epoch <= m.on_ledger() + 1;
  if (batch.epoch > m.epoch + 1 && !begins) return failure("batch before the one it follows");
  if (m.waiting.size() >= most_waiting)
    return failure("no room for another batch before the next interval");
  return {};
}

bool ConcentratorNode::is_on_ledger(const Place& place) const {
  return members_.at(place.gateway).on_ledger() >= place.epoch;
}

// Before a gateway that posted by itself for want of progress could be there: its patience is 5 s
// longer (gateway_node.cpp). What was posted since rests on what failed.
void ConcentratorNode::judge(Instant now, Outbox& outbox) {
  const Duration patience = milliseconds(2 * config_.genesis.block_ms) + seconds(5);
  const auto there = [&](const Place& p) { return is_on_ledger(p); };
  while (!posted_.empty() && now - posted_.front().at >= patience) {
    const std::vector<Place>& batches = posted_.front().batches;
    if (std::all_of(batches.begin(), batches.end(), there)) {
      posted_.pop_front();
      continue;
    }
    const bool some = std::any_of(batches.begin(), batches.end(), there);
    for (const Posted& p : posted_) leave_out(p, some && &p == &posted_.front(), outbox);
    posted_.clear();
  }
}

void ConcentratorNode::leave_out(const Posted& posted, bool some_came, Outbox& outbox) {
  for (const Place& place : posted.batches) {
    Member& m = members_.at(place.gateway);
    m.waiting.clear();
    if (some_came && is_on_ledger(place)) {
      m.penalty = m.penalty == 0 ? config_.penalty : std::min(2 * m.penalty, longest_penalty);
      m.until_interval = interval_ + m.penalty;
      outbox.event(Refused{config_.directory.gateway(place.gateway),
                           "a batch came by another way than its concentrator's as well"});
    } else {
      m.until_on_ledger = std::max(m.until_on_ledger, place.epoch);
    }
  }
}

void ConcentratorNode::post(Instant now, Outbox& outbox) {
  std::vector<market::BatchEntry> batches;
  for (auto& [gateway, m] : members_)
    for (auto& [epoch, batch] : std::exchange(m.waiting, {})) batches.push_back(std::move(batch));
  for (std::span<const market::BatchEntry> rest = batches; !rest.empty();) {
    const std::size_t count = std::min(rest.size(), max_openings);
    post(now, rest.first(count), outbox);
    rest = rest.subspan(count);
  }
  ++interval_;
}

void ConcentratorNode::post(Instant now, std::span<const market::BatchEntry> batches,
                            Outbox& outbox) {
  Transaction tx = market::concentrate(config_.concentrator, batches);
  sign_entry(tx, chain_id_, signer_);
  const SharedBytes message = frame(MessageKind::transaction, tx.encode());
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
  Posted posted{now, {}};
  for (const market::BatchEntry& b : batches)
    posted.batches.push_back({b.batch.gateway.value, b.batch.epoch});
  posted_.push_back(std::move(posted));
}

}  // namespace twin
