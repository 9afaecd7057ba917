#include "app/console.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>

namespace app {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

int complain(ExitCode code, const std::string& message) {
  std::string line = message;  // which may quote a name or a value with line ends
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  std::cerr << "aipchain: " << line << '\n';
  return code;
}

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_requested = true; };
  action.sa_flags = SA_RESETHAND;  // the second one has its default effect
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace app
