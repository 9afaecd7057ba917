#include "market/receipt/erasure_receipt.hpp"

#include <nlohmann/json.hpp>

#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "market/tariff.hpp"

namespace market {

using nlohmann::json;

namespace {

constexpr std::size_t max_size = 16u << 20;
constexpr int max_record_depth = 8;
constexpr std::string_view before_account = "{\"account\":\"", behind_account = "\",\"erasure\":{";

struct Parts {
  AccountId account;
  std::string genesis, policy, proof;
  Bytes entry;
  std::uint64_t stages = 0;
};

// Exactly the keys of one, each of its type, in the one form that is written.
Result<Parts> parse(std::string_view text) {
  if (text.size() > max_size) return failure("larger than 16 MiB");
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= max_record_depth; };
  const json j = json::parse(text, shallow, false);
  if (!j.is_object() || j.dump() + "\n" != text) return failure("is not in its canonical form");
  const auto text_at = [](const json& in, const char* key) -> const std::string* {
    const auto at = in.find(key);
    return at == in.end() ? nullptr : at->get_ptr<const std::string*>();
  };
  const json erasure = j.value("erasure", json());
  if (j.size() != 6 || !erasure.is_object() || erasure.size() != 2 ||
      !j.value("stages", json()).is_number_unsigned())
    return failure("does not hold exactly the keys of an erasure");
  const std::string* account = text_at(j, "account");
  const std::string* entry = text_at(erasure, "entry");
  const std::string* proof = text_at(erasure, "proof");
  const std::string* genesis = text_at(j, "genesis");
  const std::string* policy = text_at(j, "policy");
  const std::string* format = text_at(j, "format");
  if (!account || !entry || !proof || !genesis || !policy || !format || *format != erasure_format)
    return failure("a value is missing or of another type");
  const auto id = array_from_hex<16>(*account);
  const auto bytes = from_hex(*entry);
  if (!id || !bytes) return failure("a value is not lower-case hexadecimal");
  return Parts{{*id}, *genesis, *policy, *proof, *bytes, j["stages"].get<std::uint64_t>()};
}

Result<Genesis> trusted_genesis(const Parts& p, const std::string& trusted_policy) {
  auto genesis = decode_genesis(p.genesis);
  if (!genesis) return failure("genesis: " + genesis.error());
  if (const auto terms = check_terms(*genesis); !terms) return failure(terms.error());
  if (p.policy != policy_text(*genesis)) return failure("policy does not follow from genesis");
  if (!trusted_policy.empty() && p.policy != trusted_policy)
    return failure("policy differs from the trusted one");
  return genesis;
}

Result<std::uint64_t> index_on_log(const Parts& p, const Genesis& genesis, Verifier& verifier) {
  const auto entry = view_entry(p.entry);
  if (!entry || entry->kind != TransactionKind::erasure)
    return failure("erasure: is another kind of entry");
  if (const auto body = decode_erasure_body(entry->body); !body)
    return failure("erasure: " + body.error());
  const auto proof = parse_tlog_proof(p.proof);
  if (!proof) return failure("erasure: " + proof.error());
  if (auto ok = verify_tlog_proof(*proof, p.entry, policy_of(genesis), verifier); !ok)
    return failure("erasure: " + ok.error());
  return proof->index;
}

Result<void> check_record(const Parts& p, const Genesis& genesis, Verifier& verifier) {
  const EntryView entry = *view_entry(p.entry);
  const ErasureBody body = *decode_erasure_body(entry.body);
  if (!verifier.verify(genesis.registrar, entry_signed_bytes(chain_id_of(genesis), p.entry),
                       body.signature))
    return failure("erasure is not signed by the registrar");
  if (erases(entry, p.account) != p.stages || p.stages == 0)
    return failure("erasure is not of this account and these stages");
  return {};
}

}  // namespace

std::string write_erasure_receipt(const PublicLog& log, const AccountId& account,
                                  const ErasureRecord& record) {
  const TlogProof proof{record.entry, log.tree.inclusion_proof(record.entry, log.entries.size()),
                        log.checkpoint_note};
  const json j{{"account", to_hex(account.bytes)},
               {"erasure",
                {{"entry", to_hex(log.entries[record.entry])}, {"proof", write_tlog_proof(proof)}}},
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
  std::vector<ReceiptCheck> out;
  const auto wrong = [&](const char* name, const std::string& why) {
    out.push_back({name, false, why, {}});
    return out;
  };
  const auto parts = parse(text);
  if (!parts) return wrong("canonical form", parts.error());
  out.push_back({"canonical form", true, std::string(erasure_format), {}});
  const auto genesis = trusted_genesis(*parts, trusted_policy);
  if (!genesis) return wrong("trust root", genesis.error());
  out.push_back(
      {"trust root",
       true,
       trusted_policy.empty() ? "trust root taken from the receipt itself" : "trust root as given",
       {}});
  const auto index = index_on_log(*parts, *genesis, verifier);
  if (!index) return wrong("inclusion", index.error());
  out.push_back({"inclusion", true, "under a checkpoint with a quorum", {}});
  if (auto ok = check_record(*parts, *genesis, verifier); !ok) return wrong("erasure", ok.error());
  out.push_back({"erasure", true, "erased by record " + std::to_string(*index), *index});
  return out;
}

}  // namespace market
