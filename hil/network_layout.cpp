#include "hil/network_layout.hpp"

#include <boost/asio.hpp>
#include <cmath>
#include <filesystem>

#include "hil/key_file.hpp"
#include "twin/store/log_directory.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
namespace fs = std::filesystem;

namespace {

// Ports of this machine that nobody holds now: all are held at once while they are looked for.
Result<std::vector<std::uint16_t>> free_ports(std::size_t n) {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  std::vector<tcp::acceptor> held;
  std::vector<std::uint16_t> out;
  try {
    for (std::size_t k = 0; k < n; ++k) {
      held.emplace_back(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
      out.push_back(held.back().local_endpoint().port());
    }
  } catch (const boost::system::system_error& error) {
    return failure(std::string("127.0.0.1: no free port: ") + error.what());
  }
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

}  // namespace

Result<std::vector<std::string>> lay_out_network(const Deployment& deployment,
                                                 const LayoutOptions& options) {
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
  const auto ports = free_ports(nodes);
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
    if (auto ok = put_file(path + ".toml",
                           bytes_of(node_text(name, n > d.observer().value, options)), false);
        !ok)
      return failure(ok.error());
    out.push_back(path + ".toml");
  }
  if (auto ok = put_file(dir + "/network.toml", bytes_of(network), false); !ok)
    return failure(ok.error());
  return out;
}

}  // namespace hil
