#pragma once
// The capacity tariff anew (market/settlement/capacity.hpp), from statements alone, as they stand
// on the log: of each account, that its peak of the month goes on where the slot before left it,
// from 0 in a new month; that the peak is the one that the slot's own energy makes of it; and that
// what a month has charged so far is what its peak costs, less the cost of the one that the month's
// first statement found, or the first behind a gap where a household lacks some. Of a chain without
// a capacity price, that no statement has a line.

#include <map>
#include <string>

#include "market/settlement/settlement.hpp"

namespace market {

class CapacityWatch {
 public:
  // `whole`: every statement of the chain comes by here, so that an account begins at 0.
  CapacityWatch(const ledger::Genesis& genesis, bool whole);

  // Of each account by rising slot. What does not hold, in words that name no account.
  std::string broken_by(const Statement& statement);

 private:
  struct Month {
    std::int32_t number = 0;
    ledger::Slot last;              // that a statement is of
    ledger::WattHours found, peak;  // before the first of its statements without a gap; after last
    ledger::Wide charged = 0;       // by these, micro-euro
  };
  std::string check_before(const Statement& statement, std::int32_t month,
                           const Month* known) const;

  ledger::Genesis genesis_;
  Tariff tariff_;
  bool whole_;
  std::map<ledger::AccountId, Month> months_;
};

}  // namespace market
