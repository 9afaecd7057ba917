#pragma once
// What a ladder came to over a run, gathered minute by minute. Measures are counted by the minute
// that they are told for.
//
//   limited     minutes in which a home was in some measure; their Gini coefficient over all homes
//   rebound     of a measure on an element that ended: the highest import of the feeder in the hour
//               after (or up to the next one on that element), less its mean in the measure's last
//               quarter of an hour; the largest of all
//   forecast    a hit is a slot and branch that was expected beyond `warning_loading` of its limit
//               and was measured above the limit in some minute of that slot. Where measures act,
//               they undo what was rightly expected: the figures hold for a run without any
//   lead        from the forecast to the slot's beginning, mean over the hits

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"
#include "twin/congestion/measure.hpp"
#include "twin/world/grid_measurement.hpp"
#include "twin/world/home_minute.hpp"

namespace twin {

struct RungFigures {
  std::uint64_t minutes = 0;       // in which it acted
  std::uint64_t home_minutes = 0;  // of homes that it limited
  double eur = 0;                  // that it cost: the operator, or homes as lost load
  double moved_kwh = 0;            // expected changes of homes' exchange, without sign
};

struct CongestionFigures {
  std::vector<std::string> rungs;              // of the scenario, in order
  std::map<std::string, RungFigures> by_rung;  // of those that acted
  double curtailed_kwh = 0, shed_kwh = 0, held_back_kwh = 0;
  double ev_unmet_kwh = 0, cold_kh = 0;
  std::vector<std::int64_t> limited_minutes;  // by home
  double limited_gini = 0;
  double eur = 0;
  // Of that, what the grid operator owes homes: for flexibility what they asked, for PV that is
  // held back the feed-in tariff, and the relief of section 14a.
  double owed_eur = 0;
  double rebound_kw = 0;
  std::uint64_t slots_acted = 0;     // in which homes were limited ...
  std::uint64_t slots_recorded = 0;  // ... and of which the ledger says so
  struct Forecast {
    std::uint64_t expected = 0, happened = 0, hits = 0;
    double lead_h = 0;
  } forecast;
};

class CongestionCounter {
 public:
  // `max_loading`: grid.max_loading.
  CongestionCounter(const std::vector<RungSpec>& rungs, double max_loading, ledger::Duration slot,
                    std::size_t homes);

  void measures(ledger::Instant now, const std::vector<Measure>& taken);
  void expects(ledger::Instant now, const std::vector<ExpectedOverload>& overloads);
  void minute(ledger::Instant end, const std::vector<HomeMinute>& homes,
              const GridMeasurement& grid, double import_w);
  // That the ledger paid by contract, whether a home is dimmed or not; counts where the rung acts
  // that dims.
  void relief(double eur);
  CongestionFigures figures() const;

 private:
  struct Followed {  // an element
    bool acting = false;
    std::vector<double> import_w;  // of the measure's last minutes, at most a quarter of an hour
    double mean_w = 0, highest_w = 0;
    int minutes_since = -1;  // the measure ended; -1: none did
  };
  using Element = std::pair<Congested, std::uint32_t>;
  using SlotOfBranch = std::pair<std::uint32_t, std::uint32_t>;
  void follow(double import_w);
  void close(Followed& f);

  CongestionFigures sums_;
  double max_loading_;
  ledger::Duration slot_;
  double hours_ = 0;
  std::set<std::int64_t> acted_;  // slots
  std::set<Element> acting_;      // told since the last minute
  std::map<Element, Followed> followed_;
  std::map<SlotOfBranch, ledger::Instant> expected_;  // since when
  std::set<SlotOfBranch> happened_;
};

}  // namespace twin
