#include "twin/grid/pgm/pgm_row.hpp"

#include <cmath>
#include <limits>

#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin::pgm {

using Kind = JsonTree::Kind;
using Place = JsonTree::Place;

namespace {

bool whole_between(double v, double low, double high) {
  return v >= low && v <= high && v == std::floor(v);
}

bool three_numbers(const JsonTree& tree, Place v) {
  if (tree.kind(v) != Kind::array || tree.child_count(v) != 3) return false;
  for (Place c = tree.first_child(v); c < tree.next(v); c = tree.next(c))
    if (tree.kind(c) != Kind::number || is_too_large(tree.number(c))) return false;
  return true;
}

bool is_infinite(const JsonTree& tree, Place v) {
  return tree.kind(v) == Kind::text && (tree.raw(v) == "inf" || tree.raw(v) == "+inf");
}

// What the attribute wants where the value is not that; empty where it is.
std::string wanted(const JsonTree& tree, Place v, const Attribute& a) {
  const bool number = tree.kind(v) == Kind::number;
  const double value = number ? tree.number(v) : 0;
  switch (a.type) {
    case Type::note:
      return {};
    case Type::id:
      return number && whole_between(value, -2147483647.0, 2147483647.0) ? ""
                                                                         : "wants a 32-bit integer";
    case Type::flag:
      return number && (value == 0 || value == 1) ? "" : "wants 0 or 1";
    case Type::small:
      return number && whole_between(value, -127, 127) ? "" : "wants an integer from -127 to 127";
    case Type::triple:
      return three_numbers(tree, v) ? "" : "wants three numbers, one a phase, below 1e15";
    case Type::limit:
      return (number && value >= least_above_zero) || is_infinite(tree, v)
                 ? ""
                 : "wants a number above 0 or \"inf\", at least 1e-12";
    case Type::real:
      break;
  }
  if (!number) return "wants a number";
  if (is_too_large(value)) return "wants a number below 1e15";
  if (a.domain == Domain::positive && value < least_above_zero)
    return "wants a number above 0 (at least 1e-12)";
  if (a.domain == Domain::not_negative && value < 0) return "wants a number of at least 0";
  return {};
}

}  // namespace

std::size_t attribute_at(const Component& component, std::string_view name) {
  std::size_t i = 0;
  while (i < component.attributes.size() && component.attributes[i].name != name) ++i;
  return i;
}

std::vector<std::string> names_of(const Component& component) {
  std::vector<std::string> out;
  for (const Attribute& a : component.attributes) out.emplace_back(a.name);
  return out;
}

std::string meant(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 60) return {};
  const std::string near = nearest(std::string(word), known);
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

Row::Row(const JsonTree& tree, Place place, const Component& component,
         const std::vector<std::uint8_t>& columns)
    : tree_(&tree), component_(&component), place_(place) {
  if (tree.kind(place) != Kind::object && tree.kind(place) != Kind::array) {
    error_ = refuse("found " + tree.shown(place) + "; wants an object or an array of values");
    return;
  }
  std::size_t column = 0;
  for (Place c = tree.first_child(place); c < tree.next(place) && error_.empty();
       c = tree.next(c)) {
    if (tree.kind(place) == Kind::object)
      bind(attribute_at(component, tree.key(c)), c);
    else if (column < columns.size())
      bind(columns[column++], c);
    else
      error_ = refuse("found more values than \"attributes\" names; wants " +
                      std::to_string(columns.size()));
  }
  for (std::size_t a = 0; a < component.attributes.size() && error_.empty(); ++a) check(a);
}

void Row::bind(std::size_t attribute, Place value) {
  if (attribute == component_->attributes.size()) {
    const std::string key(tree_->key(value).substr(0, 60));
    error_ = tree_->where(value) + ": " + label() + ": " + key + ": unknown attribute" +
             meant(key, names_of(*component_));
  } else if (at_[attribute] != 0) {
    error_ = tree_->where(value) + ": " + label() + ": " +
             std::string(component_->attributes[attribute].name) + ": given twice";
  } else if (tree_->kind(value) != Kind::null) {
    at_[attribute] = value;
  }
}

void Row::check(std::size_t attribute) {
  const Attribute& a = component_->attributes[attribute];
  if (!has(attribute)) {
    if (a.required) error_ = refuse(std::string(a.name) + ": is missing");
  } else if (const std::string wants = wanted(*tree_, at_[attribute], a); !wants.empty()) {
    error_ = refuse(attribute, wants);
  }
}

std::string Row::label() const {
  const std::string id = at_[base::id] != 0 ? " " + tree_->shown(at_[base::id]) : "";
  return std::string(component_->name) + id;
}

std::string Row::refuse(std::size_t attribute, const std::string& wants) const {
  const Place v = at_[attribute] != 0 ? at_[attribute] : place_;
  const std::string found = at_[attribute] != 0 ? "found " + tree_->shown(v) : "found nothing";
  return tree_->where(v) + ": " + label() + ": " +
         std::string(component_->attributes[attribute].name) + ": " + found + "; " + wants;
}

std::string Row::refuse(const std::string& what) const {
  return tree_->where(place_) + ": " + label() + ": " + what;
}

std::int64_t Row::integer(std::size_t attribute) const {
  return static_cast<std::int64_t>(tree_->number(at_[attribute]));
}

int Row::small(std::size_t attribute, int absent) const {
  return has(attribute) ? static_cast<int>(integer(attribute)) : absent;
}

double Row::real(std::size_t attribute, double absent) const {
  if (!has(attribute)) return absent;
  const Place v = at_[attribute];
  return tree_->kind(v) == Kind::text ? std::numeric_limits<double>::infinity() : tree_->number(v);
}

Phases Row::powers(std::size_t p, std::size_t q) const {
  Phases out;
  Place re = tree_->first_child(at_[p]), im = tree_->first_child(at_[q]);
  for (Complex& s : out) {
    s = {tree_->number(re), tree_->number(im)};
    re = tree_->next(re);
    im = tree_->next(im);
  }
  return out;
}

std::string Row::name() const {
  const Place extra = at_[base::extra];
  if (extra != 0 && tree_->kind(extra) == Kind::text && !tree_->raw(extra).empty())
    return std::string(tree_->raw(extra));
  return std::to_string(id());
}

}  // namespace twin::pgm
