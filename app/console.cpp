#include "app/console.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace app {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

std::string one_line(const std::string& text) {
  constexpr std::size_t longest = 2000;
  std::string line = text.size() <= longest ? text : text.substr(0, longest) + "...";
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, ' ');
  return line;
}

int complain(ExitCode code, const std::string& message) {
  std::cerr << "aipchain: " << one_line(message) << '\n';
  return code;
}

void warn(const std::string& message) {
  std::cerr << "aipchain: warning: " << one_line(message) << '\n';
}

namespace {

void on_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void end_now(int) { _exit(interrupted); }

void ask_to_stop(int) {
  if (stop_requested.exchange(true)) _exit(interrupted);
}

}  // namespace

void end_on_signals() { on_signals(end_now); }
void stop_on_signals() { on_signals(ask_to_stop); }

void open_closed_streams() {
  // What is written to a closed stdout has not arrived, and /dev/full says so.
  constexpr const char* in_its_place[] = {"/dev/null", "/dev/full", "/dev/null"};
  for (int fd = 0; fd < 3; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && open(in_its_place[fd], fd == 0 ? O_RDONLY : O_WRONLY) != fd)
      _exit(failed);
}

bool stdout_is_written() {
  std::cout.flush();
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
}

}  // namespace app
