#pragma once
// Whether there is a display that OpenGL can draw on.

#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>

namespace viz {

// SFML ends the whole process where it finds no display, so a child process opens one first. It
// keeps its connection while this lives: an X server that loses its last client may start afresh,
// and refuses whoever comes in that moment.
class Display {
 public:
  static tl::expected<Display, std::string> open();
  Display(Display&& other) noexcept;
  Display& operator=(Display&&) = delete;
  ~Display();

 private:
  Display(pid_t child, int release) : child_(child), release_(release) {}
  pid_t child_;
  int release_;  // the child ends when this is closed
};

}  // namespace viz
