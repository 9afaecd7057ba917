#pragma once
// Serves one device over Modbus/TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b) to
// several clients from one thread.
//
// The frames are our own and not libmodbus': its server side waits inside a call for the rest of a
// client's request, so that one slow client stops all others, and it waits with select, which a
// descriptor of 1024 or more breaks. Here every socket is non-blocking and watched with poll.
//
// Bounds: 32 clients, a new one takes the place of the one that has been idle longest; one frame
// of at most 260 bytes is kept for each; a client that does not take its answer, or whose header
// cannot be Modbus, is dropped. Another unit than ours is answered with exception 11, as a gateway
// does; unit 0 and 255 mean "this device" on TCP and are answered.

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/modbus/modbus_request.hpp"
#include "ledger/base/time.hpp"

namespace hil {

class ModbusMeterServer {
 public:
  // The device must outlive the server. Port 0 takes any free one.
  static tl::expected<std::unique_ptr<ModbusMeterServer>, std::string> listen(
      const Address& address, std::uint8_t unit, RegisterDevice& device);
  ~ModbusMeterServer();

  // The host as given and the port that was taken.
  const Address& address() const { return address_; }
  std::size_t clients() const { return clients_.size(); }

  // Waits until a client wants something, at most this long, and answers all that is there.
  // Returns early on a signal.
  void serve(ledger::Duration at_most);

 private:
  struct Client {
    int socket;
    std::uint64_t last_used;
    ledger::Bytes in;
  };

  ModbusMeterServer(int socket, Address address, std::uint8_t unit, RegisterDevice& device);
  bool accept_client();
  bool receive(Client& client);
  bool answer_frames(Client& client);
  bool answer_frame(const Client& client, ledger::BytesView frame);
  bool ours(std::uint8_t unit) const { return unit == unit_ || unit == 0 || unit == 255; }

  int socket_;
  Address address_;
  std::uint8_t unit_;
  RegisterDevice& device_;
  std::vector<Client> clients_;
  std::uint64_t uses_ = 0;
};

}  // namespace hil
