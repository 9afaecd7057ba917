#pragma once
// Validators and an observer in one process: messages take 20 ms, disks are kept in memory, and any
// node may lose its memory in the middle of a step. It watches what each validator signs.

#include <doctest/doctest.h>
#include <map>
#include <set>

#include "ledger/base/rng.hpp"
#include "ledger/consensus/verification.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin_test {

using namespace ledger;
using namespace twin;

inline Genesis net_genesis(std::uint32_t validators = 4, std::int64_t block_ms = 5000) {
  Genesis g;
  g.name = "net";
  g.block_ms = block_ms;
  for (std::uint32_t v = 0; v < validators; ++v)
    g.validators.push_back(Ed25519Signer(Rng(10 + v).bytes32()).public_key());
  g.observer = Ed25519Signer(Rng(9).bytes32()).public_key();
  g.gateways = {Ed25519Signer(Rng(8).bytes32()).public_key()};
  g.registrar = Ed25519Signer(Rng(7).bytes32()).public_key();
  g.mechanism = "uniform";
  return g;
}

class ValidatorNet {
 public:
  explicit ValidatorNet(Genesis genesis = net_genesis())
      : genesis_(std::move(genesis)),
        directory_{static_cast<std::uint32_t>(genesis_.validators.size()), 1},
        verifier_(plain_),
        seats_(directory_.validators + 1) {
    for (std::uint32_t n = 0; n < seats_.size(); ++n) {
      const bool observer = n == directory_.validators;
      seats_[n].signer = std::make_unique<Ed25519Signer>(Rng(observer ? 9 : 10 + n).bytes32());
      seats_[n].records = std::make_unique<MemoryRecords>();
      boot(n);
    }
  }

  // The node's memory is gone; its disk is what it was.
  void boot(std::uint32_t n) {
    ValidatorConfig c;
    if (n < directory_.validators) c.self = ValidatorId{n};
    c.directory = directory_;
    c.genesis = genesis_;
    seats_[n].node = std::make_unique<ValidatorNode>(c, *seats_[n].signer, verifier_,
                                                     external ? *external : *seats_[n].records);
  }
  void lose_disk(std::uint32_t n) { seats_[n].records = std::make_unique<MemoryRecords>(); }

  // The node stops at its next step, after this many of its effects.
  void crash_after_effects(std::uint32_t n, std::size_t effects) { seats_[n].crash = effects; }
  bool crashed(std::uint32_t n) const { return seats_[n].down; }
  void down(std::uint32_t n) { seats_[n].down = true; }
  void up(std::uint32_t n) {
    seats_[n].down = false;
    seats_[n].crash.reset();
    boot(n);
  }

  void post(NodeId from, NodeId to, SharedBytes bytes, Duration delay = milliseconds(20)) {
    queue_.emplace(now_ + delay, Mail{from, to, std::move(bytes)});
  }

  void run_until(Instant end) {
    while (true) {
      Instant next = queue_.empty() ? never : queue_.begin()->first;
      std::uint32_t who = UINT32_MAX;
      for (std::uint32_t n = 0; n < seats_.size(); ++n)
        if (!seats_[n].down && seats_[n].node->next_deadline() < next) {
          next = seats_[n].node->next_deadline();
          who = n;
        }
      if (next > end) break;
      now_ = std::max(now_, next);
      if (who != UINT32_MAX) {
        step(who, {});
        continue;
      }
      Mail mail = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      if (mail.to.value >= seats_.size() || seats_[mail.to.value].down) continue;
      const PeerMessage message{mail.from, std::move(mail.bytes)};
      step(mail.to.value, Inputs{std::span(&message, 1), {}});
    }
    now_ = std::max(now_, end);
  }
  void run_for(Duration d) { run_until(now_ + d); }

  const ValidatorNode& node(std::uint32_t n) const { return *seats_[n].node; }
  MemoryRecords& records(std::uint32_t n) { return *seats_[n].records; }
  std::uint64_t height(std::uint32_t n) const { return node(n).chain().height(); }
  Signer& signer(std::uint32_t n) { return *seats_[n].signer; }
  const Directory& directory() const { return directory_; }
  const Genesis& genesis() const { return genesis_; }
  Hash chain_id() const { return chain_id_of(genesis_); }
  Verifier& verifier() { return verifier_; }
  Instant now() const { return now_; }

  std::vector<std::string> equivocations;
  std::vector<std::pair<std::uint32_t, std::string>> refusals;  // by whom
  std::map<std::uint32_t, std::uint64_t> votes;                 // signed statements sent
  std::vector<std::pair<std::uint32_t, Persist>> persisted;     // other than blocks and signing
  std::vector<std::pair<std::uint32_t, Event>> events;
  std::function<Result<void>(std::uint32_t, const Persist&)> on_persist;
  std::function<void(std::uint32_t, const Send&)> on_send;
  const Records* external = nullptr;  // for the node booted next

 private:
  struct Mail {
    NodeId from, to;
    SharedBytes bytes;
  };
  struct Seat {
    std::unique_ptr<Ed25519Signer> signer;
    std::unique_ptr<MemoryRecords> records;
    std::unique_ptr<ValidatorNode> node;
    std::optional<std::size_t> crash;
    bool down = false;
  };

  void step(std::uint32_t n, const Inputs& inputs) {
    Seat& seat = seats_[n];
    Outbox out;
    seat.node->step(now_, inputs, out);
    std::size_t left = seat.crash.value_or(SIZE_MAX);
    for (const twin::Effect& e : out.effects()) {
      if (left-- == 0) {
        seat.down = true;
        return;
      }
      if (const auto* persist = std::get_if<Persist>(&e)) {
        seat.records->keep(*persist);
        if (on_persist) REQUIRE(on_persist(n, *persist));
        if (persist->kind != RecordKind::block && persist->kind != RecordKind::last_signed)
          persisted.emplace_back(n, *persist);
      }
      if (const auto* event = std::get_if<Event>(&e)) {
        events.emplace_back(n, *event);
        if (const auto* r = std::get_if<Refused>(event)) refusals.emplace_back(n, r->why);
      }
      if (const auto* send = std::get_if<Send>(&e)) {
        watch(n, send->bytes);
        if (on_send) on_send(n, *send);
        post({n}, send->to, send->bytes);
      }
    }
    if (seat.crash) seat.down = true;
  }

  // Whatever a validator signed for a step, in whichever life, it has to be one statement.
  void watch(std::uint32_t n, BytesView message) {
    if (message[0] != static_cast<std::uint8_t>(MessageKind::consensus)) return;
    const BytesView body = message.subspan(1);
    std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, int> place{n, 0, 0, 0};
    Bytes statement;
    if (const auto vote = decode_vote(body)) {
      if (vote->validator.value != n) return;
      place = {n, vote->height, vote->round, static_cast<int>(vote->type)};
      statement = statement_of(*vote);
    } else if (const auto m = decode_message(body, 8u << 20);
               m && std::holds_alternative<Proposal>(*m)) {
      const auto& p = std::get<Proposal>(*m);
      if (p.proposer.value != n) return;
      place = {n, p.height, p.round, 1};
      statement = statement_of(p);
    } else {
      return;
    }
    ++votes[n];
    const auto [at, fresh] = signed_.emplace(place, statement);
    if (!fresh && at->second != statement)
      equivocations.push_back("validator " + std::to_string(n) + " at height " +
                              std::to_string(std::get<1>(place)));
  }

  Genesis genesis_;
  Directory directory_;
  Ed25519Verifier plain_;
  CachedVerifier verifier_;
  std::vector<Seat> seats_;
  std::multimap<Instant, Mail> queue_;
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, int>, Bytes> signed_;
  Instant now_;
};

}  // namespace twin_test
