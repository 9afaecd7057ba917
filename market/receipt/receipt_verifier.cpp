#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/proof.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "market/market_state.hpp"
#include "market/receipt/erasure_receipt.hpp"

namespace market {

using nlohmann::json;

namespace {

constexpr std::size_t max_receipt_size = 64u << 20;
constexpr int max_depth = 8;

// Ends the verification: the check that fails and why.
struct Wrong {
  std::string why;
};

[[noreturn]] void wrong(std::string why) { throw Wrong{std::move(why)}; }

void want(bool holds, const std::string& otherwise) {
  if (!holds) wrong(otherwise);
}

template <class T>
T take(Result<T> result, const std::string& what) {
  if (!result) wrong(what + ": " + result.error());
  return std::move(*result);
}

Bytes hex_at(const json& j, const char* key) {
  const auto bytes = from_hex(j.at(key).get_ref<const std::string&>());
  if (!bytes) wrong(std::string(key) + ": is not lower-case hexadecimal");
  return *bytes;
}

// A number as a receipt writes it: an integer without sign, fraction or exponent.
std::uint64_t number_at(const json& j, const char* key, std::uint64_t most) {
  const json& value = j.at(key);
  want(value.is_number_unsigned() && value.get<std::uint64_t>() <= most,
       std::string(key) + ": is not an integer of 0 to " + std::to_string(most));
  return value.get<std::uint64_t>();
}

// A list, and not what a loop would take for one: null, an object, a value by itself.
const json& list_at(const json& j, const char* key) {
  want(j.at(key).is_array(), std::string(key) + ": is not a list");
  return j.at(key);
}

// An entry that is on the log, with one opening under its root where it has any.
struct Opened {
  Bytes entry;
  Transaction tx;
  std::uint64_t index = 0;
  Opening opening;
};

class ReceiptVerifier {
 public:
  ReceiptVerifier(std::string_view text, const std::string& policy, Verifier& verifier)
      : text_(text), trusted_policy_(policy), verifier_(verifier) {}
  std::vector<ReceiptCheck> run();

 private:
  void parse();
  std::string check_trust();
  std::string check_inclusion();
  std::string check_openings();
  std::string check_signatures();
  std::string check_readings();
  std::string check_meter();
  std::string check_clearing();
  std::string check_tariff();
  std::string check_bill();

  Opened open_entry(const json& j, TransactionKind kind, const std::string& name);
  Opened open(const json& j, TransactionKind kind, const std::string& name);
  void open_batch(const json& j, std::size_t number);
  void take_readings(const json& j, const MeterRecord& record, const std::string& name);
  void check_coverage();
  bool given_by_meter(const MeterWord& word);
  bool swapped_in_slot() const { return !swaps_.empty() && swaps_.back().slot.value == slot_; }
  Anchor anchor_at_start() const;
  bool by_gateway(const Opened& o, GatewayId gateway, const Signature& signature);

  std::string_view text_;
  const std::string& trusted_policy_;
  Verifier& verifier_;
  json j_;
  Genesis genesis_;
  Hash chain_id_{};
  Policy policy_;
  std::string checkpoint_;
  AccountId account_;
  std::uint32_t slot_ = 0;
  Opened registration_, settlement_, billed_, mark_, before_;
  std::vector<Opened> orders_, swapped_, ruled_;
  Registration registered_;
  Statement statement_;
  SettlementBody settled_;
  std::optional<Mark> at_end_, at_start_;
  std::vector<MeterSwap> swaps_;  // by slot
  std::vector<Ruling> rulings_;   // by what they are of
  std::vector<SignedOrder> own_orders_;
  std::vector<Reading> readings_;
  std::vector<std::uint32_t> epochs_;  // of the batches
  Verdict verdict_ = 0;                // of all their records
};

void ReceiptVerifier::parse() {
  want(text_.size() <= max_receipt_size, "larger than 64 MiB");
  // What is nested deeper than any receipt is left out, so that no depth exhausts the stack; the
  // comparison below then finds it missing.
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= max_depth; };
  j_ = json::parse(text_, shallow, false);
  want(j_.is_object(), "is not JSON");
  want(j_.dump() + "\n" == text_, "is not in its canonical form");
  const std::vector<std::string> keys{
      "account", "batches",    "before", "bill",      "book",   "format",
      "genesis", "mark",       "meter",  "orders",    "policy", "registration",
      "rulings", "settlement", "slot",   "statement", "swaps"};
  std::vector<std::string> found;
  for (const auto& [key, value] : j_.items()) found.push_back(key);
  want(found == keys, "does not hold exactly the keys of a receipt");
  want(j_.at("format") == receipt_format, "format is not \"aipchain receipt 1\"");
  const auto account = array_from_hex<16>(j_.at("account").get_ref<const std::string&>());
  want(account.has_value(), "account is not 32 hexadecimal digits");
  account_ = {*account};
  slot_ = static_cast<std::uint32_t>(number_at(j_, "slot", UINT32_MAX));
}

std::string ReceiptVerifier::check_trust() {
  const auto& genesis = j_.at("genesis").get_ref<const std::string&>();
  genesis_ = take(decode_genesis(genesis), "genesis");
  if (const auto terms = check_terms(genesis_); !terms) wrong(terms.error());
  chain_id_ = sha256(bytes_of(genesis));
  const auto& policy = j_.at("policy").get_ref<const std::string&>();
  want(policy == policy_text(genesis_), "policy does not follow from genesis");
  if (!trusted_policy_.empty())
    want(policy == trusted_policy_, "policy differs from the trusted one");
  policy_ = policy_of(genesis_);
  return trusted_policy_.empty() ? "trust root taken from the receipt itself"
                                 : "trust root as given";
}

// Every key of an object that holds an opened entry, and nothing else.
void only_keys(const json& j, std::initializer_list<const char*> keys, const std::string& name) {
  want(j.is_object() && j.size() == keys.size() &&
           std::all_of(keys.begin(), keys.end(), [&](const char* k) { return j.contains(k); }),
       name + ": does not hold exactly its keys");
}

// How many openings an entry says that it has.
std::uint64_t openings_of(const Transaction& tx, const std::string& name) {
  switch (tx.kind) {
    case TransactionKind::registration:
      return 2 * std::uint64_t{take(decode_registration_body(tx.body), name).meters};
    case TransactionKind::statements:
      return take(decode_statements_body(tx.body), name).count;
    case TransactionKind::marks:
      return take(decode_marks_body(tx.body), name).count;
    case TransactionKind::meter_swap:
      return take(decode_meter_swap_body(tx.body), name).count;
    case TransactionKind::ruling:
      return take(decode_ruling_body(tx.body), name).count;
    case TransactionKind::batch:
      return take(decode_batch(tx.body), name).records;
    default:
      return 1;
  }
}

Opened ReceiptVerifier::open_entry(const json& j, TransactionKind kind, const std::string& name) {
  Opened o;
  o.entry = hex_at(j, "entry");
  o.tx = take(decode_entry(o.entry), name);
  want(o.tx.kind == kind, name + ": is another kind of entry");
  const auto& proof_text = j.at("proof").get_ref<const std::string&>();
  const TlogProof proof = take(parse_tlog_proof(proof_text), name);
  if (checkpoint_.empty()) checkpoint_ = proof.checkpoint;
  want(proof.checkpoint == checkpoint_, name + ": proof of another checkpoint");
  if (auto ok = verify_tlog_proof(proof, o.entry, policy_, verifier_); !ok)
    wrong(name + ": " + ok.error());
  o.index = proof.index;
  return o;
}

Opened ReceiptVerifier::open(const json& j, TransactionKind kind, const std::string& name) {
  if (kind == TransactionKind::batch)
    only_keys(j, {"entry", "opening", "proof", "readings"}, name);
  else
    only_keys(j, {"entry", "opening", "proof"}, name);
  Opened o = open_entry(j, kind, name);
  const json& opening = j.at("opening");
  only_keys(opening, {"data", "of", "path", "position", "salt"}, name + ".opening");
  o.opening.data = hex_at(opening, "data");
  const auto salt = array_from_hex<32>(opening.at("salt").get_ref<const std::string&>());
  want(salt.has_value(), name + ": salt is not 64 hexadecimal digits");
  o.opening.salt = *salt;
  std::vector<Hash> path;
  for (const json& h : list_at(opening, "path")) {
    const auto hash = array_from_hex<32>(h.get_ref<const std::string&>());
    want(hash.has_value(), name + ": path is not made of hashes");
    path.push_back(*hash);
  }
  want(number_at(opening, "of", UINT32_MAX) == openings_of(o.tx, name),
       name + ": of is not the number of openings that the entry has");
  want(verify_inclusion(leaf_hash(commitment(o.opening.salt, o.opening.data)),
                        number_at(opening, "position", UINT32_MAX),
                        number_at(opening, "of", UINT32_MAX), path, o.tx.root),
       name + ": opening is not under the entry's root");
  want(owner_of(o.opening) == account_, name + ": opening is another account's");
  return o;
}

std::string ReceiptVerifier::check_inclusion() {
  registration_ = open(j_.at("registration"), TransactionKind::registration, "registration");
  only_keys(j_.at("settlement"), {"entry", "proof"}, "settlement");
  settlement_ = open_entry(j_.at("settlement"), TransactionKind::settlement, "settlement");
  billed_ = open(j_.at("statement"), TransactionKind::statements, "statement");
  if (!j_.at("mark").is_null()) mark_ = open(j_.at("mark"), TransactionKind::marks, "mark");
  if (!j_.at("before").is_null()) before_ = open(j_.at("before"), TransactionKind::marks, "before");
  for (const json& swap : list_at(j_, "swaps"))
    swapped_.push_back(open(swap, TransactionKind::meter_swap, "swaps"));
  for (const json& ruling : list_at(j_, "rulings"))
    ruled_.push_back(open(ruling, TransactionKind::ruling, "rulings"));
  for (const json& order : list_at(j_, "orders")) {
    orders_.push_back(open(order, TransactionKind::order, "orders"));
    want(orders_.size() < 2 || orders_[orders_.size() - 2].index < orders_.back().index,
         "orders are not in their order on the log");
  }
  return "entries stand in the log under " + std::to_string(policy_.quorum) + " of " +
         std::to_string(policy_.witnesses.size()) + " validators' signatures";
}

std::string ReceiptVerifier::check_openings() {
  registered_ = take(decode_registration(registration_.opening.data), "registration");
  statement_ = take(decode_statement(billed_.opening.data), "statement");
  settled_ = take(decode_settlement_body(settlement_.tx.body), "settlement");
  want(registered_.meter.value == number_at(j_, "meter", UINT32_MAX), "meter is another");
  const auto statements = take(decode_statements_body(billed_.tx.body), "statement");
  want(statement_.meter == registered_.meter && statement_.slot.value == slot_ &&
           statements.slot.value == slot_ && statements.gateway == registered_.gateway &&
           settled_.slot.value == slot_,
       "statement is of another meter or slot");
  if (!mark_.entry.empty()) {
    at_end_ = take(decode_mark(mark_.opening.data), "mark");
    want(at_end_->slot.value == slot_ && at_end_->meter == registered_.meter,
         "mark is of another meter or slot");
  }
  if (!before_.entry.empty()) {
    at_start_ = take(decode_mark(before_.opening.data), "before");
    want(at_start_->slot.value + 1 == statement_.since.value && at_start_->slot.value < slot_ &&
             at_start_->meter == registered_.meter,
         "before: mark is not the one that the statement begins at");
  }
  for (const Opened& o : swapped_) {
    swaps_.push_back(take(decode_meter_swap(o.opening.data), "swaps"));
    want(swaps_.back().meter == registered_.meter && swaps_.back().slot.value <= slot_,
         "swaps: papers of another meter or of a later slot");
    want(swaps_.size() < 2 || swaps_[swaps_.size() - 2].slot < swaps_.back().slot,
         "swaps: are not in order of slots");
  }
  for (const Opened& o : ruled_) {
    const auto body = take(decode_ruling_body(o.tx.body), "rulings");
    rulings_.push_back(take(decode_ruling(o.opening.data), "rulings"));
    const Ruling& ruling = rulings_.back();
    want(ruling.meter == registered_.meter && ruling.slot.value == slot_ &&
             body.slot.value == slot_ && ruling.settled.value < slot_,
         "rulings: of another meter, or that act in another slot");
    want(rulings_.size() < 2 || rulings_[rulings_.size() - 2].settled < ruling.settled,
         "rulings: are not in order of what they are of");
  }
  for (const Opened& o : orders_) {
    own_orders_.push_back(take(decode_order(o.opening.data), "orders"));
    want(own_orders_.back().order.slot.value == slot_ &&
             own_orders_.back().meter == registered_.meter,
         "an order is of another meter or slot");
  }
  return "registration, statement, marks and orders are the account's own";
}

bool ReceiptVerifier::by_gateway(const Opened& o, GatewayId gateway, const Signature& signature) {
  return gateway == registered_.gateway && gateway.value < genesis_.gateways.size() &&
         verifier_.verify(genesis_.gateways[gateway.value], entry_signed_bytes(chain_id_, o.entry),
                          signature);
}

std::string ReceiptVerifier::check_signatures() {
  const auto body = take(decode_registration_body(registration_.tx.body), "registration");
  want(verifier_.verify(genesis_.registrar, entry_signed_bytes(chain_id_, registration_.entry),
                        body.signature),
       "registration is not signed by the registrar");
  for (const Opened* o : {&mark_, &before_}) {
    if (o->entry.empty()) continue;
    const auto marks = take(decode_marks_body(o->tx.body), "mark");
    want(by_gateway(*o, marks.gateway, marks.signature), "mark is not signed by the gateway");
  }
  for (std::size_t i = 0; i < swaps_.size(); ++i) {
    const auto papers = take(decode_meter_swap_body(swapped_[i].tx.body), "swaps");
    want(verifier_.verify(genesis_.registrar, entry_signed_bytes(chain_id_, swapped_[i].entry),
                          papers.signature) &&
             verifier_.verify(registered_.account_key,
                              swap_signed_bytes(chain_id_, swapped_[i].opening.data),
                              swaps_[i].signature),
         "swaps: not signed by registrar and account");
  }
  for (const Opened& o : ruled_)
    want(verifier_.verify(genesis_.registrar, entry_signed_bytes(chain_id_, o.entry),
                          take(decode_ruling_body(o.tx.body), "rulings").signature),
         "rulings: not signed by the registrar");
  for (std::size_t i = 0; i < orders_.size(); ++i)
    want(verifier_.verify(registered_.account_key,
                          order_signed_bytes(chain_id_, orders_[i].opening.data),
                          own_orders_[i].signature),
         "an order is not signed by the account");
  return "registrar, gateway and account signed what is theirs";
}

void ReceiptVerifier::open_batch(const json& j, std::size_t number) {
  const std::string name = "batches[" + std::to_string(number) + "]";
  const Opened o = open(j, TransactionKind::batch, name);
  const Batch batch = take(decode_batch(o.tx.body), name);
  want(by_gateway(o, batch.gateway, batch.signature), name + ": not signed by the gateway");
  const MeterRecord record = take(decode_meter_record(o.opening.data), name);
  want(record.meter == registered_.meter && record.epoch == batch.epoch,
       name + ": record of another meter or epoch");
  want(epochs_.empty() || epochs_.back() < batch.epoch, name + ": is not in order of epochs");
  epochs_.push_back(batch.epoch);
  verdict_ |= record.verdict;
  take_readings(list_at(j, "readings"), record, name);
}

// In the slot of a swap, by the meter before it or behind it.
bool ReceiptVerifier::given_by_meter(const MeterWord& word) {
  for (std::size_t i = swaps_.size(); i > 0; --i) {
    if (gave(swaps_[i - 1].meter_key, word, verifier_)) return true;
    if (swaps_[i - 1].slot.value < slot_) return false;
  }
  return gave(registered_.meter_key, word, verifier_);
}

void ReceiptVerifier::take_readings(const json& j, const MeterRecord& record,
                                    const std::string& name) {
  std::vector<Hash> leaves;
  std::vector<ReadingBytes> bytes;
  std::vector<Signature> each;
  const std::size_t before = readings_.size();
  for (const json& r : j) {
    const bool signed_ = r.contains("signature");
    if (!signed_) {
      only_keys(r, {"data", "salt"}, name + ".readings");
    } else {
      only_keys(r, {"data", "salt", "signature"}, name + ".readings");
      const auto s = array_from_hex<64>(r.at("signature").get_ref<const std::string&>());
      want(s && each.size() == bytes.size(), name + ": a reading's signature is malformed");
      each.push_back(*s);
    }
    const auto data = array_from_hex<reading_size>(r.at("data").get_ref<const std::string&>());
    const auto salt = array_from_hex<32>(r.at("salt").get_ref<const std::string&>());
    want(data && salt, name + ": a reading is malformed");
    leaves.push_back(leaf_hash(commitment(*salt, *data)));
    bytes.push_back(*data);
    readings_.push_back(decode_reading(*data));
  }
  want(each.empty() || each.size() == bytes.size(), name + ": only some readings are signed");
  want(root_of(leaves) == record.readings_root && leaves.size() == record.count,
       name + ": readings do not hash to the record's root");
  const bool absent = record.verdict & bit(Rule::absent);
  want(absent == leaves.empty(), name + ": an absence holds readings, or a record none");
  if (absent) return;
  const bool holds = given_by_meter(word_of(chain_id_, record, bytes, leaves, each));
  const bool forged = record.verdict & bit(Rule::signature);
  want(holds || forged, name + ": not signed by the meter");
  want(!holds || !forged, name + ": signed by the meter, and the verdict says otherwise");
  // Nothing is taken from a minute that is not the meter's.
  if (forged) readings_.resize(before);
  if (forged) return;
  if (record.verdict & bit(Rule::sequence_stale)) return;
  const Reading& last = readings_.back();
  want(readings_[before].sequence == record.first_sequence &&
           last.import_register == record.import_register &&
           last.export_register == record.export_register && last.time_ms == record.end_time_ms,
       name + ": record does not begin and end where its readings do");
}

// Where the slot has a mark: every batch of the slot, and every reading up to its end but those
// that a verdict says are missing.
void ReceiptVerifier::check_coverage() {
  const std::int64_t begin_ms = std::int64_t{slot_} * genesis_.slot_ms,
                     end_ms = begin_ms + genesis_.slot_ms;
  const std::int64_t first = begin_ms / genesis_.batch_ms + 1, last = end_ms / genesis_.batch_ms;
  want(std::all_of(epochs_.begin(), epochs_.end(),
                   [&](std::uint32_t e) { return first <= e && e <= last; }),
       "a batch is of another slot");
  if (!at_end_) return;
  want(std::int64_t(epochs_.size()) == last - first + 1, "a batch of the slot is missing");
  constexpr Verdict missing = bit(Rule::signature) | bit(Rule::sequence_gap) |
                              bit(Rule::sequence_stale) | bit(Rule::absent);
  if ((verdict_ & missing) || swapped_in_slot()) return;
  // What was kept over an outage may have begun before the slot.
  const auto of_slot = std::count_if(readings_.begin(), readings_.end(), [&](const Reading& r) {
    return begin_ms < r.time_ms && r.time_ms <= end_ms;
  });
  want(of_slot == genesis_.slot_ms / genesis_.metering_ms,
       "readings of the slot are missing, and no verdict says so");
  for (std::size_t i = 1; i < readings_.size(); ++i)
    want(readings_[i].sequence == readings_[i - 1].sequence + 1,
         "a sequence is missing, and no verdict says so");
}

std::string ReceiptVerifier::check_readings() {
  std::size_t number = 0;
  for (const json& batch : list_at(j_, "batches")) open_batch(batch, number++);
  check_coverage();
  if (!(verdict_ & (bit(Rule::sequence_stale) | bit(Rule::time_backwards))) && !swapped_in_slot())
    for (std::size_t i = 1; i < readings_.size(); ++i)
      want(readings_[i].sequence > readings_[i - 1].sequence &&
               readings_[i].time_ms > readings_[i - 1].time_ms,
           "readings are not in their order");
  return std::to_string(readings_.size()) + " readings, signed by the meter" +
         (verdict_ == 0 ? std::string() : "; verdict: " + rule_names(verdict_));
}

// Where the statement's energy begins, and the swaps behind that.
Anchor ReceiptVerifier::anchor_at_start() const {
  Anchor out{registered_.import_register,
             registered_.export_register,
             statement_.since,
             statement_.standing == Standing::recovering,
             false,
             {},
             {}};
  if (at_start_) {
    out.import_register = at_start_->import_register;
    out.export_register = at_start_->export_register;
  }
  for (const MeterSwap& swap : swaps_)
    if (swap.slot >= statement_.since) out = after(out, swap);
  out.swapped = at_end_->swapped;
  return out;
}

std::string ReceiptVerifier::check_meter() {
  const std::string standing(name_of(statement_.standing));
  if (!at_end_) {
    want(statement_.standing == Standing::unmarked && statement_.imported.value == 0 &&
             statement_.exported.value == 0,
         "the slot has no mark, and the statement has energy");
    return "the slot has no mark: nothing is billed";
  }
  // A mark may be quarantined for readings of slots before it that had no mark of their own.
  want(quarantines(verdict_) == at_end_->quarantined ||
           (at_end_->quarantined && statement_.since.value < slot_),
       "quarantine of the mark is not what the records' verdicts say");
  const std::int64_t end_ms = (std::int64_t{slot_} + 1) * genesis_.slot_ms;
  const auto end = std::find_if(readings_.rbegin(), readings_.rend(),
                                [&](const Reading& r) { return r.time_ms == end_ms; });
  want(end != readings_.rend() && end->import_register == at_end_->import_register &&
           end->export_register == at_end_->export_register,
       "the slot's last reading is not the mark");
  // What was attested when the slot closed is the validators' word.
  if (statement_.standing == Standing::unattested) {
    want(statement_.imported.value == 0 && statement_.exported.value == 0,
         "a mark that was not attested carries energy");
    return standing;
  }
  const Anchor anchor = anchor_at_start();
  want(!anchor.tainted || anchor.since.value < slot_, "there was nothing to recover from");
  if (statement_.standing == Standing::unpapered) {
    want(!at_end_->quarantined && statement_.imported.value == 0 && statement_.exported.value == 0,
         "a mark without papers carries energy");
    return standing;
  }
  const JudgedMark judged =
      judge(anchor, *at_end_, {registered_.max_power_w, registered_.modulus, genesis_.slot_ms});
  want(judged.standing == statement_.standing, "the mark is not \"" + standing + "\"");
  want(judged.imported == statement_.imported && judged.exported == statement_.exported,
       "statement's energy is not the difference of the marks");
  return std::to_string(statement_.imported.value) + " Wh imported, " +
         std::to_string(statement_.exported.value) + " Wh exported; " + standing;
}

std::string ReceiptVerifier::check_clearing() {
  std::vector<Order> book;
  for (const json& row : list_at(j_, "book")) {
    const auto bytes = from_hex(row.get_ref<const std::string&>());
    want(bytes.has_value(), "book row is not lower-case hexadecimal");
    book.push_back(take(decode_book_row(*bytes), "book"));
    want(book.size() < 2 || book[book.size() - 2].id < book.back().id,
         "book is not in order of ids");
  }
  want(book_root(book) == settled_.book_root && book.size() == settled_.orders,
       "book does not hash to the settlement's root");
  const Clearing clearing = clear(genesis_.mechanism, book);
  want(clearing.price == settled_.price && clearing.volume == settled_.volume,
       "price and volume do not follow from the book");
  WattHours buy, sell;
  for (const SignedOrder& o : own_orders_) {
    const OrderId id = row_id(account_, o.order.id);
    const auto own =
        std::find_if(book.begin(), book.end(), [&](const Order& row) { return row.id == id; });
    want(own != book.end() && own->energy == o.order.energy && own->limit == o.order.limit &&
             own->side == o.order.side,
         "an order of the account is not in the book");
    (own->side == Side::buy ? buy : sell) +=
        clearing.fills[static_cast<std::size_t>(own - book.begin())];
  }
  want(statement_.contracted_buy == buy && statement_.contracted_sell == sell,
       "contracted energy does not follow from the orders' fills");
  want(statement_.bought <= std::min(buy, statement_.imported) &&
           statement_.sold <= std::min(sell, statement_.exported) && statement_.bought.value >= 0 &&
           statement_.sold.value >= 0,
       "delivered energy is above what was contracted or metered");
  return std::to_string(book.size()) + " orders cleared anew: " +
         (clearing.price ? std::to_string(clearing.price->value) + " micro-EUR/kWh" : "no price");
}

std::string ReceiptVerifier::check_tariff() {
  Statement recomputed = statement_;
  price_statement(recomputed, settled_.price, tariff_of(genesis_));
  want(recomputed == statement_, "an amount does not follow from quantities and tariff");
  return "every amount recomputed from genesis' tariff";
}

std::string ReceiptVerifier::check_bill() {
  json bill = json::array();
  std::vector<Correction> corrections;
  for (const Ruling& ruling : rulings_)
    corrections.push_back(correction_of(ruling, tariff_of(genesis_)));
  for (const auto& [line, micro_eur] : bill_lines(statement_, corrections))
    bill.push_back({{"line", line}, {"micro_eur", micro_eur}});
  const json& found = j_.at("bill");
  want(found.is_array(), "the bill is not a list");
  for (std::size_t i = 0; i < std::min(bill.size(), found.size()); ++i)
    want(bill[i].dump() == found[i].dump(), "line " + std::to_string(i + 1) +
                                                " of the bill differs: \"" +
                                                bill[i].at("line").get<std::string>() + "\"");
  want(bill.size() == found.size(), "the bill has another number of lines");
  return "total " + std::to_string(statement_.total.value) + " micro-EUR";
}

std::vector<ReceiptCheck> ReceiptVerifier::run() {
  std::vector<ReceiptCheck> out;
  struct Step {
    const char* name;
    std::string (ReceiptVerifier::*check)();
  };
  constexpr std::array<Step, 9> steps{{{"trust root", &ReceiptVerifier::check_trust},
                                       {"inclusion", &ReceiptVerifier::check_inclusion},
                                       {"openings", &ReceiptVerifier::check_openings},
                                       {"signatures", &ReceiptVerifier::check_signatures},
                                       {"readings", &ReceiptVerifier::check_readings},
                                       {"metered energy", &ReceiptVerifier::check_meter},
                                       {"clearing", &ReceiptVerifier::check_clearing},
                                       {"tariff", &ReceiptVerifier::check_tariff},
                                       {"bill", &ReceiptVerifier::check_bill}}};
  const char* name = "canonical form";
  try {
    parse();
    out.push_back({name, true, std::string(receipt_format)});
    for (const Step& step : steps) {
      name = step.name;
      out.push_back({name, true, (this->*step.check)()});
    }
  } catch (const Wrong& w) {
    out.push_back({name, false, w.why});
  } catch (const json::exception&) {
    out.push_back({name, false, "a value is missing or of another type"});
  }
  return out;
}

}  // namespace

std::vector<ReceiptCheck> verify_receipt(std::string_view text, const std::string& trusted_policy,
                                         Verifier& verifier) {
  if (is_erasure_receipt(text)) return verify_erasure_receipt(text, trusted_policy, verifier);
  return ReceiptVerifier(text, trusted_policy, verifier).run();
}

}  // namespace market
