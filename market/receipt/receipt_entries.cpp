#include "market/receipt/receipt_entries.hpp"

#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

std::optional<ProvenEntry> read_mark(const ReceiptPart& receipt, const char* key,
                                     EntryReader& reader) {
  const ReceiptPart mark = receipt.at(key);
  if (mark.is_null()) return std::nullopt;
  return reader.opened(mark, TransactionKind::marks, key);
}

std::vector<ProvenEntry> read_each(const ReceiptPart& receipt, const char* key,
                                   TransactionKind kind, EntryReader& reader) {
  std::vector<ProvenEntry> out;
  for (const ReceiptPart& each : receipt.list(key)) out.push_back(reader.opened(each, kind, key));
  return out;
}

// Of a list that is there only where it is not empty.
std::vector<ProvenEntry> read_any(const ReceiptPart& receipt, const char* key, TransactionKind kind,
                                  EntryReader& reader) {
  return receipt.has(key) ? read_each(receipt, key, kind, reader) : std::vector<ProvenEntry>();
}

bool last_two_rise(const std::vector<ProvenEntry>& entries) {
  return entries.size() < 2 || entries[entries.size() - 2].index < entries.back().index;
}

std::vector<ProvenEntry> read_orders(const ReceiptPart& receipt, EntryReader& reader) {
  std::vector<ProvenEntry> out;
  for (const ReceiptPart& order : receipt.list("orders")) {
    out.push_back(reader.opened(order, TransactionKind::order, "orders"));
    want(last_two_rise(out), "orders are not in their order on the log");
  }
  return out;
}

// They have no openings: a gateway is public.
std::vector<ProvenEntry> read_gateway(const ReceiptPart& receipt, EntryReader& reader) {
  std::vector<ProvenEntry> out;
  if (!receipt.has("gateway")) return out;
  for (const ReceiptPart& each : receipt.list("gateway")) {
    each.only_keys({"entry", "proof"}, "gateway");
    const auto tx = take(decode_entry(each.hex("entry")), "gateway");
    want(tx.kind == TransactionKind::gateway || tx.kind == TransactionKind::key_change,
         "gateway: is another kind of entry");
    out.push_back(reader.entry(each, tx.kind, "gateway"));
    want(last_two_rise(out), "gateway: entries are not in their order on the log");
  }
  return out;
}

// They have no openings: prices are public.
std::vector<ProvenEntry> read_fees(const ReceiptPart& receipt, EntryReader& reader) {
  std::vector<ProvenEntry> out;
  if (!receipt.has("fees")) return out;
  for (const ReceiptPart& each : receipt.list("fees")) {
    each.only_keys({"entry", "proof"}, "fees");
    out.push_back(reader.entry(each, TransactionKind::tariff_change, "fees"));
    want(last_two_rise(out), "fees: entries are not in their order on the log");
  }
  return out;
}

}  // namespace

ReceiptEntries read_entries(const ReceiptPart& receipt, EntryReader& reader) {
  ReceiptEntries e;
  e.registration =
      reader.opened(receipt.at("registration"), TransactionKind::registration, "registration");
  receipt.at("settlement").only_keys({"entry", "proof"}, "settlement");
  e.settlement = reader.entry(receipt.at("settlement"), TransactionKind::settlement, "settlement");
  e.statement = reader.opened(receipt.at("statement"), TransactionKind::statements, "statement");
  e.mark = read_mark(receipt, "mark", reader);
  e.before = read_mark(receipt, "before", reader);
  if (receipt.has("statement_before"))
    e.statement_before = reader.opened(receipt.at("statement_before"), TransactionKind::statements,
                                       "statement_before");
  e.swaps = read_each(receipt, "swaps", TransactionKind::meter_swap, reader);
  e.rulings = read_each(receipt, "rulings", TransactionKind::ruling, reader);
  e.orders = read_orders(receipt, reader);
  e.key_changes = read_any(receipt, "keys", TransactionKind::key_change, reader);
  e.certificates = read_any(receipt, "certificates", TransactionKind::certificate, reader);
  e.contracts = read_any(receipt, "contracts", TransactionKind::contract, reader);
  e.measures = read_any(receipt, "measures", TransactionKind::grid_measure, reader);
  e.fees = read_fees(receipt, reader);
  e.gateway = read_gateway(receipt, reader);
  return e;
}

}  // namespace market
