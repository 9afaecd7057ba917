#pragma once
// What the outputs of cleared order books share.

#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "market/clearing/clearing.hpp"
#include "market/clearing/order_book_reader.hpp"

namespace app {

inline double kwh(ledger::WattHours energy) { return static_cast<double>(energy.value) / 1e3; }
inline double eur(ledger::MicroEuros amount) { return static_cast<double>(amount.value) / 1e6; }
inline double eur_per_kwh(ledger::Price price) { return static_cast<double>(price.value) / 1e6; }

// Refused or rounded lines: line, id, why.
nlohmann::json remarks_json(const std::vector<market::BookRemark>& remarks);

inline nlohmann::json number_or_null(const std::optional<double>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

// At what a kWh is dealt where all deals have one price; null where they have not, or there is
// none.
nlohmann::json one_price(std::span<const market::Trade> trades);

// Why an order is refused that stands nowhere: "bus: found "9"; wants a live bus of grid.m".
std::string no_place(const std::string& bus, const std::string& wanted, const std::string& file);

// The name of the bus at which an order stands; empty where it names none.
std::string bus_of(const market::OrderBook& book, std::size_t order);

}  // namespace app
