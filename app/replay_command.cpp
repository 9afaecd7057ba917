#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/field_command.hpp"
#include "app/input_file.hpp"
#include "twin/node/validator/recording.hpp"

namespace app {
namespace {

using nlohmann::json;

json roots_json(const twin::RecordedRoots& r) {
  return {{"content_root", ledger::to_hex(r.content_root)},
          {"height", r.height},
          {"log_root", ledger::to_hex(r.log_root)},
          {"log_size", r.log_size},
          {"state_root", ledger::to_hex(r.state_root)}};
}

int replay(const std::string& path, bool as_json) {
  const auto bytes = read_file(path, largest_ledger_file);
  if (!bytes) return complain(wrong_input, bytes.error());
  const auto result = twin::replay(ledger::bytes_of(*bytes));
  if (!result) return complain(wrong_input, path + ": " + result.error());
  const bool equal = result->finished && result->first_difference.empty();
  const std::string why = !result->finished ? "the recording has no end" : result->first_difference;
  if (as_json) {
    json j = roots_json(result->replayed);
    j["recorded"] = roots_json(result->recorded);
    j["steps"] = result->steps;
    j["equal"] = equal;
    if (!equal) j["difference"] = why;
    std::cout << j.dump(2) << '\n';
  } else {
    std::cout << result->steps << " steps replayed to height " << result->replayed.height << ": "
              << (equal ? "equal effects and roots" : "DIFFERS, " + why) << '\n';
  }
  return equal ? done : does_not_hold;
}

}  // namespace

void add_replay_command(CLI::App& program, std::function<int()>& chosen) {
  struct Options {
    std::string recording;
    bool json = false;
  };
  auto o = std::make_shared<Options>();
  auto* command =
      program.add_subcommand("replay", "feeds a node's recorded inputs through the same code");
  command->add_option("recording", o->recording, "a run's recording")->required();
  command->add_flag("--json", o->json, "prints JSON");
  command->callback([&chosen, o] { chosen = [o] { return replay(o->recording, o->json); }; });
}

}  // namespace app
