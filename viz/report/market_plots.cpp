#include <algorithm>
#include <cmath>

#include "viz/report/canvas.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

using twin::SlotRow;

double cents(double micro_eur_per_kwh) { return micro_eur_per_kwh / 10'000; }

double cents(std::int64_t micro_eur_per_kwh) {
  return cents(static_cast<double>(micro_eur_per_kwh));
}

// Traded energy's mean price, ct/kWh, and its sum, kWh.
struct Turnover {
  double kwh = 0, cents = 0;
  int slots = 0;
  double mean() const { return kwh > 0 ? cents / kwh : 0; }
};

Turnover turnover_of(const std::vector<SlotRow>& slots) {
  Turnover out;
  for (const SlotRow& slot : slots) {
    const auto price = slot.mean_price_micro_eur_per_kwh();
    if (!price) continue;
    ++out.slots;
    out.kwh += kwh(slot.traded_wh);
    out.cents += kwh(slot.traded_wh) * cents(*price);
  }
  return out;
}

std::string price_message(const ReportData& data, const Turnover& turnover) {
  if (turnover.slots == 0)
    return "Nothing was traded between neighbours; the retailer supplied all and took the rest.";
  return "In " + std::to_string(turnover.slots) + " of " + std::to_string(data.slots.size()) +
         " slots neighbours traded " + number_text(turnover.kwh, 1) + " kWh at " +
         number_text(turnover.mean(), 1) + " ct/kWh on average; the retailer sells at " +
         number_text(cents(data.run.meta.retail_buy_micro_eur_per_kwh), 1) + " and buys at " +
         number_text(cents(data.run.meta.retail_sell_micro_eur_per_kwh), 1) + " ct/kWh.";
}

ledger::Instant end_of(const ReportData& data, const SlotRow& slot) {
  return slot.start + std::max(data.run.meta.slot, ledger::minutes(1));
}

Range price_range(const ReportData& data) {
  double low = 0, high = cents(data.run.meta.retail_buy_micro_eur_per_kwh);
  for (const SlotRow& slot : data.slots) {
    const auto price = slot.mean_price_micro_eur_per_kwh();
    if (!price) continue;
    low = std::min(low, cents(*price));
    high = std::max(high, cents(*price));
  }
  return rounded({low, 1.1 * high}, 4);
}

// Whether some slot's deals had prices of their own.
bool has_means(const std::vector<SlotRow>& slots) {
  return std::any_of(slots.begin(), slots.end(), [](const SlotRow& slot) {
    return slot.traded_wh > 0 && !slot.price_micro_eur_per_kwh;
  });
}

// One line for each run of slots in which something was traded.
void draw_prices(Svg& svg, const Frame& frame, const ReportData& data) {
  std::vector<Point> line;
  const auto flush = [&] {
    if (!line.empty()) svg.polyline(line, "m-price");
    line.clear();
  };
  for (const SlotRow& slot : data.slots) {
    const auto mean = slot.mean_price_micro_eur_per_kwh();
    if (!mean) {
      flush();
      continue;
    }
    const double price = cents(*mean);
    line.push_back(frame.at(slot.start, price));
    line.push_back(frame.at(end_of(data, slot), price));
  }
  flush();
}

std::string slot_title(const ReportData& data, const SlotRow& slot) {
  std::string out =
      moment_text(data, slot.start) + ": " + number_text(kwh(slot.traded_wh), 2) + " kWh traded";
  if (const auto price = slot.mean_price_micro_eur_per_kwh())
    out += " at " + number_text(cents(*price), 2) + " ct/kWh" +
           (slot.price_micro_eur_per_kwh ? "" : " on average");
  return out + "; offered " + number_text(kwh(slot.orders_sell_wh), 2) + ", wanted " +
         number_text(kwh(slot.orders_buy_wh), 2) + " kWh";
}

void draw_volumes(Svg& svg, const Frame& frame, const ReportData& data) {
  for (const SlotRow& slot : data.slots) {
    const double left = frame.x(slot.start), right = frame.x(end_of(data, slot));
    const double top = frame.y(kwh(slot.traded_wh));
    svg.rectangle({left + 0.5, top}, std::max(0.5, right - left - 1), frame.y(0) - top, "m-volume",
                  slot_title(data, slot));
  }
}

double slot_hours(const ReportData& data) {
  return std::max(data.run.meta.slot, ledger::minutes(1)).seconds() / 3600;
}

struct Score {
  int slots = 0;
  double mae_kw = 0, bias_kw = 0, mean_size_kw = 0;
};

Score score_of(const ReportData& data) {
  Score out;
  for (const SlotRow& slot : data.slots) {
    if (!slot.forecast_wh) continue;
    const double error = kwh(*slot.forecast_wh) - kwh(slot.actual_wh);
    ++out.slots;
    out.mae_kw += std::abs(error);
    out.bias_kw += error;
    out.mean_size_kw += std::abs(kwh(slot.actual_wh));
  }
  const double scale = 1 / (slot_hours(data) * std::max(1, out.slots));
  for (double* value : {&out.mae_kw, &out.bias_kw, &out.mean_size_kw}) *value *= scale;
  return out;
}

std::string forecast_message(const ReportData& data, const Score& score) {
  if (score.slots == 0) return "No forecast was issued for this run.";
  const std::string relative =
      score.mean_size_kw > 0
          ? " (" + percent_text(score.mae_kw / score.mean_size_kw) + " of the mean power)"
          : "";
  const std::string lean = std::abs(score.bias_kw) < 0.1 * score.mae_kw ? "and leaned neither way"
                           : score.bias_kw > 0                          ? "and was too high by "
                                                                        : "and was too low by ";
  const std::string amount = std::abs(score.bias_kw) < 0.1 * score.mae_kw
                                 ? ""
                                 : figure_text(std::abs(score.bias_kw)) + " kW on the whole";
  return "Issued before the day, the forecast missed the feeder's net power by " +
         figure_text(score.mae_kw) + " kW on average" + relative + " over " +
         std::to_string(score.slots) + " of " + std::to_string(data.slots.size()) + " slots " +
         lean + amount + ".";
}

Range power_range(const ReportData& data) {
  Range out{0, 0};
  const auto include = [&](std::int64_t wh) {
    out.low = std::min(out.low, kwh(wh) / slot_hours(data));
    out.high = std::max(out.high, kwh(wh) / slot_hours(data));
  };
  for (const SlotRow& slot : data.slots) {
    include(slot.actual_wh);
    if (slot.forecast_wh) include(*slot.forecast_wh);
  }
  return rounded(out);
}

}  // namespace

Figure price_figure(const ReportData& data) {
  Figure out{"price", "Market price and traded energy", {}, {}, {}};
  if (data.slots.empty()) return without_data(out, "No market slot was settled.");
  const Turnover turnover = turnover_of(data.slots);
  out.message = price_message(data, turnover);
  out.legend = {
      {"stroke m-price",
       has_means(data.slots) ? "mean price of the deals, as sellers get it" : "clearing price"},
      {"fill m-band", "between the retailer's two prices"},
      {"fill m-volume", "traded in the slot"}};

  const Frame prices = frame_between(period_of(data), canvas_top, 212, price_range(data));
  double most = 0;
  for (const SlotRow& slot : data.slots) most = std::max(most, kwh(slot.traded_wh));
  const Frame volumes = frame_between(period_of(data), 256, 342, rounded({0, most}, 2));
  Svg svg(canvas_width, 372, out.message);
  const double top = prices.y(cents(data.run.meta.retail_buy_micro_eur_per_kwh));
  const double bottom = prices.y(cents(data.run.meta.retail_sell_micro_eur_per_kwh));
  svg.rectangle({canvas_left, std::min(top, bottom)}, canvas_right - canvas_left,
                std::abs(bottom - top), "m-band");
  prices.draw_time_axis(svg, data.run.meta.epoch, false);
  prices.draw_value_axis(svg, "ct/kWh", 1, 4);
  volumes.draw_time_axis(svg, data.run.meta.epoch);
  volumes.draw_value_axis(svg, "kWh", 1, 2);
  svg.text({canvas_right - 6, top - 6}, Anchor::end, "note", "the retailer sells");
  svg.text({canvas_right - 6, bottom + 16}, Anchor::end, "note", "the retailer buys");
  draw_prices(svg, prices, data);
  draw_volumes(svg, volumes, data);
  out.svg = std::move(svg).finish();
  return out;
}

Figure forecast_figure(const ReportData& data) {
  Figure out{"forecast", "Forecast against actual", {}, {}, {}};
  if (data.slots.empty()) return without_data(out, "No market slot was settled.");
  out.message = forecast_message(data, score_of(data));
  out.legend = {{"stroke f-actual", "actual net power of the feeder, import positive"},
                {"stroke f-forecast", "forecast"}};

  const Frame frame = frame_between(period_of(data), canvas_top, 232, power_range(data));
  Svg svg(canvas_width, 262, out.message);
  frame.draw_time_axis(svg, data.run.meta.epoch);
  frame.draw_value_axis(svg, "kW");
  std::vector<Point> actual, forecast;
  const auto extend = [&](std::vector<Point>& line, const SlotRow& slot, std::int64_t wh) {
    const double power = kwh(wh) / slot_hours(data);
    line.push_back(frame.at(slot.start, power));
    line.push_back(frame.at(end_of(data, slot), power));
  };
  for (const SlotRow& slot : data.slots) {
    extend(actual, slot, slot.actual_wh);
    if (slot.forecast_wh) extend(forecast, slot, *slot.forecast_wh);
  }
  svg.polyline(actual, "f-actual");
  if (!forecast.empty()) svg.polyline(forecast, "f-forecast");
  out.svg = std::move(svg).finish();
  return out;
}

}  // namespace viz
