#include "ledger/ocmf/ocmf_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger/ocmf/in_quotes.hpp"

namespace ledger {
namespace {

using nlohmann::json;

bool may_stand(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '|' || c == '\x7f' || (c >= 0 && c < ' '); });
}

// "key":"text", with what is not ASCII escaped.
Result<std::string> field(const char* key, const std::string& text) {
  try {
    if (may_stand(text)) return "\"" + std::string(key) + "\":" + json(text).dump(-1, ' ', true);
  } catch (const json::exception&) {
    // Not UTF-8: said below.
  }
  return failure(std::string(key) + " is " + in_quotes(text) +
                 "; a name is UTF-8 without bars and control characters");
}

// 1234567 mWh is 1.234567 kWh.
std::string kilowatt_hours(MilliWattHours energy) {
  const std::string part = std::to_string(energy.value % 1'000'000);
  return std::to_string(energy.value / 1'000'000) + "." + std::string(6 - part.size(), '0') + part;
}

// RFC 3339 with milliseconds, but for a comma and without the zone's colon.
std::string ocmf_time(const OcmfTransaction& t, const Reading& reading) {
  const CivilTime time{t.epoch.unix_ms + reading.time_ms, t.epoch.offset_minutes};
  const std::string rfc3339 = to_rfc3339(time);
  const std::string milli = std::to_string(fields_of(time).millisecond);
  const std::string zone = rfc3339.ends_with('Z') ? "+00:00" : rfc3339.substr(rfc3339.size() - 6);
  return rfc3339.substr(0, 19) + "," + std::string(3 - milli.size(), '0') + milli +
         zone.substr(0, 3) + zone.substr(4) + " " + static_cast<char>(t.time_state);
}

std::string reading_json(const std::string& time, const char* reason, MilliWattHours energy,
                         const char* obis) {
  return "{\"TM\":\"" + time + "\",\"TX\":\"" + reason + "\",\"RV\":" + kilowatt_hours(energy) +
         ",\"RI\":\"" + obis + "\",\"RU\":\"kWh\",\"RT\":\"AC\",\"EF\":\"\",\"ST\":\"G\"}";
}

std::string readings_json(const OcmfTransaction& t) {
  std::string out;
  for (const auto& [reason, r] : {std::pair{"B", &t.begin}, {t.goes_on ? "C" : "E", &t.end}})
    for (const auto& [obis, energy] :
         {std::pair{"1-0:1.8.0", r->import_register}, {"1-0:2.8.0", r->export_register}})
      out += (out.empty() ? "" : ",") + reading_json(ocmf_time(t, *r), reason, energy, obis);
  return "[" + out + "]";
}

std::string wrong_readings(const OcmfTransaction& t) {
  if (!encode(t.begin) || !encode(t.end)) return "a reading is not in its canonical form";
  if (t.end.time_ms < t.begin.time_ms) return "the end is before the begin";
  if (t.end.import_register < t.begin.import_register ||
      t.end.export_register < t.begin.export_register)
    return "a register is lower at the end than at the begin";
  return {};
}

}  // namespace

Result<std::string> write_ocmf(const OcmfTransaction& t, const EcdsaKey& key) {
  if (const auto wrong = wrong_readings(t); !wrong.empty()) return failure(wrong);
  std::string payload = "{\"FV\":\"1.0\"";
  for (const auto& [name, text] : {std::pair{"GI", t.gateway_id},
                                   {"GS", t.gateway_serial},
                                   {"PG", "T" + std::to_string(t.page)},
                                   {"MV", t.meter_vendor},
                                   {"MM", t.meter_model},
                                   {"MS", t.meter_serial}}) {
    const auto one = field(name, text);
    if (!one) return failure(one.error());
    payload += "," + *one;
  }
  payload +=
      R"(,"IS":false,"IL":"NONE","IF":[],"IT":"NONE","ID":"","RD":)" + readings_json(t) + "}";
  const std::string algorithm =
      "ECDSA-" + std::string(name_of(key.public_key().curve())) + "-SHA256";
  return "OCMF|" + payload + "|{\"SA\":\"" + algorithm + "\",\"SD\":\"" +
         to_hex(key.sign(bytes_of(payload))) + "\"}";
}

}  // namespace ledger
