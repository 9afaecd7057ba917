#include "market/clearing/order_book_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "ledger/base/cell_text.hpp"
#include "market/clearing/csv_cells.hpp"
#include "market/clearing/decimal.hpp"

namespace market {

using namespace ledger;

namespace {

constexpr std::size_t max_book_bytes = 256u << 20, max_lines = max_orders_a_slot;
constexpr std::size_t max_name = 64, max_columns = 8;

enum Column : std::uint8_t { id, side, agent, bus, kwh, price, partner, kind };
constexpr std::array<std::string_view, max_columns> column_names{
    "id", "side", "agent", "bus", "kwh", "price_eur_per_kwh", "partner", "kind"};
constexpr std::size_t required = 6;

bool is_number(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whole numbers by value, then all other names by their bytes.
bool rises(std::string_view a, std::string_view b) {
  if (is_number(a) != is_number(b)) return is_number(a);
  if (!is_number(a)) return a < b;
  const auto value = [](std::string_view s) {
    return s.substr(std::min(s.find_first_not_of('0'), s.size()));
  };
  if (value(a) != value(b))
    return value(a).size() != value(b).size() ? value(a).size() < value(b).size()
                                              : value(a) < value(b);
  return a < b;  // 7 and 007
}

// The positions of names in the order in which they rise. Sorted by small keys, which decide nearly
// always: a whole number's value, the first bytes of another name.
std::vector<std::uint32_t> rising_order(const std::vector<std::string_view>& names) {
  struct Key {
    bool is_word;
    std::uint64_t start;
    std::uint32_t at;
  };
  std::vector<Key> keys;
  keys.reserve(names.size());
  for (const std::string_view name : names) {
    Key key{!is_number(name), 0, static_cast<std::uint32_t>(keys.size())};
    if (key.is_word)
      for (std::size_t i = 0; i < 8; ++i)
        key.start = key.start << 8 | (i < name.size() ? static_cast<unsigned char>(name[i]) : 0u);
    else if (std::from_chars(name.data(), name.data() + name.size(), key.start).ec != std::errc{})
      key.start = UINT64_MAX;
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.is_word != b.is_word) return b.is_word;
    return a.start != b.start ? a.start < b.start : rises(names[a.at], names[b.at]);
  });
  std::vector<std::uint32_t> out;
  for (const Key& key : keys) out.push_back(key.at);
  return out;
}

// The number of a rank, big-endian, from 1 on.
std::array<std::uint8_t, 16> numbered(std::size_t rank) {
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) out[15 - i] = static_cast<std::uint8_t>((rank + 1) >> 8 * i);
  return out;
}

class BookReader {
 public:
  BookReader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  Result<OrderBook> read() {
    if (rest_.size() > max_book_bytes) return failure(where() + "larger than 256 MiB");
    if (auto ok = read_heading(); !ok) return failure(ok.error());
    for (std::size_t lines = 0; next_line(); ++lines) {
      if (lines == max_lines) return failure(where() + "wants at most 1,000,000 orders");
      read_order();
    }
    number_accounts();
    number_ids();
    refuse_without_partner();
    return std::move(out_);
  }

 private:
  std::string where() const { return file_ + ":" + std::to_string(number_) + ": "; }

  // The next line that is not empty.
  bool next_line() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!line_.empty()) return true;
    }
    return false;
  }

  Result<void> read_heading();
  void read_order();
  // Each fills its part of the order, or says what is wrong.
  std::string read_side(std::string_view cell, Order& order) const;
  std::string read_energy(std::string_view cell, Order& order);
  std::string read_price(std::string_view cell, Order& order);
  std::string read_kind(std::string_view cell, Order& order) const;
  std::string problem_of_name(Column column, bool may_be_empty) const;

  std::string_view cell(Column column) const {
    return at_[column] == SIZE_MAX ? std::string_view() : cells_[at_[column]];
  }
  void refuse(std::string why) {
    out_.refused.push_back({number_, std::string(shown_id()), std::move(why)});
  }
  std::string_view shown_id() const {
    return problem_of_name(id, false).empty() ? cell(id) : std::string_view();
  }
  void number_accounts();
  void number_ids();
  void refuse_without_partner();

  std::string_view rest_, line_;
  const std::string& file_;
  std::size_t number_ = 0;                     // of the line
  std::array<std::size_t, max_columns> at_{};  // where each column stands; SIZE_MAX: nowhere
  std::size_t columns_ = 0;
  std::size_t least_cells_ = 0;  // of a line that leaves out what is optional at its end
  std::vector<std::string> cells_;
  std::unordered_map<std::string, std::size_t> line_of_id_;
  std::unordered_map<std::string, std::uint32_t> agents_;  // numbered as they appear
  std::vector<std::uint32_t> agent_of_;                    // of each order
  std::unordered_map<std::string, std::uint32_t> buses_;
  std::vector<std::string> partners_;  // of each order; empty: none
  OrderBook out_;
};

Result<void> BookReader::read_heading() {
  constexpr std::string_view wanted =
      "wants id,side,agent,bus,kwh,price_eur_per_kwh[,partner][,kind]";
  if (!next_line()) return failure(file_ + ":1: empty; " + std::string(wanted));
  const auto heading = cells_of(line_, max_columns + 1);
  if (!heading) return failure(where() + "a quote is not closed; " + std::string(wanted));
  at_.fill(SIZE_MAX);
  columns_ = heading->count;
  for (std::size_t c = 0; c < heading->kept.size(); ++c) {
    const auto name = std::find(column_names.begin(), column_names.end(), heading->kept[c]);
    if (name == column_names.end())
      return failure(where() + "found column " + shown_cell(heading->kept[c]) + "; " +
                     std::string(wanted));
    std::size_t& at = at_[static_cast<std::size_t>(name - column_names.begin())];
    if (at != SIZE_MAX) return failure(where() + std::string(*name) + ": is there twice");
    at = c;
  }
  for (std::size_t c = 0; c < required; ++c) {
    if (at_[c] == SIZE_MAX)
      return failure(where() + "there is no column " + std::string(column_names[c]) + "; " +
                     std::string(wanted));
    least_cells_ = std::max(least_cells_, at_[c] + 1);
  }
  return {};
}

std::string BookReader::problem_of_name(Column column, bool may_be_empty) const {
  const std::string_view name = cell(column);
  if (name.empty() && may_be_empty) return {};
  if (name.empty()) return "is empty";
  if (name.size() > max_name) return "found " + shown_cell(name) + "; wants at most 64 bytes";
  if (!is_plain_text(name))
    return "found " + shown_cell(name) + "; wants UTF-8 without control characters";
  return {};
}

std::string BookReader::read_side(std::string_view text, Order& order) const {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool buys = lower == "buy" || lower == "bid";
  order.side = buys ? Side::buy : Side::sell;
  if (buys || lower == "sell" || lower == "ask" || lower == "offer") return {};
  return "found " + shown_cell(text) + "; wants buy or sell";
}

std::string BookReader::read_energy(std::string_view text, Order& order) {
  const auto wh = decimal_of(text, 3);
  if (!wh) return "found " + shown_cell(text) + "; wants a number";
  order.energy = {wh->units};
  if (wh->units < 0 || (wh->units == 0 && (wh->exact || text.starts_with('-'))))
    return "found " + shown_cell(text) + "; wants more than 0";
  if (wh->units == 0) return "found " + shown_cell(text) + "; wants half a Wh at least";
  if (order.energy > max_order_energy) return "found " + shown_cell(text) + "; wants at most 10000";
  return {};
}

std::string BookReader::read_price(std::string_view text, Order& order) {
  const auto price_units = decimal_of(text, 6);
  if (!price_units) return "found " + shown_cell(text) + "; wants a number";
  order.limit = {price_units->units};
  if (order.limit.value < 0 || order.limit > max_order_price ||
      (text.starts_with('-') && !price_units->exact))
    return "found " + shown_cell(text) + "; wants 0 to 100";
  return {};
}

std::string BookReader::read_kind(std::string_view text, Order& order) const {
  order.green = text == "green";
  if (text.empty() || text == "green" || text == "grey" || text == "local") return {};
  return "found " + shown_cell(text) + "; wants green, grey, local or nothing";
}

void BookReader::read_order() {
  auto cells = cells_of(line_, columns_);
  cells_.assign(columns_, {});
  if (!cells) return refuse("a quote is not closed, or something follows it");
  if (cells->count > columns_ || cells->count < least_cells_)
    return refuse("found " + std::to_string(cells->count) + " cells; wants " +
                  (least_cells_ < columns_ ? std::to_string(least_cells_) + " to " : "") +
                  std::to_string(columns_) + " like the heading");
  cells_ = std::move(cells->kept);
  cells_.resize(columns_);
  // Whoever stands here is an agent of the book, whatever is wrong with the rest of the line.
  const bool has_agent = problem_of_name(agent, false).empty();
  std::uint32_t agent_number = 0;
  if (has_agent)
    agent_number = agents_.try_emplace(std::string(cell(agent)), agents_.size()).first->second;
  Order order;
  const std::array<std::pair<Column, std::string>, max_columns> problems{
      {{id, problem_of_name(id, false)},
       {side, read_side(cell(side), order)},
       {agent, problem_of_name(agent, false)},
       {bus, problem_of_name(bus, true)},
       {kwh, read_energy(cell(kwh), order)},
       {price, read_price(cell(price), order)},
       {partner, problem_of_name(partner, true)},
       {kind, read_kind(cell(kind), order)}}};
  for (const auto& [column, problem] : problems)
    if (!problem.empty()) return refuse(std::string(column_names[column]) + ": " + problem);
  const auto [first, fresh] = line_of_id_.try_emplace(std::string(cell(id)), number_);
  if (!fresh)
    return refuse("id: " + shown_cell(cell(id)) + " is on line " + std::to_string(first->second) +
                  " already");
  for (const auto& [column, decimals] : {std::pair{kwh, 3}, {price, 6}})
    if (const auto read = decimal_of(cell(column), decimals); !read->exact)
      out_.rounded.push_back({number_, std::string(cell(id)),
                              std::string(column_names[column]) + ": found " +
                                  shown_cell(cell(column)) + "; taken as " +
                                  std::to_string(read->units) +
                                  (column == kwh ? " Wh" : " micro-EUR/kWh")});
  if (!cell(bus).empty()) {
    const auto [at, is_new] = buses_.try_emplace(std::string(cell(bus)), buses_.size() + 1);
    if (is_new) out_.buses.push_back(at->first);
    order.bus = at->second;
  }
  out_.orders.push_back(order);
  out_.ids.emplace_back(cell(id));
  out_.agents.emplace_back(cell(agent));
  agent_of_.push_back(agent_number);
  partners_.emplace_back(cell(partner));
  out_.lines.push_back(number_);
}

void BookReader::number_accounts() {
  std::vector<std::string_view> names(agents_.size());
  for (const auto& [name, number] : agents_) names[number] = name;
  std::vector<AccountId> accounts(names.size());
  const auto rising = rising_order(names);
  for (std::size_t rank = 0; rank < rising.size(); ++rank)
    accounts[rising[rank]].bytes = numbered(rank);
  for (std::size_t i = 0; i < out_.orders.size(); ++i) {
    out_.orders[i].account = accounts[agent_of_[i]];
    if (partners_[i].empty()) continue;
    if (const auto at = agents_.find(partners_[i]); at != agents_.end())
      out_.orders[i].partner = accounts[at->second];
  }
}

void BookReader::number_ids() {
  const auto rising = rising_order({out_.ids.begin(), out_.ids.end()});
  for (std::size_t rank = 0; rank < rising.size(); ++rank)
    out_.orders[rising[rank]].id.bytes = numbered(rank);
}

// Orders whose partner is no other agent of this book: known only when all of it was read.
void BookReader::refuse_without_partner() {
  std::vector<std::string> why(out_.orders.size());
  for (std::size_t i = 0; i < why.size(); ++i) {
    const Order& o = out_.orders[i];
    if (!partners_[i].empty() && !o.partner)
      why[i] = "partner: found " + shown_cell(partners_[i]) + "; wants an agent of this book";
    if (o.partner == o.account)
      why[i] = "partner: found " + shown_cell(partners_[i]) + "; wants another agent than its own";
  }
  refuse_orders(out_, why);
}

}  // namespace

void refuse_orders(OrderBook& book, std::span<const std::string> why) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    if (!why[i].empty()) {
      book.refused.push_back({book.lines[i], book.ids[i], why[i]});
      continue;
    }
    book.orders[kept] = book.orders[i];
    book.lines[kept] = book.lines[i];
    book.ids[kept].swap(book.ids[i]);
    book.agents[kept].swap(book.agents[i]);
    ++kept;
  }
  book.orders.resize(kept);
  book.lines.resize(kept);
  book.ids.resize(kept);
  book.agents.resize(kept);
  std::stable_sort(book.refused.begin(), book.refused.end(),
                   [](const BookRemark& a, const BookRemark& b) { return a.line < b.line; });
}

Result<OrderBook> read_order_book(std::string_view text, const std::string& file) {
  return BookReader(text, file).read();
}

}  // namespace market
