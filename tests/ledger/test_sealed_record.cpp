// Sealed records: bound to their chain and place, and no key stream is used for
// two plaintexts.

#include <doctest/doctest.h>

#include "ledger/openings/sealed_record.hpp"

using namespace ledger;

namespace {

constexpr SymmetricKey key{1, 2, 3};
constexpr Hash chain{7}, other_chain{8};
constexpr RestrictedContext place{30, 2};

Opening opening(std::uint8_t what) { return {Salt{9}, Bytes(100, what)}; }

// Length, context, nonce; then the box.
constexpr std::size_t box_at = 4 + 10 + 24;

bool same_key_stream(const Bytes& a, const Bytes& b, std::uint8_t difference) {
  std::size_t equal = 0;
  for (std::size_t i = box_at + 32; i < box_at + 132; ++i) equal += (a[i] ^ b[i]) == difference;
  return equal > 50;
}

}  // namespace

TEST_CASE(
    "a record opens on its chain, in its place, under its key, and "
    "nowhere else") {
  const Bytes record = seal_restricted(chain, key, place, opening(5));
  const auto opened = unseal_restricted_file(chain, key, record);
  REQUIRE(opened);
  CHECK(opened->front().opening.data == opening(5).data);
  CHECK_FALSE(unseal_restricted_file(other_chain, key, record));
  CHECK_FALSE(unseal_restricted_file(chain, SymmetricKey{1}, record));
  CHECK_FALSE(unseal_personal_file(chain, key, record));
  for (std::size_t i = 0; i < record.size(); ++i) {
    Bytes changed = record;
    changed[i] ^= 1;
    CHECK_FALSE(unseal_restricted_file(chain, key, changed));
    CHECK((i == 0 || !unseal_restricted_file(chain, key, BytesView(record).first(i))));
  }
}

TEST_CASE("neither two chains nor two lives of a sender share a key stream") {
  const Bytes first = seal_restricted(chain, key, place, opening(5));
  CHECK(seal_restricted(chain, key, place, opening(5)) == first);
  CHECK(same_key_stream(first, first, 0));
  CHECK_FALSE(same_key_stream(first, seal_restricted(chain, key, place, opening(6)), 5 ^ 6));
  CHECK_FALSE(same_key_stream(first, seal_restricted(other_chain, key, place, opening(5)), 0));
  CHECK_FALSE(same_key_stream(first, seal_restricted(other_chain, key, place, opening(6)), 5 ^ 6));
}
