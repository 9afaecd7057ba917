#include "market/audit/access_log.hpp"

#include "market/entries/entries.hpp"
#include "market/entries/registry_entries.hpp"

namespace market {
namespace {

// The chain's time when its log had this size.
std::int64_t time_at(const PublicLog& log, std::uint64_t log_size) {
  std::int64_t out = 0;
  for (const auto& block : log.blocks)
    if (block.header.log_size < log_size) out = block.header.time_ms;
  return out;
}

}  // namespace

std::optional<KeyLine> account_keys_at(const PublicLog& log, const Openings& openings,
                                       const AccountId& account, std::uint64_t log_size) {
  std::optional<KeyLine> keys;
  for (const auto& [entry, all] : openings.restricted) {
    const auto view = view_entry(log.entries.at(entry));
    if (!view || (keys && entry >= log_size)) continue;
    for (const auto& [position, o] : all) {
      if (owner_of(o) != account) continue;
      if (view->kind == TransactionKind::registration) {
        if (const auto r = decode_registration(o.data)) keys.emplace(r->account_key);
      } else if (view->kind == TransactionKind::key_change && keys) {
        const auto change = decode_key_change(o.data);
        if (change && change->of == KeyOf::account) keys->change(change->next());
      }
    }
  }
  return keys;
}

std::optional<PublicKey> account_key_at(const PublicLog& log, const Openings& openings,
                                        const AccountId& account, std::uint64_t log_size) {
  const auto keys = account_keys_at(log, openings, account, log_size);
  if (!keys) return std::nullopt;
  return keys->in({static_cast<std::uint32_t>(time_at(log, log_size) / log.genesis.slot_ms)});
}

std::optional<Consent> consent_at(const PublicLog& log, const Openings& openings,
                                  const ConsentPlace& place, std::uint64_t log_size) {
  std::optional<Consent> out;
  for (const auto& [entry, all] : openings.restricted) {
    if (entry >= log_size) break;
    const auto view = view_entry(log.entries.at(entry));
    if (!view || view->kind != TransactionKind::consent) continue;
    for (const auto& [position, o] : all)
      if (const auto c = decode_consent(o.data); c && c->place == place)
        if (!out || out->number < c->number) out = *c;
  }
  return out;
}

Result<void> check_access(const PublicLog& log, const Openings& openings, const Access& a) {
  if (a.log_size > log.entries.size() || !(a.first_slot < a.end_slot))
    return failure("is of no time or no slots");
  if (a.purpose == 0) {
    if (account_key_at(log, openings, a.account, a.log_size) != a.reader)
      return failure("is said to be the subject's own, by another key");
    return {};
  }
  const auto consent =
      consent_at(log, openings, {a.account, a.reader, static_cast<Purpose>(a.purpose)}, a.log_size);
  if (!consent) return failure("rests on no consent");
  if (consent->withdrawn) return failure("rests on a consent that was withdrawn");
  if (time_at(log, a.log_size) >= std::int64_t{consent->end_slot.value} * log.genesis.slot_ms)
    return failure("rests on a consent whose period has ended");
  if (!consent->covers(a.first_slot) || !consent->covers({a.end_slot.value - 1}))
    return failure("reads slots that the consent does not cover");
  return {};
}

}  // namespace market
