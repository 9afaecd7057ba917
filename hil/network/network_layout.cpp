#include "hil/network/network_layout.hpp"

#include <boost/asio.hpp>
#include <cmath>
#include <filesystem>
#include <random>

#include "hil/network/household_file.hpp"
#include "hil/network/key_file.hpp"
#include "twin/store/log_directory.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
namespace fs = std::filesystem;

namespace {

// Below those that the system gives to outgoing connections: one of these might take a node's port
// before the node listens.
constexpr std::uint16_t first_port = 10'000, past_ports = 32'000;

// Ports of this machine that nobody holds now: all are held at once while they are looked for.
Result<std::vector<std::uint16_t>> free_ports(std::size_t n) {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  std::vector<tcp::acceptor> held;
  std::vector<std::uint16_t> out;
  const std::uint32_t start = std::random_device{}();
  constexpr std::uint32_t all = past_ports - first_port;
  for (std::uint32_t k = 0; k < all && out.size() < n; ++k) {
    const auto port = static_cast<std::uint16_t>(first_port + (start % all + k) % all);
    const tcp::endpoint here(boost::asio::ip::address_v4::loopback(), port);
    boost::system::error_code taken;
    tcp::acceptor acceptor(io);
    acceptor.open(here.protocol(), taken);
    if (!taken) acceptor.bind(here, taken);
    if (!taken) acceptor.listen(1, taken);
    if (taken) continue;
    held.push_back(std::move(acceptor));
    out.push_back(port);
  }
  if (out.size() < n) return failure("127.0.0.1: too few free ports for the network's nodes");
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Time-outs keep their real length, however fast the chain's time runs.
std::string timing_text(double speed) {
  const auto ms = [&](Duration d) {
    return std::to_string(std::llround(static_cast<double>(d.whole_ms()) * std::max(speed, 1.0))) +
           "ms\"\n";
  };
  const ConsensusTiming t;
  return "[timing]\npropose = \"" + ms(t.propose_timeout) + "vote = \"" + ms(t.vote_timeout) +
         "message_delay = \"" + ms(t.message_delay);
}

const KeySeed& secret_of(NodeId id, const Deployment& deployment) {
  const Directory& d = deployment.directory();
  const Identities& keys = deployment.identities();
  if (id < d.observer()) return keys.validators[id.value];
  if (id == d.observer()) return keys.observer;
  return keys.gateways[id.value - d.gateway(0).value];
}

std::string node_text(const std::string& name, bool gateway, const LayoutOptions& options) {
  std::string out = "network = \"network.toml\"\nname = \"" + name + "\"\nsigning_key = \"" + name +
                    ".key\"\ntls_key = \"" + name + ".tls\"\nstore = \"" + name + "\"\n";
  if (options.wire_log) out += "wire_log = \"yes\"\n";
  if (gateway) out += "scenario = " + quoted(fs::absolute(options.scenario).string()) + "\n";
  return out;
}

// By the names that genesis has for them.
Result<void> write_roles_keys(const std::string& dir, const Identities& keys) {
  for (const auto& [name, secret] : {std::pair{"registrar", keys.registrar},
                                     {"metering_operator", keys.metering_operator},
                                     {"gateway_administrator", keys.gateway_administrator},
                                     {"certifier", keys.certifier}})
    if (auto ok = write_key(dir + "/" + name + ".key", secret); !ok) return ok;
  return {};
}

Result<void> write_households(const std::string& dir, const Identities& keys) {
  std::error_code error;
  fs::create_directory(dir + "/households", error);
  if (error) return failure(dir + "/households: cannot be made: " + error.message());
  std::string list = "account,meter,gateway\n";
  for (const MeterIdentity& m : keys.meters) {
    if (m.feeder) continue;
    const std::string account = to_hex(m.account.bytes);
    list += account + "," + std::to_string(m.meter.value) + "," + std::to_string(m.gateway) + "\n";
    const std::string path = dir + "/households/" + account + ".key";
    if (auto ok = write_household(path, {m.account, m.account_seed, m.restricted_key}); !ok)
      return ok;
  }
  return write_secret_text(dir + "/homes.csv", list);
}

}  // namespace

Result<std::vector<std::string>> lay_out_network(const Deployment& deployment,
                                                 const LayoutOptions& options) {
  if (deployment.directory().grid_operators > 0)
    return failure("a network of processes has no grid operator: leave [[congestion]] out");
  std::error_code error;
  const std::string& dir = options.directory;
  if (fs::exists(dir, error) && (!fs::is_directory(dir, error) || !fs::is_empty(dir, error)))
    return failure(dir + ": exists already and is not an empty directory");
  fs::create_directories(dir, error);
  if (error) return failure(dir + ": cannot be made: " + error.message());
  if (auto ok = put_file(dir + "/genesis", bytes_of(encode(deployment.genesis())), false); !ok)
    return failure(ok.error());
  const Directory& d = deployment.directory();
  const std::uint32_t nodes = d.fleet(0).value;
  const std::uint32_t doors = d.observer().value + 1;
  const auto ports = free_ports(nodes + doors);
  if (!ports) return failure(ports.error());
  std::string network = "genesis = \"genesis\"\nstarted_at = \"" + to_rfc3339(options.started_at) +
                        "\"\nspeed = " + std::to_string(options.speed) +
                        "\ndelay_ms = " + std::to_string(options.delay_ms) + "\n\n" +
                        timing_text(options.speed);
  std::vector<std::string> out;
  for (std::uint32_t n = 0; n < nodes; ++n) {
    const std::string name = name_of({n}, d), path = dir + "/" + name;
    const KeySeed tls = new_secret();
    if (auto ok = write_key(path + ".key", secret_of({n}, deployment)); !ok)
      return failure(ok.error());
    if (auto ok = write_key(path + ".tls", tls); !ok) return failure(ok.error());
    network += "\n[[node]]\nname = \"" + name +
               "\"\naddress = \"127.0.0.1:" + std::to_string((*ports)[n]) + "\"\ntls_key = \"" +
               to_hex(Ed25519Signer(tls).public_key()) + "\"\n";
    if (n < doors)
      network += "visitors = \"127.0.0.1:" + std::to_string((*ports)[nodes + n]) + "\"\n";
    if (auto ok = put_file(path + ".toml",
                           bytes_of(node_text(name, n > d.observer().value, options)), false);
        !ok)
      return failure(ok.error());
    out.push_back(path + ".toml");
  }
  const Identities& keys = deployment.identities();
  if (auto ok = write_roles_keys(dir, keys); !ok) return failure(ok.error());
  if (auto ok = write_households(dir, keys); !ok) return failure(ok.error());
  if (auto ok = put_file(dir + "/network.toml", bytes_of(network), false); !ok)
    return failure(ok.error());
  return out;
}

}  // namespace hil
