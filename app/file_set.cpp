#include "app/file_set.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/input_file.hpp"

namespace app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_files = 2'000'000;

bool is_kind(const fs::path& path, fs::file_type kind) {
  std::error_code error;
  return fs::status(path, error).type() == kind;
}

}  // namespace

ledger::Result<market::FileSet> files_below(const std::string& directory) {
  if (!is_kind(directory, fs::file_type::directory))
    return ledger::failure(directory + ": is not a directory that can be read");
  market::FileSet out;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code here;
    const bool folder = it->symlink_status(here).type() == fs::file_type::directory;
    const std::string path = it->path().lexically_relative(directory).string();
    if (!folder) out.paths.push_back(path);
    if (folder && fs::is_empty(it->path(), here)) out.paths.push_back(path + "/");
    if (out.paths.size() > most_files)
      return ledger::failure(directory + ": holds more files than any ledger");
  }
  if (error) return ledger::failure(directory + ": cannot be read: " + error.message());
  std::sort(out.paths.begin(), out.paths.end());
  out.read = [directory](const std::string& path) -> std::optional<ledger::Bytes> {
    const auto file = fs::path(directory) / path;
    if (!is_kind(file, fs::file_type::regular)) return std::nullopt;
    const auto text = read_file(file.string(), largest_ledger_file);
    if (!text) return std::nullopt;
    return ledger::to_bytes(ledger::bytes_of(*text));
  };
  return out;
}

ledger::Result<std::string> log_directory(const std::string& directory) {
  const fs::path path(directory);
  if (is_kind(path / "log", fs::file_type::directory)) return (path / "log").string();
  if (!is_kind(path, fs::file_type::directory))
    return ledger::failure(directory + ": is not a directory that can be read");
  constexpr std::array names{"genesis", "policy", "checkpoint"};
  const bool ledger = std::any_of(names.begin(), names.end(), [&](const char* name) {
    std::error_code error;
    return fs::exists(path / name, error);
  });
  if (ledger) return directory;
  return ledger::failure(directory + ": is no ledger: it holds neither log/ nor genesis, policy " +
                         "and checkpoint");
}

}  // namespace app
