// Who is no node brings a consent or an erasure to running validators: what it is told, and what
// its gateway makes of an erasure.

#include "ledger/base/codec.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"
#include "tests/support/validator_net.hpp"
#include "twin/node/base/erasure_word.hpp"
#include "twin/node/base/visit_answer.hpp"

using namespace twin_test;

namespace {

using Status = VisitAnswer::Status;

const AccountId account{Rng(21).fork("account").bytes32()[0], 1, 2, 3};
const SubjectKey restricted_key = Rng(22).bytes32();

// A network in which one account is registered, and what its visitors are told.
class Visited {
 public:
  Visited() {
    net.on_send = [this](std::uint32_t from, const Send& send) {
      if (Directory::is_visitor(send.to)) {
        const auto answer = decode_visit_answer(send.bytes.view().subspan(1));
        REQUIRE(answer);
        told[send.to.value].emplace_back(from, *answer);
      }
      if (send.to == net.directory().gateway(0) && kind_of(send.bytes) == MessageKind::erased)
        erased_told.emplace_back(from, *decode_erased(send.bytes.view().subspan(1)));
    };
    register_home();
    net.run_for(seconds(12));
    REQUIRE(net.height(0) >= 2);
  }

  void register_home() {
    market::Registration r;
    r.account = account;
    r.account_key = home.public_key();
    r.meter_key = Ed25519Signer(Rng(24).bytes32()).public_key();
    r.max_power_w = 10'000;
    Transaction tx;
    tx.kind = TransactionKind::registration;
    market::add_openings(tx.openings, {r, restricted_key});
    tx.root = openings_root(tx.openings);
    tx.body = market::encode(market::RegistrationBody{{0}, 1, {}});
    sign_entry(tx, net.chain_id(), registrar);
    for (std::uint32_t v = 0; v < 4; ++v)
      net.post(net.directory().gateway(0), {v}, frame(MessageKind::transaction, tx.encode()));
  }

  market::Consent wanted(std::uint32_t number) const {
    market::Consent c;
    c.place = {account, reader.public_key(), market::Purpose::advice};
    c.number = number;
    c.end_slot = {1000};
    return c;
  }
  Transaction consent(const market::Consent& c, Signer& by) {
    return market::consent_of(net.chain_id(), c, restricted_key, by);
  }
  Transaction erasure(const AccountId& of, Signer& by, market::Stages stages = 1) {
    return market::erasure_of(net.chain_id(), {of, stages}, Rng(31).bytes32(), by);
  }

  // To all doors; the visitor's number.
  std::uint32_t visit(const Bytes& message) {
    const std::uint32_t visitor = Directory::first_visitor + ++visits_;
    for (std::uint32_t n = 0; n < 5; ++n) net.post({visitor}, {n}, message);
    return visitor;
  }
  std::uint32_t visit(const Transaction& tx) {
    return visit(frame(MessageKind::visit, tx.encode()));
  }

  // All five refuse it with these words, at once, and keep nothing.
  void check_refused(const Bytes& message, const std::string& words) {
    const std::size_t before = net.node(0).mempool().size();
    const std::uint32_t visitor = visit(message);
    net.run_for(milliseconds(50));
    REQUIRE(told[visitor].size() == 5);
    for (const auto& [from, answer] : told[visitor]) {
      CHECK(answer.status == Status::refused);
      CHECK_MESSAGE(answer.why.find(words) != std::string::npos, answer.why);
    }
    CHECK(net.node(0).mempool().size() == before);
  }
  void check_refused(const Transaction& tx, const std::string& words) {
    check_refused(frame(MessageKind::visit, tx.encode()), words);
  }

  // Proved by the observer; the answer.
  VisitAnswer check_final(std::uint32_t visitor, const Transaction& tx) {
    std::optional<VisitAnswer> out;
    std::size_t taken = 0;
    for (const auto& [from, answer] : told[visitor]) {
      taken += answer.status == Status::taken ? 1u : 0u;
      CHECK(answer.status != Status::refused);
      if (answer.status != Status::final) continue;
      CHECK(from == 4);
      CHECK(!out);
      out = answer;
    }
    CHECK(taken == 5);
    REQUIRE(out);
    CHECK(out->id == leaf_of(tx));
    const auto proof = parse_tlog_proof(out->proof);
    REQUIRE(proof);
    CHECK(verify_tlog_proof(*proof, tx.entry(), policy_of(net.genesis()), net.verifier()));
    CHECK(net.node(0).chain().log().leaf(proof->index) == out->id);
    const auto block = decode_block(decode_block_record(*net.records(0).block(out->height))->block);
    REQUIRE(block);
    CHECK(std::count(block->leaves.begin(), block->leaves.end(), out->id) <= 1);
    CHECK(block->header.log_size <= proof->index);
    CHECK(proof->index < block->header.log_size + block->transactions.size());
    return *out;
  }

  ValidatorNet net;
  Ed25519Signer registrar{Rng(7).bytes32()}, home{Rng(23).bytes32()}, reader{Rng(25).bytes32()};
  std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, VisitAnswer>>> told;
  std::vector<std::pair<std::uint32_t, ErasedAccounts>> erased_told;

 private:
  std::uint32_t visits_ = 0;
};

}  // namespace

TEST_CASE("visits: a consent is taken, decided and proved, and proved again to who asks again") {
  Visited v;
  const Transaction tx = v.consent(v.wanted(1), v.home);
  const std::uint32_t first = v.visit(tx);
  v.net.run_for(seconds(12));
  const VisitAnswer final = v.check_final(first, tx);
  CHECK(v.net.node(0).market().consent(v.wanted(1).place)->number == 1);
  v.net.run_for(seconds(30));
  const std::uint32_t second = v.visit(tx);
  v.net.run_for(seconds(12));
  const VisitAnswer again = v.check_final(second, tx);
  CHECK(again.height == final.height);
  CHECK(v.net.refusals.empty());
}

TEST_CASE("visits: what the state refuses the visitor hears, in one line") {
  Visited v;
  Ed25519Signer stranger(Rng(77).bytes32());
  const Transaction good = v.consent(v.wanted(5), v.home);
  v.visit(good);
  v.net.run_for(seconds(12));
  v.check_refused(v.consent(v.wanted(5), v.reader), "consent is not signed by its account");
  v.check_refused(v.consent(v.wanted(4), v.home), "which is not above the newest one");
  market::Consent of_nobody = v.wanted(1);
  of_nobody.place.account = {9, 9, 9};
  v.check_refused(v.consent(of_nobody, v.home), "unknown account");
  market::Consent nothing = v.wanted(1);
  nothing.place.purpose = market::Purpose::dispute;
  nothing.withdrawn = true;
  nothing.end_slot = {};
  v.check_refused(v.consent(nothing, v.home), "withdrawal of a consent that was never given");
  v.check_refused(v.erasure(account, stranger), "not signed by the registrar");
  v.check_refused(v.erasure({{9, 9}}, v.registrar), "unknown account");
  v.check_refused(v.erasure(account, v.registrar, 2), "after personal data");
  CHECK(v.net.refusals.empty());  // a visitor's mistakes fill no node's log
}

TEST_CASE("visits: what is no visit is refused, and whatever nodes say to each other") {
  Visited v;
  Transaction other = v.consent(v.wanted(1), v.home);
  other.kind = TransactionKind::marks;
  v.check_refused(other, "all else goes through a gateway");
  Bytes cut = frame(MessageKind::visit, v.consent(v.wanted(1), v.home).encode());
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, cut.size() - 1})
    v.check_refused(Bytes(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size)), "");
  cut.push_back(0);
  v.check_refused(cut, "");
  v.check_refused(Bytes{}, "a visit alone");
  for (std::uint8_t kind = 0; kind < 20; ++kind)
    if (kind != static_cast<std::uint8_t>(MessageKind::visit))
      v.check_refused(Bytes{kind, 1, 2, 3}, "a visit alone");
  const std::uint64_t height = v.net.height(0);
  v.net.run_for(seconds(12));
  CHECK(v.net.height(0) > height);
}

TEST_CASE("visits: of two that contradict each other one is proved, the other refused") {
  Visited v;
  market::Consent shorter = v.wanted(1);
  shorter.end_slot = {10};
  const Transaction a = v.consent(v.wanted(1), v.home), b = v.consent(shorter, v.home);
  const std::uint32_t first = v.visit(a), second = v.visit(b);
  v.net.run_for(seconds(12));
  std::size_t finals = 0, refused = 0;
  for (const std::uint32_t visitor : {first, second})
    for (const auto& [from, answer] : v.told[visitor]) {
      finals += answer.status == Status::final ? 1u : 0u;
      if (answer.status != Status::refused) continue;
      ++refused;
      CHECK(answer.why.find("which is not above the newest one") != std::string::npos);
    }
  CHECK(finals == 1);
  CHECK(refused == 5);
  for (std::uint32_t n = 0; n < 4; ++n) CHECK(v.net.node(n).mempool().size() == 0);
}

TEST_CASE("visits: erased accounts are told to their gateway, by each validator") {
  Visited v;
  const Transaction tx = v.erasure(account, v.registrar);
  const std::uint32_t visitor = v.visit(tx);
  v.net.run_for(seconds(12));
  v.check_final(visitor, tx);
  v.check_refused(v.consent(v.wanted(1), v.home), "whose data are erased");
  CHECK(v.erased_told.empty());
  v.register_home();  // what the ledger has: the gateway is told how far it is
  v.net.run_for(seconds(1));
  std::set<std::uint32_t> by;
  for (const auto& [from, accounts] : v.erased_told) {
    by.insert(from);
    CHECK(accounts == ErasedAccounts{account});
  }
  CHECK(by == std::set<std::uint32_t>{0, 1, 2, 3});
}

TEST_CASE("visits: a gateway believes f + 1 validators of its own accounts, and no fewer") {
  const AccountId other{{4}}, foreign{{5}};
  ErasureWord word(4, {account, other});
  CHECK(word.hear({0}, {account, other, foreign}).empty());
  CHECK(word.hear({0}, {account, other, foreign}).empty());
  CHECK(word.hear({1}, {account, foreign}) == ErasedAccounts{account});
  CHECK(word.hear({2}, {account, foreign}).empty());
  CHECK(word.known() == ErasedAccounts{account});
  ErasureWord again(4, {account, other});
  again.resume(word.record());
  CHECK(again.known() == ErasedAccounts{account});
  again.resume(Bytes(17, 1));
  CHECK(again.known().empty());
}

TEST_CASE("visits: answers and erased accounts are read in their one form alone") {
  const Bytes refused = encode(refusal("no"));
  const auto body = [](const Bytes& message) { return BytesView(message).subspan(1); };
  CHECK(decode_visit_answer(body(refused))->why == "no");
  CHECK(refusal("a\nb\x80").why == "a?b?");
  CHECK(refusal(std::string(1000, 'x')).why.size() == 255);
  CHECK(refusal("").why == "refused");
  CHECK(!decode_visit_answer({}));
  CHECK(!decode_visit_answer(Bytes{0}));
  CHECK(!decode_visit_answer(Bytes{4}));
  CHECK(!decode_visit_answer(Bytes{1, 0, 0, 0, 0}));
  CHECK(!decode_visit_answer(Bytes{1, 0, 0, 0, 1, '\n'}));
  CHECK(!decode_visit_answer(ByteWriter().u8(1).sized(Bytes(256, 'x')).view()));
  CHECK(!decode_visit_answer(ByteWriter().u8(2).raw(Hash{}).u8(0).view()));
  CHECK(!decode_visit_answer(ByteWriter().u8(2).view()));
  CHECK(!decode_visit_answer(ByteWriter().u8(3).raw(Hash{}).u64(1).sized(Bytes{'x'}).view()));
  CHECK(!decode_erased(ByteWriter().u16(0).view()));
  CHECK(!decode_erased(ByteWriter().u16(1).raw(Bytes(15, 1)).view()));
  CHECK(!decode_erased(ByteWriter().u16(2).raw(Bytes(32, 1)).view()));
  CHECK(!decode_erased(ByteWriter().u16(1).raw(Bytes(17, 1)).view()));
  CHECK(decode_erased(ByteWriter().u16(2).raw(Bytes(16, 1)).raw(Bytes(16, 2)).view()));
}
