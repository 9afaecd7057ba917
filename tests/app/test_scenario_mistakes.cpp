// Every folder below tests/data/scenario holds a scenario with one mistake and the one message that
// it must give: scenario.toml and expected.txt, in which the folder's own path is left out.

#include <doctest/doctest.h>

#include "tests/app/short_run.hpp"

namespace fs = std::filesystem;

namespace {

std::string without(std::string text, const std::string& part) {
  for (std::size_t at; (at = text.find(part)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

}  // namespace

TEST_CASE(
    "a scenario with a mistake is refused with 2, in one line that names it, before anything") {
  const fs::path cases = AIPCHAIN_SOURCE_DIR "/tests/data/scenario";
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(cases)) {
    const std::string folder = entry.path().string();
    CAPTURE(folder);
    const test::Folder results;
    const test::Outcome outcome =
        test::aipchain({"run", folder + "/scenario.toml", "--out", results.at("out"), "--json"});
    CHECK(outcome.code == 2);
    CHECK(outcome.output.empty());
    CHECK(test::lines_of(outcome.errors).size() == 1);
    CHECK(without(outcome.errors, folder + "/") ==
          "aipchain: " + test::slurp(folder + "/expected.txt"));
    CHECK_FALSE(fs::exists(results.at("out")));
    ++seen;
  }
  CHECK(seen >= 60);
}

TEST_CASE("a scenario that is not there is refused with its path") {
  const test::Folder folder;
  for (const std::string& path : {folder.at("none.toml"), folder.at("none"), folder.at("")}) {
    const test::Outcome outcome = test::aipchain({"run", path, "--out", folder.at("out")});
    CAPTURE(outcome.errors);
    CHECK(outcome.code == 2);
    CHECK(outcome.errors.starts_with("aipchain: " + path));
    CHECK(test::lines_of(outcome.errors).size() == 1);
    CHECK_FALSE(fs::exists(folder.at("out")));
  }
}
