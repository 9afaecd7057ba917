// What a validator hears from others: strangers, garbage, floods, requests,
// evidence.

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"
#include "tests/support/validator_net.hpp"

using namespace twin_test;

namespace {

Bytes order_of(std::uint32_t meter, std::size_t more = 0) {
  market::SignedOrder o;
  o.meter = {meter};
  o.order.slot = {5};
  o.order.energy = {1};
  Transaction tx;
  tx.kind = TransactionKind::order;
  tx.openings = {{{}, market::encode(o)}};
  tx.openings[0].data.resize(tx.openings[0].data.size() + more);
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(market::OrderBody{{5}});
  return frame(MessageKind::transaction, tx.encode());
}

std::size_t refused_by(const ValidatorNet& net, std::uint32_t n) {
  return static_cast<std::size_t>(std::count_if(net.refusals.begin(), net.refusals.end(),
                                                [&](const auto& r) { return r.first == n; }));
}

// Two prevotes of validator 3 for one step, as the owner of its key can sign
// them.
Bytes double_vote(ValidatorNet& net, std::uint64_t height) {
  std::vector<Bytes> votes;
  for (const std::uint8_t mark : {1, 2}) {
    Vote v{VoteType::prevote, height, 0, Hash{mark}, no_round, {3}, {}};
    v.signature = net.signer(3).sign(signed_bytes(net.chain_id(), statement_of(v)));
    votes.push_back(encode(v));
  }
  return encode(Evidence{votes[0], votes[1]});
}

}  // namespace

TEST_CASE(
    "unsigned orders of unknown meters fill a bounded part, and garbage "
    "nothing") {
  ValidatorNet net;
  const NodeId gateway = net.directory().gateway(0);
  for (std::uint32_t i = 0; i < 6000; ++i) net.post(gateway, {0}, order_of(1000 + i));
  for (std::uint32_t i = 0; i < 100; ++i) net.post(gateway, {0}, order_of(9000 + i, 5000));
  net.run_for(milliseconds(30));
  CHECK(net.node(0).mempool().size() == 4096);
  CHECK(net.node(0).mempool().bytes() < 2'000'000);
  CHECK(refused_by(net, 0) == 6100 - 4096);
  net.run_for(seconds(20));
  CHECK(net.height(0) >= 3);
  // They wait for a meter that never comes, and leave.
  net.run_for(seconds(5 * 110));
  CHECK(net.node(0).mempool().size() == 0);
}

TEST_CASE("strangers, and peers in a part that is not theirs, are not listened to") {
  ValidatorNet net;
  const Directory& d = net.directory();
  std::size_t sent = 0;
  for (const NodeId from : {d.fleet(0), NodeId{77}, NodeId{UINT32_MAX}})
    for (std::uint8_t kind = 0; kind < 9; ++kind, ++sent) net.post(from, {0}, Bytes{kind, 1, 2, 3});
  net.post({1}, {0}, order_of(5));
  net.post(d.gateway(0), {0}, frame(MessageKind::cosignature, Bytes(88, 0)));
  net.post(d.gateway(0), {0}, {});
  net.run_for(milliseconds(30));
  CHECK(refused_by(net, 0) == sent + 3);
  CHECK(net.node(0).mempool().size() == 0);
}

TEST_CASE("garbage of peers leaves nothing behind and the chain goes on") {
  ValidatorNet net;
  Rng rng(5);
  for (int i = 0; i < 4000; ++i) {
    Bytes bytes(1 + rng.below(300));
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng.next());
    bytes[0] = static_cast<std::uint8_t>(rng.below(8));
    if (rng.chance(0.5) && bytes.size() > 2)
      bytes[1] = 1, bytes[2] = static_cast<std::uint8_t>(rng.below(10));
    net.post({static_cast<std::uint32_t>(rng.below(6))}, {0}, bytes,
             milliseconds(static_cast<std::int64_t>(rng.below(20'000))));
  }
  net.run_for(seconds(40));
  CHECK(net.node(0).mempool().size() == 0);
  CHECK(net.height(0) >= 6);
  CHECK(net.equivocations.empty());
}

TEST_CASE("a validator that was away for long catches up from the others' records") {
  ValidatorNet net;
  net.run_until(Instant{} + seconds(11));
  net.down(1);
  net.run_until(Instant{} + seconds(5 * 90));
  net.up(1);
  net.run_for(seconds(40));
  CHECK(net.height(0) >= 90);
  CHECK(net.height(1) >= net.height(0) - 1);
  CHECK(net.node(1).chain().log().root() == net.node(0).chain().log().root());
  CHECK(net.equivocations.empty());
}

TEST_CASE("requests for old decisions are answered, so many a second") {
  ValidatorNet net;
  std::size_t answered = 0;
  net.run_until(Instant{} + seconds(62));
  net.on_send = [&](std::uint32_t n, const Send& send) {
    const auto m = decode_message(send.bytes.view().subspan(1), 8u << 20);
    answered += n == 0 && send.to == NodeId{2} && m && std::holds_alternative<Decision>(*m);
  };
  for (int i = 0; i < 500; ++i)
    net.post({2}, {0}, frame(MessageKind::consensus, encode(DecisionRequest{1 + i % 10ull})));
  net.post({2}, {0}, frame(MessageKind::consensus, encode(DecisionRequest{1'000'000})));
  net.run_for(milliseconds(500));
  CHECK(answered == 32);
  net.run_for(milliseconds(600));
  net.post({2}, {0}, frame(MessageKind::consensus, encode(DecisionRequest{1})));
  net.run_for(milliseconds(100));
  CHECK(answered == 33);
}

TEST_CASE("evidence is kept, told and sent on, once a node") {
  ValidatorNet net;
  net.run_until(Instant{} + seconds(7));
  const Bytes evidence = double_vote(net, 2);
  for (int i = 0; i < 3; ++i) net.post({3}, {0}, frame(MessageKind::evidence, evidence));
  Bytes changed = evidence;
  changed[60] ^= 1;
  net.post({3}, {1}, frame(MessageKind::evidence, changed));
  net.run_for(milliseconds(200));
  std::map<std::uint32_t, int> kept, told;
  for (const auto& [n, p] : net.persisted)
    if (p.kind == RecordKind::evidence) {
      ++kept[n];
      CHECK(p.durable);
      CHECK(to_bytes(BytesView(p.record).subspan(4)) == evidence);
    }
  for (const auto& [n, e] : net.events)
    if (const auto* seen = std::get_if<EvidenceSeen>(&e)) {
      ++told[n];
      CHECK(seen->culprit == ValidatorId{3});
    }
  CHECK(kept == std::map<std::uint32_t, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}});
  CHECK(told == kept);
  // Any amount of it about one validator stays within bounds.
  for (std::uint64_t h = 0; h < 100; ++h)
    net.post({3}, {0}, frame(MessageKind::evidence, double_vote(net, 100 + h)));
  net.run_for(milliseconds(200));
  CHECK(std::count_if(net.events.begin(), net.events.end(), [](const auto& e) {
          return e.first == 0 && std::holds_alternative<EvidenceSeen>(e.second);
        }) == 16);
}

TEST_CASE("a cosignature that does not hold takes no other's place") {
  ValidatorNet net;
  const NodeId observer = net.directory().observer();
  net.run_until(Instant{} + milliseconds(12'000));
  net.persisted.clear();
  // Before and after the true ones of the next height.
  CheckpointCosignature c;
  c.height = net.height(4) + 1;
  for (const std::int64_t at : {2'990, 3'080, 3'150})
    for (std::uint32_t v = 0; v < 4; ++v) net.post({v}, observer, encode(c), milliseconds(at));
  net.run_for(milliseconds(4'000));
  const auto newest = std::find_if(net.persisted.rbegin(), net.persisted.rend(), [](const auto& p) {
    return p.first == 4 && p.second.kind == RecordKind::checkpoint;
  });
  REQUIRE(newest != net.persisted.rend());
  ByteReader r(newest->second.record);
  CHECK(r.u64() == net.height(4));
  r.u64();
  const std::string note = text_of(r.sized());
  CHECK(std::count(note.begin(), note.end(), '\n') == 5 + 1 + 4);
}

namespace {

constexpr SubjectKey restricted{7};

Ed25519Signer& account_signer() {
  static Ed25519Signer key(Rng(21).bytes32());
  return key;
}

// By the net's registrar: a home behind gateway 0.
Transaction registered_home(const ValidatorNet& net) {
  market::Registration r;
  r.account.bytes.fill(1);
  r.account_key = account_signer().public_key();
  r.max_power_w = 43'000;
  Transaction tx;
  tx.kind = TransactionKind::registration;
  market::add_openings(tx.openings, {r, restricted});
  tx.root = openings_root(tx.openings);
  tx.body = market::encode(market::RegistrationBody{{0}, 1, {}});
  Ed25519Signer registrar(Rng(7).bytes32());
  sign_entry(tx, net.chain_id(), registrar);
  return tx;
}
Transaction changed_account(const ValidatorNet& net, std::uint32_t slot) {
  market::KeyChange change{{}, {0}, market::KeyOf::account, {slot}, {}, {}};
  change.account.bytes.fill(1);
  change.next_key = Ed25519Signer(Rng(22).bytes32()).public_key();
  Ed25519Signer registrar(Rng(7).bytes32());
  return market::key_change_of(net.chain_id(), {0}, change, restricted, &account_signer(),
                               registrar);
}

}  // namespace

TEST_CASE("a gateway is told which contracts of its homes the ledger has, whoever brought them") {
  ValidatorNet net;
  const NodeId gateway = net.directory().gateway(0);
  std::map<std::uint32_t, std::vector<std::uint32_t>> told;  // numbers, by validator
  net.on_send = [&](std::uint32_t n, const Send& send) {
    if (kind_of(send.bytes) != MessageKind::contracts) return;
    CHECK(send.to == gateway);
    const auto known = decode_contracts_on_ledger(send.bytes.view().subspan(1));
    REQUIRE(known);
    REQUIRE(known->size() == 1);
    CHECK(known->begin()->first == std::pair{MeterId{0}, market::Template::hold_tokens});
    told[n].push_back(known->begin()->second);
  };
  const auto say = [&](const Transaction& tx, std::uint32_t v) {
    net.post(gateway, {v}, frame(MessageKind::transaction, tx.encode()));
  };
  const auto contract = [&](std::uint32_t number, std::uint32_t first) {
    market::Contract c;
    c.account.bytes.fill(1);
    c.first_slot = {first};
    c.end_slot = {UINT32_MAX};
    c.number = number;
    c.of = market::Template::hold_tokens;
    return market::contract_of(net.chain_id(), c, restricted, account_signer());
  };
  for (std::uint32_t v = 0; v < 4; ++v) say(registered_home(net), v);
  say(contract(1, 2), 2);
  net.run_for(milliseconds(100));
  CHECK(told.empty());  // nothing is on the ledger yet
  net.run_for(seconds(25));
  for (std::uint32_t v = 0; v < 4; ++v) CHECK(told[v] == std::vector<std::uint32_t>{1});
  // Said again for a later slot, by who has not heard; also to a next life.
  net.down(3);
  net.up(3);
  for (std::uint32_t v = 0; v < 4; ++v) say(contract(1, 3), v);
  net.run_for(milliseconds(100));
  for (std::uint32_t v = 0; v < 4; ++v) CHECK(told[v] == std::vector<std::uint32_t>{1, 1});
  CHECK(net.node(0).mempool().ordered().empty());
  // A newer one answers for those before.
  say(contract(5, 4), 0);
  net.run_for(seconds(25));
  for (std::uint32_t v = 0; v < 4; ++v) CHECK(told[v] == std::vector<std::uint32_t>{1, 1, 5});
  say(contract(4, 5), 1);
  net.run_for(milliseconds(100));
  CHECK(told[1] == std::vector<std::uint32_t>{1, 1, 5, 5});
  // Nobody else is told anything.
  net.post(net.directory().observer(), {0},
           frame(MessageKind::transaction, contract(1, 3).encode()));
  net.run_for(milliseconds(100));
  CHECK(told[0].size() == 3);
}

TEST_CASE("a gateway is told of its points' papers that the ledger has, whoever brought them") {
  ValidatorNet net;
  const NodeId gateway = net.directory().gateway(0);
  std::map<std::uint32_t, int> told;
  const Transaction paper = changed_account(net, 2);
  net.on_send = [&](std::uint32_t n, const Send& send) {
    if (kind_of(send.bytes) != MessageKind::on_ledger) return;
    CHECK(send.to == gateway);
    CHECK(to_bytes(send.bytes.view().subspan(1)) == paper.encode());
    ++told[n];
  };
  const auto say = [&](const Transaction& tx, std::uint32_t v) {
    net.post(gateway, {v}, frame(MessageKind::transaction, tx.encode()));
  };
  for (std::uint32_t v = 0; v < 4; ++v) say(registered_home(net), v);
  net.run_until(Instant{} + seconds(12));
  CHECK(told.empty());
  say(paper, 2);
  net.run_for(seconds(25));
  CHECK(told == std::map<std::uint32_t, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}});
  // Said again, by who has not heard; and with any word of progress, also by a next life.
  say(paper, 1);
  net.run_for(milliseconds(100));
  CHECK(told[1] == 3);
  net.down(3);
  net.up(3);
  say(registered_home(net), 3);
  net.run_for(milliseconds(100));
  CHECK(told[3] == 2);
  // Another one in its place is none that the ledger has.
  say(changed_account(net, 3), 0);
  net.run_for(milliseconds(100));
  CHECK(told[0] == 1);
}
