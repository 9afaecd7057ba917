#include "market/metering/attestor.hpp"

#include <algorithm>

#include "ledger/merkle/log_tree.hpp"
#include "market/metering/point_papers.hpp"

namespace market {
namespace {

constexpr std::size_t kept = 64;  // answers of one kind, and slots of marks that are due

std::string name_of(std::uint32_t meter) { return "meter " + std::to_string(meter); }

// Of a meter or an account.
std::optional<KeyChange> change_in(const Transaction& tx) {
  if (tx.kind != TransactionKind::key_change || tx.openings.size() != 1) return std::nullopt;
  const auto change = decode_key_change(tx.openings[0].data);
  return change ? std::optional(*change) : std::nullopt;
}

template <class Map>
void keep_newest(Map& map) {
  while (map.size() > kept) map.erase(map.begin());
}

}  // namespace

Attestor::Attestor(const Genesis& genesis, const std::vector<Registration>& meters,
                   Verifier& verifier)
    : genesis_(genesis),
      chain_id_(chain_id_of(genesis)),
      nights_(nights_of(genesis)),
      verifier_(verifier),
      gateways_(genesis.gateways.size()) {
  for (std::size_t g = 0; g < gateways_.size(); ++g)
    gateways_[g].keys = KeyLine(genesis.gateways[g]);
  for (const Registration& r : meters)
    gateways_.at(r.gateway.value).points.emplace(r.meter.value, MeteredPoint(r, genesis_, nights_));
}

bool Attestor::is_signed(const Transaction& tx, const PublicKey& key) const {
  if (tx.body.size() < sizeof(Signature)) return false;
  Signature s{};
  std::copy(tx.body.end() - static_cast<std::ptrdiff_t>(s.size()), tx.body.end(), s.begin());
  return verifier_.verify(key, entry_signed_bytes(chain_id_, tx.entry()), s);
}

Attestor::Answer Attestor::judge(const Request& request) {
  const auto what = attested_entry(request.entry);
  if (!what) return {{}, what.error(), false};
  Answer out{*what, {}, false};
  if (what->gateway.value >= gateways_.size()) {
    out.wrong = "is of an unknown gateway";
    return out;
  }
  Gateway& gateway = gateways_[what->gateway.value];
  auto& judged = gateway.judged[what->kind];
  if (const auto before = judged.find(what->number); before != judged.end()) {
    out.wrong = before->second.entry == what->entry ? before->second.wrong
                                                    : "another entry stands in its place already";
    return out;
  }
  const bool batch = what->kind == TransactionKind::batch;
  const std::uint32_t next = batch ? gateway.next_epoch : gateway.next_slot;
  out.too_soon = batch ? what->number > next : !gateway.due.contains(what->number);
  if (what->number < next) {
    out.too_soon = false;
    out.wrong = "was judged too long ago";
  } else if (!out.too_soon &&
             !is_signed(request.entry, gateway.keys.in(slot_of(*what, genesis_)))) {
    out.wrong = "is not signed by its gateway";
  } else if (!out.too_soon) {
    const auto body = decode_batch(request.entry.body);
    out.wrong = !batch ? judge_marks(gateway, {what->number}, request.entry)
                : body ? judge_batch(gateway, *body, request)
                       : body.error();
    judged[what->number] = {what->entry, out.wrong};
    keep_newest(judged);
  }
  return out;
}

std::string Attestor::judge_batch(Gateway& gateway, const Batch& batch, const Request& request) {
  const Slot slot = slot_of_epoch(genesis_, batch.epoch);
  std::string wrong;
  const auto found = [&](const std::string& what) {
    if (wrong.empty()) wrong = what;
  };
  for (const Transaction& papers : request.papers)
    found(take_papers(gateway, batch.gateway, papers, slot));
  found(presence(gateway, request.records, batch.epoch));
  std::vector<Hash> leaves;
  BatchTotals totals;
  for (const OpenedRecord& o : request.records) {
    const auto point = gateway.points.find(o.record.meter.value);
    if (point == gateway.points.end()) continue;
    leaves.push_back(o.leaf);
    const CheckedRecord checked = check_record(point->second, o, {genesis_, chain_id_, verifier_});
    if (!checked.wrong.empty()) found(name_of(point->first) + ": record " + checked.wrong);
    totals.add(point->second, checked.record, o.leaf);
  }
  if (root_of(leaves) != request.entry.root) found("its records do not hash to its root");
  if (encode(totals.batch(batch, genesis_.gateways.size())) != encode(batch))
    found("its counts, sequences, sums or quarantine do not follow from its records");
  owe_marks(gateway, batch.epoch);
  gateway.next_epoch = batch.epoch + 1;
  return wrong;
}

// Said again with each batch for a while; taken once. That the ledger has a key's change or a
// departure is the gateway's word: what roles and owners signed is checked here.
std::string Attestor::take_papers(Gateway& gateway, GatewayId id, const Transaction& papers,
                                  Slot now) {
  const Hash leaf = leaf_hash(papers.entry());
  if (gateway.papers.contains(leaf)) return {};
  // Another variant of a change that acts, or one before it, changes nothing any more.
  const auto change = change_in(papers);
  const auto at = change ? gateway.points.find(change->meter.value) : gateway.points.end();
  if (at != gateway.points.end() && at->second.has_changed(change->of, change->slot)) return {};
  const PaperTerms terms{genesis_, chain_id_, id, now, verifier_, true};
  const auto body = decode_key_change_body(papers.body);
  Result<void> taken;
  if (papers.kind == TransactionKind::key_change && body && body->of == KeyOf::gateway)
    taken = take_gateway_key(papers, terms, gateway.keys);
  else if (auto ok = take_paper(papers, terms,
                                [&](MeterId meter) {
                                  const auto point = gateway.points.find(meter.value);
                                  return point == gateway.points.end() ? nullptr : &point->second;
                                });
           !ok)
    taken = failure(ok.error());
  if (!taken) return taken.error();
  gateway.papers.insert(leaf);
  return {};
}

std::string Attestor::presence(const Gateway& gateway, const std::vector<OpenedRecord>& records,
                               std::uint32_t epoch) const {
  const Slot slot = slot_of_epoch(genesis_, epoch);
  std::set<std::uint32_t> there;
  for (const OpenedRecord& o : records) {
    const std::uint32_t id = o.record.meter.value;
    const auto point = gateway.points.find(id);
    if (point == gateway.points.end() || !point->second.registration().valid_in(slot))
      return name_of(id) + ": record of a meter that is not the gateway's in this slot";
    if (o.record.epoch != epoch) return name_of(id) + ": record of another epoch";
    if (!there.empty() && *there.rbegin() >= id) return name_of(id) + ": records out of order";
    there.insert(id);
  }
  for (const auto& [id, point] : gateway.points)
    if (point.registration().valid_in(slot) && !there.contains(id))
      return name_of(id) + " has neither record nor absence";
  return {};
}

void Attestor::owe_marks(Gateway& gateway, std::uint32_t epoch) {
  const std::int64_t end_ms = std::int64_t{epoch} * genesis_.batch_ms;
  if (end_ms % genesis_.slot_ms != 0) return;
  const Slot slot = slot_of_epoch(genesis_, epoch);
  auto& due = gateway.due[slot.value];
  for (auto& [id, point] : gateway.points)
    if (const auto mark = point.mark(slot)) due[id] = *mark;
  keep_newest(gateway.due);
}

std::string Attestor::judge_marks(Gateway& gateway, Slot slot, const Transaction& marks) {
  std::map<std::uint32_t, Mark> due = gateway.due.at(slot.value);
  gateway.due.erase(slot.value);
  gateway.next_slot = slot.value + 1;
  for (const Opening& o : marks.openings) {
    const auto mark = decode_mark(o.data);
    if (!mark) return mark.error();
    const auto at = due.find(mark->meter.value);
    if (at == due.end() || encode(at->second) != encode(*mark))
      return name_of(mark->meter.value) + ": its mark is not what its batches say";
    due.erase(at);
  }
  if (!due.empty()) return name_of(due.begin()->first) + ": its mark is left out";
  return {};
}

}  // namespace market
