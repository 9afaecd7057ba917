#include "viz/live/side_panel.hpp"

#include <algorithm>
#include <cmath>
#include <imgui.h>
#include <string>

#include "viz/palette.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr ImU32 soft = IM_COL32(160, 171, 185, 255), ink = IM_COL32(233, 238, 243, 255),
                rule = IM_COL32(56, 66, 82, 255);

void words(const std::string& text) { ImGui::TextUnformatted(text.c_str()); }

void words_in(ImFont* font, ImU32 hue, const std::string& text) {
  ImGui::PushFont(font);
  ImGui::PushStyleColor(ImGuiCol_Text, hue);
  words(text);
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

// A name on the left and its value on the right edge.
void fact(const char* name, const std::string& value, ImU32 hue = ink) {
  ImGui::PushStyleColor(ImGuiCol_Text, soft);
  words(name);
  ImGui::PopStyleColor();
  const float width = ImGui::CalcTextSize(value.c_str()).x;
  ImGui::SameLine(ImGui::GetWindowContentRegionMax().x - width);
  ImGui::PushStyleColor(ImGuiCol_Text, hue);
  words(value);
  ImGui::PopStyleColor();
}

void gap(float height) { ImGui::Dummy({0, height}); }

struct Voltages {
  double low = 0, high = 0;
};

Voltages voltages_of(const twin::Snapshot& snapshot) {
  Voltages out;
  for (const float v : snapshot.bus_v_pu) {
    if (v <= 0) continue;
    out.low = out.low > 0 ? std::min<double>(out.low, v) : v;
    out.high = std::max<double>(out.high, v);
  }
  return out;
}

std::string battery_text(const twin::RunDescription& run, const twin::Snapshot& snapshot) {
  double stored = 0, capacity = 0;
  for (std::size_t i = 0; i < run.homes.size(); ++i) {
    capacity += run.homes[i].battery_wh;
    stored += run.homes[i].battery_wh * std::max(0.0f, snapshot.home_battery[i]);
  }
  return capacity > 0 ? number_text(100 * stored / capacity) + " % charged" : "none";
}

void draw_loading(double loading, float scale) {
  const Colour hue = loading_colour(loading);
  ImGui::PushStyleColor(ImGuiCol_PlotHistogram, IM_COL32(hue.r, hue.g, hue.b, 255));
  ImGui::ProgressBar(static_cast<float>(std::clamp(loading, 0.0, 1.0)), {-1, 9 * scale}, "");
  ImGui::PopStyleColor();
}

void draw_figures(const twin::RunDescription& run, const twin::Snapshot& snapshot, float scale) {
  const TrendPoint now = trend_point(run, snapshot);
  const Voltages v = voltages_of(snapshot);
  const bool outside = v.low > 0 && (v.low < run.meta.v_min_pu || v.high > run.meta.v_max_pu);
  fact("Homes, net",
       number_text(std::abs(now.net_kw), 1) + " kW " + (now.net_kw < 0 ? "export" : "import"));
  fact("PV", number_text(now.pv_kw, 1) + " kW");
  fact("Batteries", battery_text(run, snapshot));
  fact("Voltage", number_text(v.low, 3) + " – " + number_text(v.high, 3) + " pu",
       outside ? IM_COL32(255, 120, 180, 255) : ink);
  fact("Transformer", number_text(100 * now.transformer_loading) + " %");
  draw_loading(now.transformer_loading, scale);
  if (now.price_ct_per_kwh)
    fact("Last mean price", number_text(*now.price_ct_per_kwh, 1) + " ct/kWh");
  if (snapshot.traded_kwh > 0)
    fact("Traded in the last slot", number_text(snapshot.traded_kwh, 2) + " kWh");
  if (snapshot.height > 0) fact("Ledger height", number_text(static_cast<double>(snapshot.height)));
}

// One small curve over the last hours, which ends with the present value: its name, and the range
// on the right.
void draw_curve(const char* name, const std::vector<double>& points, const char* unit, ImU32 hue,
                const Fonts& fonts, float scale) {
  if (points.empty()) return;
  double low = 0, high = 0;
  for (const double point : points) {
    low = std::min(low, point);
    high = std::max(high, point);
  }
  const std::string range_text = number_text(low, 0) + " … " + number_text(high, 0);
  if (high - low < 1e-6) high = low + 1;
  const double range = high - low;
  ImGui::PushFont(fonts.small);
  fact(name, range_text + " " + unit, soft);
  ImGui::PopFont();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x, height = 36 * scale;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const auto place = [&](std::size_t i) {
    const auto most = std::max(static_cast<float>(Trends::window / Trends::spacing),
                               static_cast<float>(points.size() - 1));
    const float age = static_cast<float>(points.size() - 1 - i);
    return ImVec2{corner.x + width * (1 - age / most),
                  corner.y + height * static_cast<float>((high - points[i]) / range)};
  };
  const float zero = corner.y + height * static_cast<float>(high / range);
  list.AddLine({corner.x, zero}, {corner.x + width, zero}, rule, scale);
  for (std::size_t i = 1; i < points.size(); ++i)
    list.AddLine(place(i - 1), place(i), hue, 1.8f * scale);
  list.AddCircleFilled(place(points.size() - 1), 3 * scale, hue);
  gap(height + 2 * scale);
}

void draw_curves(const Trends& trends, const Fonts& fonts, float scale) {
  words_in(fonts.small, soft, "Last 6 hours");
  std::vector<double> net, pv, transformer, price;
  for (const TrendPoint& point : trends.points()) {
    net.push_back(point.net_kw);
    pv.push_back(point.pv_kw);
    transformer.push_back(100 * point.transformer_loading);
    if (point.price_ct_per_kwh) price.push_back(*point.price_ct_per_kwh);
  }
  draw_curve("Net", net, "kW", IM_COL32(86, 180, 233, 255), fonts, scale);
  draw_curve("PV", pv, "kW", IM_COL32(240, 180, 41, 255), fonts, scale);
  draw_curve("Transformer", transformer, "%", IM_COL32(240, 127, 60, 255), fonts, scale);
  draw_curve("Price", price, "ct/kWh", IM_COL32(44, 194, 149, 255), fonts, scale);
}

void draw_alerts(const twin::Snapshot& snapshot, const Fonts& fonts) {
  if (snapshot.alerts.empty()) {
    words_in(fonts.body, soft, "No active alert");
    return;
  }
  words_in(fonts.body, IM_COL32(255, 120, 180, 255),
           std::to_string(snapshot.alerts.size()) +
               (snapshot.alerts.size() == 1 ? " active alert" : " active alerts"));
  ImGui::BeginChild("alerts");
  ImGui::PushTextWrapPos(0);
  for (const std::string& alert : snapshot.alerts) {
    ImGui::Bullet();
    words(alert);
  }
  ImGui::PopTextWrapPos();
  ImGui::EndChild();
}

}  // namespace

void draw_side_panel(const twin::RunDescription& run, const twin::Snapshot& snapshot,
                     const Trends& trends, const Fonts& fonts, float scale, float x, float y,
                     float width, float height) {
  ImGui::SetNextWindowPos({x, y});
  ImGui::SetNextWindowSize({width, height});
  ImGui::Begin(
      "figures", nullptr,
      ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings);
  const auto civil = civil_time(run.meta.epoch, snapshot.time);
  words_in(fonts.small, soft, run.meta.scenario);
  words_in(fonts.large, ink, clock_text(civil));
  words_in(fonts.small, soft, date_text(civil));
  gap(4 * scale);
  ImGui::Separator();
  gap(2 * scale);
  draw_figures(run, snapshot, scale);
  gap(2 * scale);
  ImGui::Separator();
  gap(2 * scale);
  draw_curves(trends, fonts, scale);
  ImGui::Separator();
  gap(2 * scale);
  draw_alerts(snapshot, fonts);
  ImGui::End();
}

}  // namespace viz
