// The formats: canonical bytes, the worked examples of docs/formats/consensus.md, and damage.

#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <sstream>

#include "ledger/consensus/driver.hpp"
#include "ledger/crypto/sha256.hpp"
#include "tests/support/consensus_sim.hpp"

using namespace ledger;

namespace {

constexpr std::size_t value_bound = 1 << 16;

// Four validators whose key seeds are 32 bytes of 01, 02, 03 and 04, as the document says.
struct Example {
  Hash chain_id = sha256(bytes_of("example"));
  std::vector<Ed25519Signer> signers;
  Bytes block;
  Hash id;

  Example() : block(consensus_sim::block_of(7, 420'000, {3}, 0)), id(block_id(block)) {
    signers.reserve(4);
    for (std::uint8_t v = 1; v <= 4; ++v) {
      KeySeed seed;
      seed.fill(v);
      signers.emplace_back(seed);
    }
  }
  ValidatorSet validators() const {
    std::vector<PublicKey> keys;
    for (const Ed25519Signer& signer : signers) keys.push_back(signer.public_key());
    return ValidatorSet(keys);
  }
  Vote vote(VoteType type, std::uint32_t validator, std::uint32_t round, std::optional<Hash> value,
            std::int32_t valid_round = no_round) {
    Vote out{type, 7, round, value, valid_round, {validator}, {}};
    out.signature = signers[validator].sign(signed_bytes(chain_id, statement_of(out)));
    return out;
  }
  Certificate certificate(VoteType type, std::uint32_t round) {
    Certificate out{type, 7, round, id, {}};
    for (std::uint32_t v = 0; v < 3; ++v)
      out.votes.push_back({{v}, no_round, vote(type, v, round, id).signature});
    return out;
  }
  Proposal proposal(std::uint32_t round, std::int32_t valid_round) {
    Proposal out{7, round, valid_round, id, {(3 + round) % 4}, {}, {}, block};
    if (valid_round != no_round) out.certificate = certificate(VoteType::prevote, 0);
    out.signature = signers[out.proposer.value].sign(signed_bytes(chain_id, statement_of(out)));
    return out;
  }
  Evidence evidence() {
    return {encode(vote(VoteType::prevote, 2, 0, id)), encode(vote(VoteType::prevote, 2, 0, {}))};
  }
  Bytes record() {
    SignGuard guard(chain_id, {0});
    guard.admit(7, 0, SignStep::prevote, statement_of(vote(VoteType::prevote, 0, 0, id)));
    return guard.record();
  }
};

std::string without_spaces(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

// Everything that can be said, one of each kind.
std::vector<Bytes> messages(Example& e) {
  return {encode(e.proposal(0, no_round)),
          encode(e.proposal(2, 0)),
          encode(e.vote(VoteType::prevote, 0, 0, e.id)),
          encode(e.vote(VoteType::prevote, 0, 3, e.id, 1)),
          encode(e.vote(VoteType::prevote, 1, 0, {})),
          encode(e.vote(VoteType::precommit, 1, 0, e.id)),
          encode(e.vote(VoteType::precommit, 1, 0, {})),
          encode(e.certificate(VoteType::prevote, 0)),
          encode(Decision{e.certificate(VoteType::precommit, 0), e.block}),
          encode(DecisionRequest{7})};
}

Bytes encode_any(const Message& message) {
  return std::visit([](const auto& m) { return encode(m); }, message);
}

}  // namespace

TEST_CASE("the worked bytes of docs/formats/consensus.md are what the code writes") {
  std::ifstream file(std::string(AIPCHAIN_SOURCE_DIR) + "/docs/formats/consensus.md");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  const std::string document = without_spaces(text.str());
  Example e;
  const std::vector<std::pair<std::string, Bytes>> examples = {
      {"chain id", to_bytes(e.chain_id)},
      {"value id", to_bytes(e.id)},
      {"proposal", encode(e.proposal(0, no_round))},
      {"prevote", encode(e.vote(VoteType::prevote, 0, 0, e.id))},
      {"nil prevote", encode(e.vote(VoteType::prevote, 2, 0, {}))},
      {"precommit", encode(e.vote(VoteType::precommit, 1, 0, e.id))},
      {"signed bytes",
       signed_bytes(e.chain_id, statement_of(e.vote(VoteType::precommit, 1, 0, e.id)))},
      {"prevote certificate", encode(e.certificate(VoteType::prevote, 0))},
      {"commit certificate", encode(e.certificate(VoteType::precommit, 0))},
      {"decision request", encode(DecisionRequest{7})},
      {"evidence", encode(e.evidence())},
      {"signing record", e.record()},
  };
  for (const auto& [name, bytes] : examples) {
    INFO(name << ": " << to_hex(bytes));
    CHECK(document.find(to_hex(bytes)) != std::string::npos);
  }
}

TEST_CASE("every message is read back as it was written") {
  Example e;
  for (const Bytes& bytes : messages(e)) {
    const auto message = decode_message(bytes, value_bound);
    REQUIRE(message);
    CHECK(encode_any(*message) == bytes);
  }
  CHECK(decode_evidence(encode(e.evidence())));
  CHECK(decode_certificate(encode(e.certificate(VoteType::precommit, 0))));
}

TEST_CASE("messages cut short, with a byte more, or of another version are refused") {
  Example e;
  for (const Bytes& bytes : messages(e)) {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(decode_message(BytesView(bytes).first(size), value_bound));
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(decode_message(longer, value_bound));
    for (const std::uint8_t version : {0, 2, 255}) {
      Bytes other = bytes;
      other[0] = version;
      CHECK(decode_message(other, value_bound).error() == ConsensusFault::wrong_version);
    }
    for (const std::uint8_t kind : {0, 5, 8, 9, 10, 255}) {
      Bytes other = bytes;
      other[1] = kind;
      CHECK_FALSE(decode_message(other, value_bound));
    }
  }
}

TEST_CASE("fields outside their range are refused") {
  Example e;
  struct Damage {
    const char* what;
    Bytes bytes;
    std::size_t at;
    Bytes with;
  };
  const Bytes vote = encode(e.vote(VoteType::prevote, 0, 3, e.id, 1));
  const Bytes nil = encode(e.vote(VoteType::prevote, 1, 0, {}));
  const Bytes proposal = encode(e.proposal(2, 0));
  const Bytes certificate = encode(e.certificate(VoteType::prevote, 0));
  const Bytes none{0xff, 0xff, 0xff, 0xff};
  for (const Damage& d : std::vector<Damage>{
           {"height 0", vote, 2, Bytes(8, 0)},
           {"a round above the bound", vote, 10, {0x7f, 0xff, 0xff, 0xff}},
           {"a value flag of 2", vote, 14, {2}},
           {"no value, though one follows", vote, 14, {0}},
           {"a valid round that is the round", vote, 47, {0, 0, 0, 3}},
           {"a valid round after the round", vote, 47, {0, 0, 0, 9}},
           {"a value, though none follows", nil, 14, {1}},
           {"a valid round for nil", encode(e.vote(VoteType::prevote, 1, 3, {})), 15, {0, 0, 0, 1}},
           {"a certificate without a valid round", proposal, 14, none},
           {"a valid round without a certificate",
            encode(e.proposal(0, no_round)),
            14,
            {0, 0, 0, 0}},
           {"a certificate of another round", proposal, 14, {0, 0, 0, 1}},
           {"a certificate of another value", proposal, 18, {0x99}},
           {"a certificate of another height", proposal, 2, {0, 0, 0, 0, 0, 0, 0, 8}},
           {"a count beyond the votes", certificate, 46, {0, 4}},
           {"a count below the votes", certificate, 46, {0, 2}},
           {"a count above the bound", certificate, 46, {0xff, 0xff}},
           {"a validator twice", certificate, 48 + 72, {0, 0, 0, 0}},
           {"validators out of order", certificate, 48, {0, 0, 0, 9}},
           {"a valid round in a certificate of round 0", certificate, 52, {0, 0, 0, 0}}}) {
    Bytes bytes = d.bytes;
    std::copy(d.with.begin(), d.with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(d.at));
    INFO(d.what);
    CHECK(bytes != d.bytes);
    CHECK_FALSE(decode_message(bytes, value_bound));
  }
  CHECK(decode_message(proposal, e.block.size() - 1).error() == ConsensusFault::too_large);
  // Nothing is set aside for more votes than there are validators.
  Bytes many = encode(e.certificate(VoteType::prevote, 0));
  many[46] = 0x04;
  many[47] = 0x01;
  many.resize(48 + 72 * 1025);
  CHECK(decode_certificate(many).error() == ConsensusFault::too_large);
}

TEST_CASE("a statement is bound to its chain, its kind and its validator") {
  Example e;
  Ed25519Verifier verifier;
  const ValidatorSet validators = e.validators();
  const Vote good = e.vote(VoteType::prevote, 0, 0, e.id);
  const auto holds = [&](const Vote& vote, const Hash& chain) {
    return verify_vote(vote, chain, validators, verifier).has_value();
  };
  CHECK(holds(good, e.chain_id));
  CHECK_FALSE(holds(good, sha256(bytes_of("another"))));
  const std::vector<std::function<void(Vote&)>> changes = {
      [](Vote& v) { v.type = VoteType::precommit; },
      [](Vote& v) { ++v.height; },
      [](Vote& v) { ++v.round; },
      [](Vote& v) { v.value.reset(); },
      [](Vote& v) { (*v.value)[31] ^= 1; },
      [](Vote& v) { v.valid_round = 0; },
      [](Vote& v) { v.validator.value = 1; },
      [](Vote& v) { v.validator.value = 4; },
      [](Vote& v) { v.validator.value = 0xffff'ffff; },
      [](Vote& v) { v.signature[0] ^= 1; },
  };
  for (const auto& change : changes) {
    Vote bad = good;
    change(bad);
    CHECK_FALSE(holds(bad, e.chain_id));
  }
}

TEST_CASE("a certificate is a quorum of distinct validators, all of whose signatures hold") {
  Example e;
  Ed25519Verifier verifier;
  const ValidatorSet validators = e.validators();
  const auto holds = [&](const Certificate& c) {
    return verify_certificate(c, e.chain_id, validators, verifier).has_value();
  };
  const Certificate good = e.certificate(VoteType::precommit, 0);
  CHECK(holds(good));
  const std::vector<std::function<void(Certificate&)>> changes = {
      [](Certificate& c) { c.votes.pop_back(); },
      [](Certificate& c) { c.votes.clear(); },
      [](Certificate& c) { c.votes[2] = c.votes[1]; },
      [](Certificate& c) { std::swap(c.votes[0], c.votes[1]); },
      [](Certificate& c) { c.votes[2].validator.value = 3; },
      [](Certificate& c) { c.votes[2].validator.value = 4; },
      [](Certificate& c) { c.votes[0].signature[63] ^= 1; },
      [](Certificate& c) { c.type = VoteType::prevote; },
      [](Certificate& c) { ++c.height; },
      [](Certificate& c) { ++c.round; },
      [](Certificate& c) { c.value[0] ^= 1; },
      // A fourth vote that does not hold spoils three that do.
      [](Certificate& c) {
        c.votes.push_back({{3}, no_round, c.votes[0].signature});
      },
  };
  for (const auto& change : changes) {
    Certificate bad = good;
    change(bad);
    CHECK_FALSE(holds(bad));
  }
}

TEST_CASE("a quorum is more than two thirds") {
  const auto quorum = [](std::uint32_t n) {
    return ValidatorSet(consensus_sim::config_of(n).validators).quorum();
  };
  for (std::uint32_t n = 1; n <= 40; ++n) {
    CHECK(3 * quorum(n) > 2 * n);
    CHECK(3 * (quorum(n) - 1) <= 2 * n);
  }
  CHECK(quorum(4) == 3);
  CHECK(quorum(6) == 5);
}

TEST_CASE("evidence names its culprit, and nothing else passes for it") {
  Example e;
  Ed25519Verifier verifier;
  const ValidatorSet validators = e.validators();
  const auto culprit = [&](const Evidence& evidence) {
    return verify_evidence(evidence, e.chain_id, validators, verifier);
  };
  const Bytes one = encode(e.vote(VoteType::prevote, 2, 0, e.id));
  CHECK(culprit(e.evidence()) == ValidatorId{2});
  CHECK_FALSE(culprit({one, one}));
  CHECK_FALSE(culprit({one, encode(e.vote(VoteType::precommit, 2, 0, {}))}));
  CHECK_FALSE(culprit({one, encode(e.vote(VoteType::prevote, 2, 1, {}))}));
  CHECK_FALSE(culprit({one, encode(e.vote(VoteType::prevote, 1, 0, {}))}));
  Bytes forged = encode(e.vote(VoteType::prevote, 2, 0, {}));
  forged.back() ^= 1;
  CHECK_FALSE(culprit({one, forged}));
  CHECK_FALSE(culprit({one, {}}));
  Proposal first = e.proposal(2, 0), second = e.proposal(2, no_round);
  CHECK(culprit({signed_statement(first), signed_statement(second)}) == ValidatorId{1});
  CHECK_FALSE(decode_evidence(encode(Evidence{one, one})));
}

TEST_CASE("a decision's value is the whole block of its certificate") {
  Example e;
  Ed25519Verifier verifier;
  const auto holds = [&](const Decision& d) {
    return verify_decision(d, e.chain_id, e.validators(), verifier).has_value();
  };
  const Decision good{e.certificate(VoteType::precommit, 0), e.block};
  CHECK(holds(good));
  CHECK_FALSE(holds({e.certificate(VoteType::prevote, 0), e.block}));
  CHECK_FALSE(holds({good.certificate, {}}));
  CHECK_FALSE(holds({good.certificate, Bytes(e.block.begin(), e.block.end() - 1)}));
  Bytes longer = e.block;
  longer.push_back(0);  // the same header, so the same id: the body must fit as well
  CHECK_FALSE(holds({good.certificate, longer}));
  for (std::size_t i = 0; i < e.block.size(); ++i) {
    Bytes bad = e.block;
    bad[i] ^= 1;
    CHECK_FALSE(holds({good.certificate, bad}));
  }
}

TEST_CASE("20,000 damaged inputs: refused, or canonical all the same") {
  Example e;
  const std::vector<Bytes> seeds = messages(e);
  Rng rng(11);
  consensus_sim::ModelVerifier verifier;
  Driver driver(consensus_sim::config_of(4), nullptr, verifier);
  Effects effects;
  driver.start(Instant{} + seconds(1), 1, 0, effects);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes input = seeds[rng.below(seeds.size())];
    if (rng.chance(0.1)) input.assign(rng.below(200), 1);
    for (std::uint64_t k = rng.below(4); k < 4 && !input.empty(); ++k)
      input[rng.below(input.size())] = static_cast<std::uint8_t>(rng.next());
    if (rng.chance(0.2)) input.resize(rng.below(input.size() + 40));
    if (const auto message = decode_message(input, value_bound)) {
      ++accepted;
      CHECK(encode_any(*message) == input);
    }
    if (const auto evidence = decode_evidence(input)) CHECK(encode(*evidence) == input);
    (void)SignGuard::restore(input, e.chain_id, {0}, value_bound);
    effects.clear();
    driver.on_message(Instant{} + seconds(1), input, effects);
    for (const Effect& effect : effects) CHECK(std::holds_alternative<ConsensusEvent>(effect));
  }
  CHECK(accepted > 1000);
}
