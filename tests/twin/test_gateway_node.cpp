// A fleet and its gateway by themselves: what reaches the validators, and what faults lead to.

#include <doctest/doctest.h>

#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/gateway/gateway_record.hpp"
#include "twin/node/home/fleet_node.hpp"

using namespace twin;
using namespace ledger;

namespace {

constexpr std::int64_t batch_ms = 60'000;
constexpr NodeId the_home{3}, stranger{7};

// One home behind one gateway, 5-second readings of a steady 720 W: 1 Wh each.
class Bench {
 public:
  explicit Bench(std::size_t room = GatewayConfig{}.room, Signing signing = Signing::minute)
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
    fleet_config_ = {0, directory, g, {meter}, signing};
    restart_home();
    GatewayConfig& config = config_;
    config.directory = directory;
    config.genesis = g;
    config.transformer_w = 100'000;
    config.room = room;
    market::Registration home;
    home.account = account_;
    if (signing != Signing::gateway) home.meter_key = home_key_.public_key();
    home.account_key = account_key_.public_key();
    home.max_power_w = 48'000;
    config.meters = {{home, personal_, restricted_}};
    restart();
  }

  // The gateway loses its memory and goes on from its own records.
  void restart() {
    stopped = false;
    stop_after.reset();
    gateway_ = std::make_unique<GatewayNode>(config_, gateway_key_, verifier_, records);
  }

  void restart_home() { fleet_ = std::make_unique<FleetNode>(fleet_config_); }

  // A minute of the home, or of whoever has no key.
  Bytes minute(std::uint32_t first, std::vector<Reading> all, bool forged = false) {
    MeterMinute m;
    m.first_sequence = first;
    for (const Reading& r : all) m.readings.push_back(*encode(r));
    const Hash root = readings_root(personal_, m.meter, m.readings);
    m.signature = home_key_.sign(meter_signed_bytes(chain_id_of(config_.genesis), m.meter, first,
                                                    static_cast<std::uint16_t>(all.size()), root));
    if (forged) m.signature[5] ^= 1;
    return encode(m);
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
      std::vector<PeerMessage> heard;
      for (SharedBytes& a : std::exchange(answers, {})) heard.push_back({{2}, std::move(a)});
      if (answered) fleet_->step(now - milliseconds(1), Inputs{heard, {}}, out);
      fleet_->step(now, Inputs{{}, samples}, out);
      std::vector<PeerMessage> messages;
      for (const auto& e : out.effects()) {
        const auto* send = std::get_if<Send>(&e);
        if (!send) continue;
        Bytes bytes = to_bytes(send->bytes);
        wire(bytes);
        messages.push_back({{3}, std::move(bytes)});
      }
      take(now, messages);
      take(now + seconds(3), {});
    }
  }
  void run(int intervals) {
    run(
        intervals, [](MeterSample&) { return true; }, [](Bytes&) {});
  }

  void take(Instant now, const std::vector<PeerMessage>& messages) {
    if (stopped) return;
    Outbox out;
    gateway_->step(now, Inputs{messages, {}}, out);
    const bool posts = std::any_of(out.effects().begin(), out.effects().end(), [](const auto& e) {
      return std::holds_alternative<Persist>(e);
    });
    stopped = posts && stop_after.has_value();
    std::size_t left = stopped ? *stop_after : SIZE_MAX;
    for (const auto& e : out.effects()) {
      if (left-- == 0) return;
      if (const auto* send = std::get_if<Send>(&e); send && send->to == the_home) {
        answers.push_back(send->bytes);
        if (kind_of(send->bytes) == MessageKind::contracts) continue;
        const auto received = decode_received(send->bytes.view().subspan(1));
        REQUIRE(received);
        for (const MeterReceived& r : *received) told = std::max(told, r.sequence);
      } else if (send) {
        const auto tx = decode_transaction(send->bytes.view().subspan(1));
        REQUIRE(tx.has_value());
        if (tx->kind == TransactionKind::batch) {
          const Batch b = *decode_batch(tx->body);
          const auto [at, fresh] = entry_of_epoch.emplace(b.epoch, tx->entry());
          if (at->second != tx->entry()) ++second_batches;
          if (!fresh) ++said_again;
          if (fresh) batches.push_back(b);
          CHECK(now >= Instant{} + milliseconds(batch_ms) * b.epoch);
        }
        if (tx->kind == TransactionKind::marks) marks.push_back(*tx);
        contracts += tx->kind == TransactionKind::contract;
      }
      if (const auto* event = std::get_if<Event>(&e)) {
        if (const auto* judged = std::get_if<Judged>(event)) verdict |= judged->verdict;
        if (const auto* refused = std::get_if<Refused>(event)) refusals.push_back(refused->why);
        if (const auto* alert = std::get_if<AlertRaised>(event))
          alerts.push_back(ai::name_of(alert->alert.kind) + (alert->cleared ? " over" : ""));
      }
      if (const auto* persist = std::get_if<Persist>(&e)) take_persist(*persist);
    }
  }

  void take_persist(const Persist& persist) {
    records.keep(persist);
    if (persist.kind != RecordKind::personal_opening) return;
    sealed += persist.record.size();
    auto file = unseal_personal_file(chain_id_of(config_.genesis), personal_,
                                     BytesView(persist.record).subspan(24));
    REQUIRE(file);
    committed.push_back(std::move(file->front()));
  }

  void tell_progress(std::uint32_t epoch, std::uint32_t slots) {
    take(Instant{} + seconds(5 * k_), {{{0}, encode(LedgerProgress{epoch, slots})}});
  }

  // By the home, said to the gateway.
  void say_contract(std::uint32_t number) {
    market::Contract c;
    c.account = account_;
    c.first_slot = {5};
    c.end_slot = {UINT32_MAX};
    c.number = number;
    c.of = market::Template::hold_tokens;
    const Transaction tx =
        market::contract_of(chain_id_of(config_.genesis), c, restricted_, account_key_);
    take(Instant{} + seconds(5 * k_), {{the_home, frame(MessageKind::transaction, tx.encode())}});
  }
  void tell_contract(std::uint32_t meter, std::uint32_t number) {
    take(Instant{} + seconds(5 * k_),
         {{{0}, encode(ContractsOnLedger{{{{meter}, market::Template::hold_tokens}, number}})}});
  }

  void say_erased(NodeId by) {
    take(Instant{} + seconds(5 * k_), {{by, encode(ErasedAccounts{account_})}});
  }
  const AccountId& account() const { return account_; }

  std::optional<std::size_t> stop_after;  // effects of the next step that posts a batch
  bool stopped = false;
  MemoryRecords records;
  std::vector<PersonalRecord> committed;
  std::map<std::uint32_t, Bytes> entry_of_epoch;
  int second_batches = 0;  // other batches for an epoch that has one
  int said_again = 0;      // the same batch once more
  std::uint32_t told = 0;  // the newest sequence that the home was told to be on disk
  std::vector<Batch> batches;
  std::vector<Transaction> marks;
  int contracts = 0;                 // that it carried
  std::vector<SharedBytes> answers;  // to the home, that it has not heard
  bool answered = true;              // or whether it hears any
  std::vector<std::string> refusals, alerts;
  Verdict verdict = 0;
  std::size_t sealed = 0;

 private:
  const AccountId account_{{1, 2, 3}};
  const SubjectKey personal_ = Rng(5).bytes32(), restricted_ = Rng(6).bytes32();
  Ed25519Signer home_key_, account_key_, gateway_key_;
  Ed25519Verifier verifier_;
  GatewayConfig config_;
  FleetConfig fleet_config_;
  std::unique_ptr<FleetNode> fleet_;
  std::unique_ptr<GatewayNode> gateway_;
  int k_ = 0;
};

const Hash nothing = root_of({});

}  // namespace

TEST_CASE(
    "an honest quarter hour: fifteen batches in a chain, one mark, no "
    "verdict, no alert") {
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

TEST_CASE("a contract is carried until the ledger has it, which its home is told") {
  Bench bench;
  const auto told = [&] {
    std::vector<ContractsOnLedger> out;
    for (const SharedBytes& a : std::exchange(bench.answers, {}))
      out.push_back(*decode_contracts_on_ledger(a.view().subspan(1)));
    return out;
  };
  const auto up_to = [](std::uint32_t number) {
    return std::vector<ContractsOnLedger>{{{{{0}, market::Template::hold_tokens}, number}}};
  };
  bench.say_contract(2);
  bench.say_contract(2);
  CHECK(bench.contracts == 2);
  CHECK(told().empty());
  bench.tell_contract(1, 2);  // a meter of another gateway
  bench.tell_contract(0, 1);
  CHECK(told() == up_to(1));
  bench.say_contract(2);
  CHECK(bench.contracts == 3);
  bench.tell_contract(0, 2);
  bench.tell_contract(0, 2);
  CHECK(told() == up_to(2));
  bench.say_contract(2);
  CHECK(bench.contracts == 3);
  CHECK(told() == up_to(2));
  // A next life carries it again, and is told again.
  bench.restart();
  bench.say_contract(2);
  CHECK(bench.contracts == 4);
  bench.tell_contract(0, 2);
  CHECK(told() == up_to(2));
  CHECK(bench.refusals.empty());
  bench.take(Instant{}, {{{0}, frame(MessageKind::contracts, {})}});
  CHECK(bench.refusals.size() == 1);
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

namespace {

const auto every_sample = [](MeterSample&) { return true; };

Bytes first_minute_of(Bench& bench) {
  Bytes old;
  bench.run(12, every_sample, [&](Bytes& m) {
    if (m[0] == static_cast<std::uint8_t>(MessageKind::minute)) old = m;
  });
  REQUIRE_FALSE(old.empty());
  return old;
}

}  // namespace

TEST_CASE("a replayed minute makes no record, from whomever it comes") {
  for (const NodeId from : {the_home, stranger}) {
    Bench bench;
    const Bytes old = first_minute_of(bench);
    bench.run(12);
    for (int i = 0; i < 50; ++i) bench.take(Instant{} + seconds(123), {{from, old}});
    bench.take(Instant{} + seconds(183), {});
    REQUIRE(bench.committed.size() == 3);
    CHECK(bench.batches.back().count == 0);
    CHECK(bench.committed.back().record.verdict == bit(Rule::absent));
    bench.committed.pop_back();
    CHECK(bench.refusals.size() == (from == stranger ? 50 : 0));
    for (const PersonalRecord& p : bench.committed) {
      CHECK(p.record.import_register == decode_reading(p.readings.back()).import_register);
      CHECK(p.record.verdict == 0);
    }
  }
}

TEST_CASE("forged minutes are committed at most, and nothing is taken from them") {
  const std::int64_t most = (std::int64_t{1} << 40) - 1;
  for (const bool alone : {true, false}) {
    Bench bench;
    bench.run(24);
    const Bytes forged =
        bench.minute(0xffff'fffe, {{0xffff'fffe, 120'000 + 60'000, {most}, {}, 0, 230}}, true);
    bench.take(Instant{} + seconds(124), {{the_home, forged}});
    bench.take(Instant{} + seconds(125), {{stranger, forged}});
    bench.run(
        12, [&](MeterSample&) { return !alone; }, [](Bytes&) {});
    REQUIRE(bench.committed.size() == 3);
    const MeterRecord& third = bench.committed[2].record;
    CHECK(third.verdict == (alone ? bit(Rule::signature) : 0));
    CHECK(third.import_register.value == (alone ? 24'000 : 36'000));
    CHECK(bench.batches[2].records == 1);
    CHECK(bench.batches[2].count == (alone ? 0 : 12));
    CHECK(bench.batches[2].first_sequence == (alone ? 0u : 25u));
    CHECK(bench.batches[2].last_sequence == (alone ? 0u : 36u));
    bench.run(144);
    REQUIRE(bench.marks.size() == 1);
    const auto mark = *market::decode_mark(bench.marks[0].openings[0].data);
    CHECK(mark.import_register.value == 180'000);
    CHECK(mark.quarantined == alone);
  }
}

TEST_CASE("no batch is posted before its interval has ended, whatever is sent") {
  Bench bench;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const Reading r{500 + i, 60'000, {}, {}, 0, 230};
    bench.take(Instant{} + seconds(1), {{the_home, bench.minute(500 + i, {r})}});
    bench.take(Instant{} + seconds(1), {{the_home, bench.minute(5000 + i, {r}, true)}});
  }
  CHECK(bench.batches.empty());
  bench.take(Instant{} + seconds(61), {});
  CHECK(bench.batches.size() == 1);
  CHECK(bench.batches[0].last_sequence == 500);  // the first one waits
  bench.take(Instant{} + seconds(119), {});
  CHECK(bench.batches.size() == 1);
}

TEST_CASE("a minute that comes late goes into the next batch, with what is newer by then") {
  Bench bench;
  std::vector<Bytes> held;
  const auto hold = [&](Bytes& m) {
    if (m[0] == static_cast<std::uint8_t>(MessageKind::minute)) m.swap(held.emplace_back());
  };
  bench.run(12, every_sample, hold);
  REQUIRE(held.size() == 1);
  CHECK(bench.batches.size() == 1);
  bench.refusals.clear();
  SUBCASE("alone") {
    bench.take(Instant{} + seconds(65), {{the_home, held[0]}});
    bench.run(12, every_sample, hold);
    CHECK(bench.batches[1].first_sequence == 1);
    CHECK(bench.batches[1].last_sequence == 12);
    CHECK((bench.verdict & bit(Rule::time_informative)) != 0);
  }
  SUBCASE("with the next") {
    bench.take(Instant{} + seconds(65), {{the_home, held[0]}});
    bench.run(12);
    CHECK(bench.batches[1].first_sequence == 1);
    CHECK(bench.batches[1].last_sequence == 24);
    CHECK(bench.refusals.empty());
    CHECK(bench.verdict == bit(Rule::absent));  // of the first batch
  }
}

TEST_CASE(
    "a gateway restarted after any of its effects posts one batch an "
    "epoch, in one chain") {
  for (std::size_t effects = 0; effects < 5; ++effects) {
    CAPTURE(effects);
    Bench bench;
    bench.run(84);
    bench.stop_after = effects;  // of the step that posts the eighth batch
    bench.run(12);
    REQUIRE(bench.stopped);
    bench.restart();
    bench.run(84);
    CHECK(bench.second_batches == 0);
    CHECK(bench.batches.size() == 15);
    for (std::size_t b = 1; b < bench.batches.size(); ++b) {
      CHECK(bench.batches[b].epoch == b + 1);
      CHECK(bench.batches[b].previous ==
            sha256(bench.entry_of_epoch[static_cast<std::uint32_t>(b)]));
    }
    REQUIRE_FALSE(bench.marks.empty());
    CHECK(market::decode_mark(bench.marks[0].openings[0].data)->import_register.value == 180'000);
  }
}

TEST_CASE("what comes after a gateway stood still is of the interval that it comes in") {
  Bench bench;
  bench.run(24);
  bench.stopped = true;
  bench.run(47);
  bench.restart();
  bench.committed.clear();
  bench.run(1);  // brings the sixth minute
  REQUIRE(bench.batches.size() == 6);
  REQUIRE(bench.committed.size() == 5);  // the second's again, first
  for (std::size_t b = 1; b < 4; ++b) {
    const MeterRecord& absence = bench.committed[b].record;
    CHECK(absence.verdict == bit(Rule::absent));
    CHECK(absence.first_sequence == 25);
    CHECK(absence.end_time_ms == 120'000);
    CHECK(absence.import_register.value == 24'000);
    CHECK(bench.batches[b + 1].count == 0);
  }
  CHECK(bench.committed[4].record.epoch == 6);
  CHECK(bench.committed[4].record.verdict == 0);
  CHECK(bench.committed[4].record.first_sequence == 25);
  CHECK(bench.committed[4].record.count == 48);
  CHECK(bench.committed[4].record.import_register.value == 72'000);
}

TEST_CASE("a minute whose sequences run out or begin at nothing is refused") {
  for (const std::uint32_t first : {0u, 0xffff'ffffu}) {
    Bench bench;
    const std::vector<Reading> two(2, {7, 5000, {}, {}, 0, 230});
    bench.take(Instant{} + seconds(5), {{the_home, bench.minute(first, two)}});
    REQUIRE(bench.refusals.size() == 1);
    CHECK(bench.refusals[0].find("sequences run from 1") != std::string::npos);
  }
}

TEST_CASE("a gateway record that does not hold is told and not used") {
  Bench bench;
  bench.run(36);
  const Bytes whole = *bench.records.newest(RecordKind::gateway);
  REQUIRE(decode_gateway_record(whole));
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    Bytes bad = whole;
    bad[at] ^= 8;
    CHECK_FALSE(decode_gateway_record(bad));
    CHECK_FALSE(decode_gateway_record(BytesView(whole).first(at)));
  }
  Bytes bad = whole;
  bad[40] ^= 8;
  bench.records.keep({RecordKind::gateway, bad, true});
  bench.restart();
  bench.refusals.clear();
  bench.take(Instant{} + seconds(181), {});
  REQUIRE_FALSE(bench.refusals.empty());
  CHECK(bench.refusals[0] == "gateway record is damaged");
}

namespace {

// Every sequence that was committed, batch by batch; a batch kept again after a restart counts
// once.
std::vector<std::uint32_t> committed_sequences(const Bench& bench) {
  std::map<std::uint32_t, const PersonalRecord*> by_epoch;
  for (const PersonalRecord& p : bench.committed) by_epoch[p.record.epoch] = &p;
  std::vector<std::uint32_t> out;
  for (const auto& [epoch, p] : by_epoch)
    for (const ReadingBytes& r : p->readings) out.push_back(decode_reading(r).sequence);
  return out;
}

}  // namespace

TEST_CASE("a gateway stopped at any effect, many times: what it said it has is committed once") {
  Rng rng(11);
  Bench bench;
  for (int stop = 0; stop < 60; ++stop) {
    bench.answered = rng.below(3) != 0;
    bench.run(1 + static_cast<int>(rng.below(30)));
    bench.stop_after = rng.below(6);
    bench.run(13);
    CHECK(bench.stopped);
    bench.run(static_cast<int>(rng.below(40)));
    bench.restart();
  }
  bench.answered = true;
  bench.run(25);
  const std::vector<std::uint32_t> all = committed_sequences(bench);
  REQUIRE(all.size() > 1'000);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == i + 1);
  CHECK(bench.told > 1'000);
  CHECK(bench.told <= all.size());
  CHECK(bench.second_batches == 0);
  CHECK(bench.verdict == bit(Rule::absent) * (bench.verdict != 0));
}

TEST_CASE("a gateway without room takes no minute, and its meter keeps until there is some") {
  Bench bench(1'500);
  bench.run(12 * 12);
  const auto full = std::count_if(bench.refusals.begin(), bench.refusals.end(), [](const auto& r) {
    return r.find("no room") != std::string::npos;
  });
  CHECK(full > 2);
  CHECK(bench.batches.back().count == 0);
  bench.tell_progress(12, 0);
  bench.run(12);
  CHECK(bench.batches.back().count > 24);
  const std::vector<std::uint32_t> all = committed_sequences(bench);
  REQUIRE(all.size() == 13 * 12);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == i + 1);
}

TEST_CASE("a meter keeps five hours; what is older is lost and its sequences show the gap") {
  Bench bench;
  bench.run(12);
  bench.stopped = true;
  bench.run(3'700);
  bench.restart();
  bench.verdict = 0;
  bench.run(8);
  CHECK(bench.batches.back().first_sequence == 12 + 3'708 - 3'600 + 1);
  CHECK(bench.batches.back().count == 3'600);
  CHECK((bench.verdict & ~bit(Rule::absent)) == bit(Rule::sequence_gap));
}

TEST_CASE("what the ledger is not known to have is said again, also by a next life") {
  Bench bench;
  bench.run(12 * 8);
  CHECK(bench.said_again > 0);
  bench.tell_progress(7, 0);
  bench.run(12);
  bench.said_again = 0;
  bench.restart();
  bench.run(1);
  CHECK(bench.said_again == 2);  // the eighth and the ninth
  bench.tell_progress(9, 0);
  bench.run(11);
  bench.tell_progress(10, 0);
  bench.said_again = 0;
  bench.run(12 * 3);
  CHECK(bench.said_again == 0);
  bench.refusals.clear();
  bench.take(Instant{} + seconds(790), {{{1}, encode(LedgerProgress{9, 9})},
                                        {{0}, encode(std::vector<MeterReceived>{})},
                                        {{0}, {}}});
  CHECK(bench.refusals.size() == 3);
}

TEST_CASE("f validators alone do not make a gateway forget") {
  Unconfirmed kept(4);
  kept.add({{3, 0}, Bytes{1}, Instant{}});
  kept.add({{0, 2}, Bytes{2, 2}, Instant{}});
  kept.told({0}, {9, 9});
  kept.told({0}, {10, 10});
  CHECK(kept.all().size() == 2);
  kept.told({1}, {2, 2});
  REQUIRE(kept.all().size() == 1);
  CHECK(kept.bytes() == 1);
  kept.told({1}, {1, 1});
  kept.told({2}, {2, 2});
  CHECK(kept.all().size() == 1);
  CHECK(kept.again(Instant{5}, Instant{-1}, 9).empty());
  CHECK(kept.again(Instant{5}, Instant{}, 9).size() == 1);
  CHECK(kept.again(Instant{5}, Instant{}, 9).empty());
  kept.told({3}, {3, 0});
  CHECK(kept.all().empty());
  CHECK(kept.bytes() == 0);
}

TEST_CASE("papers that the ledger never takes keep neither batches nor other papers waiting") {
  Unconfirmed kept(1);
  for (std::uint8_t p = 0; p < 5; ++p) kept.add({{0, UINT32_MAX}, Bytes{1, p}, Instant{}, true});
  for (std::uint8_t epoch = 1; epoch <= 3; ++epoch) kept.add({{epoch, 0}, Bytes{2, epoch}, {}});
  std::set<Bytes> said;
  for (std::int64_t round = 1; round <= 3; ++round) {
    const auto again = kept.again(Instant{round}, Instant{round - 1}, 2);
    REQUIRE(again.size() == 4);
    CHECK(again[2][1] == 1);
    CHECK(again[3][1] == 2);
    for (const SharedBytes& m : again) said.insert(to_bytes(m));
    kept.told({0}, {0, 9});
  }
  CHECK(said.size() == 5 + 2);
  kept.told({0}, {2, 9});
  CHECK(to_bytes(kept.again(Instant{9}, Instant{8}, 2).back()) == Bytes{2, 3});
}

TEST_CASE("a meter that counts anew learns its count from its gateway") {
  Bench bench;
  bench.run(24);
  bench.restart_home();
  bench.run(36);
  CHECK(bench.batches.back().last_sequence == 60);
  const std::vector<std::uint32_t> all = committed_sequences(bench);
  REQUIRE(all.size() == 60);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == i + 1);
}

namespace {

bool is_minute(const Bytes& m) { return m[0] == static_cast<std::uint8_t>(MessageKind::minute); }

}  // namespace

TEST_CASE(
    "meters sign each reading, a root, or nothing: the same batches, and the proof that goes with "
    "it") {
  for (const Signing signing : {Signing::minute, Signing::reading, Signing::gateway}) {
    CAPTURE(static_cast<int>(signing));
    Bench bench(GatewayConfig{}.room, signing);
    std::size_t minutes = 0;
    bench.run(180, every_sample, [&](Bytes& m) { minutes += is_minute(m) ? 1 : 0; });
    CHECK(minutes == (signing == Signing::reading ? 180 : 15));
    CHECK(bench.verdict == 0);
    CHECK(bench.refusals.empty());
    REQUIRE(bench.committed.size() == 15);
    CHECK(bench.marks.size() == 1);
    for (const PersonalRecord& p : bench.committed) {
      CHECK(p.record.count == 12);
      CHECK(p.each.size() == (signing == Signing::reading ? 12 : 0));
      CHECK((p.record.signature == Signature{}) == (signing != Signing::minute));
    }
  }
}

TEST_CASE("of readings that are signed one by one, what an outage took comes again, once") {
  Bench bench(GatewayConfig{}.room, Signing::reading);
  bench.run(30);
  bench.stopped = true;
  bench.run(40);
  bench.restart();
  Rng rng(12);
  for (int i = 0; i < 40; ++i) {
    bench.answered = rng.below(3) != 0;
    bench.run(7, every_sample, [&](Bytes& m) {
      if (is_minute(m) && rng.below(6) == 0) m = Bytes{9};  // lost
    });
  }
  bench.answered = true;
  bench.run(27);
  const std::vector<std::uint32_t> all = committed_sequences(bench);
  REQUIRE(all.size() > 350);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == i + 1);
}

TEST_CASE("a reading that is changed, or not signed where a key is registered, is quarantined") {
  for (const Signing signing : {Signing::reading, Signing::gateway}) {
    CAPTURE(static_cast<int>(signing));
    Bench bench(GatewayConfig{}.room, signing);
    bench.run(12, every_sample, [&](Bytes& m) {
      if (!is_minute(m)) return;
      MeterMinute minute = *decode_minute(BytesView(m).subspan(1));
      if (signing == Signing::reading) minute.readings.back()[20] ^= 1;
      if (signing == Signing::gateway) minute.signature[3] = 1;  // of nobody
      m = encode(minute);
    });
    CHECK((bench.verdict & bit(Rule::signature)) != 0);
    CHECK(bench.batches.back().count == 0);
  }
  Bench bench;
  bench.run(12, every_sample, [&](Bytes& m) {
    if (!is_minute(m)) return;
    MeterMinute minute = *decode_minute(BytesView(m).subspan(1));
    minute.signature = {};
    m = encode(minute);
  });
  CHECK((bench.verdict & bit(Rule::signature)) != 0);
}

TEST_CASE(
    "a meter that gives its registers now and then is flagged for gaps, and all of it counts") {
  using Given = MeterSample::Given;
  Bench bench;
  MilliWattHours last;
  int k = 0;
  // Each 7th interval, and held at a batch's end; then, directly behind a held one, each.
  bench.run(
      180,
      [&](MeterSample& s) {
        ++k;
        s.given = k > 48 || k % 7 == 0 ? Given::measured
                  : k % 12 == 0        ? Given::held
                                       : Given::nothing;
        if (s.given == Given::measured) last = s.import_register;
        if (s.given == Given::held) s.power_w = 0;
        s.import_register = last;
        return true;
      },
      [](Bytes&) {});
  CHECK((bench.verdict & quarantining) == 0);
  CHECK((bench.verdict & bit(Rule::sequence_gap)) != 0);
  REQUIRE(bench.marks.size() == 1);
  const auto mark = market::decode_mark(bench.marks[0].openings.at(0).data);
  REQUIRE(mark);
  CHECK(mark->import_register.value == 180'000);
  CHECK_FALSE(mark->quarantined);
}

// Its validators are one: its word is enough.
TEST_CASE("of an account that is erased a gateway keeps no reading, takes none and says absent") {
  Bench bench;
  bench.run(30);
  REQUIRE(bench.committed.size() == 2);
  const std::uint32_t told = bench.told;
  const auto before = decode_gateway_record(*bench.records.newest(RecordKind::gateway));
  REQUIRE(before->meters[0].memory.last);
  const ReadingBytes last = *encode(*before->meters[0].memory.last);
  const auto holds = [&](const Bytes& bytes) {
    return std::search(bytes.begin(), bytes.end(), last.begin(), last.end()) != bytes.end();
  };
  CHECK(holds(*bench.records.newest(RecordKind::gateway)));
  bench.say_erased(the_home);
  bench.say_erased(stranger);
  CHECK(!bench.records.newest(RecordKind::erased));

  bench.refusals.clear();
  bench.say_erased({0});
  const auto check_forgotten = [&] {
    const Bytes record = *bench.records.newest(RecordKind::gateway);
    const auto after = decode_gateway_record(record);
    CHECK(!holds(record));
    CHECK(!after->meters[0].memory.last);
    CHECK(!after->meters[0].memory.usual);
    CHECK(!after->meters[0].memory.slot_end);
    CHECK(after->meters[0].memory.good_import.value == 0);
    CHECK(after->personal_openings.empty());
    CHECK(*bench.records.newest(RecordKind::erased) ==
          Bytes(bench.account().bytes.begin(), bench.account().bytes.end()));
  };
  check_forgotten();
  for (const bool again : {false, true}) {
    if (again) bench.restart();
    const std::size_t batches = bench.batches.size();
    bench.run(180);
    CHECK(bench.batches.size() >= batches + 14);
    CHECK(bench.batches.back().records == 1);
    CHECK(bench.batches.back().count == 0);
    CHECK(bench.committed.size() == 2);
    CHECK(bench.told == told);
    check_forgotten();
  }
  for (const Transaction& marks : bench.marks) CHECK(marks.openings.empty());
  CHECK(bench.refusals.empty());
}
