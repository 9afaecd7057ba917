#include "ledger/privacy/masked_sum.hpp"

#include <algorithm>
#include <set>
#include <sodium.h>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/seal.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

std::uint64_t mask(std::string_view label, BytesView key, const Hash& roster, std::uint32_t round) {
  const Hash h = sha256({bytes_of(label), key, roster, ByteWriter(4).u32(round).view()});
  return ByteReader(h).u64();
}

// Nothing where the other's key is of small order: the secret would be known to all.
std::optional<Hash> pair_key(const BoxKeys& self, const std::array<std::uint8_t, 32>& other) {
  std::array<std::uint8_t, 32> shared;
  if (crypto_scalarmult(shared.data(), self.secret_key.data(), other.data()) != 0)
    return std::nullopt;
  const Hash key = sha256({bytes_of("aipchain pair key 1"), shared});
  sodium_memzero(shared.data(), shared.size());
  return key;
}

std::string number(std::uint64_t n) { return std::to_string(n); }

}  // namespace

std::array<std::uint8_t, 32> mask_key_of(const std::array<std::uint8_t, 32>& mask_secret) {
  return box_keys(mask_secret).public_key;
}

Result<void> check_roster(const MaskRoster& roster, const Hash& chain_id,
                          const PublicKey& registrar, Verifier& verifier) {
  const std::size_t n = roster.members.size();
  if (n < least_mask_members || n > max_mask_members)
    return failure("mask roster: " + number(n) + " members; 10 to 256 may be summed up");
  if (roster.chain_id != chain_id) return failure("mask roster: of another chain");
  std::set<std::array<std::uint8_t, 32>> keys;
  for (const MaskMember& m : roster.members)
    if (!keys.insert(m.signing_key).second || !keys.insert(m.mask_key).second)
      return failure("mask roster: a key stands twice");
  const auto not_ascending = [](const MaskMember& a, const MaskMember& b) {
    return b.account <= a.account;
  };
  if (std::adjacent_find(roster.members.begin(), roster.members.end(), not_ascending) !=
      roster.members.end())
    return failure("mask roster: accounts ascend, each once");
  if (!verifier.verify(registrar, roster_signed_bytes(roster), roster.signature))
    return failure("mask roster: the registrar has not signed it");
  return {};
}

MaskedMember::MaskedMember(const MaskRoster& roster, std::uint16_t self, Signer& signer)
    : roster_(roster_id(roster)), group_(roster.group), self_(self), signer_(&signer) {}

Result<MaskedMember> MaskedMember::join(const MaskRoster& roster, const AccountId& self,
                                        const std::array<std::uint8_t, 32>& mask_secret,
                                        Signer& signer, std::uint32_t first_round) {
  const BoxKeys own = box_keys(mask_secret);
  const auto at =
      std::find_if(roster.members.begin(), roster.members.end(), [&](const MaskMember& m) {
        return m.account == self && m.signing_key == signer.public_key() &&
               m.mask_key == own.public_key;
      });
  if (at == roster.members.end()) return failure("mask roster: this home is not in it as it is");
  MaskedMember out(roster, static_cast<std::uint16_t>(at - roster.members.begin()), signer);
  out.secret_ = mask_secret;
  out.next_round_ = first_round;
  for (const MaskMember& m : roster.members) {
    const auto key = pair_key(own, m.mask_key);
    if (!key) return failure("mask roster: a mask key that gives no secret");
    out.pair_keys_.push_back(*key);
  }
  return out;
}

std::uint64_t MaskedMember::self_mask(std::uint32_t round) const {
  return mask("aipchain self mask 1", secret_, roster_, round);
}

std::uint64_t MaskedMember::pair_mask(std::uint16_t other, std::uint32_t round) const {
  const std::uint64_t m = mask("aipchain pair mask 1", pair_keys_[other], roster_, round);
  return self_ < other ? m : 0 - m;
}

Result<MaskedValue> MaskedMember::contribute(std::uint32_t round, std::int64_t value) {
  if (round < next_round_)
    return failure("masked value: round " + number(round) + " is not above the last one");
  if (value < -max_masked_value || value > max_masked_value)
    return failure("masked value: " + std::to_string(value) + " is beyond 2^53");
  next_round_ = std::uint64_t{round} + 1;
  given_ = round;
  MaskedValue out{group_, round, self_, static_cast<std::uint64_t>(value) + self_mask(round), {}};
  for (std::uint16_t j = 0; j < pair_keys_.size(); ++j)
    if (j != self_) out.value += pair_mask(j, round);
  out.signature = signer_->sign(value_signed_bytes(roster_, out));
  return out;
}

Result<void> MaskedMember::check(const MaskSet& set) const {
  const std::size_t members = pair_keys_.size();
  if (set.group != group_) return failure("mask set: of another group");
  if (given_ != set.round)
    return failure("mask set: round " + number(set.round) + " awaits no opening");
  for (std::size_t i = 0; i < set.absent.size(); ++i) {
    if (set.absent[i] >= members) return failure("mask set: a member that there is not");
    if (i > 0 && set.absent[i] <= set.absent[i - 1])
      return failure("mask set: the absent ascend, each once");
    if (set.absent[i] == self_) return failure("mask set: this home is said to be absent");
  }
  if (members - set.absent.size() < least_mask_members)
    return failure("mask set: fewer than 10 members are left");
  return {};
}

Result<MaskOpening> MaskedMember::open(const MaskSet& set) {
  if (auto fits = check(set); !fits) return failure(fits.error());
  given_.reset();
  MaskOpening out{group_, set.round, self_, self_mask(set.round), {}};
  for (const std::uint16_t j : set.absent) out.mask += pair_mask(j, set.round);
  out.signature = signer_->sign(opening_signed_bytes(roster_, set, out));
  return out;
}

MaskedSum::MaskedSum(const MaskRoster& roster, std::uint32_t round, Verifier& verifier)
    : roster_(roster),
      id_(roster_id(roster)),
      round_(round),
      verifier_(verifier),
      valued_(roster.members.size()),
      opened_(roster.members.size()) {}

Result<void> MaskedSum::check(std::uint32_t group, std::uint32_t round,
                              std::uint16_t member) const {
  if (group != roster_.group) return failure("masked sum: of another group");
  if (round != round_)
    return failure("masked sum: of round " + number(round) + ", not " + number(round_));
  if (member >= roster_.members.size()) return failure("masked sum: of a member that there is not");
  return {};
}

Result<void> MaskedSum::add(const MaskedValue& value) {
  if (auto fits = check(value.group, value.round, value.member); !fits) return fits;
  if (set_) return failure("masked value: too late, the set is fixed");
  if (valued_[value.member]) return failure("masked value: its member has given one");
  if (!verifier_.verify(roster_.members[value.member].signing_key, value_signed_bytes(id_, value),
                        value.signature))
    return failure("masked value: its member has not signed it");
  valued_[value.member] = true;
  ++values_;
  total_ += value.value;
  return {};
}

Result<MaskSet> MaskedSum::fix_set() {
  if (set_) return failure("masked sum: its set is fixed already");
  if (values_ < least_mask_members)
    return failure("masked sum: " + number(values_) + " values, at least 10 are summed up");
  set_ = MaskSet{roster_.group, round_, {}};
  for (std::uint16_t m = 0; m < valued_.size(); ++m)
    if (!valued_[m]) set_->absent.push_back(m);
  return *set_;
}

Result<void> MaskedSum::add(const MaskOpening& opening) {
  if (auto fits = check(opening.group, opening.round, opening.member); !fits) return fits;
  if (!set_) return failure("mask opening: too early, the set is not fixed");
  if (!valued_[opening.member]) return failure("mask opening: its member is not in the set");
  if (opened_[opening.member]) return failure("mask opening: its member has opened");
  if (!verifier_.verify(roster_.members[opening.member].signing_key,
                        opening_signed_bytes(id_, *set_, opening), opening.signature))
    return failure("mask opening: its member has not signed it for this set");
  opened_[opening.member] = true;
  total_ -= opening.mask;
  return {};
}

std::vector<std::uint16_t> MaskedSum::unopened() const {
  std::vector<std::uint16_t> out;
  for (std::uint16_t m = 0; m < valued_.size(); ++m)
    if (valued_[m] && !opened_[m]) out.push_back(m);
  return out;
}

Result<std::int64_t> MaskedSum::sum() const {
  if (!set_) return failure("masked sum: its set is not fixed");
  if (const std::size_t n = unopened().size(); n > 0)
    return failure("masked sum: " + number(n) + " members have not opened; it is lost");
  return static_cast<std::int64_t>(total_);
}

}  // namespace ledger
