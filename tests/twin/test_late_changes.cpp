// Changes of the registry that reach the ledger late, past their gateway or never: gateway, state
// and auditor stay of one mind, and nobody is stuck. The meter's slots have two epochs; its change
// is from slot 1 on, which begins with epoch 3.

#include "tests/twin/swap_bench.hpp"

using namespace swap_bench;

namespace {

// Old key's minutes of slot 0, with the paper said in the first.
void begin(SwapBench& b, const Transaction& paper) {
  b.papers(paper, 10'000);
  b.since("old meter", 1, 1);
  b.since("old meter", 2, 2);
}

const PublicKey& key_on_ledger(SwapBench& b) {
  return b.state().meters().at(home).meter_keys.last();
}

std::vector<Verdict> verdicts_of(const SwapBench& b) {
  std::vector<Verdict> out;
  for (const MeterRecord& r : b.records) out.push_back(r.verdict);
  return out;
}

constexpr Verdict absent = bit(Rule::absent);

}  // namespace

TEST_CASE("a meter's key change over an outage: absent until the ledger has it, then all counts") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.cut_off = true;
    begin(b, meter_key(1));
    b.rest("next key", 3);
    b.rest("next key", 4);
    b.rest("next key", 5);
    b.since("old meter", 5, 5);  // whoever still has the old key
    b.close(5 * epoch_ms);       // both slots without the gateway's marks
    b.cut_off = false;
    for (std::uint32_t epoch = 6; epoch <= 12; ++epoch) b.rest("next key", epoch);
    CHECK(key_on_ledger(b) == signer_of("next key").public_key());
    CHECK(b.refusals.empty());
    const auto closed = b.close(12 * epoch_ms + 30'000);
    REQUIRE(b.records.size() == 12);
    for (const MeterRecord& r : b.records) {
      if (r.epoch < 3 || r.epoch > 8) CHECK(r.verdict == 0);
      if (3 <= r.epoch && r.epoch < 6) CHECK(r.verdict == absent);
    }
    CHECK(b.records.back().import_register.value == 144'000);
    REQUIRE(!closed.empty());
    CHECK(closed.back().standing == Standing::metered);
    CHECK(b.audited() == "");
  }
}

TEST_CASE("of a change that is not known to be on the ledger, its own slot leaves the old key") {
  SwapBench b(false);
  b.silent = true;
  begin(b, meter_key(1));
  b.since("old meter", 3, 3);
  b.since("next key", 4, 4);
  b.silence(4);
  b.since("old meter", 4, 5);
  b.silence(5);
  CHECK(verdicts_of(b) == std::vector<Verdict>{0, 0, 0, absent, absent});
  b.silent = false;
  b.silence(6);
  b.since("old meter", 4, 7);
  b.silence(7);
  CHECK(b.refusals == std::vector<std::string>{"meter 1: a minute whose signature does not hold"});
  b.since("next key", 4, 8);
  CHECK(b.records.back().verdict == 0);
  CHECK(b.audited() == "");
}

TEST_CASE("a change that the ledger never takes ends with the next one") {
  SwapBench b(true);
  b.put(Village::registration(1, {3}), 0);
  begin(b, meter_key(1, "meter 3"));
  CHECK(b.not_taken == std::vector<std::string>{"the next key is another meter's already"});
  b.since("old meter", 3, 3);
  b.since("old meter", 4, 4);
  b.since("meter 3", 5, 5);
  b.since("old meter", 5, 5);
  b.silence(5);
  CHECK(verdicts_of(b) == std::vector<Verdict>{0, 0, 0, 0, absent});
  b.papers(meter_key(3), 5 * epoch_ms + 10'000);
  CHECK(key_on_ledger(b) == signer_of("next key").public_key());
  b.since("old meter", 5, 6);
  b.since("next key", 7, 7);
  CHECK(b.records.back().verdict == 0);
  CHECK(b.records.back().import_register.value == 84'000);
  CHECK(b.audited() == "");
  const auto change = [&](std::uint32_t slot) {
    b.papers(meter_key(slot, "meter 3", "next key"), 7 * epoch_ms + 10'000);
  };
  for (int i = 0; i < 6; ++i) change(9);  // one paper, however often it is said
  for (std::uint32_t slot = 10; slot < 13; ++slot) change(slot);
  CHECK(b.refusals.empty());
  change(13);
  CHECK(b.refusals == std::vector<std::string>{"too many papers of this meter wait already"});
  b.refusals.clear();
  b.papers(Village::papers(0, {Village::swap(home, 3, {90'000, 170'000, 0, 0}, "new meter")}),
           7 * epoch_ms + 20'000);
  CHECK(b.refusals == std::vector<std::string>{"papers of a meter whose next key waits"});
}

TEST_CASE("the change of a lost key without a whole slot's notice never leaves its gateway") {
  SwapBench b(true);
  b.papers(meter_key(1, "next key", ""), 10'000);
  CHECK(b.refusals == std::vector<std::string>{
                          "the change of a lost key acts a whole slot later at the earliest"});
  CHECK(b.not_taken.empty());
  b.refusals.clear();
  b.papers(meter_key(2, "next key", ""), 20'000);
  CHECK(b.refusals.empty());
  CHECK(key_on_ledger(b) == signer_of("next key").public_key());
}

TEST_CASE("a paper acts once, on the word of f + 1 validators") {
  PendingPapers papers(4);
  const Hash leaf = leaf_hash(Bytes{1});
  CHECK_FALSE(papers.told({0}, leaf));
  CHECK_FALSE(papers.told({0}, leaf));
  CHECK(papers.told({2}, leaf));
  CHECK_FALSE(papers.told({1}, leaf));
}

TEST_CASE("words of more papers than a gateway keeps: all act, some rounds later") {
  PendingPapers papers(4);
  const auto leaf = [](std::uint8_t n) { return leaf_hash(Bytes{n}); };
  std::size_t acted = 0;
  for (int round = 0; round < 4; ++round)
    for (std::uint32_t v = 0; v < 3; ++v)
      for (std::uint8_t n = 0; n < 200; ++n) acted += papers.told({v}, leaf(n));
  CHECK(acted == 200);
}

TEST_CASE("another variant of a change that acts changes nothing, heard of the next key or not") {
  for (const bool restarts : {false, true})
    for (const std::uint32_t heard_in : {2u, 3u, 4u}) {
      CAPTURE(restarts);
      CAPTURE(heard_in);
      SwapBench b(restarts);
      const Transaction lost = meter_key(1, "next key", "");
      begin(b, meter_key(1));
      if (heard_in == 2) b.word_of(lost, 2 * epoch_ms + 20'000);
      b.since("old meter", 3, 3);
      if (heard_in == 3) b.word_of(lost, 3 * epoch_ms + 20'000);
      b.since("next key", 4, 4);
      if (heard_in == 4) b.word_of(lost, 4 * epoch_ms + 20'000);
      b.since("next key", 5, 5);
      CHECK(verdicts_of(b) == std::vector<Verdict>(5, 0));
      CHECK(b.audited() == "");
    }
}

TEST_CASE("of two changes of a meter told in the wrong order the later one's key stays") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.silent = true;
    const Transaction first = meter_key(1), second = meter_key(2, "meter 3", "next key");
    b.put(first, 10'000);
    b.put(second, 20'000);
    for (std::uint32_t epoch = 1; epoch <= 4; ++epoch) b.since("old meter", epoch, epoch);
    b.word_of(second, 4 * epoch_ms + 10'000);
    b.since("meter 3", 5, 5);
    b.word_of(first, 5 * epoch_ms + 10'000);
    b.since("meter 3", 6, 6);
    CHECK(b.not_taken.empty());
    CHECK(verdicts_of(b) == std::vector<Verdict>(6, 0));
  }
}

TEST_CASE("papers of gateways that are no nodes of the network are not kept for them") {
  TakenPapers taken(1);
  Block block;
  block.transactions = {
      meter_key(1), key_change(KeyOf::meter, 1, "next key", "old meter", "metering operator", 1)};
  taken.take(block, village_genesis());
  CHECK(taken.of({0}, {0}).size() == 1);
  CHECK(taken.of({1}, {0}).empty());
}

TEST_CASE("a change that others brought to the ledger reaches its gateway") {
  SwapBench b(true);
  b.put(meter_key(1), 10'000);
  b.since("old meter", 1, 1);
  b.since("old meter", 2, 2);
  b.since("next key", 3, 3);
  b.since("next key", 4, 4);
  b.since("next key", 5, 5);
  CHECK(b.refusals.empty());
  CHECK(verdicts_of(b) == std::vector<Verdict>(5, 0));
  CHECK(b.audited() == "");
}

TEST_CASE(
    "a gateway that hears late of a change others brought quarantines what the next key signs") {
  SwapBench b(false);
  b.silent = true;
  b.put(meter_key(1), 10'000);
  b.since("old meter", 1, 1);
  b.since("old meter", 2, 2);
  for (std::uint32_t epoch = 3; epoch <= 5; ++epoch) {
    b.since("next key", 3, epoch);
    b.silence(epoch);
  }
  CHECK(b.audited() == "");
  b.silent = false;
  b.silence(6);
  b.since("next key", 3, 7);
  CHECK(verdicts_of(b) == std::vector<Verdict>{0, 0, bit(Rule::signature), bit(Rule::signature),
                                               bit(Rule::signature), absent, 0});
  CHECK(b.audited() == "");
  b.silence(8);
  b.close(8 * epoch_ms + 30'000);
  for (std::uint32_t slot = 0; slot <= 3; ++slot) CHECK(b.verified(slot) == "");
}

TEST_CASE("a receipt judges a batch by the key changes that stand before it on the log") {
  for (const std::uint32_t late : {4u, 5u, 6u}) {
    CAPTURE(late);
    SwapBench b(false);
    for (std::uint32_t epoch = 1; epoch <= late; ++epoch) b.since("old meter", epoch, epoch);
    b.put(meter_key(1), late * epoch_ms + 10'000);
    b.silence(late);  // the gateway hears of it
    for (std::uint32_t epoch = late + 1; epoch <= 8; ++epoch) b.since("next key", epoch, epoch);
    b.close(8 * epoch_ms + 30'000);
    CHECK(verdicts_of(b) == std::vector<Verdict>(8, 0));
    CHECK(b.audited() == "");
    for (std::uint32_t slot = 0; slot <= 3; ++slot) CHECK(b.verified(slot) == "");
  }
}

TEST_CASE("a gateway cut off from a change that others brought goes on with the old key") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.cut_off = true;
    b.put(meter_key(1), 10'000);
    for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) b.since("old meter", epoch, epoch);
    b.close(5 * epoch_ms);
    b.cut_off = false;
    b.since("old meter", 6, 6);
    b.since("old meter", 7, 7);
    b.since("next key", 7, 8);
    CHECK(b.state().progress({0}).epoch == 8);
    // A minute that waits for its batch is lost with a restart.
    const Verdict old_key = restarts ? absent : bit(Rule::signature);
    CHECK(verdicts_of(b) == std::vector<Verdict>{0, 0, 0, 0, 0, 0, old_key, 0});
    CHECK(b.audited() == "");
    b.close(8 * epoch_ms + 30'000);
    CHECK(b.verified(0) == "");
    CHECK(b.verified(1) == "");  // the change's own
    CHECK(b.verified(2) == "readings: batches[0]: not signed by the meter");
    CHECK(b.verified(3) == "");
  }
}

TEST_CASE("a gateway that goes on with the old key though it was told is found out") {
  SwapBench b(false);
  b.silent = true;
  b.put(meter_key(1), 10'000);
  for (std::uint32_t epoch = 1; epoch <= 16; ++epoch) b.since("old meter", epoch, epoch);
  CHECK(b.audited() == "");
  b.since("old meter", 17, 17);
  CHECK(verdicts_of(b) == std::vector<Verdict>(17, 0));
  CHECK(b.audited().find("its verdict is \"\", recomputed \"") != std::string::npos);
}

TEST_CASE("a gateway's key change over an outage: its batches hold once the ledger has it") {
  for (const bool lost : {false, true})
    for (const bool restarts : {false, true}) {
      CAPTURE(lost);
      CAPTURE(restarts);
      SwapBench b(restarts, {milliseconds(5'000),
                             {1},
                             lost,
                             &signer_of("next gateway"),
                             &signer_of("gateway administrator")});
      b.cut_off = true;
      for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) b.since("old meter", epoch, epoch);
      b.close(5 * epoch_ms);
      b.cut_off = false;
      for (std::uint32_t epoch = 6; epoch <= 14; ++epoch) {
        b.since("old meter", epoch, epoch);
        b.close(epoch * epoch_ms + 30'000);
      }
      CHECK(b.state().progress({0}).epoch == 14);
      CHECK(b.state().progress({0}).slots == 7);
      CHECK(b.state().last_closed()->settlement.statements[0].standing == Standing::metered);
      CHECK(b.audited() == "");
    }
}

TEST_CASE("a departure that others brought past its gateway: it goes on until it hears") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.silent = true;
    b.put(leaving(0), 10'000);
    for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) b.since("old meter", epoch, epoch);
    b.close(5 * epoch_ms);
    CHECK(b.not_taken.empty());
    CHECK(b.state().progress({0}).epoch == 5);
    CHECK(b.state().progress({0}).slots == 2);
    b.silent = false;
    b.since("old meter", 6, 6);
    b.silence(7);
    b.silence(8);
    CHECK(b.records.size() == 6);
    CHECK(b.state().progress({0}).epoch == 8);
    b.close(8 * epoch_ms + 30'000);
    CHECK(b.state().journal().balance(account(home)) == MicroEuros{});
    CHECK(b.audited() == "");
  }
}

TEST_CASE("a departure that the ledger refuses changes nothing, also over a gateway's restart") {
  SwapBench b(true);
  // Of a life before, which the gateway's next one knows nothing of.
  b.put(Village::order(home, 3, Side::buy, 5, 5, 1), 5'000);
  begin(b, leaving(1));
  CHECK(b.not_taken ==
        std::vector<std::string>{"the account has orders for slots behind its last one"});
  for (std::uint32_t epoch = 3; epoch <= 6; ++epoch) b.since("old meter", epoch, epoch);
  CHECK(b.state().progress({0}).epoch == 6);
  CHECK(verdicts_of(b) == std::vector<Verdict>(6, 0));
  CHECK(b.audited() == "");
}

TEST_CASE("a departure that the ledger refused is over some slots later, without a restart") {
  SwapBench b(false);
  b.put(Village::order(home, 3, Side::buy, 5, 5, 1), 5'000);
  begin(b, leaving(1));
  const Transaction order = Village::order(home, 20, Side::buy, 5, 5, 2);
  b.papers(order, 2 * epoch_ms + 10'000);
  CHECK(b.refusals == std::vector<std::string>{"order of an account that leaves before it"});
  for (std::uint32_t epoch = 3; epoch <= 24; ++epoch) {
    b.since("old meter", epoch, epoch);
    b.close(epoch * epoch_ms + 30'000);
  }
  b.refusals.clear();
  b.papers(order, 24 * epoch_ms + 40'000);
  CHECK(b.refusals.empty());
}

TEST_CASE("a departure over an outage, of a home that is silent since: late, and it leaves") {
  SwapBench b(true);
  b.cut_off = true;
  begin(b, leaving(1));
  b.since("old meter", 3, 3);
  b.since("old meter", 4, 4);
  b.silence(5);
  b.silence(6);
  b.close(7 * epoch_ms);
  b.cut_off = false;
  for (std::uint32_t epoch = 7; epoch <= 12; ++epoch) b.silence(epoch);
  CHECK(b.state().meters().at(home).leaves);
  CHECK(b.state().progress({0}).epoch == 12);
  CHECK(b.records.size() < 12);
  b.close(12 * epoch_ms + 30'000);
  CHECK(b.state().journal().balance(account(home)) == MicroEuros{});
  CHECK(b.audited() == "");
}

TEST_CASE("a record of a point that has left, once its gateway had left it out, is a finding") {
  SwapBench b(false);
  b.put(leaving(0), 10'000);
  b.since("old meter", 1, 1);
  b.since("old meter", 2, 2);
  for (std::uint32_t epoch = 3; epoch <= 5; ++epoch) b.silence(epoch);
  CHECK(b.audited() == "");
  CHECK(b.audited_with(2, 3).find("account is of other slots") == std::string::npos);
  CHECK(b.audited_with(2, 4).find("account is of other slots") != std::string::npos);
}
