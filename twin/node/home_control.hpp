#pragma once
// The managers of a fleet's homes: what their devices did comes in, what the grid operator says
// comes in, and set-points and reports go out (ai/home_manager.hpp says what is wise). Each minute,
// at its end: plan, report, command. A limit acts once it is heard, on what the home did in the
// last minute.
//
// A command holds until the next one: a home whose plan asks for nothing is released once.
//
// A home with exact plans expects of a slot what it has seen at that time of day: the mean of the
// seven days before the start, in which each day that passes counts a seventh.

#include <map>
#include <optional>

#include "ai/home_manager.hpp"
#include "ai/home_schedule.hpp"
#include "twin/node/directory.hpp"
#include "twin/node/grid_words.hpp"
#include "twin/node/node.hpp"

namespace twin {

struct ManagedHome {
  std::uint32_t home = 0;  // of the world; its meter has the same number
  ai::HomeDevices devices;
  std::int32_t ask = 0;  // for flexibility, micro-EUR/kWh
  ai::Schedule schedule = ai::Schedule::rule;
  // Of exact plans: what it draws without car and battery on a day, by slot from the start's time
  // of day on, Wh.
  std::vector<std::int64_t> rest_wh{};
};

// Ratings from a home's specification.
ai::HomeDevices devices_of(const HomeSpec& home);

struct HomeControlConfig {
  Directory directory;
  std::vector<ManagedHome> homes;  // by rising number
  double retail_eur_per_kwh = 0, sell_eur_per_kwh = 0;
  double slot_h = 0.25;
};

class HomeControl {
 public:
  explicit HomeControl(HomeControlConfig config);

  // Goes with the next report.
  void forecast(std::uint32_t home, ledger::Slot first, std::span<const std::int64_t> net_wh);
  // What the homes' devices did in the last step, by home of the world.
  void look(Instant now, std::span<const HomeState> states, Outbox& outbox);
  ledger::Result<void> hear(Instant now, BytesView grid_word, Outbox& outbox);

 private:
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
  };
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
