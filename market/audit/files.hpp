#pragma once
// A set of files as an auditor finds it, by path relative to its root. Hosts fill it.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/bytes.hpp"

namespace market {

struct FileSet {
  std::vector<std::string> paths;  // every file there is, sorted
  std::function<std::optional<ledger::Bytes>(const std::string& path)> read;
};

}  // namespace market
