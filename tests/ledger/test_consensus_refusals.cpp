// What a validator does not accept, and what Byzantine ones cannot make it do.

#include "tests/support/consensus_lab.hpp"

using namespace consensus_lab;

TEST_CASE("a second statement for one step is evidence, told once and never counted") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.hear_votes(VoteType::prevote, {2, 2, 2}, 0, std::nullopt);
  CHECK(lab.all<EvidenceFound>().empty());
  lab.hear_votes(VoteType::prevote, {2, 2}, 0, block_id(x));
  REQUIRE(lab.all<EvidenceFound>().size() == 1);
  CHECK(lab.all<EvidenceFound>()[0].culprit == ValidatorId{2});
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear(encode(lab.proposal(0, lab.block(1, 2))));
  lab.hear(encode(lab.proposal(0, lab.block(1, 3))));
  REQUIRE(lab.all<EvidenceFound>().size() == 2);
  const EvidenceFound found = lab.all<EvidenceFound>()[1];
  CHECK(verify_evidence(found.evidence, lab.config.chain_id, lab.driver.validators(),
                        lab.verifier) == ValidatorId{1});
  // Ours and validator 1's for x; that of 2 counts for nil.
  lab.hear_votes(VoteType::prevote, {1, 1, 2}, 0, block_id(x));
  CHECK(lab.own_votes(VoteType::precommit).empty());
}

TEST_CASE("proposals that are not what they should be get no vote") {
  struct Case {
    const char* what;
    std::function<Bytes(Lab&)> make;
    bool refused;  // and not even looked at; otherwise prevoted nil
  };
  for (const Case& c : std::vector<Case>{
           {"another validator's turn",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(2, 1));
              p.proposer.value = 2;
              l.sign(p);
              return encode(p);
            },
            true},
           {"a proposer outside the set",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(1, 1));
              p.proposer.value = 0xffff'ffff;
              return encode(p);
            },
            true},
           {"a wrong signature",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(1, 1));
              p.signature[0] ^= 1;
              return encode(p);
            },
            true},
           {"another value than it says",
            [](Lab& l) { return encode(l.proposal(0, l.block(1, 1)), l.block(1, 2)); }, true},
           {"no value", [](Lab& l) { return encode(l.proposal(0, l.block(1, 1)), {}); }, true},
           {"a value that is no block", [](Lab& l) { return encode(l.proposal(0, Bytes(300, 7))); },
            true},
           {"a body that does not fit its header",
            [](Lab& l) {
              Bytes x = l.block(1, 1);
              x.back() ^= 1;
              return encode(l.proposal(0, x));
            },
            true},
           {"a block of another height",
            [](Lab& l) { return encode(l.proposal(0, l.block(1, 1, 2))); }, true},
           {"a block that another validator made",
            [](Lab& l) { return encode(l.proposal(0, l.block(2, 1))); }, true},
           {"a negative time",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, -1, {1}, 1))); }, true},
           {"a time that no clock holds",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, INT64_MAX, {1}, 1))); }, true},
           {"a time ahead of ours by more than the precision",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, 1251, {1}, 1))); }, false},
           {"a time before the height begins",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, 999, {1}, 1))); }, false},
           {"a value that the application refuses",
            [](Lab& l) {
              l.application_agrees = false;
              return encode(l.proposal(0, l.block(1, 1)));
            },
            false}}) {
    Lab lab;
    INFO(c.what);
    lab.hear(c.make(lab));
    CHECK(lab.refusals() == (c.refused ? 1u : 0u));
    CHECK(values_of(lab.own_votes(VoteType::prevote)) ==
          (c.refused ? Values{} : Values{std::nullopt}));
  }
}

TEST_CASE("a proposal that arrives late is not timely, and later rounds wait longer") {
  Lab lab;
  const Bytes early = lab.block(1, 1);  // stamped 1,000 ms
  lab.step([&](Effects& out) {          // at 250 + 200 ms, the last moment, and one after it
    lab.driver.on_message(lab.now + milliseconds(450), encode(lab.proposal(0, early)), out);
  });
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{block_id(early)});
  Lab late;
  late.step([&](Effects& out) {
    late.driver.on_message(late.now + milliseconds(451), encode(late.proposal(0, early)), out);
  });
  CHECK(values_of(late.own_votes(VoteType::prevote)) == Values{std::nullopt});
  Lab round_2;
  round_2.hear_votes(VoteType::precommit, {1, 3}, 2, std::nullopt);
  REQUIRE(round_2.driver.round() == 2);
  const Bytes slow = round_2.block(3, 1);
  const Proposal proposal = round_2.proposal(2, slow);
  round_2.step([&](Effects& out) {
    round_2.driver.on_message(round_2.now + milliseconds(650), encode(proposal), out);
  });
  CHECK(values_of(round_2.own_votes(VoteType::prevote)) == Values{block_id(slow)});
}

TEST_CASE("block time rises") {
  Lab lab;
  const Bytes x = block_of(1, 1200, {1}, 1);
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(x)), x}));
  REQUIRE(lab.driver.decided());
  lab.config.block_interval = seconds(1);
  lab.now = Instant{} + seconds(2);
  // A chain whose last block is stamped ahead of this clock: the next is one millisecond later.
  Driver driver(lab.config, &lab.signer, lab.verifier);
  Effects out;
  driver.start(lab.now, 4, 9000, out);
  Lab proposer(0);
  CHECK(driver.next_deadline() == Instant{} + seconds(4));
  driver.on_deadline(Instant{} + seconds(4), out);
  bool asked = false;
  for (const Effect& e : out)
    if (const auto* need = std::get_if<NeedValue>(&e)) asked = need->timestamp_ms == 9001;
  CHECK(asked);

  Driver voter(lab.config, &lab.signer, lab.verifier);
  voter.start(lab.now, 1, 1000, out);
  out.clear();
  Proposal stale = lab.proposal(0, block_of(1, 1000, {1}, 5));
  voter.on_message(Instant{} + milliseconds(1000), encode(stale), out);
  bool checked = false;
  for (const Effect& e : out) checked = checked || std::holds_alternative<CheckValue>(e);
  CHECK_FALSE(checked);
}

TEST_CASE("votes of strangers, garbage and old heights change nothing") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.hear(encode(lab.proposal(0, x)));
  lab.forget();
  Vote unknown = lab.vote(VoteType::prevote, 1, 0, block_id(x));
  unknown.validator.value = 4;
  lab.hear(encode(unknown));
  Vote forged = lab.vote(VoteType::prevote, 1, 0, block_id(x));
  forged.validator.value = 2;
  lab.hear(encode(forged));
  Certificate thin = lab.certificate(VoteType::prevote, 0, block_id(x));
  thin.votes.pop_back();
  lab.hear(encode(thin));
  lab.hear({});
  lab.hear({1, 2, 3});
  lab.hear(Bytes(200'000, 1));
  lab.hear(encode(lab.certificate(VoteType::precommit, 0, block_id(x))));
  CHECK(lab.refusals() == 7);
  CHECK(lab.all<ConsensusEvent>().size() == lab.said.size());
  CHECK(lab.own_votes(VoteType::precommit).empty());
  // The quorum that a good certificate proves counts at once.
  lab.hear(encode(lab.certificate(VoteType::prevote, 0, block_id(x))));
  CHECK(values_of(lab.own_votes(VoteType::precommit)) == Values{block_id(x)});
}

TEST_CASE("a node that is behind follows decisions, and nothing that only looks like one") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  const Decision good{lab.certificate(VoteType::precommit, 0, block_id(x)), x};
  const std::vector<std::function<void(Decision&)>> changes = {
      [](Decision& d) { d.certificate.votes.pop_back(); },
      [](Decision& d) { d.certificate.votes[0].signature[1] ^= 1; },
      [](Decision& d) { d.certificate.votes[2].validator.value = 9; },
      [](Decision& d) { d.certificate.type = VoteType::prevote; },
      [](Decision& d) { d.certificate.round = 1; },
      [](Decision& d) { d.value[20] ^= 1; },
      [](Decision& d) { d.value.push_back(0); },
  };
  for (const auto& change : changes) {
    Decision bad = good;
    change(bad);
    lab.hear(encode(bad));
    CHECK_FALSE(lab.driver.decided());
  }
  CHECK(lab.refusals() == changes.size());
  const Bytes next = lab.block(2, 1, 2);
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(next), 2), next}));
  CHECK_FALSE(lab.driver.decided());
  lab.hear(encode(good));
  REQUIRE(lab.all<Decided>().size() == 1);
  CHECK(lab.all<Decided>()[0].value_id == block_id(x));
  lab.hear(encode(good));
  lab.step([&](Effects& out) { lab.driver.advance(lab.now, 2, out); });
  lab.hear(encode(good));  // a lower height
  CHECK(lab.all<Decided>().size() == 1);
  lab.forget();
  for (const std::uint64_t height : {1, 2, 3}) lab.hear(encode(DecisionRequest{height}));
  REQUIRE(lab.all<AnswerPeer>().size() == 1);
  CHECK(lab.all<AnswerPeer>()[0].height == 1);
}

TEST_CASE("one validator cannot fill the buffer of the next height") {
  HeightBuffer buffer;
  for (std::uint8_t i = 0; i < 200; ++i) buffer.add({{}, {1}, i % 2 == 0, Bytes{i}});
  buffer.add({{}, {2}, false, Bytes{1}});
  buffer.add({{}, {2}, false, Bytes{1}});
  CHECK(buffer.take().size() == 16 + 1 + 1);
  CHECK(buffer.take().empty());
}

TEST_CASE("old values are forgotten, the locked one is not") {
  Lab lab;
  const Bytes x = lab.lock_in_round_0();
  const Bytes y = lab.block(2, 2);
  lab.hear(encode(lab.proposal(1, y)));
  lab.hear_votes(VoteType::prevote, {1, 2}, 6, std::nullopt);
  REQUIRE(lab.driver.round() == 6);
  lab.hear_votes(VoteType::precommit, {1, 2, 3}, 1, block_id(y));
  CHECK_FALSE(lab.driver.decided());  // a quorum for it, but its bytes are gone: a peer has them
  lab.hear(encode(lab.proposal(1, y)));
  CHECK(lab.driver.decided());
}

TEST_CASE("a proposer that says ever more in one round takes no more memory") {
  Lab lab;
  for (std::uint64_t nonce = 0; nonce < 50; ++nonce)
    lab.hear(encode(lab.proposal(0, lab.block(1, nonce))));
  CHECK(lab.all<CheckValue>().size() == 2);
  CHECK(lab.all<EvidenceFound>().size() == 1);
}

TEST_CASE("votes far ahead count as seen, and are not kept") {
  Lab lab;
  lab.hear_votes(VoteType::prevote, {1, 2}, 10, std::nullopt);
  REQUIRE(lab.driver.round() == 10);
  lab.hear_votes(VoteType::prevote, {3}, 10, std::nullopt);
  lab.pass(milliseconds(1400));
  CHECK(lab.own_votes(VoteType::prevote).size() == 1);
  CHECK(lab.own_votes(VoteType::precommit).empty());
  lab.hear_votes(VoteType::prevote, {1}, 10, std::nullopt);
  CHECK(values_of(lab.own_votes(VoteType::precommit)) == Values{std::nullopt});
}
