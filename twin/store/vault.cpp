#include "twin/store/vault.hpp"

#include <filesystem>
#include <fstream>

#include "twin/store/log_directory.hpp"
#include "twin/store/run_eraser.hpp"

namespace twin {

using namespace ledger;
namespace fs = std::filesystem;

namespace {

std::string path_of(const std::string& directory, const char* holder) {
  return directory + "/vault/" + holder;
}

Result<void> write_holder(const std::string& path, const HeldShares& shares) {
  if (auto ok = put_file(path, bytes_of(encode(shares)), false); !ok) return ok;
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

}  // namespace

Result<void> write_shares(const std::string& directory,
                          const std::map<AccountId, SubjectKey>& root_keys) {
  std::array<HeldShares, share_holders.size()> held;
  Rng rng = Rng(0).fork("shares");
  for (const auto& [account, key] : root_keys) {
    const auto shares = split_key(key, rng);
    for (std::size_t i = 0; i < shares.size(); ++i) held[i].emplace(account, shares[i]);
  }
  for (std::size_t i = 0; i < held.size(); ++i)
    if (auto ok = write_holder(path_of(directory, share_holders[i]), held[i]); !ok) return ok;
  return {};
}

Result<void> destroy_shares(const std::string& directory, const AccountId& account) {
  for (const char* holder : share_holders) {
    const std::string path = path_of(directory, holder);
    std::ifstream in(path, std::ios::binary);
    if (!in) continue;
    const std::string text(std::istreambuf_iterator<char>(in), {});
    auto shares = decode_shares(text);
    if (!shares) return failure(path + ":" + shares.error());
    if (shares->erase(account) == 0) continue;
    if (auto ok = overwrite(path); !ok) return ok;
    if (auto ok = write_holder(path, *shares); !ok) return ok;
  }
  return {};
}

}  // namespace twin
