#include "hil/network/node_config.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

#include "hil/network/key_file.hpp"
#include "twin/scenario/toml_table.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_file_bytes = 1u << 20;
constexpr double max_speed = 1000;

Result<std::string> text_of_file(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return failure(path + ": is not a file");
  if (fs::file_size(path, error) > max_file_bytes) return failure(path + ": larger than 1 MiB");
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in && !in.eof()) return failure(path + ": cannot be read");
  return text;
}

Result<toml::table> table_of_file(const std::string& path) {
  auto text = text_of_file(path);
  if (!text) return failure(text.error());
  return parse_toml(*text, path);
}

std::string beside(const std::string& file, const std::string& name) {
  return (fs::path(file).parent_path() / name).string();
}

// A text that must be there.
std::string wanted(TomlTable& table, std::string_view key) {
  std::string out = table.text(key, "");
  if (out.empty()) table.fail(key, "is missing or empty");
  return out;
}

class Reader {
 public:
  Result<NodeConfig> read(const std::string& path) {
    if (auto ok = read_own(path); !ok) return failure(ok.error());
    if (auto ok = read_network(); !ok) return failure(ok.error());
    if (auto ok = find_self(path); !ok) return failure(ok.error());
    return std::move(out_);
  }
  Result<NodeConfig> read_shared(const std::string& path) {
    network_ = path;
    if (auto ok = read_network(); !ok) return failure(ok.error());
    return std::move(out_);
  }

 private:
  Result<void> read_own(const std::string& path) {
    const auto root = table_of_file(path);
    if (!root) return failure(root.error());
    Problem problem;
    TomlTable table(&*root, "", path, problem);
    network_ = beside(path, wanted(table, "network"));
    out_.name = wanted(table, "name");
    const std::string signing = beside(path, wanted(table, "signing_key"));
    const std::string tls = beside(path, wanted(table, "tls_key"));
    out_.store = beside(path, wanted(table, "store"));
    out_.wire_log = table.one_of("wire_log", "no", {"no", "yes"}) == "yes";
    const std::string scenario = table.text("scenario", "");
    if (!scenario.empty()) out_.scenario = beside(path, scenario);
    table.close();
    if (problem.any()) return failure(problem.message);
    const auto signing_secret = read_key(signing), tls_secret = read_key(tls);
    if (!signing_secret) return failure(signing_secret.error());
    if (!tls_secret) return failure(tls_secret.error());
    out_.signing_secret = *signing_secret;
    out_.links.tls_secret = *tls_secret;
    return {};
  }

  Result<void> read_network() {
    const auto root = table_of_file(network_);
    if (!root) return failure(root.error());
    Problem problem;
    TomlTable table(&*root, "", network_, problem);
    const std::string genesis = beside(network_, wanted(table, "genesis"));
    out_.started_at = table.time("started_at", CivilTime{});
    if (!table.has("started_at")) table.fail("started_at", "is missing");
    out_.speed = table.number("speed", 1, 1e-3, max_speed);
    const double delay_ms = table.number("delay_ms", 0, 0, 10'000);
    out_.links.delay = std::chrono::nanoseconds(static_cast<std::int64_t>(delay_ms * 1e6));
    TomlTable timing = table.table("timing");
    ConsensusTiming& t = out_.chain.timing;
    t.propose_timeout = timing.duration("propose", t.propose_timeout);
    t.vote_timeout = timing.duration("vote", t.vote_timeout);
    t.message_delay = timing.duration("message_delay", t.message_delay);
    timing.close();
    std::vector<TomlTable> nodes = table.tables("node");
    table.close();
    if (problem.any()) return failure(problem.message);
    if (auto ok = read_genesis(genesis); !ok) return ok;
    for (TomlTable& node : nodes) read_node(node);
    if (problem.any()) return failure(problem.message);
    return all_there();
  }

  Result<void> read_genesis(const std::string& path) {
    const auto text = text_of_file(path);
    if (!text) return failure(text.error());
    auto genesis = decode_genesis(*text);
    if (!genesis) return failure(path + ": " + genesis.error());
    out_.chain.directory = {static_cast<std::uint32_t>(genesis->validators.size()),
                            static_cast<std::uint32_t>(genesis->gateways.size())};
    out_.chain.genesis = std::move(*genesis);
    return {};
  }

  void read_node(TomlTable& table) {
    const std::string name = wanted(table, "name");
    const auto id = node_named(name, out_.chain.directory);
    if (!id) table.refuse("name", "validator-N, observer or gateway-N, as genesis has them");
    const auto address = parse_address(wanted(table, "address"));
    if (!address) table.fail("address", address.error());
    const auto key = array_from_hex<32>(wanted(table, "tls_key"));
    if (!key) table.refuse("tls_key", "64 lower-case hexadecimal digits");
    const auto door = door_of(table, id);
    table.close();
    if (!id || !address || !key) return;
    if (door) out_.doors.push_back({*id, name, *door, *key});
    for (const LinkPeer& other : out_.links.nodes) {
      if (other.id == *id) table.fail("name", "stands twice");
      if (other.tls_key == *key) table.fail("tls_key", "is another node's as well");
    }
    LinkPeer& peer = out_.links.nodes.emplace_back(LinkPeer{*id, *address, *key, name});
    // A gateway says transactions alone.
    if (*id > out_.chain.directory.observer()) peer.max_message = 1 + max_transaction_size;
  }

  std::optional<Address> door_of(TomlTable& table, std::optional<NodeId> node) const {
    if (!table.has("visitors")) return std::nullopt;
    const auto address = parse_address(wanted(table, "visitors"));
    if (!address) table.fail("visitors", address.error());
    const bool takes_any = !node || *node <= out_.chain.directory.observer();
    if (!takes_any) table.fail("visitors", "a gateway takes none");
    return address && takes_any ? std::optional(*address) : std::nullopt;
  }

  Result<void> all_there() const {
    const Directory& d = out_.chain.directory;
    for (std::uint32_t n = 0; n < d.fleet(0).value; ++n) {
      const auto same = [&](const LinkPeer& p) { return p.id.value == n; };
      if (std::none_of(out_.links.nodes.begin(), out_.links.nodes.end(), same))
        return failure(network_ + ": node: " + name_of({n}, d) + " is missing");
    }
    return {};
  }

  Result<void> find_self(const std::string& path) {
    const auto id = node_named(out_.name, out_.chain.directory);
    if (!id) return failure(path + ": name: " + cut(out_.name) + " is no node of " + network_);
    out_.id = out_.links.self = *id;
    if (*id < out_.chain.directory.observer()) out_.chain.self = ValidatorId{id->value};
    const PublicKey own = Ed25519Signer(out_.signing_secret).public_key();
    if (own != key_in_genesis())
      return failure(path + ": signing_key: is not the key of " + out_.name + " in genesis");
    const PublicKey tls = Ed25519Signer(out_.links.tls_secret).public_key();
    for (const LinkPeer& peer : out_.links.nodes)
      if (peer.id == *id && peer.tls_key != tls)
        return failure(path + ": tls_key: is not the key of " + out_.name + " in " + network_);
    // Gateways speak with validators, and not with each other.
    if (*id > out_.chain.directory.observer())
      std::erase_if(out_.links.nodes, [&](const LinkPeer& p) {
        return p.id != *id && p.id >= out_.chain.directory.observer();
      });
    if (*id == out_.chain.directory.observer())
      std::erase_if(out_.links.nodes, [&](const LinkPeer& p) { return p.id > *id; });
    if (*id > out_.chain.directory.observer() && out_.scenario.empty())
      return failure(path + ": scenario: is missing: a gateway wants homes to read");
    return {};
  }

  const PublicKey& key_in_genesis() const {
    const Genesis& g = out_.chain.genesis;
    const Directory& d = out_.chain.directory;
    if (out_.id < d.observer()) return g.validators[out_.id.value];
    if (out_.id == d.observer()) return g.observer;
    return g.gateways[out_.id.value - d.gateway(0).value];
  }

  NodeConfig out_;
  std::string network_;
};

}  // namespace

std::optional<NodeId> node_named(const std::string& name, const Directory& directory) {
  for (std::uint32_t n = 0; n < directory.fleet(0).value; ++n)
    if (name_of({n}, directory) == name) return NodeId{n};
  return std::nullopt;
}

std::string name_of(NodeId node, const Directory& d) {
  if (node < d.observer()) return "validator-" + std::to_string(node.value);
  if (node == d.observer()) return "observer";
  if (Directory::is_visitor(node)) return "a visitor";
  return "gateway-" + std::to_string(node.value - d.gateway(0).value);
}

Result<NodeConfig> read_node_config(const std::string& path) { return Reader().read(path); }

Result<NodeConfig> read_network_config(const std::string& path) {
  return Reader().read_shared(path);
}

}  // namespace hil
