#include "hil/network/visitor_links.hpp"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <deque>
#include <map>

#include "hil/network/message_frame.hpp"
#include "hil/network/tls_identity.hpp"
#include "twin/node/base/directory.hpp"

namespace hil {

using namespace ledger;
namespace asio = boost::asio;

namespace {

using VisitClock = std::chrono::steady_clock;

constexpr auto between_visitors = std::chrono::milliseconds(50);  // 20 a second
constexpr auto longest_door_poll = std::chrono::milliseconds(2);
constexpr auto between_door_lines = std::chrono::seconds(1);
constexpr std::size_t max_inside = 16;
constexpr int max_outside = 16;                       // with the operating system
constexpr std::size_t visit_step_bytes = 4u << 10;    // memory grows with what has come
constexpr std::size_t max_answer_queue = 512u << 10;  // bytes to one visitor

}  // namespace

struct VisitorLinks::State {
  struct Visitor {
    Visitor(asio::io_context& io, asio::ssl::context& tls) : stream(io, tls), limit(io) {}
    asio::ssl::stream<asio::ip::tcp::socket> stream;
    asio::steady_timer limit;
    std::uint32_t id = 0;
    FrameHead head{};
    Bytes body, queue, writing;
    bool said = false, answered = false, last = false;
  };
  using Shared = std::shared_ptr<Visitor>;

  explicit State(VisitorOptions o) : options(std::move(o)), acceptor(io), pause(io) {}

  Result<void> open();
  void accept();
  void accept_later();
  void welcome(const Shared& v);
  bool make_room();
  void read(const Shared& v);
  void read_body(const Shared& v, std::size_t size);
  void said(const Shared& v);
  void hear_the_end(const Shared& v);
  void write(const Shared& v);
  void limit(const Shared& v, std::chrono::milliseconds time, const char* what);
  void end(const Shared& v, const std::string& why);

  VisitorOptions options;
  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls};
  asio::ip::tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::map<std::uint32_t, Shared> inside;  // the oldest first
  std::deque<std::pair<std::uint32_t, Bytes>> inbox;
  std::uint32_t last_id = twin::Directory::first_visitor;
  VisitorCounts counts;
  VisitClock::time_point next_line{};
};

Result<void> VisitorLinks::State::open() {
  if (auto ok = set_up_tls_for_anybody(tls.native_handle(), options.tls_secret); !ok) return ok;
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(options.address.host, std::to_string(options.address.port), error);
  if (error || found.empty()) return failure(to_text(options.address) + ": " + error.message());
  const asio::ip::tcp::endpoint at = *found.begin();
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(max_outside, error);
  if (error)
    return failure(to_text(options.address) + ": cannot listen for visitors: " + error.message());
  accept();
  return {};
}

void VisitorLinks::State::accept() {
  const auto v = std::make_shared<Visitor>(io, tls);
  acceptor.async_accept(v->stream.next_layer(), [this, v](boost::system::error_code error) {
    if (error == asio::error::operation_aborted) return;
    if (!error) welcome(v);
    accept_later();
  });
}

void VisitorLinks::State::accept_later() {
  pause.expires_after(between_visitors);
  pause.async_wait([this](boost::system::error_code aborted) {
    if (!aborted) accept();
  });
}

void VisitorLinks::State::welcome(const Shared& v) {
  if (!make_room()) {
    ++counts.sent_away;
    return;  // with it goes its socket
  }
  last_id = last_id == twin::Directory::last_visitor ? twin::Directory::first_visitor : last_id + 1;
  v->id = last_id;
  ++counts.let_in;
  inside.emplace(v->id, v);
  limit(v, options.patience, "said nothing in time");
  v->stream.async_handshake(asio::ssl::stream_base::server,
                            [this, v](boost::system::error_code error) {
                              if (error) return end(v, "no handshake: " + error.message());
                              read(v);
                            });
}

// The oldest who has said nothing goes, else the oldest who has been answered and waits for more.
bool VisitorLinks::State::make_room() {
  if (inside.size() < max_inside) return true;
  const auto oldest = [&](auto&& may_go) {
    return std::find_if(inside.begin(), inside.end(),
                        [&](const auto& one) { return may_go(*one.second); });
  };
  auto at = oldest([](const Visitor& v) { return !v.said; });
  if (at == inside.end()) at = oldest([](const Visitor& v) { return v.answered; });
  if (at == inside.end()) return false;
  end(Shared(at->second), "another one came");
  return true;
}

void VisitorLinks::State::limit(const Shared& v, std::chrono::milliseconds time, const char* what) {
  v->limit.expires_after(time);
  v->limit.async_wait([this, v, what](boost::system::error_code aborted) {
    if (!aborted) end(v, what);
  });
}

void VisitorLinks::State::end(const Shared& v, const std::string& why) {
  if (inside.erase(v->id) == 0) return;
  v->limit.cancel();
  boost::system::error_code ignored;
  v->stream.next_layer().close(ignored);
  if (why.empty()) return;
  ++counts.sent_away;
  const auto now = VisitClock::now();
  if (now < next_line || !options.say) return;
  next_line = now + between_door_lines;
  options.say("a visitor was sent away: " + why);
}

void VisitorLinks::State::read(const Shared& v) {
  asio::async_read(v->stream, asio::buffer(v->head),
                   [this, v](boost::system::error_code error, std::size_t) {
                     if (error) return end(v, error.message());
                     const std::size_t size = message_size(v->head);
                     if (size > 0 && size <= max_visit_bytes) return read_body(v, size);
                     end(v, "a message of " + std::to_string(size) + " bytes; 1 to " +
                                std::to_string(max_visit_bytes) + " are allowed");
                   });
}

void VisitorLinks::State::read_body(const Shared& v, std::size_t size) {
  const std::size_t have = v->body.size();
  v->body.resize(std::min(size, have + visit_step_bytes));
  asio::async_read(v->stream, asio::buffer(v->body.data() + have, v->body.size() - have),
                   [this, v, size](boost::system::error_code error, std::size_t) {
                     if (error) return end(v, error.message());
                     if (v->body.size() < size) return read_body(v, size);
                     said(v);
                   });
}

void VisitorLinks::State::said(const Shared& v) {
  v->said = true;
  limit(v, options.patience, "got no answer in time");
  inbox.emplace_back(v->id, std::exchange(v->body, {}));
  hear_the_end(v);
}

// Behind its message a visitor is not heard any more, but that it leaves.
void VisitorLinks::State::hear_the_end(const Shared& v) {
  v->stream.async_read_some(asio::buffer(v->head, 1),
                            [this, v](boost::system::error_code error, std::size_t) {
                              if (error && error != asio::error::operation_aborted) end(v, "");
                            });
}

void VisitorLinks::State::write(const Shared& v) {
  if (!v->writing.empty()) return;
  if (v->queue.empty()) {
    if (v->last) end(v, "");
    return;
  }
  v->writing = std::exchange(v->queue, {});
  asio::async_write(v->stream, asio::buffer(v->writing),
                    [this, v](boost::system::error_code error, std::size_t) {
                      v->writing.clear();
                      if (error) return end(v, error.message());
                      write(v);
                    });
}

VisitorLinks::VisitorLinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
VisitorLinks::~VisitorLinks() = default;

Result<std::unique_ptr<VisitorLinks>> VisitorLinks::open(VisitorOptions options) {
  auto state = std::make_unique<State>(std::move(options));
  if (auto ok = state->open(); !ok) return failure(ok.error());
  return std::unique_ptr<VisitorLinks>(new VisitorLinks(std::move(state)));
}

void VisitorLinks::send(NodeId visitor, BytesView bytes, bool last) {
  const auto at = state_->inside.find(visitor.value);
  if (at == state_->inside.end()) return;
  const State::Shared v = at->second;
  if (v->last || bytes.empty() || v->queue.size() + bytes.size() > max_answer_queue) return;
  if (!v->answered) state_->limit(v, state_->options.stay, "stayed too long");
  if (last) state_->limit(v, state_->options.patience, "does not take its answer");
  v->answered = true;
  v->last = last;
  append(v->queue, framed(bytes));
  state_->write(v);
}

void VisitorLinks::work(const Receive& receive) {
  State& s = *state_;
  const auto end = VisitClock::now() + longest_door_poll;
  while (s.io.poll_one() > 0 && VisitClock::now() < end) {
  }
  if (s.inbox.empty()) return;
  auto [id, bytes] = std::move(s.inbox.front());
  s.inbox.pop_front();
  ++s.counts.handed_over;
  receive({id}, std::move(bytes));
}

std::size_t VisitorLinks::inside() const { return state_->inside.size(); }

const VisitorCounts& VisitorLinks::counts() const { return state_->counts; }

}  // namespace hil
