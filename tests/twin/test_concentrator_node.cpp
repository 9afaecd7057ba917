// A concentrator by itself, and between gateways and a ledger: whatever becomes of it, every batch
// is on the ledger, and the slots' content is what it would be without one.

#include <doctest/doctest.h>
#include <functional>
#include <map>

#include "ledger/chain/chain.hpp"
#include "ledger/crypto/sha256.hpp"
#include "twin/node/deployment.hpp"
#include "twin/node/gateway/concentrator_node.hpp"
#include "twin/scenario/scenario_reader.hpp"

using namespace twin;
using namespace ledger;

namespace {

const char* const scenario_text = R"(
name = "concentrated"
seed = 5
[time]
start = "2026-06-21T11:00:00+02:00"
duration = "12m"
market_slot = "1m"
[grid.generator]
homes = 3
branches = 1
[oracle]
feeder_evidence = false
[ledger]
block_interval = "20s"
batch_interval = "20s"
gateways = 3
concentrators = 1
[[population]]
count = 3
)";

Result<std::string> no_file(const std::string& path) { return failure(path + ": not here"); }

struct Made {
  Scenario scenario;
  std::unique_ptr<World> world;
  std::unique_ptr<Deployment> deployment;
};

const Made& made() {
  static const Made all = [] {
    const auto file = read_scenario(scenario_text, "concentrated.toml", {});
    REQUIRE(file);
    const auto network = make_network(file->grid(), file->seed(), no_file);
    REQUIRE(network);
    auto scenario = file->expand(*network);
    REQUIRE(scenario);
    Made out{std::move(*scenario), nullptr, nullptr};
    auto world = World::create(out.scenario, no_file);
    REQUIRE(world);
    out.world = std::move(*world);
    out.deployment = std::make_unique<Deployment>(out.scenario, *out.world, Hash{});
    return out;
  }();
  return all;
}

Verifier& verifier() {
  static Ed25519Verifier plain;
  static CachedVerifier cached(plain, 1 << 16);
  return cached;
}

Ed25519Signer gateway_key(std::uint32_t g) {
  return Ed25519Signer(made().deployment->identities().gateways.at(g));
}

Transaction batch(std::uint32_t g, std::uint32_t epoch, const Hash& previous = {},
                  std::uint32_t count = 0) {
  Batch b;
  b.gateway = {g};
  b.epoch = epoch;
  b.records = 1;
  b.count = count;
  b.import_sum = b.export_sum = {-1};
  b.previous = previous;
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.body = encode(b);
  Ed25519Signer key = gateway_key(g);
  sign_entry(tx, chain_id_of(made().deployment->genesis()), key);
  return tx;
}

Transaction behind(const Transaction& last) {
  const Batch b = *decode_batch(last.body);
  return batch(b.gateway.value, b.epoch + 1, sha256(last.entry()));
}

Bytes message_of(const Transaction& tx) { return frame(MessageKind::transaction, tx.encode()); }

// A concentrator of three gateways and nobody else; times in milliseconds.
class Alone {
 public:
  Alone() { restart(); }
  void restart() {
    node_ =
        std::make_unique<ConcentratorNode>(made().deployment->concentrator(0), key_, verifier());
  }
  void hear(std::int64_t ms, NodeId from, SharedBytes bytes) {
    const PeerMessage message{from, std::move(bytes)};
    step(ms, {&message, 1});
  }
  void hear(std::int64_t ms, const Transaction& tx) {
    hear(ms, d().gateway(decode_batch(tx.body)->gateway.value), message_of(tx));
  }
  // Two of four validators say so: one of them is honest.
  void told(std::int64_t ms, const BatchesOnLedger& batches) {
    for (const std::uint32_t v : {0u, 1u}) hear(ms, d().validator(v), encode(batches));
  }
  void pass(std::int64_t ms) { step(ms, {}); }

  std::string refused() { return refusals.empty() ? "" : std::exchange(refusals, {}).back(); }
  // Gateway and epoch of what was posted last.
  std::string last() const {
    std::string out;
    if (posted.empty()) return out;
    const auto batches = *market::batches_of(posted.back());
    for (const auto& b : batches)
      out += std::to_string(b.batch.gateway.value) + ":" + std::to_string(b.batch.epoch) + " ";
    return out;
  }
  static const Directory& d() { return made().deployment->directory(); }

  std::vector<Transaction> posted;
  std::vector<std::string> refusals;

 private:
  void step(std::int64_t ms, std::span<const PeerMessage> messages) {
    Outbox out;
    node_->step(Instant{} + milliseconds(ms), Inputs{messages, {}}, out);
    for (const auto& e : out.effects()) {
      if (const auto* send = std::get_if<Send>(&e); send && send->to == d().validator(0)) {
        posted.push_back(*decode_transaction(send->bytes.view().subspan(1)));
        const market::MarketState state(made().deployment->genesis(), verifier());
        CHECK(state.admit({&posted.back(), 1})[0]);
      }
      if (const auto* event = std::get_if<Event>(&e))
        if (const auto* r = std::get_if<Refused>(event)) refusals.push_back(r->why);
    }
  }

  Ed25519Signer key_{made().deployment->identities().concentrators.at(0)};
  std::unique_ptr<ConcentratorNode> node_;
};

}  // namespace

TEST_CASE("concentrator: posts once an interval, at once when all is there") {
  Alone c;
  const Transaction a = batch(0, 1), b = batch(1, 1), other = batch(2, 1);
  c.hear(20'100, a);
  c.hear(20'200, b);
  c.hear(20'200, b);  // again
  CHECK(c.posted.empty());
  c.hear(20'300, other);
  CHECK(c.last() == "0:1 1:1 2:1 ");
  c.pass(39'000);
  CHECK(c.posted.size() == 1);
  // Waits for nobody longer than its patience; what comes late goes with the next ones.
  c.hear(40'100, behind(b));
  c.pass(43'900);
  CHECK(c.posted.size() == 1);
  c.pass(44'000);
  CHECK(c.last() == "1:2 ");
  c.hear(45'000, behind(a));
  c.hear(60'100, behind(behind(a)));
  c.pass(64'000);
  CHECK(c.last() == "0:2 0:3 ");
  CHECK(c.posted.size() == 3);
  CHECK(c.refusals.empty());
  c.pass(300'000);
  CHECK(c.posted.size() == 3);  // nothing comes of nothing
}

TEST_CASE("concentrator: what it refuses") {
  Alone c;
  const NodeId gateway = Alone::d().gateway(0);
  const Transaction a = batch(0, 1), next = behind(a);
  c.pass(5'000);
  const auto refuses = [&](NodeId from, const SharedBytes& bytes, const std::string& words) {
    c.hear(20'100, from, bytes);
    const std::string why = c.refused();
    CAPTURE(why);
    CHECK(why.find(words) != std::string::npos);
    CHECK(!why.empty());
  };
  refuses(Alone::d().fleet(0), message_of(a), "own gateways");
  refuses(Alone::d().observer(), message_of(a), "own gateways");
  refuses(Alone::d().concentrator(0), message_of(a), "own gateways");
  refuses({4'000'000'000}, message_of(a), "own gateways");
  refuses(Alone::d().gateway(1), message_of(a), "another gateway");
  refuses(gateway, Bytes{}, "no such message");
  refuses(gateway, encode(LedgerProgress{1, 1}), "no such message");
  refuses(gateway, frame(MessageKind::transaction, Bytes(2 << 20)), "at most 1,048,576");
  Transaction other = a;
  other.kind = TransactionKind::marks;
  other.root = openings_root({});
  refuses(gateway, message_of(other), "batches and key changes");
  other = a;
  other.body.pop_back();
  refuses(gateway, message_of(other), "wrong length");
  other = a;
  other.body.back() ^= 1;
  refuses(gateway, message_of(other), "not signed by its gateway");
  refuses(gateway, message_of(batch(0, 3)), "has not ended");
  refuses(Alone::d().validator(0), encode(LedgerProgress{1, 1}), "no such message");
  refuses(Alone::d().validator(0),
          frame(MessageKind::batches, Bytes{0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2}),
          "rising gateway");
  c.hear(20'200, a);
  CHECK(c.refusals.empty());
  refuses(gateway, message_of(batch(0, 1, {}, 9)), "two batches of one epoch");
  c.hear(60'000, batch(0, 2));
  CHECK(c.refused().find("does not follow") != std::string::npos);
  c.hear(60'000, behind(next));
  CHECK(c.refused().find("before the one it follows") != std::string::npos);
}

TEST_CASE("concentrator: keeps a few batches of a gateway, and no more") {
  Alone c;
  Transaction a = batch(0, 1);
  c.pass(1'000'000);
  for (std::size_t i = 0; i < ConcentratorNode::most_waiting; ++i, a = behind(a))
    c.hear(1'000'000, a);
  CHECK(c.refusals.empty());
  c.hear(1'000'000, a);
  CHECK(c.refused().find("no room") != std::string::npos);
  c.pass(1'004'000);
  CHECK(c.last() == "0:1 0:2 0:3 0:4 0:5 0:6 0:7 0:8 ");
}

TEST_CASE("concentrator: what did not reach the ledger is not posted again, nor what rests on it") {
  Alone c;
  Transaction a = batch(0, 1), b = batch(1, 1);
  c.hear(20'100, a);
  c.hear(20'100, b);
  c.pass(24'000);
  c.hear(40'100, a = behind(a));
  c.pass(44'000);
  CHECK(c.last() == "0:2 ");
  c.pass(24'000 + 45'000);  // two blocks and 5 s
  c.hear(70'000, a = behind(a));
  c.hear(70'000, b = behind(b));
  c.pass(84'000);
  CHECK(c.posted.size() == 2);
  CHECK(c.refusals.empty());
  // One liar's word is not enough.
  c.hear(85'000, Alone::d().validator(0), encode(BatchesOnLedger{{0, 2}, {1, 2}}));
  c.hear(100'000, behind(a));
  c.pass(104'000);
  CHECK(c.posted.size() == 2);
  c.told(105'000, {{0, 1}, {1, 1}});  // of gateway 0, epoch 2 was posted as well
  c.hear(110'000, a);
  c.hear(110'000, b);
  c.pass(124'000);
  CHECK(c.last() == "1:2 ");
  c.told(125'000, {{0, 3}});
  c.hear(130'000, a = behind(a));
  c.pass(144'000);
  CHECK(c.last() == "0:4 ");
}

TEST_CASE("concentrator: a gateway that posts by itself as well is left out for a while") {
  Alone c;
  Transaction a = batch(0, 1), b = batch(1, 1), other = batch(2, 1);
  for (const Transaction& tx : {a, b, other}) c.hear(20'100, tx);
  CHECK(c.posted.size() == 1);
  c.told(40'000, {{2, 1}});  // its own copy came first, and the rest was refused
  c.pass(20'100 + 45'000);
  CHECK(c.refused().find("another way") != std::string::npos);
  c.told(80'000, {{0, 1}, {1, 1}});  // by their gateways' own effort
  for (Transaction* tx : {&a, &b, &other}) c.hear(81'000, *tx = behind(*tx));
  CHECK(c.refused() == "");
  c.pass(84'000);
  CHECK(c.last() == "0:2 1:2 ");
  c.told(100'000, {{0, 2}, {1, 2}, {2, 69}});
  c.pass(20'000 * 60);
  c.hear(20'000 * 60, batch(2, 60));
  c.pass(20'000 * 69);
  c.hear(20'000 * 70, batch(2, 69));  // on the ledger
  c.hear(20'000 * 70, batch(2, 70));
  c.pass(20'000 * 70 + 4'000);
  CHECK(c.last() == "2:70 ");
}

namespace {

// Homes, gateways, a concentrator and a ledger of one validator, whose blocks come every 20 s.
class Net {
 public:
  // Whether gateways know of the concentrator.
  explicit Net(bool concentrates) : directory_(made().deployment->directory()) {
    const Deployment& deployment = *made().deployment;
    if (!concentrates) directory_.concentrators = 0;
    for (std::uint32_t g = 0; g < directory_.gateways; ++g) {
      GatewayConfig config = deployment.gateway(g);
      config.directory = directory_;
      keys_.push_back(std::make_unique<Ed25519Signer>(deployment.identities().gateways[g]));
      nodes_[directory_.gateway(g)] =
          std::make_unique<GatewayNode>(std::move(config), *keys_.back(), verifier(), records_[g]);
      nodes_[directory_.fleet(g)] = std::make_unique<FleetNode>(deployment.fleet(g));
    }
    if (concentrates) start_concentrator();
  }

  void start_concentrator() {
    nodes_[concentrator()] = std::make_unique<ConcentratorNode>(made().deployment->concentrator(0),
                                                                concentrator_key_, verifier());
  }
  void stop_concentrator() { nodes_.erase(concentrator()); }
  NodeId concentrator() const { return made().deployment->directory().concentrator(0); }
  const Directory& directory() const { return directory_; }

  // In steps of a second; meters read every five.
  void run_until(std::int64_t second) {
    for (; now_ < second; ++now_) {
      deliver();
      std::vector<MeterSample> samples;
      if (now_ > 0 && now_ % 5 == 0)
        for (std::uint32_t m = 0; m < 4; ++m) samples.push_back(sample(m));
      for (auto& [id, node] : nodes_) {
        const bool reads = directory_.is_fleet(id) && !samples.empty();
        if (reads || node->next_deadline() <= now()) step(id, Inputs{{}, samples});
      }
      if (now_ > 0 && now_ % 20 == 0) put_block();
    }
  }

  const market::MarketState& state() const {
    return static_cast<const market::MarketState&>(chain_.state());
  }
  std::map<TransactionKind, std::size_t> kinds;  // of entries on the log
  std::map<std::uint32_t, Hash> content;         // by settled slot
  std::function<void(NodeId from, NodeId to, Bytes&)> bend = [](NodeId, NodeId, Bytes&) {};
  // A copy of what a gateway says to its concentrator that goes to the ledger.
  std::optional<std::uint32_t> says_twice;
  std::vector<std::string> never;

 private:
  struct Mail {
    NodeId from, to;
    SharedBytes bytes;
  };
  Instant now() const { return Instant{} + seconds(now_); }

  MeterSample sample(std::uint32_t m) const {
    MeterSample s{m, now(), {}, {}, 720, 231};
    const MeterSample first = made().world->registers(m);
    s.import_register = {first.import_register.value + now_ * 200};
    s.export_register = first.export_register;
    return s;
  }

  void step(NodeId id, const Inputs& inputs) {
    Outbox out;
    nodes_.at(id)->step(now(), inputs, out);
    for (const auto& e : out.effects()) {
      const auto* send = std::get_if<Send>(&e);
      if (!send) continue;
      Bytes bytes = to_bytes(send->bytes);
      bend(id, send->to, bytes);
      if (says_twice && send->to == concentrator() && id == directory_.gateway(*says_twice))
        mail_.push_back({id, directory_.validator(0), Bytes(bytes)});
      mail_.push_back({id, send->to, std::move(bytes)});
    }
  }

  void deliver() {
    for (Mail& m : std::exchange(mail_, {})) {
      if (m.to == directory_.validator(0)) take(m);
      if (!nodes_.contains(m.to)) continue;
      const PeerMessage message{m.from, std::move(m.bytes)};
      step(m.to, Inputs{std::span(&message, 1), {}});
    }
  }

  void take(const Mail& m) {
    if (kind_of(m.bytes) != MessageKind::transaction) return;
    auto tx = decode_transaction(m.bytes.view().subspan(1));
    if (!tx) return;
    if (state().beyond(*tx)) return;
    const auto admitted = state().admit({&*tx, 1})[0];
    if (admitted || admitted.error().may_hold_later)
      pool_.add(std::move(*tx), chain_.height(), m.from, !admitted);
  }

  void put_block() {
    Chain::Built built = chain_.build(now_ * 1000, {0}, pool_.ordered(), 4 << 20);
    for (const auto& [id, why] : built.never) {
      never.push_back(why);
      pool_.remove(id);
    }
    const ledger::Block block = chain_.commit(std::move(built.tried));
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
      pool_.remove(block.leaves[i]);
      ++kinds[block.transactions[i].kind];
    }
    if (const auto* closed = state().last_closed())
      content[closed->slot.value] = chain_.state().content_root();
    tell();
  }

  // What validators would say, by two of four.
  void tell() {
    BatchesOnLedger batches;
    for (std::uint32_t g = 0; g < directory_.gateways; ++g) {
      const auto p = state().progress({g});
      batches[g] = p.epoch;
      for (const std::uint32_t v : {0u, 1u})
        mail_.push_back({directory_.validator(v), directory_.gateway(g),
                         encode(LedgerProgress{p.epoch, p.slots})});
    }
    for (const std::uint32_t v : {0u, 1u})
      mail_.push_back({directory_.validator(v), concentrator(), encode(batches)});
  }

  Directory directory_;
  std::vector<std::unique_ptr<Ed25519Signer>> keys_;
  Ed25519Signer concentrator_key_{made().deployment->identities().concentrators.at(0)};
  std::map<std::uint32_t, MemoryRecords> records_;
  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  Chain chain_{std::make_unique<market::MarketState>(made().deployment->genesis(), verifier())};
  Mempool pool_;
  std::vector<Mail> mail_;
  std::int64_t now_ = 0;
};

constexpr std::int64_t end_s = 10 * 60 + 50;
constexpr std::size_t batches = 3 * 31, slots = 10;

std::size_t count(const Net& net, TransactionKind kind) {
  const auto at = net.kinds.find(kind);
  return at == net.kinds.end() ? 0 : at->second;
}

const Net& without() {
  static const auto net = [] {
    auto out = std::make_unique<Net>(false);
    out->run_until(end_s);
    return out;
  }();
  return *net;
}

void check_equal(const Net& net) {
  CHECK(net.content.size() == slots);
  CHECK(net.content == without().content);
  for (std::uint32_t g = 0; g < 3; ++g) CHECK(net.state().progress({g}).epoch >= 30);
}

}  // namespace

TEST_CASE("with a concentrator and without, slots have the same content") {
  CHECK(without().content.size() == slots);
  CHECK(count(without(), TransactionKind::batch) == batches);
  Net net(true);
  net.run_until(end_s);
  check_equal(net);
  CHECK(count(net, TransactionKind::batch) == 0);
  CHECK(count(net, TransactionKind::concentrated) == batches / 3);
  CHECK(net.never.empty());
}

TEST_CASE("a concentrator that crashes, or was never there: nothing is lost") {
  SUBCASE("for two minutes") {
    Net net(true);
    net.run_until(125);
    net.stop_concentrator();
    net.run_until(245);
    net.start_concentrator();
    net.run_until(end_s);
    check_equal(net);
    // Some alone, all else concentrated: it is used again.
    CHECK(count(net, TransactionKind::batch) >= 9);
    CHECK(count(net, TransactionKind::batch) <= batches / 2);
    CHECK(count(net, TransactionKind::concentrated) >= 16);
  }
  SUBCASE("never there") {
    Net net(true);
    net.stop_concentrator();
    net.run_until(end_s);
    check_equal(net);
    CHECK(count(net, TransactionKind::concentrated) == 0);
  }
  SUBCASE("one that posts what nobody signed") {
    Net net(true);
    net.bend = [&](NodeId from, NodeId, Bytes& bytes) {
      if (from == net.concentrator()) bytes[bytes.size() - 1] ^= 1;
    };
    net.run_until(45);
    net.bend = [](NodeId, NodeId, Bytes&) {};
    net.run_until(end_s);
    check_equal(net);
  }
}

TEST_CASE("a batch that the ledger refuses costs the others one round") {
  Net net(true);
  net.bend = [&](NodeId from, NodeId to, Bytes& bytes) {
    if (to != net.concentrator() || from != net.directory().gateway(1)) return;
    Transaction tx = *decode_transaction(BytesView(bytes).subspan(1));
    Batch b = *decode_batch(tx.body);
    if (b.epoch != 5) return;
    b.records = 9;
    tx.body = encode(b);
    Ed25519Signer key = gateway_key(1);
    sign_entry(tx, chain_id_of(made().deployment->genesis()), key);
    bytes = message_of(tx);
  };
  net.run_until(end_s);
  check_equal(net);
  CHECK(count(net, TransactionKind::concentrated) >= 16);
  CHECK(count(net, TransactionKind::batch) >= 3);
}

TEST_CASE("a gateway that also posts by itself costs the others one round") {
  Net net(true);
  net.says_twice = 2;
  net.run_until(end_s);
  check_equal(net);
  CHECK(!net.never.empty());
  // Theirs are concentrated again once it is left out.
  CHECK(count(net, TransactionKind::concentrated) >= 10);
}
