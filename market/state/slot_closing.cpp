// How a slot closes: the part of MarketState that makes settlements and statements.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/clearing/tariff.hpp"
#include "market/settlement/deal_settlement.hpp"
#include "market/settlement/settlement_check.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

// The sum over all homes of one quantity, where it may be public.
std::optional<WattHours> shown_sum(const std::vector<Statement>& statements,
                                   WattHours Statement::*quantity) {
  std::vector<std::int64_t> each;
  for (const Statement& s : statements) each.push_back((s.*quantity).value);
  const std::int64_t sum = public_sum(each);
  return sum == hidden_sum ? std::nullopt : std::optional(WattHours{sum});
}

// Of a gateway's statements those of its next transaction: those with many deals need several.
std::size_t as_many_as_fit(std::span<const Opening> openings) {
  constexpr std::size_t of_entry = 128;  // prefix, body and counts
  std::size_t size = of_entry, count = 0;
  for (const Opening& o : openings) {
    size += o.salt.size() + 4 + o.data.size();
    if (count == max_openings || (count > 0 && size > max_transaction_size)) break;
    ++count;
  }
  return count;
}

bool by_row(const Order& a, const Order& b) { return a.id < b.id; }

SlotPosition& position_of(const AccountId& account, std::vector<SlotPosition>& by_account) {
  const auto at = std::lower_bound(
      by_account.begin(), by_account.end(), account,
      [](const SlotPosition& p, const AccountId& wanted) { return p.account < wanted; });
  invariant(at != by_account.end() && at->account == account, "who orders has a meter in the slot");
  return *at;
}

}  // namespace

bool MarketState::closable(std::int64_t time_ms) const {
  const std::int64_t end_ms = (std::int64_t{next_slot_} + 1) * genesis_->slot_ms;
  if (time_ms < end_ms) return false;
  if (time_ms >= end_ms + genesis_->close_grace_ms) return true;
  if (const auto open = open_slots_.find(next_slot_);
      open != open_slots_.end() && !all_attested(open->second))
    return false;
  return std::all_of(gateways_.begin(), gateways_.end(), [&](const Gateway& g) {
    return g.slots_marked > next_slot_ || !waits_for(g, {next_slot_});
  });
}

std::vector<Transaction> MarketState::due(std::int64_t time_ms) const {
  if (!closable(time_ms) || wants_proposal(time_ms)) return {};
  return closing_transactions(close_next());
}

const MarketState::OpenSlot& MarketState::closing_slot() const {
  static const OpenSlot nothing;
  const auto at = open_slots_.find(next_slot_);
  return at == open_slots_.end() ? nothing : at->second;
}

ClosedSlot MarketState::begin_close(std::vector<SlotPosition>& positions) const {
  const OpenSlot& slot = closing_slot();
  ClosedSlot closed;
  closed.slot = {next_slot_};
  closed.tariff = tariff_in(closed.slot);
  for (const auto& [row, order] : slot.orders->orders) {
    closed.orders.push_back(order.order);
    closed.orders.back().id = row;
  }
  positions = positions_of(slot);
  add_contract_orders(positions, closed);
  sort_book(*slot.orders, closed.orders);
  return closed;
}

ClosedSlot MarketState::close_next() const {
  const OpenSlot& slot = closing_slot();
  std::vector<SlotPosition> positions;
  ClosedSlot closed = begin_close(positions);
  clear_book(closed);
  closed.settlement = settle_trades(closed, std::move(positions));
  const std::string broken = market::broken_invariant(closed.settlement);
  invariant(broken.empty(), broken.c_str());
  for (const auto& [row, transfer] : slot.token_acts->transfers)
    closed.transfers.push_back(transfer);
  for (const auto& [row, retirement] : slot.token_acts->retirements)
    closed.retirements.push_back(retirement);
  for (const auto& [id, ruling] : *slot.rulings) {
    closed.corrections.push_back(correction_of(ruling, tariff_in(ruling.settled)));
    add_postings(closed.corrections.back(), closed.settlement.postings);
  }
  closed.compensated = *slot.owed;
  for (const HomeMeasure& m : closed.compensated) add_posting(m, closed.settlement.postings);
  closed.feeders = feeders_of(slot, closed.witnesses);
  std::map<AccountId, MicroEuros> beside;  // what the account pays beside its statement
  for (const Correction& c : closed.corrections) beside[c.account] += c.total;
  for (const HomeMeasure& m : closed.compensated) beside[m.account] -= m.owed;
  for (Statement& s : closed.settlement.statements) {
    s.balance = journal_->balance(s.account) - s.total;
    if (const auto more = beside.find(s.account); more != beside.end()) s.balance -= more->second;
  }
  add_payments(closed);
  add_payouts(closed.slot, closed.settlement.postings);
  return closed;
}

// As the rows stand in the book: by their ids, of arrivals by the blocks that took them before
// that.
void MarketState::sort_book(const SlotOrders& taken, std::vector<Order>& orders) const {
  const auto place = [&](const Order& o) {
    const auto at = taken.arrived.find(o.id);
    return std::pair(at == taken.arrived.end() ? UINT64_MAX : at->second, o.id);
  };
  if (book_form_of(*genesis_) == BookForm::arrivals)
    std::sort(orders.begin(), orders.end(),
              [&](const Order& a, const Order& b) { return place(a) < place(b); });
  else if (!std::is_sorted(orders.begin(), orders.end(), by_row))
    std::sort(orders.begin(), orders.end(), by_row);
}

std::vector<SlotPosition> MarketState::positions_of(const OpenSlot& slot) const {
  std::vector<SlotPosition> out;
  out.reserve(meters_->size());
  const std::int32_t month = month_of(*genesis_, {next_slot_});
  for (const auto& [id, meter] : *meters_) {
    const Registration& r = meter.registration;
    if (r.kind != MeterKind::home || !r.valid_in({next_slot_})) continue;
    SlotPosition p{r.account, {id}, {}, {}, {}, {}, Standing::unmarked, meter.anchor.since, false};
    if (const auto judged = closing_in(slot, meter); judged.mark) {
      p.standing = judged.mark->standing;
      p.imported = judged.mark->imported;
      p.exported = judged.mark->exported;
      if (carries_energy(p.standing) && !is_certified(meter, p.since, {next_slot_}))
        p.standing = Standing::uncertified;
    }
    if (genesis_->capacity_price.value > 0) p.peak_before = meter.month_peak.in(month);
    p.holds_tokens = contract({r.account, Template::hold_tokens}, {next_slot_}) != nullptr;
    out.push_back(p);
  }
  std::sort(out.begin(), out.end(),
            [](const SlotPosition& a, const SlotPosition& b) { return a.account < b.account; });
  return out;
}

// `positions`: by account, without what was contracted.
Settlement MarketState::settle_trades(const ClosedSlot& closed,
                                      std::vector<SlotPosition> positions) const {
  for (std::size_t i = 0; i < closed.orders.size(); ++i) {
    if (closed.clearing.fills[i].value == 0) continue;
    SlotPosition& p = position_of(closed.orders[i].account, positions);
    (closed.orders[i].side == Side::buy ? p.contracted_buy : p.contracted_sell) +=
        closed.clearing.fills[i];
  }
  if (closed.clearing.trades.empty())
    return settle(closed.slot, closed.tariff, closed.clearing.price, std::move(positions));
  return settle_deals(closed.slot, closed.tariff, deals_of(closed.orders, closed.clearing.trades),
                      std::move(positions));
}

std::vector<Transaction> MarketState::statement_transactions(const ClosedSlot& closed) const {
  std::map<std::uint32_t, std::vector<Opening>> of_gateway;
  for (const Statement& s : closed.settlement.statements) {
    const Meter& meter = meters_->at(s.meter.value);
    const Salt salt =
        derive_salt(meter.restricted_key, SaltLabel::statement, s.meter.value, s.slot.value);
    of_gateway[meter.registration.gateway.value].push_back({salt, encode(s)});
  }
  std::vector<Transaction> out;
  for (auto& [gateway, openings] : of_gateway)
    for (std::size_t first = 0; first < openings.size();) {
      const std::size_t count = as_many_as_fit(std::span(openings).subspan(first));
      Transaction tx;
      tx.kind = TransactionKind::statements;
      for (std::size_t i = first; i < first + count; ++i)
        tx.openings.push_back(std::move(openings[i]));
      tx.root = openings_root(tx.openings);
      tx.body = encode(StatementsBody{closed.slot, {gateway}, static_cast<std::uint32_t>(count)});
      out.push_back(std::move(tx));
      first += count;
    }
  return out;
}

std::vector<Transaction> MarketState::closing_transactions(const ClosedSlot& closed) const {
  std::vector<Transaction> out = statement_transactions(closed);
  const std::vector<Statement>& statements = closed.settlement.statements;
  SettlementBody body;
  body.slot = closed.slot;
  body.price = closed.clearing.price;
  body.volume = closed.clearing.volume;
  body.imported = shown_sum(statements, &Statement::imported);
  body.exported = shown_sum(statements, &Statement::exported);
  body.accounts = static_cast<std::uint32_t>(statements.size());
  body.orders = static_cast<std::uint32_t>(closed.orders.size());
  body.gateways = static_cast<std::uint32_t>(out.size());
  body.book_root = book_root(book_form_of(*genesis_), closed.rows);
  body.statements_root = entries_root(out);
  Transaction tx;
  tx.kind = TransactionKind::settlement;
  tx.root = openings_root({});
  tx.body = encode(body);
  body.content_root = next_content_root(tx);
  tx.body = encode(body);
  out.insert(out.begin(), std::move(tx));
  return out;
}

Hash MarketState::next_content_root(const Transaction& settlement_without_root) const {
  std::vector<Hash> leaves;
  if (const auto at = open_slots_.find(next_slot_); at != open_slots_.end()) {
    for (const auto& [gateway, delivered] : at->second.delivered)
      if (delivered.batches) leaves.push_back(*delivered.batches);
    for (const auto& [gateway, delivered] : at->second.delivered)
      if (delivered.marks_leaf) leaves.push_back(*delivered.marks_leaf);
    for (const auto& [root, leaf] : at->second.swap_leaves) leaves.push_back(leaf);
    for (const auto& [root, leaf] : at->second.ruling_leaves) leaves.push_back(leaf);
    for (const auto& [root, leaf] : at->second.measure_leaves) leaves.push_back(leaf);
    for (const auto& [root, leaf] : at->second.orders->leaves) leaves.push_back(leaf);
    for (const Hash& leaf : at->second.registry_leaves) leaves.push_back(leaf);
    for (const auto& [root, leaf] : at->second.account_leaves) leaves.push_back(leaf);
  }
  leaves.push_back(leaf_hash(settlement_without_root.entry()));
  const Bytes number = ByteWriter().u32(next_slot_).take();
  return sha256({bytes_of("aipchain content 1"), content_root_, number, root_of(leaves)});
}

MarketState::Applied MarketState::apply_settlement(const Transaction& tx, std::int64_t time_ms) {
  if (!closable(time_ms)) return never("settlement of a slot that may not close");
  auto closed = std::make_shared<ClosedSlot>(close_next());
  std::vector<Transaction> expected = closing_transactions(*closed);
  if (expected[0].encode() != tx.encode()) return never("settlement differs from the state's own");
  proposed_.reset();
  owed_.assign(std::make_move_iterator(expected.begin() + 1),
               std::make_move_iterator(expected.end()));
  journal_.write().post_all(closed->settlement.postings);
  const OpenSlot slot = std::move(open_slots_[next_slot_]);
  open_slots_.erase(next_slot_);
  move_anchors(slot);
  move_tokens(*closed);
  move_peaks(closed->settlement);
  close_cases(slot, *closed);
  std::set<std::uint32_t> vintages;
  carry_out(*slot.token_acts, vintages);
  for (const std::uint32_t vintage : vintages) put_vintage({vintage});
  open_cases(closed->settlement);
  await_findings(closed->feeders);
  content_root_ = decode_settlement_body(tx.body)->content_root;
  drop_slot(slot);
  ++next_slot_;
  drop_forecasts();
  drop_certificates();
  forget_contracts();
  forget_fees();
  forget_grids();
  put_place();
  put_vintage(closed->slot);
  put_system_balances();
  for (const auto& [id, meter] : *meters_) put_account(meter);
  last_closed_ = std::move(closed);
  return {};
}

MarketState::Applied MarketState::apply_statements(const Transaction& tx) {
  if (owed_.empty()) return never("statements that are not due");
  if (owed_.front().encode() != tx.encode()) return never("statements differ from the state's own");
  owed_.erase(owed_.begin());
  return {};
}

void MarketState::move_anchors(const OpenSlot& slot) {
  auto& meters = meters_.write();
  for (const std::uint32_t id : meters_moved_in(slot)) {
    Meter& m = meters.at(id);
    m.anchor = closing_in(slot, m).next;
  }
}

void MarketState::move_peaks(const Settlement& settlement) {
  if (genesis_->capacity_price.value == 0) return;
  auto& meters = meters_.write();
  const std::int32_t month = month_of(*genesis_, {next_slot_});
  for (const Statement& s : settlement.statements)
    meters.at(s.meter.value).month_peak = {month, s.capacity->peak};
}

void MarketState::move_tokens(const ClosedSlot& closed) {
  TokenBook& tokens = tokens_.write();
  for (const Statement& s : closed.settlement.statements) mint_tokens(s);
  // Every seller's tokens are in escrow now; the buyers' are handed out, and retired or held.
  for (const Statement& s : closed.settlement.statements) {
    const auto released = tokens.release(s.account, s.slot, s.bought);
    invariant(released.has_value(), "what was bought is what was sold");
    const auto retired = tokens.retire(s.account, s.slot, s.retired);
    invariant(retired.has_value(), "a buyer holds what it bought");
    if (trades(s.standing) && contract({s.account, Template::hold_tokens}, s.slot))
      tokens.note_import(s.account, s.slot, s.imported);
  }
}

void MarketState::mint_tokens(const Statement& s) {
  const MilliWattHours mark = meters_->at(s.meter.value).anchor.export_register;
  if (!mints(s.standing)) {
    tokens_.write().move_mark(s.meter, mark);
    return;
  }
  const WattHours minted = tokens_.write().mint(s.meter, mark, s.account, s.slot);
  invariant(minted == s.exported, "what a slot mints is what its meter exported");
  const auto sold = tokens_.write().escrow(s.account, s.slot, s.sold);
  invariant(sold.has_value(), "a seller holds what it delivered");
  const auto rest = tokens_.write().transfer(s.account, retailer, s.slot, s.exported - s.sold);
  invariant(rest.has_value(), "a home holds the rest of its export");
}

}  // namespace market
