#include "market/audit/slot_books.hpp"

#include <set>

#include "market/account_entries.hpp"
#include "market/clearing/book_row.hpp"
#include "market/contract.hpp"
#include "market/entries.hpp"
#include "market/slot_entries.hpp"

namespace market {
namespace {

class BookKeeper {
 public:
  BookKeeper(const PublicLog& log, const Openings& openings) : log_(log), openings_(openings) {}

  SlotBooks books() {
    read_openings();
    for (const auto& [slot, row] : cancelled_) out_[slot].erase(row);
    add_contracts_orders();
    for (const auto& [slot, rows] : openings_.erased.book)
      for (const Bytes& row : rows)
        if (const auto order = decode_book_row(row)) out_[slot].emplace(order->id, *order);
    return std::move(out_);
  }

 private:
  void read_openings();
  void take(TransactionKind kind, const Opening& opening);
  void add_contracts_orders();
  // From which entry on an account's contracts stand no more.
  std::uint64_t erased_at(const AccountId& account) const;

  const PublicLog& log_;
  const Openings& openings_;
  SlotBooks out_;
  std::set<std::pair<std::uint32_t, OrderId>> cancelled_;
  std::map<AccountId, std::map<Template, ContractLine>> contracts_;
  std::map<std::uint32_t, std::map<AccountId, SlotPosition>> metered_;  // by slot
  std::map<std::uint32_t, std::uint64_t> settled_at_;                   // by slot, the entry
};

void BookKeeper::take(TransactionKind kind, const Opening& opening) {
  if (kind == TransactionKind::order) {
    if (auto o = decode_order(opening.data)) {
      o->order.id = row_id(o->order.account, o->order.id);
      out_[o->order.slot.value].emplace(o->order.id, o->order);
    }
  } else if (kind == TransactionKind::cancellation) {
    if (const auto c = decode_cancellation(opening.data))
      cancelled_.emplace(c->slot.value, row_id(c->account, c->id));
  } else if (kind == TransactionKind::contract) {
    if (auto c = decode_contract(opening.data)) contracts_[c->account][c->of].add(*c);
  }
}

void BookKeeper::read_openings() {
  for (const auto& [entry, all] : openings_.restricted)
    if (const auto view = view_entry(log_.entries[entry]))
      for (const auto& [position, opening] : all) take(view->kind, opening);
  if (contracts_.empty()) return;
  for (const auto& [entry, all] : openings_.restricted) {
    const auto view = view_entry(log_.entries[entry]);
    if (!view || view->kind != TransactionKind::statements) continue;
    for (const auto& [position, opening] : all) {
      if (!contracts_.contains(owner_of(opening))) continue;
      const auto s = decode_statement(opening.data);
      if (!s) continue;
      metered_[s->slot.value][s->account] = {s->account, s->meter,    s->imported, s->exported, {},
                                             {},         s->standing, s->since,    false};
      settled_at_[s->slot.value] = entry;
    }
  }
}

std::uint64_t BookKeeper::erased_at(const AccountId& account) const {
  const auto records = erasures_of(log_, account);
  return records.empty() ? UINT64_MAX : records.front().entry;
}

void BookKeeper::add_contracts_orders() {
  const bool erases = std::any_of(log_.entries.begin(), log_.entries.end(), [](const Bytes& entry) {
    const auto view = view_entry(entry);
    return view && view->kind == TransactionKind::erasure;
  });
  std::map<AccountId, std::uint64_t> ends;
  for (const auto& [account, lines] : contracts_)
    ends[account] = erases ? erased_at(account) : UINT64_MAX;
  for (const auto& [slot, accounts] : metered_) {
    std::map<OrderId, Order>& book = out_[slot];
    std::map<AccountId, std::vector<Order>> own;
    for (const auto& [row, order] : book)
      if (contracts_.contains(order.account)) own[order.account].push_back(order);
    std::size_t rows = book.size();
    if (const auto erased = openings_.erased.book.find(slot); erased != openings_.erased.book.end())
      rows += erased->second.size();
    for (const auto& [account, metered] : accounts) {
      if (ends.at(account) < settled_at_.at(slot)) continue;
      std::vector<const Contract*> standing;
      for (const auto& [of, line] : contracts_.at(account))
        if (const Contract* c = line.standing_in({slot})) standing.push_back(c);
      for (const Order& o : contract_orders(standing, metered, own[account], {slot}))
        if (rows < max_orders_a_slot && book.emplace(o.id, o).second) ++rows;
    }
  }
}

}  // namespace

SlotBooks slot_books(const PublicLog& log, const Openings& openings) {
  return BookKeeper(log, openings).books();
}

}  // namespace market
