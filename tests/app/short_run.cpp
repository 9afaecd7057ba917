#include "tests/app/short_run.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "tests/support/process.hpp"

namespace test {

namespace fs = std::filesystem;

const char* const short_scenario = R"(name = "short"
seed = 5

[time]
start = "2026-06-21T12:00:00+02:00"
duration = "6m"
market_slot = "1m"

[grid.generator]
homes = 6
branches = 2
transformer_kva = 100

[ledger]
block_interval = "20s"
batch_interval = "20s"
gateways = 2

[[population]]
count = 6
pv = { share = 0.5, peak_kw = [4, 8] }
battery = { share = 0.5 }
ev = { share = 0.3 }
heat_pump = { share = 0.3 }
)";

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "aipchain-test-XXXXXX").string();
  if (!mkdtemp(name.data())) std::abort();
  path_ = name;
}

Folder::~Folder() { fs::remove_all(path_); }

void Folder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
}

Outcome aipchain(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), AIPCHAIN_PROGRAM);
  Process process(std::move(arguments));
  const int code = process.finish();
  return {code, process.output, process.errors};
}

std::string slurp(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Files files_of(const fs::path& directory) {
  Files out;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file())
      out[fs::relative(entry.path(), directory).string()] =
          ledger::to_bytes(ledger::bytes_of(slurp(entry.path())));
  return out;
}

market::FileSet view_of(const Files& files) {
  market::FileSet out;
  for (const auto& [path, bytes] : files) out.paths.push_back(path);
  out.read = [&files](const std::string& path) -> std::optional<ledger::Bytes> {
    const auto at = files.find(path);
    if (at == files.end()) return std::nullopt;
    return at->second;
  };
  return out;
}

}  // namespace test
