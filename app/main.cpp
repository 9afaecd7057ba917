// The program: one subcommand a file, each adds itself and is run when it was chosen.

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <iostream>

#include "app/audit_command.hpp"
#include "app/console.hpp"
#include "app/field_command.hpp"
#include "app/grid_command.hpp"
#include "app/meter_command.hpp"
#include "app/run_command.hpp"
#include "app/view_command.hpp"

namespace {

// What is wrong with the word that stands where a subcommand should; empty where it is one.
std::string unknown_command(const CLI::App& program, const std::string& word) {
  std::string known;
  for (const CLI::App* command : program.get_subcommands(nullptr)) {
    if (command->get_name() == word) return {};
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return word + ": unknown command; known: " + known;
}

// Every command takes --quiet; those that say nothing but errors on stderr anyway have no other use
// for it.
void allow_quiet(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_option_no_throw("--quiet") == nullptr)
      command->add_flag("--quiet")->description("nothing but errors on stderr");
    allow_quiet(*command);
  }
}

int run(int argc, char** argv) {
  CLI::App program("AIPCHAIN: a digital twin with hardware in the loop for local energy",
                   "aipchain");
  program.set_version_flag("--version", AIPCHAIN_VERSION);
  program.require_subcommand(1);
  std::function<int()> chosen;
  program.add_subcommand("help", "what this program can do")->callback([&] {
    chosen = [&program] {
      program.clear();  // or it would print the help of `help`
      std::cout << program.help();
      return static_cast<int>(app::done);
    };
  });
  app::add_run_command(program, chosen);
  app::add_audit_commands(program, chosen);
  app::add_field_command(program, chosen);
  app::add_replay_command(program, chosen);
  app::add_meter_command(program, chosen);
  app::add_grid_command(program, chosen);
  app::add_view_command(program, chosen);
  allow_quiet(program);
  if (argc > 1 && argv[1][0] != '-')
    if (const auto what = unknown_command(program, argv[1]); !what.empty())
      return app::complain(app::wrong_input, what);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? app::done : app::wrong_input;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "aipchain: " << error.what() << '\n';
    return app::failed;
  }
}
