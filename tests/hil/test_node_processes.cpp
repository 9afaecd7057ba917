// Networks of real processes on loopback: they agree, survive SIGKILL at any moment, and nobody
// ever signs twice. AIPCHAIN_KILLS and AIPCHAIN_SEED make it a campaign (scripts/campaign kills).

#include <cstdio>
#include <doctest/doctest.h>
#include <filesystem>

#include "ledger/base/codec.hpp"
#include "ledger/base/rng.hpp"
#include "tests/support/process_net.hpp"
#include "tests/support/statement_watch.hpp"
#include "twin/node/base/messages.hpp"

using namespace ledger;
using namespace twin;
using test::pause;
using test::ProcessNet;
using test::setting;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t validators = test::process_validators;

BytesView body_of(const hil::HeardMessage& m) { return BytesView(m.bytes).subspan(1); }

void check_signatures(const ProcessNet& net) {
  const Genesis genesis = net.genesis();
  test::StatementWatch watch(chain_id_of(genesis), genesis.validators);
  for (const std::string& name : net.names)
    for (const hil::HeardMessage& m : net.heard_by(name))
      if (m.bytes[0] == static_cast<std::uint8_t>(MessageKind::consensus)) watch.hear(body_of(m));
  for (const std::string& violation : watch.violations()) FAIL_CHECK(violation);
  CHECK(watch.statements() > 0);
  std::printf("statements: %zu steps signed, none twice\n", watch.statements());
}

// A validator that cosigned a checkpoint at a height acknowledged its blocks up to there.
void check_blocks(const ProcessNet& net) {
  std::vector<std::uint64_t> acknowledged(validators, 0);
  for (const hil::HeardMessage& m : net.heard_by("observer"))
    if (m.bytes[0] == static_cast<std::uint8_t>(MessageKind::cosignature))
      if (const auto c = decode_cosignature(body_of(m)))
        acknowledged[m.from.value] = std::max(acknowledged[m.from.value], c->height);
  std::map<std::uint64_t, Bytes> block_at;
  for (std::uint32_t v = 0; v < validators; ++v) {
    const auto store = net.store_of("validator-" + std::to_string(v));
    REQUIRE(acknowledged[v] > 0);
    std::uint64_t height = 1;
    for (; const auto record = store->block(height); ++height) {
      const auto block = decode_block_record(*record)->block;
      const auto [at, first] = block_at.try_emplace(height, block);
      CHECK_MESSAGE(at->second == block, "two blocks at height ", height);
    }
    CHECK_MESSAGE(height > acknowledged[v], "validator ", v, " lost block ", height, " of the ",
                  acknowledged[v], " that it had acknowledged");
  }
  std::printf("blocks: %zu heights, one block each; none that was acknowledged is lost\n",
              block_at.size());
}

void check_public_log(const ProcessNet& net) {
  test::Process audit({AIPCHAIN_PROGRAM, "audit", net.file("observer")});
  const int code = audit.finish();
  CHECK_MESSAGE(code == 0, audit.output, audit.errors);
}

}  // namespace

TEST_CASE("processes: killed at any moment they go on, lose nothing and never sign twice") {
  const std::uint64_t kills = setting("AIPCHAIN_KILLS", 12), seed = setting("AIPCHAIN_SEED", 1);
  Rng rng = Rng(seed).fork("kills");
  ProcessNet net("--wire-log --speed 5");
  net.start_all();
  pause(4000);
  for (std::uint64_t k = 0; k < kills; ++k) {
    // The observer once in a while; sometimes two validators at once, which stops the chain.
    std::vector<std::size_t> victims{rng.below(8) == 0 ? validators : rng.below(validators)};
    if (rng.below(6) == 0) victims.push_back((victims[0] + 1) % validators);
    for (const std::size_t v : victims) net.kill(v);
    pause(rng.below(300));
    for (const std::size_t v : victims) net.start(v);
    pause(100 + rng.below(700));
  }
  pause(3000);
  net.stop();
  std::printf("kills: %llu, seed %llu\n", static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(seed));
  check_signatures(net);
  check_blocks(net);
  check_public_log(net);
}

TEST_CASE("processes: a network whose nodes all start late begins with height 1") {
  ProcessNet net("--wire-log --speed 5 --delay-ms 5");
  net.start_all();
  for (std::size_t n = 0; n < net.names.size(); ++n) net.kill(n);
  for (std::size_t n = 0; n < validators; ++n) fs::remove_all(net.file(net.names[n]));
  pause(4500);  // the chain's time 0 is over
  for (std::size_t n = 0; n < net.names.size(); ++n) net.start(n, n < validators);
  pause(4000);
  net.stop();
  check_signatures(net);
  CHECK(net.store_of("validator-0")->block(2).has_value());
  test::Process again({AIPCHAIN_PROGRAM, "node", net.file("validator-0.toml"), "--first-start"});
  CHECK(again.finish() == 3);
  CHECK(again.errors.find("no first start") != std::string::npos);
}

TEST_CASE("processes: a validator that lost its disk observes before it votes again") {
  ProcessNet net("--wire-log --speed 5");
  net.start_all();
  pause(5000);
  net.kill(2);
  fs::remove_all(net.file("validator-2"));
  net.start(2);
  pause(4000);
  net.stop();
  check_signatures(net);
  CHECK(net.store_of("validator-2")->block(1).has_value());
  // Votes of its second life exist, and only for heights that began after it.
  CHECK(net.store_of("validator-2")->newest(RecordKind::last_signed).has_value());
}
