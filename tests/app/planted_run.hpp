#pragma once
// A run's directory whose people's data are planted: what is known of one before it is erased, and
// where some of it is found.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market/audit/openings.hpp"
#include "tests/app/short_run.hpp"

namespace test {

ledger::Verifier& shared_verifier();

// A run of its own, and what an auditor reads in it.
class PlantedRun {
 public:
  PlantedRun(const std::string& scenario, const std::string& until);
  std::string path(const std::string& name = "") const { return folder_.at("out" + name); }
  market::PublicLog log() const;
  market::Openings openings() const;
  // By check, and `code`.
  nlohmann::json audit() const;
  Outcome erase(const std::string& account, std::vector<std::string> more = {}) const;
  std::string receipt(const std::string& account, const std::string& slot) const;
  std::vector<std::string> accounts;

 private:
  Folder folder_;
};

// By what it is: raw bytes.
struct Planted {
  std::map<std::string, ledger::Bytes> personal, billing;
  int shares = 0;

  Planted(const PlantedRun& run, const std::string& account_hex);
};

bool holds(const ledger::Bytes& file, ledger::BytesView needle);
// Where some of it is found, as it is or in hexadecimal digits of either case; empty where none is.
std::string found(const std::map<std::string, ledger::Bytes>& planted, const Files& files);

}  // namespace test
