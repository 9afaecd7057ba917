// An oracle by itself: whom it listens to, what it posts, and what it does where nothing is found.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "ledger/oracle/batch.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/oracle/oracle_node.hpp"

using namespace twin;
using namespace ledger;

namespace {

// Finds that all is well, or fails.
class Answer final : public FeederEvidence {
 public:
  explicit Answer(bool fails) : fails_(fails) {}
  Result<FeederFindings> find(const FeederSlot& slot) override {
    if (fails_) return failure("a reason");
    FeederFindings f;
    f.feeder = slot.feeder;
    f.slot = slot.slot;
    f.meters_sigma = {1};
    return complete(f);
  }

 private:
  bool fails_;
};

Ed25519Signer& oracle_key() {
  static Ed25519Signer key(Rng(1).fork("oracle").bytes32());
  return key;
}
Ed25519Signer& registrar_key() {
  static Ed25519Signer key(Rng(1).fork("registrar").bytes32());
  return key;
}

OracleConfig config(bool fails = false) {
  OracleConfig c;
  c.directory = {2, 1, 1};
  c.feeders[0] = {{7}, {}, {}, std::make_shared<Answer>(fails), "no network"};
  c.restricted_keys[3] = {};
  c.registrar = &registrar_key();
  return c;
}

SlotReport report() {
  SlotReport r;
  r.next = {5};
  r.feeders.push_back(
      {0, {4}, 900'000, {{7}, {1}, {2}, 0, false}, {{{3}, {5}, {6}, 230'000, true}}});
  r.cases.push_back({{}, {3}, {2}, {40}, {600}});
  return r;
}

struct Said {
  std::vector<Transaction> transactions;  // to the first validator
  std::size_t sent = 0;
  std::vector<Event> events;
};

Said told(OracleConfig c, NodeId from, const Bytes& message) {
  OracleNode node(std::move(c), oracle_key());
  CHECK(node.next_deadline() == never);
  Outbox outbox;
  const PeerMessage m{from, message};
  node.step(Instant{}, Inputs{std::span(&m, 1), {}}, outbox);
  Said out;
  for (const twin::Effect& e : outbox.effects()) {
    if (const auto* event = std::get_if<Event>(&e)) out.events.push_back(*event);
    if (const auto* send = std::get_if<Send>(&e)) {
      ++out.sent;
      if (send->to == NodeId{0})
        out.transactions.push_back(*decode_transaction(send->bytes.view().subspan(1)));
    }
  }
  return out;
}

constexpr NodeId observer{2};

bool signed_by(const Transaction& tx, Signer& signer) {
  Signature s{};
  std::copy(tx.body.end() - 64, tx.body.end(), s.begin());
  return Ed25519Verifier().verify(signer.public_key(), entry_signed_bytes({}, tx.entry()), s);
}

std::string refusal(const Said& said) {
  CHECK(said.sent == 0);
  REQUIRE(said.events.size() == 1);
  return std::get<Refused>(said.events[0]).why;
}

}  // namespace

TEST_CASE("an oracle posts what it finds, signed, to every validator") {
  const Said said = told(config(), observer, encode(report()));
  CHECK(said.sent == 2);
  REQUIRE(said.transactions.size() == 1);
  const Transaction& tx = said.transactions[0];
  CHECK(tx.kind == TransactionKind::feeder_findings);
  CHECK(signed_by(tx, oracle_key()));
  CHECK(market::decode_findings_body(tx.body)->slot == Slot{4});
  CHECK(market::decode_owned_findings(tx.openings[0].data)->findings.slot == Slot{4});
  REQUIRE(said.events.size() == 1);
  CHECK(std::holds_alternative<FeederFound>(said.events[0]));
}

TEST_CASE("where nothing can be found an oracle says why and posts nothing") {
  OracleConfig without = config();
  without.feeders[0].evidence = nullptr;
  for (const auto& [c, why] : {std::pair{config(true), "a reason"}, {without, "no network"}}) {
    const Said said = told(c, observer, encode(report()));
    CHECK(said.sent == 0);
    REQUIRE(said.events.size() == 1);
    CHECK(std::get<FeederNotFound>(said.events[0]).why == why);
  }
  OracleConfig elsewhere = config();
  elsewhere.feeders.clear();
  CHECK(told(elsewhere, observer, encode(report())).events.empty());
}

TEST_CASE("an oracle posts the registrar's rulings where the scenario wants some") {
  OracleConfig c = config(true);
  c.quarantined = market::Outcome::release;
  const Said said = told(c, observer, encode(report()));
  REQUIRE(said.transactions.size() == 1);
  const Transaction& tx = said.transactions[0];
  CHECK(tx.kind == TransactionKind::ruling);
  CHECK(signed_by(tx, registrar_key()));
  const auto ruling = market::decode_ruling(tx.openings[0].data);
  REQUIRE(ruling);
  CHECK(ruling->slot == Slot{5});
  CHECK(ruling->settled == Slot{2});
  CHECK(ruling->exported == WattHours{600});
  c.restricted_keys.clear();  // whose meter is not known, nothing can be opened for
  CHECK(told(c, observer, encode(report())).sent == 0);
}

TEST_CASE("what an oracle is told by others, or not in its form, is refused") {
  const Bytes good = encode(report());
  for (const std::uint32_t from : {0u, 1u, 3u, 4u, 5u, 77u})
    CHECK(refusal(told(config(), {from}, good)) == "an oracle listens to the observer only");
  CHECK(refusal(told(config(), observer, frame(MessageKind::transaction, {}))) ==
        "an oracle takes no such message");
  CHECK(refusal(told(config(), observer, {})) == "an oracle takes no such message");
  for (std::size_t size = 1; size < good.size(); ++size)
    CHECK(refusal(told(config(), observer, Bytes(good.begin(), good.begin() + size))) ==
          "slot report is not in its canonical form");
  Bytes longer = good;
  longer.push_back(0);
  CHECK(refusal(told(config(), observer, longer)) == "slot report is not in its canonical form");
  Bytes many = good;  // as many feeders as a number can say
  std::fill_n(many.begin() + 5, 4, 0xff);
  CHECK(refusal(told(config(), observer, many)) == "slot report is not in its canonical form");
}
