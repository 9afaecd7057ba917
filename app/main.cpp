// The program: one subcommand a file, each adds itself and is run when it was chosen.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "app/audit_command.hpp"
#include "app/console.hpp"
#include "app/erase_command.hpp"
#include "app/field_command.hpp"
#include "app/grid_command.hpp"
#include "app/ladder_command.hpp"
#include "app/market_command.hpp"
#include "app/meter_command.hpp"
#include "app/node_command.hpp"
#include "app/ocmf_command.hpp"
#include "app/run_command.hpp"
#include "app/statement_command.hpp"
#include "app/subject_command.hpp"
#include "app/tx_command.hpp"
#include "app/view_command.hpp"
#include "twin/scenario/nearest.hpp"

namespace {

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = twin::nearest(word.substr(0, 80), known);
  return near.empty() ? "" : "; did you mean " + near + "?";
}

// The command that the words name, as far as they name one; what is wrong with the word that stands
// where a command should.
struct Named {
  CLI::App* command = nullptr;
  std::string before;  // what stands before its name: "aipchain meter"
  std::string problem;
};

Named command_named(CLI::App& program, const std::vector<std::string>& words) {
  Named out{&program, {}, {}};
  for (const std::string& word : words) {
    const auto commands = out.command->get_subcommands(nullptr);
    if (commands.empty() || word.starts_with("-")) break;
    std::vector<std::string> names;
    CLI::App* found = nullptr;
    for (CLI::App* each : commands) {
      names.push_back(each->get_name());
      if (each->get_name() == word) found = each;
    }
    if (!found) {
      out.problem =
          word.substr(0, 80) + ": unknown command" + did_you_mean(word, names) + "; known:";
      for (const std::string& name : names) out.problem += " " + name;
      break;
    }
    out.before += (out.before.empty() ? "" : " ") + out.command->get_name();
    out.command = found;
  }
  return out;
}

// `help` and `help COMMAND`.
int help(CLI::App& program, const std::vector<std::string>& words) {
  const Named named = command_named(program, words);
  if (!named.problem.empty()) return app::complain(app::wrong_input, named.problem);
  std::cout << named.command->help(named.before);
  return app::done;
}

// One line for whatever the command line has wrong.
int wrong_command_line(const Named& named, const CLI::ParseError& error) {
  const CLI::App& command = *named.command;
  std::string message = error.what();
  const bool has_extras = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  // An option that is misspelt is missing, too.
  if (has_extras || dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const auto extras = command.remaining(true);
    const auto word = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& w) { return w.starts_with("-"); });
    if (word != extras.end()) {
      std::vector<std::string> known;
      for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
      message = word->substr(0, 80) + ": unknown option" +
                did_you_mean(word->substr(0, word->find('=')), known);
    } else if (has_extras && !extras.empty()) {
      message = extras.front() + ": one word too many";
    }
  }
  return app::complain(app::wrong_input, message + " (see " + named.before +
                                             (named.before.empty() ? "" : " ") +
                                             command.get_name() + " --help)");
}

// Every command takes --version, and --quiet; those that say nothing but errors on stderr anyway
// have no other use for it. No option takes an empty text: it would pass for one that is not there.
void complete(CLI::App& app) {
  const CLI::Validator not_empty(
      [](const std::string& text) { return text.empty() ? "is empty" : ""; }, "");
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_option_no_throw("--quiet") == nullptr)
      command->add_flag("--quiet")->description("nothing but errors on stderr");
    command->set_version_flag("--version", AIPCHAIN_VERSION);
    for (CLI::Option* option : command->get_options())
      if (option->get_items_expected_max() > 0) option->check(not_empty);
    complete(*command);
  }
}

int run(int argc, char** argv) {
  CLI::App program("AIPCHAIN: a digital twin with hardware in the loop for local energy",
                   "aipchain");
  program.set_version_flag("--version", AIPCHAIN_VERSION);
  program.require_subcommand(1);
  std::function<int()> chosen;
  program.add_subcommand("help", "what this program, or `help COMMAND`, can do");
  app::add_run_command(program, chosen);
  app::add_ladder_command(program, chosen);
  app::add_audit_commands(program, chosen);
  app::add_erase_command(program, chosen);
  app::add_subject_commands(program, chosen);
  app::add_statement_command(program, chosen);
  app::add_tx_commands(program, chosen);
  app::add_field_command(program, chosen);
  app::add_replay_command(program, chosen);
  app::add_meter_command(program, chosen);
  app::add_ocmf_command(program, chosen);
  app::add_grid_command(program, chosen);
  app::add_market_command(program, chosen);
  app::add_view_command(program, chosen);
  app::add_node_commands(program, chosen);
  complete(program);
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "help" && (words.size() == 1 || !words[1].starts_with("-")))
    return help(program, {words.begin() + 1, words.end()});
  const Named named = command_named(program, words);
  if (!named.problem.empty()) return app::complain(app::wrong_input, named.problem);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error), app::done;
    return wrong_command_line(named, error);
  }
  if (!chosen) return help(program, {});  // `help` with an option of its own
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  app::end_on_signals();
  app::open_closed_streams();
  int code = app::failed;
  try {
    code = run(argc, argv);
  } catch (const std::exception& error) {
    return app::complain(app::failed, error.what());
  }
  if (code == app::wrong_input || app::stdout_is_written()) return code;
  return app::complain(app::failed, "stdout: cannot be written");
}
