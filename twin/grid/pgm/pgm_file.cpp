#include "twin/grid/pgm/pgm_file.hpp"

#include <algorithm>
#include <map>

#include "twin/grid/pgm/pgm_row.hpp"

namespace twin::pgm {

using ledger::failure;
using ledger::Result;
using Kind = JsonTree::Kind;
using Place = JsonTree::Place;

namespace {

// An error message; empty: none.
using Problem = std::string;

std::string cut(std::string_view word) { return std::string(word.substr(0, 60)); }

std::size_t component_at(std::string_view name) {
  const auto all = components();
  return static_cast<std::size_t>(
      std::find_if(all.begin(), all.end(), [&](const Component& c) { return c.name == name; }) -
      all.begin());
}

std::vector<std::string> known_components() {
  std::vector<std::string> out;
  for (const Component& c : components()) out.emplace_back(c.name);
  return out;
}

bool has_no_effect(std::string_view name) {
  const auto all = without_effect();
  return std::find(all.begin(), all.end(), name) != all.end();
}

Problem check_frame(const JsonTree& tree, Place v) {
  const std::string key = cut(tree.key(v));
  const bool text = tree.kind(v) == Kind::text;
  std::string wants;
  if (key == "version") {
    if (!text || tree.raw(v) != "1.0") wants = "\"1.0\"";
  } else if (key == "type") {
    if (!text || tree.raw(v) != "input") wants = "\"input\"";
  } else if (key == "is_batch") {
    if (tree.kind(v) != Kind::boolean || tree.raw(v) != "false") wants = "false";
  } else if (key == "attributes" || key == "data") {
    if (tree.kind(v) != Kind::object) wants = "an object by component";
  } else {
    return tree.where(v) + ": " + key + ": unknown key" +
           meant(key, {"version", "type", "is_batch", "attributes", "data"});
  }
  if (wants.empty()) return {};
  return tree.where(v) + ": " + key + ": found " + tree.shown(v) + "; wants " + wants;
}

Problem read_columns(File& file, Place attributes) {
  const JsonTree& tree = file.tree;
  for (Place c = tree.first_child(attributes); c < tree.next(attributes); c = tree.next(c)) {
    const std::size_t at = component_at(tree.key(c));
    if (at == components().size()) continue;  // its data, if any, is judged where it stands
    const Component& component = components()[at];
    const std::string what = ": attributes: " + std::string(component.name) + ": ";
    if (tree.kind(c) != Kind::array)
      return tree.where(c) + what + "found " + tree.shown(c) +
             "; wants an array of attribute names";
    if (!file.columns[at].empty()) return tree.where(c) + what + "given twice";
    for (Place a = tree.first_child(c); a < tree.next(c); a = tree.next(a)) {
      const bool text = tree.kind(a) == Kind::text;
      const std::size_t attribute =
          text ? attribute_at(component, tree.raw(a)) : component.attributes.size();
      if (attribute == component.attributes.size())
        return tree.where(a) + what + "found " + tree.shown(a) + "; wants an attribute of it" +
               meant(tree.raw(a), names_of(component));
      if (file.columns[at].size() == most_attributes)
        return tree.where(a) + what + "wants each attribute once";
      file.columns[at].push_back(static_cast<std::uint8_t>(attribute));
    }
  }
  return {};
}

Problem index_data(File& file, Place data) {
  const JsonTree& tree = file.tree;
  for (Place c = tree.first_child(data); c < tree.next(data); c = tree.next(c)) {
    const std::string key = cut(tree.key(c)), what = tree.where(c) + ": data: " + key + ": ";
    if (tree.kind(c) != Kind::array)
      return what + "found " + tree.shown(c) + "; wants an array of elements";
    const bool empty = tree.child_count(c) == 0;
    if (has_no_effect(key) || (empty && key == "voltage_regulator")) continue;
    const std::size_t at = component_at(tree.key(c));
    if (at == components().size())
      return what + "this component is not supported" + meant(key, known_components());
    if (file.data[at] != 0) return what + "given twice";
    file.data[at] = c;
    if (key.starts_with("asym_") && !empty) file.by_phase = true;
  }
  return {};
}

Problem read_frame(File& file) {
  const JsonTree& tree = file.tree;
  const Place root = 0;
  if (tree.kind(root) != Kind::object)
    return tree.where(root) + ": found " + tree.shown(root) +
           "; wants an object with \"version\", \"type\", \"is_batch\" and \"data\"";
  std::map<std::string_view, Place> parts;
  for (Place c = tree.first_child(root); c < tree.next(root); c = tree.next(c)) {
    if (Problem p = check_frame(tree, c); !p.empty()) return p;
    if (!parts.emplace(tree.key(c), c).second)
      return tree.where(c) + ": " + cut(tree.key(c)) + ": given twice";
  }
  for (const char* key : {"version", "type", "data"})
    if (!parts.contains(key)) return file.name + ": " + key + ": is missing";
  if (parts.contains("attributes"))
    if (Problem p = read_columns(file, parts["attributes"]); !p.empty()) return p;
  return index_data(file, parts["data"]);
}

}  // namespace

Result<File> open_file(const std::string& name, std::string text) {
  auto tree = JsonTree::parse(std::move(text), name);
  if (!tree) return failure(tree.error());
  File out{name, std::move(*tree), {}, {}, false};
  out.data.resize(components().size());
  out.columns.resize(components().size());
  if (const Problem problem = read_frame(out); !problem.empty()) return failure(problem);
  return out;
}

}  // namespace twin::pgm
