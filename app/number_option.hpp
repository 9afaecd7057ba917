#pragma once
// What a command line's number has to be. A message says what was found and what is wanted.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "ledger/base/amounts.hpp"

namespace app {

// A number in decimal digits from `least` to `most`; "nan", "inf", a hexadecimal one or one too
// small to tell from 0 is none.
CLI::Validator number_from(double least, double most);

// A whole number in decimal digits without leading zeros, which others read as octal.
CLI::Validator whole_number_from(std::int64_t least, std::int64_t most);
CLI::Validator slot_number();

// EUR/kWh as an order's limit may be: 0 to 100, in whole micro-euro.
std::optional<ledger::Price> price_of(const std::string& text);
CLI::Validator price_in_eur_per_kwh();

}  // namespace app
