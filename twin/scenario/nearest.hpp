#pragma once
// The word that was probably meant.

#include <string>
#include <vector>

namespace twin {

// The entry of `known` with the fewest edits from `word`; empty where none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// As much of a word as a message shows.
std::string cut(const std::string& word);

// A message that quotes a file, for terminals: control characters and bytes that are no UTF-8 as
// \xNN.
std::string printable(const std::string& message);

}  // namespace twin
