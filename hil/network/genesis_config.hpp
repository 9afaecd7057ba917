#pragma once
// What a chain of real parties starts from, out of a TOML file that holds public keys alone; every
// key has 64 hexadecimal digits:
//
//   name, start; slot, batch, block, metering (durations); mechanism; registrar, observer, auditor;
//   metering_operator, gateway_administrator, certifier (default: the registrar); certificates
//   [prices] retail_buy_eur_per_kwh, retail_sell_..., grid_fee_..., local_grid_fee_..., levies_...,
//            vat_permille, capacity_eur_per_kw and the zone of its months (default: start's offset)
//   [[validator]] key        [[gateway]] key        in their order

#include <string>

#include "ledger/chain/genesis.hpp"

namespace hil {

// `file` is named in errors. Genesis binds the text's hash.
ledger::Result<ledger::Genesis> read_genesis_config(const std::string& text,
                                                    const std::string& file);

}  // namespace hil
