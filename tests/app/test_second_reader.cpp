// Both readers on a run's log, whole and damaged. AIPCHAIN_FLIPS sets another number of random
// damages, AIPCHAIN_SEED another seed.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using test::Files;

namespace {

std::string text_of_file(const Files& files, const char* path) {
  const Bytes& bytes = files.at(path);
  return std::string(bytes.begin(), bytes.end());
}

Bytes bytes_in(const std::string& text) { return to_bytes(bytes_of(text)); }

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// A line of text changed in each of the ways that another program might still read.
void damage_lines(test::ReaderCases& cases, const char* path) {
  const std::vector<std::string> lines = test::lines_of(text_of_file(test::read_run().log, path));
  const auto put = [&](const std::string& name, const std::vector<std::string>& changed,
                       bool is_wrong = true) {
    if (changed != lines)
      cases.damage(std::string(path) + ": " + name, {{path, bytes_in(joined(changed))}}, is_wrong);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string at = " line " + std::to_string(i + 1);
    const auto with = [&](const std::string& line) {
      auto changed = lines;
      changed[i] = line;
      return changed;
    };
    const std::string& line = lines[i];
    const auto here = static_cast<std::ptrdiff_t>(i);
    auto changed = lines;
    changed.erase(changed.begin() + here);
    // All four validators have cosigned, and three are a quorum.
    put("without" + at, changed,
        line.find("/validator-") == std::string::npos || lines.size() < 10);
    changed = lines;
    changed.insert(changed.begin() + here, line);
    put("twice" + at, changed);
    changed = lines;
    std::swap(changed[i], changed[(i + 1) % lines.size()]);
    put("swapped" + at, changed);
    put("space behind" + at, with(line + " "));
    put("space before" + at, with(" " + line));
    put("return behind" + at, with(line + "\r"));
    put("zero before" + at, with("0" + line));
    put("plus before" + at, with("+" + line));
    put("one digit more" + at, with(line + "0"));
    put("empty" + at, with(""));
    if (line.ends_with("=")) put("padding away" + at, with(line.substr(0, line.size() - 1)));
    if (line.size() > 2) {
      std::string spare = line;
      std::swap(spare[spare.size() - 2], spare[spare.size() - 3]);
      put("two characters swapped" + at, with(spare));
    }
  }
  const std::string whole = text_of_file(test::read_run().log, path);
  cases.damage(std::string(path) + ": newline behind", {{path, bytes_in(whole + "\n")}});
  cases.damage(std::string(path) + ": last byte away",
               {{path, bytes_in(whole.substr(0, whole.size() - 1))}});
}

void damage_at_random(test::ReaderCases& cases, std::uint64_t count, Rng& rng) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : test::read_run().log) paths.push_back(path);
  for (std::uint64_t k = 0; k < count; ++k) {
    const std::string& path = paths[rng.below(paths.size())];
    Bytes bytes = test::read_run().log.at(path);
    const std::uint64_t at = rng.below(bytes.size());
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto byte = static_cast<std::uint8_t>(rng.below(256));
    switch (rng.below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(here);
        break;
      case 2:
        bytes.insert(here, byte);
        break;
      default:
        bytes[at] ^= static_cast<std::uint8_t>(1u << rng.below(8));
        break;
    }
    cases.damage(path + " at " + std::to_string(at) + ", damage " + std::to_string(k),
                 {{path, bytes}});
  }
}

void damage_files(test::ReaderCases& cases) {
  const Files& log = test::read_run().log;
  for (auto a = log.begin(); a != log.end(); ++a) {
    cases.damage(a->first + " is gone", {{a->first, std::nullopt}});
    cases.damage(a->first + " is empty", {{a->first, Bytes()}});
    for (auto b = std::next(a); b != log.end(); ++b)
      cases.damage(a->first + " and " + b->first + " swapped",
                   {{a->first, b->second}, {b->first, a->second}});
  }
  for (const char* path :
       {"note", "blocks/1", "blocks/00", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/1",
        "tile/0/x000/000", "batches/1", "batches/00", "openings/auditor", "a/"})
    for (const Bytes& bytes : {Bytes(), Bytes{1}})
      cases.damage(std::string(path) + " beside", {{path, bytes}});
}

}  // namespace

TEST_CASE("both readers say the same of a run's log, whole and damaged") {
  test::ReaderCases cases;
  cases.log("the run", test::read_run().log);
  CHECK(test::all_hold(test::read_run().log));
  damage_files(cases);
  for (const char* path : {"checkpoint", "policy", "genesis"}) damage_lines(cases, path);
  Rng rng = Rng(test::setting("AIPCHAIN_SEED", 1)).fork("readers");
  damage_at_random(cases, test::setting("AIPCHAIN_FLIPS", 400), rng);
  cases.compare();
}
