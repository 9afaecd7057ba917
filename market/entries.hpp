#pragma once
// Bodies and openings of the transactions that the market executes. All openings begin with the
// account they belong to; integers are big-endian; the entry's prefix stands in
// ledger/chain/transaction.hpp. A body that ends in a signature signs `entry_signed_bytes`.
//
// registration  body     gateway u32, registrar's signature 64
//               opening  account 16, meter u32, gateway u32, kind u8, meter key 32, account key 32,
//                        restricted key 32, max power u32 (W), import u40, export u40 (mWh),
//                        deposit i64 (micro-euro)
// marks         body     gateway u32, slot u32, count u32, gateway's signature 64
//               opening  account 16, meter u32, slot u32, import u40, export u40 (mWh at the slot's
//                        end), flags u8 (bit 0: the slot holds quarantined readings)
// order         body     slot u32
//               opening  account 16, meter u32, slot u32, side u8 (0 buy, 1 sell), energy i64 (Wh),
//                        limit i64 (micro-euro per kWh), id 16, account's signature 64
// forecast      body     gateway u32, first slot u32, slots u16, total i64 (Wh, homes only),
//                        gateway's signature 64
//               opening  account 16, meter u32, first slot u32, slots u16, slots times i32 (Wh net)

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/order.hpp"

namespace market {

using namespace ledger;

enum class MeterKind : std::uint8_t { home = 0, feeder = 1 };

struct Registration {
  AccountId account;
  MeterId meter;
  GatewayId gateway;
  MeterKind kind = MeterKind::home;
  PublicKey meter_key{}, account_key{};
  SubjectKey restricted_key{};
  std::uint32_t max_power_w = 0;
  MilliWattHours import_register, export_register;
  MicroEuros deposit;
};

struct Mark {
  AccountId account;
  MeterId meter;
  Slot slot;
  MilliWattHours import_register, export_register;
  bool quarantined = false;
};

struct SignedOrder {
  Order order;
  MeterId meter;
  Signature signature{};
};

struct Forecast {
  AccountId account;
  MeterId meter;
  Slot first_slot;
  std::vector<std::int32_t> net_wh;  // import positive
};

// Bodies.
struct RegistrationBody {
  GatewayId gateway;
  Signature signature{};
};
struct MarksBody {
  GatewayId gateway;
  Slot slot;
  std::uint32_t count = 0;
  Signature signature{};
};
struct OrderBody {
  Slot slot;
};
struct ForecastBody {
  GatewayId gateway;
  Slot first_slot;
  std::uint16_t slots = 0;
  WattHours total;
  Signature signature{};
};

Bytes encode(const Registration&);
Bytes encode(const Mark&);
Bytes encode(const SignedOrder&);
Bytes encode(const Forecast&);
Bytes encode(const RegistrationBody&);
Bytes encode(const MarksBody&);
Bytes encode(const OrderBody&);
Bytes encode(const ForecastBody&);

Result<Registration> decode_registration(BytesView opening);
Result<Mark> decode_mark(BytesView opening);
Result<SignedOrder> decode_order(BytesView opening);
Result<Forecast> decode_forecast(BytesView opening);
Result<RegistrationBody> decode_registration_body(BytesView body);
Result<MarksBody> decode_marks_body(BytesView body);
Result<OrderBody> decode_order_body(BytesView body);
Result<ForecastBody> decode_forecast_body(BytesView body);

// What an account signs of its order: label, chain id, the opening without its last 64 bytes.
Bytes order_signed_bytes(const Hash& chain_id, BytesView opening);

}  // namespace market
