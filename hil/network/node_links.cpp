#include "hil/network/node_links.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <deque>
#include <map>
#include <vector>

#include "hil/network/tls_identity.hpp"

namespace hil {

using namespace ledger;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto shortest_pause = std::chrono::milliseconds(50);  // before dialling again
constexpr auto longest_pause = std::chrono::seconds(2);
constexpr auto longest_poll = std::chrono::milliseconds(5);  // before messages are handed over
constexpr auto between_link_lines = std::chrono::seconds(1);
constexpr std::size_t max_strangers = 64;           // callers before their handshake is done
constexpr std::size_t max_queue_bytes = 16u << 20;  // to one peer
constexpr std::size_t max_queued_bytes = 48u << 20;
constexpr std::size_t own_queue_bytes = 2u << 20;  // to one peer, whatever waits for the others
constexpr std::size_t max_inbox_bytes = 2u << 20;  // of one peer
constexpr std::size_t write_bytes = 256u << 10;    // joined into one write

// The other end counts as gone where it has not taken what was sent for twice the patience.
void tune(tcp::socket& socket, std::chrono::milliseconds patience) {
  using Untaken = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  error_code ignored;  // without these it is slower, not wrong
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(Untaken(static_cast<int>(2 * patience.count())), ignored);
}

std::string why(error_code error) {
  const bool hung_up = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  return hung_up ? "the other end closed it" : error.message();
}

std::string caller(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint at = socket.remote_endpoint(error);
  return error ? "a caller" : at.address().to_string() + ":" + std::to_string(at.port());
}

}  // namespace

struct NodeLinks::State {
  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(asio::io_context& io, asio::ssl::context& tls) : stream(io, tls), limit(io) {}
    tcp::socket& socket() { return stream.next_layer(); }
    asio::ssl::stream<tcp::socket> stream;
    asio::steady_timer limit;  // of the call and its handshake
    std::uint32_t peer = 0;    // once it is known
    FrameHead head{};
    Bytes body, writing;
    bool reading = false;
    bool open = true;
  };
  using Shared = std::shared_ptr<Connection>;

  struct Arrived {
    Clock::time_point ready;
    Bytes bytes;
  };
  struct Peer {
    LinkPeer at;
    Shared connection;
    std::deque<Bytes> queue;      // frames
    std::size_t queue_bytes = 0;  // with those that are being written
    std::deque<Arrived> inbox;
    std::size_t inbox_bytes = 0;
    std::unique_ptr<asio::steady_timer> pause;
    std::unique_ptr<tcp::resolver> resolver;
    std::chrono::milliseconds next_pause = shortest_pause;
  };

  explicit State(LinkOptions o) : options(std::move(o)), acceptor(io), accept_pause(io) {}

  Result<void> open();
  void accept();
  void welcome(const Shared& c);
  void dial(Peer& peer);
  void dial_later(Peer& peer);
  void shake(const Shared& c, asio::ssl::stream_base::handshake_type side, Peer* expected);
  void joined(const Shared& c, Peer& peer);
  void read(const Shared& c);
  void read_body(const Shared& c, std::size_t size);
  void arrived(const Shared& c);
  void write(const Shared& c);
  void written(Peer& peer, std::size_t size);
  void close(const Shared& c, const std::string& reason);
  void limit(const Shared& c);
  void refuse(const std::string& who, const std::string& reason);
  void tell(const std::string& line);
  void poll();
  Clock::time_point first_ready() const;
  void hand_over(const Receive& receive);
  Peer* peer_of(const PublicKey& key);
  bool has_room(const Peer& peer, std::size_t size) const;
  bool dials(const Peer& peer) const { return peer.at.id < options.self; }

  LinkOptions options;
  std::set<PublicKey> trusted;
  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls};
  tcp::acceptor acceptor;
  asio::steady_timer accept_pause;
  std::map<std::uint32_t, Peer> peers;
  std::deque<Shared> strangers;  // callers, the oldest first
  std::size_t queued_bytes = 0;
  LinkCounts counts;
  Clock::time_point next_line{};
  std::uint64_t untold = 0;
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

// Without a free descriptor every try fails at once, and there are better things to do.
void NodeLinks::State::accept() {
  const auto c = std::make_shared<Connection>(io, tls);
  acceptor.async_accept(c->socket(), [this, c](error_code error) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      welcome(c);
      return accept();
    }
    tell("cannot accept: " + error.message());
    accept_pause.expires_after(shortest_pause);
    accept_pause.async_wait([this](error_code aborted) {
      if (!aborted) accept();
    });
  });
}

void NodeLinks::State::welcome(const Shared& c) {
  if (strangers.size() >= max_strangers) {
    const Shared oldest = strangers.front();
    strangers.pop_front();
    error_code ignored;
    oldest->socket().close(ignored);
  }
  strangers.push_back(c);
  limit(c);
  shake(c, asio::ssl::stream_base::server, nullptr);
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
        limit(c);
        asio::async_connect(c->socket(), found,
                            [this, c, &peer](error_code failed, const tcp::endpoint&) {
                              if (!failed) return shake(c, asio::ssl::stream_base::client, &peer);
                              c->limit.cancel();
                              dial_later(peer);
                            });
      });
}

void NodeLinks::State::limit(const Shared& c) {
  c->limit.expires_after(options.patience);
  c->limit.async_wait([c](error_code error) {
    error_code ignored;
    if (!error) c->socket().close(ignored);
  });
}

void NodeLinks::State::shake(const Shared& c, asio::ssl::stream_base::handshake_type side,
                             Peer* expected) {
  tune(c->socket(), options.patience);
  const std::string who = expected ? expected->at.name : caller(c->socket());
  c->stream.async_handshake(side, [this, c, expected, who](error_code error) {
    std::erase(strangers, c);
    c->limit.cancel();
    const auto key = error ? std::nullopt : peer_key(c->stream.native_handle());
    Peer* peer = key ? peer_of(*key) : nullptr;
    if (peer && (expected ? peer == expected : !dials(*peer))) return joined(c, *peer);
    refuse(who, peer    ? "shows the key of " + peer->at.name
                : error ? "no handshake: " + why(error)
                        : "shows a key that is no node's");
    error_code ignored;
    c->socket().close(ignored);
    if (expected) dial_later(*expected);
  });
}

void NodeLinks::State::refuse(const std::string& who, const std::string& reason) {
  ++counts.refused;
  tell(who + ": refused: " + reason);
}

void NodeLinks::State::tell(const std::string& line) {
  const auto now = Clock::now();
  if (now < next_line) {
    ++untold;
    return;
  }
  next_line = now + between_link_lines;
  const std::string more = untold ? " (and " + std::to_string(untold) + " lines more)" : "";
  untold = 0;
  if (options.say) options.say(line + more);
}

NodeLinks::State::Peer* NodeLinks::State::peer_of(const PublicKey& key) {
  for (auto& [id, peer] : peers)
    if (peer.at.tls_key == key) return &peer;
  return nullptr;
}

// A peer that comes again has lost its connection before we noticed.
void NodeLinks::State::joined(const Shared& c, Peer& peer) {
  if (peer.connection) close(peer.connection, "it came again");
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
    if (error) return close(c, why(error));
    const std::size_t size = message_size(c->head);
    const LinkPeer& from = peers.at(c->peer).at;
    if (size > 0 && size <= from.max_message) return read_body(c, size);
    refuse(from.name, "a message of " + std::to_string(size) + " bytes; 1 to " +
                          std::to_string(from.max_message) + " are allowed");
    close(c, "");
  });
}

// Grows with what has come, so that a length alone costs nothing.
void NodeLinks::State::read_body(const Shared& c, std::size_t size) {
  const std::size_t have = c->body.size();
  const std::size_t next = std::min(size, have + std::max(have, write_bytes));
  c->body.reserve(next);  // exactly: it waits in the inbox as it is
  c->body.resize(next);
  asio::async_read(c->stream, asio::buffer(c->body.data() + have, c->body.size() - have),
                   [this, c, size](error_code error, std::size_t) {
                     if (error) return close(c, why(error));
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
  peer.inbox.push_back({Clock::now() + options.delay, std::exchange(c->body, {})});
  read(c);
}

void NodeLinks::State::write(const Shared& c) {
  Peer& peer = peers.at(c->peer);
  if (!c->open || !c->writing.empty() || peer.queue.empty()) return;
  while (!peer.queue.empty() && c->writing.size() < write_bytes) {
    append(c->writing, peer.queue.front());
    peer.queue.pop_front();
  }
  asio::async_write(c->stream, asio::buffer(c->writing), [this, c](error_code error, std::size_t) {
    if (error) return close(c, why(error));
    Peer& to = peers.at(c->peer);
    if (to.connection == c) written(to, c->writing.size());
    c->writing = Bytes();
    write(c);
  });
}

// For who takes what it is sent there is always room for one message, or for its own share.
bool NodeLinks::State::has_room(const Peer& peer, std::size_t size) const {
  if (size > max_message_bytes + 4 || peer.queue_bytes + size > max_queue_bytes) return false;
  return peer.queue_bytes == 0 || peer.queue_bytes + size <= own_queue_bytes ||
         queued_bytes + size <= max_queued_bytes;
}

void NodeLinks::State::written(Peer& peer, std::size_t size) {
  peer.queue_bytes -= size;
  queued_bytes -= size;
}

void NodeLinks::State::close(const Shared& c, const std::string& reason) {
  if (!std::exchange(c->open, false)) return;
  error_code ignored;
  c->socket().close(ignored);
  Peer& peer = peers.at(c->peer);
  if (peer.connection != c) return;
  if (!reason.empty()) tell("link with " + peer.at.name + " ended: " + reason);
  peer.connection.reset();
  peer.queue.clear();
  written(peer, peer.queue_bytes);
  if (dials(peer)) dial_later(peer);
}

// Callers and peers may bring more than there is time for.
void NodeLinks::State::poll() {
  const auto end = Clock::now() + longest_poll;
  while (io.poll_one() > 0 && Clock::now() < end) {
  }
}

Clock::time_point NodeLinks::State::first_ready() const {
  auto first = Clock::time_point::max();
  for (const auto& [id, peer] : peers)
    if (!peer.inbox.empty()) first = std::min(first, peer.inbox.front().ready);
  return first;
}

void NodeLinks::State::hand_over(const Receive& receive) {
  const auto now = Clock::now();
  for (auto& [id, peer] : peers) {
    if (peer.inbox.empty() || peer.inbox.front().ready > now) continue;
    Bytes bytes = std::move(peer.inbox.front().bytes);
    peer.inbox.pop_front();
    peer.inbox_bytes -= bytes.size();
    if (peer.connection) read(peer.connection);
    receive({id}, std::move(bytes));
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
  State& s = *state_;
  const auto at = s.peers.find(to.value);
  if (at == s.peers.end() || !at->second.connection || bytes.empty() ||
      !s.has_room(at->second, bytes.size() + 4)) {
    ++s.counts.lost;
    return;
  }
  State::Peer& peer = at->second;
  ++s.counts.sent;
  s.counts.bytes_sent += bytes.size();
  peer.queue.push_back(framed(bytes));
  peer.queue_bytes += bytes.size() + 4;
  s.queued_bytes += bytes.size() + 4;
  s.write(peer.connection);
}

void NodeLinks::work(Clock::time_point until, const Receive& receive) {
  State& s = *state_;
  s.poll();
  for (auto ready = s.first_ready(); ready > Clock::now(); ready = s.first_ready()) {
    const auto end = std::min(until, ready);
    if (end <= Clock::now()) break;
    s.io.run_one_until(end);
    s.poll();
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
