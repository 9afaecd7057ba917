#include "app/book_output.hpp"

namespace app {

nlohmann::json remarks_json(const std::vector<market::BookRemark>& remarks) {
  nlohmann::json out = nlohmann::json::array();
  for (const market::BookRemark& r : remarks)
    out.push_back({{"line", r.line}, {"id", r.id}, {"why", r.why}});
  return out;
}

std::string bus_of(const market::OrderBook& book, std::size_t order) {
  const std::uint32_t bus = book.orders[order].bus;
  return bus == 0 ? std::string() : book.buses[bus - 1];
}

}  // namespace app
