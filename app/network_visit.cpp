#include "app/network_visit.hpp"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "hil/network/visit.hpp"
#include "ledger/chain/block.hpp"

namespace app {

using ledger::failure;
using ledger::Result;

namespace {

Result<std::chrono::milliseconds> patience_of(const std::string& wait) {
  if (wait.empty()) return hil::VisitOptions().patience;
  const auto d = ledger::parse_duration(wait);
  if (!d || d->ns <= 0)
    return failure("--wait " + wait + ": wants a duration above zero such as 30s or 2m");
  return std::chrono::milliseconds(d->whole_ms());
}

int print_refusal(const std::string& id, const std::string& why, const NetworkVisit& how) {
  if (how.json) {
    nlohmann::json out = nlohmann::json::parse(how.also);
    out.update({{"final", false}, {"id", id}, {"refused", why}});
    std::cout << out.dump(2) << "\n";
  }
  return complain(does_not_hold, "the ledger refuses it: " + why);
}

int print_final(const std::string& id, const hil::VisitOutcome& outcome, const NetworkVisit& how) {
  if (!how.json) {
    std::cout << "transaction " << id << " is entry " << outcome.proof.index << " of the log\n";
    return done;
  }
  nlohmann::json out = nlohmann::json::parse(how.also);
  out.update({{"final", true},
              {"height", outcome.height},
              {"id", id},
              {"index", outcome.proof.index},
              {"proof", write_tlog_proof(outcome.proof)}});
  std::cout << out.dump(2) << "\n";
  return done;
}

}  // namespace

bool names_network(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return path.ends_with(".toml");
  return std::filesystem::is_regular_file(path, error);
}

std::uint32_t unix_seconds() {
  using namespace std::chrono;
  return static_cast<std::uint32_t>(
      duration_cast<seconds>(system_clock::now().time_since_epoch()).count());
}

int visit_network(const hil::NodeConfig& network, const ledger::Transaction& tx,
                  const NetworkVisit& how) {
  hil::VisitOptions options;
  const auto patience = patience_of(how.wait);
  if (!patience) return complain(wrong_input, patience.error());
  options.patience = *patience;
  const std::string id = ledger::to_hex(leaf_of(tx));
  const auto outcome = hil::visit(network, tx, options);
  if (!outcome) return complain(failed, "transaction " + id + ": " + outcome.error());
  return outcome->final ? print_final(id, *outcome, how) : print_refusal(id, outcome->why, how);
}

}  // namespace app
