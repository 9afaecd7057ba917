#include "hil/durable_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace hil {
namespace {

bool write_all(int file, ledger::BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

bool sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  return synced;
}

}  // namespace

ledger::Result<void> write_durably(const std::string& path, ledger::BytesView bytes) {
  const auto failed = [&] {
    return ledger::failure(path + ": cannot be written: " + std::strerror(errno));
  };
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed();
  const bool written = write_all(file, bytes) && ::fsync(file) == 0;
  if (::close(file) != 0 || !written) return failed();
  if (std::rename(fresh.c_str(), path.c_str()) != 0 || !sync_folder(path)) return failed();
  return {};
}

}  // namespace hil
