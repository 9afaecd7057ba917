#include "hil/network/key_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/invariant.hpp"

namespace hil {

using namespace ledger;

namespace {
constexpr std::string_view prefix = "aipchain key 1 ";
constexpr std::size_t key_text_size = prefix.size() + 65;
}  // namespace

Result<void> write_secret_text(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failure(path + ": " + std::strerror(errno));
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const int wrong = written ? 0 : errno;
  if (::close(file) == 0 && written) return {};
  ::unlink(path.c_str());  // half a key would stand in the way of a whole one
  return failure(path + ": " + (wrong ? std::strerror(wrong) : "cannot be written"));
}

Result<std::string> read_secret_text(const std::string& path, std::size_t size) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failure(path + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return failure(path + ": is not a file");
  if (status.st_mode & (S_IRWXG | S_IRWXO))
    return failure(path + ": others can read this key; allow its owner alone (chmod 600)");
  std::string text(size + 1, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<void> write_key(const std::string& path, const KeySeed& secret) {
  return write_secret_text(path, std::string(prefix) + to_hex(secret) + "\n");
}

Result<KeySeed> read_key(const std::string& path) {
  const auto text = read_secret_text(path, key_text_size);
  if (!text) return failure(text.error());
  const auto secret =
      text->size() == key_text_size && text->starts_with(prefix) && text->back() == '\n'
          ? array_from_hex<32>(std::string_view(*text).substr(prefix.size(), 64))
          : std::nullopt;
  if (!secret)
    return failure(path +
                   ": is not a key file (wants \"aipchain key 1\" and 64 lower-case "
                   "hexadecimal digits on one line)");
  return *secret;
}

KeySeed new_secret() {
  KeySeed out;
  invariant(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1,
            "the operating system gives random bytes");
  return out;
}

}  // namespace hil
