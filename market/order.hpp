#pragma once
// An order for one market slot. Orders are accepted until the slot begins.

#include <array>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"

namespace market {

// Chosen by the client: 128 random bits, so that it also blinds the order's row in the slot's book.
struct OrderId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const OrderId&) const = default;
};

enum class Side : std::uint8_t { buy = 0, sell = 1 };

struct Order {
  OrderId id;
  ledger::AccountId account;
  ledger::Slot slot;
  Side side = Side::buy;
  ledger::WattHours energy;  // > 0
  ledger::Price limit;       // the most a buyer pays, the least a seller takes; >= 0
};

// What an order may hold; beyond it is refused by name.
inline constexpr ledger::WattHours max_order_energy{1'000'000'000};  // 1 GWh
inline constexpr ledger::Price max_order_price{100'000'000};         // 100 EUR/kWh

}  // namespace market
