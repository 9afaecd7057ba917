#pragma once
// Who signs what: one table. Genesis names a key for each role, and a transaction that another role
// signs is refused by the name of the one that it wants. Gateways, accounts and oracles sign what
// is theirs by keys of their own.

#include <array>
#include <optional>

#include "ledger/chain/genesis.hpp"
#include "ledger/chain/transaction.hpp"

namespace market {

enum class Role : std::uint8_t {
  registrar,
  metering_operator,
  gateway_administrator,
  certifier,
  network_operator,  // the grid operator
};

// Whose key a key change is about; a byte of its body.
enum class KeyOf : std::uint8_t { meter = 0, account = 1, gateway = 2 };

struct Duty {
  ledger::TransactionKind kind{};
  std::optional<KeyOf> of;  // of a key change
  Role role{};
};
inline constexpr std::array<Duty, 13> duties{{
    {ledger::TransactionKind::registration, {}, Role::registrar},
    {ledger::TransactionKind::deregistration, {}, Role::registrar},
    {ledger::TransactionKind::ruling, {}, Role::registrar},
    {ledger::TransactionKind::erasure, {}, Role::registrar},
    {ledger::TransactionKind::meter_swap, {}, Role::metering_operator},
    {ledger::TransactionKind::gateway, {}, Role::gateway_administrator},
    {ledger::TransactionKind::certificate, {}, Role::certifier},
    {ledger::TransactionKind::grid_measure, {}, Role::network_operator},
    {ledger::TransactionKind::trading_grid, {}, Role::network_operator},
    {ledger::TransactionKind::tariff_change, {}, Role::network_operator},
    {ledger::TransactionKind::key_change, KeyOf::meter, Role::metering_operator},
    {ledger::TransactionKind::key_change, KeyOf::account, Role::registrar},
    {ledger::TransactionKind::key_change, KeyOf::gateway, Role::gateway_administrator},
}};

// None: no role signs this kind.
constexpr std::optional<Role> role_of(ledger::TransactionKind kind, std::optional<KeyOf> of = {}) {
  for (const Duty& d : duties)
    if (d.kind == kind && d.of == of) return d.role;
  return std::nullopt;
}

std::string_view name_of(Role role);  // "metering operator"
const ledger::PublicKey& key_of(Role role, const ledger::Genesis& genesis);
// "is not signed by the metering operator".
std::string not_signed_by(Role role);

}  // namespace market
