#include "hil/network/household_file.hpp"

#include "hil/network/key_file.hpp"

namespace hil {

using namespace ledger;

namespace {

constexpr std::string_view household_prefix = "aipchain household 1 ";
constexpr std::size_t account_digits = 32, key_digits = 64;
constexpr std::size_t household_size =
    household_prefix.size() + account_digits + 2 * (1 + key_digits) + 1;

std::optional<Household> household_in(std::string_view text) {
  if (text.size() != household_size || !text.starts_with(household_prefix) || text.back() != '\n')
    return std::nullopt;
  text.remove_prefix(household_prefix.size());
  const auto account = array_from_hex<16>(text.substr(0, account_digits));
  const auto secret = array_from_hex<32>(text.substr(account_digits + 1, key_digits));
  const auto key = array_from_hex<32>(text.substr(account_digits + key_digits + 2, key_digits));
  if (text[account_digits] != ' ' || text[account_digits + key_digits + 1] != ' ' || !account ||
      !secret || !key)
    return std::nullopt;
  return Household{{*account}, *secret, *key};
}

}  // namespace

Result<void> write_household(const std::string& path, const Household& h) {
  return write_secret_text(path, std::string(household_prefix) + to_hex(h.account.bytes) + " " +
                                     to_hex(h.secret) + " " + to_hex(h.restricted_key) + "\n");
}

Result<Household> read_household(const std::string& path) {
  const auto text = read_secret_text(path, household_size);
  if (!text) return failure(text.error());
  const auto household = household_in(*text);
  if (!household)
    return failure(path +
                   ": is not a household's file (wants \"aipchain household 1\", an account of 32 "
                   "and two keys of 64 lower-case hexadecimal digits on one line)");
  return *household;
}

}  // namespace hil
