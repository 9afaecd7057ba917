#include "hil/modbus/modbus_meter_server.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hil/modbus/tcp_socket.hpp"
#include "ledger/base/codec.hpp"

namespace hil {
namespace {

constexpr std::size_t max_clients = 32;
constexpr std::size_t header_bytes = 7;  // transaction, protocol, length, unit
constexpr std::size_t max_frame = 260;

// Bytes of the frame that starts here; 0 if its header is not there yet, nothing if it is no
// Modbus header.
std::optional<std::size_t> frame_size(ledger::BytesView in) {
  if (in.size() < header_bytes) return 0;
  ledger::ByteReader reader(in);
  reader.u16();
  const std::uint16_t protocol = reader.u16();
  const std::size_t length = reader.u16();  // unit and request
  if (protocol != 0 || length < 2 || length + header_bytes - 1 > max_frame) return std::nullopt;
  return length + header_bytes - 1;
}

}  // namespace

tl::expected<std::unique_ptr<ModbusMeterServer>, std::string> ModbusMeterServer::listen(
    const Address& address, std::uint8_t unit, RegisterDevice& device) {
  const auto socket = listening_socket(address);
  if (!socket) return tl::unexpected(socket.error());
  return std::unique_ptr<ModbusMeterServer>(
      new ModbusMeterServer(*socket, {address.host, port_of(*socket)}, unit, device));
}

ModbusMeterServer::ModbusMeterServer(int socket, Address address, std::uint8_t unit,
                                     RegisterDevice& device)
    : socket_(socket), address_(std::move(address)), unit_(unit), device_(device) {}

ModbusMeterServer::~ModbusMeterServer() {
  for (const Client& client : clients_) close(client.socket);
  close(socket_);
}

void ModbusMeterServer::serve(ledger::Duration at_most) {
  std::vector<pollfd> watched{{socket_, POLLIN, 0}};
  for (const Client& client : clients_) watched.push_back({client.socket, POLLIN, 0});
  const std::int64_t wait_ns = std::max<std::int64_t>(0, at_most.ns);
  const timespec wait{wait_ns / 1'000'000'000, static_cast<long>(wait_ns % 1'000'000'000)};
  if (ppoll(watched.data(), watched.size(), &wait, nullptr) <= 0) return;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (watched[i + 1].revents == 0 || receive(clients_[i])) continue;
    close(clients_[i].socket);
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (watched[0].revents == 0) return;
  for (std::size_t i = 0; i < max_clients && accept_client(); ++i) continue;
}

// False: nobody waits, or no descriptor is left; the others are served on.
bool ModbusMeterServer::accept_client() {
  const int fd = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return false;
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (clients_.size() == max_clients) {
    const auto idle = std::min_element(
        clients_.begin(), clients_.end(),
        [](const Client& a, const Client& b) { return a.last_used < b.last_used; });
    close(idle->socket);
    clients_.erase(idle);
  }
  clients_.push_back({fd, ++uses_, {}});
  return true;
}

// False: the client is to be dropped.
bool ModbusMeterServer::receive(Client& client) {
  std::uint8_t more[max_frame];
  const ssize_t got = recv(client.socket, more, sizeof more, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  ledger::append(client.in, ledger::BytesView(more, static_cast<std::size_t>(got)));
  return answer_frames(client);
}

bool ModbusMeterServer::answer_frames(Client& client) {
  ledger::BytesView left(client.in);
  while (true) {
    const auto size = frame_size(left);
    if (!size) return false;
    if (*size == 0 || *size > left.size()) break;
    client.last_used = ++uses_;
    if (!answer_frame(client, left.first(*size))) return false;
    left = left.subspan(*size);
  }
  client.in = ledger::to_bytes(left);
  return true;
}

bool ModbusMeterServer::answer_frame(const Client& client, ledger::BytesView frame) {
  ledger::ByteReader header(frame);
  const std::uint16_t transaction = header.u16();
  header.u32();
  const std::uint8_t unit = header.u8();
  const ledger::BytesView pdu = frame.subspan(header_bytes);
  const ledger::Bytes answer = ours(unit)
                                   ? answer_request(pdu, device_)
                                   : exception_answer(pdu[0], ModbusException::target_silent);
  ledger::ByteWriter out;
  out.u16(transaction)
      .u16(0)
      .u16(static_cast<std::uint16_t>(answer.size() + 1))
      .u8(unit)
      .raw(answer);
  const ssize_t sent = send(client.socket, out.view().data(), out.view().size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(out.view().size());
}

}  // namespace hil
