#include "twin/store/run_ledger.hpp"

#include <algorithm>
#include <fstream>

#include "market/audit/replay.hpp"
#include "twin/store/log_directory.hpp"
#include "twin/store/run_eraser.hpp"

namespace twin {

using namespace ledger;

Result<RunLedger> RunLedger::load(const std::string& directory, const market::FileSet& log,
                                  const market::FileSet& openings, Verifier& verifier) {
  RunLedger out(directory, verifier);
  auto ok = market::load_trust(out.log_, log, "");
  if (ok) ok = market::load_entries(out.log_, log, verifier);
  if (ok) ok = market::load_blocks(out.log_, log);
  if (ok) ok = market::check_consistency(out.log_);
  if (!ok) return failure("log/" + ok.error());
  auto opened = market::load_openings(out.log_, openings);
  if (!opened) return failure("openings/" + opened.error());
  out.openings_ = std::move(*opened);
  return out;
}

tl::expected<RunLedger::Decided, NotDecided> RunLedger::decide(
    const Transaction& tx, const OperatorKeys& keys, const std::optional<AccountId>& not_kept) {
  auto next = decide_next(log_, openings_, keys, tx, *verifier_);
  if (!next) return tl::unexpected(next.error());
  const auto certificate = decode_certificate(next->certificate);
  auto checkpoint = check_checkpoint(next->checkpoint, log_.policy, *verifier_);
  if (!certificate || !checkpoint) return failure("the validators' signatures do not hold");
  if (auto ok = publish(*next); !ok) return failure(ok.error());
  log_.checkpoint = std::move(*checkpoint);
  log_.checkpoint_note = next->checkpoint;
  log_.blocks.push_back({encode(next->block.header), next->block.header, *certificate});
  Decided out{0, next->block.header.height, std::move(next->state)};
  for (const Transaction& each : next->block.transactions) {
    out.entry = log_.entries.size();
    log_.entries.push_back(each.entry());
    log_.tree.append(leaf_of(each));
    for (std::uint16_t k = 0; k < each.openings.size(); ++k) {
      put_back(out.entry, each.openings[k]);
      if (owner_of(each.openings[k]) == not_kept) continue;
      if (auto ok = archive({out.entry, k}, each.openings[k]); !ok) return failure(ok.error());
    }
  }
  return out;
}

void RunLedger::put_back(std::uint64_t entry, Opening opening) {
  auto& all = openings_.restricted[entry];
  all.emplace(static_cast<std::uint16_t>(all.size()), std::move(opening));
}

Result<std::map<Hash, Hash>> RunLedger::state() const {
  if (openings_.erased.state) {
    const auto state = market::state_after(log_, openings_, *verifier_);
    if (!state) return failure(state.error());
    return state->tree().leaves();
  }
  const auto chain = market::executed_chain(log_, openings_, *verifier_);
  if (!chain) return failure(chain.error());
  return static_cast<const market::MarketState&>(chain->state()).tree().leaves();
}

namespace {

Transaction with_public_batches(const market::PublicLog& log, std::uint64_t entry) {
  Transaction tx = *decode_entry(log.entries[entry]);
  if (tx.kind != TransactionKind::concentrated) return tx;
  return market::with_batches(std::move(tx), market::batches_at(log, entry));
}

}  // namespace

// The log grows by files that are written beside what is there; the checkpoint comes last.
Result<void> RunLedger::publish(const NextBlock& next) const {
  auto log = LogDirectory::open(directory_ + "/log", log_.genesis);
  if (!log) return failure(log.error());
  for (const auto& certified : log_.blocks) {
    Block block{certified.header, {}, {}};
    const BlockHeader& h = certified.header;
    for (std::uint64_t i = h.log_size; i < h.log_size + h.entries; ++i)
      block.transactions.push_back(with_public_batches(log_, i));
    log->add_block(block, encode(certified.certificate));
  }
  log->add_block(next.block, next.certificate);
  return log->publish(next.checkpoint, log->entries(), next.block.header.height);
}

Result<void> RunLedger::archive(const RestrictedContext& at, const Opening& opening) const {
  const AccountId account = owner_of(opening);
  const auto keys = openings_.keys.find(account);
  if (keys == openings_.keys.end()) return {};
  const std::string path = directory_ + "/openings/restricted/" + to_hex(account.bytes);
  std::ifstream in(path, std::ios::binary);
  Bytes file = to_bytes(bytes_of(std::string(std::istreambuf_iterator<char>(in), {})));
  const Bytes sealed = seal_restricted(log_.chain_id, keys->second.restricted, at, opening);
  if (std::search(file.begin(), file.end(), sealed.begin(), sealed.end()) != file.end()) return {};
  append(file, sealed);
  return replace_file(path, file);
}

}  // namespace twin
