#pragma once
// Records of a charging station, each field as a test wants it. Its epoch is 11 o'clock.

#include <cstdio>
#include <string>

#include "hil/station/station_meter.hpp"
#include "tests/support/ocmf_record.hpp"

namespace test {

struct Said {
  int second = 5;  // since the epoch
  std::string value = "100.010", obis = "1-0:1.8.0", unit = "kWh";
  std::string state = "S", flags = "", meter_state = "G", transaction = "C";
  std::string serial = "4711", page = "T1";
};

inline std::string reading_text(const Said& s) {
  char time[40];
  std::snprintf(time, sizeof time, "2026-06-21T11:%02d:%02d,000+0200 ", s.second / 60,
                s.second % 60);
  return "{\"TM\":\"" + (time + s.state) + "\",\"TX\":\"" + s.transaction + "\",\"RV\":" + s.value +
         ",\"RI\":\"" + s.obis + "\",\"RU\":\"" + s.unit + "\",\"EF\":\"" + s.flags +
         "\",\"ST\":\"" + s.meter_state + "\"}";
}

inline const ledger::EcdsaKey& station_key() {
  static const ledger::EcdsaKey key = ocmf_key(ledger::Curve::secp256r1);
  return key;
}

// `readings`: reading_text, separated by commas.
inline std::string record_of(const Said& s, const std::string& readings) {
  return ocmf_record("{\"FV\":\"1.0\",\"PG\":\"" + s.page + "\",\"MS\":\"" + s.serial +
                         "\",\"RD\":[" + readings + "]}",
                     station_key());
}

inline std::string record_of(const Said& s) { return record_of(s, reading_text(s)); }

// 100 kWh are registered, and 11 kW come through.
inline hil::StationMeter station(const std::string& serial = "") {
  return {station_key().public_key(),
          {serial, *ledger::from_rfc3339("2026-06-21T11:00:00+02:00"), 11'000, {100'000'000}, {}}};
}

inline ledger::Instant second(int s) { return ledger::Instant{} + ledger::seconds(s); }

}  // namespace test
