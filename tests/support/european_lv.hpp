#pragma once
// The IEEE European LV feeder of ../shared/data, where it is there.

#include <cmath>
#include <doctest/doctest.h>
#include <optional>

#include "tests/support/shared_data.hpp"
#include "twin/grid/grid_reader.hpp"

namespace test {

// Nothing, with a message, where the data is missing.
inline std::optional<twin::Network> european_lv() {
  const std::string folder = "ieee-feeders/opendss/LVTestCase/";
  if (!has_shared(folder + "Master.dss")) {
    MESSAGE("skipped: ../shared/data/ieee-feeders is not there");
    return std::nullopt;
  }
  const twin::LoadFile load = [&](const std::string& path) {
    return read_text(shared_path(folder + path));
  };
  auto net = twin::read_grid("Master.dss", load);
  REQUIRE_MESSAGE(net.has_value(), (net ? "" : net.error()));
  return std::move(*net);
}

// Draws of one minute of the day, counted from 1 as in the references.
inline std::vector<twin::Phases> european_lv_draws(const twin::Network& net, std::size_t minute) {
  std::vector<twin::Phases> out;
  for (const twin::Connection& c : net.connections) {
    const double tan_phi = std::tan(std::acos(c.power_factor));
    twin::Phases draw{};
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1) draw[p] = c.profile_w[minute - 1] * twin::Complex(1, tan_phi);
    out.push_back(draw);
  }
  return out;
}

}  // namespace test
