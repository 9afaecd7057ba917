#include "hil/field_host.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <deque>
#include <filesystem>
#include <thread>

#include "hil/network/node_seat.hpp"
#include "ledger/base/invariant.hpp"
#include "twin/store/node_store.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
using RealClock = std::chrono::steady_clock;

namespace {

// Real, beyond a reading's nominal time.
constexpr RealClock::duration reading_patience = std::chrono::milliseconds(500);
constexpr auto longest_sleep = std::chrono::milliseconds(20);  // so that a stop is noticed
constexpr int drain_blocks = 12;

struct Seat {
  NodeId id;
  std::unique_ptr<Signer> key;
  std::unique_ptr<RecordingSigner> recording;
  std::unique_ptr<Node> node;
  const ValidatorNode* validator = nullptr;
  std::unique_ptr<NodeStore> store;  // none: a home's fleet
};

struct Delivery {
  NodeId from, to;
  SharedBytes bytes;
};

class Host {
 public:
  Host(const Scenario& scenario, World& world, const Deployment& deployment, RunRecorder& recorder,
       std::vector<WiredMeter> meters, const FieldOptions& options)
      : scenario_(scenario),
        world_(world),
        deployment_(deployment),
        recorder_(recorder),
        options_(options),
        verifier_(ed25519_),
        devices_(std::move(meters)),
        gatherer_(deployment.directory().grid_operators > 0),
        end_(Instant{} + scenario.time.duration) {}

  Result<std::vector<DeviceReport>> run();

 private:
  // What a real meter said of one interval, in place of the home's twin.
  struct Measured {
    std::uint32_t home = 0;
    MeterSample sample;
    std::optional<std::uint8_t> voltage_v;  // none: the power flow's
    Phases draw_va{};
  };
  Result<void> make_nodes();
  Result<void> open_store(Seat& seat, const std::string& name);
  void seat_validator(NodeId id, const ValidatorConfig& config, const KeySeed& seed);
  Result<void> live();
  void wait_until(Instant time);
  Result<void> interval(Instant end);
  std::vector<Measured> read_devices(Instant end);
  std::optional<Measured> read(WiredMeter& device, Instant end) const;
  Measured hear(WiredMeter& device, Instant end);
  Phases on_phases(std::uint32_t home, double power_w) const;
  void replace(std::vector<MeterSample>& samples, const std::vector<Measured>& all) const;
  void drain();
  void settle_messages(Instant now);
  void fire_deadlines(Instant now);
  void step(Seat& seat, Instant now, const Inputs& inputs);
  void carry_out(Seat& seat, const twin::Effect& effect, Instant now);
  Seat* next_due(Instant until);
  bool stopped() const { return options_.stop && *options_.stop; }
  bool settled() const;
  bool steered() const { return deployment_.directory().grid_operators > 0; }
  std::vector<DeviceReport> reports() const;
  RealClock::time_point real_time(Instant t) const;
  RealClock::duration real_interval() const;
  Instant simulated_now() const;

  const Scenario& scenario_;
  World& world_;
  const Deployment& deployment_;
  RunRecorder& recorder_;
  const FieldOptions& options_;
  Ed25519Verifier ed25519_;
  CachedVerifier verifier_;
  std::vector<Seat> seats_;
  std::deque<Delivery> queue_;
  std::vector<WiredMeter> devices_;
  MinuteGatherer gatherer_;
  StandingOrders orders_;
  RealClock::time_point start_;
  Instant end_, now_;
  std::string failure_;
};

void Host::seat_validator(NodeId id, const ValidatorConfig& config, const KeySeed& seed) {
  Seat& seat = seats_[id.value];
  seat.key = std::make_unique<Ed25519Signer>(seed);
  Signer* signer = seat.key.get();
  if (recorder_.records(id)) {
    seat.recording = std::make_unique<RecordingSigner>(*signer);
    signer = seat.recording.get();
    recorder_.recording_begins(config);
  }
  auto node = hil::seat_validator(config, *signer, verifier_, *seat.store);
  seat.validator = node.get();
  seat.node = std::move(node);
}

Result<void> Host::open_store(Seat& seat, const std::string& name) {
  auto store = NodeStore::open(recorder_.directory() + "/node/" + name + ".db");
  if (!store) return failure(store.error());
  seat.store = std::move(*store);
  return {};
}

Result<void> Host::make_nodes() {
  const Directory& d = deployment_.directory();
  const Identities& keys = deployment_.identities();
  std::error_code error;
  std::filesystem::create_directories(recorder_.directory() + "/node", error);
  if (error) return failure(recorder_.directory() + "/node: " + error.message());
  seats_.resize(d.nodes());
  for (std::uint32_t n = 0; n < seats_.size(); ++n) seats_[n].id = {n};
  for (std::uint32_t v = 0; v < d.validators; ++v) {
    if (auto ok = open_store(seats_[v], "validator-" + std::to_string(v)); !ok) return ok;
    seat_validator(d.validator(v), deployment_.validator(v), keys.validators[v]);
  }
  if (auto ok = open_store(seats_[d.observer().value], "observer"); !ok) return ok;
  seat_validator(d.observer(), deployment_.observer(), keys.observer);
  for (std::uint32_t g = 0; g < d.gateways; ++g) {
    Seat& gateway = seats_[d.gateway(g).value];
    gateway.key = std::make_unique<Ed25519Signer>(keys.gateways[g]);
    if (auto ok = open_store(gateway, "gateway-" + std::to_string(g)); !ok) return ok;
    gateway.node = seat_gateway(deployment_.gateway(g), *gateway.key, verifier_, *gateway.store);
    seats_[d.fleet(g).value].node = seat_fleet(deployment_.fleet(g));
  }
  for (std::uint32_t o = 0; o < d.oracles; ++o) {
    Seat& oracle = seats_[d.oracle(o).value];
    oracle.key = std::make_unique<Ed25519Signer>(keys.oracles[o]);
    std::unique_ptr<market::Attestor> attestor;
    if (deployment_.genesis().attesters > 0)
      attestor = std::make_unique<market::Attestor>(deployment_.genesis(), deployment_.registered(),
                                                    verifier_);
    oracle.node = seat_oracle(deployment_.oracle(o), *oracle.key, std::move(attestor));
  }
  for (std::uint32_t c = 0; c < d.concentrators; ++c) {
    Seat& seat = seats_[d.concentrator(c).value];
    seat.key = std::make_unique<Ed25519Signer>(keys.concentrators[c]);
    seat.node = seat_concentrator(deployment_.concentrator(c), *seat.key, verifier_);
  }
  if (steered())
    seats_[d.grid_operator().value].node = seat_grid_operator(deployment_.grid_operator());
  return {};
}

RealClock::time_point Host::real_time(Instant t) const {
  const double seconds = t.since_epoch().seconds() / scenario_.time.real_time_factor;
  return start_ +
         std::chrono::duration_cast<RealClock::duration>(std::chrono::duration<double>(seconds));
}

RealClock::duration Host::real_interval() const {
  return real_time(Instant{} + scenario_.time.metering_interval) - start_;
}

Instant Host::simulated_now() const {
  const std::chrono::duration<double> real = RealClock::now() - start_;
  return Instant{static_cast<std::int64_t>(real.count() * scenario_.time.real_time_factor * 1e9)};
}

void Host::step(Seat& seat, Instant now, const Inputs& inputs) {
  Outbox outbox;
  seat.node->step(now, inputs, outbox);
  if (seat.recording)
    recorder_.recording_step(now, inputs, seat.recording->take(), outbox.effects());
  for (const twin::Effect& effect : outbox.effects()) carry_out(seat, effect, now);
}

void Host::carry_out(Seat& seat, const twin::Effect& effect, Instant now) {
  // What a signing record could not be written for must not leave.
  if (!failure_.empty()) return;
  if (const auto* send = std::get_if<Send>(&effect)) {
    recorder_.message(seat.id, now, *send, true);
    queue_.push_back({seat.id, send->to, send->bytes});
    return;
  }
  if (const auto* command = std::get_if<Command>(&effect)) {
    orders_[command->home] = command->asked;
    return;
  }
  recorder_.effect(seat.id, now, effect);
  const auto* persist = std::get_if<Persist>(&effect);
  if (persist && seat.store)
    if (auto ok = seat.store->keep(*persist); !ok) failure_ = ok.error();
}

void Host::settle_messages(Instant now) {
  while (!queue_.empty()) {
    Delivery d = std::move(queue_.front());
    queue_.pop_front();
    const PeerMessage message{d.from, std::move(d.bytes)};
    step(seats_[d.to.value], now, Inputs{std::span(&message, 1), {}});
  }
}

// The node with the earliest deadline up to `until`. After the end homes fall silent, and gateways
// and concentrators post what they have.
Seat* Host::next_due(Instant until) {
  Seat* due = nullptr;
  for (Seat& seat : seats_) {
    const Instant deadline = seat.node->next_deadline();
    const Directory& d = deployment_.directory();
    const bool home = d.is_fleet(seat.id) || d.is_oracle(seat.id) || d.is_grid_operator(seat.id);
    const Duration patience =
        d.is_concentrator(seat.id) ? ConcentratorConfig{}.patience : GatewayConfig{}.batch_patience;
    const bool over = home ? deadline > end_ : !seat.validator && deadline > end_ + patience;
    if (deadline > until || over) continue;
    if (!due || deadline < due->node->next_deadline()) due = &seat;
  }
  return due;
}

void Host::fire_deadlines(Instant now) {
  settle_messages(now_);
  while (Seat* seat = next_due(now)) {
    now_ = std::max(now_, seat->node->next_deadline());
    step(*seat, now_, Inputs{});
    settle_messages(now_);
  }
  now_ = std::max(now_, now);
}

void Host::wait_until(Instant time) {
  while (!stopped() && RealClock::now() < real_time(time)) {
    fire_deadlines(std::min(simulated_now(), time));
    std::this_thread::sleep_until(std::min(real_time(time), RealClock::now() + longest_sleep));
  }
}

std::vector<Host::Measured> Host::read_devices(Instant end) {
  std::vector<Measured> out;
  for (WiredMeter& d : devices_) {
    if (d.station)
      out.push_back(hear(d, end));
    else if (const auto measured = read(d, end))
      out.push_back(*measured);
  }
  return out;
}

std::optional<Host::Measured> Host::read(WiredMeter& d, Instant end) const {
  const auto sequence =
      static_cast<std::uint32_t>(end.since_epoch() / scenario_.time.metering_interval);
  // One that has fallen silent may come back at any reading, but must not slow the run down.
  const auto patience =
      d.on_shadow ? std::min(real_interval() / 4, reading_patience) : reading_patience;
  const auto r = d.poller->wait_for(sequence, real_time(end) + patience);
  d.on_shadow = !r.has_value();
  if (!r) {
    ++d.shadow_readings;
    return std::nullopt;
  }
  Measured out;
  out.home = d.home;
  out.sample.import_register = r->import_register;
  out.sample.export_register = r->export_register;
  out.sample.power_w = r->power_w;
  out.voltage_v = static_cast<std::uint8_t>(std::min<std::uint16_t>(r->voltage_v, 255));
  out.draw_va = r->draw_va;
  return out;
}

// What a station signed up to this end is kept before anything follows from it.
Host::Measured Host::hear(WiredMeter& d, Instant end) {
  WiredStation& s = *d.station;
  const auto patience = std::min(real_interval() / 2, reading_patience);
  const auto taken =
      s.poller->wait_for(end - scenario_.time.metering_interval, end, real_time(end) + patience);
  std::optional<SignedRegisters> newest;
  for (const StationPoller::Taken& t : taken) {
    if (auto ok = recorder_.signed_record(s.account, t.record); !ok) failure_ = ok.error();
    newest = t.registers;
    ++s.taken;
  }
  const StationReadings::Shown shown = s.readings.at(end, newest);
  if (newest) s.source = "ocmf";
  if (shown.given == MeterSample::Given::held) {
    s.source = "held";
    ++s.held_readings;
  }
  Measured out;
  out.home = d.home;
  out.draw_va = on_phases(d.home, shown.flow_w);
  out.sample.given = shown.given;
  out.sample.import_register = shown.import_register;
  out.sample.export_register = shown.export_register;
  out.sample.power_w = shown.power_w;
  return out;
}

// Alike on each phase that the home is connected to.
Phases Host::on_phases(std::uint32_t home, double power_w) const {
  const unsigned phases = world_.network().connections[scenario_.homes[home].connection].phases;
  Phases out{};
  for (unsigned p = 0; p < out.size(); ++p)
    if (phases & (1u << p)) out[p] = power_w / std::popcount(phases);
  return out;
}

void Host::replace(std::vector<MeterSample>& samples, const std::vector<Measured>& all) const {
  for (const Measured& m : all)
    for (MeterSample& s : samples) {
      if (s.meter != m.home) continue;
      MeterSample shown = m.sample;
      shown.meter = s.meter;
      shown.time = s.time;
      shown.voltage_v = m.voltage_v.value_or(s.voltage_v);
      s = shown;
    }
}

// The physics of one metering interval, at its end, with what real meters measured in it.
Result<void> Host::interval(Instant end) {
  const auto readings = read_devices(end);
  std::vector<MeterSample> samples;
  while (world_.now() < end) {
    for (const Measured& m : readings) world_.measured(m.home, m.draw_va);
    for (const auto& [home, asked] : orders_) world_.set(home, asked);
    world_.step();
    gatherer_.add(world_);
    samples.insert(samples.end(), world_.samples().begin(), world_.samples().end());
  }
  replace(samples, readings);
  fire_deadlines(Instant{end.ns - 1});
  now_ = end;
  const Directory& d = deployment_.directory();
  Inputs inputs{{}, samples};
  std::optional<GridMeasurement> measured;
  if (steered() && end.since_epoch() % minutes(1) == Duration{}) {
    measured = measure_grid(world_);
    inputs.homes = world_.homes();
    inputs.grid = &*measured;
    step(seats_[d.grid_operator().value], now_, inputs);
  }
  for (std::uint32_t g = 0; g < d.gateways; ++g) {
    step(seats_[d.fleet(g).value], now_, inputs);
    settle_messages(now_);
  }
  fire_deadlines(end);
  if (end.since_epoch() % minutes(1) != Duration{} && end != end_) return {};
  const WorldMinute minute = gatherer_.take(world_, recorder_.description());
  if (auto ok = recorder_.minute(minute); !ok) return ok;
  if (options_.each_minute) options_.each_minute(minute);
  return {};
}

Result<void> Host::live() {
  for (Instant t = Instant{} + scenario_.time.metering_interval; t <= end_;
       t = t + scenario_.time.metering_interval) {
    wait_until(t);
    if (stopped()) return {};
    if (auto ok = interval(t); !ok) return ok;
    if (!failure_.empty()) return failure(failure_);
  }
  return {};
}

bool Host::settled() const {
  const auto slots = static_cast<std::uint32_t>(end_.since_epoch() / scenario_.time.market_slot);
  return recorder_.settled_slots() >= slots && recorder_.checkpoint_covers_settlements();
}

void Host::drain() {
  const Instant until = end_ + scenario_.ledger.block_interval * drain_blocks;
  while (!settled()) {
    Seat* seat = next_due(until);
    if (!seat) return;
    fire_deadlines(std::max(now_, seat->node->next_deadline()));
  }
}

std::vector<DeviceReport> Host::reports() const {
  std::vector<DeviceReport> out;
  for (const WiredMeter& d : devices_) out.push_back(report_of(d));
  return out;
}

Result<std::vector<DeviceReport>> Host::run() {
  if (auto ok = make_nodes(); !ok) return failure(ok.error());
  start_ = RealClock::now();
  for (WiredMeter& d : devices_)
    if (d.station) d.station->poller->begin(start_);
  fire_deadlines(Instant{});
  if (auto ok = live(); !ok) return failure(ok.error());
  if (!stopped()) drain();
  for (const Seat& seat : seats_)
    if (seat.recording) recorder_.recording_ends(roots_of(*seat.validator));
  recorder_.chain_ends(*seats_[deployment_.directory().observer().value].validator);
  if (!failure_.empty()) return failure(failure_);
  return reports();
}

}  // namespace

Result<std::vector<DeviceReport>> run_field(const Scenario& scenario, World& world,
                                            const Deployment& deployment, RunRecorder& recorder,
                                            std::vector<WiredMeter> meters,
                                            const FieldOptions& options) {
  return Host(scenario, world, deployment, recorder, std::move(meters), options).run();
}

}  // namespace hil
