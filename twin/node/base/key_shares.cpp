#include "twin/node/base/key_shares.hpp"

#include "ledger/base/bytes.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t account_digits = 32, share_digits = 64;
constexpr std::size_t line_size = account_digits + 1 + 1 + 1 + share_digits + 1;

}  // namespace

std::string encode(const HeldShares& shares) {
  std::string out;
  for (const auto& [account, share] : shares)
    out += to_hex(account.bytes) + " " + std::to_string(share.index) + " " + to_hex(share.bytes) +
           "\n";
  return out;
}

Result<HeldShares> decode_shares(std::string_view text) {
  HeldShares out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto wrong = [&](const char* what) {
      return failure(std::to_string(number) + ": " + what);
    };
    if (text.size() < line_size) return wrong("is cut off");
    const std::string_view line = text.substr(0, line_size);
    text.remove_prefix(line_size);
    const auto account = array_from_hex<16>(line.substr(0, account_digits));
    const auto share = array_from_hex<32>(line.substr(account_digits + 3, share_digits));
    const char index = line[account_digits + 1];
    if (!account || !share || index < '1' || index > '3' || line[account_digits] != ' ' ||
        line[account_digits + 2] != ' ' || line.back() != '\n')
      return wrong("is not an account, a number of 1 to 3 and a share");
    const AccountId id{*account};
    if (!out.empty() && !(out.rbegin()->first < id)) return wrong("accounts are not in order");
    out.emplace(id, KeyShare{static_cast<std::uint8_t>(index - '0'), *share});
  }
  return out;
}

}  // namespace twin
