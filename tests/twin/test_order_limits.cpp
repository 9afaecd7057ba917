// Limits of homes' orders follow the slot's own grid fee, as the grid operator told it.

#include "market/entries/entries.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/node/home/fleet_node.hpp"

using namespace twin_test;

namespace {

// A truthful buyer whose break-even is 0.22 EUR/kWh at genesis' fee.
class PricedHome {
 public:
  PricedHome() {
    FleetConfig c;
    c.directory = directory;
    c.genesis = net_genesis(1);
    c.genesis.retail_buy = {300'000};
    c.genesis.retail_sell = {80'000};
    c.genesis.grid_fee = {90'000};
    c.genesis.local_grid_fee = {30'000};
    c.genesis.levies = {50'000};
    FleetMeter m;
    m.meter = {0};
    m.account.bytes[0] = 1;
    m.meter_signer = m.account_signer = &key_;
    m.history_wh.assign(7 * 96, 400);
    m.strategy = ai::Strategy::truthful;
    c.meters.push_back(m);
    HomeControlConfig control;
    control.directory = directory;
    control.homes.resize(1);
    c.control = control;
    fleet_ = std::make_unique<FleetNode>(c);
  }
  void hear(Duration at, std::uint32_t running, std::vector<std::int32_t> fees) {
    GridWord word;
    word.slot = {running};
    word.fees = std::move(fees);
    const PeerMessage m{directory.grid_operator(), encode(word)};
    step(at, {&m, 1});
  }
  // The limit of the order that leaves then.
  std::int64_t limit_at(Duration at) {
    limit_ = -1;
    step(at, {});
    return limit_;
  }

 private:
  void step(Duration at, std::span<const PeerMessage> messages) {
    Outbox out;
    fleet_->step(Instant{} + at, {messages, {}}, out);
    for (const twin::Effect& e : out.effects())
      if (const auto* send = std::get_if<Send>(&e);
          send && kind_of(send->bytes) == MessageKind::transaction)
        limit_ = market::decode_order(
                     decode_transaction(send->bytes.view().subspan(1))->openings[0].data)
                     ->order.limit.value;
  }

  static constexpr Directory directory{1, 1, 0, 0, 1};
  Ed25519Signer key_{Rng(1).bytes32()};
  std::unique_ptr<FleetNode> fleet_;
  std::int64_t limit_ = -1;
};

}  // namespace

TEST_CASE("an order's limit moves with the grid fee of its slot, as far as a word of it holds") {
  PricedHome home;
  CHECK(home.limit_at(minutes(5)) == 220'000);
  home.hear(minutes(15) + seconds(5), 1, {7'000, 40'000, -50'000});
  CHECK(home.limit_at(minutes(20)) == 260'000);  // slot 2's, not that of the one that runs
  CHECK(home.limit_at(minutes(35)) == 220'000);  // a word is void after five minutes
  home.hear(minutes(45) + seconds(5), 3, {0, -50'000});
  CHECK(home.limit_at(minutes(50)) == 170'000);
  home.hear(minutes(62), 4, {0, 10'000});
  home.hear(minutes(63), 4, {});  // the operator has nothing more to say
  CHECK(home.limit_at(minutes(65)) == 220'000);
  home.hear(minutes(75) + seconds(5), 5, {1'000});  // nothing of the next slot
  CHECK(home.limit_at(minutes(80)) == 220'000);
  // Where a neighbour's kWh can cost no more than the feed-in tariff nothing is traded.
  home.hear(minutes(90) + seconds(5), 6, {0, -150'000});
  CHECK(home.limit_at(minutes(95)) == -1);
}
