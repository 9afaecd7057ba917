// What a subject may do about its data: the part of MarketState that consents and erasures change.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

Stages MarketState::erased(const AccountId& account) const {
  const auto at = erased_->find(account);
  return at == erased_->end() ? Stages{0} : at->second;
}

std::set<AccountId> MarketState::erased_at(GatewayId gateway) const {
  std::set<AccountId> out;
  for (const auto& [account, stages] : *erased_) {
    const auto meter = meters_->find(meter_of_account_->at(account));
    if (meter != meters_->end() && meter->second.registration.gateway == gateway)
      out.insert(out.end(), account);
  }
  return out;
}

const Consent* MarketState::consent(const ConsentPlace& place) const {
  const auto at = consents_->find(place);
  return at == consents_->end() ? nullptr : &at->second;
}

tl::expected<SignatureClaim, Refusal> MarketState::claim_of_consent(const Transaction& tx) const {
  if (tx.openings.size() != 1) return never("a consent has one opening");
  const auto consent = decode_consent(tx.openings[0].data);
  if (!consent) return never(consent.error());
  const auto meter = meter_of_account_->find(consent->place.account);
  if (meter == meter_of_account_->end()) return not_yet("consent of an unknown account");
  return SignatureClaim{meters_->at(meter->second).account_keys.in({next_slot_}),
                        consent_signed_bytes(chain_id_, tx.openings[0].data), consent->signature};
}

MarketState::Applied MarketState::apply_erasure(const Transaction& tx) {
  const auto body = decode_erasure_body(tx.body);
  if (!body) return never(body.error());
  if (tx.openings.size() != 1 || tx.openings[0].salt != body->salt)
    return never("an erasure has one opening, under the salt of its body");
  const auto erasure = decode_erasure(tx.openings[0].data);
  if (!erasure) return never(erasure.error());
  if (!meter_of_account_->contains(erasure->account))
    return not_yet("erasure of an unknown account");
  const auto stages = next_stages(erased(erasure->account), erasure->stages);
  if (!stages) return never(stages.error());
  erased_.write()[erasure->account] = *stages;
  put("erased", erasure->account.bytes, erased_value(*stages));
  return {};
}

std::size_t MarketState::consents_of(const AccountId& account) const {
  const auto first = consents_->lower_bound({account, PublicKey{}, Purpose{}});
  return static_cast<std::size_t>(std::distance(
      first, std::find_if(first, consents_->end(),
                          [&](const auto& one) { return one.first.account != account; })));
}

MarketState::Applied MarketState::apply_consent(const Transaction& tx, std::int64_t time_ms) {
  if (!tx.body.empty()) return never("a consent's body is empty");
  if (tx.openings.size() != 1) return never("a consent has one opening");
  const auto consent = decode_consent(tx.openings[0].data);
  if (!consent) return never(consent.error());
  const Consent& c = *consent;
  if (!meter_of_account_->contains(c.place.account))
    return not_yet("consent of an unknown account");
  if (erased(c.place.account)) return never("consent of an account whose data are erased");
  const Consent* before = this->consent(c.place);
  if (before && c.number <= before->number)
    return never("consent of number " + std::to_string(c.number) +
                 ", which is not above the newest one's, " + std::to_string(before->number));
  if (!before && consents_of(c.place.account) >= max_consents)
    return never("consent of an account that has given " + std::to_string(max_consents) +
                 " to others or for other purposes");
  if (c.withdrawn && !before) return never("withdrawal of a consent that was never given");
  if (!c.withdrawn && time_ms >= std::int64_t{c.end_slot.value} * genesis_->slot_ms)
    return never("consent for a period that has ended");
  consents_.write()[c.place] = c;
  put("consent", encode(c.place), commitment(tx.openings[0].salt, tx.openings[0].data));
  return {};
}

}  // namespace market
