#include "viz/report/svg.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "ledger/base/invariant.hpp"
#include "ledger/base/utf8.hpp"
#include "viz/text.hpp"

namespace viz {
namespace {

constexpr const char* replacement = "\uFFFD";

void append_escaped(std::string& out, std::string_view character) {
  const char c = character[0];
  const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  if (character == "\uFFFE" || character == "\uFFFF" || control) {
    out += replacement;
  } else if (c == '&') {
    out += "&amp;";
  } else if (c == '<') {
    out += "&lt;";
  } else if (c == '>') {
    out += "&gt;";
  } else if (c == '"') {
    out += "&quot;";
  } else if (c == '\'') {
    out += "&#39;";
  } else {
    out += character;
  }
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string number(std::string_view name, double value) {
  return attribute(name, coordinate(value));
}

std::string points_text(const std::vector<Point>& points) {
  std::string out;
  for (const Point& p : points) out += coordinate(p.x) + "," + coordinate(p.y) + " ";
  if (!out.empty()) out.pop_back();
  return out;
}

// The end of an element that may carry a tooltip.
std::string close(std::string_view element, std::string_view title) {
  if (title.empty()) return "/>\n";
  return "><title>" + escape(title) + "</title></" + std::string(element) + ">\n";
}

constexpr std::array<int, 16> minute_steps = {1,   2,   5,   10,  15,   30,   60,    120,
                                              180, 240, 360, 720, 1440, 2880, 10080, 40320};

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = ledger::utf8_length(text);
    if (length == 0) {
      out += replacement;
    } else {
      append_escaped(out, text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string coordinate(double value) {
  if (!std::isfinite(value)) return "0";
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, 2);
  std::string out(buffer.data(), end.ptr);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

Svg::Svg(double width, double height, std::string_view words) {
  out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 " +
         coordinate(width) + " " + coordinate(height) + "\"" +
         attribute("aria-label", escape(words)) + ">\n";
}

void Svg::line(Point a, Point b, std::string_view classes) {
  out_ += "<line" + number("x1", a.x) + number("y1", a.y) + number("x2", b.x) + number("y2", b.y) +
          attribute("class", classes) + "/>\n";
}

void Svg::rectangle(Point corner, double width, double height, std::string_view classes,
                    std::string_view title) {
  out_ += "<rect" + number("x", corner.x) + number("y", corner.y) + number("width", width) +
          number("height", height) + attribute("class", classes) + close("rect", title);
}

void Svg::polyline(const std::vector<Point>& points, std::string_view classes) {
  out_ +=
      "<polyline" + attribute("points", points_text(points)) + attribute("class", classes) + "/>\n";
}

void Svg::polygon(const std::vector<Point>& points, std::string_view classes) {
  out_ +=
      "<polygon" + attribute("points", points_text(points)) + attribute("class", classes) + "/>\n";
}

void Svg::path(const std::string& commands, std::string_view classes, std::string_view title) {
  out_ += "<path" + attribute("d", commands) + attribute("class", classes) + close("path", title);
}

void Svg::text(Point at, Anchor anchor, std::string_view classes, std::string_view words) {
  constexpr std::array<const char*, 3> names = {"start", "middle", "end"};
  out_ += "<text" + number("x", at.x) + number("y", at.y) +
          attribute("text-anchor", names[static_cast<std::size_t>(anchor)]) +
          attribute("class", classes) + ">" + escape(words) + "</text>\n";
}

void Svg::dot(Point centre, double radius, const std::string& fill, std::string_view classes,
              std::string_view title) {
  out_ += "<circle" + number("cx", centre.x) + number("cy", centre.y) + number("r", radius) +
          attribute("fill", fill) + attribute("class", classes) + close("circle", title);
}

void Svg::stroke(Point a, Point b, double width, const std::string& colour,
                 std::string_view title) {
  out_ += "<line" + number("x1", a.x) + number("y1", a.y) + number("x2", b.x) + number("y2", b.y) +
          number("stroke-width", width) + attribute("stroke", colour) +
          attribute("stroke-linecap", "round") + close("line", title);
}

void Svg::swatch(Point corner, double width, double height, const std::string& fill) {
  out_ += "<rect" + number("x", corner.x) + number("y", corner.y) + number("width", width) +
          number("height", height) + attribute("fill", fill) +
          attribute("shape-rendering", "crispEdges") + "/>\n";
}

std::string Svg::finish() && { return std::move(out_) + "</svg>\n"; }

Ticks round_ticks(double low, double high, int wanted) {
  ledger::invariant(low < high && wanted > 0, "an axis has a length");
  const double rough = (high - low) / wanted;
  const int exponent = static_cast<int>(std::floor(std::log10(rough)));
  const double power = std::pow(10.0, exponent);
  double best = 1;
  for (const double step : {2.0, 2.5, 5.0, 10.0})
    if (std::abs(step * power - rough) < std::abs(best * power - rough)) best = step;
  Ticks out;
  const double step = best * power;
  const auto first = static_cast<std::int64_t>(std::ceil(low / step - 1e-9));
  const auto last = static_cast<std::int64_t>(std::floor(high / step + 1e-9));
  for (std::int64_t i = first; i <= last; ++i) out.values.push_back(static_cast<double>(i) * step);
  out.decimals = std::clamp((best == 2.5 ? 1 : best == 10.0 ? -1 : 0) - exponent, 0, 9);
  return out;
}

std::vector<TimeTick> time_ticks(ledger::CivilTime epoch, ledger::Instant from, ledger::Instant to,
                                 int most) {
  ledger::invariant(from <= to && most > 0, "an axis has a length");
  const std::int64_t minute_ms = 60'000;
  const std::int64_t span = (to - from).ns / ledger::minutes(1).ns;
  const auto fits = [&](int step) { return span / step < most; };
  const auto found = std::find_if(minute_steps.begin(), minute_steps.end(), fits);
  std::int64_t step_ms = minute_ms * (found == minute_steps.end() ? span / most + 1 : *found);
  const std::int64_t local = epoch.unix_ms + epoch.offset_minutes * minute_ms;
  // Floor division also for times before 1970.
  const std::int64_t begin = local + from.whole_ms();
  std::int64_t tick = begin - ((begin % step_ms) + step_ms) % step_ms;
  if (tick < begin) tick += step_ms;
  std::vector<TimeTick> out;
  for (; tick <= local + to.whole_ms(); tick += step_ms) {
    const ledger::Instant time{(tick - local) * 1'000'000};
    const auto civil = civil_time(epoch, time);
    const bool midnight = tick % (1440 * minute_ms) == 0;
    out.push_back(
        {time, step_ms >= 1440 * minute_ms ? day_text(civil) : clock_text(civil), midnight});
  }
  return out;
}

Frame::Frame(Point top_left, Point bottom_right, ledger::Instant from, ledger::Instant to,
             double low, double high)
    : top_left_(top_left),
      bottom_right_(bottom_right),
      from_(from),
      to_(to),
      low_(low),
      high_(high) {
  ledger::invariant(from < to && low < high, "a plot has an extent");
}

double Frame::x(ledger::Instant time) const {
  return top_left_.x +
         (bottom_right_.x - top_left_.x) * (time - from_).seconds() / (to_ - from_).seconds();
}

double Frame::y(double value) const {
  return bottom_right_.y - (bottom_right_.y - top_left_.y) * (value - low_) / (high_ - low_);
}

void Frame::draw_value_axis(Svg& svg, std::string_view unit, double factor, int wanted) const {
  const Ticks ticks = round_ticks(low_ * factor, high_ * factor, wanted);
  for (const double value : ticks.values) {
    const double height = y(value / factor);
    svg.line({top_left_.x, height}, {bottom_right_.x, height}, value == 0 ? "zero" : "grid");
    svg.text({top_left_.x - 8, height + 4}, Anchor::end, "tick",
             number_text(value, ticks.decimals));
  }
  svg.text({top_left_.x - 8, top_left_.y - 12}, Anchor::end, "unit", unit);
}

void Frame::draw_time_axis(Svg& svg, ledger::CivilTime epoch, bool labels) const {
  for (const TimeTick& tick : time_ticks(epoch, from_, to_, 13)) {
    const double across = x(tick.time);
    svg.line({across, top_left_.y}, {across, bottom_right_.y}, tick.midnight ? "midnight" : "grid");
    if (labels) svg.text({across, bottom_right_.y + 18}, Anchor::middle, "tick", tick.label);
  }
}

}  // namespace viz
