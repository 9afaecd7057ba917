// Blocks with every kind of transaction, whose roots stand here: whoever executes them, built by
// whatever compiler at whatever level, gets these. `scripts/campaign compilers` runs this test as
// g++ -O3 and as clang++ -O1 build it. A change of docs/formats/transactions.md changes them, and
// nothing else may.

#include <doctest/doctest.h>
#include <set>

#include "ledger/chain/chain.hpp"
#include "market/audit/replay.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market_test;

namespace {

constexpr std::uint32_t slots = 100;

// One hash over the roots after every block.
std::string digest(const std::vector<Hash>& roots) {
  Bytes all;
  for (const Hash& root : roots) append(all, root);
  return to_hex(sha256(all));
}

const VillageChain& chain_of_100_slots() {
  static const VillageChain chain = village_chain(4, slots);
  return chain;
}

}  // namespace

TEST_CASE("golden chain: the same blocks give the same roots under every compiler") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  Chain chain(std::make_unique<MarketState>(village_genesis(), verifier));
  std::vector<Hash> roots;
  std::set<TransactionKind> kinds;
  std::set<Standing> seen;  // what marks were worth
  for (const Bytes& bytes : made.blocks) {
    auto tried = chain.try_block(bytes);
    REQUIRE_MESSAGE(tried, tried.error());
    for (const Transaction& tx : tried->block.transactions) {
      kinds.insert(tx.kind);
      if (tx.kind == TransactionKind::statements)
        for (const Opening& o : tx.openings) seen.insert(decode_statement(o.data)->standing);
    }
    chain.commit(std::move(*tried));
    roots.push_back(chain.state_root());
  }
  CHECK(roots == made.state_roots);
  CHECK(kinds.size() == 8);
  CHECK(seen.size() == standings);
  CHECK(made.blocks.size() == 2 * slots + 2);
  CHECK(to_hex(chain.log().root()) ==
        "34e890ff32cf1dcf3b6f0169b1a83e56e55e17b5d504bb22726464a429db059f");
  CHECK(to_hex(chain.state_root()) ==
        "cffefbec14b2229b58165fe881858a63692a4ec7f765528ebe187c9f42c29255");
  CHECK(to_hex(chain.state().content_root()) ==
        "9ae8e5b38aaad86dd67d7753cc053f788e82eb2d3607f44795485f5a431b44f9");
  CHECK(digest(roots) == "d9c0f157d5254d105cfe564664aee076e4d844a65c37e960631d7757053b4717");
  MESSAGE("golden chain: ", made.blocks.size(), " blocks, ", chain.log().size(),
          " transactions, state roots ", digest(roots));
}

TEST_CASE("golden chain: an auditor who has its openings executes it to the same root") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  std::string broken;
  const auto executed = check_execution(made.log, made.openings, verifier, broken);
  CHECK_MESSAGE(executed, executed.error());
  CHECK(broken == "");
  PublicLog lying = made.log;
  lying.checkpoint.state_root[0] ^= 1;
  CHECK_FALSE(check_execution(lying, made.openings, verifier, broken));
}

TEST_CASE("golden chain: another seed gives other blocks") {
  CHECK(village_chain(5, 3).state_roots.back() != village_chain(4, 3).state_roots.back());
  CHECK(village_chain(4, 3).blocks == village_chain(4, 3).blocks);
}

TEST_CASE("golden chain: its receipts verify") {
  const VillageChain made = village_chain(1, 3);
  Ed25519Verifier verifier;
  for (const std::uint32_t slot : {0u, 1u}) {
    const auto receipt = write_receipt(made.log, made.openings, account(1), Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier))
      CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
  }
}
