// R11 and what is left of openings: an operator who hides data behind an erasure, or keeps what it
// said to have destroyed, is found.

#include <doctest/doctest.h>

#include "market/audit/erasure_audit.hpp"
#include "market/audit/replay.hpp"
#include "market/audit/slot_books.hpp"
#include "tests/market/village_support.hpp"
#include "tests/support/village_chain.hpp"

using namespace market_test;

namespace {

constexpr std::uint32_t erased_home = 1, other_home = 2;

// A village's chain with an erasure of home 1 at its end; its openings are still all there.
struct Erased {
  VillageChain chain;
  std::uint64_t record = 0;
  Stages stages;

  explicit Erased(Stages s, const std::string& signer = "registrar", std::uint32_t slots = 4,
                  std::uint64_t seed = 3)
      : chain(village_chain(seed, slots)), stages(s) {
    PublicLog& log = chain.log;
    Salt salt;
    salt.fill(5);
    const AccountId id = account(erased_home);
    const Transaction tx = erasure_of(log.chain_id, {id, stages}, salt, signer_of(signer));
    record = log.entries.size();
    log.entries.push_back(tx.entry());
    log.tree.append(leaf_hash(log.entries.back()));
    erase(erased_home);
  }
  // What an operator does on purpose of the record, or in its name.
  void erase(std::uint32_t home) {
    const AccountId id = account(static_cast<std::uint8_t>(home));
    Openings& o = chain.openings;
    if (stages & personal_stage) {
      for (auto& [batch, records] : o.personal)
        if (const auto at = records.find(home); at != records.end()) {
          o.erased.personal[batch][home] = {
              leaf_hash(record_commitment(o.keys.at(id).personal, at->second.record)), record};
          records.erase(at);
        }
      std::erase_if(o.personal, [](const auto& batch) { return batch.second.empty(); });
      o.keys.at(id).personal_destroyed = true;
    }
    if (!(stages & billing_stage)) return;
    keep_books(chain.log.genesis, slot_books(chain.log, o), id, o.erased);
    for (auto& [entry, all] : o.restricted)
      for (auto at = all.begin(); at != all.end();) {
        if (owner_of(at->second) != id) {
          ++at;
          continue;
        }
        o.erased.restricted[entry][at->first] = {
            leaf_hash(commitment(at->second.salt, at->second.data)), record};
        at = all.erase(at);
      }
    std::erase_if(o.restricted, [](const auto& entry) { return entry.second.empty(); });
    o.keys.erase(id);
  }
  std::string wrong() {
    const auto checked = check_erasures(chain.log, chain.openings, verifier);
    return checked ? "" : checked.error();
  }
  Ed25519Verifier verifier;
};

bool names(const std::string& words, const char* what) {
  return words.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("erased data of one home leave every other opening under its entry") {
  for (const Stages stages : {Stages(1), Stages(3)}) {
    Erased e(stages);
    CHECK(e.wrong() == "");
    for (std::uint64_t i = 0; i < e.record; ++i) {
      CHECK(opened_part(e.chain.log, e.chain.openings, i));
      const bool whole = whole_transaction(e.chain.log, e.chain.openings, i).has_value();
      CHECK(whole != e.chain.openings.erased.restricted.contains(i));
    }
  }
}

TEST_CASE("erased data of a home that one entry rules on, and that one measures, more than once") {
  Erased e(3, "registrar", 100, 14);
  std::map<TransactionKind, std::size_t> most;
  for (const auto& [entry, leaves] : e.chain.openings.erased.restricted) {
    std::size_t& n = most[view_entry(e.chain.log.entries[entry])->kind];
    n = std::max(n, leaves.size());
  }
  CHECK(most[TransactionKind::ruling] > 1);
  CHECK(most[TransactionKind::grid_measure] == 2);
  CHECK(e.wrong() == "");
}

TEST_CASE("an erasure that the registrar did not sign") {
  CHECK(names(Erased(1, "gateway 0").wrong(), "is not signed by the registrar"));
}

TEST_CASE("data of somebody else behind a record") {
  Erased e(1);
  e.erase(other_home);
  CHECK(names(e.wrong(), "erases records of more than one meter"));
  Erased both(3);
  both.erase(other_home);
  CHECK(names(both.wrong(), "more than one account has there"));
}

TEST_CASE("records of a home that was never erased") {
  Erased e(3);
  ErasedOpenings& gone = e.chain.openings.erased;
  gone.personal.clear();
  gone.personal[{0, 1}][other_home] = {{}, e.record};
  e.chain.openings.personal.erase({0, 1});
  CHECK(names(e.wrong(), "whose account was not erased"));
}

TEST_CASE("leaves that name no erasure") {
  Erased e(3);
  e.chain.openings.erased.personal.begin()->second.begin()->second.record = 0;
  CHECK(names(e.wrong(), "record 0 is no erasure"));
  Erased r(3);
  r.chain.openings.erased.restricted.begin()->second.begin()->second.record = r.record + 1;
  CHECK(names(r.wrong(), "is no erasure"));
  Erased far(3);
  far.chain.openings.erased.restricted[1'000'000][0] = {{}, far.record};
  CHECK(names(far.wrong(), "which is not there"));
}

TEST_CASE("keys and openings that were said to be destroyed") {
  Erased key(1);
  key.chain.openings.keys.at(account(erased_home)).personal_destroyed = false;
  CHECK(names(key.wrong(), "has its personal key"));
  Erased billing(3);
  billing.chain.openings.keys[account(erased_home)] = {{}, {}, true};
  CHECK(names(billing.wrong(), "has its restricted key"));
  Erased silent(1);
  silent.chain.openings.keys.at(account(other_home)).personal_destroyed = true;
  CHECK(names(silent.wrong(), "no erasure on the log says so"));
  Erased kept(1);
  const auto there = village_chain(3, 4).openings.personal.begin();
  kept.chain.openings.personal[there->first] = there->second;
  CHECK(names(kept.wrong(), "still there"));
}

TEST_CASE("a leaf that is not the erased opening's, or none") {
  Erased e(3);
  const std::uint64_t entry = e.chain.openings.erased.restricted.begin()->first;
  auto& leaves = e.chain.openings.erased.restricted.begin()->second;
  leaves.begin()->second.leaf[0] ^= 1;
  CHECK_FALSE(opened_part(e.chain.log, e.chain.openings, entry));
  leaves.erase(leaves.begin());
  CHECK_FALSE(opened_part(e.chain.log, e.chain.openings, entry));
}

TEST_CASE("the files of erased openings are read in one form alone") {
  Erased e(3);
  e.chain.openings.erased.state.emplace(
      9, std::map<Hash, Hash>{{Hash{1}, Hash{2}}, {Hash{3}, Hash{4}}});
  const auto files = encode(e.chain.openings.erased);
  const auto read = [](const std::map<std::string, Bytes>& all) {
    FileSet set;
    for (const auto& [path, bytes] : all) set.paths.push_back(path);
    set.read = [&all](const std::string& path) -> std::optional<Bytes> {
      const auto at = all.find(path);
      if (at == all.end()) return std::nullopt;
      return at->second;
    };
    return read_erased(set, village_genesis());
  };
  const auto back = read(files);
  REQUIRE(back);
  CHECK(encode(*back) == files);
  for (const auto& [path, bytes] : files) {
    REQUIRE(!bytes.empty());
    auto bent = files;
    bent[path].pop_back();
    CHECK_FALSE_MESSAGE(read(bent), path, " cut off");
    bent[path] = {};
    CHECK_FALSE_MESSAGE(read(bent), path, " empty");
    bent[path] = bytes;
    const std::size_t head = path == "erased/state" ? 8 : 0;
    append(bent[path], BytesView(bytes).subspan(head));
    CHECK_FALSE_MESSAGE(read(bent), path, " twice");
  }
}
