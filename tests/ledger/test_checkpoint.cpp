#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

#include "ledger/base/rng.hpp"
#include "ledger/tlog/tiles.hpp"
#include "tests/support/replaced.hpp"
#include "tests/support/signed_log.hpp"

using namespace ledger;

using test::replaced;

namespace {

const SignedLog& example() {
  static const SignedLog log = example_log();
  return log;
}

bool holds(const std::string& note) {
  Ed25519Verifier verifier;
  return check_checkpoint(note, example().policy, verifier).has_value();
}

std::string why(const std::string& note) {
  Ed25519Verifier verifier;
  const auto checked = check_checkpoint(note, example().policy, verifier);
  return checked ? "" : checked.error();
}

bool holds(const std::string& proof, BytesView entry) {
  Ed25519Verifier verifier;
  const auto parsed = parse_tlog_proof(proof);
  return parsed && verify_tlog_proof(*parsed, entry, example().policy, verifier);
}

}  // namespace

TEST_CASE("a checkpoint holds with a quorum of cosignatures or more") {
  const Checkpoint expected = example().checkpoint();
  Ed25519Verifier verifier;
  for (const std::vector<std::size_t>& who :
       {std::vector<std::size_t>{0, 1, 2}, {1, 2, 3}, {0, 1, 2, 3}}) {
    const auto checked =
        check_checkpoint(write_note(example().note(who)), example().policy, verifier);
    REQUIRE(checked);
    CHECK(checked->size == 3);
    CHECK(checked->root == expected.root);
    CHECK(checked->state_root == expected.state_root);
  }
}

TEST_CASE("too few, doubled, disordered and strangers' lines are refused") {
  for (const std::vector<std::size_t>& who : {std::vector<std::size_t>{},
                                              {0},
                                              {0, 1},
                                              {2, 3},
                                              {0, 0, 0},
                                              {0, 1, 1},
                                              {0, 0, 1, 2},
                                              {1, 0, 2},
                                              {0, 2, 1},
                                              {3, 2, 1, 0},
                                              {0, 1, 2, 3, 3}})
    CHECK_FALSE(holds(write_note(example().note(who))));
  CHECK(why(write_note(example().note({0, 1}))) == "2 cosignatures where the policy wants 3");

  SignedLog wider = example_log();
  wider.policy = example_policy(5);
  CHECK_FALSE(holds(write_note(wider.note({0, 1, 2, 4}))));  // 4 is not in the policy
  CHECK(why(write_note(wider.note({0, 1, 2, 4}))).find("stranger") != std::string::npos);
}

TEST_CASE("the log's own line comes first, and once") {
  const SignedNote good = example().note({0, 1, 2});
  SignedNote wrong = good;
  wrong.signatures.erase(wrong.signatures.begin());
  CHECK_FALSE(holds(write_note(wrong)));
  wrong = good;
  std::rotate(wrong.signatures.begin(), wrong.signatures.begin() + 1, wrong.signatures.end());
  CHECK_FALSE(holds(write_note(wrong)));
  wrong = good;
  wrong.signatures.insert(wrong.signatures.begin(), good.signatures[0]);
  CHECK_FALSE(holds(write_note(wrong)));
  wrong = good;
  wrong.signatures[0].name = example().policy.witnesses[0].name;
  CHECK_FALSE(holds(write_note(wrong)));
}

TEST_CASE("lines of another checkpoint or another time do not count") {
  SignedLog longer = SignedLog({"first", "second", "third", "fourth"});
  const SignedNote good = example().note({0, 1, 2});
  const SignedNote other = longer.note({0, 1, 2});
  for (std::size_t i = 0; i < good.signatures.size(); ++i) {
    SignedNote wrong = good;
    wrong.signatures[i] = other.signatures[i];
    CHECK_FALSE(holds(write_note(wrong)));
  }
  SignedNote wrong = good;
  wrong.text = other.text;
  CHECK_FALSE(holds(write_note(wrong)));
  wrong = good;
  wrong.signatures[1].signature[7] ^= 1;  // a second later than what was signed
  CHECK_FALSE(holds(write_note(wrong)));
}

TEST_CASE("a checkpoint of another origin is refused, though its lines be valid") {
  SignedLog other = example_log();
  other.policy.log.name = "aipchain.example/other";
  CHECK_FALSE(holds(write_note(other.note({0, 1, 2}))));
  SignedLog text_only = example_log();
  SignedNote note{replaced(checkpoint_text(text_only.checkpoint()), "/example\n", "/other\n"), {}};
  note.signatures = {text_only.log_line(note.text), text_only.validator_line(0, note.text),
                     text_only.validator_line(1, note.text),
                     text_only.validator_line(2, note.text)};
  CHECK(why(write_note(note)).find("origin") != std::string::npos);
}

TEST_CASE("a checkpoint with any byte changed, missing or added is refused") {
  const std::string good = write_note(example().note({0, 1, 3}));
  REQUIRE(holds(good));
  Rng rng(2);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string wrong = good;
    wrong[i] = static_cast<char>(wrong[i] ^ (1 + rng.below(255)));
    CHECK_FALSE_MESSAGE(holds(wrong), "byte " << i);
    wrong = good;
    wrong.erase(i, 1);
    CHECK_FALSE_MESSAGE(holds(wrong), "without byte " << i);
    wrong = good;
    wrong.insert(i, 1, static_cast<char>(rng.below(128)));
    CHECK_FALSE_MESSAGE(holds(wrong), "more at byte " << i);
  }
}

TEST_CASE("a checkpoint's text has one form") {
  const std::string good = checkpoint_text(example().checkpoint());
  REQUIRE(parse_checkpoint(good));
  const std::string root = to_base64(example().tree.root());
  for (const std::string& wrong : {std::string(),
                                   good + "\n",
                                   good + "more\n",
                                   good.substr(0, good.size() - 1),
                                   "\n" + good,
                                   replaced(good, "aipchain.example/example", ""),
                                   replaced(good, "aipchain.example/example", "aipchain example"),
                                   replaced(good, "aipchain.example/example", "aip\tchain"),
                                   replaced(good, "aipchain.example/example", "a+b"),
                                   replaced(good, "\n3\n", "\n03\n"),
                                   replaced(good, "\n3\n", "\n+3\n"),
                                   replaced(good, "\n3\n", "\n-3\n"),
                                   replaced(good, "\n3\n", "\n3 \n"),
                                   replaced(good, "\n3\n", "\n\n"),
                                   replaced(good, "\n3\n", "\n0x3\n"),
                                   replaced(good, "\n3\n", "\n18446744073709551616\n"),
                                   replaced(good, root, root.substr(0, 40)),
                                   replaced(good, root, root + "AAAA"),
                                   replaced(good, root, to_hex(example().tree.root())),
                                   replaced(good, "state ", "State "),
                                   replaced(good, "state ", "state  "),
                                   replaced(good, "state ", ""),
                                   replaced(good, "\nstate", "\r\nstate")})
    CHECK_FALSE_MESSAGE(parse_checkpoint(wrong), wrong);
  const auto largest = parse_checkpoint(replaced(good, "\n3\n", "\n18446744073709551615\n"));
  REQUIRE(largest);
  CHECK(largest->size == ~std::uint64_t{0});
}

TEST_CASE("a proof holds for its entry and for no other") {
  for (std::uint64_t i = 0; i < example().entries.size(); ++i)
    for (std::uint64_t k = 0; k < example().entries.size(); ++k)
      CHECK(holds(write_tlog_proof(example().proof(i)), example().entries[k]) == (i == k));
  TlogProof wrong = example().proof(1);
  wrong.index = 2;
  CHECK_FALSE(holds(write_tlog_proof(wrong), example().entries[1]));
  wrong = example().proof(1);
  wrong.siblings.pop_back();
  CHECK_FALSE(holds(write_tlog_proof(wrong), example().entries[1]));
  wrong = example().proof(1);
  wrong.checkpoint = write_note(example().note({0, 1}));  // below the quorum
  CHECK_FALSE(holds(write_tlog_proof(wrong), example().entries[1]));
}

TEST_CASE("a proof with any byte changed, missing or added is refused") {
  const std::string good = write_tlog_proof(example().proof(1));
  const Bytes& entry = example().entries[1];
  REQUIRE(holds(good, entry));
  Rng rng(3);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string wrong = good;
    wrong[i] = static_cast<char>(wrong[i] ^ (1 + rng.below(255)));
    CHECK_FALSE_MESSAGE(holds(wrong, entry), "byte " << i);
    wrong = good;
    wrong.erase(i, 1);
    CHECK_FALSE_MESSAGE(holds(wrong, entry), "without byte " << i);
    wrong = good;
    wrong.insert(i, 1, static_cast<char>(rng.below(128)));
    CHECK_FALSE_MESSAGE(holds(wrong, entry), "more at byte " << i);
  }
}

TEST_CASE("a proof's text has one form") {
  const std::string good = write_tlog_proof(example().proof(1));
  REQUIRE(parse_tlog_proof(good));
  std::string many = "c2sp.org/tlog-proof@v1\nindex 1\n";
  for (int i = 0; i < 65; ++i) many += to_base64(Hash{}) + "\n";
  for (const std::string& wrong :
       {std::string(), std::string("c2sp.org/tlog-proof@v1\n"),
        std::string("c2sp.org/tlog-proof@v1\nindex 1"),
        std::string("c2sp.org/tlog-proof@v1\nindex 1\n"), many + "\n", many,
        replaced(good, "@v1", "@v2"), replaced(good, "index 1", "extra AAAA\nindex 1"),
        replaced(good, "index 1", "index 01"), replaced(good, "index 1", "index -1"),
        replaced(good, "index 1", "index  1"), replaced(good, "index 1", "index 1 "),
        replaced(good, "index 1", "index"), replaced(good, "index 1", "Index 1"),
        replaced(good, "index 1", "index 18446744073709551616"), replaced(good, "=\n", "\n"),
        replaced(good, "=\n", "=\r\n"), replaced(good, "index 1\n", "index 1\nAAAA\n")})
    CHECK_FALSE_MESSAGE(parse_tlog_proof(wrong), wrong.substr(0, 200));
}

TEST_CASE("the worked bytes of docs/formats/log.md are what the code writes") {
  std::ifstream in(std::string(AIPCHAIN_SOURCE_DIR) + "/docs/formats/log.md");
  REQUIRE(in);
  std::ostringstream doc;
  doc << in.rdbuf();
  const auto shows = [&](const std::string& text) {
    return doc.str().find("```\n" + text + "```\n") != std::string::npos;
  };
  CHECK(shows(policy_text(example().policy)));
  CHECK(shows(cosigned_text(example().unix_seconds, checkpoint_text(example().checkpoint()))));
  CHECK(shows(write_tlog_proof(example().proof(1))));
  for (const auto& tile : all_tiles(example().entries, 3)) {
    const std::string& path = tile.first;  // clang 14 captures no structured binding
    std::string hex = to_hex(tile.second);
    for (std::size_t at = 64; at < hex.size(); at += 65) hex.insert(at, "\n");
    CHECK_MESSAGE(shows(path + "\n" + hex + "\n"), path);
  }
}
