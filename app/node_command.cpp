#include "app/node_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/input_file.hpp"
#include "app/network_processes.hpp"
#include "app/number_option.hpp"
#include "app/scenario_file.hpp"
#include "hil/network/genesis_config.hpp"
#include "hil/network/household_file.hpp"
#include "hil/network/key_file.hpp"
#include "hil/network/network_layout.hpp"
#include "hil/network/node_host.hpp"
#include "twin/node/base/key_shares.hpp"
#include "twin/store/summary.hpp"

namespace app {
namespace {

using nlohmann::json;

struct Options {
  std::string file, second_file, account, out, duration;
  double speed = 1, delay_ms = 0;
  bool json = false, quiet = false, wire_log = false, only_files = false, first_start = false;
};

// Real time; zero for an empty text.
ledger::Result<std::chrono::nanoseconds> real_duration(const std::string& text) {
  if (text.empty()) return std::chrono::nanoseconds{};
  const auto d = ledger::parse_duration(text);
  if (!d || d->ns <= 0)
    return ledger::failure("--duration " + text +
                           ": wants a duration above zero such as 90s or 2h");
  return std::chrono::nanoseconds(d->ns);
}

std::string text_of(const std::string& name, const hil::NodeReport& r) {
  const json out = {{"name", name},
                    {"height", r.height},
                    {"log_size", r.log_size},
                    {"log_root", ledger::to_hex(r.log_root)},
                    {"state_root", ledger::to_hex(r.state_root)},
                    {"content_root", ledger::to_hex(r.content_root)},
                    {"blocks", r.finality_ms.size()},
                    {"transactions", r.transactions},
                    {"finality_ms",
                     {{"p50", twin::percentile(r.finality_ms, 50)},
                      {"p95", twin::percentile(r.finality_ms, 95)},
                      {"p99", twin::percentile(r.finality_ms, 99)}}},
                    {"rounds_max", r.rounds_max},
                    {"evidence", r.evidence},
                    {"refused", r.refused},
                    {"messages",
                     {{"sent", r.links.sent},
                      {"received", r.links.received},
                      {"bytes_sent", r.links.bytes_sent},
                      {"bytes_received", r.links.bytes_received},
                      {"lost", r.links.lost},
                      {"connections_refused", r.links.refused}}}};
  return out.dump(2) + "\n";
}

// What a flood of large messages took goes back to the system when they are done with; by itself
// glibc keeps more and more of it (mallopt(3), M_MMAP_THRESHOLD).
void return_large_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

int node(const Options& o) {
  return_large_memory();
  const auto duration = real_duration(o.duration);
  if (!duration) return complain(wrong_input, duration.error());
  const auto config = hil::read_node_config(o.file);
  if (!config) return complain(wrong_input, config.error());
  std::optional<LoadedScenario> loaded;
  std::unique_ptr<twin::World> world;
  std::optional<twin::Deployment> deployment;
  std::optional<hil::GatewayHomes> homes;
  if (!config->scenario.empty()) {
    auto read = load_scenario(config->scenario);
    if (!read) return complain(wrong_input, read.error());
    loaded = std::move(*read);
    auto made = loaded->make_world();
    if (!made) return complain(wrong_input, made.error());
    world = std::move(*made);
    deployment.emplace(loaded->scenario, *world, loaded->chain_hash);
    homes.emplace(hil::GatewayHomes{loaded->scenario, *world, *deployment});
  }
  stop_on_signals();
  hil::NodeHostOptions options;
  options.stop = &stop_requested;
  options.duration = *duration;
  options.first_start = o.first_start;
  options.say = [&](const std::string& line) {
    if (!o.quiet) std::fprintf(stderr, "%s: %s\n", config->name.c_str(), one_line(line).c_str());
  };
  const auto report = hil::run_node(*config, homes ? &*homes : nullptr, options);
  if (!report) return complain(failed, report.error());
  std::cout << text_of(config->name, *report);
  return done;
}

int network(const Options& o) {
  const auto duration = real_duration(o.duration);
  if (!duration) return complain(wrong_input, duration.error());
  const auto loaded = load_scenario(o.file);
  if (!loaded) return complain(wrong_input, loaded.error());
  auto world = loaded->make_world();
  if (!world) return complain(wrong_input, world.error());
  twin::Deployment deployment(loaded->scenario, **world, loaded->chain_hash);
  if (auto ok = deployment.tell_feeder((*world)->network()); !ok)
    return complain(wrong_input, ok.error());
  hil::LayoutOptions layout;
  layout.directory = o.out;
  layout.scenario = loaded->path;
  layout.started_at = soon();
  layout.speed = o.speed;
  layout.delay_ms = o.delay_ms;
  layout.wire_log = o.wire_log;
  const auto files = hil::lay_out_network(deployment, layout);
  if (!files) return complain(wrong_input, files.error());
  if (o.only_files) {
    for (const std::string& file : *files) std::cout << file << "\n";
    return done;
  }
  stop_on_signals();
  return run_processes(*files, *duration, o.quiet);
}

int new_key(const Options& o) {
  const ledger::KeySeed secret = hil::new_secret();
  if (auto ok = hil::write_key(o.file, secret); !ok) return complain(wrong_input, ok.error());
  std::cout << ledger::to_hex(ledger::Ed25519Signer(secret).public_key()) << "\n";
  return done;
}

int show_key(const Options& o) {
  const auto secret = hil::read_key(o.file);
  if (!secret) return complain(wrong_input, secret.error());
  std::cout << ledger::to_hex(ledger::Ed25519Signer(*secret).public_key()) << "\n";
  return done;
}

// Two holders' shares of one account's root key.
ledger::Result<ledger::SubjectKey> recovered(const Options& o, const ledger::AccountId& account) {
  std::vector<ledger::KeyShare> shares;
  for (const std::string& path : {o.file, o.second_file}) {
    const auto text = read_file(path);
    if (!text) return ledger::failure(text.error());
    const auto held = twin::decode_shares(*text);
    if (!held) return ledger::failure(path + ":" + held.error());
    const auto own = held->find(account);
    if (own == held->end()) return ledger::failure(path + ": holds no share of " + o.account);
    shares.push_back(own->second);
  }
  return ledger::recover_key(shares[0], shares[1]);
}

int recover_key(const Options& o) {
  const auto account = ledger::array_from_hex<16>(o.account);
  if (!account)
    return complain(wrong_input,
                    "--account " + o.account + ": wants 32 lower-case hexadecimal digits");
  const auto key = recovered(o, {*account});
  if (!key) return complain(wrong_input, key.error());
  if (auto ok = hil::write_key(o.out, *key); !ok) return complain(wrong_input, ok.error());
  return done;
}

// What a household signs with, out of two keys of `keys new`; its registrar has the second one,
// too.
int household_file(const Options& o) {
  const auto account = ledger::array_from_hex<16>(o.account);
  if (!account)
    return complain(wrong_input,
                    "--account " + o.account + ": wants 32 lower-case hexadecimal digits");
  const auto secret = hil::read_key(o.file), restricted = hil::read_key(o.second_file);
  if (!secret) return complain(wrong_input, secret.error());
  if (!restricted) return complain(wrong_input, restricted.error());
  const auto ok = hil::write_household(o.out, {{*account}, *secret, *restricted});
  return ok ? done : complain(wrong_input, ok.error());
}

int genesis(const Options& o) {
  const auto text = read_file(o.file);
  if (!text) return complain(wrong_input, text.error());
  const auto made = hil::read_genesis_config(*text, o.file);
  if (!made) return complain(wrong_input, made.error());
  if (o.out.empty()) {
    std::cout << encode(*made);
    return done;
  }
  std::ofstream out(o.out, std::ios::binary);
  out << encode(*made);
  out.flush();
  if (!out) return complain(failed, o.out + ": cannot be written");
  return done;
}

void add_keys(CLI::App& program, std::function<int()>& chosen, const std::shared_ptr<Options>& o) {
  auto* keys = program.add_subcommand("keys", "key custody")->require_subcommand(1);
  auto* fresh = keys->add_subcommand("new", "makes a secret key and prints its public one");
  fresh->add_option("file", o->file, "where the secret goes; never replaced")->required();
  fresh->callback([&chosen, o] { chosen = [o] { return new_key(*o); }; });
  auto* again = keys->add_subcommand("recover", "a subject's root key, from two holders' shares");
  again->add_option("shares", o->file, "one holder's file (vault/operator)")->required();
  again->add_option("others", o->second_file, "another holder's file (vault/trustee)")->required();
  again->add_option("--account", o->account, "whose: 32 hexadecimal digits")->required();
  again->add_option("--out", o->out, "where the key goes; never replaced")->required();
  again->callback([&chosen, o] { chosen = [o] { return recover_key(*o); }; });
  auto* household = keys->add_subcommand("household", "what a household signs with, in one file");
  household->add_option("secret", o->file, "the account's key file")->required();
  household->add_option("restricted", o->second_file, "the month's restricted key, a key file")
      ->required();
  household->add_option("--account", o->account, "whose: 32 hexadecimal digits")->required();
  household->add_option("--out", o->out, "where it goes; never replaced")->required();
  household->callback([&chosen, o] { chosen = [o] { return household_file(*o); }; });
  auto* show = keys->add_subcommand("show", "prints the public key of a secret one");
  show->add_option("file", o->file, "a key file")->required();
  show->callback([&chosen, o] { chosen = [o] { return show_key(*o); }; });
}

}  // namespace

void add_node_commands(CLI::App& program, std::function<int()>& chosen) {
  auto o = std::make_shared<Options>();
  add_keys(program, chosen, o);
  auto* g = program.add_subcommand("genesis", "what a chain starts from, out of public keys");
  g->add_option("config", o->file, "a TOML file (docs/formats/node.md)")->required();
  g->add_option("--out", o->out, "file to write (default: stdout)");
  g->callback([&chosen, o] { chosen = [o] { return genesis(*o); }; });

  auto* n = program.add_subcommand("node", "one validator, observer or gateway as a process");
  n->add_option("config", o->file, "its TOML file (docs/formats/node.md)")->required();
  n->add_option("--duration", o->duration, "real time (default: until it is stopped)");
  n->add_flag("--first-start", o->first_start,
              "this validator has never run before, on any machine: it votes at once");
  n->add_flag("--json", o->json, "the same output: it is JSON anyway");
  n->add_flag("--quiet", o->quiet, "nothing but errors on stderr");
  n->callback([&chosen, o] { chosen = [o] { return node(*o); }; });

  auto* net = program.add_subcommand("network", "all nodes of a scenario as processes, over TLS");
  net->add_option("scenario", o->file, "whose validators and gateways; gateways read its homes")
      ->required();
  net->add_option("--out", o->out, "directory for keys, stores and logs; new or empty")->required();
  net->add_option("--duration", o->duration, "real time (default: until it is stopped)");
  net->add_option("--speed", o->speed, "of the chain's time against real time")
      ->check(number_from(1.0, 1000.0));
  net->add_option("--delay-ms", o->delay_ms, "one-way delay on top of the machine's own")
      ->check(number_from(0.0, 10'000.0));
  net->add_flag("--wire-log", o->wire_log, "each node keeps what it heard in wire.log");
  net->add_flag("--only-files", o->only_files, "lays the directory out and starts nothing");
  net->add_flag("--quiet", o->quiet, "nothing but errors on stderr");
  net->callback([&chosen, o] { chosen = [o] { return network(*o); }; });
}

}  // namespace app
