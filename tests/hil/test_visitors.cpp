// The door for visitors: who gets in, what is heard of them, what they cannot reach; and a network
// of processes that users' own commands speak with.

#include <atomic>
#include <doctest/doctest.h>
#include <thread>

#include "hil/network/household_file.hpp"
#include "hil/network/key_file.hpp"
#include "hil/network/node_links.hpp"
#include "hil/network/visitor_links.hpp"
#include "ledger/base/codec.hpp"
#include "tests/support/process_net.hpp"
#include "tests/support/tls_caller.hpp"
#include "twin/node/base/directory.hpp"

using namespace ledger;
using namespace std::chrono_literals;
using test::Caller;
using test::honest;
using test::TlsContext;
using VisitTime = std::chrono::steady_clock;

namespace {

Bytes visit_frame(std::uint32_t length, const Bytes& body) {
  return ByteWriter().u32(length).raw(body).take();
}
Bytes visit_frame(const Bytes& body) {
  return visit_frame(static_cast<std::uint32_t>(body.size()), body);
}

class DoorBench {
 public:
  explicit DoorBench(std::chrono::milliseconds patience = 300ms) : port(test::free_port()) {
    hil::VisitorOptions o;
    o.address = {"127.0.0.1", port};
    o.tls_secret[0] = 7;
    o.patience = patience;
    o.stay = 2 * patience;
    o.say = [this](const std::string& line) { lines.push_back(line); };
    auto opened = hil::VisitorLinks::open(std::move(o));
    REQUIRE_MESSAGE(opened, opened.error());
    door = std::move(*opened);
  }
  void work() {
    door->work([&](NodeId from, Bytes bytes) {
      CHECK(twin::Directory::is_visitor(from));
      heard.emplace_back(from, std::move(bytes));
    });
    std::this_thread::sleep_for(200us);
  }
  template <class Done>
  bool wait(const Done& done, std::chrono::milliseconds most = 3s) {
    const auto end = VisitTime::now() + most;
    while (!done() && VisitTime::now() < end) work();
    return done();
  }
  template <class Deed>
  void during(const Deed& deed) {
    std::atomic<bool> over = false;
    std::thread caller([&] {
      deed();
      over = true;
    });
    while (!over) work();
    caller.join();
  }
  // What a caller with this context says is never heard, and it is sent away.
  void check_sent_away(const TlsContext& context, const Bytes& words, const std::string& why) {
    bool cut_off = false;
    const std::size_t before = heard.size();
    during([&] {
      Caller caller = Caller::call(port);
      cut_off =
          !caller.shake(context) || (!words.empty() && !caller.say(words)) || caller.is_cut_off();
    });
    CHECK_MESSAGE(cut_off, why);
    CHECK(wait([&] { return door->inside() == 0; }));
    CHECK(heard.size() == before);
  }

  std::uint16_t port;
  std::unique_ptr<hil::VisitorLinks> door;
  std::vector<std::pair<NodeId, Bytes>> heard;
  std::vector<std::string> lines;
};

TlsContext anybody(std::uint8_t who = 99) {
  KeySeed seed{};
  seed[0] = who;
  return TlsContext(honest(seed));
}

}  // namespace

TEST_CASE("visitors: anybody with an Ed25519 key is heard once, answered, and let go") {
  DoorBench bench;
  const TlsContext context = anybody();
  bool cut_off = false;
  std::atomic<bool> said = false;
  std::thread caller([&] {
    Caller c = Caller::call(bench.port);
    said = c.shake(context) && c.say(visit_frame(Bytes(100, 1))) && c.say(visit_frame({2, 2}));
    cut_off = c.is_cut_off();
  });
  CHECK(bench.wait([&] { return bench.heard.size() == 1; }));
  CHECK(bench.heard[0].second == Bytes(100, 1));
  bench.door->send(bench.heard[0].first, Bytes(50, 3), false);
  bench.wait([] { return false; }, 100ms);
  CHECK(bench.door->inside() == 1);
  bench.door->send(bench.heard[0].first, Bytes(50, 4), true);
  bench.door->send(bench.heard[0].first, Bytes(50, 5), true);  // behind the last: lost
  CHECK(bench.wait([&] { return bench.door->inside() == 0; }));
  bench.door->send(bench.heard[0].first, Bytes(50, 6), true);
  caller.join();
  CHECK(said);
  CHECK(cut_off);
  CHECK(bench.heard.size() == 1);  // its second message is never read
}

TEST_CASE("visitors: who has left, or has had an answer for longest, makes room for others") {
  DoorBench bench(10s);
  const TlsContext context = anybody();
  std::vector<Caller> inside;
  const auto one_more = [&] {
    const std::size_t before = bench.heard.size();
    bench.during([&] {
      Caller c = Caller::call(bench.port);
      if (c.shake(context) && c.say(visit_frame({1}))) inside.push_back(std::move(c));
    });
    if (!bench.wait([&] { return bench.heard.size() > before; }, 1s)) return false;
    bench.door->send(bench.heard.back().first, Bytes(50, 3), false);
    return true;
  };
  for (int k = 0; k < 16; ++k) REQUIRE(one_more());
  CHECK(bench.door->inside() == 16);
  CHECK(one_more());  // in the place of the first
  CHECK(bench.door->inside() == 16);
  inside.clear();
  CHECK(bench.wait([&] { return bench.door->inside() == 0; }));
  // Who leaves at once has said it all the same.
  const std::size_t before = bench.heard.size();
  bench.during([&] {
    Caller c = Caller::call(bench.port);
    c.shake(context) && c.say(visit_frame({2}));
  });
  CHECK(bench.wait([&] { return bench.heard.size() == before + 1; }));
}

TEST_CASE("visitors: who waits for an answer makes no room for others") {
  DoorBench bench(10s);
  const TlsContext context = anybody();
  std::vector<Caller> inside;
  const auto is_heard = [&] {
    const std::size_t before = bench.heard.size();
    bench.during([&] {
      Caller c = Caller::call(bench.port);
      if (c.shake(context) && c.say(visit_frame({1}))) inside.push_back(std::move(c));
    });
    return bench.wait([&] { return bench.heard.size() > before; }, 1s);
  };
  for (int k = 0; k < 16; ++k) REQUIRE(is_heard());
  CHECK_FALSE(is_heard());
  CHECK(bench.door->inside() == 16);
  bench.door->send(bench.heard[3].first, Bytes(50, 3), false);
  CHECK(is_heard());  // in the place of the one who has an answer now
  CHECK(bench.door->inside() == 16);
}

TEST_CASE("visitors: who has no Ed25519 key, an old TLS or none at all stays outside") {
  DoorBench bench;
  const TlsContext none;
  TlsContext other;
  other.show_p256();
  KeySeed seed{};
  seed[0] = 98;
  test::ShownIdentity borrowed = honest(seed);
  borrowed.shown = Ed25519Signer(KeySeed{}).public_key();
  TlsContext old(honest(seed));
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  const Bytes words = visit_frame({1});
  bench.check_sent_away(none, words, "no certificate");
  bench.check_sent_away(other, words, "P-256");
  bench.check_sent_away(TlsContext(borrowed), words, "a borrowed key");
  bench.check_sent_away(old, words, "TLS 1.2");
  bool cut_off = false;
  bench.during([&] {
    Caller caller = Caller::call(bench.port);
    caller.say(to_bytes(bytes_of("GET / HTTP/1.1\r\n\r\n")));
    cut_off = caller.is_cut_off();
  });
  CHECK(cut_off);
}

TEST_CASE("visitors: a message out of bounds, or none in time, ends the visit") {
  DoorBench bench;
  const TlsContext context = anybody();
  bench.check_sent_away(context, visit_frame(0, {}), "of no bytes");
  bench.check_sent_away(context, visit_frame(65'537, {}), "of 65,537 bytes");
  bench.check_sent_away(context, visit_frame(0xffff'ffff, Bytes(100, 1)), "of 4 GB");
  bench.check_sent_away(context, visit_frame(1000, Bytes(999, 1)), "not whole");
  bench.check_sent_away(context, {}, "says nothing");
  bench.check_sent_away(context, visit_frame(2, {1}), "a byte too few");
  const auto begin = VisitTime::now();
  bool cut_off = false;
  bench.during([&] {  // heard, and nobody answers
    Caller caller = Caller::call(bench.port);
    caller.shake(context) && caller.say(visit_frame(Bytes(65'536, 1)));
    cut_off = caller.is_cut_off();
  });
  CHECK(cut_off);
  CHECK(VisitTime::now() - begin < 1s);
  REQUIRE(bench.heard.size() == 1);
  CHECK(bench.heard[0].second.size() == 65'536);
  std::thread waiting([&] {
    Caller caller = Caller::call(bench.port);
    cut_off = caller.shake(context) && caller.say(visit_frame({1})) && caller.is_cut_off();
  });
  CHECK(bench.wait([&] { return bench.heard.size() == 2; }));
  bench.door->send(bench.heard[1].first, Bytes{1, 2, 3}, false);  // and never the last word
  CHECK(bench.wait([&] { return bench.door->inside() == 0; }));
  waiting.join();
  CHECK(cut_off);
  CHECK(bench.lines.size() <= 5);  // one a second
}

// A caller who says nothing loses its place; one who has said its message keeps it.
TEST_CASE("visitors: sixteen at a time, twenty a second, and honest ones get in through a flood") {
  DoorBench bench(30s);
  const TlsContext context = anybody(), honest_one = anybody(97);
  std::vector<Caller> silent;
  const auto begin = VisitTime::now();
  bool in = false;
  bench.during([&] {
    for (int n = 0; n < 18; ++n) silent.push_back(Caller::call(bench.port));
    Caller caller = Caller::call(bench.port);
    in = caller.shake(honest_one) && caller.say(visit_frame({1, 2, 3}));
    silent.push_back(std::move(caller));
  });
  CHECK(in);
  CHECK(bench.wait([&] { return bench.heard.size() == 1; }));
  CHECK(VisitTime::now() - begin >= 18 * 50ms);
  CHECK(bench.door->inside() == 16);
  CHECK(bench.door->counts().let_in == 19);
  CHECK(bench.door->counts().sent_away == 3);
}

// Its own address, its own queues: callers at the door reach nothing of the links between nodes.
TEST_CASE("visitors: a flood at the door delays no message between nodes") {
  DoorBench bench;
  const TlsContext context = anybody();
  const std::uint16_t ports[] = {test::free_port(), test::free_port()};
  std::unique_ptr<hil::NodeLinks> nodes[2];
  for (std::uint32_t self = 0; self < 2; ++self) {
    hil::LinkOptions o;
    o.self = {self};
    o.tls_secret[0] = static_cast<std::uint8_t>(1 + self);
    for (std::uint32_t id = 0; id < 2; ++id) {
      KeySeed seed{};
      seed[0] = static_cast<std::uint8_t>(1 + id);
      o.nodes.push_back({{id}, {"127.0.0.1", ports[id]}, Ed25519Signer(seed).public_key(), "n"});
    }
    nodes[self] = std::move(*hil::NodeLinks::open(std::move(o)));
  }
  std::atomic<bool> over = false;
  std::vector<std::thread> hostile;
  for (int n = 0; n < 3; ++n)
    hostile.emplace_back([&] {
      while (!over) {
        Caller caller = Caller::call(bench.port);
        caller.shake(context) && caller.say(visit_frame(Bytes(65'536, 1)));
      }
    });
  int taken = 0;
  auto slowest = VisitTime::duration::zero(), sent_at = slowest;
  const auto talk = [&](std::uint32_t self) {
    nodes[self]->work(VisitTime::now() + 1ms, [&](NodeId, const Bytes&) {
      slowest = std::max(slowest, VisitTime::now().time_since_epoch() - sent_at);
      ++taken;
    });
  };
  bench.wait([&] { return talk(0), talk(1), nodes[0]->connected() == 1; });
  for (int n = 0; n < 100; ++n) {
    sent_at = VisitTime::now().time_since_epoch();
    nodes[1]->send({0}, Bytes(1000, 1));
    CHECK(bench.wait([&] { return talk(0), talk(1), taken == n + 1; }));
  }
  over = true;
  std::thread away([&] {
    for (std::thread& each : hostile) each.join();
  });
  bench.during([&] { away.join(); });
  CHECK(slowest < 500ms);
  CHECK(bench.door->counts().let_in >= 3);
}

TEST_CASE(
    "visitors: a household's file is read in its one form, and where its owner alone reads it") {
  char name[] = "/tmp/aipchain-household-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::filesystem::path folder = name;
  const std::string path = (folder / "a.key").string();
  const hil::Household one{{{1, 2}}, {3, 4}, {5, 6}};
  REQUIRE(hil::write_household(path, one));
  const auto again = hil::read_household(path);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->account == one.account);
  CHECK(again->secret == one.secret);
  CHECK(again->restricted_key == one.restricted_key);
  CHECK(!hil::write_household(path, one));
  CHECK(!hil::read_key(path));
  const std::string text = test::text_of_file(path);
  const auto check_wrong = [&](const std::string& wrong) {
    std::filesystem::remove(path);
    REQUIRE(hil::write_secret_text(path, wrong));
    CHECK_MESSAGE(!hil::read_household(path), wrong);
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, text.size() - 1})
    check_wrong(text.substr(0, size));
  check_wrong(text + "\n");
  check_wrong(text + std::string(1 << 20, 'x'));
  for (const std::size_t at : {std::size_t{0}, std::size_t{18}, std::size_t{30}, std::size_t{53},
                               std::size_t{60}, std::size_t{118}, text.size() - 1}) {
    std::string wrong = text;
    wrong[at] = 'X';
    check_wrong(wrong);
  }
  std::filesystem::remove(path);
  REQUIRE(hil::write_household(path, one));
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_all | std::filesystem::perms::group_read);
  CHECK(!hil::read_household(path));
  std::filesystem::remove_all(folder);
}
