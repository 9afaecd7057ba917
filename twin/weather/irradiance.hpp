#pragma once
// From the sky to a module's plane.
//
//   clear sky  GHI = 1098 sin h exp(-0.057 / sin h)                          (Haurwitz, 1945)
//   diffuse    DHI = GHI f(kt), kt: GHI over the extraterrestrial       (Erbs, Klein, Duffie, 1982)
//   plane      G = (B + D A / max(sin h, 0.087)) max(0, cos t - b (1 - cos t))
//                + D (1 - A) (1 + cos s) / 2 K_s + 0.2 GHI (1 - cos s) / 2 K_g
// with B: direct normal, D: diffuse horizontal, t: incidence on the plane, s: its slope, and
//   A = B / extraterrestrial, the part of D that comes from around the sun (Hay and Davies, 1980);
//   1 - b (1 / cos t - 1), b = 0.05: what the glass lets through     (Souka and Safwat, 1966;
//   ASHRAE 93); K_s, K_g: the same for sky and ground at their effective incidences 59.7 - 0.1388 s
//   + 0.001497 s^2 and 90 - 0.5788 s + 0.002693 s^2 degrees            (Brandemuehl and Beckman,
//   1980)
// The ground's albedo is 0.2.

#include "twin/weather/sun.hpp"

namespace twin {

struct Irradiance {
  double ghi_w_m2 = 0;  // global horizontal
  double dhi_w_m2 = 0;  // diffuse horizontal
  double dni_w_m2 = 0;  // direct, normal to the sun
};

double clear_sky_ghi(double sin_elevation);
// Splits GHI. Near the horizon the direct part is uncertain and small: it is not divided by less
// than 0.05.
Irradiance split_ghi(double ghi_w_m2, const Sun& sun);

class Plane {
 public:
  // Azimuth from north over east: 180 is south.
  Plane(double tilt_deg, double azimuth_deg);
  // What reaches the cells, W/m2.
  double irradiance(const Irradiance& sky, const Sun& sun) const;

 private:
  double up_, east_, north_;       // the plane's normal
  double from_sky_, from_ground_;  // of diffuse and global light, glass included
};

}  // namespace twin
