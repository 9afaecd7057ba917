#pragma once
// Both readers on the same cases: `aipchain audit` and `verify` against the reader in scripts/,
// which was written from docs/formats/ alone. On what holds and on what is damaged, by chance or on
// purpose, both say the same of each check.

#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger/crypto/ed25519.hpp"
#include "tests/app/short_run.hpp"

namespace test {

// What we say: of a log R1 to R3, of a receipt the first check that fails, or "".
nlohmann::json verdict_of(const Files& log);
std::string verdict_of(const std::string& receipt);
bool all_hold(const Files& log);

// Cases with our verdict, for tests/app/compare_readers.py.
class ReaderCases {
 public:
  ReaderCases() : lines_(folder_.at("cases")) {}

  void log(const std::string& name, const Files& files);
  // The last log with these files, or without those that are nothing.
  void damage(const std::string& name,
              const std::map<std::string, std::optional<ledger::Bytes>>& changes,
              bool is_wrong = true);
  void receipt(const std::string& name, const std::string& text);
  // What the other reader says of them all.
  void compare();

 private:
  void put(const nlohmann::json& line) { lines_ << line.dump() << "\n"; }

  Folder folder_;
  std::ofstream lines_;
  Files base_;
};

// Six homes behind a concentrator. Receipts of slot 1 show a key change, and one a meter whose
// certificate is over.
struct ReadRun {
  Files log;
  std::vector<std::string> receipts;

  ReadRun();
};
const ReadRun& read_run();  // made once

}  // namespace test
