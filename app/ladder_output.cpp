#include "app/ladder_output.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "app/ladder_json.hpp"
#include "app/output_file.hpp"
#include "viz/report/ladder_report.hpp"

namespace app {

namespace fs = std::filesystem;
using ledger::failure;
using ledger::Result;

Result<std::string> make_ladder_directory(const std::string& asked, const std::string& name) {
  std::error_code error;
  std::string out = asked;
  for (int k = 1; out.empty(); ++k) {
    const std::string path = "runs/" + name + "-ladder-" + std::to_string(k);
    if (!fs::exists(path, error)) out = path;
  }
  const std::string option = asked.empty() ? out : "--out " + out;
  if (fs::exists(out, error) && (!fs::is_directory(out, error) || !fs::is_empty(out, error)))
    return failure(option + ": exists already; wants a new or empty directory");
  fs::create_directories(out, error);
  if (error) return failure(option + ": cannot be made: " + error.message());
  if (::access(out.c_str(), W_OK | X_OK) != 0)
    return failure(option + ": cannot be written: " + std::strerror(errno));
  return out;
}

Result<void> write_ladder(const std::string& directory, const twin::LadderRuns& all) {
  if (auto ok = write_file(directory + "/ladder.json", ladder_json(all)); !ok) return ok;
  return write_file(directory + "/report.html", viz::render_ladder_report(all));
}

std::string report_line(const std::string& directory) {
  return "report: " + directory + "/report.html\n";
}

}  // namespace app
