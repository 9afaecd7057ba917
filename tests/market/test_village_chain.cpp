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
  CHECK(kinds.size() == 20);
  // This chain asks for no certificates and no attesters.
  CHECK(seen.size() == standings - 2);
  CHECK(made.blocks.size() == 2 * slots + 2);
  CHECK(to_hex(chain.log().root()) ==
        "e32bbf01a08cc98467d0b7b9523993b535f37a84ae816d19782f4965ef35da10");
  CHECK(to_hex(chain.state_root()) ==
        "bf4831d4636d26bb72965e4e4ed7f92b91be0b3710332dc0eb6d449e5e61b1f8");
  CHECK(to_hex(chain.state().content_root()) ==
        "cbfacc52d38385562a7091ed730cc1768725ee766e0430444a5fba70ff5a3ffb");
  CHECK(digest(roots) == "99b5fe00dfce048c70afcbb988687bbf902d5cd1e54473ed5edcc331e4da1879");
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

TEST_CASE("golden chain: receipts hold over changes of keys, by the key of the slot") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  struct Case {
    std::uint8_t home;
    std::uint32_t slot;
    std::size_t keys, gateway, certificates;
  };
  for (const Case& c : {Case{1, 4, 0, 0, 1}, Case{1, 5, 1, 0, 1}, Case{1, 6, 1, 0, 1},
                        Case{1, 50, 1, 0, 0}, Case{3, 7, 0, 0, 0}, Case{3, 8, 1, 0, 0},
                        Case{3, 10, 1, 1, 0}, Case{3, 22, 1, 1, 0}, Case{5, 60, 0, 1, 0}}) {
    CAPTURE(c.home);
    CAPTURE(c.slot);
    const auto receipt = write_receipt(made.log, made.openings, account(c.home), Slot{c.slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier))
      CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
    const auto has = [&](const char* key) { return receipt->find(key) != std::string::npos; };
    CHECK(has("\"keys\":[") == (c.keys > 0));
    CHECK(has("\"gateway\":[") == (c.gateway > 0));
    CHECK(has("\"certificates\":[") == (c.certificates > 0));
    // Without the list the old key is what is left, which did not sign.
    const auto without = [&](const std::string& key, const std::string& next) {
      const auto from = receipt->find("\"" + key + "\":["), to = receipt->find("\"" + next + "\":");
      const std::string bare = receipt->substr(0, from) + receipt->substr(to);
      return verify_receipt(bare, made.log.policy_text, verifier).back();
    };
    if (c.gateway > 0) CHECK(!without("gateway", "genesis").ok);
    if (c.keys > 0 && c.home == 1) CHECK(without("keys", "mark").name == "readings");
  }
}

TEST_CASE("golden chain: receipts show what was added to the grid fee, and bills follow") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  std::size_t felt = 0;
  for (const std::uint32_t slot : {2u, 3u, 4u, 7u}) {
    const auto receipt = write_receipt(made.log, made.openings, account(2), Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier))
      CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
    const auto from = receipt->find("\"fees\":["), to = receipt->find("\"format\"");
    CHECK((from == std::string::npos) == (slot == 4));
    if (from == std::string::npos) continue;
    // Without it the amounts do not follow, where anything is of the retailer.
    const std::string bare = receipt->substr(0, from) + receipt->substr(to);
    felt += verify_receipt(bare, made.log.policy_text, verifier).back().name == "tariff";
  }
  CHECK(felt >= 2);
}

TEST_CASE("golden chain: receipts show what the grid operator did to the home") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  std::string bill;
  const auto shown = [&](std::uint8_t home, std::uint32_t slot) {
    const auto receipt = write_receipt(made.log, made.openings, account(home), Slot{slot});
    REQUIRE_MESSAGE(receipt, receipt.error());
    std::string words;
    for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier)) {
      CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
      if (check.name == "grid measures") words = check.detail;
    }
    CHECK((words != "") == (receipt->find("\"measures\":[") != std::string::npos));
    bill = *receipt;
    return words;
  };
  const std::string both = shown(1, 6);
  CHECK(both.starts_with("dimming-14a in slot 6 for 2 min, lowest limit "));
  CHECK(both.find(", because of loading at transformer; curtailment in slot 6 for 1 min, lowest "
                  "limit ") != std::string::npos);
  CHECK(both.ends_with(" W, because of high voltage at home 3; owed 1007 micro-EUR, paid in slot "
                       "7"));
  CHECK(shown(1, 7) == both);  // where it is paid
  CHECK(bill.find("{\"line\":\"compensation for curtailment in slot 6\",\"micro_eur\":-1007}") !=
        std::string::npos);
  CHECK(bill.find("for dimming-14a") == std::string::npos);  // which is owed nothing
  CHECK(shown(3, 6).starts_with("curtailment in slot 6 for 2 min"));
  CHECK(bill.find("compensation") == std::string::npos);  // not yet
  CHECK(shown(2, 6) == "");
  CHECK(shown(1, 5) == "");
}

TEST_CASE("golden chain: receipts show the rulings that act in their slot") {
  const VillageChain& made = chain_of_100_slots();
  Ed25519Verifier verifier;
  std::map<Outcome, std::size_t> verified;
  for (const auto& [entry, openings] : made.openings.restricted) {
    if (decode_entry(made.log.entries[entry])->kind != TransactionKind::ruling) continue;
    for (const auto& [position, opening] : openings) {
      const Ruling r = *decode_ruling(opening.data);
      if (++verified[r.outcome] > 2) continue;
      const auto receipt = write_receipt(made.log, made.openings, r.account, r.slot);
      REQUIRE_MESSAGE(receipt, receipt.error());
      for (const ReceiptCheck& check : verify_receipt(*receipt, made.log.policy_text, verifier))
        CHECK_MESSAGE(check.ok, check.name, ": ", check.detail);
      const std::string line = "correction of slot " + std::to_string(r.settled.value);
      CHECK(receipt->find(line) != std::string::npos);
      // Without the ruling the bill has a line too many.
      const auto from = receipt->find("\"rulings\":["), to = receipt->find("],\"settlement\"");
      REQUIRE(to != std::string::npos);
      const std::string bare = receipt->substr(0, from + 11) + receipt->substr(to);
      const auto checks = verify_receipt(bare, made.log.policy_text, verifier);
      CHECK(checks.back().name == "bill");
      CHECK_FALSE(checks.back().ok);
    }
  }
  CHECK(verified.size() == 3);
}
