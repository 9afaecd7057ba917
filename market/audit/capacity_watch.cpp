#include "market/audit/capacity_watch.hpp"

#include <algorithm>

namespace market {

using namespace ledger;

namespace {

std::string wh(WattHours e) { return std::to_string(e.value) + " Wh"; }

}  // namespace

CapacityWatch::CapacityWatch(const Genesis& genesis, bool whole)
    : genesis_(genesis), tariff_(tariff_of(genesis)), whole_(whole) {}

// `known`: the account's statements so far, of whatever month; null: there was none.
std::string CapacityWatch::check_before(const Statement& s, std::int32_t month,
                                        const Month* known) const {
  const WattHours before = s.capacity->peak_before;
  const auto differs = [&](const std::string& why, WattHours wanted) {
    return "a highest import of " + wh(before) + " before the slot, where " + why + " " +
           wh(wanted);
  };
  if (known && known->number == month) {
    if (s.slot.value == known->last.value + 1)
      return before == known->peak ? "" : differs("the slot before left", known->peak);
    return before >= known->peak ? "" : differs("an earlier slot left", known->peak);
  }
  const bool begins = s.slot.value == 0 || month_of(genesis_, {s.slot.value - 1}) != month;
  if (before.value != 0 && (begins || whole_)) return differs("the month begins at", {});
  return {};
}

std::string CapacityWatch::broken_by(const Statement& s) {
  const bool priced = genesis_.capacity_price.value > 0;
  if (s.capacity.has_value() != priced)
    return priced ? "a statement without a line of the capacity tariff"
                  : "a statement with a line of a capacity tariff that genesis has not";
  if (!priced) return {};
  const CapacityLine& line = *s.capacity;
  const std::int32_t month = month_of(genesis_, s.slot);
  const auto at = months_.find(s.account);
  const Month* known = at == months_.end() ? nullptr : &at->second;
  if (std::string broken = check_before(s, month, known); !broken.empty()) return broken;
  const bool own = s.standing == Standing::metered;
  const WattHours peak = own ? std::max(line.peak_before, s.imported) : line.peak_before;
  if (line.peak != peak)
    return "a highest import of " + wh(line.peak) + ", where the slot makes it " + wh(peak);
  Month& m = months_[s.account];
  if (!known || m.number != month || s.slot.value > m.last.value + 1)
    m = {month, s.slot, line.peak_before, {}, 0};
  m.last = s.slot;
  m.peak = line.peak;
  m.charged += line.charge.value;
  const MicroEuros due = capacity_cost(m.peak, tariff_) - capacity_cost(m.found, tariff_);
  if (m.charged != due.value)
    return "capacity charges of a month that are not the " + std::to_string(due.value) +
           " micro-EUR that its highest import costs";
  return {};
}

}  // namespace market
