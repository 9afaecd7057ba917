#pragma once
// The managers of a fleet's homes: what their devices did comes in, what the grid operator says
// comes in, and set-points and reports go out (ai/home_manager.hpp says what is wise). Each minute,
// at its end: plan, report, command. A limit acts once it is heard, on what the home did in the
// last minute.
//
// A command holds until the next one: a home whose plan asks for nothing is released once.
//
// A home with exact plans, or one that says what it plans, expects of a slot what it has seen at
// that time of day: the mean of the seven days before the start, in which each day that passes
// counts a seventh.
//
// Where the operator reckons with plans, a home looks at the fees that lie ahead when its car comes
// and in one minute of each hour, its own by lot; between those it plans by what it has seen. So
// homes answer one after another, each to a fee in which the others' plans are. When it looks it
// says what it plans, with its report (ai::HomeOutlook): once its car has been there since the
// day's forecast, in which an expected car stands until then; one without a car each time.

#include <map>
#include <optional>

#include "ai/home_manager.hpp"
#include "ai/home_schedule.hpp"
#include "twin/node/base/directory.hpp"
#include "twin/node/base/grid_words.hpp"
#include "twin/node/base/node.hpp"

namespace twin {

struct ManagedHome {
  std::uint32_t home = 0;  // of the world; its meter has the same number
  ai::HomeDevices devices;
  std::int32_t ask = 0;  // for flexibility, micro-EUR/kWh
  ai::Schedule schedule = ai::Schedule::rule;
  // Of exact plans and where plans are said: what it draws without car and battery on a day, by
  // slot from the start's time of day on, Wh.
  std::vector<std::int64_t> rest_wh{};
};

// Ratings from a home's specification.
ai::HomeDevices devices_of(const HomeSpec& home);

struct HomeControlConfig {
  Directory directory;
  std::vector<ManagedHome> homes;  // by rising number
  double retail_eur_per_kwh = 0, sell_eur_per_kwh = 0;
  double slot_h = 0.25;
  bool plans_are_said = false;  // the grid operator reckons with them
};

class HomeControl {
 public:
  explicit HomeControl(HomeControlConfig config);

  // Goes with the next report.
  void forecast(std::uint32_t home, ledger::Slot first, std::span<const std::int64_t> net_wh);
  // What the homes' devices did in the last step, by home of the world.
  void look(Instant now, std::span<const HomeState> states, Outbox& outbox);
  ledger::Result<void> hear(Instant now, BytesView grid_word, Outbox& outbox);
  // What is added to the grid fee of a slot by the last word, if that still holds, micro-EUR/kWh:
  // what is fixed of the slot that ran then and of the next one, of later ones what is expected.
  std::int32_t added_fee(Instant now, ledger::Slot slot) const;

 private:
  template <class Value>
  struct BySlot {
    std::size_t first = 0;
    std::vector<Value> values;
  };
  struct Managed {
    ManagedHome home;
    ai::HomeNow now;
    ai::HomePlan wanted;  // without limits
    ai::HomeLimits limits;
    double actual_w = 0;
    double peak_w = 0;  // of a slot's mean import
    double slot_wh = 0;
    double rest_slot_wh = 0;
    ai::HomeSchedule schedule;
    bool commanded = false;
    // Where plans are said: the fees seen at the last look, what the car planned at the last word.
    BySlot<std::int32_t> seen_fees;
    BySlot<std::int64_t> car_wh;
    bool car_is_there = false, car_has_come = false;  // the latter: since the day's forecast
  };
  std::size_t running_slot(Instant now) const;
  double elapsed_h(Instant now, const ai::HomePrices& known) const;  // of the running slot
  std::vector<std::int64_t> rest_ahead_wh(std::size_t slot, const Managed& m) const;
  bool looks(Instant now, const Managed& m) const;
  void say_plan(Instant now, Managed& m, HomeReports& reports) const;
  void command(Managed& m, Outbox& outbox) const;
  ai::HomePrices prices(Instant now, const Managed& m) const;
  HomeReport report(const Managed& m) const;
  void count_slot(Instant now, Managed& m, const HomeState& state) const;
  ai::HomePlan plan(Instant now, Managed& m) const;

  HomeControlConfig config_;
  std::vector<Managed> homes_;
  std::map<std::uint32_t, std::size_t> index_of_;  // by number
  std::vector<NetForecast> forecasts_;             // that are not sent yet
  GridWord word_;                                  // the last one
  std::optional<Instant> heard_;
};

}  // namespace twin
