#include "hil/network/visit.hpp"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <map>
#include <set>

#include "hil/network/key_file.hpp"
#include "hil/network/tls_identity.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/tlog/policy.hpp"
#include "twin/node/base/visit_answer.hpp"

namespace hil {

using namespace ledger;
using namespace twin;
namespace asio = boost::asio;

namespace {

constexpr auto before_the_next_call = std::chrono::milliseconds(500);
constexpr int refused_for_good = 3;  // times, by one validator
constexpr auto longest_wait_for_io = std::chrono::milliseconds(50);

// One node's door: called until it has said its last word.
struct Call : std::enable_shared_from_this<Call> {
  using Stream = asio::ssl::stream<asio::ip::tcp::socket>;
  Call(asio::io_context& io, asio::ssl::context& tls, const Door& at)
      : io(io), tls(tls), door(at), resolver(io), pause(io) {}
  void begin();
  void shake();
  void say();
  void listen();
  void listen_to(std::size_t size);
  void again(const std::string& why);

  asio::io_context& io;
  asio::ssl::context& tls;
  Door door;
  asio::ip::tcp::resolver resolver;
  asio::steady_timer pause;
  std::unique_ptr<Stream> stream;
  Bytes message;  // framed
  FrameHead head{};
  Bytes body;
  std::string last_word;  // for who is told that nothing came of it
  // Whether the answer ends the call.
  std::function<bool(Call&, BytesView)> hear;
};

void Call::begin() {
  stream = std::make_unique<Stream>(io, tls);
  const auto self = shared_from_this();
  resolver.async_resolve(
      door.address.host, std::to_string(door.address.port),
      [self](boost::system::error_code error, const asio::ip::tcp::resolver::results_type& found) {
        if (error) return self->again(error.message());
        asio::async_connect(
            self->stream->next_layer(), found,
            [self](boost::system::error_code failed, const asio::ip::tcp::endpoint&) {
              failed ? self->again(failed.message()) : self->shake();
            });
      });
}

// All doors share the keys that are trusted; each has one of them.
void Call::shake() {
  stream->async_handshake(asio::ssl::stream_base::client,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (error) return self->again("no handshake: " + error.message());
                            if (peer_key(self->stream->native_handle()) != self->door.tls_key)
                              return self->again("shows another node's key");
                            self->say();
                          });
}

void Call::say() {
  asio::async_write(*stream, asio::buffer(message),
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      error ? self->again(error.message()) : self->listen();
                    });
}

void Call::listen() {
  asio::async_read(*stream, asio::buffer(head),
                   [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                     const std::size_t size = error ? 0 : message_size(self->head);
                     if (size > 0 && size <= max_visit_answer_bytes) return self->listen_to(size);
                     self->again(error ? error.message() : "an answer of a wrong size");
                   });
}

void Call::listen_to(std::size_t size) {
  body.resize(size);
  asio::async_read(*stream, asio::buffer(body),
                   [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                     if (error) return self->again(error.message());
                     if (!self->hear(*self, self->body)) self->listen();
                   });
}

// The same transaction again is no fault.
void Call::again(const std::string& why) {
  if (last_word.empty() || last_word.starts_with("not reached")) last_word = "not reached: " + why;
  pause.expires_after(before_the_next_call);
  pause.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (!aborted) self->begin();
  });
}

class NetworkVisit {
 public:
  NetworkVisit(const NodeConfig& network, const Transaction& tx, const VisitOptions& options)
      : network_(network),
        options_(options),
        entry_(tx.entry()),
        id_(leaf_of(tx)),
        policy_(policy_of(network.chain.genesis)),
        message_(framed(frame(MessageKind::visit, tx.encode()))) {}
  Result<VisitOutcome> run();

 private:
  bool hear(Call& call, BytesView message);
  bool hear_proof(Call& call, const VisitAnswer& answer);
  void hear_refusal(Call& call, const std::string& why);
  std::string what_each_said() const;

  const NodeConfig& network_;
  const VisitOptions& options_;
  Bytes entry_;
  Hash id_;
  Policy policy_;
  Bytes message_;
  Ed25519Verifier verifier_;
  asio::io_context io_{1};
  asio::ssl::context tls_{asio::ssl::context::tls};
  std::set<PublicKey> trusted_;
  std::vector<std::shared_ptr<Call>> calls_;
  std::map<NodeId, int> refusals_;  // by validator, since it last took it
  std::optional<VisitOutcome> outcome_;
};

Result<VisitOutcome> NetworkVisit::run() {
  for (const Door& door : network_.doors) trusted_.insert(door.tls_key);
  if (trusted_.empty()) return failure("no node of this network takes visitors");
  if (auto ok = set_up_tls(tls_.native_handle(), new_secret(), trusted_); !ok)
    return failure(ok.error());
  for (const Door& door : network_.doors) {
    calls_.push_back(std::make_shared<Call>(io_, tls_, door));
    calls_.back()->message = message_;
    calls_.back()->hear = [this](Call& call, BytesView message) { return hear(call, message); };
    calls_.back()->begin();
  }
  const auto end = std::chrono::steady_clock::now() + options_.patience;
  while (!outcome_ && std::chrono::steady_clock::now() < end) {
    io_.run_for(longest_wait_for_io);
    io_.restart();
  }
  if (!outcome_) return failure("no proof came in time: " + what_each_said());
  return std::move(*outcome_);
}

bool NetworkVisit::hear(Call& call, BytesView message) {
  const auto answer = kind_of(message) == MessageKind::visit_answer
                          ? decode_visit_answer(message.subspan(1))
                          : failure("says what is no answer");
  const std::string before = call.last_word;
  bool ends = true;
  if (!answer) {
    call.last_word = answer.error();
  } else if (answer->status == VisitAnswer::Status::refused) {
    call.last_word = "refused: " + answer->why;
    hear_refusal(call, answer->why);
  } else if (answer->id != id_) {
    call.last_word = "answers another transaction";
  } else if (answer->status == VisitAnswer::Status::final) {
    ends = hear_proof(call, *answer);
  } else {
    call.last_word = "took it";
    refusals_.erase(call.door.node);
    ends = false;
  }
  if (options_.say && call.last_word != before)
    options_.say(call.door.name + ": " + call.last_word);
  return ends;
}

bool NetworkVisit::hear_proof(Call& call, const VisitAnswer& answer) {
  auto proof = parse_tlog_proof(answer.proof);
  const auto holds =
      proof ? verify_tlog_proof(*proof, entry_, policy_, verifier_) : failure(proof.error());
  call.last_word = holds ? "proved it" : "a proof that does not hold: " + holds.error();
  if (holds && !outcome_) outcome_ = VisitOutcome{true, {}, answer.height, std::move(*proof)};
  return true;
}

// The observer follows: what it does not know yet it may know soon, and only validators decide. One
// of them may be a block behind as well, or have no room: it is asked again.
void NetworkVisit::hear_refusal(Call& call, const std::string& why) {
  const std::uint32_t validators = network_.chain.directory.validators;
  if (call.door.node.value < validators) ++refusals_[call.door.node];
  const auto refusing = std::count_if(refusals_.begin(), refusals_.end(), [](const auto& one) {
    return one.second >= refused_for_good;
  });
  if (refusing > static_cast<std::ptrdiff_t>((validators - 1) / 3) && !outcome_)
    outcome_ = VisitOutcome{false, why, 0, {}};
  call.again(why);
}

std::string NetworkVisit::what_each_said() const {
  std::string out;
  for (const auto& call : calls_)
    out += (out.empty() ? "" : "; ") + call->door.name + ": " +
           (call->last_word.empty() ? "no answer" : call->last_word);
  return out;
}

}  // namespace

Result<VisitOutcome> visit(const NodeConfig& network, const Transaction& tx,
                           const VisitOptions& options) {
  return NetworkVisit(network, tx, options).run();
}

}  // namespace hil
