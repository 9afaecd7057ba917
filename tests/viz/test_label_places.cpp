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

namespace {

// That no leader runs across another name, or a pixel beside it.
void check_leaders(const std::vector<PointLabel>& labels, Point bottom_right) {
  const auto corners = place_labels(labels, {0, 0}, bottom_right);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Point to = labels[i].point;
    const double x = std::clamp(to.x, corners[i].x, corners[i].x + labels[i].width);
    const double y = std::clamp(to.y, corners[i].y, corners[i].y + labels[i].height);
    for (double share = 0.02; share < 1; share += 0.02)
      for (std::size_t j = 0; j < labels.size(); ++j) {
        const Point around{x + share * (to.x - x) - 1, y + share * (to.y - y) - 1};
        CAPTURE(i);
        CAPTURE(j);
        CHECK_FALSE((j != i && cover(corners[j], labels[j], around, {{}, 2, 2})));
      }
  }
}

}  // namespace

TEST_CASE("the line from a name to its point does not run across another name") {
  const std::vector<std::vector<PointLabel>> crowds{
      {{{55, 191}, 120, 15}, {{23, 161}, 75, 30}, {{19, 160}, 105, 30}, {{26, 197}, 105, 15}},
      {{{42, 189}, 60, 30}, {{57, 182}, 120, 30}, {{19, 191}, 105, 15}},
      {{{41, 160}, 60, 30}, {{47, 187}, 120, 30}, {{19, 194}, 105, 15}, {{46, 176}, 90, 15}}};
  for (const auto& labels : crowds) check_leaders(labels, {400, 200});
  // Of a ladder: two points that all but meet, and one in the corner below them.
  check_leaders({{{368.8, 273.4}, 27.6, 15},
                 {{5.3, 302.4}, 110.4, 30},
                 {{5.3, 12.9}, 103.5, 15},
                 {{31.7, 278.7}, 75.9, 30},
                 {{25.8, 279.7}, 75.9, 30},
                 {{5.3, 172.4}, 20.7, 15}},
                {490, 304});
  // The same with three names in the corner, which stand far above their point.
  check_leaders({{{363.5, 306}, 27.6, 15},
                 {{9.1, 306}, 110.4, 45},
                 {{34.8, 161.5}, 75.9, 15},
                 {{29, 306}, 75.9, 30},
                 {{28.8, 33.9}, 75.9, 15},
                 {{9.1, 161.5}, 20.7, 15}},
                {482, 304});
}
