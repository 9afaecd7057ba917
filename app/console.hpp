#pragma once
// What all subcommands share: exit codes, errors, interruption, the state of stdout.

#include <atomic>
#include <string>

namespace app {

enum ExitCode : int {
  done = 0,
  does_not_hold = 1,
  wrong_input = 2,
  failed = 3,
  interrupted = 130,
};

// One line on stderr; gives the code, for `return complain(...)`.
int complain(ExitCode code, const std::string& message);
void warn(const std::string& message);

// On one line, cut where it is very long: it may quote a name or a value of any bytes and size.
std::string one_line(const std::string& text);

// SIGINT and SIGTERM end the process with 130, also where it was started with them ignored. Called
// before anything else.
void end_on_signals();
// From now on the first of them sets `stop_requested`; a second one ends the process.
void stop_on_signals();
extern std::atomic<bool> stop_requested;

// A closed standard stream would hand its number to the next file that is opened, and output would
// end up in that file.
void open_closed_streams();
// Writes out what is buffered; false where any of the output has not arrived.
bool stdout_is_written();

}  // namespace app
