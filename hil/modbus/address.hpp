#pragma once
// Where something listens: "127.0.0.1:502", "meter.local:1502", "[::1]:502".

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace hil {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// Port 0 is allowed only where it asks for any free one.
tl::expected<Address, std::string> parse_address(std::string_view text, bool any_port = false);
std::string to_text(const Address& address);

}  // namespace hil
