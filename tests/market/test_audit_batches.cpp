// R6 against a gateway that lies within its own signature: one home, two batches, one mark.

#include <doctest/doctest.h>
#include <functional>

#include "ledger/merkle/log_tree.hpp"
#include "market/audit/batch_audit.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/metering/attestor.hpp"
#include "tests/market/village_support.hpp"

namespace {

using namespace market_test;

constexpr std::uint32_t meter = 1;
constexpr std::uint16_t readings_a_batch = 12;

// What the gateway, or its meter, does that it should not.
struct Lies {
  std::function<void(MeterRecord&)> record = [](MeterRecord&) {};  // once its readings were judged
  std::function<void(Batch&)> batch = [](Batch&) {};
  std::function<void(std::vector<Mark>&)> marks = [](std::vector<Mark>&) {};
  std::int64_t voltage = 230;
  std::uint32_t empty_in = 0;        // the epoch whose record holds no readings and says nothing
  std::uint32_t absent_in = 0;       // the epoch that the meter is silent in
  std::uint32_t left_out_of = 0;     // the epoch whose batch says nothing of the meter
  std::uint32_t gateway = 0;         // who posts the batches
  std::int64_t later_ms = 0;         // by which all readings' times lie beside their epochs
  std::uint32_t sequences_gone = 0;  // before the second batch
  bool no_marks = false, settled = false;
};

class Books {
 public:
  Books(const std::function<void(MeterRecord&)>& bend,
        const std::function<void(std::vector<Mark>&)>& lie, std::int64_t voltage = 230)
      : Books([&] {
          Lies lies;
          lies.record = bend;
          lies.marks = lie;
          lies.voltage = voltage;
          return lies;
        }()) {}
  explicit Books(Lies lies) : lies_(std::move(lies)) {
    log_.genesis = village_genesis();
    log_.chain_id = chain_id_of(log_.genesis);
    personal_.fill(9);
    Registration r = Village::registered(meter);
    r.meter_key = signer_of("meter").public_key();
    r.export_register = {0};
    openings_.keys[r.account] = {Village::restricted_key(meter), personal_};
    registered_.account = r.account;
    registered_.meter = {meter};
    add(Village::registration(0, std::vector<Registration>{r}));
    nights_ = nights_of(log_.genesis);
    oracle_.emplace(limits_of(r, log_.genesis, nights_));
    for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) add_batch(r.account, epoch);
    std::vector<Mark> marks{Village::mark(meter, 0, 24'000, 0, quarantined_)};
    if (lies_.absent_in == 2) marks.clear();
    lies_.marks(marks);
    if (!lies_.no_marks) add(Village::marks(0, 0, marks));
    if (!lies_.settled) return;
    Transaction settlement;
    settlement.kind = TransactionKind::settlement;
    settlement.root = openings_root({});
    settlement.body = encode(SettlementBody{});
    add(settlement);
  }

  std::string verdict() {
    const auto ok = check_batches(log_, openings_, verifier_);
    if (ok) checked = *ok;
    // An oracle that attests batches and marks before they count finds the same.
    if (!lies_.settled) CHECK_MESSAGE(refused().empty() == ok.has_value(), refused());
    return ok ? "" : ok.error();
  }
  // What an attestor says of the first batch or marks that it does not attest.
  std::string refused() {
    Registration r = Village::registered(meter);
    r.meter_key = signer_of("meter").public_key();
    r.export_register = {0};
    Attestor attestor(log_.genesis, {r}, verifier_);
    for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
      Attestor::Request request{*decode_entry(log_.entries[i]), {}, {}};
      if (!attested_entry(request.entry)) continue;
      for (const auto& [position, opening] : openings_.restricted[i])
        request.entry.openings.push_back(opening);
      const auto batch = decode_batch(request.entry.body);
      if (request.entry.kind == TransactionKind::batch)
        for (const auto& [id, p] : openings_.personal[{batch->gateway.value, batch->epoch}])
          request.records.push_back(opened(p, personal_));
      const Attestor::Answer answer = attestor.judge(request);
      CHECK(!answer.too_soon);
      CHECK(attestor.judge(request).wrong == answer.wrong);
      if (!answer.wrong.empty()) return answer.wrong;
    }
    return {};
  }
  std::string public_verdict() {
    const auto ok = check_sequences(log_);
    return ok ? "" : ok.error();
  }
  BatchesChecked checked;

 private:
  void add(const Transaction& tx) {
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      openings_.restricted[log_.entries.size()].emplace(i, tx.openings[i]);
    log_.entries.push_back(tx.entry());
  }

  PersonalRecord record(const AccountId& account, std::uint32_t epoch) {
    PersonalRecord p;
    p.at = {{lies_.gateway}, epoch, {meter}};
    if (epoch == lies_.absent_in) {
      p.record = absence_after(registered_, oracle_->last(), epoch);
      return p;
    }
    MeterRecord& m = p.record;
    m.account = account;
    m.meter = {meter};
    m.epoch = epoch;
    m.first_sequence = (epoch - 1) * readings_a_batch + 1;
    const std::uint32_t gone = epoch == 2 ? lies_.sequences_gone : 0;
    m.first_sequence += gone;
    m.count = epoch == lies_.empty_in ? 0 : readings_a_batch;
    Reading last;
    for (std::uint32_t i = 0; i < m.count; ++i) {
      const std::uint32_t sequence = m.first_sequence + i;
      const std::int64_t interval = std::int64_t{sequence} - gone;
      last = {sequence, interval * 5000 + lies_.later_ms,        {interval * 1000}, {},
              720,      static_cast<std::uint8_t>(lies_.voltage)};
      p.readings.push_back(*encode(last));
      m.verdict |= oracle_->judge(last, last.time_ms);
    }
    m.verdict |= oracle_->judge_spikes(std::vector<std::int32_t>(m.count, 720));
    m.verdict |= oracle_->judge_window();
    m.end_time_ms = last.time_ms;
    m.import_register = last.import_register;
    m.readings_root = readings_root(personal_, m.meter, p.readings);
    m.signature = signer_of("meter").sign(
        meter_signed_bytes(log_.chain_id, m.meter, m.first_sequence, m.count, m.readings_root));
    return p;
  }

  void add_batch(const AccountId& account, std::uint32_t epoch) {
    PersonalRecord p = record(account, epoch);
    lies_.record(p.record);
    const Hash leaf = leaf_hash(record_commitment(personal_, p.record));
    std::vector<Hash> quarantined;
    if (quarantines(p.record.verdict)) quarantined.push_back(leaf);
    quarantined_ = quarantined_ || !quarantined.empty();
    Batch b;
    const bool left_out = epoch == lies_.left_out_of;
    b.gateway = {lies_.gateway};
    b.epoch = epoch;
    if (!left_out) count_record(b, p.record);
    b.import_sum = b.export_sum = {hidden_sum};
    b.quarantine_root = root_of(quarantined);
    b.previous = previous_;
    lies_.batch(b);
    Transaction tx;
    tx.kind = TransactionKind::batch;
    std::vector<Hash> leaves{leaf};
    if (left_out) leaves.clear();
    tx.root = root_of(leaves);
    tx.body = encode(b);
    b.signature = signer_of("gateway 0").sign(entry_signed_bytes(log_.chain_id, tx.entry()));
    tx.body = encode(b);
    previous_ = sha256(tx.entry());
    if (!left_out) openings_.personal[{lies_.gateway, epoch}].emplace(meter, std::move(p));
    add(tx);
  }

  Lies lies_;
  PublicLog log_;
  Openings openings_;
  SubjectKey personal_{};
  Nights nights_;
  std::optional<MeterOracle> oracle_;
  Ed25519Verifier verifier_;
  Hash previous_{};
  MeterRecord registered_;  // the village's meters begin at zero
  bool quarantined_ = false;
};

const auto honest_record = [](MeterRecord&) {};
const auto honest_mark = [](std::vector<Mark>&) {};

std::string with_mark(const std::function<void(std::vector<Mark>&)>& lie) {
  return Books(honest_record, lie).verdict();
}

bool says(const std::string& verdict, const char* words) {
  INFO(verdict);
  return verdict.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("an honest gateway's batches and marks hold") {
  CHECK(Books(honest_record, honest_mark).verdict() == "");
}

TEST_CASE("a mark that is not its batches' is found, by one mWh, flag or absence") {
  CHECK(says(with_mark([](auto& m) { ++m[0].import_register.value; }), "meter 1 is not what"));
  CHECK(says(with_mark([](auto& m) { --m[0].import_register.value; }), "meter 1 is not what"));
  CHECK(says(with_mark([](auto& m) { m[0].export_register.value = 1; }), "meter 1 is not what"));
  CHECK(says(with_mark([](auto& m) { m[0].quarantined = true; }), "meter 1 is not what"));
  CHECK(says(with_mark([](auto& m) { m.clear(); }), "meter 1 is left out"));
}

TEST_CASE("a quarantine that the gateway keeps from the mark is found") {
  const auto hide = [](std::vector<Mark>& m) { m[0].quarantined = false; };
  // The first minute is not the meter's: nothing is taken from it, and the slot is quarantined.
  const auto bad_signature = [](MeterRecord& r) {
    if (r.epoch != 1) return;
    r.signature[0] ^= 1;
    r.verdict = bit(Rule::signature);
    r.end_time_ms = 0;
    r.import_register = {};
  };
  CHECK(Books(bad_signature, honest_mark).verdict() == "");
  CHECK(says(Books(bad_signature, hide).verdict(), "meter 1 is not what"));
}

TEST_CASE("a verdict that the readings do not give is found") {
  const auto pardon = [](MeterRecord& r) { r.verdict = 0; };
  CHECK(Books(honest_record, honest_mark, 180).verdict() == "");
  CHECK(says(Books(pardon, honest_mark, 180).verdict(), "its verdict is"));
}

TEST_CASE("a record that takes its end from readings that were not taken is found") {
  const auto takes_forged = [](MeterRecord& r) {
    if (r.epoch != 1) return;
    r.signature[0] ^= 1;
    r.verdict = bit(Rule::signature);
  };
  CHECK(says(Books(takes_forged, honest_mark).verdict(), "does not end where"));
}

TEST_CASE("sequences and counts of a batch are nobody's who forged a minute") {
  Lies lies;
  lies.record = [](MeterRecord& r) {
    if (r.epoch != 1) return;
    r.signature[0] ^= 1;
    r.verdict = bit(Rule::signature);
    r.end_time_ms = 0;
    r.import_register = {};
  };
  CHECK(Books(lies).verdict() == "");
  CHECK(Books(lies).public_verdict() == "");
  lies.batch = [](Batch& b) {
    if (b.epoch == 1) b.count = b.last_sequence = readings_a_batch, b.first_sequence = 1;
  };
  CHECK(says(Books(lies).verdict(), "do not follow from its records"));
}

TEST_CASE("an absence behind a forged minute ends where the readings taken do") {
  Lies lies;
  lies.absent_in = 2;
  lies.no_marks = true;
  lies.record = [](MeterRecord& r) {
    if (r.epoch != 1) return;
    r.signature[0] ^= 1;
    r.verdict = bit(Rule::signature);
    r.end_time_ms = 0;
    r.import_register = {};
  };
  // The test's own gateway took the minute before it was forged: its absence goes on from there.
  CHECK(says(Books(lies).verdict(), "is not the absence"));
  const auto forge = lies.record;
  lies.record = [forge](MeterRecord& r) {
    forge(r);
    if (r.epoch != 2) return;
    r.first_sequence = 1;
    r.end_time_ms = 0;
    r.import_register = {};
  };
  CHECK(Books(lies).verdict() == "");
}

TEST_CASE("a record without readings is found, and nothing else happens") {
  CHECK(says(Books([](MeterRecord& r) { r.count = 0; }, honest_mark).verdict(), "its verdict is"));
  Lies lies;
  lies.empty_in = 2;
  CHECK(says(Books(lies).verdict(), "holds no readings and is no absence"));
}

namespace {

template <class Change>
Books with(Change change) {
  Lies lies;
  change(lies);
  return Books(lies);
}

}  // namespace

TEST_CASE("a silent meter is listed as absent, and that is no finding; leaving it out is one") {
  Books silent = with([](Lies& l) { l.absent_in = 2; });
  CHECK(silent.verdict() == "");
  CHECK(silent.checked.absences == 1);
  CHECK(silent.checked.readings == readings_a_batch);
  CHECK(with([](Lies& l) { l.absent_in = 1; }).verdict() == "");
  for (const std::uint32_t epoch : {1u, 2u})
    CHECK(says(with([&](Lies& l) {
                 l.left_out_of = epoch;
                 l.no_marks = true;
               }).verdict(),
               "meter 1 has neither record nor absence"));
  // An absence says nothing but where the readings before end.
  for (const auto& bend : std::vector<std::function<void(MeterRecord&)>>{
           [](MeterRecord& r) { r.import_register.value += r.count == 0; },
           [](MeterRecord& r) { r.first_sequence += r.count == 0; },
           [](MeterRecord& r) { r.end_time_ms += r.count == 0; },
           [](MeterRecord& r) { r.verdict |= r.count == 0 ? bit(Rule::signature) : 0; }})
    CHECK(says(with([&](Lies& l) {
                 l.absent_in = 2;
                 l.record = bend;
               }).verdict(),
               "is not the absence"));
  // Readings that are there cannot be called an absence.
  CHECK(says(with([](Lies& l) {
               l.record = [](MeterRecord& r) { r.verdict |= bit(Rule::absent); };
             }).verdict(),
             "is not the absence"));
}

TEST_CASE("sequences that are missing are flagged by the verdict, and counted") {
  Books gap = with([](Lies& l) { l.sequences_gone = 1000; });
  CHECK(gap.verdict() == "");
  CHECK(gap.checked.gaps == 1);
  CHECK(with([](Lies&) {}).checked.gaps == 0);
  CHECK(says(with([](Lies& l) {
               l.sequences_gone = 1000;
               l.record = [](MeterRecord& r) { r.verdict = 0; };
             }).verdict(),
             "its verdict is \"\", recomputed \"sequence_gap\""));
}

TEST_CASE("counts, sequences and sums of a batch are those of its records") {
  for (const auto& lie : std::vector<std::function<void(Batch&)>>{
           [](Batch& b) { b.last_sequence = 4'000'000'000u; }, [](Batch& b) { --b.first_sequence; },
           [](Batch& b) { ++b.count; }, [](Batch& b) { ++b.records; },
           [](Batch& b) { b.import_sum = {12'000}; },  // one home's
           [](Batch& b) { b.export_sum = {0}; }})
    CHECK(says(with([&](Lies& l) { l.batch = lie; }).verdict(), "do not follow from its records"));
  CHECK(says(with([](Lies& l) {
               l.gateway = 1;
               l.no_marks = true;
             }).verdict(),
             "another gateway's"));
}

TEST_CASE("readings lie in their batch's interval, or the verdict says that they came late") {
  for (const std::int64_t day :
       {std::int64_t{86'400'000}, std::int64_t{-50'000}, std::int64_t{75'000}}) {
    const auto late = [&](Verdict verdict) {
      return with([&](Lies& l) {
               l.later_ms = day;
               l.no_marks = true;
               l.record = [verdict](MeterRecord& r) { r.verdict |= verdict; };
             })
          .verdict();
    };
    if (day < 0) continue;  // before the epoch there is no time
    CHECK(says(late(0), "recomputed \"time_informative, time_apart\""));
    CHECK(late(bit(Rule::time_apart)) == "");
  }
  const auto four_seconds = [](Verdict verdict) {
    return with([&](Lies& l) {
             l.later_ms = 14'000;  // after the interval by more than a clock may be apart
             l.no_marks = true;
             l.record = [verdict](MeterRecord& r) { r.verdict |= verdict; };
           })
        .verdict();
  };
  CHECK(says(four_seconds(0), "time_informative"));
  CHECK(four_seconds(bit(Rule::time_informative)) == "");
}

TEST_CASE("a slot that settles without the marks its batches had reached is found") {
  CHECK(with([](Lies& l) { l.settled = true; }).verdict() == "");
  CHECK(with([](Lies& l) { l.no_marks = true; }).verdict() == "");  // the log may end here
  CHECK(says(with([](Lies& l) { l.no_marks = l.settled = true; }).verdict(),
             "slot 0 is settled without gateway 0's marks"));
}

TEST_CASE("the public log alone shows epochs, sequences and slots that do not follow") {
  CHECK(with([](Lies&) {}).public_verdict() == "");
  CHECK(says(
      with([](Lies& l) { l.batch = [](Batch& b) { b.epoch += b.epoch == 2; }; }).public_verdict(),
      "does not follow its epoch 1"));
  CHECK(
      says(with([](Lies& l) { l.batch = [](Batch& b) { b.last_sequence = 0; }; }).public_verdict(),
           "names sequences"));
}
