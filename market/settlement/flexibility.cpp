#include "market/settlement/flexibility.hpp"

#include <algorithm>

namespace market {

std::optional<ContractPayment> payment_of(const Contract& c, const Statement& s) {
  if (!with_grid_operator(c.of)) return std::nullopt;
  ContractPayment out{s.account, c.of, {}};
  if (!trades(s.standing)) return out;
  if (c.of == Template::flexibility_offer)
    out.amount = -cost_of(std::max(c.energy - s.imported, WattHours{}), c.price);
  else
    out.amount = cost_of(std::max(s.exported - c.energy, WattHours{}), c.price);
  return out;
}

void add_posting(const ContractPayment& p, std::vector<Posting>& postings) {
  if (p.amount.value < 0)
    postings.push_back({PostingKind::flexibility, grid_operator, p.account, -p.amount});
  if (p.amount.value > 0)
    postings.push_back({PostingKind::curtailment, p.account, grid_operator, p.amount});
}

}  // namespace market
