#include <algorithm>
#include <array>
#include <cmath>

#include "viz/report/canvas.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr std::size_t most_bins = 288;

using twin::FeederMinute;

struct Layer {
  const char* classes;
  const char* words;
  double (*power_w)(const FeederMinute&);  // >= 0
};

constexpr std::array<Layer, 3> sources = {{
    {"c-pv", "PV", [](const FeederMinute& m) { return m.pv_w; }},
    {"c-battery", "battery (out of it above, into it below)",
     [](const FeederMinute& m) { return std::max(0.0, -m.battery_w); }},
    {"c-grid", "grid (import above, export below)",
     [](const FeederMinute& m) { return std::max(0.0, m.import_w); }},
}};

constexpr std::array<Layer, 6> uses = {{
    {"c-load", "households", [](const FeederMinute& m) { return m.load_w; }},
    {"c-heat", "heat pumps", [](const FeederMinute& m) { return m.heat_pump_w; }},
    {"c-ev", "electric vehicles", [](const FeederMinute& m) { return m.ev_w; }},
    {"c-battery", "battery", [](const FeederMinute& m) { return std::max(0.0, m.battery_w); }},
    {"c-grid", "export", [](const FeederMinute& m) { return std::max(0.0, -m.import_w); }},
    {"c-losses", "losses", [](const FeederMinute& m) { return m.losses_w; }},
}};

// Stacks layers away from zero; sign +1 upwards, -1 downwards.
template <std::size_t N>
void draw_stack(Svg& svg, const Frame& frame, const std::vector<FeederMinute>& rows,
                const std::array<Layer, N>& layers, double sign) {
  std::vector<double> base(rows.size());
  for (const Layer& layer : layers) {
    std::vector<Point> outline, lower;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      lower.push_back(frame.at(rows[i].time, sign * base[i]));
      base[i] += std::max(0.0, layer.power_w(rows[i])) / 1000;
      outline.push_back(frame.at(rows[i].time, sign * base[i]));
    }
    outline.insert(outline.end(), lower.rbegin(), lower.rend());
    svg.polygon(outline, std::string("area ") + layer.classes);
  }
}

template <std::size_t N>
double tallest_kw(const std::vector<FeederMinute>& rows, const std::array<Layer, N>& layers) {
  double out = 0;
  for (const FeederMinute& row : rows) {
    double sum = 0;
    for (const Layer& layer : layers) sum += std::max(0.0, layer.power_w(row)) / 1000;
    out = std::max(out, sum);
  }
  return out;
}

std::string power_message(const ReportData& data, const std::vector<FeederMinute>& rows) {
  const auto by_pv = [](const auto& a, const auto& b) { return a.pv_w < b.pv_w; };
  const auto by_import = [](const auto& a, const auto& b) { return a.import_w < b.import_w; };
  const auto& pv = *std::max_element(rows.begin(), rows.end(), by_pv);
  const auto& import = *std::max_element(rows.begin(), rows.end(), by_import);
  std::string out;
  if (pv.pv_w > 0)
    out = "PV peaked at " + number_text(pv.pv_w / 1000, 1) + " kW at " +
          moment_text(data, pv.time) + ", ";
  if (import.import_w > 0)
    out += (out.empty() ? "Import peaked at " : "import at ") +
           number_text(import.import_w / 1000, 1) + " kW at " + moment_text(data, import.time);
  else
    out += out.empty() ? "Nothing was imported" : "nothing was imported";
  const auto exporting =
      std::count_if(rows.begin(), rows.end(), [](const auto& m) { return m.import_w < 0; });
  const double share = static_cast<double>(exporting) / static_cast<double>(rows.size());
  return out + (exporting > 0 ? "; power flowed back into the grid for " + percent_text(share) +
                                    " of the time."
                              : "; power never flowed back into the grid.");
}

struct Stream {
  std::string classes, words;
  double kwh;
};

constexpr double flow_height = 300, bar_left = 330, bar_right = 790, bar_width = 16;
constexpr double trunk_left = 548, trunk_right = 572, flow_gap = 14;

// A band between two upright edges of the same height.
std::string ribbon(double x0, double y0, double x1, double y1, double height) {
  const double mid = (x0 + x1) / 2;
  const auto p = [](double x, double y) { return coordinate(x) + " " + coordinate(y) + " "; };
  return "M" + p(x0, y0) + "C" + p(mid, y0) + p(mid, y1) + p(x1, y1) + "L" + p(x1, y1 + height) +
         "C" + p(mid, y1 + height) + p(mid, y0 + height) + p(x0, y0 + height) + "Z";
}

// One side's streams with bars, ribbons to the trunk and labels on the outside.
void draw_side(Svg& svg, const std::vector<Stream>& streams, double total, double scale,
               bool left) {
  const double gaps = flow_gap * static_cast<double>(streams.size() - 1);
  double outer = 20 + (flow_height - total * scale - gaps) / 2;
  double inner = 20 + (flow_height - total * scale) / 2;
  const double bar = left ? bar_left : bar_right - bar_width;
  double free_from = 0;  // labels never overlap
  for (const Stream& stream : streams) {
    const double height = stream.kwh * scale;
    const std::string words = stream.words + "  " + number_text(stream.kwh, 1) + " kWh  (" +
                              percent_text(total > 0 ? stream.kwh / total : 0) + ")";
    svg.path(left ? ribbon(bar + bar_width, outer, trunk_left, inner, height)
                  : ribbon(trunk_right, inner, bar, outer, height),
             "ribbon " + stream.classes, words);
    svg.rectangle({bar, outer}, bar_width, std::max(1.0, height), "area " + stream.classes);
    const double label = std::max(outer + height / 2 + 5, free_from);
    svg.text({left ? bar - 10 : bar + bar_width + 10, label}, left ? Anchor::end : Anchor::start,
             "label", words);
    free_from = label + 18;
    outer += height + flow_gap;
    inner += height;
  }
}

std::vector<Stream> present(std::vector<Stream> streams) {
  std::erase_if(streams, [](const Stream& s) { return s.kwh < 0.05; });
  return streams;
}

std::string flow_message(const EnergyFlows& flows) {
  const double used = flows.load + flows.ev + flows.heat_pump;
  const double own = used > 0 ? std::clamp(1 - flows.import / used, 0.0, 1.0) : 0;
  std::string out = "Homes used " + number_text(used, 0) + " kWh";
  if (flows.pv > 0)
    out += "; their roofs made " + number_text(flows.pv, 0) + " kWh, of which " +
           number_text(flows.exported, 0) + " kWh left the feeder, and " + percent_text(own) +
           " of what they used did not come from the grid";
  return out + ". Cables and transformer lost " + number_text(flows.losses, 1) + " kWh.";
}

}  // namespace

Figure power_figure(const ReportData& data) {
  Figure out{"power", "Power over time", {}, {}, {}};
  if (data.minutes.empty()) return without_data(out, "No power was recorded.");
  const auto rows = condense(data.minutes, most_bins);
  out.message = power_message(data, rows);
  for (const Layer& layer : sources)
    out.legend.push_back({std::string("fill ") + layer.classes, layer.words});
  for (const Layer& layer : uses)
    if (layer.classes != std::string("c-battery") && layer.classes != std::string("c-grid"))
      out.legend.push_back({std::string("fill ") + layer.classes, layer.words});

  const Range range = rounded({-tallest_kw(rows, uses), tallest_kw(rows, sources)}, 6);
  const Frame frame = frame_between(period_of(data), canvas_top, 362, range);
  Svg svg(canvas_width, 392, out.message);
  frame.draw_time_axis(svg, data.run.meta.epoch);
  frame.draw_value_axis(svg, "kW", 1, 6);
  draw_stack(svg, frame, rows, sources, 1);
  draw_stack(svg, frame, rows, uses, -1);
  svg.line({canvas_left, frame.y(0)}, {canvas_right, frame.y(0)}, "zero");
  svg.text({canvas_left + 8, canvas_top + 14}, Anchor::start, "note", "sources");
  svg.text({canvas_left + 8, 354}, Anchor::start, "note", "uses");
  out.svg = std::move(svg).finish();
  return out;
}

Figure flow_figure(const ReportData& data) {
  Figure out{"flows", "Energy from sources to uses", {}, {}, {}};
  const EnergyFlows flows = energy_flows(data);
  if (!(flows.sources() > 0)) return without_data(out, "No energy was recorded.");
  out.message = flow_message(flows);
  const auto from = present({{"c-pv", "PV", flows.pv},
                             {"c-battery", "From batteries", flows.discharge},
                             {"c-grid", "Import", flows.import}});
  const auto to = present({{"c-load", "Households", flows.load},
                           {"c-heat", "Heat pumps", flows.heat_pump},
                           {"c-ev", "Electric vehicles", flows.ev},
                           {"c-battery", "Into batteries", flows.charge},
                           {"c-grid", "Export", flows.exported},
                           {"c-losses", "Losses", flows.losses}});
  if (from.empty() || to.empty()) return without_data(out, "Hardly any energy was recorded.");
  const double total = std::max(flows.sources(), flows.uses());
  const double scale = (flow_height - 5 * flow_gap) / total;
  Svg svg(canvas_width, flow_height + 40, out.message);
  draw_side(svg, from, flows.sources(), scale, true);
  draw_side(svg, to, flows.uses(), scale, false);
  svg.rectangle({trunk_left, 20 + (flow_height - total * scale) / 2}, trunk_right - trunk_left,
                total * scale, "trunk");
  out.svg = std::move(svg).finish();
  return out;
}

}  // namespace viz
