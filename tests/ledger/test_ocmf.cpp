// Signed meter records: what is taken, and many that are not.

#include <algorithm>
#include <doctest/doctest.h>

#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_reader.hpp"
#include "tests/support/ocmf_record.hpp"
#include "tests/support/replaced.hpp"

using namespace ledger;
using test::ocmf_key;
using test::ocmf_payload;
using test::ocmf_record;
using test::replaced;

namespace {

const EcdsaKey& key() {
  static const EcdsaKey one = ocmf_key(Curve::secp256r1);
  return one;
}

std::string verdict(const std::string& record, const EcdsaKey& by = key()) {
  return std::string(name_of(check_ocmf(record, by.public_key()).verdict));
}

// Of a payload that its key did sign.
std::string verdict_of_payload(const std::string& payload) {
  return verdict(ocmf_record(payload, key()));
}

std::string why(const std::string& record) { return check_ocmf(record, key().public_key()).why; }

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

TEST_CASE("ocmf: a record is read with its readings, which take from the one before") {
  const auto record = read_ocmf(ocmf_record(ocmf_payload, key()));
  REQUIRE_MESSAGE(record, record.error());
  CHECK(record->payload == ocmf_payload);
  CHECK(record->text == ocmf_record(ocmf_payload, key()));
  CHECK(record->format_version == "1.0");
  CHECK(record->gateway_id == "gateway");
  CHECK(record->gateway_serial == "17");
  CHECK(record->pagination == "T9");
  CHECK(record->meter_serial == "4711");
  CHECK(record->user_assigned == true);
  CHECK(record->user_id == "ad228beb");
  REQUIRE(record->readings.size() == 2);
  const OcmfReading& begin = record->readings[0];
  const OcmfReading& end = record->readings[1];
  CHECK(to_rfc3339(begin.time) == "2026-06-21T09:09:51+02:00");
  CHECK(end.time.unix_ms - begin.time.unix_ms == 690'500);
  CHECK(begin.time_state == OcmfTimeState::synchronised);
  CHECK(begin.value == "9.038");
  CHECK(end.value == "10.342");
  CHECK(begin.transaction == "B");
  CHECK(end.transaction == "E");
  CHECK(end.obis == "1-0:1.8.0");
  CHECK(end.unit == "kWh");
  CHECK(end.meter_state == "G");
}

TEST_CASE("ocmf: every algorithm in both encodings; of curves too weak the signature is named") {
  for (const Curve curve : all_curves)
    for (const bool base64 : {false, true}) {
      CAPTURE(name_of(curve));
      CAPTURE(base64);
      const EcdsaKey one = ocmf_key(curve);
      const OcmfCheck check = check_ocmf(ocmf_record(ocmf_payload, one, base64), one.public_key());
      const bool weak = bits_of(curve) == 192;
      CHECK(name_of(check.verdict) == (weak ? "unsupported" : "valid"));
      CHECK((check.why.find("the signature holds") != std::string::npos) == weak);
      const std::string flipped =
          replaced(ocmf_record(ocmf_payload, one, base64), "9.038", "9.039");
      CHECK(verdict(flipped, one) == "invalid_signature");
    }
}

TEST_CASE("ocmf: keys come in hexadecimal digits of either case and in base64, with spaces") {
  const std::string record = ocmf_record(ocmf_payload, key());
  const auto with_key = [&](const std::string& text) {
    return std::string(name_of(check_ocmf(record, text).verdict));
  };
  const Bytes& der = key().public_key().der();
  const std::string hex = to_hex(der);
  std::string spaced;
  for (std::size_t i = 0; i < hex.size(); i += 2) spaced += hex.substr(i, 2) + " ";
  CHECK(with_key(hex) == "valid");
  CHECK(with_key(upper(spaced)) == "valid");
  CHECK(with_key(to_base64(der)) == "valid");
  CHECK(with_key("") == "malformed");
  CHECK(with_key(hex.substr(2)) == "malformed");
  CHECK(with_key(hex + "00") == "malformed");
  CHECK(with_key(hex.substr(0, hex.size() - 1)) == "malformed");
  CHECK(with_key(hex + "\n") == "malformed");
  CHECK(with_key("0x" + hex) == "malformed");
  CHECK(with_key(std::string(1 << 20, '3')) == "malformed");
  CHECK(with_key(to_hex(ocmf_key(Curve::secp256r1, 2).public_key().der())) == "invalid_signature");
  CHECK(with_key("302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad7"
                 "03166e1") == "unsupported");  // Ed25519, RFC 8410
}

TEST_CASE("ocmf: of the signed bytes each counts, and so do those that mean nothing") {
  const std::string record = ocmf_record(ocmf_payload, key());
  REQUIRE(verdict(record) == "valid");
  for (std::size_t at = 5; at < 5 + ocmf_payload.size(); ++at)
    for (const unsigned flip : {1u, 32u, 128u}) {
      std::string changed = record;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ flip);
      CHECK(verdict(changed) != "valid");
    }
  for (const auto& change : {std::pair{"\"GI\":", "\"GI\": "},
                             {"OCMF|{", "OCMF| {"},
                             {"]}|", "]} |"},
                             {"9.038", "9.0380"},
                             {"10.342", "10.3420"},
                             {"\"       9.038\"", "9.038"},
                             {"ad228beb", "AD228BEB"},
                             {"gateway", "g\\u0061teway"},
                             {"true", "false"},
                             {",\"TX\":\"E\"", ""}}) {
    CAPTURE(change.first);
    CHECK(verdict(replaced(record, change.first, change.second)) == "invalid_signature");
  }
  // White space that was signed is part of it.
  CHECK(verdict_of_payload(" \n\t" + ocmf_payload + "\r\n ") == "valid");
  CHECK(verdict(record + "\n") == "valid");
}

TEST_CASE("ocmf: a bar in a text does not end the payload") {
  const std::string barred = replaced(ocmf_payload, "maker", R"(ma|k\"|er\\)");
  CHECK(verdict_of_payload(barred) == "valid");
  CHECK(read_ocmf(ocmf_record(barred, key()))->payload == barred);
  CHECK(read_ocmf(ocmf_record(barred, key()))->meter_vendor == "ma|k\"|er\\");
  // Signed up to a bar only, read up to the next one.
  const std::string record = ocmf_record(barred, key());
  const std::string part = barred.substr(0, barred.find('|'));
  const Bytes signature = key().sign(bytes_of(part));
  CHECK(verdict("OCMF|" + barred + "|{\"SD\":\"" + to_hex(signature) + "\"}") ==
        "invalid_signature");
  // A bar that ends no text, a section too many, one too few.
  CHECK(verdict(replaced(record, "\"IS\"", "|\"IS\"")) == "malformed");
  CHECK(verdict(record + "|{}") == "malformed");
  CHECK(verdict(record + "|") == "malformed");
  CHECK(verdict("OCMF|" + ocmf_payload) == "malformed");
  CHECK(verdict("OCMF|" + ocmf_payload + "|") == "malformed");
  CHECK(verdict("OCMF||" + ocmf_payload) == "malformed");
  CHECK(verdict("OCMF|{\"GI\":\"never closed|{}") == "malformed");
}

TEST_CASE("ocmf: signatures that are none, or not this key's") {
  const std::string record = ocmf_record(ocmf_payload, key());
  const std::string other = ocmf_record(ocmf_payload, ocmf_key(Curve::secp256r1, 2));
  const std::string of_k1 = ocmf_record(ocmf_payload, ocmf_key(Curve::secp256k1));
  CHECK(verdict(other) == "invalid_signature");
  CHECK(verdict(of_k1) == "invalid_signature");
  const std::string hex = to_hex(key().sign(bytes_of(ocmf_payload)));
  const auto with = [&](const std::string& signature) {
    return verdict("OCMF|" + ocmf_payload + "|" + signature);
  };
  CHECK(with(R"({"SD":")" + hex + "\"}") == "valid");
  CHECK(with(R"({"SD":")" + upper(hex) + "\"}") == "valid");
  CHECK(with(" { \"SD\" : \"" + hex + "\" , \"XY\" : [1, {}] } ") == "valid");
  CHECK(with(R"({"SA":"ECDSA-secp256k1-SHA256","SD":")" + hex + "\"}") == "invalid_signature");
  CHECK(with(R"({"SA":"ECDSA-secp521r1-SHA512","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SA":"ecdsa-secp256r1-sha256","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SA":"","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SE":"HEX","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SE":"base32","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SM":"text/plain","SD":")" + hex + "\"}") == "unsupported");
  CHECK(with(R"({"SE":"base64","SD":")" + hex + "\"}") == "malformed");
  CHECK(with(R"({"SD":")" + hex.substr(2) + "\"}") == "malformed");
  CHECK(with(R"({"SD":")" + hex.substr(0, hex.size() - 2) + "\"}") == "malformed");
  CHECK(with(R"({"SD":")" + hex.substr(1) + "\"}") == "malformed");
  CHECK(with(R"({"SD":")" + hex + "00\"}") == "malformed");
  CHECK(with(R"({"SD":" )" + hex + "\"}") == "malformed");
  CHECK(with(R"({"SD":"0x)" + hex + "\"}") == "malformed");
  CHECK(with(R"({"SD":""})") == "malformed");
  CHECK(with(R"({"SD":null})") == "malformed");
  CHECK(with("{}") == "malformed");
  CHECK(with("[]") == "malformed");
  CHECK(with("\"" + hex + "\"") == "malformed");
  CHECK(with(R"({"SD":")" + hex + R"(","SD":")" + hex + "\"}") == "malformed");
  CHECK(with(R"({"SD":")" + hex + "\"}x") == "malformed");
  CHECK(with(R"({"SD":")" + hex + "\"}" + std::string("\0x", 2)) == "malformed");
  // r and s one after the other, as some devices write them.
  const Bytes raw(64, 0x41);
  CHECK(with(R"({"SD":")" + to_hex(raw) + "\"}") == "malformed");
}

TEST_CASE("ocmf: base64 has its padding and no spare bits") {
  std::string payload = ocmf_payload;
  for (int i = 0; key().sign(bytes_of(payload)).size() % 3 != 1; ++i)  // so that there are any
    payload = replaced(ocmf_payload, "4711", std::to_string(i));
  const std::string record = ocmf_record(payload, key(), true);
  REQUIRE(verdict(record) == "valid");
  const std::size_t padding = record.find("==");
  REQUIRE(padding != std::string::npos);
  std::string spare = record;
  spare[padding - 1] = static_cast<char>(spare[padding - 1] + 1);
  CHECK(verdict(spare) == "malformed");
  CHECK(verdict(replaced(record, "==", "")) == "malformed");
  CHECK(verdict(replaced(record, "==", "===")) == "malformed");
  CHECK(verdict(replaced(record, "==", "= =")) == "malformed");
  CHECK(verdict(replaced(record, "base64", "hex")) == "malformed");
}

TEST_CASE("ocmf: payloads that are signed and yet not in their form") {
  REQUIRE(verdict_of_payload(ocmf_payload) == "valid");
  const auto changed = [](const char* what, const char* with) {
    CAPTURE(with);
    const std::string payload = replaced(ocmf_payload, what, with);
    REQUIRE(!payload.empty());
    const OcmfCheck check = check_ocmf(ocmf_record(payload, key()), key().public_key());
    CHECK(is_printable(check.why));
    CHECK(check.why.empty() == (check.verdict == OcmfVerdict::valid));
    return std::string(name_of(check.verdict));
  };
  // JSON
  for (const auto& [what, with] : {std::pair{"\"GI\"", "GI"},
                                   {"\"GI\"", "'GI'"},
                                   {"true", "TRUE"},
                                   {"true", "True"},
                                   {"10.342", "10.342,"},
                                   {"10.342", "010.342"},
                                   {"10.342", "+10.342"},
                                   {"10.342", ".342"},
                                   {"10.342", "10."},
                                   {"10.342", "10,342"},
                                   {"10.342", "0x10"},
                                   {"10.342", "NaN"},
                                   {"10.342", "Infinity"},
                                   {"10.342", "1e999"},
                                   {"gateway", "gate\nway"},
                                   {"gateway", "gate\xffway"},
                                   {"gateway", "gate\xc0\x80way"},
                                   {"gateway", "\\ud800"},
                                   {"gateway", "\\q"},
                                   {"{\"FV\"", "\xEF\xBB\xBF{\"FV\""},
                                   {"{\"FV\"", "//\n{\"FV\""},
                                   {"]}", "]}}"},
                                   {"]}", "]} {}"},
                                   {"]}", "]"},
                                   {"\"GS\"", "\"GI\""},
                                   {"\"RU\"", "\"RV\""},
                                   {"\"RU\"", "\"R\\u0056\""},
                                   {"\"MS\"", "\"RD\""}})
    CHECK(changed(what, with) == "malformed");
  // fields
  for (const auto& [what, with] : {std::pair{"\"gateway\"", "null"},
                                   {"\"gateway\"", "[\"gateway\"]"},
                                   {"\"gateway\"", "true"},
                                   {"true", "\"true\""},
                                   {"true", "1"},
                                   {"\"IT\"", "\"IF\""},
                                   {"\"IT\":\"ISO14443\"", "\"IF\":[1]"},
                                   {"\"IT\":\"ISO14443\"", "\"IF\":[[]]"},
                                   {"\"RD\"", "\"Rd\""},
                                   {"\"RD\":[", "\"RD\":[],\"RX\":["},
                                   {"\"RD\":[", "\"RD\":[1,"},
                                   {"\"RD\":[", "\"RD\":[{},"},
                                   {"10.342", "\"NaN\""},
                                   {"10.342", "\"\""},
                                   {"10.342", "\"10,342\""},
                                   {"10.342", "\"10.342 kWh\""},
                                   {"10.342", "\"1 0.342\""},
                                   {"10.342", "\"\\t10.342\""},
                                   {"10.342", "\"--1\""},
                                   {"10.342", "\"1e\""},
                                   {"10.342", "true"},
                                   {"10.342", "null"},
                                   {"10.342", "[10.342]"},
                                   {"10.342", "{}"},
                                   {",500+0200 S", ".500+0200 S"},
                                   {",500+0200 S", ",500+02:00 S"},
                                   {",500+0200 S", ",500Z S"},
                                   {",500+0200 S", ",50+0200 S"},
                                   {",500+0200 S", ",500+0200"},
                                   {",500+0200 S", ",500+0200 s"},
                                   {",500+0200 S", ",500+0200 X"},
                                   {",500+0200 S", ",500+0200  S"},
                                   {",500+0200 S", ",500 0200 S"},
                                   {"T09:21", "T24:21"},
                                   {"T09:21", " 09:21"},
                                   {"06-21T09:21", "02-30T09:21"},
                                   {"06-21T09:21", "13-21T09:21"},
                                   {"\"2026-06-21T09:21:21,500+0200 S\"", "\"\""},
                                   {"\"2026-06-21T09:21:21,500+0200 S\"", "1782026481"}})
    CHECK(changed(what, with) == "malformed");
  // whole payloads
  for (const char* payload : {"", "{", "{}", "[]", "null", "1", "\"text\"", "{\"RD\":{}}",
                              "{\"RD\":[{\"RV\":1}]}", "{\"RD\":null}"}) {
    CAPTURE(payload);
    CHECK(verdict_of_payload(payload) == "malformed");
  }
  // what makers do, and may
  for (const auto& [what, with] : {std::pair{"\"FV\":\"1.0\"", "\"FV\":1.0"},
                                   {"\"IT\":\"ISO14443\"", "\"CT\":0"},
                                   {"\"IT\":\"ISO14443\"", "\"XY\":{\"a\":[1,null]}"},
                                   {"\"IT\":\"ISO14443\"", "\"IF\":[]"},
                                   {"10.342", "-10.342"},
                                   {"10.342", "1.0342e1"},
                                   {"10.342", "\"00000010.342\""},
                                   {"10.342", "12345678901234567890123456789012345678.5"},
                                   {",\"RV\":10.342", ",\"EF\":\"E\""}})
    CHECK(changed(what, with) == "valid");
}

TEST_CASE("ocmf: size and depth are bounded") {
  const auto padded = [](std::size_t size) {
    const std::string record = ocmf_record(ocmf_payload, key());
    return record + std::string(size - record.size(), ' ');
  };
  CHECK(verdict(padded(max_ocmf_bytes)) == "valid");
  CHECK(verdict(padded(max_ocmf_bytes + 1)) == "malformed");
  CHECK(why(padded(max_ocmf_bytes + 1)) == "is 65537 bytes long; 65536 are allowed");
  const auto nested = [](std::size_t depth) {
    const std::string value = std::string(depth, '[') + std::string(depth, ']');
    return replaced(ocmf_payload, "\"FV\"", "\"XY\":" + value + ",\"FV\"");
  };
  CHECK(verdict_of_payload(nested(max_ocmf_depth - 1)) == "valid");
  CHECK(verdict_of_payload(nested(max_ocmf_depth)) == "malformed");
  CHECK(why(ocmf_record(nested(max_ocmf_depth), key())) == "payload: is nested deeper than 8");
  CHECK(verdict_of_payload(nested(20'000)) == "malformed");
  CHECK(verdict(std::string(60'000, '[')) == "malformed");
  CHECK(verdict("OCMF|" + std::string(60'000, '[')) == "malformed");
  CHECK(verdict("OCMF|" + std::string(60'000, '[') + "|{}") == "malformed");
  // 64 KiB of keys, all different: no more than a moment.
  std::string many = "{\"RD\":[]";
  for (int i = 0; many.size() < 60'000; ++i) many += ",\"" + std::to_string(i) + "\":0";
  CHECK(verdict_of_payload(many + "}") == "malformed");
}

TEST_CASE("ocmf: a record that is cut off anywhere is not valid") {
  const std::string record = ocmf_record(ocmf_payload, key());
  for (std::size_t size = 0; size < record.size(); ++size) {
    const OcmfCheck check = check_ocmf(record.substr(0, size), key().public_key());
    CHECK(check.verdict == OcmfVerdict::malformed);
    CHECK(!check.why.empty());
    CHECK(is_printable(check.why));
  }
  CHECK(verdict("ocmf|" + record.substr(5)) == "malformed");
  CHECK(verdict(" " + record) == "malformed");
  CHECK(why("EDL|\x01\xff") == "begins with \"EDL|??\", not with \"OCMF|\"");
}

TEST_CASE("ocmf: messages name the field, what is there and what may be") {
  const auto of = [](const char* what, const char* with) {
    return why(ocmf_record(replaced(ocmf_payload, what, with), key()));
  };
  CHECK(of("10.342", "\"ten\"") == "payload: RD[1].RV is \"ten\", not a number");
  CHECK(of("true", "1") == "payload: IS is a number, not true or false");
  CHECK(of("09:21:21,500+0200 S", "09:21:21") ==
        "payload: RD[1].TM is \"2026-06-21T09:21:21\", not like \"2018-07-24T13:22:04,000+0200 S\" "
        "with U, I, S or R");
  CHECK(of("\"GS\"", "\"GI\"") == "payload: a key stands twice in an object");
  CHECK(of("{\"FV\"", "{FV") == "payload: is not JSON at its byte 2");
}
