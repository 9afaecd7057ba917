// Transactions, entries and openings.

#include "ledger/base/codec.hpp"
#include "ledger/oracle/attestation.hpp"
#include "market/clearing/book_row.hpp"
#include "market/entries/account_entries.hpp"
#include "market/entries/consent.hpp"
#include "market/entries/erasure.hpp"
#include "market/entries/fee_change.hpp"
#include "market/entries/feeder_entries.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/settlement/clearing_proposal.hpp"
#include "market/settlement/concentration.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"
#include "tests/fuzz/decoder_outcome.hpp"

namespace fuzz {

namespace {

Outcome read_body(const Transaction& tx) {
  using namespace market;
  switch (tx.kind) {
    case TransactionKind::registration:
      return canonical(tx.body, decode_registration_body);
    case TransactionKind::batch:
      return canonical(tx.body, decode_batch);
    case TransactionKind::meter_swap:
      return canonical(tx.body, decode_meter_swap_body);
    case TransactionKind::marks:
      return canonical(tx.body, decode_marks_body);
    case TransactionKind::order:
      return canonical(tx.body, decode_order_body);
    case TransactionKind::settlement:
      return canonical(tx.body, decode_settlement_body);
    case TransactionKind::forecast:
      return canonical(tx.body, decode_forecast_body);
    case TransactionKind::statements:
      return canonical(tx.body, decode_statements_body);
    case TransactionKind::ruling:
      return canonical(tx.body, decode_ruling_body);
    case TransactionKind::feeder_findings:
      return canonical(tx.body, decode_findings_body);
    case TransactionKind::concentrated:
      return canonical(tx.body, decode_concentrated_body);
    case TransactionKind::attestation:
      return canonical(tx.body, decode_attestation);
    case TransactionKind::consent:
      return tx.body.empty() ? Outcome{true, ""} : refused("a consent's body is empty");
    case TransactionKind::erasure:
      return canonical(tx.body, decode_erasure_body);
    case TransactionKind::key_change:
      return canonical(tx.body, decode_key_change_body);
    case TransactionKind::deregistration:
      return canonical(tx.body, decode_deregistration_body);
    case TransactionKind::gateway:
      return canonical(tx.body, decode_gateway_body);
    case TransactionKind::certificate:
      return canonical(tx.body, decode_certificate_body);
    case TransactionKind::transfer:
    case TransactionKind::retirement:
    case TransactionKind::cancellation:
      return canonical(tx.body, decode_order_body);
    case TransactionKind::contract:
      return canonical(tx.body, decode_contract_body);
    case TransactionKind::grid_measure:
      return canonical(tx.body, decode_grid_measure_body);
    case TransactionKind::tariff_change:
      return canonical(tx.body, decode_fee_change);
    case TransactionKind::clearing_proposal:
      return canonical(tx.body, decode_clearing_proposal_body);
    case TransactionKind::trading_grid:
      return canonical(tx.body, decode_trading_grid_body);
  }
  return {true, "a kind that there is not"};
}

Outcome read_reading(BytesView bytes) {
  if (bytes.size() != reading_size) return {};
  ReadingBytes in{};
  std::copy(bytes.begin(), bytes.end(), in.begin());
  return and_then({true, ""}, encode(decode_reading(in)) == in, "a reading is not canonical");
}

// Its number of buses before it.
Outcome read_feeder(market::FeederForm form, BytesView bytes) {
  if (bytes.size() < 4) return {};
  const std::uint32_t buses = ByteReader(bytes).u32();
  const auto feeder = market::decode_feeder(form, buses, bytes.subspan(4));
  if (!feeder || !market::check_feeder(*feeder).empty()) return {};
  const Bytes again = market::encode(*feeder);
  return and_then({true, ""},
                  std::equal(again.begin(), again.end(), bytes.begin() + 4, bytes.end()),
                  "a feeder is not canonical");
}

}  // namespace

Outcome read_transaction(BytesView bytes) {
  return canonical(bytes, decode_transaction, [](const Transaction& tx) { return tx.encode(); });
}

Outcome read_entry(BytesView bytes) {
  const Outcome whole =
      canonical(bytes, decode_entry, [](const Transaction& tx) { return tx.entry(); });
  return whole.taken && whole.wrong.empty() ? read_body(*decode_entry(bytes)) : whole;
}

Outcome read_opening(std::uint8_t which, BytesView bytes) {
  using namespace market;
  switch (which % 30) {
    case 28:
    case 29: {
      const BookForm form = which % 30 == 28 ? BookForm::parties : BookForm::results;
      return canonical(
          bytes, [&](BytesView row) { return decode_book_row(form, row); },
          [&](const BookRow& row) { return book_row(form, row); });
    }
    case 23:
      return canonical(bytes, decode_grid_operator_key);
    case 24:
      return canonical(bytes, decode_operator_piece);
    case 25:
      return canonical(bytes, decode_home_place);
    case 26:
      return read_feeder(FeederForm::limits, bytes);
    case 27:
      return read_feeder(FeederForm::fees, bytes);
    case 17:
      return canonical(bytes, decode_transfer);
    case 18:
      return canonical(bytes, decode_transfer_notice);
    case 19:
      return canonical(bytes, decode_retirement);
    case 20:
      return canonical(bytes, decode_contract);
    case 21:
      return canonical(bytes, decode_cancellation);
    case 22:
      return canonical(bytes, decode_home_measure);
    case 14:
      return canonical(bytes, decode_key_change);
    case 15:
      return canonical(bytes, decode_deregistration);
    case 16:
      return canonical(bytes, decode_meter_certificate);
    case 12:
      return canonical(bytes, decode_erasure);
    case 13:
      return canonical(bytes, decode_consent);
    case 0:
      return canonical(bytes, decode_registration);
    case 1:
      return canonical(bytes, decode_sealing_key);
    case 2:
      return canonical(bytes, decode_mark);
    case 3:
      return canonical(bytes, decode_order);
    case 4:
      return canonical(bytes, decode_forecast);
    case 5:
      return canonical(bytes, decode_statement);
    case 6:
      return canonical(
          bytes, [](BytesView row) { return decode_book_row(row); },
          [](const Order& row) { return book_row(row); });
    case 7:
      return canonical(bytes, decode_meter_record);
    case 8:
      return canonical(bytes, decode_meter_swap);
    case 9:
      return canonical(bytes, decode_ruling);
    case 10:
      return canonical(bytes, decode_owned_findings);
    default:
      return read_reading(bytes);
  }
}

}  // namespace fuzz
