#include "viz/live/live_view.hpp"

#include <algorithm>
#include <imgui.h>

#include "viz/live/side_panel.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr int width_px = 1280, height_px = 800;
constexpr float panel_px = 320, bar_px = 96;

// Advances a simulation until it has reached `time` or can go no further.
tl::expected<twin::Snapshot, std::string> reach(SnapshotSource& source, ledger::Instant time) {
  for (;;) {
    const ledger::Instant before = source.extent().last;
    auto snapshot = source.at(time);
    if (!snapshot || source.extent().last == before) return snapshot;
  }
}

void take_keys(const Extent& extent, Playback& playback) {
  if (ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_Space), false)) playback.toggle();
  if (ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_LeftArrow))) playback.step(-1, extent);
  if (ImGui::IsKeyPressed(ImGui::GetKeyIndex(ImGuiKey_RightArrow))) playback.step(1, extent);
}

// The slider over the run's time; for a running simulation the future is there, but not yet made.
void draw_scrubber(const twin::RunDescription& run, const Extent& extent, Playback& playback) {
  const auto minute_of = [](ledger::Instant t) {
    return static_cast<int>(t.ns / ledger::minutes(1).ns);
  };
  int minute = minute_of(playback.time());
  const auto civil = civil_time(run.meta.epoch, playback.time());
  const std::string words = day_text(civil) + "  " + clock_text(civil);
  // Beside the slider: its handle would cover them.
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(words.c_str());
  ImGui::SameLine();
  ImGui::SetNextItemWidth(-1);
  if (ImGui::SliderInt("##time", &minute, minute_of(extent.first), minute_of(extent.end), "",
                       ImGuiSliderFlags_NoInput))
    playback.seek(ledger::Instant{} + ledger::minutes(minute), extent);
}

}  // namespace

void LiveView::draw_time_bar(const Screen& screen, const twin::Snapshot& snapshot,
                             const Extent& extent, Playback& playback, float y, float width,
                             float height) {
  const float s = screen.scale();
  ImGui::SetNextWindowPos({0, y});
  ImGui::SetNextWindowSize({width, height});
  ImGui::Begin(
      "time", nullptr,
      ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings);
  if (ImGui::Button(playback.playing() ? "Pause" : "Play", {84 * s, 0})) playback.toggle();
  ImGui::SameLine();
  if (ImGui::Button("− 1 min", {84 * s, 0})) playback.step(-1, extent);
  ImGui::SameLine();
  if (ImGui::Button("+ 1 min", {84 * s, 0})) playback.step(1, extent);
  ImGui::SameLine(0, 24 * s);
  auto speed = static_cast<float>(playback.speed());
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("Speed");
  ImGui::SameLine();
  ImGui::SetNextItemWidth(150 * s);
  if (ImGui::SliderFloat("##speed", &speed, static_cast<float>(Playback::slowest),
                         static_cast<float>(Playback::fastest), "", ImGuiSliderFlags_Logarithmic))
    playback.set_speed(static_cast<double>(speed));
  ImGui::SameLine();
  ImGui::TextUnformatted((number_text(playback.speed()) + " ×").c_str());
  ImGui::SameLine(0, 24 * s);
  ImGui::PushFont(screen.fonts().small);
  ImGui::AlignTextToFramePadding();
  ImGui::TextDisabled("Space: pause   Arrows: step   Wheel: zoom   Drag: move");
  ImGui::PopFont();
  draw_scrubber(run_, extent, playback);
  ImGui::End();
  playback.hold_to(snapshot.time, extent);
}

void LiveView::frame(const Screen& screen, const twin::Snapshot& snapshot, const Trends& trends,
                     const Extent& extent, Playback& playback) {
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const float s = screen.scale();
  const float panel = panel_px * s, bar = bar_px * s;
  const float left = std::max(size.x - panel, 0.0f), top = std::max(size.y - bar, 0.0f);
  take_keys(extent, playback);
  draw_side_panel(run_, snapshot, trends, screen.fonts(), s, left, 0, panel, size.y);
  draw_time_bar(screen, snapshot, extent, playback, top, left, bar);
  canvas_.draw(snapshot, {0, 0}, {left, top}, screen.fonts(), s);
}

tl::expected<void, std::string> show(SnapshotSource& source, double speed,
                                     std::optional<ledger::Instant> start) {
  auto screen = Screen::window(width_px, height_px, source.description().meta.scenario);
  if (!screen) return tl::unexpected(screen.error());
  LiveView view(source.description());
  Trends trends;
  Playback playback(start.value_or(source.extent().first), speed);
  while (screen->begin()) {
    playback.advance(screen->frame_seconds(), source.extent());
    const auto snapshot = source.at(playback.time());
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (auto updated = trends.update(source, *snapshot); !updated) return updated;
    view.frame(*screen, *snapshot, trends, source.extent(), playback);
    screen->end();
  }
  return {};
}

tl::expected<void, std::string> save_screenshot(SnapshotSource& source, ledger::Instant time,
                                                const std::string& path, float scale) {
  auto screen = Screen::picture(width_px, height_px, scale);
  if (!screen) return tl::unexpected(screen.error());
  const auto snapshot = reach(source, time);
  if (!snapshot) return tl::unexpected(snapshot.error());
  LiveView view(source.description());
  Trends trends;
  if (auto updated = trends.update(source, *snapshot); !updated) return updated;
  Playback playback(snapshot->time, 600);
  playback.toggle();
  // ImGui knows the sizes of its windows after a first frame.
  for (int i = 0; i < 2 && screen->begin(); ++i) {
    view.frame(*screen, *snapshot, trends, source.extent(), playback);
    screen->end();
  }
  return screen->save(path);
}

}  // namespace viz
