// A fleet and its gateway by themselves: what reaches the validators, and what faults lead to.

#include <doctest/doctest.h>

#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "twin/node/fleet_node.hpp"
#include "twin/node/gateway_node.hpp"

using namespace twin;
using namespace ledger;

namespace {

constexpr std::int64_t batch_ms = 60'000;

// One home behind one gateway, 5-second readings of a steady 720 W: 1 Wh each.
class Bench {
 public:
  Bench()
      : home_key_(Rng(1).bytes32()),
        account_key_(Rng(2).bytes32()),
        gateway_key_(Rng(3).bytes32()) {
    Genesis g;
    g.name = "bench";
    g.validators = {Ed25519Signer(Rng(4).bytes32()).public_key()};
    g.gateways = {gateway_key_.public_key()};
    g.mechanism = "uniform";
    const Directory directory{1, 1};
    FleetMeter meter;
    meter.account = account_;
    meter.personal_key = personal_;
    meter.restricted_key = restricted_;
    meter.meter_signer = &home_key_;
    meter.account_signer = &account_key_;
    fleet_ = std::make_unique<FleetNode>(FleetConfig{0, directory, g, {meter}});
    GatewayConfig config;
    config.directory = directory;
    config.genesis = g;
    config.alert_limits.transformer_w = 100'000;
    config.meters = {{{0},
                      false,
                      account_,
                      home_key_.public_key(),
                      personal_,
                      restricted_,
                      {48'000, 5000},
                      {},
                      {}}};
    gateway_ = std::make_unique<GatewayNode>(config, gateway_key_, verifier_);
  }

  // Lets time pass; `bend` may change a sample, or drop it by giving false, and `wire` a message.
  template <class Bend, class Wire>
  void run(int intervals, Bend&& bend, Wire&& wire) {
    for (int i = 0; i < intervals; ++i) {
      ++k_;
      const Instant now = Instant{} + seconds(5 * k_);
      MeterSample s{0, now, {1000 * std::int64_t{k_}}, {}, 720, 231};
      std::vector<MeterSample> samples;
      if (bend(s)) samples.push_back(s);
      Outbox out;
      fleet_->step(now, Inputs{{}, samples}, out);
      std::vector<PeerMessage> messages;
      for (const auto& e : out.effects())
        if (const auto* send = std::get_if<Send>(&e)) messages.push_back({{3}, send->bytes});
      for (PeerMessage& m : messages) wire(m.bytes);
      take(now, messages);
      take(now + seconds(3), {});
    }
  }
  void run(int intervals) {
    run(
        intervals, [](MeterSample&) { return true; }, [](Bytes&) {});
  }

  void take(Instant now, const std::vector<PeerMessage>& messages) {
    Outbox out;
    gateway_->step(now, Inputs{messages, {}}, out);
    for (const auto& e : out.effects()) {
      if (const auto* send = std::get_if<Send>(&e)) {
        const auto tx = decode_transaction(BytesView(send->bytes).subspan(1));
        REQUIRE(tx.has_value());
        if (tx->kind == TransactionKind::batch) batches.push_back(*decode_batch(tx->body));
        if (tx->kind == TransactionKind::marks) marks.push_back(*tx);
      }
      if (const auto* event = std::get_if<Event>(&e)) {
        if (const auto* judged = std::get_if<Judged>(event)) verdict |= judged->verdict;
        if (const auto* refused = std::get_if<Refused>(event)) refusals.push_back(refused->why);
        if (const auto* alert = std::get_if<AlertRaised>(event))
          alerts.push_back(ai::name_of(alert->alert.kind) + (alert->cleared ? " over" : ""));
      }
      if (const auto* persist = std::get_if<Persist>(&e)) sealed += persist->record.size();
    }
  }

  std::vector<Batch> batches;
  std::vector<Transaction> marks;
  std::vector<std::string> refusals, alerts;
  Verdict verdict = 0;
  std::size_t sealed = 0;

 private:
  const AccountId account_{{1, 2, 3}};
  const SubjectKey personal_ = Rng(5).bytes32(), restricted_ = Rng(6).bytes32();
  Ed25519Signer home_key_, account_key_, gateway_key_;
  Ed25519Verifier verifier_;
  std::unique_ptr<FleetNode> fleet_;
  std::unique_ptr<GatewayNode> gateway_;
  int k_ = 0;
};

const Hash nothing = root_of({});

}  // namespace

TEST_CASE("an honest quarter hour: fifteen batches in a chain, one mark, no verdict, no alert") {
  Bench bench;
  bench.run(180);
  REQUIRE(bench.batches.size() == 15);
  for (std::size_t b = 0; b < 15; ++b) {
    CHECK(bench.batches[b].epoch == b + 1);
    CHECK(bench.batches[b].count == 12);
    CHECK(bench.batches[b].import_sum.value == hidden_sum);  // one home's
    CHECK(bench.batches[b].records == 1);
    CHECK(bench.batches[b].quarantine_root == nothing);
    CHECK((bench.batches[b].previous == Hash{}) == (b == 0));
  }
  REQUIRE(bench.marks.size() == 1);
  CHECK(market::decode_mark(bench.marks[0].openings[0].data)->import_register.value == 180'000);
  CHECK_FALSE(market::decode_mark(bench.marks[0].openings[0].data)->quarantined);
  CHECK(bench.verdict == 0);
  CHECK(bench.alerts.empty());
  CHECK(bench.refusals.empty());
  CHECK(bench.sealed > 15 * (144 + 12 * 23));
}

TEST_CASE("each fault has its rule, and what quarantines marks the slot") {
  struct Fault {
    std::string name;
    Rule rule;
    bool quarantined;
    std::function<bool(MeterSample&)> bend;
  };
  for (const Fault& f :
       std::vector<Fault>{{"scaled", Rule::counter_power, true,
                           [](MeterSample& s) { return (s.power_w *= 2, true); }},
                          {"beyond the fuse", Rule::power_range, true,
                           [](MeterSample& s) { return (s.power_w = 60'000, true); }},
                          {"low voltage", Rule::voltage_range, false,
                           [](MeterSample& s) { return (s.voltage_v = 200, true); }},
                          {"a minute ahead", Rule::time_apart, true,
                           [](MeterSample& s) { return (s.time = s.time + minutes(1), true); }},
                          {"falling register", Rule::counter_fell, true, [](MeterSample& s) {
                             s.import_register.value = 9'000'000 - s.import_register.value;
                             return true;
                           }}}) {
    CAPTURE(f.name);
    Bench bench;
    bench.run(180, f.bend, [](Bytes&) {});
    CHECK((bench.verdict & bit(f.rule)) != 0);
    if (f.quarantined)
      CHECK(std::any_of(bench.batches.begin(), bench.batches.end(),
                        [](const Batch& b) { return b.quarantine_root != nothing; }));
    if (!bench.marks.empty() && !bench.marks[0].openings.empty())
      CHECK(market::decode_mark(bench.marks[0].openings[0].data)->quarantined == f.quarantined);
  }
}

TEST_CASE("a minute changed on the wire fails its signature") {
  Bench bench;
  bench.run(
      24, [](MeterSample&) { return true; },
      [](Bytes& m) {
        if (m[0] == static_cast<std::uint8_t>(MessageKind::minute)) m[30] ^= 1;
      });
  CHECK((bench.verdict & bit(Rule::signature)) != 0);
}

TEST_CASE("a silent meter is told once, its batches say absent, and its return ends the alert") {
  Bench bench;
  bench.run(12);
  bench.run(
      36, [](MeterSample&) { return false; }, [](Bytes&) {});
  CHECK(bench.alerts == std::vector<std::string>{"silent_meter"});
  CHECK(bench.batches.back().count == 0);
  CHECK(bench.batches.back().records == 1);
  bench.run(24);
  CHECK(bench.alerts.back() == "silent_meter over");
}

TEST_CASE("garbage and strangers are refused, and the gateway goes on") {
  Bench bench;
  Rng rng(8);
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes(rng.below(60));
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng.next());
    if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(rng.below(7));
    bench.take(Instant{}, {{{3}, bytes}});
  }
  CHECK(bench.refusals.size() == 2000);
  bench.run(12);
  CHECK(bench.batches.size() == 1);
  CHECK(bench.batches[0].count == 12);
}
