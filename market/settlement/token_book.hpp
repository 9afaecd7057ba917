#pragma once
// Energy tokens: one for each Wh that was exported and verified, by vintage (the slot of export)
// and holder. Minted by register high-water mark, so that replay, overlap and gaps are harmless.
//
//   minted = held + escrowed + retired, for each vintage; a token retires once.

#include <map>
#include <string>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"

namespace market {

class TokenBook {
 public:
  // Sets a meter's mark without minting: at its registration, and over quarantined energy.
  void move_mark(ledger::MeterId meter, ledger::MilliWattHours export_register);

  // Mints what the register rose above the mark, for the holder; gives the quantity. 0 where the
  // register is at or below the mark.
  ledger::WattHours mint(ledger::MeterId meter, ledger::MilliWattHours export_register,
                         const ledger::AccountId& holder, ledger::Slot vintage);

  // Mints energy of an earlier slot that its meter's mark was moved over. Whoever calls this knows
  // that it never minted.
  void mint_late(const ledger::AccountId& holder, ledger::Slot vintage, ledger::WattHours quantity);

  // What an account that retires by its own will imported in a slot, and what of it is covered.
  void note_import(const ledger::AccountId& account, ledger::Slot vintage,
                   ledger::WattHours imported);
  ledger::WattHours uncovered(const ledger::AccountId& account, ledger::Slot vintage) const;
  // Refused, with nothing changed, where less is uncovered.
  ledger::Result<void> cover(const ledger::AccountId& account, ledger::Slot vintage,
                             ledger::WattHours quantity);

  // Refused, with nothing changed, where the source has less.
  ledger::Result<void> escrow(const ledger::AccountId& from, ledger::Slot vintage,
                              ledger::WattHours quantity);
  ledger::Result<void> release(const ledger::AccountId& to, ledger::Slot vintage,
                               ledger::WattHours quantity);
  ledger::Result<void> transfer(const ledger::AccountId& from, const ledger::AccountId& to,
                                ledger::Slot vintage, ledger::WattHours quantity);
  ledger::Result<void> retire(const ledger::AccountId& holder, ledger::Slot vintage,
                              ledger::WattHours quantity);

  struct Vintage {
    ledger::WattHours minted, escrowed, retired;
    std::map<ledger::AccountId, ledger::WattHours> held;
    // Of accounts that hold what they buy: import of the slot that no token is retired against yet.
    std::map<ledger::AccountId, ledger::WattHours> uncovered;
  };
  const std::map<std::uint32_t, Vintage>& vintages() const { return vintages_; }

  // The highest export register that ever minted or was passed over.
  ledger::MilliWattHours mark(ledger::MeterId meter) const;

  ledger::WattHours held(const ledger::AccountId& holder, ledger::Slot vintage) const;

  struct Totals {
    ledger::WattHours minted, held, escrowed, retired;
  };
  Totals totals() const;

  // The first broken invariant in words; empty where all hold.
  std::string broken_invariant() const;

 private:
  // The holder has that much.
  Vintage& take_held(const ledger::AccountId& holder, ledger::Slot vintage,
                     ledger::WattHours quantity);

  std::map<std::uint32_t, ledger::MilliWattHours> mark_of_meter_;
  std::map<std::uint32_t, Vintage> vintages_;
};

}  // namespace market
