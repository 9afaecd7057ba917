#include "sim/sim_host.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <deque>
#include <simgrid/s4u.hpp>

#include "sim/disturbances.hpp"
#include "sim/site_network.hpp"
#include "sim/world_pipeline.hpp"
#include "twin/node/attack/hostile_gateway.hpp"
#include "twin/node/attack/hostile_homes.hpp"
#include "twin/node/attack/hostile_link.hpp"
#include "twin/node/attack/hostile_oracle.hpp"
#include "twin/node/operator/grid_operator_node.hpp"

namespace sim {

using namespace ledger;
using namespace twin;
namespace s4u = simgrid::s4u;

namespace {

constexpr double disk_latency_s = 1e-3;
constexpr double disk_bytes_per_s = 200e6;
constexpr double frame_overhead_bytes = 66;  // Ethernet, IP and TCP headers of one segment
constexpr Duration twins_lateness = milliseconds(1);
constexpr int drain_blocks = 12;  // at most, after the physics has ended

// The one place where SimGrid's seconds become an Instant.
Instant now_instant() { return Instant{std::llround(s4u::Engine::get_clock() * 1e9)}; }
double clock_of(Instant t) { return static_cast<double>(t.ns) * 1e-9; }

struct Delivery {
  NodeId from;
  SharedBytes bytes;
};

// What arrives at a node. A receive that times out would take the message under way with it; this
// one goes on waiting for it.
class Inbox {
 public:
  // By the actor that listens.
  void open(s4u::Mailbox* mailbox) {
    mailbox_ = mailbox;
    mailbox->set_receiver(s4u::Actor::self());
  }
  // Nothing where none has arrived by `time`, which is still to come.
  std::unique_ptr<Delivery> next_before(Instant time) {
    if (!next_) next_ = mailbox_->get_async<Delivery>(&arrived_);
    const double timeout = time == never ? -1 : clock_of(time) - s4u::Engine::get_clock();
    if (s4u::Comm::wait_any_for({next_}, timeout) < 0) return nullptr;
    next_ = nullptr;
    return std::unique_ptr<Delivery>(arrived_);
  }
  // Before its actor ends.
  void close() {
    if (next_) next_->cancel();
    next_ = nullptr;
  }

 private:
  s4u::Mailbox* mailbox_ = nullptr;
  s4u::CommPtr next_;
  Delivery* arrived_ = nullptr;
};

// One node on its host: the actor's whole context. A twin is a second validator with the same key.
struct Seat {
  NodeId id;
  std::unique_ptr<Signer> key;
  std::unique_ptr<RecordingSigner> recording;  // only where this node's inputs are recorded
  MemoryRecords disk;
  std::unique_ptr<Node> node;
  const ValidatorNode* validator = nullptr;
  std::deque<Instant> restarts;  // still to come
  bool crashed = false;
  bool is_twin = false;
  s4u::Mailbox* mailbox = nullptr;
  Inbox inbox;
  s4u::Mailbox* twins_mailbox = nullptr;  // of a validator that has one
};

class Host {
 public:
  Host(const Scenario& scenario, const Deployment& deployment, RunRecorder& recorder)
      : scenario_(scenario),
        deployment_(deployment),
        recorder_(recorder),
        disturbances_(scenario, deployment.directory()),
        verifier_(ed25519_) {}

  Result<void> run(World& world, const SimOptions& options);

 private:
  void make_seats();
  void seat_validator(NodeId id, const ValidatorConfig& config, const KeySeed& seed);
  void make_validator(Seat& seat);
  void make_gateway(Seat& seat);
  void make_concentrator(Seat& seat);
  std::unique_ptr<Node> make_fleet(std::uint32_t g);
  std::unique_ptr<Node> make_oracle(std::uint32_t o, Signer& key);
  void restart(Seat& seat);
  void seat_nodes();
  void start_actors();
  void start_twins();
  void live(Seat& seat);  // actor of a node that listens
  void live_twin(Seat& seat, Instant from);
  Instant wake_of(const Seat& seat, Instant now) const;
  void hear_oracles(Seat& seat);
  void live_fleet(Seat& seat);  // actor of a node that samples its meters, or the grid
  std::vector<MeterSample> samples_at(Instant time) const;
  const WorldMinute* minute_that_ends(Instant time) const;
  void step(Seat& seat, Instant now, const Inputs& inputs);
  void carry_out(Seat& seat, const twin::Effect& effect, Instant now);
  void send(const Seat& seat, const Send& message);
  bool settled() const;

  const Scenario& scenario_;
  const Deployment& deployment_;
  RunRecorder& recorder_;
  Disturbances disturbances_;
  Ed25519Verifier ed25519_;
  CachedVerifier verifier_;
  std::vector<Seat> seats_;
  std::deque<Seat> twins_;
  std::deque<std::shared_ptr<const WorldMinute>> minutes_;
  StandingOrders orders_;
  Instant end_;
  bool stopped_ = false;
};

void Host::make_seats() {
  const Directory& d = deployment_.directory();
  make_hosts(scenario_, d);
  seats_.resize(d.nodes());
  for (std::uint32_t n = 0; n < seats_.size(); ++n) {
    seats_[n].id = {n};
    seats_[n].mailbox = s4u::Mailbox::by_name(name_of(d, {n}));
  }
}

void Host::seat_validator(NodeId id, const ValidatorConfig& config, const KeySeed& seed) {
  Seat& seat = seats_[id.value];
  seat.key = std::make_unique<Ed25519Signer>(seed);
  if (recorder_.records(id)) {
    seat.recording = std::make_unique<RecordingSigner>(*seat.key);
    recorder_.recording_begins(config);
  }
  make_validator(seat);
}

void Host::make_validator(Seat& seat) {
  const Directory& d = deployment_.directory();
  Signer& signer = seat.recording ? static_cast<Signer&>(*seat.recording) : *seat.key;
  auto node = std::make_unique<ValidatorNode>(
      seat.id == d.observer() ? deployment_.observer() : deployment_.validator(seat.id.value),
      signer, verifier_, seat.disk);
  seat.validator = node.get();
  seat.node = std::move(node);
}

// All that the node held in memory is gone.
void Host::restart(Seat& seat) {
  if (seat.recording) recorder_.recording_restarts();
  if (seat.validator) return make_validator(seat);
  deployment_.directory().is_concentrator(seat.id) ? make_concentrator(seat) : make_gateway(seat);
}

void Host::make_concentrator(Seat& seat) {
  const std::uint32_t c = seat.id.value - deployment_.directory().concentrator(0).value;
  seat.node = std::make_unique<ConcentratorNode>(deployment_.concentrator(c), *seat.key, verifier_);
}

void Host::make_gateway(Seat& seat) {
  const std::uint32_t g = seat.id.value - deployment_.directory().gateway(0).value;
  auto node =
      std::make_unique<GatewayNode>(deployment_.gateway(g), *seat.key, verifier_, seat.disk);
  if (auto* hostile = dynamic_cast<HostileGateway*>(seat.node.get()))
    return hostile->go_on_with(std::move(node));
  seat.node = std::move(node);
  using Kind = Attack::Kind;
  auto lies = attacked_behind(scenario_, g, {Kind::omit_home, Kind::two_roots, Kind::double_mint});
  if (lies.empty()) return;
  seat.node = std::make_unique<HostileGateway>(std::move(seat.node), deployment_.gateway(g),
                                               std::move(lies), *seat.key, verifier_);
}

// Clones of a gateway's meters stand behind the next one.
std::unique_ptr<Node> Host::make_fleet(std::uint32_t g) {
  using Kind = Attack::Kind;
  const std::uint32_t gateways = deployment_.directory().gateways;
  const std::uint32_t before = (g + gateways - 1) % gateways;
  std::unique_ptr<Node> fleet = std::make_unique<FleetNode>(deployment_.fleet(g));
  auto cheats = attacked_behind(scenario_, g, {Kind::double_spend, Kind::phantom_trade});
  const auto cloned = attacked_behind(scenario_, before, {Kind::cloned_key});
  std::unique_ptr<Node> clones;
  if (!cloned.empty())
    clones = std::make_unique<FleetNode>(clones_of(deployment_.fleet(before), cloned, g));
  cheats.insert(cheats.end(), cloned.begin(), cloned.end());
  if (!cheats.empty())
    fleet = std::make_unique<HostileHomes>(std::move(fleet), deployment_.fleet(g),
                                           std::move(cheats), std::move(clones));
  auto held = attacked_behind(
      scenario_, g,
      {Kind::message_replay, Kind::message_delay, Kind::message_reorder, Kind::message_drop});
  if (!held.empty())
    fleet = std::make_unique<HostileLink>(std::move(fleet), deployment_.directory().gateway(g),
                                          std::move(held), Rng(scenario_.seed));
  return fleet;
}

void Host::seat_nodes() {
  const Directory& d = deployment_.directory();
  const Identities& keys = deployment_.identities();
  for (std::uint32_t v = 0; v < d.validators; ++v)
    seat_validator(d.validator(v), deployment_.validator(v), keys.validators[v]);
  seat_validator(d.observer(), deployment_.observer(), keys.observer);
  for (std::uint32_t g = 0; g < d.gateways; ++g) {
    Seat& gateway = seats_[d.gateway(g).value];
    gateway.key = std::make_unique<Ed25519Signer>(keys.gateways[g]);
    make_gateway(gateway);
    seats_[d.fleet(g).value].node = make_fleet(g);
  }
  for (std::uint32_t o = 0; o < d.oracles; ++o) {
    Seat& oracle = seats_[d.oracle(o).value];
    oracle.key = std::make_unique<Ed25519Signer>(keys.oracles[o]);
    oracle.node = make_oracle(o, *oracle.key);
  }
  for (std::uint32_t c = 0; c < d.concentrators; ++c) {
    Seat& seat = seats_[d.concentrator(c).value];
    seat.key = std::make_unique<Ed25519Signer>(keys.concentrators[c]);
    make_concentrator(seat);
  }
  if (d.grid_operators > 0)
    seats_[d.grid_operator().value].node =
        std::make_unique<GridOperatorNode>(deployment_.grid_operator());
}

std::unique_ptr<Node> Host::make_oracle(std::uint32_t o, Signer& key) {
  std::unique_ptr<market::Attestor> attestor;
  if (deployment_.genesis().attesters > 0)
    attestor = std::make_unique<market::Attestor>(deployment_.genesis(), deployment_.registered(),
                                                  verifier_);
  std::unique_ptr<Node> oracle =
      std::make_unique<OracleNode>(deployment_.oracle(o), key, std::move(attestor));
  auto lies = lies_of(scenario_, o);
  if (lies.empty()) return oracle;
  return std::make_unique<HostileOracle>(std::move(oracle), deployment_.oracle(o), std::move(lies),
                                         key);
}

void Host::start_actors() {
  const Directory& d = deployment_.directory();
  for (Seat& seat : seats_) {
    const bool fleet = d.is_fleet(seat.id) || d.is_grid_operator(seat.id);
    s4u::Actor::create(seat.mailbox->get_name(), s4u::Host::by_name(seat.mailbox->get_name()),
                       [this, &seat, fleet] { fleet ? live_fleet(seat) : live(seat); });
  }
}

void Host::start_twins() {
  for (const ValidatorFault& f : scenario_.validator_faults) {
    if (f.kind != ValidatorFault::Kind::equivocate) continue;
    for (const std::uint32_t v : f.targets) {
      Seat& twin = twins_.emplace_back();
      twin.id = {v};
      twin.is_twin = true;
      twin.key = std::make_unique<Ed25519Signer>(deployment_.identities().validators[v]);
      twin.mailbox = s4u::Mailbox::by_name(name_of_twin(v));
      seats_[v].twins_mailbox = twin.mailbox;
      s4u::Actor::create(name_of_twin(v), s4u::Host::by_name(name_of_twin(v)),
                         [this, &twin, at = f.at] { live_twin(twin, Instant{} + at); });
    }
  }
}

// Started from a copy of the disk, as by somebody who moves a machine and leaves the old one on.
void Host::live_twin(Seat& seat, Instant from) {
  s4u::this_actor::sleep_until(clock_of(from));
  if (stopped_) return;
  seat.disk = seats_[seat.id.value].disk;
  make_validator(seat);
  live(seat);
}

// True time, while the node's deadline is by its own clock. A twin's timers are late, so that the
// blocks that it proposes have another time than its other half's.
Instant Host::wake_of(const Seat& seat, Instant now) const {
  if (const auto back = disturbances_.crashed_until(seat.id, now)) return *back;
  Instant deadline = seat.node->next_deadline();
  if (seat.is_twin && deadline != never) deadline = deadline + twins_lateness;
  const Instant change = disturbances_.next_clock_change(seat.id, now);
  if (deadline == never) return change;
  return std::min(deadline - disturbances_.clock_offset(seat.id, now), change);
}

void Host::live(Seat& seat) {
  seat.inbox.open(seat.mailbox);
  while (!stopped_) {
    const Instant wake = wake_of(seat, now_instant());
    // No reading comes after the end: a gateway that went on would report silent meters.
    const bool gateway = deployment_.directory().is_gateway(seat.id);
    if (gateway && wake > end_ + GatewayConfig{}.batch_patience) {
      hear_oracles(seat);
      break;
    }
    std::vector<PeerMessage> messages;
    if (wake > now_instant()) {
      if (auto delivery = seat.inbox.next_before(wake))
        messages.push_back({delivery->from, std::move(delivery->bytes)});
    }
    // A wake-up for a deadline may round to just before it.
    const Instant now = messages.empty() ? std::max(now_instant(), wake) : now_instant();
    if (seat.is_twin && !disturbances_.has_twin(seat.id, now)) break;
    if (disturbances_.crashed_until(seat.id, now)) {
      seat.crashed = true;
      continue;
    }
    if (seat.crashed) restart(seat);
    seat.crashed = false;
    step(seat, now + disturbances_.clock_offset(seat.id, now), Inputs{messages, {}});
  }
  seat.inbox.close();
}

// Who attests a gateway's last batch answers after the end, and before its next one would be due.
void Host::hear_oracles(Seat& seat) {
  if (deployment_.genesis().attesters == 0) return;
  const Instant until = end_ + std::min(scenario_.ledger.batch_interval, milliseconds(9'000));
  while (!stopped_ && now_instant() < until)
    if (const auto delivery = seat.inbox.next_before(until)) {
      const PeerMessage message{delivery->from, delivery->bytes};
      const Instant now = now_instant();
      step(seat, now + disturbances_.clock_offset(seat.id, now),
           Inputs{std::span(&message, 1), {}});
    }
}

void Host::live_fleet(Seat& seat) {
  // Who steers looks every minute, whether meters are read then or not.
  const bool steered = deployment_.directory().grid_operators > 0;
  const Duration metering = scenario_.time.metering_interval;
  const Duration interval = steered ? std::min(metering, Duration{minutes(1)}) : metering;
  Instant tick = Instant{} + interval;
  seat.inbox.open(seat.mailbox);
  while (!stopped_) {
    const Instant wake = std::min(tick, seat.node->next_deadline());
    if (wake > end_) break;
    if (wake > now_instant()) {
      if (const auto delivery = seat.inbox.next_before(wake)) {
        const PeerMessage message{delivery->from, delivery->bytes};
        step(seat, now_instant(), Inputs{std::span(&message, 1), {}});
        continue;
      }
    }
    const std::vector<MeterSample> samples =
        wake == tick ? samples_at(tick) : std::vector<MeterSample>{};
    Inputs inputs{{}, samples};
    if (const WorldMinute* minute = wake == tick ? minute_that_ends(tick) : nullptr) {
      inputs.homes = minute->homes;
      inputs.grid = minute->measured ? &*minute->measured : nullptr;
    }
    step(seat, wake, inputs);
    if (wake == tick) tick = tick + interval;
  }
  seat.inbox.close();
}

std::vector<MeterSample> Host::samples_at(Instant time) const {
  for (const auto& minute : minutes_) {
    if (minute->end < time || minute->samples.empty() || minute->samples.front().time > time)
      continue;
    const auto before = [](const MeterSample& s, Instant t) { return s.time < t; };
    const auto first =
        std::lower_bound(minute->samples.begin(), minute->samples.end(), time, before);
    const auto last = std::find_if(first, minute->samples.end(),
                                   [&](const MeterSample& s) { return s.time != time; });
    return {first, last};
  }
  return {};
}

const WorldMinute* Host::minute_that_ends(Instant time) const {
  for (const auto& minute : minutes_)
    if (minute->end == time) return minute.get();
  return nullptr;
}

void Host::step(Seat& seat, Instant now, const Inputs& inputs) {
  Outbox outbox;
  if (!seat.restarts.empty() && now >= seat.restarts.front()) {
    seat.restarts.pop_front();
    restart(seat);
  }
  seat.node->step(now, inputs, outbox);
  if (seat.recording)
    recorder_.recording_step(now, inputs, seat.recording->take(), outbox.effects());
  for (const twin::Effect& effect : outbox.effects()) carry_out(seat, effect, now);
}

void Host::carry_out(Seat& seat, const twin::Effect& effect, Instant now) {
  if (const auto* message = std::get_if<Send>(&effect)) return send(seat, *message);
  if (const auto* command = std::get_if<Command>(&effect)) {
    orders_[command->home] = command->asked;
    return;
  }
  const auto* persist = std::get_if<Persist>(&effect);
  if (persist) seat.disk.keep(*persist);
  // Nobody takes a twin's word for what happened.
  if (!seat.is_twin) recorder_.effect(seat.id, now, effect);
  if (persist && persist->durable)
    s4u::this_actor::sleep_for(disk_latency_s +
                               static_cast<double>(persist->record.size()) / disk_bytes_per_s);
}

void put(s4u::Mailbox* mailbox, NodeId from, const SharedBytes& bytes) {
  const auto size = static_cast<double>(bytes.size()) + frame_overhead_bytes;
  mailbox->put_init(new Delivery{from, bytes}, static_cast<std::uint64_t>(size))
      ->detach([](void* delivery) { delete static_cast<Delivery*>(delivery); });
}

void Host::send(const Seat& seat, const Send& message) {
  const Instant now = now_instant();
  const auto delay = disturbances_.delay(seat.id, message.to, now);
  recorder_.message(seat.id, now, message, delay.has_value());
  if (!delay) return;
  const Seat& to = seats_[message.to.value];
  // A twin hears what validators say; gateways know of one only.
  const bool twice = seat.id <= deployment_.directory().observer() && to.twins_mailbox &&
                     disturbances_.has_twin(message.to, now);
  const std::vector<s4u::Mailbox*> mailboxes =
      twice ? std::vector{to.mailbox, to.twins_mailbox} : std::vector{to.mailbox};
  const auto leave = [mailboxes, from = seat.id, bytes = message.bytes] {
    for (s4u::Mailbox* mailbox : mailboxes) put(mailbox, from, bytes);
  };
  if (*delay == Duration{}) return leave();
  s4u::Actor::create("delayed", s4u::this_actor::get_host(), [leave, seconds = delay->seconds()] {
    s4u::this_actor::sleep_for(seconds);
    leave();
  });
}

// Every slot of the run is settled, and a published checkpoint covers it.
bool Host::settled() const {
  const auto slots = static_cast<std::uint32_t>(end_.since_epoch() / scenario_.time.market_slot);
  return recorder_.settled_slots() >= slots && recorder_.checkpoint_covers_settlements();
}

Result<void> Host::run(World& world, const SimOptions& options) {
  std::vector<std::string> words = network_settings();
  words.insert(words.begin(), "aipchain");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  // SimGrid takes SIGINT for itself, to exit at once; it stays with whoever had it.
  struct sigaction on_interrupt {};
  sigaction(SIGINT, nullptr, &on_interrupt);
  s4u::Engine engine(&argc, argv.data());
  sigaction(SIGINT, &on_interrupt, nullptr);
  end_ = Instant{} + scenario_.time.duration;
  make_seats();
  seat_nodes();
  for (const Restart& r : options.restarts) seats_[r.node.value].restarts.push_back(r.at);
  start_actors();
  start_twins();

  const bool steered = deployment_.directory().grid_operators > 0;
  WorldPipeline pipeline(world, recorder_.description(), end_, options.threads,
                         steered ? &orders_ : nullptr);
  bool wanted = true;
  while (auto minute = pipeline.next()) {
    minutes_.push_back(minute);
    if (minutes_.size() > 3) minutes_.pop_front();
    engine.run_until(clock_of(minute->end));
    if (auto ok = recorder_.minute(*minute); !ok) return ok;
    wanted = !options.each_minute || options.each_minute(*minute, recorder_);
    if (!wanted) break;
  }
  double t = s4u::Engine::get_clock();
  for (int i = 0; i < drain_blocks && wanted && !settled(); ++i) {
    t += scenario_.ledger.block_interval.seconds();
    engine.run_until(t);
  }
  stopped_ = true;
  for (const Seat& seat : seats_)
    if (seat.recording) recorder_.recording_ends(roots_of(*seat.validator));
  recorder_.chain_ends(*seats_[deployment_.directory().observer().value].validator);
  for (Seat& seat : seats_) seat.inbox.close();
  for (Seat& seat : twins_) seat.inbox.close();
  s4u::Actor::kill_all();
  engine.run_until(t + 1e-6);
  return {};
}

}  // namespace

Result<void> run_simulation(const Scenario& scenario, World& world, const Deployment& deployment,
                            RunRecorder& recorder, const SimOptions& options) {
  return Host(scenario, deployment, recorder).run(world, options);
}

}  // namespace sim
