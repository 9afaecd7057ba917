// Batches that a concentrator posts: executed as if each had come alone, or refused, all of them.

#include <doctest/doctest.h>

#include "market/audit/public_log.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

Genesis with_concentrator() {
  Genesis g = village_genesis();
  g.concentrators = {signer_of("concentrator").public_key()};
  return g;
}
const Hash chain_id = chain_id_of(with_concentrator());

template <class Body>
Transaction sealed(Transaction tx, Body body, const std::string& signer) {
  tx.body = encode(body);
  sign_entry(tx, chain_id, signer_of(signer));
  return tx;
}

BatchEntry batch(std::uint32_t gateway, std::uint32_t epoch, const Hash& previous = {},
                 std::uint32_t records = 2, std::uint32_t count = 0) {
  Batch b;
  b.gateway = {gateway};
  b.epoch = epoch;
  b.records = records;
  b.count = count;
  b.import_sum = b.export_sum = {hidden_sum};
  b.previous = previous;
  Transaction tx;
  tx.kind = TransactionKind::batch;
  tx.root.fill(static_cast<std::uint8_t>(16 * gateway + epoch));
  tx = sealed(std::move(tx), b, "gateway " + std::to_string(gateway % 2));
  return {tx, *decode_batch(tx.body)};
}

BatchEntry behind(const BatchEntry& last) {
  return batch(last.batch.gateway.value, last.batch.epoch + 1, sha256(last.tx.entry()));
}

Transaction posted(const std::vector<BatchEntry>& batches,
                   const std::string& signer = "concentrator") {
  Transaction tx = concentrate(0, batches);
  return sealed(tx, *decode_concentrated_body(tx.body), signer);
}

// Changed, with a root and a signature that fit.
template <class Change>
Transaction posted_but(const std::vector<BatchEntry>& batches, Change change) {
  Transaction tx = concentrate(0, batches);
  ConcentratedBody body = *decode_concentrated_body(tx.body);
  change(tx, body);
  tx.root = openings_root(tx.openings);
  return sealed(tx, body, "concentrator");
}

// Two gateways with two meters each, and nothing but batches and marks.
struct Posted {
  Ed25519Verifier verifier;
  MarketState state{with_concentrator(), verifier};

  Posted() {
    for (const std::uint32_t g : {0u, 1u}) {
      Transaction tx = Village::registration(g, {2 * g + 1, 2 * g + 2});
      CHECK(refusal(sealed(tx, *decode_registration_body(tx.body), "registrar"), 0).empty());
    }
  }
  std::string refusal(const Transaction& tx, std::int64_t time_ms = 120'000) {
    const auto applied = state.apply(tx, leaf_of(tx), SignatureIs::unchecked, time_ms);
    return applied ? std::string() : applied.error().why;
  }
  void close_slot(std::uint32_t slot) {
    for (const std::uint32_t g : {0u, 1u}) {
      const std::int64_t mwh = 1'000 * (slot + 1);
      Transaction tx = Village::marks(
          g, slot,
          {Village::mark(2 * g + 1, slot, mwh, 500), Village::mark(2 * g + 2, slot, mwh, 500)});
      CHECK(refusal(sealed(tx, *decode_marks_body(tx.body), "gateway " + std::to_string(g))) == "");
    }
    const auto due = state.due(120'000);
    REQUIRE(due.size() == 3);
    for (const Transaction& tx : due) CHECK(refusal(tx) == "");
  }
};

}  // namespace

TEST_CASE("batches alone, concentrated, and both: the same content and the same state") {
  const BatchEntry a1 = batch(0, 1), a2 = behind(a1), b1 = batch(1, 1), b2 = behind(b1);
  Posted alone, at_once, mixed, other;
  for (const BatchEntry& b : {a1, b1, b2, a2}) CHECK(alone.refusal(b.tx) == "");
  CHECK(at_once.refusal(posted({a1, a2, b1, b2})) == "");
  CHECK(mixed.refusal(a1.tx) == "");
  CHECK(mixed.refusal(posted({b1, b2})) == "");
  CHECK(mixed.refusal(posted({a2})) == "");
  CHECK(other.refusal(posted({a1, a2, b1, behind(b1)})) == "");
  CHECK(other.state.progress({1}).epoch == 2);
  for (Posted* c : {&alone, &at_once, &mixed}) c->close_slot(0);
  CHECK(alone.state.content_root() != Hash{});
  CHECK(at_once.state.content_root() == alone.state.content_root());
  CHECK(mixed.state.content_root() == alone.state.content_root());
  const Hash state = alone.state.commit();
  CHECK(at_once.state.commit() == state);
  CHECK(mixed.state.commit() == state);
}

TEST_CASE("a concentrator's transaction is refused as a whole, by name") {
  const BatchEntry a1 = batch(0, 1), a2 = behind(a1), b1 = batch(1, 1);
  const auto refused = [&](const Transaction& tx, const std::string& words,
                           std::int64_t time_ms = 120'000) {
    Posted c;
    const std::string why = c.refusal(tx, time_ms);
    CAPTURE(why);
    CHECK(why.find(words) != std::string::npos);
    CHECK(!words.empty());
    // Nothing of it stays.
    CHECK(c.state.progress({0}).epoch == 0);
    CHECK(c.state.progress({1}).epoch == 0);
    CHECK(c.refusal(posted({a1, b1})) == "");
  };
  refused(posted({a1, b1}, "gateway 0"), "not signed by its concentrator");
  refused(posted_but({a1, b1}, [](auto&, auto& body) { body.concentrator = 1; }),
          "unknown concentrator");
  refused(posted_but({a1, b1}, [](auto&, auto& body) { body.batches = 3; }), "their number");
  refused(posted_but({a1, b1}, [](auto&, auto& body) { body.readings = 1; }), "their readings");
  refused(posted({}), "no batch");
  refused(posted({b1, a1}), "order of gateway and epoch");
  refused(posted({a2, a1}), "order of gateway and epoch");
  refused(posted({a1, a1}), "order of gateway and epoch");
  refused(posted_but({a1, b1}, [](auto& tx, auto&) { tx.openings[1].salt[0] = 1; }), "salt");
  refused(posted_but({a1, b1}, [](auto& tx, auto&) { tx.openings[1].data.push_back(0); }),
          "wrong length");
  refused(posted_but({a1, b1}, [](auto& tx, auto&) { tx.openings[1].data[1] = 3; }), "no batch");
  refused(posted_but({a1, b1}, [](auto& tx, auto&) { tx.openings[1].data[0] = 2; }), "version");
  refused(posted_but({a1, b1}, [](auto& tx, auto&) { tx.openings[1].data.back() ^= 1; }),
          "batch that is not signed by its gateway");
  refused(posted({a1, batch(2, 1)}), "unknown gateway");
  refused(posted({a1, batch(1, 2)}), "gateway 1 epoch 2: batch before the one it follows");
  refused(posted({a1, batch(0, 2), b1}), "does not follow its gateway's last");
  refused(posted({a1, a2, b1}), "has not ended", 119'999);
  refused(posted({a1, batch(1, 1, {}, 1)}), "leaves out a registered meter");
  refused(posted({a1, batch(1, 1, {}, 3)}), "more meters than its gateway has");
}

TEST_CASE("what the ledger has is not taken a second time, alone or concentrated") {
  const BatchEntry a1 = batch(0, 1), b1 = batch(1, 1), another = batch(0, 1, {}, 2, 7);
  Posted c;
  CHECK(c.refusal(a1.tx) == "");
  CHECK_FALSE(c.state.beyond(posted({a1, b1})));
  CHECK(c.refusal(posted({a1, b1})) ==
        "gateway 0 epoch 1: batch of an epoch that is on the ledger already");
  CHECK(c.refusal(posted({another})) ==
        "gateway 0 epoch 1: another batch of an epoch that is on the ledger already");
  CHECK(c.refusal(posted({b1})) == "");
  CHECK(c.state.beyond(posted({a1, b1})));
  CHECK_FALSE(c.state.beyond(posted({another, b1})));
  CHECK(c.refusal(b1.tx) == "batch of an epoch that is on the ledger already");
}

TEST_CASE("a concentrator's transaction on the wire: canonical, and within bounds") {
  const Transaction tx = posted({batch(0, 1), batch(1, 1)});
  const Bytes bytes = tx.encode();
  REQUIRE(decode_transaction(bytes));
  CHECK(decode_transaction(bytes)->encode() == bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= 1;
    const auto read = decode_transaction(changed);
    Posted c;
    CHECK_MESSAGE((!read || !c.refusal(*read).empty()), "byte ", i);
  }
  std::vector<BatchEntry> many;
  for (std::uint32_t g = 0; g < max_openings; ++g) many.push_back(batch(g, 1));
  const Bytes most = concentrate(0, many).encode();
  CHECK(most.size() <= max_transaction_size);
  CHECK(decode_transaction(most));
  many.push_back(batch(max_openings, 1));
  CHECK_FALSE(decode_transaction(concentrate(0, many).encode()));
}

TEST_CASE("files of concentrated batches: read back, and every byte of them counts") {
  const std::vector<BatchEntry> first{batch(0, 1), batch(1, 1)},
      second{behind(first[0]), behind(first[1])};
  std::vector<Bytes> entries(300, batch(0, 9).tx.entry());  // of which none asks for a file
  const Transaction one = posted(first), two = posted(second);
  entries[3] = one.entry();
  entries[299] = two.entry();
  std::map<std::string, Bytes> files{{"batches/0", encode_batches(one.openings)},
                                     {"batches/1", encode_batches(two.openings)}};
  const auto read = [&](const std::string& path) {
    return files.contains(path) ? std::optional(files.at(path)) : std::nullopt;
  };
  CHECK(batch_file_paths(entries) == std::set<std::string>{"batches/0", "batches/1"});
  const auto batches = read_batches(entries, read);
  REQUIRE(batches);
  CHECK(batches->at(299) == std::vector{second[0].tx.entry(), second[1].tx.entry()});
  CHECK(batches->size() == 2);
  Bytes& file = files["batches/0"];
  for (std::size_t i = 0; i < file.size(); ++i) {
    file[i] ^= 1;
    CHECK_MESSAGE(!read_batches(entries, read), "byte ", i);
    file[i] ^= 1;
  }
  const auto refused = [&](const Bytes& changed, const char* words) {
    const Bytes whole = std::exchange(file, changed);
    const auto found = read_batches(entries, read);
    file = whole;
    REQUIRE_FALSE(found);
    CAPTURE(found.error());
    CHECK(found.error().find(words) != std::string::npos);
  };
  refused({}, "batches/0: entry 3: its batches are cut off");
  refused(Bytes(file.begin(), file.end() - 1), "cut off");
  Bytes longer = file;
  longer.push_back(0);
  refused(longer, "batches/0: goes on behind its last batch");
  refused(files.at("batches/1"), "do not hash to its openings root");
  files.erase("batches/1");
  CHECK(read_batches(entries, read).error() == "batches/1: missing");
}

TEST_CASE("R7 follows a gateway's batches, alone and concentrated") {
  const BatchEntry a1 = batch(0, 1), a2 = behind(a1), a3 = behind(a2), b1 = batch(1, 1);
  const auto gap_in = [](const std::vector<Transaction>& txs) {
    PublicLog log;
    for (const Transaction& tx : txs) {
      for (const Opening& o : tx.openings) log.concentrated[log.entries.size()].push_back(o.data);
      log.entries.push_back(tx.entry());
    }
    const auto ok = check_sequences(log);
    return ok ? "" : ok.error();
  };
  CHECK(gap_in({posted({a1, b1}), a2.tx, posted({a3, behind(b1)})}) == "");
  CHECK(gap_in({posted({a1, b1}), posted({a3})}) ==
        "entry 1: gateway 0 epoch 3 does not follow its epoch 1");
  CHECK(gap_in({posted({a1, b1}), a3.tx}) ==
        "entry 1: gateway 0 epoch 3 does not follow its epoch 1");
  CHECK(gap_in({a1.tx, posted({a1, b1})}) ==
        "entry 1: gateway 0 epoch 1 does not follow its epoch 1");
  CHECK(gap_in({posted({batch(0, 1, Hash{1})})}) ==
        "entry 0: gateway 0 epoch 1 does not follow its epoch 0");
}

// 10^6 meters in 1,000 gateways: what a day of their readings puts on the log. A concentrator's
// entry has one size, be it of one batch or of 4,096.
TEST_CASE("a day of 10^6 meters at 5 s puts less than 40 MB on the log") {
  constexpr std::size_t gateways = 1'000, minutes = 1'440, slots = 96;
  // Behind its length in its bundle, and as a hash in a tile of each level.
  const auto on_log = [](const Transaction& tx) { return 2 + tx.entry().size() + 33; };
  std::vector<BatchEntry> hundred;
  for (std::uint32_t g = 0; g < 100; ++g) hundred.push_back(batch(g, 1));
  const std::size_t concentrated = on_log(posted(hundred));
  CHECK(concentrated == on_log(posted({batch(0, 1)})));
  const Transaction marks = Village::marks(0, 0, {Village::mark(1, 0, 1, 1)});
  const std::size_t of_marks = gateways * slots * on_log(marks);
  const std::size_t alone = gateways * minutes * on_log(batch(0, 1).tx) + of_marks;
  const auto day = [&](std::size_t concentrators) {
    return concentrators * minutes * concentrated + of_marks;
  };
  CHECK(alone > 350'000'000);
  CHECK(day(10) <= 17'000'000);
  CHECK(day(100) <= 36'000'000);
  MESSAGE("batches and marks of a day of 10^6 meters: " << alone << " bytes alone, " << day(10)
                                                        << " through 10 concentrators, " << day(100)
                                                        << " through 100");
}
