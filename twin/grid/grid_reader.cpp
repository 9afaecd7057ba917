#include "twin/grid/grid_reader.hpp"

#include <algorithm>

#include "twin/grid/dss_reader.hpp"
#include "twin/grid/power_flow.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

Result<Network> read_grid(const std::string& path, const LoadFile& load) {
  std::string suffix = path.substr(std::min(path.rfind('.'), path.size()));
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (suffix != ".dss")
    return failure(path + ": a grid file of this kind (\"" + suffix +
                   "\") is not supported; supported: .dss");
  auto network = read_dss(path, load);
  if (!network) return network;
  if (const std::string problem = PowerFlow::check(*network); !problem.empty())
    return failure(path + ": " + problem);
  return network;
}

}  // namespace twin
