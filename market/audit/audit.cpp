#include "market/audit/audit.hpp"

#include "ledger/oracle/rules.hpp"
#include "market/audit/access_log.hpp"
#include "market/audit/attestation_audit.hpp"
#include "market/audit/batch_audit.hpp"
#include "market/audit/erasure_audit.hpp"
#include "market/audit/feeder_audit.hpp"
#include "market/audit/replay.hpp"

namespace market {
namespace {

constexpr const char* batches = "batches: openings, signatures and rule results recomputed";
constexpr const char* sequences = "sequences have no unexplained gap";
constexpr const char* execution = "re-execution gives the state root";
constexpr const char* invariants = "invariants hold in each block";
constexpr const char* consented = "access log against consents";
constexpr const char* destroyed = "destroyed keys open nothing";
constexpr const char* feeders = "minted energy a feeder is at most its feeder meter's";

class Auditor {
 public:
  Auditor(const AuditInput& input, Verifier& verifier) : input_(input), verifier_(verifier) {}
  std::vector<AuditCheck> run();

 private:
  void add(const char* id, const char* name, const Result<void>& result, std::string detail);
  void skip(const char* id, const char* name, std::string why);
  // Where what a check rests on was erased on purpose: it holds for what is left.
  void erased(const char* id, const char* name, const Result<void>& result,
              const std::set<std::uint64_t>& records, const std::string& detail);
  void check_openings();
  void check_evidence(bool readable);
  bool check_execution_of(const Openings& openings);  // whether all of it was
  void check_batches_and_sequences(const Openings& openings);
  void check_accesses(const Openings& openings);
  void check_destroyed(const Openings& openings);
  void check_minted(const Openings& openings);

  const AuditInput& input_;
  Verifier& verifier_;
  PublicLog log_;
  std::vector<AuditCheck> checks_;
  AuditCheck r10_{"R10", consented, CheckResult::not_checkable,
                  "not checkable because no openings were given"};
  AuditCheck r11_{"R11", destroyed, CheckResult::not_checkable,
                  "not checkable because no openings were given"};
};

void Auditor::add(const char* id, const char* name, const Result<void>& result,
                  std::string detail) {
  checks_.push_back({id, name, result ? CheckResult::holds : CheckResult::fails,
                     result ? std::move(detail) : result.error()});
}

void Auditor::skip(const char* id, const char* name, std::string why) {
  checks_.push_back({id, name, CheckResult::not_checkable, "not checkable because " + why});
}

void Auditor::erased(const char* id, const char* name, const Result<void>& result,
                     const std::set<std::uint64_t>& records, const std::string& detail) {
  checks_.push_back(
      {id, name, result ? CheckResult::not_checkable : CheckResult::fails,
       result ? "not checkable: " + erased_by(records) + ": " + detail : result.error()});
}

void Auditor::check_openings() {
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
    r10_.detail = r11_.detail = "not checkable because the openings do not hold";
    skip("R8", feeders, "the openings do not hold");
    return;
  }
  const bool executed = check_execution_of(*openings);
  check_batches_and_sequences(*openings);
  if (executed)
    check_minted(*openings);
  else
    skip("R8", feeders, "not every block was executed anew");
  check_accesses(*openings);
  check_destroyed(*openings);
}

void Auditor::check_evidence(bool readable) {
  const char* name = "evidence complete";
  if (!readable) return skip("R9", name, "the blocks do not hold");
  if (log_.genesis.attesters == 0)
    return skip("R9", name, "genesis wants no attestations, and there is no other evidence here");
  const auto checked = check_attestations(log_, verifier_);
  if (!checked) return add("R9", name, failure(checked.error()), "");
  add("R9", name, {},
      std::to_string(checked->attested) + " batches and marks attested by " +
          std::to_string(log_.genesis.attesters) + " of " +
          std::to_string(log_.genesis.oracles.size()) + " oracles; " +
          std::to_string(checked->unattested) + " are not");
}

void Auditor::check_accesses(const Openings& openings) {
  for (std::size_t i = 0; i < openings.accesses.size(); ++i)
    if (auto ok = check_access(log_, openings, openings.accesses[i]); !ok) {
      r10_.result = CheckResult::fails;
      r10_.detail = "openings/access: record " + std::to_string(i) + " " + ok.error();
      return;
    }
  if (openings.accesses.empty()) {
    r10_.detail = "not checkable because no access to personal data is logged";
  } else {
    r10_.result = CheckResult::holds;
    r10_.detail = std::to_string(openings.accesses.size()) +
                  " accesses, each the subject's own or under the consent that stood";
  }
}

bool Auditor::check_execution_of(const Openings& openings) {
  if (const auto records = restricted_records(openings.erased); !records.empty()) {
    const auto left = check_what_is_left(log_, openings, verifier_);
    if (!left) {
      add("R4", execution, failure(left.error()), "");
      skip("R5", invariants, "R4 fails");
      return false;
    }
    erased("R4", execution, {}, records,
           "blocks 1 to " + std::to_string(left->state_after) +
               " cannot be executed anew; every opening that is left hashes to its entry (" +
               std::to_string(left->whole) + " entries whole, " + std::to_string(left->partly) +
               " in part), " + std::to_string(left->slots) +
               " slots cleared anew, the state after block " + std::to_string(left->state_after) +
               " is the one that was signed, and " + std::to_string(left->blocks_after) +
               " blocks were executed from it");
    erased("R5", invariants, {}, records, "statements of the accounts are gone");
    return false;
  }
  std::string broken;
  const auto executed = check_execution(log_, openings, verifier_, broken);
  add("R4", execution, executed, std::to_string(log_.blocks.size()) + " blocks executed anew");
  if (!executed)
    skip("R5", invariants, "re-execution fails");
  else
    add("R5", invariants, broken.empty() ? Result<void>() : failure(broken),
        "after each of " + std::to_string(log_.blocks.size()) + " blocks");
  return executed.has_value();
}

void Auditor::check_destroyed(const Openings& openings) {
  const auto checked = check_erasures(log_, openings, verifier_);
  if (!checked) {
    r11_.result = CheckResult::fails;
    r11_.detail = checked.error();
  } else if (checked->records.empty()) {
    r11_.detail = "not checkable because nothing was erased on this ledger";
  } else {
    r11_.result = CheckResult::holds;
    r11_.detail = std::to_string(checked->records.size()) + " erasures, " +
                  std::to_string(checked->leaves) + " openings of which hashes are left; " +
                  "no key and no file of theirs is here";
  }
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
  std::optional<AttestedEntry> wrong;
  const auto checked = check_batches(log_, openings, verifier_, &wrong);
  if (!checked) {
    add("R6", batches, failure(checked.error() + who_attested(log_, wrong)), "");
    skip("R7", sequences, "R6 fails");
    return;
  }
  const std::string opened = std::to_string(checked->batches) + " batches opened";
  if (checked->erased > 0)
    erased("R6", batches, {}, personal_records(openings.erased),
           std::to_string(checked->erased) + " meter records; all else holds, " + opened);
  else
    add("R6", batches, {}, opened);
  add("R7", sequences, check_sequences(log_),
      "epochs and marks of every gateway; " + std::to_string(checked->readings) +
          " readings in sequence, " + std::to_string(checked->gaps) + " gaps flagged, " +
          std::to_string(checked->absences) + " absences signed" +
          (checked->erased > 0
               ? "; not checkable: " + erased_by(personal_records(openings.erased)) + ": " +
                     std::to_string(checked->erased) + " meter records"
               : ""));
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
    r10_.detail = r11_.detail = "not checkable because the blocks do not hold";
    skip("R8", feeders, "the blocks do not hold");
  }
  check_evidence(readable);
  checks_.push_back(r10_);
  checks_.push_back(r11_);
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
