#include "app/ladder_output.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "app/ladder_json.hpp"
#include "app/output_file.hpp"
#include "app/run_output.hpp"
#include "viz/report/ladder_report.hpp"

namespace app {

namespace fs = std::filesystem;
using ledger::failure;
using ledger::Result;

Result<std::string> make_ladder_directory(const std::string& asked, const std::string& name) {
  auto out = output_directory(asked, name + "-ladder");
  if (!out) return out;
  const std::string option = (asked.empty() ? "" : "--out ") + *out;
  std::error_code error;
  fs::create_directories(*out, error);
  if (error) return failure(option + ": cannot be made: " + error.message());
  if (::access(out->c_str(), W_OK | X_OK) != 0)
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
