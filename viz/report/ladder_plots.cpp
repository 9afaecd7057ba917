#include "viz/report/ladder_plots.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "viz/report/canvas.hpp"
#include "viz/report/label_places.hpp"
#include "viz/report/ladder_words.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

using twin::Estimate;
using twin::LadderRuns;

constexpr double names_right = 150, row_height = 27, line_height = 15;

// As wide as its letters are on average in the page's font.
double width_of(const std::string& words) { return 6.9 * static_cast<double>(words.size()); }

// From a range of values to a stretch of the drawing, which may run backwards.
struct Axis {
  Range values;
  double from = 0, to = 0;
  double operator()(double value) const {
    return from + (to - from) * (value - values.low) / (values.high - values.low);
  }
};

Range range_of(const std::vector<Estimate>& estimates) {
  Range out{0, 0};
  for (const Estimate& e : estimates) {
    out.low = std::min(out.low, e.low.value_or(e.mean));
    out.high = std::max(out.high, e.high.value_or(e.mean));
  }
  return rounded(out, 4);
}

void draw_across(Svg& svg, const Axis& axis, double top, double bottom) {
  const Ticks ticks = round_ticks(axis.values.low, axis.values.high, 4);
  for (const double value : ticks.values) {
    const double x = axis(value);
    svg.line({x, top}, {x, bottom}, std::abs(value) < 1e-9 ? "zero" : "grid");
    svg.text({x, bottom + 18}, Anchor::middle, "tick", number_text(value, ticks.decimals));
  }
}

const char* class_of(const Estimate& e) {
  if (!e.low) return "r-open";
  return *e.high < 0 ? "r-less" : *e.low > 0 ? "r-more" : "r-open";
}

void draw_estimate(Svg& svg, const Axis& axis, double y, const Estimate& e,
                   const std::string& title) {
  const std::string kind = class_of(e);
  if (e.low) {
    svg.line({axis(*e.low), y}, {axis(*e.high), y}, kind + " whisker");
    for (const double end : {*e.low, *e.high})
      svg.line({axis(end), y - 5}, {axis(end), y + 5}, kind + " whisker");
  }
  svg.dot({axis(e.mean), y}, 5.5, "none", kind, title);
}

double row_middle(std::size_t row) {
  return canvas_top + row_height * (static_cast<double>(row) + 0.5);
}

struct Panel {
  const char* figure;
  const char* unit;
  int decimals;
  double left, right;
};

void draw_relief(Svg& svg, const LadderRuns& all, const Panel& panel) {
  std::vector<Estimate> differences;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    differences.push_back(twin::against_none(all, v, panel.figure));
  const Axis axis{range_of(differences), panel.left, panel.right};
  const double bottom = row_middle(differences.size() - 1) + row_height / 2;
  draw_across(svg, axis, canvas_top, bottom);
  svg.text({axis.from, canvas_top - 12}, Anchor::start, "unit",
           std::string(panel.unit) + ", less than none to the left");
  for (std::size_t r = 0; r < differences.size(); ++r)
    draw_estimate(svg, axis, row_middle(r), differences[r],
                  all.variants[r + 1] + ": " + interval_text(differences[r], panel.decimals) + " " +
                      panel.unit);
}

// What variants have less of a figure than none, with the interval, where it reads the same of all
// of them; else nothing.
std::string common_difference(const LadderRuns& all, const std::vector<std::size_t>& variants,
                              const char* figure, int decimals) {
  std::string out;
  for (const std::size_t v : variants) {
    const std::string text = interval_text(twin::against_none(all, v, figure), decimals);
    if (!out.empty() && text != out) return "";
    out = text;
  }
  return out;
}

// The variants with least above the limit; several where these read alike.
std::vector<std::size_t> with_most_relief(const LadderRuns& all) {
  constexpr double alike_kwh = 0.005;
  const auto kwh = [&](std::size_t v) { return twin::over_seeds(all, v, "overload_kwh").mean; };
  double least = kwh(1);
  for (std::size_t v = 2; v < all.variants.size(); ++v) least = std::min(least, kwh(v));
  std::vector<std::size_t> out;
  for (std::size_t v = 1; v < all.variants.size(); ++v)
    if (kwh(v) < least + alike_kwh) out.push_back(v);
  return out;
}

std::string relief_message(const LadderRuns& all) {
  const std::vector<std::size_t> most = with_most_relief(all);
  const twin::Estimate kwh = twin::against_none(all, most.front(), "overload_kwh");
  const std::string of = number_text(twin::over_seeds(all, 0, "overload_kwh").mean, 2);
  if (kwh.mean >= 0) return "No rung has less above the limit than the " + of + " kWh of none.";
  std::vector<std::string> names;
  for (const std::size_t v : most) names.push_back(all.variants[v]);
  const std::string less_kwh = common_difference(all, most, "overload_kwh", 2);
  const int decimals = decimals_shown(all, "overload_minutes", 0);
  const std::string less_minutes = common_difference(all, most, "overload_minutes", decimals);
  const std::string out = listed(names) +
                          (most.size() == 1 ? " takes most away: " : " take most away, alike: ") +
                          (less_kwh.empty() ? number_text(kwh.mean, 2) : less_kwh) +
                          " kWh of the " + of + " above the limit";
  if (less_minutes.empty()) return out + ".";
  return out + ", " + less_minutes + " of " +
         number_text(twin::over_seeds(all, 0, "overload_minutes").mean, decimals) + " minutes.";
}

// Names of variants that stand on one point.
struct NamedPoint {
  Point point;
  std::vector<std::string> names;
  std::string title;  // with their figures
};

std::vector<NamedPoint> points_of(const LadderRuns& all, const Axis& across, const Axis& up,
                                  const char* figure) {
  constexpr double together = 4;
  std::vector<NamedPoint> out;
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    const double left_kwh = twin::over_seeds(all, v, "overload_kwh").mean;
    const double eur = twin::over_seeds(all, v, figure).mean;
    const Point p{across(left_kwh), up(eur)};
    const std::string title = all.variants[v] + ": " + number_text(left_kwh, 2) + " kWh left, " +
                              number_text(eur, 2) + " EUR";
    const auto at = std::find_if(out.begin(), out.end(), [&](const NamedPoint& n) {
      return distance(n.point, p) < together;
    });
    if (at == out.end()) {
      out.push_back({p, {all.variants[v]}, title});
    } else {
      at->names.push_back(all.variants[v]);
      at->title += "; " + title;
    }
  }
  return out;
}

PointLabel label_of(const NamedPoint& n) {
  double width = 0;
  for (const std::string& name : n.names) width = std::max(width, width_of(name));
  return {n.point, width, line_height * static_cast<double>(n.names.size())};
}

// To the label's nearest edge, where that is not close by.
void draw_leader(Svg& svg, const PointLabel& label, Point corner) {
  const Point edge{std::clamp(label.point.x, corner.x, corner.x + label.width),
                   std::clamp(label.point.y, corner.y, corner.y + label.height)};
  if (distance(edge, label.point) > 16) svg.line(label.point, edge, "leader");
}

void draw_points(Svg& svg, const LadderRuns& all, const std::vector<NamedPoint>& points,
                 Point top_left, Point bottom_right) {
  std::vector<PointLabel> labels;
  for (const NamedPoint& n : points) labels.push_back(label_of(n));
  const std::vector<Point> corners = place_labels(labels, top_left, bottom_right);
  for (std::size_t i = 0; i < points.size(); ++i) {
    draw_leader(svg, labels[i], corners[i]);
    const bool none = points[i].names.front() == all.variants[0];
    svg.dot(points[i].point, 5.5, "none", none ? "r-none" : "r-rung", points[i].title);
    const bool left = corners[i].x + labels[i].width <= points[i].point.x;
    for (std::size_t n = 0; n < points[i].names.size(); ++n)
      svg.text({corners[i].x + (left ? labels[i].width : 0),
                corners[i].y + line_height * (static_cast<double>(n) + 0.78)},
               left ? Anchor::end : Anchor::start, "", points[i].names[n]);
  }
}

constexpr double scatter_top = 40, scatter_height = 300;

void draw_scatter(Svg& svg, const LadderRuns& all, const Panel& panel) {
  std::vector<Estimate> x, y;
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    x.push_back({twin::over_seeds(all, v, "overload_kwh").mean, {}, {}});
    y.push_back({twin::over_seeds(all, v, panel.figure).mean, {}, {}});
  }
  const double bottom = scatter_top + scatter_height;
  const Axis across{range_of(x), panel.left, panel.right};
  const Axis up{range_of(y), bottom, scatter_top};
  draw_across(svg, across, scatter_top, bottom);
  svg.text({across.to, bottom + 36}, Anchor::end, "unit", "left above the limit, kWh");
  const Ticks ticks = round_ticks(up.values.low, up.values.high, 5);
  for (const double value : ticks.values) {
    svg.line({panel.left, up(value)}, {panel.right, up(value)},
             std::abs(value) < 1e-9 ? "zero" : "grid");
    svg.text({panel.left - 8, up(value) + 4}, Anchor::end, "tick",
             number_text(value, ticks.decimals));
  }
  svg.text({panel.left - 40, scatter_top - 16}, Anchor::start, "unit", panel.unit);
  draw_points(svg, all, points_of(all, across, up, panel.figure), {panel.left + 4, scatter_top - 6},
              {panel.right + 14, bottom - 2});
}

// Bars of one criterion, the longest as wide as its column allows.
void draw_bars(Svg& svg, const LadderRuns& all, const twin::Criterion& c, double left,
               double width) {
  constexpr double for_the_number = 62;
  double most = 0;
  std::size_t last_place = 1;
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    most = std::max(most, twin::over_seeds(all, v, c.figure).mean);
    last_place = std::max(last_place, v == 0 ? 1 : twin::rank_of(all, v, c));
  }
  const int decimals = decimals_shown(all, c.figure, c.decimals);
  svg.text({left, canvas_top - 12}, Anchor::start, "unit", c.name);
  svg.line({left, canvas_top}, {left, row_middle(all.variants.size() - 1) + row_height / 2},
           "zero");
  for (std::size_t v = 0; v < all.variants.size(); ++v) {
    const double value = twin::over_seeds(all, v, c.figure).mean, y = row_middle(v);
    const std::string number = number_text(value, decimals);
    const bool is_zero = number == number_text(0, decimals);  // as it is shown
    const double bar = is_zero ? 0 : (width - for_the_number) * value / most;
    const std::string place =
        v == 0 ? "" : ", place " + std::to_string(twin::rank_of(all, v, c)) + " from the least";
    if (!is_zero)
      svg.rectangle({left, y - 8}, bar, 16, v == 0 ? "b-none" : "b-rung",
                    all.variants[v] + ": " + number + " " + c.name + place);
    const bool least = v > 0 && last_place > 1 && twin::rank_of(all, v, c) == 1;
    svg.text({left + bar + 5, y + 4}, Anchor::start, least ? "tick least" : "tick", number);
  }
}

void draw_names(Svg& svg, const LadderRuns& all, std::size_t first) {
  for (std::size_t v = first; v < all.variants.size(); ++v)
    svg.text({names_right - 12, row_middle(v - first) + 4}, Anchor::end, "", all.variants[v]);
}

}  // namespace

Figure relief_figure(const LadderRuns& all) {
  Figure out{"relief", "Overload against none", relief_message(all), {}, {}};
  const bool intervals = all.seeds.size() > 1;
  if (intervals)
    out.legend = {{"dot r-less", "less than none, mean and 95\u202f% interval over the seeds"},
                  {"dot r-more", "more than none"},
                  {"dot r-open", "by chance, perhaps: the interval has zero in it"}};
  else
    out.legend = {{"dot r-open", "the difference of the one seed, which has no interval"}};
  Svg svg(canvas_width, row_middle(all.variants.size() - 1) + 18, out.message);
  draw_names(svg, all, 1);
  const double middle = (names_right + canvas_right) / 2;
  draw_relief(svg, all,
              {"overload_minutes", "minutes", decimals_shown(all, "overload_minutes", 0),
               names_right + 10, middle - 28});
  draw_relief(svg, all, {"overload_kwh", "kWh above the limit", 2, middle + 28, canvas_right - 6});
  out.svg = std::move(svg).finish();
  return out;
}

Figure price_of_relief_figure(const LadderRuns& all) {
  Figure out{"price-of-relief", "What is left of the overload, and what it costs", {}, {}, {}};
  out.message =
      "Better is farther to the left and farther down. No other leaves less for less of the "
      "operator’s money than " +
      listed(front_of(all, "overload_kwh", "cost_eur")) +
      "; no other leaves less for a smaller bill than " +
      listed(front_of(all, "overload_kwh", "bill_eur")) + ".";
  out.legend = {{"dot r-none", "none"}, {"dot r-rung", "a rung alone, or all of them"}};
  Svg svg(canvas_width, scatter_top + scatter_height + 44, out.message);
  const double middle = canvas_width / 2;
  draw_scatter(svg, all, {"cost_eur", "cost to the operator, EUR", 2, 52, middle - 40});
  draw_scatter(svg, all, {"bill_eur", "bill of a home, EUR", 2, middle + 40, canvas_right - 16});
  out.svg = std::move(svg).finish();
  return out;
}

Figure weighed_figure(const LadderRuns& all) {
  Figure out{"weighed", "What each rung is weighed by", {}, {}, {}};
  out.message =
      "Less is better in every column; the least of the rungs is in bold where they "
      "differ. Means over the seeds, each column to a scale of its own.";
  out.legend = {{"b-none", "none"}, {"b-rung", "a rung alone, or all of them"}};
  Svg svg(canvas_width, row_middle(all.variants.size() - 1) + row_height, out.message);
  draw_names(svg, all, 0);
  const double width = (canvas_right - names_right) / twin::criteria.size();
  for (std::size_t c = 0; c < twin::criteria.size(); ++c)
    draw_bars(svg, all, twin::criteria[c], names_right + width * static_cast<double>(c), width);
  out.svg = std::move(svg).finish();
  return out;
}

}  // namespace viz
