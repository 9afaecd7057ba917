#include "market/audit/invariants.hpp"

#include <set>

#include "ledger/oracle/public_sum.hpp"

namespace market {
namespace {

std::string words(const char* what, std::int64_t found, std::int64_t allowed) {
  return std::string(what) + ": " + std::to_string(found) + ", allowed " + std::to_string(allowed);
}

bool shows(const std::optional<WattHours>& shown, std::span<const std::int64_t> each) {
  return (shown ? shown->value : hidden_sum) == public_sum(each);
}

}  // namespace

std::string InvariantWatch::broken_by(std::span<const Transaction> block,
                                      const MarketState& state) {
  std::optional<SettlementBody> settled;
  if (!capacity_) capacity_.emplace(state.genesis(), true);
  for (const Transaction& tx : block) {
    std::string broken;
    if (tx.kind == TransactionKind::registration) broken = take_registrations(tx);
    if (tx.kind == TransactionKind::meter_swap) broken = take_swaps(tx);
    if (tx.kind == TransactionKind::marks) broken = take_marks(tx);
    if (tx.kind == TransactionKind::statements) broken = take_statements(tx);
    if (tx.kind == TransactionKind::ruling) broken = take_rulings(tx);
    if (tx.kind == TransactionKind::grid_measure) broken = take_measures(tx);
    if (tx.kind == TransactionKind::deregistration) broken = take_deregistrations(tx);
    if (tx.kind == TransactionKind::transfer) broken = take_transfer(tx);
    if (tx.kind == TransactionKind::retirement) broken = take_retirement(tx);
    if (tx.kind == TransactionKind::contract) broken = take_contract(tx);
    if (tx.kind == TransactionKind::erasure) broken = take_erasure(tx);
    if (tx.kind == TransactionKind::tariff_change)
      if (const auto change = decode_fee_change(tx.body)) fees_.add(*change);
    if (tx.kind == TransactionKind::settlement)
      if (const auto body = decode_settlement_body(tx.body)) {
        settled = *body;
        compensate(body->slot);
        broken = correct(body->slot, state);
      }
    if (!broken.empty()) return broken;
  }
  if (settled) {
    ledger_.close(settled->slot);
    if (std::string broken = check_slot(*settled, state); !broken.empty()) return broken;
    if (std::string broken = carry_out(settled->slot); !broken.empty()) return broken;
  }
  if (const auto residual = money_residual(ledger_, state.journal()); residual.value != 0)
    return words("micro-EUR apart between statements and balances", residual.value, 0);
  if (const auto residual = token_residual(ledger_, state.tokens()); residual.value != 0)
    return words("Wh apart between statements and tokens", residual.value, 0);
  return state.broken_invariant();
}

std::string InvariantWatch::take_registrations(const Transaction& tx) {
  const auto all = decode_registrations(tx.openings);
  if (!all) return all.error();
  for (const auto& [r, key] : *all) {
    ledger_.add(r);
    MeterTotals& m = meters_[r.meter.value];
    m.at_registration = m.highest_mark = r.export_register;
    m.modulus = r.modulus;
  }
  return {};
}

void InvariantWatch::MeterTotals::reach(MilliWattHours export_register) {
  if (export_register < highest_mark) {
    if (!register_rise(highest_mark, export_register, modulus)) return;
    counted_before += modulus;
  }
  highest_mark = export_register;
}

std::string InvariantWatch::take_swaps(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto swap = decode_meter_swap(o.data);
    if (!swap) return swap.error();
    MeterTotals& m = meters_[swap->meter.value];
    m.reach(swap->closing_export);
    m.counted_before += m.highest_mark - swap->opening_export;
    m.highest_mark = swap->opening_export;
  }
  return {};
}

std::string InvariantWatch::take_marks(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto mark = decode_mark(o.data);
    if (!mark) return mark.error();
    MeterTotals& m = meters_[mark->meter.value];
    if (!mark->quarantined) m.reach(mark->export_register);
  }
  return {};
}

std::string InvariantWatch::take_statements(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto s = decode_statement(o.data);
    if (!s) return s.error();
    const std::string broken = take_statement(*s, slots_[s->slot.value]);
    if (!broken.empty())
      return "slot " + std::to_string(s->slot.value) + ", meter " + std::to_string(s->meter.value) +
             ": " + broken;
  }
  return {};
}

std::string InvariantWatch::take_rulings(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto ruling = decode_ruling(o.data);
    if (!ruling) return ruling.error();
    rulings_[ruling->slot.value].push_back(*ruling);
  }
  return {};
}

std::string InvariantWatch::take_measures(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto measure = decode_home_measure(o.data);
    if (!measure) return measure.error();
    measures_[measure->paid_in.value].push_back(*measure);
  }
  return {};
}

// Its statements say the balances with what is paid in it.
void InvariantWatch::compensate(Slot slot) {
  for (const HomeMeasure& m : measures_[slot.value]) ledger_.add(m);
  measures_.erase(slot.value);
}

std::string InvariantWatch::take_deregistrations(const Transaction& tx) {
  for (const Opening& o : tx.openings) {
    const auto leaving = decode_deregistration(o.data);
    if (!leaving) return leaving.error();
    ledger_.add(*leaving);
  }
  return {};
}

std::string InvariantWatch::take_transfer(const Transaction& tx) {
  if (tx.openings.empty()) return "a transfer without openings";
  const auto transfer = decode_transfer(tx.openings[0].data);
  if (!transfer) return transfer.error();
  transfers_[transfer->slot.value].push_back(*transfer);
  return {};
}

std::string InvariantWatch::take_retirement(const Transaction& tx) {
  if (tx.openings.empty()) return "a retirement without openings";
  const auto retirement = decode_retirement(tx.openings[0].data);
  if (!retirement) return retirement.error();
  retirements_[retirement->slot.value].push_back(*retirement);
  return {};
}

std::string InvariantWatch::take_contract(const Transaction& tx) {
  if (tx.openings.empty()) return "a contract without openings";
  const auto contract = decode_contract(tx.openings[0].data);
  if (!contract) return contract.error();
  ledger_.add(*contract);
  return {};
}

std::string InvariantWatch::take_erasure(const Transaction& tx) {
  if (tx.openings.empty()) return "an erasure without openings";
  const auto erasure = decode_erasure(tx.openings[0].data);
  if (!erasure) return erasure.error();
  ledger_.forget_contracts(erasure->account);
  return {};
}

std::string InvariantWatch::take_tokens(const AccountId& from, Slot vintage, WattHours quantity) {
  WattHours& held = held_[{vintage.value, from}];
  held -= quantity;
  return held.value < 0 ? words("Wh taken that an account does not hold", -held.value, 0) : "";
}

// Behind the slot's statements.
std::string InvariantWatch::carry_out(Slot slot) {
  for (const Transfer& t : transfers_[slot.value]) {
    ledger_.add(t);
    if (std::string broken = take_tokens(t.account, t.vintage, t.quantity); !broken.empty())
      return broken;
    held_[{t.vintage.value, t.to}] += t.quantity;
  }
  for (const Retirement& v : retirements_[slot.value]) {
    ledger_.add(v);
    if (std::string broken = take_tokens(v.account, v.vintage, v.quantity); !broken.empty())
      return broken;
    if (v.claim != TokenClaim::own_consumption) continue;
    WattHours& left = uncovered_[{v.vintage.value, v.account}];
    left -= v.quantity;
    if (left.value < 0) return words("Wh retired beyond consumption", -left.value, 0);
  }
  transfers_.erase(slot.value);
  retirements_.erase(slot.value);
  return {};
}

// The statements of the slot say the balances that its rulings have corrected.
std::string InvariantWatch::correct(Slot slot, const MarketState& state) {
  std::set<std::uint32_t> vintages;
  for (const Ruling& ruling : rulings_[slot.value]) {
    if (const std::string broken = correct(ruling, state); !broken.empty())
      return "slot " + std::to_string(slot.value) + ", ruling on meter " +
             std::to_string(ruling.meter.value) + ": " + broken;
    vintages.insert(ruling.settled.value);
  }
  rulings_.erase(slot.value);
  // Several rulings may mint of one vintage.
  for (const std::uint32_t vintage : vintages)
    if (const std::string broken = check_vintage(vintage, state); !broken.empty())
      return "slot " + std::to_string(slot.value) + ", rulings: " + broken;
  return {};
}

std::string InvariantWatch::check_vintage(std::uint32_t slot, const MarketState& state) {
  const auto vintage = state.tokens().vintages().find(slot);
  const WattHours minted =
      vintage == state.tokens().vintages().end() ? WattHours{} : vintage->second.minted;
  const WattHours allowed = slots_[slot].minted;
  return minted > allowed ? words("minted Wh of its vintage", minted.value, allowed.value) : "";
}

std::string InvariantWatch::correct(const Ruling& ruling, const MarketState& state) {
  MeterTotals& m = meters_[ruling.meter.value];
  const auto found = m.undecided.find(ruling.settled.value);
  if (found == m.undecided.end() || found->second != std::pair(ruling.imported, ruling.exported))
    return "no statement settled this energy, or it is decided already";
  m.undecided.erase(found);
  const Correction c = correction_of(ruling, tariff_in(state.genesis(), fees_, ruling.settled));
  m.quarantined -= c.minted;
  m.minted += c.minted;
  if (m.quarantined.value < 0 || m.minted > m.exported - m.quarantined)
    return words("Wh minted in all", m.minted.value, (m.exported - m.quarantined).value);
  slots_[ruling.settled.value].minted += c.minted;
  ledger_.add(c);
  return {};
}

std::string InvariantWatch::take_statement(const Statement& s, SlotTotals& slot) {
  const WattHours may_buy =
      trades(s.standing) ? std::min(s.imported, s.contracted_buy) : WattHours{};
  const WattHours may_sell =
      trades(s.standing) ? std::min(s.exported, s.contracted_sell) : WattHours{};
  if (s.bought > may_buy) return words("bought Wh", s.bought.value, may_buy.value);
  if (s.sold > may_sell) return words("sold Wh", s.sold.value, may_sell.value);
  for (const DealLine& d : s.deals) {
    if (d.of_the_rest()) continue;
    if (d.amount != cost_of(d.delivered, d.price))
      return words("micro-EUR of a deal", d.amount.value, cost_of(d.delivered, d.price).value);
    if (d.fee_amount != cost_of(d.delivered, d.fee))
      return words("micro-EUR of a deal's fee", d.fee_amount.value,
                   cost_of(d.delivered, d.fee).value);
  }
  if (!carries_energy(s.standing) && (s.imported.value != 0 || s.exported.value != 0))
    return "settles energy without a mark that carries any";
  const WattHours may_mint = mints(s.standing) ? s.exported : WattHours{};
  if (s.minted != may_mint) return words("minted Wh", s.minted.value, may_mint.value);
  const bool holds = ledger_.contract({s.account, Template::hold_tokens}, s.slot) != nullptr;
  const WattHours retires = holds ? WattHours{} : s.bought;
  if (s.retired != retires) return words("retired Wh", s.retired.value, retires.value);
  if (holds) {
    held_[{s.slot.value, s.account}] += s.bought;
    if (trades(s.standing)) uncovered_[{s.slot.value, s.account}] += s.imported;
  }
  MeterTotals& m = meters_[s.meter.value];
  m.exported += s.exported;
  m.minted += s.minted;
  const WattHours metered =
      whole_watt_hours(m.counted_before + m.highest_mark) - whole_watt_hours(m.at_registration);
  if (m.exported > metered)
    return words("Wh settled of its export", m.exported.value, metered.value);
  if (!mints(s.standing)) m.quarantined += s.exported;
  if (m.minted > m.exported - m.quarantined)
    return words("Wh minted in all", m.minted.value, (m.exported - m.quarantined).value);
  if (std::string broken = capacity_->broken_by(s); !broken.empty()) return broken;
  if (s.standing == Standing::recovering) m.undecided[s.slot.value] = {s.imported, s.exported};
  ledger_.add(s);
  const auto balance = ledger_.balances().find(s.account);
  if (balance == ledger_.balances().end() || balance->second != s.balance)
    return "its balance is not the deposit less what was billed";
  slot.imports.push_back(s.imported.value);
  slot.exports.push_back(s.exported.value);
  slot.bought += s.bought;
  slot.sold += s.sold;
  slot.minted += s.minted;
  slot.retired += s.retired;
  ++slot.accounts;
  return {};
}

std::string InvariantWatch::check_slot(const SettlementBody& settled,
                                       const MarketState& state) const {
  static const SlotTotals nothing;
  const std::string name = "slot " + std::to_string(settled.slot.value) + ": ";
  const auto at = slots_.find(settled.slot.value);
  const SlotTotals& slot = at == slots_.end() ? nothing : at->second;
  if (slot.bought != slot.sold) return name + words("sold Wh", slot.sold.value, slot.bought.value);
  if (settled.accounts != slot.accounts)
    return name + words("accounts", settled.accounts, slot.accounts);
  if (!shows(settled.imported, slot.imports) || !shows(settled.exported, slot.exports))
    return name + "the public sums are not those of the statements";
  const auto vintage = state.tokens().vintages().find(settled.slot.value);
  const TokenBook::Vintage v =
      vintage == state.tokens().vintages().end() ? TokenBook::Vintage{} : vintage->second;
  if (v.minted != slot.minted) return name + words("minted Wh", v.minted.value, slot.minted.value);
  if (v.retired != slot.retired)
    return name + words("retired Wh", v.retired.value, slot.retired.value);
  if (v.escrowed.value != 0) return name + "tokens are left in escrow";
  return {};
}

}  // namespace market
