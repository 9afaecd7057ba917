// Masked sums: the sum is exact whoever is missing, no part of it is learnt, and what does not
// belong to the round is refused.

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <memory>

#include "ledger/base/rng.hpp"
#include "ledger/privacy/masked_sum.hpp"

using namespace ledger;

namespace {

constexpr Hash chain{7};

// A group of homes with all of their secrets.
struct Village {
  MaskRoster roster;
  Ed25519Signer registrar{KeySeed{99}};
  std::vector<std::unique_ptr<Ed25519Signer>> signers;
  std::vector<std::array<std::uint8_t, 32>> secrets;
  std::vector<MaskedMember> members;
  Ed25519Verifier verifier;

  explicit Village(std::size_t homes, std::uint64_t seed = 1, std::uint32_t first_round = 0) {
    Rng rng(seed);
    roster.chain_id = chain;
    roster.group = 4;
    for (std::size_t h = 0; h < homes; ++h) {
      signers.push_back(std::make_unique<Ed25519Signer>(rng.bytes32()));
      secrets.push_back(rng.bytes32());
      AccountId account;
      account.bytes[0] = static_cast<std::uint8_t>(h >> 8);
      account.bytes[1] = static_cast<std::uint8_t>(h);
      roster.members.push_back(
          {account, signers.back()->public_key(), mask_key_of(secrets.back())});
    }
    sign();
    for (std::size_t h = 0; h < homes; ++h)
      members.push_back(MaskedMember::join(roster, roster.members[h].account, secrets[h],
                                           *signers[h], first_round)
                            .value());
  }

  void sign() { roster.signature = registrar.sign(roster_signed_bytes(roster)); }
  Result<void> check() { return check_roster(roster, chain, registrar.public_key(), verifier); }
};

std::int64_t some_value(Rng& rng) { return static_cast<std::int64_t>(rng.below(20'001)) - 10'000; }

// One round with all but `absent`; the sum.
Result<std::int64_t> one_round(Village& v, std::uint32_t round,
                               const std::vector<std::int64_t>& values,
                               const std::vector<bool>& absent) {
  MaskedSum sum(v.roster, round, v.verifier);
  for (std::size_t h = 0; h < values.size(); ++h)
    if (!absent[h])
      if (auto added = sum.add(*v.members[h].contribute(round, values[h])); !added)
        return failure(added.error());
  const auto set = sum.fix_set();
  if (!set) return failure(set.error());
  for (std::size_t h = 0; h < values.size(); ++h)
    if (!absent[h])
      if (auto added = sum.add(*v.members[h].open(*set)); !added) return failure(added.error());
  return sum.sum();
}

// 64 bits in 256 bins by their top byte; 347 is the 99.99 % quantile at 255 degrees of freedom.
double chi_square(const std::vector<std::uint64_t>& words) {
  std::array<double, 256> count{};
  for (const std::uint64_t w : words) ++count[w >> 56];
  const double expected = static_cast<double>(words.size()) / 256;
  double sum = 0;
  for (const double n : count) sum += (n - expected) * (n - expected) / expected;
  return sum;
}

}  // namespace

TEST_CASE("masked sum: exact for groups of any size, whoever is absent") {
  Rng rng(1);
  for (int i = 0; i < 20; ++i) {
    Village v(10 + rng.below(20), rng.next());
    REQUIRE(v.check());
    for (std::uint32_t round = 3; round < 6; ++round) {
      std::vector<std::int64_t> values;
      std::vector<bool> absent;
      std::int64_t sum = 0;
      std::size_t left = v.members.size();
      for (std::size_t h = 0; h < v.members.size(); ++h) {
        values.push_back(some_value(rng));
        absent.push_back(left > 10 && rng.chance(0.3));
        left -= absent.back();
        sum += absent.back() ? 0 : values.back();
      }
      CHECK(one_round(v, round, values, absent) == sum);
    }
  }
}

TEST_CASE("masked sum: the largest values, either sign, do not overflow") {
  constexpr std::size_t homes = 40;
  Village v(homes);
  const std::vector<bool> all_there(homes, false);
  for (const std::int64_t sign : {1, -1}) {
    const std::vector<std::int64_t> most(homes, sign * max_masked_value);
    CHECK(one_round(v, sign > 0 ? 1 : 2, most, all_there) ==
          sign * max_masked_value * std::int64_t{homes});
  }
}

TEST_CASE("masked sum: what a home gives is uniform whatever its value") {
  Village v(10);
  std::vector<std::uint64_t> zero, large, between, opened;
  std::uint64_t last = 0;
  for (std::uint32_t round = 0; round < 6000; ++round) {
    const auto given = v.members[3].contribute(round, round % 2 == 0 ? 0 : 5'000'000);
    (round % 2 == 0 ? zero : large).push_back(given->value);
    between.push_back(given->value - last);
    last = given->value;
    opened.push_back(v.members[3].open({4, round, {}})->mask);
  }
  for (const auto* words : {&zero, &large, &between, &opened}) CHECK(chi_square(*words) < 347);
}

// The pair's masks alone: z = y - o, all that is learnt of a home whose set is not the others'.
TEST_CASE("masked sum: a home that was told another set stays masked, and so does its sum") {
  std::vector<std::uint64_t> excluded, mixed;
  Village v(12);
  for (std::uint32_t round = 0; round < 1500; ++round) {
    // To home 5 the aggregator says that all are there, to the others that 5 is absent.
    std::uint64_t z5 = 0, rest = 0;
    for (std::uint16_t h = 0; h < 12; ++h) {
      const std::uint64_t y = v.members[h].contribute(round, 1000 + h)->value;
      const MaskSet told{4, round,
                         h == 5 ? std::vector<std::uint16_t>{} : std::vector{std::uint16_t{5}}};
      const std::uint64_t z = y - v.members[h].open(told)->mask;
      (h == 5 ? z5 : rest) += z;
    }
    CHECK(rest == 11 * 1000 + 66 - 5);  // of eleven, who agree
    excluded.push_back(z5);
    mixed.push_back(z5 + rest);
  }
  CHECK(chi_square(excluded) < 347);
  CHECK(chi_square(mixed) < 347);
}

// With the pair masks opened one by one, as without self masks, the aggregator would need only to
// hold a value back: y less what the eleven others would have opened for it.
TEST_CASE("masked sum: openings for a home's absence do not unmask the value it gave") {
  Village v(12);
  std::vector<std::uint64_t> guesses;
  for (std::uint32_t round = 0; round < 3000; ++round) {
    const std::uint64_t held_back = v.members[5].contribute(round, 777)->value;
    std::uint64_t openings = 0;
    for (std::uint16_t h = 0; h < 12; ++h) {
      if (h == 5) continue;
      (void)v.members[h].contribute(round, 0);
      openings += v.members[h].open({4, round, {5}})->mask;
    }
    guesses.push_back(held_back + openings - 777);
  }
  CHECK(std::count(guesses.begin(), guesses.end(), std::uint64_t{0}) == 0);
  CHECK(chi_square(guesses) < 347);
}

TEST_CASE("masked sum: groups below ten, or with fewer than ten left, have none") {
  Village v(12);
  const std::vector<std::int64_t> values(12, 5);
  std::vector<bool> absent(12, false);
  absent[0] = absent[7] = true;
  CHECK(one_round(v, 1, values, absent) == 50);
  absent[3] = true;
  CHECK(one_round(v, 2, values, absent).error() ==
        "masked sum: 9 values, at least 10 are summed up");
  REQUIRE(v.members[0].contribute(3, 5));
  CHECK_FALSE(v.members[0].open({4, 3, {1, 2, 3}}));
  CHECK(v.members[0].open({4, 3, {1, 2}}));
  v.roster.members.resize(9);
  v.sign();
  CHECK(v.check().error() == "mask roster: 9 members; 10 to 256 may be summed up");
}

TEST_CASE("masked sum: a home gives one value and one opening a round, and never an older one's") {
  Village v(10, 1, 5);
  MaskedMember& home = v.members[2];
  CHECK_FALSE(home.contribute(4, 1));
  CHECK_FALSE(home.open({4, 5, {}}));  // nothing was given
  CHECK(home.contribute(5, 1));
  CHECK_FALSE(home.contribute(5, 1));
  CHECK_FALSE(home.contribute(5, 2));
  CHECK(home.open({4, 5, {}}));
  CHECK_FALSE(home.open({4, 5, {}}));
  CHECK(home.contribute(6, 1));
  CHECK_FALSE(home.open({4, 5, {}}));
  CHECK(home.contribute(7, 1));
  CHECK_FALSE(home.open({4, 6, {}}));  // it has gone on
  CHECK(home.contribute(UINT32_MAX, 1));
  CHECK_FALSE(home.contribute(UINT32_MAX, 1));
  CHECK_FALSE(home.contribute(0, 1));
}

TEST_CASE("masked sum: values out of bounds are refused and spend no round") {
  Village v(10);
  for (const std::int64_t wrong :
       {max_masked_value + 1, -max_masked_value - 1, INT64_MAX, INT64_MIN})
    CHECK_FALSE(v.members[0].contribute(1, wrong));
  CHECK(v.members[0].contribute(1, max_masked_value));
}

TEST_CASE("masked sum: a home opens for no set that does not fit") {
  Village v(14);
  MaskedMember& home = v.members[2];
  REQUIRE(home.contribute(8, 1));
  const std::vector<MaskSet> wrong{{5, 8, {}},       {4, 7, {}},         {4, 9, {}},
                                   {4, 8, {2}},      {4, 8, {14}},       {4, 8, {3, 3}},
                                   {4, 8, {5, 3}},   {4, 8, {3, 65535}}, {4, 8, {0, 1, 3, 4, 5}},
                                   {4, 8, {0, 1, 2}}};
  for (const MaskSet& set : wrong) CHECK_FALSE(home.open(set));
  CHECK(home.open({4, 8, {0, 1, 3, 4}}));
}

TEST_CASE("masked sum: foreign, changed, repeated and late contributions are refused") {
  Village v(12), other(12, 2);
  MaskedSum sum(v.roster, 6, v.verifier);
  CHECK_FALSE(sum.fix_set());
  std::vector<MaskedValue> given;
  for (MaskedMember& m : v.members) given.push_back(*m.contribute(6, 10));
  const auto refused = [&](MaskedValue value) { CHECK_FALSE(sum.add(value)); };
  refused(*other.members[0].contribute(6, 10));  // another roster's
  refused(*Village(12).members[0].contribute(5, 10));
  for (int bit = 0; bit < 64; ++bit) {
    MaskedValue changed = given[0];
    changed.value ^= std::uint64_t{1} << bit;
    refused(changed);
  }
  MaskedValue changed = given[0];
  changed.member = 1;
  refused(changed);
  changed.member = 12;
  refused(changed);
  changed = given[0];
  changed.group = 5;
  refused(changed);
  changed = given[0];
  changed.signature[9] ^= 1;
  refused(changed);
  for (std::size_t h = 0; h < 11; ++h) CHECK(sum.add(given[h]));
  refused(given[3]);
  CHECK_FALSE(sum.all_values());
  CHECK(sum.fix_set()->absent == std::vector<std::uint16_t>{11});
  CHECK_FALSE(sum.fix_set());
  refused(given[11]);
  CHECK(sum.values() == 11);
}

TEST_CASE("masked sum: openings of others, of other sets, twice or too early are refused") {
  Village v(12);
  MaskedSum sum(v.roster, 6, v.verifier);
  std::vector<MaskedValue> given;
  for (MaskedMember& m : v.members) given.push_back(*m.contribute(6, 10));
  for (std::size_t h = 0; h < 11; ++h) REQUIRE(sum.add(given[h]));
  CHECK_FALSE(sum.add(MaskOpening{4, 6, 0, 0, {}}));
  const MaskSet set = *sum.fix_set();
  CHECK_FALSE(sum.sum());
  CHECK_FALSE(sum.add(*v.members[1].open({4, 6, {}})));  // for another set
  const MaskOpening opening = *v.members[0].open(set);
  const auto refused = [&](auto change) {
    MaskOpening changed = opening;
    change(changed);
    CHECK_FALSE(sum.add(changed));
  };
  refused([](MaskOpening& o) { o.mask += 1; });
  refused([](MaskOpening& o) { o.member = 2; });
  refused([](MaskOpening& o) { o.member = 11; });
  refused([](MaskOpening& o) { o.member = 12; });
  refused([](MaskOpening& o) { o.round = 7; });
  refused([](MaskOpening& o) { o.group = 3; });
  refused([](MaskOpening& o) { o.signature[0] ^= 1; });
  CHECK(sum.add(opening));
  CHECK_FALSE(sum.add(opening));
  CHECK(sum.unopened().size() == 10);
  CHECK(sum.sum().error() == "masked sum: 10 members have not opened; it is lost");
}

TEST_CASE("masked sum: rosters that nobody signed, of another chain or with a key twice fall") {
  const auto wrong = [](auto change, bool sign = true) {
    Village v(12);
    REQUIRE(v.check());
    change(v);
    if (sign) v.sign();
    CHECK_FALSE(v.check());
  };
  wrong([](Village& v) { v.roster.group = 5; }, false);
  wrong([](Village& v) { v.roster.members[3].mask_key[0] ^= 1; }, false);
  wrong([](Village& v) { v.roster.members.pop_back(); }, false);
  wrong([](Village& v) { v.roster.signature[0] ^= 1; }, false);
  wrong([](Village& v) { v.roster.chain_id = {8}; });
  wrong([](Village& v) { v.roster.members[1].mask_key = v.roster.members[0].mask_key; });
  wrong([](Village& v) { v.roster.members[1].signing_key = v.roster.members[0].signing_key; });
  wrong([](Village& v) { v.roster.members[1].account = v.roster.members[0].account; });
  wrong([](Village& v) { std::swap(v.roster.members[1], v.roster.members[0]); });
  wrong([](Village& v) { v.roster.members.resize(257, v.roster.members[0]); });
}

TEST_CASE("masked sum: a home joins only with its own keys, and trusts no key of small order") {
  Village v(12);
  const auto join = [&](std::size_t account, std::size_t secret, std::size_t signer) {
    return MaskedMember::join(v.roster, v.roster.members[account].account, v.secrets[secret],
                              *v.signers[signer], 0);
  };
  CHECK(join(1, 1, 1));
  CHECK_FALSE(join(0, 1, 1));
  CHECK_FALSE(join(1, 0, 1));
  CHECK_FALSE(join(1, 1, 0));
  v.roster.members[7].mask_key = {};  // the point 0
  CHECK_FALSE(join(1, 1, 1));
  v.roster.members[7].mask_key = {1};  // of order 4
  CHECK_FALSE(join(1, 1, 1));
}

TEST_CASE("masked sum: messages have one encoding and are cut nowhere") {
  Village v(12);
  const MaskedValue value = *v.members[1].contribute(9, -3);
  const MaskSet set{4, 9, {2, 7}};
  const MaskOpening opening = *v.members[1].open(set);
  const auto whole = [](const Bytes& bytes, auto decode) {
    const auto decoded = decode(bytes);
    REQUIRE(decoded);
    CHECK(encode(*decoded) == bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode(BytesView(bytes).first(n)));
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(decode(longer));
  };
  whole(encode(v.roster), decode_mask_roster);
  whole(encode(value), decode_masked_value);
  whole(encode(set), decode_mask_set);
  whole(encode(opening), decode_mask_opening);
  CHECK_FALSE(decode_mask_set(encode(MaskSet{4, 9, {2, 2}})));
  CHECK_FALSE(decode_mask_set(encode(MaskSet{4, 9, {3, 2}})));
  std::swap(v.roster.members[0], v.roster.members[1]);
  CHECK_FALSE(decode_mask_roster(encode(v.roster)));
  CHECK(encode(value).size() == 82);
}

TEST_CASE("masked sum: the worked bytes of docs/formats/masked_sums.md are what the code writes") {
  const auto all = [](std::size_t byte) {
    std::array<std::uint8_t, 32> out;
    out.fill(static_cast<std::uint8_t>(byte));
    return out;
  };
  MaskRoster roster;
  for (std::uint8_t i = 0; i < 32; ++i) roster.chain_id[i] = static_cast<std::uint8_t>(0x40 + i);
  roster.group = 4;
  for (std::size_t h = 0; h < 11; ++h) {
    AccountId account;
    account.bytes.fill(static_cast<std::uint8_t>(h));
    roster.members.push_back(
        {account, Ed25519Signer(all(1 + h)).public_key(), mask_key_of(all(0x21 + h))});
  }
  roster.signature = Ed25519Signer(all(9)).sign(roster_signed_bytes(roster));
  Ed25519Signer signer(all(4));
  MaskedMember member =
      MaskedMember::join(roster, roster.members[3].account, all(0x24), signer, 0).value();
  const MaskedValue value = member.contribute(9, -1234).value();
  const MaskSet set{4, 9, {7}};
  const MaskOpening opening = member.open(set).value();
  std::ifstream file(std::string(AIPCHAIN_SOURCE_DIR) + "/docs/formats/masked_sums.md");
  REQUIRE(file);
  std::string text, word;
  while (file >> word) text += word;
  const auto shows = [&](const char* name, const Bytes& bytes) {
    CAPTURE(name);
    CAPTURE(to_hex(bytes));
    CHECK(text.find(name + to_hex(bytes)) != std::string::npos);
  };
  shows("rosterid", to_bytes(roster_id(roster)));
  shows("rostersignature", to_bytes(roster.signature));
  shows("value", encode(value));
  shows("set", encode(set));
  shows("opening", encode(opening));
}
