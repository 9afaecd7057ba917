// A home, its gateway and four oracles: what is asked, what is attested and what is refused.

#include <doctest/doctest.h>

#include "ledger/merkle/log_tree.hpp"
#include "twin/node/attack/hostile_oracle.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/home/fleet_node.hpp"
#include "twin/node/validator/oracle_watch.hpp"

using namespace twin;
using namespace ledger;
using Lie = OracleFault::Lie;

namespace {

constexpr std::uint32_t oracles = 4, attesters = 3;
constexpr NodeId a_validator{0}, the_gateway{2}, the_home{3};

Ed25519Signer& key_of(const std::string& who) {
  static std::map<std::string, std::unique_ptr<Ed25519Signer>> all;
  auto& key = all[who];
  if (!key) key = std::make_unique<Ed25519Signer>(Rng(1).fork(who).bytes32());
  return *key;
}
Ed25519Signer& oracle_key(std::uint32_t o) { return key_of("oracle " + std::to_string(o)); }

// Slots of two minutes, batches of one, a steady 720 W.
class Bench {
 public:
  Bench() {
    genesis.name = "bench";
    genesis.slot_ms = 120'000;
    genesis.validators = {key_of("validator").public_key()};
    genesis.gateways = {key_of("gateway").public_key()};
    genesis.metering_operator = key_of("metering operator").public_key();
    for (std::uint32_t o = 0; o < oracles; ++o)
      genesis.oracles.push_back(oracle_key(o).public_key());
    genesis.attesters = attesters;
    genesis.mechanism = "uniform";
    home.account.bytes.fill(7);
    home.meter_key = key_of("meter").public_key();
    home.account_key = key_of("account").public_key();
    home.max_power_w = 48'000;
    FleetMeter meter;
    meter.account = home.account;
    meter.personal_key = personal;
    meter.restricted_key = restricted;
    meter.meter_signer = &key_of("meter");
    meter.account_signer = &key_of("account");
    fleet =
        std::make_unique<FleetNode>(FleetConfig{0, directory, genesis, {meter}, Signing::minute});
    restart();
    for (std::uint32_t o = 0; o < oracles; ++o) seats.push_back(oracle(o));
  }

  void restart() {
    GatewayConfig c;
    c.directory = directory;
    c.genesis = genesis;
    c.transformer_w = 100'000;
    c.meters = {{home, personal, restricted}};
    gateway = std::make_unique<GatewayNode>(c, key_of("gateway"), verifier, records);
  }
  OracleConfig config(std::uint32_t o) const {
    OracleConfig c;
    c.oracle = o;
    c.directory = directory;
    c.chain_id = chain_id_of(genesis);
    return c;
  }
  std::unique_ptr<Node> oracle(std::uint32_t o) {
    return std::make_unique<OracleNode>(
        config(o), oracle_key(o),
        std::make_unique<market::Attestor>(genesis, std::vector{home}, verifier));
  }
  void let_lie(std::uint32_t o, Lie lie) {
    OracleFault fault;
    fault.length = hours(1);
    fault.lie = lie;
    seats[o] = std::make_unique<HostileOracle>(std::move(seats[o]), config(o), std::vector{fault},
                                               oracle_key(o));
  }

  // Minutes of readings; what the gateway asks reaches the oracles unless they are cut off.
  void run(int minutes) {
    for (int i = 0; i < 12 * minutes; ++i) {
      now = now + seconds(5);
      ++k;
      const MeterSample s{0, now, {1000 * k}, {}, 720, 231};
      Outbox out;
      const auto answers = std::exchange(to_home, {});
      fleet->step(now, Inputs{answers, std::span(&s, 1)}, out);
      for (const Effect& e : out.effects())
        if (const auto* send = std::get_if<Send>(&e)) hear(the_home, send->bytes);
    }
  }
  void hear(NodeId from, const SharedBytes& message) {
    Outbox out;
    const PeerMessage m{from, message};
    gateway->step(now, Inputs{std::span(&m, 1), {}}, out);
    take(out);
  }
  void take(const Outbox& out) {
    for (const Effect& e : out.effects()) {
      if (const auto* event = std::get_if<Event>(&e)) events.push_back(*event);
      if (const auto* persist = std::get_if<Persist>(&e)) records.keep(*persist);
      const auto* send = std::get_if<Send>(&e);
      if (!send) continue;
      if (send->to == a_validator && kind_of(send->bytes) == MessageKind::transaction)
        posted.push_back(*decode_transaction(send->bytes.view().subspan(1)));
      if (send->to == the_home) to_home.push_back({the_gateway, send->bytes});
      if (directory.is_oracle(send->to))
        ask(send->to.value - directory.oracle(0).value, send->bytes);
    }
  }
  void ask(std::uint32_t o, const SharedBytes& request) {
    asked.push_back(to_bytes(request));
    if (cut_off) return;
    Outbox out;
    const PeerMessage m{the_gateway, request};
    seats[o]->step(now, Inputs{std::span(&m, 1), {}}, out);
    for (const Effect& e : out.effects()) {
      if (const auto* event = std::get_if<Event>(&e)) events.push_back(*event);
      if (const auto* send = std::get_if<Send>(&e)) hear(directory.oracle(o), send->bytes);
    }
  }
  // One of each entry: what the validators do not confirm is said again.
  std::vector<Attestation> attestations() const {
    std::map<AttestedEntry, Attestation> out;
    for (const Transaction& tx : posted)
      if (tx.kind == TransactionKind::attestation) {
        const Attestation a = *decode_attestation(tx.body);
        out.emplace(a.what, a);
      }
    std::vector<Attestation> all;
    for (const auto& [what, a] : out) all.push_back(a);
    return all;
  }
  template <class T>
  std::vector<T> told() const {
    std::vector<T> out;
    for (const Event& e : events)
      if (const auto* one = std::get_if<T>(&e)) out.push_back(*one);
    return out;
  }

  Genesis genesis;
  Directory directory{1, 1, oracles};
  market::Registration home;
  SubjectKey personal{3}, restricted{4};
  Ed25519Verifier verifier;
  MemoryRecords records;
  std::unique_ptr<FleetNode> fleet;
  std::unique_ptr<GatewayNode> gateway;
  std::vector<std::unique_ptr<Node>> seats;
  Instant now;
  std::int64_t k = 0;
  bool cut_off = false;
  std::vector<PeerMessage> to_home;
  std::vector<Transaction> posted;
  std::vector<Bytes> asked;
  std::vector<Event> events;
};

// What an oracle of its own says of a request; nothing where it is silent.
std::optional<AttestAnswer> answer_of(Node& oracle, const Bytes& request, Outbox& out) {
  const PeerMessage m{the_gateway, request};
  oracle.step(Instant{}, Inputs{std::span(&m, 1), {}}, out);
  for (const Effect& e : out.effects())
    if (const auto* send = std::get_if<Send>(&e))
      return *decode_answer(send->bytes.view().subspan(1));
  return std::nullopt;
}
std::optional<AttestAnswer> answer_of(Node& oracle, const Bytes& request) {
  Outbox out;
  return answer_of(oracle, request, out);
}

AttestRequest request_of(const Bytes& message) {
  return *decode_request(BytesView(message).subspan(1));
}

// Committed to and signed as a gateway would that lies.
Bytes told(AttestRequest r, const Hash& chain_id, const std::function<void(Batch&)>& bend = {}) {
  std::vector<Hash> leaves;
  for (const market::OpenedRecord& o : opened(r).records) leaves.push_back(o.leaf);
  r.entry.root = root_of(leaves);
  Batch batch = *decode_batch(r.entry.body);
  if (bend) bend(batch);
  r.entry.body = encode(batch);
  sign_entry(r.entry, chain_id, key_of("gateway"));
  return encode(r);
}

}  // namespace

TEST_CASE("what enough oracles sign is posted once, of each batch and each slot's marks") {
  Bench b;
  b.run(4);
  const auto all = b.attestations();
  REQUIRE(all.size() == 6);  // four batches, two slots' marks
  for (const Attestation& a : all) {
    CHECK(check_attestation(a, chain_id_of(b.genesis), b.genesis.oracles, attesters, b.verifier));
    CHECK(a.by.size() == attesters);
    const auto of = std::find_if(b.posted.begin(), b.posted.end(), [&](const Transaction& tx) {
      const auto what = attested_entry(tx);
      return what && *what == a.what;
    });
    CHECK(of != b.posted.end());
  }
  CHECK(b.told<NotAttested>().empty());
  CHECK(b.told<OracleNamed>().empty());
  CHECK(b.told<Refused>().empty());
}

TEST_CASE("an oracle refuses each field that its gateway forged, and says which meter's") {
  Bench b;
  b.cut_off = true;
  b.run(1);
  const AttestRequest honest = request_of(b.asked.at(0));
  const Hash chain_id = chain_id_of(b.genesis);
  REQUIRE(answer_of(*b.oracle(0), told(honest, chain_id))->signature);
  using Bend = std::function<void(AttestRequest&)>;
  for (const auto& [bend, why] : std::vector<std::pair<Bend, const char*>>{
           {[](auto& r) { ++r.records[0].record.import_register.value; }, "does not end where"},
           {[](auto& r) { ++r.records[0].record.export_register.value; }, "does not end where"},
           {[](auto& r) { ++r.records[0].record.end_time_ms; }, "does not end where"},
           {[](auto& r) { r.records[0].record.verdict = bit(Rule::spike); }, "its verdict is"},
           {[](auto& r) { r.records[0].record.signature[3] ^= 1; }, "its verdict is"},
           {[](auto& r) { ++r.records[0].record.first_sequence; }, "its verdict is"},
           {[](auto& r) { r.records[0].record.account.bytes[0] ^= 1; }, "another account"},
           {[](auto& r) { r.records[0].record.meter = {9}; }, "not the gateway's"},
           {[](auto& r) { r.records[0].record.epoch = 2; }, "another epoch"},
           {[](auto& r) { r.records[0].record.readings_root[0] ^= 1; }, "do not hash to its root"},
           {[](auto& r) { r.records[0].readings[5][10] ^= 1; }, "do not hash to its root"},
           {[](auto& r) { r.records[0].salts[5][0] ^= 1; }, "do not hash to its root"},
           {[](auto& r) { r.records.clear(); }, "neither record nor absence"},
           {[](auto& r) { r.records.push_back(r.records[0]); }, "out of order"},
           {[&](auto& r) { r.papers.push_back(b.posted.at(0)); },
            "key changes and deregistrations only"}}) {
    AttestRequest forged = honest;
    bend(forged);
    Outbox out;
    const auto oracle = b.oracle(0);
    const auto answer = answer_of(*oracle, told(forged, chain_id), out);
    REQUIRE(answer);
    CAPTURE(answer->why);
    CHECK(!answer->signature);
    CHECK(answer->why.find(why) != std::string::npos);
    CHECK(std::count_if(out.effects().begin(), out.effects().end(), [](const Effect& e) {
            const auto* event = std::get_if<Event>(&e);
            return event && std::holds_alternative<NotAttested>(*event);
          }) == 1);
  }
  for (const auto& lie : std::vector<std::function<void(Batch&)>>{
           [](Batch& x) { ++x.count; }, [](Batch& x) { ++x.last_sequence; },
           [](Batch& x) { x.import_sum = {0}; }, [](Batch& x) { x.quarantine_root[0] ^= 1; }})
    CHECK(answer_of(*b.oracle(0), told(honest, chain_id, lie))->why.find("do not follow") !=
          std::string::npos);
  AttestRequest unsigned_ = honest;
  unsigned_.entry.body.back() ^= 1;
  CHECK(answer_of(*b.oracle(0), encode(unsigned_))->why == "is not signed by its gateway");
  AttestRequest other_root = honest;
  other_root.records[0].salt[0] ^= 1;
  CHECK(answer_of(*b.oracle(0), encode(other_root))->why == "its records do not hash to its root");
}

TEST_CASE(
    "of variants of one key change, and of one that comes behind its next, an oracle takes one") {
  Bench b;
  b.cut_off = true;
  b.run(1);
  const Hash chain_id = chain_id_of(b.genesis);
  const auto change = [&](std::uint32_t slot, const char* next, Signer* old_key,
                          std::uint8_t salt) {
    return market::key_change_of(
        chain_id, {0},
        {b.home.account, b.home.meter, market::KeyOf::meter, {slot}, key_of(next).public_key(), {}},
        SubjectKey{salt}, old_key, key_of("metering operator"));
  };
  AttestRequest request = request_of(b.asked.at(0));
  request.papers = {change(5, "next", &key_of("meter"), 4), change(5, "next", &key_of("meter"), 9),
                    change(5, "next", nullptr, 4), change(3, "other", nullptr, 4)};
  const auto answer = answer_of(*b.oracle(0), told(request, chain_id));
  REQUIRE(answer);
  CHECK(answer->why == "");
  request.papers = {change(5, "next", &key_of("other"), 4)};
  CHECK(answer_of(*b.oracle(0), told(request, chain_id))->why ==
        "key change is not signed by the old key");
}

TEST_CASE("batches are judged in order, each once, and no second one in its place") {
  Bench b;
  b.run(2);
  const auto asked = [&](TransactionKind kind, std::uint32_t number) {
    return *std::find_if(b.asked.begin(), b.asked.end(), [&](const Bytes& m) {
      const auto what = attested_entry(request_of(m).entry);
      return what->kind == kind && what->number == number;
    });
  };
  const Bytes first = asked(TransactionKind::batch, 1), second = asked(TransactionKind::batch, 2),
              marks = asked(TransactionKind::marks, 0);
  const auto oracle = b.oracle(1);
  CHECK(!answer_of(*oracle, second));
  CHECK(!answer_of(*oracle, marks));
  const auto one = answer_of(*oracle, first);
  REQUIRE(one);
  CHECK(one->signature);
  CHECK(answer_of(*oracle, first)->signature == one->signature);
  const Bytes other =
      told(request_of(first), chain_id_of(b.genesis), [](Batch& x) { x.previous[0] ^= 1; });
  CHECK(answer_of(*oracle, other)->why == "another entry stands in its place already");
  CHECK(answer_of(*oracle, second)->signature);
  AttestRequest lie = request_of(marks);
  market::Mark mark = *market::decode_mark(lie.entry.openings[0].data);
  mark.export_register.value += 200'000;
  lie.entry.openings[0].data = encode(mark);
  lie.entry.root = openings_root(lie.entry.openings);
  sign_entry(lie.entry, chain_id_of(b.genesis), key_of("gateway"));
  CHECK(answer_of(*oracle, encode(lie))->why == "meter 0: its mark is not what its batches say");
}

TEST_CASE("an oracle takes requests from the gateway that they are of, in their form") {
  Bench b;
  b.cut_off = true;
  b.run(1);
  const Bytes good = b.asked.at(0);
  const auto refused = [&](NodeId from, const Bytes& message) {
    Outbox out;
    const PeerMessage m{from, message};
    b.oracle(0)->step(Instant{}, Inputs{std::span(&m, 1), {}}, out);
    REQUIRE(out.effects().size() == 1);
    return std::get<Refused>(std::get<Event>(out.effects()[0])).why;
  };
  CHECK(refused(the_home, good) == "an oracle listens to the observer only");
  CHECK(refused({4}, good) == "an oracle listens to the observer only");
  CHECK(refused(the_gateway, frame(MessageKind::slot_report, {})) ==
        "an oracle takes no such message");
  for (std::size_t size = 1; size < good.size(); size += 7)
    CHECK(!decode_request(BytesView(good).subspan(1, size - 1)));
  AttestRequest another = request_of(good);
  another.entry.body[3] = 1;
  CHECK(refused(the_gateway, encode(another)) ==
        "a gateway asks for what is not its own batch or marks");
}

TEST_CASE("what oracles did not hear is asked again, also by the gateway's next life") {
  for (const bool restarts : {false, true}) {
    Bench b;
    b.cut_off = true;
    b.run(1);
    CHECK(b.asked.size() == oracles);
    if (restarts) b.restart();
    b.cut_off = false;
    b.run(4);
    REQUIRE(!b.attestations().empty());
    CHECK(b.attestations().front().what.number == 1);
    CHECK(b.attestations().size() == 7);  // five batches, two slots' marks
  }
}

TEST_CASE("fewer liars than it takes attest nothing alone, hinder nothing and are named") {
  Bench refusing;
  refusing.let_lie(2, Lie::refuse);
  refusing.run(2);
  CHECK(refusing.attestations().size() == 3);
  REQUIRE(refusing.told<OracleNamed>().size() == 3);
  CHECK(refusing.told<OracleNamed>()[0].oracle == 2);
  CHECK(refusing.told<OracleNamed>()[0].what.find("refuses batch 1, which others attest") == 0);
  CHECK(refusing.told<NotAttested>().empty());

  Bench two;  // more than four less three
  two.let_lie(1, Lie::refuse);
  two.let_lie(2, Lie::refuse);
  two.run(2);
  CHECK(two.attestations().empty());
  CHECK(two.told<OracleNamed>().empty());  // nobody knows which two are right

  Bench b;
  b.cut_off = true;
  b.run(1);
  AttestRequest forged = request_of(b.asked.at(0));
  forged.records[0].record.export_register.value += 1000;
  const Bytes lie = told(forged, chain_id_of(b.genesis));
  b.let_lie(0, Lie::attest);
  b.now = b.now + seconds(1);
  Outbox out;
  const PeerMessage m{the_gateway, lie};
  b.seats[0]->step(b.now, Inputs{std::span(&m, 1), {}}, out);
  REQUIRE(out.effects().size() == 1);
  CHECK(decode_answer(std::get<Send>(out.effects()[0]).bytes.view().subspan(1))->signature);
  CHECK(!answer_of(*b.oracle(1), lie)->signature);
}

TEST_CASE("answers that a gateway does not take") {
  Bench b;
  b.cut_off = true;
  b.run(1);
  const AttestedEntry what = *attested_entry(request_of(b.asked.at(0)).entry);
  const auto refused = [&](std::uint32_t from, const Bytes& message) {
    b.events.clear();
    b.hear(b.directory.oracle(from), message);
    const auto all = b.told<Refused>();
    return all.empty() ? std::string() : all[0].why;
  };
  const auto signed_by = [&](std::uint32_t o) {
    return oracle_key(o).sign(attestation_signed_bytes(chain_id_of(b.genesis), what));
  };
  CHECK(refused(0, encode(AttestAnswer{what, 1, signed_by(1), {}})) ==
        "an answer in another oracle's name");
  CHECK(refused(0, encode(AttestAnswer{what, 0, signed_by(1), {}})) ==
        "an attestation whose signature does not hold");
  CHECK(refused(0, frame(MessageKind::slot_report, {})) ==
        "a gateway takes no such message from an oracle");
  AttestedEntry other = what;
  other.entry[0] ^= 1;
  for (const std::uint32_t o : {0u, 1u, 2u})
    CHECK(refused(o, encode(AttestAnswer{
                         other, static_cast<std::uint16_t>(o), signed_by(o), {}})) == "");
  for (int again = 0; again < 3; ++again)
    CHECK(refused(0, encode(AttestAnswer{what, 0, signed_by(0), {}})) == "");
  CHECK(b.attestations().empty());
  for (const std::uint16_t o : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{2}})
    CHECK(refused(o, encode(AttestAnswer{what, o, signed_by(o), {}})) == "");
  CHECK(std::count_if(b.posted.begin(), b.posted.end(), [](const Transaction& tx) {
          return tx.kind == TransactionKind::attestation;
        }) == 1);
}

TEST_CASE("two attestations of one oracle in one place are proof, once") {
  Bench b;
  OracleWatch watch(b.genesis, b.verifier);
  const auto attestation = [&](std::uint8_t entry, const std::vector<std::uint16_t>& by,
                               bool forged = false) {
    Attestation a{{{0}, TransactionKind::batch, 5, {}}, {}, {}};
    a.what.entry.fill(entry);
    for (const std::uint16_t o : by)
      a.by.push_back(
          {o, oracle_key(o).sign(attestation_signed_bytes(chain_id_of(b.genesis), a.what))});
    if (forged) a.by.back().signature[7] ^= 1;
    Transaction tx;
    tx.kind = TransactionKind::attestation;
    tx.body = encode(a);
    return tx;
  };
  CHECK(!watch.see(attestation(1, {0, 1, 2})));
  CHECK(!watch.see(attestation(1, {1, 2, 3})));  // others for the same entry
  CHECK(!watch.see(attestation(2, {3}, true)));  // which it did not sign
  const auto twice = watch.see(attestation(2, {2}));
  REQUIRE(twice);
  CHECK(twice->oracle == 2);
  CHECK(twice->entries.kind == TransactionKind::attestation);
  CHECK(twice->entries.first == attestation(1, {0, 1, 2}).entry());
  CHECK(twice->entries.second == attestation(2, {2}).entry());
  CHECK(!watch.see(attestation(2, {2})));
  CHECK(watch.see(attestation(3, {0, 1})));
}
