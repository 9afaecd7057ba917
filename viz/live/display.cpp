#include "viz/live/display.hpp"

#include <SFML/Window.hpp>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace viz {
namespace {

constexpr unsigned lowest_opengl = 3;
constexpr char usable = 'y', too_old = 'n';

struct Pipe {
  int read = -1, write = -1;
};

tl::expected<Pipe, std::string> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return tl::unexpected(std::string("the display cannot be tried: no pipe"));
  return Pipe{ends[0], ends[1]};
}

// Runs in the child; whatever SFML prints goes nowhere.
[[noreturn]] void try_display(Pipe answer, Pipe release) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  close(release.write);
  const sf::Context context(sf::ContextSettings(), 16, 16);
  const char found = context.getSettings().majorVersion >= lowest_opengl ? usable : too_old;
  char nothing = 0;
  if (write(answer.write, &found, 1) == 1)
    while (read(release.read, &nothing, 1) < 0 && errno == EINTR) {
    }
  _exit(0);
}

// The child's answer; 0 where it ended without one.
char wait_for(int answer) {
  char out = 0;
  for (;;) {
    const ssize_t got = read(answer, &out, 1);
    if (got == 1) return out;
    if (got == 0 || errno != EINTR) return 0;
  }
}

}  // namespace

tl::expected<Display, std::string> Display::open() {
  const auto answer = make_pipe(), release = make_pipe();
  if (!answer) return tl::unexpected(answer.error());
  if (!release) return tl::unexpected(release.error());
  const pid_t child = fork();
  if (child == 0) try_display(*answer, *release);
  close(answer->write);
  close(release->read);
  const char found = child < 0 ? char{0} : wait_for(answer->read);
  close(answer->read);
  Display out(child, release->write);
  if (child < 0) return tl::unexpected(std::string("the display cannot be tried: no process"));
  if (found == usable) return out;
  if (found == too_old) return tl::unexpected(std::string("the display offers no OpenGL 3"));
  return tl::unexpected(
      std::string("no display can be opened: set DISPLAY, or run it under xvfb-run -a"));
}

Display::Display(Display&& other) noexcept
    : child_(std::exchange(other.child_, -1)), release_(std::exchange(other.release_, -1)) {}

Display::~Display() {
  if (release_ >= 0) close(release_);
  if (child_ <= 0) return;
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace viz
