#include "twin/node/gateway/attesting.hpp"

#include <algorithm>

namespace twin {

using namespace ledger;

namespace {

constexpr Instant not_asked_in_this_life{INT64_MIN};

std::string words_for(const AttestedEntry& what) {
  return what.kind == TransactionKind::batch ? "batch " + std::to_string(what.number)
                                             : "marks of slot " + std::to_string(what.number);
}

}  // namespace

Attesting::Attesting(const Genesis& genesis, const Directory& directory, std::size_t room,
                     Verifier& verifier)
    : attesters_(genesis.attesters),
      keys_(genesis.oracles),
      chain_id_(chain_id_of(genesis)),
      directory_(directory),
      room_(room),
      verifier_(verifier),
      asked_at_(directory.oracles, not_asked_in_this_life) {}

void Attesting::ask(const AttestedEntry& what, SharedBytes request, Instant now, Outbox& outbox) {
  keep(what, std::move(request));
  for (std::uint32_t o = 0; o < oracles(); ++o)
    if (next_for(o) == &waiting_.back()) ask_next(o, now, outbox);
  make_room(outbox);
}

const Attesting::Waiting* Attesting::next_for(std::uint32_t oracle) const {
  for (const Waiting& w : waiting_)
    if (!w.answered_by(oracle)) return &w;
  return nullptr;
}

void Attesting::ask_next(std::uint32_t oracle, Instant now, Outbox& outbox) {
  const Waiting* next = next_for(oracle);
  if (!next) return;
  asked_at_[oracle] = now;
  outbox.send(directory_.oracle(oracle), next->request);
}

void Attesting::keep(const AttestedEntry& what, SharedBytes request) {
  bytes_ += request.size();
  waiting_.push_back({what, std::move(request), {}, {}});
}

void Attesting::make_room(Outbox& outbox) {
  while (waiting_.size() > most_waiting || (bytes_ > room_ && waiting_.size() > 1)) {
    name_the_silent(waiting_.front(), outbox);
    bytes_ -= waiting_.front().request.size();
    waiting_.pop_front();
  }
}

std::optional<Transaction> Attesting::take(Instant now, NodeId from, const SharedBytes& message,
                                           Outbox& outbox) {
  const auto refuse = [&](std::string why) {
    outbox.event(Refused{from, std::move(why)});
    return std::nullopt;
  };
  const auto answer = kind_of(message) == MessageKind::attest_answer
                          ? decode_answer(message.view().subspan(1))
                          : failure("a gateway takes no such message from an oracle");
  if (!answer) return refuse(answer.error());
  const std::uint32_t oracle = answer->oracle;
  if (oracle >= oracles() || from != directory_.oracle(oracle))
    return refuse("an answer in another oracle's name");
  const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const Waiting& w) { return w.what == answer->what; });
  if (at == waiting_.end() || at->answered_by(oracle)) return std::nullopt;
  if (answer->signature &&
      !verifier_.verify(keys_[oracle], attestation_signed_bytes(chain_id_, at->what),
                        *answer->signature))
    return refuse("an attestation whose signature does not hold");
  if (answer->signature)
    at->signed_by.emplace(oracle, *answer->signature);
  else
    at->refused_by.emplace(oracle, answer->why);
  std::optional<Transaction> out;
  if (answer->signature && at->signed_by.size() == attesters_) out = attested(*at);
  if (at->signed_by.size() + at->refused_by.size() == oracles()) {
    name_who_refuses(*at, outbox);
    bytes_ -= at->request.size();
    waiting_.erase(at);
  }
  ask_next(oracle, now, outbox);
  return out;
}

void Attesting::name_the_silent(const Waiting& w, Outbox& outbox) const {
  if (w.signed_by.size() < attesters_) return;
  for (std::uint32_t o = 0; o < oracles(); ++o)
    if (!w.answered_by(o))
      outbox.event(
          OracleNamed{o, "says nothing of " + words_for(w.what) + ", which others attest"});
  name_who_refuses(w, outbox);
}

void Attesting::name_who_refuses(const Waiting& w, Outbox& outbox) const {
  if (w.signed_by.size() < attesters_) return;
  for (const auto& [o, why] : w.refused_by)
    outbox.event(
        OracleNamed{o, "refuses " + words_for(w.what) + ", which others attest, because " + why});
}

Transaction Attesting::attested(const Waiting& w) const {
  Attestation a{w.what, {}, {}};
  for (const auto& [oracle, signature] : w.signed_by)
    a.by.push_back({static_cast<std::uint16_t>(oracle), signature});
  Transaction tx;
  tx.kind = TransactionKind::attestation;
  tx.root = openings_root({});
  tx.body = encode(a);
  return tx;
}

void Attesting::ask_again(Instant now, Instant then, Outbox& outbox) {
  for (std::uint32_t o = 0; o < oracles(); ++o)
    if (asked_at_[o] <= then) ask_next(o, now, outbox);
}

std::vector<SharedBytes> Attesting::waiting() const {
  std::vector<SharedBytes> out;
  for (const Waiting& w : waiting_) out.push_back(w.request);
  return out;
}

}  // namespace twin
