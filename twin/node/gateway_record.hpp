#pragma once
// What a gateway needs after a restart, as one record that replaces the one before. It is durable
// before anything of the batch that it is about leaves, and holds that batch, so that a gateway
// which stopped in between posts the same one again and never a second one for its epoch.
//
//   chain id 32, gateway u32, next epoch u32, SHA-256 of the last batch entry 32,
//   count u32 of meters, for each: meter u32, flags u8 (1 last, 2 slot end, 4 slot quarantined),
//     last reading taken 23, reading at the open slot's end 23 (zeros where there is none),
//     import and export register of the last record that is not quarantined u40
//   count u32 of messages to validators, each sized; count u32 of personal openings, each sized;
//   SHA-256 of all before 32
//
// Personal data: it stays on the gateway's own disk.

#include "ledger/oracle/reading.hpp"
#include "twin/node/node.hpp"

namespace twin {

struct GatewayRecord {
  Hash chain_id{};
  ledger::GatewayId gateway;
  std::uint32_t next_epoch = 1;
  Hash last_entry{};
  struct Meter {
    ledger::MeterId meter;
    std::optional<ledger::Reading> last, slot_end;
    bool slot_quarantined = false;
    ledger::MilliWattHours good_import, good_export;
  };
  std::vector<Meter> meters;
  std::vector<Bytes> messages, personal_openings;
};

Bytes encode(const GatewayRecord& record);
// The error says what does not hold.
ledger::Result<GatewayRecord> decode_gateway_record(BytesView bytes);

}  // namespace twin
