#include "twin/grid/dss/dss_build.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <queue>

#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

void DssBuild::refuse(const DssObject& o, const DssPlace& place, const std::string& what) {
  if (problem.empty()) problem = words_of(place) + ": " + cut(o.full_name()) + ": " + what;
}
void DssBuild::refuse(const DssSaid& said, const std::string& what) {
  refuse(*said.object, said.value->place, what);
}

std::vector<DssSaid> DssBuild::said_of(const DssObject& o) {
  std::vector<DssSaid> out;
  // A script may name one long line code a million times.
  constexpr std::size_t max_work = 20'000'000;
  for (const auto& [property, value] : o.said) work_ += 1 + value->text.size() / 16;
  if (work_ > max_work) {
    refuse(o, "the script names too much too often");
    return out;
  }
  out.reserve(o.said.size());
  for (const auto& [property, value] : o.said)
    out.push_back({&o, o.type->properties[property].name, value});
  return out;
}

const DssObject* DssBuild::named_by(const DssSaid& said, const std::string& type) {
  const DssObject* found = script.find(type + "." + word(said));
  if (!found) refuse(said, type + " \"" + cut(said.value->text) + "\" does not exist");
  return found;
}

double DssBuild::number(const DssSaid& said) {
  const auto value = dss_number(said.value->text);
  if (!value) refuse(said, std::string(said.name) + " " + value.error());
  return within(said, value.value_or(1));
}

double DssBuild::within(const DssSaid& said, double value) {
  if (!is_too_large(value)) return value;
  refuse(said, std::string(said.name) + " wants numbers below 1e15");
  return 1;
}

double DssBuild::above_zero(const DssSaid& said) {
  const double value = number(said);
  if (value >= least_above_zero) return value;
  refuse(said, std::string(said.name) + " wants a number above zero (at least 1e-12), found \"" +
                   said.value->text + "\"");
  return 1;
}

std::size_t DssBuild::count(const DssSaid& said, std::size_t least, std::size_t most) {
  const double value = number(said);
  if (value >= static_cast<double>(least) && value <= static_cast<double>(most) &&
      value == std::floor(value))
    return static_cast<std::size_t>(value);
  refuse(said, std::string(said.name) + " wants " + std::to_string(least) + " to " +
                   std::to_string(most) + ", found \"" + cut(said.value->text) + "\"");
  return least;
}

bool DssBuild::flag(const DssSaid& said) {
  const auto value = dss_flag(said.value->text);
  if (!value) refuse(said, std::string(said.name) + " " + value.error());
  return value.value_or(false);
}

std::string DssBuild::word(const DssSaid& said) const {
  std::string out = lower_case(said.value->text);
  const auto begin = out.find_first_not_of(" \t"), end = out.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : out.substr(begin, end - begin + 1);
}

std::vector<double> DssBuild::numbers(const DssSaid& said) {
  auto values = dss_numbers(said.value->text);
  if (!values) refuse(said, std::string(said.name) + " " + values.error());
  if (!values) return {};
  for (double& v : *values) v = within(said, v);
  return std::move(*values);
}

std::vector<double> DssBuild::numbers(const DssSaid& said, std::size_t at_most) {
  std::vector<double> values = numbers(said);
  if (values.size() > at_most)
    refuse(said, std::string(said.name) + " wants " + std::to_string(at_most) + " values, found " +
                     std::to_string(values.size()));
  values.resize(std::min(values.size(), at_most));
  return values;
}

std::vector<std::string> DssBuild::list(const DssSaid& said) {
  auto words = dss_list(said.value->text);
  if (!words) refuse(said, std::string(said.name) + " " + words.error());
  return words ? std::move(*words) : std::vector<std::string>{};
}

std::vector<double> DssBuild::matrix(const DssSaid& said, std::size_t order) {
  auto values = dss_matrix(said.value->text, order);
  if (!values) refuse(said, std::string(said.name) + " " + values.error());
  if (!values) return std::vector<double>(order * order);
  for (double& v : *values) v = within(said, v);
  return std::move(*values);
}

std::uint32_t DssBuild::bus(const DssObject& o, const DssPlace& place, const std::string& name) {
  if (name.empty()) refuse(o, place, "has no bus");
  const auto [at, fresh] = bus_index_.emplace(name, static_cast<std::uint32_t>(net.buses.size()));
  if (!fresh) return at->second;
  Bus b;
  b.name = name;
  b.id = static_cast<std::int64_t>(net.buses.size()) + 1;
  if (const auto c = script.coordinates.find(name); c != script.coordinates.end())
    std::tie(b.x, b.y) = c->second;
  net.buses.push_back(std::move(b));
  first_at_.push_back(&o);
  return at->second;
}

DssTerminal DssBuild::terminal(const DssObject& o, const DssPlace& place, const std::string& spec,
                               std::size_t conductors, std::size_t phases) {
  const std::string l = lower_case(spec);
  std::size_t dot = l.find('.');
  DssTerminal out;
  out.bus = bus(o, place, l.substr(0, dot));
  for (std::size_t c = 0; c < conductors; ++c)
    out.nodes.push_back(c < phases ? static_cast<int>(c) + 1 : 0);
  for (std::size_t c = 0; dot != std::string::npos; ++c) {
    const std::size_t next = l.find('.', dot + 1);
    const std::string node = l.substr(dot + 1, next == std::string::npos ? next : next - dot - 1);
    int value = 0;
    const auto [end, error] = std::from_chars(node.data(), node.data() + node.size(), value);
    if (error != std::errc{} || end != node.data() + node.size() || value < 0 || value > 99)
      refuse(o, place, "bus \"" + cut(spec) + "\": node \"" + cut(node) + "\" is not 0 to 99");
    if (c < conductors)
      out.nodes[c] = value;
    else if (value != 0)
      refuse(o, place, "bus \"" + cut(spec) + "\": more nodes than the element has conductors");
    dot = next;
  }
  return out;
}

std::optional<double> dss_metres(const std::string& unit) {
  static const std::map<std::string, double> units{
      {"none", 0},    {"m", 1},         {"km", 1000},        {"ft", 0.3048},
      {"kft", 304.8}, {"mi", 1609.344}, {"miles", 1609.344}, {"in", 0.0254},
      {"cm", 0.01},   {"mm", 0.001}};
  const auto at = units.find(unit);
  return at == units.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace twin
