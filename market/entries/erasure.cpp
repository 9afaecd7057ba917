#include "market/entries/erasure.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {
namespace {

constexpr std::uint8_t erasure_version = 1;
constexpr Stages all_stages = personal_stage | billing_stage;

}  // namespace

Bytes encode(const ErasureBody& body) {
  return ByteWriter().raw(body.salt).raw(body.signature).take();
}

Bytes encode(const Erasure& e) {
  return ByteWriter().raw(e.account.bytes).u8(erasure_version).u8(e.stages).take();
}

Result<ErasureBody> decode_erasure_body(BytesView bytes) {
  ByteReader r(bytes);
  ErasureBody out;
  out.salt = r.array<32>();
  out.signature = r.array<64>();
  if (!r.done()) return failure("erasure's body is not in its canonical form");
  return out;
}

Result<Erasure> decode_erasure(BytesView opening) {
  ByteReader r(opening);
  Erasure out;
  out.account.bytes = r.array<16>();
  const std::uint8_t found_version = r.u8();
  out.stages = r.u8();
  if (!r.done() || found_version != erasure_version || out.stages == 0 || out.stages > all_stages)
    return failure("erasure's opening is not in its canonical form");
  return out;
}

Transaction erasure_of(const Hash& chain_id, const Erasure& erasure, const Salt& salt,
                       Signer& registrar) {
  Transaction tx;
  tx.kind = TransactionKind::erasure;
  tx.openings.push_back({salt, encode(erasure)});
  tx.root = openings_root(tx.openings);
  tx.body = encode(ErasureBody{salt, {}});
  sign_entry(tx, chain_id, registrar);
  return tx;
}

Result<Stages> next_stages(Stages so_far, Stages more) {
  if (so_far & more) return failure("the account's data are erased already");
  const Stages out = so_far | more;
  if (!(out & personal_stage))
    return failure("billing data are erased after personal data, or together with them");
  return out;
}

Hash erased_value(Stages stages) {
  const std::array<std::uint8_t, 1> byte{stages};
  return sha256({bytes_of("aipchain erased 1"), byte});
}

Stages erases(const EntryView& entry, const AccountId& account) {
  if (entry.kind != TransactionKind::erasure) return 0;
  const auto body = decode_erasure_body(entry.body);
  if (!body) return 0;
  for (Stages stages = 1; stages <= all_stages; ++stages) {
    const Opening opening{body->salt, encode(Erasure{account, stages})};
    if (openings_root({&opening, 1}) == entry.root) return stages;
  }
  return 0;
}

}  // namespace market
