#include "app/file_set.hpp"

#include <algorithm>
#include <filesystem>

#include "app/scenario_file.hpp"

namespace app {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t max_file_size = 1u << 30;

}  // namespace

ledger::Result<market::FileSet> files_below(const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    return ledger::failure(directory + ": is not a directory that can be read");
  market::FileSet out;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error))
    if (!it->is_directory()) out.paths.push_back(fs::relative(it->path(), directory).string());
  if (error) return ledger::failure(directory + ": cannot be read: " + error.message());
  std::sort(out.paths.begin(), out.paths.end());
  out.read = [directory](const std::string& path) -> std::optional<ledger::Bytes> {
    std::error_code failed;
    const auto file = fs::path(directory) / path;
    if (!fs::is_regular_file(file, failed) || fs::file_size(file, failed) > max_file_size)
      return std::nullopt;
    const auto text = read_file(file.string());
    if (!text) return std::nullopt;
    return ledger::to_bytes(ledger::bytes_of(*text));
  };
  return out;
}

std::string log_directory(const std::string& directory) {
  std::error_code error;
  const auto log = fs::path(directory) / "log";
  return fs::is_directory(log, error) ? log.string() : directory;
}

}  // namespace app
