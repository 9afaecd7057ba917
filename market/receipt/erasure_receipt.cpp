#include "market/receipt/erasure_receipt.hpp"

#include <nlohmann/json.hpp>

#include "ledger/tlog/tlog_proof.hpp"
#include "market/receipt/proven_entry.hpp"
#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

constexpr std::size_t max_size = 16u << 20;
constexpr std::string_view before_account = "{\"account\":\"", behind_account = "\",\"erasure\":{";

struct Parts {
  AccountId account;
  std::string proof;
  Bytes entry;
  std::uint64_t stages = 0;
};

// Exactly the keys of one, each of its type, in the one form that is written.
Parts parse(const ReceiptText& text) {
  want(text.is_object() && text.is_canonical(), "is not in its canonical form");
  const ReceiptPart j = text.whole();
  want(j.keys().size() == 6 && j.has("erasure") && j.at("erasure").keys().size() == 2 &&
           j.has("stages") && j.at("stages").number(),
       "does not hold exactly the keys of an erasure");
  const std::string& account = j.at("account").text();
  const std::string& entry = j.at("erasure").at("entry").text();
  const std::string& proof = j.at("erasure").at("proof").text();
  for (const char* key : {"genesis", "policy"}) j.at(key).text();
  want(j.at("format").is_text(erasure_format), "a value is missing or of another type");
  const auto id = array_from_hex<16>(account);
  const auto bytes = from_hex(entry);
  want(id && bytes, "a value is not lower-case hexadecimal");
  return {{*id}, proof, *bytes, *j.at("stages").number()};
}

// Of the record on the log.
std::uint64_t check_inclusion(const Parts& p, const TrustRoot& trust) {
  const auto entry = view_entry(p.entry);
  want(entry && entry->kind == TransactionKind::erasure, "erasure: is another kind of entry");
  take(decode_erasure_body(entry->body), "erasure");
  const TlogProof proof = take(parse_tlog_proof(p.proof), "erasure");
  if (auto ok = verify_tlog_proof(proof, p.entry, trust.policy, trust.verifier); !ok)
    wrong("erasure: " + ok.error());
  return proof.index;
}

void check_record(const Parts& p, const TrustRoot& trust) {
  const EntryView entry = *view_entry(p.entry);
  const ErasureBody body = *decode_erasure_body(entry.body);
  want(trust.signed_entry(p.entry, trust.genesis.registrar, body.signature),
       "erasure is not signed by the registrar");
  want(erases(entry, p.account) == p.stages && p.stages != 0,
       "erasure is not of this account and these stages");
}

}  // namespace

std::string write_erasure_receipt(const PublicLog& log, const AccountId& account,
                                  const ErasureRecord& record) {
  const nlohmann::json j{
      {"account", to_hex(account.bytes)},
      {"erasure",
       {{"entry", to_hex(log.entries[record.entry])}, {"proof", proof_of(log, record.entry)}}},
      {"format", erasure_format},
      {"genesis", encode(log.genesis)},
      {"policy", log.policy_text},
      {"stages", record.stages}};
  return j.dump() + "\n";
}

bool is_erasure_receipt(std::string_view text) {
  constexpr std::size_t account = before_account.size() + 2 * sizeof(AccountId::bytes);
  return text.starts_with(before_account) && text.size() > account &&
         text.substr(account).starts_with(behind_account);
}

std::vector<ReceiptCheck> verify_erasure_receipt(std::string_view text,
                                                 const std::string& trusted_policy,
                                                 Verifier& verifier) {
  return list_checks([&](ReceiptChecks& checks) {
    checks.begin("canonical form");
    want(text.size() <= max_size, "larger than 16 MiB");
    const ReceiptText receipt(text);
    const Parts parts = parse(receipt);
    checks.holds(std::string(erasure_format));

    checks.begin("trust root");
    const TrustRoot trust = trust_root_of(receipt.whole(), trusted_policy, verifier);
    checks.holds(source_of_trust(trusted_policy));

    checks.begin("inclusion");
    const std::uint64_t index = check_inclusion(parts, trust);
    checks.holds("under a checkpoint with a quorum");

    checks.begin("erasure");
    check_record(parts, trust);
    checks.holds("erased by record " + std::to_string(index), index);
  });
}

}  // namespace market
