#include "market/receipt/receipt_bill.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

// That the month's peak goes on where the slot before left it.
void check_peak_before(const ReceiptOpenings& o, const Genesis& genesis) {
  const Statement& s = o.statement;
  const bool priced = genesis.capacity_price.value > 0;
  want(s.capacity.has_value() == priced &&
           (!o.statement_before || o.statement_before->capacity.has_value() == priced),
       "a line of a capacity tariff stands there or is missing against genesis");
  if (!priced) return;
  const bool goes_on = peak_goes_on(genesis, s.slot, o.registration.first_slot);
  const WattHours left =
      goes_on && o.statement_before ? o.statement_before->capacity->peak : WattHours{};
  want(s.capacity->peak_before == left,
       "the highest import before the slot is not the one that the slot before left");
}

// That nothing was posted for the account but what its bill says: the balance goes on by its lines
// from the slot before, or from the deposit.
void check_balance(const ReceiptOpenings& o, const BesideStatement& beside) {
  Wide due = o.statement.total.value;
  for (const Correction& c : beside.corrections) due += c.total.value;
  for (const auto& [measure, home] : beside.measures)
    if (home.paid_in == o.statement.slot) due -= home.owed.value;
  for (const ContractPayment& p : beside.payments) due += p.amount.value;
  const MicroEuros before =
      o.statement_before ? o.statement_before->balance : o.registration.deposit;
  want(Wide{before.value} - due == o.statement.balance.value,
       "the balance does not go on from the slot before by the lines of the bill");
}

std::string line_of(Template of) {
  if (of == Template::controllable_load) return "relief for controllable load";
  return of == Template::flexibility_offer ? "flexibility offer" : "curtailment duty";
}

}  // namespace

void check_tariff(const ReceiptOpenings& openings, const Genesis& genesis) {
  check_peak_before(openings, genesis);
  Statement recomputed = openings.statement;
  price_statement(recomputed, openings.settlement.price,
                  tariff_in(genesis, openings.fees, openings.statement.slot),
                  openings.holds_tokens());
  want(recomputed == openings.statement, "an amount does not follow from quantities and tariff");
}

void check_bill(const ReceiptPart& receipt, const ReceiptOpenings& openings,
                const Genesis& genesis) {
  BesideStatement beside;
  for (const Ruling& ruling : openings.rulings)
    beside.corrections.push_back(
        correction_of(ruling, tariff_in(genesis, openings.fees, ruling.settled)));
  beside.measures = openings.measures;
  for (const Contract& c : openings.contracts)
    if (const auto payment = payment_of(c, openings.statement)) beside.payments.push_back(*payment);
  check_balance(openings, beside);
  const auto bill = bill_lines(openings.statement, genesis.slot_ms, beside);
  const ReceiptPart shown = receipt.at("bill");
  want(shown.is_list(), "the bill is not a list");
  const std::vector<ReceiptPart> rows = shown.items();
  for (std::size_t i = 0; i < std::min(bill.size(), rows.size()); ++i) {
    const auto& [line, micro_eur] = bill[i];
    const nlohmann::json row{{"line", line}, {"micro_eur", micro_eur}};
    want(row.dump() == rows[i].written(),
         "line " + std::to_string(i + 1) + " of the bill differs: \"" + line + "\"");
  }
  want(bill.size() == rows.size(), "the bill has another number of lines");
}

std::vector<std::pair<std::string, std::int64_t>> bill_lines(const Statement& s,
                                                             std::int64_t slot_ms,
                                                             const BesideStatement& beside) {
  std::vector<std::pair<std::string, std::int64_t>> out{
      {"bought from neighbours", s.trade_paid.value},
      {"sold to neighbours", -s.trade_earned.value},
      {"local grid fee", s.local_grid_fee.value},
      {"levies on neighbours' energy", s.trade_levies.value},
      {"energy from the retailer", s.retail_energy.value},
      {"grid fee", s.grid_fee.value},
      {"levies", s.levies.value},
      {"feed-in to the retailer", -s.feed_in.value}};
  if (s.capacity)
    out.emplace_back("highest import of the month " + power_text(s.capacity->peak, slot_ms) +
                         ", before " + power_text(s.capacity->peak_before, slot_ms),
                     s.capacity->charge.value);
  out.emplace_back("total", s.total.value);
  for (const Correction& c : beside.corrections)
    out.emplace_back("correction of slot " + std::to_string(c.vintage.value), c.total.value);
  for (const auto& [measure, home] : beside.measures)
    if (home.paid_in == s.slot && home.owed.value > 0)
      out.emplace_back("compensation for " + name_of_rung(measure.rung) + " in slot " +
                           std::to_string(home.slot.value),
                       -home.owed.value);
  for (const ContractPayment& p : beside.payments) out.emplace_back(line_of(p.of), p.amount.value);
  out.emplace_back("balance after", s.balance.value);
  return out;
}

}  // namespace market
