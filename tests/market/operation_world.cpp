#include "tests/market/operation_world.hpp"

#include "ledger/chain/block.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "tests/market/book_support.hpp"

namespace market_test {

namespace {

constexpr std::uint32_t next_month_slot = 35;

}  // namespace

bool OperationWorld::take(const Transaction& tx) {
  const Hash before = state_->tree().root();
  const auto applied = state_->apply(tx, leaf_hash(tx.entry()), SignatureIs::unchecked, time_ms());
  if (!applied) {
    ++trace_.refused;
    if (open_.transactions.empty() && state_->clone()->commit() != before)
      broken_ = "a refused transaction changed the state: " + applied.error().why;
    return false;
  }
  ++trace_.taken;
  open_.transactions.push_back(tx);
  return true;
}

void OperationWorld::end_block() {
  if (open_.transactions.empty()) return;
  open_.time_ms = time_ms();
  state_->commit();
  if (broken_.empty()) broken_ = watch_.broken_by(open_.transactions, *state_);
  blocks_.push_back(std::exchange(open_, {}));
}

std::string OperationWorld::carry_out(const Operation& o) {
  switch (o.act) {
    case Act::meter:
      move(o);
      return {};
    case Act::quarantine:
      meters_.at(o.home).quarantined = true;
      return {};
    case Act::miss:
      meters_.at(o.home).missed = true;
      return {};
    case Act::swap:
      swap(o);
      break;
    case Act::restart:
      ++trace_.restarts;
      return replayed();
    case Act::close:
      return close();
    default:
      sign(o);
  }
  end_block();
  return broken_;
}

std::string OperationWorld::close() {
  // The slot has ended: what is said from here on is said at the beginning of the next one.
  const std::uint32_t closing = slot_;
  std::vector<Transaction> said;
  for (std::uint32_t g : {0u, 1u}) said.push_back(batch(g));
  for (std::uint32_t g : {0u, 1u}) said.push_back(marks(g));
  slot_ = closing + 1;
  for (const Transaction& tx : said)
    if (!take(tx) && broken_.empty()) return "batches or marks are refused";
  end_block();
  if (const auto own = state_->proposal(time_ms()); own && !take(*own))
    return "the maker's own proposal is refused";
  for (const Transaction& tx : state_->due(time_ms()))
    if (!take(tx)) return "what is due is refused";
  end_block();
  plant_fault();
  if (broken_.empty()) broken_ = charges_broken();
  return broken_.empty() ? state_broken() : broken_;
}

// Beside what the watch sees, from the slot that closed: each home's charges of the month are what
// its highest own import costs, rounded once.
std::string OperationWorld::charges_broken() {
  const ClosedSlot& closed = *state_->last_closed();
  if (closed.slot.value == next_month_slot) peaks_.clear();
  for (const Statement& s : closed.settlement.statements) {
    auto& [peak, charged] = peaks_[s.meter.value];
    if (s.standing == Standing::metered) peak = std::max(peak, s.imported.value);
    charged += s.capacity ? s.capacity->charge.value : 0;
    const Wide twice = Wide{2} * peak * 3600 * genesis_.capacity_price.value;
    if (charged != (twice + operation_slot_ms) / (2 * operation_slot_ms))
      return "a month's capacity charges are not its highest import's cost";
  }
  return {};
}

void OperationWorld::plant_fault() {
  auto& tokens = const_cast<TokenBook&>(state_->tokens());
  auto& journal = const_cast<Journal&>(state_->journal());
  const ClosedSlot& closed = *state_->last_closed();
  if (fault_ == Fault::transfer_credited_twice)
    for (const Transfer& t : closed.transfers) tokens.mint_late(t.to, t.vintage, t.quantity);
  if (fault_ == Fault::retired_tokens_held_on)
    for (const Retirement& v : closed.retirements)
      tokens.mint_late(v.account, v.vintage, v.quantity);
  if (fault_ == Fault::correction_posted_beside)
    for (const Correction& c : closed.corrections)
      if (c.total.value != 0) journal.post({PostingKind::correction, c.account, retailer, {1}});
  if (fault_ == Fault::compensation_posted_twice)
    for (const HomeMeasure& m : closed.compensated)
      journal.post({PostingKind::compensation, grid_operator, m.account, m.owed});
  if (fault_ == Fault::peak_forgotten)
    for (const auto& [id, meter] : state_->meters()) const_cast<MonthPeak&>(meter.month_peak) = {};
  if (fault_ != Fault::none && broken_.empty()) broken_ = watch_.broken_by({}, *state_);
}

// Beside what the watch sees: nobody's promises are above what it holds, and no token is without a
// Wh that a meter really exported.
std::string OperationWorld::state_broken() const {
  for (const auto& [slot, vintage] : state_->tokens().vintages())
    for (std::uint8_t home = 1; home <= operation_homes; ++home)
      if (state_->free_tokens(account(home), {slot}).value < 0)
        return "an account's free tokens are below 0";
  std::int64_t exported = 0;
  for (const auto& [home, m] : meters_) exported += m.exported_in_all / 1000;
  if (state_->tokens().totals().minted.value > exported) return "more is minted than was exported";
  return {};
}

// A state made of the blocks alone, which goes on in the place of the one there was.
std::string OperationWorld::replayed() {
  auto again = std::make_unique<MarketState>(genesis_, verifier_);
  for (const TimedBlock& block : blocks_) {
    for (const Transaction& tx : block.transactions) {
      if (fault_ == Fault::cancellation_lost_on_restart && tx.kind == TransactionKind::cancellation)
        continue;
      if (auto ok = again->apply(tx, leaf_hash(tx.entry()), SignatureIs::unchecked, block.time_ms);
          !ok)
        return "a block does not execute again: " + ok.error().why;
    }
    again->commit();
  }
  if (again->tree().root() != root()) return "the blocks replay to another state root";
  if (again->content_root() != state_->content_root())
    return "the blocks replay to another content root";
  state_ = std::move(again);
  return {};
}

}  // namespace market_test
