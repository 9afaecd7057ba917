#include "market/settlement/flexibility.hpp"

namespace market {
namespace {

void post(PostingKind kind, const AccountId& from, const AccountId& to, MicroEuros amount,
          std::vector<Posting>& postings) {
  if (amount.value > 0) postings.push_back({kind, from, to, amount});
}

}  // namespace

std::optional<ContractPayment> payment_of(const Contract& c, const Statement& s) {
  if (!with_grid_operator(c.of)) return std::nullopt;
  ContractPayment out{s.account, c.of, {}};
  if (c.of == Template::controllable_load)
    out.amount = -cost_of(c.energy, c.price);
  else if (trades(s.standing) && c.of == Template::flexibility_offer)
    out.amount = -cost_of(std::max(c.energy - s.imported, WattHours{}), c.price);
  else if (trades(s.standing))
    out.amount = cost_of(std::max(s.exported - c.energy, WattHours{}), c.price);
  return out;
}

void add_posting(const ContractPayment& p, std::vector<Posting>& postings) {
  if (p.of == Template::curtailment_duty)
    return post(PostingKind::curtailment, p.account, grid_operator, p.amount, postings);
  const bool relief = p.of == Template::controllable_load;
  post(relief ? PostingKind::relief : PostingKind::flexibility, grid_operator, p.account, -p.amount,
       postings);
}

void add_posting(const HomeMeasure& m, std::vector<Posting>& postings) {
  post(PostingKind::compensation, grid_operator, m.account, m.owed, postings);
}

}  // namespace market
