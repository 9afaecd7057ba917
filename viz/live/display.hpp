#pragma once
// Whether there is a display that OpenGL can draw on.

#include <string>
#include <tl/expected.hpp>

namespace viz {

// SFML ends the whole process where it finds no display, so a child process tries first.
tl::expected<void, std::string> check_display();

}  // namespace viz
