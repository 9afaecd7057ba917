#include "twin/node/base/masked_totals.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t most_homes_a_group = 32;

using MaskSecret = std::array<std::uint8_t, 32>;

MaskSecret mask_secret(const Hash& chain_id, const MeterIdentity& home) {
  return sha256({bytes_of("aipchain mask secret 1"), chain_id, home.account_seed});
}

// What was said, as it arrives.
template <class Message, class Decode>
Message heard(const Message& said, Decode decode, std::uint64_t& bytes) {
  const Bytes sent = encode(said);
  bytes += sent.size();
  return decode(sent).value();
}

}  // namespace

struct MaskedTotals::Group {
  MaskRoster roster;
  std::vector<std::unique_ptr<Ed25519Signer>> signers;
  std::vector<MaskedMember> members;

  Group(std::uint32_t number, const Hash& chain_id, Signer& registrar,
        std::span<const MeterIdentity* const> homes, Verifier& verifier);
  void add_to(MaskedTotal& total, std::uint32_t round,
              const std::map<AccountId, std::int64_t>& net_wh, Verifier& verifier);
};

MaskedTotals::Group::Group(std::uint32_t number, const Hash& chain_id, Signer& registrar,
                           std::span<const MeterIdentity* const> homes, Verifier& verifier) {
  roster.chain_id = chain_id;
  roster.group = number;
  for (const MeterIdentity* home : homes) {
    signers.push_back(std::make_unique<Ed25519Signer>(home->account_seed));
    roster.members.push_back(
        {home->account, signers.back()->public_key(), mask_key_of(mask_secret(chain_id, *home))});
  }
  roster.signature = registrar.sign(roster_signed_bytes(roster));
  invariant(check_roster(roster, chain_id, registrar.public_key(), verifier).has_value(),
            "a group of homes is one that can be summed up");
  for (std::size_t h = 0; h < homes.size(); ++h)
    members.push_back(MaskedMember::join(roster, homes[h]->account,
                                         mask_secret(chain_id, *homes[h]), *signers[h], 0)
                          .value());
}

void MaskedTotals::Group::add_to(MaskedTotal& total, std::uint32_t round,
                                 const std::map<AccountId, std::int64_t>& net_wh,
                                 Verifier& verifier) {
  MaskedSum sum(roster, round, verifier);
  std::vector<std::size_t> there;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto own = net_wh.find(roster.members[m].account);
    if (own == net_wh.end()) continue;
    const auto value = members[m].contribute(round, own->second);
    if (!value) continue;
    if (sum.add(heard(*value, decode_masked_value, total.bytes))) there.push_back(m);
  }
  const auto set = sum.fix_set();
  if (!set) {
    total.hidden += static_cast<std::uint32_t>(there.size());
    return;
  }
  for (const std::size_t m : there)
    if (const auto opening = members[m].open(heard(*set, decode_mask_set, total.bytes)))
      (void)sum.add(heard(*opening, decode_mask_opening, total.bytes));
  total.net_wh += sum.sum().value();
  for (const std::size_t m : there) total.homes.push_back(roster.members[m].account);
}

MaskedTotals::MaskedTotals(const Identities& identities, const Hash& chain_id, Verifier& verifier)
    : verifier_(verifier) {
  std::vector<const MeterIdentity*> homes;
  for (const MeterIdentity& m : identities.meters)
    if (!m.feeder) homes.push_back(&m);
  if (homes.size() < least_mask_members) return;
  std::sort(homes.begin(), homes.end(),
            [](const auto* a, const auto* b) { return a->account < b->account; });
  Ed25519Signer registrar(identities.registrar);
  const std::size_t count = (homes.size() + most_homes_a_group - 1) / most_homes_a_group;
  for (std::size_t g = 0; g < count; ++g) {
    const std::size_t first = g * homes.size() / count, end = (g + 1) * homes.size() / count;
    groups_.push_back(std::make_unique<Group>(
        static_cast<std::uint32_t>(g), chain_id, registrar,
        std::span<const MeterIdentity* const>(homes).subspan(first, end - first), verifier));
  }
}

MaskedTotals::~MaskedTotals() = default;

MaskedTotal MaskedTotals::total(Slot slot, const std::map<AccountId, std::int64_t>& net_wh) {
  MaskedTotal out;
  for (const auto& group : groups_) group->add_to(out, slot.value, net_wh, verifier_);
  return out;
}

}  // namespace twin
