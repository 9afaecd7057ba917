#pragma once
// Records of the Open Charge Metering Format with keys whose seeds are known.

#include <string>

#include "ledger/crypto/ecdsa.hpp"

namespace test {

inline ledger::EcdsaKey ocmf_key(ledger::Curve curve, std::uint8_t number = 1) {
  ledger::KeySeed seed;
  seed.fill(number);
  return ledger::EcdsaKey::from_seed(curve, seed);
}

// Two readings of a meter: 9.038 kWh and, eleven and a half minutes later, 10.342.
inline const std::string ocmf_payload =
    R"({"FV":"1.0","GI":"gateway","GS":"17","PG":"T9","MV":"maker","MM":"model","MS":"4711",)"
    R"("IS":true,"IT":"ISO14443","ID":"ad228beb","RD":[{"TM":"2026-06-21T09:09:51,000+0200 S",)"
    R"("TX":"B","RV":"       9.038","RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"},)"
    R"({"TM":"2026-06-21T09:21:21,500+0200 S","TX":"E","RV":10.342}]})";

inline std::string ocmf_record(const std::string& payload, const ledger::EcdsaKey& key,
                               bool base64 = false) {
  const ledger::Bytes signature = key.sign(ledger::bytes_of(payload));
  return "OCMF|" + payload + "|{\"SA\":\"ECDSA-" + std::string(name_of(key.public_key().curve())) +
         "-SHA256\",\"SE\":\"" + (base64 ? "base64" : "hex") + "\",\"SD\":\"" +
         (base64 ? ledger::to_base64(signature) : ledger::to_hex(signature)) + "\"}";
}

}  // namespace test
