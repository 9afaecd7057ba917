#include "hil/node_files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "hil/durable_file.hpp"
#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace hil {

using namespace ledger;
using namespace twin;

namespace {

constexpr std::uint32_t max_record = 64u << 20;
constexpr std::size_t hash_size = sizeof(Hash);

tl::unexpected<std::string> failed_on(const std::string& path) {
  return failure(path + ": " + std::strerror(errno));
}

bool read_at(int file, std::uint64_t offset, Bytes& out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n =
        ::pread(file, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

bool write_at(int file, std::uint64_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

// The record at an offset, where it is whole; nothing for a torn tail.
std::optional<Bytes> record_at(int file, std::uint64_t offset, std::uint64_t end) {
  Bytes head(4);
  if (end - offset < head.size() + hash_size || !read_at(file, offset, head)) return std::nullopt;
  const std::uint32_t size = ByteReader(head).u32();
  if (size > max_record || end - offset - head.size() - hash_size < size) return std::nullopt;
  Bytes all(size + hash_size);
  if (!read_at(file, offset + head.size(), all)) return std::nullopt;
  const BytesView record = BytesView(all).first(size);
  if (!equal(sha256(record), BytesView(all).last(hash_size))) return std::nullopt;
  return to_bytes(record);
}

}  // namespace

Result<std::unique_ptr<NodeFiles>> NodeFiles::open(const std::string& path) {
  std::unique_ptr<NodeFiles> files(new NodeFiles(path));
  if (auto ok = files->read_newest(); !ok) return failure(ok.error());
  if (auto ok = files->read_blocks(); !ok) return failure(ok.error());
  return files;
}

NodeFiles::~NodeFiles() {
  if (blocks_file_ >= 0) ::close(blocks_file_);
}

// A damaged record is an error and not a fresh start: who runs the node has to decide.
Result<void> NodeFiles::read_newest() {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return {};
  std::ifstream in(path_, std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return failed_on(path_);
  ByteReader r(bytes);
  const auto kind = static_cast<RecordKind>(r.u8());
  const Bytes record = to_bytes(r.sized());
  const Hash hash = r.hash();
  if (!r.done() || !replaces(kind) ||
      sha256(BytesView(bytes).first(bytes.size() - hash_size)) != hash)
    return failure(path_ +
                   ": is damaged. Without it the node cannot know what "
                   "it has signed; move it away "
                   "to let the node observe before it votes");
  newest_[kind] = record;
  return {};
}

Result<void> NodeFiles::read_blocks() {
  const std::string path = path_ + ".blocks";
  blocks_file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat status {};
  if (blocks_file_ < 0 || ::fstat(blocks_file_, &status) != 0) return failed_on(path);
  const auto end = static_cast<std::uint64_t>(status.st_size);
  while (const auto bytes = record_at(blocks_file_, blocks_end_, end)) {
    const auto record = decode_block_record(*bytes);
    if (!record) break;
    blocks_[height_of(*record)] = {blocks_end_, static_cast<std::uint32_t>(bytes->size())};
    blocks_end_ += 4 + bytes->size() + hash_size;
  }
  if (blocks_end_ < end && ::ftruncate(blocks_file_, static_cast<off_t>(blocks_end_)) != 0)
    return failed_on(path);
  return {};
}

Result<void> NodeFiles::keep(const Persist& persist) {
  if (persist.kind == RecordKind::block) return add_block(persist.record);
  if (persist.kind == RecordKind::evidence) return add_evidence(persist.record);
  if (!replaces(persist.kind)) return {};
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(persist.kind)).sized(persist.record);
  const Hash hash = sha256(w.view());
  if (auto ok = write_durably(path_, w.raw(hash).view()); !ok) return ok;
  newest_[persist.kind] = persist.record;
  return {};
}

Result<void> NodeFiles::add_block(const Bytes& record) {
  const auto block = decode_block_record(record);
  if (!block) return failure(path_ + ".blocks: a block record that is none");
  const Bytes bytes = ByteWriter().sized(record).raw(sha256(record)).take();
  if (!write_at(blocks_file_, blocks_end_, bytes) || ::fsync(blocks_file_) != 0)
    return failed_on(path_ + ".blocks");
  blocks_[height_of(*block)] = {blocks_end_, static_cast<std::uint32_t>(record.size())};
  blocks_end_ += bytes.size();
  return {};
}

Result<void> NodeFiles::add_evidence(const Bytes& record) const {
  const std::string path = path_ + ".evidence";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return failed_on(path);
  const off_t end = ::lseek(file, 0, SEEK_END);
  const bool written =
      end >= 0 &&
      write_at(file, static_cast<std::uint64_t>(end), ByteWriter().sized(record).view()) &&
      ::fsync(file) == 0;
  if (::close(file) != 0 || !written) return failed_on(path);
  return {};
}

std::optional<Bytes> NodeFiles::newest(RecordKind kind) const {
  const auto at = newest_.find(kind);
  return at == newest_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Bytes> NodeFiles::block(std::uint64_t height) const {
  const auto at = blocks_.find(height);
  if (at == blocks_.end()) return std::nullopt;
  const auto bytes = record_at(blocks_file_, at->second.offset, blocks_end_);
  return bytes && bytes->size() == at->second.size ? bytes : std::nullopt;
}

}  // namespace hil
