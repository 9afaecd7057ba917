#pragma once
// A display of our own for pictures on machines that have none.

#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>

namespace viz {

// Runs Xvfb (Debian: xvfb) on a free display for as long as this lives, and sets DISPLAY to it.
class PrivateDisplay {
 public:
  // The error says what to install.
  static tl::expected<PrivateDisplay, std::string> start();
  PrivateDisplay(PrivateDisplay&& other) noexcept;
  PrivateDisplay& operator=(PrivateDisplay&&) = delete;
  ~PrivateDisplay();

 private:
  explicit PrivateDisplay(pid_t server) : server_(server) {}
  pid_t server_;
};

}  // namespace viz
