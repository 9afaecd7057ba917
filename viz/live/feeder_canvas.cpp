#include "viz/live/feeder_canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <imgui.h>
#include <limits>

#include "viz/live/home_places.hpp"
#include "viz/palette.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr ImU32 outline = IM_COL32(16, 20, 26, 255), ink = IM_COL32(233, 238, 243, 255),
                soft = IM_COL32(160, 171, 185, 255), alarm = IM_COL32(240, 60, 150, 255),
                charge = IM_COL32(212, 143, 188, 255), no_voltage = IM_COL32(90, 96, 104, 255);

ImVec2 vec(Point p) { return {static_cast<float>(p.x), static_cast<float>(p.y)}; }

ImU32 colour(Colour c, int alpha = 255) { return IM_COL32(c.r, c.g, c.b, alpha); }

void tooltip_line(const std::string& words) { ImGui::TextUnformatted(words.c_str()); }

std::string power_text(double w) {
  if (std::abs(w) < 1000) return number_text(w, 0) + " W";
  return number_text(w / 1000, 2) + " kW";
}

constexpr std::uint8_t all_phases = 0b111;

// The voltage that is furthest from nominal among the phases of a mask; 0 where there is none.
double worst_voltage(const twin::Snapshot& snapshot, std::size_t bus, std::uint8_t phases) {
  double out = 0;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double v = snapshot.bus_v_pu[3 * bus + phase];
    if (v <= 0 || !(phases >> phase & 1)) continue;
    if (out == 0 || std::abs(v - 1) > std::abs(out - 1)) out = v;
  }
  return out;
}

std::string voltages_text(const twin::RunDescription& run, const twin::Snapshot& snapshot,
                          std::size_t bus, std::uint8_t phases) {
  std::string out;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double v = snapshot.bus_v_pu[3 * bus + phase];
    if (v <= 0 || !(phases >> phase & 1)) continue;
    out += (out.empty() ? "L" : "\nL") + std::to_string(phase + 1) + "  " +
           number_text(v * run.buses[bus].nominal_v, 1) + " V   " + number_text(v, 3) + " pu";
  }
  return out.empty() ? "no voltage" : out;
}

}  // namespace

FeederCanvas::FeederCanvas(const twin::RunDescription& run)
    : run_(run), bus_at_(bus_positions(run)), home_shift_(home_shifts(run, bus_at_)) {}

bool FeederCanvas::outside_limits(double v_pu) const {
  return v_pu > 0 && (v_pu < run_.meta.v_min_pu || v_pu > run_.meta.v_max_pu);
}

void FeederCanvas::follow_mouse(Point top_left, Point bottom_right) {
  const ImGuiIO& io = ImGui::GetIO();
  const Point mouse{io.MousePos.x, io.MousePos.y};
  const bool inside = mouse.x > top_left.x && mouse.x < bottom_right.x && mouse.y > top_left.y &&
                      mouse.y < bottom_right.y;
  if (!inside || io.WantCaptureMouse) return;
  if (io.MouseWheel != 0) {
    const double before = zoom_;
    zoom_ = std::clamp(zoom_ * std::pow(1.2, static_cast<double>(io.MouseWheel)), 1.0, 40.0);
    // What is under the mouse stays there.
    const Point middle{(top_left.x + bottom_right.x) / 2, (top_left.y + bottom_right.y) / 2};
    const double ratio = zoom_ / before;
    moved_ = {(mouse.x - middle.x) * (1 - ratio) + moved_.x * ratio,
              (mouse.y - middle.y) * (1 - ratio) + moved_.y * ratio};
  }
  if (ImGui::IsMouseDragging(0, 0))
    moved_ = {moved_.x + io.MouseDelta.x, moved_.y + io.MouseDelta.y};
  if (ImGui::IsMouseDoubleClicked(0)) {
    zoom_ = 1;
    moved_ = {};
  }
}

FeederCanvas::Pose FeederCanvas::pose_of(const twin::Snapshot& snapshot, Point top_left,
                                         Point bottom_right, const Fonts& fonts,
                                         float scale) const {
  Pose out{snapshot, *ImGui::GetBackgroundDrawList(), fonts, scale, bus_at_, {}, 8};
  const double margin = 56.0 * scale, foot = 124.0 * scale;
  const Fit fit(bus_at_, {top_left.x + margin, top_left.y + margin},
                {bottom_right.x - margin, bottom_right.y - foot});
  const Point middle{(top_left.x + bottom_right.x) / 2, (top_left.y + bottom_right.y) / 2};
  for (Point& p : out.bus) {
    p = fit(p);
    p = {middle.x + (p.x - middle.x) * zoom_ + moved_.x,
         middle.y + (p.y - middle.y) * zoom_ + moved_.y};
  }
  const double area = (bottom_right.x - top_left.x - 2 * margin) *
                      (bottom_right.y - top_left.y - margin - foot) / (scale * scale);
  out.house_size = house_size(run_.homes.size(), area) * std::sqrt(zoom_) * scale;
  for (std::size_t i = 0; i < run_.homes.size(); ++i) {
    const Point bus = out.bus[run_.homes[i].bus];
    out.home.push_back(
        {bus.x + home_shift_[i].x * out.house_size, bus.y + home_shift_[i].y * out.house_size});
  }
  return out;
}

void FeederCanvas::draw_branches(const Pose& pose) const {
  const float thin = (run_.branches.size() > 300 ? 1.6f : 2.6f) * pose.scale;
  for (std::size_t i = 0; i < run_.branches.size(); ++i) {
    const auto& branch = run_.branches[i];
    const float loading = pose.snapshot.branch_loading[i];
    const float width = thin + 3.2f * pose.scale * std::clamp(loading, 0.0f, 1.2f);
    pose.list.AddLine(vec(pose.bus[branch.from_bus]), vec(pose.bus[branch.to_bus]),
                      colour(loading_colour(loading)), width);
  }
  for (std::size_t i = 0; i < run_.branches.size(); ++i) {
    const auto& branch = run_.branches[i];
    if (branch.kind != twin::BranchKind::transformer) continue;
    const ImVec2 at = vec(pose.bus[branch.to_bus]);
    const ImU32 hue = colour(loading_colour(pose.snapshot.branch_loading[i]));
    for (const float shift : {-6.0f, 6.0f})
      pose.list.AddCircle({at.x + shift * pose.scale, at.y}, 10 * pose.scale, hue, 32,
                          3 * pose.scale);
  }
}

void FeederCanvas::draw_buses(const Pose& pose) const {
  const float radius = (run_.buses.size() > 300 ? 1.5f : 3.4f) * pose.scale;
  for (std::size_t bus = 0; bus < pose.bus.size(); ++bus) {
    const double v = worst_voltage(pose.snapshot, bus, all_phases);
    const ImU32 fill = v > 0 ? colour(voltage_colour(v, extent_)) : no_voltage;
    pose.list.AddCircleFilled(vec(pose.bus[bus]), radius, fill);
    if (outside_limits(v))
      pose.list.AddCircle(vec(pose.bus[bus]), radius + 3 * pose.scale, alarm, 0, 2 * pose.scale);
  }
}

// A house: body and roof by voltage, a panel on the roof that shines as it yields, a battery
// beside it that is filled as it is charged.
void FeederCanvas::draw_house(const Pose& pose, std::size_t home) const {
  const auto& row = run_.homes[home];
  const double v = worst_voltage(pose.snapshot, row.bus, row.phases);
  const ImU32 fill = v > 0 ? colour(voltage_colour(v, extent_)) : no_voltage;
  const float s = static_cast<float>(pose.house_size), x = static_cast<float>(pose.home[home].x),
              y = static_cast<float>(pose.home[home].y);
  const std::array<ImVec2, 5> shape = {ImVec2{x - 0.5f * s, y + 0.5f * s},
                                       ImVec2{x - 0.5f * s, y - 0.1f * s}, ImVec2{x, y - 0.6f * s},
                                       ImVec2{x + 0.5f * s, y - 0.1f * s},
                                       ImVec2{x + 0.5f * s, y + 0.5f * s}};
  pose.list.AddLine(vec(pose.bus[row.bus]), {x, y}, soft, pose.scale);
  pose.list.AddConvexPolyFilled(shape.data(), static_cast<int>(shape.size()), fill);
  pose.list.AddPolyline(shape.data(), static_cast<int>(shape.size()),
                        outside_limits(v) ? alarm : outline, ImDrawFlags_Closed,
                        (outside_limits(v) ? 2.5f : 1.2f) * pose.scale);
  if (row.pv_peak_w > 0) {
    const double share = std::clamp(pose.snapshot.home_pv_w[home] / row.pv_peak_w, 0.0, 1.0);
    const int shine = static_cast<int>(std::lround(share * 255));
    const ImVec2 a{x + 0.06f * s, y - 0.62f * s}, b{x + 0.62f * s, y - 0.06f * s};
    const ImVec2 c{b.x + 0.16f * s, b.y - 0.16f * s}, d{a.x + 0.16f * s, a.y - 0.16f * s};
    pose.list.AddQuadFilled(a, b, c, d, IM_COL32(30, 42, 66, 255));
    pose.list.AddQuadFilled(a, b, c, d, IM_COL32(255, 200, 40, shine));
    pose.list.AddQuad(a, b, c, d, IM_COL32(255, 214, 90, 255), pose.scale);
  }
  if (row.battery_wh > 0) {
    const float level = std::clamp(pose.snapshot.home_battery[home], 0.0f, 1.0f);
    const ImVec2 low{x - 0.92f * s, y + 0.5f * s}, high{x - 0.62f * s, y - 0.3f * s};
    pose.list.AddRectFilled({low.x, high.y}, {high.x, low.y}, IM_COL32(30, 36, 46, 255));
    pose.list.AddRectFilled({low.x, low.y - level * (low.y - high.y)}, {high.x, low.y}, charge);
    pose.list.AddRect({low.x, high.y}, {high.x, low.y}, charge, 0, 0, pose.scale);
  }
}

void FeederCanvas::draw_legend(const Pose& pose, Point bottom_left) const {
  const float s = pose.scale, size = pose.fonts.small->FontSize;
  const auto write = [&](float x, float y, const std::string& words, ImU32 hue) {
    pose.list.AddText(pose.fonts.small, size, {x, y}, hue, words.c_str());
  };
  const auto scale_bar = [&](float x, float y, const char* title, auto hue_at,
                             std::array<std::string, 3> marks) {
    constexpr int parts = 50;
    const float width = 190 * s, part = width / parts;
    write(x, y - 21 * s, title, soft);
    for (int i = 0; i < parts; ++i)
      pose.list.AddRectFilled({x + part * static_cast<float>(i), y},
                              {x + part * static_cast<float>(i + 1), y + 9 * s},
                              hue_at((i + 0.5) / parts));
    for (int i = 0; i < 3; ++i) {
      const auto& mark = marks[static_cast<std::size_t>(i)];
      const float half = pose.fonts.small->CalcTextSizeA(size, 1e9f, 0, mark.c_str()).x / 2;
      write(x + width * static_cast<float>(i) / 2 - half, y + 12 * s, mark, ink);
    }
  };
  const float x = static_cast<float>(bottom_left.x) + 34 * s,
              y = static_cast<float>(bottom_left.y) - 44 * s;
  scale_bar(
      x, y, "Voltage of buses and homes, pu",
      [&](double share) { return colour(voltage_colour(1 + extent_ * (2 * share - 1), extent_)); },
      {number_text(1 - extent_, 2), "1.00", number_text(1 + extent_, 2)});
  scale_bar(x + 262 * s, y, "Loading of lines, %",
            [](double share) { return colour(loading_colour(1.2 * share)); }, {"0", "60", "120"});
  write(x + 520 * s, y - 21 * s, "House: panel shines with PV yield,", soft);
  write(x + 520 * s, y - 4 * s, "bar shows the battery's charge,", soft);
  write(x + 520 * s, y + 13 * s, "pink outline: outside the limits", soft);
}

void FeederCanvas::draw_words(const Pose& pose, Point mouse) const {
  constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  const auto nearest = [&](const std::vector<Point>& points, double reach) {
    std::size_t best = none;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double d = distance(points[i], mouse);
      if (d < reach) reach = d, best = i;
    }
    return best;
  };
  const std::size_t home = nearest(pose.home, 0.8 * pose.house_size);
  const std::size_t bus = nearest(pose.bus, 8.0 * pose.scale);
  std::string words;
  if (home != none) {
    const auto& row = run_.homes[home];
    words = row.name + "\n" + power_text(pose.snapshot.home_w[home]) + " net, import positive";
    if (row.pv_peak_w > 0) words += "\nPV " + power_text(pose.snapshot.home_pv_w[home]);
    if (row.battery_wh > 0)
      words += "\nbattery " + number_text(100.0 * pose.snapshot.home_battery[home]) + " %";
    words += "\n" + voltages_text(run_, pose.snapshot, row.bus, row.phases);
  } else if (bus != none) {
    words = run_.buses[bus].name + "\n" + voltages_text(run_, pose.snapshot, bus, all_phases);
  } else {
    for (std::size_t i = 0; i < run_.branches.size() && words.empty(); ++i) {
      const auto& b = run_.branches[i];
      if (distance_to_segment(mouse, pose.bus[b.from_bus], pose.bus[b.to_bus]) < 5 * pose.scale)
        words = b.name + "\n" + number_text(100.0 * pose.snapshot.branch_loading[i]) + " % loaded";
    }
  }
  if (words.empty()) return;
  ImGui::BeginTooltip();
  tooltip_line(words);
  ImGui::EndTooltip();
}

void FeederCanvas::draw(const twin::Snapshot& snapshot, Point top_left, Point bottom_right,
                        const Fonts& fonts, float scale) {
  follow_mouse(top_left, bottom_right);
  double deviation = 0;
  for (const float v : snapshot.bus_v_pu)
    if (v > 0) deviation = std::max(deviation, std::abs(static_cast<double>(v) - 1));
  extent_ = std::max(extent_, voltage_extent(deviation));
  const Pose pose = pose_of(snapshot, top_left, bottom_right, fonts, scale);
  pose.list.PushClipRect(vec(top_left), vec(bottom_right));
  draw_branches(pose);
  draw_buses(pose);
  for (std::size_t home = 0; home < run_.homes.size(); ++home) draw_house(pose, home);
  pose.list.AddRectFilled(
      {static_cast<float>(top_left.x), static_cast<float>(bottom_right.y) - 76 * scale},
      vec(bottom_right), IM_COL32(17, 21, 27, 225));
  draw_legend(pose, {top_left.x, bottom_right.y});
  pose.list.PopClipRect();
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const bool inside = mouse.x > top_left.x && mouse.x < bottom_right.x && mouse.y > top_left.y &&
                      mouse.y < bottom_right.y - 76 * scale;
  if (inside && !ImGui::GetIO().WantCaptureMouse) draw_words(pose, {mouse.x, mouse.y});
}

}  // namespace viz
