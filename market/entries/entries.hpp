#pragma once
// Bodies and openings of the transactions that the market executes. All openings begin with the
// account they belong to and a version u8 of 1; integers are big-endian; the entry's prefix, which
// holds the bodies' version, stands in ledger/chain/transaction.hpp. A body that ends in a
// signature signs `entry_signed_bytes`.
//
// registration  body     gateway u32, meters u32, registrar's signature 64
//               opening  two a meter, one behind the other:
//                        account 16, version, meter u32, gateway u32, feeder u32, kind u8,
//                        meter key 32, account key 32, max power u32 (W), import u40,
//                        export u40 (mWh), modulus u40 (mWh at which its registers begin anew,
//                        whole Wh; 0: at none), generation u32, storage u32 (W, rated), deposit i64
//                        (micro-euro), first slot u32, end slot u32
//                        account 16, version, meter u32, restricted key 32
//               The account is the meter's from the first slot to the one before the end slot (a
//               pseudonym's month, in slots). The key is for those who execute: no receipt shows
//               it.
// meter swap    body     gateway u32, count u32, registrar's signature 64
//               opening  account 16, version, meter u32, slot u32, closing import u40, closing
//               export
//                        u40, opening import u40, opening export u40 (mWh, whole Wh), new meter's
//                        key 32, account's signature 64
//               Two parties close one meter and open the next: the registrar and the account.
// marks         body     gateway u32, slot u32, count u32, gateway's signature 64
//               opening  account 16, version, meter u32, slot u32, import u40, export u40 (mWh at
//               the
//                        slot's end), quarantine u8 (0 none; 1 a reading since the last mark failed
//                        a rule), swapped u8 (1: the meter was swapped since the last mark),
//                        quarantined import u40, quarantined export u40 (mWh; 0: kept for
//                        quarantines that are released)
// order         body     slot u32
//               opening  account 16, version, meter u32, slot u32, side u8 (0 buy, 1 sell),
//                        energy i64 (Wh), limit i64 (micro-euro per kWh), id 16, account's
//                        signature 64
//                        With a preference its version is 2, and behind the id stand its partner's
//                        account 16 (zeros: none) and green u8 (1: yes), not both nothing.
// forecast      body     gateway u32, first slot u32, slots u16, total i64 (Wh; INT64_MIN where
//                        ledger/oracle/public_sum.hpp hides it), gateway's signature 64
//               opening  account 16, version, meter u32, first slot u32, slots u16, slots times i32
//                        (Wh net)

#include <optional>
#include <span>

#include "ledger/chain/genesis.hpp"
#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/rules.hpp"
#include "market/clearing/order.hpp"

namespace market {

using namespace ledger;

enum class MeterKind : std::uint8_t { home = 0, feeder = 1 };

struct Registration {
  AccountId account;
  MeterId meter;
  GatewayId gateway;
  std::uint32_t feeder = 0;
  MeterKind kind = MeterKind::home;
  PublicKey meter_key{}, account_key{};
  std::uint32_t max_power_w = 0;
  MilliWattHours import_register, export_register;
  MilliWattHours modulus;                         // at which registers begin anew, 0: at none
  std::uint32_t generation_w = 0, storage_w = 0;  // rated, of what may export behind the meter
  MicroEuros deposit;
  Slot first_slot, end_slot{UINT32_MAX};

  bool valid_in(Slot slot) const { return first_slot <= slot && slot < end_slot; }
};
// A fuse lets through far less; energies of whole years at this stay far within 64 bits.
inline constexpr std::uint32_t max_meter_power_w = 100'000'000;

// What the oracle holds its readings to. `nights` outlives the limits.
MeterLimits limits_of(const Registration& registration, const Genesis& genesis,
                      const Nights& nights);

// Seals what is restricted of an account.
struct SealingKey {
  AccountId account;
  MeterId meter;
  SubjectKey key{};
};

struct Registered {
  Registration registration;
  SubjectKey restricted_key{};
};

struct Mark {
  AccountId account;
  MeterId meter;
  Slot slot;
  MilliWattHours import_register, export_register;
  bool quarantined = false;
  bool swapped = false;  // since the meter's last mark
};

// One meter closed and the next one opened at the same metering point.
struct MeterSwap {
  AccountId account;
  MeterId meter;
  Slot slot;                                      // in which it happened
  MilliWattHours closing_import, closing_export;  // the old meter's last registers
  MilliWattHours opening_import, opening_export;  // the new one's first
  PublicKey meter_key{};                          // the new one's
  Signature signature{};                          // by the account
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
  std::uint32_t meters = 0;
  Signature signature{};
};
struct MeterSwapBody {
  GatewayId gateway;
  std::uint32_t count = 0;
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
  std::optional<WattHours> total;
  Signature signature{};
};
// What a forecast's body shows of its homes' totals: as public_gateway_sum does.
std::optional<WattHours> public_total(std::span<const Forecast> homes, std::size_t gateways);

Bytes encode(const Registration&);
Bytes encode(const SealingKey&);
Bytes encode(const MeterSwap&);
Bytes encode(const Mark&);
Bytes encode(const SignedOrder&);
Bytes encode(const Forecast&);
Bytes encode(const RegistrationBody&);
Bytes encode(const MeterSwapBody&);
Bytes encode(const MarksBody&);
Bytes encode(const OrderBody&);
Bytes encode(const ForecastBody&);

Result<Registration> decode_registration(BytesView opening);
Result<SealingKey> decode_sealing_key(BytesView opening);
Result<MeterSwap> decode_meter_swap(BytesView opening);
Result<Mark> decode_mark(BytesView opening);
Result<SignedOrder> decode_order(BytesView opening);
Result<Forecast> decode_forecast(BytesView opening);
Result<RegistrationBody> decode_registration_body(BytesView body);
Result<MeterSwapBody> decode_meter_swap_body(BytesView body);
Result<MarksBody> decode_marks_body(BytesView body);
Result<OrderBody> decode_order_body(BytesView body);
Result<ForecastBody> decode_forecast_body(BytesView body);

// A meter's two openings, and back: pairs that fit each other, an even number of openings.
void add_openings(std::vector<Opening>& openings, const Registered& meter);
Result<std::vector<Registered>> decode_registrations(std::span<const Opening> openings);

Opening opening_of(const SubjectKey& restricted_key, const Mark& mark);

// The opening of a swap, and what its account signs: label, chain id, the opening without its last
// 64 bytes.
Opening opening_of(const SubjectKey& restricted_key, const MeterSwap& swap);
Bytes swap_signed_bytes(const Hash& chain_id, BytesView opening);

// The salt of an order's opening.
Salt order_salt(const SubjectKey& restricted_key, const SignedOrder& order);

// What an account signs of its order: label, chain id, the opening without its last 64 bytes.
Bytes order_signed_bytes(const Hash& chain_id, BytesView opening);

}  // namespace market
