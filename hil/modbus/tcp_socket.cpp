#include "hil/modbus/tcp_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hil {
namespace {

// Waits for a connect that is under way; 0 or the reason as an errno.
int outcome_of_connect(int fd, ledger::Duration timeout) {
  pollfd watched{fd, POLLOUT, 0};
  const int ready =
      poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(1, timeout.whole_ms())));
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

// A connected, blocking socket, or the reason as an errno.
tl::expected<int, int> connect_to(const addrinfo& target, ledger::Duration timeout) {
  const int fd = socket(target.ai_family, target.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return tl::unexpected(errno);
  int error = connect(fd, target.ai_addr, target.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = outcome_of_connect(fd, timeout);
  if (error == 0 && fd >= FD_SETSIZE) error = EMFILE;  // libmodbus waits with select
  const int yes = 1;
  if (error == 0 && (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
                     fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0))
    error = errno;
  if (error == 0) return fd;
  close(fd);
  return tl::unexpected(error);
}

}  // namespace

tl::expected<int, std::string> connect_to(const Address& address, ledger::Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return tl::unexpected(std::string(gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const ledger::Duration each = found->ai_next ? ledger::nanoseconds(timeout.ns / 2) : timeout;
  auto fd = connect_to(*found, each);
  if (!fd && found->ai_next) fd = connect_to(*found->ai_next, each);
  if (!fd) return tl::unexpected(std::string(std::strerror(fd.error())));
  return *fd;
}

tl::expected<int, std::string> listening_socket(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return tl::unexpected(to_text(address) + ": " + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::string reason = "no address";
  for (const addrinfo* each = found; each; each = each->ai_next) {
    const int fd = socket(each->ai_family, each->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, each->ai_addr, each->ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0)
      return fd;
    reason = std::strerror(errno);
    if (fd >= 0) close(fd);
  }
  return tl::unexpected("cannot listen on " + to_text(address) + ": " + reason);
}

std::uint16_t port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  const auto port = bound.ss_family == AF_INET6
                        ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                        : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port;
  return ntohs(port);
}

}  // namespace hil
