#pragma once
// The grid operator: measures its feeder, hears what homes would do without limits, climbs the
// congestion ladder (twin/congestion/rung.hpp) five seconds into each minute, and tells the homes
// what holds. So a measure acts in the minute after the next at the latest: the physics of a minute
// is done when its words arrive. With the last climb of a slot it posts what it did to whom in it,
// why, and what it owes for that, signed (market/entries/grid_measure.hpp). The ledger takes slots
// in their order: one entry at a time is said, again and again until f + 1 validators say that the
// ledger has it, and those of later slots wait; each time it is signed to be paid in the slot that
// runs. Price rungs fix the fee of a slot while the one before it runs, on the
// ledger (fee_announcer.hpp). What it has not taken within a day is given up, which is told.
//
// From the homes' day-ahead forecasts it computes the loading of each slot, tells which elements
// it expects beyond `warning_loading` of their limit, and shows it to the rungs that price ahead:
// with what homes say since then that they plan, in place of what was expected of them. A plan
// counts for slots of which there is a forecast, and within what its home's devices and a house
// connection of 3 x 63 A can draw, whatever it says. Import counts alone: what a kWh more of import
// would load further, which a second power flow shows.

#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "market/entries/grid_measure.hpp"
#include "twin/congestion/rung.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/grid_words.hpp"
#include "twin/node/base/node.hpp"
#include "twin/node/base/unconfirmed.hpp"
#include "twin/node/operator/fee_announcer.hpp"

namespace twin {

// Forecasts are means over a slot and know no phases: what they bring near the limit may pass it.
inline constexpr double warning_loading = 0.8;

struct GridOperatorConfig {
  Directory directory;
  ledger::Genesis genesis;
  ledger::Signer* signer = nullptr;  // the grid operator's, outlives the node
  ledger::CivilTime start;
  ledger::Duration slot = ledger::minutes(15);
  std::vector<RungSpec> rungs;
  double max_loading = 1, v_min_pu = 0.9, v_max_pu = 1.1;
  double sell_eur_per_kwh = 0;
  struct Home {
    std::uint32_t connection = 0, gateway = 0;
    ai::HomeDevices devices;  // as they are registered
    ledger::AccountId account;
    ledger::SubjectKey restricted_key{};
  };
  std::vector<Home> homes;  // of the world
  std::shared_ptr<const Network> network;
  ledger::Duration patience = ledger::minutes(2);  // before an entry is said again
};

class GridOperatorNode final : public Node {
 public:
  explicit GridOperatorNode(GridOperatorConfig config);
  void step(Instant now, const Inputs& inputs, Outbox& outbox) override;
  Instant next_deadline() const override;

 private:
  struct Known {
    HomeReport report;
    std::optional<Instant> heard;
    int waited_minutes = 0;  // that an envelope has kept its car from charging, without a break
  };
  void receive(Instant now, const PeerMessage& message, Outbox& outbox);
  void take_forecast(const NetForecast& forecast);
  void take_plan(const NetForecast& plan);
  void look_ahead(Instant now, Outbox& outbox);
  double loading_by_import(std::vector<double> home_w, const FeederModel::State& state) const;
  void act(Instant now, Outbox& outbox);
  Situation situation(Instant now, Outbox& outbox);
  void look_at_effects(ledger::Slot slot, std::span<const double> home_w, Outbox& outbox);
  HomeView view_of(Instant now, std::uint32_t home) const;
  void add_loadings(Situation& s, std::span<const double> restored_w) const;
  void add_voltages(Situation& s, std::span<const double> restored_w) const;
  void count_waiting(const Situation& s, const LadderPlan& plan);
  std::vector<double> forecast_from(ledger::Slot slot) const;
  LadderPlan climb(const Situation& s) const;
  void note(const std::vector<Measure>& measures);
  void post(Instant now, ledger::Slot slot, Outbox& outbox);
  void hear(const PeerMessage& message, Instant now, Outbox& outbox);
  void say_next(Instant now, Outbox& outbox);
  void say_again(Instant now, Outbox& outbox);
  void say(const ledger::SharedBytes& message, Outbox& outbox) const;
  void tell(const Situation& s, const LadderPlan& plan, Outbox& outbox);

  GridOperatorConfig config_;
  ledger::Hash chain_id_{};
  FeederModel model_;
  FeeAnnouncer fees_;
  std::vector<std::unique_ptr<Rung>> ladder_;
  std::vector<Known> homes_;
  GridMeasurement measured_;
  FeederModel::Effects effects_;
  std::optional<ledger::Slot> effects_of_;                // the slot in which they were asked for
  std::map<std::uint32_t, std::vector<double>> ahead_w_;  // by slot: mean net of each home
  std::set<std::uint32_t> forecast_anew_, planned_anew_;  // slots of it since the last look
  std::map<std::uint32_t, double> forecast_;  // by slot: highest share of the limit by import
  struct InSlot {                             // of a measure and home, in the running slot
    std::uint16_t minutes = 0;
    std::int64_t limit_w = 0, change_w = 0;  // the lowest; the sum
    double owed_eur = 0;
  };
  struct Noted {
    std::uint16_t minutes = 0;
    std::map<std::uint32_t, InSlot> homes;
  };
  using Place = std::tuple<RungSpec::Kind, Congested, std::string>;  // with the element's name
  std::map<Place, Noted> noted_;
  struct Posted {
    ledger::Slot slot;
    std::vector<market::GridMeasure> measures;
    std::vector<market::HomeMeasure> homes;  // in order
    ledger::SharedBytes message;             // as it was said last
    Instant since;
  };
  void sign(Posted& entry, Instant now) const;
  std::deque<Posted> posted_;  // that the ledger does not have; the first one is being said
  Unconfirmed said_;           // that one
  std::uint64_t next_minute_ = 1;
  std::vector<bool> told_;  // by fleet: whether the last word to it said anything
};

}  // namespace twin
