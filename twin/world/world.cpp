#include "twin/world/world.hpp"

#include <algorithm>
#include <cmath>

#include "ledger/base/invariant.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/feeder_generator.hpp"
#include "twin/grid/model/transformer_rating.hpp"
#include "twin/weather/weather_reader.hpp"
#include "twin/world/home.hpp"
#include "twin/world/islands.hpp"
#include "twin/world/register.hpp"

namespace twin {

using ledger::Duration;
using ledger::Instant;
using ledger::Rng;

namespace {

constexpr int history_days = 7;

double watts(const Phases& va) { return va[0].real() + va[1].real() + va[2].real(); }

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
  Place place() const override { return weather_.place(); }
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
  GridTotals grid_totals() const override { return figures_.totals(); }
  const GridFigures* grid_figures() const override { return &figures_; }
  std::vector<std::int64_t> history_wh(std::uint32_t home) const override;
  std::vector<std::int64_t> rest_history_wh(std::uint32_t home) const override;

 private:
  template <class PowerOf>  // W of a home's state
  std::vector<std::int64_t> past_wh(std::uint32_t home, const PowerOf& power_w) const;
  ProfileView profile_of(std::uint32_t connection) const;
  ProfileView followed_by(const HomeSpec& home) const;
  Home make_home(std::uint32_t home, ProfileView profile, const WeatherSample& sky) const;
  bool source_is_lost() const;
  void plan_the_islands(Duration dt);
  void solve_islands(Duration dt);
  void count_energy(double hours);
  void count_answers(double hours);
  OthersState others() const override;
  void count_grid();
  void move_meters(double hours);
  void take_samples();
  std::uint8_t voltage_of(std::uint32_t bus, std::uint8_t phases) const;

  Scenario scenario_;
  Network network_;
  LoadSources loads_;
  Rng rng_;
  Weather weather_;
  PowerFlow power_flow_;
  std::optional<Islands> islands_;  // while the source is lost
  PowerFlowResult island_result_;
  std::vector<bool> has_home_;     // by connection
  std::vector<Phases> others_va_;  // by connection: what the grid file has where no home stands
  std::vector<double> others_w_;   // its active power
  std::vector<Home> homes_;
  std::vector<HomeState> states_;
  std::vector<WeatherSample> skies_;  // of the running step
  std::vector<Phases> draw_va_;       // by connection
  std::vector<std::pair<std::uint32_t, Phases>> measured_;
  std::vector<MeterState> meters_;
  std::vector<MeterSample> samples_, last_samples_;
  const PowerFlowResult* grid_ = nullptr;
  EnergyTotals energy_;
  GridFigures figures_;
  std::vector<HomeDraw> home_draws_;
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
      draw_va_(network_.connections.size()),
      figures_(network_, topology_of(network_),
               {scenario.grid.max_loading, scenario.grid.v_min_pu, scenario.grid.v_max_pu, 0.02}),
      home_draws_(scenario.homes.size()) {
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
  has_home_.resize(network_.connections.size());
  for (const HomeSpec& home : scenario_.homes) has_home_[home.connection] = true;
  for (std::uint32_t c = 0; c < network_.connections.size(); ++c) {
    others_va_.push_back(has_home_[c] ? Phases{} : network_.connections[c].draw_va);
    others_w_.push_back(watts(others_va_[c]));
  }
  draw_va_ = others_va_;
  busbar_ = network_.transformers.empty() ? network_.sources[0].bus : network_.transformers[0].to;
  grid_ = &power_flow_.solve(draw_va_);
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

bool SimulatedWorld::source_is_lost() const {
  const Duration now = now_.since_epoch();
  return std::any_of(scenario_.faults.begin(), scenario_.faults.end(),
                     [&](const FaultSpec& f) { return f.at <= now && now < f.at + f.length; });
}

// What homes would do if they were left alone is asked of copies of them.
void SimulatedWorld::plan_the_islands(Duration dt) {
  const double hours = dt.seconds() / 3600;
  std::vector<IslandHome> wanted;
  for (const Home& home : homes_) {
    Home alone = home;
    SetPoints without_battery;
    without_battery.battery_w = 0;
    alone.set(without_battery);
    const HomeState& s = alone.step(now_, dt, skies_);
    wanted.push_back({s.load_w + s.ev_w + s.heat_pump_w, s.pv_w, home.most_charging_w(hours),
                      home.most_discharging_w(hours), home.has_battery_on_all_phases()});
  }
  constexpr auto a_turn = ledger::minutes(15);
  const auto turn = static_cast<std::uint32_t>(now_.since_epoch() / a_turn % wanted.size());
  const auto& asked = islands_->plan(wanted, others_w_, turn);
  for (std::size_t h = 0; h < homes_.size(); ++h) homes_[h].set(asked[h]);
}

// The forming batteries take what the others leave over: their islands' losses.
void SimulatedWorld::solve_islands(Duration dt) {
  PowerFlowResult& result = island_result_;
  result = islands_->solve(draw_va_);
  grid_ = &result;
  if (!result.converged) return;
  for (const Islands::Rest& rest : islands_->rests()) {
    const double given_w = -homes_[rest.home].balance(-rest.watts, dt);
    states_[rest.home] = homes_[rest.home].state();
    const std::uint32_t connection = scenario_.homes[rest.home].connection;
    draw_va_[connection] = states_[rest.home].draw_va;
    for (Complex& s : result.drawn_va[connection]) s -= rest.watts / 3;
    result.load_va -= rest.watts;
    // What it could not give was not served; what it could not take was lost in its inverter.
    energy_.unserved_kwh += std::max(0.0, rest.watts - given_w) * dt.seconds() / 3.6e6;
  }
}

void SimulatedWorld::step() {
  const Duration dt = scenario_.time.physics_step;
  const double hours = dt.seconds() / 3600;
  weather_.over(now_, dt, skies_);
  draw_va_ = others_va_;
  if (!source_is_lost()) {
    islands_.reset();
  } else {
    if (!islands_) {
      std::vector<std::uint32_t> of_home;
      for (const HomeSpec& home : scenario_.homes) of_home.push_back(home.connection);
      islands_.emplace(network_, std::move(of_home));
    }
    plan_the_islands(dt);
  }
  step_homes(homes_, now_, dt, skies_);
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    states_[h] = homes_[h].state();
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
  if (islands_)
    solve_islands(dt);
  else
    grid_ = &power_flow_.solve(draw_va_);
  now_ = now_ + dt;
  count_energy(hours);
  count_grid();
  move_meters(hours);
  samples_.clear();
  if (now_.since_epoch() % scenario_.time.metering_interval == Duration{}) {
    take_samples();
    last_samples_ = samples_;
  }
}

void SimulatedWorld::count_energy(double hours) {
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    energy_.consumed_kwh += homes_[h].consumed_w() * hours / 1000;
    energy_.generated_kwh += states_[h].pv_w * hours / 1000;
    energy_.curtailed_kwh += states_[h].curtailed_w * hours / 1000;
    energy_.unserved_kwh += (states_[h].shed_w * hours + states_[h].ev_unmet_wh) / 1000;
  }
  const OthersState beside = others();
  energy_.consumed_kwh += beside.drawn_w * hours / 1000;
  energy_.generated_kwh += beside.fed_in_w * hours / 1000;
  count_answers(hours);
  const double source_w = grid_->source_va.real();
  (source_w > 0 ? energy_.imported_kwh : energy_.exported_kwh) += std::abs(source_w) * hours / 1000;
  energy_.generated_kwh += grid_->generator_va.real() * hours / 1000;
  energy_.losses_kwh += grid_->shunt_va.real() * hours / 1000;
  for (const double w : grid_->losses_w) energy_.losses_kwh += w * hours / 1000;
}

// Loads that answer to voltage take another power than they asked for; what does not get any, or
// stands still because the flow did not converge, goes unserved.
void SimulatedWorld::count_answers(double hours) {
  for (std::uint32_t c = 0; c < draw_va_.size(); ++c) {
    const double answer_w = watts(grid_->drawn_va[c]) - watts(draw_va_[c]);
    if (has_home_[c]) energy_.consumed_kwh += answer_w * hours / 1000;
    const bool unserved = !grid_->converged || (islands_ && islands_->is_dark(c));
    if (unserved) energy_.unserved_kwh += std::max(0.0, -answer_w) * hours / 1000;
  }
}

OthersState SimulatedWorld::others() const {
  OthersState out;
  for (std::uint32_t c = 0; c < draw_va_.size(); ++c) {
    if (has_home_[c]) continue;
    const double w = watts(grid_->drawn_va[c]);
    (w > 0 ? out.drawn_w : out.fed_in_w) += std::abs(w);
  }
  return out;
}

EnergyTotals SimulatedWorld::energy() const {
  EnergyTotals e = energy_;
  for (const Home& h : homes_) {
    e.stored_delta_kwh += h.stored_delta_wh() / 1000;
    e.storage_losses_kwh += h.storage_losses_wh() / 1000;
  }
  return e;
}

void SimulatedWorld::count_grid() {
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    const HomeState& s = states_[h];
    home_draws_[h] = {network_.connections[scenario_.homes[h].connection].bus,
                      s.load_w,
                      s.pv_w,
                      s.battery_w,
                      s.ev_w,
                      s.heat_pump_w};
  }
  const double ambient_c = skies_[skies_.size() / 2].temperature_c;
  figures_.add(now_, scenario_.time.physics_step, *grid_, home_draws_,
               scenario_.grid.ambient_rating ? permissible_load(ambient_c) : 1);
}

void SimulatedWorld::move_meters(double hours) {
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    meters_[h].registers.add(watts(grid_->drawn_va[scenario_.homes[h].connection]), hours);
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
  return past_wh(home, [](const HomeState& s) { return watts(s.draw_va); });
}

std::vector<std::int64_t> SimulatedWorld::rest_history_wh(std::uint32_t home) const {
  return past_wh(home, [](const HomeState& s) { return watts(s.draw_va) - s.ev_w - s.battery_w; });
}

template <class PowerOf>
std::vector<std::int64_t> SimulatedWorld::past_wh(std::uint32_t home,
                                                  const PowerOf& power_w) const {
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
        net_wh += power_w(state) * part.seconds() / 3600;
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
  if (network)
    for (Connection& c : network->connections)
      c.model = {grid.load_v_min_pu, grid.load_v_max_pu, {1, 0, 0}, {1, 0, 0}};
  return network;
}

}  // namespace twin
