// The worked bytes of docs/formats/transactions.md are what the code writes.

#include <doctest/doctest.h>

#include "ledger/chain/block.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/fee_change.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/state/market_state.hpp"
#include "tests/support/shared_data.hpp"

using namespace market;

namespace {

// Bytes first, first+1, ... so that a reader can see where each field went.
template <std::size_t N>
std::array<std::uint8_t, N> counting(std::uint8_t first) {
  std::array<std::uint8_t, N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

const AccountId owner{counting<16>(0xa0)};
const SubjectKey key = counting<32>(0x20);
const Hash chain_id = counting<32>(0x40);

Signature signed_by(std::uint8_t seed, BytesView message) {
  return Ed25519Signer(counting<32>(seed)).sign(message);
}

Reading example_reading() { return {7, 35'000, {19'244'291'641}, {4'767'567'787}, -1250, 231}; }

std::vector<std::pair<std::string, std::string>> worked() {
  std::vector<std::pair<std::string, std::string>> out;
  const auto show = [&](const char* name, BytesView bytes) {
    out.emplace_back(name, to_hex(bytes));
  };
  const ReadingBytes reading = *encode(example_reading());
  const Salt salt = derive_salt(key, SaltLabel::reading, 3, 7);
  show("reading", reading);
  show("salt", salt);
  show("commitment", commitment(salt, reading));
  show("leaf", reading_leaf(key, {3}, reading));

  MeterRecord record;
  record.account = owner;
  record.meter = {3};
  record.epoch = 1;
  record.first_sequence = 7;
  record.count = 1;
  record.readings_root = readings_root(key, {3}, std::vector{reading});
  record.end_time_ms = 35'000;
  record.import_register = {19'244'291'641};
  record.export_register = {4'767'567'787};
  record.verdict = bit(Rule::voltage_range);
  const Bytes meter_signs = meter_signed_bytes(chain_id, {3}, 7, 1, record.readings_root);
  record.signature = signed_by(1, meter_signs);
  show("meter signs", meter_signs);
  show("meter record", encode(record));

  Transaction batch_tx;
  batch_tx.kind = TransactionKind::batch;
  batch_tx.root = root_of(std::vector{leaf_hash(record_commitment(key, record))});
  Batch batch{{2}, 1, 1, 1, 7, 7, {hidden_sum}, {hidden_sum}, root_of({}), {}, {}};
  batch_tx.body = encode(batch);
  batch.signature = signed_by(2, entry_signed_bytes(chain_id, batch_tx.entry()));
  batch_tx.body = encode(batch);
  show("batch entry", batch_tx.entry());

  Registration registration;
  registration.account = owner;
  registration.meter = {3};
  registration.gateway = {2};
  registration.meter_key = counting<32>(0x60);
  registration.account_key = counting<32>(0x80);
  registration.max_power_w = 48'011;
  registration.import_register = {19'244'291'641};
  registration.modulus = {1'000'000'000'000 - 100'000'000};
  registration.generation_w = 8'000;
  registration.storage_w = 5'000;
  registration.deposit = {100'000'000};
  std::vector<Opening> registered;
  add_openings(registered, {registration, key});
  show("registration opening", registered[0].data);
  show("sealing key opening", registered[1].data);

  SignedOrder order{{{counting<16>(0xc0)}, owner, {5}, Side::sell, {430}, {125'000}}, {3}, {}};
  order.signature = signed_by(3, order_signed_bytes(chain_id, encode(order)));
  Transaction order_tx;
  order_tx.kind = TransactionKind::order;
  order_tx.openings.push_back({order_salt(key, order), encode(order)});
  order_tx.root = openings_root(order_tx.openings);
  order_tx.body = encode(OrderBody{{5}});
  show("order opening", order_tx.openings[0].data);
  show("order entry", order_tx.entry());
  show("order transaction", order_tx.encode());
  Order row = order.order;
  row.id = row_id(owner, row.id);
  show("book row", book_row(row));

  MeterSwap swap{owner, {3}, {5}, {19'244'292'000}, {4'767'568'000}, {}, {}, counting<32>(0x90),
                 {}};
  swap.signature = signed_by(3, swap_signed_bytes(chain_id, encode(swap)));
  show("meter swap opening", opening_of(key, swap).data);
  const Ruling ruling{owner, {3}, {9}, {5}, Outcome::replacement, {0}, {500}, {0}, {430}};
  show("ruling opening", opening_of(key, ruling).data);
  show("ruling body", encode(RulingBody{{9}, 1, counting<64>(0x50)}));
  show("feeder findings body", encode(FindingsBody{0, {9}, 1, counting<64>(0x50)}));
  show("attestation body", encode(Attestation{{{2}, TransactionKind::batch, 9, counting<32>(0x10)},
                                              {{0, counting<64>(0x20)}, {2, counting<64>(0x30)}},
                                              counting<64>(0x50)}));
  show("mark opening", encode(Mark{owner, {3}, {5}, {19'244'291'641}, {4'767'567'787}, false}));

  Statement statement;
  statement.account = owner;
  statement.meter = {3};
  statement.slot = statement.since = {5};
  statement.exported = {500};
  statement.contracted_sell = {430};
  statement.sold = {430};
  price_statement(statement, Price{140'000}, {{320'000}, {80'000}, {90'000}, {60'000}, {40'000}});
  statement.balance = {100'065'800};
  show("statement opening", encode(statement));

  statement.deals = {{Side::sell, {counting<16>(0xd0)}, {430}, {430}, {140'000}, {}}};
  price_statement(statement, std::nullopt, {{320'000}, {80'000}, {90'000}, {60'000}, {40'000}});
  show("statement with a deal", encode(statement));

  statement.deals.clear();
  statement.imported = {1200};
  statement.capacity = CapacityLine{{1025}, {}, {}};
  Tariff with_capacity{{320'000}, {80'000}, {90'000}, {60'000}, {40'000}};
  with_capacity.capacity_price = {4'000'000};
  price_statement(statement, Price{140'000}, with_capacity);
  show("statement with the capacity tariff", encode(statement));

  SettlementBody settled;
  settled.slot = {5};
  settled.price = Price{140'000};
  settled.volume = {430};
  settled.imported = WattHours{7'250};
  settled.accounts = 12;
  settled.orders = 2;
  settled.gateways = 1;
  settled.book_root = counting<32>(0x60);
  settled.statements_root = counting<32>(0x70);
  settled.content_root = counting<32>(0x80);
  show("settlement body", encode(settled));
  show("statements body", encode(StatementsBody{{5}, {2}, 12}));

  BlockHeader header;
  header.height = 9;
  header.time_ms = 480'065;
  header.proposer = {1};
  header.previous = counting<32>(1);
  header.log_size = 30;
  header.log_root = counting<32>(2);
  header.state_root = counting<32>(3);
  header.entries = 1;
  header.entries_root = root_of(std::vector{leaf_hash(order_tx.entry())});
  header.rules = counting<32>(4);
  header.validators = validators_hash({counting<32>(5), counting<32>(6)});
  header.evidence_root = root_of({});
  show("block header", encode(header));
  show("block id", block_id(encode(header)));
  show("restricted record", seal_restricted(chain_id, key, {30, 0}, order_tx.openings[0]));

  Consent consent;
  consent.place = {owner, counting<32>(0x70), Purpose::research};
  consent.number = 2;
  consent.first_slot = {5};
  consent.end_slot = {96};
  Ed25519Signer of_account(counting<32>(3)), registrar(counting<32>(4));
  const Transaction consent_tx = consent_of(chain_id, consent, key, of_account);
  show("consent opening", consent_tx.openings[0].data);
  show("consent entry", consent_tx.entry());
  const Transaction erasure_tx =
      erasure_of(chain_id, {owner, personal_stage}, counting<32>(0x50), registrar);
  show("erasure opening", erasure_tx.openings[0].data);
  show("erasure entry", erasure_tx.entry());
  Transaction concentrated = concentrate(4, std::vector{BatchEntry{batch_tx, batch}});
  Ed25519Signer concentrator(counting<32>(4));
  sign_entry(concentrated, chain_id, concentrator);
  show("concentrated entry", concentrated.entry());

  Ed25519Signer role(counting<32>(5));
  const KeyChange change{owner, {3}, KeyOf::account, {5}, counting<32>(0xb0), {}};
  const Transaction change_tx = key_change_of(chain_id, {2}, change, key, &of_account, role);
  show("key change opening", change_tx.openings[0].data);
  show("key change body", change_tx.body);
  const Deregistration leaving{owner, {3}, {9}, {}};
  const Transaction leaving_tx = deregistration_of(chain_id, {2}, leaving, key, of_account, role);
  show("deregistration opening", leaving_tx.openings[0].data);
  show("deregistration body", leaving_tx.body);
  const GatewayBody gateway{
      GatewayBody::Action::registered, {4}, counting<32>(0xd0), {5}, {96}, {}};
  show("gateway body", gateway_of(chain_id, gateway, role).body);
  const MeterCertificate certificate{owner, {3}, counting<32>(0x60), counting<32>(0xe0), {5}, {96}};
  const Transaction moved = transfer_of(
      chain_id, {owner, {3}, {9}, {5}, {430}, {counting<16>(0x10)}, {counting<16>(0xc0)}, {}}, key,
      of_account);
  show("transfer opening", moved.openings[0].data);
  show("transfer notice", moved.openings[1].data);
  show("transfer entry", moved.entry());
  const Transaction retired = retirement_of(
      chain_id, {owner, {3}, {9}, {5}, {430}, TokenClaim::green, {counting<16>(0xc0)}, {}}, key,
      of_account);
  show("retirement opening", retired.openings[0].data);
  show("cancellation opening",
       cancellation_of(chain_id, {owner, {3}, {5}, {counting<16>(0xc0)}, {}}, key, of_account)
           .openings[0]
           .data);
  Contract standing;
  standing.account = owner;
  standing.meter = {3};
  standing.first_slot = {5};
  standing.end_slot = {96};
  standing.energy = {430};
  standing.price = {125'000};
  standing.id = {counting<16>(0xc0)};
  show("contract opening", contract_of(chain_id, standing, key, of_account).openings[0].data);
  show("contract row", contract_row(standing, {5}).bytes);
  show("certificate opening", encode(certificate));
  show("certificate body", encode(CertificateBody{1, counting<64>(0x50)}));
  const HomeMeasure dimmed{owner, {3}, {5}, {6}, 0, 12, 4200, -6800, {125'000}};
  show("grid measure body",
       encode(GridMeasureBody{{5}, {6}, {{4, 0, 12, "line 3"}}, 1, counting<64>(0x50)}));
  show("grid measure opening", opening_of(key, dimmed).data);
  show("tariff change body", encode(FeeChange{{5}, {50'000, -20'000}, counting<64>(0x50)}));
  show("trading grid body",
       encode(TradingGridBody{{5}, FeederForm::limits, 3, 1, 1, counting<64>(0x50)}));
  show("grid operator key", encode(GridOperatorKey{counting<32>(0x20)}));
  const FeederTerms line = TradeLimits{3, {{{{1, 1000}, {2, -500}}, 70'000}}};
  show("grid operator piece", encode(OperatorPiece{{5}, 0, encode(line)}));
  show("feeder of fees", encode(FeederTerms{FeeTree{{}, {0, {30'000}, {10'000}}}}));
  show("home place", opening_of(key, HomePlace{owner, {3}, {5}, 2}).data);
  return out;
}

}  // namespace

TEST_CASE("the worked bytes of the transaction formats are true") {
  const auto page =
      test::read_text(std::string(AIPCHAIN_SOURCE_DIR) + "/docs/formats/transactions.md");
  REQUIRE(page.has_value());
  // Long values are broken over lines in the page.
  std::string packed;
  for (const char c : *page)
    if (c != '\n' && c != ' ') packed += c;
  for (const auto& row : worked()) {
    const auto &name = row.first, &hex = row.second;  // clang 14 captures no structured binding
    CAPTURE(name);
    const bool found = packed.find(hex) != std::string::npos;
    if (!found) MESSAGE(name << "\n" << hex);
    CHECK(found);
  }
}

TEST_CASE("what is encoded reads back, and one byte more or less does not") {
  const Bytes order = *from_hex(worked()[9].second);
  REQUIRE(decode_order(order).has_value());
  CHECK(encode(*decode_order(order)) == order);
  for (const auto& row : worked()) {
    const auto &name = row.first, &hex = row.second;  // clang 14 captures no structured binding
    Bytes bytes = *from_hex(hex);
    CAPTURE(name);
    const auto refused = [&](const Bytes& b) {
      if (name == "order transaction") return !decode_transaction(b).has_value();
      if (name == "order opening") return !decode_order(b).has_value();
      if (name == "registration opening") return !decode_registration(b).has_value();
      if (name == "sealing key opening") return !decode_sealing_key(b).has_value();
      if (name == "statements body") return !decode_statements_body(b).has_value();
      if (name == "ruling opening") return !decode_ruling(b).has_value();
      if (name == "ruling body") return !decode_ruling_body(b).has_value();
      if (name == "concentrated entry") {
        const auto tx = decode_entry(b);
        return !tx || !decode_concentrated_body(tx->body);
      }
      if (name == "feeder findings body") return !decode_findings_body(b).has_value();
      if (name == "attestation body") return !decode_attestation(b).has_value();
      if (name == "mark opening") return !decode_mark(b).has_value();
      if (name == "statement opening") return !decode_statement(b).has_value();
      if (name == "statement with a deal") return !decode_statement(b).has_value();
      if (name == "statement with the capacity tariff") return !decode_statement(b).has_value();
      if (name == "transfer opening") return !decode_transfer(b).has_value();
      if (name == "transfer notice") return !decode_transfer_notice(b).has_value();
      if (name == "retirement opening") return !decode_retirement(b).has_value();
      if (name == "cancellation opening") return !decode_cancellation(b).has_value();
      if (name == "contract opening") return !decode_contract(b).has_value();
      if (name == "settlement body") return !decode_settlement_body(b).has_value();
      if (name == "meter record") return !decode_meter_record(b).has_value();
      if (name == "block header") return !decode_header(b).has_value();
      if (name == "book row") return !decode_book_row(b).has_value();
      if (name == "consent opening") return !decode_consent(b).has_value();
      if (name == "key change opening") return !decode_key_change(b).has_value();
      if (name == "key change body") return !decode_key_change_body(b).has_value();
      if (name == "deregistration opening") return !decode_deregistration(b).has_value();
      if (name == "deregistration body") return !decode_deregistration_body(b).has_value();
      if (name == "gateway body") return !decode_gateway_body(b).has_value();
      if (name == "certificate opening") return !decode_meter_certificate(b).has_value();
      if (name == "grid measure body") return !decode_grid_measure_body(b).has_value();
      if (name == "grid measure opening") return !decode_home_measure(b).has_value();
      if (name == "tariff change body") return !decode_fee_change(b).has_value();
      if (name == "trading grid body") return !decode_trading_grid_body(b).has_value();
      if (name == "grid operator key") return !decode_grid_operator_key(b).has_value();
      if (name == "feeder of fees") return !decode_feeder(FeederForm::fees, 2, b).has_value();
      if (name == "home place") return !decode_home_place(b).has_value();
      if (name == "certificate body") return !decode_certificate_body(b).has_value();
      if (name == "erasure opening") return !decode_erasure(b).has_value();
      return true;
    };
    bytes.push_back(0);
    CHECK(refused(bytes));
    bytes.pop_back();
    bytes.pop_back();
    CHECK(refused(bytes));
  }
}
