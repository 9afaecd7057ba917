#include <algorithm>
#include <cmath>
#include <map>

#include "viz/report/canvas.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

using twin::BlockRow;

constexpr std::size_t most_marks = 500;
constexpr std::size_t most_lanes = 6;
constexpr double lane_height = 17, panel_height = 190, second_panel_height = 110;

double delay_ms(const BlockRow& block) { return (block.decided - block.due).seconds() * 1000; }

// One mark of the plot: a block, or the slowest of as many as share its place.
struct Mark {
  BlockRow block;
  double most_bytes = 0;
};

std::vector<Mark> marks_of(const std::vector<BlockRow>& blocks) {
  const std::size_t share = (blocks.size() + most_marks - 1) / most_marks;
  std::vector<Mark> out;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % share == 0) out.push_back({blocks[i], 0});
    Mark& mark = out.back();
    if (delay_ms(blocks[i]) > delay_ms(mark.block)) mark.block = blocks[i];
    mark.most_bytes = std::max(mark.most_bytes, static_cast<double>(blocks[i].message_bytes));
  }
  return out;
}

// "153 ms", "4.6 s", "2.1 min".
std::string time_text(double ms) {
  if (ms < 1000) return number_text(ms) + " ms";
  if (ms < 120'000) return number_text(ms / 1000, ms < 10'000 ? 1 : 0) + " s";
  return number_text(ms / 60'000, 1) + " min";
}

// Nearest rank.
double percentile(std::vector<double> values, double p) {
  const auto rank =
      static_cast<std::ptrdiff_t>(std::ceil(p / 100 * static_cast<double>(values.size())) - 1);
  const auto at = values.begin() + std::max<std::ptrdiff_t>(0, rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::string consensus_message(const std::vector<BlockRow>& blocks, const Summary& summary) {
  std::vector<double> delays;
  std::size_t first_round = 0;
  double messages = 0, bytes = 0;
  for (const BlockRow& b : blocks) {
    delays.push_back(delay_ms(b));
    first_round += b.rounds <= 1 ? 1 : 0;
    messages += static_cast<double>(b.messages);
    bytes += static_cast<double>(b.message_bytes);
  }
  const auto n = static_cast<double>(blocks.size());
  const double missed = summary.missed_slots.value_or(0);
  return number_text(static_cast<double>(first_round)) + " of " + number_text(n) +
         " blocks were decided in their first round. Half were decided within " +
         time_text(percentile(delays, 50)) + " of being due, 99\u202f% within " +
         time_text(percentile(delays, 99)) + "; " +
         (missed == 0 ? "no block came after its interval. "
                      : number_text(missed) + (missed == 1 ? " block" : " blocks") +
                            " came after their interval or never. ") +
         "A block took " + number_text(messages / n) + " messages and " +
         number_text(bytes / n / 1000, 1) + " kB on average.";
}

// The axis is logarithmic: seconds matter beside milliseconds.
double decade(double ms) { return std::log10(std::max(1.0, ms)); }

void draw_delay_axis(Svg& svg, const Frame& frame, int lowest, int highest) {
  for (int d = lowest; d <= highest; ++d) {
    const double height = frame.y(d);
    svg.line({frame.top_left().x, height}, {frame.bottom_right().x, height}, "grid");
    svg.text(
        {frame.top_left().x - 8, height + 4}, Anchor::end, "tick",
        d < 3 ? number_text(std::pow(10, d)) + " ms" : number_text(std::pow(10, d - 3)) + " s");
  }
}

std::string fault_words(const twin::FaultRow& fault) {
  std::string kind = fault.kind;
  std::replace(kind.begin(), kind.end(), '_', ' ');
  return fault.targets.empty() ? kind : kind + ": " + fault.targets;
}

// A bar for each fault, and where it acts in the panel above.
void draw_faults(Svg& svg, const Frame& frame, const ReportData& data, double lanes_top) {
  const auto& faults = data.run.faults;
  const Period period = period_of(data);
  const double left = frame.top_left().x, right = frame.bottom_right().x;
  for (std::size_t i = 0; i < std::min(faults.size(), most_lanes); ++i) {
    const double from = std::max(left, frame.x(faults[i].start));
    const double to =
        std::max(from + 1, std::min(right, frame.x(std::min(faults[i].end, period.to))));
    const double top = lanes_top + lane_height * static_cast<double>(i);
    svg.rectangle({from, frame.top_left().y}, to - from,
                  frame.bottom_right().y - frame.top_left().y, "k-shade");
    svg.rectangle({from, top + 2}, to - from, lane_height - 5, "k-fault", fault_words(faults[i]));
    const bool room_right = to + 7.5 * static_cast<double>(fault_words(faults[i]).size()) < right;
    svg.text({room_right ? to + 6 : from + 5, top + 12}, Anchor::start, "note",
             fault_words(faults[i]));
  }
  if (faults.size() > most_lanes)
    svg.text({right, lanes_top + lane_height * most_lanes + 12}, Anchor::end, "note",
             "and " + std::to_string(faults.size() - most_lanes) + " more, in run.db");
}

std::string mark_title(const ReportData& data, const BlockRow& b) {
  return "block " + std::to_string(b.height) + ", due " + moment_text(data, b.due) + ": decided " +
         time_text(delay_ms(b)) + " later, in round " + std::to_string(b.rounds) + "; " +
         std::to_string(b.messages) + " messages";
}

void draw_delays(Svg& svg, const Frame& frame, const ReportData& data,
                 const std::vector<Mark>& marks) {
  const double radius = marks.size() > 200 ? 2 : 3;
  for (const bool later_rounds : {false, true})
    for (const Mark& mark : marks)
      if ((mark.block.rounds > 1) == later_rounds)
        svg.dot(frame.at(mark.block.due, decade(delay_ms(mark.block))), radius, "none",
                later_rounds ? "k-later" : "k-first", mark_title(data, mark.block));
}

void draw_bytes(Svg& svg, const Frame& frame, const std::vector<Mark>& marks) {
  const double width = (frame.bottom_right().x - frame.top_left().x) /
                       static_cast<double>(std::max<std::size_t>(marks.size(), 1));
  const double bar = std::clamp(width * 0.7, 0.6, 8.0);
  for (const Mark& mark : marks) {
    const double top = frame.y(mark.most_bytes / 1000);
    svg.rectangle({frame.x(mark.block.due) - bar / 2, top}, bar, frame.y(0) - top, "k-bytes");
  }
}

// Blocks of a run's last moments may be due after what the figures show.
std::vector<BlockRow> shown_blocks(const ReportData& data) {
  std::vector<BlockRow> out = data.blocks;
  const ledger::Instant end = period_of(data).to;
  std::erase_if(out, [&](const BlockRow& b) { return b.due > end; });
  return out;
}

}  // namespace

Figure consensus_figure(const ReportData& data) {
  Figure out{"consensus", "Consensus", {}, {}, {}};
  const std::vector<BlockRow> blocks = shown_blocks(data);
  if (blocks.empty()) return without_data(out, "No block was decided.");
  out.message = consensus_message(blocks, data.summary);
  const std::vector<Mark> marks = marks_of(blocks);
  const bool each = marks.size() == blocks.size();
  out.legend = {
      {"dot k-first", each ? "a block decided in its first round, by how long after it was due"
                           : "the slowest of neighbouring blocks, decided in its first round"},
      {"dot k-later", "one that took more rounds"},
      {"k-bytes", each ? "bytes sent between nodes for a block"
                       : "most bytes sent between nodes for one of them"}};
  if (!data.run.faults.empty()) out.legend.push_back({"k-fault", "a fault of the scenario"});

  double least = 1e300, most = 0, most_kb = 0;
  for (const Mark& mark : marks) {
    least = std::min(least, decade(delay_ms(mark.block)));
    most = std::max(most, decade(delay_ms(mark.block)));
    most_kb = std::max(most_kb, mark.most_bytes / 1000);
  }
  const int lowest = static_cast<int>(std::floor(least));
  const int highest = std::max(lowest + 1, static_cast<int>(std::ceil(most)));
  const std::size_t faults = data.run.faults.size();
  const double lanes = lane_height * static_cast<double>(std::min(faults, most_lanes + 1));
  const double bottom = canvas_top + panel_height, second = bottom + lanes + 40;
  const Period period = period_of(data);
  const Frame delays = frame_between(period, canvas_top, bottom,
                                     {static_cast<double>(lowest), static_cast<double>(highest)});
  const Frame traffic =
      frame_between(period, second, second + second_panel_height, rounded({0, most_kb}, 3));
  Svg svg(canvas_width, second + second_panel_height + 30, out.message);
  delays.draw_time_axis(svg, data.run.meta.epoch, false);
  draw_delay_axis(svg, delays, lowest, highest);
  svg.text({canvas_left - 8, canvas_top - 14}, Anchor::end, "unit", "delay");
  traffic.draw_time_axis(svg, data.run.meta.epoch);
  traffic.draw_value_axis(svg, "kB", 1, 3);
  draw_faults(svg, delays, data, bottom + 6);
  draw_delays(svg, delays, data, marks);
  draw_bytes(svg, traffic, marks);
  out.svg = std::move(svg).finish();
  return out;
}

}  // namespace viz
