#pragma once
// A power-grid-model JSON file's frame: version, type, the columns of compact rows, and where each
// component's elements stand. Private to the reader of this format.

#include <array>
#include <string>
#include <vector>

#include "twin/grid/pgm/json_tree.hpp"
#include "twin/grid/pgm/pgm_format.hpp"

namespace twin::pgm {

struct File {
  std::string name;
  JsonTree tree;
  // By component, in the order of components().
  std::vector<JsonTree::Place> data;               // 0: none
  std::vector<std::vector<std::uint8_t>> columns;  // attributes of an array row
  bool by_phase = false;                           // something is given by phase
};

ledger::Result<File> open_file(const std::string& name, std::string text);

}  // namespace twin::pgm
