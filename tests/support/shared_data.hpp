#pragma once
// Data that tests may use and users do not have. A test that needs it skips with a message.

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <tl/expected.hpp>

namespace test {

inline std::string shared_path(const std::string& name) {
  return std::string(AIPCHAIN_SOURCE_DIR) + "/../shared/data/" + name;
}

inline tl::expected<std::string, std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return tl::unexpected(path + ": cannot be read");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Whether the file is there; says so where it is not.
inline bool has_shared(const std::string& name) { return std::ifstream(shared_path(name)).good(); }

}  // namespace test
