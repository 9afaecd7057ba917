#include "market/audit/erasure_audit.hpp"

#include "ledger/oracle/batch.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/settlement/ruling.hpp"

namespace market {
namespace {

std::string name_of(std::uint64_t record) { return "record " + std::to_string(record); }

// Of one erasure: where its leaves stand.
struct Reach {
  std::set<std::uint32_t> meters;
  std::uint64_t personal = 0, restricted = 0;
};

Result<std::map<std::uint64_t, Reach>> erasures_on(const PublicLog& log, Verifier& verifier) {
  std::map<std::uint64_t, Reach> out;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto entry = view_entry(log.entries[i]);
    if (!entry || entry->kind != TransactionKind::erasure) continue;
    const auto body = decode_erasure_body(entry->body);
    if (!body) return failure(name_of(i) + ": " + body.error());
    if (!verifier.verify(log.genesis.registrar, entry_signed_bytes(log.chain_id, log.entries[i]),
                         body->signature))
      return failure(name_of(i) + ": is not signed by the registrar");
    out.emplace(i, Reach());
  }
  return out;
}

// How many openings of one account an entry can have.
std::size_t most_openings(const EntryView& entry) {
  if (entry.kind == TransactionKind::registration) return 2;
  if (entry.kind == TransactionKind::ruling)
    if (const auto body = decode_ruling_body(entry.body)) return body->count;
  if (entry.kind == TransactionKind::grid_measure)
    if (const auto body = decode_grid_measure_body(entry.body)) return body->measures.size();
  return 1;
}

Result<void> check_restricted(const PublicLog& log, const ErasedOpenings& erased,
                              std::map<std::uint64_t, Reach>& reach) {
  for (const auto& [entry, leaves] : erased.restricted) {
    if (entry >= log.entries.size())
      return failure("erased/restricted: of entry " + std::to_string(entry) +
                     ", which is not there");
    std::map<std::uint64_t, std::size_t> here;
    for (const auto& [position, l] : leaves) {
      const auto at = reach.find(l.record);
      if (at == reach.end())
        return failure("erased/restricted: " + name_of(l.record) + " is no erasure");
      ++at->second.restricted;
      ++here[l.record];
    }
    const std::size_t most = most_openings(*view_entry(log.entries[entry]));
    for (const auto& [record, count] : here)
      if (count > most)
        return failure("erased/restricted: " + name_of(record) + " erases " +
                       std::to_string(count) + " openings of entry " + std::to_string(entry) +
                       ", more than one account has there");
  }
  return {};
}

Result<void> check_personal(const ErasedOpenings& erased, std::map<std::uint64_t, Reach>& reach) {
  for (const auto& [batch, leaves] : erased.personal)
    for (const auto& [meter, l] : leaves) {
      const auto at = reach.find(l.record);
      if (at == reach.end())
        return failure("erased/personal: " + name_of(l.record) + " is no erasure");
      ++at->second.personal;
      at->second.meters.insert(meter);
      if (at->second.meters.size() > 1)
        return failure("erased/personal: " + name_of(l.record) +
                       " erases records of more than one meter");
    }
  return {};
}

// No account has a key that one of its erasures destroyed.
Result<void> check_keys(const PublicLog& log, const Openings& openings) {
  for (const auto& [account, keys] : openings.keys) {
    Stages erased = 0;
    std::uint64_t last = 0;
    for (const ErasureRecord& r : erasures_of(log, account)) {
      erased |= r.stages;
      last = r.entry;
    }
    if ((erased & personal_stage) && !keys.personal_destroyed)
      return failure("keys: an account that " + name_of(last) + " erased has its personal key");
    if (erased & billing_stage)
      return failure("keys: an account that " + name_of(last) + " erased has its restricted key");
    if (!erased && keys.personal_destroyed)
      return failure("keys: a personal key is destroyed, and no erasure on the log says so");
  }
  return {};
}

// Records of a home whose account was never erased are all there.
Result<void> check_meters(const PublicLog& log, const Openings& openings,
                          const std::set<std::uint32_t>& erased) {
  for (const auto& [entry, all] : openings.restricted) {
    if (view_entry(log.entries.at(entry))->kind != TransactionKind::registration) continue;
    for (const auto& [position, o] : all) {
      const auto r = decode_registration(o.data);
      const auto keys = openings.keys.find(owner_of(o));
      if (r && erased.contains(r->meter.value) && keys != openings.keys.end() &&
          !keys->second.personal_destroyed)
        return failure("erased/personal: records of meter " + std::to_string(r->meter.value) +
                       ", whose account was not erased");
    }
  }
  return {};
}

template <class Left, class Erased>
bool apart(const Left& left, const Erased& erased) {
  for (const auto& [at, gone] : erased)
    if (const auto there = left.find(at); there != left.end())
      for (const auto& [position, leaf] : gone)
        if (there->second.contains(position)) return false;
  return true;
}

// What is said to be erased is not there.
Result<void> check_apart(const Openings& all) {
  if (!apart(all.restricted, all.erased.restricted) || !apart(all.personal, all.erased.personal))
    return failure("erased: names an opening that is still there");
  return {};
}

}  // namespace

Result<ErasuresChecked> check_erasures(const PublicLog& log, const Openings& openings,
                                       Verifier& verifier) {
  auto reach = erasures_on(log, verifier);
  if (!reach) return failure(reach.error());
  if (auto ok = check_restricted(log, openings.erased, *reach); !ok) return failure(ok.error());
  if (auto ok = check_personal(openings.erased, *reach); !ok) return failure(ok.error());
  if (auto ok = check_keys(log, openings); !ok) return failure(ok.error());
  if (auto ok = check_apart(openings); !ok) return failure(ok.error());
  std::set<std::uint32_t> meters;
  ErasuresChecked out;
  for (const auto& [record, r] : *reach) {
    for (const std::uint32_t meter : r.meters)
      if (!meters.insert(meter).second)
        return failure("erased/personal: two records erase meter " + std::to_string(meter));
    out.records.push_back(record);
    out.leaves += r.personal + r.restricted;
  }
  if (auto ok = check_meters(log, openings, meters); !ok) return failure(ok.error());
  return out;
}

std::string erased_by(const std::set<std::uint64_t>& records) {
  std::string out = records.size() == 1 ? "erased by record" : "erased by records";
  for (const std::uint64_t r : records)
    out += (r == *records.begin() ? " " : ", ") + std::to_string(r);
  return out;
}

std::set<std::uint64_t> restricted_records(const ErasedOpenings& erased) {
  std::set<std::uint64_t> out;
  for (const auto& [entry, leaves] : erased.restricted)
    for (const auto& [position, l] : leaves) out.insert(l.record);
  return out;
}

std::set<std::uint64_t> personal_records(const ErasedOpenings& erased) {
  std::set<std::uint64_t> out;
  for (const auto& [batch, leaves] : erased.personal)
    for (const auto& [meter, l] : leaves) out.insert(l.record);
  return out;
}

}  // namespace market
