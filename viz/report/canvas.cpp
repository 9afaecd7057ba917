#include "viz/report/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "viz/text.hpp"

namespace viz {

Range rounded(Range range, int wanted) {
  if (!(range.high - range.low > 1e-9)) range.high = range.low + std::max(1.0, std::abs(range.low));
  const auto ticks = round_ticks(range.low, range.high, wanted).values;
  if (ticks.size() < 2) return range;
  const double step = ticks[1] - ticks[0];
  return {std::floor(range.low / step + 1e-9) * step, std::ceil(range.high / step - 1e-9) * step};
}

Period period_of(const ReportData& data) {
  const ledger::Instant planned = ledger::Instant{} + data.run.meta.duration;
  const ledger::Instant last = data.minutes.empty() ? planned : data.minutes.back().time;
  return {{}, std::max(last, ledger::Instant{} + ledger::minutes(1))};
}

Frame frame_between(const Period& period, double top, double bottom, Range range) {
  return {{canvas_left, top}, {canvas_right, bottom}, period.from, period.to, range.low,
          range.high};
}

Figure without_data(Figure figure, std::string_view why) {
  figure.message = why;
  figure.svg.clear();
  figure.legend.clear();
  return figure;
}

std::string percent_text(double share, int decimals) {
  return number_text(100 * share, decimals) + "\u202f%";
}

}  // namespace viz
