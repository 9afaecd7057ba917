#pragma once
// What an oil-immersed transformer may carry for good at an ambient temperature, as a part of its
// nameplate: the load K at which its hot spot stays at the 98 C that its nameplate means
// (IEC 60076-7:2018, 8.2, the steady state).
//
//   hot spot   T + 55 K ((1 + 5 K^2) / 6)^0.8 + 23 K K^1.6      a naturally cooled (ONAN)
//              distribution transformer: 5 times as much is lost in the windings at full load as in
//              the core; 55 K of the oil's top and 23 K of the hot spot above it, so that K = 1 at
//              20 C
// Above 20 C about one hundredth less a kelvin. K is held within 0.5 and 1.3: beyond that bushings
// and terminals, not the oil, set the limit. Steady: an hour's overload that the oil would bear
// counts as one.

namespace twin {

double permissible_load(double ambient_c);

}  // namespace twin
