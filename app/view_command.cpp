#include "app/view_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/console.hpp"
#include "app/number_option.hpp"
#include "app/scenario_file.hpp"
#include "viz/live/display.hpp"
#include "viz/live/live_view.hpp"
#include "viz/live/private_display.hpp"
#include "viz/live/stored_source.hpp"
#include "viz/live/world_source.hpp"

namespace app {
namespace {

struct ViewOptions {
  std::string what, screenshot, at;
  double speed = 600;
};

using Source = std::unique_ptr<viz::SnapshotSource>;

ledger::Result<Source> stored_run(const std::string& directory) {
  auto source = viz::StoredSource::open((std::filesystem::path(directory) / "run.db").string());
  if (!source) return ledger::failure(source.error());
  return std::make_unique<viz::StoredSource>(std::move(*source));
}

ledger::Result<Source> running_world(const std::string& path) {
  const auto loaded = load_scenario(path);
  if (!loaded) return ledger::failure(loaded.error());
  auto world = loaded->make_world();
  if (!world) return ledger::failure(world.error());
  auto run = twin::describe(loaded->scenario, (*world)->network());
  return std::make_unique<viz::WorldSource>(std::move(run), std::move(*world));
}

// A folder is a run's unless it holds a scenario.
ledger::Result<Source> open_source(const std::string& what) {
  std::error_code error;
  const bool run = std::filesystem::is_directory(what, error) &&
                   !std::filesystem::exists(std::filesystem::path(what) / "scenario.toml", error);
  return run ? stored_run(what) : running_world(what);
}

// A moment given as a duration from the start or as RFC 3339, inside the source's time.
ledger::Result<ledger::Instant> moment(const std::string& text, const viz::SnapshotSource& source) {
  ledger::Instant out;
  if (const auto duration = ledger::parse_duration(text)) {
    out = ledger::Instant{} + *duration;
  } else if (const auto civil = ledger::from_rfc3339(text)) {
    const std::int64_t epoch_ms = source.description().meta.epoch.unix_ms;
    std::int64_t since_ms = 0, since_ns = 0;
    if (__builtin_sub_overflow(civil->unix_ms, epoch_ms, &since_ms) ||
        __builtin_mul_overflow(since_ms, std::int64_t{1'000'000}, &since_ns))
      return ledger::failure("--at " + text + ": out of range");
    out = {since_ns};
  } else {
    return ledger::failure("--at " + text +
                           ": wants a duration such as 12h, or a time such as "
                           "2026-06-21T12:00:00+02:00");
  }
  if (out >= ledger::Instant{} && out <= source.extent().end) return out;
  return ledger::failure("--at " + text + ": is outside the run, which lasts " +
                         ledger::to_text(source.extent().end - ledger::Instant{}));
}

int view(const ViewOptions& options) {
  auto source = open_source(options.what);
  if (!source) return complain(wrong_input, source.error());
  std::optional<ledger::Instant> at;
  if (!options.at.empty()) {
    const auto found = moment(options.at, **source);
    if (!found) return complain(wrong_input, found.error());
    at = *found;
  }
  if (options.screenshot.empty()) {
    const auto shown = viz::show(**source, options.speed, at);
    return shown ? done : complain(failed, shown.error());
  }
  // A picture needs no display of the user's.
  std::optional<viz::PrivateDisplay> display;
  if (!viz::Display::open()) {
    auto started = viz::PrivateDisplay::start();
    if (!started) return complain(failed, started.error());
    display.emplace(std::move(*started));
  }
  const auto saved = viz::save_screenshot(**source, *at, options.screenshot);
  return saved ? done : complain(failed, saved.error());
}

}  // namespace

void add_view_command(CLI::App& program, std::function<int()>& chosen) {
  auto* command = program.add_subcommand("view", "the feeder in a window, live or from a run");
  auto options = std::make_shared<ViewOptions>();
  command
      ->add_option("what", options->what,
                   "a scenario (its file or folder), which is then simulated, or a run's directory")
      ->required();
  command->add_option("--speed", options->speed, "simulated seconds a second")
      ->check(number_from(viz::Playback::slowest, viz::Playback::fastest))
      ->capture_default_str();
  auto* at = command->add_option("--at", options->at,
                                 "where to begin: a duration from the start, or RFC 3339");
  command
      ->add_option("--screenshot", options->screenshot,
                   "writes the window at --at as a PNG instead of opening it")
      ->needs(at);
  command->callback([&chosen, options] { chosen = [options] { return view(*options); }; });
}

}  // namespace app
