// Transactions a second through consensus, execution and a store: four validators in one process,
// stepped by all its threads, messages delivered at once, batches of 202 bytes from 2,000 gateways,
// 10,000 a block. What validator 0 persists is on the disk before it goes on; the others keep
// theirs in memory.

#include <benchmark/benchmark.h>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "bench/batch_load.hpp"
#include "hil/network/thread_pool.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "ledger/crypto/sha256.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/validator/validator_node.hpp"
#include "twin/store/node_store.hpp"

namespace {

using namespace ledger;
using namespace twin;

constexpr std::uint32_t validators = 4, gateways = 2000, batches_a_block = 5;

constexpr std::size_t burst = 500;  // messages that a host hands over together

KeySeed seed_of(std::uint32_t v) { return Rng(1).fork("validator", v).bytes32(); }

Genesis load_genesis() {
  Genesis g;
  g.name = "load";
  g.block_ms = 1000;
  g.batch_ms = g.block_ms / batches_a_block;
  for (std::uint32_t v = 0; v < validators; ++v)
    g.validators.push_back(Ed25519Signer(seed_of(v)).public_key());
  g.mechanism = "uniform";
  return g;
}

// Checks a signature once, for nodes that are stepped at the same time.
class OnceVerifier final : public Verifier {
 public:
  bool verify(const PublicKey& key, BytesView message, const Signature& signature) override {
    const Hash id = sha256({key, signature, message});
    {
      const std::scoped_lock lock(mutex_);
      if (held_.contains(id)) return true;
    }
    if (!ed25519_.verify(key, message, signature)) return false;
    const std::scoped_lock lock(mutex_);
    held_.insert(id);
    ++checked;
    return true;
  }
  std::uint64_t checked = 0;

 private:
  struct FirstWord {
    std::size_t operator()(const Hash& h) const {
      std::size_t word;
      std::memcpy(&word, h.data(), sizeof word);
      return word;
    }
  };
  std::mutex mutex_;
  std::unordered_set<Hash, FirstWord> held_;
  Ed25519Verifier ed25519_;
};

class Network {
 public:
  // With one verifier for all each signature is checked once, with one a validator four times.
  explicit Network(bool shared_checks)
      : load_(load_genesis(), gateways),
        path_(std::filesystem::temp_directory_path() / "aipchain-bench-throughput.db") {
    remove_store();
    auto store = NodeStore::open(path_.string());
    invariant(store.has_value(), "the benchmark can write to the temporary folder");
    store_ = std::move(*store);
    for (std::uint32_t v = 0; v < validators; ++v) add_validator(v, shared_checks);
  }
  ~Network() {
    store_.reset();
    remove_store();
  }

  // What the next block will hold, each from its gateway.
  std::vector<PeerMessage> next_load() {
    std::vector<PeerMessage> out;
    const auto add = [&](const std::vector<Bytes>& all) {
      for (std::uint32_t g = 0; g < gateways; ++g)
        out.push_back({directory_.gateway(g), frame(MessageKind::transaction, all[g])});
    };
    if (height_ == 0) {
      add(load_.registrations());
      return out;
    }
    for (std::uint32_t i = 0; i < batches_a_block; ++i) add(load_.next_interval());
    return out;
  }

  // Everything from submission to the block's place on the disk; transactions in it.
  std::uint64_t one_block(const std::vector<PeerMessage>& load) {
    submit(load);
    submitted_ += load.size();
    now_ = now_ + milliseconds(load_.genesis().block_ms);
    do step_all();
    while (
        std::any_of(seats_.begin(), seats_.end(), [](const auto& s) { return !s->mail.empty(); }));
    ++height_;
    for (const auto& seat : seats_)
      invariant(seat->node->chain().height() == height_, "every validator decides");
    return std::exchange(decided_, 0);
  }

  double checks_of_one_transaction() const {
    std::uint64_t checked = 0;
    for (const auto& verifier : verifiers_) checked += verifier->checked;
    return static_cast<double>(checked) / static_cast<double>(submitted_);
  }

 private:
  struct Seat {
    std::unique_ptr<Ed25519Signer> signer;
    MemoryRecords records;
    std::unique_ptr<ValidatorNode> node;
    std::vector<PeerMessage> mail;
  };

  void add_validator(std::uint32_t v, bool shared_checks) {
    if (v == 0 || !shared_checks) verifiers_.push_back(std::make_unique<OnceVerifier>());
    auto seat = std::make_unique<Seat>();
    seat->signer = std::make_unique<Ed25519Signer>(seed_of(v));
    ValidatorConfig c;
    c.self = ValidatorId{v};
    c.directory = directory_;
    c.genesis = load_.genesis();
    const SignGuard nothing_signed(chain_id_of(c.genesis), *c.self);
    seat->records.keep({RecordKind::last_signed, nothing_signed.record(), true});
    seat->node =
        std::make_unique<ValidatorNode>(c, *seat->signer, *verifiers_.back(), seat->records);
    seats_.push_back(std::move(seat));
  }

  // As many at once as a host hands over together; every other validator hears the last ones first.
  void submit(std::span<const PeerMessage> load) {
    std::vector<Outbox> outboxes(validators);
    const std::size_t bursts = (load.size() + burst - 1) / burst;
    pool_.workers().run(validators, [&](std::size_t v) {
      for (std::size_t b = 0; b < bursts; ++b) {
        const std::size_t from = burst * (v % 2 == 0 ? b : bursts - 1 - b);
        const auto part = load.subspan(from, std::min(burst, load.size() - from));
        seats_[v]->node->step(now_, Inputs{part, {}}, outboxes[v]);
      }
    });
    for (std::uint32_t v = 0; v < validators; ++v)
      for (const twin::Effect& effect : outboxes[v].effects()) carry_out(v, effect);
  }

  // Each with the mail that is there for it, all at the same time; then what comes of it, in order.
  void step_all() {
    std::vector<Outbox> outboxes(seats_.size());
    pool_.workers().run(seats_.size(), [&](std::size_t v) {
      const std::vector<PeerMessage> mail = std::move(seats_[v]->mail);
      seats_[v]->mail.clear();
      seats_[v]->node->step(now_, Inputs{mail, {}}, outboxes[v]);
    });
    for (std::uint32_t v = 0; v < validators; ++v)
      for (const twin::Effect& effect : outboxes[v].effects()) carry_out(v, effect);
  }

  void carry_out(std::uint32_t v, const twin::Effect& effect) {
    if (const auto* persist = std::get_if<Persist>(&effect); persist && v == 0)
      invariant(store_->keep(*persist).has_value(), "the store takes what it is given");
    if (const auto* send = std::get_if<Send>(&effect); send && send->to.value < validators)
      seats_[send->to.value]->mail.push_back({directory_.validator(v), send->bytes});
    if (const auto* event = std::get_if<Event>(&effect)) {
      if (const auto* block = std::get_if<BlockDecided>(event); block && v == 0)
        decided_ = block->transactions;
      const auto* refused = std::get_if<Refused>(event);
      invariant(!refused, "nothing is refused");
    }
  }

  void remove_store() {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(path_.string() + suffix);
  }

  const Directory directory_{validators, gateways};
  bench::BatchLoad load_;
  std::filesystem::path path_;
  std::unique_ptr<NodeStore> store_;
  hil::ThreadPool pool_{std::max(1u, std::thread::hardware_concurrency())};
  std::vector<std::unique_ptr<OnceVerifier>> verifiers_;
  std::vector<std::unique_ptr<Seat>> seats_;
  Instant now_;
  std::uint64_t height_ = 0, decided_ = 0, submitted_ = 0;
};

void transactions(benchmark::State& state, bool shared_checks) {
  Network network(shared_checks);
  network.one_block(network.next_load());  // registrations
  for (auto _ : state) {
    const std::vector<PeerMessage> load = network.next_load();
    const auto begin = std::chrono::steady_clock::now();
    const std::uint64_t decided = network.one_block(load);
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    invariant(decided == load.size(), "the block holds the whole load");
  }
  state.SetItemsProcessed(state.iterations() * gateways * batches_a_block);
  state.counters["checks_of_one"] = network.checks_of_one_transaction();
}
BENCHMARK_CAPTURE(transactions, checked_once, true)->UseManualTime()->Iterations(12);
BENCHMARK_CAPTURE(transactions, checked_by_each, false)->UseManualTime()->Iterations(6);

}  // namespace

BENCHMARK_MAIN();
