// What callers and peers may do to a node's links, and what they must not reach by it: the good
// peers go on talking, memory stays bounded, the bad connection ends, one line says why.

#include <atomic>
#include <ctime>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "hil/network/node_links.hpp"
#include "ledger/base/codec.hpp"
#include "tests/support/tls_caller.hpp"

using namespace ledger;
using namespace std::chrono_literals;
using test::Caller;
using test::honest;
using test::TlsContext;
using Clock = std::chrono::steady_clock;

namespace {

// The node under test, a good peer that dials it, and seats whose keys the hostile hold.
constexpr std::uint32_t node_id = 0, friend_id = 1, hostile_id = 2;
constexpr std::uint32_t hostile_seats = 5;

KeySeed secret_of(std::uint32_t id) {
  KeySeed out{};
  out[0] = static_cast<std::uint8_t>(1 + id);
  return out;
}

std::size_t open_files() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Bytes message(const std::string& text) { return to_bytes(bytes_of(text)); }

// A frame that says it is `length` long.
Bytes frame(std::uint32_t length, const Bytes& body) {
  return ByteWriter().u32(length).raw(body).take();
}
Bytes frame(const Bytes& body) { return frame(static_cast<std::uint32_t>(body.size()), body); }

class Links {
 public:
  explicit Links(std::chrono::milliseconds patience = 300ms) : port(test::free_port()) {
    node = open(node_id, patience);
    good = open(friend_id, patience);
    REQUIRE(wait([&] { return node->connected() == 1 && good->connected() == 1; }));
  }

  std::unique_ptr<hil::NodeLinks> open(std::uint32_t self, std::chrono::milliseconds patience) {
    hil::LinkOptions o;
    o.self = {self};
    o.tls_secret = secret_of(self);
    o.patience = patience;
    if (self == node_id) o.say = [this](const std::string& line) { lines.push_back(line); };
    for (std::uint32_t id = 0; id < hostile_id + hostile_seats; ++id) {
      hil::LinkPeer peer;
      peer.id = {id};
      peer.address = {"127.0.0.1", id == node_id ? port : test::free_port()};
      peer.tls_key = Ed25519Signer(secret_of(id)).public_key();
      peer.name = "node-" + std::to_string(id);
      if (self == node_id || id == node_id || id == self) o.nodes.push_back(peer);
    }
    auto links = hil::NodeLinks::open(std::move(o));
    REQUIRE_MESSAGE(links, links.error());
    return std::move(*links);
  }

  // Works until `done`, for two seconds at most.
  template <class Done>
  bool wait(const Done& done) {
    const auto end = Clock::now() + 2s;
    while (!done() && Clock::now() < end) {
      node->work(Clock::now() + 1ms, [&](NodeId from, Bytes bytes) {
        ++heard_from[from.value];
        if (from.value == friend_id) heard = std::move(bytes);
      });
      good->work(Clock::now() + 1ms, [&](NodeId, Bytes bytes) { answer = std::move(bytes); });
    }
    return done();
  }

  // Works while the hostile do what they do.
  template <class Deed>
  void during(const Deed& deed) {
    std::atomic<bool> over = false;
    std::thread hostile([&] {
      deed();
      over = true;
    });
    while (!over) {
      const auto once = Clock::now() + 1ms;
      wait([&] { return over || Clock::now() > once; });
    }
    hostile.join();
  }

  void check_talk() {
    static int number = 0;
    const Bytes question = message("question " + std::to_string(++number));
    const Bytes reply = message("answer " + std::to_string(number));
    good->send({node_id}, question);
    CHECK(wait([&] { return heard == question; }));
    node->send({friend_id}, reply);
    CHECK(wait([&] { return answer == reply; }));
  }

  bool said(const std::string& words) const {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }

  // A call with this context is cut off, said once and counted, and nobody joins by it.
  void check_refused(const TlsContext& context, const std::string& words) {
    bool cut_off = false;
    during([&] {
      Caller caller = Caller::call(port);
      cut_off = !caller.shake(context) || caller.is_cut_off();
    });
    CHECK(cut_off);
    CHECK(wait([&] { return node->counts().refused == 1; }));
    CHECK(node->connected() == 1);
    CHECK(lines.size() == 1);
    CHECK_MESSAGE(said("refused: no handshake"), words);
    check_talk();
  }

  // One who has a seat says this after a good handshake, and is cut off.
  void check_cut_off(const Bytes& said_by_peer, const std::string& words) {
    const TlsContext context(honest(secret_of(hostile_id)));
    bool in = false, cut_off = false;
    during([&] {
      Caller peer = Caller::call(port);
      in = peer.shake(context) && peer.say(said_by_peer);
      cut_off = peer.is_cut_off();
    });
    CHECK(in);
    CHECK(cut_off);
    CHECK(wait([&] { return node->connected() == 1; }));
    CHECK_MESSAGE(said(words), words);
    CHECK(lines.size() == 1);
    CHECK(heard_from[hostile_id] == 0);
    check_talk();
  }

  std::uint16_t port;
  std::vector<std::string> lines;
  std::unique_ptr<hil::NodeLinks> node, good;
  std::map<std::uint32_t, std::uint64_t> heard_from;
  Bytes heard, answer;
};

}  // namespace

// ---- who gets in

TEST_CASE("hostile links: a key that is no node's") {
  Links().check_refused(TlsContext(honest(secret_of(99))), "a stranger's key");
}

TEST_CASE("hostile links: another's key in the certificate without its secret") {
  test::ShownIdentity forged = honest(secret_of(99));
  forged.shown = Ed25519Signer(secret_of(hostile_id)).public_key();
  Links().check_refused(TlsContext(forged), "a borrowed key");
}

TEST_CASE("hostile links: a peer's certificate behind one's own") {
  TlsContext context(honest(secret_of(99)));
  context.append_certificate(honest(secret_of(hostile_id)));
  Links().check_refused(context, "a chain");
}

TEST_CASE("hostile links: no certificate, or a key of another kind") {
  TlsContext none, other;
  other.show_p256();
  Links().check_refused(none, "no certificate");
  Links().check_refused(other, "P-256");
}

TEST_CASE("hostile links: TLS 1.2 at most, with a peer's own key") {
  TlsContext old(honest(secret_of(hostile_id)));
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  Links().check_refused(old, "TLS 1.2");
}

TEST_CASE("hostile links: a certificate's dates say nothing, its key does") {
  for (const auto& [from, to] :
       {std::pair{"20000101000000Z", "20010101000000Z"}, {"20900101000000Z", "99991231235959Z"}}) {
    Links links;
    test::ShownIdentity dated = honest(secret_of(hostile_id));
    dated.not_before = from;
    dated.not_after = to;
    const TlsContext context(dated);
    bool in = false;
    Caller peer = Caller::call(links.port);
    links.during([&] { in = peer.shake(context) && peer.say(frame(message("hello"))); });
    CHECK(in);
    CHECK(links.wait([&] { return links.heard_from[hostile_id] == 1; }));
    CHECK(links.lines.empty());
  }
}

// Who a message is from is whose key the connection has, whatever the message says.
TEST_CASE("hostile links: a seat cannot be had by words") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  Caller peer = Caller::call(links.port);
  links.during([&] { peer.shake(context) && peer.say(frame(message("I am node-1"))); });
  CHECK(links.wait([&] { return links.heard_from[hostile_id] == 1; }));
  CHECK(links.heard_from[friend_id] == 0);
  links.check_talk();
}

// The node of the higher id dials: here the hostile sits at the lower one's address, and shows a
// key that is another node's.
TEST_CASE("hostile links: who answers a call with another node's key") {
  const std::uint16_t port = test::free_port();
  const int listening = test::listen_at(port);
  std::vector<std::string> lines;
  hil::LinkOptions o;
  o.self = {2};
  o.tls_secret = secret_of(2);
  o.say = [&](const std::string& line) { lines.push_back(line); };
  for (std::uint32_t id = 0; id < 3; ++id)
    o.nodes.push_back({{id},
                       {"127.0.0.1", id == 0 ? port : test::free_port()},
                       Ed25519Signer(secret_of(id)).public_key(),
                       "node-" + std::to_string(id)});
  const auto links = hil::NodeLinks::open(std::move(o));
  REQUIRE(links);
  const TlsContext other(honest(secret_of(1)));
  std::atomic<bool> over = false, cut_off = false;
  std::thread hostile([&] {
    Caller answering(test::accept_at(listening));
    cut_off = !answering.answer(other) || answering.is_cut_off();
    over = true;
  });
  while (!over) (*links)->work(Clock::now() + 1ms, [](NodeId, const Bytes&) { FAIL("heard"); });
  hostile.join();
  close(listening);
  CHECK(cut_off);
  CHECK((*links)->connected() == 0);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "node-0: refused: shows the key of node-1");
}

// A higher id never calls a lower one's place, and a lower id never calls at all.
TEST_CASE("hostile links: who calls though it is to be called") {
  const std::uint16_t port = test::free_port();
  std::vector<std::string> lines;
  hil::LinkOptions o;
  o.self = {1};
  o.tls_secret = secret_of(1);
  o.say = [&](const std::string& line) { lines.push_back(line); };
  for (std::uint32_t id = 0; id < 2; ++id)
    o.nodes.push_back({{id},
                       {"127.0.0.1", id == 1 ? port : test::free_port()},
                       Ed25519Signer(secret_of(id)).public_key(),
                       "node-" + std::to_string(id)});
  const auto links = hil::NodeLinks::open(std::move(o));
  REQUIRE(links);
  const TlsContext context(honest(secret_of(0)));
  std::atomic<bool> over = false, cut_off = false;
  std::thread hostile([&] {
    Caller caller = Caller::call(port);
    cut_off = !caller.shake(context) || caller.is_cut_off();
    over = true;
  });
  while (!over) (*links)->work(Clock::now() + 1ms, [](NodeId, const Bytes&) { FAIL("heard"); });
  hostile.join();
  CHECK(cut_off);
  CHECK((*links)->counts().refused == 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("refused: shows the key of node-0") != std::string::npos);
}

// ---- who never becomes a peer

TEST_CASE("hostile links: plain text") {
  Links links;
  for (const Bytes& words : {message("GET / HTTP/1.1\r\nHost: node\r\n\r\n"), frame(Bytes(64, 1)),
                             Bytes(70'000, 0x16)}) {
    bool cut_off = false;
    links.during([&] {
      Caller caller = Caller::call(links.port);
      caller.say(words);
      cut_off = caller.is_cut_off();
    });
    CHECK(cut_off);
    links.check_talk();
  }
  CHECK(links.node->counts().refused == 3);
  CHECK(links.said("refused: no handshake"));
}

TEST_CASE("hostile links: who says nothing is cut off when patience ends") {
  Links links;
  bool cut_off = false;
  const auto begin = Clock::now();
  links.during([&] { cut_off = Caller::call(links.port).is_cut_off(); });
  const auto waited = Clock::now() - begin;
  CHECK(cut_off);
  CHECK(waited >= 250ms);
  CHECK(waited < 1s);
  CHECK(links.lines.size() == 1);
  links.check_talk();
}

// The first byte of a handshake buys no more time than none.
TEST_CASE("hostile links: who begins a handshake and stops is cut off as well") {
  Links links;
  bool cut_off = false;
  links.during([&] {
    Caller caller = Caller::call(links.port);
    caller.say(Bytes{0x16, 0x03, 0x01, 0x02, 0x00, 0x01});
    cut_off = caller.is_cut_off();
  });
  CHECK(cut_off);
  links.check_talk();
}

TEST_CASE("hostile links: hundreds who say nothing take no place from a peer that comes") {
  Links links(60s);
  const std::size_t files = open_files();
  std::vector<Caller> silent;
  links.during([&] {
    for (int n = 0; n < 300; ++n) silent.push_back(Caller::call(links.port));
  });
  CHECK(links.wait([&] { return links.node->counts().refused >= 300 - 64; }));
  CHECK(open_files() <= files + 300 + 64 + 1);
  links.check_talk();
  links.good = links.open(friend_id, 60s);
  CHECK(links.wait([&] { return links.good->connected() == 1; }));
  links.check_talk();
  CHECK(links.lines.size() <= 4);  // one a second
}

TEST_CASE("hostile links: a node without a free descriptor goes on") {
  Links links;
  const int first_free = dup(0);
  Caller waiting = Caller::call(links.port);
  close(first_free);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  // Every number from the one that is free now is out of bounds.
  const rlimit none{static_cast<rlim_t>(first_free), before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto begin = Clock::now();
  const std::clock_t busy = std::clock();
  links.wait([&] { return Clock::now() > begin + 200ms; });
  CHECK(static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC < 0.1);
  links.check_talk();
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(links.said("cannot accept: Too many open files"));
  bool in = false;
  const TlsContext context(honest(secret_of(hostile_id)));
  links.during([&] { in = waiting.shake(context); });
  CHECK(in);
}

// ---- what a peer says

TEST_CASE("hostile links: a length beyond bounds") {
  Links().check_cut_off(frame(0xffff'ffff, Bytes(100, 7)),
                        "node-2: refused: a message of 4294967295");
  Links().check_cut_off(frame((8u << 20) + 1, {}), "node-2: refused: a message of 8388609");
  Links().check_cut_off(frame(0, {}), "node-2: refused: a message of 0");
}

TEST_CASE("hostile links: the connection ends in a message") {
  for (const Bytes& part : {frame(1000, {}), frame(1000, Bytes(999, 1)), Bytes{0, 0, 1}}) {
    Links links;
    const TlsContext context(honest(secret_of(hostile_id)));
    links.during([&] {
      Caller peer = Caller::call(links.port);
      peer.shake(context) && peer.say(part);
    });
    CHECK(links.wait([&] { return links.node->connected() == 1 && !links.lines.empty(); }));
    CHECK(links.said("link with node-2 ended"));
    CHECK(links.heard_from[hostile_id] == 0);
    links.check_talk();
  }
}

TEST_CASE("hostile links: a record that is no TLS in the middle of a session") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  bool in = false, cut_off = false;
  links.during([&] {
    Caller peer = Caller::call(links.port);
    in = peer.shake(context);
    peer.forget_tls();
    peer.say(Bytes(500, 0x17));
    cut_off = peer.is_cut_off();
  });
  CHECK(in);
  CHECK(cut_off);
  CHECK(links.said("link with node-2 ended"));
  links.check_talk();
}

TEST_CASE("hostile links: a byte at a time is slow, and right") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  Caller peer = Caller::call(links.port);
  bool in = false;
  links.during([&] {
    in = peer.shake(context);
    for (const std::uint8_t byte : frame(Bytes(200, 9))) in = in && peer.say({&byte, 1});
  });
  CHECK(in);
  CHECK(links.wait([&] { return links.heard_from[hostile_id] == 1; }));
  links.check_talk();
}

TEST_CASE("hostile links: any bytes in whole messages are handed over as they are") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  Caller peer = Caller::call(links.port);
  links.during([&] {
    peer.shake(context);
    for (std::size_t n = 1; n <= 200; ++n)
      peer.say(frame(Bytes(n * 7, static_cast<std::uint8_t>(n))));
  });
  CHECK(links.wait([&] { return links.heard_from[hostile_id] == 200; }));
  CHECK(links.node->connected() == 2);
  links.check_talk();
}

// ---- how much, how fast

TEST_CASE(
    "hostile links: a flood is read no faster than it is taken, and delays its sender alone") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  Caller peer = Caller::call(links.port);
  std::atomic<bool> over = false;
  links.during([&] { peer.shake(context); });
  std::thread hostile([&] {
    const Bytes small = frame(Bytes(1000, 5));
    while (!over && peer.say(small)) {
    }
  });
  std::uint64_t taken = 0, most = 0, before_friend = 0;
  bool heard = false;
  const auto end = Clock::now() + 1s;
  while (Clock::now() < end && taken < 5'000'000) {
    if (links.heard_from[hostile_id] == 1000) links.good->send({friend_id - 1}, message("now"));
    links.node->work(Clock::now() + 1ms, [&](NodeId from, const Bytes& bytes) {
      taken += bytes.size();
      ++links.heard_from[from.value];
      if (from.value == friend_id) heard = true;
      if (!heard && links.heard_from[hostile_id] > 1000) ++before_friend;
    });
    most = std::max(most, links.node->counts().bytes_received - taken);
  }
  over = true;
  CHECK(links.heard_from[hostile_id] > 2000);
  CHECK(most > 100'000);  // it was a flood
  CHECK(most <= (2u << 20) + 1000);
  CHECK(heard);
  CHECK(before_friend < 500);
  links.wait([&] { return over.load(); });
  links.during([&] { hostile.join(); });
  links.check_talk();
}

TEST_CASE("hostile links: for who does not read little is kept, and for all of them not much") {
  Links links;
  std::vector<Caller> deaf;
  links.during([&] {
    for (std::uint32_t n = 0; n < hostile_seats; ++n) {
      deaf.push_back(Caller::call(links.port));
      deaf.back().shake(TlsContext(honest(secret_of(hostile_id + n))));
    }
  });
  REQUIRE(links.wait([&] { return links.node->connected() == 1 + hostile_seats; }));
  const Bytes large(1u << 20, 3);
  std::uint64_t taken_for_one = 0;
  for (std::uint32_t n = 0; n < hostile_seats; ++n) {
    for (int k = 0; k < 40; ++k) links.node->send({hostile_id + n}, large);
    if (n == 0) taken_for_one = links.node->counts().bytes_sent;
  }
  CHECK(taken_for_one <= 16u << 20);
  CHECK(links.node->counts().bytes_sent <= 48u << 20);
  CHECK(links.node->counts().bytes_sent > 40u << 20);
  const std::uint64_t lost = links.node->counts().lost;
  links.node->send({friend_id}, large);
  CHECK(links.node->counts().lost == lost);
  links.check_talk();
  // What they do not take ends their links.
  CHECK(links.wait([&] { return links.node->connected() == 1; }));
  CHECK(links.said("link with node-"));
  links.check_talk();
}

TEST_CASE("hostile links: who comes again and again") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  const std::size_t files = open_files();
  int in = 0;
  links.during([&] {
    for (int n = 0; n < 100; ++n) {
      Caller peer = Caller::call(links.port);
      in += peer.shake(context) && peer.say(frame(message("again")));
    }
  });
  CHECK(in == 100);
  CHECK(links.wait([&] { return links.node->connected() == 1; }));
  CHECK(open_files() <= files + 1);
  CHECK(links.lines.size() <= 3);
  links.check_talk();
}

TEST_CASE("hostile links: of two with one key the later one stays") {
  Links links;
  const TlsContext context(honest(secret_of(hostile_id)));
  Caller first = Caller::call(links.port), second = Caller::call(links.port);
  bool cut_off = false;
  links.during([&] { first.shake(context) && first.say(frame(message("first"))); });
  CHECK(links.wait([&] { return links.heard_from[hostile_id] == 1; }));
  links.during([&] {
    second.shake(context) && second.say(frame(message("second")));
    cut_off = first.is_cut_off();
  });
  CHECK(cut_off);
  CHECK(links.wait([&] { return links.heard_from[hostile_id] == 2; }));
  CHECK(links.node->connected() == 2);
  CHECK(links.said("link with node-2 ended: it came again"));
  links.check_talk();
}
