#include "twin/grid/flow/sweep_kernel.hpp"

namespace twin {
namespace {
#include "twin/grid/sweep_lanes.inc"
}  // namespace

SweepKernel sweep_kernel_avx2(int lanes, int phases) { return choose(lanes, phases); }

}  // namespace twin
