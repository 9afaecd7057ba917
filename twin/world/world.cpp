#include "twin/world/world.hpp"

#include <algorithm>
#include <cmath>

#include "ledger/base/invariant.hpp"
#include "twin/grid/feeder_generator.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/weather/weather_reader.hpp"
#include "twin/world/home.hpp"
#include "twin/world/register.hpp"

namespace twin {

using ledger::Duration;
using ledger::Instant;
using ledger::Rng;

namespace {

constexpr int history_days = 7;

// One meter: registers and what they stood at when the running interval began.
struct MeterState {
  EnergyRegisters registers;
  double interval_start_mwh = 0;
};

class SimulatedWorld final : public World {
 public:
  SimulatedWorld(const Scenario& scenario, Network network, LoadSources loads,
                 std::shared_ptr<const WeatherSeries> series);

  const Network& network() const override { return network_; }
  std::uint32_t meters() const override { return static_cast<std::uint32_t>(meters_.size()); }
  void measured(std::uint32_t home, const Phases& draw_va) override;
  void set(std::uint32_t home, const SetPoints& asked) override;
  void step() override;
  Instant now() const override { return now_; }
  MeterSample registers(std::uint32_t meter) const override;
  std::span<const MeterSample> samples() const override { return samples_; }
  const PowerFlowResult& grid() const override { return *grid_; }
  std::span<const HomeState> homes() const override { return states_; }
  EnergyTotals energy() const override;
  GridTotals grid_totals() const override { return grid_totals_; }
  std::vector<std::int64_t> history_wh(std::uint32_t home) const override;

 private:
  ProfileView profile_of(std::uint32_t connection) const;
  ProfileView followed_by(const HomeSpec& home) const;
  Home make_home(std::uint32_t home, ProfileView profile, const WeatherSample& sky) const;
  void count_energy(double hours);
  void count_grid(double hours);
  void count_voltages(double hours);
  void move_meters(double hours);
  void take_samples();
  std::uint8_t voltage_of(std::uint32_t bus, std::uint8_t phases) const;
  double power_base_va(std::size_t branch) const;
  const std::string& branch_name(std::size_t branch) const;

  Scenario scenario_;
  Network network_;
  LoadSources loads_;
  Rng rng_;
  Weather weather_;
  PowerFlow power_flow_;
  std::vector<Home> homes_;
  std::vector<HomeState> states_;
  std::vector<WeatherSample> skies_;  // of the running step
  std::vector<Phases> draw_va_;       // by connection
  std::vector<std::pair<std::uint32_t, Phases>> measured_;
  std::vector<MeterState> meters_;
  std::vector<MeterSample> samples_, last_samples_;
  const PowerFlowResult* grid_ = nullptr;
  EnergyTotals energy_;
  GridTotals grid_totals_;
  std::uint32_t busbar_ = 0;  // where the feeder meter measures voltage
  Instant now_;
};

SimulatedWorld::SimulatedWorld(const Scenario& scenario, Network network, LoadSources loads,
                               std::shared_ptr<const WeatherSeries> series)
    : scenario_(scenario),
      network_(std::move(network)),
      loads_(std::move(loads)),
      rng_(Rng(scenario.seed).fork("world")),
      weather_(scenario.weather, scenario.time.start, rng_.fork("weather"), std::move(series)),
      power_flow_(network_),
      draw_va_(network_.connections.size()) {
  const WeatherSample sky = weather_.at(now_);
  for (std::uint32_t h = 0; h < scenario_.homes.size(); ++h) {
    homes_.push_back(make_home(h, followed_by(scenario_.homes[h]), sky));
    Rng start = rng_.fork(scenario_.homes[h].name).fork("registers");
    const auto kwh = [&](double low, double high) {
      return static_cast<std::int64_t>(start.uniform(low, high) * 1e6);
    };
    const std::int64_t import_mwh = kwh(2'000, 30'000);
    meters_.push_back({EnergyRegisters(import_mwh, scenario_.homes[h].pv ? kwh(500, 20'000) : 0)});
  }
  meters_.push_back({EnergyRegisters(100'000'000'000, 20'000'000'000)});
  states_.resize(homes_.size());
  busbar_ = network_.transformers.empty() ? network_.source.bus : network_.transformers[0].to;
  grid_ = &power_flow_.solve(draw_va_);
  grid_totals_.v_min_pu = 10;
  take_samples();
  last_samples_ = samples_;
  samples_.clear();
}

ProfileView SimulatedWorld::profile_of(std::uint32_t connection) const {
  const Connection& c = network_.connections[connection];
  ProfileView view;
  view.values_w = c.profile_w;
  view.step_s = c.profile_step_s;
  return view;
}

ProfileView SimulatedWorld::followed_by(const HomeSpec& home) const {
  const bool of_a_file =
      home.load.kind == LoadSpec::Kind::bdew || home.load.kind == LoadSpec::Kind::csv;
  return of_a_file ? loads_.view(home.load) : profile_of(home.connection);
}

Home SimulatedWorld::make_home(std::uint32_t home, ProfileView profile,
                               const WeatherSample& sky) const {
  const HomeSpec& spec = scenario_.homes[home];
  return Home(spec, network_.connections[spec.connection], profile, scenario_.time.start, sky,
              rng_.fork(spec.name));
}

void SimulatedWorld::measured(std::uint32_t home, const Phases& draw_va) {
  ledger::invariant(home < homes_.size(), "a measured home exists");
  measured_.emplace_back(home, draw_va);
}

void SimulatedWorld::set(std::uint32_t home, const SetPoints& asked) {
  ledger::invariant(home < homes_.size(), "a controlled home exists");
  for (const auto& value : {asked.pv_limit_w, asked.battery_w, asked.ev_limit_w,
                            asked.heat_pump_limit_w, asked.load_limit_w})
    ledger::invariant(std::isfinite(value.value_or(0)), "a set-point is a number");
  homes_[home].set(asked);
}

void SimulatedWorld::step() {
  const Duration dt = scenario_.time.physics_step;
  const double hours = dt.seconds() / 3600;
  weather_.over(now_, dt, skies_);
  std::fill(draw_va_.begin(), draw_va_.end(), Phases{});
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    states_[h] = homes_[h].step(now_, dt, skies_);
    draw_va_[scenario_.homes[h].connection] = states_[h].draw_va;
  }
  for (const auto& [home, draw] : measured_) {
    // What is measured beyond the simulated home is consumption of the real one.
    for (unsigned p = 0; p < 3; ++p)
      energy_.consumed_kwh += (draw[p] - states_[home].draw_va[p]).real() * hours / 1000;
    states_[home].draw_va = draw;
    draw_va_[scenario_.homes[home].connection] = draw;
  }
  measured_.clear();
  grid_ = &power_flow_.solve(draw_va_);
  ++grid_totals_.power_flows;
  if (!grid_->converged) ++grid_totals_.not_converged;
  now_ = now_ + dt;
  count_energy(hours);
  count_grid(hours);
  move_meters(hours);
  samples_.clear();
  if (now_.since_epoch() % scenario_.time.metering_interval == Duration{}) {
    take_samples();
    last_samples_ = samples_;
  }
}

void SimulatedWorld::count_energy(double hours) {
  double asked_w = 0;
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    energy_.consumed_kwh += homes_[h].consumed_w() * hours / 1000;
    energy_.generated_kwh += states_[h].pv_w * hours / 1000;
    energy_.curtailed_kwh += states_[h].curtailed_w * hours / 1000;
    energy_.unserved_kwh += (states_[h].shed_w * hours + states_[h].ev_unmet_wh) / 1000;
    for (const Complex& s : states_[h].draw_va) asked_w += s.real();
  }
  // Loads that answer to voltage take another power than they asked for.
  const double answer_kwh = (grid_->load_va.real() - asked_w) * hours / 1000;
  energy_.consumed_kwh += answer_kwh;
  if (!grid_->converged) energy_.unserved_kwh += std::max(0.0, -answer_kwh);
  const double source_w = grid_->source_va.real();
  (source_w > 0 ? energy_.imported_kwh : energy_.exported_kwh) += std::abs(source_w) * hours / 1000;
  for (const double w : grid_->losses_w) energy_.losses_kwh += w * hours / 1000;
}

EnergyTotals SimulatedWorld::energy() const {
  EnergyTotals e = energy_;
  for (const Home& h : homes_) {
    e.stored_delta_kwh += h.stored_delta_wh() / 1000;
    e.storage_losses_kwh += h.storage_losses_wh() / 1000;
  }
  return e;
}

double SimulatedWorld::power_base_va(std::size_t branch) const {
  if (branch >= network_.lines.size())
    return network_.transformers[branch - network_.lines.size()].rated_va;
  const Line& l = network_.lines[branch];
  return 3 * l.rated_a * network_.buses[l.from].nominal_v;
}

const std::string& SimulatedWorld::branch_name(std::size_t branch) const {
  return branch < network_.lines.size()
             ? network_.lines[branch].name
             : network_.transformers[branch - network_.lines.size()].name;
}

void SimulatedWorld::count_grid(double hours) {
  GridTotals& g = grid_totals_;
  const double limit = scenario_.grid.max_loading;
  bool overloaded = false;
  for (std::size_t b = 0; b < grid_->loading.size(); ++b) {
    const double loading = grid_->loading[b];
    if (loading > g.max_loading) {
      g.max_loading = loading;
      g.worst_element = branch_name(b);
    }
    if (loading <= limit) continue;
    overloaded = true;
    g.overload_kwh += (loading - limit) * power_base_va(b) * hours / 1000;
  }
  if (overloaded) g.overload_minutes += hours * 60;
  count_voltages(hours);
}

void SimulatedWorld::count_voltages(double hours) {
  GridTotals& g = grid_totals_;
  bool outside = false;
  for (const Connection& c : network_.connections) {
    const double nominal = c.nominal_v > 0 ? c.nominal_v : network_.buses[c.bus].nominal_v;
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      const double pu = std::abs(grid_->voltage_v[c.bus][p]) / nominal;
      g.v_min_pu = std::min(g.v_min_pu, pu);
      g.v_max_pu = std::max(g.v_max_pu, pu);
      outside = outside || pu < scenario_.grid.v_min_pu || pu > scenario_.grid.v_max_pu;
    }
  }
  if (outside) g.voltage_violation_minutes += hours * 60;
}

void SimulatedWorld::move_meters(double hours) {
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    double watts = 0;
    for (const Complex& s : grid_->drawn_va[scenario_.homes[h].connection]) watts += s.real();
    meters_[h].registers.add(watts, hours);
  }
  meters_.back().registers.add(grid_->source_va.real(), hours);
}

std::uint8_t SimulatedWorld::voltage_of(std::uint32_t bus, std::uint8_t phases) const {
  double least = 255;
  for (unsigned p = 0; p < 3; ++p)
    if (phases >> p & 1) least = std::min(least, std::abs(grid_->voltage_v[bus][p]));
  return static_cast<std::uint8_t>(least);
}

void SimulatedWorld::take_samples() {
  const double interval_h = scenario_.time.metering_interval.seconds() / 3600;
  for (std::uint32_t m = 0; m < meters_.size(); ++m) {
    MeterState& meter = meters_[m];
    MeterSample s;
    s.meter = m;
    s.time = now_;
    s.import_register = meter.registers.import_register();
    s.export_register = meter.registers.export_register();
    const double net = meter.registers.net_mwh();
    s.power_w = static_cast<std::int32_t>(
        std::lround((net - meter.interval_start_mwh) / 1000 / interval_h));
    meter.interval_start_mwh = net;
    const bool feeder = m + 1 == meters_.size();
    const Connection* c = feeder ? nullptr : &network_.connections[scenario_.homes[m].connection];
    s.voltage_v = feeder ? voltage_of(busbar_, 0b111) : voltage_of(c->bus, c->phases);
    samples_.push_back(s);
  }
}

MeterSample SimulatedWorld::registers(std::uint32_t meter) const {
  MeterSample s = last_samples_[meter];
  s.time = now_;
  s.import_register = meters_[meter].registers.import_register();
  s.export_register = meters_[meter].registers.export_register();
  return s;
}

std::vector<std::int64_t> SimulatedWorld::history_wh(std::uint32_t home) const {
  const Duration slot = scenario_.time.market_slot;
  const std::int64_t slots = Duration{ledger::hours(24)} / slot;
  const auto connections = static_cast<std::uint32_t>(network_.connections.size());
  const Instant first = Instant{} - ledger::hours(24) * history_days;
  const HomeSpec& spec = scenario_.homes[home];
  Home model = make_home(home, followed_by(spec), weather_.at(first));
  std::vector<std::int64_t> out;
  std::vector<WeatherSample> skies;
  for (int day = history_days; day >= 1; --day) {
    // A grid file's single day stands for other days by way of other connections' series.
    const std::uint32_t stand_in =
        (spec.connection + static_cast<std::uint32_t>(day)) % connections;
    if (spec.load.kind == LoadSpec::Kind::grid_profile) model.read(profile_of(stand_in));
    for (std::int64_t s = 0; s < slots; ++s) {
      const Instant from = Instant{} - ledger::hours(24) * day + slot * s;
      double net_wh = 0;
      for (Duration at, part; at < slot; at = at + part) {
        part = std::min(slot - at, ledger::minutes(1));
        weather_.over(from + at, part, skies);
        const HomeState& state = model.step(from + at, part, skies);
        for (const Complex& v : state.draw_va) net_wh += v.real() * part.seconds() / 3600;
      }
      out.push_back(std::llround(net_wh));
    }
  }
  return out;
}

}  // namespace

tl::expected<std::unique_ptr<World>, std::string> World::create(const Scenario& scenario,
                                                                const LoadFile& load) {
  auto network = make_network(scenario.grid, scenario.seed, load);
  if (!network) return tl::unexpected(network.error());
  std::shared_ptr<const WeatherSeries> series;
  if (!scenario.weather.file.empty()) {
    auto read = make_weather(scenario, load);
    if (!read) return tl::unexpected(read.error());
    series = std::move(*read);
  }
  auto loads = LoadSources::read(scenario, load);
  if (!loads) return tl::unexpected(loads.error());
  return std::make_unique<SimulatedWorld>(scenario, std::move(*network), std::move(*loads),
                                          std::move(series));
}

ledger::Result<std::shared_ptr<const WeatherSeries>> make_weather(const Scenario& scenario,
                                                                  const LoadFile& load) {
  const WeatherSpec& w = scenario.weather;
  auto record = read_weather(w.file, {w.latitude_deg, w.longitude_deg}, load);
  if (!record) return ledger::failure(record.error());
  auto series = std::make_shared<const WeatherSeries>(std::move(*record));
  if (auto ok = series->covers(scenario.time.start, scenario.time.duration); !ok)
    return ledger::failure(ok.error());
  return series;
}

ledger::Result<Network> make_network(const GridSpec& grid, std::uint64_t seed,
                                     const LoadFile& load) {
  ledger::Result<Network> network =
      grid.file.empty()
          ? ledger::Result<Network>(generate_feeder(grid.generator, Rng(seed).fork("feeder")))
          : read_grid(grid.file, load);
  if (network) network->load_model = {grid.load_v_min_pu, grid.load_v_max_pu};
  return network;
}

}  // namespace twin
