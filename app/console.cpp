#include "app/console.hpp"

#include <csignal>
#include <iostream>

namespace app {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

int complain(ExitCode code, const std::string& message) {
  std::cerr << "aipchain: " << message << '\n';
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
