#include "app/book_output.hpp"

#include "ledger/base/cell_text.hpp"

namespace app {

nlohmann::json remarks_json(const std::vector<market::BookRemark>& remarks) {
  nlohmann::json out = nlohmann::json::array();
  for (const market::BookRemark& r : remarks)
    out.push_back({{"line", r.line}, {"id", r.id}, {"why", r.why}});
  return out;
}

nlohmann::json one_price(std::span<const market::Trade> trades) {
  for (const market::Trade& t : trades)
    if (t.price != trades[0].price || t.beside.value != 0 || t.fee.value != 0) return nullptr;
  if (trades.empty()) return nullptr;
  return eur_per_kwh(trades[0].price);
}

std::string no_place(const std::string& bus, const std::string& wanted, const std::string& file) {
  return "bus: " + (bus.empty() ? "is empty" : "found " + ledger::shown_cell(bus)) + "; wants " +
         wanted + " of " + file;
}

std::string bus_of(const market::OrderBook& book, std::size_t order) {
  const std::uint32_t bus = book.orders[order].bus;
  return bus == 0 ? std::string() : book.buses[bus - 1];
}

}  // namespace app
