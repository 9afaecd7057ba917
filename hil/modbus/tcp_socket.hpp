#pragma once
// Sockets of this room's own protocols. Whoever gets a descriptor closes it.

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "hil/modbus/address.hpp"
#include "ledger/base/time.hpp"

namespace hil {

// A connected, blocking socket below FD_SETSIZE: to the first of the host's addresses that answers.
// One timeout for all of them together would starve the later ones, so only the first two are
// tried, each with half of it. The error is the reason alone.
tl::expected<int, std::string> connect_to(const Address& address, ledger::Duration timeout);

// A bound, listening, non-blocking socket on the first of the host's addresses that allows it.
tl::expected<int, std::string> listening_socket(const Address& address);

std::uint16_t port_of(int socket);

}  // namespace hil
