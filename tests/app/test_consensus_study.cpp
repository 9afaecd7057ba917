// Consensus as a subject of study: what a scenario says of validators, network and faults, and what
// the run's figures say of it.

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"

using nlohmann::json;
using test::aipchain;
using test::Folder;

namespace {

// Four homes, five minutes, a block each five seconds: 59 of their slots end within the run.
const char* const small_world = R"(name = "study"
seed = 5
[time]
start = "2026-06-21T12:00:00+02:00"
duration = "5m"
market_slot = "1m"
[grid.generator]
homes = 4
branches = 2
[ledger]
block_interval = "5s"
gateways = 2
batch_interval = "20s"
[[population]]
count = 4
pv = { share = 0.5 }
)";
// The same, with gateways and batches as they come.
std::string world_of_defaults() {
  const std::string text = small_world, own = "gateways = 2\nbatch_interval = \"20s\"\n";
  return std::string(text).replace(text.find(own), own.size(), "");
}

constexpr int slots = 59;

using Sets = std::vector<std::string>;

struct Ran {
  std::shared_ptr<Folder> folder;
  json summary;
  const json& at(const char* path) const { return summary.at(json::json_pointer(path)); }
  double number(const char* path) const { return at(path).get<double>(); }
  std::int64_t count(const char* path) const { return at(path).get<std::int64_t>(); }
};

Ran run(const std::string& text, const Sets& sets, const std::vector<std::string>& more = {}) {
  const auto folder = std::make_shared<Folder>();
  folder->write("scenario.toml", text);
  std::vector<std::string> arguments{"run",    folder->at(""), "--out", folder->at("out"),
                                     "--json", "--quiet"};
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  arguments.insert(arguments.end(), more.begin(), more.end());
  const test::Outcome outcome = aipchain(arguments);
  CAPTURE(outcome.errors);
  REQUIRE(outcome.code == 0);
  return {folder, json::parse(outcome.output)};
}

std::string with_fault(const std::string& fault) {
  return std::string(small_world) + "[[fault]]\nat = \"1m\"\nfor = \"2m\"\n" + fault;
}

// What must hold whatever happens to validators, as long as the chain goes on to the end.
void check_whole(const Ran& r) {
  const std::string out = r.folder->at("out");
  CHECK(aipchain({"audit", out, "--openings", out + "/openings"}).code == 0);
  CHECK(r.at("/market/slots_settled") == r.at("/market/slots_due"));
  CHECK(r.at("/market/money_residual_eur") == 0);
  CHECK(r.at("/tokens/residual_wh") == 0);
}

// When the observer, which stands with validator 0, decides, after the proposer's time: three ways
// along the matrix, where prevotes and precommits wait for the third of four. A validator hears
// itself at once. Every node writes its signing record before it speaks.
double theory_ms(const std::vector<std::vector<double>>& ms, std::size_t proposer) {
  constexpr double disk_ms = 1;
  std::array<double, 4> proposed{}, prevoted{}, precommitted{};
  const auto third = [](std::array<double, 4> heard) {
    std::sort(heard.begin(), heard.end());
    return heard[2];
  };
  const auto heard_at = [&](const std::array<double, 4>& said, std::size_t v, bool itself) {
    std::array<double, 4> out{};
    for (std::size_t w = 0; w < 4; ++w) out[w] = said[w] + (itself && w == v ? 0 : ms[w][v]);
    return third(out);
  };
  for (std::size_t v = 0; v < 4; ++v) proposed[v] = disk_ms + (v == proposer ? 0 : ms[proposer][v]);
  for (std::size_t v = 0; v < 4; ++v) prevoted[v] = proposed[v] + disk_ms;
  for (std::size_t v = 0; v < 4; ++v)
    precommitted[v] = std::max(proposed[v], heard_at(prevoted, v, true)) + disk_ms;
  return heard_at(precommitted, 0, false);
}

std::string text_of(const std::vector<std::vector<double>>& ms) { return json(ms).dump(); }

}  // namespace

TEST_CASE("finality is three one-way delays and three writes, for every latency stated") {
  for (const double ms : {5.0, 50.0}) {
    CAPTURE(ms);
    const Ran r = run(small_world, {"consensus.latency_ms=" + std::to_string(ms),
                                    "consensus.latency_spread_ms=0"});
    CHECK(r.number("/ledger/finality_ms/p50") > 3 * ms + 3);
    CHECK(r.number("/ledger/finality_ms/p50") < 3 * ms + 3 + 2);
    CHECK(r.number("/ledger/delay_ms/p50") == r.number("/ledger/finality_ms/p50"));
  }
}

TEST_CASE("along a matrix finality is what the slowest way of each quorum takes") {
  const std::vector<std::vector<double>> ms{
      {2, 20, 45, 100}, {22, 2, 35, 90}, {40, 30, 2, 60}, {110, 95, 65, 2}};
  const Ran r = run(small_world, {"consensus.latency_ms=" + text_of(ms), "consensus.validators=4"});
  std::array<double, 4> by_proposer{};
  for (std::size_t p = 0; p < 4; ++p) by_proposer[p] = theory_ms(ms, p);
  std::sort(by_proposer.begin(), by_proposer.end());
  // The proposers take turns: half of the blocks are at the second of them or below.
  CHECK(r.number("/ledger/finality_ms/p50") > by_proposer[1] - 1);
  CHECK(r.number("/ledger/finality_ms/p50") < by_proposer[2] + 2);
  CHECK(r.number("/ledger/finality_ms/p95") > by_proposer[3] - 1);
  CHECK(r.number("/ledger/finality_ms/p95") < by_proposer[3] + 3);
  CHECK(by_proposer[3] - by_proposer[0] > 50);
}

TEST_CASE(
    "without faults each validator says each thing once to each other one and to the observer") {
  for (const int n : {1, 4, 16}) {
    CAPTURE(n);
    const Ran r = run(small_world, {"consensus.validators=" + std::to_string(n)});
    check_whole(r);
    const std::int64_t height = r.count("/ledger/height");
    CHECK(r.count("/ledger/messages/by_kind/proposal/count") == height * n);
    CHECK(r.count("/ledger/messages/by_kind/prevote/count") == height * n * n);
    CHECK(r.count("/ledger/messages/by_kind/precommit/count") == height * n * n);
    CHECK(r.count("/ledger/messages/by_kind/cosignature/count") == height * n);
    CHECK(r.count("/ledger/messages/lost") == 0);
    std::int64_t messages = 0, bytes = 0;
    for (const auto& [kind, t] : r.at("/ledger/messages/by_kind").items()) {
      messages += t.at("count").get<std::int64_t>();
      bytes += t.at("bytes").get<std::int64_t>();
    }
    CHECK(r.count("/ledger/messages/count") == messages);
    CHECK(r.count("/ledger/messages/bytes") == bytes);
    CHECK(r.at("/ledger/rounds/histogram") == json{{"1", height}});
    CHECK(r.at("/ledger/rounds/mean") == 1);
    CHECK(r.at("/ledger/missed_slots") == 0);
    CHECK(r.at("/ledger/posted/undecided") == 0);
    CHECK(r.count("/ledger/posted/count") > 30);
  }
}

TEST_CASE("forty validators decide in one round each") {
  const Ran r = run(small_world,
                    {"consensus.validators=40", "time.duration=2m", "ledger.block_interval=20s"});
  check_whole(r);
  CHECK(r.at("/ledger/rounds/max") == 1);
  CHECK(r.at("/ledger/missed_slots") == 0);
  CHECK(r.number("/ledger/finality_ms/p99") < 1000);
}

TEST_CASE("seven validators go on without one; its turns cost a round, and no slot is missed") {
  const Ran r =
      run(with_fault("kind = \"crash\"\ntarget = \"validator-2\"\n"), {"consensus.validators=7"});
  check_whole(r);
  // 24 blocks are due while it is away, every seventh its own.
  CHECK(r.count("/ledger/rounds/histogram/2") >= 3);
  CHECK(r.count("/ledger/rounds/histogram/2") <= 4);
  CHECK(r.at("/ledger/rounds/max") == 2);
  CHECK(r.at("/ledger/missed_slots") == 0);
  CHECK(r.at("/ledger/evidence") == 0);
  // It comes back from its records and is given what it missed.
  CHECK(r.count("/ledger/messages/by_kind/decision/count") >= 24);
  CHECK(r.number("/ledger/delay_ms/p99") > 1000);
  CHECK(r.number("/ledger/finality_ms/p99") < 500);
}

TEST_CASE("a round that its validators enter at different times loses no message to their timers") {
  const std::string text = with_fault("kind = \"crash\"\ntarget = \"validator-5\"\n");
  for (const int mbit_s : {2, 50}) {
    CAPTURE(mbit_s);
    const Ran r =
        run(text, {"consensus.validators=7", "ledger.block_interval=5s",
                   "consensus.latency_ms=[[2,12,9,60],[12,2,10,55],[9,10,2,48],[60,55,48,2]]",
                   "consensus.bandwidth_mbit_s=" + std::to_string(mbit_s)});
    CHECK(r.count("/ledger/rounds/histogram/2") >= 3);
    CHECK(r.at("/ledger/rounds/max") == 2);
  }
}

TEST_CASE("half against half nothing is decided; healed, the chain catches up and settles") {
  const Ran r =
      run(with_fault("kind = \"partition\"\ntarget = [\"validator-2\", \"validator-3\"]\n"),
          {"time.market_slot=5m"});
  check_whole(r);
  // The slots from one to three minutes end undecided, give or take one at each end.
  CHECK(r.count("/ledger/missed_slots") >= 23);
  CHECK(r.count("/ledger/missed_slots") <= 26);
  CHECK(r.count("/ledger/height") >= slots);
  CHECK(r.number("/ledger/delay_ms/p99") > 100'000);
  CHECK(r.count("/ledger/messages/lost") > 500);
  CHECK(r.at("/ledger/evidence") == 0);
}

TEST_CASE("three of four go on while one is cut off, is silent or has a wrong clock") {
  for (const char* fault : {"kind = \"partition\"\n", "kind = \"silent\"\n",
                            "kind = \"clock_offset\"\noffset_ms = 3000\n",
                            "kind = \"clock_offset\"\noffset_ms = -3000\n"}) {
    CAPTURE(fault);
    const Ran r = run(with_fault(std::string(fault) + "target = \"validator-1\"\n"), {});
    check_whole(r);
    CHECK(r.count("/ledger/rounds/histogram/2") >= 6);
    CHECK(r.at("/ledger/rounds/max") == 2);
    CHECK(r.at("/ledger/missed_slots") == 0);
    CHECK(r.at("/ledger/evidence") == 0);
  }
}

TEST_CASE("a slow validator delays its own blocks, by no more than it is slow") {
  const Ran r =
      run(with_fault("kind = \"slow\"\ndelay = \"400ms\"\ntarget = \"validator-1\"\n"), {});
  const Ran calm = run(small_world, {});
  check_whole(r);
  CHECK(r.at("/ledger/rounds/max") == 1);
  CHECK(r.number("/ledger/finality_ms/p50") ==
        doctest::Approx(calm.number("/ledger/finality_ms/p50")).epsilon(0.1));
  CHECK(r.number("/ledger/finality_ms/p99") > 400);
  CHECK(r.number("/ledger/finality_ms/p99") < 400 + calm.number("/ledger/finality_ms/p99") + 20);
}

TEST_CASE("two nodes with one key are found out, and the chain stays whole") {
  const Ran r = run(with_fault("kind = \"equivocate\"\ntarget = \"validator-2\"\n"), {});
  check_whole(r);
  CHECK(r.count("/ledger/evidence") >= 6);  // each of its turns in two minutes at least
  CHECK(r.count("/ledger/messages/by_kind/evidence/count") > 0);
}

TEST_CASE("with a tenth of the messages lost the chain goes on, and stops where all are") {
  const Ran r = run(small_world, {"consensus.loss=0.1", "consensus.validators=7"});
  check_whole(r);
  const double lost = r.number("/ledger/messages/lost");
  const double sent =
      r.number("/ledger/messages/count") - r.number("/ledger/messages/by_kind/transaction/count");
  CHECK(lost / sent > 0.08);
  CHECK(lost / sent < 0.12);
  CHECK(r.count("/ledger/height") >= slots);
  CHECK(r.number("/ledger/delay_ms/p99") > r.number("/ledger/delay_ms/p50") + 100);
  const Ran stuck = run(small_world, {"consensus.loss=0.9", "time.duration=1m"});
  CHECK(stuck.count("/ledger/missed_slots") == 11);
  CHECK(stuck.at("/ledger/posted/undecided") == stuck.at("/ledger/posted/count"));
}

TEST_CASE("losses and faults come from the seed: not from threads, but another seed's differ") {
  const std::string text =
      with_fault("kind = \"slow\"\ntarget = \"validator-1\"\n") +
      "[[fault]]\nkind = \"equivocate\"\nat = \"90s\"\nfor = \"1m\"\ntarget = \"validator-2\"\n";
  const Sets sets{"consensus.loss=0.05"};
  const Ran one = run(text, sets, {"--threads", "1"}), two = run(text, sets, {"--threads", "2"});
  const Ran other = run(text, sets, {"--seed", "6"});
  CHECK(one.at("/result_hash") == two.at("/result_hash"));
  CHECK(one.at("/ledger/messages") == two.at("/ledger/messages"));
  CHECK(other.at("/ledger/messages") != one.at("/ledger/messages"));
}

TEST_CASE("reading by reading everybody is billed the same, at many times the traffic") {
  const std::string text = world_of_defaults();
  const Ran batched = run(text, {});
  const Ran singly = run(text, {"ledger.readings=per_reading"});
  check_whole(batched);
  check_whole(singly);
  // Four homes and the feeder's meter, sixty readings each; the feeder's travels with a home's.
  CHECK(singly.count("/readings") == 5 * 60);
  CHECK(singly.count("/ledger/posted/count") - 4 * 60 < 60);
  CHECK(singly.count("/ledger/posted/count") > 4 * 60);
  CHECK(batched.count("/ledger/posted/count") < 80);
  CHECK(singly.at("/energy") == batched.at("/energy"));
  for (const char* path : {"/market/traded_kwh", "/market/turnover_eur", "/market/savings_eur",
                           "/tokens/minted_wh", "/tokens/retired_wh"}) {
    CAPTURE(path);
    CHECK(singly.at(path) == batched.at(path));
  }
  CHECK(singly.number("/ledger/messages/bytes") > 1.3 * batched.number("/ledger/messages/bytes"));
}

TEST_CASE("a network that carries a minute's batches is choked by single readings, and it shows") {
  const std::string text = world_of_defaults();
  const std::string homes = std::string(text).replace(text.find("count = 4"), 9, "count = 12");
  Sets narrow{"grid.generator.homes=12", "consensus.bandwidth_mbit_s=1", "time.duration=3m",
              "time.metering_interval=1s", "time.physics_step=1s"};
  const Ran batched = run(homes, narrow);
  narrow.push_back("ledger.readings=per_reading");
  const Ran singly = run(homes, narrow);
  check_whole(batched);
  CHECK(batched.at("/ledger/posted/undecided") == 0);
  CHECK(batched.count("/ledger/missed_slots") < 10);  // the first block registers everybody
  CHECK(singly.at("/ledger/missed_slots") == 35);
  CHECK(singly.count("/ledger/posted/count") > 12 * 180);
  CHECK(singly.at("/ledger/posted/undecided") == singly.at("/ledger/posted/count"));
}

TEST_CASE("the resolved scenario holds sites, loss and faults, and gives the same run") {
  const std::string text =
      with_fault("kind = \"slow\"\ntarget = [\"validator-1\", \"validator-3\"]\n") +
      "[[fault]]\nkind = \"clock_offset\"\nat = \"2m\"\noffset_ms = -250\ntarget = "
      "\"validator-0\"\n"
      "[consensus]\nvalidators = 5\nsites = [\"here\", \"there\"]\nlatency_ms = [[1, 20.5], [30, "
      "2]]\n"
      "placement = [\"there\", \"here\", \"here\"]\nlatency_spread_ms = 1\nloss = 0.02\n";
  const Folder folder;
  folder.write("scenario.toml", text);
  REQUIRE(aipchain({"run", folder.at(""), "--out", folder.at("one"), "--quiet"}).code == 0);
  REQUIRE(aipchain({"run", folder.at("one"), "--out", folder.at("two"), "--quiet"}).code == 0);
  const std::string resolved = test::slurp(folder.path() / "one" / "scenario.resolved.toml");
  CHECK(resolved == test::slurp(folder.path() / "two" / "scenario.resolved.toml"));
  for (const char* line :
       {"readings = \"batched\"", "sites = [\"here\", \"there\"]", "loss = 0.02",
        "placement = [\"there\", \"here\", \"here\"]", "latency_ms = [[1.0, 20.5], [30.0, 2.0]]",
        "target = [\"validator-1\", \"validator-3\"]", "delay = \"500ms\"", "offset_ms = -250"}) {
    CAPTURE(line);
    CHECK(resolved.find(line) != std::string::npos);
  }
  const auto hash = [&](const char* name) {
    return json::parse(test::slurp(folder.path() / name / "summary.json")).at("result_hash");
  };
  CHECK(hash("one") == hash("two"));
}
