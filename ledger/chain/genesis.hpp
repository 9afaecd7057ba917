#pragma once
// What a chain starts from, as a public file: canonical JSON (keys sorted, no spaces, integers).
// Its SHA-256 is the chain id, which is part of everything that is signed. "attesters",
// "vat_permille" and "capacity_price", this one with "zone", stand there only where they are above
// 0.

#include <string>
#include <vector>

#include "ledger/base/amounts.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/local_time.hpp"
#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/nights.hpp"

namespace ledger {

inline constexpr std::uint32_t max_vat_permille = 500;
inline constexpr MicroEuros max_capacity_price{1'000'000'000};  // 1,000 EUR/kW

struct Genesis {
  std::string name;                // of the chain; its log's origin is made of it
  CivilTime epoch;                 // what Instant 0 means
  std::int64_t slot_ms = 900'000;  // market slot
  std::int64_t batch_ms = 60'000;  // one meter signature and gateway batch each
  std::int64_t block_ms = 60'000;  // block interval
  std::int64_t metering_ms = 5'000;
  std::int64_t close_grace_ms = 600'000;  // a slot closes without late gateways after this
  std::vector<PublicKey> validators;      // by ValidatorId
  std::vector<PublicKey> gateways;        // by GatewayId
  // The roles: market/entries/roles.hpp says which one signs what. One key may hold several.
  PublicKey registrar{}, metering_operator{}, gateway_administrator{}, certifier{};
  PublicKey grid_operator{};                   // zeros: there is none
  std::vector<PublicKey> oracles;              // sign findings; none: nobody does
  std::uint32_t attesters = 0;                 // oracles that attest each batch; 0: none has to
  std::vector<PublicKey> concentrators;        // post many gateways' batches; none: nobody does
  PublicKey observer{};                        // the log's own line on checkpoints
  std::array<std::uint8_t, 32> auditor_box{};  // X25519: who the auditor's copy is sealed for
  // Prices, micro-euro per kWh; meaning in market/clearing/tariff.hpp.
  Price retail_buy, retail_sell, grid_fee, local_grid_fee, levies;
  std::uint32_t vat_permille = 0;  // contained in these but retail_sell; at most max_vat_permille
  MicroEuros capacity_price;  // per kW, meaning in market/settlement/capacity.hpp; 0: there is none
  Zone zone;                  // whose calendar months that price is of
  std::string mechanism;      // market
  bool certificates = false;  // what a meter without one exports is not minted
  Hash rules{};               // hash of the oracle's rule set
  std::array<Nights::Dark, 12> dark{};  // by month: ledger/oracle/nights.hpp
  Hash input_hash{};                    // of the scenario or plan that the chain was set up from
};

// Of the log: "aipchain.example/<name>/<chain id, hexadecimal>". The keys of a policy are named
// after it and validators cosign it, so that a policy fits one chain and no other.
std::string origin_of(const Genesis& genesis);

std::string encode(const Genesis& genesis);
// Refuses any text that is not exactly what `encode` writes; the message is ASCII.
Result<Genesis> decode_genesis(std::string_view text);

// The slot in which a gateway's batch of the epoch ends.
Slot slot_of_epoch(const Genesis& genesis, std::uint32_t epoch);

Nights nights_of(const Genesis& genesis);

Hash chain_id_of(const Genesis& genesis);

// SHA-256("aipchain validators 1" || count u32 || their keys in order).
Hash validators_hash(const std::vector<PublicKey>& validators);

}  // namespace ledger
