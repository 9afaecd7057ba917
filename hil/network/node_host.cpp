#include "hil/network/node_host.hpp"

#include <deque>
#include <filesystem>
#include <thread>

#include "hil/network/node_seat.hpp"
#include "hil/network/thread_pool.hpp"
#include "hil/network/wire_log.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/consensus/sign_guard.hpp"
#include "twin/node/base/erasure_word.hpp"
#include "twin/node/base/visit_answer.hpp"
#include "twin/store/log_directory.hpp"
#include "twin/store/node_store.hpp"
#include "twin/store/run_eraser.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto longest_wait = std::chrono::milliseconds(20);  // so that a stop is noticed
constexpr auto between_lines = std::chrono::seconds(5);

// The chain's time by the operating system's clock; it never goes back.
class ChainClock {
 public:
  ChainClock(CivilTime started_at, double speed) : start_ms_(started_at.unix_ms), speed_(speed) {}
  Instant now() {
    const std::chrono::nanoseconds since_1970 = std::chrono::system_clock::now().time_since_epoch();
    const auto real = static_cast<double>(since_1970.count() - start_ms_ * 1'000'000);
    last_ = std::max(last_, Instant{static_cast<std::int64_t>(real * speed_)});
    return last_;
  }
  std::chrono::nanoseconds real(ledger::Duration d) const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(d.ns) / speed_));
  }

 private:
  std::int64_t start_ms_;
  double speed_;
  Instant last_{INT64_MIN};
};

class Host {
 public:
  Host(const NodeConfig& config, const GatewayHomes* homes, const NodeHostOptions& options)
      : config_(config),
        homes_(homes),
        options_(options),
        clock_(config.started_at, config.speed),
        signer_(config.signing_secret),
        pool_(std::max(1u, std::thread::hardware_concurrency())),
        verifier_(ed25519_, 1 << 16, pool_.workers()) {}

  Result<NodeReport> run() {
    if (auto ok = set_up(); !ok) return failure(ok.error());
    const auto begin = Clock::now();
    next_line_ = begin + between_lines;
    while (failure_.empty() && !*options_.stop &&
           (options_.duration.count() == 0 || Clock::now() - begin < options_.duration))
      turn();
    if (!failure_.empty()) return failure(failure_);
    if (validator_) take_roots();
    report_.links = links_->counts();
    return report_;
  }

 private:
  Result<void> set_up();
  Result<void> open_store();
  Result<void> begin_life();
  Result<void> open_log();
  Result<void> make_gateway();
  Result<void> open_door();
  void turn();
  void tell();
  void step(Node& node, NodeId self, Instant now, const Inputs& inputs);
  void carry_out(NodeId self, const twin::Effect& effect);
  void answer(const Send& send);
  void take(const Persist& persist);
  void take(const Event& event);
  void keep_opening(BytesView record);
  void destroy(BytesView accounts);
  std::string opening_file(const AccountId& account) const;
  void publish(BytesView record);
  void add_to_log(BytesView block_record);
  void move_homes(Instant now);
  void take_roots();
  Instant next_deadline() const;

  const NodeConfig& config_;
  const GatewayHomes* homes_;
  const NodeHostOptions& options_;
  ChainClock clock_;
  Ed25519Signer signer_;
  Ed25519Verifier ed25519_;
  ThreadPool pool_;  // checks the signatures of what came together
  CachedVerifier verifier_;
  std::unique_ptr<NodeStore> store_;
  std::unique_ptr<NodeLinks> links_;
  std::unique_ptr<VisitorLinks> visitors_;  // of a node that has a door for them
  std::optional<WireLog> wire_log_;
  std::unique_ptr<Node> node_, fleet_;  // fleet_: of a gateway
  const ValidatorNode* validator_ = nullptr;
  std::optional<LogDirectory> log_;  // of the observer
  std::uint64_t published_ = 0;
  bool started_ = false;
  Clock::time_point next_line_;
  NodeReport report_;
  std::string failure_;
};

Result<void> Host::set_up() {
  if (auto ok = open_store(); !ok) return ok;
  const Directory& d = config_.chain.directory;
  if (config_.id > d.observer()) {
    if (auto ok = make_gateway(); !ok) return ok;
  } else {
    auto node = seat_validator(config_.chain, signer_, verifier_, *store_);
    validator_ = node.get();
    node_ = std::move(node);
    if (config_.id == d.observer())
      if (auto ok = open_log(); !ok) return ok;
  }
  LinkOptions to_others = config_.links;
  to_others.say = options_.say;
  auto links = NodeLinks::open(std::move(to_others));
  if (!links) return failure(links.error());
  links_ = std::move(*links);
  return open_door();
}

Result<void> Host::open_door() {
  for (const Door& door : config_.doors) {
    if (door.node != config_.id) continue;
    VisitorOptions to_visitors;
    to_visitors.address = door.address;
    to_visitors.tls_secret = config_.links.tls_secret;
    to_visitors.say = options_.say;
    auto links = VisitorLinks::open(std::move(to_visitors));
    if (!links) return failure(links.error());
    visitors_ = std::move(*links);
  }
  return {};
}

Result<void> Host::open_store() {
  std::error_code error;
  std::filesystem::create_directories(config_.store, error);
  if (error) return failure(config_.store + ": " + error.message());
  auto store = NodeStore::open(config_.store + "/records.db");
  if (!store) return failure(store.error());
  store_ = std::move(*store);
  if (auto ok = begin_life(); !ok) return ok;
  if (!config_.wire_log) return {};
  auto log = WireLog::open(config_.store + "/wire.log");
  if (!log) return failure(log.error());
  wire_log_ = std::move(*log);
  return {};
}

Result<void> Host::begin_life() {
  if (!options_.first_start || !config_.chain.self) return {};
  if (store_->newest(RecordKind::last_signed) || store_->block(1))
    return failure(config_.store + "/records.db: holds records: this is no first start");
  const SignGuard nothing_signed(chain_id_of(config_.chain.genesis), *config_.chain.self);
  return store_->keep({RecordKind::last_signed, nothing_signed.record(), true});
}

// The blocks that the node has executed again at its start.
Result<void> Host::open_log() {
  auto log = LogDirectory::open(config_.store + "/log", config_.chain.genesis);
  if (!log) return failure(log.error());
  log_ = std::move(*log);
  for (std::uint64_t h = 1; h <= validator_->chain().height(); ++h) {
    const auto record = store_->block(h);
    if (!record)
      return failure(config_.store + "/records.db: block " + std::to_string(h) + " cannot be read");
    add_to_log(*record);
  }
  return {};
}

Result<void> Host::make_gateway() {
  invariant(homes_ != nullptr, "a gateway was given its homes");
  if (encode(homes_->deployment.genesis()) != encode(config_.chain.genesis))
    return failure(config_.scenario + ": is not the scenario that genesis was made of");
  const std::uint32_t g = config_.id.value - config_.chain.directory.gateway(0).value;
  node_ = seat_gateway(homes_->deployment.gateway(g), signer_, verifier_, *store_);
  fleet_ = seat_fleet(homes_->deployment.fleet(g));
  // The homes have lived until now; nobody heard what their meters said.
  Outbox unheard;
  const auto interval = homes_->scenario.time.metering_interval;
  while (homes_->world.now() + interval <= clock_.now()) {
    homes_->world.step();
    fleet_->step(homes_->world.now(), Inputs{{}, homes_->world.samples()}, unheard);
    unheard.clear();
  }
  return {};
}

Instant Host::next_deadline() const {
  Instant out = node_->next_deadline();
  if (fleet_) {
    out = std::min(out, fleet_->next_deadline());
    out = std::min(out, homes_->world.now() + homes_->scenario.time.physics_step);
  }
  return out;
}

void Host::turn() {
  Instant now = clock_.now();
  // Before a quorum hears it, what a gateway says first would be lost; nobody begins before time 0.
  if (!started_)
    started_ = now >= Instant{} &&
               (validator_ || links_->connected() >= quorum_of(config_.chain.directory.validators));
  const Instant due = started_ ? next_deadline() : now + milliseconds(20);
  const auto wait =
      std::clamp<std::chrono::nanoseconds>(due == never ? longest_wait : clock_.real(due - now),
                                           std::chrono::nanoseconds(0), longest_wait);
  std::vector<PeerMessage> received;
  const auto receive = [&](NodeId from, Bytes bytes) {
    if (started_) received.push_back({from, std::move(bytes)});
  };
  links_->work(Clock::now() + wait, receive);
  if (visitors_ && started_) visitors_->work(receive);
  now = clock_.now();
  if (wire_log_)
    for (const PeerMessage& m : received)
      if (!Directory::is_visitor(m.from))  // anybody may be one
        if (auto ok = wire_log_->add(now, m.from, m.bytes); !ok) failure_ = ok.error();
  if (!received.empty() && failure_.empty()) step(*node_, config_.id, now, Inputs{received, {}});
  if (started_ && fleet_) move_homes(now);
  if (started_ && node_->next_deadline() <= now) step(*node_, config_.id, now, Inputs{});
  if (Clock::now() >= next_line_) tell();
}

// The world as far as the clock is; the fleet speaks before its gateway is asked for its batch.
void Host::move_homes(Instant now) {
  const NodeId self =
      config_.chain.directory.fleet(config_.id.value - config_.chain.directory.gateway(0).value);
  const Instant end = Instant{} + homes_->scenario.time.duration;
  while (homes_->world.now() + homes_->scenario.time.physics_step <= std::min(now, end)) {
    homes_->world.step();
    if (homes_->world.samples().empty()) continue;
    step(*fleet_, self, homes_->world.now(), Inputs{{}, homes_->world.samples()});
  }
  while (fleet_->next_deadline() <= std::min(now, end)) step(*fleet_, self, now, Inputs{});
}

void Host::step(Node& node, NodeId self, Instant now, const Inputs& inputs) {
  Outbox outbox;
  node.step(now, inputs, outbox);
  for (const twin::Effect& effect : outbox.effects()) carry_out(self, effect);
}

void Host::carry_out(NodeId self, const twin::Effect& effect) {
  // What a signing record could not be written for must not leave.
  if (!failure_.empty()) return;
  if (const auto* persist = std::get_if<Persist>(&effect)) take(*persist);
  if (const auto* event = std::get_if<Event>(&effect)) take(*event);
  const auto* send = std::get_if<Send>(&effect);
  if (!send) return;
  if (Directory::is_visitor(send->to)) return answer(*send);
  // A fleet and its gateway are one process.
  const bool to_homes = fleet_ && send->to >= config_.chain.directory.fleet(0);
  if (self == config_.id && !to_homes) return links_->send(send->to, send->bytes);
  const PeerMessage message{self, send->bytes};
  step(to_homes ? *fleet_ : *node_, send->to, clock_.now(), Inputs{std::span(&message, 1), {}});
}

void Host::answer(const Send& send) {
  const auto said = decode_visit_answer(send.bytes.view().subspan(1));
  invariant(said.has_value(), "a visitor is sent answers alone");
  if (visitors_) visitors_->send(send.to, send.bytes, said->ends());
}

void Host::take(const Persist& persist) {
  if (auto ok = store_->keep(persist); !ok) {
    failure_ = ok.error();
    return;
  }
  if (persist.kind == RecordKind::personal_opening) keep_opening(persist.record);
  if (persist.kind == RecordKind::erased) destroy(persist.record);
  if (log_ && persist.kind == RecordKind::block) add_to_log(persist.record);
  if (log_ && persist.kind == RecordKind::checkpoint) publish(persist.record);
}

// Account, gateway and epoch, then what goes to the account's file.
void Host::keep_opening(BytesView record) {
  ByteReader r(record);
  const AccountId account{r.array<16>()};
  r.u32();
  r.u32();
  if (auto ok = put_file(opening_file(account), r.raw(r.left()), true); !ok) failure_ = ok.error();
}

std::string Host::opening_file(const AccountId& account) const {
  return config_.store + "/openings/personal/" + to_hex(account.bytes);
}

// Zeros over each file before it goes; then no page of the records holds what was replaced.
void Host::destroy(BytesView accounts) {
  for (const AccountId& account : accounts_of_record(accounts)) {
    const std::string path = opening_file(account);
    std::error_code error;
    if (auto ok = overwrite(path); !ok) failure_ = ok.error();
    if (failure_.empty()) std::filesystem::remove(path, error);
    if (error) failure_ = path + ": " + error.message();
  }
  if (!failure_.empty()) return;
  if (auto ok = store_->purge(); !ok) failure_ = ok.error();
}

void Host::add_to_log(BytesView block_record) {
  const auto record = decode_block_record(block_record);
  const auto block = record ? decode_block(record->block) : failure("is none");
  invariant(block.has_value(), "a decided block decodes");
  log_->add_block(*block, record->certificate);
}

void Host::publish(BytesView bytes) {
  ByteReader r(bytes);
  const std::uint64_t height = r.u64(), size = r.u64();
  const std::string note = text_of(r.sized());
  if (height <= published_) return;
  if (auto ok = log_->publish(note, size, height); !ok) failure_ = ok.error();
  published_ = height;
}

void Host::take(const Event& event) {
  if (const auto* b = std::get_if<BlockDecided>(&event)) {
    report_.finality_ms.push_back(b->finality.seconds() * 1000);
    report_.rounds_max = std::max(report_.rounds_max, b->round + 1);
    report_.transactions += b->transactions;
    report_.content_root = b->content_root;
  }
  if (std::holds_alternative<EvidenceSeen>(event)) ++report_.evidence;
  if (const auto* refused = std::get_if<Refused>(&event)) {
    if (report_.refused++ < 100)
      options_.say("refused from " + name_of(refused->from, config_.chain.directory) + ": " +
                   refused->why);
  }
}

void Host::take_roots() {
  const Chain& chain = validator_->chain();
  report_.height = chain.height();
  report_.log_size = chain.log().size();
  report_.log_root = chain.log().root();
  report_.state_root = chain.state_root();
  report_.content_root = chain.state().content_root();
}

void Host::tell() {
  next_line_ = Clock::now() + between_lines;
  std::string line = std::to_string(links_->connected()) + " of " +
                     std::to_string(config_.links.nodes.size() - 1) + " links";
  if (validator_) line += ", height " + std::to_string(validator_->chain().height());
  options_.say(line);
}

}  // namespace

Result<NodeReport> run_node(const NodeConfig& config, const GatewayHomes* homes,
                            const NodeHostOptions& options) {
  return Host(config, homes, options).run();
}

}  // namespace hil
