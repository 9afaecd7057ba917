#include "twin/grid/grid_reader.hpp"

#include <algorithm>

#include "twin/grid/dss/dss_reader.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/matpower/matpower_reader.hpp"
#include "twin/grid/pgm/pgm_reader.hpp"
#include "twin/grid/simbench/simbench_reader.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

// Of the last part of the path, in small letters, with its dot; empty where it has none.
std::string suffix_of(const std::string& path) {
  const std::size_t slash = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot < slash) return {};
  std::string out = path.substr(dot);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return out;
}

// Who names any file of a SimBench folder means the folder; if there is none, the file.
Result<Network> read_folder_of(const std::string& path, const LoadFile& load) {
  auto network = read_simbench(path, load);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  if (!network && !load(folder + "Node.csv") && !load(folder + "Node_reconstructed.csv"))
    return failure(path + ": is no file of a SimBench folder: " + network.error());
  return network;
}

Result<Network> read_any(const std::string& path, const LoadFile& load) {
  const std::string suffix = suffix_of(path);
  if (suffix == ".dss") return read_dss(path, load);
  if (suffix == ".csv") return read_folder_of(path, load);
  if (suffix == ".json" || suffix == ".m") {
    auto text = load(path);
    if (!text) return failure(text.error());
    return suffix == ".m" ? read_matpower(path, *text) : read_pgm(path, std::move(*text));
  }
  if (!path.empty() && load(path + (path.ends_with('/') ? "" : "/") + "Line.csv"))
    return read_simbench(path, load);
  if (!load(path))
    return failure(path +
                   ": cannot be read, neither as a file nor as a SimBench folder with its "
                   "Line.csv");
  return failure(path + ": a grid file of this kind (\"" + suffix +
                 "\") is not supported; supported: .json, .m, .dss, and a SimBench folder with "
                 "its Line.csv");
}

}  // namespace

Result<Network> read_grid(const std::string& path, const LoadFile& load) {
  auto network = read_any(path, load);
  if (!network) return failure(printable(network.error()));
  if (const std::string problem = PowerFlow::check(*network); !problem.empty())
    return failure(path + ": " + problem);
  return network;
}

}  // namespace twin
