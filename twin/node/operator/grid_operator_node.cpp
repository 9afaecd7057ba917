#include "twin/node/operator/grid_operator_node.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "twin/congestion/dimming_14a.hpp"
#include "twin/congestion/dynamic_grid_fee.hpp"
#include "twin/node/base/messages.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr Duration into_the_minute = seconds(5);
constexpr Duration report_holds = minutes(5);
constexpr Duration given_up_after = hours(24);
constexpr std::size_t slots_shown = 96;  // of fees, at most: a day of quarters of an hour
constexpr double near_voltage_pu = 0.02;
constexpr double probed_w = 10;                      // a home, of import more
constexpr double house_connection_w = 3 * 63 * 230;  // main fuses of 63 A

std::vector<std::uint32_t> connections_of(const GridOperatorConfig& config) {
  std::vector<std::uint32_t> out;
  for (const GridOperatorConfig::Home& h : config.homes) out.push_back(h.connection);
  return out;
}

double moved(double value, const std::vector<double>& per_w, std::span<const double> change_w) {
  for (std::size_t h = 0; h < change_w.size(); ++h) value += per_w[h] * change_w[h];
  return value;
}

std::int32_t word_of(double limit_w) {
  return limit_w >= 1e9 ? unlimited : static_cast<std::int32_t>(std::max(0.0, std::floor(limit_w)));
}

// As the ledger's entry holds names: printable ASCII, 1 to 64 bytes.
std::string as_printable(const std::string& name) {
  std::string out = name.substr(0, 64);
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out.empty() ? "?" : out;
}

MicroEuros micro_eur(double eur) { return {std::llround(eur * 1e6)}; }

double most_exchange_w(const ai::HomeDevices& d) {
  return house_connection_w + d.pv_w + d.battery_w + d.ev_w + d.heat_pump_w;
}

}  // namespace

GridOperatorNode::GridOperatorNode(GridOperatorConfig config)
    : config_(std::move(config)),
      chain_id_(chain_id_of(config_.genesis)),
      model_(*config_.network, connections_of(config_)),
      fees_(config_.genesis, *config_.signer),
      homes_(config_.homes.size()),
      said_(config_.directory.validators),
      told_(config_.directory.gateways) {
  for (const RungSpec& spec : config_.rungs)
    ladder_.push_back(make_rung(spec, config_.sell_eur_per_kwh));
}

Instant GridOperatorNode::next_deadline() const {
  return Instant{} + minutes(1) * static_cast<std::int64_t>(next_minute_) + into_the_minute;
}

void GridOperatorNode::step(Instant now, const Inputs& inputs, Outbox& outbox) {
  for (const PeerMessage& m : inputs.messages) receive(now, m, outbox);
  if (inputs.grid) measured_ = *inputs.grid;
  if (now < next_deadline()) return;
  next_minute_ = static_cast<std::uint64_t>((now - into_the_minute).since_epoch() / minutes(1)) + 1;
  look_ahead(now, outbox);
  act(now, outbox);
}

void GridOperatorNode::receive(Instant now, const PeerMessage& message, Outbox& outbox) {
  const auto refuse = [&](std::string why) { outbox.event(Refused{message.from, std::move(why)}); };
  const Directory& d = config_.directory;
  if (message.from < d.observer()) return hear(message, now, outbox);
  if (!d.is_fleet(message.from) || kind_of(message.bytes) != MessageKind::home_reports)
    return refuse("the grid operator takes reports of homes only");
  const auto reports = decode_home_reports(message.bytes.view().subspan(1));
  if (!reports) return refuse(reports.error());
  const auto is_of_sender = [&](MeterId meter) {
    return meter.value < homes_.size() &&
           d.fleet(config_.homes[meter.value].gateway) == message.from;
  };
  for (const HomeReport& r : reports->homes) {
    if (!is_of_sender(r.meter)) return refuse("a report of a home of others");
    homes_[r.meter.value] = {r, now};
  }
  for (const NetForecast& f : reports->forecasts) {
    if (!is_of_sender(f.meter)) return refuse("a forecast of a home of others");
    take_forecast(f);
  }
  for (const NetForecast& plan : reports->plans) {
    if (!is_of_sender(plan.meter)) return refuse("a plan of a home of others");
    take_plan(plan);
  }
}

void GridOperatorNode::take_forecast(const NetForecast& f) {
  const double hours = config_.slot.seconds() / 3600;
  for (std::size_t k = 0; k < std::min(f.net_wh.size(), slots_shown); ++k) {
    const std::uint32_t slot = f.first.value + static_cast<std::uint32_t>(k);
    std::vector<double>& all = ahead_w_[slot];
    all.resize(homes_.size());
    all[f.meter.value] = f.net_wh[k] / hours;
    forecast_anew_.insert(slot);
  }
}

void GridOperatorNode::take_plan(const NetForecast& plan) {
  const double hours = config_.slot.seconds() / 3600;
  const double most_w = most_exchange_w(config_.homes[plan.meter.value].devices);
  for (std::size_t k = 0; k < std::min(plan.net_wh.size(), slots_shown); ++k) {
    const auto known = ahead_w_.find(plan.first.value + static_cast<std::uint32_t>(k));
    if (known == ahead_w_.end()) continue;
    known->second[plan.meter.value] = std::clamp(plan.net_wh[k] / hours, -most_w, most_w);
    planned_anew_.insert(known->first);
  }
}

// Of slots of which something new is known since the last time.
void GridOperatorNode::look_ahead(Instant now, Outbox& outbox) {
  const auto running = static_cast<std::uint32_t>(now.since_epoch() / config_.slot);
  ahead_w_.erase(ahead_w_.begin(), ahead_w_.lower_bound(running));
  forecast_.erase(forecast_.begin(), forecast_.lower_bound(running));
  const std::set<std::uint32_t> told = std::exchange(forecast_anew_, {});
  std::set<std::uint32_t> slots = std::exchange(planned_anew_, {});
  slots.insert(told.begin(), told.end());
  LoadingForecast expected;
  if (!told.empty()) expected = {{*told.begin()}, {*told.rbegin() + 1}, {}};
  for (const std::uint32_t slot : slots) {
    const auto ahead = ahead_w_.find(slot);
    if (ahead == ahead_w_.end()) continue;
    const FeederModel::State state = model_.solve(ahead->second);
    if (!state.converged) continue;
    for (std::uint32_t b = 0; told.contains(slot) && b < state.loading.size(); ++b)
      if (state.loading[b] / config_.max_loading > warning_loading)
        expected.overloads.push_back({{slot}, b, state.loading[b]});
    forecast_[slot] = loading_by_import(ahead->second, state);
  }
  if (!told.empty()) outbox.event(std::move(expected));
}

// The highest share of the limit of any element that more import would load further.
double GridOperatorNode::loading_by_import(std::vector<double> home_w,
                                           const FeederModel::State& state) const {
  for (double& w : home_w) w += probed_w;
  const FeederModel::State more = model_.solve(home_w);
  double highest = 0;
  for (std::uint32_t b = 0; more.converged && b < state.loading.size(); ++b)
    if (more.loading[b] > state.loading[b])
      highest = std::max(highest, state.loading[b] / config_.max_loading);
  return highest;
}

HomeView GridOperatorNode::view_of(Instant now, std::uint32_t home) const {
  const Known& k = homes_[home];
  HomeView v;
  if (!k.heard) return v;
  const bool fresh = now - *k.heard <= report_holds;
  v.net_w = fresh ? k.report.net_w : k.report.actual_w;
  if (!fresh) return v;
  v.load_w = k.report.load_w;
  v.pv_w = k.report.pv_w;
  v.controllable_w = k.report.controllable_w;
  v.down_w = k.report.down_w;
  v.up_w = k.report.up_w;
  v.ask_eur_per_kwh = k.report.ask * 1e-6;
  v.idle_w = k.report.idle_w;
  v.least_w = k.report.least_w;
  if (k.report.slack_minutes != unlimited) v.slack_h = k.report.slack_minutes / 60.0;
  v.waited_minutes = k.waited_minutes;
  const ai::HomeDevices& d = config_.homes[home].devices;
  v.least_controllable_w = least_controllable_w(controllable_devices(d), counted_heat_pump_w(d));
  return v;
}

// Once a slot; where there are none any more those before stay.
void GridOperatorNode::look_at_effects(Slot slot, std::span<const double> home_w, Outbox& outbox) {
  if (effects_of_ == slot) return;
  auto found = model_.effects(home_w);
  if (!found) return outbox.event(Refused{config_.directory.grid_operator(), found.error()});
  effects_ = std::move(*found);
  effects_of_ = slot;
}

Situation GridOperatorNode::situation(Instant now, Outbox& outbox) {
  Situation s;
  s.slot = {static_cast<std::uint32_t>(now.since_epoch() / config_.slot)};
  s.slot_h = config_.slot.seconds() / 3600;
  s.slots_a_day = static_cast<std::size_t>(hours(24) / config_.slot);
  const Duration begun = config_.slot * static_cast<std::int64_t>(s.slot.value);
  const std::int64_t local_ms = config_.start.unix_ms + begun.whole_ms() +
                                std::int64_t{config_.start.offset_minutes} * 60'000;
  s.hour_of_day = static_cast<double>((local_ms % ms_per_day + ms_per_day) % ms_per_day) / 3.6e6;
  s.max_loading = config_.max_loading;
  s.lowest_pu = config_.v_min_pu;
  s.highest_pu = config_.v_max_pu;
  s.forecast_loading = forecast_from(s.slot);
  s.model = &model_;
  std::vector<double> free_w, restored_w;
  for (std::uint32_t h = 0; h < homes_.size(); ++h) {
    s.homes.push_back(view_of(now, h));
    free_w.push_back(s.homes.back().net_w);
    restored_w.push_back(s.homes.back().net_w - homes_[h].report.actual_w);
  }
  look_at_effects(s.slot, free_w, outbox);
  if (!effects_of_) return s;
  add_loadings(s, restored_w);
  add_voltages(s, restored_w);
  return s;
}

void GridOperatorNode::add_loadings(Situation& s, std::span<const double> restored_w) const {
  double lowest = 1;
  for (const RungSpec& r : config_.rungs) lowest = std::min(lowest, r.max_loading);
  for (std::uint32_t b = 0; b < measured_.loading.size(); ++b) {
    const std::vector<double>& per_w = effects_.loading[b];
    s.loading.push_back(moved(measured_.loading[b], per_w, restored_w));
    if (s.loading.back() > lowest * config_.max_loading)
      s.constraints.push_back({Congested::loading, b, model_.branch_name(b), s.loading.back(),
                               config_.max_loading, per_w});
  }
}

void GridOperatorNode::add_voltages(Situation& s, std::span<const double> restored_w) const {
  for (std::uint32_t h = 0; h < homes_.size(); ++h) {
    const std::uint32_t connection = model_.connection(h);
    const std::vector<double>& per_w = effects_.v_pu[h];
    const auto add = [&](Congested kind, double limit, double value) {
      if (std::abs(value - limit) < near_voltage_pu ||
          (value < limit) == (kind == Congested::low_voltage))
        s.constraints.push_back({kind, connection, model_.connection_name(h), value, limit, per_w});
    };
    const bool dark = !(measured_.v_min_pu[connection] > 0);  // nothing to be measured
    s.v_min_pu.push_back(dark ? 0 : moved(measured_.v_min_pu[connection], per_w, restored_w));
    s.v_max_pu.push_back(dark ? 0 : moved(measured_.v_max_pu[connection], per_w, restored_w));
    if (dark) continue;
    add(Congested::low_voltage, config_.v_min_pu, s.v_min_pu.back());
    add(Congested::high_voltage, config_.v_max_pu, s.v_max_pu.back());
  }
}

std::vector<double> GridOperatorNode::forecast_from(Slot slot) const {
  std::vector<double> out;
  for (auto f = forecast_.find(slot.value); f != forecast_.end() && out.size() < slots_shown; ++f) {
    if (f->first != slot.value + out.size()) break;
    out.push_back(f->second);
  }
  return out;
}

LadderPlan GridOperatorNode::climb(const Situation& s) const {
  LadderPlan plan;
  plan.limits.resize(homes_.size());
  plan.change_w.resize(homes_.size());
  plan.fees.resize(std::min(s.slots_a_day, slots_shown));
  for (const auto& rung : ladder_) rung->act(s, plan);
  return plan;
}

void GridOperatorNode::act(Instant now, Outbox& outbox) {
  if (measured_.loading.empty()) return;
  const Situation s = situation(now, outbox);
  LadderPlan plan = climb(s);
  for (std::string& why : plan.failures)
    outbox.event(Refused{config_.directory.grid_operator(), std::move(why)});
  count_waiting(s, plan);
  if (const auto fee = fees_.announce(s.slot, plan.fees))
    say(frame(MessageKind::transaction, fee->encode()), outbox);
  tell(s, plan, outbox);
  note(plan.measures);
  const bool last = next_deadline().since_epoch() / config_.slot != s.slot.value;
  if (last) post(now, s.slot, outbox);
  say_again(now, outbox);
  if (!plan.measures.empty()) outbox.event(MeasuresTaken{std::move(plan.measures)});
}

void GridOperatorNode::count_waiting(const Situation& s, const LadderPlan& plan) {
  for (std::size_t h = 0; h < homes_.size(); ++h) {
    const bool waits =
        s.homes[h].least_w > s.homes[h].idle_w && plan.limits[h].import_w < s.homes[h].least_w;
    homes_[h].waited_minutes = waits ? homes_[h].waited_minutes + 1 : 0;
  }
}

void GridOperatorNode::note(const std::vector<Measure>& measures) {
  std::map<Place, std::map<std::uint32_t, LimitedHome>> minute;
  for (const Measure& m : measures)
    for (const LimitedHome& h : m.homes) {
      const auto [at, fresh] =
          minute[{m.rung, m.why, as_printable(m.element_name)}].try_emplace(h.home, h);
      if (fresh) continue;
      at->second.limit_w = std::min(at->second.limit_w, h.limit_w);
      at->second.change_w += h.change_w;
      at->second.owed_eur_per_hour += h.owed_eur_per_hour;
    }
  for (const auto& [place, homes] : minute) {
    Noted& n = noted_[place];
    ++n.minutes;
    for (const auto& [home, h] : homes) {
      InSlot& in = n.homes[home];
      in.limit_w = in.minutes == 0 ? h.limit_w : std::min(in.limit_w, h.limit_w);
      in.change_w += h.change_w;
      in.owed_eur += h.owed_eur_per_hour / 60;
      ++in.minutes;
    }
  }
}

void GridOperatorNode::hear(const PeerMessage& message, Instant now, Outbox& outbox) {
  const auto progress = kind_of(message.bytes) == MessageKind::progress
                            ? decode_progress(message.bytes.view().subspan(1))
                            : failure("the grid operator takes progress of validators only");
  if (!progress) return outbox.event(Refused{message.from, progress.error()});
  said_.told({message.from.value}, *progress);
  const std::uint32_t slots = said_.confirmed().slots;
  while (!posted_.empty() && posted_.front().slot.value < slots) posted_.pop_front();
  say_next(now, outbox);
}

// Where none is on its way.
void GridOperatorNode::say_next(Instant now, Outbox& outbox) {
  if (!said_.all().empty() || posted_.empty()) return;
  Posted& next = posted_.front();
  sign(next, now);
  said_.add({{0, next.slot.value + 1}, next.message, now});
  say(next.message, outbox);
}

// To be paid in the running slot, which is not closed.
void GridOperatorNode::sign(Posted& entry, Instant now) const {
  const Slot paid_in{static_cast<std::uint32_t>(now.since_epoch() / config_.slot)};
  std::vector<Opening> openings;
  for (market::HomeMeasure home : entry.homes) {
    home.paid_in = paid_in;
    openings.push_back(market::opening_of(config_.homes[home.meter.value].restricted_key, home));
  }
  const Transaction tx = market::grid_measure_of(chain_id_, entry.slot, paid_in, entry.measures,
                                                 std::move(openings), *config_.signer);
  entry.message = frame(MessageKind::transaction, tx.encode());
}

void GridOperatorNode::say_again(Instant now, Outbox& outbox) {
  for (const SharedBytes& late : said_.again(now, now - config_.patience, 1)) said_.remove(late);
  while (!posted_.empty() && now - posted_.front().since > given_up_after) {
    outbox.event(Refused{config_.directory.grid_operator(),
                         "measures of slot " + std::to_string(posted_.front().slot.value) +
                             " are given up: the ledger did not take them in a day"});
    said_.remove(posted_.front().message);
    posted_.pop_front();
  }
  say_next(now, outbox);
}

void GridOperatorNode::say(const SharedBytes& message, Outbox& outbox) const {
  for (std::uint32_t v = 0; v < config_.directory.validators; ++v)
    outbox.send(config_.directory.validator(v), message);
}

void GridOperatorNode::post(Instant now, Slot slot, Outbox& outbox) {
  std::vector<market::GridMeasure> measures;
  std::map<std::pair<std::uint32_t, std::uint8_t>, market::HomeMeasure> homes;  // meter, measure
  for (const auto& [place, noted] : std::exchange(noted_, {})) {
    if (measures.size() == market::most_measures ||
        homes.size() + noted.homes.size() > max_openings) {
      outbox.event(Refused{config_.directory.grid_operator(),
                           "more measures in a slot than its entry holds: the rest is left out"});
      break;
    }
    const auto number = static_cast<std::uint8_t>(measures.size());
    measures.push_back({static_cast<std::uint8_t>(std::get<0>(place)),
                        static_cast<std::uint8_t>(std::get<1>(place)), noted.minutes,
                        std::get<2>(place)});
    for (const auto& [home, in] : noted.homes)
      homes[{home, number}] = {config_.homes[home].account,
                               {home},
                               slot,
                               slot,
                               number,
                               in.minutes,
                               static_cast<std::int32_t>(in.limit_w),
                               static_cast<std::int32_t>(in.change_w / in.minutes),
                               std::clamp(micro_eur(in.owed_eur), MicroEuros{}, market::most_owed)};
  }
  if (homes.empty()) return;
  Posted entry{slot, std::move(measures), {}, {}, now};
  for (const auto& [place, home] : homes) entry.homes.push_back(home);
  posted_.push_back(std::move(entry));
  say_next(now, outbox);
}

// A fleet that nothing is said to hears nothing, once it knows.
void GridOperatorNode::tell(const Situation& s, const LadderPlan& plan, Outbox& outbox) {
  GridWord common;
  common.slot = s.slot;
  common.micro_eur_per_kw = static_cast<std::uint32_t>(std::llround(plan.eur_per_kw * 1e6));
  const bool priced =
      std::any_of(config_.rungs.begin(), config_.rungs.end(), follows_plans) ||
      std::any_of(plan.fees.begin(), plan.fees.end(), [](std::int64_t fee) { return fee != 0; });
  if (priced)
    for (const std::int64_t fee : plan.fees)
      common.fees.push_back(
          static_cast<std::int32_t>(std::clamp<std::int64_t>(fee, INT32_MIN, INT32_MAX)));
  std::vector<GridWord> words(told_.size(), common);
  for (std::uint32_t h = 0; h < plan.limits.size(); ++h) {
    const ai::HomeLimits& l = plan.limits[h];
    if (!l.any()) continue;
    words[config_.homes[h].gateway].limits.push_back(
        {{h},
         word_of(l.import_w),
         word_of(l.export_w),
         word_of(l.controllable_w),
         word_of(l.pv_w),
         word_of(l.load_w),
         static_cast<std::int32_t>(std::lround(l.shift_w))});
  }
  for (std::uint32_t g = 0; g < words.size(); ++g) {
    const bool says = priced || common.micro_eur_per_kw > 0 || !words[g].limits.empty();
    if (says || told_[g]) outbox.send(config_.directory.fleet(g), encode(words[g]));
    told_[g] = says;
  }
}

}  // namespace twin
