#include <doctest/doctest.h>

#include "ledger/base/amounts.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/crypto/seal.hpp"
#include "ledger/crypto/sha256.hpp"

using namespace ledger;

TEST_CASE("hexadecimal has one text for one value") {
  CHECK(to_hex(Bytes{0x00, 0xab, 0xff}) == "00abff");
  CHECK(from_hex("00abff") == Bytes{0x00, 0xab, 0xff});
  for (const char* wrong : {"0", "00AB", "0g", " 00", "00 "}) CHECK_FALSE(from_hex(wrong));
  CHECK_FALSE(array_from_hex<2>("00abff"));
}

TEST_CASE("base64 refuses every text but the canonical one") {
  for (const auto& [plain, text] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    CHECK(to_base64(bytes_of(plain)) == text);
    CHECK(from_base64(text) == to_bytes(bytes_of(plain)));
  }
  for (const char* wrong : {"Zh==", "Zg=", "Zg", "Z===", "Zg==Zg==", "Zm9v ", "=m9v", "Z=9v"})
    CHECK_FALSE(from_base64(wrong));
}

TEST_CASE("RFC 3339 times go both ways and wrong ones are refused") {
  for (const char* text : {"2026-06-21T00:00:00+02:00", "1970-01-01T00:00:00Z",
                           "2000-02-29T23:59:59.250-05:30", "1969-12-31T23:59:59Z"}) {
    const auto time = from_rfc3339(text);
    REQUIRE(time);
    CHECK(to_rfc3339(*time) == text);
  }
  CHECK(from_rfc3339("2026-06-21T00:00:00+02:00")->unix_ms == 1'781'992'800'000);
  for (const char* wrong : {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-06-21T24:00:00Z",
                            "2026-06-21T00:00:00", "2026-06-21T00:00:00+02", "26-06-21T00:00:00Z",
                            "2026-06-21T00:00:00Zx"})
    CHECK_FALSE(from_rfc3339(wrong));
  const std::int64_t noon = from_rfc3339("2026-06-21T12:00:00Z")->unix_ms;
  for (const auto& [text, ms] : {std::pair{"2026-06-21t12:00:00z", 0},
                                 {"2026-06-21 12:00:00Z", 0},
                                 {"2026-06-21T12:00:00.5Z", 500},
                                 {"2026-06-21T12:00:00.25Z", 250},
                                 {"2026-06-21T12:00:00.123000000Z", 123}})
    CHECK(from_rfc3339(text)->unix_ms == noon + ms);
  for (const char* finer : {"2026-06-21T12:00:00.Z", "2026-06-21T12:00:00.0001Z",
                            "2026-06-21T12:00:00.1230000001Z", "2026-06-21T12:00:00.1z0"})
    CHECK_FALSE(from_rfc3339(finer));
  const auto f = fields_of(*from_rfc3339("2026-06-21T12:34:56Z"));
  CHECK(f.weekday == 6);
  CHECK(f.day_of_year == 172);
}

TEST_CASE("durations carry one unit") {
  CHECK(parse_duration("90s") == seconds(90));
  CHECK(parse_duration("1d") == hours(24));
  CHECK(to_text(seconds(90)) == "90s");
  CHECK(to_text(minutes(15)) == "15m");
  for (const char* wrong : {"", "5", "s", "-5s", "1.5h", "5 s", "99999999999999d", "+5s"})
    CHECK_FALSE(parse_duration(wrong));
}

TEST_CASE("a forked stream does not depend on what was drawn before") {
  Rng a(7), b(7);
  b.next();
  CHECK(a.fork("home", 3).next() == b.fork("home", 3).next());
  CHECK(a.fork("home", 3).next() != a.fork("home", 4).next());
  CHECK(a.fork("home").next() != a.fork("emoh").next());
  CHECK(Rng(7).next() != Rng(8).next());
}

TEST_CASE("money rounds half away from zero, in integers") {
  CHECK(cost_of({1500}, {300'000}).value == 450'000);
  CHECK(cost_of({1}, {500}).value == 1);
  CHECK(cost_of({1}, {499}).value == 0);
  CHECK(cost_of({-1}, {500}).value == -1);
  CHECK(mul_div_round(INT64_MAX, 1000, 1000) == INT64_MAX);
}

TEST_CASE("SHA-256 matches FIPS 180-4") {
  CHECK(to_hex(sha256(bytes_of("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256({bytes_of("a"), bytes_of("bc")}) == sha256(bytes_of("abc")));
}

TEST_CASE("a signature holds for its key and message alone, through the cache as well") {
  Ed25519Signer signer(Rng(1).bytes32()), other(Rng(2).bytes32());
  Ed25519Verifier plain;
  CachedVerifier cached(plain, 4);
  const Signature s = signer.sign(bytes_of("reading"));
  for (Verifier* v : std::initializer_list<Verifier*>{&plain, &cached, &cached}) {
    CHECK(v->verify(signer.public_key(), bytes_of("reading"), s));
    CHECK_FALSE(v->verify(other.public_key(), bytes_of("reading"), s));
    CHECK_FALSE(v->verify(signer.public_key(), bytes_of("readinG"), s));
  }
}

TEST_CASE("sealed openings open for the right key, nonce and context only") {
  const SymmetricKey key = Rng(3).bytes32();
  const SealNonce nonce = seal_nonce(key, bytes_of("meter 1"), bytes_of("secret"));
  Bytes box = seal(key, nonce, bytes_of("context"), bytes_of("secret"));
  CHECK(unseal(key, nonce, bytes_of("context"), box) == to_bytes(bytes_of("secret")));
  CHECK_FALSE(unseal(key, nonce, bytes_of("Context"), box));
  CHECK_FALSE(unseal(Rng(4).bytes32(), nonce, bytes_of("context"), box));
  box[0] ^= 1;
  CHECK_FALSE(unseal(key, nonce, bytes_of("context"), box));

  const BoxKeys auditor = box_keys(Rng(5).bytes32());
  const Bytes wrapped = wrap_key(key, auditor.public_key, Rng(6).bytes32());
  CHECK(unwrap_key(wrapped, auditor) == key);
  CHECK_FALSE(unwrap_key(wrapped, box_keys(Rng(7).bytes32())));
}
