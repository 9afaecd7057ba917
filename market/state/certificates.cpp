// Certificates of meters: the part of MarketState that takes them and asks for them.

#include <algorithm>

#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

constexpr std::size_t most_of_a_meter = 64;  // that are not over

bool has(const std::vector<MeterCertificate>& all, const Hash& hash) {
  return std::any_of(all.begin(), all.end(),
                     [&](const MeterCertificate& c) { return c.hash == hash; });
}

}  // namespace

MarketState::Applied MarketState::apply_certificates(const Transaction& tx) {
  const auto body = decode_certificate_body(tx.body);
  if (!body) return never(body.error());
  if (body->count != tx.openings.size() || body->count == 0)
    return never("certificates do not fit their count");
  std::vector<MeterCertificate> all;
  std::set<std::uint32_t> meters;
  for (const Opening& o : tx.openings) {
    const auto c = decode_meter_certificate(o.data);
    if (!c) return never(c.error());
    if (auto ok = check_certificate(*c); !ok) return ok;
    if (!meters.insert(c->meter.value).second) return never("two certificates of one meter");
    all.push_back(*c);
  }
  for (const MeterCertificate& c : all) {
    Meter& m = meters_.write().at(c.meter.value);
    m.certificates.push_back(c);
    put_certificate(m, c, true);
  }
  return {};
}

MarketState::Applied MarketState::check_certificate(const MeterCertificate& c) const {
  const auto at = meters_->find(c.meter.value);
  if (at == meters_->end()) return not_yet("certificate of an unknown meter");
  const Meter& m = at->second;
  if (m.registration.account != c.account)
    return never("certificate of a meter that is not the account's");
  if (c.end.value <= next_slot_) return never("certificate of slots that are over");
  if (has(m.certificates, c.hash)) return never("the certificate is on the ledger already");
  if (m.certificates.size() >= most_of_a_meter)
    return never("the meter has 64 certificates that are not over");
  return {};
}

bool MarketState::has_certificate(const Meter& m, const MeterCertificate& c) const {
  return c.end.value <= next_slot_ || has(m.certificates, c.hash);
}

bool MarketState::is_certified(const Meter& m, Slot since, Slot slot) const {
  return !genesis_->certificates ||
         std::any_of(m.certificates.begin(), m.certificates.end(), [&](const MeterCertificate& c) {
           return c.covers(since, slot) && m.meter_keys.of_device(slot, c.meter_key);
         });
}

void MarketState::drop_certificates() {
  const auto over = [&](const MeterCertificate& c) { return c.end.value <= next_slot_; };
  std::vector<std::uint32_t> meters;
  for (const auto& [id, m] : *meters_)
    if (std::any_of(m.certificates.begin(), m.certificates.end(), over)) meters.push_back(id);
  for (const std::uint32_t id : meters) {
    Meter& m = meters_.write().at(id);
    for (const MeterCertificate& c : m.certificates)
      if (over(c)) put_certificate(m, c, false);
    std::erase_if(m.certificates, over);
  }
}

}  // namespace market
