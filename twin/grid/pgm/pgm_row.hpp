#pragma once
// One element of a power-grid-model file, its attributes found and checked against the component's
// list (pgm_format.hpp). Private to the reader of this format.

#include <array>
#include <string>
#include <vector>

#include "twin/grid/model/network.hpp"
#include "twin/grid/pgm/json_tree.hpp"
#include "twin/grid/pgm/pgm_format.hpp"

namespace twin::pgm {

class Row {
 public:
  // From an object, or from an array whose columns are `columns`. Check `error` first; the other
  // functions want a row without one.
  Row(const JsonTree& tree, JsonTree::Place place, const Component& component,
      const std::vector<std::uint8_t>& columns);
  const std::string& error() const { return error_; }

  bool has(std::size_t attribute) const { return at_[attribute] != 0; }
  std::int64_t id() const { return integer(base::id); }
  std::int64_t integer(std::size_t attribute) const;
  int small(std::size_t attribute, int absent = 0) const;
  bool flag(std::size_t attribute) const { return integer(attribute) != 0; }
  double real(std::size_t attribute, double absent = 0) const;  // a limit may be infinite
  Complex pair(std::size_t re, std::size_t im) const { return {real(re), real(im)}; }
  Phases powers(std::size_t p, std::size_t q) const;  // of triples
  std::string name() const;                           // what `extra` holds as a text, else the id

  // "file:line:column: component id: key: found ...; wants <wants>"
  std::string refuse(std::size_t attribute, const std::string& wants) const;
  // The same where no single attribute is wrong.
  std::string refuse(const std::string& what) const;

 private:
  void bind(std::size_t attribute, JsonTree::Place value);
  void check(std::size_t attribute);
  std::string label() const;

  const JsonTree* tree_;
  const Component* component_;
  JsonTree::Place place_;
  std::array<JsonTree::Place, most_attributes> at_{};  // 0: absent
  std::string error_;
};

// The attribute's place in the component's list; none: its size.
std::size_t attribute_at(const Component& component, std::string_view name);
// "; did you mean NAME?" for a word that is none of the component's attributes; may be empty.
std::string meant(std::string_view word, const std::vector<std::string>& known);
std::vector<std::string> names_of(const Component& component);

}  // namespace twin::pgm
