#include <SFML/Graphics/Image.hpp>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <set>

#include "tests/viz/made_up_run.hpp"
#include "viz/live/display.hpp"
#include "viz/live/live_view.hpp"
#include "viz/live/stored_source.hpp"
#include "viz/live/world_source.hpp"

using namespace viz;
using ledger::Instant;

namespace {

Instant at(std::int64_t minute) { return Instant{} + ledger::minutes(minute); }

// A source whose pictures only say when they are, and which counts how often it was asked.
class CountingSource : public SnapshotSource {
 public:
  CountingSource() { run_.branches = {{twin::BranchKind::transformer, "t", 0, 0, 1}}; }
  const twin::RunDescription& description() const override { return run_; }
  Extent extent() const override { return {at(0), at(reached), at(1440)}; }
  tl::expected<twin::Snapshot, std::string> at_or_error(Instant time) {
    ++asked;
    if (broken) return tl::unexpected(std::string("the disk is gone"));
    twin::Snapshot out;
    out.time = time;
    out.home_w = {static_cast<float>(time.ns / ledger::minutes(1).ns)};
    out.branch_loading = {0.5f};
    return out;
  }
  tl::expected<twin::Snapshot, std::string> at(Instant time) override { return at_or_error(time); }

  int asked = 0;
  std::int64_t reached = 1440;
  bool broken = false;

 private:
  static Instant at(std::int64_t minute) { return ::at(minute); }
  twin::RunDescription run_;
};

// A world that counts its steps of 30 s.
class TickingWorld : public twin::World {
 public:
  TickingWorld() {
    network_.buses = {{"b", 230, 0, 0}};
    grid_.voltage_v.resize(1);
    homes_.resize(1);
  }
  const twin::Network& network() const override { return network_; }
  std::uint32_t meters() const override { return 2; }
  void set(std::uint32_t, const twin::SetPoints&) override {}
  void measured(std::uint32_t, const twin::Phases&) override {}
  void step() override {
    now_ = now_ + ledger::seconds(30);
    homes_[0].pv_w = now_.since_epoch().seconds();
  }
  Instant now() const override { return now_; }
  twin::MeterSample registers(std::uint32_t) const override { return {}; }
  std::span<const twin::MeterSample> samples() const override { return {}; }
  const twin::PowerFlowResult& grid() const override { return grid_; }
  std::span<const twin::HomeState> homes() const override { return homes_; }
  twin::EnergyTotals energy() const override { return {}; }
  twin::GridTotals grid_totals() const override { return {}; }
  std::vector<std::int64_t> history_wh(std::uint32_t) const override { return {}; }

 private:
  twin::Network network_;
  twin::PowerFlowResult grid_;
  std::vector<twin::HomeState> homes_;
  Instant now_;
};

twin::RunDescription ticking_run() {
  twin::RunDescription out;
  out.meta.duration = ledger::hours(2);
  out.buses.resize(1);
  out.homes = {{"h", 0, 7, 0, 0, false, false}};
  return out;
}

}  // namespace

TEST_CASE("the clock plays, pauses, steps and stops at the end") {
  const Extent day{at(0), at(1440), at(1440)};
  Playback clock(at(0), 600);
  clock.advance(0.1, day);
  CHECK(clock.time() == at(1));
  clock.advance(60, day);  // a window that was hidden
  CHECK(clock.time() == at(1) + ledger::seconds(150));
  clock.advance(-5, day);
  CHECK(clock.time() == at(1) + ledger::seconds(150));
  clock.step(1, day);
  CHECK_FALSE(clock.playing());
  clock.advance(0.1, day);
  CHECK(clock.time() == at(2) + ledger::seconds(150));
  clock.step(-10, day);
  CHECK(clock.time() == at(0));
  clock.seek(at(5000), day);
  CHECK(clock.time() == at(1440));
  clock.toggle();
  clock.advance(0.01, day);
  CHECK_FALSE(clock.playing());
}

TEST_CASE("speeds are kept in their range") {
  CHECK(Playback({}, 0).speed() == Playback::slowest);
  CHECK(Playback({}, -3).speed() == Playback::slowest);
  CHECK(Playback({}, 1e99).speed() == Playback::fastest);
  CHECK(Playback({}, std::nan("")).speed() == Playback::slowest);
}

TEST_CASE("a simulation that cannot follow holds the clock back, a stored run never does") {
  const Extent running{at(0), at(10), at(1440)};
  Playback clock(at(30), 600);
  clock.hold_to(at(10), running);
  CHECK(clock.time() == at(11));
  clock.seek(at(5), running);
  clock.hold_to(at(5), running);  // looking at the past
  CHECK(clock.time() == at(5));
  const Extent stored{at(0), at(1440), at(1440)};
  clock.seek(at(1440), stored);
  clock.hold_to(at(1437), stored);
  CHECK(clock.time() == at(1440));
}

TEST_CASE("trends ask for what is missing alone, and pass errors on") {
  CountingSource source;
  Trends trends;
  const auto picture = [&](std::int64_t minute) { return *CountingSource().at(at(minute)); };
  REQUIRE(trends.update(source, picture(723)));
  CHECK(trends.points().size() == 73);
  CHECK(source.asked == 72);
  CHECK(trends.points().back().net_kw == doctest::Approx(0.723));
  CHECK(trends.points()[71].net_kw == doctest::Approx(0.720));
  CHECK(trends.points().front().net_kw == doctest::Approx(0.365));
  CHECK(trends.points().back().transformer_loading == 0.5);
  REQUIRE(trends.update(source, picture(724)));
  CHECK(source.asked == 72);
  REQUIRE(trends.update(source, picture(731)));
  CHECK(source.asked == 74);
  REQUIRE(trends.update(source, picture(7)));  // back to the morning
  CHECK(trends.points().size() == 3);
  source.broken = true;
  CHECK(trends.update(source, picture(1000)).error() == "the disk is gone");
}

TEST_CASE("trends never ask a running simulation for its future") {
  CountingSource source;
  source.reached = 60;
  Trends trends;
  REQUIRE(trends.update(source, *CountingSource().at(at(600))));
  CHECK(trends.points().size() == 14);
  CHECK(trends.points()[12].net_kw == doctest::Approx(0.060));
}

TEST_CASE("a stored run gives the picture at or before a time") {
  made_up::Folder folder;
  made_up::write_run(folder.file("run.db"), made_up::description(), 5);
  auto source = StoredSource::open(folder.file("run.db"));
  REQUIRE(source);
  CHECK(source->extent().first == at(1));
  CHECK(source->extent().end == at(5));
  CHECK(source->at(at(0))->time == at(1));
  CHECK(source->at(at(3) + ledger::seconds(59))->time == at(3));
  CHECK(source->at(ledger::never)->time == at(5));

  made_up::write_run(folder.file("none.db"), made_up::description(), 0);
  CHECK_FALSE(StoredSource::open(folder.file("none.db")));
  CHECK_FALSE(StoredSource::open(folder.file("missing.db")));
}

TEST_CASE("a running world advances to a time, and its past can be looked at again") {
  WorldSource source(ticking_run(), std::make_unique<TickingWorld>());
  CHECK(source.extent().last == Instant{} + ledger::seconds(30));
  CHECK(source.extent().end == at(120));
  Instant last;
  do {
    last = source.extent().last;
    REQUIRE(source.at(at(10)));
  } while (source.extent().last != last);
  CHECK(source.extent().last == at(10));
  CHECK(source.at(at(4))->time == at(4));
  CHECK(source.at(at(4))->home_pv_w[0] == 240);
  CHECK(source.extent().last == at(10));
  CHECK(source.at(at(10) + ledger::seconds(29))->time == at(10));
  do {
    last = source.extent().last;
    REQUIRE(source.at(ledger::never));
  } while (source.extent().last != last);
  CHECK(source.extent().last == at(120));  // never beyond the scenario's end
}

TEST_CASE("without a display there is one message") {
  const char* before = std::getenv("DISPLAY");
  const std::string kept = before ? before : "";
  setenv("DISPLAY", ":4095", 1);
  const auto checked = Display::open();
  CountingSource source;
  const auto shown = show(source, 60, {});
  const auto saved = save_screenshot(source, {}, "/nonexistent/x.png");
  before ? setenv("DISPLAY", kept.c_str(), 1) : unsetenv("DISPLAY");
  REQUIRE_FALSE(checked);
  CHECK(checked.error().find("DISPLAY") != std::string::npos);
  CHECK(shown.error() == checked.error());
  CHECK(saved.error() == checked.error());
}

// Needs a display: run by the case below, under Xvfb.
TEST_CASE("drawn on a display: screenshots" * doctest::skip()) {
  made_up::Folder folder;
  auto run = made_up::description();
  run.homes[3].name = "%s%n \xff\xfe <home>";
  made_up::write_run(folder.file("run.db"), run, 1200);
  auto source = StoredSource::open(folder.file("run.db"));
  REQUIRE(source);
  sf::Image noon, evening, large;
  REQUIRE(save_screenshot(*source, at(720), folder.file("noon.png")));
  REQUIRE(save_screenshot(*source, at(1190), folder.file("evening.png")));
  REQUIRE(save_screenshot(*source, at(1190), folder.file("large.png"), 2));
  REQUIRE(noon.loadFromFile(folder.file("noon.png")));
  REQUIRE(evening.loadFromFile(folder.file("evening.png")));
  REQUIRE(large.loadFromFile(folder.file("large.png")));
  CHECK(noon.getSize() == sf::Vector2u(1280, 800));
  CHECK(large.getSize() == sf::Vector2u(2560, 1600));
  std::set<sf::Uint32> colours;
  int different = 0;
  for (unsigned y = 0; y < 800; ++y) {
    for (unsigned x = 0; x < 1280; ++x) {
      colours.insert(noon.getPixel(x, y).toInteger());
      different += noon.getPixel(x, y) != evening.getPixel(x, y);
    }
  }
  CHECK(colours.size() > 200);
  CHECK(different > 3000);
  CHECK_FALSE(save_screenshot(*source, at(1), folder.file("no/such/folder.png")));
}

TEST_CASE("screenshots under Xvfb") {
  if (std::system("command -v xvfb-run >/dev/null") != 0) {
    MESSAGE("skipped: xvfb-run is not installed");
    return;
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command =
      // Several screenshots one after another: between them the server has no client.
      "xvfb-run -a -s '-screen 0 1280x1024x24 -noreset' '" + self +
      "' --no-skip --test-case='drawn on a display*' 2>&1";
  CHECK(std::system(command.c_str()) == 0);
}
