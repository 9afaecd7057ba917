#pragma once
// Small grid files of each kind to mutate, and what is done with the result: whatever the bytes,
// the reader must end with a network or one message, in bounded time and memory.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "twin/grid/grid_reader.hpp"

namespace fuzz {

enum class Reader { pgm, matpower, simbench, dss };

// Files of one grid: a SimBench folder is one text, its files parted by lines "=== NAME".
std::vector<std::string_view> seeds(Reader reader);

// Reads the bytes as that kind of grid file; other files that it asks for are not there. The
// message, or empty where it is a network.
std::string read_bytes(Reader reader, std::string_view bytes);

}  // namespace fuzz
