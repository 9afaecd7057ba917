#pragma once
// Standing orders and contract templates (kind 25): what an account signs once, and the state
// machine carries out whenever a slot closes.
//
//   body     slot u32 (the first); with the grid operator its signature 64 as well
//   opening  account 16, version u8 = 1, meter u32, first slot u32, end slot u32, number u32,
//            template u8, side u8, share u16 (thousandths), energy i64 (Wh a slot), price i64
//            (micro-euro per kWh), id 16, tenants u16, each: name 16, weight u32; account's
//            signature 64 over "aipchain contract 1", chain id and all before it
//
// An account numbers its contracts of a template upwards. In a slot the one with the highest number
// of those that have begun stands, until its end slot; one whose end is its first slot (a
// withdrawal) leaves none. It is taken until its first slot begins.
//
// The ledger knows what a meter moved in a slot, not what a battery holds: a contract that is to
// sell above a state of charge sells what the home exports, and the home exports what it does not
// store. What the account's own orders of the slot already offer or want is left out first.
//
//   sell surplus    sells min(energy, metered export - own sell orders) at the price at least
//   buy below       buys min(energy, metered import - own buy orders) at the price at most
//   community key   a fixed share of what was metered, rounded down, at most `energy`, on `side`;
//                   comes before the two above, which are left what it leaves
//   hold tokens     tokens of what the account buys are not retired at the close: it holds them,
//                   and transfers or retires them itself (market/entries/account_entries.hpp)
//   sub-meters      the account's bill is shared among its tenants
//                   (market/settlement/sub_meters.hpp)
//   flexibility offer, curtailment duty, controllable load
//                   with the grid operator: market/settlement/flexibility.hpp
//
// An order that is made stands in the slot's book like any other, under the row id SHA-256(
// "aipchain contract row 1" || account || id || template u8 || slot u32), first 16 bytes. Contracts
// make orders in order of accounts and templates. A meter whose mark is not its slot's alone makes
// none (market/metering/mark_rules.hpp). A chain takes contracts for as many accounts and templates
// as the book keeps room for.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/clearing/order.hpp"
#include "market/settlement/settlement.hpp"

namespace market {

using namespace ledger;

enum class Template : std::uint8_t {
  community_key = 1,
  sell_surplus = 2,
  buy_below = 3,
  hold_tokens = 4,
  sub_meters = 5,
  flexibility_offer = 6,
  curtailment_duty = 7,
  controllable_load = 8,
};
inline constexpr std::uint8_t templates = 8;
// "community-key", "sell-surplus", ...; nothing for another name.
std::string_view name_of(Template of);
std::optional<Template> template_named(std::string_view name);
// In the enum's order.
const std::vector<std::string>& names_of_templates();
// Whether a contract of it says an energy and a price.
constexpr bool has_energy(Template of) {
  return of != Template::hold_tokens && of != Template::sub_meters;
}

struct Tenant {
  std::array<std::uint8_t, 16> name{};  // 128 bits of the account's choosing
  std::uint32_t weight = 1;             // > 0
  auto operator<=>(const Tenant&) const = default;
};
inline constexpr std::size_t max_tenants = 256;

// Accounts and templates that a chain has contracts of: each makes an order a slot at most.
inline constexpr std::size_t max_contract_places = max_orders_a_slot - max_sent_orders_a_slot;

struct Contract {
  AccountId account;
  MeterId meter;
  Slot first_slot, end_slot;  // equal: a withdrawal, which says nothing else
  std::uint32_t number = 1;
  Template of = Template::sell_surplus;
  Side side = Side::buy;        // of a community key, else buy
  std::uint16_t share = 0;      // of a community key, 1 to 1000, else 0
  WattHours energy;             // 1 Wh to 10 MWh; 0 of hold tokens and sub-meters
  Price price;                  // 0 to 100 EUR/kWh; 0 of these two
  OrderId id;                   // the client's; zeros of a withdrawal
  std::vector<Tenant> tenants;  // of sub-meters, by rising name, at least one
  Signature signature{};

  bool withdraws() const { return first_slot == end_slot; }
  auto operator<=>(const Contract&) const = default;
};

struct ContractBody {
  Slot slot;
  std::optional<Signature> grid_operator;
};

Bytes encode(const ContractBody& body);
Result<ContractBody> decode_contract_body(BytesView body);
Bytes encode(const Contract& contract);
Result<Contract> decode_contract(BytesView opening);

// Signed by the account, its salt under the account's restricted key; with the grid operator by
// the metering operator as well.
Transaction contract_of(const Hash& chain_id, Contract contract, const SubjectKey& restricted_key,
                        Signer& account, Signer* metering_operator = nullptr);

OrderId contract_row(const Contract& contract, Slot slot);

// An account's contracts of one template, as far as they act yet.
class ContractLine {
 public:
  // By rising number.
  const std::vector<Contract>& all() const { return all_; }
  std::uint32_t newest() const { return all_.empty() ? 0 : all_.back().number; }
  // Numbers rise.
  void add(Contract contract) { all_.push_back(std::move(contract)); }
  const Contract* standing_in(Slot slot) const;
  // Drops what acts in no slot from this one on, but for the newest, whose number counts.
  void forget_before(Slot slot);

 private:
  std::vector<Contract> all_;
};
inline constexpr std::size_t max_waiting_contracts = 8;    // of one account and template
inline constexpr std::uint32_t most_numbers_ahead = 1000;  // of the newest contract's

using ContractPlace = std::pair<AccountId, Template>;
using Contracts = std::map<ContractPlace, ContractLine>;

// Whether a contract of the template orders energy.
constexpr bool trades_energy(Template of) {
  return of == Template::community_key || of == Template::sell_surplus || of == Template::buy_below;
}

// What one of an account's contracts orders of its metered slot.
struct ContractTrade {
  const Contract* of = nullptr;
  Side side = Side::buy;
  WattHours energy;  // > 0
};
// `own`: the account's own orders for the slot.
std::vector<ContractTrade> contract_trades(std::span<const Contract* const> standing,
                                           const SlotPosition& metered, std::span<const Order> own);
// The same as orders with their row ids.
std::vector<Order> contract_orders(std::span<const Contract* const> standing,
                                   const SlotPosition& metered, std::span<const Order> own,
                                   Slot slot);

}  // namespace market
