#include <algorithm>
#include <doctest/doctest.h>

#include "viz/report/label_places.hpp"

using namespace viz;

namespace {

bool cover(Point a, const PointLabel& la, Point b, const PointLabel& lb) {
  return a.x < b.x + lb.width && b.x < a.x + la.width && a.y < b.y + lb.height &&
         b.y < a.y + la.height;
}

}  // namespace

TEST_CASE("names of points close together do not cover each other, nor leave the plot") {
  std::vector<PointLabel> labels;
  for (int i = 0; i < 9; ++i) labels.push_back({{100.0 + 12 * i, 190.0 - 3 * (i % 3)}, 100, 15});
  labels.push_back({{398, 10}, 120, 30});  // in a corner
  const auto corners = place_labels(labels, {0, 0}, {400, 200});
  REQUIRE(corners.size() == labels.size());
  for (std::size_t i = 0; i < corners.size(); ++i) {
    CAPTURE(i);
    CHECK(corners[i].x >= 0);
    CHECK(corners[i].y >= 0);
    CHECK(corners[i].x + labels[i].width <= 400);
    CHECK(corners[i].y + labels[i].height <= 200);
    for (std::size_t j = 0; j < i; ++j) {
      CAPTURE(j);
      CHECK_FALSE(cover(corners[i], labels[i], corners[j], labels[j]));
    }
    for (const PointLabel& l : labels) CHECK_FALSE(cover(corners[i], labels[i], l.point, {}));
  }
}

TEST_CASE("a lonely point has its name on its right") {
  const auto corners = place_labels({{{50, 50}, 40, 10}}, {0, 0}, {400, 200});
  CHECK(corners[0].x == doctest::Approx(58));
  CHECK(corners[0].y == doctest::Approx(45));
}

TEST_CASE("the line from a name to its point does not run across another name") {
  const std::vector<std::vector<PointLabel>> crowds{
      {{{55, 191}, 120, 15}, {{23, 161}, 75, 30}, {{19, 160}, 105, 30}, {{26, 197}, 105, 15}},
      {{{42, 189}, 60, 30}, {{57, 182}, 120, 30}, {{19, 191}, 105, 15}},
      {{{41, 160}, 60, 30}, {{47, 187}, 120, 30}, {{19, 194}, 105, 15}, {{46, 176}, 90, 15}}};
  for (const auto& labels : crowds) {
    const auto corners = place_labels(labels, {0, 0}, {400, 200});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const Point to = labels[i].point;
      const double x = std::clamp(to.x, corners[i].x, corners[i].x + labels[i].width);
      const double y = std::clamp(to.y, corners[i].y, corners[i].y + labels[i].height);
      for (double share = 0.02; share < 1; share += 0.02)
        for (std::size_t j = 0; j < labels.size(); ++j)
          CHECK_FALSE((j != i && cover(corners[j], labels[j],
                                       {x + share * (to.x - x), y + share * (to.y - y)}, {})));
    }
  }
}
