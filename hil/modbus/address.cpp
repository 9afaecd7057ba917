#include "hil/modbus/address.hpp"

#include <charconv>

namespace hil {
namespace {

auto wrong(std::string_view text, const char* why) {
  return tl::unexpected("address '" + std::string(text) + "': " + why +
                        ", expected HOST:PORT or [IPV6]:PORT");
}

}  // namespace

tl::expected<Address, std::string> parse_address(std::string_view text, bool any_port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]/") != std::string_view::npos)
    return wrong(text, "the host cannot be read");
  if (host.empty() || host.size() > 253) return wrong(text, "no host");
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size())
    return wrong(text, "the port is not a number from 0 to 65535");
  if (number == 0 && !any_port) return wrong(text, "port 0 cannot be connected to");
  return Address{std::string(host), number};
}

std::string to_text(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace hil
