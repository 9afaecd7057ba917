// Grid files with a mistake. Each folder below tests/data/grid_errors holds one (input.* or a
// SimBench folder input/) and in expected.txt the parts that its one message must have.

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <sstream>

#include "ledger/base/rng.hpp"
#include "tests/fuzz/grid_seeds.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/grid_reader.hpp"

using namespace twin;

namespace {

namespace fs = std::filesystem;

// The name of a case's input, as its message has it.
std::string input_of(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().stem() == "input") return entry.path().filename().string();
  return {};
}

// Reads as from inside the folder.
LoadFile inside(const fs::path& folder) {
  return [folder](const std::string& path) { return test::read_text((folder / path).string()); };
}

std::string mutated(std::string text, ledger::Rng& rng) {
  const auto at = [&] { return text.empty() ? 0 : rng.below(text.size()); };
  const auto changes = 1 + rng.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    switch (rng.below(6)) {
      case 0:  // a bit
        if (!text.empty()) text[at()] ^= static_cast<char>(1u << rng.below(8));
        break;
      case 1:  // the end
        text.resize(at());
        break;
      case 2:  // a piece out
        text.erase(at(), 1 + rng.below(20));
        break;
      case 3: {  // a piece twice
        const std::string piece = text.substr(at(), 1 + rng.below(40));
        text.insert(at(), piece);
        break;
      }
      case 4:  // a sign that these files live on
        text.insert(at(), 1, "[]{}();:=,'\"-+.%\n"[rng.below(17)]);
        break;
      default:  // another number
        text.insert(at(), std::vector<std::string>{"0", "-1", "1e308", "99999999999", "NaN", "inf",
                                                   "null"}[rng.below(7)]);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("every grid file with a mistake gives one message with file, line and what is wanted") {
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(AIPCHAIN_SOURCE_DIR "/tests/data/grid_errors")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const auto net = read_grid(input_of(entry.path()), inside(entry.path()));
    CHECK_FALSE(net.has_value());
    if (net) continue;
    const std::string message = net.error();
    CAPTURE(message);
    CHECK(message.find('\n') == std::string::npos);
    std::istringstream expected(*test::read_text((entry.path() / "expected.txt").string()));
    for (std::string part; std::getline(expected, part);)
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    ++seen;
  }
  CHECK(seen >= 120);
}

TEST_CASE("gigantic and absurd grid files end in one message") {
  const auto error_of = [](const std::string& name, const std::string& text) {
    const auto net = read_grid(name, [&](const std::string&) { return text; });
    return net ? "" : net.error();
  };
  CHECK(error_of("a.json", std::string(65u << 20, ' ')).find("at most 64 MiB") !=
        std::string::npos);
  CHECK(error_of("a.json", "[" + std::string(20'000'000, '1') + "]").find("a double can hold") !=
        std::string::npos);
  CHECK(error_of("a.m", std::string(65u << 20, '\n')).find("at most 64 MiB") != std::string::npos);
  CHECK(error_of("a.m", "x = " + std::string(1'000'000, '(')).find("at most 64 levels") !=
        std::string::npos);
  std::string doubling = "x = [1 2 3 4 5 6 7 8];\n";
  for (int i = 0; i < 60; ++i) doubling += "x = [x x];\n";
  CHECK(error_of("a.m", doubling).find("more than 50 million numbers") != std::string::npos);
  std::string names;
  for (int i = 0; i < 2000; ++i) names += "a" + std::to_string(i) + " = 1;\n";
  CHECK(error_of("a.m", names).find("a.m:1001: more than 1000 names") != std::string::npos);
  CHECK(error_of("a.m", "x = 1:1e15;").find("a.m:1: ") == 0);
}

TEST_CASE("damaged grid files end in a network or in one message that names the file") {
  std::size_t refused = 0;
  for (const auto reader :
       {fuzz::Reader::pgm, fuzz::Reader::matpower, fuzz::Reader::simbench, fuzz::Reader::dss}) {
    ledger::Rng rng = ledger::Rng(7).fork("damage", static_cast<std::uint64_t>(reader));
    for (const std::string_view seed : fuzz::seeds(reader)) {
      CHECK(fuzz::read_bytes(reader, seed) == "");
      for (int i = 0; i < 1000; ++i) {
        const std::string text = mutated(std::string(seed), rng);
        const std::string message = fuzz::read_bytes(reader, text);
        refused += message.empty() ? 0 : 1;
        if (!message.empty() && !message.starts_with("input")) FAIL_CHECK(message, "\n", text);
      }
    }
  }
  CHECK(refused > 2500);
}

TEST_CASE("a CSV file that is of no SimBench folder is named itself") {
  const auto load = [](const std::string& path) -> ledger::Result<std::string> {
    if (path == "books/u.csv") return "id,side\n";
    return ledger::failure(path + ": cannot be read");
  };
  const auto net = read_grid("books/u.csv", load);
  REQUIRE_FALSE(net.has_value());
  CHECK(net.error().starts_with("books/u.csv: is no file of a SimBench folder: books/Node.csv"));
}
