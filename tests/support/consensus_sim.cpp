#include "tests/support/consensus_sim.hpp"

#include <algorithm>

#include "tests/support/consensus_byzantine.hpp"
#include "tests/support/consensus_checks.hpp"

namespace consensus_sim {

using namespace ledger;

namespace {

std::uint32_t count_actors(const Options& options) {
  const auto twins = std::count(options.faults.begin(), options.faults.end(), Fault::twins);
  return options.validators + options.observers + static_cast<std::uint32_t>(twins);
}

class Network {
 public:
  explicit Network(const Options& options)
      : options_(options),
        config_(options.config()),
        rng_(Rng(options.seed).fork("network")),
        wire_(options_, events_, count_actors(options_)),
        byzantine_(options_, config_, events_, wire_),
        checks_(options_, config_, events_, verifier_, report_) {}

  Report run() {
    build();
    for (Actor& actor : actors_) boot(actor);
    if (options_.crashes) events_.after(milliseconds(1500), [this] { crash_some(); });
    events_.at(Instant{} + options_.healed, [this] { heal(); });
    events_.run_until(
        Instant{} + options_.end,
        [this](ActorId to, ActorId from, const Packet& packet) { deliver(to, from, packet); },
        report_.forked);
    checks_.ended(actors_);
    report_.trace = trace_;
    return report_;
  }

 private:
  // ---- who is there

  void build() {
    const auto correct = options_.validators - static_cast<std::uint32_t>(options_.faults.size());
    for (std::uint32_t v = 0; v < options_.validators; ++v) {
      const Fault fault = v < correct ? Fault::none : options_.faults[v - correct];
      add(v, fault, fault == Fault::twins ? 1 : 0).bad_disk = v < options_.bad_disks;
      if (fault == Fault::twins) add(v, fault, 2);
    }
    for (std::uint32_t o = 0; o < options_.observers; ++o) add(std::nullopt, Fault::none, 0);
    for (ActorId a = 0; options_.halves && a < correct; ++a)
      for (ActorId b = 0; b < actors_.size(); ++b)
        if ((b < correct || !actors_[b].validator) && a % 2 != b % 2) {
          wire_.block(a, b);
          wire_.block(b, a);
        }
  }

  Actor& add(std::optional<std::uint32_t> validator, Fault fault, int twin) {
    Actor& actor = actors_.emplace_back();
    actor.id = static_cast<ActorId>(actors_.size() - 1);
    actor.validator = validator;
    actor.fault = fault;
    actor.twin = twin;
    actor.clock.offset = some(options_.clock_offset * 2) - options_.clock_offset;
    const auto drifts = static_cast<std::uint64_t>(2 * options_.drift_ppm + 1);
    actor.clock.drift_ppm = static_cast<std::int64_t>(rng_.below(drifts)) - options_.drift_ppm;
    if (validator) actor.signer = std::make_unique<ModelSigner>(*validator);
    return actor;
  }

  // A validator without a readable record stays out of what its earlier life may have signed in.
  void boot(Actor& actor) {
    if (actor.fault == Fault::silent) return;
    Signer* signer = actor.fault == Fault::amnesiac ? nullptr : actor.signer.get();
    actor.driver = std::make_unique<Driver>(config_, signer, verifier_);
    // Its record is made with it, before it may sign: none at all means that one was lost.
    if (actor.life++ == 0 && signer)
      actor.disk.record = SignGuard(config_.chain_id, {*actor.validator}).record();
    const bool restored = !options_.forget_records && actor.driver->restore(actor.disk.record);
    if (!restored && signer && !options_.forget_records) {
      if (!actor.bad_disk && !actor.disk.record.empty())
        checks_.violation("a node refused its own record");
      ++report_.records_lost;
      actor.driver->observe_before(now(actor) + config_.precision);
    }
    actor.application = Application();
    for (const Decision& block : actor.disk.blocks) actor.application.apply(block.value);
    actor.wake_at = never;
    Effects effects;
    actor.driver->start(now(actor), actor.application.height + 1, actor.application.time_ms,
                        effects);
    carry_out(actor, effects, actor.id);
  }

  Instant now(const Actor& actor) const { return actor.clock.at(events_.now()); }
  bool faults_on() const { return events_.now() < Instant{} + options_.healed; }
  Duration some(Duration most) {
    return nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.ns))));
  }

  // For the life that runs then.
  template <class Act>
  void after(Actor& actor, Duration delay, Act act) {
    events_.after(delay, [this, &actor, life = actor.life, act] {
      if (!actor.driver || actor.life != life) return;
      Effects effects;
      act(*actor.driver, effects);
      carry_out(actor, effects, actor.id);
    });
  }

  void wake(Actor& actor) {
    const Instant due = actor.driver->next_deadline();
    if (due == never) return;
    const Instant at = std::max(actor.clock.when(due), events_.now());
    if (at >= actor.wake_at) return;
    actor.wake_at = at;
    events_.at(at, [this, &actor, life = actor.life, at] {
      if (!actor.driver || actor.life != life || actor.wake_at != at) return;
      actor.wake_at = never;
      Effects effects;
      if (actor.driver->next_deadline() <= now(actor))
        actor.driver->on_deadline(now(actor), effects);
      carry_out(actor, effects, actor.id);
    });
  }

  void deliver(ActorId to, ActorId from, const Packet& packet) {
    Actor& actor = actors_[to];
    if (!actor.driver) return;
    ++report_.messages;
    mix(packet.print ^ to);
    if (actor.correct())
      checks_.heard(packet.bytes);
    else
      byzantine_.hear(actor, packet.bytes);
    effects_.clear();
    actor.driver->on_message(now(actor), packet.bytes, effects_);
    carry_out(actor, effects_, from);
  }

  // ---- effects

  void carry_out(Actor& actor, Effects& effects, ActorId sender) {
    // A crash in the middle of a step: what stands before it is durable or sent, the rest never
    // was.
    const bool dies = options_.crashes && faults_on() && actor.correct() && !effects.empty() &&
                      rng_.chance(0.002);
    if (dies) effects.resize(rng_.below(effects.size() + 1));
    for (Effect& effect : effects)
      std::visit([&](auto& e) { carry_out(actor, e, sender); }, effect);
    if (dies)
      crash(actor);
    else
      wake(actor);
  }

  void carry_out(Actor& actor, Broadcast& e, ActorId) {
    actor.disk.record_is_last_write = false;
    if (!actor.correct()) return byzantine_.say(actor, std::move(e.bytes));
    checks_.said(actor, e.bytes);
    const PacketPtr packet = packet_of(std::move(e.bytes));
    for (ActorId to = 0; to < actors_.size(); ++to)
      if (to != actor.id) wire_.send(actor.id, to, packet);
  }
  void carry_out(Actor& actor, PersistSigned& e, ActorId) {
    actor.disk.write_record(std::move(e.record));
  }
  void carry_out(Actor& actor, NeedValue& e, ActorId) {
    after(actor, some(milliseconds(10)),
          [this, &actor, e, nonce = rng_.next()](Driver& driver, Effects& effects) {
            if (actor.application.height + 1 != e.height) return;
            driver.propose(now(actor), e.height, e.round,
                           actor.application.next_block(e.timestamp_ms, e.proposer, nonce),
                           effects);
          });
  }
  void carry_out(Actor& actor, CheckValue& e, ActorId) {
    const bool valid = actor.application.continues(e.value);
    after(actor, some(milliseconds(10)),
          [this, &actor, id = e.value_id, valid](Driver& driver, Effects& effects) {
            driver.value_checked(now(actor), id, valid, effects);
          });
  }
  void carry_out(Actor& actor, Decided& e, ActorId) {
    mix(e.height);
    if (actor.correct()) checks_.decided(actor, e);
    const std::uint64_t next = e.height + 1, log_size = actor.application.log.size();
    actor.application.apply(e.value);
    actor.disk.write_block({std::move(e.certificate), std::move(e.value)});
    if (actor.correct() && !report_.forked) checks_.applied(actor, log_size);
    after(actor, some(milliseconds(20)), [this, &actor, next](Driver& driver, Effects& effects) {
      driver.advance(now(actor), next, effects);
    });
  }
  void carry_out(Actor& actor, EvidenceFound& e, ActorId) {
    if (actor.correct()) checks_.evidence(e);
  }
  void carry_out(Actor& actor, AskPeer& e, ActorId) {
    const auto others = actors_.size() - 1;
    if (others == 0) return;
    const auto to = static_cast<ActorId>((actor.id + 1 + e.attempt % others) % actors_.size());
    wire_.send(actor.id, to, std::move(e.bytes));
  }
  void carry_out(Actor& actor, AnswerPeer& e, ActorId sender) {
    if (e.height <= actor.disk.blocks.size() && sender != actor.id)
      wire_.send(actor.id, sender, encode(actor.disk.blocks[e.height - 1]));
  }
  void carry_out(Actor&, ConsensusEvent&, ActorId) {}

  // ---- faults

  void crash_some() {
    if (!faults_on()) return;
    Actor& actor = actors_[rng_.below(actors_.size())];
    if (actor.correct() && actor.driver) crash(actor);
    events_.after(some(seconds(3)), [this] { crash_some(); });
  }
  void crash(Actor& actor) {
    const auto kind = static_cast<Crash>(rng_.below(actor.bad_disk ? 5 : 3));
    actor.driver.reset();
    actor.disk.crash(kind, actor.bad_disk, rng_);
    ++report_.crashes;
    events_.after(some(seconds(2)), [this, &actor] {
      if (!actor.driver) boot(actor);
    });
  }

  void heal() {
    checks_.healed(actors_);
    std::uint32_t round = 0;
    for (const Actor& actor : actors_)
      if (actor.driver) round = std::max(round, actor.driver->round());
    // Who is down is up again, and everybody has repeated what it knows.
    const Duration repeats = config_.propose_timeout + config_.vote_timeout * 2 +
                             config_.timeout_growth * (3 * std::int64_t{std::min(round, 1000u)});
    events_.after(seconds(2) + repeats * 2 + options_.delay * 4,
                  [this] { checks_.settled(actors_); });
  }

  void mix(std::uint64_t v) {
    trace_ = (trace_ ^ v ^ static_cast<std::uint64_t>(events_.now().ns)) * 1099511628211u;
  }

  const Options options_;
  const ConsensusConfig config_;
  Rng rng_;
  ModelVerifier verifier_;
  Report report_;
  Events events_;
  Wire wire_;
  Byzantine byzantine_;
  std::deque<Actor> actors_;
  Checks checks_;
  Effects effects_;  // of a delivery; kept for its memory
  std::uint64_t trace_ = 14695981039346656037u;
};

}  // namespace

Report run(const Options& options) { return Network(options).run(); }

}  // namespace consensus_sim
