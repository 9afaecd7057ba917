#include "market/entries/journal.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace market {

using namespace ledger;

AccountId system_account(std::string_view name) {
  AccountId id;
  std::copy_n(name.begin(), std::min(name.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

std::span<const AccountId> system_accounts() {
  static const std::array all{bank,         retailer, grid_operator,
                              state_levies, exchange, rounding_account};
  return all;
}

bool is_system_account(const AccountId& id) {
  const auto all = system_accounts();
  return std::find(all.begin(), all.end(), id) != all.end();
}

std::string_view name_of(PostingKind kind) {
  constexpr std::array<std::string_view, 17> names{
      "deposit",      "trade",           "local grid fee", "trade levies", "retail energy",
      "grid fee",     "levies",          "feed-in",        "correction",   "rounding",
      "payout",       "congestion rent", "flexibility",    "curtailment",  "capacity",
      "compensation", "relief"};
  return names[static_cast<std::size_t>(kind)];
}

void Journal::post(const Posting& posting) {
  balances_[posting.from] -= posting.amount;
  balances_[posting.to] += posting.amount;
}

void Journal::post_all(std::span<const Posting> postings) {
  std::array<std::pair<AccountId, MicroEuros*>, 8> system{};  // met so far
  std::size_t known = 0;
  std::pair<AccountId, MicroEuros*> home{};
  const auto balance_of = [&](const AccountId& id) -> MicroEuros& {
    if (home.second && home.first == id) return *home.second;
    for (std::size_t i = 0; i < known; ++i)
      if (system[i].first == id) return *system[i].second;
    MicroEuros& found = balances_[id];
    if (known < system.size() && is_system_account(id))
      system[known++] = {id, &found};
    else
      home = {id, &found};
    return found;
  };
  for (const Posting& p : postings) {
    balance_of(p.from) -= p.amount;
    balance_of(p.to) += p.amount;
  }
}

MicroEuros Journal::balance(const AccountId& account) const {
  const auto at = balances_.find(account);
  return at == balances_.end() ? MicroEuros{} : at->second;
}

MicroEuros money_residual(const std::map<AccountId, MicroEuros>& a,
                          const std::map<AccountId, MicroEuros>& b) {
  std::map<AccountId, MicroEuros> apart = a;
  MicroEuros sum_a, sum_b, distance;
  for (const auto& [account, balance] : a) sum_a += balance;
  for (const auto& [account, balance] : b) {
    apart[account] -= balance;
    sum_b += balance;
  }
  for (const auto& [account, difference] : apart) distance += {std::abs(difference.value)};
  return distance + MicroEuros{std::abs(sum_a.value)} + MicroEuros{std::abs(sum_b.value)};
}

}  // namespace market
