#include "market/entries/consent.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"

namespace market {
namespace {

constexpr std::uint8_t consent_version = 1;
constexpr std::array<std::string_view, 4> purposes{"advice", "grid-planning", "research",
                                                   "dispute"};
constexpr std::size_t signature_size = sizeof(Signature);

}  // namespace

std::string_view name_of(Purpose purpose) {
  return purposes[static_cast<std::size_t>(purpose) - 1];
}

std::optional<Purpose> purpose_named(std::string_view name) {
  const auto at = std::find(purposes.begin(), purposes.end(), name);
  if (at == purposes.end()) return std::nullopt;
  return static_cast<Purpose>(at - purposes.begin() + 1);
}

Bytes encode(const Consent& c) {
  ByteWriter w;
  w.raw(c.place.account.bytes).u8(consent_version).u32(c.number);
  w.u8(static_cast<std::uint8_t>(c.place.purpose)).u8(c.withdrawn ? 1 : 0).raw(c.place.recipient);
  return w.u32(c.first_slot.value).u32(c.end_slot.value).raw(c.signature).take();
}

Bytes encode(const ConsentPlace& place) {
  ByteWriter w;
  w.raw(place.account.bytes).raw(place.recipient);
  return w.u8(static_cast<std::uint8_t>(place.purpose)).take();
}

Result<Consent> decode_consent(BytesView opening) {
  ByteReader r(opening);
  Consent c;
  c.place.account.bytes = r.array<16>();
  const std::uint8_t found_version = r.u8();
  c.number = r.u32();
  const std::uint8_t purpose = r.u8(), withdrawn = r.u8();
  c.place.purpose = static_cast<Purpose>(purpose);
  c.withdrawn = withdrawn == 1;
  c.place.recipient = r.array<32>();
  c.first_slot = {r.u32()};
  c.end_slot = {r.u32()};
  c.signature = r.array<64>();
  const bool slots_fit =
      c.withdrawn ? c.first_slot.value == 0 && c.end_slot.value == 0 : c.first_slot < c.end_slot;
  if (!r.done() || found_version != consent_version || purpose == 0 || purpose > purposes.size() ||
      withdrawn > 1 || !slots_fit)
    return failure("consent is not in its canonical form");
  return c;
}

Bytes consent_signed_bytes(const Hash& chain_id, BytesView opening) {
  ByteWriter w;
  w.raw(bytes_of("aipchain consent 1")).raw(chain_id);
  return w.raw(opening.first(opening.size() - std::min(opening.size(), signature_size))).take();
}

Transaction consent_of(const Hash& chain_id, Consent consent, const SubjectKey& restricted_key,
                       Signer& account) {
  consent.signature = account.sign(consent_signed_bytes(chain_id, encode(consent)));
  Transaction tx;
  tx.kind = TransactionKind::consent;
  const Salt salt = derive_salt(restricted_key, SaltLabel::consent,
                                static_cast<std::uint32_t>(consent.place.purpose), consent.number,
                                consent.place.recipient);
  tx.openings.push_back({salt, encode(consent)});
  tx.root = openings_root(tx.openings);
  return tx;
}

}  // namespace market
