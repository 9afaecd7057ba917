#pragma once
// A record of the Open Charge Metering Format (S.A.F.E. e.V., OCMF 1.0 to 1.2): what a charging
// station's meter counted, signed so that whoever pays can check it.
//
//   OCMF|<payload>|<signature>      payload and signature: a JSON object each
//
// Signed are the payload's bytes from bar to bar, exactly as they stand, white space included. A
// bar inside a JSON text does not end the payload. (OCMF allows none there, but to cut at it would
// be to sign something else than what is read; we write none.)
//
//   payload    FV version  GI GS GV gateway: identification, serial, version  PG pagination,
//              MV MM MS MF meter: vendor, model, serial, firmware
//              IS IL IF IT ID TT user: assigned, level, flags, type, identification, tariff
//              CT CI charge point: type, identification  RD list of readings
//   reading    TM time and its state  TX reason  RV value  RI OBIS code  RU unit  RT AC or DC
//              EF error flags  ST state of the meter
//   signature  SA algorithm (ECDSA-secp256r1-SHA256)  SE encoding, hex or base64 (hex)
//              SM application/x-der  SD the signature              (...): where it is missing
//
// A reading takes each field that it leaves out from the one before it, but for RV: a reading
// without a value is an event. Of other keys nothing is read; they are signed like all.

#include <optional>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"

namespace ledger {

inline constexpr std::size_t max_ocmf_bytes = 64 << 10;
inline constexpr std::size_t max_ocmf_depth = 8;

// What the gateway knew of the time (OCMF table 19).
enum class OcmfTimeState : char {
  unsynchronised = 'U',
  informative = 'I',
  synchronised = 'S',
  relative = 'R',  // informative at the start, exact in the time passed since
};

struct OcmfReading {
  CivilTime time;
  OcmfTimeState time_state = OcmfTimeState::unsynchronised;
  std::string value;         // RV: a JSON number's text as it stands; empty for an event
  std::string transaction;   // TX: "B" begin, "C" while charging, "E" end, ... (OCMF table 7)
  std::string obis;          // RI
  std::string unit;          // RU
  std::string current_type;  // RT
  std::string error_flags;   // EF: E the energy, t the time is of no use
  std::string meter_state;   // ST: "G" is good (OCMF table 10)
};

// How it was signed, as it stands, with OCMF's defaults where nothing does.
struct OcmfSignature {
  std::string algorithm = "ECDSA-secp256r1-SHA256";
  std::string encoding = "hex";
  std::string mime_type = "application/x-der";
  std::string data;
};

// Fields that are missing are empty.
struct OcmfRecord {
  std::string text;     // all of it, as it came
  std::string payload;  // what is signed
  std::string format_version;
  std::string gateway_id, gateway_serial, gateway_version;
  std::string pagination;
  std::string meter_vendor, meter_model, meter_serial, meter_firmware;
  std::optional<bool> user_assigned;
  std::string user_level, user_type, user_id, tariff;
  std::vector<std::string> user_flags;
  std::string charge_point_type, charge_point_id;
  std::vector<OcmfReading> readings;  // at least one
  OcmfSignature signature;
};

}  // namespace ledger
