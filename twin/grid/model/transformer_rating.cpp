#include "twin/grid/model/transformer_rating.hpp"

#include <cmath>

namespace twin {
namespace {

constexpr double hot_spot_c = 98, oil_rise_k = 55, hot_spot_rise_k = 23;
constexpr double loss_ratio = 5, oil_exponent = 0.8, winding_exponent = 1.6;
constexpr double least = 0.5, most = 1.3;

double hot_spot_at(double load, double ambient_c) {
  const double losses = (1 + loss_ratio * load * load) / (1 + loss_ratio);
  return ambient_c + oil_rise_k * std::pow(losses, oil_exponent) +
         hot_spot_rise_k * std::pow(load, winding_exponent);
}

}  // namespace

// The hot spot rises with the load, so halving finds where it meets its limit.
double permissible_load(double ambient_c) {
  double low = least, high = most;
  if (hot_spot_at(low, ambient_c) >= hot_spot_c) return low;
  if (hot_spot_at(high, ambient_c) <= hot_spot_c) return high;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (hot_spot_at(middle, ambient_c) < hot_spot_c ? low : high) = middle;
  }
  return low;
}

}  // namespace twin
