#pragma once
// An order for one market slot. Orders are accepted until the slot begins.

#include <array>
#include <optional>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"

namespace market {

// Chosen by the client, once an account and slot: 128 random bits, so that it also blinds the
// order's row in the slot's book.
struct OrderId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const OrderId&) const = default;
};

enum class Side : std::uint8_t { buy = 0, sell = 1 };

struct Order {
  OrderId id;  // the client's; in a slot's book its row_id
  ledger::AccountId account;
  ledger::Slot slot;
  Side side = Side::buy;
  ledger::WattHours energy;  // > 0
  ledger::Price limit;       // the most a buyer pays, the least a seller takes; >= 0

  // What it would rather have, and where it is. Bilateral trade heeds them, grid-aware clearing the
  // bus, which no order on a chain tells.
  std::optional<ledger::AccountId> partner = {};  // whom it would rather trade with
  bool green = false;     // a seller's energy is renewable, a buyer would rather have such
  std::uint32_t bus = 0;  // a number of the book's or the feeder's; 0: not told
};

// The id of an order in its slot's book: SHA-256("aipchain row 1" || account || id), first 16
// bytes. An account's ids are its own: nobody can take another's.
OrderId row_id(const ledger::AccountId& account, const OrderId& id);

// What an order and a slot's book may hold; beyond it is refused by name. Together they keep the
// welfare of a full book within 64 bits: 10^7 Wh x 10^8 / 1000 x 10^6 orders = 10^18 micro-euro.
inline constexpr ledger::WattHours max_order_energy{10'000'000};  // 10 MWh
inline constexpr ledger::Price max_order_price{100'000'000};      // 100 EUR/kWh
inline constexpr std::size_t max_orders_a_slot = 1'000'000;

// Of a chain's slot, cancelled ones among them: an account's, so that none fills the book of all,
// and those of all accounts. The rest of the book is kept for contracts' orders
// (market/settlement/contract.hpp).
inline constexpr std::uint32_t max_orders_an_account = 100;
inline constexpr std::size_t max_sent_orders_a_slot = 700'000;

inline bool within_bounds(const Order& o) {
  return o.energy.value > 0 && o.energy <= max_order_energy && o.limit.value >= 0 &&
         o.limit <= max_order_price;
}

}  // namespace market
