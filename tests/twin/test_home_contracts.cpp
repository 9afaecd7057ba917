// Contracts and preferences of a scenario's homes: who has which, when they are said, and what they
// leave to agents.

#include "market/entries/entries.hpp"
#include "market/settlement/flexibility.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/node/home/fleet_node.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/scenario/scenario_writer.hpp"

using namespace twin_test;
using market::Contract;
using market::Template;

namespace {

Network row_of(int connections) {
  Network net;
  net.buses.resize(1);
  for (int c = 0; c < connections; ++c) {
    Connection connection;
    connection.name = "c" + std::to_string(c);
    net.connections.push_back(connection);
  }
  return net;
}

Result<Scenario> scenario_of(const std::string& text, const Network& net) {
  const auto read = read_scenario("name = \"street\"\n" + text, "street.toml", {});
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  return read->expand(net);
}

const ContractSpec* of_template(const HomeSpec& home, Template of) {
  for (const ContractSpec& c : home.contracts)
    if (c.of == of) return &c;
  return nullptr;
}

}  // namespace

TEST_CASE("home contracts: of a population shares of homes have them, with figures of their own") {
  const Network net = row_of(300);
  const auto s = scenario_of(
      "[market]\nmechanism = \"bilateral\"\n[[population]]\ncount = 300\n"
      "contracts = [{ template = \"sell-surplus\", share = 0.5, energy_kwh = [0.5, 2],"
      " price_eur_per_kwh = [0.1, 0.12] }, { template = \"hold-tokens\", share = 0.2 }]\n"
      "prefer = { partner = \"home-07\", green = true, share = 0.4 }\n",
      net);
  REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error()));
  int sell = 0, hold = 0, prefer = 0;
  std::set<std::int64_t> energies;
  for (const HomeSpec& home : s->homes) {
    hold += of_template(home, Template::hold_tokens) != nullptr;
    prefer += home.prefers.any();
    if (home.prefers.any()) CHECK((home.prefers.partner == "home-07") == (home.name != "home-07"));
    const ContractSpec* c = of_template(home, Template::sell_surplus);
    if (!c) continue;
    ++sell;
    CHECK(c->energy >= WattHours{500});
    CHECK(c->energy <= WattHours{2000});
    CHECK(c->price >= Price{100'000});
    CHECK(c->price <= Price{120'000});
    energies.insert(c->energy.value);
  }
  CHECK(std::abs(sell - 150) < 35);  // 4 sigma
  CHECK(std::abs(hold - 60) < 28);
  CHECK(std::abs(prefer - 120) < 34);
  CHECK(energies.size() > 80);
}

TEST_CASE("home contracts: what is written out reads back to the same") {
  const Network net = row_of(3);
  const std::string ladder = "[[congestion]]\nrung = \"none\"\n";
  const auto s = scenario_of(
      ladder +
          "[market]\nmechanism = \"bilateral\"\n"
          "[[prosumer]]\nname = \"c0\"\nprefer = { partner = \"c1\" }\n"
          "contracts = [{ template = \"community-key\", side = \"sell\", key_percent = 33.3,"
          " energy_kwh = 0.001, price_eur_per_kwh = 0.123456, at = \"2h\", for = \"90m\" },"
          " { template = \"sub-meters\", tenants = [3, 1, 2] }]\n"
          "[[prosumer]]\nname = \"c1\"\nprefer = { green = true }\n"
          "contracts = [{ template = \"flexibility-offer\", energy_kwh = 1.5,"
          " price_eur_per_kwh = 0.2 }, { template = \"curtailment-duty\", energy_kwh = 10000,"
          " price_eur_per_kwh = 100 }, { template = \"hold-tokens\" }]\n",
      net);
  REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error()));
  const ContractSpec* key = of_template(s->homes[0], Template::community_key);
  REQUIRE(key);
  CHECK(key->key_permille == 333);
  CHECK(key->energy == WattHours{1});
  CHECK(key->price == Price{123'456});
  CHECK(key->side == market::Side::sell);
  const std::string text = write_scenario(*s, net);
  const auto again = read_scenario(text, "again.toml", {});
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error()));
  const auto same = again->expand(net);
  REQUIRE_MESSAGE(same.has_value(), (same ? "" : same.error()));
  CHECK(write_scenario(*same, net) == text);
  CHECK(same->homes[0].contracts.size() == 2);
  CHECK(same->homes[0].contracts[1].tenants == std::vector<std::uint32_t>{3, 1, 2});
  CHECK(same->homes[1].contracts.size() == 3);
  CHECK(same->homes[0].prefers.partner == "c1");
  CHECK(same->homes[1].prefers.green);
}

namespace {

ContractSpec spec(Template of, std::int64_t energy_wh) {
  ContractSpec c;
  c.of = of;
  c.energy = {energy_wh};
  c.price = {100'000};
  return c;
}

// Those of meter 0, with slots of a quarter of an hour.
std::vector<Contract> made(std::vector<ContractSpec> contracts) {
  return contracts_of(contracts, {}, {0}, minutes(15), Rng(1));
}

}  // namespace

TEST_CASE("home contracts: in whole slots, as the market takes them") {
  ContractSpec timed = spec(Template::sell_surplus, 400);
  timed.at = minutes(31);
  timed.length = minutes(20);
  ContractSpec tenants = spec(Template::sub_meters, 0);
  tenants.price = {};
  tenants.tenants = {2, 1, 1};
  const auto all = made({timed, spec(Template::buy_below, 300), tenants});
  REQUIRE(all.size() == 3);
  CHECK(all[0].first_slot == Slot{3});
  CHECK(all[0].end_slot == Slot{4});  // 51 minutes
  CHECK(all[1].first_slot == Slot{1});
  CHECK(all[1].end_slot == Slot{UINT32_MAX});
  for (const Contract& c : all) CHECK(market::decode_contract(market::encode(c)).has_value());
  std::multiset<std::uint32_t> weights;
  for (const market::Tenant& t : all[2].tenants) weights.insert(t.weight);
  CHECK(weights == std::multiset<std::uint32_t>{1, 1, 2});
  CHECK(all[0].id != all[1].id);
}

TEST_CASE("home contracts: said with their first slot's orders, or for the first that is left") {
  ContractSpec later = spec(Template::buy_below, 300), over = spec(Template::hold_tokens, 0);
  later.at = hours(1);
  over.price = {};
  over.length = minutes(15);
  StandingContracts on_time(made({spec(Template::sell_surplus, 400), later, over}));
  CHECK(on_time.begin({1}, {1}).size() == 2);
  on_time.on_ledger(Template::sell_surplus, 1);
  CHECK(on_time.begin({2}, {2}).empty());  // the other one would end before it begins
  const auto fourth = on_time.begin({4}, {4});
  REQUIRE(fourth.size() == 1);
  CHECK(fourth[0].of == Template::buy_below);
  // A home that starts in slot 2 says what it would have said before; what is over it does not.
  StandingContracts late(made({spec(Template::sell_surplus, 400), later, over}));
  const auto first = late.begin({1}, {3});
  REQUIRE(first.size() == 1);
  CHECK(first[0].first_slot == Slot{3});
  CHECK(late.left_of({-500}, {2}) == std::vector<std::int64_t>{-500});
  CHECK(late.left_of({-500}, {3}) == std::vector<std::int64_t>{-100});
}

TEST_CASE(
    "home contracts: said again for a later slot until the ledger has them or they are over") {
  ContractSpec timed = spec(Template::buy_below, 300), later = spec(Template::hold_tokens, 0);
  timed.length = minutes(45);
  later.price = {};
  later.at = hours(2);
  StandingContracts c(made({spec(Template::sell_surplus, 400), timed, later}));
  const auto first_slots = [&](std::uint32_t slot) {
    std::vector<std::uint32_t> out;
    for (const Contract& each : c.begin({slot}, {slot})) out.push_back(each.first_slot.value);
    return out;
  };
  using Slots = std::vector<std::uint32_t>;
  CHECK(first_slots(1) == Slots{1, 1});
  CHECK(first_slots(1).empty());  // they may be taken yet
  CHECK(first_slots(2) == Slots{2, 2});
  CHECK(c.left_of({-500}, {1}) == std::vector<std::int64_t>{-500});
  CHECK(c.left_of({-500}, {2}) == std::vector<std::int64_t>{-100});
  c.on_ledger(Template::curtailment_duty, 9);  // another template
  c.on_ledger(Template::hold_tokens, 1);       // not said yet: somebody else's
  c.on_ledger(Template::sell_surplus, 0);
  CHECK(first_slots(3) == Slots{3});  // the timed one ends with slot 2
  c.on_ledger(Template::sell_surplus, 2);
  for (std::uint32_t slot = 4; slot < 8; ++slot) CHECK(first_slots(slot).empty());
  CHECK(c.left_of({-500}, {7}) == std::vector<std::int64_t>{-100});
  CHECK(first_slots(8) == Slots{8});
}

TEST_CASE("home contracts: an agent is left what they would not order of each net") {
  ContractSpec key = spec(Template::community_key, 1000);
  key.side = market::Side::sell;
  key.key_permille = 250;
  StandingContracts c(
      made({key, spec(Template::sell_surplus, 400), spec(Template::buy_below, 50)}));
  CHECK(c.left_of({-1000, -200, 60, 50, 0}, {1}) ==
        std::vector<std::int64_t>{-1000, -200, 60, 50, 0});  // not said yet
  CHECK(c.begin({1}, {1}).size() == 3);
  CHECK(c.left_of({-1000, -200, 60, 50, 0}, {1}) ==
        std::vector<std::int64_t>{-1000 + 250 + 400, 0, 10, 0, 0});
}

namespace {

// One home that expects a surplus of 400 Wh in each slot, and what it sends.
struct ContractHome {
  Ed25519Signer key{Rng(1).bytes32()};
  OperatorKeys operators{operator_keys(1, 1, 1)};
  RoleSigners roles{operators};
  std::unique_ptr<FleetNode> fleet;
  std::vector<Transaction> sent;
  int refused = 0;

  explicit ContractHome(std::vector<Contract> contracts, bool prefers = false) {
    FleetConfig c;
    c.directory = {1, 1};
    c.genesis = net_genesis(1);
    FleetMeter m;
    m.meter = {0};
    m.account.bytes[0] = 1;
    m.meter_signer = m.account_signer = &key;
    m.roles = &roles;
    m.history_wh.assign(7 * 96, -400);
    m.strategy = ai::Strategy::truthful;
    m.contracts = std::move(contracts);
    for (Contract& each : m.contracts) each.account = m.account;
    if (prefers) {
      m.partner = AccountId{};
      m.partner->bytes[0] = 2;
      m.wants_green = true;
    }
    c.meters.push_back(m);
    fleet = std::make_unique<FleetNode>(c);
  }
  void step(Duration at, const std::vector<PeerMessage>& heard = {}) {
    Outbox out;
    fleet->step(Instant{} + at, Inputs{heard, {}}, out);
    sent.clear();
    refused = 0;
    for (const twin::Effect& e : out.effects())
      if (const auto* event = std::get_if<Event>(&e))
        refused += std::holds_alternative<Refused>(*event);
    for (const twin::Effect& e : out.effects())
      if (const auto* send = std::get_if<Send>(&e);
          send && kind_of(send->bytes) == MessageKind::transaction)
        sent.push_back(*decode_transaction(send->bytes.view().subspan(1)));
  }
};

}  // namespace

TEST_CASE("home contracts: a home signs what it has, and bids for the rest") {
  ContractHome all(made({spec(Template::sell_surplus, 400)}));
  all.step(minutes(5));
  REQUIRE(all.sent.size() == 1);
  CHECK(all.sent[0].kind == TransactionKind::contract);
  const auto body = market::decode_contract_body(all.sent[0].body);
  REQUIRE(body);
  CHECK(body->slot == Slot{1});
  CHECK(!body->grid_operator);
  const NodeId gateway = Directory{1, 1}.gateway(0);
  const SharedBytes known = encode(ContractsOnLedger{{{{0}, Template::sell_surplus}, 1}});
  all.step(minutes(20), {{gateway, known}});
  CHECK(all.refused == 0);
  CHECK(all.sent.empty());  // its contract trades all that it expects

  ContractHome some(made({spec(Template::sell_surplus, 300)}));
  some.step(minutes(5));
  REQUIRE(some.sent.size() == 2);
  const auto order = market::decode_order(some.sent[1].openings[0].data);
  REQUIRE(order);
  CHECK(order->order.energy == WattHours{100});

  ContractSpec offer = spec(Template::flexibility_offer, 300);
  ContractHome flexible(made({offer}));
  flexible.step(minutes(5));
  REQUIRE(flexible.sent.size() == 2);
  const auto both = market::decode_contract_body(flexible.sent[0].body);
  REQUIRE(both);
  REQUIRE(both->grid_operator);
  Ed25519Verifier verifier;
  CHECK(verifier.verify(flexible.roles.metering_operator.public_key(),
                        entry_signed_bytes(chain_id_of(net_genesis(1)), flexible.sent[0].entry()),
                        *both->grid_operator));
}

TEST_CASE(
    "home contracts: a home signs a contract anew until its own gateway tells that it is there") {
  ContractHome home(made({spec(Template::sell_surplus, 400)}));
  const auto first_slot = [&] {
    REQUIRE(home.sent.size() == 1);
    const auto c = market::decode_contract(home.sent[0].openings[0].data);
    REQUIRE(c);
    Ed25519Verifier verifier;
    CHECK(verifier.verify(
        home.key.public_key(),
        market::account_signed_bytes(TransactionKind::contract, chain_id_of(net_genesis(1)),
                                     home.sent[0].openings[0].data),
        c->signature));
    CHECK(c->number == 1);
    return c->first_slot.value;
  };
  home.step(minutes(5));
  CHECK(first_slot() == 1);
  home.step(minutes(6));
  CHECK(home.sent.empty());
  const SharedBytes known = encode(ContractsOnLedger{{{{0}, Template::sell_surplus}, 1}});
  home.step(minutes(20), {{{0}, known}});  // a validator's word
  CHECK(home.refused == 1);
  CHECK(first_slot() == 2);
  const SharedBytes others = encode(ContractsOnLedger{{{{1}, Template::sell_surplus}, 1}});
  const NodeId gateway = Directory{1, 1}.gateway(0);
  home.step(minutes(35), {{gateway, others}, {gateway, frame(MessageKind::contracts, {})}});
  CHECK(home.refused == 1);
  CHECK(first_slot() == 3);
  home.step(minutes(36), {{gateway, known}});
  home.step(minutes(50));
  CHECK(home.sent.empty());
}

TEST_CASE("home contracts: what a home prefers stands in its orders") {
  ContractHome home({}, true);
  home.step(minutes(5));
  REQUIRE(home.sent.size() == 1);
  const auto order = market::decode_order(home.sent[0].openings[0].data);
  REQUIRE(order);
  REQUIRE(order->order.partner);
  CHECK(order->order.partner->bytes[0] == 2);
  CHECK(order->order.side == market::Side::sell);
  CHECK(!order->order.green);  // it would rather buy green, and has none to offer
}
