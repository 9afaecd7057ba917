// A meter that is swapped behind a gateway: what it posts is what the ledger takes and an auditor
// recomputes.

#include "tests/twin/swap_bench.hpp"

using namespace swap_bench;

namespace {

Transaction good_papers(std::uint32_t slot) {
  return Village::papers(0, {Village::swap(home, slot, {30'000, 60'000, 5'000, 0}, "new meter")});
}

}  // namespace

TEST_CASE("a swap with papers: energy counts on, ledger and auditor agree, over restarts too") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.minute("old meter", 1, 1, 0, 500);
    b.minute("old meter", 2, 13, 12'000, 24'500);
    b.papers(good_papers(1), 2 * epoch_ms + 10'000);
    b.silence(3);
    b.minute("new meter", 4, 1, 5'000, 0);
    b.minute("new meter", 5, 13, 17'000, 24'000);
    b.minute("new meter", 6, 25, 29'000, 48'000);
    CHECK(b.refusals.empty());
    REQUIRE(b.records.size() == 6);
    for (const MeterRecord& r : b.records)
      CHECK(r.verdict == (r.epoch == 3 ? bit(Rule::absent) : 0));
    const auto closed = b.close(6 * epoch_ms + 30'000);
    REQUIRE(closed.size() == 3);
    for (const Statement& s : closed) CHECK(s.standing == Standing::metered);
    CHECK(closed[0].imported.value == 24);
    CHECK(closed[1].imported.value == 6 + 12);  // 24 to 30 Wh by the papers, then the new meter's
    CHECK(closed[1].exported.value == 12 + 24);
    CHECK(closed[2].imported.value == 24);
    CHECK(b.audited() == "");
  }
}

TEST_CASE("a swap without papers: nothing of the new meter is taken, and the rule says why") {
  SwapBench b(false);
  b.minute("old meter", 1, 1, 0, 500);
  b.minute("old meter", 2, 13, 12'000, 24'500);
  b.minute("new meter", 3, 1, 5'000, 0);
  b.minute("new meter", 4, 25, 29'000, 48'000);
  b.silence(4);
  REQUIRE(b.records.size() == 4);
  CHECK(b.records[3].verdict == bit(Rule::signature));
  CHECK(b.records[3].import_register.value == 24'000);
  const auto closed = b.close(4 * epoch_ms + 30'000);
  REQUIRE(closed.size() == 2);
  CHECK(closed[1].standing == Standing::unmarked);
  CHECK(closed[1].imported.value == 0);
  CHECK(b.audited() == "");
}

TEST_CASE("papers before their meter: the old one is not marked in between") {
  SwapBench b(true);
  b.minute("old meter", 1, 1, 0, 500);
  b.minute("old meter", 2, 13, 12'000, 24'500);
  const Transaction papers =
      Village::papers(0, {Village::swap(home, 1, {60'000, 110'000, 5'000, 0}, "new meter")});
  const Transaction others =
      Village::papers(0, {Village::swap(home, 1, {61'000, 110'000, 5'000, 0}, "new meter")});
  b.papers(papers, 2 * epoch_ms + 10'000);
  CHECK(b.told == std::vector<Hash>{leaf_of(papers)});
  b.papers(papers, 2 * epoch_ms + 20'000);  // by who was not told
  CHECK(b.refusals.empty());
  b.papers(others, 2 * epoch_ms + 20'000);
  CHECK(b.refusals ==
        std::vector<std::string>{"papers of another swap wait for their meter already"});
  CHECK(b.told == std::vector<Hash>{leaf_of(papers), leaf_of(papers), leaf_of(others)});
  b.minute("old meter", 3, 25, 24'000, 48'500);
  b.minute("old meter", 4, 37, 36'000, 72'500);
  b.minute("new meter", 5, 1, 5'000, 0);
  b.minute("new meter", 6, 13, 17'000, 24'000);
  const auto closed = b.close(6 * epoch_ms + 30'000);
  REQUIRE(closed.size() == 3);
  CHECK(closed[1].standing == Standing::unmarked);
  CHECK(closed[2].standing == Standing::spanning);
  CHECK(closed[2].imported.value == 36 + 24);
  CHECK(b.audited() == "");
}

TEST_CASE("papers that a gateway refuses") {
  SwapBench b(true);
  b.minute("old meter", 1, 1, 0, 500);
  b.minute("old meter", 2, 13, 12'000, 24'500);
  const auto refused = [&](const Transaction& tx) { return b.refusal_of(tx); };
  const auto swap = [](std::uint32_t slot, std::int64_t closing_import) {
    return Village::swap(home, slot, {closing_import, 60'000, 0, 0}, "new meter");
  };
  CHECK(refused(Village::papers(0, {swap(1, 30'000)}, "gateway 0")) ==
        "papers are not signed by the metering operator");
  CHECK(refused(Village::papers(0, {Village::sign(swap(1, 30'000), "account 2")})) ==
        "papers are not signed by the account");
  CHECK(refused(Village::papers(0, {swap(2, 30'000)})) ==
        "papers of another slot than the present one");
  CHECK(refused(Village::papers(0, {swap(1, 23'000)})) ==
        "papers close the meter below what is settled");
  CHECK(refused(Village::papers(1, {swap(1, 30'000)})) ==
        "papers of a meter that is not one of this gateway's");
  CHECK(refused(Village::papers(0, {Village::swap(2, 1, {0, 0, 0, 0})})) ==
        "papers of a meter that is not one of this gateway's");
  MeterSwap stranger = swap(1, 30'000);
  stranger.account = account(3);
  CHECK(refused(Village::papers(0, {Village::sign(stranger, "account 1")})) ==
        "papers of another meter or account");
}

TEST_CASE("a key change: the same meter goes on, ledger and auditor agree, over restarts too") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    SwapBench b(restarts);
    b.papers(meter_key(1), 10'000);
    b.minute("old meter", 1, 1, 0, 500);
    b.minute("next key", 2, 13, 12'000, 24'500);  // before its slot
    CHECK(b.refusals ==
          std::vector<std::string>{"meter 1: a minute whose signature does not hold"});
    b.minute("old meter", 2, 13, 12'000, 24'500);
    b.refusals.clear();
    b.minute("old meter", 3, 25, 24'000, 48'500);  // in its slot, and the next one not heard yet
    b.minute("next key", 4, 37, 36'000, 72'500);
    b.minute("old meter", 5, 49, 48'000, 96'500);
    CHECK(b.refusals ==
          std::vector<std::string>{"meter 1: a minute whose signature does not hold"});
    b.minute("next key", 5, 49, 48'000, 96'500);
    b.minute("next key", 6, 61, 60'000, 120'500);
    REQUIRE(b.records.size() == 6);
    for (const MeterRecord& r : b.records) CHECK(r.verdict == 0);
    const auto closed = b.close(6 * epoch_ms + 30'000);
    REQUIRE(closed.size() == 3);
    for (const Statement& s : closed) CHECK(s.standing == Standing::metered);
    CHECK(closed[1].imported.value == 24);
    CHECK(b.audited() == "");
  }
}

TEST_CASE("behind the slot of its change the old key signs nothing, be the next one heard or not") {
  SwapBench b(false);
  b.papers(meter_key(1), 10'000);
  b.minute("old meter", 1, 1, 0, 500);
  b.minute("old meter", 2, 13, 12'000, 24'500);
  b.minute("old meter", 3, 25, 24'000, 48'500);
  b.minute("old meter", 4, 37, 36'000, 72'500);
  CHECK(b.refusals.empty());
  b.minute("old meter", 5, 49, 48'000, 96'500);
  b.silence(5);
  REQUIRE(b.records.size() == 5);
  CHECK(b.records[4].verdict == bit(Rule::signature));
  CHECK(b.audited() == "");
}

TEST_CASE("key changes and deregistrations that a gateway refuses") {
  SwapBench b(true);
  b.minute("old meter", 1, 1, 0, 500);
  b.minute("old meter", 2, 13, 12'000, 24'500);
  const auto refused = [&](const Transaction& tx) { return b.refusal_of(tx); };
  CHECK(refused(key_change(KeyOf::meter, 2, "x", "old meter", "registrar")) ==
        "key change is not signed by the metering operator");
  CHECK(refused(key_change(KeyOf::account, 2, "x", "account 1", "metering operator")) ==
        "key change is not signed by the registrar");
  CHECK(refused(meter_key(2, "x", "account 1")) == "key change is not signed by the old key");
  CHECK(refused(key_change(KeyOf::account, 2, "x", "old meter", "registrar")) ==
        "key change is not signed by the old key");
  CHECK(refused(meter_key(0)) == "a key change in a slot that is over");
  CHECK(refused(key_change(KeyOf::meter, 2, "x", "old meter", "metering operator", 1)) ==
        "key change of a meter that is not one of this gateway's");
  CHECK(refused(leaving(2, "account 2")) == "deregistration is not signed by the account");
  CHECK(refused(leaving(2, "account 1", "metering operator")) ==
        "deregistration is not signed by the registrar");
  CHECK(refused(leaving(0)) == "deregistration at the end of a slot that has begun, or is over");
  b.papers(meter_key(2), 2 * epoch_ms + 10'000);
  CHECK(refused(meter_key(3, "y", "next key")) == "another key change waits already");
  CHECK(refused(good_papers(1)) == "papers of a meter whose next key waits");
  b.papers(key_change(KeyOf::account, 2, "changed account", "account 1", "registrar"),
           2 * epoch_ms + 10'000);
  // Papers of the slot are still the old account key's, a leaving behind it is not.
  CHECK(refused(leaving(3)) == "deregistration is not signed by the account");
  b.papers(leaving(3, "changed account"), 2 * epoch_ms + 10'000);
  CHECK(refused(leaving(4, "changed account")) == "the point is deregistered already");
}

TEST_CASE("a point that has left: no record, no mark, no minute") {
  for (const bool restarts : {false, true}) {
    SwapBench b(restarts);
    b.papers(leaving(1), 10'000);
    b.minute("old meter", 1, 1, 0, 500);
    b.minute("old meter", 2, 13, 12'000, 24'500);
    CHECK(b.close(2 * epoch_ms + 30'000).size() == 1);
    b.minute("old meter", 3, 25, 24'000, 48'500);
    b.minute("old meter", 4, 37, 36'000, 72'500);
    CHECK(b.refusals.empty());
    REQUIRE(b.records.size() == 4);
    CHECK(b.close(4 * epoch_ms + 30'000).size() == 1);
    b.minute("old meter", 5, 49, 48'000, 96'500);
    CHECK(b.refusals == std::vector<std::string>{"meter 1 is of no account in this slot"});
    b.silence(6);
    CHECK(b.records.size() == 4);
    CHECK(b.audited() == "");
  }
}
