#include "viz/live/private_display.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace viz {
namespace {

constexpr int patience_ms = 15'000;  // until the server has chosen a display

// Runs in the child. The server writes the number of its display to `answer`, and ends with us.
[[noreturn]] void become_server(int answer, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  signal(SIGINT, SIG_IGN);  // of the terminal; it is for us, and the server ends with us
  const int nowhere = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) dup2(nowhere, fd);
  fcntl(answer, F_SETFD, 0);
  const std::string number = std::to_string(answer);
  execlp("Xvfb", "Xvfb", "-displayfd", number.c_str(), "-screen", "0", "1280x1024x24", "-noreset",
         "-nolisten", "tcp", static_cast<char*>(nullptr));
  _exit(127);
}

// The digits up to the end of the line; empty where none came in time.
std::string line_of(int answer) {
  std::string out;
  pollfd watched{answer, POLLIN, 0};
  for (char c = 0;;) {
    const int ready = poll(&watched, 1, patience_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 1 || read(answer, &c, 1) != 1) return {};
    if (c == '\n') return out;
    out += c;
  }
}

}  // namespace

tl::expected<PrivateDisplay, std::string> PrivateDisplay::start() {
  std::array<int, 2> answer{};
  if (pipe2(answer.data(), O_CLOEXEC) != 0)
    return tl::unexpected(std::string("no display can be started: no pipe"));
  const pid_t parent = getpid(), server = fork();
  if (server == 0) become_server(answer[1], parent);
  close(answer[1]);
  PrivateDisplay out(server);
  const std::string number = server < 0 ? std::string() : line_of(answer[0]);
  close(answer[0]);
  if (number.empty())
    return tl::unexpected(
        std::string("no display can be opened: set DISPLAY, or install Xvfb (apt install xvfb)"));
  setenv("DISPLAY", (":" + number).c_str(), 1);
  return out;
}

PrivateDisplay::PrivateDisplay(PrivateDisplay&& other) noexcept
    : server_(std::exchange(other.server_, -1)) {}

PrivateDisplay::~PrivateDisplay() {
  if (server_ <= 0) return;
  kill(server_, SIGTERM);
  while (waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace viz
