#include "app/http_log.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "ledger/crypto/ed25519.hpp"
#include "ledger/tlog/tiles.hpp"
#include "market/audit/public_log.hpp"

namespace app {

using namespace ledger;

namespace {

// More than any file of its kind holds.
constexpr std::size_t most_genesis = 16u << 20, most_text = 1u << 20;
constexpr std::size_t most_hashes = 256 * 32, most_bundle = 256 * (2 + 65'535);
constexpr std::size_t most_batches = 256 * max_transaction_size;
constexpr std::size_t least_certificate = 48, most_certificate = 48 + max_validators * 68;
constexpr std::size_t least_blocks = market::blocks_a_file * (header_size + 4 + least_certificate);
constexpr std::size_t most_blocks = market::blocks_a_file * (header_size + 4 + most_certificate);

class LogFetch {
 public:
  LogFetch(const HttpAddress& address, const HttpLimits& limits)
      : address_(address), limits_(limits) {}

  Result<void> run(const std::string& trusted_policy);
  bool found() const { return !files_->empty(); }
  market::FileSet files() const;

 private:
  using Files = std::map<std::string, Bytes>;

  Result<bool> fetch(const std::string& path, std::size_t most);
  Result<void> fetch_roots();
  Result<void> fetch_tiles(std::uint64_t size);
  Result<void> fetch_batches(std::uint64_t size);
  Result<void> fetch_blocks();
  tl::unexpected<std::string> too_large(const std::string& what) const;

  HttpAddress address_;
  const HttpLimits& limits_;
  std::shared_ptr<Files> files_ = std::make_shared<Files>();
  std::size_t bytes_ = 0;
};

tl::unexpected<std::string> LogFetch::too_large(const std::string& what) const {
  return failure(address_.url() + ": a log " + what +
                 " is not audited over HTTP; fetch it and audit the directory");
}

// Whether the file is there.
Result<bool> LogFetch::fetch(const std::string& path, std::size_t most) {
  auto body = http_get(address_, "/" + path, most, limits_);
  if (!body) return failure(body.error());
  if (!*body) return false;
  bytes_ += (*body)->size();
  if (bytes_ > limits_.all_bytes)
    return too_large("of more than " + std::to_string(limits_.all_bytes >> 20) + " MiB");
  (*files_)[path] = std::move(**body);
  return true;
}

Result<void> LogFetch::fetch_roots() {
  for (const auto& [path, most] :
       {std::pair{"genesis", most_genesis}, {"policy", most_text}, {"checkpoint", most_text}})
    if (auto there = fetch(path, most); !there) return failure(there.error());
  return {};
}

Result<void> LogFetch::fetch_tiles(std::uint64_t size) {
  // An entry has 34 bytes at least, behind its length.
  if (size > limits_.all_bytes / 36) return too_large("of " + std::to_string(size) + " entries");
  for (const std::string& path : tile_paths(size)) {
    const auto there = fetch(path, path.starts_with("tile/entries/") ? most_bundle : most_hashes);
    if (!there) return failure(there.error());
    if (!*there) return {};
  }
  return {};
}

Result<void> LogFetch::fetch_batches(std::uint64_t size) {
  const auto tiled = read_tiles(size, files().read);
  if (!tiled) return {};
  for (const std::string& path : market::batch_file_paths(tiled->entries)) {
    const auto there = fetch(path, most_batches);
    if (!there) return failure(there.error());
    if (!*there) return {};
  }
  return {};
}

Result<void> LogFetch::fetch_blocks() {
  for (std::uint64_t height = 1;; height += market::blocks_a_file) {
    const std::string path = market::block_file_path(height);
    const auto there = fetch(path, most_blocks);
    if (!there) return failure(there.error());
    if (!*there || files_->at(path).size() < least_blocks) return {};
  }
}

Result<void> LogFetch::run(const std::string& trusted_policy) {
  const std::string root = address_.path;
  address_.path = root + "/log";
  if (auto ok = fetch_roots(); !ok) return ok;
  if (!found()) {
    address_.path = root;
    if (auto ok = fetch_roots(); !ok) return ok;
  }
  // What does not hold is the audit's finding, and nothing more is asked for.
  market::PublicLog log;
  if (!market::load_trust(log, files(), trusted_policy)) return {};
  const auto note = files_->find("checkpoint");
  if (note == files_->end()) return {};
  Ed25519Verifier verifier;
  const auto checkpoint = check_checkpoint(text_of(note->second), log.policy, verifier);
  if (!checkpoint) return {};
  if (auto ok = fetch_tiles(checkpoint->size); !ok) return ok;
  if (auto ok = fetch_batches(checkpoint->size); !ok) return ok;
  return fetch_blocks();
}

market::FileSet LogFetch::files() const {
  market::FileSet out;
  for (const auto& [path, bytes] : *files_) out.paths.push_back(path);
  out.read = [files = files_](const std::string& path) -> std::optional<Bytes> {
    const auto at = files->find(path);
    if (at == files->end()) return std::nullopt;
    return at->second;
  };
  return out;
}

}  // namespace

tl::expected<market::FileSet, HttpFailure> fetch_log(const HttpAddress& address,
                                                     const std::string& trusted_policy,
                                                     const HttpLimits& limits) {
  LogFetch fetch(address, limits);
  if (auto ok = fetch.run(trusted_policy); !ok)
    return tl::unexpected(HttpFailure{true, ok.error()});
  if (!fetch.found())
    return tl::unexpected(HttpFailure{
        false, address.url() +
                   ": is no ledger: neither there nor at log/ below it are genesis, policy and "
                   "checkpoint"});
  return fetch.files();
}

}  // namespace app
