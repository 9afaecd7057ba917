// Load on a network of real processes: `aipchain node` for each validator, TLS over loopback with
// an added delay, each with its own store. This process holds the observer's seat and a gateway's:
// it sends signed batches of 202 bytes at a steady rate to every validator and takes the time from
// then until the observer, one delay away from all of them, has seen their block decided.
//
//   bench_network                                 the table of docs/benchmarks.md
//   bench_network VALIDATORS RATE SECONDS [DELAY_MS [BLOCK_MS]]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/batch_load.hpp"
#include "hil/network/key_file.hpp"
#include "hil/network/node_config.hpp"
#include "hil/network/node_seat.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/base/rng.hpp"
#include "tests/support/process.hpp"
#include "twin/node/base/messages.hpp"

namespace {

using namespace ledger;
using namespace twin;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t gateways = 100;
constexpr std::uint16_t first_port = 21'000;

struct Load {
  std::uint32_t validators = 4, rate = 2000, seconds = 20;
  double delay_ms = 50;
  std::int64_t block_ms = 250;
};

KeySeed seed_of(const char* what, std::uint32_t n) { return Rng(1).fork(what, n).bytes32(); }

Genesis load_genesis(const Load& load) {
  Genesis g;
  g.name = "load";
  g.block_ms = load.block_ms;
  g.batch_ms = std::int64_t{1000} * gateways / load.rate;
  for (std::uint32_t v = 0; v < load.validators; ++v)
    g.validators.push_back(Ed25519Signer(seed_of("signing", v)).public_key());
  g.observer = Ed25519Signer(seed_of("signing", load.validators)).public_key();
  g.mechanism = "uniform";
  return g;
}

void must(const Result<void>& done) {
  if (!done) std::fprintf(stderr, "%s\n", done.error().c_str());
  invariant(done.has_value(), "the benchmark can write to the temporary folder");
}

// Folder with genesis, network.toml and the files of the validators and of the observer.
class Files {
 public:
  Files(const Load& load, const Genesis& genesis, CivilTime start) {
    std::string name = (fs::temp_directory_path() / "aipchain-bench-XXXXXX").string();
    invariant(mkdtemp(name.data()) != nullptr, "there is a temporary folder");
    path = name;
    std::ofstream(path / "genesis") << encode(genesis);
    std::ofstream network(path / "network.toml");
    network << "genesis = \"genesis\"\nstarted_at = \"" << to_rfc3339(start)
            << "\"\ndelay_ms = " << std::to_string(load.delay_ms) << "\n";
    const Directory d{load.validators, gateways};
    for (std::uint32_t n = 0; n < d.fleet(0).value; ++n) {
      const std::string node = hil::name_of({n}, d);
      network << "[[node]]\nname = \"" << node << "\"\naddress = \"127.0.0.1:" << first_port + n
              << "\"\ntls_key = \"" << to_hex(Ed25519Signer(seed_of("tls", n)).public_key())
              << "\"\n";
      if (n > d.observer().value) continue;
      must(hil::write_key((path / (node + ".key")).string(), seed_of("signing", n)));
      must(hil::write_key((path / (node + ".tls")).string(), seed_of("tls", n)));
      std::ofstream(path / (node + ".toml"))
          << "network = \"network.toml\"\nname = \"" << node << "\"\nsigning_key = \"" << node
          << ".key\"\ntls_key = \"" << node << ".tls\"\nstore = \"" << node << "\"\n";
    }
  }
  ~Files() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }

  fs::path path;
};

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

struct Findings {
  std::uint64_t sent = 0, decided = 0;
  std::vector<double> latency_ms, finality_ms;  // of a batch from its sending, of a block
  double span_s = 0;                            // until the last was decided
  double peak_mb = 0;                           // the largest validator
};

class Experiment {
 public:
  explicit Experiment(const Load& load)
      : load_(load),
        batches_(load_genesis(load), gateways),
        start_(whole_second_ahead()),
        files_(load, batches_.genesis(), start_),
        directory_{load.validators, gateways},
        observer_signer_(seed_of("signing", load.validators)),
        verifier_(ed25519_) {}

  Findings run() {
    prepare();
    for (std::uint32_t v = 0; v < load_.validators; ++v)
      processes_.push_back(std::make_unique<test::Process>(std::vector<std::string>{
          AIPCHAIN_PROGRAM, "node", files_.file("validator-" + std::to_string(v) + ".toml"),
          "--first-start", "--quiet"}));
    open_links();
    while (now() < Instant{}) pump();
    for (const Bytes& tx : batches_.registrations()) submit(tx);
    const Instant end = Instant{} + seconds(load_.seconds);
    while (now() < end + seconds(5) && decided_ < queue_.size()) {
      send_what_is_due(end);
      pump();
    }
    for (const auto& p : processes_) found_.peak_mb = std::max(found_.peak_mb, p->peak_mb());
    return found_;
  }

 private:
  struct Timed {
    Instant due;
    Bytes message;
  };

  static CivilTime whole_second_ahead() {
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
    CivilTime out;
    out.unix_ms = (s + 8) * 1000;  // signing the load and starting take some of it
    return out;
  }

  Instant now() const {
    const std::chrono::nanoseconds since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return Instant{since_1970.count() - start_.unix_ms * 1'000'000};
  }

  // The gateways are spread over each interval.
  void prepare() {
    const std::int64_t interval_ms = batches_.genesis().batch_ms;
    const std::int64_t intervals = load_.seconds * 1000 / interval_ms;
    for (std::int64_t e = 1; e <= intervals; ++e) {
      const std::vector<Bytes> all = batches_.next_interval();
      for (std::uint32_t g = 0; g < gateways; ++g)
        queue_.push_back({Instant{} + milliseconds(e * interval_ms) +
                              Duration{interval_ms * 1'000'000 * g / gateways},
                          frame(MessageKind::transaction, all[g])});
    }
  }

  void open_links() {
    auto config = hil::read_node_config(files_.file("observer.toml"));
    if (!config) std::fprintf(stderr, "%s\n", config.error().c_str());
    invariant(config.has_value(), "the observer's files hold");
    observer_ = hil::seat_validator(config->chain, observer_signer_, verifier_, records_);
    observer_links_ = links(config->links, directory_.observer());
    gateway_links_ = links(config->links, directory_.gateway(0));
  }

  std::unique_ptr<hil::NodeLinks> links(hil::LinkOptions options, NodeId self) const {
    if (self != options.self) {
      options.self = self;
      options.tls_secret = seed_of("tls", self.value);
      std::erase_if(options.nodes, [&](const hil::LinkPeer& p) {
        return p.id >= directory_.observer() && p.id != self;
      });
      hil::LinkPeer& own = options.nodes.emplace_back();
      own.id = self;
      own.address = {"127.0.0.1", static_cast<std::uint16_t>(first_port + self.value)};
      own.tls_key = Ed25519Signer(options.tls_secret).public_key();
    }
    auto out = hil::NodeLinks::open(std::move(options));
    if (!out) std::fprintf(stderr, "%s\n", out.error().c_str());
    invariant(out.has_value(), "the ports are free");
    return std::move(*out);
  }

  void submit(BytesView transaction) {
    submit_message(frame(MessageKind::transaction, transaction));
  }
  void submit_message(const Bytes& message) {
    for (std::uint32_t v = 0; v < load_.validators; ++v)
      gateway_links_->send(directory_.validator(v), message);
  }

  void send_what_is_due(Instant end) {
    const Instant at = now();
    for (; next_ < queue_.size() && queue_[next_].due <= std::min(at, end); ++next_) {
      submit_message(queue_[next_].message);
      sent_at_.push_back(at);
      found_.sent += queue_[next_].due >= measured_from_ ? 1 : 0;
    }
  }

  void pump() {
    const auto until = Clock::now() + std::chrono::milliseconds(1);
    gateway_links_->work(Clock::now(), [](NodeId, const Bytes&) {});
    std::vector<PeerMessage> received;
    observer_links_->work(until, [&](NodeId from, Bytes bytes) {
      received.push_back({from, std::move(bytes)});
    });
    const Instant at = now();
    if (at < Instant{} || (received.empty() && observer_->next_deadline() > at)) return;
    Outbox outbox;
    observer_->step(at, Inputs{received, {}}, outbox);
    for (const twin::Effect& effect : outbox.effects()) {
      if (const auto* persist = std::get_if<Persist>(&effect)) records_.keep(*persist);
      if (const auto* send = std::get_if<Send>(&effect))
        observer_links_->send(send->to, send->bytes);
      const auto* event = std::get_if<Event>(&effect);
      if (const auto* block = event ? std::get_if<BlockDecided>(event) : nullptr) take(*block, at);
    }
  }

  // Batches are decided in the order of their epochs, gateway by gateway.
  void take(const BlockDecided& block, Instant at) {
    const auto record = decode_block_record(*records_.block(block.height));
    const auto decoded = decode_block(record->block);
    bool any = false;
    for (const Transaction& tx : decoded->transactions) {
      if (tx.kind != TransactionKind::batch) continue;
      const auto batch = decode_batch(tx.body);
      const std::size_t place = std::size_t{batch->epoch - 1} * gateways + batch->gateway.value;
      ++decided_;
      if (queue_[place].due < measured_from_) continue;
      found_.latency_ms.push_back((at - sent_at_[place]).seconds() * 1000);
      ++found_.decided;
      any = true;
    }
    if (!any) return;
    found_.finality_ms.push_back(block.finality.seconds() * 1000);
    found_.span_s = (at - measured_from_).seconds();
  }

  // The first batches wait for the registrations, and are not measured.
  static constexpr Instant measured_from_ = Instant{} + seconds(2);

  Load load_;
  bench::BatchLoad batches_;
  CivilTime start_;
  Files files_;
  Directory directory_;
  Ed25519Signer observer_signer_;
  Ed25519Verifier ed25519_;
  CachedVerifier verifier_;
  MemoryRecords records_;
  std::unique_ptr<ValidatorNode> observer_;
  std::unique_ptr<hil::NodeLinks> observer_links_, gateway_links_;
  std::vector<std::unique_ptr<test::Process>> processes_;
  std::vector<Timed> queue_;
  std::vector<Instant> sent_at_;  // by place in the queue
  std::size_t next_ = 0, decided_ = 0;
  Findings found_;
};

void report(const Load& load) {
  const Findings f = Experiment(load).run();
  std::printf("%10u %9.0f %8u %9llu %9llu %9.0f %9.0f %9.0f %9.0f %9.0f %8.0f\n", load.validators,
              load.delay_ms, load.rate, static_cast<unsigned long long>(f.sent),
              static_cast<unsigned long long>(f.decided),
              static_cast<double>(f.decided) / std::max(f.span_s, 1e-9),
              percentile(f.latency_ms, 0.5), percentile(f.latency_ms, 0.99),
              percentile(f.finality_ms, 0.5), percentile(f.finality_ms, 0.99), f.peak_mb);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("%10s %9s %8s %9s %9s %9s %9s %9s %9s %9s %8s\n", "validators", "delay_ms",
              "offered/s", "sent", "decided", "decided/s", "tx_p50_ms", "tx_p99_ms", "fin_p50",
              "fin_p99", "peak_MB");
  if (argc >= 4) {
    Load load;
    load.validators = static_cast<std::uint32_t>(std::stoul(argv[1]));
    load.rate = static_cast<std::uint32_t>(std::stoul(argv[2]));
    load.seconds = static_cast<std::uint32_t>(std::stoul(argv[3]));
    if (argc > 4) load.delay_ms = std::stod(argv[4]);
    if (argc > 5) load.block_ms = std::stol(argv[5]);
    report(load);
  } else {
    for (const Load& load : {Load{4, 2000}, Load{7, 2000}, Load{16, 1000}}) report(load);
  }
}
