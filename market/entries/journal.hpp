#pragma once
// Double-entry accounts in micro-euro: a posting moves an amount from one account to another, so
// debits equal credits by construction and all balances together are zero.

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"

namespace market {

// Accounts that are not a household's; their ids are these names, padded with zeros.
ledger::AccountId system_account(std::string_view name);
inline const ledger::AccountId bank = system_account("bank");  // outside money
inline const ledger::AccountId retailer = system_account("retailer");
inline const ledger::AccountId grid_operator = system_account("grid operator");
inline const ledger::AccountId state_levies = system_account("levies");
inline const ledger::AccountId exchange = system_account("exchange");  // empty after each slot
inline const ledger::AccountId rounding_account = system_account("rounding");

std::span<const ledger::AccountId> system_accounts();
bool is_system_account(const ledger::AccountId& id);

enum class PostingKind : std::uint8_t {
  deposit,
  trade,  // buyer to exchange, exchange to seller
  local_grid_fee,
  trade_levies,
  retail_energy,
  grid_fee,
  levies,
  feed_in,          // retailer to home
  correction,       // of quarantined energy, by a ruling: home to or from retailer, operator, state
  rounding,         // exchange to rounding: what whole micro-euros could not share out
  payout,           // of an account that has left: home to or from bank
  congestion_rent,  // exchange to grid operator: what buyers pay beyond what sellers get
  flexibility,      // grid operator to home, by contract (market/settlement/flexibility.hpp)
  curtailment,      // home to grid operator, by contract
  capacity,         // home to grid operator, of the month's highest import
                    // (market/settlement/capacity.hpp)
  compensation,     // grid operator to home, for a measure (market/entries/grid_measure.hpp)
  relief,           // grid operator to home, by contract: it may dim the home's devices
};
std::string_view name_of(PostingKind kind);

struct Posting {
  PostingKind kind{};
  ledger::AccountId from, to;
  ledger::MicroEuros amount;
};

class Journal {
 public:
  void post(const Posting& posting);
  // The same for many, faster where those of one account stand together.
  void post_all(std::span<const Posting> postings);
  ledger::MicroEuros balance(const ledger::AccountId& account) const;
  const std::map<ledger::AccountId, ledger::MicroEuros>& balances() const { return balances_; }

 private:
  std::map<ledger::AccountId, ledger::MicroEuros> balances_;
};

// How far two paths to the same balances lie apart: the sum over accounts of their distance, plus
// how far each path's balances are from summing to zero. 0 where money is neither made nor lost.
ledger::MicroEuros money_residual(const std::map<ledger::AccountId, ledger::MicroEuros>& a,
                                  const std::map<ledger::AccountId, ledger::MicroEuros>& b);

}  // namespace market
