#include "app/http_get.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace app {

using namespace ledger;

namespace {

using Clock = std::chrono::steady_clock;

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

class Connection {
 public:
  Connection(const HttpAddress& address, const HttpLimits& limits)
      : address_(address), limits_(limits), deadline_(Clock::now() + limits.file) {}

  Result<void> open();
  Result<void> send(std::string_view request);
  // Adds what came next to `out`; nothing added is the end.
  Result<void> receive(Bytes& out, std::size_t most);

 private:
  Result<void> connect_to(const addrinfo& to);
  Result<void> wait_for(short events, std::chrono::milliseconds patience);

  const HttpAddress& address_;
  const HttpLimits& limits_;
  Clock::time_point deadline_;
  Descriptor socket_;
};

Result<void> Connection::open() {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &found);
  if (error != 0) return failure(std::string("host not found: ") + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  Result<void> connected = failure("host has no address");
  for (const addrinfo* to = found; to && !connected; to = to->ai_next) connected = connect_to(*to);
  return connected;
}

Result<void> Connection::connect_to(const addrinfo& to) {
  Descriptor made;
  made.fd = socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
  if (made.fd < 0) return failure(std::strerror(errno));
  std::swap(socket_.fd, made.fd);
  if (connect(socket_.fd, to.ai_addr, to.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return failure(std::string("cannot connect: ") + std::strerror(errno));
  if (auto ok = wait_for(POLLOUT, limits_.connect); !ok) return ok;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failure(std::string("cannot connect: ") + std::strerror(error));
  return {};
}

Result<void> Connection::wait_for(short events, std::chrono::milliseconds patience) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  const auto wait = std::clamp(left, std::chrono::milliseconds(0), patience);
  pollfd watched{socket_.fd, events, 0};
  int ready = 0;
  do ready = wait.count() > 0 ? poll(&watched, 1, static_cast<int>(wait.count())) : 0;
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return failure(std::strerror(errno));
  if (ready > 0) return {};
  return left > patience
             ? failure("no answer for " + std::to_string(patience.count()) + " ms")
             : failure("the file took more than " + std::to_string(limits_.file.count()) + " ms");
}

Result<void> Connection::send(std::string_view request) {
  while (!request.empty()) {
    if (auto ok = wait_for(POLLOUT, limits_.silence); !ok) return ok;
    const ssize_t sent = ::send(socket_.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      return failure(std::string("the connection broke: ") + std::strerror(errno));
    if (sent > 0) request.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Connection::receive(Bytes& out, std::size_t most) {
  const std::size_t before = out.size();
  out.resize(before + std::min<std::size_t>(most, 65'536));
  ssize_t got = -1;
  Result<void> ok;
  while (ok && got < 0) {
    ok = wait_for(POLLIN, limits_.silence);
    if (ok) got = recv(socket_.fd, out.data() + before, out.size() - before, 0);
    if (ok && got < 0 && errno != EAGAIN && errno != EINTR)
      ok = failure(std::string("the connection broke: ") + std::strerror(errno));
  }
  out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return ok;
}

struct Head {
  int status = 0;
  std::optional<std::uint64_t> length;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return out;
}

Result<void> take_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return failure("a header without a colon");
  const std::string name = lower(line.substr(0, colon));
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  if (name == "transfer-encoding" || (name == "content-encoding" && lower(value) != "identity"))
    return failure("an encoded body, which was not asked for");
  if (name != "content-length") return {};
  std::uint64_t length = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, length);
  if (read.ec != std::errc{} || read.ptr != end || head.length)
    return failure("a Content-Length that is none, or two");
  head.length = length;
  return {};
}

// "HTTP/1.1 200 OK" and headers, without the empty line.
Result<Head> parse_head(std::string_view text) {
  Head head;
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view status = text.substr(0, end);
  const bool plain = status.size() >= 12 && status.starts_with("HTTP/1.") && status[8] == ' ' &&
                     (status.size() == 12 || status[12] == ' ');
  const char* digits = status.data() + 9;
  if (!plain || std::from_chars(digits, digits + 3, head.status).ptr != digits + 3)
    return failure("what answers does not speak HTTP");
  for (text.remove_prefix(end); !text.empty();) {
    text.remove_prefix(2);
    const std::size_t line = std::min(text.find("\r\n"), text.size());
    if (auto ok = take_header(text.substr(0, line), head); !ok) return failure(ok.error());
    text.remove_prefix(line);
  }
  return head;
}

// Reads up to the empty line; what came behind it stays in `rest`.
Result<Head> read_head(Connection& connection, Bytes& rest, std::size_t most) {
  constexpr std::string_view end = "\r\n\r\n";
  for (;;) {
    const auto at = std::search(rest.begin(), rest.end(), end.begin(), end.end());
    if (at != rest.end()) {
      const std::string text(rest.begin(), at);
      rest.erase(rest.begin(), at + static_cast<std::ptrdiff_t>(end.size()));
      return parse_head(text);
    }
    if (rest.size() >= most)
      return failure("headers of more than " + std::to_string(most) + " bytes");
    const std::size_t before = rest.size();
    if (auto ok = connection.receive(rest, most - before); !ok) return failure(ok.error());
    if (rest.size() == before) return failure("the answer ended in its headers");
  }
}

Result<Bytes> read_body(Connection& connection, Bytes body, const Head& head, std::size_t most) {
  const std::size_t wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(head.length.value_or(most + 1), most + 1));
  while (body.size() < wanted) {
    const std::size_t before = body.size();
    if (auto ok = connection.receive(body, wanted - before); !ok) return failure(ok.error());
    if (body.size() > before) continue;
    if (!head.length) return body;
    return failure("the answer ended after " + std::to_string(before) + " of " +
                   std::to_string(*head.length) + " bytes");
  }
  body.resize(wanted);
  return body;
}

}  // namespace

std::string HttpAddress::authority() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + port;
}

Result<HttpAddress> parse_http_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const auto wrong = [&](const char* why) {
    return failure(std::string(url) + ": " + why + "; wanted is http://host[:port][/path]");
  };
  if (!url.starts_with(scheme)) return wrong("is not an http:// address");
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; }) ||
      url.find_first_of("?#@") != std::string_view::npos)
    return wrong("holds what is no host, port or path");
  std::string_view rest = url.substr(scheme.size());
  HttpAddress out;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  out.path = rest.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return wrong("has no end to its bracket");
  if (const std::size_t colon = host.find(':', bracket); colon != std::string_view::npos) {
    out.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  out.host = bracket > 0 ? host.substr(1, bracket - 1) : host;
  int port = 0;
  const auto read = std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
  if (read.ec != std::errc{} || read.ptr != out.port.data() + out.port.size() || port < 1 ||
      port > 65'535)
    return wrong("has no port of 1 to 65535");
  if (out.host.empty() || (bracket > 0 && host.size() != bracket + 1)) return wrong("has no host");
  return out;
}

Result<std::optional<Bytes>> http_get(const HttpAddress& address, const std::string& path,
                                      std::size_t most, const HttpLimits& limits) {
  const auto failed = [&](const std::string& why) {
    return failure(address.url() + path + ": " + why);
  };
  Connection connection(address, limits);
  if (auto ok = connection.open(); !ok) return failed(ok.error());
  if (auto ok = connection.send("GET " + address.path + path +
                                " HTTP/1.0\r\nHost: " + address.authority() +
                                "\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n");
      !ok)
    return failed(ok.error());
  Bytes rest;
  const auto head = read_head(connection, rest, limits.head_bytes);
  if (!head) return failed(head.error());
  if (head->status == 404) return std::optional<Bytes>();
  if (head->status >= 300 && head->status < 400)
    return failed("answers " + std::to_string(head->status) + ": redirects are not followed");
  if (head->status != 200) return failed("answers " + std::to_string(head->status));
  auto body = read_body(connection, std::move(rest), *head, most);
  if (!body) return failed(body.error());
  return std::optional(std::move(*body));
}

}  // namespace app
