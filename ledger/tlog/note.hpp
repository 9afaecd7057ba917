#pragma once
// C2SP signed-note: a text that ends in a newline, an empty line, and signature lines
//
//   — <key name> <base64(key id, 4 bytes || signature)>
//
// key id = first 4 bytes of SHA-256(name || 0x0A || type || public key). Types used here:
//   0x01  Ed25519 over the text
//   0x04  cosignature/v1: timestamp u64 || Ed25519 over
//         "cosignature/v1\ntime <timestamp>\n" || text
// A verifier key is written <name>+<key id, hexadecimal>+<base64(type || public key)>.
// (c2sp.org/signed-note, c2sp.org/tlog-cosignature)

#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace ledger {

enum class NoteKeyType : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::ed25519;
  PublicKey key{};
  auto operator<=>(const NoteKey&) const = default;
};

// Whether a text may name a key: printable ASCII without space and plus (C2SP allows more).
bool valid_key_name(std::string_view name);

using NoteKeyId = std::array<std::uint8_t, 4>;
NoteKeyId key_id(const NoteKey& key);

std::string vkey_text(const NoteKey& key);
Result<NoteKey> parse_vkey(std::string_view text);

struct NoteSignature {
  std::string name;
  NoteKeyId id{};
  Bytes signature;  // 64 bytes, or 8 + 64 for a cosignature
};

struct SignedNote {
  std::string text;  // ends in a newline
  std::vector<NoteSignature> signatures;
};

std::string write_note(const SignedNote& note);
// Refuses any text but the one that write_note gives.
Result<SignedNote> parse_note(std::string_view note);

NoteSignature sign_note(const NoteKey& key, Signer& signer, std::string_view text);

// What a cosigner signs, and the line that carries its signature.
std::string cosigned_text(std::uint64_t unix_seconds, std::string_view text);
NoteSignature cosignature_line(const NoteKey& key, std::uint64_t unix_seconds,
                               const Signature& signature);

// Whether the line is this key's, and holds for the text. A cosignature's time is below 2^63.
bool verify_line(const NoteKey& key, const NoteSignature& line, std::string_view text,
                 Verifier& verifier);

}  // namespace ledger
