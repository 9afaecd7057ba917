#pragma once
// One validator of four against messages made by hand. Validator (h + r) mod 4 proposes: at height
// 1 that is 1 in round 0, 2 in round 1, 3 in round 2, 0 in round 3.

#include <doctest/doctest.h>
#include <functional>

#include "tests/support/consensus_sim.hpp"

namespace consensus_lab {

using namespace ledger;
using consensus_sim::block_of;
using consensus_sim::config_of;
using consensus_sim::ModelSigner;

struct Lab {
  ConsensusConfig config = config_of(4);
  consensus_sim::ModelVerifier verifier;
  ModelSigner signer;
  Driver driver;
  Instant now;
  Effects said;  // since `forget`
  bool application_agrees = true;

  // A validator at the beginning of round 0 of height 1.
  explicit Lab(std::uint32_t self = 0, const Bytes& record = {}, bool observer = false)
      : signer(self), driver(config, observer ? nullptr : &signer, verifier) {
    if (!record.empty()) REQUIRE(driver.restore(record));
    now = now + seconds(1);
    step([&](Effects& out) { driver.start(now, 1, 0, out); });
  }

  void step(const std::function<void(Effects&)>& act) {
    Effects out;
    act(out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto* check = std::get_if<CheckValue>(&out[i]);
      if (!check) continue;
      const Hash id = check->value_id;
      driver.value_checked(now, id, application_agrees, out);
    }
    said.insert(said.end(), out.begin(), out.end());
  }
  void hear(const Bytes& bytes) {
    step([&](Effects& out) { driver.on_message(now, bytes, out); });
  }
  // Time passes; deadlines act when they are due.
  void pass(Duration span) {
    const Instant until = now + span;
    while (driver.next_deadline() <= until) {
      now = std::max(now, driver.next_deadline());
      step([&](Effects& out) { driver.on_deadline(now, out); });
    }
    now = until;
  }

  Signature signature(std::uint32_t validator, const Bytes& statement) const {
    return ModelSigner(validator).sign(signed_bytes(config.chain_id, statement));
  }
  Vote vote(VoteType type, std::uint32_t validator, std::uint32_t round, std::optional<Hash> value,
            std::int32_t valid_round = no_round, std::uint64_t height = 1) const {
    Vote out{type, height, round, value, valid_round, {validator}, {}};
    out.signature = signature(validator, statement_of(out));
    return out;
  }
  void hear_votes(VoteType type, std::vector<std::uint32_t> from, std::uint32_t round,
                  std::optional<Hash> value) {
    for (const std::uint32_t v : from) hear(encode(vote(type, v, round, value)));
  }
  Certificate certificate(VoteType type, std::uint32_t round, const Hash& value,
                          std::uint64_t height = 1) const {
    Certificate out{type, height, round, value, {}};
    for (std::uint32_t v = 1; v < 4; ++v)
      out.votes.push_back({{v}, no_round, vote(type, v, round, value, no_round, height).signature});
    return out;
  }
  Bytes block(std::uint32_t proposer, std::uint64_t nonce, std::uint64_t height = 1) const {
    return block_of(height, now.whole_ms(), {proposer}, nonce);
  }
  Proposal proposal(std::uint32_t round, const Bytes& value, std::int32_t valid_round = no_round,
                    std::uint64_t height = 1) const {
    Proposal out{
        height, round, valid_round, block_id(value), driver.validators().proposer(height, round),
        {},     {},    value};
    if (valid_round != no_round)
      out.certificate = certificate(VoteType::prevote, static_cast<std::uint32_t>(valid_round),
                                    out.value_id, height);
    sign(out);
    return out;
  }
  void sign(Proposal& p) const { p.signature = signature(p.proposer.value, statement_of(p)); }

  void forget() { said.clear(); }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const Effect& e : said)
      if (const T* found = std::get_if<T>(&e)) out.push_back(*found);
    return out;
  }
  std::vector<Vote> own_votes(VoteType type) const {
    std::vector<Vote> out;
    for (const Broadcast& b : all<Broadcast>())
      if (const auto v = decode_vote(b.bytes);
          v && v->type == type && v->validator == driver.self())
        out.push_back(*v);
    return out;
  }
  std::size_t refusals() const {
    std::size_t n = 0;
    for (const ConsensusEvent& e : all<ConsensusEvent>())
      n += e.kind == ConsensusEvent::Kind::message_refused ? 1 : 0;
    return n;
  }
  // From round r to round r + 1, nobody having agreed on anything.
  void fail_round(std::uint32_t round) {
    hear_votes(VoteType::prevote, {1, 2, 3}, round, std::nullopt);
    hear_votes(VoteType::precommit, {1, 2, 3}, round, std::nullopt);
    pass(driver.next_deadline() - now);
    for (int i = 0; i < 9 && driver.round() == round; ++i) pass(milliseconds(100));
    REQUIRE(driver.round() == round + 1);
  }
  // A block that this node precommitted in round 0.
  Bytes lock_in_round_0() {
    const Bytes x = block(1, 1);
    hear(encode(proposal(0, x)));
    hear_votes(VoteType::prevote, {1, 2}, 0, block_id(x));
    REQUIRE(driver.machine().locked());
    hear_votes(VoteType::precommit, {1, 2}, 0, std::nullopt);
    pass(milliseconds(200));
    REQUIRE(driver.round() == 1);
    return x;
  }
};

using Values = std::vector<std::optional<Hash>>;
inline Values values_of(const std::vector<Vote>& votes) {
  Values out;
  for (const Vote& vote : votes) out.push_back(vote.value);
  return out;
}

}  // namespace consensus_lab
