// R6 against a gateway that lies within its own signature: one home, two batches, one mark.

#include <doctest/doctest.h>
#include <functional>

#include "ledger/merkle/log_tree.hpp"
#include "market/audit/replay.hpp"
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
  std::uint32_t empty_in = 0;  // the epoch whose record holds no readings
};

class Books {
 public:
  Books(const std::function<void(MeterRecord&)>& bend,
        const std::function<void(std::vector<Mark>&)>& lie, std::int64_t voltage = 230)
      : Books(Lies{bend, [](Batch&) {}, lie, voltage}) {}
  explicit Books(Lies lies) : lies_(std::move(lies)) {
    log_.genesis = village_genesis();
    log_.chain_id = chain_id_of(log_.genesis);
    personal_.fill(9);
    Registration r = Village::registered(meter);
    r.meter_key = signer_of("meter").public_key();
    r.export_register = {0};
    openings_.keys[r.account] = {r.restricted_key, personal_};
    add(Village::registration(0, std::vector<Registration>{r}));
    oracle_.emplace(
        MeterLimits{static_cast<std::int32_t>(r.max_power_w), log_.genesis.metering_ms});
    for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) add_batch(r.account, epoch);
    std::vector<Mark> marks{Village::mark(meter, 0, 24'000, 0, quarantined_)};
    lies_.marks(marks);
    add(Village::marks(0, 0, marks));
  }

  std::string verdict() {
    const auto ok = check_batches(log_, openings_, verifier_);
    return ok ? "" : ok.error();
  }

 private:
  void add(const Transaction& tx) {
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      openings_.restricted[log_.entries.size()].emplace(i, tx.openings[i]);
    log_.entries.push_back(tx.entry());
  }

  PersonalRecord record(const AccountId& account, std::uint32_t epoch) {
    PersonalRecord p;
    p.at = {{0}, epoch, {meter}};
    MeterRecord& m = p.record;
    m.account = account;
    m.meter = {meter};
    m.epoch = epoch;
    m.first_sequence = (epoch - 1) * readings_a_batch + 1;
    m.count = epoch == lies_.empty_in ? 0 : readings_a_batch;
    Reading last;
    for (std::uint32_t i = 0; i < m.count; ++i) {
      const std::uint32_t sequence = m.first_sequence + i;
      last = {
          sequence, std::int64_t{sequence} * 5000,           {std::int64_t{sequence} * 1000}, {},
          720,      static_cast<std::uint8_t>(lies_.voltage)};
      p.readings.push_back(*encode(last));
      m.verdict |= oracle_->judge(last, last.time_ms);
    }
    m.verdict |= oracle_->judge_window();
    m.end_time_ms = last.time_ms;
    m.import_register = last.import_register;
    m.readings_root = readings_root(personal_, m.meter, m.first_sequence, p.readings);
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
    b.gateway = {0};
    b.epoch = epoch;
    b.count = p.record.count;
    b.first_sequence = p.record.first_sequence;
    b.last_sequence = p.record.first_sequence + p.record.count - 1;
    b.import_sum = {12'000};
    b.quarantine_root = root_of(quarantined);
    b.previous = previous_;
    lies_.batch(b);
    Transaction tx;
    tx.kind = TransactionKind::batch;
    const std::vector<Hash> leaves{leaf};
    tx.root = root_of(leaves);
    tx.body = encode(b);
    b.signature = signer_of("gateway 0").sign(entry_signed_bytes(log_.chain_id, tx.entry()));
    tx.body = encode(b);
    previous_ = sha256(tx.entry());
    openings_.personal[{0, epoch}].emplace(meter, std::move(p));
    add(tx);
  }

  Lies lies_;
  PublicLog log_;
  Openings openings_;
  SubjectKey personal_{};
  std::optional<MeterOracle> oracle_;
  Ed25519Verifier verifier_;
  Hash previous_{};
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
  const auto bad_signature = [](MeterRecord& r) {
    r.signature[0] ^= 1;
    r.verdict |= bit(Rule::signature);
  };
  CHECK(Books(bad_signature, honest_mark).verdict() == "");
  CHECK(says(Books(bad_signature, hide).verdict(), "meter 1 is not what"));
}

TEST_CASE("a verdict that the readings do not give is found") {
  const auto pardon = [](MeterRecord& r) { r.verdict = 0; };
  CHECK(Books(honest_record, honest_mark, 180).verdict() == "");
  CHECK(says(Books(pardon, honest_mark, 180).verdict(), "its verdict is"));
}

TEST_CASE("a record without readings is found, and nothing else happens") {
  CHECK(says(Books([](MeterRecord& r) { r.count = 0; }, honest_mark).verdict(), "its verdict is"));
  Lies lies;
  lies.empty_in = 2;
  CHECK(says(Books(lies).verdict(), "holds no readings"));
}
