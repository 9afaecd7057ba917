#pragma once
// Writes a network as power-grid-model JSON (pgm_format.hpp), so that read_pgm gives it back.
//
// Lines that are the same for all phases become `line`, others `asym_line`; transformers become
// `transformer` where a nameplate gives exactly their admittances, else `generic_branch` in a
// balanced network; connections become loads, or generators where they deliver power. Names stand
// in `extra`. Ids are kept; one that is taken already, or too large for 32 bits, is given anew.
// Capacitances are at 50 Hz, whatever the network's frequency, as the format has none. Coordinates
// and series are not part of the format and are left out.
//
// What the format cannot say is refused by name: generators that hold a voltage, tap controls,
// lines of one or two phases, delta or ZIP loads and their voltage limits, uneven shunts.

#include "ledger/base/result.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

ledger::Result<std::string> write_pgm(const Network& network);

}  // namespace twin
