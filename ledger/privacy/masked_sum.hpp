#pragma once
// A sum over homes for somebody who sees none of its parts: pairwise masks as in Bonawitz et al.,
// Practical Secure Aggregation for Privacy-Preserving Machine Learning (CCS 2017), in two steps.
//
//   k(i,j)  = SHA-256("aipchain pair key 1" || X25519(i, j))                for each pair of
//   members m(i,j)  = first 64 bits of SHA-256("aipchain pair mask 1" || k(i,j) || roster id ||
//   round u32) s(i,j)  = m(i,j) where i < j, -m(i,j) where i > j b(i)    = the same of "aipchain
//   self mask 1", i's secret, roster id and round value   y(i) = x(i) + b(i) + sum over all j of
//   s(i,j)                               mod 2^64 set     P: whose values came; the aggregator
//   tells them all opening o(i) = b(i) + sum over j not in P of s(i,j)            for i in P, once
//   a round sum     of x over P = sum over P of y - o, as a signed number: the masks within P
//   cancel
//
// An aggregator that lies about P, to some or to all, learns no home's value. What i opens is one
// number, so only z(i) = y(i) - o(i) = x(i) + sum over P(i) of s(i,j) comes free of b(i), with the
// set P(i) that i was told and only once. m(i,j) leaves a combination of the z of honest members
// only where i and j stand in it with one factor and each was told of the other; so whatever is
// free of masks is a sum over members among whom is all of some P(i): ten at least. A y that was
// said to be absent keeps its b for good.
//
// Limits, plainly. A member that gives its value and then does not open costs its group that
// round's sum, never a value (shares of b with the others would save it, for n^2 messages a round);
// nothing is ever tried again for a round, since two sums over sets that differ by one home are
// that home's value. Members who tell the aggregator their own values leave a sum over the rest.
// Nobody can see whether one home makes up more than half (public_sum.hpp), or lies about itself.
// Who belongs to the group is the registrar's word; a home is in one roster at a time.

#include "ledger/oracle/public_sum.hpp"
#include "ledger/privacy/masked_sum_format.hpp"

namespace ledger {

inline constexpr std::size_t least_mask_members = least_contributions;
inline constexpr std::int64_t max_masked_value = std::int64_t{1} << 53;  // either sign
static_assert(max_masked_value <= INT64_MAX / std::int64_t{max_mask_members});

// Ten members or more, no key twice, signed by the registrar of the chain.
Result<void> check_roster(const MaskRoster& roster, const Hash& chain_id,
                          const PublicKey& registrar, Verifier& verifier);

// The public part of a member's X25519 pair.
std::array<std::uint8_t, 32> mask_key_of(const std::array<std::uint8_t, 32>& mask_secret);

// A home. It keeps which rounds it has spoken in: what it gives and opens, it gives once.
class MaskedMember {
 public:
  // The roster is one that check_roster took. `first_round`: the home never took part in it or a
  // later one, in any roster. An error: it is not in the roster with these keys, or some member's
  // mask key is no point that two can agree on.
  static Result<MaskedMember> join(const MaskRoster& roster, const AccountId& self,
                                   const std::array<std::uint8_t, 32>& mask_secret, Signer& signer,
                                   std::uint32_t first_round);

  // Refused: a round that is not above the last one, a value out of bounds.
  Result<MaskedValue> contribute(std::uint32_t round, std::int64_t value);

  // Refused: a set of another group or round than the last value's, a second one for a round, one
  // without this home or with members that there are not, one that leaves fewer than ten.
  Result<MaskOpening> open(const MaskSet& set);

 private:
  MaskedMember(const MaskRoster& roster, std::uint16_t self, Signer& signer);
  std::uint64_t self_mask(std::uint32_t round) const;
  std::uint64_t pair_mask(std::uint16_t other, std::uint32_t round) const;
  Result<void> check(const MaskSet& set) const;

  Hash roster_{};
  std::uint32_t group_;
  std::uint16_t self_;
  Signer* signer_;
  std::array<std::uint8_t, 32> secret_{};
  std::vector<Hash> pair_keys_;  // by member; its own is not used
  std::uint64_t next_round_ = 0;
  std::optional<std::uint32_t> given_;  // the round whose value is given and not opened
};

// The aggregator of one round. The roster and the verifier outlive it.
class MaskedSum {
 public:
  MaskedSum(const MaskRoster& roster, std::uint32_t round, Verifier& verifier);

  // Refused: another group or round, no member, one that has spoken already, a signature that does
  // not hold, a value after the set is fixed, an opening before or of one outside it.
  Result<void> add(const MaskedValue& value);
  Result<void> add(const MaskOpening& opening);

  std::size_t values() const { return values_; }
  bool all_values() const { return values_ == roster_.members.size(); }
  // Fixes the set, once. An error: fewer than ten values.
  Result<MaskSet> fix_set();

  // Members of the set that have not opened.
  std::vector<std::uint16_t> unopened() const;
  // An error: the set is not fixed, or somebody has not opened.
  Result<std::int64_t> sum() const;

 private:
  Result<void> check(std::uint32_t group, std::uint32_t round, std::uint16_t member) const;

  const MaskRoster& roster_;
  Hash id_;
  std::uint32_t round_;
  Verifier& verifier_;
  std::vector<bool> valued_, opened_;  // by member
  std::size_t values_ = 0;
  std::uint64_t total_ = 0;
  std::optional<MaskSet> set_;
};

}  // namespace ledger
