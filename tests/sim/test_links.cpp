// SimGrid's links are what the scenario states. SimGrid has one engine a process, and a process
// that had one cannot be copied: this file comes before those that run whole worlds.

#include <cmath>
#include <csignal>
#include <doctest/doctest.h>
#include <iostream>
#include <simgrid/s4u.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/site_network.hpp"

using namespace twin;
using ledger::NodeId;
namespace s4u = simgrid::s4u;

namespace {

struct Message {
  NodeId from, to;
  double bytes = 1, at_s = 0;
};

// When each message has arrived, in seconds, as a process of its own measures it.
std::vector<double> arrivals(const Scenario& scenario, const Directory& directory,
                             const std::vector<Message>& messages) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::cout.flush();  // or the copy would write it once more
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // a failure here is an empty answer, not a second report
    std::vector<std::string> words = sim::network_settings();
    words.insert(words.begin(), "links");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    s4u::Engine engine(&argc, argv.data());
    sim::make_hosts(scenario, directory);
    std::vector<double> out(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Message& m = messages[i];
      auto* mailbox = s4u::Mailbox::by_name(std::to_string(i));
      const auto host = [&](NodeId n) { return s4u::Host::by_name(sim::name_of(directory, n)); };
      s4u::Actor::create("to", host(m.to), [&out, i, mailbox] {
        mailbox->get_unique<int>();
        out[i] = s4u::Engine::get_clock();
      });
      s4u::Actor::create("from", host(m.from), [&m, mailbox] {
        s4u::this_actor::sleep_until(m.at_s);
        mailbox->put(new int(0), static_cast<std::uint64_t>(m.bytes));
      });
    }
    engine.run();
    const std::size_t size = out.size() * sizeof(double);
    _exit(write(ends[1], out.data(), size) == static_cast<ssize_t>(size) ? 0 : 1);
  }
  close(ends[1]);
  std::vector<double> out(messages.size());
  const auto size = static_cast<ssize_t>(out.size() * sizeof(double));
  CHECK(read(ends[0], out.data(), out.size() * sizeof(double)) == size);
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return out;
}

Scenario with(const ConsensusSpec& consensus) {
  Scenario s;
  s.consensus = consensus;
  return s;
}

constexpr double exactly = 1e-5;  // s: a byte takes its time as well

}  // namespace

TEST_CASE("a link of 50 ms delivers in 50 ms, and a second's worth of bytes in a second more") {
  ConsensusSpec c;
  c.latency_ms = {{50}};
  c.latency_spread_ms = 0;
  c.bandwidth_mbit_s = 8;
  const Directory d{4, 2};
  const auto t = arrivals(with(c), d,
                          {{d.validator(0), d.validator(1)},
                           {d.gateway(1), d.validator(3), 1, 1},
                           {d.validator(2), d.observer(), 1e6, 2},
                           // Both directions of one link at once: neither takes from the other.
                           {d.validator(0), d.validator(1), 1e6, 10},
                           {d.validator(1), d.validator(0), 1e6, 10},
                           // Two from one node share its bandwidth.
                           {d.validator(0), d.validator(1), 1e6, 20},
                           {d.validator(0), d.validator(2), 1e6, 20}});
  const double expected[] = {0.05, 1.05, 3.05, 11.05, 11.05, 22.05, 22.05};
  for (std::size_t i = 0; i < t.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(t[i] - expected[i]) < exactly);
  }
}

TEST_CASE("each way between sites takes what its entry of the matrix says, in its direction") {
  ConsensusSpec c;
  c.validators = 6;
  c.sites = {"a", "b", "c"};
  c.placement = {0, 1, 2};
  c.latency_ms = {{2, 30, 80}, {40, 4, 50}, {90, 60, 1}};
  c.latency_spread_ms = 0;
  const Directory d{6, 3};
  std::vector<Message> messages;
  std::vector<double> expected;
  for (std::uint32_t from = 0; from < 6; ++from)
    for (std::uint32_t to = 0; to < 6; ++to) {
      if (from == to) continue;
      const auto at_s = static_cast<double>(messages.size());
      messages.push_back({d.validator(from), d.validator(to), 1, at_s});
      expected.push_back(at_s + c.latency_ms[from % 3][to % 3] * 1e-3);
    }
  messages.push_back({d.gateway(1), d.observer(), 1, 40});
  expected.push_back(40.040);
  messages.push_back({d.fleet(2), d.gateway(2), 1, 41});
  expected.push_back(41.0006);
  const auto t = arrivals(with(c), d, messages);
  for (std::size_t i = 0; i < t.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(t[i] - expected[i]) < exactly);
  }
}

TEST_CASE("with a spread each link has a latency of its own within it, from the seed alone") {
  ConsensusSpec c;
  c.latency_ms = {{20}};
  c.latency_spread_ms = 10;
  const Directory d{4, 2};
  std::vector<Message> messages;
  for (std::uint32_t to = 1; to < 4; ++to)
    messages.push_back({d.validator(0), d.validator(to), 1, 1.0 * to});
  const auto t = arrivals(with(c), d, messages), again = arrivals(with(c), d, messages);
  CHECK(t == again);
  for (std::size_t i = 0; i < t.size(); ++i) {
    CHECK(std::abs(t[i] - messages[i].at_s - 0.020) <= 0.010 + exactly);
    CHECK(std::abs(t[i] - messages[i].at_s - 0.020) > exactly);
  }
}
