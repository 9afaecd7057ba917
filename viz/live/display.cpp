#include "viz/live/display.hpp"

#include <SFML/Window.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace viz {
namespace {

constexpr int lowest_opengl = 3;

// Runs in the child: its exit code is the answer, and whatever SFML prints goes nowhere.
[[noreturn]] void try_display() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  const sf::Context context(sf::ContextSettings(), 16, 16);
  _exit(static_cast<int>(context.getSettings().majorVersion) >= lowest_opengl ? 0 : 1);
}

}  // namespace

tl::expected<void, std::string> check_display() {
  const pid_t child = fork();
  if (child < 0) return tl::unexpected(std::string("the display cannot be tried: fork failed"));
  if (child == 0) try_display();
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return tl::unexpected(std::string("the display cannot be tried"));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const bool answered = WIFEXITED(status) && WEXITSTATUS(status) == 1;
  if (answered) return tl::unexpected(std::string("the display offers no OpenGL 3"));
  return tl::unexpected(
      std::string("no display can be opened: set DISPLAY, or run it under xvfb-run -a"));
}

}  // namespace viz
