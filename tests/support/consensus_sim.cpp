#include "tests/support/consensus_sim.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <queue>

#include "ledger/crypto/sha256.hpp"

namespace consensus_sim {

using namespace ledger;

PublicKey key_of(std::uint32_t validator) {
  return sha256(bytes_of("validator " + std::to_string(validator)));
}

namespace {

Signature model_signature(const PublicKey& key, BytesView message) {
  const Hash half = sha256({key, message});
  Signature out;
  std::copy(half.begin(), half.end(), out.begin());
  std::copy(half.begin(), half.end(), out.begin() + 32);
  return out;
}

// One running copy of a node. Twins are two actors with one key.
struct Actor {
  std::uint32_t id = 0;
  std::optional<std::uint32_t> validator;
  Fault fault = Fault::none;
  int twin = 0;  // 1 and 2: shows itself to half of the others
  Duration offset{};
  std::unique_ptr<ModelSigner> signer;
  std::unique_ptr<Driver> driver;  // null while it is down
  // Its disk.
  Bytes record;
  std::map<std::uint64_t, Decision> decisions;
  std::int64_t last_timestamp_ms = 0;
};

struct Event {
  Instant at;
  std::uint64_t order;
  std::function<void()> act;
};
struct Later {
  bool operator()(const Event& a, const Event& b) const {
    return std::pair(a.at, a.order) > std::pair(b.at, b.order);
  }
};

class Network {
 public:
  explicit Network(const Options& options)
      : options_(options), rng_(options.seed), config_(config_of(options.validators)) {}

  Report run() {
    build();
    for (Actor& actor : actors_) boot(actor);
    if (options_.partitions) at(seconds(1), [this] { partition(); });
    if (options_.crashes) at(milliseconds(1500), [this] { crash_some(); });
    at(options_.healed, [this] { heal(); });
    while (!events_.empty() && events_.top().at <= Instant{} + options_.end) {
      Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.act();
    }
    check_progress();
    return report_;
  }

 private:
  using Id = std::uint32_t;

  void build() {
    const auto correct = options_.validators - static_cast<std::uint32_t>(options_.faults.size());
    for (std::uint32_t v = 0; v < options_.validators; ++v) {
      const Fault fault = v < correct ? Fault::none : options_.faults[v - correct];
      add(v, fault, fault == Fault::twins ? 1 : 0);
      if (fault == Fault::twins) add(v, fault, 2);
    }
    for (std::uint32_t o = 0; o < options_.observers; ++o) add(std::nullopt, Fault::none, 0);
    group_.assign(actors_.size(), 0);
  }

  void add(std::optional<std::uint32_t> validator, Fault fault, int twin) {
    Actor actor;
    actor.id = static_cast<Id>(actors_.size());
    actor.validator = validator;
    actor.fault = fault;
    actor.twin = twin;
    const auto spread = static_cast<std::uint64_t>(2 * options_.clock_offset.ns + 1);
    actor.offset =
        nanoseconds(static_cast<std::int64_t>(rng_.below(spread))) - options_.clock_offset;
    if (validator) actor.signer = std::make_unique<ModelSigner>(*validator);
    actors_.push_back(std::move(actor));
  }

  void boot(Actor& actor) {
    if (actor.fault == Fault::silent) return;
    actor.driver = std::make_unique<Driver>(config_, actor.signer.get(), verifier_);
    if (!actor.record.empty() && !options_.forget_records && !actor.driver->restore(actor.record))
      violation("a node refused its own record");
    Effects effects;
    actor.driver->start(clock(actor), actor.decisions.size() + 1, actor.last_timestamp_ms, effects);
    carry_out(actor, effects, actor.id);
  }

  Instant clock(const Actor& actor) const { return now_ + actor.offset; }
  bool faults_on() const { return now_ < Instant{} + options_.healed; }

  void at(Duration when, std::function<void()> act) {
    events_.push({std::max(Instant{} + when, now_), order_++, std::move(act)});
  }
  void after(Duration delay, std::function<void()> act) {
    at(now_.since_epoch() + delay, std::move(act));
  }
  // For a copy of the driver that still runs then.
  void after(Actor& actor, Duration delay, std::function<void(Driver&, Effects&)> act) {
    Driver* driver = actor.driver.get();
    after(delay, [this, &actor, driver, act] {
      if (actor.driver.get() != driver || !driver) return;
      Effects effects;
      act(*driver, effects);
      carry_out(actor, effects, actor.id);
    });
  }
  Duration some(Duration most) {
    return nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.ns))));
  }

  // ---- effects

  void carry_out(Actor& actor, Effects& effects, Id sender) {
    // A crash in the middle of a step: what stands before it is durable or sent, the rest never
    // was.
    const bool dies = options_.crashes && faults_on() && actor.fault == Fault::none &&
                      !effects.empty() && rng_.chance(0.002);
    if (dies) effects.resize(rng_.below(effects.size() + 1));
    for (Effect& effect : effects)
      std::visit([&](auto& e) { carry_out(actor, e, sender); }, effect);
    if (dies)
      crash(actor);
    else
      wake(actor);
  }

  void wake(Actor& actor) {
    if (!actor.driver) return;
    const Instant due = actor.driver->next_deadline();
    if (due == never) return;
    const Duration wait = std::max(due - clock(actor), Duration{});
    after(actor, wait, [this, &actor](Driver& driver, Effects& effects) {
      if (driver.next_deadline() <= clock(actor)) driver.on_deadline(clock(actor), effects);
    });
  }

  void carry_out(Actor& actor, Broadcast& e, Id) {
    check_signing(actor, e.bytes);
    for (const Actor& peer : actors_)
      if (peer.id != actor.id) send(actor, peer.id, e.bytes);
  }
  void carry_out(Actor& actor, PersistSigned& e, Id) { actor.record = std::move(e.record); }
  void carry_out(Actor& actor, NeedValue& e, Id) {
    const Bytes block = block_of(e.height, e.timestamp_ms, e.proposer, rng_.next());
    proposed_.insert(block_id(block));
    after(actor, some(milliseconds(10)),
          [this, &actor, block, height = e.height, round = e.round](Driver& driver,
                                                                    Effects& effects) {
            driver.propose(clock(actor), height, round, block, effects);
          });
  }
  void carry_out(Actor& actor, CheckValue& e, Id) {
    const bool valid = proposed_.contains(e.value_id);
    after(actor, some(milliseconds(10)),
          [this, &actor, id = e.value_id, valid](Driver& driver, Effects& effects) {
            driver.value_checked(clock(actor), id, valid, effects);
          });
  }
  void carry_out(Actor& actor, Decided& e, Id) {
    if (actor.fault == Fault::none) check_decision(actor, e);
    actor.decisions[e.height] = {e.certificate, e.value};
    actor.last_timestamp_ms = e.timestamp_ms;
    after(actor, some(milliseconds(20)),
          [this, &actor, next = e.height + 1](Driver& driver, Effects& effects) {
            driver.advance(clock(actor), next, effects);
          });
  }
  void carry_out(Actor& actor, EvidenceFound& e, Id) {
    if (actor.fault != Fault::none) return;
    const auto again = decode_evidence(encode(e.evidence));
    const auto culprit =
        again ? verify_evidence(*again, config_.chain_id, actor.driver->validators(), verifier_)
              : tl::unexpected(again.error());
    if (!culprit || *culprit != e.culprit) return violation("evidence that does not hold");
    report_.culprits.insert(culprit->value);
    if (culprit->value + options_.faults.size() < options_.validators)
      violation("evidence against a correct validator");
  }
  void carry_out(Actor& actor, AskPeer& e, Id) {
    const auto others = actors_.size() - 1;
    send(actor, static_cast<Id>((actor.id + 1 + e.attempt % others) % actors_.size()), e.bytes);
  }
  void carry_out(Actor& actor, AnswerPeer& e, Id sender) {
    const auto found = actor.decisions.find(e.height);
    if (found != actor.decisions.end()) send(actor, sender, encode(found->second));
  }
  void carry_out(Actor&, ConsensusEvent&, Id) {}

  // ---- the wire

  void send(const Actor& from, Id to, const Bytes& bytes) {
    if (from.twin != 0 && to % 2 != static_cast<Id>(from.twin - 1)) return;
    if (faults_on() && (group_[from.id] != group_[to] || rng_.chance(options_.loss))) return;
    const int copies = faults_on() && rng_.chance(options_.repetition) ? 2 : 1;
    for (int i = 0; i < copies; ++i)
      after(milliseconds(1) + some(options_.max_delay),
            [this, to, from_id = from.id, bytes] { deliver(to, from_id, bytes); });
  }

  void deliver(Id to, Id from, const Bytes& bytes) {
    Actor& actor = actors_[to];
    if (!actor.driver) return;
    ++report_.messages;
    mix(to);
    for (const std::uint8_t b : bytes) mix(b);
    if (actor.fault == Fault::chaotic) misbehave(actor, bytes);
    Effects effects;
    actor.driver->on_message(clock(actor), bytes, effects);
    carry_out(actor, effects, from);
  }

  // Signs for whatever height, round and value it has just heard of, to whom it likes, and sends
  // damaged copies of what others say.
  void misbehave(Actor& actor, const Bytes& bytes) {
    if (rng_.chance(0.2)) {
      Bytes damaged = bytes;
      damaged[rng_.below(damaged.size())] ^= static_cast<std::uint8_t>(1 + rng_.below(255));
      send(actor, static_cast<Id>(rng_.below(actors_.size())), damaged);
    }
    const auto heard = decode_vote(bytes);
    if (!heard || !rng_.chance(0.3)) return;
    Vote vote = *heard;
    vote.type = rng_.chance(0.5) ? VoteType::prevote : VoteType::precommit;
    vote.round += static_cast<std::uint32_t>(rng_.below(3));
    vote.valid_round = no_round;
    if (vote.value) heard_values_.push_back(*vote.value);
    vote.value.reset();
    if (!heard_values_.empty() && rng_.chance(0.8))
      vote.value = heard_values_[heard_values_.size() - 1 -
                                 rng_.below(std::min<std::size_t>(heard_values_.size(), 8))];
    vote.validator.value = *actor.validator;
    vote.signature = actor.signer->sign(signed_bytes(config_.chain_id, statement_of(vote)));
    send(actor, static_cast<Id>(rng_.below(actors_.size())), encode(vote));
  }

  // ---- faults of the network

  void partition() {
    if (!faults_on()) return;
    for (Id& group : group_) group = static_cast<Id>(rng_.below(2));
    after(milliseconds(500) + some(seconds(3)), [this] {
      std::fill(group_.begin(), group_.end(), 0);
      after(some(seconds(2)), [this] { partition(); });
    });
  }
  void crash_some() {
    if (!faults_on()) return;
    Actor& actor = actors_[rng_.below(actors_.size())];
    if (actor.fault == Fault::none && actor.driver) crash(actor);
    after(some(seconds(2)), [this] { crash_some(); });
  }
  void crash(Actor& actor) {
    actor.driver.reset();
    ++report_.crashes;
    after(some(seconds(2)), [this, &actor] {
      if (!actor.driver) boot(actor);
    });
  }
  void heal() {
    for (const Actor& actor : actors_)
      if (actor.fault == Fault::none)
        report_.height_at_heal =
            std::max<std::uint64_t>(report_.height_at_heal, actor.decisions.size());
  }

  // ---- checkers

  void check_decision(const Actor& actor, const Decided& e) {
    mix(e.height);
    report_.highest_round = std::max(report_.highest_round, e.round);
    const auto [at, first] = decided_.try_emplace(e.height, e.value_id);
    if (at->second != e.value_id)
      violation("two values decided at height " + std::to_string(e.height));
    if (e.height != actor.decisions.size() + 1) violation("a height decided out of order");
    if (!proposed_.contains(e.value_id)) violation("an invalid value decided");
    if (e.height > 1 && e.timestamp_ms <= actor.last_timestamp_ms)
      violation("block time does not rise");
    const Duration begins = config_.block_interval * static_cast<std::int64_t>(e.height);
    if (e.timestamp_ms < begins.whole_ms()) violation("a block before its time");
    const auto held = verify_decision({e.certificate, e.value}, config_.chain_id,
                                      actor.driver->validators(), verifier_);
    if (!held) violation("a decision whose certificate does not hold");
  }

  void check_signing(const Actor& actor, const Bytes& bytes) {
    if (actor.fault != Fault::none || !actor.validator) return;
    Bytes statement;
    if (const auto vote = decode_vote(bytes); vote && vote->validator.value == *actor.validator)
      statement = statement_of(*vote);
    const auto proposal = decode_proposal(bytes, config_.max_value_bytes);
    if (proposal && proposal->proposer.value == *actor.validator)
      statement = statement_of(*proposal);
    if (statement.empty()) return;
    // Kind, height and round are the same 13 bytes in all three.
    Bytes step(statement.begin() + 1, statement.begin() + 14);
    step.push_back(static_cast<std::uint8_t>(*actor.validator));
    const auto [at, first] = signed_.try_emplace(std::move(step), statement);
    if (at->second != statement) violation("a correct node signed two statements for one step");
  }

  void check_progress() {
    report_.lowest_height = UINT64_MAX;
    for (const Actor& actor : actors_)
      if (actor.fault == Fault::none)
        report_.lowest_height =
            std::min<std::uint64_t>(report_.lowest_height, actor.decisions.size());
    if (report_.lowest_height < report_.height_at_heal + 2)
      violation("no progress after healing: from height " + std::to_string(report_.height_at_heal) +
                " to " + std::to_string(report_.lowest_height));
    report_.trace = trace_;
  }

  void violation(const std::string& what) {
    report_.violations.push_back("seed " + std::to_string(options_.seed) + " at " +
                                 std::to_string(now_.whole_ms()) + " ms: " + what);
  }
  void mix(std::uint64_t v) {
    trace_ = (trace_ ^ v ^ static_cast<std::uint64_t>(now_.ns)) * 1099511628211u;
  }

  Options options_;
  Rng rng_;
  ConsensusConfig config_;
  ModelVerifier verifier_;
  std::deque<Actor> actors_;
  std::vector<Id> group_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::uint64_t order_ = 0, trace_ = 14695981039346656037u;
  Instant now_;
  std::set<Hash> proposed_;
  std::vector<Hash> heard_values_;
  std::map<std::uint64_t, Hash> decided_;
  std::map<Bytes, Bytes> signed_;
  Report report_;
};

}  // namespace

Signature ModelSigner::sign(BytesView message) { return model_signature(key_, message); }

bool ModelVerifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  return model_signature(key, message) == signature;
}

ConsensusConfig config_of(std::uint32_t validators) {
  ConsensusConfig config;
  config.chain_id = sha256(bytes_of("a simulated chain"));
  for (std::uint32_t v = 0; v < validators; ++v) config.validators.push_back(key_of(v));
  config.block_interval = seconds(1);
  config.propose_timeout = milliseconds(400);
  config.vote_timeout = milliseconds(200);
  config.timeout_growth = milliseconds(100);
  config.precision = milliseconds(250);
  config.message_delay = milliseconds(200);
  config.max_value_bytes = 1 << 16;
  return config;
}

Bytes block_of(std::uint64_t height, std::int64_t time_ms, ValidatorId proposer,
               std::uint64_t nonce) {
  Block block;
  block.header.height = height;
  block.header.time_ms = time_ms;
  block.header.proposer = proposer;
  block.header.log_size = nonce;
  block.header.entries_root = entries_root({});
  return encode(block);
}

Report run(const Options& options) { return Network(options).run(); }

}  // namespace consensus_sim
