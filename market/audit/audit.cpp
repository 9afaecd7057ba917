#include "market/audit/audit.hpp"

#include "ledger/oracle/rules.hpp"
#include "market/audit/batch_audit.hpp"
#include "market/audit/feeder_audit.hpp"
#include "market/audit/replay.hpp"

namespace market {
namespace {

constexpr const char* batches = "batches: openings, signatures and rule results recomputed";
constexpr const char* sequences = "sequences have no unexplained gap";
constexpr const char* feeders = "minted energy a feeder is at most its feeder meter's";

class Auditor {
 public:
  Auditor(const AuditInput& input, Verifier& verifier) : input_(input), verifier_(verifier) {}
  std::vector<AuditCheck> run();

 private:
  void add(const char* id, const char* name, const Result<void>& result, std::string detail);
  void skip(const char* id, const char* name, std::string why);
  void check_openings();
  void check_batches_and_sequences(const Openings& openings);
  void check_minted(const Openings& openings);

  const AuditInput& input_;
  Verifier& verifier_;
  PublicLog log_;
  std::vector<AuditCheck> checks_;
};

void Auditor::add(const char* id, const char* name, const Result<void>& result,
                  std::string detail) {
  checks_.push_back({id, name, result ? CheckResult::holds : CheckResult::fails,
                     result ? std::move(detail) : result.error()});
}

void Auditor::skip(const char* id, const char* name, std::string why) {
  checks_.push_back({id, name, CheckResult::not_checkable, "not checkable because " + why});
}

void Auditor::check_openings() {
  constexpr const char* execution = "re-execution gives the state root";
  constexpr const char* invariants = "invariants hold in each block";
  if (!input_.openings) {
    for (const auto& [id, name] : {std::pair{"R4", execution}, {"R5", invariants}, {"R6", batches}})
      skip(id, name, "no openings were given");
    add("R7", sequences, check_sequences(log_),
        "epochs and marks of every gateway; its meters' sequences want the openings");
    skip("R8", feeders, "no openings were given");
    return;
  }
  const auto openings = load_openings(log_, *input_.openings);
  if (!openings) {
    add("R4", execution, failure("openings/" + openings.error()), "");
    skip("R5", invariants, "the openings do not hold");
    add("R6", batches, failure("openings/" + openings.error()), "");
    skip("R7", sequences, "the openings do not hold");
    skip("R8", feeders, "the openings do not hold");
    return;
  }
  std::string broken;
  const auto executed = check_execution(log_, *openings, verifier_, broken);
  add("R4", execution, executed, std::to_string(log_.blocks.size()) + " blocks executed anew");
  if (!executed)
    skip("R5", invariants, "re-execution fails");
  else
    add("R5", invariants, broken.empty() ? Result<void>() : failure(broken),
        "after each of " + std::to_string(log_.blocks.size()) + " blocks");
  check_batches_and_sequences(*openings);
  if (executed)
    check_minted(*openings);
  else
    skip("R8", feeders, "re-execution fails");
}

void Auditor::check_minted(const Openings& openings) {
  if (log_.genesis.oracles.empty()) return skip("R8", feeders, "genesis names no oracle");
  const auto checked = check_feeders(log_, openings);
  if (!checked) return add("R8", feeders, failure(checked.error()), "");
  if (!checked->unknown.empty()) return skip("R8", feeders, checked->unknown);
  const auto wh = [](MilliWattHours e) { return std::to_string(e.value / 1000) + " Wh"; };
  add("R8", feeders, {},
      std::to_string(checked->slots) + " slots with findings: homes exported " +
          wh(checked->exported) + ", at most " + wh(checked->bound) + "; " +
          std::to_string(checked->waiting) + " wait for findings");
}

void Auditor::check_batches_and_sequences(const Openings& openings) {
  const auto checked = check_batches(log_, openings, verifier_);
  if (!checked) {
    add("R6", batches, failure(checked.error()), "");
    skip("R7", sequences, "R6 fails");
    return;
  }
  add("R6", batches, {}, std::to_string(checked->batches) + " batches opened");
  add("R7", sequences, check_sequences(log_),
      "epochs and marks of every gateway; " + std::to_string(checked->readings) +
          " readings in sequence, " + std::to_string(checked->gaps) + " gaps flagged, " +
          std::to_string(checked->absences) + " absences signed");
}

std::vector<AuditCheck> Auditor::run() {
  const Result<void> trust = load_trust(log_, input_.log, input_.trusted_policy);
  const Result<void> entries = trust ? load_entries(log_, input_.log, verifier_) : trust;
  const Result<void> blocks = entries ? load_blocks(log_, input_.log) : entries;
  const Result<void> listing = blocks ? check_listing(log_, input_.log) : blocks;
  add("R1", "entries hash to the signed root", entries ? (blocks ? listing : entries) : entries,
      std::to_string(log_.entries.size()) + " entries; trust root " +
          (input_.trusted_policy.empty() ? "taken from the directory itself" : "as given"));
  if (!blocks && entries)
    add("R2", "checkpoints are consistent", blocks, "");
  else if (!blocks)
    skip("R2", "checkpoints are consistent", "R1 fails");
  else
    add("R2", "checkpoints are consistent", check_consistency(log_),
        std::to_string(log_.blocks.size()) + " heads are prefixes of the log");
  const bool readable = blocks.has_value();
  if (readable)
    add("R3", "quorum and validator changes follow from genesis",
        check_certificates(log_, verifier_),
        std::to_string(log_.blocks.size()) + " certificates of " +
            std::to_string(log_.genesis.validators.size()) + " validators");
  else
    skip("R3", "quorum and validator changes follow from genesis", "the blocks do not hold");
  if (readable) {
    check_openings();
  } else {
    skip("R4", "re-execution gives the state root", "the blocks do not hold");
    skip("R5", "invariants hold in each block", "the blocks do not hold");
    skip("R6", batches, "the blocks do not hold");
    skip("R7", sequences, "the blocks do not hold");
    skip("R8", feeders, "the blocks do not hold");
  }
  skip("R9", "evidence complete", "this chain's format holds no evidence transactions");
  skip("R10", "access log against consents", "this chain's format holds no consents");
  skip("R11", "destroyed keys open nothing", "this chain's format holds no erasures");
  if (trust)
    add("R12", "rule-set hash as published", check_rules(log_),
        "oracle rules " + to_hex(rules_hash()).substr(0, 16) + " in genesis and " +
            std::to_string(log_.blocks.size()) + " blocks");
  else
    skip("R12", "rule-set hash as published", "genesis does not hold");
  return std::move(checks_);
}

}  // namespace

std::vector<AuditCheck> audit(const AuditInput& input, Verifier& verifier) {
  return Auditor(input, verifier).run();
}

}  // namespace market
