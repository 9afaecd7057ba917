#include "twin/store/log_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/tlog/policy.hpp"
#include "ledger/tlog/tiles.hpp"
#include "market/audit/public_log.hpp"

namespace twin {

using namespace ledger;
namespace fs = std::filesystem;

Result<void> put_file(const std::string& path, BytesView bytes, bool append) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  std::ofstream out(path, std::ios::binary | (append ? std::ios::app : std::ios::trunc));
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) return failure(path + ": cannot be written: " + std::strerror(errno));
  return {};
}

Result<LogDirectory> LogDirectory::open(const std::string& path, const Genesis& genesis) {
  const std::string text = encode(genesis);
  std::ifstream there(path + "/genesis", std::ios::binary);
  if (there && std::string(std::istreambuf_iterator<char>(there), {}) != text)
    return failure(path + "/genesis: is another chain's");
  if (auto ok = put_file(path + "/genesis", bytes_of(text), false); !ok) return failure(ok.error());
  if (auto ok = put_file(path + "/policy", bytes_of(policy_text(genesis)), false); !ok)
    return failure(ok.error());
  return LogDirectory(path);
}

void LogDirectory::add_block(const Block& block, BytesView certificate) {
  invariant(block.header.height == blocks_.size() + 1, "blocks are added in their order");
  blocks_.push_back(ByteWriter().raw(encode(block.header)).sized(certificate).take());
  for (const Transaction& tx : block.transactions) {
    if (tx.kind == TransactionKind::concentrated)
      batches_[entries_.size()] = market::encode_batches(tx.openings);
    entries_.push_back(tx.entry());
    tree_.append(leaf_hash(entries_.back()));
  }
}

Result<void> LogDirectory::publish(const std::string& checkpoint, std::uint64_t log_size,
                                   std::uint64_t height) {
  if (auto ok = publish_blocks(height); !ok) return ok;
  if (auto ok = publish_batches(log_size); !ok) return ok;
  if (auto ok = publish_tiles(log_size); !ok) return ok;
  const std::string fresh = path_ + "/checkpoint.new";
  if (auto ok = put_file(fresh, bytes_of(checkpoint), false); !ok) return ok;
  std::error_code error;
  fs::rename(fresh, path_ + "/checkpoint", error);
  if (error) return failure(path_ + "/checkpoint: " + error.message());
  if (published_)
    remove_obsolete(log_size);
  else if (auto ok = remove_leftovers(log_size, height); !ok)
    return ok;
  published_ = true;
  published_size_ = log_size;
  published_height_ = height;
  return {};
}

// Files that this process has begun grow; those of an earlier one are written whole.
Result<void> LogDirectory::publish_blocks(std::uint64_t height) {
  std::map<std::string, Bytes> more;
  for (std::uint64_t h = published_height_ + 1; h <= height; ++h)
    append(more[market::block_file_path(h)], blocks_[h - 1]);
  for (const auto& [file, bytes] : more)
    if (auto ok = put_file(path_ + "/" + file, bytes, published_); !ok) return ok;
  return {};
}

// As blocks are.
Result<void> LogDirectory::publish_batches(std::uint64_t log_size) {
  std::map<std::string, Bytes> more;
  for (auto it = batches_.lower_bound(published_size_);
       it != batches_.end() && it->first < log_size; ++it)
    append(more[market::batch_file_path(it->first)], it->second);
  for (const auto& [file, bytes] : more)
    if (auto ok = put_file(path_ + "/" + file, bytes, published_); !ok) return ok;
  return {};
}

Result<void> LogDirectory::publish_tiles(std::uint64_t log_size) {
  for (const auto& [file, bytes] : changed_tiles(entries_, tree_, published_size_, log_size))
    if (auto ok = put_file(path_ + "/" + file, bytes, false); !ok) return ok;
  return {};
}

void LogDirectory::remove_obsolete(std::uint64_t log_size) const {
  std::error_code ignored;  // a file too many is no harm to who reads
  for (const std::string& old : obsolete_tiles(published_size_, log_size)) {
    const fs::path file = fs::path(path_) / old;
    fs::remove(file, ignored);
    fs::remove(file.parent_path(), ignored);  // a partial tile's folder, once it is empty
  }
}

Result<void> LogDirectory::remove_leftovers(std::uint64_t log_size, std::uint64_t height) const {
  std::vector<std::string> known{"genesis", "policy", "checkpoint"};
  for (std::string& tile : tile_paths(log_size)) known.push_back(std::move(tile));
  for (std::uint64_t h = 1; h <= height; h += 256) known.push_back(market::block_file_path(h));
  for (const auto& [entry, bytes] : batches_)
    if (entry < log_size) known.push_back(market::batch_file_path(entry));
  std::sort(known.begin(), known.end());
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (fs::recursive_directory_iterator it(path_, error), end; !error && it != end;
       it.increment(error))
    if (it->is_regular_file() &&
        !std::binary_search(known.begin(), known.end(),
                            it->path().lexically_relative(path_).generic_string()))
      leftovers.push_back(it->path());
  for (const fs::path& file : leftovers) {
    if (!error) fs::remove(file, error);
    std::error_code not_empty;
    fs::remove(file.parent_path(), not_empty);
  }
  if (error) return failure(path_ + ": " + error.message());
  return {};
}

}  // namespace twin
