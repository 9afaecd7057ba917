#include "market/audit/openings.hpp"

#include <set>

#include "ledger/crypto/seal.hpp"

namespace market {
namespace {

constexpr std::size_t wrapped_digits = 160;
constexpr std::size_t key_line_size = 32 + 1 + wrapped_digits + 1 + wrapped_digits + 1;
const std::string destroyed(wrapped_digits, '0');

Result<BoxKeys> auditor_of(const PublicLog& log, const FileSet& files) {
  const auto bytes = files.read("auditor");
  if (!bytes) return failure("auditor: missing");
  const std::string text = text_of(*bytes);
  const auto seed =
      text.ends_with('\n') ? array_from_hex<32>(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!seed) return failure("auditor: is not 64 hexadecimal digits and a newline");
  const BoxKeys keys = box_keys(*seed);
  if (keys.public_key != log.genesis.auditor_box)
    return failure("auditor: is not the secret of genesis' auditor");
  return keys;
}

Result<std::map<AccountId, Openings::Keys>> read_keys(const FileSet& files,
                                                      const BoxKeys& auditor) {
  const auto bytes = files.read("keys");
  if (!bytes) return failure("keys: missing");
  std::string_view rest(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  std::map<AccountId, Openings::Keys> out;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto wrong = [&](const char* what) {
      return failure("keys:" + std::to_string(number) + ": " + what);
    };
    if (rest.size() < key_line_size) return wrong("is cut off");
    const std::string_view line = rest.substr(0, key_line_size);
    rest.remove_prefix(key_line_size);
    const auto account = array_from_hex<16>(line.substr(0, 32));
    const auto restricted = from_hex(line.substr(33, 160));
    const auto personal = from_hex(line.substr(194, 160));
    if (!account || !restricted || !personal || line[32] != ' ' || line[193] != ' ' ||
        line.back() != '\n')
      return wrong("is not an account and two wrapped keys");
    const bool gone = line.substr(194, 160) == destroyed;
    const auto restricted_key = unwrap_key(*restricted, auditor);
    const auto personal_key = gone ? SymmetricKey{} : unwrap_key(*personal, auditor);
    if (!restricted_key || !personal_key) return wrong("a key does not open for the auditor");
    const AccountId id{*account};
    if (!out.empty() && !(out.rbegin()->first < id)) return wrong("accounts are not in order");
    out.emplace(id, Openings::Keys{*restricted_key, *personal_key, gone});
  }
  return out;
}

Result<void> read_restricted(Openings& out, const PublicLog& log, const AccountId& account,
                             const SymmetricKey& key, const std::string& path, BytesView file) {
  auto records = unseal_restricted_file(log.chain_id, key, file);
  if (!records) return failure(path + ": " + records.error());
  std::optional<RestrictedContext> last;
  for (RestrictedRecord& r : *records) {
    if ((last && !(*last < r.at)) || r.at.entry >= log.entries.size() ||
        owner_of(r.opening) != account)
      return failure(path + ": a record of entry " + std::to_string(r.at.entry) +
                     " does not belong here");
    last = r.at;
    if (!out.restricted[r.at.entry].emplace(r.at.position, std::move(r.opening)).second)
      return failure(path + ": a second opening for one place");
  }
  return {};
}

Result<void> read_personal(Openings& out, const PublicLog& log, const AccountId& account,
                           const SymmetricKey& key, const std::string& path, BytesView file) {
  auto records = unseal_personal_file(log.chain_id, key, file);
  if (!records) return failure(path + ": " + records.error());
  std::uint32_t last_epoch = 0;
  for (PersonalRecord& r : *records) {
    if (r.at.epoch <= last_epoch || r.record.account != account || r.record.meter != r.at.meter ||
        r.record.epoch != r.at.epoch)
      return failure(path + ": a record of epoch " + std::to_string(r.at.epoch) +
                     " does not belong here");
    last_epoch = r.at.epoch;
    auto& batch = out.personal[{r.at.gateway.value, r.at.epoch}];
    if (!batch.emplace(r.at.meter.value, std::move(r)).second)
      return failure(path + ": a second record for one place");
  }
  return {};
}

}  // namespace

Result<Openings> load_openings(const PublicLog& log, const FileSet& files) {
  const auto auditor = auditor_of(log, files);
  if (!auditor) return failure(auditor.error());
  auto keys = read_keys(files, *auditor);
  if (!keys) return failure(keys.error());
  Openings out;
  out.keys = std::move(*keys);
  auto erased = read_erased(files, log.genesis);
  if (!erased) return failure(erased.error());
  out.erased = std::move(*erased);
  if (const auto file = files.read("access")) {
    auto accesses = decode_accesses(*file);
    if (!accesses) return failure("access: " + accesses.error());
    out.accesses = std::move(*accesses);
  }
  std::set<std::string> known{"access", "auditor", "keys"};
  known.insert(erased_files.begin(), erased_files.end());
  for (const auto& [account, key] : out.keys) {
    const std::string restricted = "restricted/" + to_hex(account.bytes);
    const std::string personal = "personal/" + to_hex(account.bytes);
    known.insert(restricted);
    if (!key.personal_destroyed) known.insert(personal);
    if (const auto file = files.read(restricted))
      if (auto ok = read_restricted(out, log, account, key.restricted, restricted, *file); !ok)
        return failure(ok.error());
    if (const auto file = key.personal_destroyed ? std::nullopt : files.read(personal))
      if (auto ok = read_personal(out, log, account, key.personal, personal, *file); !ok)
        return failure(ok.error());
  }
  for (const std::string& path : files.paths)
    if (!known.contains(path)) return failure(path + ": a file that no list names");
  return out;
}

std::vector<Hash> opening_leaves(const Openings& openings, std::uint64_t entry) {
  std::map<std::uint16_t, Hash> leaves;
  if (const auto at = openings.restricted.find(entry); at != openings.restricted.end())
    for (const auto& [position, o] : at->second)
      leaves[position] = leaf_hash(commitment(o.salt, o.data));
  if (const auto at = openings.erased.restricted.find(entry);
      at != openings.erased.restricted.end())
    for (const auto& [position, l] : at->second) leaves[position] = l.leaf;
  std::vector<Hash> out;
  for (const auto& [position, leaf] : leaves) out.push_back(leaf);
  return out;
}

std::map<std::uint32_t, Hash> record_leaves(const Openings& openings, GatewayId gateway,
                                            std::uint32_t epoch) {
  std::map<std::uint32_t, Hash> out;
  const std::pair batch{gateway.value, epoch};
  if (const auto at = openings.personal.find(batch); at != openings.personal.end())
    for (const auto& [meter, p] : at->second)
      out[meter] =
          leaf_hash(record_commitment(openings.keys.at(p.record.account).personal, p.record));
  if (const auto at = openings.erased.personal.find(batch); at != openings.erased.personal.end())
    for (const auto& [meter, l] : at->second) out[meter] = l.leaf;
  return out;
}

}  // namespace market
