#include "tests/fuzz/ledger_seeds.hpp"

#include <set>

#include "hil/network/message_frame.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "ledger/privacy/masked_sum_format.hpp"
#include "market/clearing/book_row.hpp"
#include "market/entries/consent.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/receipt/erasure_receipt.hpp"
#include "market/settlement/concentration.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/settlement.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/ocmf_record.hpp"
#include "twin/node/base/attest_request.hpp"
#include "twin/node/base/grid_words.hpp"
#include "twin/node/base/key_shares.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/records.hpp"
#include "twin/node/base/slot_report.hpp"
#include "twin/node/base/visit_answer.hpp"
#include "twin/node/gateway/gateway_record.hpp"

namespace fuzz {

using namespace ledger;

namespace {

Bytes text_bytes(std::string_view text) { return to_bytes(bytes_of(text)); }

Bytes behind(std::uint8_t which, BytesView bytes) {
  return ByteWriter().u8(which).raw(bytes).take();
}

// The first transaction of each kind; those about a feeder are of another village.
std::vector<Transaction> transactions() {
  static const market_test::VillageChain by_feeder = market_test::village_chain(4, 4, "grid-aware");
  std::vector<Transaction> out;
  std::set<TransactionKind> found;
  for (const auto* chain : {&village(), &by_feeder})
    for (const Bytes& bytes : chain->blocks) {
      const auto block = decode_block(bytes);
      for (const Transaction& tx : block->transactions)
        if (found.insert(tx.kind).second) out.push_back(tx);
    }
  return out;
}

const Transaction& first_of(const std::vector<Transaction>& all, TransactionKind kind) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Transaction& tx) { return tx.kind == kind; });
  invariant(at != all.end(), "the village's chain has every kind");
  return *at;
}

const PersonalRecord& personal_record() {
  return village().openings.personal.begin()->second.begin()->second;
}

Transaction consent() {
  market::Consent c;
  c.place = {market_test::account(1), signed_log().policy.log.key, market::Purpose::research};
  c.end_slot = {96};
  auto signer = signer_of(7);
  return market::consent_of(village().log.chain_id, c, opening_key(), signer);
}

Transaction erasure() {
  return market::erasure_of(village().log.chain_id, {market_test::account(1), 1},
                            Salt{opening_key()}, market_test::signer_of("registrar"));
}

Transaction concentrated() {
  return market::concentrate(0,
                             *market::batches_of(first_of(transactions(), TransactionKind::batch)));
}

market::Contract tenants_contract() {
  market::Contract c;
  c.account = market_test::account(1);
  c.meter = {1};
  c.end_slot = {9};
  c.of = market::Template::sub_meters;
  c.tenants = {{{1}, 2}, {{2}, 1}};
  return c;
}

market::Statement statement_with_deals(bool priced) {
  market::Statement s;
  s.account = market_test::account(1);
  s.imported = {700};
  s.deals = {
      {market::Side::buy, market_test::order_id(1), {300}, {200}, {100'000}, {}, {20'000}, {}},
      {market::Side::buy, market_test::order_id(2), {100}, {100}, {90'000}, {}}};
  s.contracted_buy = {400};
  s.bought = {300};
  market::Tariff tariff;
  if (priced) s.capacity = market::CapacityLine{{500}, {}, {}};
  tariff.capacity_price = {4'000'000};
  market::price_statement(s, std::nullopt, tariff);
  return s;
}

Bytes with_buses(const market::FeederTerms& feeder) {
  return ByteWriter().u32(market::buses_of(feeder)).raw(market::encode(feeder)).take();
}

// Numbered as `read_opening` of ledger_decoders.cpp does.
std::vector<Bytes> opening_seeds() {
  const auto all = transactions();
  const auto data = [&](TransactionKind kind, std::size_t at) {
    return first_of(all, kind).openings[at].data;
  };
  const PersonalRecord& personal = personal_record();
  return {
      behind(0, data(TransactionKind::registration, 0)),
      behind(1, data(TransactionKind::registration, 1)),
      behind(2, data(TransactionKind::marks, 0)),
      behind(3, data(TransactionKind::order, 0)),
      behind(4, data(TransactionKind::forecast, 0)),
      behind(5, data(TransactionKind::statements, 0)),
      behind(6, market::book_row(market_test::sell(1, 430, 125'000))),
      behind(7, encode(personal.record)),
      behind(8, data(TransactionKind::meter_swap, 0)),
      behind(9, data(TransactionKind::ruling, 0)),
      behind(10, data(TransactionKind::feeder_findings, 0)),
      behind(11, personal.readings[0]),
      behind(12, encode(market::Erasure{market_test::account(1), 3})),
      behind(13, consent().openings[0].data),
      behind(14,
             encode(market::KeyChange{
                 market_test::account(1), {1}, market::KeyOf::account, {5}, opening_key(), {}})),
      behind(15, encode(market::Deregistration{market_test::account(1), {1}, {5}, {}})),
      behind(16, data(TransactionKind::certificate, 0)),
      behind(17, data(TransactionKind::transfer, 0)),
      behind(18, data(TransactionKind::transfer, 1)),
      behind(19, data(TransactionKind::retirement, 0)),
      behind(20, data(TransactionKind::contract, 0)),
      behind(20, encode(tenants_contract())),
      behind(21, data(TransactionKind::cancellation, 0)),
      behind(5, encode(statement_with_deals(false))),
      behind(5, encode(statement_with_deals(true))),
      behind(22, encode(market::HomeMeasure{
                     market_test::account(1), {1}, {5}, {6}, 1, 12, 4200, -6800, {90}})),
      behind(3, market_test::Village::order(1, 5, market::Side::buy, 430, 125'000, 7, {},
                                            market_test::account(2), true)
                    .openings[0]
                    .data),
      behind(23, encode(market::GridOperatorKey{market_test::Village::restricted_key(9)})),
      behind(24, encode(market::OperatorPiece{{5}, 0, to_bytes(bytes_of("a piece"))})),
      behind(25, encode(market::HomePlace{market_test::account(1), {1}, {5}, 2})),
      behind(26, with_buses(market::TradeLimits{3, {{{{0, 1000}, {2, -500}}, 70'000}}})),
      behind(27, with_buses(market::FeeTree{{}, {0, {30'000}, {10'000}}, {1, {0}, {20'000}}})),
      behind(28,
             market::book_row(market::BookForm::parties,
                              market::rows_of(market::BookForm::parties,
                                              std::vector{market_test::sell(1, 430, 125'000)})[0])),
      behind(29, market::book_row(market::BookForm::results,
                                  {market_test::sell(1, 430, 125'000), {200}, {130'000}}))};
}

std::vector<Bytes> block_seeds() {
  const auto& blocks = village().blocks;
  return {blocks[0], blocks[1], blocks[2], blocks[3], to_bytes(BytesView(blocks[2]).first(257))};
}

std::vector<Bytes> vote_seeds() {
  const Council& c = council();
  return {encode(c.vote(VoteType::prevote, 0, 0, c.id)),
          encode(c.vote(VoteType::prevote, 1, 3, c.id, 1)),
          encode(c.vote(VoteType::prevote, 2, 0, {})),
          encode(c.vote(VoteType::precommit, 3, 0, c.id)),
          encode(c.vote(VoteType::precommit, 3, 0, {})),
          encode(c.certificate(VoteType::prevote, 0)),
          encode(c.certificate(VoteType::precommit, 0)),
          encode(c.evidence()),
          encode(DecisionRequest{c.height})};
}

std::vector<Bytes> proposal_seeds() {
  const Council& c = council();
  return {encode(c.proposal(0, no_round)), encode(c.proposal(2, 0)),
          signed_statement(c.proposal(0, no_round)),
          encode(Decision{c.certificate(VoteType::precommit, 0), c.block})};
}

// As `read_proof` of ledger_decoders.cpp reads them.
std::vector<Bytes> proof_seeds() {
  std::vector<Bytes> out;
  const LogTree& log = proved_log();
  for (const std::uint64_t index : {0, 13, 22}) {
    ByteWriter w;
    w.u8(0).u64(index).sized(proved_entry(index));
    for (const Hash& h : log.inclusion_proof(index, proved_entries)) w.raw(h);
    out.push_back(w.take());
  }
  for (const std::uint64_t size : {1, 7, 16, 23}) {
    ByteWriter w;
    w.u8(1).u64(size).raw(log.root_at(size));
    for (const Hash& h : log.consistency_proof(size, proved_entries)) w.raw(h);
    out.push_back(w.take());
  }
  for (const std::string_view name : {"key 3", "key 11", "a key that is not there"}) {
    const Hash key = sha256(bytes_of(name));
    const auto value = proved_state().find(key);
    const StateTree::Proof proof = proved_state().prove(key);
    ByteWriter w;
    w.u8(2).raw(key).u8(value ? 1 : 0).raw(value.value_or(Hash{}));
    w.raw(proof.leaf->first).raw(proof.leaf->second);
    for (const auto& step : proof.steps) w.u16(step.depth).raw(step.sibling);
    out.push_back(w.take());
  }
  return out;
}

std::vector<Bytes> frame_seeds() {
  using twin::MessageKind;
  const Council& c = council();
  const PersonalRecord& p = personal_record();
  const auto all = transactions();
  const Transaction& forecast = first_of(all, TransactionKind::forecast);
  std::vector<Bytes> out;
  const auto add = [&](BytesView message) { out.push_back(hil::framed(message)); };
  add(twin::frame(MessageKind::consensus, encode(c.proposal(2, 0))));
  add(twin::frame(MessageKind::consensus, encode(c.vote(VoteType::prevote, 0, 0, c.id))));
  add(twin::frame(MessageKind::consensus, encode(c.certificate(VoteType::prevote, 0))));
  add(twin::frame(MessageKind::consensus,
                  encode(Decision{c.certificate(VoteType::precommit, 0), c.block})));
  add(twin::frame(MessageKind::consensus, encode(DecisionRequest{c.height})));
  add(twin::frame(MessageKind::transaction, first_of(all, TransactionKind::order).encode()));
  add(encode(
      twin::MeterMinute{p.at.meter, p.record.first_sequence, p.readings, p.record.signature, {}}));
  add(encode(twin::CheckpointCosignature{c.height, 9, 1'750'000'000, {}}));
  add(encode(twin::FleetForecast{{3}, 3, forecast.openings}));
  add(twin::frame(MessageKind::evidence, encode(c.evidence())));
  const FeederSlot feeder{0, {4}, 900'000, {{7}, {1}, {2}, 0, false}, {{{3}, {5}, {6}, 0, true}}};
  add(encode(twin::SlotReport{{5}, {feeder}, {{{}, {3}, {2}, {40}, {600}}}}));
  add(twin::encode(twin::BatchesOnLedger{{3, 9}, {5, 8}}));
  const AttestedEntry what{{1}, TransactionKind::batch, 7, c.id};
  add(twin::frame(MessageKind::transaction,
                  market_test::Village::attestation(what, {0}, "gateway 1").encode()));
  add(encode(twin::AttestRequest{first_of(all, TransactionKind::marks),
                                 {first_of(all, TransactionKind::meter_swap)},
                                 {twin::opening_of(opening_key(), p.record, p.readings, {}),
                                  twin::opening_of(opening_key(), p.record, p.readings,
                                                   std::vector<Signature>(p.readings.size()))}}));
  add(twin::frame(MessageKind::visit, consent().encode()));
  add(twin::frame(MessageKind::settled, first_of(all, TransactionKind::settlement).body));
  using Status = twin::VisitAnswer::Status;
  add(encode(twin::refusal("consent of an account whose data are erased")));
  add(encode(twin::VisitAnswer{Status::taken, {}, c.id, 0, {}}));
  add(encode(
      twin::VisitAnswer{Status::final, {}, c.id, 7, write_tlog_proof(signed_log().proof(1))}));
  add(twin::encode(twin::ErasedAccounts{market_test::account(1), market_test::account(2)}));
  add(encode(twin::AttestAnswer{what, 2, Signature{}, {}}));
  add(encode(twin::AttestAnswer{what, 2, std::nullopt, "meter 3: its mark is left out"}));
  add(twin::encode(twin::HomeReports{9,
                                     {{{1}, 900, 12'000, 1000, 0, 11'000, 11'000, 2000, 150'000}},
                                     {{{1}, {3}, {400, -80}}},
                                     {{{1}, {3}, {300, -20}}}}));
  add(twin::frame(MessageKind::paper, c.id));
  add(twin::encode(twin::ContractsOnLedger{{{{1}, market::Template::buy_below}, 2},
                                           {{{1}, market::Template::hold_tokens}, 1}}));
  add(twin::encode(twin::GridWord{{3}, 4'000'000, {0, 150'000}, {{{1}, 9500, 8000, 4200}}}));
  Bytes stream;  // one after the other, as they come
  for (const std::size_t i : {1, 4, 7}) append(stream, out[i]);
  out.push_back(stream);
  return out;
}

std::vector<Bytes> openings_file_seeds() {
  const Hash& chain_id = village().log.chain_id;
  Bytes restricted, personal;
  for (const auto& [position, opening] : village().openings.restricted.begin()->second)
    append(restricted, seal_restricted(chain_id, opening_key(), {0, position}, opening));
  const PersonalRecord& p = personal_record();
  for (int i = 0; i < 2; ++i)
    append(personal, seal_personal(chain_id, opening_key(), p.at, p.record, p.readings,
                                   std::vector<Signature>(i == 0 ? 0 : p.readings.size())));
  std::vector<Bytes> out{behind(0, restricted), behind(1, personal)};
  market::ErasedOpenings erased;
  for (std::uint16_t i = 0; i < 3; ++i) {
    erased.restricted[7 + i / 2][i] = {chain_id, 40u + i};
    erased.personal[{i / 2, 9}][i] = {chain_id, 40u + i};
    erased.book[i / 2].insert(market::book_row(market_test::sell(1, 430 + i, 125'000)));
  }
  erased.state.emplace(12, proved_state().leaves());
  for (std::uint8_t which = 2; which < 6; ++which)
    out.push_back(behind(which, encode(erased).at(market::erased_files[which - 2u])));
  const auto shares = split_key(opening_key(), chain_id);
  out.push_back(behind(6, text_bytes(twin::encode({{market_test::account(1), shares[0]},
                                                   {market_test::account(2), shares[2]}}))));
  return out;
}

std::vector<Bytes> record_seeds() {
  const Council& c = council();
  SignGuard guard(c.chain_id, {0});
  guard.admit(c.height, 0, SignStep::prevote, statement_of(c.vote(VoteType::prevote, 0, 0, c.id)));
  guard.set_lock(c.height, {c.certificate(VoteType::prevote, 0), c.block});
  const twin::BlockRecord block{encode(c.certificate(VoteType::precommit, 0)), c.block};
  const PersonalRecord& p = personal_record();
  twin::GatewayRecord gateway;
  gateway.gateway = p.at.gateway;
  market::MeteredPoint::Memory memory;
  memory.last = decode_reading(p.readings[0]);
  memory.slot_quarantined = true;
  memory.papers = *market::decode_meter_swap(
      first_of(transactions(), TransactionKind::meter_swap).openings[0].data);
  gateway.meters.push_back({p.at.meter, memory});
  gateway.messages.push_back({{3, 1}, encode(c.evidence())});
  return {behind(0, guard.record()), behind(1, encode(block)), behind(2, encode(gateway))};
}

// Numbered as `read_masked_sum` of ledger_decoders.cpp does.
std::vector<Bytes> masked_sum_seeds() {
  MaskRoster roster{{7}, 4, {}, {}};
  for (std::uint8_t m = 0; m < 10; ++m) roster.members.push_back({{{m}}, {m}, {m}});
  return {behind(0, encode(roster)), behind(1, encode(MaskedValue{4, 9, 3, 1ull << 63, {}})),
          behind(2, encode(MaskSet{4, 9, {0, 2, 7}})), behind(2, encode(MaskSet{4, 9, {}})),
          behind(3, encode(MaskOpening{4, 9, 3, 5, {}}))};
}

std::vector<Bytes> ocmf_seeds() {
  std::vector<Bytes> out;
  for (std::uint8_t meter = 0; meter < ocmf_meters; ++meter) {
    const EcdsaKey& key = ocmf_meter(meter);
    for (const std::string& payload : ocmf_payloads())
      out.push_back(behind(meter, bytes_of(test::ocmf_record(payload, key, meter == 1))));
    const Bytes& der = key.public_key().der();
    out.push_back(behind(ocmf_meters, bytes_of(meter == 1 ? to_base64(der) : to_hex(der))));
  }
  return out;
}

}  // namespace

std::string_view name_of(Decoder decoder) {
  constexpr std::array<std::string_view, decoders> names{
      "transaction", "entry",      "opening",       "block",  "vote",       "proposal",
      "proof",       "checkpoint", "note",          "policy", "tlog_proof", "receipt",
      "frame",       "genesis",    "openings_file", "record", "masked_sum", "ocmf"};
  return names[static_cast<std::size_t>(decoder)];
}

std::vector<Bytes> seeds(Decoder decoder) {
  std::vector<Bytes> out;
  const std::string note = write_note(signed_log().note({0, 1, 3}));
  switch (decoder) {
    case Decoder::transaction:
      for (const Transaction& tx : transactions()) out.push_back(tx.encode());
      out.push_back(consent().encode());
      out.push_back(erasure().encode());
      out.push_back(concentrated().encode());
      return out;
    case Decoder::entry:
      for (const Transaction& tx : transactions()) out.push_back(tx.entry());
      out.push_back(consent().entry());
      out.push_back(erasure().entry());
      out.push_back(concentrated().entry());
      return out;
    case Decoder::opening:
      return opening_seeds();
    case Decoder::block:
      return block_seeds();
    case Decoder::vote:
      return vote_seeds();
    case Decoder::proposal:
      return proposal_seeds();
    case Decoder::proof:
      return proof_seeds();
    case Decoder::checkpoint:
      return {text_bytes(checkpoint_text(signed_log().checkpoint())), text_bytes(note)};
    case Decoder::note:
      return {text_bytes(note), text_bytes(vkey_text(signed_log().policy.log)),
              text_bytes(vkey_text(signed_log().policy.witnesses[0]))};
    case Decoder::policy:
      return {text_bytes(policy_text(signed_log().policy)), text_bytes(village().log.policy_text)};
    case Decoder::tlog_proof:
      for (std::uint64_t i = 0; i < signed_log().entries.size(); ++i)
        out.push_back(text_bytes(write_tlog_proof(signed_log().proof(i))));
      return out;
    case Decoder::receipt:
      for (const std::string& receipt : receipts()) out.push_back(text_bytes(receipt));
      out.push_back(text_bytes(erasure_receipt()));
      return out;
    case Decoder::frame:
      return frame_seeds();
    case Decoder::genesis:
      return {text_bytes(encode(village().log.genesis)),
              text_bytes(encode(priced_village().log.genesis)), text_bytes(encode(genesis_of(4)))};
    case Decoder::openings_file:
      return openings_file_seeds();
    case Decoder::record:
      return record_seeds();
    case Decoder::masked_sum:
      return masked_sum_seeds();
    case Decoder::ocmf:
      break;
  }
  return ocmf_seeds();
}

const market_test::VillageChain& village() {
  static const market_test::VillageChain chain = market_test::village_chain(4, 24);
  return chain;
}

const market_test::VillageChain& priced_village() {
  static const market_test::VillageChain chain = market_test::capacity_village_chain(4, 4);
  return chain;
}

// One of a whole slot, and of a slot without a mark, which needs no readings and is small, one of
// each village.
const std::vector<std::string>& receipts() {
  static const std::vector<std::string> all = [] {
    const market_test::VillageChain& v = village();
    market::Openings no_readings = v.openings;
    no_readings.personal.clear();
    market_test::VillageChain priced = priced_village();
    priced.openings.personal.clear();
    return std::vector<std::string>{
        *market::write_receipt(v.log, v.openings, market_test::account(1), Slot{0}),
        *market::write_receipt(v.log, no_readings, market_test::account(2), Slot{2}),
        *market::write_receipt(priced.log, priced.openings, market_test::account(2), Slot{2})};
  }();
  return all;
}

// The village's log with an erasure at its end, under a checkpoint of its own.
const std::string& erasure_receipt() {
  static const std::string text = [] {
    market::PublicLog log = village().log;
    log.entries.push_back(erasure().entry());
    log.tree.append(leaf_hash(log.entries.back()));
    constexpr std::uint64_t seconds = 1'750'000'000;
    SignedNote note{
        checkpoint_text({log.policy.log.name, log.tree.size(), log.tree.root(), Hash{}}), {}};
    note.signatures.push_back(
        sign_note(log.policy.log, market_test::signer_of("observer"), note.text));
    note.signatures.push_back(cosignature_line(
        log.policy.witnesses[0], seconds,
        market_test::signer_of("validator").sign(bytes_of(cosigned_text(seconds, note.text)))));
    log.checkpoint_note = write_note(note);
    return market::write_erasure_receipt(log, market_test::account(1), {log.entries.size() - 1, 1});
  }();
  return text;
}

const SignedLog& signed_log() {
  static const SignedLog log = example_log();
  return log;
}

const SymmetricKey& opening_key() {
  static const SymmetricKey key = sha256(bytes_of("opening key"));
  return key;
}

const EcdsaKey& ocmf_meter(std::size_t meter) {
  static const std::array<EcdsaKey, ocmf_meters> keys{test::ocmf_key(Curve::secp256r1),
                                                      test::ocmf_key(Curve::secp256k1),
                                                      test::ocmf_key(Curve::brainpool384r1)};
  return keys[meter];
}

const std::vector<std::string>& ocmf_payloads() {
  static const std::vector<std::string> all{
      test::ocmf_payload,
      R"({ "FV" : 1.0,"CT":0,"IF":["RFID_NONE"],"LC":{"LR":2},"XY":"a|b\"","RD" : [
{"TM":"1970-01-01T01:01:49,000+0100 U","TX":"B","RV":1234.56,"RI":"1-b:1.8.e","RU":"kWh","ST":"G"},
{"RV":"  0.00","RI":"01-00:02.08.00.FF"},{"TX":"X","EF":"Et"},{"RV":-1e3,"RU":"sec"}]} )"};
  return all;
}

Bytes proved_entry(std::uint64_t index) { return text_bytes("entry " + std::to_string(index)); }

const LogTree& proved_log() {
  static const LogTree tree = [] {
    LogTree out;
    for (std::uint64_t i = 0; i < proved_entries; ++i) out.append(leaf_hash(proved_entry(i)));
    return out;
  }();
  return tree;
}

const std::vector<Hash>& proved_keys() {
  static const std::vector<Hash> keys = [] {
    std::vector<Hash> out;
    for (int i = 0; i < 20; ++i) out.push_back(sha256(bytes_of("key " + std::to_string(i))));
    return out;
  }();
  return keys;
}

const StateTree& proved_state() {
  static const StateTree tree = [] {
    std::map<Hash, Hash> all;
    for (const Hash& key : proved_keys()) all[key] = sha256(key);
    StateTree out;
    out.update(all);
    return out;
  }();
  return tree;
}

Council::Council()
    : chain_id(sha256(bytes_of("example"))),
      block(village().blocks[1]),
      id(block_id(block)),
      height(2) {}

ValidatorSet Council::validators() const { return ValidatorSet(genesis_of(4).validators); }

Vote Council::vote(VoteType type, std::uint32_t validator, std::uint32_t round,
                   std::optional<Hash> value, std::int32_t valid_round) const {
  Vote out{type, height, round, value, valid_round, {validator}, {}};
  out.signature = signer_of(static_cast<std::uint8_t>(validator + 1))
                      .sign(signed_bytes(chain_id, statement_of(out)));
  return out;
}

Certificate Council::certificate(VoteType type, std::uint32_t round) const {
  Certificate out{type, height, round, id, {}};
  for (std::uint32_t v = 0; v < 3; ++v)
    out.votes.push_back({{v}, no_round, vote(type, v, round, id).signature});
  return out;
}

Proposal Council::proposal(std::uint32_t round, std::int32_t valid_round) const {
  const ValidatorId proposer = validators().proposer(height, round);
  Proposal out{height, round, valid_round, id, proposer, {}, {}, block};
  if (valid_round != no_round) out.certificate = certificate(VoteType::prevote, 0);
  out.signature = signer_of(static_cast<std::uint8_t>(proposer.value + 1))
                      .sign(signed_bytes(chain_id, statement_of(out)));
  return out;
}

Evidence Council::evidence() const {
  Evidence out{encode(vote(VoteType::prevote, 2, 0, id)),
               encode(vote(VoteType::prevote, 2, 0, {}))};
  if (out.second < out.first) std::swap(out.first, out.second);
  return out;
}

const Council& council() {
  static const Council one;
  return one;
}

}  // namespace fuzz
