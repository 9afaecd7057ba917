#include "twin/grid/flow/sweep_kernel.hpp"

namespace twin {

Simd best_simd() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return Simd::avx512;
  if (__builtin_cpu_supports("avx2")) return Simd::avx2;
#endif
  return Simd::baseline;
}

SweepKernel sweep_kernel(Simd simd, int lanes, int phases) {
  switch (simd) {
    case Simd::avx512:
      return sweep_kernel_avx512(lanes, phases);
    case Simd::avx2:
      return sweep_kernel_avx2(lanes, phases);
    case Simd::baseline:
      break;
  }
  return sweep_kernel_baseline(lanes, phases);
}

}  // namespace twin
