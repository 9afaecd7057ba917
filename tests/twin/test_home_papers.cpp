// What a home says of the registry while its gateway is silent: again, and anew once its time is
// over, until it is told that the gateway has it.

#include "market/entries/registry_entries.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/node/home/fleet_node.hpp"

using namespace twin_test;
using market::KeyOf;

namespace {

constexpr std::int64_t slot_ms = 60'000, batch_ms = 20'000;

RegistryEvent event(RegistryEvent::Kind kind, RegistryEvent::Of of = RegistryEvent::Of::meter,
                    bool lost = false) {
  RegistryEvent out;
  out.kind = kind;
  out.of = of;
  out.at = seconds(61);
  out.lost = lost;
  return out;
}

// A home that shows its meter every ten seconds, and what it sends of papers.
struct PaperHome {
  Ed25519Signer meter{Rng(1).bytes32()}, account{Rng(2).bytes32()}, next{Rng(3).bytes32()};
  OperatorKeys operators{operator_keys(1, 1, 1)};
  RoleSigners roles{operators};
  std::unique_ptr<FleetNode> fleet;
  std::int64_t now_ms = 0;
  std::vector<Transaction> sent;     // since the last look
  std::vector<PublicKey> signed_by;  // each minute
  Genesis genesis = net_genesis(1);
  NodeId gateway = Directory{1, 1}.gateway(0);

  PaperHome(std::vector<RegistryEvent> events, std::vector<MeterFault> faults = {}) {
    genesis.slot_ms = slot_ms;
    genesis.batch_ms = batch_ms;
    FleetConfig c;
    c.directory = {1, 1};
    c.genesis = genesis;
    FleetMeter m;
    m.account.bytes[0] = 1;
    m.meter_signer = &meter;
    m.account_signer = &account;
    m.next_meter_signer = m.changed_meter_signer = m.changed_account_signer = &next;
    m.roles = &roles;
    m.events = std::move(events);
    m.faults = std::move(faults);
    c.meters.push_back(m);
    fleet = std::make_unique<FleetNode>(c);
  }
  void run_to(std::int64_t end_s) {
    while (now_ms < end_s * 1000) {
      now_ms += 10'000;
      const MeterSample s{0, Instant{} + milliseconds(now_ms), {now_ms}, {}, 360, 230};
      step(Inputs{{}, std::span(&s, 1)});
    }
  }
  void hear(NodeId from, const Bytes& bytes) {
    const PeerMessage m{from, bytes};
    step(Inputs{std::span(&m, 1), {}});
  }
  void hear(const Transaction& tx) {
    hear(gateway, frame(MessageKind::paper, leaf_hash(tx.entry())));
  }
  std::vector<Transaction> look() { return std::exchange(sent, {}); }

 private:
  void step(const Inputs& inputs) {
    Outbox out;
    fleet->step(Instant{} + milliseconds(now_ms), inputs, out);
    for (const twin::Effect& e : out.effects()) {
      const auto* send = std::get_if<Send>(&e);
      if (!send) continue;
      const BytesView body = send->bytes.view().subspan(1);
      if (kind_of(send->bytes) == MessageKind::transaction) {
        auto tx = decode_transaction(body);
        REQUIRE(tx);
        if (tx->kind != TransactionKind::order) sent.push_back(std::move(*tx));
      }
      if (kind_of(send->bytes) == MessageKind::minute) note_minute(*decode_minute(body));
    }
  }
  void note_minute(const MeterMinute& m) {
    Ed25519Verifier verifier;
    const Bytes said = meter_signed_bytes(chain_id_of(genesis), m.meter, m.first_sequence,
                                          static_cast<std::uint16_t>(m.readings.size()),
                                          readings_root({}, m.meter, m.readings));
    for (const Ed25519Signer* s : {&meter, &next})
      if (verifier.verify(s->public_key(), said, m.signature)) signed_by.push_back(s->public_key());
  }
};

Slot from_of(const Transaction& tx) { return market::decode_key_change(tx.openings[0].data)->slot; }

}  // namespace

TEST_CASE(
    "home papers: a key change is said again, then anew, and its key signs once it is there") {
  PaperHome home({event(RegistryEvent::Kind::key_change)});
  home.run_to(70);
  auto said = home.look();
  REQUIRE(said.size() == 1);
  CHECK(from_of(said[0]) == Slot{2});
  home.run_to(120);
  // The same each interval, not sooner.
  const auto again = home.look();
  REQUIRE(again.size() == 3);
  for (const Transaction& tx : again) CHECK(tx.encode() == said[0].encode());
  home.run_to(130);
  auto anew = home.look();
  REQUIRE(anew.size() == 1);
  CHECK(from_of(anew[0]) == Slot{3});
  home.run_to(180);
  home.hear({0}, frame(MessageKind::paper, leaf_hash(anew[0].entry())));  // not its gateway
  home.hear(home.gateway, frame(MessageKind::paper, Bytes(31)));
  home.hear(said[0]);  // over
  home.look();
  home.run_to(190);
  anew = home.look();
  REQUIRE(anew.size() == 1);
  CHECK(from_of(anew[0]) == Slot{4});
  CHECK(std::count(home.signed_by.begin(), home.signed_by.end(), home.next.public_key()) == 0);
  home.hear(anew[0]);
  home.run_to(240);
  CHECK(std::count(home.signed_by.begin(), home.signed_by.end(), home.next.public_key()) == 0);
  home.run_to(400);
  CHECK(home.look().empty());
  CHECK(std::count(home.signed_by.begin(), home.signed_by.end(), home.next.public_key()) == 8);
  CHECK(home.signed_by.size() == 20);
}

TEST_CASE("home papers: an account's key and a lost one keep their notice") {
  PaperHome home({event(RegistryEvent::Kind::key_change, RegistryEvent::Of::account),
                  event(RegistryEvent::Kind::key_change, RegistryEvent::Of::meter, true)});
  std::set<std::pair<bool, std::uint32_t>> said;
  home.run_to(420);
  for (const Transaction& tx : home.look())
    said.insert({market::decode_key_change_body(tx.body)->lost, from_of(tx).value});
  CHECK(said == std::set<std::pair<bool, std::uint32_t>>{
                    {false, 3}, {false, 5}, {false, 7}, {true, 4}, {true, 6}, {true, 8}});
}

TEST_CASE("home papers: who leaves goes on until its gateway knows that it leaves") {
  PaperHome home({event(RegistryEvent::Kind::deregistration)});
  home.run_to(310);
  const auto said = home.look();
  REQUIRE_FALSE(said.empty());
  const auto last = [](const Transaction& tx) {
    return market::decode_deregistration(tx.openings[0].data)->last.value;
  };
  CHECK(last(said.front()) == 2);
  CHECK(last(said.back()) == 6);
  home.hear(said.back());
  home.run_to(600);
  CHECK(home.look().empty());
  CHECK(home.signed_by.size() == 21);  // up to the sixth slot's end
}

TEST_CASE("home papers: a swap is of the slot in which it is said") {
  MeterFault swap;
  swap.kind = MeterFault::Kind::meter_swap;
  swap.at = seconds(61);
  swap.papers = true;
  PaperHome home({}, {swap});
  home.run_to(130);
  const auto said = home.look();
  const auto slot = [](const Transaction& tx) {
    return market::decode_meter_swap(tx.openings[0].data)->slot.value;
  };
  REQUIRE(said.size() == 5);  // four in the first slot
  CHECK(slot(said[0]) == 1);
  CHECK(said[3].encode() == said[0].encode());
  CHECK(slot(said[4]) == 2);
  const auto closing = [](const Transaction& tx) {
    return market::decode_meter_swap(tx.openings[0].data)->closing_import.value;
  };
  CHECK(closing(said[4]) == closing(said[0]));
  home.hear(said[4]);
  home.run_to(400);
  CHECK(home.look().empty());
}
