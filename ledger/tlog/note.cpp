#include "ledger/tlog/note.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::string_view dash = "\u2014 ";
constexpr std::size_t max_note_size = 1 << 20;

Bytes type_and_key(const NoteKey& key) {
  return ByteWriter().u8(static_cast<std::uint8_t>(key.type)).raw(key.key).take();
}

std::string line_of(const NoteSignature& s) {
  const Bytes both = ByteWriter().raw(s.id).raw(s.signature).take();
  return std::string(dash) + s.name + " " + to_base64(both) + "\n";
}

Result<NoteSignature> parse_line(std::string_view line) {
  if (!line.starts_with(dash)) return failure("a signature line begins with a dash");
  line.remove_prefix(dash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return failure("a signature line holds name and signature");
  NoteSignature s;
  s.name = line.substr(0, space);
  const auto both = from_base64(line.substr(space + 1));
  if (!valid_key_name(s.name) || !both || both->size() <= s.id.size())
    return failure("a signature line is malformed");
  std::copy_n(both->begin(), s.id.size(), s.id.begin());
  s.signature.assign(both->begin() + static_cast<std::ptrdiff_t>(s.id.size()), both->end());
  return s;
}

}  // namespace

bool valid_key_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c > ' ' && c < 0x7f && c != '+';
  });
}

NoteKeyId key_id(const NoteKey& key) {
  const Hash h = sha256({bytes_of(key.name), bytes_of("\n"), type_and_key(key)});
  return {h[0], h[1], h[2], h[3]};
}

std::string vkey_text(const NoteKey& key) {
  return key.name + "+" + to_hex(key_id(key)) + "+" + to_base64(type_and_key(key));
}

Result<NoteKey> parse_vkey(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return failure("a key is written name+id+key");
  NoteKey key;
  key.name = text.substr(0, first);
  const auto bytes = from_base64(text.substr(second + 1));
  if (!bytes || bytes->size() != 33 || !valid_key_name(key.name))
    return failure("a key is malformed");
  key.type = static_cast<NoteKeyType>((*bytes)[0]);
  if (key.type != NoteKeyType::ed25519 && key.type != NoteKeyType::cosignature)
    return failure("a key of an unknown type");
  std::copy(bytes->begin() + 1, bytes->end(), key.key.begin());
  if (vkey_text(key) != text) return failure("a key's id does not fit it");
  return key;
}

std::string write_note(const SignedNote& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& s : note.signatures) out += line_of(s);
  return out;
}

Result<SignedNote> parse_note(std::string_view note) {
  if (note.size() > max_note_size) return failure("a note above 1 MiB");
  const std::size_t end = note.rfind("\n\n");
  if (end == std::string_view::npos) return failure("a note has an empty line before signatures");
  SignedNote out;
  out.text = note.substr(0, end + 1);
  std::string_view rest = note.substr(end + 2);
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    if (newline == std::string_view::npos) return failure("a note ends in a newline");
    auto line = parse_line(rest.substr(0, newline));
    if (!line) return failure(line.error());
    out.signatures.push_back(std::move(*line));
    rest.remove_prefix(newline + 1);
  }
  if (out.signatures.empty()) return failure("a note has a signature");
  if (write_note(out) != note) return failure("a note is not in its canonical form");
  return out;
}

NoteSignature sign_note(const NoteKey& key, Signer& signer, std::string_view text) {
  const Signature s = signer.sign(bytes_of(text));
  return {key.name, key_id(key), to_bytes(s)};
}

std::string cosigned_text(std::uint64_t unix_seconds, std::string_view text) {
  return "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n" + std::string(text);
}

NoteSignature cosignature_line(const NoteKey& key, std::uint64_t unix_seconds,
                               const Signature& signature) {
  return {key.name, key_id(key), ByteWriter().u64(unix_seconds).raw(signature).take()};
}

bool verify_line(const NoteKey& key, const NoteSignature& line, std::string_view text,
                 Verifier& verifier) {
  if (line.name != key.name || line.id != key_id(key)) return false;
  ByteReader r(line.signature);
  if (key.type == NoteKeyType::ed25519) {
    const Signature s = r.array<64>();
    return r.done() && verifier.verify(key.key, bytes_of(text), s);
  }
  const std::uint64_t time = r.u64();
  const Signature s = r.array<64>();
  return r.done() && time >> 63 == 0 &&
         verifier.verify(key.key, bytes_of(cosigned_text(time, text)), s);
}

}  // namespace ledger
