// How a home hears of a slot's price: from validators that executed the settlement, through its
// gateway, on one honest validator's word.

#include "market/entries/entries.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/node/base/settled_word.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/home/fleet_node.hpp"

using namespace twin_test;

namespace {

market::SettlementBody settled(std::uint32_t slot, std::optional<std::int64_t> price) {
  market::SettlementBody b;
  b.slot = {slot};
  if (price) b.price = Price{*price};
  b.volume = {price ? 700 : 0};
  return b;
}

Bytes message(const market::SettlementBody& b) {
  return frame(MessageKind::settled, market::encode(b));
}

bool heard(SettledWord& word, std::uint32_t by, const market::SettlementBody& b) {
  const auto known = word.hear({by}, market::encode(b));
  REQUIRE(known);
  return *known;
}

// Homes behind one gateway; what each home's orders say, by home and slot.
class Homes {
 public:
  explicit Homes(std::vector<ai::Strategy> strategies) {
    FleetConfig c;
    c.directory = {1, 1};
    c.genesis = net_genesis(1);
    c.genesis.retail_buy = {300'000};
    c.genesis.retail_sell = {80'000};
    c.genesis.local_grid_fee = {30'000};
    c.genesis.levies = {50'000};
    for (std::uint32_t h = 0; h < strategies.size(); ++h) {
      FleetMeter m;
      m.meter = {h};
      m.account.bytes[0] = static_cast<std::uint8_t>(h + 1);
      m.meter_signer = m.account_signer = &key_;
      m.history_wh.assign(7 * 96, -400);
      m.strategy = strategies[h];
      m.rng = Rng(3).fork("home", h);
      c.meters.push_back(m);
    }
    fleet_ = std::make_unique<FleetNode>(c);
  }

  void order_for(std::uint32_t slot) {
    const Instant at = Instant{} + minutes(15) * (slot - 1) + minutes(5);
    step(at, {}, {});
  }
  void hear(NodeId from, const Bytes& bytes) {
    const PeerMessage m{from, bytes};
    step(now_, std::span(&m, 1), {});
  }

  std::map<std::pair<std::uint32_t, std::uint32_t>, market::Order> orders;
  std::vector<std::string> refusals;
  static constexpr NodeId gateway{2};

 private:
  void step(Instant now, std::span<const PeerMessage> messages,
            std::span<const MeterSample> samples) {
    now_ = now;
    Outbox out;
    fleet_->step(now, {messages, samples}, out);
    for (const twin::Effect& e : out.effects()) {
      if (const auto* event = std::get_if<Event>(&e))
        if (const auto* r = std::get_if<Refused>(event)) refusals.push_back(r->why);
      const auto* send = std::get_if<Send>(&e);
      if (!send || kind_of(send->bytes) != MessageKind::transaction) continue;
      const auto tx = decode_transaction(send->bytes.view().subspan(1));
      const auto order = market::decode_order(tx->openings[0].data);
      REQUIRE(order);
      orders[{order->meter.value, order->order.slot.value}] = order->order;
    }
  }

  Ed25519Signer key_{Rng(1).bytes32()};
  std::unique_ptr<FleetNode> fleet_;
  Instant now_;
};

}  // namespace

TEST_CASE("a settlement is believed once f + 1 validators say the same of it") {
  SettledWord word(4);
  CHECK_FALSE(heard(word, 0, settled(1, 100'000)));
  CHECK_FALSE(heard(word, 0, settled(1, 100'000)));  // one voice, however often
  CHECK_FALSE(heard(word, 1, settled(1, 999'999)));
  CHECK(heard(word, 2, settled(1, 100'000)));
  CHECK_FALSE(heard(word, 3, settled(1, 100'000)));  // known already
  CHECK_FALSE(heard(word, 3, settled(1, 999'999)));  // another of a slot that is known
  CHECK_FALSE(heard(word, 0, settled(3, {})));
  CHECK(heard(word, 1, settled(3, {})));
  CHECK_FALSE(heard(word, 0, settled(2, 90'000)));
  CHECK_FALSE(heard(word, 1, settled(2, 90'000)));  // behind a later one
  CHECK_FALSE(word.hear({0}, Bytes{1, 2, 3}));
}

TEST_CASE("of a validator that says much only the last words count") {
  SettledWord word(4);
  for (std::uint32_t slot = 1; slot <= 5; ++slot) heard(word, 0, settled(slot, 100'000));
  CHECK_FALSE(heard(word, 1, settled(1, 100'000)));
  CHECK(heard(word, 1, settled(2, 100'000)));
}

TEST_CASE("every validator tells each gateway what it settled") {
  Genesis genesis = net_genesis();
  genesis.slot_ms = 60'000;
  genesis.close_grace_ms = 10'000;
  ValidatorNet net(genesis);
  std::map<std::uint32_t, std::vector<market::SettlementBody>> told;
  net.on_send = [&](std::uint32_t n, const Send& send) {
    if (kind_of(send.bytes) != MessageKind::settled) return;
    CHECK(send.to == net.directory().gateway(0));
    const auto body = market::decode_settlement_body(send.bytes.view().subspan(1));
    REQUIRE(body);
    told[n].push_back(*body);
  };
  net.run_until(Instant{} + seconds(150));
  REQUIRE(told.size() == 4);  // and the observer nothing
  for (const auto& [n, bodies] : told) {
    REQUIRE(bodies.size() == 2);
    CHECK(bodies[0].slot == Slot{0});
    CHECK(bodies[1].slot == Slot{1});
    CHECK_FALSE(bodies[0].price);
  }
}

TEST_CASE("a gateway passes a settlement on to its homes once, and refuses what is none") {
  GatewayConfig config;
  config.directory = {4, 1};
  config.genesis = net_genesis();
  Ed25519Signer key(Rng(8).bytes32());
  Ed25519Verifier verifier;
  MemoryRecords records;
  GatewayNode gateway(config, key, verifier, records);
  std::vector<Send> sent;
  std::vector<std::string> refusals;
  const auto say = [&](std::uint32_t by, const Bytes& bytes) {
    const PeerMessage m{{by}, bytes};
    Outbox out;
    gateway.step(Instant{} + seconds(1), {std::span(&m, 1), {}}, out);
    for (const twin::Effect& e : out.effects()) {
      if (const auto* send = std::get_if<Send>(&e); send && send->to == config.directory.fleet(0))
        sent.push_back(*send);
      if (const auto* event = std::get_if<Event>(&e))
        if (const auto* r = std::get_if<Refused>(event)) refusals.push_back(r->why);
    }
  };
  for (const std::uint32_t v : {0, 1, 2, 3}) say(v, message(settled(0, 120'000)));
  REQUIRE(sent.size() == 1);
  CHECK(to_bytes(sent[0].bytes) == message(settled(0, 120'000)));
  CHECK(refusals.empty());
  say(2, frame(MessageKind::settled, Bytes{7}));
  say(4, message(settled(1, 1)));  // the observer has no say here
  CHECK(refusals.size() == 2);
  CHECK(sent.size() == 1);
}

TEST_CASE("a home that learns bids by what it heard, and the others as ever") {
  using ai::Strategy;
  const std::vector<Strategy> all{Strategy::truthful, Strategy::zero_intelligence,
                                  Strategy::adaptive, Strategy::forecast, Strategy::market_power};
  Homes told(all), untold(all);
  for (Homes* homes : {&told, &untold}) {
    homes->order_for(1);
    homes->order_for(2);
  }
  REQUIRE(told.orders.size() == 2 * all.size());
  told.hear(Homes::gateway, message(settled(1, 81'000)));
  for (Homes* homes : {&told, &untold}) homes->order_for(3);
  for (std::uint32_t h = 0; h < all.size(); ++h) {
    CAPTURE(ai::names_of_strategies()[static_cast<std::size_t>(all[h])]);
    const market::Order &with = told.orders.at({h, 3}), &without = untold.orders.at({h, 3});
    CHECK(with.side == market::Side::sell);
    const bool learns = all[h] != Strategy::truthful && all[h] != Strategy::zero_intelligence;
    CHECK((with.limit != without.limit || with.energy != without.energy) == learns);
    CHECK(with.limit >= Price{80'000});
    CHECK(with.limit <= Price{220'000});
  }
  CHECK(told.refusals.empty());
  told.hear(Homes::gateway, frame(MessageKind::settled, Bytes{1}));
  told.hear({0}, message(settled(2, 81'000)));  // a validator is not its gateway
  CHECK(told.refusals.size() == 2);
}
