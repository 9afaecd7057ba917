// Inputs that are not what their names say: devices, pipes, depths, bytes that are no text.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/app/short_run.hpp"
#include "tests/support/process.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using test::aipchain;
using test::Folder;
using test::Outcome;
using test::Process;

namespace {

// One short run that tests look at, and copies of it that they change.
struct Ran {
  Folder folder;
  std::string out, account;
  Ran() : out(folder.at("out")) {
    folder.write("scenario.toml", test::short_scenario);
    const Outcome run = aipchain({"run", folder.at("scenario.toml"), "--out", out, "--json"});
    REQUIRE(run.code == 0);
    account = json::parse(run.output).at("accounts").at(0);
  }
  static const Ran& once() {
    static const Ran made;
    return made;
  }
};

int refused(const std::vector<std::string>& arguments, const std::string& says) {
  const Outcome outcome = aipchain(arguments);
  CAPTURE(outcome.errors);
  CHECK(outcome.output.empty());
  CHECK(test::lines_of(outcome.errors).size() == 1);
  CHECK(outcome.errors.find(says) != std::string::npos);
  return outcome.code;
}

std::string dotted(int parts) {
  std::string out = "a";
  for (int i = 1; i < parts; ++i) out += ".a";
  return out;
}

}  // namespace

TEST_CASE("a policy file that holds nothing is no trust root") {
  const Ran& ran = Ran::once();
  const Folder folder;
  folder.write("empty", "");
  CHECK(aipchain({"receipt", ran.out, "--account", ran.account, "--out", folder.at("r")}).code ==
        0);
  for (const std::string& policy : {folder.at("empty"), std::string("/dev/null")}) {
    CHECK(refused({"verify", folder.at("r"), "--policy", policy}, policy) == 2);
    CHECK(refused({"audit", ran.out, "--policy", policy}, policy) == 2);
  }
}

TEST_CASE("devices are not read, directories are named") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const Ran& ran = Ran::once();
  CHECK(refused({"run", "/dev/zero"}, "/dev/zero: is neither a file nor a pipe") == 2);
  CHECK(refused({"run", folder.at(""), "--set", "grid={file=\"/dev/zero.dss\"}"},
                "/dev/zero.dss") == 2);
  fs::create_symlink("/dev/zero", folder.at("zero.dss"));
  CHECK(refused({"run", folder.at(""), "--set", "grid={file=\"zero.dss\"}"},
                "zero.dss: is neither a file nor a pipe") == 2);
  CHECK(refused({"verify", "/dev/zero"}, "neither") == 2);
  CHECK(refused({"replay", "/dev/zero"}, "neither") == 2);
  CHECK(refused({"audit", ran.out, "--policy", "/dev/zero"}, "neither") == 2);
  CHECK(refused({"verify", ran.out}, "is a directory") == 2);
  CHECK(refused({"receipt", ran.out, "--account", ran.account, "--out", folder.at("")},
                "is a directory") == 2);
}

TEST_CASE("pipes are read like files, up to a bound") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto shell = [](const std::string& words) {
    Process process({"bash", "-c", std::string(AIPCHAIN_PROGRAM) + " " + words});
    const int code = process.finish();
    return Outcome{code, process.output, process.errors};
  };
  const Outcome piped = shell("run <(cat " + folder.at("scenario.toml") +
                              ") --until 2m --quiet --out " + folder.at("out"));
  CAPTURE(piped.errors);
  CHECK(piped.code == 0);
  const Outcome endless = shell("run <(yes '# endless')");
  CHECK(endless.code == 2);
  CHECK(endless.errors.find("is larger than 64 MiB") != std::string::npos);
}

TEST_CASE("keys of any depth are refused, not followed") {
  const Folder folder;
  folder.write("scenario.toml", test::short_scenario);
  const auto file = [&](const std::string& text) {
    folder.write("deep.toml", text);
    return refused({"run", folder.at("deep.toml")},
                   "deep.toml:2: found a key with more than 32 dots");
  };
  CHECK(file("\n" + dotted(50'000) + " = 1\n") == 2);
  CHECK(file("\n[" + dotted(50'000) + "]\n") == 2);
  CHECK(file("\n[[" + dotted(50'000) + "]]\n") == 2);
  CHECK(file("\nx = { " + dotted(50'000) + " = 1 }\n") == 2);
  CHECK(file("\n\"a\" . 'b'" + std::string(40, ' ') + "." + dotted(40) + " = 1\n") == 2);
  CHECK(refused({"run", folder.at(""), "--set", dotted(50'000) + "=1"}, "wants key=value") == 2);
  CHECK(refused({"run", folder.at(""), "--set", "x={" + dotted(50'000) + "=1}"}, "--set") == 2);
  folder.write("map.toml", "\n" + dotted(50'000) + " = 1\n");
  CHECK(refused({"meter", "read", folder.at("map.toml"), "--connect", "h:1"}, "map.toml:2") == 2);
  // Dots that are none of a key's are as many as one likes.
  folder.write("dots.toml", "# " + std::string(500, '.') + "\n" + test::short_scenario +
                                "\n[output]\nrecording = \"" + std::string(500, '.') + "\"\n");
  CHECK(refused({"run", folder.at("dots.toml")}, "output.recording: found") == 2);
}

TEST_CASE("a genesis of any bytes gives JSON, in our own words") {
  const Ran& ran = Ran::once();
  const Folder folder;
  const auto audited = [&](const std::string& genesis) {
    fs::remove_all(folder.at("out"));
    fs::copy(ran.out, folder.at("out"), fs::copy_options::recursive);
    folder.write("out/log/genesis", genesis);
    const Outcome outcome = aipchain({"audit", folder.at("out"), "--json"});
    CHECK(outcome.code == 1);
    const json checks = json::parse(outcome.output).at("checks");
    CHECK(outcome.output.find("json.exception") == std::string::npos);
    CHECK(outcome.output.find("genesis: genesis") == std::string::npos);
    return checks.at(0).at("detail").get<std::string>();
  };
  const std::string good = test::slurp(ran.out + "/log/genesis");
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{2}, good.find("uniform"), good.size() - 1}) {
    std::string bad = good;
    bad[at] = '\x80';
    CHECK(audited(bad).find("genesis: is not a JSON object") != std::string::npos);
  }
  CHECK(audited("").find("genesis: is not a JSON object") != std::string::npos);
  CHECK(audited("{}").find("genesis: a key is missing") != std::string::npos);
  std::string wrong = good;
  wrong.replace(good.find("\"slot_ms\":"), 10, "\"slot_mx\":");
  CHECK(audited(wrong).find("genesis: a key is missing") != std::string::npos);
}

TEST_CASE("an empty folder below log/ or openings/ is found") {
  const Ran& ran = Ran::once();
  for (const std::string where : {"log", "log/tile", "openings", "openings/restricted"}) {
    CAPTURE(where);
    const Folder folder;
    fs::copy(ran.out, folder.at("out"), fs::copy_options::recursive);
    CHECK(aipchain({"audit", folder.at("out"), "--openings", folder.at("out/openings")}).code == 0);
    fs::create_directory(folder.at("out/" + where + "/more"));
    const Outcome audit =
        aipchain({"audit", folder.at("out"), "--openings", folder.at("out/openings")});
    CHECK(audit.code == 1);
    CHECK(audit.output.find("more/") != std::string::npos);
    fs::remove(folder.at("out/" + where + "/more"));
    fs::create_directory_symlink("/", folder.at("out/" + where + "/more"));
    CHECK(aipchain({"audit", folder.at("out"), "--openings", folder.at("out/openings")}).code == 1);
  }
}

TEST_CASE("a directory that is no ledger is not searched") {
  const Folder folder;
  CHECK(refused({"audit", "/"}, "/: is no ledger") == 2);
  CHECK(refused({"audit", folder.at("")}, "is no ledger") == 2);
  CHECK(refused({"receipt", "/", "--account", std::string(32, '0')}, "is no ledger") == 2);
}

TEST_CASE("a slot beyond all numbers is refused") {
  const Ran& ran = Ran::once();
  for (const std::string slot : {"99999999999999999999", "4294967296", "-1", "0x1", "1 ", "1.0"})
    CHECK(refused({"receipt", ran.out, "--account", ran.account, "--slot", slot},
                  "--slot " + slot) == 2);
}
