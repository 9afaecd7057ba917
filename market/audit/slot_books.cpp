#include "market/audit/slot_books.hpp"

#include <algorithm>
#include <set>

#include "ledger/base/codec.hpp"
#include "market/entries/account_entries.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/settlement/clearing_proposal.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/feeder_clearing.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace market {
namespace {

class BookKeeper {
 public:
  BookKeeper(const PublicLog& log, const Openings& openings)
      : log_(log), openings_(openings), form_(book_form_of(log.genesis)) {}

  SlotBooks books() {
    read_openings();
    if (form_ == BookForm::results) read_feeder();
    for (const auto& [slot, row] : cancelled_) orders_[slot].erase(row);
    add_contracts_orders();
    SlotBooks out;
    for (auto& [slot, orders] : orders_) out[slot] = book_of(slot, std::move(orders));
    for (const auto& [slot, rows] : openings_.erased.book) add_erased(rows, out[slot]);
    return out;
  }

 private:
  // An order and when the ledger took it: a block's height, UINT64_MAX of contracts' orders.
  struct Arrived {
    Order order;
    std::uint64_t height = UINT64_MAX;
  };
  using Orders = std::map<OrderId, Arrived>;

  void read_openings();
  void take(TransactionKind kind, const Opening& opening, std::uint64_t entry);
  void add_contracts_orders();
  KnownBook book_of(std::uint32_t slot, Orders orders) const;
  void read_feeder();
  void fill_in(std::uint32_t slot, std::span<const Order> book, std::vector<BookRow>& rows) const;
  void add_erased(const std::set<Bytes>& rows, KnownBook& book) const;
  std::uint64_t height_of(std::uint64_t entry) const;
  // From which entry on an account's contracts stand no more.
  std::uint64_t erased_at(const AccountId& account) const;

  const PublicLog& log_;
  const Openings& openings_;
  BookForm form_;
  std::map<std::uint32_t, Orders> orders_;  // by slot
  std::set<std::pair<std::uint32_t, OrderId>> cancelled_;
  std::map<AccountId, std::map<Template, ContractLine>> contracts_;
  std::map<std::uint32_t, std::map<AccountId, SlotPosition>> metered_;  // by slot
  std::map<std::uint32_t, std::uint64_t> settled_at_;                   // by slot, the entry
  std::map<std::uint32_t, TradingGrid> grids_;                          // by the slot from which on
  std::map<std::uint32_t, Transaction> proposals_;                      // by slot
};

std::uint64_t BookKeeper::height_of(std::uint64_t entry) const {
  const auto after = std::upper_bound(
      log_.blocks.begin(), log_.blocks.end(), entry,
      [](std::uint64_t wanted, const auto& block) { return wanted < block.header.log_size; });
  return after == log_.blocks.begin() ? 0 : std::prev(after)->header.height;
}

void BookKeeper::take(TransactionKind kind, const Opening& opening, std::uint64_t entry) {
  if (kind == TransactionKind::order) {
    if (auto o = decode_order(opening.data)) {
      o->order.id = row_id(o->order.account, o->order.id);
      orders_[o->order.slot.value].emplace(o->order.id, Arrived{o->order, height_of(entry)});
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
      for (const auto& [position, opening] : all) take(view->kind, opening, entry);
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
    Orders& book = orders_[slot];
    std::map<AccountId, std::vector<Order>> own;
    for (const auto& [row, o] : book)
      if (contracts_.contains(o.order.account)) own[o.order.account].push_back(o.order);
    for (const auto& [account, metered] : accounts) {
      if (ends.at(account) < settled_at_.at(slot)) continue;
      std::vector<const Contract*> standing;
      for (const auto& [of, line] : contracts_.at(account))
        if (const Contract* c = line.standing_in({slot})) standing.push_back(c);
      for (const Order& o : contract_orders(standing, metered, own[account], {slot}))
        book.emplace(o.id, Arrived{o});
    }
  }
}

KnownBook BookKeeper::book_of(std::uint32_t slot, Orders orders) const {
  KnownBook out;
  std::vector<Arrived> sorted;
  for (auto& [id, o] : orders) {
    out.account_of.emplace(id, o.order.account);
    sorted.push_back(std::move(o));
  }
  if (form_ == BookForm::arrivals)
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Arrived& a, const Arrived& b) { return a.height < b.height; });
  std::vector<Order> book;
  for (Arrived& o : sorted) book.push_back(std::move(o.order));
  out.rows = rows_of(form_, book);
  if (form_ == BookForm::results) fill_in(slot, book, out.rows);
  return out;
}

// What the grid operator told, and what was proposed; entries that are open in part are passed
// over.
void BookKeeper::read_feeder() {
  for (const auto& [entry, all] : openings_.restricted) {
    const auto view = view_entry(log_.entries[entry]);
    if (!view || (view->kind != TransactionKind::trading_grid &&
                  view->kind != TransactionKind::clearing_proposal))
      continue;
    Transaction tx{view->kind, view->root, to_bytes(view->body), {}};
    for (const auto& [position, opening] : all) tx.openings.push_back(opening);
    if (view->kind == TransactionKind::clearing_proposal) {
      if (const auto body = decode_clearing_proposal_body(tx.body))
        proposals_[body->slot.value] = std::move(tx);
    } else if (auto grid = decode_trading_grid(tx)) {
      grids_.emplace(grid->from.value, std::move(*grid));
    }
  }
}

void BookKeeper::fill_in(std::uint32_t slot, std::span<const Order> book,
                         std::vector<BookRow>& rows) const {
  const auto after = grids_.upper_bound(slot);
  if (after == grids_.begin()) return;
  const TradingGrid& grid = std::prev(after)->second;
  const PlacedOrders placed = placed_in(grid, book);
  if (form_of(grid.feeder) == FeederForm::fees)
    return fill_rows(placed, fills_by_fees(grid, placed), rows);
  const auto proposed = proposals_.find(slot);
  if (proposed == proposals_.end()) return;
  const auto proposal =
      decode_clearing_proposal(proposed->second, {slot}, grid.from, placed.orders.size(),
                               std::get<TradeLimits>(grid.feeder), grid.operator_key);
  if (!proposal || !*proposal) return;
  if (const auto filled = checked_fills(grid, placed, **proposal)) fill_rows(placed, *filled, rows);
}

// Of forms that keep whole books each row stands behind its place.
void BookKeeper::add_erased(const std::set<Bytes>& rows, KnownBook& book) const {
  const std::size_t place = form_ == BookForm::plain ? 0 : 4;
  if (place > 0) book.rows.clear();
  for (const Bytes& row : rows)
    if (auto r = decode_book_row(form_, BytesView(row).subspan(std::min(place, row.size()))))
      book.rows.push_back(std::move(*r));
  if (place > 0) return;
  std::sort(book.rows.begin(), book.rows.end(),
            [](const BookRow& a, const BookRow& b) { return a.order.id < b.order.id; });
}

}  // namespace

SlotBooks slot_books(const PublicLog& log, const Openings& openings) {
  return BookKeeper(log, openings).books();
}

void keep_books(const Genesis& genesis, const SlotBooks& books, const AccountId& erased,
                ErasedOpenings& kept) {
  const BookForm form = book_form_of(genesis);
  for (const auto& [slot, book] : books) {
    std::uint32_t place = 0;
    for (const BookRow& row : book.rows) {
      Bytes bytes = book_row(form, row);
      const auto owner = book.account_of.find(row.order.id);
      if (form != BookForm::plain)
        kept.book[slot].insert(ByteWriter().u32(place++).raw(bytes).take());
      else if (owner != book.account_of.end() && owner->second == erased)
        kept.book[slot].insert(std::move(bytes));
    }
  }
}

}  // namespace market
