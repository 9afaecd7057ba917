// Consents and erasures: what the state machine takes of them and what it refuses.

#include <doctest/doctest.h>

#include "market/audit/erased_openings.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

const Hash chain_id = chain_id_of(village_genesis());

Salt salt_of(std::uint8_t byte) {
  Salt salt;
  salt.fill(byte);
  return salt;
}

Transaction erasure(std::uint8_t home, Stages stages, std::uint8_t salt = 1,
                    const std::string& signer = "registrar") {
  return erasure_of(chain_id, {account(home), stages}, salt_of(salt), signer_of(signer));
}

Consent consent(std::uint32_t number, std::uint32_t first = 0, std::uint32_t end = 10) {
  Consent c;
  c.place = {account(1), signer_of("adviser").public_key(), Purpose::advice};
  c.number = number;
  c.first_slot = {first};
  c.end_slot = {end};
  return c;
}

Consent withdrawal(std::uint32_t number) {
  Consent c = consent(number, 0, 0);
  c.withdrawn = true;
  return c;
}

Transaction signed_by(const Consent& c, const std::string& signer = "account 1") {
  return consent_of(chain_id, c, Village::restricted_key(1), signer_of(signer));
}

struct Registered4 : Village {
  Registered4() { register_all(); }
};

}  // namespace

TEST_CASE("an erasure is the registrar's, of a known account, and each stage once and in order") {
  Registered4 v;
  CHECK(v.refusal(erasure(1, personal_stage, 1, "gateway 0"), 0) ==
        "is not signed by the registrar");
  CHECK(v.refusal(erasure(1, personal_stage, 1, "account 1"), 0) ==
        "is not signed by the registrar");
  CHECK(v.refusal(erasure(77, personal_stage), 0) == "erasure of an unknown account");
  CHECK(v.refusal(erasure(1, billing_stage), 0) ==
        "billing data are erased after personal data, or together with them");
  CHECK(v.refusal(erasure(1, personal_stage), 0) == "");
  CHECK(v.state().erased(account(1)) == personal_stage);
  CHECK(v.refusal(erasure(1, personal_stage, 2), 0) == "the account's data are erased already");
  CHECK(v.refusal(erasure(1, personal_stage | billing_stage, 2), 0) ==
        "the account's data are erased already");
  CHECK(v.refusal(erasure(1, billing_stage, 2), 0) == "");
  CHECK(v.refusal(erasure(1, billing_stage, 3), 0) == "the account's data are erased already");
  CHECK(v.refusal(erasure(2, personal_stage | billing_stage), 0) == "");
  CHECK(v.state().erased(account(3)) == 0);
}

TEST_CASE("an erasure's opening is under the salt that its body shows, and in its canonical form") {
  Registered4 v;
  Transaction other_salt = erasure(1, personal_stage);
  other_salt.openings[0].salt = salt_of(9);
  other_salt.root = openings_root(other_salt.openings);
  CHECK(v.refusal(other_salt, 0) == "is not signed by the registrar");
  Transaction two = erasure(1, personal_stage);
  two.openings.push_back(two.openings[0]);
  CHECK(v.refusal(two, 0) == "an erasure has one opening, under the salt of its body");
  Transaction swapped = erasure(1, personal_stage);
  swapped.openings[0].salt = salt_of(9);
  CHECK(v.refusal(swapped, 0) == "an erasure has one opening, under the salt of its body");
  CHECK_FALSE(decode_erasure(encode(Erasure{account(1), 0})));
  CHECK_FALSE(decode_erasure(encode(Erasure{account(1), 4})));
  Bytes longer = encode(Erasure{account(1), 1});
  longer.push_back(0);
  CHECK_FALSE(decode_erasure(longer));
  Bytes version = encode(Erasure{account(1), 1});
  version[16] = 2;
  CHECK_FALSE(decode_erasure(version));
}

TEST_CASE("an erased account trades and consents no more, and others do") {
  Registered4 v;
  REQUIRE(v.refusal(erasure(1, personal_stage), 0) == "");
  CHECK(v.refusal(Village::order(1, 1, Side::buy, 100, 200'000, 1), 0) ==
        "order of an account whose data are erased");
  CHECK(v.refusal(signed_by(consent(1)), 0) == "consent of an account whose data are erased");
  CHECK(v.refusal(Village::order(2, 1, Side::buy, 100, 200'000, 1), 0) == "");
}

TEST_CASE("who knows the account finds its erasure, and nobody else does") {
  const Transaction tx = erasure(1, personal_stage | billing_stage);
  const Bytes entry = tx.entry();
  CHECK(erases(*view_entry(entry), account(1)) == (personal_stage | billing_stage));
  CHECK(erases(*view_entry(entry), account(2)) == 0);
  const Bytes order = Village::order(1, 1, Side::buy, 1, 1, 1).entry();
  CHECK(erases(*view_entry(order), account(1)) == 0);
}

TEST_CASE("the state as hashes executes erasures like the whole state") {
  Registered4 v;
  v.state().commit();
  BareState bare(7, v.state().tree().leaves());
  REQUIRE(bare.tree().root() == v.state().tree().root());
  Ed25519Verifier verifier;
  const auto both = [&](const Transaction& tx) {
    const std::string whole = v.refusal(tx, 0);
    v.state().commit();
    const auto left = bare.execute({&tx, 1}, village_genesis(), verifier);
    CHECK((left ? "" : left.error()) == whole);
    CHECK(bare.tree().root() == v.state().tree().root());
  };
  both(erasure(1, billing_stage));
  both(erasure(1, personal_stage, 1, "gateway 0"));
  both(erasure(77, personal_stage));
  both(erasure(1, personal_stage));
  both(erasure(1, personal_stage, 2));
  both(erasure(1, billing_stage, 2));
  both(erasure(2, personal_stage | billing_stage, 3));
  both(erasure(2, billing_stage, 4));
  CHECK(bare.height() == 7 + 3);
  const Transaction order = Village::order(2, 1, Side::buy, 100, 200'000, 1);
  CHECK_FALSE(bare.execute({&order, 1}, village_genesis(), verifier));
}

TEST_CASE("a consent stands from its block on, for its recipient, purpose and slots") {
  Registered4 v;
  const Consent c = consent(1, 2, 5);
  REQUIRE(v.refusal(signed_by(c), 0) == "");
  const Consent* stands = v.state().consent(c.place);
  REQUIRE(stands != nullptr);
  CHECK_FALSE(stands->covers({1}));
  CHECK(stands->covers({2}));
  CHECK(stands->covers({4}));
  CHECK_FALSE(stands->covers({5}));
  ConsentPlace other = c.place;
  other.purpose = Purpose::research;
  CHECK(v.state().consent(other) == nullptr);
  other = c.place;
  other.recipient = signer_of("somebody else").public_key();
  CHECK(v.state().consent(other) == nullptr);
  REQUIRE(v.refusal(signed_by(withdrawal(2)), 0) == "");
  CHECK_FALSE(v.state().consent(c.place)->covers({2}));
  REQUIRE(v.refusal(signed_by(consent(3, 0, 1)), 0) == "");
  CHECK(v.state().consent(c.place)->covers({0}));
}

TEST_CASE("an account gives so many consents and no more, and its own others stay changeable") {
  Registered4 v;
  Consent c = consent(1);
  c.place.recipient = {};
  for (std::size_t k = 0; k < max_consents; ++k) {
    c.place.recipient[0] = static_cast<std::uint8_t>(k);
    c.place.recipient[1] = static_cast<std::uint8_t>(k >> 8);
    REQUIRE(v.refusal(signed_by(c), 0) == "");
  }
  c.place.recipient[2] = 1;
  CHECK(v.refusal(signed_by(c), 0) ==
        "consent of an account that has given 256 to others or for other purposes");
  c.place.recipient[2] = 0;
  c.number = 2;
  CHECK(v.refusal(signed_by(c), 0) == "");
}

TEST_CASE("consents that are refused") {
  Registered4 v;
  CHECK(v.refusal(signed_by(consent(1), "account 2"), 0) == "consent is not signed by its account");
  CHECK(v.refusal(signed_by(consent(1), "adviser"), 0) == "consent is not signed by its account");
  CHECK(v.refusal(signed_by(withdrawal(1)), 0) == "withdrawal of a consent that was never given");
  CHECK(v.refusal(signed_by(consent(1, 0, 2)), 2 * 120'000) ==
        "consent for a period that has ended");
  Consent unknown = consent(1);
  unknown.place.account = account(77);
  CHECK(v.refusal(signed_by(unknown), 0) == "consent of an unknown account");
  REQUIRE(v.refusal(signed_by(consent(5)), 0) == "");
  CHECK(v.refusal(signed_by(consent(5, 0, 9)), 0) ==
        "consent of number 5, which is not above the newest one's, 5");
  CHECK(v.refusal(signed_by(withdrawal(4)), 0) ==
        "consent of number 4, which is not above the newest one's, 5");
  Transaction with_body = signed_by(consent(6));
  with_body.body.push_back(0);
  CHECK(v.refusal(with_body, 0) == "a consent's body is empty");
  Transaction two = signed_by(consent(6));
  two.openings.push_back(two.openings[0]);
  CHECK(v.refusal(two, 0) == "a consent has one opening");
}

TEST_CASE("a consent is read in one form alone") {
  const Bytes good = signed_by(consent(1, 2, 5)).openings[0].data;
  REQUIRE(decode_consent(good));
  CHECK(encode(*decode_consent(good)) == good);
  const auto bent = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return bytes;
  };
  CHECK_FALSE(decode_consent(bent(16, 2)));  // version
  CHECK_FALSE(decode_consent(bent(21, 0)));  // purpose
  CHECK_FALSE(decode_consent(bent(21, 5)));
  CHECK_FALSE(decode_consent(bent(22, 2)));  // withdrawn
  CHECK_FALSE(decode_consent(bent(22, 1)));  // with slots
  CHECK_FALSE(decode_consent(bent(58, 9)));  // first slot behind the end
  CHECK_FALSE(decode_consent(BytesView(good).first(good.size() - 1)));
  CHECK(purpose_named("research") == Purpose::research);
  CHECK_FALSE(purpose_named("marketing"));
  CHECK(name_of(Purpose::grid_planning) == "grid-planning");
}
