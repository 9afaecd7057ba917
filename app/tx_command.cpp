#include "app/tx_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "app/console.hpp"
#include "app/number_option.hpp"
#include "app/user_transaction.hpp"
#include "hil/network/key_file.hpp"
#include "market/clearing/decimal.hpp"
#include "market/entries/account_entries.hpp"
#include "market/entries/entries.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/flexibility.hpp"

namespace app {
namespace {

using namespace ledger;
using nlohmann::json;

struct TxOptions {
  UserAction action;
  std::string id, to, partner, side, price, of, operator_key;
  std::optional<std::uint32_t> slot, end_slot, meter;
  std::uint32_t vintage = 0, number = 0;
  std::uint16_t share = 0;
  std::int64_t energy_wh = 0;
  std::vector<std::string> tenants;
  bool green = false, withdraw = false;
};

Result<market::OrderId> id_of(const TxOptions& o, const UserKeys& keys) {
  if (o.id.empty()) return market::OrderId{keys.fresh_id};
  const auto id = array_from_hex<16>(o.id);
  if (!id) return failure("--id " + o.id + ": wants 32 lower-case hexadecimal digits");
  return market::OrderId{*id};
}

Result<market::Side> side_of(const TxOptions& o) {
  if (o.side == "buy") return market::Side::buy;
  if (o.side == "sell") return market::Side::sell;
  return failure("--side " + o.side + ": wants buy or sell");
}

// In a directory the meter is known, and the first slot that has not begun.
Result<MeterId> meter_of(const TxOptions& o, const UserKeys& keys) {
  if (o.meter) return MeterId{*o.meter};
  if (!keys.ledger) return failure("--meter: is missing: a network does not tell it");
  for (const auto& [entry, all] : keys.ledger->openings().restricted)
    for (const auto& [position, opening] : all)
      if (owner_of(opening) == keys.account)
        if (const auto r = market::decode_registration(opening.data)) return r->meter;
  return failure("--account " + o.action.account + ": has no registration here");
}

Result<Slot> slot_of(const TxOptions& o, const UserKeys& keys, const char* option) {
  if (o.slot) return Slot{*o.slot};
  if (!keys.ledger)
    return failure(std::string(option) + ": is missing: a network does not tell it");
  const market::PublicLog& log = keys.ledger->log();
  const std::int64_t now = log.blocks.empty() ? 0 : log.blocks.back().header.time_ms;
  return Slot{static_cast<std::uint32_t>(now / log.genesis.slot_ms + 1)};
}

// Of one account, meter, slot and id, with the account's key in the slot.
struct Common {
  MeterId meter;
  Slot slot;
  market::OrderId id;
  Ed25519Signer signer;
};
Result<Common> common_of(const TxOptions& o, const UserKeys& keys, const char* slot_option) {
  const auto meter = meter_of(o, keys);
  if (!meter) return failure(meter.error());
  const auto slot = slot_of(o, keys, slot_option);
  if (!slot) return failure(slot.error());
  const auto id = id_of(o, keys);
  if (!id) return failure(id.error());
  const auto secret = keys.secret_in(*slot);
  if (!secret) return failure(secret.error());
  return Common{*meter, *slot, *id, Ed25519Signer(*secret)};
}

json told(const Common& c) { return {{"id_given", to_hex(c.id.bytes)}, {"slot", c.slot.value}}; }

Result<UserTransaction> transfer(const TxOptions& o, const UserKeys& keys) {
  auto c = common_of(o, keys, "--slot");
  if (!c) return failure(c.error());
  const auto to = array_from_hex<16>(o.to);
  if (!to) return failure("--to " + o.to + ": wants 32 lower-case hexadecimal digits");
  json also = told(*c);
  also.update({{"energy_wh", o.energy_wh}, {"to", o.to}, {"vintage", o.vintage}});
  return UserTransaction{
      market::transfer_of(
          keys.chain_id,
          {keys.account, c->meter, c->slot, {o.vintage}, {o.energy_wh}, {*to}, c->id, {}},
          keys.restricted_key, c->signer),
      also};
}

Result<UserTransaction> retire(const TxOptions& o, const UserKeys& keys) {
  auto c = common_of(o, keys, "--slot");
  if (!c) return failure(c.error());
  json also = told(*c);
  also.update({{"energy_wh", o.energy_wh}, {"green_claim", o.green}, {"vintage", o.vintage}});
  return UserTransaction{market::retirement_of(keys.chain_id,
                                               {keys.account,
                                                c->meter,
                                                c->slot,
                                                {o.vintage},
                                                {o.energy_wh},
                                                o.green ? market::TokenClaim::green
                                                        : market::TokenClaim::own_consumption,
                                                c->id,
                                                {}},
                                               keys.restricted_key, c->signer),
                         also};
}

Result<UserTransaction> cancel(const TxOptions& o, const UserKeys& keys) {
  auto c = common_of(o, keys, "--slot");
  if (!c) return failure(c.error());
  return UserTransaction{
      market::cancellation_of(keys.chain_id, {keys.account, c->meter, c->slot, c->id, {}},
                              keys.restricted_key, c->signer),
      told(*c)};
}

Result<UserTransaction> order(const TxOptions& o, const UserKeys& keys) {
  auto c = common_of(o, keys, "--slot");
  if (!c) return failure(c.error());
  const auto side = side_of(o);
  if (!side) return failure(side.error());
  market::SignedOrder s;
  s.order = {c->id, keys.account, c->slot, *side, {o.energy_wh}, price_of(o.price).value()};
  s.order.green = o.green;
  if (!o.partner.empty()) {
    const auto partner = array_from_hex<16>(o.partner);
    if (!partner)
      return failure("--partner " + o.partner + ": wants 32 lower-case hexadecimal digits");
    s.order.partner = AccountId{*partner};
  }
  s.meter = c->meter;
  s.signature = c->signer.sign(market::order_signed_bytes(keys.chain_id, encode(s)));
  Transaction tx;
  tx.kind = TransactionKind::order;
  tx.openings.push_back({market::order_salt(keys.restricted_key, s), encode(s)});
  tx.root = openings_root(tx.openings);
  tx.body = encode(market::OrderBody{c->slot});
  return UserTransaction{std::move(tx), told(*c)};
}

// "NAME=WEIGHT", the name 32 hexadecimal digits; by rising name.
Result<std::vector<market::Tenant>> tenants_of(const TxOptions& o) {
  std::vector<market::Tenant> out;
  for (const std::string& text : o.tenants) {
    const auto equals = std::min(text.find('='), text.size());
    const auto name = array_from_hex<16>(text.substr(0, equals));
    const std::string weight = equals < text.size() ? text.substr(equals + 1) : "";
    const auto units = market::decimal_of(weight, 0);
    if (!name || !units || !units->exact || units->units < 1 || units->units > UINT32_MAX)
      return failure("--tenant " + text + ": wants 32 hexadecimal digits, = and a weight above 0");
    out.push_back({*name, static_cast<std::uint32_t>(units->units)});
  }
  std::sort(out.begin(), out.end());
  const auto twice = std::adjacent_find(
      out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != out.end()) return failure("--tenant " + to_hex(twice->name) + ": is there twice");
  return out;
}

// One above the newest of the template that the directory has; of a network, the time.
std::uint32_t number_of(const TxOptions& o, const UserKeys& keys, market::Template of) {
  if (o.number > 0) return o.number;
  std::uint32_t newest = 0;
  for (const auto& [entry, all] : keys.ledger->openings().restricted) {
    if (view_entry(keys.ledger->log().entries[entry])->kind != TransactionKind::contract) continue;
    for (const auto& [position, opening] : all)
      if (const auto c = market::decode_contract(opening.data);
          c && c->account == keys.account && c->of == of)
        newest = std::max(newest, c->number);
  }
  return newest + 1;
}

std::string list_of_templates() {
  std::string out;
  for (const std::string& name : market::names_of_templates())
    out += (out.empty() ? "" : ", ") + name;
  return out;
}

// Which options a template is made of; a withdrawal of none.
struct TemplateOptions {
  bool energy = false, key = false, tenants = false;
};
TemplateOptions options_of(market::Template of) {
  return {market::has_energy(of), of == market::Template::community_key,
          of == market::Template::sub_meters};
}

// The first option that the contract lacks, or that says nothing in it; empty where all fit.
std::string misfit(const TxOptions& o, market::Template of, Slot first) {
  const TemplateOptions taken = o.withdraw ? TemplateOptions{} : options_of(of);
  struct Option {
    const char* name;
    bool given, taken, needed;
  };
  for (const Option& each : {Option{"--energy-wh", o.energy_wh > 0, taken.energy, taken.energy},
                             {"--price-eur-per-kwh", !o.price.empty(), taken.energy, false},
                             {"--side", !o.side.empty(), taken.key, taken.key},
                             {"--share", o.share > 0, taken.key, taken.key},
                             {"--tenant", !o.tenants.empty(), taken.tenants, taken.tenants},
                             {"--end-slot", o.end_slot.has_value(), !o.withdraw, false},
                             {"--id", !o.id.empty(), !o.withdraw, false}}) {
    if (each.given && !each.taken)
      return std::string(each.name) + ": is not of " + (o.withdraw ? "a withdrawal" : o.of);
    if (!each.given && each.needed)
      return std::string(each.name) + ": is missing; " + o.of + " wants it";
  }
  if (o.end_slot && *o.end_slot <= first.value)
    return "--end-slot " + std::to_string(*o.end_slot) + ": wants a slot behind the first, " +
           std::to_string(first.value);
  return {};
}

// Who signs for the grid operator; nobody where it has no part in the template.
Result<std::optional<Ed25519Signer>> grid_operator_of(const TxOptions& o, market::Template of,
                                                      const UserKeys& keys) {
  const bool named = !o.operator_key.empty();
  if (!market::with_grid_operator(of)) {
    if (named) return failure("--operator-key: is not of " + o.of);
    return std::optional<Ed25519Signer>();
  }
  if (keys.operator_secret) {
    if (named) return failure("--operator-key: is for a network (network.toml)");
    return std::optional<Ed25519Signer>(*keys.operator_secret);
  }
  if (!named)
    return failure("--operator-key: is missing; " + o.of +
                   " wants the metering operator's key file");
  const auto secret = hil::read_key(o.operator_key);
  if (!secret) return failure("--operator-key: " + secret.error());
  std::optional<Ed25519Signer> out(*secret);
  if (out->public_key() != keys.metering_operator)
    return failure("--operator-key: " + o.operator_key + ": is not the metering operator's key");
  return out;
}

Result<UserTransaction> contract(const TxOptions& o, const UserKeys& keys) {
  const auto of = market::template_named(o.of);
  if (!of) return failure("--template " + o.of + ": is none; there are " + list_of_templates());
  if (!keys.ledger && o.number == 0)
    return failure("--number: is missing: a network does not tell the newest one's");
  auto common = common_of(o, keys, "--first-slot");
  if (!common) return failure(common.error());
  if (const std::string why = misfit(o, *of, common->slot); !why.empty()) return failure(why);
  auto tenants = tenants_of(o);
  if (!tenants) return failure(tenants.error());
  market::Contract c;
  c.account = keys.account;
  c.meter = common->meter;
  c.first_slot = common->slot;
  c.end_slot = o.withdraw ? c.first_slot : Slot{o.end_slot.value_or(UINT32_MAX)};
  c.of = *of;
  c.number = number_of(o, keys, *of);
  if (!o.withdraw) {
    c.id = common->id;
    c.energy = {o.energy_wh};
    c.price = o.price.empty() ? Price{} : price_of(o.price).value();
    c.share = o.share;
    c.tenants = std::move(*tenants);
    if (*of == market::Template::community_key) {
      const auto side = side_of(o);
      if (!side) return failure(side.error());
      c.side = *side;
    }
  }
  if (const auto fits = market::decode_contract(encode(c)); !fits)
    return failure("--template " + o.of + ": " + fits.error());
  auto grid = grid_operator_of(o, *of, keys);
  if (!grid) return failure(grid.error());
  json also = told(*common);
  also.update({{"end_slot", c.end_slot.value}, {"number", c.number}, {"template", o.of}});
  return UserTransaction{market::contract_of(keys.chain_id, std::move(c), keys.restricted_key,
                                             common->signer, *grid ? &**grid : nullptr),
                         also};
}

using MakeTx = Result<UserTransaction> (*)(const TxOptions&, const UserKeys&);

struct TxCommand {
  CLI::App* command;
  std::shared_ptr<TxOptions> o;
};

TxCommand add(CLI::App& tx, std::function<int()>& chosen, const char* name, const char* about,
              MakeTx make, const char* slot_option = "--slot") {
  auto o = std::make_shared<TxOptions>();
  auto* c = tx.add_subcommand(name, about);
  c->add_option("directory", o->action.directory, "a run's directory, or network.toml of a network")
      ->required();
  c->add_option("--account", o->action.account, "whose: 32 hexadecimal digits")->required();
  c->add_option("--key", o->action.key, "of a network: the household's file");
  c->add_option("--wait", o->action.wait, "of a network: how long for the proof (default: 2m)");
  c->add_option("--meter", o->meter, "of a network: the account's meter")
      ->check(whole_number_from(0, UINT32_MAX));
  c->add_option(slot_option, o->slot, "the slot (default in a directory: the next to begin)")
      ->check(slot_number());
  c->add_option("--id", o->id, "32 hexadecimal digits (default: made anew)");
  c->add_flag("--json", o->action.json, "prints JSON, with the proof");
  c->callback([&chosen, o, make] {
    chosen = [o, make] {
      return send_transaction(o->action, [&](const UserKeys& keys) { return make(*o, keys); });
    };
  });
  return {c, o};
}

CLI::Option* add_energy(const TxCommand& c, std::int64_t most) {
  return c.command->add_option("--energy-wh", c.o->energy_wh, "how much, in Wh")
      ->check(whole_number_from(1, most));
}

CLI::Option* add_price(const TxCommand& c, const char* about) {
  return c.command->add_option("--price-eur-per-kwh", c.o->price, about)
      ->check(price_in_eur_per_kwh());
}

void add_contract(CLI::App& tx, std::function<int()>& chosen) {
  const TxCommand c = add(tx, chosen, "contract", "a standing order, carried out slot after slot",
                          contract, "--first-slot");
  c.command->add_option("--template", c.o->of, list_of_templates())->required();
  c.command
      ->add_option("--end-slot", c.o->end_slot, "the slot before which it ends (default: never)")
      ->check(slot_number());
  c.command
      ->add_option("--number", c.o->number, "above the last one's (default in a directory: next)")
      ->check(whole_number_from(1, UINT32_MAX));
  add_energy(c, market::max_order_energy.value);
  add_price(c, "at least, or at most (default: 0)");
  c.command->add_option("--operator-key", c.o->operator_key,
                        "of a network, with the grid operator: the metering operator's key file");
  c.command->add_option("--side", c.o->side, "of a community key: buy or sell");
  c.command->add_option("--share", c.o->share, "of a community key: thousandths")
      ->check(whole_number_from(1, 1000));
  c.command->add_option("--tenant", c.o->tenants, "of sub-meters: NAME=WEIGHT, once for each");
  c.command->add_flag("--withdraw", c.o->withdraw, "leaves none from the first slot on");
}

}  // namespace

void add_tx_commands(CLI::App& program, std::function<int()>& chosen) {
  CLI::App& tx = *program.get_subcommand("tx");
  const TxCommand o = add(tx, chosen, "order", "an order for one slot", order);
  o.command->add_option("--side", o.o->side, "buy or sell")->required();
  add_price(o, "at most, or at least")->required();
  o.command->add_option("--partner", o.o->partner,
                        "of a bilateral market: the account it would rather trade with");
  o.command->add_flag("--green", o.o->green,
                      "of a bilateral market: offers renewable energy, or would rather have it");
  add_energy(o, market::max_order_energy.value)->required();
  const TxCommand taken_back =
      add(tx, chosen, "cancel", "takes an order back, before its slot begins", cancel);
  taken_back.command->get_option("--id")
      ->description("the order's: 32 hexadecimal digits")
      ->required();
  for (const auto& [name, about, make] :
       {std::tuple{"transfer", "gives held tokens to another account", &transfer},
        {"retire", "retires held tokens", &retire}}) {
    const TxCommand t = add(tx, chosen, name, about, make);
    t.command->add_option("--vintage", t.o->vintage, "the slot of the tokens")
        ->required()
        ->check(slot_number());
    add_energy(t, market::max_token_quantity)->required();
    if (make == &transfer)
      t.command->add_option("--to", t.o->to, "who gets them: 32 hexadecimal digits")->required();
    else
      t.command->add_flag("--green", t.o->green, "a green claim, not against own consumption");
  }
  add_contract(tx, chosen);
}

}  // namespace app
