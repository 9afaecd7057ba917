#pragma once
// SVG as text: a drawing that is written once from back to front, and the axes of a plot.
// Colours come from classes of the page's style, so that light, dark and print share one drawing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/time.hpp"
#include "viz/layout.hpp"

namespace viz {

// Text for element content or a quoted attribute of XML: & < > " ' escaped; control characters
// that XML forbids and bytes that are not UTF-8 become U+FFFD.
std::string escape(std::string_view text);

// A coordinate with at most two decimals: "12.5", "-3", "0".
std::string coordinate(double value);

enum class Anchor : std::uint8_t { start, middle, end };

class Svg {
 public:
  // `words` describe the drawing to those who cannot see it.
  Svg(double width, double height, std::string_view words);

  // Classes are words of the page's style; texts are escaped here.
  void line(Point a, Point b, std::string_view classes);
  void rectangle(Point corner, double width, double height, std::string_view classes,
                 std::string_view title = {});
  void polyline(const std::vector<Point>& points, std::string_view classes);
  void polygon(const std::vector<Point>& points, std::string_view classes);
  void path(const std::string& commands, std::string_view classes, std::string_view title = {});
  void text(Point at, Anchor anchor, std::string_view classes, std::string_view words);
  // With colours of data instead of classes: "#rrggbb".
  void dot(Point centre, double radius, const std::string& fill, std::string_view classes,
           std::string_view title);
  void stroke(Point a, Point b, double width, const std::string& colour, std::string_view title);
  void swatch(Point corner, double width, double height, const std::string& fill);

  std::string finish() &&;

 private:
  std::string out_;
};

// Round values (1, 2, 2.5 or 5 times a power of ten apart) from the first at or above `low` to the
// last at or below `high`: about `wanted` of them. low < high, both finite.
struct Ticks {
  std::vector<double> values;
  int decimals = 0;  // that tell neighbours apart
};
Ticks round_ticks(double low, double high, int wanted);

// Round civil times (whole minutes, hours or days of the epoch's offset) in [from, to], at most
// `most` of them, and their labels: clock times, or days where they are a day or more apart.
struct TimeTick {
  ledger::Instant time;
  std::string label;
  bool midnight = false;
};
std::vector<TimeTick> time_ticks(ledger::CivilTime epoch, ledger::Instant from, ledger::Instant to,
                                 int most);

// A plot's inner box and its two scales.
class Frame {
 public:
  Frame(Point top_left, Point bottom_right, ledger::Instant from, ledger::Instant to, double low,
        double high);
  double x(ledger::Instant time) const;
  double y(double value) const;
  Point at(ledger::Instant time, double value) const { return {x(time), y(value)}; }
  Point top_left() const { return top_left_; }
  Point bottom_right() const { return bottom_right_; }

  // Grid lines, labels and the unit above the axis. `factor` turns values into the unit's.
  void draw_value_axis(Svg& svg, std::string_view unit, double factor = 1, int wanted = 5) const;
  void draw_time_axis(Svg& svg, ledger::CivilTime epoch, bool labels = true) const;

 private:
  Point top_left_, bottom_right_;
  ledger::Instant from_, to_;
  double low_, high_;
};

}  // namespace viz
