#include "twin/node/oracle/oracle_node.hpp"

#include <algorithm>

#include "ledger/oracle/batch.hpp"
#include "twin/node/base/attest_request.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

OracleNode::OracleNode(OracleConfig config, Signer& signer,
                       std::unique_ptr<market::Attestor> attestor)
    : config_(std::move(config)), signer_(signer), attestor_(std::move(attestor)) {}

Instant OracleNode::next_deadline() const { return never; }

void OracleNode::step(Instant, const Inputs& inputs, Outbox& outbox) {
  for (const PeerMessage& m : inputs.messages) receive(m, outbox);
}

void OracleNode::receive(const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  if (attestor_ && config_.directory.is_gateway(message.from)) return attest(message, outbox);
  if (message.from != config_.directory.observer())
    return refuse("an oracle listens to the observer only");
  if (kind_of(message.bytes) != MessageKind::slot_report)
    return refuse("an oracle takes no such message");
  const auto report = decode_slot_report(message.bytes.view().subspan(1));
  if (!report) return refuse(report.error());
  post_findings(*report, outbox);
  if (config_.quarantined && config_.oracle == 0) post_rulings(*report, outbox);
}

// Silent where something before it is missing: the gateway says it again, in order.
void OracleNode::attest(const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  if (kind_of(message.bytes) != MessageKind::attest_request)
    return refuse("an oracle takes no such message");
  auto request = decode_request(message.bytes.view().subspan(1));
  if (!request) return refuse(request.error());
  const auto what = attested_entry(request->entry);
  if (!what || config_.directory.gateway(what->gateway.value) != message.from)
    return refuse("a gateway asks for what is not its own batch or marks");
  const market::Attestor::Answer judged = attestor_->judge(opened(std::move(*request)));
  if (judged.too_soon) return;
  AttestAnswer answer{judged.what, static_cast<std::uint16_t>(config_.oracle), {}, judged.wrong};
  if (judged.wrong.empty())
    answer.signature = signer_.sign(attestation_signed_bytes(config_.chain_id, judged.what));
  else
    outbox.event(NotAttested{judged.what, judged.wrong});
  outbox.send(message.from, encode(answer));
}

void OracleNode::post_findings(const SlotReport& report, Outbox& outbox) {
  for (const FeederSlot& slot : report.feeders) {
    const auto feeder = config_.feeders.find(slot.feeder);
    if (feeder == config_.feeders.end()) continue;
    const OracleConfig::Feeder& f = feeder->second;
    const auto found = f.evidence ? f.evidence->find(slot) : failure(f.without);
    if (!found) {
      outbox.event(FeederNotFound{slot.feeder, slot.slot, found.error()});
      continue;
    }
    // Of several oracles the median counts, which the ledger has.
    if (config_.directory.oracles == 1) outbox.event(FeederFound{*found});
    Transaction tx;
    tx.kind = TransactionKind::feeder_findings;
    tx.openings.push_back(
        market::opening_of(f.restricted_key, f.meter, {f.account, *found}, config_.oracle));
    tx.body = encode(market::FindingsBody{config_.oracle, slot.slot, 1, {}});
    post(std::move(tx), signer_, outbox);
  }
}

void OracleNode::post_rulings(const SlotReport& report, Outbox& outbox) {
  Transaction tx;
  tx.kind = TransactionKind::ruling;
  for (const SlotReport::Case& c : report.cases) {
    const auto key = config_.restricted_keys.find(c.meter.value);
    if (key == config_.restricted_keys.end() || tx.openings.size() == max_openings) continue;
    const market::Ruling ruling{
        c.account,  c.meter,    report.next, c.settled, *config_.quarantined,
        c.imported, c.exported, {},          {}};
    tx.openings.push_back(market::opening_of(key->second, ruling));
  }
  if (tx.openings.empty()) return;
  const auto count = static_cast<std::uint32_t>(tx.openings.size());
  tx.body = encode(market::RulingBody{report.next, count, {}});
  post(std::move(tx), *config_.registrar, outbox);
}

void OracleNode::post(Transaction tx, Signer& signer, Outbox& outbox) const {
  tx.root = openings_root(tx.openings);
  sign_entry(tx, config_.chain_id, signer);
  const SharedBytes message = frame(MessageKind::transaction, tx.encode());
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

}  // namespace twin
