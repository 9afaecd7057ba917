// Users' own commands against a network of real processes: a consent, an erasure, and what is left
// of who was erased in any byte that the gateways and the observer keep.

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>

#include "hil/household_file.hpp"
#include "hil/key_file.hpp"
#include "ledger/openings/sealed_record.hpp"
#include "ledger/tlog/tlog_proof.hpp"
#include "tests/support/process_net.hpp"
#include "twin/node/identity.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/world/world.hpp"

using namespace ledger;
using test::pause;
using test::Process;
using test::ProcessNet;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int code = 0;
  std::string output, errors;
  bool says(const std::string& words) const {
    return (output + errors).find(words) != std::string::npos;
  }
};

class Users {
 public:
  explicit Users(const ProcessNet& net) : net_(net), network_(net.file("network.toml")) {
    for (const auto& each : fs::directory_iterator(net.file("households"))) {
      accounts.push_back(each.path().stem().string());
      CHECK((each.status().permissions() & ~fs::perms::owner_all) == fs::perms::none);
    }
    std::sort(accounts.begin(), accounts.end());
    REQUIRE(accounts.size() == 8);
  }
  std::string household(std::size_t n) const {
    return net_.file("households/" + accounts[n] + ".key");
  }
  Ran consent(std::size_t of, const std::string& key, std::vector<std::string> more = {}) const {
    return run({"tx", "consent", network_, "--account", accounts[of], "--key", key, "--recipient",
                std::string(64, 'a'), "--purpose", "advice", "--json"},
               more);
  }
  Ran erase(std::size_t who, const std::string& key, std::vector<std::string> more = {}) const {
    return run({"erase", network_, "--subject", accounts[who], "--key", key, "--json"}, more);
  }
  std::vector<std::string> accounts;

 private:
  static Ran run(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.begin(), AIPCHAIN_PROGRAM);
    words.insert(words.end(), more.begin(), more.end());
    Process p(words);
    Ran out;
    out.code = p.finish();
    out.output = p.output;
    out.errors = p.errors;
    return out;
  }
  const ProcessNet& net_;
  std::string network_;
};

// The text behind `"name": "` up to the next quotation mark, lines and all.
std::string text_in(const std::string& json, const std::string& name) {
  const std::string before = "\"" + name + "\": \"";
  const std::size_t at = json.find(before);
  if (at == std::string::npos) return {};
  std::string out = json.substr(at + before.size());
  out = out.substr(0, out.find('"'));
  for (std::size_t n; (n = out.find("\\n")) != std::string::npos;) out.replace(n, 2, "\n");
  return out;
}

// The proof holds by genesis alone, for an entry whose leaf is the id.
void check_proved(const Ran& ran, const Genesis& genesis) {
  CHECK_MESSAGE(ran.code == 0, ran.errors);
  const auto proof = parse_tlog_proof(text_in(ran.output, "proof"));
  REQUIRE_MESSAGE(proof, ran.output);
  Ed25519Verifier verifier;
  const auto checkpoint = check_checkpoint(proof->checkpoint, policy_of(genesis), verifier);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error());
  CHECK(ran.says("\"index\": " + std::to_string(proof->index)));
  CHECK(text_in(ran.output, "id").size() == 64);
}

// Every 16 bytes of what was sealed, and each reading, as they lie on the disk.
std::vector<std::string> planted(const ProcessNet& net, const std::string& account,
                                 const std::string& sealed) {
  const auto file = twin::read_scenario(test::street, "street.toml", {});
  REQUIRE(file);
  const auto network = twin::make_network(file->grid(), file->seed(), {});
  REQUIRE(network);
  const auto scenario = file->expand(*network);
  REQUIRE(scenario);
  twin::Identities keys = twin::make_identities(*scenario);
  const Hash chain_id = chain_id_of(net.genesis());
  twin::bind_to_chain(keys, chain_id);
  std::vector<std::string> out;
  for (const twin::MeterIdentity& m : keys.meters) {
    if (to_hex(m.account.bytes) != account) continue;
    const auto records = unseal_personal_file(chain_id, m.personal_key, bytes_of(sealed));
    REQUIRE(records);
    for (const PersonalRecord& p : *records)
      for (const ReadingBytes& r : p.readings) out.emplace_back(r.begin(), r.end());
    out.emplace_back(m.personal_key.begin(), m.personal_key.end());
  }
  REQUIRE(out.size() > 3);
  for (std::size_t at = 0; at + 16 <= sealed.size(); at += 16) out.push_back(sealed.substr(at, 16));
  return out;
}

// How many of these are in some file of the folder.
std::size_t found_below(const std::string& folder, const std::vector<std::string>& all) {
  std::size_t out = 0;
  std::string bytes;
  for (const auto& each : fs::recursive_directory_iterator(folder))
    if (each.is_regular_file()) bytes += test::text_of_file(each.path().string());
  for (const std::string& one : all) out += bytes.find(one) != std::string::npos ? 1u : 0u;
  return out;
}

}  // namespace

TEST_CASE("users: a consent and an erasure in a running network, proved, and nothing left behind") {
  ProcessNet net("--speed 10");
  const Users users(net);
  const Ran too_early = users.consent(0, users.household(0), {"--wait", "300ms"});
  CHECK(too_early.code == 3);
  CHECK(too_early.says("validator-0: not reached"));
  net.start_all();

  // Which gateway has the first home's readings, and what of them.
  std::string file, gateway;
  for (int n = 0; n < 100 && file.empty(); ++n, pause(100))
    for (const char* each : {"gateway-0", "gateway-1"})
      if (const auto path = net.file(std::string(each) + "/openings/personal/" + users.accounts[0]);
          fs::exists(path) && fs::file_size(path) > 300) {
        file = path;
        gateway = net.file(each);
      }
  REQUIRE(!file.empty());

  check_proved(users.consent(0, users.household(0), {"--wait", "30s"}), net.genesis());
  const Ran nothing_to_withdraw =
      users.consent(1, users.household(1), {"--withdraw", "--wait", "20s"});
  CHECK(nothing_to_withdraw.code == 1);
  CHECK(nothing_to_withdraw.says("withdrawal of a consent that was never given"));
  CHECK(users.consent(1, users.household(2)).code == 2);
  CHECK(users.consent(1, net.file("registrar.key")).code == 2);
  CHECK(users.erase(1, users.household(1)).code == 2);
  CHECK(users.erase(1, net.file("observer.key")).says("is not the registrar's key"));
  CHECK(users.erase(1, net.file("registrar.key"), {"--billing"}).code == 2);

  const std::vector<std::string> words = planted(net, users.accounts[0], test::text_of_file(file));
  CHECK(found_below(gateway, words) > words.size() / 3);

  check_proved(users.erase(0, net.file("registrar.key"), {"--wait", "30s"}), net.genesis());
  for (int n = 0; n < 150 && fs::exists(file); ++n) pause(100);
  CHECK(!fs::exists(file));
  // Nor in the records of a gateway that runs: not in their log, nor in pages that are free.
  for (int n = 0; n < 20 && found_below(gateway, words) > 0; ++n) pause(100);
  CHECK(found_below(gateway, words) == 0);
  CHECK(users.consent(0, users.household(0), {"--wait", "20s"}).says("whose data are erased"));
  pause(1200);  // one batch more; and in the same second it would be the same transaction
  const Ran twice = users.erase(0, net.file("registrar.key"), {"--wait", "20s"});
  CHECK(twice.code == 1);
  CHECK(twice.says("erased already"));
  net.stop();
  CHECK(!fs::exists(file));
  CHECK(found_below(gateway, words) == 0);
  CHECK(found_below(net.file("observer"), words) == 0);
  Process audit({AIPCHAIN_PROGRAM, "audit", net.file("observer")});
  CHECK_MESSAGE(audit.finish() == 0, audit.output, audit.errors);
}

TEST_CASE("users: a household makes its file of keys that it made itself") {
  char name[] = "/tmp/aipchain-keys-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string folder = name, account(32, 'a');
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {AIPCHAIN_PROGRAM, "keys"});
    Process p(words);
    return p.finish();
  };
  const std::string secret = folder + "/secret", restricted = folder + "/restricted";
  const std::string out = folder + "/household";
  CHECK(run({"new", secret}) == 0);
  CHECK(run({"new", restricted}) == 0);
  CHECK(run({"household", secret, restricted, "--account", "aa", "--out", out}) == 2);
  CHECK(run({"household", secret, folder, "--account", account, "--out", out}) == 2);
  CHECK(run({"household", secret, restricted, "--account", account, "--out", out}) == 0);
  CHECK(run({"household", secret, restricted, "--account", account, "--out", out}) == 2);
  const auto made = hil::read_household(out);
  REQUIRE_MESSAGE(made, made.error());
  CHECK(to_hex(made->account.bytes) == account);
  CHECK(made->secret == *hil::read_key(secret));
  CHECK(made->restricted_key == *hil::read_key(restricted));
  fs::remove_all(folder);
}
