#include "twin/scenario/targets.hpp"

#include <charconv>

namespace twin {

std::optional<std::uint32_t> number_in(const std::string& name, const std::string& of,
                                       std::uint32_t count) {
  std::uint32_t n = 0;
  if (name.compare(0, of.size(), of) != 0) return std::nullopt;
  const char *first = name.data() + of.size(), *last = name.data() + name.size();
  const auto [end, error] = std::from_chars(first, last, n);
  if (error != std::errc{} || end != last || n >= count || name != of + std::to_string(n))
    return std::nullopt;
  return n;
}

}  // namespace twin
