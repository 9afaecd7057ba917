#pragma once
// A server on loopback that answers each GET as a test says, on a thread of its own.

#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace test {

class HttpServer {
 public:
  // Writes to the client; false once that has gone or the server ends.
  using Write = std::function<bool(const std::string&)>;
  using Answer = std::function<void(const std::string& path, const Write& write)>;

  explicit HttpServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* generic = reinterpret_cast<sockaddr*>(&at);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, generic, &size) != 0)
      std::abort();
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ends_ = true;
    thread_.join();
    close(listener_);
  }
  HttpServer(const HttpServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }

  static std::string ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static constexpr const char* not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

 private:
  void serve() {
    while (!ends_) {
      pollfd watched{listener_, POLLIN, 0};
      if (poll(&watched, 1, 20) != 1) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      ++requests_;
      answer_(path_of(client), [&](const std::string& text) { return write(client, text); });
      close(client);
    }
  }
  static std::string path_of(int client) {
    std::string request;
    char c = 0;
    while (!request.ends_with("\r\n\r\n") && recv(client, &c, 1, 0) == 1) request.push_back(c);
    const std::size_t begin = request.find(' ') + 1;
    return request.substr(begin, request.find(' ', begin) - begin);
  }
  bool write(int client, const std::string& text) const {
    for (std::size_t at = 0; at < text.size() && !ends_;) {
      pollfd watched{client, POLLOUT, 0};
      if (poll(&watched, 1, 20) != 1) continue;
      const ssize_t sent =
          send(client, text.data() + at, text.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return !ends_;
  }

  Answer answer_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> ends_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

}  // namespace test
