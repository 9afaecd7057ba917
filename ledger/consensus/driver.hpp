#pragma once
// One node's consensus over all heights, as a pure function of (now, inputs) to effects. A
// validator proposes and votes; a node without a key in the set observes: it follows the same
// messages and decides by itself.
//
// How a host or Node uses it:
//   restore()        with the last durable signing record, if there is one, before start();
//                    observe_before() where there is none
//   start()          at the first height that is not yet executed; heights count from 1
//   on_message()     with each message from any peer; on_deadline() at next_deadline()
//   NeedValue        is answered by propose() with an encoded block, in the same step or later; an
//                    answer that comes too late is dropped
//   CheckValue       is answered by value_checked(), in the same step or later
//   Decided          is answered by advance(height + 1) once the value is executed and stored
//   AskPeer          is sent to one peer, another one each time (attempt counts up)
//   AnswerPeer       asks for encode(Decision{certificate, value}) of a decided height to be sent
//                    to the peer that sent the message just handled, if this node has it
// Effects are carried out in order; a PersistSigned is durable before any later one leaves.
//
// Blocks: height h begins at epoch + h * block_interval, or at once if that has passed. The
// proposer of (h, r) is validator (h + r) mod n. Timeouts: base + r * timeout_growth. A new value
// is timely if it comes, by this node's clock, between its timestamp - precision and its timestamp
// + precision + message_delay + r * timeout_growth; its timestamp is above that of the height
// before and not below the height's beginning. A re-proposal was judged timely by a quorum.
//
// Lost messages: while a round lasts, every propose_timeout + 2 * vote_timeout (grown) the node
// repeats its statements of the last two rounds, the precommits that ended the round before, the
// proposal and certificate of its valid value, and asks one peer for the decision of its height.
// Where a round ends without a decision, the valid value and its certificate are told before.
// A node that sees f+1 validators two heights ahead asks at once; one that sees them at the next
// height, and still does not decide, asks after message_delay and again each message_delay: they
// have decided, perhaps on a vote that was shown to them alone, and need it for the next quorum.

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <variant>
#include <vector>

#include "ledger/base/time.hpp"
#include "ledger/consensus/evidence.hpp"
#include "ledger/consensus/height_buffer.hpp"
#include "ledger/consensus/messages.hpp"
#include "ledger/consensus/round_machine.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "ledger/consensus/validator_set.hpp"

namespace ledger {

struct ConsensusConfig {
  Hash chain_id{};
  std::vector<PublicKey> validators;
  Duration block_interval = seconds(60);
  Duration propose_timeout = seconds(1);
  Duration vote_timeout = milliseconds(500);
  Duration timeout_growth = milliseconds(500);  // for each further round
  Duration precision = milliseconds(500);       // clocks of correct validators differ by less
  Duration message_delay = seconds(1);          // of a proposal
  std::size_t max_value_bytes = default_max_value_bytes;
};

// ---- effects

struct Broadcast {  // to all peers, validators and observers
  Bytes bytes;
};
struct PersistSigned {  // durable; replaces the record before
  Bytes record;
};
struct NeedValue {  // a block with this height, time and proposer in its header
  std::uint64_t height;
  std::uint32_t round;
  std::int64_t timestamp_ms;
  ValidatorId proposer;
};
struct CheckValue {  // its form was checked; whether it executes is asked
  std::uint64_t height;
  Hash value_id;
  Bytes value;
};
struct Decided {
  std::uint64_t height;
  std::uint32_t round;
  Hash value_id;
  ValidatorId proposer;  // who made the block, not who repeated it
  std::int64_t timestamp_ms;
  Bytes value;
  Certificate certificate;
};
struct EvidenceFound {
  ValidatorId culprit;
  Evidence evidence;
};
struct AskPeer {
  std::uint64_t attempt;
  Bytes bytes;
};
struct AnswerPeer {
  std::uint64_t height;
};
struct ConsensusEvent {
  enum class Kind : std::uint8_t {
    round_entered,
    timed_out,        // a propose, prevote or precommit timeout acted
    message_refused,  // fault says why
    value_untimely,   // a proposal outside its time window
    value_refused,    // the application or the clock rules found it invalid
    signing_refused,  // the guard kept us from signing other bytes for a step
  };
  Kind kind;
  std::uint64_t height;
  std::uint32_t round;
  std::optional<ConsensusFault> fault{};
};
using Effect = std::variant<Broadcast, PersistSigned, NeedValue, CheckValue, Decided, EvidenceFound,
                            AskPeer, AnswerPeer, ConsensusEvent>;
using Effects = std::vector<Effect>;

// ---- the driver

class Driver {
 public:
  // signer: null, or of a key outside the set, for an observer. Both outlive the driver.
  Driver(ConsensusConfig config, Signer* signer, Verifier& verifier);

  // Takes up the last durable record of this validator; the driver is unchanged on failure, and a
  // validator whose record is lost or corrupt must not vote again for heights that it voted in.
  Checked restore(BytesView record);
  // For a validator without its record: an earlier life may have signed in any height that began
  // before `first`, so this one signs nothing there and follows the others.
  void observe_before(Instant first) { sign_from_ = first; }
  // last_timestamp_ms: of the decided height before, 0 for height 1.
  void start(Instant now, std::uint64_t height, std::int64_t last_timestamp_ms, Effects& out);

  void on_message(Instant now, BytesView bytes, Effects& out);
  void on_deadline(Instant now, Effects& out);
  void propose(Instant now, std::uint64_t height, std::uint32_t round, Bytes value, Effects& out);
  void value_checked(Instant now, const Hash& value_id, bool valid, Effects& out);
  void advance(Instant now, std::uint64_t height, Effects& out);

  // When on_deadline has something to do; `never` if nothing is due.
  Instant next_deadline() const;

  std::uint64_t height() const { return height_; }
  std::uint32_t round() const { return machine_.round(); }
  bool decided() const { return decided_; }
  std::optional<ValidatorId> self() const { return self_; }
  const RoundMachine& machine() const { return machine_; }
  const ValidatorSet& validators() const { return validators_; }

 private:
  // Rounds ahead of ours whose messages are kept, later ones only count as seen; and rounds behind
  // whose values are kept, in case that their precommits still come.
  static constexpr std::uint32_t round_window = 4;

  struct Timer {
    enum class Kind : std::uint8_t { begin, propose, prevote, precommit, repeat, ask } kind;
    Instant at;
    std::uint32_t round;
  };

  void begin_height(Instant now, std::uint64_t height, Effects& out);
  void resume_signed(Instant now, Effects& out);

  // Messages.
  void handle(Instant received, BytesView bytes, Effects& out);
  void receive(Instant received, Proposal& proposal, BytesView bytes, Effects& out);
  void receive(Instant received, const Vote& vote, BytesView bytes, Effects& out);
  void receive(Instant received, const Certificate& certificate, BytesView bytes, Effects& out);
  void receive(Instant received, Decision& decision, BytesView bytes, Effects& out);
  void receive(Instant received, const DecisionRequest& request, BytesView bytes, Effects& out);
  void add_vote(const Vote& vote, Effects& out);
  void add_certificate(const Certificate& certificate, Effects& out);
  void accept(Instant received, Proposal proposal, const BlockHeader& header, Effects& out);
  void look_back(const Vote& vote, Effects& out);
  enum class Crime : std::uint8_t {
    proposed_twice = 1,
    prevoted_twice,
    precommitted_twice,
    forgot
  };
  void accuse(ValidatorId culprit, std::uint32_t round, Crime crime, Bytes first, Bytes second,
              Effects& out);
  bool worth_checking(std::uint64_t height, ValidatorId validator) const;
  // Notes a checked message of a later height; holds it where it is the next one.
  void hold(Instant received, std::uint64_t height, ValidatorId from, bool is_proposal,
            BytesView bytes, Effects& out);
  bool authentic(BytesView statement, ValidatorId validator, const Signature& signature,
                 Effects& out);
  void refuse(ConsensusFault fault, Effects& out);

  // Rules.
  void run(Instant now, Effects& out);
  void perform(Instant now, const CastVote& action, Effects& out);
  void perform(Instant now, const ArmTimeout& action, Effects& out);
  void perform(Instant now, const EnterRound& action, Effects& out);
  void perform(Instant now, const DecideValue& action, Effects& out);
  void start_proposal(Instant now, Effects& out);
  void publish(Proposal proposal, BytesView value, Effects& out);
  void decide(Certificate certificate, Bytes value, Effects& out);

  // Signing.
  std::optional<Signature> sign(std::uint32_t round, SignStep step, BytesView statement,
                                Effects& out);
  void guard_lock();
  bool may_sign() const { return self_ && height_start() >= sign_from_; }

  // Time.
  void arm(Timer::Kind kind, Instant at);
  void fire(Instant now, const Timer& timer, Effects& out);
  void repeat(Instant now, Effects& out);
  void tell_valid(Effects& out) const;
  void repeat_proposal(std::uint32_t round, const Hash& value, Effects& out) const;
  void ask(Effects& out);
  Instant height_start() const;
  Duration grown(Duration base) const;
  Duration repeat_period() const;
  bool timely(Instant received, const Proposal& proposal, const BlockHeader& header) const;
  bool fits_clock(const BlockHeader& header) const;
  std::uint64_t height_of_f_plus_one() const;  // that they have been seen at
  void ask_later(Instant now);
  void event(ConsensusEvent::Kind kind, Effects& out,
             std::optional<ConsensusFault> fault = std::nullopt) const;

  ConsensusConfig config_;
  ValidatorSet validators_;
  Signer* signer_;
  Verifier& verifier_;
  std::optional<ValidatorId> self_;
  std::optional<SignGuard> guard_;  // where self_ is
  Instant sign_from_{INT64_MIN};

  std::uint64_t height_ = 0;  // 0: not started
  std::int64_t last_timestamp_ms_ = 0;
  bool decided_ = false;
  RoundMachine machine_;
  VoteKeeper votes_;
  ProposalBook book_;
  std::vector<Timer> timers_;
  std::optional<NeedValue> value_wanted_;
  std::set<std::tuple<ValidatorId, Crime, std::uint32_t>> accused_;
  HeightBuffer next_height_;
  std::vector<std::uint64_t> seen_height_;  // by validator: the highest signed message's
  std::uint64_t asked_height_ = 0, attempts_ = 0;
};

}  // namespace ledger
