// What a chain asks of the next block, whatever the state machine.

#include <doctest/doctest.h>
#include <functional>

#include "ledger/chain/chain.hpp"
#include "ledger/crypto/sha256.hpp"

using namespace ledger;

namespace {

// Counts its blocks, and knows no transactions.
class Counter final : public StateMachine {
 public:
  std::unique_ptr<StateMachine> clone() const override { return std::make_unique<Counter>(*this); }
  std::vector<Transaction> due(std::int64_t) const override {
    ++blocks_;
    return {};
  }
  std::vector<tl::expected<void, Refusal>> admit(std::span<const Transaction> all) const override {
    return std::vector<tl::expected<void, Refusal>>(all.size());
  }
  tl::expected<void, Refusal> apply(const Transaction&, const Hash&, SignatureIs,
                                    std::int64_t) override {
    return {};
  }
  Hash commit() override { return root_of_blocks(blocks_); }
  Hash rules() const override { return {}; }
  Hash validators() const override { return {}; }
  Hash content_root() const override { return {}; }
  const SubjectKey* restricted_key(const AccountId&) const override { return nullptr; }

  static Hash root_of_blocks(std::uint8_t n) { return sha256(Bytes{n}); }

 private:
  mutable std::uint8_t blocks_ = 0;  // asked for what is due once for each block, in its copy
};

void grow(Chain& chain, std::int64_t time_ms) {
  auto tried = chain.try_block(encode(chain.build(time_ms, {0}, {}, 1 << 20).tried.block));
  REQUIRE(tried);
  chain.commit(std::move(*tried));
}

}  // namespace

TEST_CASE("a block continues its chain, or is refused") {
  Chain chain(std::make_unique<Counter>());
  grow(chain, 1000);
  const Block good = chain.build(2000, {1}, {}, 1 << 20).tried.block;
  CHECK(chain.try_block(encode(good)));
  for (const auto& named : std::vector<std::pair<const char*, std::function<void(Block&)>>>{
           {"the time of the block before", [](Block& b) { b.header.time_ms = 1000; }},
           {"an earlier time", [](Block& b) { b.header.time_ms = 999; }},
           {"the height before", [](Block& b) { b.header.height = 1; }},
           {"a height too many", [](Block& b) { b.header.height = 3; }},
           {"another block before it", [](Block& b) { b.header.previous[3] ^= 1; }},
           {"another state", [](Block& b) { b.header.state_root[0] ^= 1; }},
           {"another log", [](Block& b) { b.header.log_root[31] ^= 1; }},
           {"another size of the log", [](Block& b) { b.header.log_size = 1; }},
           {"other rules", [](Block& b) { b.header.rules[0] = 1; }},
           {"other validators", [](Block& b) { b.header.validators[0] = 1; }},
           {"evidence that is not there", [](Block& b) { b.header.evidence_root[0] ^= 1; }},
           {"a count of entries that are not there", [](Block& b) { b.header.entries = 1; }}}) {
    INFO(named.first);
    Block bad = good;
    named.second(bad);
    CHECK_FALSE(chain.try_block(encode(bad)));
  }
  CHECK_FALSE(decode_block(Bytes(10, 1)));
}

TEST_CASE("the state root in a header is that after the block before") {
  Chain chain(std::make_unique<Counter>());
  CHECK(chain.state_root() == Counter::root_of_blocks(0));
  for (std::uint8_t h = 1; h < 5; ++h) {
    grow(chain, 1000 * h);
    CHECK(chain.height() == h);
    CHECK(chain.state_root() == Counter::root_of_blocks(h));
    CHECK(chain.build(1000 * h + 1, {0}, {}, 1 << 20).tried.block.header.state_root ==
          chain.state_root());
  }
}
