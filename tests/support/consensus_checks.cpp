#include "tests/support/consensus_checks.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/consensus/evidence.hpp"
#include "ledger/merkle/proof.hpp"

namespace consensus_sim {

using namespace ledger;

Checks::Checks(const Options& options, const ConsensusConfig& config, const Events& events,
               Verifier& verifier, Report& report)
    : options_(options),
      config_(config),
      validators_(config.validators),
      events_(events),
      verifier_(verifier),
      report_(report),
      keeps_testimony_(options.faults.size() > options.faulty()) {}

void Checks::violation(const std::string& what) {
  report_.violations.push_back("seed " + std::to_string(options_.seed) + " at " +
                               std::to_string(events_.now().whole_ms()) + " ms: " + what);
}

bool Checks::innocent(std::uint32_t validator) const {
  return validator + options_.faults.size() < options_.validators;
}

// ---- safety

// A correct node signs one statement for a step: its bytes but for the signature and what follows.
void Checks::said(const Actor& actor, const Bytes& bytes) {
  constexpr std::size_t proposal_statement = 54, signature = 64;
  if (!actor.validator || bytes.size() < 2 || bytes[1] < 1 || bytes[1] > 3) return;
  const std::size_t size = bytes[1] == 1 ? proposal_statement : bytes.size() - signature;
  const BytesView statement = BytesView(bytes).first(size);
  if (ByteReader(statement.last(4)).u32() != *actor.validator) return;  // another's, repeated
  ByteReader in(statement.subspan(2));
  const std::uint64_t height = in.u64();
  const Step step{height, std::uint64_t{in.u32()} << 8 | bytes[1], *actor.validator};
  const auto [at, fresh] = signed_.try_emplace(step);
  if (fresh) at->second = to_bytes(statement);
  if (!equal(at->second, statement)) violation("a correct node signed two statements for one step");
}

void Checks::decided(const Actor& actor, const Decided& e) {
  report_.highest_round = std::max(report_.highest_round, e.round);
  const auto [at, first] = decided_.try_emplace(e.height, e.value_id);
  if (at->second != e.value_id) {
    report_.forked = true;
    violation("two values decided at height " + std::to_string(e.height));
  }
  if (e.height != actor.application.height + 1) violation("a height decided out of order");
  if (!actor.application.continues(e.value)) violation("an invalid value decided");
  if (e.height > 1 && e.timestamp_ms <= actor.application.time_ms)
    violation("block time does not rise");
  const Duration begins = config_.block_interval * static_cast<std::int64_t>(e.height);
  if (e.timestamp_ms < begins.whole_ms()) violation("a block before its time");
  const auto held =
      verify_decision({e.certificate, e.value}, config_.chain_id, validators_, verifier_);
  if (!held) violation("a decision whose certificate does not hold");

  if (!settled_height_ || !options_.liveness()) return;
  const std::uint32_t most = options_.faulty() + 2;
  if (e.height > *settled_height_) {
    report_.rounds_after = std::max(report_.rounds_after, e.round + 1);
    if (e.round + 1 > most)
      violation("height " + std::to_string(e.height) + " took " + std::to_string(e.round + 1) +
                " rounds after healing");
  } else if (e.height == *settled_height_ && e.round > settled_round_ + most) {
    violation("the height that was open took until round " + std::to_string(e.round) + " from " +
              std::to_string(settled_round_));
  }
}

// Log and state are everybody's, and the new checkpoint continues the one before.
void Checks::applied(const Actor& actor, std::uint64_t log_size_before) {
  const Application& app = actor.application;
  if (app.height == reference_.height + 1) {
    reference_.apply(actor.disk.blocks.back().value);
    state_roots_[app.height] = reference_.state_root;
  }
  if (app.height > reference_.height) return violation("a height passed over");
  const Hash root = app.log.root();
  if (app.log.size() != app.height || root != reference_.log.root_at(app.height))
    violation("another log root at height " + std::to_string(app.height));
  if (app.state_root != state_roots_.at(app.height))
    violation("another state root at height " + std::to_string(app.height));
  if (log_size_before > 0 &&
      !verify_consistency(log_size_before, app.log.size(), reference_.log.root_at(log_size_before),
                          root, app.log.consistency_proof(log_size_before, app.log.size())))
    violation("a checkpoint that does not continue the one before");
}

void Checks::evidence(const EvidenceFound& e) {
  const auto again = decode_evidence(encode(e.evidence));
  const auto culprit = again ? verify_evidence(*again, config_.chain_id, validators_, verifier_)
                             : tl::unexpected(again.error());
  if (!culprit || *culprit != e.culprit) return violation("evidence that does not hold");
  report_.culprits.insert(culprit->value);
  if (innocent(culprit->value)) violation("evidence against a correct validator");
}

// ---- more than f

// What correct nodes have heard and could verify is what a trial has.
void Checks::heard(const Bytes& bytes) {
  if (!keeps_testimony_) return;
  const auto message = decode_message(bytes, config_.max_value_bytes);
  if (!message) return;
  std::vector<Vote> votes;
  const auto take = [&](const Certificate& c) {
    for (const Vote& vote : votes_of(c)) votes.push_back(vote);
  };
  if (const auto* vote = std::get_if<Vote>(&*message)) votes.push_back(*vote);
  if (const auto* certificate = std::get_if<Certificate>(&*message)) take(*certificate);
  if (const auto* decision = std::get_if<Decision>(&*message)) take(decision->certificate);
  if (const auto* p = std::get_if<Proposal>(&*message); p && p->certificate) take(*p->certificate);
  for (const Vote& vote : votes)
    if (verify_vote(vote, config_.chain_id, validators_, verifier_))
      testimony_[vote.height].try_emplace(statement_of(vote), vote);
}

void Checks::name_culprits() {
  for (const auto& [height, statements] : testimony_) {
    std::vector<Vote> votes;
    for (const auto& [statement, vote] : statements) votes.push_back(vote);
    for (const Evidence& found : contradictions(votes)) {
      const auto culprit = verify_evidence(found, config_.chain_id, validators_, verifier_);
      if (!culprit)
        violation("evidence that does not hold");
      else
        evidence({*culprit, found});
    }
  }
}

// ---- liveness

void Checks::healed(const std::deque<Actor>& actors) {
  for (const Actor& actor : actors)
    if (actor.correct())
      report_.height_at_heal =
          std::max<std::uint64_t>(report_.height_at_heal, actor.disk.blocks.size());
}

void Checks::settled(const std::deque<Actor>& actors) {
  settled_height_ = 0;
  settled_at_ = events_.now();
  for (const Actor& actor : actors) {
    if (!actor.correct() || !actor.driver || actor.driver->height() < *settled_height_) continue;
    if (actor.driver->height() > *settled_height_) settled_round_ = 0;
    settled_height_ = actor.driver->height();
    settled_round_ = std::max(settled_round_, actor.driver->round());
  }
}

void Checks::ended(const std::deque<Actor>& actors) {
  if (report_.forked) return name_culprits();
  report_.lowest_height = UINT64_MAX;
  for (const Actor& actor : actors)
    if (actor.correct())
      report_.lowest_height =
          std::min<std::uint64_t>(report_.lowest_height, actor.disk.blocks.size());
  if (!options_.liveness() || !settled_height_) return;
  // Each height takes f+2 rounds at the very most, the one that was open as many more.
  const std::int64_t rounds = options_.faulty() + 2;
  Duration height = config_.block_interval;
  for (std::int64_t r = 0; r < rounds; ++r)
    height = height + config_.propose_timeout + config_.vote_timeout * 2 +
             config_.timeout_growth * (3 * r) + options_.delay * 4;
  const std::int64_t heights = (events_.now() - settled_at_) / height;
  const auto expected = static_cast<std::int64_t>(*settled_height_) + heights - 3;
  if (static_cast<std::int64_t>(report_.lowest_height) < expected)
    violation("no progress after healing: at height " + std::to_string(report_.lowest_height) +
              " instead of " + std::to_string(expected));
}

}  // namespace consensus_sim
