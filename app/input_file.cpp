#include "app/input_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace app {
namespace {

struct OpenFile {
  int fd = -1;
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

ledger::Result<std::string> read_file(const std::string& path, std::size_t most) {
  const auto fail = [&](const std::string& why) { return ledger::failure(path + ": " + why); };
  struct stat what {};
  // Before it is opened: opening a device may do something already.
  if (stat(path.c_str(), &what) != 0)
    return fail(std::string("cannot be read: ") + std::strerror(errno));
  if (S_ISDIR(what.st_mode)) return fail("is a directory, not a file");
  if (!S_ISREG(what.st_mode) && !S_ISFIFO(what.st_mode))
    return fail("is neither a file nor a pipe");
  const OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return fail(std::string("cannot be read: ") + std::strerror(errno));
  std::string out;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = read(file.fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("cannot be read to its end");
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > most)
      return fail("is larger than " + std::to_string(most >> 20) + " MiB");
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace app
