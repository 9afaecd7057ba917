#include "hil/node_links.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <deque>
#include <map>

#include "hil/tls_identity.hpp"
#include "ledger/base/codec.hpp"

namespace hil {

using namespace ledger;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto handshake_patience = std::chrono::seconds(5);
constexpr auto shortest_pause = std::chrono::milliseconds(50);  // before dialling again
constexpr auto longest_pause = std::chrono::seconds(2);
constexpr std::size_t max_unknown = 64;  // connections before their handshake is done
constexpr std::size_t max_queue_bytes = 32u << 20;
constexpr std::size_t max_inbox_bytes = 16u << 20;  // of one peer
constexpr std::size_t write_bytes = 256u << 10;     // joined into one write
constexpr int unanswered_ms = 10'000;               // then the other end counts as gone

Bytes framed(BytesView bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  Bytes out{static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
            static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

void tune(tcp::socket& socket) {
  error_code ignored;  // without these it is slower, not wrong
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(
      asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>(unanswered_ms), ignored);
}

}  // namespace

struct NodeLinks::State {
  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(asio::io_context& io, asio::ssl::context& tls) : stream(io, tls), limit(io) {}
    asio::ssl::stream<tcp::socket> stream;
    asio::steady_timer limit;  // of the handshake
    std::uint32_t peer = 0;    // once it is known
    std::array<std::uint8_t, 4> head{};
    Bytes body, writing;
    bool reading = false;
    bool open = true;
  };
  using Shared = std::shared_ptr<Connection>;

  struct Peer {
    LinkPeer at;
    Shared connection;
    std::deque<Bytes> queue;  // frames
    std::size_t queue_bytes = 0;
    std::size_t inbox_bytes = 0;
    std::unique_ptr<asio::steady_timer> pause;
    std::unique_ptr<tcp::resolver> resolver;
    std::chrono::milliseconds next_pause = shortest_pause;
  };
  struct Arrived {
    Clock::time_point ready;
    std::uint32_t from;
    Bytes bytes;
  };

  explicit State(LinkOptions o) : options(std::move(o)), acceptor(io) {}

  Result<void> open();
  void accept();
  void dial(Peer& peer);
  void dial_later(Peer& peer);
  void shake(const Shared& c, asio::ssl::stream_base::handshake_type side, Peer* expected);
  void joined(const Shared& c, Peer& peer);
  void read(const Shared& c);
  void read_body(const Shared& c, std::size_t size);
  void arrived(const Shared& c);
  void write(const Shared& c);
  void close(const Shared& c);
  void hand_over(const Receive& receive);
  Peer* peer_of(const PublicKey& key);
  bool dials(const Peer& peer) const { return peer.at.id < options.self; }

  LinkOptions options;
  std::set<PublicKey> trusted;
  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls};
  tcp::acceptor acceptor;
  std::map<std::uint32_t, Peer> peers;
  std::size_t unknown = 0;
  std::deque<Arrived> inbox;
  LinkCounts counts;
};

Result<void> NodeLinks::State::open() {
  Address own;
  for (const LinkPeer& node : options.nodes) {
    if (node.id == options.self) {
      own = node.address;
      continue;
    }
    trusted.insert(node.tls_key);
    peers[node.id.value].at = node;
  }
  if (auto ok = set_up_tls(tls.native_handle(), options.tls_secret, trusted); !ok) return ok;
  error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(own.host, std::to_string(own.port), error);
  if (error || found.empty()) return failure(to_text(own) + ": " + error.message());
  const tcp::endpoint at = *found.begin();
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failure(to_text(own) + ": cannot listen: " + error.message());
  accept();
  for (auto& [id, peer] : peers) {
    peer.pause = std::make_unique<asio::steady_timer>(io);
    peer.resolver = std::make_unique<tcp::resolver>(io);
    if (dials(peer)) dial(peer);
  }
  return {};
}

void NodeLinks::State::accept() {
  const auto c = std::make_shared<Connection>(io, tls);
  acceptor.async_accept(c->stream.lowest_layer(), [this, c](error_code error) {
    if (error == asio::error::operation_aborted) return;
    if (!error && unknown < max_unknown) shake(c, asio::ssl::stream_base::server, nullptr);
    accept();
  });
}

void NodeLinks::State::dial_later(Peer& peer) {
  peer.pause->expires_after(peer.next_pause);
  peer.next_pause = std::min<std::chrono::milliseconds>(peer.next_pause * 2, longest_pause);
  peer.pause->async_wait([this, &peer](error_code error) {
    if (!error && !peer.connection) dial(peer);
  });
}

void NodeLinks::State::dial(Peer& peer) {
  const Address& at = peer.at.address;
  peer.resolver->async_resolve(
      at.host, std::to_string(at.port),
      [this, &peer](error_code error, const tcp::resolver::results_type& found) {
        if (error == asio::error::operation_aborted) return;
        if (error) return dial_later(peer);
        const auto c = std::make_shared<Connection>(io, tls);
        asio::async_connect(c->stream.lowest_layer(), found,
                            [this, c, &peer](error_code failed, const tcp::endpoint&) {
                              if (failed == asio::error::operation_aborted) return;
                              if (failed) return dial_later(peer);
                              shake(c, asio::ssl::stream_base::client, &peer);
                            });
      });
}

void NodeLinks::State::shake(const Shared& c, asio::ssl::stream_base::handshake_type side,
                             Peer* expected) {
  ++unknown;
  tune(static_cast<tcp::socket&>(c->stream.lowest_layer()));
  c->limit.expires_after(handshake_patience);
  c->limit.async_wait([c](error_code error) {
    error_code ignored;
    if (!error) c->stream.lowest_layer().close(ignored);
  });
  c->stream.async_handshake(side, [this, c, expected](error_code error) {
    --unknown;
    c->limit.cancel();
    const auto key = error ? std::nullopt : peer_key(c->stream.native_handle());
    Peer* peer = key ? peer_of(*key) : nullptr;
    if (peer && (expected ? peer == expected : !dials(*peer))) return joined(c, *peer);
    ++counts.refused;
    error_code ignored;
    c->stream.lowest_layer().close(ignored);
    if (expected) dial_later(*expected);
  });
}

NodeLinks::State::Peer* NodeLinks::State::peer_of(const PublicKey& key) {
  for (auto& [id, peer] : peers)
    if (peer.at.tls_key == key) return &peer;
  return nullptr;
}

// A peer that comes again has lost its connection before we noticed.
void NodeLinks::State::joined(const Shared& c, Peer& peer) {
  if (peer.connection) close(peer.connection);
  c->peer = peer.at.id.value;
  peer.connection = c;
  peer.next_pause = shortest_pause;
  read(c);
  write(c);
}

void NodeLinks::State::read(const Shared& c) {
  if (!c->open || c->reading || peers.at(c->peer).inbox_bytes >= max_inbox_bytes) return;
  c->reading = true;
  asio::async_read(c->stream, asio::buffer(c->head), [this, c](error_code error, std::size_t) {
    if (error) return close(c);
    const std::size_t size = static_cast<std::size_t>(c->head[0]) << 24 |
                             static_cast<std::size_t>(c->head[1]) << 16 |
                             static_cast<std::size_t>(c->head[2]) << 8 | c->head[3];
    if (size == 0 || size > max_message_bytes) {
      ++counts.refused;
      return close(c);
    }
    read_body(c, size);
  });
}

// Grows with what has come, so that a length alone costs nothing.
void NodeLinks::State::read_body(const Shared& c, std::size_t size) {
  const std::size_t have = c->body.size();
  c->body.resize(std::min(size, have + write_bytes));
  asio::async_read(c->stream, asio::buffer(c->body.data() + have, c->body.size() - have),
                   [this, c, size](error_code error, std::size_t) {
                     if (error) return close(c);
                     if (c->body.size() < size) return read_body(c, size);
                     arrived(c);
                   });
}

void NodeLinks::State::arrived(const Shared& c) {
  c->reading = false;
  ++counts.received;
  counts.bytes_received += c->body.size();
  Peer& peer = peers.at(c->peer);
  peer.inbox_bytes += c->body.size();
  inbox.push_back({Clock::now() + options.delay, c->peer, std::exchange(c->body, {})});
  read(c);
}

void NodeLinks::State::write(const Shared& c) {
  Peer& peer = peers.at(c->peer);
  if (!c->open || !c->writing.empty() || peer.queue.empty()) return;
  while (!peer.queue.empty() && c->writing.size() < write_bytes) {
    const Bytes& frame = peer.queue.front();
    c->writing.insert(c->writing.end(), frame.begin(), frame.end());
    peer.queue_bytes -= frame.size();
    peer.queue.pop_front();
  }
  asio::async_write(c->stream, asio::buffer(c->writing), [this, c](error_code error, std::size_t) {
    if (error) return close(c);
    c->writing.clear();
    write(c);
  });
}

void NodeLinks::State::close(const Shared& c) {
  if (!std::exchange(c->open, false)) return;
  error_code ignored;
  c->stream.lowest_layer().close(ignored);
  Peer& peer = peers.at(c->peer);
  if (peer.connection != c) return;
  peer.connection.reset();
  peer.queue.clear();
  peer.queue_bytes = 0;
  if (dials(peer)) dial_later(peer);
}

void NodeLinks::State::hand_over(const Receive& receive) {
  const auto now = Clock::now();
  while (!inbox.empty() && inbox.front().ready <= now) {
    Arrived next = std::move(inbox.front());
    inbox.pop_front();
    Peer& peer = peers.at(next.from);
    peer.inbox_bytes -= next.bytes.size();
    if (peer.connection) read(peer.connection);
    receive({next.from}, std::move(next.bytes));
  }
}

NodeLinks::NodeLinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
NodeLinks::~NodeLinks() = default;

Result<std::unique_ptr<NodeLinks>> NodeLinks::open(LinkOptions options) {
  auto state = std::make_unique<State>(std::move(options));
  if (auto ok = state->open(); !ok) return failure(ok.error());
  return std::unique_ptr<NodeLinks>(new NodeLinks(std::move(state)));
}

void NodeLinks::send(NodeId to, BytesView bytes) {
  const auto at = state_->peers.find(to.value);
  const std::size_t size = bytes.size() + 4;
  if (at == state_->peers.end() || !at->second.connection || bytes.empty() ||
      bytes.size() > max_message_bytes || at->second.queue_bytes + size > max_queue_bytes) {
    ++state_->counts.lost;
    return;
  }
  State::Peer& peer = at->second;
  ++state_->counts.sent;
  state_->counts.bytes_sent += bytes.size();
  peer.queue.push_back(framed(bytes));
  peer.queue_bytes += size;
  state_->write(peer.connection);
}

void NodeLinks::work(Clock::time_point until, const Receive& receive) {
  State& s = *state_;
  s.io.poll();
  while (s.inbox.empty() || s.inbox.front().ready > Clock::now()) {
    const auto end = s.inbox.empty() ? until : std::min(until, s.inbox.front().ready);
    if (end <= Clock::now()) break;
    s.io.run_one_until(end);
    s.io.poll();
  }
  s.hand_over(receive);
}

std::size_t NodeLinks::connected() const {
  std::size_t n = 0;
  for (const auto& [id, peer] : state_->peers) n += peer.connection ? 1 : 0;
  return n;
}

const LinkCounts& NodeLinks::counts() const { return state_->counts; }

}  // namespace hil
