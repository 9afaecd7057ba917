// A network of real processes under a flood: a hostile validator and gateway against the honest
// rest, which must go on deciding, and then all others against one node. No node may take 256 MB.
// AIPCHAIN_FLOOD_S and AIPCHAIN_SEED make it a campaign (scripts/campaign flood).

#include <atomic>
#include <cstdio>

#include "hil/network/node_config.hpp"
#include "ledger/base/codec.hpp"
#include "tests/support/flooder.hpp"
#include "tests/support/process_net.hpp"
#include "tests/support/tls_caller.hpp"
#include "twin/node/base/messages.hpp"

using namespace ledger;
using test::Flooder;
using test::ProcessNet;
using Clock = std::chrono::steady_clock;

namespace {

constexpr double allowed_mb = 256;

void check_memory(const ProcessNet& net, const std::vector<std::size_t>& nodes, const char* when) {
  for (const std::size_t n : nodes) {
    const double peak = net.processes[n]->peak_mb();
    REQUIRE(peak > 0);
    std::printf("peak memory %s: %s %.0f MB\n", when, net.names[n].c_str(), peak);
    CHECK_MESSAGE(peak < allowed_mb, net.names[n], " took ", peak, " MB");
  }
}

struct Said {
  std::uint64_t messages = 0, bytes = 0;
  void add(const Flooder& f) {
    messages += f.counts().sent;
    bytes += f.counts().bytes_sent;
  }
};

void print(const char* who, double seconds, const Said& said) {
  std::printf("flood by %s: %.0f s, %llu messages, %.0f MB\n", who, seconds,
              static_cast<unsigned long long>(said.messages),
              static_cast<double>(said.bytes) / 1e6);
}

// Asks for decisions as fast as it can and takes none of the answers.
void ask_and_never_listen(const hil::NodeConfig& self, NodeId target,
                          const std::atomic<bool>& over) {
  const test::TlsContext context(test::honest(self.links.tls_secret));
  const Bytes request = twin::frame(twin::MessageKind::consensus, encode(DecisionRequest{1}));
  const Bytes framed = ByteWriter().sized(request).take();
  while (!over) {
    test::Caller caller = test::Caller::call(self.links.nodes[target.value].address.port);
    if (!caller.shake(context)) test::pause(20);
    while (!over && caller.say(framed)) {
    }
  }
}

// Visitors who are nobody: with 64 KiB of nothing, as fast as they are let in.
void knock(const hil::Door& door, const std::atomic<bool>& over) {
  const test::TlsContext context(test::honest(KeySeed{5}));
  const Bytes framed =
      ByteWriter().sized(twin::frame(twin::MessageKind::visit, Bytes(65'535, 7))).take();
  while (!over) {
    test::Caller caller = test::Caller::call(door.address.port);
    if (caller.shake(context) && caller.say(framed)) caller.is_cut_off();
  }
}

}  // namespace

TEST_CASE("flood: no node takes 256 MB, and the honest go on deciding") {
  const double seconds = static_cast<double>(test::setting("AIPCHAIN_FLOOD_S", 2));
  const Rng rng = Rng(test::setting("AIPCHAIN_SEED", 1)).fork("flood");
  const auto lasting = [](double s) {
    return Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(s * 1000));
  };
  ProcessNet net("--speed 5");
  const std::vector<std::size_t> honest{0, 1, 2, 4, 5};
  for (const std::size_t n : honest) net.start(n, true);
  Flooder validator(net.file("validator-3.toml"), rng.fork("v", 3));
  Flooder gateway(net.file("gateway-1.toml"), rng.fork("g", 1));
  for (const auto end = lasting(30); validator.height() < 3 && Clock::now() < end;)
    validator.listen(lasting(0.01));
  REQUIRE(validator.height() >= 3);
  check_memory(net, honest, "before");

  const std::uint64_t before = validator.height();
  Said said;
  // Longer where the machine is slow: they must decide while the flood lasts.
  const std::uint64_t wanted = before + 1 + static_cast<std::uint64_t>(seconds / 4);
  const auto network = hil::read_network_config(net.file("network.toml"));
  REQUIRE(network);
  std::atomic<bool> knocked = false;
  std::vector<std::thread> knocking;
  for (const hil::Door& door : network->doors)
    if (door.node.value < 2) knocking.emplace_back([&] { knock(door, knocked); });
  const auto begin = Clock::now(), patience = lasting(seconds + 20);
  for (const auto end = lasting(seconds);
       Clock::now() < end || (validator.height() < wanted && Clock::now() < patience);) {
    validator.flood({{0}, {1}, {2}, {4}}, 40);
    gateway.flood({{0}, {1}, {2}}, 1);
  }
  knocked = true;
  for (std::thread& each : knocking) each.join();
  said.add(validator);
  said.add(gateway);
  const std::uint64_t during = validator.height();
  const auto flood_end = Clock::now();
  const std::chrono::duration<double> lasted = flood_end - begin;
  for (const auto end = lasting(10); Clock::now() < end && validator.height() < during + 3;) {
    validator.listen(lasting(0.01));
    gateway.listen(lasting(0.001));
  }
  const std::chrono::duration<double> calm = Clock::now() - flood_end;
  print("a validator and a gateway", lasted.count(), said);
  std::printf("heights: %llu before, %llu at the flood's end, %llu after %.1f s more\n",
              static_cast<unsigned long long>(before), static_cast<unsigned long long>(during),
              static_cast<unsigned long long>(validator.height()), calm.count());
  CHECK(during >= wanted);
  CHECK(validator.height() >= during + 3);
  check_memory(net, honest, "under one validator and one gateway");

  // Then all the others are hostile, and one of them is deaf.
  std::vector<std::unique_ptr<Flooder>> others;
  for (const std::size_t n : {1u, 4u, 5u}) {
    net.kill(n);
    others.push_back(std::make_unique<Flooder>(net.file(net.names[n] + ".toml"), rng.fork("o", n)));
  }
  net.kill(2);
  const auto deaf = hil::read_node_config(net.file("validator-2.toml"));
  REQUIRE(deaf);
  std::atomic<bool> over = false;
  std::thread asking([&] { ask_and_never_listen(*deaf, {0}, over); });
  for (const auto end = lasting(seconds); Clock::now() < end;) {
    validator.flood({{0}}, 20);
    gateway.flood({{0}}, 4);
    for (auto& other : others) other->flood({{0}}, &other == &others.back() ? 4 : 20);
  }
  over = true;
  Said of_all;
  of_all.add(validator);
  of_all.add(gateway);
  for (const auto& other : others) of_all.add(*other);
  of_all.messages -= said.messages;
  of_all.bytes -= said.bytes;
  print("all the others", seconds, of_all);
  check_memory(net, {0}, "under all the others");
  net.stop();
  asking.join();
}
