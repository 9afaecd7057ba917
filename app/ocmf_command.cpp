#include "app/ocmf_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/console.hpp"
#include "app/input_file.hpp"
#include "app/ocmf_writing.hpp"
#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"

namespace app {
namespace {

using nlohmann::json;

struct OcmfOptions {
  std::string file, key;
  bool lines = false, json = false;
};

json mwh_json(const std::optional<ledger::MilliWattHours>& energy) {
  return energy ? json(energy->value) : json();
}

json samples_json(const std::vector<ledger::OcmfSample>& samples) {
  json out = json::array();
  for (const ledger::OcmfSample& s : samples)
    out.push_back({{"time", ledger::to_rfc3339(s.time)},
                   {"time_state", std::string(1, static_cast<char>(s.time_state))},
                   {"transaction", s.transaction},
                   {"import_mwh", mwh_json(s.import_total)},
                   {"export_mwh", mwh_json(s.export_total)},
                   {"of_transaction_mwh", mwh_json(s.of_transaction)},
                   {"energy_usable", s.energy_usable},
                   {"time_usable", s.time_usable}});
  return out;
}

json readings_json(const std::vector<ledger::OcmfReading>& readings) {
  json out = json::array();
  for (const ledger::OcmfReading& r : readings)
    out.push_back({{"time", ledger::to_rfc3339(r.time)},
                   {"time_state", std::string(1, static_cast<char>(r.time_state))},
                   {"transaction", r.transaction},
                   {"value", r.value},
                   {"unit", r.unit},
                   {"obis", r.obis},
                   {"error_flags", r.error_flags},
                   {"meter_state", r.meter_state}});
  return out;
}

json check_json(const ledger::OcmfCheck& check) {
  json out{{"verdict", ledger::name_of(check.verdict)}, {"why", check.why}};
  if (check.record) {
    const ledger::OcmfRecord& r = *check.record;
    out["algorithm"] = r.signature.algorithm;
    out["page"] = r.pagination;
    out["gateway"] = {{"id", r.gateway_id}, {"serial", r.gateway_serial}};
    out["meter"] = {
        {"vendor", r.meter_vendor}, {"model", r.meter_model}, {"serial", r.meter_serial}};
    out["readings"] = readings_json(r.readings);
    const auto samples = ledger::samples_of(r);
    out["energy"] = samples ? samples_json(*samples) : json();
    out["why_no_energy"] = samples ? "" : samples.error();
  }
  return out;
}

void print_energy(const char* what, const std::optional<ledger::MilliWattHours>& energy) {
  if (energy) std::printf("  %s %lld mWh", what, static_cast<long long>(energy->value));
}

void print_text(const ledger::OcmfCheck& check) {
  std::printf("%s%s%s\n", std::string(name_of(check.verdict)).c_str(),
              check.why.empty() ? "" : ": ", one_line(check.why).c_str());
  if (!check.record) return;
  if (check.verdict != ledger::OcmfVerdict::valid) std::printf("it says, unproven:\n");
  const ledger::OcmfRecord& r = *check.record;
  std::printf("meter %s, gateway %s, page %s, %s\n", one_line(r.meter_serial).c_str(),
              one_line(r.gateway_serial).c_str(), one_line(r.pagination).c_str(),
              one_line(r.signature.algorithm).c_str());
  const auto samples = ledger::samples_of(r);
  if (!samples) std::printf("no energy is taken: %s\n", one_line(samples.error()).c_str());
  for (const ledger::OcmfSample& s : samples.value_or(std::vector<ledger::OcmfSample>())) {
    std::printf("%s %c  %s", ledger::to_rfc3339(s.time).c_str(), static_cast<char>(s.time_state),
                one_line(s.transaction).c_str());
    print_energy("import", s.import_total);
    print_energy("export", s.export_total);
    print_energy("of the transaction", s.of_transaction);
    std::printf("%s%s\n", s.energy_usable ? "" : "  energy not usable",
                s.time_usable ? "" : "  time not usable");
  }
}

// A file of many records: each has to be valid, and there has to be one.
int verify_lines(const std::string& text, const OcmfOptions& o) {
  json all = json::array();
  bool holds = true;
  std::size_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const ledger::OcmfCheck check = ledger::check_ocmf(line, std::string_view(o.key));
    holds = holds && check.verdict == ledger::OcmfVerdict::valid;
    ++count;
    if (o.json)
      all.push_back(check_json(check));
    else
      print_text(check);
  }
  if (o.json) std::cout << all.dump(2) << '\n';
  if (count == 0) return complain(does_not_hold, o.file + ": holds no record");
  return holds ? done : does_not_hold;
}

int verify(const OcmfOptions& o) {
  const auto text = read_file(o.file);
  if (!text) return complain(wrong_input, text.error());
  if (o.lines) return verify_lines(*text, o);
  const ledger::OcmfCheck check = ledger::check_ocmf(*text, std::string_view(o.key));
  if (o.json)
    std::cout << check_json(check).dump(2) << '\n';
  else
    print_text(check);
  return check.verdict == ledger::OcmfVerdict::valid ? done : does_not_hold;
}

}  // namespace

void add_ocmf_command(CLI::App& program, std::function<int()>& chosen) {
  CLI::App* ocmf = program.add_subcommand("ocmf", "signed records of charging meters");
  ocmf->require_subcommand(1);
  const auto options = std::make_shared<OcmfOptions>();
  CLI::App* command = ocmf->add_subcommand("verify", "whether a meter signed a record");
  command->add_option("FILE", options->file, "the record: OCMF|{...}|{...}")->required();
  command
      ->add_option("--key", options->key,
                   "the meter's public key, DER in hexadecimal digits or base64")
      ->required();
  command->add_flag("--lines", options->lines,
                    "the file holds a record a line, as a run's records/ACCOUNT.ocmf does");
  command->add_flag("--json", options->json, "one JSON object on stdout; with --lines a list");
  command->callback([options, &chosen] { chosen = [options] { return verify(*options); }; });
  add_ocmf_writing(*ocmf, chosen);
}

}  // namespace app
