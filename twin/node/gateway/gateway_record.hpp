#pragma once
// What a gateway needs after a restart, as one record that replaces the one before. It is durable
// before anything of the batch that it is about leaves, and holds what the ledger is not known to
// have, that batch too, so that a gateway which stopped in between posts the same one again and
// never a second one for its epoch.
//
//   chain id 32, gateway u32, next epoch u32, SHA-256 of the last batch entry 32,
//   count u32 of meters, for each: meter u32, flags u8 (1 last, 2 slot end, 4 slot quarantined, 8
//     usual power, 16 papers, 32 and 64 the anchor is tainted, swapped), meter's key 32, its first
//     import and export register u40, last reading taken 23, reading at the open slot's end 23,
//     usual power's median and deviation u32 (zeros where there is none), import and export
//     register of the last record that is not quarantined i64, anchor: import, export i64, since
//     u32, offsets i64; papers sized (an opening of market/entries/entries.hpp, empty where none
//     wait); with flag 128: more u8 (1 next key, 2 next key of the account, 4 leaves), and of each:
//     from u32, key 32; the present key 32 of the account, from u32, its next key 32; last slot u32
//   count u32 of messages to validators (unconfirmed.hpp), for each: until epoch and slots u32, the
//     message sized; requests to oracles among them (attesting.hpp), until zeros;
//   count u32 of personal openings of the last batch, each sized;
//   SHA-256 of all before 32
//
// Personal data: it stays on the gateway's own disk.

#include "market/metering/metered_point.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/base/node.hpp"

namespace twin {

struct GatewayRecord {
  Hash chain_id{};
  ledger::GatewayId gateway;
  std::uint32_t next_epoch = 1;
  Hash last_entry{};
  struct Meter {
    ledger::MeterId meter;
    market::MeteredPoint::Memory memory;
  };
  std::vector<Meter> meters;
  struct Message {
    LedgerProgress until;
    Bytes bytes;
  };
  std::vector<Message> messages;
  std::vector<Bytes> personal_openings;
};

Bytes encode(const GatewayRecord& record);
// The error says what does not hold.
ledger::Result<GatewayRecord> decode_gateway_record(BytesView bytes);

}  // namespace twin
