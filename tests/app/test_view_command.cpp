#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

#include "tests/support/process.hpp"

using test::Process;

namespace {

struct ViewFolder {
  std::filesystem::path path;
  ViewFolder() {
    path = std::filesystem::temp_directory_path() / ("view-test-" + std::to_string(getpid()));
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~ViewFolder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

constexpr const char* two_streets = R"(
name = "two_streets"
seed = 7
[time]
start = "2026-06-21T10:00:00+02:00"
duration = "2h"
[grid]
generator = { homes = 6, branches = 2, spacing_m = 25, transformer_kva = 100 }
[[population]]
count = 6
)";

int code_of(std::vector<std::string> arguments, const std::string& says) {
  // Without a display, and without Xvfb to start one of its own.
  arguments.insert(arguments.begin(),
                   {"env", "-u", "DISPLAY", "PATH=/nonexistent", AIPCHAIN_PROGRAM, "view"});
  Process process(std::move(arguments));
  const int code = process.finish();
  CAPTURE(process.errors);
  CHECK(process.output.empty());
  CHECK(process.errors.find(says) != std::string::npos);
  return code;
}

bool have_xvfb() { return std::system("command -v Xvfb >/dev/null") == 0; }

}  // namespace

TEST_CASE("what cannot be viewed is refused with 2 and one message") {
  ViewFolder folder;
  const std::string scenario = folder.file("scenario.toml");
  std::ofstream(scenario) << two_streets;
  std::ofstream(folder.file("wrong.toml")) << "nmae = 'x'\n";
  CHECK(code_of({folder.file("missing.toml")}, "missing.toml") == 2);
  CHECK(code_of({folder.file("wrong.toml")}, "wrong.toml:1") == 2);
  std::filesystem::create_directory(folder.file("run"));
  CHECK(code_of({folder.file("run")}, "run.db") == 2);
  std::ofstream(folder.file("run/run.db")) << std::string(9000, 'x');
  CHECK(code_of({folder.file("run")}, "run.db") == 2);
  CHECK(code_of({scenario, "--at", "noon"}, "--at noon") == 2);
  CHECK(code_of({scenario, "--at", "3h"}, "outside the run, which lasts 2h") == 2);
  CHECK(code_of({scenario, "--at", "2026-06-21T09:59:00+02:00"}, "outside the run") == 2);
  CHECK(code_of({scenario, "--at", "1h", "--speed", "0"}, "--speed") == 2);
  CHECK(code_of({scenario, "--screenshot", folder.file("x.png")}, "--at") == 2);
  CHECK_FALSE(std::filesystem::exists(folder.file("x.png")));
}

TEST_CASE("without a display it ends with 3 and one message") {
  ViewFolder folder;
  std::ofstream(folder.file("scenario.toml")) << two_streets;
  CHECK(code_of({folder.file("scenario.toml")}, "no display can be opened") == 3);
  CHECK(code_of({folder.file("scenario.toml"), "--at", "5m", "--screenshot", folder.file("x.png")},
                "no display can be opened") == 3);
  CHECK_FALSE(std::filesystem::exists(folder.file("x.png")));
}

TEST_CASE("a scenario is simulated up to a moment and drawn without a display") {
  if (!have_xvfb()) {
    MESSAGE("skipped: Xvfb is not installed");
    return;
  }
  ViewFolder folder;
  std::ofstream(folder.file("scenario.toml")) << two_streets;
  Process process({"env", "-u", "DISPLAY", AIPCHAIN_PROGRAM, "view", folder.file("scenario.toml"),
                   "--at", "2026-06-21T11:30:00+02:00", "--screenshot", folder.file("x.png")});
  const int code = process.finish();
  CAPTURE(process.errors);
  CHECK(code == 0);
  std::ifstream file(folder.file("x.png"), std::ios::binary);
  std::string head(24, '\0');
  file.read(head.data(), 24);
  CHECK(head.substr(1, 3) == "PNG");
  CHECK(head.substr(16, 8) == std::string("\0\0\5\0\0\0\3\x20", 8));  // 1280 by 800
  // What cannot be written gives our message alone.
  Process nowhere({"env", "-u", "DISPLAY", AIPCHAIN_PROGRAM, "view", folder.file("scenario.toml"),
                   "--at", "5m", "--screenshot", folder.file("no/such/x.png")});
  CHECK(nowhere.finish() == 3);
  CHECK(nowhere.errors == "aipchain: " + folder.file("no/such/x.png") + ": cannot be written\n");
}
