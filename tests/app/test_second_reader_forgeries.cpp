// Both readers on logs that a quorum has signed: one rule of R1 to R3 broken in each, or none.

#include <doctest/doctest.h>

#include "tests/app/reader_cases.hpp"
#include "tests/support/forged_log.hpp"

using namespace ledger;
using test::Files;

namespace {

// S plus the group's order is the same number to a careless reader.
Bytes malleable(const Signature& signature) {
  const Bytes order = *from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Bytes out(signature.begin(), signature.end());
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += unsigned{out[32 + i]} + order[i];
    out[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return out;
}

using Forge = std::function<void(LogForger&)>;

// One rule of R1 to R3 broken in each, in what is signed.
const std::vector<std::pair<const char*, Forge>>& forgeries() {
  static const Hash other = sha256(bytes_of("other"));
  const auto header = [](std::function<void(BlockHeader&)> change) {
    return [change](LogForger& f) {
      f.header = [change](BlockHeader& h) {
        if (h.height == 2) change(h);
      };
    };
  };
  const auto vote = [](std::function<void(Vote&)> change) {
    return [change](LogForger& f) { f.vote = change; };
  };
  const auto certificate = [](std::function<void(Certificate&)> change) {
    return [change](LogForger& f) { f.certificate = change; };
  };
  const auto checkpoint = [](std::function<void(Checkpoint&)> change) {
    return [change](LogForger& f) { f.checkpoint = change; };
  };
  const auto entry = [](Bytes bytes) {
    return [bytes](LogForger& f) { f.blocks[0].push_back(bytes); };
  };
  const auto genesis = [](std::function<void(Genesis&)> change) {
    return [change](LogForger& f) { change(f.genesis); };
  };
  const auto text = [](std::string from, std::string to) {
    return [from, to](LogForger& f) {
      f.genesis_text = [from, to](std::string& t) { t.replace(t.find(from), from.size(), to); };
    };
  };
  static const std::vector<std::pair<const char*, Forge>> all{
      {"height", header([](auto& h) { ++h.height; })},
      {"time stands still", header([](auto& h) { h.time_ms = 60'000; })},
      {"time before zero", [](auto& f) { f.header = [](auto& h) { h.time_ms -= 1'000'000; }; }},
      {"block before", header([](auto& h) { h.previous = other; })},
      {"log size", header([](auto& h) { ++h.log_size; })},
      {"log root", header([](auto& h) { h.log_root = other; })},
      {"count of entries", header([](auto& h) { ++h.entries; })},
      {"root of entries", header([](auto& h) { h.entries_root = other; })},
      {"validator set", header([](auto& h) { h.validators = other; })},
      {"evidence", header([](auto& h) { h.evidence_root = other; })},
      {"vote of another height", vote([](auto& v) { ++v.height; })},
      {"vote of another round", vote([](auto& v) { ++v.round; })},
      {"vote for nil", vote([](auto& v) { v.value.reset(); })},
      {"vote for another block", vote([](auto& v) { v.value = other; })},
      {"vote as another", vote([](auto& v) { v.validator.value ^= 1; })},
      {"prevote", vote([](auto& v) { v.type = VoteType::prevote; })},
      {"certificate of prevotes",
       [](auto& f) {
         f.vote = [](auto& v) { v.type = VoteType::prevote; };
         f.certificate = [](auto& c) { c.type = VoteType::prevote; };
       }},
      {"two votes",
       [](auto& f) {
         f.voters = {1, 3};
       }},
      {"a vote twice",
       [](auto& f) {
         f.voters = {0, 1, 1};
       }},
      {"votes out of order",
       [](auto& f) {
         f.voters = {1, 0, 2};
       }},
      {"a stranger's vote",
       [](auto& f) {
         f.voters = {0, 1, 2, 4};
       }},
      {"no votes", [](auto& f) { f.voters.clear(); }},
      {"certificate of height 0", certificate([](auto& c) { c.height = 0; })},
      {"certificate of another height", certificate([](auto& c) { c.height += 5; })},
      {"certificate of another round", certificate([](auto& c) { c.round = 3; })},
      {"certificate of no round", certificate([](auto& c) { c.round = max_round + 1; })},
      {"certificate of another block", certificate([](auto& c) { c.value = other; })},
      {"a vote's S above the order", certificate([](auto& c) {
         const Bytes s = malleable(c.votes[1].signature);
         std::copy(s.begin(), s.end(), c.votes[1].signature.begin());
       })},
      // The neutral point as a key: R the same and S zero would hold for every text.
      {"a key of small order",
       [](auto& f) {
         f.genesis.validators[3] = {1};
         f.voters = {0, 1, 3};
         f.certificate = [](auto& c) { c.votes[2].signature = {1}; };
       }},
      {"one entry more signed", checkpoint([](auto& c) { ++c.size; })},
      {"one entry less signed", checkpoint([](auto& c) { --c.size; })},
      {"an empty log signed", checkpoint([](auto& c) { c.size = 0; })},
      {"a huge log signed", checkpoint([](auto& c) { c.size = UINT64_MAX; })},
      {"another root signed", checkpoint([](auto& c) { c.root = other; })},
      {"another origin signed", checkpoint([](auto& c) { c.origin += "x"; })},
      {"two cosignatures",
       [](auto& f) {
         f.cosigners = {0, 3};
       }},
      {"cosignatures out of order",
       [](auto& f) {
         f.cosigners = {0, 2, 1};
       }},
      {"a cosignature twice",
       [](auto& f) {
         f.cosigners = {0, 1, 1, 2};
       }},
      {"no line of the log",
       [](auto& f) { f.note = [](auto& n) { n.signatures.erase(n.signatures.begin()); }; }},
      {"a line's S above the order",
       [](auto& f) {
         f.note = [](auto& n) {
           Signature s{};
           std::copy_n(n.signatures[0].signature.begin(), 64, s.begin());
           n.signatures[0].signature = malleable(s);
         };
       }},
      {"a line of a stranger",
       [](auto& f) {
         f.note = [](auto& n) {
           n.signatures.push_back({"example.com/witness", {1, 2, 3, 4}, Bytes(72)});
         };
       }},
      {"a cosignature beyond all time", [](auto& f) { f.unix_seconds = std::uint64_t{1} << 63; }},
      {"unknown kind", entry(entry_of(9, "evidence"))},
      {"concentrated batches without their file",
       [](auto& f) {
         f.blocks[0].insert(f.blocks[0].begin() + 1, entry_of(19, std::string(80, 1)));
       }},
      {"unknown version", entry(Bytes(40, 2))},
      {"an entry too short", entry(Bytes(33, 1))},
      {"an empty entry", entry(Bytes())},
      {"an entry twice", entry(entry_of(4, "c"))},
      {"an entry out of order", entry(entry_of(3, "x"))},
      {"a settlement behind", entry(entry_of(5, "s"))},
      {"no validators",
       [](auto& f) { f.genesis.validators.clear(), f.voters.clear(), f.cosigners.clear(); }},
      {"a validator twice", genesis([](auto& g) { g.validators[1] = g.validators[0]; })},
      {"a name with a plus", genesis([](auto& g) { g.name = "ex+ample"; })},
      {"no name", genesis([](auto& g) { g.name = ""; })},
      {"a concentrator twice", genesis([](auto& g) {
         g.concentrators = {Hash{1}, Hash{1}};
       })},
      {"an empty list of concentrators", text("\"dark", "\"concentrators\":[],\"dark")},
      {"no slots", genesis([](auto& g) { g.slot_ms = 0; })},
      {"endless slots", genesis([](auto& g) { g.slot_ms = 86'400'001; })},
      {"grace before the end", genesis([](auto& g) { g.close_grace_ms = -1; })},
      {"a price below zero", genesis([](auto& g) { g.levies = {-1}; })},
      {"a price above all", genesis([](auto& g) { g.levies = {100'000'001}; })},
      {"an unknown market", genesis([](auto& g) { g.mechanism = "bazaar"; })},
      {"genesis with a space", text("{", "{ ")},
      {"genesis with a newline", text("}", "}\n")},
      {"genesis with an escape", text("example", "\\u0065xample")},
      {"genesis with a fraction", text("60000", "60000.0")},
      {"genesis with an exponent", text("60000", "6e4")},
      {"genesis with a key twice", text("{\"auditor_box\"", "{\"auditor_box\":1,\"auditor_box\"")},
      {"genesis with a key more", text("\"format\"", "\"extra\":1,\"format\"")},
      {"genesis of another format", text("genesis 1", "genesis 2")},
      {"genesis with capital digits", text("8a88e3dd", "8A88E3DD")},
      {"genesis on the 31st of June", text("1970-01-01", "1970-06-31")},
      {"genesis at 24 o'clock", text("T00:", "T24:")},
      {"genesis with a zero offset", text("00Z", "00+00:00")},
      {"genesis with zero milliseconds", text("00Z", "00.000Z")},
      {"genesis with a truth", text("60000", "true")},
  };
  return all;
}

}  // namespace

TEST_CASE("both readers say the same of logs that a quorum has signed") {
  test::ReaderCases cases;
  const Files good = LogForger().files();
  cases.log("the forger's honest log", good);
  CHECK(test::all_hold(good));
  for (const auto& [name, forge] : forgeries()) {
    LogForger f;
    forge(f);
    std::map<std::string, std::optional<Bytes>> changes;
    for (const auto& [path, bytes] : good) changes[path];
    for (auto& [path, bytes] : f.files()) changes[path] = bytes;
    cases.damage(name, changes);
  }
  cases.compare();
}

TEST_CASE("both readers accept what the format allows") {
  test::ReaderCases cases;
  const auto allowed = [&](const std::string& name, const Forge& forge) {
    LogForger f;
    forge(f);
    const Files files = f.files();
    cases.log(name, files);
    CHECK_MESSAGE(test::all_hold(files), name);
  };
  allowed("all vote", [](LogForger& f) { f.voters = {0, 1, 2, 3}, f.cosigners = {0, 1, 2, 3}; });
  allowed("one validator",
          [](LogForger& f) { f.genesis.validators.resize(1), f.voters = {0}, f.cosigners = {0}; });
  allowed("a name in no language", [](LogForger& f) { f.genesis.name = "\"\\<&>'~"; });
  allowed("summer", [](LogForger& f) { f.genesis.epoch = {1'750'000'000'123, 120}; });
  allowed("no grace", [](LogForger& f) { f.genesis.close_grace_ms = 0; });
  allowed("an empty log", [](LogForger& f) { f.blocks.resize(1), f.blocks[0].clear(); });
  for (const std::size_t blocks : {255, 256, 257, 513})
    allowed(std::to_string(blocks) + " blocks", [&](LogForger& f) {
      f.blocks.assign(blocks, {entry_of(1, "x"), entry_of(2, std::to_string(blocks))});
    });
  std::vector<Bytes> many;
  for (std::uint32_t i = 100'000; i < 100'000 + 65'537; ++i)
    many.push_back(entry_of(4, std::to_string(i)));
  for (const std::ptrdiff_t entries : {256, 257, 65'536, 65'537})
    allowed(std::to_string(entries) + " entries", [&](LogForger& f) {
      f.blocks = {std::vector<Bytes>(many.begin(), many.begin() + entries)};
    });
  cases.compare();
}
