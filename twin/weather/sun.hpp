#pragma once
// Where the sun stands, and what reaches the top of the atmosphere.
//
//   day angle      g = 2 pi n / 365, n: days since New Year, UTC, with their fraction
//   declination    d(g) and equation of time E(g): Fourier series                (Spencer, 1971)
//   hour angle     w = 15 deg (t_UTC + longitude / 15 deg + E - 12 h)
//   direction      up    = sin L sin d + cos L cos d cos w                (the elevation's sine)
//                  east  = -cos d sin w        north = cos L sin d - sin L cos d cos w
//   extraterrestrial, normal to the sun: 1361 (1 + 0.033 cos g) W/m2
// Good to 0.05 degrees away from the horizon; refraction is left out.

#include <cstdint>

namespace twin {

struct Place {
  double latitude_deg = 0, longitude_deg = 0;  // north and east positive
};

struct Sun {
  double up = 0, east = 0, north = 1;  // a unit vector towards it; up < 0 at night
  double extraterrestrial_w_m2 = 0;
};

// `days`: since New Year, UTC; may lie before it.
Sun sun_over(const Place& place, double days);
// The same from Unix time.
double days_since_new_year(std::int64_t unix_ms);

}  // namespace twin
