#pragma once
// Bodies and openings of the transactions that change the registry after registration. Openings
// begin with the account and a version u8 of 1. Who signs: market/entries/roles.hpp.
//
// key change      body     of u8 (0 meter, 1 account, 2 gateway), gateway u32, slot u32 (from which
//                          the next key holds), lost u8 (1: nobody has the old key), a gateway's
//                          next key 32 and signature of its old key 64 (zeros but of a gateway),
//                          the role's signature 64
//                 opening  of a meter or account one: account 16, version, meter u32, of u8,
//                          slot u32, next key 32, old key's signature 64 (zeros where it is lost)
// deregistration  body     gateway u32, registrar's signature 64
//                 opening  one: account 16, version, meter u32, last slot u32, account's
//                          signature 64
// gateway         body     action u8 (0 registered, 1 withdrawn), gateway u32, key 32, first
//                          slot u32, end slot u32, gateway administrator's signature 64; of a
//                          withdrawal key and first slot are 0, and the end is the first slot that
//                          it is no gateway of
//                 no openings
// certificate     body     count u32, certifier's signature 64
//                 opening  account 16, version, meter u32, meter key 32 (one that the device has
//                          had), hash of the certificate 32, first slot u32, end slot u32
//
// The old key signs "aipchain key 1", chain id, of u8, meter or gateway u32, slot u32, next key.
// An account signs of its leaving "aipchain leave 1", chain id, and the opening without its last 64
// bytes.

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/entries/key_line.hpp"
#include "market/entries/roles.hpp"

namespace market {

using namespace ledger;

struct KeyChangeBody {
  KeyOf of{};
  GatewayId gateway;
  Slot slot;
  bool lost = false;
  PublicKey next_key{};       // a gateway's
  Signature old_signature{};  // likewise
  Signature signature{};
};

struct KeyChange {
  AccountId account;
  MeterId meter;
  KeyOf of{};  // meter or account
  Slot slot;
  PublicKey next_key{};
  Signature old_signature{};

  NextKey next() const { return {next_key, slot}; }
};

struct DeregistrationBody {
  GatewayId gateway;
  Signature signature{};
};

struct Deregistration {
  AccountId account;
  MeterId meter;
  Slot last;
  Signature signature{};
};

struct GatewayBody {
  enum class Action : std::uint8_t { registered = 0, withdrawn = 1 };
  Action action{};
  GatewayId gateway;
  PublicKey key{};
  Slot first, end;
  Signature signature{};
};

struct CertificateBody {
  std::uint32_t count = 0;
  Signature signature{};
};

struct MeterCertificate {
  AccountId account;
  MeterId meter;
  PublicKey meter_key{};
  Hash hash{};
  Slot first, end;

  auto operator<=>(const MeterCertificate&) const = default;
  bool covers(Slot from, Slot to) const { return first <= from && to < end; }
};

Bytes encode(const KeyChangeBody&);
Bytes encode(const KeyChange&);
Bytes encode(const DeregistrationBody&);
Bytes encode(const Deregistration&);
Bytes encode(const GatewayBody&);
Bytes encode(const CertificateBody&);
Bytes encode(const MeterCertificate&);

Result<KeyChangeBody> decode_key_change_body(BytesView body);
Result<KeyChange> decode_key_change(BytesView opening);
Result<DeregistrationBody> decode_deregistration_body(BytesView body);
Result<Deregistration> decode_deregistration(BytesView opening);
Result<GatewayBody> decode_gateway_body(BytesView body);
Result<CertificateBody> decode_certificate_body(BytesView body);
Result<MeterCertificate> decode_meter_certificate(BytesView opening);

Opening opening_of(const SubjectKey& restricted_key, const KeyChange& change);
Opening opening_of(const SubjectKey& restricted_key, const Deregistration& leaving);
Opening opening_of(const SubjectKey& restricted_key, const MeterCertificate& certificate);

// Whole transactions, signed by all whom it takes. Without the old key it is lost.
Transaction key_change_of(const Hash& chain_id, GatewayId gateway, KeyChange change,
                          const SubjectKey& restricted_key, Signer* old_key, Signer& role);
Transaction gateway_key_change_of(const Hash& chain_id, GatewayId gateway, const NextKey& next,
                                  Signer* old_key, Signer& administrator);
Transaction deregistration_of(const Hash& chain_id, GatewayId gateway, Deregistration leaving,
                              const SubjectKey& restricted_key, Signer& account, Signer& registrar);
Transaction gateway_of(const Hash& chain_id, const GatewayBody& body, Signer& administrator);
Transaction certificates_of(const Hash& chain_id, std::vector<Opening> certificates,
                            Signer& certifier);

// `id`: of the meter, also where its account's key changes, or of the gateway.
Bytes key_signed_bytes(const Hash& chain_id, KeyOf of, std::uint32_t id, const NextKey& next);
Bytes leaving_signed_bytes(const Hash& chain_id, BytesView opening);

}  // namespace market
