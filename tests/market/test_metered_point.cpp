#include <doctest/doctest.h>

#include "market/metering/metered_point.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

constexpr std::uint32_t the_home = 1;

class Point {
 public:
  Point() {
    Registration r = Village::registered(the_home);
    r.generation_w = 20'000;
    r.modulus = {100'000};
    nights_ = nights_of(village_genesis());
    point.emplace(r, village_genesis(), nights_);
  }

  // A minute from registers that rise by 1 and 2 Wh a reading, at their modulus anew.
  void minute(SignedBy by, std::uint32_t epoch, std::uint32_t first, std::int64_t imported,
              std::int64_t exported) {
    std::vector<ReadingBytes> readings;
    for (int i = 1; i <= 12; ++i)
      readings.push_back(*encode(Reading{first + static_cast<std::uint32_t>(i) - 1,
                                         (std::int64_t{epoch} - 1) * 60'000 + i * 5'000,
                                         {(imported + i * 1'000) % 100'000},
                                         {(exported + i * 2'000) % 100'000},
                                         -720,
                                         230}));
    const auto [record, judged] = point->take({first, readings, {}, {}, by, std::nullopt}, epoch);
    verdict |= record.verdict;
    if (const auto rises = point->add(record)) {
      import_mwh += rises->import_mwh;
      export_mwh += rises->export_mwh;
    }
  }

  std::optional<MeteredPoint> point;
  Verdict verdict = 0;
  std::int64_t import_mwh = 0, export_mwh = 0;

 private:
  Nights nights_;
};

}  // namespace

TEST_CASE("what a point adds to sums is what its marks rise, over swap and rollover") {
  Point p;
  p.minute(SignedBy::meter, 1, 1, 0, 500);
  p.minute(SignedBy::meter, 2, 13, 12'000, 24'500);
  REQUIRE(p.point->mark({0}));
  p.point->accept_papers(Village::swap(the_home, 1, {30'000, 50'000, 5'000, 60'000}));
  CHECK(p.point->awaits_next_meter());
  p.minute(SignedBy::next_meter, 3, 1, 5'000, 60'000);
  CHECK(!p.point->awaits_next_meter());
  p.minute(SignedBy::meter, 4, 13, 17'000, 84'000);  // exports pass 100,000
  const auto mark = p.point->mark({1});
  REQUIRE(mark);
  CHECK(mark->swapped);
  CHECK(mark->export_register.value == 8'000);
  CHECK(p.verdict == bit(Rule::rollover));
  CHECK(p.import_mwh == 30'000 + 24'000);
  CHECK(p.export_mwh == 50'000 - 500 + 48'000);
  const Anchor anchor = p.point->memory().anchor;
  CHECK(anchor.import_register.value == p.import_mwh);
  CHECK(anchor.export_register.value == 500 + p.export_mwh);
  CHECK(!anchor.swapped);
}

TEST_CASE("a point goes on from its memory as if it had never stopped") {
  Point whole, stopped;
  for (Point* p : {&whole, &stopped}) {
    p->minute(SignedBy::meter, 1, 1, 0, 500);
    p->point->accept_papers(Village::swap(the_home, 0, {30'000, 50'000, 5'000, 60'000}));
  }
  const MeteredPoint::Memory memory = stopped.point->memory();
  Point next;
  next.point->resume(memory);
  for (Point* p : {&whole, &next}) {
    p->minute(SignedBy::next_meter, 2, 1, 5'000, 60'000);
    p->minute(SignedBy::nobody, 3, 7, 0, 0);
  }
  const auto a = whole.point->mark({0}), b = next.point->mark({0});
  REQUIRE(a);
  REQUIRE(b);
  CHECK(encode(*a) == encode(*b));
  CHECK(encode(whole.point->absence(4)) == encode(next.point->absence(4)));
  CHECK(whole.import_mwh - 12'000 == next.import_mwh);
}

TEST_CASE("a key that holds from a slot on is changed neither there nor before it again") {
  Point p;
  const auto key = [](std::uint8_t byte) {
    PublicKey out;
    out.fill(byte);
    return out;
  };
  const PublicKey registered = p.point->account_key({0});
  p.point->accept_account_key({key(1), {3}});
  for (const std::uint32_t slot : {3u, 2u}) p.point->accept_account_key({key(2), {slot}});
  CHECK(p.point->account_key({2}) == registered);
  CHECK(p.point->account_key({3}) == key(1));
  p.point->accept_account_key({key(3), {4}});
  CHECK(p.point->account_key({3}) == key(1));
  CHECK(p.point->account_key({4}) == key(3));
}
