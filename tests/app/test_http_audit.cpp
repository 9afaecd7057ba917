// `aipchain audit` over HTTP: the verdict is the directory's, and no server makes it wait, swell or
// guess.

#include <chrono>
#include <doctest/doctest.h>

#include "app/http_log.hpp"
#include "market/audit/audit.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/forged_log.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/process.hpp"

using namespace ledger;
using test::Files;
using test::HttpServer;

namespace {

// Of what is read from `log`, check by check.
std::string audit_of(const market::FileSet& log) {
  static Ed25519Verifier ed25519;
  static CachedVerifier verifier(ed25519, 1 << 16);
  market::AuditInput input;
  input.log = log;
  std::string out;
  for (const market::AuditCheck& c : market::audit(input, verifier))
    out += c.id + " " + std::to_string(static_cast<int>(c.result)) + " " + c.detail + "\n";
  return out;
}

constexpr app::HttpLimits short_limits{std::chrono::milliseconds(500),
                                       std::chrono::milliseconds(150),
                                       std::chrono::milliseconds(400), 4096, 32u << 20};

// The audit's checks, or "network: why" or "input: why".
std::string audit_at(const std::string& url, const app::HttpLimits& limits = {}) {
  const auto address = app::parse_http_url(url);
  REQUIRE(address.has_value());
  const auto log = app::fetch_log(*address, "", limits);
  if (log) return audit_of(*log);
  return (log.error().is_network ? "network: " : "input: ") + log.error().why;
}

HttpServer::Answer serving(const Files& files, const std::string& below = "/log/") {
  return [&files, below](const std::string& path, const HttpServer::Write& write) {
    const auto at = path.starts_with(below) ? files.find(path.substr(below.size())) : files.end();
    write(at == files.end() ? HttpServer::not_found : HttpServer::ok(text_of(at->second)));
  };
}

}  // namespace

TEST_CASE("audit over HTTP says what audit of the directory says") {
  test::Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  REQUIRE(test::aipchain({"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--until",
                          "3m", "--quiet"})
              .code == 0);
  // A server of other people's.
  test::Process server({AIPCHAIN_PYTHON, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1",
                        "--directory", folder.at("out")});
  const std::string line = server.line();
  const std::size_t port = line.find("port ") + 5;
  const std::string url = "http://127.0.0.1:" + line.substr(port, line.find(' ', port) - port);
  const auto here = test::aipchain(
      {"audit", folder.at("out"), "--openings", folder.at("out/openings"), "--json"});
  REQUIRE(here.code == 0);
  for (const std::string& address : {url, url + "/log", url + "/log//"}) {
    CAPTURE(address);
    const auto there = test::aipchain({"audit", address, "--openings", folder.at("out/openings"),
                                       "--json", "--policy", folder.at("out/log/policy")});
    CHECK(there.code == 0);
    CHECK(there.errors == "");
    CHECK(there.output.find("trust root as given") != std::string::npos);
    CHECK(test::aipchain({"audit", address, "--openings", folder.at("out/openings"), "--json"})
              .output == here.output);
  }
  CHECK(test::aipchain({"audit", url + "/openings"}).code == 2);
  server.signal(SIGTERM);

  // Damage: each file gone, changed, shorter, longer, another's.
  Files files = test::files_of(folder.at("out/log"));
  const Files good = files;
  HttpServer ours(serving(files));
  CHECK(audit_at(ours.url()) == audit_of(test::view_of(files)));
  for (const auto& file : good) {
    const std::string& path = file.first;
    const Bytes& whole = file.second;
    CAPTURE(path);
    std::vector<Bytes> others(5, whole);
    others[0].clear();
    others[1].pop_back();
    others[2].push_back(0);
    others[3][whole.size() / 2] ^= 1;
    others[4] = good.at(path == "policy" ? "genesis" : "policy");
    for (const Bytes& other : others) {
      files[path] = other;
      CHECK(audit_at(ours.url()) == audit_of(test::view_of(files)));
    }
    files.erase(path);
    CHECK(audit_at(ours.url()) == audit_of(test::view_of(files)));
    files[path] = whole;
  }
}

TEST_CASE("audit over HTTP reads as many files as the log has") {
  LogForger forger;
  forger.blocks.assign(513, {entry_of(1, "x"), entry_of(2, "y")});
  const Files files = forger.files();
  HttpServer server(serving(files, "/"));
  CHECK(audit_at(server.url()) == audit_of(test::view_of(files)));
  // Three below /log that are not there; then blocks/2 holds one block and is the last.
  CHECK(server.requests() == static_cast<int>(files.size()) + 3);
}

namespace {

std::string endless(const std::string& head, const std::string& more, int pause_ms,
                    const HttpServer::Write& write) {
  bool there = write(head);
  while (there) {
    there = write(more);
    if (pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
  return "";
}

struct Hostile {
  const char* name;
  HttpServer::Answer answer;
  const char* says;  // part of what is said
};

const std::vector<Hostile>& hostile_servers() {
  using Write = HttpServer::Write;
  const auto always = [](std::string text) {
    return [text](const std::string&, const Write& write) { write(text); };
  };
  const auto forever = [](std::string head, std::string more, int pause_ms = 0) {
    return [=](const std::string&, const Write& write) { endless(head, more, pause_ms, write); };
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n", block(65'536, 'x');
  static const std::vector<Hostile> all{
      {"nothing is said", forever("", "", 10), "no answer for"},
      {"a byte at a time", forever(ok + "\r\n", "x", 20), "took more than"},
      {"headers a byte at a time", forever(ok, "x", 20), "took more than"},
      {"headers without end", forever(ok, "X-More: " + block + "\r\n"), "headers of more than"},
      {"one header without end", forever(ok, block), "headers of more than"},
      {"a status line without end", forever("HTTP/1.1 200 ", block), "headers of more than"},
      {"a body without end", forever(ok + "\r\n", block), "R1 1 genesis: "},
      {"a body that says it is huge",
       forever(ok + "Content-Length: 18446744073709551615\r\n\r\n", block), "R1 1 genesis: "},
      {"a body shorter than it says", always(ok + "Content-Length: 100\r\n\r\nshort"),
       "ended after 5 of 100 bytes"},
      {"a body longer than it says", always(ok + "Content-Length: 1\r\n\r\nlong"),
       "R1 1 genesis: "},
      {"a negative length", always(ok + "Content-Length: -1\r\n\r\nx"), "Content-Length"},
      {"a length beyond 64 bits", always(ok + "Content-Length: 99999999999999999999\r\n\r\nx"),
       "Content-Length"},
      {"a length in words", always(ok + "Content-Length: one\r\n\r\nx"), "Content-Length"},
      {"two lengths", always(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
       "Content-Length"},
      {"chunks", always(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
       "not asked for"},
      {"packed", always(ok + "Content-Encoding: gzip\r\n\r\n\x1f\x8b"), "not asked for"},
      {"a redirect", always("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
       "answers 301: redirects are not followed"},
      {"a redirect to itself", always("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), "answers 302"},
      {"an error", always("HTTP/1.1 500 Internal Server Error\r\n\r\n"), "answers 500"},
      {"forbidden", always("HTTP/1.1 403 Forbidden\r\n\r\n"), "answers 403"},
      {"no content", always("HTTP/1.1 204 No Content\r\n\r\n"), "answers 204"},
      {"another protocol", always("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "does not speak HTTP"},
      {"a status in words", always("HTTP/1.1 two OK\r\n\r\n"), "does not speak HTTP"},
      {"another HTTP", always("HTTP/2 200\r\n\r\n"), "does not speak HTTP"},
      {"a header without a colon", always(ok + "Nothing\r\n\r\n"), "without a colon"},
      {"garbage", always(std::string(4096, '\xff')), "headers of more than"},
      {"it hangs up", always(""), "ended in its headers"},
      {"nothing is there", always(HttpServer::not_found), "input: "},
      {"everything is empty", always(HttpServer::ok("")), "R1 1 genesis: "},
  };
  return all;
}

// Ends soon, in one line that names the address, or in the audit's verdict.
void check_bounded(const std::string& url, const char* name, const char* says) {
  CAPTURE(name);
  const auto begin = std::chrono::steady_clock::now();
  const std::string said = audit_at(url, short_limits);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CAPTURE(said);
  CHECK(took.count() < 3);
  CHECK(said.find(says) != std::string::npos);
  if (said.starts_with("R1")) return;
  CHECK(said.find('\n') == std::string::npos);
  CHECK(said.find(url) != std::string::npos);
}

}  // namespace

TEST_CASE("a hostile server ends the audit soon, in one clear error") {
  for (const Hostile& h : hostile_servers()) {
    HttpServer server(h.answer);
    check_bounded(server.url(), h.name, h.says);
  }
}

TEST_CASE("a log that is larger than any that is audited over HTTP is not fetched") {
  LogForger forger;
  forger.checkpoint = [](Checkpoint& c) { c.size = std::uint64_t{1} << 40; };
  const Files huge = forger.files();
  {
    HttpServer server(serving(huge, "/"));
    check_bounded(server.url(), "entries without end", "entries is not audited over HTTP");
    CHECK(server.requests() == 6);
  }
  const Files good = LogForger().files();
  const auto rest = serving(good, "/");
  HttpServer server([&](const std::string& path, const HttpServer::Write& write) {
    if (path.starts_with("/blocks/"))
      write(HttpServer::ok(std::string(200'000, 'x')));
    else
      rest(path, write);
  });
  check_bounded(server.url(), "blocks without end", "is not audited over HTTP");
  CHECK(server.requests() < 200);
}

TEST_CASE("addresses that are none are wrong input, servers that are not there a failure") {
  for (const char* wrong :
       {"http://", "http:///log", "http://:80/", "http://host:0/", "http://host:65536/",
        "http://host:8o/", "http://host:/", "http://[::1/", "http://[::1]x/", "http://a b/",
        "http://host/a?b", "http://host/#a", "http://user@host/", "https://host/", "ftp://host/",
        "http://host/\r\nX: y", "HTTP://host/"}) {
    CAPTURE(wrong);
    CHECK_FALSE(app::parse_http_url(wrong).has_value());
    const auto audit = test::aipchain({"audit", wrong});
    CHECK(audit.code == 2);
    CHECK(test::lines_of(audit.errors).size() <= 2);
  }
  const auto six = app::parse_http_url("http://[::1]:8080/a/b/");
  REQUIRE(six.has_value());
  CHECK(six->host == "::1");
  CHECK(six->url() == "http://[::1]:8080/a/b");
  CHECK(app::parse_http_url("http://host")->url() == "http://host:80");
  const auto none = test::aipchain({"audit", "http://127.0.0.1:1/"});
  CHECK(none.code == 3);
  CHECK(none.errors.find("http://127.0.0.1:1/log/genesis: cannot connect") != std::string::npos);
  CHECK(test::aipchain({"audit", "http://no-such-host.invalid/"}).code == 3);
}
