// `aipchain audit` and `verify` against the reader in scripts/, which was written from
// docs/formats/ alone: on what holds and on what is damaged, by chance or on purpose, both say the
// same of each check. AIPCHAIN_FLIPS sets another number of random damages, AIPCHAIN_SEED another
// seed.

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger/base/rng.hpp"
#include "market/audit/audit.hpp"
#include "market/receipt/receipt.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/forged_log.hpp"
#include "tests/support/process.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using nlohmann::json;
using test::Files;

namespace {

Verifier& verifier() {
  static Ed25519Verifier ed25519;
  static CachedVerifier cached(ed25519, 1 << 16);
  return cached;
}

json verdict_of(const Files& log) {
  market::AuditInput input;
  input.log = test::view_of(log);
  json out;
  for (const market::AuditCheck& c : market::audit(input, verifier()))
    if (c.id == "R1" || c.id == "R2" || c.id == "R3")
      out[c.id] = c.result == market::CheckResult::not_checkable
                      ? json()
                      : json(c.result == market::CheckResult::holds);
  return out;
}

bool all_hold(const Files& log) {
  return verdict_of(log) == json{{"R1", true}, {"R2", true}, {"R3", true}};
}

std::string verdict_of(const std::string& receipt) {
  const auto last = market::verify_receipt(receipt, "", verifier()).back();
  return last.ok ? "" : last.name;
}

// Cases with our verdict, for tests/app/compare_readers.py.
class Cases {
 public:
  Cases() : lines_(folder_.at("cases")) {}

  void log(const std::string& name, const Files& files) {
    json all = json::object();
    for (const auto& [path, bytes] : files) all[path] = to_hex(bytes);
    base_ = files;
    put({{"files", all}, {"name", name}, {"ours", verdict_of(files)}});
  }
  // The last log with these files, or without those that are nothing.
  void damage(const std::string& name, const std::map<std::string, std::optional<Bytes>>& changes,
              bool is_wrong = true) {
    Files files = base_;
    json all = json::object();
    for (const auto& [path, bytes] : changes) {
      files.erase(path);
      if (bytes) files[path] = *bytes;
      all[path] = bytes ? json(to_hex(*bytes)) : json();
    }
    const json ours = verdict_of(files);
    CHECK_MESSAGE((ours.dump().find("false") != std::string::npos) == is_wrong, name);
    put({{"changes", all}, {"name", name}, {"ours", ours}});
  }
  void receipt(const std::string& name, const std::string& text) {
    put({{"name", name}, {"ours", verdict_of(text)}, {"receipt", to_hex(bytes_of(text))}});
  }
  // What the other reader says of them all.
  void compare() {
    lines_.close();
    test::Process reader({AIPCHAIN_PYTHON, AIPCHAIN_SOURCE_DIR "/tests/app/compare_readers.py",
                          folder_.at("cases")});
    const int code = reader.finish();
    std::printf("%s", reader.output.c_str());
    CHECK_MESSAGE(code == 0, reader.output, reader.errors);
  }

 private:
  void put(const json& line) { lines_ << line.dump() << "\n"; }

  test::Folder folder_;
  std::ofstream lines_;
  Files base_;
};

struct Run {
  Files log;
  std::vector<std::string> receipts;

  Run() {
    test::Folder folder;
    std::string scenario = test::short_scenario;
    scenario.replace(scenario.find("gateways = 2"), 12, "gateways = 2\nconcentrators = 1");
    // Receipts of slot 1 show a key change, and one a meter whose certificate is over.
    folder.write("scenario.toml",
                 scenario +
                     "[oracle]\ncertificates = true\n"
                     "[[event]]\nkind = \"key_change\"\nat = \"5s\"\ntarget = \"home-01\"\n"
                     "[[event]]\nkind = \"certificate\"\nat = \"1s\"\nfor = \"1m\"\n"
                     "target = \"home-02\"\n");
    const auto run = test::aipchain(
        {"run", folder.at("scenario.toml"), "--out", folder.at("out"), "--until", "3m", "--json"});
    REQUIRE(run.code == 0);
    log = test::files_of(folder.at("out/log"));
    const json summary = json::parse(run.output);
    for (const auto& account : summary.at("accounts"))
      for (const char* slot : {"0", "1"})
        receipts.push_back(test::aipchain({"receipt", folder.at("out"), "--account",
                                           account.get<std::string>(), "--slot", slot})
                               .output);
  }
};

const Run& run() {
  static const Run made;
  return made;
}

std::string text_of_file(const Files& files, const char* path) {
  const Bytes& bytes = files.at(path);
  return std::string(bytes.begin(), bytes.end());
}

Bytes bytes_in(const std::string& text) { return to_bytes(bytes_of(text)); }

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// A line of text changed in each of the ways that another program might still read.
void damage_lines(Cases& cases, const char* path) {
  const std::vector<std::string> lines = test::lines_of(text_of_file(run().log, path));
  const auto put = [&](const std::string& name, const std::vector<std::string>& changed,
                       bool is_wrong = true) {
    if (changed != lines)
      cases.damage(std::string(path) + ": " + name, {{path, bytes_in(joined(changed))}}, is_wrong);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string at = " line " + std::to_string(i + 1);
    const auto with = [&](const std::string& line) {
      auto changed = lines;
      changed[i] = line;
      return changed;
    };
    const std::string& line = lines[i];
    const auto here = static_cast<std::ptrdiff_t>(i);
    auto changed = lines;
    changed.erase(changed.begin() + here);
    // All four validators have cosigned, and three are a quorum.
    put("without" + at, changed,
        line.find("/validator-") == std::string::npos || lines.size() < 10);
    changed = lines;
    changed.insert(changed.begin() + here, line);
    put("twice" + at, changed);
    changed = lines;
    std::swap(changed[i], changed[(i + 1) % lines.size()]);
    put("swapped" + at, changed);
    put("space behind" + at, with(line + " "));
    put("space before" + at, with(" " + line));
    put("return behind" + at, with(line + "\r"));
    put("zero before" + at, with("0" + line));
    put("plus before" + at, with("+" + line));
    put("one digit more" + at, with(line + "0"));
    put("empty" + at, with(""));
    if (line.ends_with("=")) put("padding away" + at, with(line.substr(0, line.size() - 1)));
    if (line.size() > 2) {
      std::string spare = line;
      std::swap(spare[spare.size() - 2], spare[spare.size() - 3]);
      put("two characters swapped" + at, with(spare));
    }
  }
  const std::string whole = text_of_file(run().log, path);
  cases.damage(std::string(path) + ": newline behind", {{path, bytes_in(whole + "\n")}});
  cases.damage(std::string(path) + ": last byte away",
               {{path, bytes_in(whole.substr(0, whole.size() - 1))}});
}

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

void damage_at_random(Cases& cases, std::uint64_t count, Rng& rng) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : run().log) paths.push_back(path);
  for (std::uint64_t k = 0; k < count; ++k) {
    const std::string& path = paths[rng.below(paths.size())];
    Bytes bytes = run().log.at(path);
    const std::uint64_t at = rng.below(bytes.size());
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto byte = static_cast<std::uint8_t>(rng.below(256));
    switch (rng.below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(here);
        break;
      case 2:
        bytes.insert(here, byte);
        break;
      default:
        bytes[at] ^= static_cast<std::uint8_t>(1u << rng.below(8));
        break;
    }
    cases.damage(path + " at " + std::to_string(at) + ", damage " + std::to_string(k),
                 {{path, bytes}});
  }
}

void damage_files(Cases& cases) {
  const Files& log = run().log;
  for (auto a = log.begin(); a != log.end(); ++a) {
    cases.damage(a->first + " is gone", {{a->first, std::nullopt}});
    cases.damage(a->first + " is empty", {{a->first, Bytes()}});
    for (auto b = std::next(a); b != log.end(); ++b)
      cases.damage(a->first + " and " + b->first + " swapped",
                   {{a->first, b->second}, {b->first, a->second}});
  }
  for (const char* path :
       {"note", "blocks/1", "blocks/00", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/1",
        "tile/0/x000/000", "batches/1", "batches/00", "openings/auditor", "a/"})
    for (const Bytes& bytes : {Bytes(), Bytes{1}})
      cases.damage(std::string(path) + " beside", {{path, bytes}});
}

}  // namespace

TEST_CASE("both readers say the same of a run's log, whole and damaged") {
  Cases cases;
  cases.log("the run", run().log);
  CHECK(all_hold(run().log));
  damage_files(cases);
  for (const char* path : {"checkpoint", "policy", "genesis"}) damage_lines(cases, path);
  Rng rng = Rng(test::setting("AIPCHAIN_SEED", 1)).fork("readers");
  damage_at_random(cases, test::setting("AIPCHAIN_FLIPS", 400), rng);
  cases.compare();
}

namespace {

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
  Cases cases;
  const Files good = LogForger().files();
  cases.log("the forger's honest log", good);
  CHECK(all_hold(good));
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
  Cases cases;
  const auto allowed = [&](const std::string& name, const Forge& forge) {
    LogForger f;
    forge(f);
    const Files files = f.files();
    cases.log(name, files);
    CHECK_MESSAGE(all_hold(files), name);
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

namespace {

// Every list in a receipt as other things that a loop runs over.
void damage_lists(Cases& cases, const json& whole, const json::json_pointer& at) {
  const json& value = whole.at(at);
  const auto put = [&](const char* what, const json& instead) {
    json changed = whole;
    changed[at] = instead;
    cases.receipt(at.to_string() + what, changed.dump() + "\n");
  };
  if (value.is_array()) {
    json keyed = json::object();
    for (std::size_t i = 0; i < value.size(); ++i) keyed[std::to_string(10'000 + i)] = value[i];
    put(" as an object", keyed);
    put(" as null", json());
    if (value.size() == 1) put(" by itself", value[0]);
  }
  if (!value.is_structured()) return;
  for (const auto& [key, inner] : value.items())
    if (value.is_object()) damage_lists(cases, whole, at / key);
  if (value.is_array() && !value.empty()) damage_lists(cases, whole, at / std::size_t{0});
}

// Every value of a receipt left out, doubled, changed, or taken from another one.
void damage_json(Cases& cases, const json& whole, const json& other) {
  const json flat = whole.flatten(), theirs = other.flatten();
  std::size_t number = 0;
  const auto put = [&](const std::string& name, const json& changed) {
    if (changed != whole) cases.receipt(name, changed.dump() + "\n");
  };
  damage_lists(cases, whole, json::json_pointer());
  for (const auto& [pointer, value] : flat.items()) {
    const json::json_pointer at(pointer);
    // Hashes of paths and readings are many and alike.
    if (pointer.find("/readings/") != std::string::npos && ++number % 8 != 0) continue;
    json changed = whole;
    if (value.is_number()) {
      changed[at] = value.get<std::int64_t>() + 1;
      put(pointer + " and one", changed);
      changed[at] = std::to_string(value.get<std::int64_t>());
      put(pointer + " as text", changed);
    }
    changed[at] = nullptr;
    put(pointer + " is null", changed);
    if (theirs.contains(pointer)) {
      changed[at] = theirs.at(pointer);
      put(pointer + " of another", changed);
    }
    const json::json_pointer parent = at.parent_pointer();
    changed = whole;
    if (changed[parent].is_array())
      changed[parent].erase(std::stoul(at.back()));
    else
      changed[parent].erase(at.back());
    put(pointer + " left out", changed);
  }
  for (const auto& [key, value] : whole.items()) {
    json changed = whole;
    changed[key] = other.at(key);
    put(key + " of another", changed);
    if (!value.is_array() || value.empty()) continue;
    changed = whole;
    changed[key].push_back(value[0]);
    put(key + ": first one again", changed);
    changed = whole;
    std::swap(changed[key].front(), changed[key].back());
    put(key + ": first and last swapped", changed);
  }
}

}  // namespace

TEST_CASE("both readers say the same of receipts, whole and damaged") {
  Cases cases;
  REQUIRE(run().receipts.size() == 12);
  for (const std::string& receipt : run().receipts) {
    CHECK(verdict_of(receipt) == "");
    cases.receipt("a receipt", receipt);
  }
  const std::string& whole = run().receipts[0];
  damage_json(cases, json::parse(whole), json::parse(run().receipts[2]));
  damage_json(cases, json::parse(whole), json::parse(run().receipts[1]));
  Rng rng = Rng(test::setting("AIPCHAIN_SEED", 1)).fork("receipts");
  for (std::uint64_t k = 0; k < test::setting("AIPCHAIN_FLIPS", 400); ++k) {
    std::string text = run().receipts[rng.below(run().receipts.size())];
    const std::uint64_t at = rng.below(text.size());
    text[at] = static_cast<char>(text[at] ^ static_cast<char>(1u << rng.below(8)));
    cases.receipt("bit at " + std::to_string(at) + ", damage " + std::to_string(k), text);
  }
  for (const std::string& garbage :
       {std::string(), std::string("{}\n"), std::string("null\n"), std::string(500, '\xff'),
        std::string(20'000, '['), whole + "\n", whole.substr(1), whole + whole})
    cases.receipt("garbage", garbage);
  cases.compare();
}
