#include <algorithm>
#include <cmath>

#include "viz/palette.hpp"
#include "viz/report/canvas.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr std::size_t most_points = 720;
constexpr double map_width = canvas_width, map_height = 560;

using twin::FeederMinute;

const FeederMinute& lowest(const std::vector<FeederMinute>& rows) {
  return *std::min_element(rows.begin(), rows.end(),
                           [](const auto& a, const auto& b) { return a.v_min_pu < b.v_min_pu; });
}

const FeederMinute& highest(const std::vector<FeederMinute>& rows, double FeederMinute::*field) {
  return *std::max_element(rows.begin(), rows.end(),
                           [field](const auto& a, const auto& b) { return a.*field < b.*field; });
}

std::string voltage_message(const ReportData& data) {
  const auto& meta = data.run.meta;
  const auto outside = std::count_if(data.minutes.begin(), data.minutes.end(), [&](const auto& m) {
    return m.v_min_pu < meta.v_min_pu || m.v_max_pu > meta.v_max_pu;
  });
  const FeederMinute& low = lowest(data.minutes);
  const FeederMinute& high = highest(data.minutes, &FeederMinute::v_max_pu);
  const std::string extremes =
      "lowest " + number_text(low.v_min_pu, 3) + " pu at " + moment_text(data, low.time) +
      ", highest " + number_text(high.v_max_pu, 3) + " pu at " + moment_text(data, high.time) + ".";
  if (outside == 0) return "Every connected phase stayed inside the band: " + extremes;
  return "The band was left in parts of " + number_text(static_cast<double>(outside)) + " of " +
         number_text(static_cast<double>(data.minutes.size())) + " minutes: " + extremes;
}

void draw_limit(Svg& svg, const Frame& frame, double value, const std::string& words, bool above) {
  const double y = frame.y(value);
  svg.line({frame.top_left().x, y}, {frame.bottom_right().x, y}, "limit");
  svg.text({frame.bottom_right().x - 6, above ? y - 6 : y + 15}, Anchor::end, "limit-text", words);
}

std::string loading_message(const ReportData& data) {
  const FeederMinute& peak = highest(data.minutes, &FeederMinute::transformer_loading);
  const FeederMinute& worst = highest(data.minutes, &FeederMinute::max_loading);
  const double limit = data.run.meta.max_loading;
  const auto over = std::count_if(data.minutes.begin(), data.minutes.end(),
                                  [&](const auto& m) { return m.max_loading > limit; });
  std::string out = "The transformer peaked at " + percent_text(peak.transformer_loading) +
                    " of its rating at " + moment_text(data, peak.time) + "; ";
  const auto by_ambient = std::count_if(data.events.begin(), data.events.end(),
                                        [](const auto& e) { return e.kind == "overload"; });
  if (over == 0 && by_ambient > 0)
    return out + "what may be carried at the ambient temperature was passed in " +
           number_text(static_cast<double>(by_ambient)) + " events.";
  if (over == 0) return out + "no element passed its limit.";
  return out + "some element was above its limit in " + number_text(static_cast<double>(over)) +
         " minutes, at most " + percent_text(worst.max_loading) + " at " +
         moment_text(data, worst.time) + ".";
}

// The voltage of a bus that is furthest from nominal; 0 where it never had one.
double worst_voltage(const twin::VoltageRange& range) {
  return 1 - range.min_pu > range.max_pu - 1 ? range.min_pu : range.max_pu;
}

std::string map_message(const ReportData& data) {
  const std::size_t count = data.voltages.size();
  std::size_t low = count, high = count;
  for (std::size_t i = 0; i < count; ++i) {
    if (data.voltages[i].max_pu == 0) continue;
    if (low == count || data.voltages[i].min_pu < data.voltages[low].min_pu) low = i;
    if (high == count || data.voltages[i].max_pu > data.voltages[high].max_pu) high = i;
  }
  if (low == count) return "No voltage was recorded.";
  return "The lowest voltage, " + number_text(data.voltages[low].min_pu, 3) + " pu, was at " +
         data.run.buses[low].name + "; the highest, " + number_text(data.voltages[high].max_pu, 3) +
         " pu, at " + data.run.buses[high].name + ".";
}

std::string bus_title(const ReportData& data, std::size_t bus) {
  const auto& range = data.voltages[bus];
  if (range.max_pu == 0) return data.run.buses[bus].name + ": no voltage";
  return data.run.buses[bus].name + ": " + number_text(range.min_pu, 3) + " to " +
         number_text(range.max_pu, 3) + " pu";
}

std::string bus_colour(const ReportData& data, std::size_t bus, double extent) {
  const double v = worst_voltage(data.voltages[bus]);
  return data.voltages[bus].max_pu > 0 ? css(voltage_colour(v, extent)) : "#808080";
}

void draw_transformer(Svg& svg, Point at) {
  for (const double shift : {-5.0, 5.0})
    svg.path("M" + coordinate(at.x + shift - 8) + " " + coordinate(at.y) +
                 "a8 8 0 1 0 16 0a8 8 0 1 0 -16 0",
             "symbol", "transformer");
}

void draw_scale(Svg& svg, double extent) {
  constexpr int parts = 60;
  const Point corner{canvas_right - 240, map_height - 26};
  for (int i = 0; i < parts; ++i) {
    const double v = 1 + extent * (2.0 * (i + 0.5) / parts - 1);
    svg.swatch({corner.x + 4.0 * i, corner.y}, 4.2, 10, css(voltage_colour(v, extent)));
  }
  for (const int end : {-1, 0, 1})
    svg.text({corner.x + 120 * (end + 1), corner.y + 24}, Anchor::middle, "tick",
             number_text(1 + end * extent, 2));
  svg.text({corner.x + 120, corner.y - 8}, Anchor::middle, "unit", "worst voltage of the run, pu");
}

void draw_branches(Svg& svg, const ReportData& data, const std::vector<Point>& at, double extent) {
  for (const auto& branch : data.run.branches) {
    const Point a = at[branch.from_bus], b = at[branch.to_bus];
    if (branch.kind == twin::BranchKind::transformer) {
      svg.line(a, b, "wire");
    } else {
      svg.stroke(a, b, 3, bus_colour(data, branch.to_bus, extent), branch.name);
    }
  }
}

void draw_buses(Svg& svg, const ReportData& data, const std::vector<Point>& at, double extent) {
  std::vector<int> homes(data.run.buses.size());
  for (const auto& home : data.run.homes) ++homes[home.bus];
  const double small = data.run.buses.size() > 200 ? 1.5 : 3;
  for (std::size_t bus = 0; bus < at.size(); ++bus) {
    if (homes[bus] > 0) continue;
    svg.dot(at[bus], small, bus_colour(data, bus, extent), "bus", bus_title(data, bus));
  }
  for (std::size_t bus = 0; bus < at.size(); ++bus) {
    if (homes[bus] == 0) continue;
    const std::string words =
        homes[bus] == 1 ? "; 1 home" : "; " + std::to_string(homes[bus]) + " homes";
    svg.dot(at[bus], small + 3.5, bus_colour(data, bus, extent), "home",
            bus_title(data, bus) + words);
  }
}

}  // namespace

Figure voltage_figure(const ReportData& data) {
  Figure out{"voltage", "Voltage band", {}, {}, {}};
  if (data.minutes.empty()) return without_data(out, "No voltage was recorded.");
  out.message = voltage_message(data);
  out.legend = {{"fill v-band", "lowest to highest customer, by phase"},
                {"stroke limit", "limits (EN 50160)"}};

  const auto rows = condense(data.minutes, most_points);
  const auto& meta = data.run.meta;
  const double low = std::min(lowest(rows).v_min_pu, meta.v_min_pu);
  const double high = std::max(highest(rows, &FeederMinute::v_max_pu).v_max_pu, meta.v_max_pu);
  const Frame frame = frame_between(period_of(data), canvas_top, 262, rounded({low, high}));
  Svg svg(canvas_width, 292, out.message);
  frame.draw_time_axis(svg, meta.epoch);
  frame.draw_value_axis(svg, "pu");
  std::vector<Point> outline, top, bottom;
  for (const auto& row : rows) top.push_back(frame.at(row.time, row.v_max_pu));
  for (const auto& row : rows) bottom.push_back(frame.at(row.time, row.v_min_pu));
  outline = top;
  outline.insert(outline.end(), bottom.rbegin(), bottom.rend());
  svg.polygon(outline, "v-area");
  svg.polyline(top, "v-edge");
  svg.polyline(bottom, "v-edge");
  draw_limit(svg, frame, meta.v_max_pu, "upper limit " + number_text(meta.v_max_pu, 2) + " pu",
             false);
  draw_limit(svg, frame, meta.v_min_pu, "lower limit " + number_text(meta.v_min_pu, 2) + " pu",
             true);
  out.svg = std::move(svg).finish();
  return out;
}

Figure loading_figure(const ReportData& data) {
  Figure out{"loading", "Transformer loading", {}, {}, {}};
  if (data.minutes.empty()) return without_data(out, "No loading was recorded.");
  out.message = loading_message(data);
  out.legend = {{"stroke l-transformer", "transformer"},
                {"stroke l-branch", "most loaded line or transformer"},
                {"stroke limit", "limit"}};

  const auto rows = condense(data.minutes, most_points);
  const double limit = data.run.meta.max_loading;
  const double high = std::max(limit, highest(rows, &FeederMinute::max_loading).max_loading);
  const Frame frame = frame_between(period_of(data), canvas_top, 232, rounded({0, 1.08 * high}));
  Svg svg(canvas_width, 262, out.message);
  frame.draw_time_axis(svg, data.run.meta.epoch);
  frame.draw_value_axis(svg, "%", 100);
  std::vector<Point> branch, transformer;
  for (const auto& row : rows) branch.push_back(frame.at(row.time, row.max_loading));
  for (const auto& row : rows) transformer.push_back(frame.at(row.time, row.transformer_loading));
  svg.polyline(branch, "l-branch");
  svg.polyline(transformer, "l-transformer");
  draw_limit(svg, frame, limit, "limit " + percent_text(limit), true);
  out.svg = std::move(svg).finish();
  return out;
}

Figure map_figure(const ReportData& data) {
  Figure out{"map", "Feeder by worst voltage", {}, {}, {}};
  if (data.run.buses.empty() || data.voltages.size() != data.run.buses.size())
    return without_data(out, "The run holds no network.");
  out.message = map_message(data);
  out.legend = {{"ring", "home"}, {"dot", "other bus"}, {"rings", "transformer"}};

  double deviation = 0;
  for (const auto& range : data.voltages)
    if (range.max_pu > 0) deviation = std::max(deviation, std::abs(worst_voltage(range) - 1));
  const double extent = voltage_extent(deviation);
  auto at = bus_positions(data.run);
  const Fit fit(at, {24, 20}, {map_width - 24, map_height - 62});
  for (Point& p : at) p = fit(p);
  Svg svg(map_width, map_height, out.message);
  draw_branches(svg, data, at, extent);
  draw_buses(svg, data, at, extent);
  for (const auto& branch : data.run.branches)
    if (branch.kind == twin::BranchKind::transformer) draw_transformer(svg, at[branch.to_bus]);
  draw_scale(svg, extent);
  out.svg = std::move(svg).finish();
  return out;
}

}  // namespace viz
