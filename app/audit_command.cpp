#include "app/audit_command.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/console.hpp"
#include "app/file_set.hpp"
#include "app/http_log.hpp"
#include "app/input_file.hpp"
#include "market/audit/audit.hpp"
#include "market/receipt/receipt.hpp"

namespace app {
namespace {

using nlohmann::json;

struct Options {
  std::string directory, openings, account, slot, out, receipt;
  std::optional<std::string> policy;
  bool json = false;
};

constexpr const char* symbol(market::CheckResult r) {
  return r == market::CheckResult::holds   ? "holds"
         : r == market::CheckResult::fails ? "FAILS"
                                           : "-";
}

// The policy's text, or empty where none was named: so a file that is empty is no policy.
ledger::Result<std::string> trusted_policy(const Options& o) {
  if (!o.policy) return std::string();
  auto text = read_file(*o.policy);
  if (text && text->empty())
    return ledger::failure("--policy " + *o.policy +
                           ": is empty: no trust root can be taken from it");
  return text;
}

// Details quote what a file holds, which may be any bytes.
std::string safe_json(const json& j) {
  return j.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

// The public log's files, from a directory or an address; `code` is what its failure ends with.
ledger::Result<market::FileSet> public_files(const Options& o, const std::string& policy,
                                             ExitCode& code) {
  code = wrong_input;
  if (o.directory.find("://") == std::string::npos)
    return log_directory(o.directory).and_then(files_below);
  const auto address = parse_http_url(o.directory);
  if (!address) return ledger::failure(address.error());
  auto files = fetch_log(*address, policy);
  if (files) return std::move(*files);
  if (files.error().is_network) code = failed;
  return ledger::failure(files.error().why);
}

int audit(const Options& o) {
  market::AuditInput input;
  const auto policy = trusted_policy(o);
  if (!policy) return complain(wrong_input, policy.error());
  input.trusted_policy = *policy;
  ExitCode code = done;
  auto log = public_files(o, *policy, code);
  if (!log) return complain(code, log.error());
  input.log = std::move(*log);
  if (!o.openings.empty()) {
    const auto openings = files_below(o.openings);
    if (!openings) return complain(wrong_input, openings.error());
    input.openings = *openings;
  }

  ledger::Ed25519Verifier verifier;
  const auto checks = market::audit(input, verifier);
  bool holds = true;
  json list = json::array();
  for (const market::AuditCheck& c : checks) {
    holds = holds && c.result != market::CheckResult::fails;
    json ok = c.result == market::CheckResult::holds   ? json(true)
              : c.result == market::CheckResult::fails ? json(false)
                                                       : json();
    list.push_back({{"id", c.id}, {"name", c.name}, {"ok", ok}, {"detail", c.detail}});
    if (!o.json)
      std::printf("%-4s %-6s %s: %s\n", c.id.c_str(), symbol(c.result), c.name.c_str(),
                  one_line(c.detail).c_str());
  }
  if (o.json) std::cout << safe_json({{"checks", list}, {"holds", holds}});
  return holds ? done : does_not_hold;
}

// A slot by its number, or by a time that lies in it.
ledger::Result<std::optional<ledger::Slot>> slot_of(const std::string& text,
                                                    const ledger::Genesis& genesis) {
  if (text.empty()) return std::optional<ledger::Slot>();
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, number);
      read.ec == std::errc{} && read.ptr == end)
    return std::optional(ledger::Slot{number});
  const auto time = ledger::from_rfc3339(text);
  const std::int64_t since = time ? time->unix_ms - genesis.epoch.unix_ms : -1;
  if (since < 0 || since / genesis.slot_ms > UINT32_MAX)
    return ledger::failure("--slot " + text +
                           ": wants a slot's number or an RFC 3339 time inside the run");
  return std::optional(ledger::Slot{static_cast<std::uint32_t>(since / genesis.slot_ms)});
}

int receipt(const Options& o) {
  const auto account = ledger::array_from_hex<16>(o.account);
  if (!account)
    return complain(wrong_input,
                    "--account " + o.account + ": wants 32 lower-case hexadecimal digits");
  const auto log_files = log_directory(o.directory).and_then(files_below);
  if (!log_files) return complain(wrong_input, log_files.error());
  const auto opening_files =
      files_below(o.openings.empty() ? o.directory + "/openings" : o.openings);
  if (!opening_files) return complain(wrong_input, opening_files.error());

  ledger::Ed25519Verifier verifier;
  market::PublicLog log;
  auto loaded = market::load_trust(log, *log_files, "");
  if (loaded) loaded = market::load_entries(log, *log_files, verifier);
  if (loaded) loaded = market::load_blocks(log, *log_files);
  if (!loaded) return complain(does_not_hold, o.directory + "/log: " + loaded.error());
  const auto openings = market::load_openings(log, *opening_files);
  if (!openings) return complain(does_not_hold, "openings/" + openings.error());
  const auto slot = slot_of(o.slot, log.genesis);
  if (!slot) return complain(wrong_input, slot.error());
  const auto text = market::write_receipt(log, *openings, {*account}, *slot);
  if (!text) return complain(wrong_input, text.error());
  if (o.out.empty()) {
    std::cout << *text;
    return done;
  }
  std::error_code error;
  if (std::filesystem::is_directory(o.out, error))
    return complain(wrong_input, "--out " + o.out + ": is a directory, not a file");
  std::ofstream file(o.out, std::ios::binary);
  file << *text;
  file.flush();
  if (!file) return complain(failed, o.out + ": cannot be written");
  return done;
}

int verify(const Options& o) {
  const auto text = read_file(o.receipt);
  if (!text) return complain(wrong_input, text.error());
  const auto policy = trusted_policy(o);
  if (!policy) return complain(wrong_input, policy.error());
  ledger::Ed25519Verifier verifier;
  const auto checks = market::verify_receipt(*text, *policy, verifier);
  // Of erased data there is nothing to be valid or invalid.
  const std::optional<std::uint64_t> erased = checks.back().erased_by;
  const json valid = erased ? json() : json(checks.back().ok);
  json list = json::array();
  for (const market::ReceiptCheck& c : checks) {
    list.push_back({{"name", c.name}, {"ok", c.ok}, {"detail", c.detail}});
    if (!o.json)
      std::printf("%-6s %s: %s\n", c.ok ? "holds" : "FAILS", c.name.c_str(),
                  one_line(c.detail).c_str());
  }
  json out{{"valid", valid}, {"checks", list}};
  if (erased) out["erased_by_record"] = *erased;
  if (o.json) std::cout << safe_json(out);
  return checks.back().ok ? done : does_not_hold;
}

}  // namespace

void add_audit_commands(CLI::App& program, std::function<int()>& chosen) {
  auto o = std::make_shared<Options>();
  auto* a = program.add_subcommand("audit", "re-checks a whole ledger from its public files");
  a->add_option(
       "directory", o->directory,
       "a run's directory or its log/, or where a server has them: http://host[:port]/path")
      ->required();
  a->add_option("--policy", o->policy, "the trust root, from a source you trust");
  a->add_option("--openings", o->openings, "an auditor's copy of the openings");
  a->add_flag("--json", o->json, "prints JSON");
  a->callback([&chosen, o] { chosen = [o] { return audit(*o); }; });

  auto* r = program.add_subcommand("receipt", "a household's proof for one slot");
  r->add_option("directory", o->directory, "a run's directory")->required();
  r->add_option("--account", o->account, "whose: 32 hexadecimal digits")->required();
  r->add_option("--slot", o->slot, "number of the slot, or a time in it (default: the last)");
  r->add_option("--openings", o->openings, "where the openings are (default: DIR/openings)");
  r->add_option("--out", o->out, "file to write (default: stdout)");
  r->callback([&chosen, o] { chosen = [o] { return receipt(*o); }; });

  auto* v = program.add_subcommand("verify", "checks a receipt offline");
  v->add_option("receipt", o->receipt, "the receipt's file")->required();
  v->add_option("--policy", o->policy, "the trust root, from a source you trust");
  v->add_flag("--json", o->json, "prints JSON");
  v->callback([&chosen, o] { chosen = [o] { return verify(*o); }; });
}

}  // namespace app
