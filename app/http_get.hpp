#pragma once
// One file from a static file server: HTTP/1.0 GET (RFC 1945) over TCP, which leaves out all that a
// hostile server could make long: no redirects, no chunks, no compression, one answer a connection.
// What is fetched is checked by hashes and signatures, so that the wire needs no trust.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"

namespace app {

struct HttpAddress {
  std::string host, port = "80";
  std::string path;  // "" or begins with a slash, and does not end in one

  std::string authority() const;  // host:port
  std::string url() const { return "http://" + authority() + path; }
};

// Of `http://host[:port][/path]`; IPv6 addresses stand in brackets.
ledger::Result<HttpAddress> parse_http_url(std::string_view url);

struct HttpLimits {
  std::chrono::milliseconds connect{5'000}, silence{10'000}, file{60'000};
  std::size_t head_bytes = 16'384;
  std::size_t all_bytes = std::size_t{1} << 30;  // of a whole log, which is audited in memory
};

// The bytes at the address' path and `path`; nothing where the server says 404. At most `most` + 1
// bytes are read: more than `most` is the caller's finding. The error is one of the network or the
// server, in words.
ledger::Result<std::optional<ledger::Bytes>> http_get(const HttpAddress& address,
                                                      const std::string& path, std::size_t most,
                                                      const HttpLimits& limits = {});

}  // namespace app
