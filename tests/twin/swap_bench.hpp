#pragma once
// One home behind a gateway, the market's state as a ledger of one validator, and the auditor: what
// the gateway posts is what the ledger takes and an auditor recomputes. The gateway can be cut off
// from the ledger, and the ledger can keep silent.

#include <doctest/doctest.h>
#include <tuple>

#include "ledger/openings/sealed_record.hpp"
#include "market/audit/batch_audit.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/market/signed_checkpoint.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/validator/taken_papers.hpp"

namespace swap_bench {

using namespace market_test;
using namespace twin;

inline constexpr std::uint32_t home = 1;
inline constexpr std::int64_t epoch_ms = 60'000;

class SwapBench {
 public:
  explicit SwapBench(bool restarts) : restarts_(restarts) {
    registration_ = Village::registered(home);
    registration_.meter_key = signer_of("old meter").public_key();
    registration_.generation_w = 5'000;
    config_.directory = {1, 2};
    config_.genesis = village_genesis();
    config_.meters = {{registration_, personal_, Village::restricted_key(home)}};
    log_.genesis = config_.genesis;
    log_.chain_id = chain_id_of(config_.genesis);
    log_.policy = policy_of(config_.genesis);
    log_.policy_text = policy_text(config_.genesis);
    openings_.keys[registration_.account] = {Village::restricted_key(home), personal_};
    put(Village::registration(0, std::vector{registration_}), 0);
    start();
  }
  SwapBench(bool restarts, const GatewayConfig::KeyChange& own) : SwapBench(restarts) {
    config_.key_change = own;
    start();
  }

  // The meter's minute that ends with the epoch, from registers that rise by 1 and 2 Wh a reading.
  void minute(const std::string& meter, std::uint32_t epoch, std::uint32_t first_sequence,
              std::int64_t imported, std::int64_t exported) {
    minutes(meter, epoch, epoch, first_sequence, imported, exported);
  }
  // The same meter from its first reading on, with what the gateway did not take up to an epoch.
  void rest(const std::string& meter, std::uint32_t epoch) {
    const std::int64_t taken = records.empty() ? 0 : records.back().import_register.value;
    since(meter, static_cast<std::uint32_t>(taken / 12'000) + 1, epoch);
  }
  void since(const std::string& meter, std::uint32_t first_epoch, std::uint32_t epoch) {
    const std::uint32_t before = 12 * (first_epoch - 1);
    minutes(meter, first_epoch, epoch, before + 1, before * 1'000, 500 + before * 2'000);
  }
  void minutes(const std::string& meter, std::uint32_t first_epoch, std::uint32_t epoch,
               std::uint32_t first_sequence, std::int64_t imported, std::int64_t exported) {
    MeterMinute m{{home}, first_sequence, {}, {}, {}};
    const int count = 12 * static_cast<int>(epoch + 1 - first_epoch);
    for (int i = 1; i <= count; ++i) {
      const std::int64_t time_ms = (std::int64_t{first_epoch} - 1) * epoch_ms + i * 5'000;
      m.readings.push_back(*encode(Reading{first_sequence + static_cast<std::uint32_t>(i) - 1,
                                           time_ms,
                                           {imported + i * 1'000},
                                           {exported + i * 2'000},
                                           -720,
                                           230}));
    }
    const Hash root = readings_root(personal_, m.meter, m.readings);
    m.signature = signer_of(meter).sign(meter_signed_bytes(
        log_.chain_id, {home}, first_sequence, static_cast<std::uint16_t>(count), root));
    step(epoch * epoch_ms, {encode(m)});
  }
  void papers(const Transaction& tx, std::int64_t time_ms) {
    step(time_ms, {frame(MessageKind::transaction, tx.encode())});
  }
  // The only one, of papers in the second slot.
  std::string refusal_of(const Transaction& tx) {
    refusals.clear();
    papers(tx, 2 * epoch_ms + 10'000);
    REQUIRE(refusals.size() == 1);
    return refusals[0];
  }
  void silence(std::uint32_t epoch) { step(epoch * epoch_ms + 3'000, {}); }

  void step(std::int64_t time_ms, const std::vector<Bytes>& messages) {
    std::vector<PeerMessage> all;
    for (const Bytes& m : messages) all.push_back({config_.directory.fleet(0), m});
    Outbox out;
    gateway_->step(Instant{time_ms * 1'000'000}, Inputs{all, {}}, out);
    for (const auto& e : out.effects()) take(e);
    decide(time_ms);
    if (!cut_off && !silent) tell(time_ms);
    if (restarts_) start();
  }
  // The validator's word that the ledger has it.
  void word_of(const Transaction& tx, std::int64_t time_ms) {
    const PeerMessage word{config_.directory.validator(0),
                           frame(MessageKind::on_ledger, tx.encode())};
    Outbox out;
    gateway_->step(Instant{time_ms * 1'000'000}, Inputs{std::span(&word, 1), {}}, out);
    for (const auto& e : out.effects()) take(e);
  }
  // What others bring to the ledger.
  void put(const Transaction& tx, std::int64_t time_ms) {
    // What a life before said is said again.
    if (std::count(log_.entries.begin(), log_.entries.end(), tx.entry()) > 0 ||
        village_.state().beyond(tx))
      return;
    const auto applied = village_.state().apply(tx, leaf_of(tx), SignatureIs::unchecked, time_ms);
    if (!applied && applied.error().may_hold_later) return waiting_.push_back(tx);
    if (!applied) return not_taken.push_back(applied.error().why);
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      openings_.restricted[log_.entries.size()].emplace(i, tx.openings[i]);
    log_.entries.push_back(tx.entry());
    log_.tree.append(leaf_hash(log_.entries.back()));
    ledger::Block block;
    block.header.time_ms = time_ms;
    block.transactions = {tx};
    papers_.take(block, log_.genesis);
    block.header.log_size = log_.entries.size() - 1;
    block.header.entries = 1;
    log_.blocks.push_back({{}, block.header, {}});
  }

  // Of the slots that have closed by then.
  std::vector<Statement> close(std::int64_t time_ms) {
    std::vector<Statement> closed;
    for (auto due = village_.state().due(time_ms); !due.empty();
         due = village_.state().due(time_ms)) {
      for (const Transaction& tx : due) put(tx, time_ms);
      const auto& statements = village_.state().last_closed()->settlement.statements;
      closed.push_back(statements.empty() ? Statement{} : statements.front());
    }
    return closed;
  }
  // The home's, of a slot that is closed.
  std::string receipt(std::uint32_t slot) {
    sign_checkpoint(log_, {});
    const auto text = write_receipt(log_, openings_, registration_.account, Slot{slot});
    REQUIRE_MESSAGE(text, text.error());
    return *text;
  }
  // What is wrong with it.
  std::string verified(std::uint32_t slot) {
    const auto last = verify_receipt(receipt(slot), log_.policy_text, verifier_).back();
    return last.ok ? "" : last.name + ": " + last.detail;
  }
  std::string audited() { return audited(openings_); }
  // With a record of one batch among another one's.
  std::string audited_with(std::uint32_t from, std::uint32_t to) {
    Openings more = openings_;
    more.personal[{0, to}].emplace(home, more.personal.at({0, from}).at(home));
    return audited(more);
  }

  const MarketState& state() { return village_.state(); }

  bool cut_off = false, silent = false;
  std::vector<std::string> refusals;
  std::vector<std::string> not_taken;  // by the ledger: why
  std::vector<Hash> told;              // papers that the home need not say again
  std::vector<MeterRecord> records;

 private:
  std::string audited(const Openings& openings) {
    const auto ok = check_batches(log_, openings, verifier_);
    return ok ? "" : ok.error();
  }
  void start() {
    gateway_ = std::make_unique<GatewayNode>(config_, signer_of("gateway 0"), verifier_, kept_);
    Outbox out;
    gateway_->step(Instant{}, Inputs{}, out);
  }
  // In the order of a block.
  void decide(std::int64_t time_ms) {
    std::vector<Transaction> all = std::exchange(waiting_, {});
    for (Transaction& tx : std::exchange(said_, {}))
      if (!cut_off) all.push_back(std::move(tx));
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::tie(a.kind, a.body) < std::tie(b.kind, b.body);
    });
    for (const Transaction& tx : all) put(tx, time_ms);
  }
  void tell(std::int64_t time_ms) {
    const LedgerProgress p = village_.state().progress({0});
    std::vector<PeerMessage> words{{config_.directory.validator(0), encode(p)}};
    for (const SharedBytes& paper : papers_.of({0}, slot_of_epoch(log_.genesis, p.epoch)))
      words.push_back({config_.directory.validator(0), paper});
    Outbox out;
    gateway_->step(Instant{time_ms * 1'000'000}, Inputs{words, {}}, out);
    for (const auto& e : out.effects()) take(e);
  }
  void take(const Effect& effect) {
    const auto* send = std::get_if<Send>(&effect);
    if (send && kind_of(send->bytes) == MessageKind::paper) {
      CHECK(send->to == config_.directory.fleet(0));
      told.push_back(*decode_paper_leaf(send->bytes.view().subspan(1)));
    }
    if (send && send->to < config_.directory.observer())
      said_.push_back(*decode_transaction(send->bytes.view().subspan(1)));
    if (const auto* event = std::get_if<Event>(&effect))
      if (const auto* refused = std::get_if<Refused>(event)) refusals.push_back(refused->why);
    const auto* persist = std::get_if<Persist>(&effect);
    if (!persist) return;
    kept_.keep(*persist);
    if (persist->kind != RecordKind::personal_opening) return;
    auto file =
        unseal_personal_file(log_.chain_id, personal_, BytesView(persist->record).subspan(24));
    REQUIRE(file);
    const PersonalRecord& p = file->front();
    records.push_back(p.record);
    openings_.personal[{p.at.gateway.value, p.at.epoch}].emplace(home, p);
  }

  bool restarts_;
  SubjectKey personal_ = Rng(5).bytes32();
  Registration registration_;
  GatewayConfig config_;
  Ed25519Verifier verifier_;
  MemoryRecords kept_;
  std::unique_ptr<GatewayNode> gateway_;
  Village village_;
  PublicLog log_;
  Openings openings_;
  std::vector<Transaction> said_;     // of the step
  std::vector<Transaction> waiting_;  // for another one
  TakenPapers papers_{1};
};

inline Transaction key_change(KeyOf of, std::uint32_t slot, const std::string& next,
                              const std::string& old_key, const std::string& role,
                              std::uint32_t gateway = 0) {
  const KeyChange change{account(home), {home}, of, {slot}, signer_of(next).public_key(), {}};
  return key_change_of(chain_id_of(village_genesis()), {gateway}, change,
                       Village::restricted_key(home),
                       old_key.empty() ? nullptr : &signer_of(old_key), signer_of(role));
}
inline Transaction meter_key(std::uint32_t slot, const std::string& next = "next key",
                             const std::string& old_key = "old meter") {
  return key_change(KeyOf::meter, slot, next, old_key, "metering operator");
}
inline Transaction leaving(std::uint32_t last, const std::string& account_signer = "account 1",
                           const std::string& role = "registrar") {
  return deregistration_of(chain_id_of(village_genesis()), {0}, {account(home), {home}, {last}, {}},
                           Village::restricted_key(home), signer_of(account_signer),
                           signer_of(role));
}

}  // namespace swap_bench
